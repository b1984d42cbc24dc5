#include "raw_signing.hpp"

#include <dlfcn.h>
#include <p11-kit/pkcs11.h>
#include <sys/resource.h>

#include <atomic>
#include <chrono>
#include <fstream>
#include <iostream>
#include <stdexcept>
#include <thread>
#include <vector>

#include "site.hpp"

namespace sealwright::bench {
namespace {

void check(CK_RV rv, const char* what) {
    if (rv != CKR_OK) throw std::runtime_error{std::string{what} + " answered " + std::to_string(rv)};
}

CK_FUNCTION_LIST* load_module() {
    void* library = ::dlopen(module_path().c_str(), RTLD_NOW | RTLD_LOCAL);
    if (library == nullptr) throw std::runtime_error{"dlopen"};
    const auto get = reinterpret_cast<CK_RV (*)(CK_FUNCTION_LIST**)>(::dlsym(library, "C_GetFunctionList"));
    CK_FUNCTION_LIST* functions = nullptr;
    check(get(&functions), "C_GetFunctionList");
    CK_C_INITIALIZE_ARGS arguments{};
    arguments.flags = CKF_OS_LOCKING_OK;
    check(functions->C_Initialize(&arguments), "C_Initialize");
    return functions;
}

CK_SLOT_ID find_slot(CK_FUNCTION_LIST& functions) {
    std::array<CK_SLOT_ID, 16> slots{};
    unsigned long count = slots.size();
    check(functions.C_GetSlotList(CK_TRUE, slots.data(), &count), "C_GetSlotList");
    for (unsigned long i = 0; i < count; ++i) {
        CK_TOKEN_INFO info{};
        check(functions.C_GetTokenInfo(slots[i], &info), "C_GetTokenInfo");
        const std::string label{reinterpret_cast<const char*>(info.label), token_label().size()};
        if ((info.flags & CKF_TOKEN_INITIALIZED) != 0 && label == token_label()) return slots[i];
    }
    throw std::runtime_error{"no token"};
}

CK_SESSION_HANDLE open_session(CK_FUNCTION_LIST& functions, CK_SLOT_ID slot) {
    CK_SESSION_HANDLE session = CK_INVALID_HANDLE;
    check(functions.C_OpenSession(slot, CKF_SERIAL_SESSION, nullptr, nullptr, &session), "C_OpenSession");
    return session;
}

CK_OBJECT_HANDLE find_key(CK_FUNCTION_LIST& functions, CK_SESSION_HANDLE session) {
    CK_OBJECT_CLASS type = CKO_PRIVATE_KEY;
    std::string label = "issuing";
    CK_ATTRIBUTE wanted[] = {{CKA_CLASS, &type, sizeof(type)}, {CKA_LABEL, label.data(), label.size()}};
    check(functions.C_FindObjectsInit(session, wanted, 2), "C_FindObjectsInit");
    CK_OBJECT_HANDLE key = CK_INVALID_HANDLE;
    unsigned long count = 0;
    check(functions.C_FindObjects(session, &key, 1, &count), "C_FindObjects");
    check(functions.C_FindObjectsFinal(session), "C_FindObjectsFinal");
    if (count != 1) throw std::runtime_error{"no key"};
    return key;
}

struct Raw {
    CK_MECHANISM_TYPE mechanism;
    std::size_t octets;  // of what is signed
};

Raw raw_of(crypto::KeyType type) {
    switch (type) {
        case crypto::KeyType::rsa:
            return {CKM_SHA256_RSA_PKCS, 32};
        case crypto::KeyType::ec_p384:
            return {CKM_ECDSA, 48};
        case crypto::KeyType::ec_p521:
            return {CKM_ECDSA, 64};
        case crypto::KeyType::ed25519:
            return {CKM_EDDSA, 32};
        default:
            return {CKM_ECDSA, 32};
    }
}

std::uint64_t sign_until(CK_FUNCTION_LIST& functions, CK_SESSION_HANDLE session, CK_OBJECT_HANDLE key, const Raw& raw,
                         std::chrono::steady_clock::time_point end) {
    std::vector<unsigned char> octets(raw.octets);
    std::uint64_t count = 0;
    while (std::chrono::steady_clock::now() < end) {
        CK_MECHANISM mechanism{raw.mechanism, nullptr, 0};
        std::array<unsigned char, 512> signature{};
        unsigned long size = signature.size();
        octets[count % octets.size()]++;
        check(functions.C_SignInit(session, &mechanism, key), "C_SignInit");
        check(functions.C_Sign(session, octets.data(), octets.size(), signature.data(), &size), "C_Sign");
        ++count;
    }
    return count;
}

double cpu_seconds() {
    rusage usage{};
    ::getrusage(RUSAGE_SELF, &usage);
    const auto seconds = [](const timeval& time) {
        return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
    };
    return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

}  // namespace

int sign_raw(const std::filesystem::path& folder, unsigned threads, double seconds, const CaKey& ca_key) try {
    const Raw raw = raw_of(ca_key.type());
    CK_FUNCTION_LIST& functions = *load_module();
    const CK_SLOT_ID slot = find_slot(functions);
    std::string pin;
    std::ifstream{folder / "pin"} >> pin;
    const CK_SESSION_HANDLE first = open_session(functions, slot);
    check(functions.C_Login(first, CKU_USER, reinterpret_cast<unsigned char*>(pin.data()), pin.size()), "C_Login");
    const CK_OBJECT_HANDLE key = find_key(functions, first);
    std::vector<CK_SESSION_HANDLE> sessions;
    for (unsigned i = 0; i < threads; ++i) sessions.push_back(open_session(functions, slot));

    const double cpu = cpu_seconds();
    const auto begin = std::chrono::steady_clock::now();
    const auto end =
        begin + std::chrono::duration_cast<std::chrono::steady_clock::duration>(std::chrono::duration<double>(seconds));
    std::atomic<std::uint64_t> count{0};
    std::vector<std::thread> runners;
    for (const auto session : sessions)
        runners.emplace_back([&, session] { count += sign_until(functions, session, key, raw, end); });
    for (auto& runner : runners) runner.join();
    const double elapsed = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    std::cout << count << ' ' << elapsed << ' ' << cpu_seconds() - cpu << std::endl;
    functions.C_Finalize(nullptr);
    return 0;
} catch (const std::exception& failure) {
    std::cout << failure.what() << std::endl;
    return 1;
}

}  // namespace sealwright::bench
