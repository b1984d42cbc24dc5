#include "hsm/token_judge/messages.hpp"

#include <unistd.h>

#include <cerrno>

#include "hsm/token_judge/child.hpp"

namespace sealwright::hsm::token_judge {
namespace {

constexpr std::size_t kMaxField = 1500;
constexpr std::size_t kMaxLine = 8192;
constexpr std::size_t kMaxTotal = 4U << 20U;

std::string clean(const std::string& field) {
    std::string text = field.substr(0, kMaxField);
    for (char& c : text) {
        if (c < 0x20 || c > 0x7e) c = '?';
    }
    return text;
}

Message parse(std::string_view line) {
    Message message;
    bool first = true;
    for (;;) {
        const auto tab = line.find('\t');
        const std::string field = clean(std::string{line.substr(0, tab)});
        if (first) {
            message.kind = field;
        } else {
            message.fields.push_back(field);
        }
        first = false;
        if (tab == std::string_view::npos) return message;
        line.remove_prefix(tab + 1);
    }
}

}  // namespace

void Reporter::send(std::string_view kind, const std::vector<std::string>& fields) {
    leave_if_asked();
    std::string line{kind};
    for (const std::string& field : fields) line += '\t' + clean(field);
    line += '\n';
    std::string_view rest = line;
    while (!rest.empty()) {
        const ssize_t written = ::write(descriptor_, rest.data(), rest.size());
        if (written < 0 && errno == EINTR) continue;
        if (written <= 0) ::_exit(2);  // the parent is gone: nobody wants to know the rest
        rest.remove_prefix(static_cast<std::size_t>(written));
    }
}

void Reporter::failure(const Error& error) {
    send("failure", {std::string{error_code_name(error.code())}, error.public_detail(), error.private_detail()});
}

Result<void> MessageReader::take(std::string_view octets) {
    total_ += octets.size();
    rest_ += octets;
    for (auto end = rest_.find('\n'); end != std::string::npos; end = rest_.find('\n')) {
        if (end > kMaxLine)
            return fail(ErrorCode::too_large, "a line of the process that probes the module is too long");
        messages_.push_back(parse(std::string_view{rest_}.substr(0, end)));
        rest_.erase(0, end + 1);
    }
    if (total_ > kMaxTotal || rest_.size() > kMaxLine)
        return fail(ErrorCode::too_large, "the process that probes the module says too much");
    return success();
}

std::optional<Message> MessageReader::next() {
    if (messages_.empty()) return std::nullopt;
    Message message = std::move(messages_.front());
    messages_.pop_front();
    return message;
}

Error error_of(const Message& message) {
    const auto field = [&](std::size_t i) { return i < message.fields.size() ? message.fields[i] : std::string{}; };
    return fail(parse_error_code(field(0)), field(1), field(2));
}

}  // namespace sealwright::hsm::token_judge
