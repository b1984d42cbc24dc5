#include "x509/certificate.hpp"

#include "asn1/oid.hpp"
#include "x509/signed_object.hpp"

namespace sealwright::x509 {
namespace {

bool asserts_ca(const TbsCertificate& fields) {
    const Extension* extension = find_extension(fields.extensions, asn1::oid::kBasicConstraints);
    if (extension == nullptr) return false;
    const auto constraints = parse_basic_constraints(extension->value);
    return constraints && constraints.value().ca;
}

}  // namespace

struct Certificate::State {
    CertificateDer der;
    TbsCertificate fields;
    // Views into der, which does not move once the state is shared.
    ByteView tbs, signature;
    Bytes algorithm;
    Sha256 fingerprint;
    bool is_ca = false;
};

Result<Certificate> Certificate::parse(ByteView der) {
    if (der.size() > kMaxCertificateSize) return fail(ErrorCode::too_large, "certificate: more than 65536 octets");
    auto state = std::make_shared<State>();
    state->der = CertificateDer{bytes_of(der)};
    SEALWRIGHT_TRY(auto object, read_signed_object(state->der.view()));
    SEALWRIGHT_TRY(object.rest.finish());
    SEALWRIGHT_TRY(state->fields, parse_tbs_certificate(object.tbs.encoding));
    // RFC 5280 4.1.1.2: this field MUST contain the same algorithm identifier as the signature field in the sequence
    // tbsCertificate.
    if (!equal(object.algorithm, state->fields.signature_algorithm)) {
        return fail(ErrorCode::malformed, "certificate: the inner and the outer signature algorithm differ");
    }
    state->tbs = object.tbs.encoding;
    state->signature = object.signature;
    state->algorithm = bytes_of(object.algorithm);
    state->fingerprint = crypto::sha256(state->der.view());
    state->is_ca = asserts_ca(state->fields);
    return Certificate{std::move(state)};
}

const CertificateDer& Certificate::der() const noexcept { return state_->der; }
ByteView Certificate::tbs() const noexcept { return state_->tbs; }
const TbsCertificate& Certificate::fields() const noexcept { return state_->fields; }
const Bytes& Certificate::signature_algorithm() const noexcept { return state_->algorithm; }
ByteView Certificate::signature() const noexcept { return state_->signature; }
Sha256 Certificate::fingerprint() const noexcept { return state_->fingerprint; }
bool Certificate::is_ca() const noexcept { return state_->is_ca; }

Result<void> Certificate::verify_signature(const crypto::PublicKey& issuer) const {
    SEALWRIGHT_TRY(const auto algorithm, crypto::parse_algorithm_identifier(state_->algorithm));
    return issuer.verify(algorithm, state_->tbs, state_->signature);
}

CertificateDer assemble_certificate(ByteView tbs, const crypto::SignatureAlgorithm& algorithm, ByteView signature) {
    return CertificateDer{assemble_signed_object(tbs, algorithm, signature)};
}

}  // namespace sealwright::x509
