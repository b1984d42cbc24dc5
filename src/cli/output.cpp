#include "cli/output.hpp"

#include <algorithm>
#include <ostream>

#include "cli/printable.hpp"

namespace sealwright::cli {

void Output::line(std::string_view line) {
    clear_progress();
    out_ << printable(line) << '\n';
}

void Output::text(std::string_view lines) {
    for (std::string_view rest = lines; !rest.empty();) {
        const std::string_view next = rest.substr(0, rest.find('\n'));
        line(next);
        rest.remove_prefix(std::min(rest.size(), next.size() + 1));
    }
}

void Output::raw(std::string_view octets) {
    clear_progress();
    out_ << octets;
}

void Output::table(const Table& table) {
    clear_progress();
    table.write(out_, style_.width);
}

void Output::facts(const Facts& facts) {
    clear_progress();
    facts.write(out_);
}

void Output::json(const json::value& value) { raw(json_text(value)); }

void Output::json_line(const json::value& value) {
    raw(cli::json_line(value));
    out_.flush();
}

void Output::note(std::string_view text) {
    if (style_.quiet) return;
    clear_progress();
    err_ << printable(text) << '\n';
}

void Output::warning(std::string_view text) {
    clear_progress();
    err_ << "warning: " << printable(text) << '\n';
}

ExitCode Output::failure(const Error& error) { return failure(error, exit_code_of(error.code())); }

ExitCode Output::failure(const Error& error, ExitCode exit) {
    return tell_failure(error_code_name(error.code()), error.public_detail(), error.private_detail(), exit);
}

ExitCode Output::usage(const Error& problem) {
    return tell_failure("usage", problem.public_detail(), problem.private_detail(), ExitCode::usage);
}

ExitCode Output::tell_failure(std::string_view code, std::string_view detail, std::string_view private_detail,
                              ExitCode exit) {
    clear_progress();
    out_.flush();
    const std::string_view what = detail.substr(0, detail.find('\n'));
    const std::string_view advice = what.size() == detail.size() ? std::string_view{} : detail.substr(what.size() + 1);
    if (style_.json) {
        json::object told{{"code", code}, {"detail", what}, {"exit", static_cast<int>(exit)}};
        if (!private_detail.empty()) told["cause"] = private_detail;
        if (!advice.empty()) told["advice"] = advice;
        err_ << cli::json_line(json::object{{"error", std::move(told)}});
        return exit;
    }
    err_ << style_.program << ": " << (what.empty() ? printable(code) : printable(what));
    if (!private_detail.empty()) err_ << " (" << printable(private_detail) << ')';
    err_ << '\n';
    for (std::string_view rest = advice; !rest.empty();) {
        const std::string_view line = rest.substr(0, rest.find('\n'));
        err_ << "  " << printable(line) << '\n';
        rest.remove_prefix(std::min(rest.size(), line.size() + 1));
    }
    return exit;
}

void Output::progress(std::string_view text) {
    if (!shows_progress()) return;
    err_ << '\r' << printable(text) << "\x1b[K";
    err_.flush();
    progress_shown_ = true;
}

void Output::clear_progress() {
    if (!progress_shown_) return;
    err_ << "\r\x1b[K";
    err_.flush();
    progress_shown_ = false;
}

ExitCode Output::conclude(const Result<ExitCode>& outcome) {
    const ExitCode exit = outcome ? outcome.value() : failure(outcome.error());
    if (finish()) return exit;
    return failure(fail(ErrorCode::io, "the output could not be written: is the disk full?"));
}

bool Output::finish() {
    clear_progress();
    out_.flush();
    err_.flush();
    return static_cast<bool>(out_);
}

}  // namespace sealwright::cli
