#include "attestation/opening_judge.hpp"

#include "attestation/ek_certificate_judge.hpp"
#include "attestation/ek_template.hpp"
#include "attestation/tpm_names.hpp"

namespace sealwright::attestation {
namespace {

constexpr std::uint32_t kBound = kFixedTpm | kFixedParent | kSensitiveDataOrigin;

struct NamedAttribute {
    std::uint32_t bit;
    std::string_view name;
};
constexpr std::array<NamedAttribute, 9> kAttributeNames{{{kFixedTpm, "fixedTPM"},
                                                         {kFixedParent, "fixedParent"},
                                                         {kSensitiveDataOrigin, "sensitiveDataOrigin"},
                                                         {kStClear, "stClear"},
                                                         {kEncryptedDuplication, "encryptedDuplication"},
                                                         {kRestricted, "restricted"},
                                                         {kDecrypt, "decrypt"},
                                                         {kSign, "sign"},
                                                         {kX509Sign, "x509sign"}}};

std::string accepted_levels(const Policy& policy) {
    std::string out;
    for (const Level level : policy.accepted) out += (out.empty() ? "" : ", ") + std::string{level_name(level)};
    return out.empty() ? "none" : out;
}

// OpeningJudge puts down what concerns the EK, then the level, then the AK.
class OpeningJudge {
public:
    OpeningJudge(const Opening& opening, const Context& context, VerdictBuilder& verdict)
        : opening_(opening),
          context_(context),
          verdict_(verdict),
          ek_input_(opening.ek_public.empty() ? Input{"ek_certificate", opening.ek_certificate}
                                              : Input{"ek_public", opening.ek_public}),
          ak_input_("ak_public", opening.ak_public) {}

    OpeningJudgement run() {
        judge_ek();
        judge_level();
        judge_ak();
        return std::move(out_);
    }

private:
    void judge_ek() {
        auto ek = resolve_ek(opening_);
        const Source source = ek_input_.whole();
        if (!ek) {
            verdict_.failed(Check::ek_public_parses, source,
                            ek.error().public_detail() + ": there is no EK to make a credential for");
            return;
        }
        out_.ek = std::move(ek).value();
        verdict_.facts().ek = out_.ek->key.id();
        verdict_.proven(Check::ek_public_parses, source,
                        opening_.ek_public.empty()
                            ? "the certificate's key and the template " + opening_.ek_template + " make the EK"
                            : "an EK's public area");
        judge_template(source);
        const std::string objection =
            missing_attributes(out_.ek->area, kBound | kRestricted | kDecrypt, kSign | kEncryptedDuplication);
        verdict_.judge(objection.empty(), Check::ek_attributes, source,
                       "a restricted decryption key that cannot leave its TPM",
                       objection + ": not the attributes of an endorsement key");
        judge_strength(verdict_, Check::ek_strength, source, *out_.ek, context_.policy.min_rsa_bits);
    }

    void judge_template(const Source& source) {
        const std::string_view name = ek_template_name(out_.ek->area);
        verdict_.facts().ek_template = std::string{name};
        const bool agrees = opening_.ek_template.empty() || opening_.ek_template == name;
        verdict_.judge(
            !name.empty() && agrees, Check::ek_template_known, source, "made by template " + std::string{name},
            name.empty()
                ? "made by none of the templates L-1, L-2, H-1 to H-4, H-6, H-7: create the EK by one of them"
                : "made by template " + std::string{name} + ", though the device says " + opening_.ek_template);
    }

    // judge_level takes the highest accepted level that is reached. What does not hold of a certificate that nothing
    // rests on is no refusal, with two exceptions (refuses_always).
    void judge_level() {
        const auto& accepted = context_.policy.accepted;
        auto certificate = judge_ek_certificate(opening_, out_.ek ? &*out_.ek : nullptr, context_);
        out_.path = certificate.path;
        for (const Level level : accepted) {
            const bool reached = (level == Level::requester) || (level == Level::ek_certificate && certificate.holds) ||
                                 (level == Level::ek_list && context_.ek_is_listed);
            if (reached && level > out_.level) out_.level = level;
        }
        const bool needs_certificate = accepted.contains(Level::ek_certificate) && out_.level != Level::ek_list &&
                                       (out_.level == Level::ek_certificate || out_.level == Level::none);
        put_certificate(certificate, needs_certificate);
        if (certificate.holds) {
            verdict_.facts().manufacturer = certificate.manufacturer;
            verdict_.facts().model = certificate.model;
            verdict_.facts().firmware = certificate.firmware;
        }
        put_level();
    }

    void put_certificate(EkCertificateJudgement& certificate, bool needed) {
        for (Finding& finding : certificate.findings) {
            if (finding.outcome == Outcome::failed && !needed && !refuses_always(finding.check)) {
                finding.outcome = Outcome::not_reached;
            }
            verdict_.add(std::move(finding));
        }
        if (!needed) return;
        verdict_.require(Check::ek_certificate_present);
        if (opening_.ek_certificate.empty()) return;
        for (const CheckInfo& info : all_checks()) {
            if (info.mandatory == When::certificate) verdict_.require(info.check);
        }
    }

    void put_level() {
        const Source source = ek_input_.whole();
        const bool list_is_needed = context_.policy.accepted.contains(Level::ek_list) && out_.level == Level::none;
        if (context_.ek_is_listed) {
            verdict_.proven(Check::ek_on_list, source, "the site's list has this EK");
        } else {
            verdict_.add({Check::ek_on_list, list_is_needed ? Outcome::failed : Outcome::not_reached, source,
                          "the site's list does not have this EK: put it there if it is known by other ways"});
        }
        const std::string accepted = "the profile accepts " + accepted_levels(context_.policy);
        verdict_.judge(out_.level != Level::none, Check::ek_level, source,
                       "the level reached is " + std::string{level_name(out_.level)} + "; " + accepted,
                       "no level is reached that is accepted; " + accepted);
        if (out_.level == Level::requester) {
            verdict_.claimed(Check::ek_level, source, "that this EK is a TPM's rests on the requester's word alone");
        }
    }

    void judge_ak() {
        const Source source = ak_input_.whole();
        auto ak = parse_tpm_key(opening_.ak_public);
        if (!ak) {
            verdict_.failed(Check::ak_public_parses, source,
                            ak.error().public_detail() + ": send the AK's TPM2B_PUBLIC");
            return;
        }
        out_.ak = std::move(ak).value();
        verdict_.facts().ak_name = out_.ak->name;
        verdict_.proven(Check::ak_public_parses, source, "an attestation key's public area");
        const std::string objection = missing_attributes(out_.ak->area, kBound | kSign, kDecrypt);
        verdict_.judge(
            objection.empty(), Check::ak_attributes, source, "a signing key that cannot leave its TPM",
            objection + ": create the AK with fixedTPM, fixedParent, sensitiveDataOrigin and sign, without decrypt");
        verdict_.judge(
            out_.ak->area.has(kRestricted), Check::ak_restricted, source,
            "restricted: it signs of what begins with TPM_GENERATED_VALUE only what the TPM made itself",
            "not restricted: it signs whatever it is given, and proves nothing: create the AK with restricted");
        judge_scheme(source);
        judge_strength(verdict_, Check::ak_strength, source, *out_.ak, context_.policy.min_rsa_bits);
        judge_difference(source);
    }

    void judge_scheme(const Source& source) {
        const Scheme& scheme = out_.ak->area.scheme;
        const bool is_rsa = out_.ak->key.type() == crypto::KeyType::rsa;
        const bool signs =
            is_rsa ? scheme.algorithm == kAlgRsassa || scheme.algorithm == kAlgRsapss : scheme.algorithm == kAlgEcdsa;
        const auto digest = tpm_digest(scheme.hash);
        const bool is_strong = digest && digest.value() != crypto::DigestAlgorithm::sha1;
        const std::string name = tpm_algorithm_name(scheme.algorithm) + " with " + tpm_algorithm_name(scheme.hash);
        verdict_.judge(signs && is_strong, Check::ak_scheme, source, "signs by " + name,
                       "its scheme is " + name + ": create the AK with RSASSA, RSAPSS or ECDSA and SHA256 or longer");
    }

    void judge_difference(const Source& source) {
        if (!out_.ek) {
            verdict_.add({Check::ak_differs_from_ek, Outcome::skipped, source, "there is no EK to compare it with"});
            return;
        }
        verdict_.judge(out_.ak->key.id() != out_.ek->key.id(), Check::ak_differs_from_ek, source,
                       "another key than the EK", "the AK is the EK: two keys are needed, and one was sent twice");
    }

    const Opening& opening_;
    const Context& context_;
    VerdictBuilder& verdict_;
    Input ek_input_, ak_input_;
    OpeningJudgement out_;
};

}  // namespace

Result<TpmKey> parse_tpm_key(ByteView sized_public) {
    SEALWRIGHT_TRY(TpmPublic area, parse_sized_public(sized_public));
    SEALWRIGHT_TRY(crypto::PublicKey key, public_key(area));
    Bytes name = name_of_octets(area.name_alg, sized_public.subspan(2));
    return TpmKey{std::move(area), std::move(key), std::move(name)};
}

Result<TpmKey> resolve_ek(const Opening& opening) {
    if (!opening.ek_public.empty()) return parse_tpm_key(opening.ek_public);
    if (opening.ek_template.empty()) return fail(ErrorCode::malformed, "neither ek_public nor ek_template was sent");
    if (opening.ek_certificate.empty())
        return fail(ErrorCode::malformed, "ek_template was sent without an EK certificate");
    SEALWRIGHT_TRY(const EkCertificate certificate, parse_ek_certificate(opening.ek_certificate));
    SEALWRIGHT_TRY(const crypto::PublicKey key, crypto::PublicKey::parse(certificate.spki.view()));
    SEALWRIGHT_TRY(TpmPublic area, ek_from_template(key, opening.ek_template));
    Bytes name = name_of(area);
    return TpmKey{std::move(area), key, std::move(name)};
}

void judge_strength(VerdictBuilder& verdict, Check check, const Source& source, const TpmKey& key,
                    unsigned min_rsa_bits) {
    const std::string what =
        std::string{crypto::key_type_name(key.key.type())} + " of " + std::to_string(key.key.bits()) + " bits";
    if (key.area.name_alg == crypto::DigestAlgorithm::sha1) {
        verdict.failed(
            check, source,
            what + ", but its Name is made with SHA-1, which binds nothing: create it with SHA256 or longer");
        return;
    }
    const auto strength = crypto::check_strength(key.key, min_rsa_bits);
    verdict.judge(strength.has_value(), check, source, what,
                  what + ": " + (strength ? "" : strength.error().public_detail()) + ": this key must not be used");
}

OpeningJudgement judge_opening(const Opening& opening, const Context& context, VerdictBuilder& verdict) {
    return OpeningJudge{opening, context, verdict}.run();
}

std::string missing_attributes(const TpmPublic& key, std::uint32_t wanted, std::uint32_t unwanted) {
    std::string out;
    for (const auto& [bit, name] : kAttributeNames) {
        const bool is_set = key.has(bit);
        if (((wanted & bit) == 0 || is_set) && ((unwanted & bit) == 0 || !is_set)) continue;
        out += (out.empty() ? "" : ", ") + std::string{name} + (is_set ? " is set" : " is clear");
    }
    return out;
}

}  // namespace sealwright::attestation
