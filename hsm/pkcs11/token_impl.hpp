// token_impl.hpp: the one Token there is, as its five .cpp files see it: token.cpp (opening, finding, signing),
// token_recovery.cpp (login and loss), token_keys.cpp (the table of keys), token_keygen.cpp (generating, reading
// evidence, destroying). Internal to hsm/pkcs11.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <unordered_map>

#include "hsm/pkcs11/ckr_error.hpp"
#include "hsm/pkcs11/keygen.hpp"
#include "hsm/pkcs11/loaded_module.hpp"
#include "hsm/pkcs11/mechanism.hpp"
#include "hsm/pkcs11/session.hpp"

namespace sealwright::hsm::pkcs11 {

using crypto::PublicKey;
using crypto::SignatureAlgorithm;

// KeyEntry is a key with its handles, which are worth something within one generation of sessions only.
struct KeyEntry {
    TokenKey key;
    std::uint64_t generation = 0;
    CK_OBJECT_HANDLE private_key = CK_INVALID_HANDLE;
    CK_OBJECT_HANDLE public_key = CK_INVALID_HANDLE;
    bool always_authenticate = false;
};

using KeyTable = std::unordered_map<KeyId, std::shared_ptr<const KeyEntry>>;

// Claim keeps the process's login on a token to one Token.
class Claim {
public:
    // Tokens without a serial number exist (opencryptoki's): they are told apart by their labels.
    static Result<std::unique_ptr<Claim>> take(LoadedModule& module, const TokenInfo& token) {
        const std::string serial = token.serial.empty() ? "label " + token.label : token.serial;
        if (!module.claim(serial)) {
            return fail(ErrorCode::conflict,
                        "this process is logged in to the token already; a second login would accept any PIN",
                        "serial " + serial);
        }
        return std::unique_ptr<Claim>{new Claim{module, serial}};
    }
    ~Claim() { module_.release(serial_); }
    Claim(const Claim&) = delete;
    Claim& operator=(const Claim&) = delete;

private:
    Claim(LoadedModule& module, std::string serial) : module_(module), serial_(std::move(serial)) {}

    LoadedModule& module_;
    std::string serial_;
};

// select_token finds the one token that a selector means.
Result<TokenInfo> select_token(const Module& module, const TokenSelector& selector);

inline unsigned char* mutable_octets(ByteView view) {
    // Cryptoki's prototypes lack const; the functions that get this only read.
    return const_cast<unsigned char*>(view.data());
}

// fresh_rejection_key draws the secret of implicit rejection (decryptor.hpp).
Secret fresh_rejection_key();

class TokenImpl final : public Token {
public:
    TokenImpl(std::shared_ptr<Module> module, TokenInfo info, Options options, Secret pin, std::unique_ptr<Claim> claim)
        : module_(std::move(module)),
          functions_(loaded(*module_).functions()),
          info_(std::move(info)),
          options_(options),
          pin_(std::move(pin)),
          claim_(std::move(claim)),
          pool_(functions_, info_.slot_id, options.max_sessions),
          rejection_key_(options.rejection_key ? Secret::copy_of(*options.rejection_key) : fresh_rejection_key()) {}

    // start logs in for the first time and reads the keys.
    Result<void> start() {
        SEALWRIGHT_TRY(mechanisms_, mechanism_set(functions_, info_.slot_id));
        CK_RV rv = CKR_OK;
        SEALWRIGHT_TRY(const auto session, pool_.open_first(rv));
        auto logged_in = log_in(session);
        if (!options_.keep_pin) pin_.clear();
        if (!logged_in) {
            functions_.C_CloseSession(session);
            return logged_in.error();
        }
        pool_.renew(info_.slot_id, session, {});
        SEALWRIGHT_TRY(keys());
        return success();
    }

    const TokenInfo& info() const noexcept override { return info_; }
    Result<std::vector<TokenKey>> keys() override;
    Result<TokenKey> generate(const KeySpec& spec) override;
    Result<KeyEvidence> evidence(const KeyId& key) override;
    Result<void> destroy(const KeyId& key) override;
    Result<Bytes> random(std::size_t count) override;
    Result<Bytes> sign(const SignRequest& request) override;
    Result<Bytes> sign_digest(const KeyId& key, const SignatureAlgorithm& algorithm, ByteView digest) override;
    bool signs_digests(const SignatureAlgorithm& algorithm) const noexcept override;
    Result<PublicKey> public_key(const KeyId& key) override;
    bool pin_refused() const noexcept override { return pin_refused_; }
    Result<Secret> decrypt(const DecryptRequest& request) override;
    Result<void> prove_decryption(const TokenKey& key) override;
    Result<KeyBackup> back_up(const KeyId& key, const std::string& wrapping_label, UtcTime now) override;
    Result<WrappingKey> find_wrapping_key(const std::string& label) override;
    Result<void> check_restore(const KeyBackup& backup, const std::string& wrapping_label) override;
    Result<TokenKey> restore(const KeyBackup& backup, const std::string& wrapping_label) override;

private:
    // Attempt is one try of an operation: its result, and whether the failure was one that recovery may heal.
    template <class T>
    struct Attempt {
        Result<T> result;
        bool retry = false;
    };

    CK_RV call_login(CK_SESSION_HANDLE session, CK_USER_TYPE user);
    Result<void> log_in(CK_SESSION_HANDLE session);
    Result<void> log_in_again(CK_SESSION_HANDLE session);
    Result<bool> is_logged_in(CK_SESSION_HANDLE session) const;
    Result<void> recover(std::uint64_t lost_generation);
    Result<void> recover_now();
    Result<KeyTable> keys_after_loss(CK_SESSION_HANDLE session, std::uint64_t generation);
    Result<CK_SLOT_ID> locate() const;

    template <class Operation>
    auto with_session(Operation&& operation) -> decltype(operation(std::declval<SessionLease&>()).result);

    Result<KeyTable> read_keys(SessionView session, std::uint64_t generation, CK_RV& rv) const;
    Result<void> same_keys(const KeyTable& now) const;
    void store(KeyTable table, std::uint64_t generation);
    std::shared_ptr<const KeyEntry> entry_of(const KeyId& key) const;
    Result<std::shared_ptr<const KeyEntry>> find_entry(const KeyId& key);
    Result<Bytes> fresh_cka_id(SessionView session) const;
    Result<Bytes> random_from(SessionView session, std::size_t count) const;
    Result<void> prove(const TokenKey& key, const KeySpec& spec);
    Result<TokenKey> generate_on(SessionView session, const KeySpec& spec);

    template <class MakePlan>
    Result<Bytes> sign_with(const KeyId& key, const SignatureAlgorithm& algorithm, MakePlan&& make_plan);
    Attempt<Bytes> sign_once(SessionLease& lease, const KeyEntry& entry, const SignatureAlgorithm& algorithm,
                             SigningPlan& plan);
    CK_RV authenticate(CK_SESSION_HANDLE session);
    Attempt<Secret> decrypt_oaep(SessionLease& lease, const KeyEntry& entry, const DecryptRequest& request);
    Attempt<Secret> decrypt_pkcs1(SessionLease& lease, const KeyEntry& entry, const DecryptRequest& request);
    Attempt<Secret> agree(SessionLease& lease, const KeyEntry& entry, ByteView point);
    CK_RV decrypt_init(SessionLease& lease, const KeyEntry& entry, CK_MECHANISM& mechanism);
    Result<void> restored_as_told(const KeyId& key);
    Result<TokenKey> restore_on(SessionView session, const KeyBackup& backup, const std::string& wrapping_label);
    Result<TokenKey> proved_or_destroyed(SessionView session, const TokenKey& key,
                                         std::array<CK_OBJECT_HANDLE, 2> halves);

    std::shared_ptr<Module> module_;
    const CK_FUNCTION_LIST& functions_;
    const TokenInfo info_;
    const Options options_;
    Secret pin_;  // empty after start unless keep_pin
    std::unique_ptr<Claim> claim_;
    MechanismSet mechanisms_;
    SessionPool pool_;

    mutable std::mutex table_mutex_;
    KeyTable table_;
    std::uint64_t table_generation_ = 0;

    std::atomic<bool> pin_refused_{false};
    std::atomic<unsigned> unclear_logins_{0};  // in a row
    std::mutex recovery_mutex_;                // one recovery at a time; also guards the two below
    std::optional<Error> last_recovery_failure_;
    std::chrono::steady_clock::time_point last_recovery_{};

    const Secret rejection_key_;  // of the keys that stand in for blocks that do not decrypt

    std::mutex keygen_mutex_;  // concurrent generation is racy in SoftHSM and others
    KeygenMemory keygen_memory_;
};

// with_session runs one operation on a leased session, and once more after recovery when it says that trying again is
// safe.
template <class Operation>
auto TokenImpl::with_session(Operation&& operation) -> decltype(operation(std::declval<SessionLease&>()).result) {
    for (int attempt = 0;; ++attempt) {
        const std::uint64_t generation = pool_.generation();
        CK_RV rv = CKR_OK;
        {
            auto lease = pool_.lease(rv);
            if (lease) {
                auto outcome = operation(lease.value());
                if (outcome.result || !outcome.retry || attempt > 0) return std::move(outcome.result);
            } else if (!handles_lost(rv) || attempt > 0) {
                return lease.error();
            }
        }
        SEALWRIGHT_TRY(recover(generation));
    }
}

}  // namespace sealwright::hsm::pkcs11
