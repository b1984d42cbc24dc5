// output.hpp: everything the program says. Results go to standard output, as text for people or JSON for machines;
// remarks, progress and failures to standard error.
#pragma once

#include <iosfwd>
#include <optional>
#include <string>

#include "base/error.hpp"
#include "cli/exit_code.hpp"
#include "cli/json.hpp"
#include "cli/table.hpp"

namespace sealwright::cli {

struct OutputStyle {
    bool json = false;
    bool quiet = false;                  // no remarks, no progress
    std::optional<std::size_t> width{};  // of the terminal that standard output is
    bool live_errors = false;            // standard error is a terminal: progress may rewrite its line
    std::string program = "sealwright";  // whose failures these are
};

class Output {
public:
    // The streams must outlive the output.
    Output(std::ostream& out, std::ostream& err, OutputStyle style) : out_(out), err_(err), style_(style) {}

    bool wants_json() const noexcept { return style_.json; }
    bool quiet() const noexcept { return style_.quiet; }
    bool shows_progress() const noexcept { return style_.live_errors && !style_.quiet; }

    // line, text and raw write to standard output: a line made printable, many lines made printable, and octets as they
    // are (PEM, for files and pipes).
    void line(std::string_view line);
    void text(std::string_view lines);
    void raw(std::string_view octets);
    void table(const Table& table);
    void facts(const Facts& facts);
    void json(const json::value& value);
    void json_line(const json::value& value);

    // note is a remark on standard error, left out with --quiet. warning is never left out.
    void note(std::string_view text);
    void warning(std::string_view text);

    // failure tells an error: what was wrong, then what to do (with_advice), and gives the exit code. With JSON it is
    // one object on one line.
    ExitCode failure(const Error& error);
    // With another exit code than exit_code_of gives.
    ExitCode failure(const Error& error, ExitCode exit);
    // usage is for a command line that cannot be understood, or an argument in it.
    ExitCode usage(const Error& problem);

    // progress rewrites one line on standard error; clear_progress takes it away. Both do nothing where that is no
    // terminal.
    void progress(std::string_view text);
    void clear_progress();

    // conclude is the end of a command: its failure told, the output flushed, and what exit status that makes.
    ExitCode conclude(const Result<ExitCode>& outcome);

    // finish flushes; false when standard output could not be written (a full disk), which must not look like success.
    bool finish();

private:
    ExitCode tell_failure(std::string_view code, std::string_view detail, std::string_view private_detail,
                          ExitCode exit);

    std::ostream& out_;
    std::ostream& err_;
    OutputStyle style_;
    bool progress_shown_ = false;
};

}  // namespace sealwright::cli
