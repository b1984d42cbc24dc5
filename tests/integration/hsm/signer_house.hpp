// signer_house.hpp: a SoftHSM with one key of each purpose, and sealwright-signer over it as a child process.
#pragma once

#include <sys/types.h>

#include <functional>
#include <map>
#include <optional>
#include <vector>

#include "hsm/pkcs11/token.hpp"
#include "hsm/signer_process/client.hpp"
#include "softhsm.hpp"
#include "x509/crl.hpp"
#include "x509/ocsp.hpp"
#include "x509/tbs_builder.hpp"

namespace sealwright::test {

// code_of is why something failed; nothing where it did not: a test goes on behind it either way.
template <class T>
std::optional<ErrorCode> code_of(const Result<T>& outcome) {
    if (outcome) return std::nullopt;
    return outcome.error().code();
}

// SignerProcess is one run of sealwright-signer; it is killed when it goes.
class SignerProcess {
public:
    // start waits until the socket listens; false when the process ended first (see wait).
    bool start(const std::string& program, const std::filesystem::path& config,
               const std::vector<std::string>& environment = {});
    // launch does not wait; is_ready then does, as start.
    void launch(const std::string& program, const std::filesystem::path& config,
                const std::vector<std::string>& environment = {});
    bool is_ready();
    // log_to has what the processes write to standard error go to a file, from the next start on.
    void log_to(const std::filesystem::path& file) { log_ = file; }
    ~SignerProcess();
    void kill(int signal);
    int wait();                                  // the exit status, or 128 + the signal
    pid_t pid() const noexcept { return pid_; }  // of the supervisor
    // child gives the process of this name ("signer-server", "signer-token"), the newest if there are several; -1:
    // none.
    pid_t child(const std::string& name) const;
    std::size_t children(const std::string& name) const;  // how many there are

private:
    pid_t pid_ = -1;
    int ready_ = -1;
    std::filesystem::path log_;
};

// SignerTerminal is a signer that runs on a terminal of its own.
struct SignerTerminal {
    pid_t pid = -1;
    int terminal = -1;  // our end, which the caller closes
};
SignerTerminal launch_on_terminal(const std::string& program, const std::filesystem::path& config,
                                  std::vector<std::string> environment);

class SignerHouse {
public:
    SignerHouse();

    hsm::pkcs11::TokenKey key(const std::string& name) const { return keys_.at(name); }
    SoftHsm& softhsm() { return softhsm_; }
    std::filesystem::path folder() const { return softhsm_.folder(); }
    std::filesystem::path config() const { return folder() / "signer.toml"; }
    std::filesystem::path socket() const { return folder() / "signer.sock"; }
    std::filesystem::path journal() const { return folder() / "journal"; }
    std::filesystem::path count() const { return folder() / "count"; }
    std::filesystem::path logins() const { return folder() / "logins"; }
    std::filesystem::path script() const { return folder() / "script"; }

    // write_config writes signer.toml; through is the module to load ("" for SoftHSM itself, else the faulty module's
    // path).
    void write_config(const std::string& module = {}, const std::string& extra = {},
                      const std::string& token_extra = {}) const;
    std::vector<std::string> faulty_environment() const;
    std::size_t signatures_counted() const;
    std::size_t logins_counted() const;  // that reached SoftHSM through the faulty module

    hsm::signer_process::ClientOptions client_options(std::uint64_t epoch = 1) const;
    static Bytes issuer_name();

    // What the keys may sign, each with what makes it different from the next.
    Bytes tbs_certificate(std::uint64_t serial) const;
    Bytes tbs_crl(std::uint64_t number, std::size_t entries = 3) const;
    Bytes response_data(const std::function<void(x509::OcspResponseFields&)>& change = {}) const;
    static Bytes checkpoint(std::uint64_t size, std::uint8_t root = 1);
    static Bytes tls_content();
    Bytes csr_info(const std::string& name) const;
    // encrypted is what `openssl pkeyutl -encrypt` makes of content for an RSA key, with its -pkeyopt.
    Bytes encrypted(const std::string& name, const std::string& content, const std::string& options) const;

    hsm::SignRequest request(const std::string& name, hsm::Purpose purpose, ByteView tbs) const;

private:
    SoftHsm softhsm_;
    std::string serial_;
    std::map<std::string, hsm::pkcs11::TokenKey> keys_;
};

std::size_t lines_of(const std::filesystem::path& file);  // 0 where there is none

hsm::SignRequest with_fresh_intent(hsm::SignRequest request);

}  // namespace sealwright::test
