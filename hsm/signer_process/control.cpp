#include "hsm/signer_process/control.hpp"

#include "hsm/signer_process/error_fields.hpp"

namespace sealwright::hsm::signer_process {
namespace {

enum Type : std::uint8_t { kStart = 1, kKill = 2, kReady = 3, kStarted = 65, kNotStarted = 66, kEnded = 67 };

Error bad() { return fail(ErrorCode::malformed, "control: a packet that cannot be read"); }

struct RequestEncoder {
    Bytes operator()(const StartToken& request) const { return {kStart, request.token}; }
    Bytes operator()(const KillToken& request) const { return {kKill, request.token}; }
    Bytes operator()(const ServerReady&) const { return {kReady}; }
};

struct NoticeEncoder {
    Bytes operator()(const TokenStarted& notice) const {
        Bytes out{kStarted, notice.token};
        append_number(out, notice.pid);
        return out;
    }
    Bytes operator()(const TokenNotStarted& notice) const {
        Bytes out{kNotStarted, notice.token};
        out.push_back(notice.is_pin_refused ? 1 : 0);
        append_error(out, notice.why);
        return out;
    }
    Bytes operator()(const TokenEnded& notice) const {
        Bytes out{kEnded, notice.token};
        append_number(out, notice.pid);
        out.push_back(notice.by_signal ? 1 : 0);
        out.push_back(notice.status);
        out.push_back(notice.is_login_unclear ? 1 : 0);
        return out;
    }
};

}  // namespace

Bytes encode_control(const ControlRequest& request) { return std::visit(RequestEncoder{}, request); }
Bytes encode_control(const ControlNotice& notice) { return std::visit(NoticeEncoder{}, notice); }

Result<ControlRequest> parse_control_request(ByteView packet) {
    FieldReader fields{packet};
    const auto type = fields.number<std::uint8_t>();
    ControlRequest request;
    if (type == kStart) {
        request = StartToken{fields.number<std::uint8_t>()};
    } else if (type == kKill) {
        request = KillToken{fields.number<std::uint8_t>()};
    } else if (type == kReady) {
        request = ServerReady{};
    } else {
        return bad();
    }
    if (!fields.finished()) return bad();
    return request;
}

Result<ControlNotice> parse_control_notice(ByteView packet) {
    FieldReader fields{packet};
    const auto type = fields.number<std::uint8_t>();
    const auto token = fields.number<std::uint8_t>();
    ControlNotice notice;
    if (type == kStarted) {
        notice = TokenStarted{token, fields.number<std::uint32_t>()};
    } else if (type == kNotStarted) {
        const bool is_pin_refused = fields.number<std::uint8_t>() == 1;
        const auto code = fields.number<std::uint16_t>();
        notice = TokenNotStarted{token, read_error(fields, code), is_pin_refused};
    } else if (type == kEnded) {
        const auto pid = fields.number<std::uint32_t>();
        const bool by_signal = fields.number<std::uint8_t>() == 1;
        const auto status = fields.number<std::uint8_t>();
        notice = TokenEnded{token, pid, by_signal, status, fields.number<std::uint8_t>() == 1};
    } else {
        return bad();
    }
    if (!fields.finished()) return bad();
    return notice;
}

}  // namespace sealwright::hsm::signer_process
