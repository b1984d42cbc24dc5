#include "cli/table.hpp"

#include <algorithm>
#include <ostream>
#include <stdexcept>

#include "cli/printable.hpp"

namespace sealwright::cli {
namespace {

constexpr std::size_t kGap = 2;
constexpr std::size_t kLeastFlexible =
    12;  // a flexible column is never narrower: a wrapped line is better than an unreadable one

std::string cell_text(std::string_view value) { return value.empty() ? std::string{"-"} : printable(value); }

void write_line(std::ostream& out, const std::vector<Column>& columns, const std::vector<std::string>& cells,
                const std::vector<std::size_t>& widths) {
    std::string line;
    for (std::size_t i = 0; i < cells.size(); ++i) {
        if (i > 0) line.append(kGap, ' ');
        const std::string text = shorten(cells[i], widths[i]);
        const std::size_t padding = widths[i] - display_width(text);
        if (columns[i].right) line.append(padding, ' ');
        line += text;
        if (!columns[i].right) line.append(padding, ' ');
    }
    line.erase(line.find_last_not_of(' ') + 1);
    out << line << '\n';
}

}  // namespace

void Table::add(std::vector<std::string> cells) {
    if (cells.size() != columns_.size()) throw std::logic_error{"a table row must have one cell a column"};
    for (auto& cell : cells) cell = cell_text(cell);
    rows_.push_back(std::move(cells));
}

std::vector<std::size_t> Table::column_widths(std::optional<std::size_t> width) const {
    std::vector<std::size_t> widths;
    widths.reserve(columns_.size());
    for (std::size_t i = 0; i < columns_.size(); ++i) {
        std::size_t widest = display_width(columns_[i].title);
        for (const auto& row : rows_) widest = std::max(widest, display_width(row[i]));
        widths.push_back(widest);
    }
    if (!width) return widths;
    std::size_t total = kGap * (widths.size() - 1);
    for (const std::size_t each : widths) total += each;
    for (std::size_t i = 0; i < columns_.size() && total > *width; ++i) {
        if (!columns_[i].flexible || widths[i] <= kLeastFlexible) continue;
        const std::size_t least = std::max(kLeastFlexible, display_width(columns_[i].title));
        const std::size_t cut = std::min(total - *width, widths[i] - std::min(widths[i], least));
        widths[i] -= cut;
        total -= cut;
    }
    return widths;
}

void Table::write(std::ostream& out, std::optional<std::size_t> width) const {
    const auto widths = column_widths(width);
    std::vector<std::string> titles;
    titles.reserve(columns_.size());
    for (const auto& column : columns_) titles.push_back(column.title);
    write_line(out, columns_, titles, widths);
    for (const auto& row : rows_) write_line(out, columns_, row, widths);
}

void Facts::add(std::string name, std::string value) {
    std::vector<std::string> values;
    values.push_back(std::move(value));
    add_lines(std::move(name), values);
}

void Facts::add_lines(std::string name, const std::vector<std::string>& values) {
    Fact fact{std::move(name), {}};
    for (const auto& value : values) fact.values.push_back(cell_text(value));
    if (fact.values.empty()) fact.values.emplace_back("-");
    facts_.push_back(std::move(fact));
}

void Facts::write(std::ostream& out) const {
    std::size_t widest = 0;
    for (const auto& fact : facts_) widest = std::max(widest, display_width(fact.name));
    for (const auto& fact : facts_) {
        std::string margin = fact.name + std::string(widest - display_width(fact.name) + kGap, ' ');
        for (const auto& value : fact.values) {
            out << margin << value << '\n';
            margin.assign(widest + kGap, ' ');
        }
    }
}

}  // namespace sealwright::cli
