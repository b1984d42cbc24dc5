// softhsm_init: initialises one token of a PKCS#11 module from PIN files, or finds it initialised already, and prints
// what it is as JSON. SoftHSM's own softhsm2-util takes PINs in its arguments, where every user of the machine can read
// them.
#include <dlfcn.h>
#include <p11-kit/pkcs11.h>

#include <CLI/CLI.hpp>
#include <array>
#include <iostream>
#include <string>
#include <vector>

#include "base/secret.hpp"

namespace {

using sealwright::ErrorCode;
using sealwright::fail;
using sealwright::Result;
using sealwright::Secret;

struct Arguments {
    std::string module;
    std::string label;
    std::string pin_file;
    std::string so_pin_file;
};

sealwright::Error failed(const char* function, CK_RV rv) {
    return fail(ErrorCode::token, std::string{function} + " answered " + std::to_string(rv));
}

std::string trimmed(const unsigned char* field, std::size_t size) {
    std::string text(reinterpret_cast<const char*>(field), size);
    const auto end = text.find_last_not_of(' ');
    text.resize(end == std::string::npos ? 0 : end + 1);
    return text;
}

unsigned char* octets(const Secret& secret) { return const_cast<unsigned char*>(secret.reveal().data()); }

// Module is the loaded and initialised module.
class Module {
public:
    Module() = default;
    Module(const Module&) = delete;
    Module& operator=(const Module&) = delete;
    ~Module() {
        if (functions_ != nullptr) functions_->C_Finalize(nullptr);
    }

    Result<void> load(const std::string& path) {
        void* library = ::dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
        if (library == nullptr) return fail(ErrorCode::not_found, "cannot load " + path, ::dlerror());
        using GetFunctionList = CK_RV (*)(CK_FUNCTION_LIST**);
        const auto get = reinterpret_cast<GetFunctionList>(::dlsym(library, "C_GetFunctionList"));
        CK_FUNCTION_LIST* list = nullptr;
        if (get == nullptr || get(&list) != CKR_OK) return fail(ErrorCode::token, path + " is no PKCS#11 module");
        const CK_RV rv = list->C_Initialize(nullptr);
        if (rv != CKR_OK) return failed("C_Initialize", rv);
        functions_ = list;
        return sealwright::success();
    }

    CK_FUNCTION_LIST& functions() { return *functions_; }

    Result<std::vector<CK_SLOT_ID>> slots() {
        unsigned long count = 0;
        CK_RV rv = functions_->C_GetSlotList(CK_TRUE, nullptr, &count);
        if (rv != CKR_OK) return failed("C_GetSlotList", rv);
        std::vector<CK_SLOT_ID> ids(count);
        rv = functions_->C_GetSlotList(CK_TRUE, ids.data(), &count);
        if (rv != CKR_OK) return failed("C_GetSlotList", rv);
        ids.resize(count);
        return ids;
    }

    // find gives the slot of the initialised token with this label, or (label empty) of a token that is not initialised
    // yet.
    Result<std::optional<CK_SLOT_ID>> find(const std::string& label) {
        SEALWRIGHT_TRY(const auto ids, slots());
        for (const CK_SLOT_ID id : ids) {
            CK_TOKEN_INFO info{};
            if (functions_->C_GetTokenInfo(id, &info) != CKR_OK) continue;
            const bool initialised = (info.flags & CKF_TOKEN_INITIALIZED) != 0;
            if (initialised != !label.empty()) continue;
            if (!initialised || trimmed(info.label, sizeof(info.label)) == label) return std::optional{id};
        }
        return std::optional<CK_SLOT_ID>{};
    }

private:
    CK_FUNCTION_LIST* functions_ = nullptr;
};

Result<void> set_user_pin(CK_FUNCTION_LIST& functions, CK_SLOT_ID slot, const Secret& so_pin, const Secret& pin) {
    CK_SESSION_HANDLE session = CK_INVALID_HANDLE;
    CK_RV rv = functions.C_OpenSession(slot, CKF_SERIAL_SESSION | CKF_RW_SESSION, nullptr, nullptr, &session);
    if (rv != CKR_OK) return failed("C_OpenSession", rv);
    rv = functions.C_Login(session, CKU_SO, octets(so_pin), static_cast<unsigned long>(so_pin.size()));
    if (rv != CKR_OK) return failed("C_Login as SO", rv);
    rv = functions.C_InitPIN(session, octets(pin), static_cast<unsigned long>(pin.size()));
    functions.C_CloseSession(session);
    if (rv != CKR_OK) return failed("C_InitPIN", rv);
    return sealwright::success();
}

Result<CK_SLOT_ID> initialise(Module& module, const Arguments& arguments) {
    SEALWRIGHT_TRY(const auto so_pin, sealwright::read_secret_from_file(arguments.so_pin_file));
    SEALWRIGHT_TRY(const auto pin, sealwright::read_secret_from_file(arguments.pin_file));
    SEALWRIGHT_TRY(const auto blank, module.find(""));
    if (!blank) return fail(ErrorCode::not_found, "no token of the module is uninitialised");
    std::array<unsigned char, 32> label{};
    label.fill(' ');
    std::copy(arguments.label.begin(), arguments.label.end(), label.begin());
    const CK_RV rv =
        module.functions().C_InitToken(*blank, octets(so_pin), static_cast<unsigned long>(so_pin.size()), label.data());
    if (rv != CKR_OK) return failed("C_InitToken", rv);
    SEALWRIGHT_TRY(const auto slot, module.find(arguments.label));  // SoftHSM gives the token another slot
    if (!slot) return fail(ErrorCode::token, "the token is gone after C_InitToken");
    SEALWRIGHT_TRY(set_user_pin(module.functions(), *slot, so_pin, pin));
    return *slot;
}

Result<void> run(const Arguments& arguments) {
    if (arguments.label.empty() || arguments.label.size() > 32 ||
        arguments.label.find_first_of("\"\\") != std::string::npos) {
        return fail(ErrorCode::config, "a label has 1 to 32 octets without quotes");
    }
    Module module;
    SEALWRIGHT_TRY(module.load(arguments.module));
    SEALWRIGHT_TRY(auto slot, module.find(arguments.label));
    if (!slot) {
        SEALWRIGHT_TRY(slot, initialise(module, arguments));
    }
    CK_TOKEN_INFO info{};
    const CK_RV rv = module.functions().C_GetTokenInfo(*slot, &info);
    if (rv != CKR_OK) return failed("C_GetTokenInfo", rv);
    std::cout << R"({"label":")" << arguments.label << R"(","serial":")"
              << trimmed(info.serialNumber, sizeof(info.serialNumber)) << "\"}\n";
    return sealwright::success();
}

}  // namespace

int main(int argc, char** argv) {
    CLI::App app{"Initialises one SoftHSM token from PIN files; does nothing where a token has the label already."};
    Arguments arguments;
    app.add_option("--module", arguments.module, "the PKCS#11 module")->required();
    app.add_option("--label", arguments.label, "the token's label")->required();
    app.add_option("--pin-file", arguments.pin_file, "file with the user PIN")->required();
    app.add_option("--so-pin-file", arguments.so_pin_file, "file with the security officer's PIN")->required();
    CLI11_PARSE(app, argc, argv);
    const auto done = run(arguments);
    if (done) return 0;
    std::cerr << "softhsm_init: " << done.error().describe() << '\n';
    return 1;
}
