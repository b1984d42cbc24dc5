// site.hpp: what a benchmark runs on: a folder of its own with a SoftHSM token that holds a CA key and an OCSP key,
// their certificates, and sealwright-signer over it as a child process.
#pragma once

#include <sys/types.h>

#include <filesystem>

#include "issuance/engine.hpp"

namespace sealwright::bench {

// Programs that the benchmark starts, as the build made them.
struct Programs {
    std::string self, signer, softhsm_init;
};

// Folder is removed with all that is in it, unless it is kept.
class Folder {
public:
    Folder(const std::filesystem::path& parent, bool keep);
    ~Folder();
    Folder(const Folder&) = delete;
    Folder& operator=(const Folder&) = delete;
    const std::filesystem::path& path() const noexcept { return path_; }

private:
    std::filesystem::path path_;
    bool keep_;
};

// CaKey is the key that is measured, by its name in profiles ("ec-p256", "rsa" for RSA with 3072 bits); it throws for
// what SoftHSM does not make.
struct CaKey {
    std::string name = "ec-p256";
    crypto::KeyType type() const;
};

// prepare initialises the token and, in a child of its own (so that this process never loads the module), makes keys
// and certificates.
void prepare(const std::filesystem::path& folder, const Programs& programs, unsigned lanes, const CaKey& key = {});
// make_keys is that child's work.
int make_keys(const std::filesystem::path& folder, unsigned lanes, const CaKey& key = {});

// Certificates, as make_keys left them.
issuance::Authority load_authority(const std::filesystem::path& folder);
x509::Certificate load_certificate(const std::filesystem::path& file);

std::string module_path();
std::string token_label();

// Child is one process that is ended when it goes.
class Child {
public:
    // start gives the child's standard output to a pipe whose reading end output() is; a ready descriptor, if wanted,
    // is passed as 3.
    static Child start(const std::vector<std::string>& words, bool wait_until_ready);
    Child(Child&& other) noexcept : pid_(other.pid_), output_(other.output_) {
        other.pid_ = -1;
        other.output_ = -1;
    }
    Child& operator=(Child&&) = delete;
    Child(const Child&) = delete;
    Child& operator=(const Child&) = delete;
    ~Child();
    pid_t pid() const noexcept { return pid_; }
    // finish reads all of the output and the exit status; it throws when that is not 0.
    std::string finish();

private:
    Child(pid_t pid, int output) : pid_(pid), output_(output) {}
    pid_t pid_ = -1;
    int output_ = -1;
};

}  // namespace sealwright::bench
