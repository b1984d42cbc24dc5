#include "cli/ek_source.hpp"

#include "attestation/ek_certificate.hpp"
#include "attestation/verify.hpp"
#include "base/file.hpp"
#include "crypto/spki.hpp"

namespace sealwright::cli {
namespace {

constexpr std::size_t kMaxFile = 16U << 20U;
constexpr std::string_view kDigits = "0123456789abcdefABCDEF";

Result<KeyId> of_certificate(const Bytes& der) {
    SEALWRIGHT_TRY(const auto certificate, attestation::parse_ek_certificate(der));
    SEALWRIGHT_TRY(const auto key, crypto::PublicKey::parse(certificate.spki.view()));
    return key.id();
}

Result<KeyId> of_public(Bytes tpm2b) {
    attestation::Opening opening;
    opening.ek_public = std::move(tpm2b);
    return attestation::ek_of(opening);
}

Result<KeyId> of_block(std::string_view label, Bytes der) {
    if (label == "CERTIFICATE") return of_certificate(der);
    if (label != "PUBLIC KEY") return fail(ErrorCode::unsupported, "neither CERTIFICATE nor PUBLIC KEY");
    SEALWRIGHT_TRY(const auto key, crypto::PublicKey::parse(der));
    return key.id();
}

Result<std::vector<EkFound>> read_pem(std::string_view text) {
    constexpr std::string_view begin = "-----BEGIN ", dashes = "-----";
    std::vector<EkFound> found;
    for (auto at = text.find(begin); at != std::string_view::npos; at = text.find(begin, at + 1)) {
        const std::string where = "block " + std::to_string(found.size() + 1);
        const auto name_end = text.find(dashes, at + begin.size());
        const std::string label{text.substr(at + begin.size(), name_end - at - begin.size())};
        const auto end = text.find("-----END " + label + "-----", at);
        if (name_end == std::string_view::npos || end == std::string_view::npos)
            return fail(ErrorCode::malformed, where + ": has no end");
        std::string base64;
        for (const char c : text.substr(name_end + dashes.size(), end - name_end - dashes.size())) {
            if (c != '\n' && c != '\r' && c != ' ' && c != '\t') base64 += c;
        }
        auto der = from_base64(base64);
        if (!der) return der.error().in(where);
        auto ek = of_block(label, std::move(der).value());
        if (!ek) return ek.error().in(where);
        found.push_back({ek.value(), {}});
    }
    return found;
}

std::string_view trimmed(std::string_view text) {
    const auto first = text.find_first_not_of(" \t\r");
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(" \t\r") - first + 1);
}

Result<std::vector<EkFound>> read_list(std::string_view text) {
    std::vector<EkFound> found;
    for (std::size_t number = 1; !text.empty(); ++number) {
        const auto end = text.find('\n');
        const auto line = trimmed(text.substr(0, end));
        text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
        if (line.empty() || line.starts_with('#')) continue;
        const auto digits = line.substr(0, line.find_first_not_of(kDigits));
        auto ek = KeyId::from_hex_text(digits);
        if (!ek)
            return fail(ErrorCode::malformed,
                        "line " + std::to_string(number) + ": does not begin with 64 hexadecimal digits");
        found.push_back({ek.value(), std::string{trimmed(line.substr(digits.size()))}});
    }
    return found;
}

// A list is text that begins with a digest or a comment.
bool is_list(std::string_view text) {
    const auto line = trimmed(text.substr(0, text.find('\n')));
    if (line.starts_with('#')) return true;
    return line.size() >= 2 * KeyId::kSize && line.find_first_not_of(kDigits) >= 2 * KeyId::kSize;
}

Result<std::vector<EkFound>> read_binary(std::string_view text) {
    auto ek = of_public(bytes_of(view_of(text)));
    if (!ek) ek = of_certificate(bytes_of(view_of(text)));
    if (!ek) return fail(ErrorCode::malformed, "is no certificate, no public key, no TPM2B_PUBLIC and no list");
    return std::vector{EkFound{ek.value(), {}}};
}

}  // namespace

Result<std::vector<EkFound>> read_eks(const std::string& path) {
    SEALWRIGHT_TRY(const auto text, read_text_file(path, kMaxFile));
    const auto read = text.find("-----BEGIN ") != std::string::npos ? read_pem(text)
                      : is_list(text)                               ? read_list(text)
                                                                    : read_binary(text);
    if (!read) return read.error().in(path);
    if (read.value().empty()) return fail(ErrorCode::malformed, path + ": no endorsement key is in it");
    return read;
}

}  // namespace sealwright::cli
