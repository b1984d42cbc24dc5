#include "hsm/signer_process/site_check.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "base/file.hpp"
#include "crypto/digest.hpp"
#include "hsm/signer_process/log_rooms.hpp"
#include "hsm/signer_process/sealed_pin.hpp"
#include "hsm/signer_process/unix_socket.hpp"

namespace sealwright::hsm::signer_process {
namespace {

constexpr std::size_t kMaxModule = 256U << 20U;
constexpr std::array<std::uint8_t, 4> kElf{0x7f, 'E', 'L', 'F'};

std::string joined(const std::vector<std::string>& words) {
    std::string text;
    for (const auto& word : words) text += (text.empty() ? "" : ", ") + word;
    return text;
}

class Check {
public:
    explicit Check(const TokenConfiguration& token) : token_(token) {}

    SiteFindings run() {
        check_module();
        if (token_.pin.kind == PinSource::Kind::halves) {
            for (const PinSource& half : token_.pin.halves) check_pin(half);
        } else {
            check_pin(token_.pin);
        }
        check_sandbox();
        return std::move(findings_);
    }

private:
    void add(LogLevel level, const std::string& what) { findings_.push_back({level, token_.name() + ": " + what}); }
    void add(const Error& error) { add(LogLevel::error, error.describe()); }

    void check_module() {
        // The dynamic loader looks for a name without a folder in its own places.
        if (token_.module.find('/') == std::string::npos)
            return add(LogLevel::info,
                       "the module " + token_.module + " has no path; whether it is there shows at the start");
        const Descriptor file{::open(token_.module.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)};
        if (!file)
            return add(LogLevel::error, "the module " + token_.module + " cannot be read: " + std::strerror(errno));
        std::array<std::uint8_t, kElf.size()> begins{};
        if (::read(file.get(), begins.data(), begins.size()) != static_cast<ssize_t>(begins.size()) || begins != kElf)
            return add(LogLevel::error, "the module " + token_.module + " is no shared object");
        if (token_.module_sha256) check_module_digest();
    }

    void check_module_digest() {
        const auto octets = read_file(token_.module, kMaxModule);
        if (!octets) return add(octets.error());
        const Sha256 digest = crypto::sha256(octets.value());
        if (digest != *token_.module_sha256)
            add(LogLevel::error,
                "the module " + token_.module + " is another file than module_sha256 says: SHA-256 " + digest.hex());
    }

    void check_pin(const PinSource& source) {
        switch (source.kind) {
            case PinSource::Kind::file:
                return check_readable_pin(source);
            case PinSource::Kind::credential:
                if (std::getenv("CREDENTIALS_DIRECTORY") != nullptr) return check_readable_pin(source);
                return add(LogLevel::info, "the PIN is the credential '" + source.name +
                                               "', which systemd gives at the start: not looked at");
            case PinSource::Kind::sealed:
                return check_sealed_pin(source);
            case PinSource::Kind::prompt:
                return add(LogLevel::info, "the PIN is asked for on the terminal of the start: not looked at");
            case PinSource::Kind::descriptor:
                return add(LogLevel::info, "the PIN comes by descriptor " + std::to_string(source.descriptor) +
                                               " at the start: not looked at");
            case PinSource::Kind::halves:
                break;
        }
        add(LogLevel::error, "half of a PIN cannot be halves");
    }

    void check_readable_pin(const PinSource& source) {
        const auto pin = obtain_pin(source, token_.name());
        if (!pin) add(pin.error());
    }

    void check_sealed_pin(const PinSource& source) {
        const auto sealed = read_sealed_pin(source.name);
        if (!sealed) return add(sealed.error());
        if (auto fits = check_seal_is_of(sealed.value(), source.token_serial); !fits) return add(fits.error());
        add(LogLevel::info,
            "whether the TPM gives the PIN of " + source.name + " was not tried: sealwright hsm pin check says it");
    }

    // As Landlock will have it, before the module is loaded.
    void check_sandbox() {
        if (token_.sandbox.level == SandboxRules::Level::off) return;
        for (const auto* paths : {&token_.sandbox.read, &token_.sandbox.write}) {
            for (const auto& path : *paths) {
                if (const Descriptor file{::open(path.c_str(), O_PATH | O_CLOEXEC)}; file) continue;
                add(LogLevel::error, "the sandbox names " + path + ", which cannot be opened: " + std::strerror(errno));
            }
        }
    }

    const TokenConfiguration& token_;
    SiteFindings findings_;
};

void check_deadlines(const Configuration& configuration, SiteFindings& findings) {
    for (const TokenConfiguration& token : configuration.tokens) {
        if (token.hang <= configuration.deadline) continue;
        findings.push_back({LogLevel::warning, token.name() +
                                                   ": deadline is shorter than hang; what waits behind a call that "
                                                   "hangs is refused before the call is given up"});
    }
}

void check_locations(const Configuration& configuration, SiteFindings& findings) {
    std::vector<std::string> serials;
    std::vector<std::string> unnamed;  // tokens that are known by label alone: any serial may be theirs
    for (const TokenConfiguration& token : configuration.tokens)
        token.serial.empty() ? unnamed.push_back(token.label) : serials.push_back(token.serial);
    for (const KeyLimits& key : configuration.keys) {
        std::vector<std::string> missing;
        for (const auto& serial : key.locations)
            if (std::ranges::find(serials, serial) == serials.end()) missing.push_back(serial);
        if (missing.empty()) continue;
        const bool has_one = missing.size() < key.locations.size();
        const std::string have =
            serials.empty() ? std::string{} : "; the tokens of this configuration have " + joined(serials);
        const std::string other = unnamed.empty() ? std::string{} : ", unless it is that of " + joined(unnamed);
        const bool is_error = !has_one && unnamed.empty();
        findings.push_back({is_error ? LogLevel::error : LogLevel::warning,
                            "the key " + key.name + " was enrolled in " + joined(missing) +
                                (is_error ? " and nowhere else" : "") + ", which is the serial of no token here" +
                                other + have});
    }
}

}  // namespace

SiteFindings check_agreement(const Configuration& configuration) {
    SiteFindings findings;
    check_deadlines(configuration, findings);
    check_locations(configuration, findings);
    return findings;
}

SiteFindings check_site(const Configuration& configuration) {
    SiteFindings findings = check_agreement(configuration);
    for (const TokenConfiguration& token : configuration.tokens) {
        auto more = Check{token}.run();
        std::ranges::move(more, std::back_inserter(findings));
    }
    if (::geteuid() == 0)
        findings.push_back({LogLevel::info, "looked with root's rights: the signer's user may be able to read less"});
    return findings;
}

bool has_error(const SiteFindings& findings) {
    return std::ranges::any_of(findings, [](const auto& finding) { return finding.level == LogLevel::error; });
}

void tell(const SiteFindings& findings, Log& log) {
    for (const auto& finding : findings) log.write(finding.level, kSignerRoom, finding.what);
}

}  // namespace sealwright::hsm::signer_process
