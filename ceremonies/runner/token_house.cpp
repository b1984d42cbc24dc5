#include "ceremonies/runner/token_house.hpp"

#include <cstdlib>
#include <filesystem>

namespace sealwright::ceremonies {
namespace {

using hsm::pkcs11::Module;
using hsm::pkcs11::ModuleInfo;
using hsm::pkcs11::Token;

class Pkcs11House final : public TokenHouse {
public:
    explicit Pkcs11House(Desk& desk) : desk_(desk) {}

    Result<ModuleInfo> module(const TokenBinding& binding) override {
        SEALWRIGHT_TRY(const auto loaded, load(binding));
        return loaded->info();
    }

    Result<std::shared_ptr<Token>> open(const TokenBinding& binding) override {
        SEALWRIGHT_TRY(auto loaded, load(binding));
        SEALWRIGHT_TRY(auto pin, pin_for(binding));
        return Token::open(std::move(loaded), {binding.serial, binding.label}, std::move(pin));
    }

    bool keeps_evidence() const noexcept override { return true; }

private:
    Result<std::shared_ptr<Module>> load(const TokenBinding& binding) {
        SEALWRIGHT_TRY(auto loaded, Module::load(binding.module, binding.init_args));
        const Sha256 actual = loaded->info().file_sha256;
        if (binding.module_sha256 && *binding.module_sha256 != actual) {
            return fail(ErrorCode::denied,
                        "the module of the token '" + binding.role + "' is not the one that the bindings name",
                        binding.module + " has SHA-256 " + actual.hex());
        }
        return loaded;
    }

    Result<Secret> pin_for(const TokenBinding& binding) {
        switch (binding.pin) {
            case PinSource::prompt:
                return desk_.pin({binding.role, binding.serial, binding.label});
            case PinSource::fd:
                return read_secret_from_fd(binding.pin_fd);
            case PinSource::file:
                return read_secret_from_file(binding.pin_location);
            case PinSource::credential:
                break;
        }
        // systemd.exec(5), LoadCredential=: the service finds its credentials in this folder.
        const char* folder = std::getenv("CREDENTIALS_DIRECTORY");
        if (folder == nullptr)
            return fail(ErrorCode::config, "the PIN is a credential, but CREDENTIALS_DIRECTORY is not set");
        return read_secret_from_file((std::filesystem::path{folder} / binding.pin_location).string());
    }

    Desk& desk_;
};

}  // namespace

std::unique_ptr<TokenHouse> make_pkcs11_house(Desk& desk) { return std::make_unique<Pkcs11House>(desk); }

}  // namespace sealwright::ceremonies
