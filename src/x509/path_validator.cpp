#include "x509/path_validator.hpp"

#include "asn1/oid.hpp"
#include "x509/path_names.hpp"
#include "x509/path_policies.hpp"

namespace sealwright::x509 {
namespace {

namespace oid = asn1::oid;

// Role is where a certificate stands in its path.
enum class Role { anchor, intermediate, leaf };

// Judged holds the extensions of one certificate that validation acts on, parsed.
struct Judged {
    std::optional<BasicConstraints> basic_constraints;
    std::optional<KeyUsage> key_usage;
    std::optional<NameConstraints> name_constraints;
    std::optional<std::vector<Bytes>> purposes;
    std::optional<Bytes> key_identifier;
    std::optional<AuthorityKeyIdentifier> authority;
    GeneralNames alternative_names;
    LinkPolicies policies;
};

// Extensions that the validator acts on, or whose meaning it leaves to the caller (revocation) or needs not know to
// decide.
bool is_understood(ByteView type) {
    static const auto& understood = *new std::vector<ByteView>{
        oid::kBasicConstraints,
        oid::kKeyUsage,
        oid::kExtKeyUsage,
        oid::kNameConstraints,
        oid::kCertificatePolicies,
        oid::kPolicyConstraints,
        oid::kInhibitAnyPolicy,
        oid::kSubjectAltName,
        oid::kIssuerAltName,
        oid::kSubjectKeyIdentifier,
        oid::kAuthorityKeyIdentifier,
        oid::kCrlDistributionPoints,
        oid::kFreshestCrl,
        oid::kAuthorityInfoAccess,
        oid::kOcspNoCheck,
    };
    return std::any_of(understood.begin(), understood.end(), [&](ByteView known) { return equal(known, type); });
}

bool is_self_issued(const Certificate& certificate) {
    return certificate.fields().subject_der == certificate.fields().issuer_der;
}

class PathWalk {
public:
    explicit PathWalk(const PathQuestion& question)
        : question_(question), policies_(question.path.size()), path_length_left_(question.path.size()) {}

    Findings run() {
        if (question_.path.empty()) {
            report("path_empty", "RFC 5280 6.1.1", "there is no certificate to validate");
            return std::move(findings_);
        }
        if (question_.path.size() > question_.max_length) {
            report("path_too_long", "RFC 5280 6.1.1",
                   "the path has " + std::to_string(question_.path.size()) + " certificates; at most " +
                       std::to_string(question_.max_length) + " are read");
            return std::move(findings_);
        }
        const Certificate* issuer = enter_anchor();
        for (std::size_t i = question_.path.size(); i > 0; --i) {
            const Certificate& certificate = question_.path[i - 1];
            enter_certificate(certificate, issuer, i == 1 ? Role::leaf : Role::intermediate);
            issuer = &certificate;
        }
        return std::move(findings_);
    }

private:
    void report(std::string code, std::string clause, std::string detail, Severity severity = Severity::error) {
        findings_.push_back({std::move(code), severity, std::move(clause), where_ + std::move(detail)});
    }

    void stand_at(const Certificate& certificate) {
        where_ = "\"" + format_name(certificate.fields().subject) + "\": ";
    }

    // find_anchor gives the root that made the last signature; failing that, one with the issuer's name.
    const Certificate* find_anchor() const {
        const Certificate& top = question_.path.back();
        const Certificate* named = nullptr;
        for (const Certificate& anchor : question_.anchors) {
            if (anchor.fields().subject_der != top.fields().issuer_der) continue;
            const auto& key = anchor.key();
            if (key && top.verify_signature(key.value())) return &anchor;
            if (named == nullptr) named = &anchor;
        }
        return named;
    }

    const Certificate* enter_anchor() {
        const Certificate* anchor = find_anchor();
        if (anchor == nullptr) {
            stand_at(question_.path.back());
            report("path_no_anchor", "RFC 5280 6.1.1 d", "no trust anchor bears the issuer's name");
            where_.clear();
            return nullptr;
        }
        stand_at(*anchor);
        const Judged judged = judge(*anchor);
        check_validity(*anchor);
        check_issuing(*anchor, judged, Role::anchor);
        descend(*anchor, judged, Role::anchor);
        issuer_judged_ = judged;
        return anchor;
    }

    void enter_certificate(const Certificate& certificate, const Certificate* issuer, Role role) {
        stand_at(certificate);
        const Judged judged = judge(certificate);
        if (issuer != nullptr) check_issued_by(certificate, judged, *issuer);
        check_validity(certificate);
        check_names(certificate, judged, role);
        check_policies(judged, role);
        if (role == Role::leaf) {
            check_purpose(judged);
        } else {
            check_issuing(certificate, judged, role);
            check_purpose_below(judged);
            descend(certificate, judged, role);
        }
        issuer_judged_ = judged;
    }

    // take parses one extension; a broken one is a finding, since what it says cannot be obeyed.
    template <class Value, class Parse>
    void take(const Certificate& certificate, ByteView type, Parse parse, Value& out) {
        const Extension* extension = find_extension(certificate.fields().extensions, type);
        if (extension == nullptr) return;
        auto value = parse(extension->value);
        if (value) {
            out = std::move(value).value();
        } else {
            report("path_extension_malformed", "RFC 5280 6.1.4 o",
                   asn1::oid_name(type) + ": " + value.error().public_detail());
        }
    }

    Judged judge(const Certificate& certificate) {
        Judged judged;
        take(certificate, oid::kBasicConstraints, parse_basic_constraints, judged.basic_constraints);
        take(certificate, oid::kKeyUsage, parse_key_usage, judged.key_usage);
        take(certificate, oid::kNameConstraints, parse_name_constraints, judged.name_constraints);
        take(certificate, oid::kExtKeyUsage, parse_ext_key_usage, judged.purposes);
        take(certificate, oid::kSubjectKeyIdentifier, parse_subject_key_identifier, judged.key_identifier);
        take(certificate, oid::kAuthorityKeyIdentifier, parse_authority_key_identifier, judged.authority);
        take(certificate, oid::kSubjectAltName, parse_general_names, judged.alternative_names);
        take(certificate, oid::kCertificatePolicies, parse_certificate_policies, judged.policies.policies);
        take(certificate, oid::kPolicyConstraints, parse_policy_constraints, judged.policies.constraints);
        take(certificate, oid::kInhibitAnyPolicy, parse_inhibit_any_policy, judged.policies.inhibit_any_policy);
        judged.policies.self_issued = is_self_issued(certificate);
        for (const Extension& extension : certificate.fields().extensions) {
            if (!extension.critical || is_understood(extension.oid)) continue;
            report("path_unknown_critical_extension", "RFC 5280 6.1.4 o",
                   "the critical extension " + asn1::oid_name(extension.oid) + " is not understood");
        }
        return judged;
    }

    void check_issued_by(const Certificate& certificate, const Judged& judged, const Certificate& issuer) {
        if (certificate.fields().issuer_der != issuer.fields().subject_der) {
            report("path_issuer_name", "RFC 5280 6.1.3 a 4", "its issuer is not the subject of the certificate above");
        }
        const auto& key = issuer.key();
        if (!key) {
            report("path_issuer_key", "RFC 5280 6.1.3 a 1",
                   "the issuer's key cannot be used: " + key.error().public_detail());
        } else if (const auto verified = certificate.verify_signature(key.value()); !verified) {
            report("path_signature", "RFC 5280 6.1.3 a 1",
                   "the issuer's key does not verify it: " + verified.error().public_detail());
        }
        check_key_identifiers(judged);
    }

    // check_key_identifiers only warns: the identifiers help to build paths, the signature decides.
    void check_key_identifiers(const Judged& judged) {
        const bool has_authority = judged.authority && !judged.authority->key_identifier.empty();
        if (!has_authority || !issuer_judged_.key_identifier) {
            report("path_key_identifier_absent", "RFC 5280 4.2.1.1",
                   "its authority key identifier or the issuer's subject key identifier is absent", Severity::note);
        } else if (judged.authority->key_identifier != *issuer_judged_.key_identifier) {
            report("path_key_identifier", "RFC 5280 4.2.1.1",
                   "its authority key identifier is not the issuer's subject key identifier", Severity::warning);
        }
    }

    void check_validity(const Certificate& certificate) {
        const TbsCertificate& fields = certificate.fields();
        if (question_.at < fields.not_before) {
            report("path_not_yet_valid", "RFC 5280 6.1.3 a 2",
                   "it is valid from " + to_rfc3339(fields.not_before) + ", not yet at " + to_rfc3339(question_.at));
        }
        if (question_.at > fields.not_after) {
            report("path_expired", "RFC 5280 6.1.3 a 2",
                   "it was valid until " + to_rfc3339(fields.not_after) + ", no more at " + to_rfc3339(question_.at));
        }
    }

    void check_names(const Certificate& certificate, const Judged& judged, Role role) {
        if (role != Role::leaf && is_self_issued(certificate)) return;
        for (std::string& violation : names_.violations(certificate.fields(), judged.alternative_names)) {
            report("path_name_constraints", "RFC 5280 6.1.3 b, c", std::move(violation));
        }
    }

    void check_policies(const Judged& judged, Role role) {
        const bool entered = policies_.enter(judged.policies, role == Role::leaf);
        const bool concluded = role != Role::leaf || policies_.conclude(judged.policies);
        if (!entered || !concluded) {
            report("path_explicit_policy", "RFC 5280 6.1.3 f",
                   "a certificate policy is required, and none is valid along the path");
        }
    }

    // check_issuing: may this certificate issue others?
    void check_issuing(const Certificate& certificate, const Judged& judged, Role role) {
        if (role == Role::anchor && certificate.fields().version < 3) {
            report("path_anchor_version", "RFC 5280 6.1.1 d",
                   "a trust anchor older than version 3 cannot say that it is a CA", Severity::warning);
        } else if (!judged.basic_constraints || !judged.basic_constraints->ca) {
            report("path_not_a_ca", "RFC 5280 6.1.4 k", "it is no CA certificate: basicConstraints with cA is absent");
        }
        if (judged.key_usage && (*judged.key_usage & kKeyCertSign) == 0) {
            report("path_key_usage", "RFC 5280 6.1.4 n", "its keyUsage does not allow it to sign certificates");
        }
    }

    // descend applies what a CA certificate demands of those below it (6.1.4 g to m). The constraints of a trust anchor
    // count too (RFC 5937): who put them there meant them.
    void descend(const Certificate& certificate, const Judged& judged, Role role) {
        if (judged.name_constraints) names_.add(*judged.name_constraints);
        policies_.leave_ca(role == Role::anchor ? anchor_policies(judged) : judged.policies);
        if (role == Role::intermediate && !is_self_issued(certificate)) {
            if (path_length_left_ == 0) {
                report("path_length", "RFC 5280 6.1.4 l",
                       "it is one CA more than a path length constraint above allows");
            } else {
                --path_length_left_;
            }
        }
        if (judged.basic_constraints && judged.basic_constraints->path_length) {
            path_length_left_ = std::min<std::size_t>(path_length_left_, *judged.basic_constraints->path_length);
        }
    }

    // anchor_policies: the anchor is no certificate of the path, so that nothing is counted down behind it.
    static LinkPolicies anchor_policies(const Judged& judged) {
        LinkPolicies link = judged.policies;
        link.self_issued = true;
        return link;
    }

    static bool holds_purpose(const std::vector<Bytes>& purposes, ByteView wanted) {
        return std::any_of(purposes.begin(), purposes.end(),
                           [&](const Bytes& purpose) { return equal(purpose, wanted); });
    }

    void check_purpose(const Judged& judged) {
        if (!question_.required_eku) return;
        if (!judged.purposes || !holds_purpose(*judged.purposes, *question_.required_eku)) {
            report("path_purpose", "RFC 5280 4.2.1.12",
                   "its extKeyUsage lacks " + asn1::oid_name(*question_.required_eku));
        }
    }

    // check_purpose_below: no clause of RFC 5280, but what every large verifier does: a CA whose extKeyUsage lacks a
    // purpose cannot give it.
    void check_purpose_below(const Judged& judged) {
        if (!question_.required_eku || !judged.purposes) return;
        if (!holds_purpose(*judged.purposes, *question_.required_eku) &&
            !holds_purpose(*judged.purposes, oid::kAnyExtendedKeyUsage)) {
            report("path_purpose_of_ca", "RFC 5280 4.2.1.12",
                   "as a CA it is restricted to other purposes than " + asn1::oid_name(*question_.required_eku));
        }
    }

    const PathQuestion& question_;
    Findings findings_;
    std::string where_;
    PathNames names_;
    PathPolicies policies_;
    std::size_t path_length_left_;
    Judged issuer_judged_;
};

}  // namespace

Findings validate_path(const PathQuestion& question) { return PathWalk{question}.run(); }

}  // namespace sealwright::x509
