#include "issuance/request.hpp"

#include <array>

#include "base/log.hpp"

namespace sealwright::issuance {
namespace {

struct Named {
    RequestState state;
    std::string_view name;
};

constexpr std::array kStates{
    Named{RequestState::received, "received"},
    Named{RequestState::challenged, "challenged"},
    Named{RequestState::awaiting_approval, "awaiting_approval"},
    Named{RequestState::intended, "intended"},
    Named{RequestState::issued, "issued"},
    Named{RequestState::refused, "refused"},
    Named{RequestState::indeterminate, "indeterminate"},
};

}  // namespace

const x509::CertificateRequest* csr_of(const Proof& proof) noexcept {
    static_assert(std::variant_size_v<Proof> == 3, "name the new kind of proof here and below");
    if (const auto* tpm = std::get_if<TpmProof>(&proof)) return &tpm->csr;
    if (const auto* csr = std::get_if<CsrProof>(&proof)) return &csr->csr;
    return nullptr;
}

std::string_view proof_kind(const Proof& proof) noexcept {
    if (std::holds_alternative<TpmProof>(proof)) return "tpm";
    return std::holds_alternative<TpmOpening>(proof) ? "tpm-opening" : "csr";
}

std::string_view request_state_name(RequestState state) noexcept {
    for (const auto& named : kStates) {
        if (named.state == state) return named.name;
    }
    return "unknown";
}

Result<RequestState> parse_request_state(std::string_view name) {
    for (const auto& named : kStates) {
        if (named.name == name) return named.state;
    }
    return fail(ErrorCode::malformed, "no such state of a request: " + escape_control(name.substr(0, 64)));
}

bool is_waiting(RequestState state) noexcept {
    return state == RequestState::received || state == RequestState::challenged ||
           state == RequestState::awaiting_approval;
}

bool may_follow(RequestState from, RequestState to) noexcept {
    using enum RequestState;
    switch (from) {
        case received:
            return to == challenged || to == awaiting_approval || to == intended || to == refused;
        // A challenge can be followed by another one: protocols differ in how many rounds they take.
        case challenged:
            return to == challenged || to == awaiting_approval || to == intended || to == refused;
        case awaiting_approval:
            return to == intended || to == refused;
        // An intent that was abandoned ends its request as refused: it was never signed and never will be.
        case intended:
            return to == issued || to == refused || to == indeterminate;
        case issued:
        case refused:
        case indeterminate:
            return false;
    }
    return false;
}

}  // namespace sealwright::issuance
