#include "hsm/pkcs11/objects.hpp"

#include <array>
#include <cstring>

#include "asn1/der_writer.hpp"
#include "asn1/oid.hpp"
#include "hsm/pkcs11/ckr_error.hpp"
#include "hsm/pkcs11/mechanism.hpp"

namespace sealwright::hsm::pkcs11 {
namespace {

// SearchEnd ends a search however it went: an active search blocks its session.
class SearchEnd {
public:
    explicit SearchEnd(SessionView session) : session_(session) {}
    ~SearchEnd() { session_.functions->C_FindObjectsFinal(session_.handle); }
    SearchEnd(const SearchEnd&) = delete;
    SearchEnd& operator=(const SearchEnd&) = delete;

private:
    SessionView session_;
};

CK_ATTRIBUTE attribute_of(const Criterion& criterion) {
    // C_FindObjectsInit only reads the template; its type lacks the const.
    return CK_ATTRIBUTE{criterion.type, const_cast<std::uint8_t*>(criterion.value.data()),
                        static_cast<unsigned long>(criterion.value.size())};
}

Result<Bytes> required(SessionView session, CK_OBJECT_HANDLE object, CK_ATTRIBUTE_TYPE type, std::string_view name) {
    auto reading = read_attribute(session, object, type);
    if (reading.value) return std::move(*reading.value);
    return ckr_error("C_GetAttributeValue", reading.rv,
                     "the token does not give " + std::string{name} + " of a public key");
}

Result<crypto::PublicKey> rsa_key(SessionView session, CK_OBJECT_HANDLE object) {
    SEALWRIGHT_TRY(const auto modulus, required(session, object, CKA_MODULUS, "CKA_MODULUS"));
    SEALWRIGHT_TRY(const auto exponent, required(session, object, CKA_PUBLIC_EXPONENT, "CKA_PUBLIC_EXPONENT"));
    asn1::DerWriter numbers;
    numbers.sequence([&] { numbers.unsigned_integer(modulus).unsigned_integer(exponent); });
    asn1::DerWriter spki;
    spki.sequence([&] {
        spki.sequence([&] { spki.oid(asn1::oid::kRsaEncryption).null(); });
        spki.bit_string(numbers.view());
    });
    return crypto::PublicKey::parse(spki.view());
}

// point_octets unwraps CKA_EC_POINT: DER OCTET STRING by the standard, BIT STRING in some 3.0 modules for Edwards keys,
// bare in others.
Bytes point_octets(const Bytes& point, std::size_t bare_size) {
    if (point.size() == bare_size) return point;
    if (auto wrapped = asn1::the_only(point, asn1::kOctetString)) return bytes_of(wrapped.value().content);
    asn1::DerReader reader{point};
    if (auto bits = reader.bit_string(); bits && reader.at_end()) return bytes_of(bits.value().octets);
    return point;
}

// bare_point_size is that of an uncompressed point: by its first octet alone (0x04, which is also OCTET STRING's tag) a
// bare point may look wrapped.
std::size_t bare_point_size(const Bytes& parameters) {
    const auto curve = asn1::the_only(parameters, asn1::kOid);
    if (!curve) return 0;
    if (equal(curve.value().content, asn1::oid::kPrime256v1)) return 65;
    if (equal(curve.value().content, asn1::oid::kSecp384r1)) return 97;
    if (equal(curve.value().content, asn1::oid::kSecp521r1)) return 133;
    return 0;
}

Result<crypto::PublicKey> ec_key(SessionView session, CK_OBJECT_HANDLE object) {
    SEALWRIGHT_TRY(const auto parameters, required(session, object, CKA_EC_PARAMS, "CKA_EC_PARAMS"));
    SEALWRIGHT_TRY(const auto point, required(session, object, CKA_EC_POINT, "CKA_EC_POINT"));
    asn1::DerWriter spki;
    spki.sequence([&] {
        spki.sequence([&] { spki.oid(asn1::oid::kEcPublicKey).raw(parameters); });
        spki.bit_string(point_octets(point, bare_point_size(parameters)));
    });
    return crypto::PublicKey::parse(spki.view());
}

struct Edwards {
    std::string_view name;
    ByteView oid;
    std::size_t point;
};

// edwards_curve takes the two forms of PKCS#11 3.0, 2.3.10: the curve's OID or its name as a PrintableString.
std::optional<Edwards> edwards_curve(const Bytes& parameters) {
    const std::array known{Edwards{"edwards25519", asn1::oid::kEd25519, 32},
                           Edwards{"edwards448", asn1::oid::kEd448, 57}};
    const auto name = asn1::the_only(parameters, asn1::kPrintableString);
    const auto id = asn1::the_only(parameters, asn1::kOid);
    for (const Edwards& curve : known) {
        if (name && text_of(name.value().content) == curve.name) return curve;
        if (id && equal(id.value().content, curve.oid)) return curve;
    }
    return std::nullopt;
}

Result<crypto::PublicKey> edwards_key(SessionView session, CK_OBJECT_HANDLE object) {
    SEALWRIGHT_TRY(const auto parameters, required(session, object, CKA_EC_PARAMS, "CKA_EC_PARAMS"));
    const auto curve = edwards_curve(parameters);
    if (!curve) return fail(ErrorCode::unsupported, "an Edwards curve other than those of Ed25519 and Ed448");
    SEALWRIGHT_TRY(const auto point, required(session, object, CKA_EC_POINT, "CKA_EC_POINT"));
    asn1::DerWriter spki;
    spki.sequence([&] {
        spki.sequence([&] { spki.oid(curve->oid); });
        spki.bit_string(point_octets(point, curve->point));
    });
    return crypto::PublicKey::parse(spki.view());
}

Result<crypto::PublicKey> ml_dsa_key(SessionView session, CK_OBJECT_HANDLE object) {
    const auto set = number_of(read_attribute(session, object, CKA_PARAMETER_SET));
    if (!set) return fail(ErrorCode::token, "the token does not say which parameter set an ML-DSA key has");
    const auto type = ml_dsa_type(*set);
    if (!type)
        return fail(ErrorCode::unsupported, "an ML-DSA key of an unknown parameter set", "CKP " + std::to_string(*set));
    SEALWRIGHT_TRY(const auto value, required(session, object, CKA_VALUE, "CKA_VALUE"));
    asn1::DerWriter spki;
    spki.sequence([&] {
        spki.raw(crypto::algorithm_identifier(crypto::default_algorithm(*type)));  // RFC 9881 2: the same identifier
        spki.bit_string(value);
    });
    return crypto::PublicKey::parse(spki.view());
}

}  // namespace

AttributeReading read_attribute(SessionView session, CK_OBJECT_HANDLE object, CK_ATTRIBUTE_TYPE type) {
    CK_ATTRIBUTE attribute{type, nullptr, 0};
    CK_RV rv = session.functions->C_GetAttributeValue(session.handle, object, &attribute, 1);
    if (rv != CKR_OK) return {std::nullopt, rv};
    if (attribute.ulValueLen == CK_UNAVAILABLE_INFORMATION) return {std::nullopt, CKR_ATTRIBUTE_TYPE_INVALID};
    if (attribute.ulValueLen > kMaxAttributeSize) return {std::nullopt, CKR_DATA_LEN_RANGE};
    Bytes value(attribute.ulValueLen);
    if (value.empty()) return {std::move(value), CKR_OK};
    attribute.pValue = value.data();
    rv = session.functions->C_GetAttributeValue(session.handle, object, &attribute, 1);
    if (rv != CKR_OK) return {std::nullopt, rv};
    if (attribute.ulValueLen > value.size()) return {std::nullopt, CKR_BUFFER_TOO_SMALL};
    value.resize(attribute.ulValueLen);
    return {std::move(value), CKR_OK};
}

CK_RV attribute_discloses(SessionView session, CK_OBJECT_HANDLE object, CK_ATTRIBUTE_TYPE type) {
    CK_ATTRIBUTE attribute{type, nullptr, 0};
    const CK_RV rv = session.functions->C_GetAttributeValue(session.handle, object, &attribute, 1);
    if (rv != CKR_OK) return rv;
    return attribute.ulValueLen == CK_UNAVAILABLE_INFORMATION ? CKR_ATTRIBUTE_SENSITIVE : CKR_OK;
}

std::optional<unsigned long> number_of(const AttributeReading& reading) {
    if (!reading.value || reading.value->size() != sizeof(unsigned long)) return std::nullopt;
    unsigned long number = 0;
    std::memcpy(&number, reading.value->data(), sizeof(number));
    return number;
}

std::optional<bool> boolean_of(const AttributeReading& reading) {
    if (!reading.value || reading.value->size() != 1) return std::nullopt;
    return reading.value->front() != 0;
}

Result<std::vector<CK_OBJECT_HANDLE>> find_objects(SessionView session, CK_OBJECT_CLASS object_class,
                                                   std::span<const Criterion> criteria, CK_RV* rv) {
    const auto failed = [&](std::string_view function, CK_RV code) {
        if (rv != nullptr) *rv = code;
        return ckr_error(function, code, "the token cannot be searched");
    };
    std::vector<CK_ATTRIBUTE> wanted{{CKA_CLASS, &object_class, sizeof(object_class)}};
    for (const Criterion& criterion : criteria) wanted.push_back(attribute_of(criterion));
    CK_RV code =
        session.functions->C_FindObjectsInit(session.handle, wanted.data(), static_cast<unsigned long>(wanted.size()));
    if (code != CKR_OK) return failed("C_FindObjectsInit", code);
    const SearchEnd end{session};
    std::vector<CK_OBJECT_HANDLE> found;
    std::array<CK_OBJECT_HANDLE, 256> some{};
    for (;;) {
        unsigned long count = 0;
        code = session.functions->C_FindObjects(session.handle, some.data(), some.size(), &count);
        if (code != CKR_OK) return failed("C_FindObjects", code);
        if (count == 0) return found;
        if (count > some.size() || found.size() + count > kMaxObjects)
            return fail(ErrorCode::too_large, "the token holds too many objects");
        found.insert(found.end(), some.begin(), some.begin() + static_cast<std::ptrdiff_t>(count));
    }
}

Result<void> label_is_free(SessionView session, const std::string& label,
                           std::span<const CK_OBJECT_CLASS> object_classes) {
    const std::array criteria{Criterion{CKA_LABEL, view_of(label)}};
    for (const CK_OBJECT_CLASS object_class : object_classes) {
        SEALWRIGHT_TRY(const auto found, find_objects(session, object_class, criteria));
        if (!found.empty())
            return fail(ErrorCode::already_exists, "the token already holds a key with the label " + label);
    }
    return success();
}

Result<crypto::PublicKey> read_public_key(SessionView session, CK_OBJECT_HANDLE object) {
    const auto type = number_of(read_attribute(session, object, CKA_KEY_TYPE));
    if (!type) return fail(ErrorCode::token, "the token does not say of what type a key is");
    const auto object_class = number_of(read_attribute(session, object, CKA_CLASS));
    if (object_class == CKO_PRIVATE_KEY) {
        const auto info = read_attribute(session, object, CKA_PUBLIC_KEY_INFO);
        if (info.value && !info.value->empty()) return crypto::PublicKey::parse(*info.value);
        if (type != CKK_RSA) return fail(ErrorCode::not_found, "the token holds no public half of a private key");
    }
    switch (*type) {
        case CKK_RSA:
            return rsa_key(session, object);
        case CKK_EC:
            return ec_key(session, object);
        case CKK_EC_EDWARDS:
            return edwards_key(session, object);
        case CKK_ML_DSA:
            return ml_dsa_key(session, object);
        default:
            return fail(ErrorCode::unsupported, "a key of another type than RSA, EC, EdDSA or ML-DSA");
    }
}

}  // namespace sealwright::hsm::pkcs11
