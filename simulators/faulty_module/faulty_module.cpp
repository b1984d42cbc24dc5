// faulty_module: a PKCS#11 module that forwards every call to a real module, counts the signatures that were made,
// durably and before anyone learns of them, and answers CKR codes on demand.
//
//   SEALWRIGHT_FAULTY_MODULE   path of the real module
//   SEALWRIGHT_FAULTY_COUNT    file that gets one line "pid data" for each C_Sign by which the real module gave a
//   signature; data is
//                              what was signed in hexadecimal where that is a digest (at most 64 octets), else "-", as
//                              it is for C_SignFinal
//   SEALWRIGHT_FAULTY_LOGINS   file that gets one line "pid type" for each C_Login that reaches the real module
//   SEALWRIGHT_FAULTY_SCRIPT   faults to inject (fault_script.hpp)
#include <dlfcn.h>
#include <fcntl.h>
#include <p11-kit/pkcs11.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <mutex>
#include <optional>
#include <set>
#include <string>

#include "effects.hpp"

namespace {

constexpr unsigned long kLongestDigest = 64;

CK_FUNCTION_LIST* real = nullptr;
faulty::Script script;

// append appends one record by one write to a file opened for appending: whole or not at all, whatever ends the process
// next.
void append(int file, const std::string& record) {
    if (file < 0 || ::write(file, record.data(), record.size()) != static_cast<ssize_t>(record.size())) std::abort();
}

int open_to_append(const char* path) { return ::open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600); }

void count_signature(const unsigned char* data, unsigned long data_len) {
    static const char* path = std::getenv("SEALWRIGHT_FAULTY_COUNT");
    if (path == nullptr) return;
    static const int file = open_to_append(path);
    std::string record = std::to_string(::getpid()) + ' ';
    if (data == nullptr || data_len > kLongestDigest) record += '-';
    for (unsigned long i = 0; data != nullptr && data_len <= kLongestDigest && i < data_len; ++i) {
        record += "0123456789abcdef"[data[i] >> 4];
        record += "0123456789abcdef"[data[i] & 15];
    }
    append(file, record + '\n');
}

void count_login(CK_USER_TYPE user) {
    static const char* path = std::getenv("SEALWRIGHT_FAULTY_LOGINS");
    if (path == nullptr) return;
    static const int file = open_to_append(path);
    append(file, std::to_string(::getpid()) + ' ' + std::to_string(user) + '\n');
}

// judged is one call as the script wants it. The real function is called with the verdict, for what alters arguments or
// answers.
template <class Call>
CK_RV judged(const char* function, Call&& call) {
    const faulty::Verdict verdict = script.judge(function);
    if (verdict.empty()) return call(verdict);
    const faulty::Passage passage{verdict};
    faulty::wait_for(verdict);
    if (passage.overlaps()) return CKR_OPERATION_NOT_INITIALIZED;
    faulty::end_now(verdict, false);
    std::optional<CK_RV> hidden;
    for (const auto& action : verdict) {
        if (!action.code) continue;
        if (!action.call) return *action.code;
        hidden = action.code;
    }
    const CK_RV rv = call(verdict);
    faulty::end_now(verdict, true);
    return hidden.value_or(rv);
}

// Forward<&CK_FUNCTION_LIST::C_X>::with<Name> is a function of C_X's own type that asks the script and then calls the
// real one.
struct Name {
    const char* text;
};

template <auto Member, const Name& Function>
struct Forward;

template <class... Arguments, CK_RV (*CK_FUNCTION_LIST::*Member)(Arguments...), const Name& Function>
struct Forward<Member, Function> {
    static CK_RV call(Arguments... arguments) {
        return judged(Function.text, [&](const faulty::Verdict&) { return (real->*Member)(arguments...); });
    }
};

CK_RV counted_sign(CK_SESSION_HANDLE session, unsigned char* data, unsigned long data_len, unsigned char* signature,
                   unsigned long* signature_len) {
    return judged("C_Sign", [&](const faulty::Verdict& verdict) {
        const CK_RV rv = real->C_Sign(session, data, data_len, signature, signature_len);
        if (rv != CKR_OK || signature == nullptr) return rv;
        count_signature(data, data_len);
        faulty::spoil_signature(verdict, signature, *signature_len);
        return rv;
    });
}

CK_RV counted_sign_final(CK_SESSION_HANDLE session, unsigned char* signature, unsigned long* signature_len) {
    return judged("C_SignFinal", [&](const faulty::Verdict& verdict) {
        const CK_RV rv = real->C_SignFinal(session, signature, signature_len);
        if (rv != CKR_OK || signature == nullptr) return rv;
        count_signature(nullptr, 0);
        faulty::spoil_signature(verdict, signature, *signature_len);
        return rv;
    });
}

CK_RV counted_login(CK_SESSION_HANDLE session, CK_USER_TYPE user, unsigned char* pin, unsigned long pin_len) {
    return judged("C_Login", [&](const faulty::Verdict&) {
        count_login(user);
        return real->C_Login(session, user, pin, pin_len);
    });
}

CK_RV get_attribute_value(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object, CK_ATTRIBUTE* attributes,
                          unsigned long count) {
    return judged("C_GetAttributeValue", [&](const faulty::Verdict& verdict) {
        const CK_RV rv = real->C_GetAttributeValue(session, object, attributes, count);
        return faulty::lie_about(verdict, *real, session, object, attributes, count, rv);
    });
}

// limited_open counts sessions itself where a line limits them.
std::mutex sessions_mutex;
std::set<CK_SESSION_HANDLE> sessions;

CK_RV limited_open(CK_SLOT_ID slot, CK_FLAGS flags, void* application, CK_NOTIFY notify, CK_SESSION_HANDLE* session) {
    return judged("C_OpenSession", [&](const faulty::Verdict& verdict) -> CK_RV {
        const std::scoped_lock lock{sessions_mutex};
        for (const auto& action : verdict) {
            if (action.limit && sessions.size() >= *action.limit) return CKR_SESSION_COUNT;
            if (action.read_only && (flags & CKF_RW_SESSION) == 0) return *action.read_only;
        }
        const CK_RV rv = real->C_OpenSession(slot, flags, application, notify, session);
        if (rv == CKR_OK) sessions.insert(*session);
        return rv;
    });
}

CK_RV close_session(CK_SESSION_HANDLE session) {
    return judged("C_CloseSession", [&](const faulty::Verdict&) {
        const std::scoped_lock lock{sessions_mutex};
        sessions.erase(session);
        return real->C_CloseSession(session);
    });
}

// Of one slot, strictly; a test has one.
CK_RV close_all_sessions(CK_SLOT_ID slot) {
    return judged("C_CloseAllSessions", [&](const faulty::Verdict&) {
        const std::scoped_lock lock{sessions_mutex};
        sessions.clear();
        return real->C_CloseAllSessions(slot);
    });
}

CK_RV finalize(void* reserved) {
    return judged("C_Finalize", [&](const faulty::Verdict&) {
        const std::scoped_lock lock{sessions_mutex};
        sessions.clear();
        return real->C_Finalize(reserved);
    });
}

CK_RV generate_key_pair(CK_SESSION_HANDLE session, CK_MECHANISM* mechanism, CK_ATTRIBUTE* of_public,
                        unsigned long public_count, CK_ATTRIBUTE* of_private, unsigned long private_count,
                        CK_OBJECT_HANDLE* public_key, CK_OBJECT_HANDLE* private_key) {
    return judged("C_GenerateKeyPair", [&](const faulty::Verdict& verdict) {
        faulty::DisobeyedTemplate seen_public{verdict, of_public, public_count};
        faulty::DisobeyedTemplate seen_private{verdict, of_private, private_count};
        return real->C_GenerateKeyPair(session, mechanism, seen_public.data(), seen_public.size(), seen_private.data(),
                                       seen_private.size(), public_key, private_key);
    });
}

CK_RV generate_key(CK_SESSION_HANDLE session, CK_MECHANISM* mechanism, CK_ATTRIBUTE* attributes, unsigned long count,
                   CK_OBJECT_HANDLE* key) {
    return judged("C_GenerateKey", [&](const faulty::Verdict& verdict) {
        faulty::DisobeyedTemplate seen{verdict, attributes, count};
        return real->C_GenerateKey(session, mechanism, seen.data(), seen.size(), key);
    });
}

CK_RV unwrap_key(CK_SESSION_HANDLE session, CK_MECHANISM* mechanism, CK_OBJECT_HANDLE unwrapping_key,
                 unsigned char* wrapped, unsigned long wrapped_len, CK_ATTRIBUTE* attributes, unsigned long count,
                 CK_OBJECT_HANDLE* key) {
    return judged("C_UnwrapKey", [&](const faulty::Verdict& verdict) {
        faulty::DisobeyedTemplate seen{verdict, attributes, count};
        return real->C_UnwrapKey(session, mechanism, unwrapping_key, wrapped, wrapped_len, seen.data(), seen.size(),
                                 key);
    });
}

CK_RV create_object(CK_SESSION_HANDLE session, CK_ATTRIBUTE* attributes, unsigned long count,
                    CK_OBJECT_HANDLE* object) {
    return judged("C_CreateObject", [&](const faulty::Verdict& verdict) {
        faulty::DisobeyedTemplate seen{verdict, attributes, count};
        return real->C_CreateObject(session, seen.data(), seen.size(), object);
    });
}

CK_RV copy_object(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object, CK_ATTRIBUTE* attributes, unsigned long count,
                  CK_OBJECT_HANDLE* copy) {
    return judged("C_CopyObject", [&](const faulty::Verdict& verdict) {
        faulty::DisobeyedTemplate seen{verdict, attributes, count};
        return real->C_CopyObject(session, object, seen.data(), seen.size(), copy);
    });
}

CK_RV set_attribute_value(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object, CK_ATTRIBUTE* attributes,
                          unsigned long count) {
    return judged("C_SetAttributeValue", [&](const faulty::Verdict& verdict) {
        faulty::DisobeyedTemplate seen{verdict, attributes, count};
        return real->C_SetAttributeValue(session, object, seen.data(), seen.size());
    });
}

CK_RV get_function_list(CK_FUNCTION_LIST** list);

CK_FUNCTION_LIST make_list() {
    CK_FUNCTION_LIST list = *real;
#define FUNCTION(name)                           \
    static constexpr Name name_of_##name{#name}; \
    list.name = &Forward<&CK_FUNCTION_LIST::name, name_of_##name>::call;
#include "functions.inc"
#undef FUNCTION
    list.C_Finalize = &finalize;
    list.C_OpenSession = &limited_open;
    list.C_CloseSession = &close_session;
    list.C_CloseAllSessions = &close_all_sessions;
    list.C_CreateObject = &create_object;
    list.C_CopyObject = &copy_object;
    list.C_GetAttributeValue = &get_attribute_value;
    list.C_Login = &counted_login;
    list.C_SetAttributeValue = &set_attribute_value;
    list.C_Sign = &counted_sign;
    list.C_SignFinal = &counted_sign_final;
    list.C_GenerateKey = &generate_key;
    list.C_GenerateKeyPair = &generate_key_pair;
    list.C_UnwrapKey = &unwrap_key;
    list.C_GetFunctionList = &get_function_list;
    return list;
}

CK_FUNCTION_LIST* load_real() {
    const char* path = std::getenv("SEALWRIGHT_FAULTY_MODULE");
    void* library = path == nullptr ? nullptr : ::dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (library == nullptr) {
        std::fprintf(stderr, "faulty_module: SEALWRIGHT_FAULTY_MODULE names no module that can be loaded\n");
        return nullptr;
    }
    using GetFunctionList = CK_RV (*)(CK_FUNCTION_LIST**);
    const auto get = reinterpret_cast<GetFunctionList>(::dlsym(library, "C_GetFunctionList"));
    CK_FUNCTION_LIST* list = nullptr;
    return get != nullptr && get(&list) == CKR_OK ? list : nullptr;
}

CK_RV get_function_list(CK_FUNCTION_LIST** list) {
    static CK_FUNCTION_LIST* const loaded = load_real();
    if (loaded == nullptr || list == nullptr) return CKR_GENERAL_ERROR;
    real = loaded;
    static CK_FUNCTION_LIST faulty_list = make_list();
    *list = &faulty_list;
    return CKR_OK;
}

}  // namespace

extern "C" __attribute__((visibility("default"))) CK_RV C_GetFunctionList(CK_FUNCTION_LIST** list) {
    return get_function_list(list);
}
