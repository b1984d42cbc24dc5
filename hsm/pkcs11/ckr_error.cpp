#include "hsm/pkcs11/ckr_error.hpp"

#include <array>
#include <cstdio>

#include "hsm/pkcs11/cryptoki.hpp"

namespace sealwright::hsm::pkcs11 {
namespace {

// What a code says, apart from its name.
enum Meaning : unsigned { kNothing = 0, kLost = 1, kNotSigned = 2, kPinSpent = 4 };

struct CodeRow {
    unsigned long code;
    std::string_view name;
    ErrorCode error;
    unsigned meaning;
};

#define ROW(name, error, meaning) \
    CodeRow { name, #name, ErrorCode::error, meaning }
#define ROW_VALUE(value, name, error, meaning) \
    CodeRow { value, #name, ErrorCode::error, meaning }

// Codes of PKCS#11 2.40 and 3.0 to 3.2. kNotSigned stands only where the standard's definition excludes that the
// operation was performed: CKR_TOKEN_NOT_PRESENT is "at the time that the function was invoked", CKR_DEVICE_REMOVED and
// CKR_SESSION_CLOSED "during the execution".
constexpr std::array kRows{
    ROW(CKR_CANCEL, token, kNothing),
    ROW(CKR_HOST_MEMORY, token, kNothing),
    ROW(CKR_SLOT_ID_INVALID, unavailable, kLost | kNotSigned),
    ROW(CKR_GENERAL_ERROR, token, kNothing),
    ROW(CKR_FUNCTION_FAILED, token, kNothing),
    ROW(CKR_ARGUMENTS_BAD, token, kNotSigned),
    ROW(CKR_NO_EVENT, token, kNothing),
    ROW(CKR_NEED_TO_CREATE_THREADS, token, kNothing),
    ROW(CKR_CANT_LOCK, token, kNothing),
    ROW(CKR_ATTRIBUTE_READ_ONLY, token, kNotSigned),
    ROW(CKR_ATTRIBUTE_SENSITIVE, token, kNotSigned),
    ROW(CKR_ATTRIBUTE_TYPE_INVALID, token, kNotSigned),
    ROW(CKR_ATTRIBUTE_VALUE_INVALID, token, kNotSigned),
    ROW(CKR_ACTION_PROHIBITED, token, kNotSigned),
    ROW(CKR_DATA_INVALID, token, kNotSigned),
    ROW(CKR_DATA_LEN_RANGE, token, kNotSigned),
    ROW(CKR_DEVICE_ERROR, unavailable, kLost),
    ROW(CKR_DEVICE_MEMORY, token, kNothing),
    ROW(CKR_DEVICE_REMOVED, unavailable, kLost),
    ROW(CKR_ENCRYPTED_DATA_INVALID, token, kNotSigned),
    ROW(CKR_ENCRYPTED_DATA_LEN_RANGE, token, kNotSigned),
    ROW_VALUE(0x42UL, CKR_AEAD_DECRYPT_FAILED, token, kNotSigned),
    ROW(CKR_FUNCTION_CANCELED, token, kNothing),
    ROW(CKR_FUNCTION_NOT_PARALLEL, token, kNothing),
    ROW(CKR_FUNCTION_NOT_SUPPORTED, unsupported, kNotSigned),
    ROW(CKR_KEY_HANDLE_INVALID, unavailable, kLost | kNotSigned),
    ROW(CKR_KEY_SIZE_RANGE, token, kNotSigned),
    ROW(CKR_KEY_TYPE_INCONSISTENT, token, kNotSigned),
    ROW(CKR_KEY_NOT_NEEDED, token, kNotSigned),
    ROW(CKR_KEY_CHANGED, token, kNothing),
    ROW(CKR_KEY_NEEDED, token, kNotSigned),
    ROW(CKR_KEY_INDIGESTIBLE, token, kNotSigned),
    ROW(CKR_KEY_FUNCTION_NOT_PERMITTED, denied, kNotSigned),
    ROW(CKR_KEY_NOT_WRAPPABLE, token, kNotSigned),
    ROW(CKR_KEY_UNEXTRACTABLE, token, kNotSigned),
    ROW(CKR_MECHANISM_INVALID, unsupported, kNotSigned),
    ROW(CKR_MECHANISM_PARAM_INVALID, unsupported, kNotSigned),
    ROW(CKR_OBJECT_HANDLE_INVALID, unavailable, kLost | kNotSigned),
    ROW(CKR_OPERATION_ACTIVE, token, kNotSigned),
    ROW(CKR_OPERATION_NOT_INITIALIZED, token, kNotSigned),
    ROW(CKR_PIN_INCORRECT, denied, kPinSpent),
    ROW(CKR_PIN_INVALID, denied, kPinSpent),
    ROW(CKR_PIN_LEN_RANGE, denied, kPinSpent),
    ROW(CKR_PIN_EXPIRED, denied, kPinSpent | kNotSigned),
    ROW(CKR_PIN_LOCKED, denied, kPinSpent),
    ROW(CKR_SESSION_CLOSED, unavailable, kLost),
    ROW(CKR_SESSION_COUNT, overloaded, kNotSigned),
    ROW(CKR_SESSION_HANDLE_INVALID, unavailable, kLost | kNotSigned),
    ROW(CKR_SESSION_PARALLEL_NOT_SUPPORTED, token, kNotSigned),
    ROW(CKR_SESSION_READ_ONLY, token, kNotSigned),
    ROW(CKR_SESSION_EXISTS, token, kNotSigned),
    ROW(CKR_SESSION_READ_ONLY_EXISTS, token, kNotSigned),
    ROW(CKR_SESSION_READ_WRITE_SO_EXISTS, token, kNotSigned),
    ROW(CKR_SIGNATURE_INVALID, token, kNotSigned),
    ROW(CKR_SIGNATURE_LEN_RANGE, token, kNotSigned),
    ROW(CKR_TEMPLATE_INCOMPLETE, token, kNotSigned),
    ROW(CKR_TEMPLATE_INCONSISTENT, token, kNotSigned),
    ROW(CKR_TOKEN_NOT_PRESENT, unavailable, kLost | kNotSigned),
    ROW(CKR_TOKEN_NOT_RECOGNIZED, unavailable, kNotSigned),
    ROW(CKR_TOKEN_WRITE_PROTECTED, token, kNotSigned),
    ROW(CKR_UNWRAPPING_KEY_HANDLE_INVALID, token, kNotSigned),
    ROW(CKR_UNWRAPPING_KEY_SIZE_RANGE, token, kNotSigned),
    ROW(CKR_UNWRAPPING_KEY_TYPE_INCONSISTENT, token, kNotSigned),
    ROW(CKR_USER_ALREADY_LOGGED_IN, conflict, kNotSigned),
    ROW(CKR_USER_NOT_LOGGED_IN, unavailable, kLost | kNotSigned),
    ROW(CKR_USER_PIN_NOT_INITIALIZED, denied, kNotSigned),
    ROW(CKR_USER_TYPE_INVALID, token, kNotSigned),
    ROW(CKR_USER_ANOTHER_ALREADY_LOGGED_IN, conflict, kNotSigned),
    ROW(CKR_USER_TOO_MANY_TYPES, conflict, kNotSigned),
    ROW(CKR_WRAPPED_KEY_INVALID, token, kNotSigned),
    ROW(CKR_WRAPPED_KEY_LEN_RANGE, token, kNotSigned),
    ROW(CKR_WRAPPING_KEY_HANDLE_INVALID, token, kNotSigned),
    ROW(CKR_WRAPPING_KEY_SIZE_RANGE, token, kNotSigned),
    ROW(CKR_WRAPPING_KEY_TYPE_INCONSISTENT, token, kNotSigned),
    ROW(CKR_RANDOM_SEED_NOT_SUPPORTED, unsupported, kNotSigned),
    ROW(CKR_RANDOM_NO_RNG, unsupported, kNotSigned),
    ROW(CKR_DOMAIN_PARAMS_INVALID, unsupported, kNotSigned),
    ROW(CKR_CURVE_NOT_SUPPORTED, unsupported, kNotSigned),
    ROW(CKR_BUFFER_TOO_SMALL, token, kNotSigned),
    ROW(CKR_SAVED_STATE_INVALID, token, kNotSigned),
    ROW(CKR_INFORMATION_SENSITIVE, token, kNotSigned),
    ROW(CKR_STATE_UNSAVEABLE, token, kNotSigned),
    ROW(CKR_CRYPTOKI_NOT_INITIALIZED, unavailable, kLost | kNotSigned),
    ROW(CKR_CRYPTOKI_ALREADY_INITIALIZED, token, kNotSigned),
    ROW(CKR_MUTEX_BAD, token, kNothing),
    ROW(CKR_MUTEX_NOT_LOCKED, token, kNothing),
    ROW(CKR_NEW_PIN_MODE, denied, kPinSpent),
    ROW(CKR_NEXT_OTP, denied, kPinSpent),
    ROW(CKR_EXCEEDED_MAX_ITERATIONS, token, kNotSigned),
    ROW(CKR_FIPS_SELF_TEST_FAILED, token, kNotSigned),
    ROW(CKR_LIBRARY_LOAD_FAILED, token, kNotSigned),
    ROW(CKR_PIN_TOO_WEAK, denied, kPinSpent),
    ROW(CKR_PUBLIC_KEY_INVALID, token, kNotSigned),
    ROW(CKR_FUNCTION_REJECTED, denied, kNotSigned),
    ROW_VALUE(0x201UL, CKR_TOKEN_RESOURCE_EXCEEDED, overloaded, kNothing),
    ROW_VALUE(0x202UL, CKR_OPERATION_CANCEL_FAILED, token, kNothing),
    ROW_VALUE(0x203UL, CKR_KEY_EXHAUSTED, denied, kNotSigned),
    ROW_VALUE(0x204UL, CKR_PENDING, token, kNothing),
    ROW_VALUE(0x205UL, CKR_SESSION_ASYNC_NOT_SUPPORTED, token, kNotSigned),
    ROW_VALUE(0x206UL, CKR_SEED_RANDOM_REQUIRED, token, kNotSigned),
    ROW_VALUE(0x207UL, CKR_OPERATION_NOT_VALIDATED, denied, kNotSigned),
    ROW_VALUE(0x208UL, CKR_TOKEN_NOT_INITIALIZED, unavailable, kNotSigned),
    ROW_VALUE(0x209UL, CKR_PARAMETER_SET_NOT_SUPPORTED, unsupported, kNotSigned),
};

#undef ROW
#undef ROW_VALUE

const CodeRow* find_row(unsigned long code) noexcept {
    for (const CodeRow& row : kRows) {
        if (row.code == code) return &row;
    }
    return nullptr;
}

bool means(unsigned long code, Meaning meaning) noexcept {
    const CodeRow* row = find_row(code);
    return row != nullptr && (row->meaning & meaning) != 0;
}

}  // namespace

std::string ckr_name(unsigned long code) {
    if (code == CKR_OK) return "CKR_OK";
    if (const CodeRow* row = find_row(code)) return std::string{row->name};
    std::array<char, 32> text{};
    const int length = std::snprintf(text.data(), text.size(), "CKR_0x%lx", code);
    return std::string(text.data(), static_cast<std::size_t>(length));
}

Error ckr_error(std::string_view function, unsigned long code, std::string_view what) {
    const CodeRow* row = find_row(code);
    return fail(row == nullptr ? ErrorCode::token : row->error, std::string{what},
                std::string{function} + " answered " + ckr_name(code));
}

bool handles_lost(unsigned long code) noexcept { return means(code, kLost); }
bool surely_not_signed(unsigned long code) noexcept { return means(code, kNotSigned); }
bool pin_attempt_spent(unsigned long code) noexcept { return means(code, kPinSpent); }

}  // namespace sealwright::hsm::pkcs11
