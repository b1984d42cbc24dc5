#include "hsm/pkcs11/evidence.hpp"

#include <array>
#include <cstring>

#include "hsm/pkcs11/ckr_error.hpp"
#include "hsm/pkcs11/mechanism.hpp"

namespace sealwright::hsm::pkcs11 {
namespace {

enum class Form { boolean, number, object_class, key_type, mechanism, mechanisms, text, octets, secret };

struct AttributeRow {
    CK_ATTRIBUTE_TYPE type;
    std::string_view name;
    Form form;
};

#define ATTRIBUTE(name, form) \
    AttributeRow { name, #name, Form::form }
constexpr std::array kCommon{
    ATTRIBUTE(CKA_CLASS, object_class),
    ATTRIBUTE(CKA_KEY_TYPE, key_type),
    ATTRIBUTE(CKA_TOKEN, boolean),
    ATTRIBUTE(CKA_PRIVATE, boolean),
    ATTRIBUTE(CKA_LABEL, text),
    ATTRIBUTE(CKA_ID, octets),
    ATTRIBUTE(CKA_LOCAL, boolean),
    ATTRIBUTE(CKA_KEY_GEN_MECHANISM, mechanism),
    ATTRIBUTE(CKA_MODIFIABLE, boolean),
    ATTRIBUTE(CKA_COPYABLE, boolean),
    ATTRIBUTE(CKA_DESTROYABLE, boolean),
    ATTRIBUTE(CKA_DERIVE, boolean),
    ATTRIBUTE(CKA_START_DATE, octets),
    ATTRIBUTE(CKA_END_DATE, octets),
    ATTRIBUTE(CKA_UNIQUE_ID, text),
    ATTRIBUTE(CKA_PUBLIC_KEY_INFO, octets),
    ATTRIBUTE(CKA_EC_PARAMS, octets),
    ATTRIBUTE(CKA_MODULUS, octets),
    ATTRIBUTE(CKA_PUBLIC_EXPONENT, octets),
    ATTRIBUTE(CKA_PARAMETER_SET, number),
    ATTRIBUTE(CKA_OBJECT_VALIDATION_FLAGS, number),
};
// The secret ones are asked for their length alone: a token that would give them away is to be caught, not its secret
// read.
constexpr std::array kOfPrivate{
    ATTRIBUTE(CKA_SENSITIVE, boolean),
    ATTRIBUTE(CKA_ALWAYS_SENSITIVE, boolean),
    ATTRIBUTE(CKA_EXTRACTABLE, boolean),
    ATTRIBUTE(CKA_NEVER_EXTRACTABLE, boolean),
    ATTRIBUTE(CKA_SIGN, boolean),
    ATTRIBUTE(CKA_SIGN_RECOVER, boolean),
    ATTRIBUTE(CKA_DECRYPT, boolean),
    ATTRIBUTE(CKA_UNWRAP, boolean),
    ATTRIBUTE(CKA_ALWAYS_AUTHENTICATE, boolean),
    ATTRIBUTE(CKA_WRAP_WITH_TRUSTED, boolean),
    ATTRIBUTE(CKA_ALLOWED_MECHANISMS, mechanisms),
    ATTRIBUTE(CKA_VALUE, secret),
    ATTRIBUTE(CKA_PRIVATE_EXPONENT, secret),
};
constexpr std::array kOfPublic{
    ATTRIBUTE(CKA_VERIFY, boolean),      ATTRIBUTE(CKA_VERIFY_RECOVER, boolean), ATTRIBUTE(CKA_ENCRYPT, boolean),
    ATTRIBUTE(CKA_WRAP, boolean),        ATTRIBUTE(CKA_TRUSTED, boolean),        ATTRIBUTE(CKA_EC_POINT, octets),
    ATTRIBUTE(CKA_MODULUS_BITS, number),
};
#undef ATTRIBUTE

std::string class_name(unsigned long value) {
    if (value == CKO_PRIVATE_KEY) return "CKO_PRIVATE_KEY";
    if (value == CKO_PUBLIC_KEY) return "CKO_PUBLIC_KEY";
    return std::to_string(value);
}

std::string key_type_text(unsigned long value) {
    if (value == CKK_RSA) return "CKK_RSA";
    if (value == CKK_EC) return "CKK_EC";
    if (value == CKK_EC_EDWARDS) return "CKK_EC_EDWARDS";
    if (value == CKK_ML_DSA) return "CKK_ML_DSA";
    return std::to_string(value);
}

std::string mechanisms_text(const Bytes& value) {
    std::string text;
    for (std::size_t at = 0; at + sizeof(unsigned long) <= value.size(); at += sizeof(unsigned long)) {
        unsigned long mechanism = 0;
        std::memcpy(&mechanism, value.data() + at, sizeof(mechanism));
        if (!text.empty()) text += ' ';
        text += mechanism_name(mechanism);
    }
    return text;
}

// is_plain: printable ASCII may stand in evidence as it is; everything else becomes hexadecimal.
bool is_plain(const Bytes& value) {
    return std::all_of(value.begin(), value.end(), [](std::uint8_t octet) { return octet >= 0x20 && octet < 0x7f; });
}

std::string shown(const AttributeReading& reading, Form form) {
    const Bytes& value = *reading.value;
    switch (form) {
        case Form::boolean:
            if (const auto flag = boolean_of(reading)) return *flag ? "true" : "false";
            break;
        case Form::number:
            if (const auto number = number_of(reading)) return std::to_string(*number);
            break;
        case Form::object_class:
            if (const auto number = number_of(reading)) return class_name(*number);
            break;
        case Form::key_type:
            if (const auto number = number_of(reading)) return key_type_text(*number);
            break;
        case Form::mechanism:
            if (const auto number = number_of(reading)) return mechanism_name(*number);
            break;
        case Form::mechanisms:
            return mechanisms_text(value);
        case Form::text:
            if (is_plain(value)) return std::string{text_of(value)};
            break;
        case Form::octets:
        case Form::secret:
            break;
    }
    return "0x" + to_hex(value);
}

EvidenceItem read_secret_item(SessionView session, CK_OBJECT_HANDLE object, const AttributeRow& row,
                              EvidenceItem item) {
    const CK_RV rv = attribute_discloses(session, object, row.type);
    if (rv == CKR_OK) {
        item.value = "disclosed";
    } else {
        item.why_absent = ckr_name(rv);
    }
    return item;
}

EvidenceItem read_item(SessionView session, CK_OBJECT_HANDLE object, std::string_view object_name,
                       const AttributeRow& row) {
    EvidenceItem item{std::string{object_name}, std::string{row.name}, std::nullopt, {}};
    if (row.form == Form::secret) return read_secret_item(session, object, row, std::move(item));
    const AttributeReading reading = read_attribute(session, object, row.type);
    if (!reading.value) {
        item.why_absent = ckr_name(reading.rv);
    } else if (reading.value->empty() && row.form != Form::text) {
        // An empty value is what several modules give for an attribute that they do not keep; it says nothing.
        item.why_absent = "empty";
    } else {
        item.value = shown(reading, row.form);
    }
    return item;
}

}  // namespace

std::vector<EvidenceItem> read_evidence_items(SessionView session, CK_OBJECT_HANDLE private_key,
                                              CK_OBJECT_HANDLE public_key) {
    std::vector<EvidenceItem> items;
    for (const AttributeRow& row : kCommon) items.push_back(read_item(session, private_key, "private", row));
    for (const AttributeRow& row : kOfPrivate) items.push_back(read_item(session, private_key, "private", row));
    if (public_key == CK_INVALID_HANDLE) return items;
    for (const AttributeRow& row : kCommon) items.push_back(read_item(session, public_key, "public", row));
    for (const AttributeRow& row : kOfPublic) items.push_back(read_item(session, public_key, "public", row));
    return items;
}

}  // namespace sealwright::hsm::pkcs11
