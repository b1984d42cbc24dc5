#include "attestation/ek_trust.hpp"

#include <array>

#include "asn1/oid.hpp"
#include "x509/path_validator.hpp"

namespace sealwright::attestation {
namespace {

namespace oid = asn1::oid;
using x509::Certificate;

constexpr unsigned kMaxVerifications = 128;
// An exponent as long as its modulus makes a verification cost as much as a signature, and the device's chain is
// hostile.
constexpr std::size_t kMaxExponentOctets = 8;
constexpr unsigned kMinRsaBits = 2048;

std::string subject_of(const Certificate& certificate) {
    return "\"" + printable(x509::format_name(certificate.fields().subject)) + "\": ";
}

template <class Value>
std::optional<Value> extension_of(const Certificate& certificate, ByteView type, Result<Value> (*parse)(ByteView)) {
    const x509::Extension* extension = x509::find_extension(certificate.fields().extensions, type);
    if (extension == nullptr) return std::nullopt;
    auto value = parse(extension->value);
    if (!value) return std::nullopt;
    return std::move(value).value();
}

bool is_understood(ByteView type) {
    const std::array understood{oid::kBasicConstraints,     oid::kKeyUsage,
                                oid::kExtKeyUsage,          oid::kNameConstraints,
                                oid::kSubjectAltName,       oid::kIssuerAltName,
                                oid::kPolicyConstraints,    oid::kInhibitAnyPolicy,
                                oid::kCertificatePolicies,  oid::kFreshestCrl,
                                oid::kAuthorityInfoAccess,  oid::kCrlDistributionPoints,
                                oid::kSubjectKeyIdentifier, oid::kAuthorityKeyIdentifier};
    return std::any_of(understood.begin(), understood.end(), [&](ByteView known) { return equal(known, type); });
}

// ca_objections: may this certificate issue others at that time? below counts the CAs between it and the EK certificate
// that are not self-issued.
void ca_objections(const Certificate& ca, UtcTime at, std::size_t below, std::vector<std::string>& out) {
    const auto& fields = ca.fields();
    if (at < fields.not_before) out.push_back(subject_of(ca) + "not valid before " + to_rfc3339(fields.not_before));
    if (at > fields.not_after) out.push_back(subject_of(ca) + "not valid after " + to_rfc3339(fields.not_after));
    if (!ca.is_ca()) out.push_back(subject_of(ca) + "no CA certificate");
    const auto& key = ca.key();
    if (const Result<void> strength = key ? crypto::check_strength(key.value(), kMinRsaBits) : key.error(); !strength) {
        out.push_back(subject_of(ca) + "a key that must not be used: " + strength.error().public_detail());
    }
    const x509::Extension* usage = x509::find_extension(fields.extensions, oid::kKeyUsage);
    if (usage != nullptr && (relaxed_key_usage(usage->value).value_or(0) & x509::kKeyCertSign) == 0) {
        out.push_back(subject_of(ca) + "its key usage does not allow it to sign certificates");
    }
    const auto constraints =
        extension_of<x509::BasicConstraints>(ca, oid::kBasicConstraints, x509::parse_basic_constraints);
    if (constraints && constraints->path_length && *constraints->path_length < below) {
        out.push_back(subject_of(ca) + "more CAs stand below it than its path length allows");
    }
    // They would have to be applied to the EK certificate's names, which are not always readable by RFC 5280.
    if (x509::find_extension(fields.extensions, oid::kNameConstraints) != nullptr) {
        out.push_back(subject_of(ca) + "it has name constraints, which are not applied to EK certificates");
    }
    for (const x509::Extension& extension : fields.extensions) {
        if (extension.critical && !is_understood(extension.oid)) {
            out.push_back(subject_of(ca) + "the critical extension " + asn1::oid_name(extension.oid) +
                          " is not understood");
        }
    }
}

bool is_self_issued(const Certificate& certificate) {
    return certificate.fields().subject_der == certificate.fields().issuer_der;
}

// is_tolerated: key usages were judged above, also those that DER forbids.
bool is_tolerated(const x509::Finding& finding) {
    return finding.code == "path_extension_malformed" &&
           finding.detail.find(asn1::oid_name(oid::kKeyUsage) + ": ") != std::string::npos;
}

std::vector<std::string> objections_to(const std::vector<Certificate>& path, UtcTime at) {
    std::vector<std::string> out;
    std::size_t below = 0;
    for (const Certificate& ca : path) {
        ca_objections(ca, at, below, out);
        if (!is_self_issued(ca)) ++below;
    }
    if (!out.empty()) return out;
    // A root's signature of itself says nothing, and is often of an algorithm that is not verified any more.
    if (path.size() == 1) return out;
    x509::PathQuestion question;
    question.path.assign(path.begin(), path.end() - 1);
    question.anchors = {path.back()};
    question.at = at;
    question.max_length = kMaxChain + 1;
    for (const x509::Finding& finding : x509::validate_path(question)) {
        if (finding.severity == x509::Severity::error && !is_tolerated(finding))
            out.push_back(printable(finding.detail));
    }
    return out;
}

// Search walks from issuer to issuer, depth first.
class Search {
public:
    Search(const TrustAnchors& anchors, UtcTime at, const std::vector<Certificate>& chain)
        : anchors_(anchors), chain_(chain), at_(at) {}

    // Verifies says whether a candidate's key made the signature of what is to be issued.
    template <class Verifies>
    bool extend(const NameDer& issuer, Verifies verifies) {
        for (const Candidate& candidate : candidates(issuer)) {
            if (budget_ == 0) return false;
            const auto& key = candidate.certificate.key();
            if (!key || key.value().rsa_exponent().size() > kMaxExponentOctets) continue;
            --budget_;
            if (!verifies(key.value())) continue;
            path_.push_back(candidate.certificate);
            if (candidate.is_root ? conclude() : go_on(candidate.certificate)) return true;
            path_.pop_back();
        }
        return false;
    }

    std::optional<EkPath> take() { return std::move(best_); }

private:
    struct Candidate {
        Certificate certificate;
        bool is_root;
    };

    // candidates bear the name, each once, in the order of their fingerprints; what is a root is one wherever else it
    // stands.
    std::vector<Candidate> candidates(const NameDer& subject) const {
        std::map<Sha256, Candidate> found;
        const auto take = [&](const std::vector<Certificate>& from, bool is_root) {
            for (const Certificate& certificate : from) {
                if (certificate.fields().subject_der != subject || is_in_path(certificate)) continue;
                found.try_emplace(certificate.fingerprint(), Candidate{certificate, is_root});
            }
        };
        // The site's own before the device's: of equal certificates the one that is known from other verdicts counts.
        take(anchors_.roots, true);
        take(anchors_.intermediates, false);
        take(chain_, false);
        std::vector<Candidate> out;
        for (const auto& [fingerprint, candidate] : found) out.push_back(candidate);
        return out;
    }

    bool is_in_path(const Certificate& certificate) const {
        return std::any_of(path_.begin(), path_.end(),
                           [&](const Certificate& known) { return known.fingerprint() == certificate.fingerprint(); });
    }

    bool conclude() {
        std::vector<std::string> objections = objections_to(path_, at_);
        const bool valid = objections.empty();
        if (valid || !best_) best_ = EkPath{path_, std::move(objections)};
        return valid;
    }

    bool go_on(const Certificate& certificate) {
        if (path_.size() >= kMaxChain) return false;
        return extend(certificate.fields().issuer_der, [certificate](const crypto::PublicKey& key) {
            return certificate.verify_signature(key).has_value();
        });
    }

    const TrustAnchors& anchors_;
    const std::vector<Certificate>& chain_;
    UtcTime at_;
    unsigned budget_ = kMaxVerifications;
    std::vector<Certificate> path_;
    std::optional<EkPath> best_;
};

}  // namespace

std::optional<EkPath> find_ek_path(const EkCertificate& certificate, const std::vector<Certificate>& chain,
                                   const TrustAnchors& anchors, UtcTime at) {
    const auto algorithm = crypto::parse_algorithm_identifier(certificate.signature_algorithm);
    if (!algorithm) return std::nullopt;
    Search search{anchors, at, chain};
    search.extend(certificate.issuer, [&](const crypto::PublicKey& key) {
        return key.verify(algorithm.value(), certificate.signed_octets, certificate.signature).has_value();
    });
    return search.take();
}

}  // namespace sealwright::attestation
