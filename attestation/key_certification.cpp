#include "attestation/key_certification.hpp"

#include "asn1/der_writer.hpp"
#include "attestation/tpm_names.hpp"
#include "crypto/key_transport.hpp"

namespace sealwright::attestation {
namespace {

constexpr std::uint32_t kBound = kFixedTpm | kFixedParent | kSensitiveDataOrigin;

// bare_attest takes the size off a TPM2B_ATTEST; a TPMS_ATTEST begins with FF 54, which is no size within the bounds.
Part bare_attest(ByteView octets) noexcept {
    const auto size = static_cast<std::uint32_t>(octets.size());
    const bool is_sized = size >= 2 && (static_cast<std::uint32_t>(octets[0]) << 8U | octets[1]) == size - 2;
    return is_sized ? Part{2, size - 2} : Part{0, size};
}

Bytes ecdsa_der(const TpmSignature& signature) {
    asn1::DerWriter writer;
    writer.sequence([&] { writer.unsigned_integer(signature.r).unsigned_integer(signature.s); });
    return writer.take();
}

Result<void> verify_by(const TpmKey& ak, ByteView message, const TpmSignature& signature) {
    SEALWRIGHT_TRY(const auto digest, tpm_digest(signature.scheme.hash));
    switch (signature.scheme.algorithm) {
        case kAlgRsassa:
            return ak.key.verify({crypto::SignatureScheme::rsa_pkcs1, digest}, message, signature.r);
        case kAlgRsapss:
            return crypto::verify_pss_any_salt(ak.key, digest, message, signature.r);
        case kAlgEcdsa:
            return ak.key.verify({crypto::SignatureScheme::ecdsa, digest}, message, ecdsa_der(signature));
        default:
            return fail(ErrorCode::unsupported, "a scheme that is not supported");
    }
}

class AnswerJudge {
public:
    AnswerJudge(const OpeningJudgement& opening, const Answer& answer, const Expectation& expectation,
                const Context& context, VerdictBuilder& verdict)
        : opening_(opening),
          expectation_(expectation),
          context_(context),
          verdict_(verdict),
          secret_("activated_secret", answer.activated_secret),
          key_("key_public", answer.key_public),
          info_("certify_info", answer.certify_info),
          signature_("certify_signature", answer.certify_signature) {}

    void run() {
        judge_activation();
        judge_key();
        judge_info();
        judge_signature();
    }

private:
    void judge_activation() {
        Source source = secret_.whole();
        const bool holds = secret_.octets().size() == kSecretSize &&
                           equal_constant_time(source.digest.view(), expectation_.secret_digest.view());
        verdict_.judge(holds, Check::activation_secret, std::move(source),
                       "the TPM of this EK holds this AK and has given the secret out",
                       "not the secret of the credential: the EK's TPM does not hold this AK, or the answer is to "
                       "another challenge");
    }

    void judge_key() {
        const Source source = key_.whole();
        auto key = parse_tpm_key(key_.octets());
        if (!key) {
            verdict_.failed(Check::key_public_parses, source,
                            key.error().public_detail() + ": send the key's TPM2B_PUBLIC");
            return;
        }
        tpm_key_ = std::move(key).value();
        verdict_.facts().key_name = tpm_key_->name;
        verdict_.facts().key = tpm_key_->key.id();
        verdict_.proven(Check::key_public_parses, source, "a key's public area");
        const std::string objection = missing_attributes(tpm_key_->area, kBound, kEncryptedDuplication);
        verdict_.judge(objection.empty(), Check::key_attributes, source, "made in the TPM, and can never leave it",
                       objection + ": create the key in the TPM, with fixedTPM, fixedParent and sensitiveDataOrigin");
        const std::string use = missing_attributes(tpm_key_->area, kSign, kRestricted | kX509Sign);
        verdict_.judge(
            use.empty(), Check::key_signs, source, "signs what it is given",
            use + ": it could not sign requests and handshakes: create the key with sign, without restricted");
        judge_strength(verdict_, Check::key_strength, source, *tpm_key_, context_.policy.min_rsa_bits);
        verdict_.judge(equal(tpm_key_->key.spki().view(), expectation_.request_spki), Check::key_matches_request,
                       source, "the key of the request",
                       "not the key of the request: sign the request with the key that is certified");
        judge_difference(source);
    }

    void judge_difference(const Source& source) {
        const KeyId id = tpm_key_->key.id();
        const bool is_ak = opening_.ak && opening_.ak->key.id() == id;
        const bool is_ek = opening_.ek && opening_.ek->key.id() == id;
        verdict_.judge(
            !is_ak && !is_ek, Check::key_differs_from_ak, source, "neither the AK nor the EK",
            std::string{"it is the "} + (is_ek ? "EK" : "AK") + ": create a key of its own for the certificate");
    }

    void judge_info() {
        body_ = bare_attest(info_.octets());
        auto attest = parse_attest(info_.octets().subspan(body_.offset, body_.size));
        if (!attest) {
            verdict_.failed(Check::certify_parses, info_.part(body_),
                            attest.error().public_detail() + ": send what TPM2_Certify gave");
            return;
        }
        attest_ = std::move(attest).value();
        verdict_.proven(Check::certify_parses, info_.part(body_), "a TPMS_ATTEST as a TPM writes it");
        verdict_.judge(attest_->magic == kGeneratedValue, Check::certify_magic, place(attest_->parts.magic),
                       "made inside a TPM", "does not begin with TPM_GENERATED_VALUE: no TPM made it");
        verdict_.judge(
            attest_->type == kAttestCertify, Check::certify_type, place(attest_->parts.type), "of TPM2_Certify",
            "not of TPM2_Certify but of type " + tpm_algorithm_name(attest_->type) + ": call TPM2_Certify on the key");
        judge_nonce();
        judge_names();
        judge_hierarchy();
    }

    ByteView ek_name() const noexcept { return opening_.ek ? ByteView{opening_.ek->name} : ByteView{}; }
    Source place(Part part) const { return info_.part({body_.offset + part.offset, part.size}); }

    void judge_nonce() {
        const bool holds = expectation_.nonce.size() == kNonceSize && equal(attest_->extra_data, expectation_.nonce);
        verdict_.judge(holds, Check::certify_nonce, place(attest_->parts.extra_data), "made for this challenge",
                       "its extraData is not the challenge's nonce: give the nonce to TPM2_Certify as qualifyingData, "
                       "and nothing else");
    }

    void judge_names() {
        if (!attest_->certify || !tpm_key_) return;
        verdict_.judge(equal(attest_->certify->name, tpm_key_->name), Check::certify_name, place(attest_->parts.name),
                       "it certifies this key", "it certifies another key: certify the key whose public area is sent");
        const Bytes& qualified = attest_->certify->qualified_name;
        const Source source = place(attest_->parts.qualified_name);
        const auto standing = standing_of(tpm_key_->name, ek_name(), qualified);
        if (standing) {
            verdict_.proven(Check::certify_qualified_name, source, "the key is " + standing_text(*standing));
        } else if (is_name_form(tpm_key_->name, qualified)) {
            verdict_.claimed(Check::certify_qualified_name, source,
                             "the key stands below a parent that nobody told of");
        } else {
            verdict_.failed(Check::certify_qualified_name, source,
                            "no Qualified Name of this key: a TPM would not have written it");
        }
    }

    static std::string standing_text(const Standing& standing) {
        if (standing.below_ek) return "a child of the EK";
        return "a primary key of the " + std::string{hierarchy_name(standing.hierarchy)} + " hierarchy";
    }

    void judge_hierarchy() {
        if (!opening_.ak) return;
        const Source source = place(attest_->parts.qualified_signer);
        standing_ = standing_of(opening_.ak->name, ek_name(), attest_->qualified_signer);
        if (!standing_) {
            judge_unknown_hierarchy(source);
            return;
        }
        const std::string text = "the AK is " + standing_text(*standing_);
        if (standing_->hierarchy == Hierarchy::null) {
            verdict_.failed(Check::ak_hierarchy, source,
                            text + ", which ends with the next reset: create the AK in the endorsement hierarchy");
        } else if (context_.policy.endorsement_hierarchy && standing_->hierarchy != Hierarchy::endorsement) {
            verdict_.failed(Check::ak_hierarchy, source, text + ": the profile wants it in the endorsement hierarchy");
        } else {
            verdict_.proven(Check::ak_hierarchy, source, text);
        }
    }

    void judge_unknown_hierarchy(const Source& source) {
        const bool has_form = is_name_form(opening_.ak->name, attest_->qualified_signer);
        if (!has_form) {
            verdict_.failed(Check::ak_hierarchy, source,
                            "qualifiedSigner is no Qualified Name of this AK: another key signed");
        } else if (context_.policy.endorsement_hierarchy) {
            verdict_.failed(Check::ak_hierarchy, source,
                            "the AK is neither a primary key nor a child of the EK: the profile wants it in the "
                            "endorsement hierarchy");
        } else {
            verdict_.claimed(Check::ak_hierarchy, source,
                             "the AK stands below a parent that nobody told of; its hierarchy cannot be told");
        }
    }

    void judge_signature() {
        auto signature = parse_signature(signature_.octets());
        const Source source = signature_.whole();
        if (!signature) {
            verdict_.failed(Check::certify_signature_parses, source,
                            signature.error().public_detail() + ": send TPM2_Certify's TPMT_SIGNATURE");
            return;
        }
        verdict_.proven(Check::certify_signature_parses, source, "a TPMT_SIGNATURE as a TPM writes it");
        if (!opening_.ak) return;
        const Scheme& wanted = opening_.ak->area.scheme;
        const Scheme& seen = signature.value().scheme;
        const std::string name = tpm_algorithm_name(seen.algorithm) + " with " + tpm_algorithm_name(seen.hash);
        verdict_.judge(seen == wanted, Check::certify_signature_scheme, signature_.part({0, 4}),
                       "by the AK's own scheme, " + name,
                       "by " + name + ", which is not the AK's scheme: a restricted key signs by no other");
        if (!attest_) return;
        const ByteView message = info_.octets().subspan(body_.offset, body_.size);
        const bool holds = seen == wanted && verify_by(*opening_.ak, message, signature.value());
        verdict_.judge(holds, Check::certify_signature, source, "the AK signed it",
                       "the AK did not sign these octets: they were changed on the way, or another key signed");
        if (holds) take_facts();
    }

    // take_facts is for what the AK has signed.
    void take_facts() {
        Facts& facts = verdict_.facts();
        facts.firmware_version = attest_->firmware_version;
        facts.clock = attest_->clock;
        facts.reset_count = attest_->reset_count;
        facts.restart_count = attest_->restart_count;
        facts.clock_is_safe = attest_->safe;
        if (!standing_) return;
        facts.hierarchy = std::string{hierarchy_name(standing_->hierarchy)};
        facts.counters_are_clear =
            standing_->hierarchy == Hierarchy::endorsement || standing_->hierarchy == Hierarchy::platform;
    }

    const OpeningJudgement& opening_;
    const Expectation& expectation_;
    const Context& context_;
    VerdictBuilder& verdict_;
    Input secret_, key_, info_, signature_;
    std::optional<TpmKey> tpm_key_;
    Part body_;
    std::optional<TpmAttest> attest_;
    std::optional<Standing> standing_;
};

}  // namespace

void judge_answer(const OpeningJudgement& opening, const Answer& answer, const Expectation& expectation,
                  const Context& context, VerdictBuilder& verdict) {
    AnswerJudge{opening, answer, expectation, context, verdict}.run();
}

}  // namespace sealwright::attestation
