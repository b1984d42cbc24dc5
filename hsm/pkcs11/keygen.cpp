#include "hsm/pkcs11/keygen.hpp"

#include <array>
#include <deque>

#include "asn1/der_writer.hpp"
#include "asn1/oid.hpp"
#include "hsm/pkcs11/ckr_error.hpp"

namespace sealwright::hsm::pkcs11 {
namespace {

using crypto::KeyType;

// Template owns the values of the attributes that it lists.
class Template {
public:
    void flag(CK_ATTRIBUTE_TYPE type, std::string_view name, bool value) { add(type, name, one_octet(value), false); }
    void optional_flag(CK_ATTRIBUTE_TYPE type, std::string_view name, bool value) {
        add(type, name, one_octet(value), true);
    }
    void octets(CK_ATTRIBUTE_TYPE type, std::string_view name, ByteView value) {
        add(type, name, bytes_of(value), false);
    }
    void number(CK_ATTRIBUTE_TYPE type, std::string_view name, unsigned long value) {
        octets(type, name, view_of_objects(&value, 1));
    }
    void optional_numbers(CK_ATTRIBUTE_TYPE type, std::string_view name, const std::vector<unsigned long>& values) {
        add(type, name, bytes_of(view_of_objects(values.data(), values.size())), true);
    }

    // attributes points into this template.
    std::vector<CK_ATTRIBUTE> attributes() {
        std::vector<CK_ATTRIBUTE> list;
        for (Row& row : rows_)
            list.push_back({row.type, row.value.data(), static_cast<unsigned long>(row.value.size())});
        return list;
    }
    // drop_optional takes the last optional attribute out and gives its name, or nothing when there is none left.
    std::optional<std::string> drop_optional() {
        for (auto row = rows_.rbegin(); row != rows_.rend(); ++row) {
            if (!row->optional) continue;
            std::string name{row->name};
            rows_.erase(std::next(row).base());
            return name;
        }
        return std::nullopt;
    }

private:
    struct Row {
        CK_ATTRIBUTE_TYPE type;
        std::string_view name;
        Bytes value;
        bool optional;
    };

    static Bytes one_octet(bool value) { return Bytes{static_cast<std::uint8_t>(value ? CK_TRUE : CK_FALSE)}; }
    static ByteView view_of_objects(const unsigned long* values, std::size_t count) {
        return {reinterpret_cast<const std::uint8_t*>(values), count * sizeof(unsigned long)};
    }
    void add(CK_ATTRIBUTE_TYPE type, std::string_view name, Bytes value, bool optional) {
        rows_.push_back(Row{type, name, std::move(value), optional});
    }

    std::deque<Row> rows_;
};

Bytes curve_oid(ByteView content) {
    asn1::DerWriter writer;
    writer.oid(content);
    return writer.take();
}

Result<Bytes> curve_parameters(KeyType type) {
    switch (type) {
        case KeyType::ec_p256:
            return curve_oid(asn1::oid::kPrime256v1);
        case KeyType::ec_p384:
            return curve_oid(asn1::oid::kSecp384r1);
        case KeyType::ec_p521:
            return curve_oid(asn1::oid::kSecp521r1);
        case KeyType::ed25519:
            return curve_oid(asn1::oid::kEd25519);
        default:
            return fail(ErrorCode::unsupported, "keys of this type have no curve");
    }
}

// The older spelling of Ed25519's curve: CKA_EC_PARAMS as a PrintableString (PKCS#11 3.0, 2.3.10).
Bytes ed25519_curve_name() {
    asn1::DerWriter writer;
    writer.primitive(asn1::kPrintableString, view_of("edwards25519"));
    return writer.take();
}

// The order is the order of importance: drop_optional takes from the end.
Result<Template> public_template(const KeySpec& spec, const Bytes& cka_id, const std::optional<Bytes>& curve) {
    Template attributes;
    attributes.flag(CKA_TOKEN, "CKA_TOKEN", true);
    attributes.flag(CKA_PRIVATE, "CKA_PRIVATE", false);
    attributes.flag(CKA_VERIFY, "CKA_VERIFY", true);
    attributes.octets(CKA_LABEL, "CKA_LABEL", view_of(spec.label));
    attributes.octets(CKA_ID, "CKA_ID", cka_id);
    if (spec.type == KeyType::rsa) {
        constexpr std::array<std::uint8_t, 3> kF4{1, 0, 1};
        attributes.number(CKA_MODULUS_BITS, "CKA_MODULUS_BITS", spec.rsa_bits);
        attributes.octets(CKA_PUBLIC_EXPONENT, "CKA_PUBLIC_EXPONENT", kF4);
        attributes.flag(CKA_ENCRYPT, "CKA_ENCRYPT", false);
        attributes.flag(CKA_WRAP, "CKA_WRAP", false);
        attributes.optional_flag(CKA_VERIFY_RECOVER, "CKA_VERIFY_RECOVER", false);
    } else {
        attributes.octets(CKA_EC_PARAMS, "CKA_EC_PARAMS", *curve);
        attributes.optional_flag(CKA_ENCRYPT, "CKA_ENCRYPT", false);
        attributes.optional_flag(CKA_WRAP, "CKA_WRAP", false);
    }
    attributes.optional_flag(CKA_MODIFIABLE, "CKA_MODIFIABLE", false);
    return attributes;
}

Template private_template(const KeySpec& spec, const Bytes& cka_id, const MechanismSet& token) {
    Template attributes;
    attributes.flag(CKA_TOKEN, "CKA_TOKEN", true);
    attributes.flag(CKA_PRIVATE, "CKA_PRIVATE", true);
    attributes.flag(CKA_SENSITIVE, "CKA_SENSITIVE", true);
    attributes.flag(CKA_EXTRACTABLE, "CKA_EXTRACTABLE", false);
    attributes.flag(CKA_SIGN, "CKA_SIGN", true);
    attributes.flag(CKA_DECRYPT, "CKA_DECRYPT", false);
    attributes.flag(CKA_UNWRAP, "CKA_UNWRAP", false);
    attributes.octets(CKA_LABEL, "CKA_LABEL", view_of(spec.label));
    attributes.octets(CKA_ID, "CKA_ID", cka_id);
    attributes.optional_flag(CKA_DERIVE, "CKA_DERIVE", false);
    attributes.optional_flag(CKA_MODIFIABLE, "CKA_MODIFIABLE", false);
    attributes.optional_flag(CKA_SIGN_RECOVER, "CKA_SIGN_RECOVER", false);
    attributes.optional_flag(CKA_ALWAYS_AUTHENTICATE, "CKA_ALWAYS_AUTHENTICATE", false);
    attributes.optional_flag(CKA_COPYABLE, "CKA_COPYABLE", false);
    const auto algorithms =
        spec.algorithms.empty() ? std::vector{crypto::default_algorithm(spec.type)} : spec.algorithms;
    const auto mechanisms = allowed_mechanisms(algorithms, token);
    if (!mechanisms.empty()) attributes.optional_numbers(CKA_ALLOWED_MECHANISMS, "CKA_ALLOWED_MECHANISMS", mechanisms);
    return attributes;
}

// template_refused: the token rejected the template itself, before making anything.
bool template_refused(CK_RV rv) {
    return rv == CKR_ATTRIBUTE_TYPE_INVALID || rv == CKR_ATTRIBUTE_VALUE_INVALID || rv == CKR_ATTRIBUTE_READ_ONLY ||
           rv == CKR_TEMPLATE_INCONSISTENT;
}

bool curve_refused(CK_RV rv) {
    return rv == CKR_CURVE_NOT_SUPPORTED || rv == CKR_DOMAIN_PARAMS_INVALID || rv == CKR_ATTRIBUTE_VALUE_INVALID;
}

// nothing_made looks whether a refused attempt left an object with our CKA_ID, as it must not.
Result<void> nothing_made(SessionView session, const Bytes& cka_id) {
    const std::array criteria{Criterion{CKA_ID, cka_id}};
    for (const CK_OBJECT_CLASS object_class : {CKO_PRIVATE_KEY, CKO_PUBLIC_KEY}) {
        SEALWRIGHT_TRY(const auto found, find_objects(session, object_class, criteria));
        if (!found.empty()) {
            return fail(ErrorCode::token,
                        "the token refused to make a key but left an object behind; look at the token before going on",
                        "CKA_ID " + to_hex(cka_id));
        }
    }
    return success();
}

}  // namespace

Result<GeneratedPair> generate_pair(SessionView session, const KeySpec& spec, const Bytes& cka_id,
                                    const MechanismSet& token) {
    SEALWRIGHT_TRY(const CK_MECHANISM_TYPE type, generation_mechanism(spec.type));
    if (!token.contains(type))
        return fail(ErrorCode::unsupported, "the token does not make keys of this type",
                    mechanism_name(type) + " is not in its list");
    std::optional<Bytes> curve;
    if (spec.type != KeyType::rsa) {
        SEALWRIGHT_TRY(curve, curve_parameters(spec.type));
    }
    SEALWRIGHT_TRY(auto of_public, public_template(spec, cka_id, curve));
    Template of_private = private_template(spec, cka_id, token);
    bool other_spelling_left = spec.type == KeyType::ed25519;
    GeneratedPair pair;
    for (;;) {
        CK_MECHANISM mechanism{type, nullptr, 0};
        auto public_attributes = of_public.attributes();
        auto private_attributes = of_private.attributes();
        const CK_RV rv = session.functions->C_GenerateKeyPair(
            session.handle, &mechanism, public_attributes.data(), static_cast<unsigned long>(public_attributes.size()),
            private_attributes.data(), static_cast<unsigned long>(private_attributes.size()), &pair.public_key,
            &pair.private_key);
        if (rv == CKR_OK) return pair;
        const Error refused = ckr_error("C_GenerateKeyPair", rv, "the token did not make the key");
        if (curve_refused(rv) && other_spelling_left) {
            other_spelling_left = false;
            SEALWRIGHT_TRY(of_public, public_template(spec, cka_id, ed25519_curve_name()));
        } else if (template_refused(rv)) {
            auto dropped = of_private.drop_optional();
            if (dropped) {
                pair.dropped_attributes.push_back("private " + *dropped);
            } else if ((dropped = of_public.drop_optional())) {
                pair.dropped_attributes.push_back("public " + *dropped);
            } else {
                return refused;
            }
        } else {
            return refused;
        }
        SEALWRIGHT_TRY(nothing_made(session, cka_id));
    }
}

}  // namespace sealwright::hsm::pkcs11
