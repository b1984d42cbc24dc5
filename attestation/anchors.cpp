#include "attestation/anchors.hpp"

#include "x509/unordered_names.hpp"

namespace sealwright::attestation {

Result<std::vector<x509::Certificate>> parse_anchors(std::string_view pem) {
    constexpr std::string_view kBegin = "-----BEGIN CERTIFICATE-----", kEnd = "-----END CERTIFICATE-----";
    std::vector<x509::Certificate> out;
    for (auto at = pem.find(kBegin); at != std::string_view::npos; at = pem.find(kBegin, at)) {
        const std::string where = "certificate " + std::to_string(out.size() + 1);
        if (out.size() == kMaxAnchors) return fail(ErrorCode::too_large, "more than 4096 certificates");
        const auto end = pem.find(kEnd, at);
        if (end == std::string_view::npos) return fail(ErrorCode::malformed, where + " has no end");
        const auto der = x509::decode_pem("CERTIFICATE", pem.substr(at, end + kEnd.size() - at));
        if (!der) return der.error().in(where);
        auto certificate = x509::parse_with_unordered_names(der.value());
        if (!certificate) return certificate.error().in(where);
        out.push_back(std::move(certificate).value());
        at = end + kEnd.size();
    }
    if (out.empty()) return fail(ErrorCode::malformed, "there is no certificate");
    return out;
}

}  // namespace sealwright::attestation
