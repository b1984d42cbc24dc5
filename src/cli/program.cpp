#include "cli/program.hpp"

#include <exception>
#include <ostream>

#include "cli/command_line.hpp"

namespace sealwright::cli {
namespace {

int answer(const Answered& answered, const Surroundings& surroundings) {
    std::ostream& stream = answered.exit == ExitCode::done ? surroundings.out : surroundings.err;
    stream << answered.text << std::flush;
    return static_cast<int>(stream ? answered.exit : ExitCode::failed);
}

int run(const std::vector<std::string>& arguments, const Surroundings& surroundings) {
    auto parsed = parse_command_line(arguments);
    if (const auto* answered = std::get_if<Answered>(&parsed)) return answer(*answered, surroundings);
    const auto& invocation = std::get<Invocation>(parsed);
    Output output{surroundings.out,
                  surroundings.err,
                  {.json = invocation.global.json,
                   .quiet = invocation.global.quiet,
                   .width = surroundings.width,
                   .live_errors = surroundings.live_errors}};
    Context context{invocation.global, output, surroundings.terminal, surroundings.clock};
    return static_cast<int>(output.conclude(invocation.run(context)));
}

}  // namespace

int run_program(const std::vector<std::string>& arguments, const Surroundings& surroundings) noexcept {
    try {
        return run(arguments, surroundings);
    } catch (const std::exception& failure) {
        surroundings.err << "sealwright: internal error: " << failure.what()
                         << "\n  This is a fault of the program; please report it with the command that led to it.\n";
    } catch (...) {
        surroundings.err << "sealwright: internal error\n";
    }
    return static_cast<int>(ExitCode::failed);
}

}  // namespace sealwright::cli
