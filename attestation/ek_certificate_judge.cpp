#include "attestation/ek_certificate_judge.hpp"

#include <array>

#include "asn1/oid.hpp"
#include "attestation/ek_trust.hpp"
#include "x509/unordered_names.hpp"

namespace sealwright::attestation {
namespace {

namespace oid = asn1::oid;

constexpr std::array<std::uint8_t, 5> kTcgEkCertificate{0x67, 0x81, 0x05, 0x08, 0x01};  // 2.23.133.8.1

std::string fingerprint_of(const x509::Certificate& certificate) { return certificate.fingerprint().hex(); }

class Judge {
public:
    Judge(const Opening& opening, const TpmKey* ek, const Context& context)
        : opening_(opening), ek_(ek), context_(context), input_("ek_certificate", opening.ek_certificate) {}

    EkCertificateJudgement run() {
        if (opening_.ek_certificate.empty()) {
            put(Check::ek_certificate_present, false, input_.whole(), {},
                "the device sent no EK certificate: send it, or let the profile accept another level");
            return std::move(out_);
        }
        put(Check::ek_certificate_present, true, input_.whole(), "the device sent an EK certificate", {});
        auto parsed = parse_ek_certificate(opening_.ek_certificate);
        if (!parsed) {
            put(Check::ek_certificate_parses, false, input_.whole(), {},
                parsed.error().public_detail() +
                    ": read it from the TPM once more; if it is the same, ask the manufacturer");
            return std::move(out_);
        }
        certificate_ = std::move(parsed).value();
        judge_form();
        judge_key();
        judge_purpose();
        judge_dates();
        judge_extensions();
        judge_tpm();
        judge_chain();
        add({Check::ek_certificate_revocation, Outcome::skipped, input_.whole(),
             "revocation was not looked at: strike the EK or its vendor's CA from the site's files if it is known to "
             "be revoked"});
        conclude();
        return std::move(out_);
    }

private:
    void add(Finding finding) { out_.findings.push_back(std::move(finding)); }
    void put(Check check, bool holds, Source source, std::string proven, std::string failed) {
        add({check, holds ? Outcome::proven : Outcome::failed, std::move(source),
             holds ? std::move(proven) : std::move(failed)});
    }

    void judge_form() {
        put(Check::ek_certificate_parses, true, input_.part(certificate_.whole),
            "a certificate issued by \"" + certificate_.issuer_text + "\"", {});
        for (const EkQuirk& quirk : certificate_.quirks) {
            add({Check::ek_certificate_quirk, Outcome::claimed, input_.part(quirk.part),
                 quirk.text + ": tolerated, since such certificates are known; nothing is to be done"});
        }
    }

    void judge_key() {
        const Source source = input_.part(certificate_.subject_key);
        if (ek_ == nullptr) {
            add({Check::ek_certificate_key, Outcome::skipped, source, "there is no EK to compare it with"});
            return;
        }
        // Equal octets are one key, which was read already. What is not equal is read to be told apart from what cannot
        // be.
        if (certificate_.spki == ek_->key.spki()) {
            put(Check::ek_certificate_key, true, source, "it certifies this EK", {});
            return;
        }
        const auto key = crypto::PublicKey::parse(certificate_.spki.view());
        if (!key) {
            put(Check::ek_certificate_key, false, source, {}, "its key cannot be read: " + key.error().public_detail());
            return;
        }
        put(Check::ek_certificate_key, false, source, {},
            "it certifies another key than the EK that was sent: another TPM's certificate, or another EK of this TPM");
    }

    // purpose_objection is empty where the certificate's extensions allow it to be an EK's.
    std::string purpose_objection() const {
        const auto& extensions = certificate_.extensions_list;
        if (const auto* constraints = x509::find_extension(extensions, oid::kBasicConstraints)) {
            const auto value = x509::parse_basic_constraints(constraints->value);
            if (!value || value.value().ca) return "it is a CA certificate, or its basicConstraints cannot be read";
        }
        if (const auto* usage = x509::find_extension(extensions, oid::kKeyUsage)) {
            const auto value = relaxed_key_usage(usage->value);
            const bool is_rsa = ek_ != nullptr && ek_->key.type() == crypto::KeyType::rsa;
            const x509::KeyUsage wanted = is_rsa ? x509::kKeyEncipherment : x509::kKeyAgreement;
            if (!value || (ek_ != nullptr && (*value & wanted) == 0)) {
                return std::string{"its key usage lacks "} + (is_rsa ? "keyEncipherment" : "keyAgreement");
            }
            if ((*value & x509::kKeyCertSign) != 0) return "its key usage has keyCertSign";
        }
        if (const auto* purposes = x509::find_extension(extensions, oid::kExtKeyUsage)) {
            const auto value = x509::parse_ext_key_usage(purposes->value);
            if (!value || value.value().empty()) return "its extended key usage is empty or cannot be read";
            const bool named = std::any_of(value.value().begin(), value.value().end(),
                                           [](const Bytes& purpose) { return equal(purpose, kTcgEkCertificate); });
            if (!named) return "its extended key usage lacks tcg-kp-EKCertificate (2.23.133.8.1)";
        }
        return {};
    }

    void judge_purpose() {
        const std::string objection = purpose_objection();
        put(Check::ek_certificate_purpose, objection.empty(), input_.part(certificate_.extensions),
            "its extensions allow an endorsement key", objection + ": this is no EK's certificate");
    }

    void judge_dates() {
        const UtcTime at = context_.now;
        const bool valid = at >= certificate_.not_before && at <= certificate_.not_after;
        const std::string span =
            "valid from " + to_rfc3339(certificate_.not_before) + " until " + to_rfc3339(certificate_.not_after);
        put(Check::ek_certificate_dates, valid, input_.part(certificate_.validity), span,
            span + ", not at " + to_rfc3339(at) + ": look at the site's clock, or put the EK on the list");
    }

    void judge_extensions() {
        const std::array understood{oid::kBasicConstraints,
                                    oid::kKeyUsage,
                                    oid::kExtKeyUsage,
                                    oid::kSubjectAltName,
                                    oid::kCertificatePolicies,
                                    oid::kSubjectKeyIdentifier,
                                    oid::kAuthorityKeyIdentifier,
                                    oid::kCrlDistributionPoints,
                                    oid::kFreshestCrl,
                                    oid::kAuthorityInfoAccess,
                                    oid::kSubjectDirectoryAttributes,
                                    oid::kIssuerAltName};
        std::string unknown;
        for (const x509::Extension& extension : certificate_.extensions_list) {
            const bool known = std::any_of(understood.begin(), understood.end(),
                                           [&](ByteView type) { return equal(type, extension.oid); });
            if (extension.critical && !known) unknown += (unknown.empty() ? "" : ", ") + asn1::oid_name(extension.oid);
        }
        put(Check::ek_certificate_extensions, unknown.empty(), input_.part(certificate_.extensions),
            "no critical extension that is not understood",
            "critical extensions that are not understood: " + unknown + ": what they forbid cannot be obeyed");
    }

    void judge_tpm() {
        const Source source = input_.part(certificate_.alternative_name);
        if (!is_vendor_id(certificate_.manufacturer)) {
            put(Check::ek_certificate_tpm, false, source, {},
                "its subject alternative name does not name the TPM's manufacturer by an identifier of TCG's registry");
            return;
        }
        const std::string what = certificate_.manufacturer + ", model \"" + certificate_.model + "\", version \"" +
                                 certificate_.version + "\"" +
                                 (certificate_.specification.empty() ? "" : ", TPM " + certificate_.specification);
        put(Check::ek_certificate_tpm, true, source, what, {});
        const std::string_view simulator = simulator_of(certificate_.manufacturer);
        if (simulator.empty()) {
            put(Check::ek_simulator, true, source, "the vendor makes no simulator that is known", {});
        } else if (context_.policy.simulators) {
            add({Check::ek_simulator, Outcome::claimed, source,
                 std::string{simulator} + ": a simulator, which proves nothing of hardware; the policy lets it count"});
        } else {
            put(Check::ek_simulator, false, source, {},
                std::string{simulator} + ": a simulator, whose keys anybody can copy; the profile lets none count");
        }
    }

    std::vector<x509::Certificate> read_chain(std::size_t& unread) const {
        std::vector<x509::Certificate> chain;
        for (const Bytes& der : opening_.ek_chain) {
            auto certificate =
                der.size() <= kMaxEkCertificate ? x509::parse_with_unordered_names(der) : fail(ErrorCode::too_large);
            if (certificate) {
                chain.push_back(std::move(certificate).value());
            } else {
                ++unread;
            }
        }
        return chain;
    }

    void judge_chain() {
        const Source source = input_.part(certificate_.tbs);
        if (opening_.ek_chain.size() > kMaxChain) {
            put(Check::ek_certificate_chain, false, source, {},
                "the device sent more than 8 intermediates: send those of the path alone");
            return;
        }
        std::size_t unread = 0;
        const auto chain = read_chain(unread);
        const std::string broken =
            unread == 0 ? "" : "; " + std::to_string(unread) + " certificates that the device sent cannot be read";
        auto path = find_ek_path(certificate_, chain, context_.anchors, context_.now);
        if (!path) {
            put(Check::ek_certificate_chain, false, source, {},
                "no signature leads from its issuer \"" + certificate_.issuer_text +
                    "\" to a manufacturer's root of the site: add the manufacturer's root or intermediate, if it is "
                    "genuine" +
                    broken);
            return;
        }
        out_.path = path->certificates;
        std::string objections;
        for (const std::string& objection : path->objections)
            objections += (objections.empty() ? "" : "; ") + objection;
        put(Check::ek_certificate_chain, path->objections.empty(), source,
            "signed by a path of " + std::to_string(path->certificates.size()) +
                " CA certificates to the root with SHA-256 " + fingerprint_of(path->certificates.back()),
            "the path to the root with SHA-256 " + fingerprint_of(path->certificates.back()) +
                " is not valid: " + objections + broken);
    }

    void conclude() {
        std::size_t holding = 0, wanted = 0;
        for (const CheckInfo& info : all_checks()) {
            if (info.mandatory != When::certificate) continue;
            ++wanted;
            holding += static_cast<std::size_t>(
                std::count_if(out_.findings.begin(), out_.findings.end(), [&](const Finding& finding) {
                    return finding.check == info.check &&
                           (finding.outcome == Outcome::proven || finding.outcome == Outcome::claimed);
                }));
        }
        out_.holds = holding == wanted;
        if (!out_.holds) return;
        out_.manufacturer = certificate_.manufacturer;
        out_.model = certificate_.model;
        out_.firmware = certificate_.version;
    }

    const Opening& opening_;
    const TpmKey* ek_;
    const Context& context_;
    Input input_;
    EkCertificate certificate_;
    EkCertificateJudgement out_;
};

}  // namespace

EkCertificateJudgement judge_ek_certificate(const Opening& opening, const TpmKey* ek, const Context& context) {
    return Judge{opening, ek, context}.run();
}

bool refuses_always(Check check) noexcept { return check == Check::ek_certificate_key || check == Check::ek_simulator; }

}  // namespace sealwright::attestation
