#include <dlfcn.h>
#include <libp11.h>
#include <link.h>

#include <condition_variable>
#include <map>
#include <mutex>
#include <set>

#include "base/file.hpp"
#include "crypto/digest.hpp"
#include "hsm/pkcs11/ckr_error.hpp"
#include "hsm/pkcs11/loaded_module.hpp"
#include "hsm/pkcs11/mechanism.hpp"

namespace sealwright::hsm::pkcs11 {
namespace {

constexpr std::size_t kMaxModuleFile = 512U << 20U;

// padded_text is a blank-padded field of PKCS#11 without its blanks.
std::string padded_text(const unsigned char* field, std::size_t size) {
    std::string text(reinterpret_cast<const char*>(field), size);
    const auto end = text.find_last_not_of(std::string_view{" \0", 2});
    text.resize(end == std::string::npos ? 0 : end + 1);
    return text;
}

template <std::size_t N>
std::string padded_text(const unsigned char (&field)[N]) {
    return padded_text(field, N);
}

std::string version_text(const CK_VERSION& version) {
    return std::to_string(version.major) + "." + std::to_string(version.minor);
}

// Library is one reference on the shared object; the dynamic loader counts them.
class Library {
public:
    explicit Library(void* handle) noexcept : handle_(handle) {}
    ~Library() {
        if (handle_ != nullptr) ::dlclose(handle_);
    }
    Library(const Library&) = delete;
    Library& operator=(const Library&) = delete;
    void* get() const noexcept { return handle_; }

private:
    void* handle_;
};

// Context is libp11's context: it loads and initialises the module, and finalises it when it goes.
class Context {
public:
    Context() : context_(::PKCS11_CTX_new()) {
        if (context_ == nullptr) throw std::bad_alloc{};
    }
    ~Context() {
        if (loaded_) ::PKCS11_CTX_unload(context_);
        ::PKCS11_CTX_free(context_);
    }
    Context(const Context&) = delete;
    Context& operator=(const Context&) = delete;

    bool load(const std::string& path, const std::string& init_args) {
        if (!init_args.empty()) ::PKCS11_CTX_init_args(context_, init_args.c_str());
        loaded_ = ::PKCS11_CTX_load(context_, path.c_str()) == 0;
        return loaded_;
    }
    PKCS11_CTX* get() const noexcept { return context_; }

private:
    PKCS11_CTX* context_;
    bool loaded_ = false;
};

class ModuleImpl final : public LoadedModule {
public:
    ModuleImpl(std::shared_ptr<Library> library, std::string init_args)
        : library_(std::move(library)), init_args_(std::move(init_args)) {}

    Result<void> start(const std::string& path) {
        if (!context_.load(path, init_args_)) {
            return fail(ErrorCode::token, "the PKCS#11 module " + path + " cannot be initialised",
                        "PKCS11_CTX_load failed");
        }
        SEALWRIGHT_TRY(find_functions());
        return read_info(path);
    }

    const ModuleInfo& info() const noexcept override { return info_; }
    const CK_FUNCTION_LIST& functions() const noexcept override { return *functions_; }
    const std::string& init_args() const noexcept { return init_args_; }

    Result<std::vector<TokenInfo>> tokens() const override {
        SEALWRIGHT_TRY(const auto slots, slots_with_tokens());
        std::vector<TokenInfo> tokens;
        for (const CK_SLOT_ID slot : slots) {
            auto info = token_info_of(*functions_, slot);
            // A token that was pulled between the two calls is no failure of the list.
            if (info) tokens.push_back(std::move(info).value());
        }
        return tokens;
    }

    Result<std::vector<std::string>> mechanisms(unsigned long slot_id) const override {
        SEALWRIGHT_TRY(const auto types, mechanism_set(*functions_, slot_id));
        std::vector<std::string> names;
        for (const unsigned long type : types) names.push_back(mechanism_name(type));
        return names;
    }

    bool claim(const std::string& token_serial) override {
        const std::scoped_lock lock{mutex_};
        return claimed_.insert(token_serial).second;
    }
    void release(const std::string& token_serial) noexcept override {
        const std::scoped_lock lock{mutex_};
        claimed_.erase(token_serial);
    }

private:
    Result<void> find_functions() {
        using GetFunctionList = CK_RV (*)(CK_FUNCTION_LIST**);
        // POSIX allows this conversion, C++ leaves it to the implementation.
        const auto get = reinterpret_cast<GetFunctionList>(::dlsym(library_->get(), "C_GetFunctionList"));
        CK_FUNCTION_LIST* list = nullptr;
        const CK_RV rv = get == nullptr ? CKR_FUNCTION_NOT_SUPPORTED : get(&list);
        if (rv != CKR_OK || list == nullptr)
            return ckr_error("C_GetFunctionList", rv, "the module gives no function list");
        functions_ = list;
        return success();
    }

    Result<void> read_info(const std::string& path) {
        CK_INFO info{};
        const CK_RV rv = functions_->C_GetInfo(&info);
        if (rv != CKR_OK) return ckr_error("C_GetInfo", rv, "the module does not describe itself");
        const link_map* map = nullptr;
        const bool is_known =
            ::dlinfo(library_->get(), RTLD_DI_LINKMAP, &map) == 0 && map != nullptr && map->l_name != nullptr;
        info_.path = is_known ? map->l_name : path;
        info_.manufacturer = padded_text(info.manufacturerID);
        info_.description = padded_text(info.libraryDescription);
        info_.library_version = version_text(info.libraryVersion);
        info_.cryptoki_version = version_text(info.cryptokiVersion);
        SEALWRIGHT_TRY(const auto file, read_file(info_.path, kMaxModuleFile));
        info_.file_sha256 = crypto::sha256(file);
        return success();
    }

    // slots_with_tokens asks the module itself: libp11's PKCS11_release_all_slots, which must follow its enumeration,
    // calls C_CloseAllSessions on every slot and so logs out every other token that this process has open.
    Result<std::vector<CK_SLOT_ID>> slots_with_tokens() const {
        for (;;) {
            unsigned long count = 0;
            CK_RV rv = functions_->C_GetSlotList(CK_TRUE, nullptr, &count);
            if (rv != CKR_OK) return ckr_error("C_GetSlotList", rv, "the module does not list its slots");
            std::vector<CK_SLOT_ID> ids(count);
            rv = functions_->C_GetSlotList(CK_TRUE, ids.data(), &count);
            if (rv == CKR_BUFFER_TOO_SMALL) continue;  // a token was put in between the two calls
            if (rv != CKR_OK) return ckr_error("C_GetSlotList", rv, "the module does not list its slots");
            ids.resize(std::min<std::size_t>(count, ids.size()));
            return ids;
        }
    }

    std::shared_ptr<Library> library_;
    std::string init_args_;
    Context context_;
    CK_FUNCTION_LIST* functions_ = nullptr;
    ModuleInfo info_;
    mutable std::mutex mutex_;  // libp11's slot list and claimed_
    std::set<std::string> claimed_;
};

// Registry keeps one ModuleImpl a library, whatever path it was named by: unloading a second context would finalise the
// first. An entry stays until its module is finalised, and a load that comes meanwhile waits for that.
class Registry {
public:
    static Registry& instance() {
        static auto* registry = new Registry;  // never destroyed: a module may outlive main
        return *registry;
    }

    Result<std::shared_ptr<Module>> load(const std::string& path, const std::string& init_args) {
        void* handle = ::dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
        if (handle == nullptr) {
            const char* reason = ::dlerror();
            return fail(ErrorCode::not_found, "the PKCS#11 module " + path + " cannot be loaded",
                        reason == nullptr ? "" : reason);
        }
        auto library = std::make_shared<Library>(handle);
        std::shared_ptr<ModuleImpl>
            standing;  // before the lock: should it be the last, it is destroyed without the lock
        std::unique_lock lock{mutex_};
        for (auto entry = modules_.find(handle); entry != modules_.end(); entry = modules_.find(handle)) {
            standing = entry->second.lock();
            if (standing && standing->init_args() == init_args) return std::static_pointer_cast<Module>(standing);
            if (standing)
                return fail(ErrorCode::conflict,
                            "the PKCS#11 module " + path + " is already initialised with other arguments");
            finalised_.wait(lock);
        }
        auto module = std::make_unique<ModuleImpl>(std::move(library), init_args);
        SEALWRIGHT_TRY(module->start(path));
        standing =
            std::shared_ptr<ModuleImpl>{module.release(), [this, handle](ModuleImpl* gone) { finalise(handle, gone); }};
        modules_[handle] = standing;
        return std::static_pointer_cast<Module>(standing);
    }

private:
    void finalise(void* handle, ModuleImpl* gone) {
        const std::scoped_lock lock{mutex_};
        delete gone;
        modules_.erase(handle);
        finalised_.notify_all();
    }

    std::mutex mutex_;
    std::condition_variable finalised_;
    std::map<void*, std::weak_ptr<ModuleImpl>> modules_;
};

}  // namespace

Result<std::shared_ptr<Module>> Module::load(const std::string& path, const std::string& init_args) {
    return Registry::instance().load(path, init_args);
}

LoadedModule& loaded(Module& module) { return dynamic_cast<LoadedModule&>(module); }

Result<std::set<CK_MECHANISM_TYPE>> mechanism_set(const CK_FUNCTION_LIST& functions, CK_SLOT_ID slot) {
    unsigned long count = 0;
    CK_RV rv = functions.C_GetMechanismList(slot, nullptr, &count);
    if (rv != CKR_OK) return ckr_error("C_GetMechanismList", rv, "the token does not list its mechanisms");
    std::vector<CK_MECHANISM_TYPE> types(count);
    rv = functions.C_GetMechanismList(slot, types.data(), &count);
    if (rv != CKR_OK) return ckr_error("C_GetMechanismList", rv, "the token does not list its mechanisms");
    types.resize(std::min<std::size_t>(count, types.size()));
    return std::set<CK_MECHANISM_TYPE>{types.begin(), types.end()};
}

Result<TokenInfo> token_info_of(const CK_FUNCTION_LIST& functions, CK_SLOT_ID slot) {
    CK_TOKEN_INFO raw{};
    const CK_RV rv = functions.C_GetTokenInfo(slot, &raw);
    if (rv != CKR_OK) return ckr_error("C_GetTokenInfo", rv, "the token does not describe itself");
    const auto has = [&](CK_FLAGS flag) { return (raw.flags & flag) != 0; };
    TokenInfo info;
    info.slot_id = slot;
    info.label = padded_text(raw.label);
    info.manufacturer = padded_text(raw.manufacturerID);
    info.model = padded_text(raw.model);
    info.serial = padded_text(raw.serialNumber);
    info.hardware_version = version_text(raw.hardwareVersion);
    info.firmware_version = version_text(raw.firmwareVersion);
    info.initialized = has(CKF_TOKEN_INITIALIZED);
    info.login_required = has(CKF_LOGIN_REQUIRED);
    info.write_protected = has(CKF_WRITE_PROTECTED);
    info.user_pin_count_low = has(CKF_USER_PIN_COUNT_LOW);
    info.user_pin_final_try = has(CKF_USER_PIN_FINAL_TRY);
    info.user_pin_locked = has(CKF_USER_PIN_LOCKED);
    return info;
}

}  // namespace sealwright::hsm::pkcs11
