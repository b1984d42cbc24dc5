#include "attestation/checks.hpp"

#include <array>

namespace sealwright::attestation {
namespace {

constexpr std::string_view kProfile = "TCG EK Credential Profile", kPublic = "TPM 2.0 Part 2, TPMT_PUBLIC",
                           kAttributes = "TPM 2.0 Part 2, TPMA_OBJECT", kAttest = "TPM 2.0 Part 2, TPMS_ATTEST",
                           kStrength = "SP 800-57 Part 1, 5.6.1; CVE-2017-15361",
                           kTable = "docs/attestation.md, Levels";

#define SEALWRIGHT_CHECK(name, clause, mandatory) \
    CheckInfo { Check::name, #name, clause, When::mandatory }
constexpr std::array kChecks{
    SEALWRIGHT_CHECK(ek_public_parses, kPublic, opening),
    SEALWRIGHT_CHECK(ek_template_known, "TCG EK Credential Profile, Annex B", opening),
    SEALWRIGHT_CHECK(ek_attributes, kAttributes, opening),
    SEALWRIGHT_CHECK(ek_strength, kStrength, opening),
    SEALWRIGHT_CHECK(ek_certificate_present, kProfile, certificate),
    SEALWRIGHT_CHECK(ek_certificate_parses, "RFC 5280, 4.1", certificate),
    SEALWRIGHT_CHECK(ek_certificate_quirk, "RFC 5280, 4.1", never),
    SEALWRIGHT_CHECK(ek_certificate_key, "TCG EK Credential Profile, Subject Public Key Info", certificate),
    SEALWRIGHT_CHECK(ek_certificate_purpose, "TCG EK Credential Profile, Key Usage; RFC 5280, 4.2.1.9, 4.2.1.12",
                     certificate),
    SEALWRIGHT_CHECK(ek_certificate_dates, "RFC 5280, 6.1.3 a 2", certificate),
    SEALWRIGHT_CHECK(ek_certificate_extensions, "RFC 5280, 6.1.5 f", certificate),
    SEALWRIGHT_CHECK(ek_certificate_tpm, "TCG EK Credential Profile, Subject Alternative Name", certificate),
    SEALWRIGHT_CHECK(ek_certificate_chain, "RFC 5280, 6.1", certificate),
    SEALWRIGHT_CHECK(ek_certificate_revocation, "RFC 5280, 6.1.3 a 3", never),
    SEALWRIGHT_CHECK(ek_simulator, "TCG TPM Vendor ID Registry", certificate),
    SEALWRIGHT_CHECK(ek_on_list, kTable, never),
    SEALWRIGHT_CHECK(ek_level, kTable, opening),
    SEALWRIGHT_CHECK(ak_public_parses, kPublic, opening),
    SEALWRIGHT_CHECK(ak_attributes, kAttributes, opening),
    SEALWRIGHT_CHECK(ak_restricted, "TPM 2.0 Part 1, Restricted Signing Key", opening),
    SEALWRIGHT_CHECK(ak_scheme, "TPM 2.0 Part 2, TPMT_SIG_SCHEME", opening),
    SEALWRIGHT_CHECK(ak_strength, kStrength, opening),
    SEALWRIGHT_CHECK(ak_differs_from_ek, kAttributes, opening),
    SEALWRIGHT_CHECK(ak_hierarchy, "TPM 2.0 Part 1, Qualified Name", attestation),
    SEALWRIGHT_CHECK(activation_secret, "TPM 2.0 Part 1, Credential Protection; Part 3, TPM2_ActivateCredential",
                     attestation),
    SEALWRIGHT_CHECK(key_public_parses, kPublic, attestation),
    SEALWRIGHT_CHECK(key_attributes, kAttributes, attestation),
    SEALWRIGHT_CHECK(key_signs, kAttributes, attestation),
    SEALWRIGHT_CHECK(key_strength, kStrength, attestation),
    SEALWRIGHT_CHECK(key_matches_request, "RFC 2986, 4.1", attestation),
    SEALWRIGHT_CHECK(key_differs_from_ak, kAttributes, attestation),
    SEALWRIGHT_CHECK(certify_parses, kAttest, attestation),
    SEALWRIGHT_CHECK(certify_signature_parses, "TPM 2.0 Part 2, TPMT_SIGNATURE", attestation),
    SEALWRIGHT_CHECK(certify_magic, "TPM 2.0 Part 2, TPM_GENERATED", attestation),
    SEALWRIGHT_CHECK(certify_type, "TPM 2.0 Part 2, TPMI_ST_ATTEST", attestation),
    SEALWRIGHT_CHECK(certify_nonce, "TPM 2.0 Part 3, TPM2_Certify: qualifyingData", attestation),
    SEALWRIGHT_CHECK(certify_name, "TPM 2.0 Part 2, TPMS_CERTIFY_INFO", attestation),
    SEALWRIGHT_CHECK(certify_qualified_name, "TPM 2.0 Part 1, Qualified Name", attestation),
    SEALWRIGHT_CHECK(certify_signature_scheme, "TPM 2.0 Part 2, TPMT_SIGNATURE", attestation),
    SEALWRIGHT_CHECK(certify_signature, "TPM 2.0 Part 3, TPM2_Certify", attestation),
};
#undef SEALWRIGHT_CHECK

const CheckInfo* find(Check check) noexcept {
    for (const CheckInfo& info : kChecks) {
        if (info.check == check) return &info;
    }
    return nullptr;
}

template <class Value, std::size_t N>
std::optional<Value> find_name(const std::array<std::pair<Value, std::string_view>, N>& table,
                               std::string_view name) noexcept {
    for (const auto& [value, known] : table) {
        if (known == name) return value;
    }
    return std::nullopt;
}
template <class Value, std::size_t N>
std::string_view name_in(const std::array<std::pair<Value, std::string_view>, N>& table, Value value) noexcept {
    for (const auto& [known, name] : table) {
        if (known == value) return name;
    }
    return "unknown";
}

constexpr std::array<std::pair<Outcome, std::string_view>, 5> kOutcomes{{{Outcome::proven, "proven"},
                                                                         {Outcome::claimed, "claimed"},
                                                                         {Outcome::not_reached, "not-reached"},
                                                                         {Outcome::skipped, "skipped"},
                                                                         {Outcome::failed, "failed"}}};
constexpr std::array<std::pair<Level, std::string_view>, 4> kLevels{{{Level::none, "none"},
                                                                     {Level::requester, "requester"},
                                                                     {Level::ek_certificate, "ek-certificate"},
                                                                     {Level::ek_list, "ek-list"}}};

}  // namespace

std::span<const CheckInfo> all_checks() noexcept { return kChecks; }

std::string_view check_code(Check check) noexcept {
    const CheckInfo* info = find(check);
    return info == nullptr ? "unknown" : info->code;
}

std::optional<Check> parse_check_code(std::string_view code) noexcept {
    for (const CheckInfo& info : kChecks) {
        if (info.code == code) return info.check;
    }
    return std::nullopt;
}

std::string_view check_clause(Check check) noexcept {
    const CheckInfo* info = find(check);
    return info == nullptr ? "unknown" : info->clause;
}

std::string_view outcome_name(Outcome outcome) noexcept { return name_in(kOutcomes, outcome); }
std::optional<Outcome> parse_outcome_name(std::string_view name) noexcept { return find_name(kOutcomes, name); }
std::string_view level_name(Level level) noexcept { return name_in(kLevels, level); }
std::optional<Level> parse_level_name(std::string_view name) noexcept { return find_name(kLevels, name); }

}  // namespace sealwright::attestation
