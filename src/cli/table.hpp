// table.hpp: aligned tables and lists of facts for people. Every cell passes through printable; machines take --json
// instead.
#pragma once

#include <iosfwd>
#include <optional>
#include <string>
#include <vector>

namespace sealwright::cli {

struct Column {
    std::string title;
    bool right = false;     // numbers
    bool flexible = false;  // may be shortened where the table would be wider than the terminal
};

class Table {
public:
    explicit Table(std::vector<Column> columns) : columns_(std::move(columns)) {}

    // add wants one cell a column; an empty cell is shown as "-".
    void add(std::vector<std::string> cells);
    bool empty() const noexcept { return rows_.empty(); }
    std::size_t size() const noexcept { return rows_.size(); }

    // write renders title line and rows, without spaces at the ends of lines. With a width, flexible columns give way;
    // nothing else is ever cut.
    void write(std::ostream& out, std::optional<std::size_t> width) const;

private:
    std::vector<std::size_t> column_widths(std::optional<std::size_t> width) const;

    std::vector<Column> columns_;
    std::vector<std::vector<std::string>> rows_;
};

// Facts is a list of "name: value" lines, values aligned. A value of several lines continues under itself.
class Facts {
public:
    void add(std::string name, std::string value);
    // add_lines shows each line of several under one name; "-" when there is none.
    void add_lines(std::string name, const std::vector<std::string>& values);
    bool empty() const noexcept { return facts_.empty(); }
    void write(std::ostream& out) const;

private:
    struct Fact {
        std::string name;
        std::vector<std::string> values;
    };
    std::vector<Fact> facts_;
};

}  // namespace sealwright::cli
