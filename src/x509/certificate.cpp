#include "x509/certificate.hpp"

#include <mutex>
#include <optional>

#include "asn1/der_writer.hpp"
#include "asn1/oid.hpp"
#include "x509/signed_object.hpp"
#include "x509/unordered_names.hpp"

namespace sealwright::x509 {
namespace {

bool asserts_ca(const TbsCertificate& fields) {
    const Extension* extension = find_extension(fields.extensions, asn1::oid::kBasicConstraints);
    if (extension == nullptr) return false;
    const auto constraints = parse_basic_constraints(extension->value);
    return constraints && constraints.value().ca;
}

// with_ordered_names copies a TBSCertificate with issuer (the third element behind the version) and subject (the fifth)
// in order. Everything else stays what it is, and what is no TBSCertificate is for its parser to refuse.
Result<Bytes> with_ordered_names(const asn1::Element& tbs) {
    asn1::DerReader reader{tbs.content};
    asn1::DerWriter writer;
    const bool has_version = reader.peek() == asn1::context_constructed(0);
    Bytes content;
    for (unsigned index = has_version ? 0 : 1; !reader.at_end(); ++index) {
        SEALWRIGHT_TRY(const asn1::Element element, reader.next());
        if (index != 3 && index != 5) {
            append(content, element.encoding);
            continue;
        }
        SEALWRIGHT_TRY(const NameDer name, order_name(element.encoding));
        append(content, name.view());
    }
    writer.primitive(asn1::kSequence, content);
    return writer.take();
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

    mutable std::once_flag key_once;
    mutable std::optional<Result<crypto::PublicKey>> key;
    // The last key by which the signature held, with the SPKI that it was.
    mutable std::mutex mutex;
    mutable std::optional<crypto::PublicKey> verified_by;

    bool is_verified_by(const crypto::PublicKey& issuer) const {
        const std::lock_guard lock{mutex};
        return verified_by && verified_by->spki() == issuer.spki();
    }
};

namespace {

// parse_state reads a certificate; read_fields reads its TBSCertificate.
template <class ReadFields>
Result<std::shared_ptr<const Certificate::State>> parse_state(ByteView der, ReadFields read_fields) {
    if (der.size() > kMaxCertificateSize) return fail(ErrorCode::too_large, "certificate: more than 65536 octets");
    auto state = std::make_shared<Certificate::State>();
    state->der = CertificateDer{bytes_of(der)};
    SEALWRIGHT_TRY(auto object, read_signed_object(state->der.view()));
    SEALWRIGHT_TRY(object.rest.finish());
    SEALWRIGHT_TRY(state->fields, read_fields(object.tbs));
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
    return std::shared_ptr<const Certificate::State>{std::move(state)};
}

}  // namespace

Result<Certificate> Certificate::parse(ByteView der) {
    SEALWRIGHT_TRY(auto state,
                   parse_state(der, [](const asn1::Element& tbs) { return parse_tbs_certificate(tbs.encoding); }));
    return Certificate{std::move(state)};
}

Result<Certificate> parse_with_unordered_names(ByteView der) {
    SEALWRIGHT_TRY(auto state, parse_state(der, [](const asn1::Element& tbs) -> Result<TbsCertificate> {
                       SEALWRIGHT_TRY(const Bytes ordered, with_ordered_names(tbs));
                       return parse_tbs_certificate(ordered);
                   }));
    return Certificate{std::move(state)};
}

Result<NameDer> order_name(ByteView name) {
    SEALWRIGHT_TRY(const asn1::Element whole, asn1::the_only(name, asn1::kSequence));
    asn1::DerReader rdns{whole.content};
    asn1::DerWriter ordered;
    while (!rdns.at_end()) {
        SEALWRIGHT_TRY(auto rdn, rdns.enter(asn1::kSet));
        std::vector<Bytes> attributes;
        while (!rdn.at_end()) {
            SEALWRIGHT_TRY(const asn1::Element attribute, rdn.next());
            attributes.push_back(bytes_of(attribute.encoding));
        }
        ordered.set_of(std::move(attributes));
    }
    asn1::DerWriter writer;
    writer.primitive(asn1::kSequence, ordered.view());
    return NameDer{writer.take()};
}

const CertificateDer& Certificate::der() const noexcept { return state_->der; }
ByteView Certificate::tbs() const noexcept { return state_->tbs; }
const TbsCertificate& Certificate::fields() const noexcept { return state_->fields; }
const Bytes& Certificate::signature_algorithm() const noexcept { return state_->algorithm; }
ByteView Certificate::signature() const noexcept { return state_->signature; }
Sha256 Certificate::fingerprint() const noexcept { return state_->fingerprint; }
bool Certificate::is_ca() const noexcept { return state_->is_ca; }

const Result<crypto::PublicKey>& Certificate::key() const {
    std::call_once(state_->key_once,
                   [this] { state_->key.emplace(crypto::PublicKey::parse(state_->fields.spki.view())); });
    return *state_->key;
}

Result<void> Certificate::verify_signature(const crypto::PublicKey& issuer) const {
    if (state_->is_verified_by(issuer)) return success();
    SEALWRIGHT_TRY(const auto algorithm, crypto::parse_algorithm_identifier(state_->algorithm));
    SEALWRIGHT_TRY(issuer.verify(algorithm, state_->tbs, state_->signature));
    const std::lock_guard lock{state_->mutex};
    state_->verified_by = issuer;
    return success();
}

CertificateDer assemble_certificate(ByteView tbs, const crypto::SignatureAlgorithm& algorithm, ByteView signature) {
    return CertificateDer{assemble_signed_object(tbs, algorithm, signature)};
}

}  // namespace sealwright::x509
