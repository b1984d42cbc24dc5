#include "asn1/oid.hpp"

#include <algorithm>
#include <array>
#include <charconv>

namespace sealwright::asn1 {
namespace {

// Literal is an identifier's content octets, computed from its arcs when this file is compiled.
struct Literal {
    std::array<std::uint8_t, 16> octets{};
    std::size_t size = 0;
    constexpr ByteView view() const noexcept { return ByteView{octets}.first(size); }
};

template <std::size_t N>
consteval Literal arcs(const std::uint64_t (&value)[N]) {
    static_assert(N >= 2);
    Literal out;
    for (std::size_t i = 1; i < N; ++i) {
        const std::uint64_t arc = i == 1 ? value[0] * 40 + value[1] : value[i];
        std::size_t groups = 1;
        for (std::uint64_t rest = arc >> 7U; rest != 0; rest >>= 7U) ++groups;
        for (std::size_t group = groups; group > 0; --group) {
            const auto low = static_cast<std::uint8_t>((arc >> (7U * (group - 1))) & 0x7FU);
            out.octets[out.size++] = static_cast<std::uint8_t>(low | (group > 1 ? 0x80U : 0U));
        }
    }
    return out;
}

#define SEALWRIGHT_OIDS(X)                                                         \
    X(CommonName, "id-at-commonName", 2, 5, 4, 3)                                  \
    X(Surname, "id-at-surname", 2, 5, 4, 4)                                        \
    X(SerialNumber, "id-at-serialNumber", 2, 5, 4, 5)                              \
    X(CountryName, "id-at-countryName", 2, 5, 4, 6)                                \
    X(LocalityName, "id-at-localityName", 2, 5, 4, 7)                              \
    X(StateOrProvinceName, "id-at-stateOrProvinceName", 2, 5, 4, 8)                \
    X(StreetAddress, "id-at-streetAddress", 2, 5, 4, 9)                            \
    X(OrganizationName, "id-at-organizationName", 2, 5, 4, 10)                     \
    X(OrganizationalUnitName, "id-at-organizationalUnitName", 2, 5, 4, 11)         \
    X(Title, "id-at-title", 2, 5, 4, 12)                                           \
    X(PostalCode, "id-at-postalCode", 2, 5, 4, 17)                                 \
    X(GivenName, "id-at-givenName", 2, 5, 4, 42)                                   \
    X(Initials, "id-at-initials", 2, 5, 4, 43)                                     \
    X(GenerationQualifier, "id-at-generationQualifier", 2, 5, 4, 44)               \
    X(DnQualifier, "id-at-dnQualifier", 2, 5, 4, 46)                               \
    X(Pseudonym, "id-at-pseudonym", 2, 5, 4, 65)                                   \
    X(OrganizationIdentifier, "id-at-organizationIdentifier", 2, 5, 4, 97)         \
    X(EmailAddress, "id-emailAddress", 1, 2, 840, 113549, 1, 9, 1)                 \
    X(DomainComponent, "id-domainComponent", 0, 9, 2342, 19200300, 100, 1, 25)     \
    X(UserId, "id-userId", 0, 9, 2342, 19200300, 100, 1, 1)                        \
    X(SubjectDirectoryAttributes, "id-ce-subjectDirectoryAttributes", 2, 5, 29, 9) \
    X(SubjectKeyIdentifier, "id-ce-subjectKeyIdentifier", 2, 5, 29, 14)            \
    X(KeyUsage, "id-ce-keyUsage", 2, 5, 29, 15)                                    \
    X(SubjectAltName, "id-ce-subjectAltName", 2, 5, 29, 17)                        \
    X(IssuerAltName, "id-ce-issuerAltName", 2, 5, 29, 18)                          \
    X(BasicConstraints, "id-ce-basicConstraints", 2, 5, 29, 19)                    \
    X(CrlNumber, "id-ce-cRLNumber", 2, 5, 29, 20)                                  \
    X(ReasonCode, "id-ce-cRLReasons", 2, 5, 29, 21)                                \
    X(InvalidityDate, "id-ce-invalidityDate", 2, 5, 29, 24)                        \
    X(DeltaCrlIndicator, "id-ce-deltaCRLIndicator", 2, 5, 29, 27)                  \
    X(IssuingDistributionPoint, "id-ce-issuingDistributionPoint", 2, 5, 29, 28)    \
    X(CertificateIssuer, "id-ce-certificateIssuer", 2, 5, 29, 29)                  \
    X(NameConstraints, "id-ce-nameConstraints", 2, 5, 29, 30)                      \
    X(CrlDistributionPoints, "id-ce-cRLDistributionPoints", 2, 5, 29, 31)          \
    X(CertificatePolicies, "id-ce-certificatePolicies", 2, 5, 29, 32)              \
    X(AnyPolicy, "anyPolicy", 2, 5, 29, 32, 0)                                     \
    X(PolicyMappings, "id-ce-policyMappings", 2, 5, 29, 33)                        \
    X(AuthorityKeyIdentifier, "id-ce-authorityKeyIdentifier", 2, 5, 29, 35)        \
    X(PolicyConstraints, "id-ce-policyConstraints", 2, 5, 29, 36)                  \
    X(ExtKeyUsage, "id-ce-extKeyUsage", 2, 5, 29, 37)                              \
    X(AnyExtendedKeyUsage, "anyExtendedKeyUsage", 2, 5, 29, 37, 0)                 \
    X(FreshestCrl, "id-ce-freshestCRL", 2, 5, 29, 46)                              \
    X(InhibitAnyPolicy, "id-ce-inhibitAnyPolicy", 2, 5, 29, 54)                    \
    X(AuthorityInfoAccess, "id-pe-authorityInfoAccess", 1, 3, 6, 1, 5, 5, 7, 1, 1) \
    X(SubjectInfoAccess, "id-pe-subjectInfoAccess", 1, 3, 6, 1, 5, 5, 7, 1, 11)    \
    X(TlsFeature, "id-pe-tlsfeature", 1, 3, 6, 1, 5, 5, 7, 1, 24)                  \
    X(CpsQualifier, "id-qt-cps", 1, 3, 6, 1, 5, 5, 7, 2, 1)                        \
    X(UserNoticeQualifier, "id-qt-unotice", 1, 3, 6, 1, 5, 5, 7, 2, 2)             \
    X(ServerAuth, "id-kp-serverAuth", 1, 3, 6, 1, 5, 5, 7, 3, 1)                   \
    X(ClientAuth, "id-kp-clientAuth", 1, 3, 6, 1, 5, 5, 7, 3, 2)                   \
    X(CodeSigning, "id-kp-codeSigning", 1, 3, 6, 1, 5, 5, 7, 3, 3)                 \
    X(EmailProtection, "id-kp-emailProtection", 1, 3, 6, 1, 5, 5, 7, 3, 4)         \
    X(TimeStamping, "id-kp-timeStamping", 1, 3, 6, 1, 5, 5, 7, 3, 8)               \
    X(OcspSigning, "id-kp-OCSPSigning", 1, 3, 6, 1, 5, 5, 7, 3, 9)                 \
    X(PermanentIdentifier, "id-on-permanentIdentifier", 1, 3, 6, 1, 5, 5, 7, 8, 3) \
    X(HardwareModuleName, "id-on-hardwareModuleName", 1, 3, 6, 1, 5, 5, 7, 8, 4)   \
    X(AdOcsp, "id-ad-ocsp", 1, 3, 6, 1, 5, 5, 7, 48, 1)                            \
    X(AdCaIssuers, "id-ad-caIssuers", 1, 3, 6, 1, 5, 5, 7, 48, 2)                  \
    X(OcspBasic, "id-pkix-ocsp-basic", 1, 3, 6, 1, 5, 5, 7, 48, 1, 1)              \
    X(OcspNonce, "id-pkix-ocsp-nonce", 1, 3, 6, 1, 5, 5, 7, 48, 1, 2)              \
    X(OcspNoCheck, "id-pkix-ocsp-nocheck", 1, 3, 6, 1, 5, 5, 7, 48, 1, 5)          \
    X(ExtensionRequest, "id-extensionRequest", 1, 2, 840, 113549, 1, 9, 14)        \
    X(ChallengePassword, "id-challengePassword", 1, 2, 840, 113549, 1, 9, 7)       \
    X(Upn, "szOID_NT_PRINCIPAL_NAME", 1, 3, 6, 1, 4, 1, 311, 20, 2, 3)             \
    X(RsaEncryption, "rsaEncryption", 1, 2, 840, 113549, 1, 1, 1)                  \
    X(Sha1WithRsa, "sha1WithRSAEncryption", 1, 2, 840, 113549, 1, 1, 5)            \
    X(Mgf1, "id-mgf1", 1, 2, 840, 113549, 1, 1, 8)                                 \
    X(RsaPss, "id-RSASSA-PSS", 1, 2, 840, 113549, 1, 1, 10)                        \
    X(Sha256WithRsa, "sha256WithRSAEncryption", 1, 2, 840, 113549, 1, 1, 11)       \
    X(Sha384WithRsa, "sha384WithRSAEncryption", 1, 2, 840, 113549, 1, 1, 12)       \
    X(Sha512WithRsa, "sha512WithRSAEncryption", 1, 2, 840, 113549, 1, 1, 13)       \
    X(EcPublicKey, "id-ecPublicKey", 1, 2, 840, 10045, 2, 1)                       \
    X(Prime256v1, "prime256v1", 1, 2, 840, 10045, 3, 1, 7)                         \
    X(Secp384r1, "secp384r1", 1, 3, 132, 0, 34)                                    \
    X(Secp521r1, "secp521r1", 1, 3, 132, 0, 35)                                    \
    X(EcdsaWithSha256, "ecdsa-with-SHA256", 1, 2, 840, 10045, 4, 3, 2)             \
    X(EcdsaWithSha384, "ecdsa-with-SHA384", 1, 2, 840, 10045, 4, 3, 3)             \
    X(EcdsaWithSha512, "ecdsa-with-SHA512", 1, 2, 840, 10045, 4, 3, 4)             \
    X(Ed25519, "id-Ed25519", 1, 3, 101, 112)                                       \
    X(Ed448, "id-Ed448", 1, 3, 101, 113)                                           \
    X(MlDsa44, "id-ml-dsa-44", 2, 16, 840, 1, 101, 3, 4, 3, 17)                    \
    X(MlDsa65, "id-ml-dsa-65", 2, 16, 840, 1, 101, 3, 4, 3, 18)                    \
    X(MlDsa87, "id-ml-dsa-87", 2, 16, 840, 1, 101, 3, 4, 3, 19)                    \
    X(ContentType, "id-contentType", 1, 2, 840, 113549, 1, 9, 3)                   \
    X(MessageDigest, "id-messageDigest", 1, 2, 840, 113549, 1, 9, 4)               \
    X(Sha1, "id-sha1", 1, 3, 14, 3, 2, 26)                                         \
    X(Sha256, "id-sha256", 2, 16, 840, 1, 101, 3, 4, 2, 1)                         \
    X(Sha384, "id-sha384", 2, 16, 840, 1, 101, 3, 4, 2, 2)                         \
    X(Sha512, "id-sha512", 2, 16, 840, 1, 101, 3, 4, 2, 3)

#define X(constant, name, ...) constexpr Literal literal##constant = arcs({__VA_ARGS__});
SEALWRIGHT_OIDS(X)
#undef X

struct Known {
    ByteView content;
    std::string_view name;
};

#define X(constant, name, ...) Known{ByteView{literal##constant.octets}.first(literal##constant.size), name},
constexpr auto kKnown = std::to_array<Known>({SEALWRIGHT_OIDS(X)});
#undef X

constexpr std::size_t kMaxOidContent = 128;

// append_arc writes one subidentifier in base 128, most significant group first (X.690 8.19.2).
void append_arc(Bytes& out, std::uint64_t arc) {
    std::size_t groups = 1;
    for (std::uint64_t rest = arc >> 7U; rest != 0; rest >>= 7U) ++groups;
    for (std::size_t group = groups; group > 0; --group) {
        const auto low = static_cast<std::uint8_t>((arc >> (7U * (group - 1))) & 0x7FU);
        out.push_back(static_cast<std::uint8_t>(low | (group > 1 ? 0x80U : 0U)));
    }
}

Error bad_dotted() { return fail(ErrorCode::malformed, "an object identifier must read like 2.5.29.15"); }

Result<std::uint64_t> parse_arc(std::string_view text) {
    if (text.empty() || (text.size() > 1 && text[0] == '0')) return bad_dotted();
    std::uint64_t arc = 0;
    const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), arc);
    if (error != std::errc{} || stop != text.data() + text.size() || arc > UINT64_MAX - 80) return bad_dotted();
    return arc;
}

}  // namespace

Result<Bytes> parse_oid(std::string_view dotted) {
    Bytes out;
    std::uint64_t first = 0;
    std::size_t index = 0;
    for (std::string_view rest = dotted;; ++index) {
        const std::size_t dot = rest.find('.');
        SEALWRIGHT_TRY(const std::uint64_t arc, parse_arc(rest.substr(0, dot)));
        if (index == 0) {
            if (arc > 2) return bad_dotted();
            first = arc;
        } else if (index == 1) {
            // X.690 8.19.4: below 0 and 1 there are at most 40 arcs.
            if (first < 2 && arc > 39) return bad_dotted();
            append_arc(out, first * 40 + arc);
        } else {
            append_arc(out, arc);
        }
        if (out.size() > kMaxOidContent) return fail(ErrorCode::too_large, "an object identifier is too long");
        if (dot == std::string_view::npos) break;
        rest.remove_prefix(dot + 1);
    }
    if (index < 1) return bad_dotted();
    return out;
}

std::string format_oid(ByteView content) {
    constexpr std::string_view kInvalid = "invalid";
    std::string out;
    std::uint64_t arc = 0;
    bool arc_begins = true;
    for (const std::uint8_t octet : content) {
        if ((arc_begins && octet == 0x80) || arc > (UINT64_MAX >> 7U)) return std::string{kInvalid};
        arc = (arc << 7U) | (octet & 0x7FU);
        arc_begins = (octet & 0x80U) == 0;
        if (!arc_begins) continue;
        if (out.empty()) {
            const std::uint64_t top = std::min<std::uint64_t>(arc / 40, 2);
            out = std::to_string(top) + "." + std::to_string(arc - top * 40);
        } else {
            out += "." + std::to_string(arc);
        }
        arc = 0;
    }
    return out.empty() || !arc_begins ? std::string{kInvalid} : out;
}

std::string oid_name(ByteView content) {
    for (const Known& known : kKnown) {
        if (equal(known.content, content)) return std::string{known.name};
    }
    return format_oid(content);
}

namespace oid {
#define X(constant, name, ...) constinit const ByteView k##constant{literal##constant.view()};
SEALWRIGHT_OIDS(X)
#undef X
}  // namespace oid

}  // namespace sealwright::asn1
