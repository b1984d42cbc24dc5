// faulty_module: a PKCS#11 module that forwards every call to a real module, counts the signatures that were made,
// durably and before anyone learns of them, and answers CKR codes on demand.
//
//   SEALWRIGHT_FAULTY_MODULE   path of the real module
//   SEALWRIGHT_FAULTY_COUNT    file that gets one line "pid data" for each C_Sign by which the real module gave a signature; data is
//                              what was signed in hexadecimal where that is a digest (at most 64 octets), else "-", as it is for C_SignFinal
//   SEALWRIGHT_FAULTY_SCRIPT   faults to inject (fault_script.hpp)
#include <dlfcn.h>
#include <fcntl.h>
#include <p11-kit/pkcs11.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <thread>

#include "fault_script.hpp"

namespace {

constexpr unsigned long kLongestDigest = 64;

CK_FUNCTION_LIST* real = nullptr;
faulty::Script script;

// count_signature appends one record by one write to a file opened for appending: whole or not at all, whatever ends
// the process next.
void count_signature(const unsigned char* data, unsigned long data_len) {
    static const char* path = std::getenv("SEALWRIGHT_FAULTY_COUNT");
    if (path == nullptr) return;
    static const int file = ::open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
    std::string record = std::to_string(::getpid()) + ' ';
    if (data == nullptr || data_len > kLongestDigest) record += '-';
    for (unsigned long i = 0; data != nullptr && data_len <= kLongestDigest && i < data_len; ++i) {
        record += "0123456789abcdef"[data[i] >> 4];
        record += "0123456789abcdef"[data[i] & 15];
    }
    record += '\n';
    if (file < 0 || ::write(file, record.data(), record.size()) != static_cast<ssize_t>(record.size())) std::abort();
}

template <class Call>
CK_RV judged(const char* function, Call&& call) {
    const faulty::Verdict verdict = script.judge(function);
    if (verdict.delay_ms > 0) std::this_thread::sleep_for(std::chrono::milliseconds{verdict.delay_ms});
    if (verdict.code && !verdict.call) return *verdict.code;
    const CK_RV rv = call();
    return verdict.code ? *verdict.code : rv;
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
        return judged(Function.text, [&] { return (real->*Member)(arguments...); });
    }
};

CK_RV counted_sign(CK_SESSION_HANDLE session, unsigned char* data, unsigned long data_len, unsigned char* signature,
                   unsigned long* signature_len) {
    return judged("C_Sign", [&] {
        const CK_RV rv = real->C_Sign(session, data, data_len, signature, signature_len);
        if (rv == CKR_OK && signature != nullptr) count_signature(data, data_len);
        return rv;
    });
}

CK_RV counted_sign_final(CK_SESSION_HANDLE session, unsigned char* signature, unsigned long* signature_len) {
    return judged("C_SignFinal", [&] {
        const CK_RV rv = real->C_SignFinal(session, signature, signature_len);
        if (rv == CKR_OK && signature != nullptr) count_signature(nullptr, 0);
        return rv;
    });
}

CK_RV get_function_list(CK_FUNCTION_LIST** list);

#define FORWARD(name)                            \
    static constexpr Name name_of_##name{#name}; \
    list.name = &Forward<&CK_FUNCTION_LIST::name, name_of_##name>::call

CK_FUNCTION_LIST make_list() {
    CK_FUNCTION_LIST list = *real;
    FORWARD(C_Initialize);
    FORWARD(C_Finalize);
    FORWARD(C_GetInfo);
    FORWARD(C_GetSlotList);
    FORWARD(C_GetSlotInfo);
    FORWARD(C_GetTokenInfo);
    FORWARD(C_GetMechanismList);
    FORWARD(C_OpenSession);
    FORWARD(C_CloseSession);
    FORWARD(C_CloseAllSessions);
    FORWARD(C_GetSessionInfo);
    FORWARD(C_Login);
    FORWARD(C_Logout);
    FORWARD(C_DestroyObject);
    FORWARD(C_GetAttributeValue);
    FORWARD(C_FindObjectsInit);
    FORWARD(C_FindObjects);
    FORWARD(C_FindObjectsFinal);
    FORWARD(C_SignInit);
    FORWARD(C_SignUpdate);
    FORWARD(C_GenerateKeyPair);
    FORWARD(C_GenerateRandom);
    list.C_Sign = &counted_sign;
    list.C_SignFinal = &counted_sign_final;
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
