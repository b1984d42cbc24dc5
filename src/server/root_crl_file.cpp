#include "server/root_crl_file.hpp"

#include "base/file.hpp"
#include "x509/crl.hpp"

namespace sealwright::server {
namespace {

constexpr std::size_t kMaxRootCrl = 16U << 20U;
constexpr std::chrono::seconds kLookAgain{5};

}  // namespace

Result<protocols::crl::RootCrl> RootCrlFile::read() const {
    SEALWRIGHT_TRY(auto der, read_file(path_, kMaxRootCrl));
    SEALWRIGHT_TRY(const auto crl, x509::CertificateList::parse(std::move(der)));
    SEALWRIGHT_TRY(const auto key, crypto::PublicKey::parse(root_.fields().spki.view()));
    if (crl.issuer() != root_.fields().subject_der) return fail(ErrorCode::config, "the CRL is not the root's");
    SEALWRIGHT_TRY(crl.verify_signature(key));
    return protocols::crl::RootCrl{.der = std::make_shared<const Bytes>(crl.der()),
                                   .this_update = crl.this_update(),
                                   .next_update = crl.next_update()};
}

std::optional<protocols::crl::RootCrl> RootCrlFile::current() {
    if (path_.empty()) return std::nullopt;
    const std::lock_guard lock{mutex_};
    const auto now = std::chrono::steady_clock::now();
    if (looked_ && now - looked_at_ < kLookAgain) return current_;
    looked_ = true;
    looked_at_ = now;
    std::error_code failed;
    const auto changed_at = std::filesystem::last_write_time(path_, failed);
    if (current_ && (failed || changed_at == read_at_)) return current_;
    auto fresh = read();
    if (!fresh) {
        log_.warning("crl", path_.string() + " is not served: " + fresh.error().describe());
        return current_;
    }
    if (!current_ || fresh.value().this_update >= current_->this_update) current_ = std::move(fresh).value();
    read_at_ = changed_at;
    return current_;
}

}  // namespace sealwright::server
