#include "hsm/pkcs11/token.hpp"

#include <array>
#include <chrono>
#include <unordered_map>

#include "crypto/random.hpp"
#include "hsm/pkcs11/ckr_error.hpp"
#include "hsm/pkcs11/evidence.hpp"
#include "hsm/pkcs11/keygen.hpp"
#include "hsm/pkcs11/loaded_module.hpp"
#include "hsm/pkcs11/session.hpp"

namespace sealwright::hsm::pkcs11 {
namespace {

using crypto::PublicKey;
using crypto::SignatureAlgorithm;

constexpr std::size_t kMaxSignature = 1024;  // RSA with 8192 bits
constexpr std::size_t kCkaIdSize = 16;
constexpr std::chrono::milliseconds kRecoveryPause{250};

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
    static Result<std::unique_ptr<Claim>> take(LoadedModule& module, const std::string& serial) {
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

Result<TokenInfo> select_token(const Module& module, const TokenSelector& selector) {
    if (selector.serial.empty() && selector.label.empty())
        return fail(ErrorCode::config, "a token is named by its serial, its label or both");
    SEALWRIGHT_TRY(const auto tokens, module.tokens());
    std::optional<TokenInfo> selected;
    for (const TokenInfo& token : tokens) {
        if (!selector.serial.empty() && token.serial != selector.serial) continue;
        if (!selector.label.empty() && token.label != selector.label) continue;
        if (selected)
            return fail(ErrorCode::conflict, "several tokens match; name the token by its serial",
                        "label " + selector.label);
        selected = token;
    }
    if (!selected)
        return fail(ErrorCode::not_found, "no such token is present",
                    "serial " + selector.serial + " label " + selector.label);
    return *selected;
}

Result<MechanismSet> mechanism_set(const CK_FUNCTION_LIST& functions, CK_SLOT_ID slot) {
    unsigned long count = 0;
    CK_RV rv = functions.C_GetMechanismList(slot, nullptr, &count);
    if (rv != CKR_OK) return ckr_error("C_GetMechanismList", rv, "the token does not list its mechanisms");
    std::vector<CK_MECHANISM_TYPE> types(count);
    rv = functions.C_GetMechanismList(slot, types.data(), &count);
    if (rv != CKR_OK) return ckr_error("C_GetMechanismList", rv, "the token does not list its mechanisms");
    types.resize(std::min<std::size_t>(count, types.size()));
    return MechanismSet{types.begin(), types.end()};
}

unsigned char* mutable_octets(ByteView view) {
    // Cryptoki's prototypes lack const; the functions that get this only read.
    return const_cast<unsigned char*>(view.data());
}

class TokenImpl final : public Token {
public:
    TokenImpl(std::shared_ptr<Module> module, TokenInfo info, Options options, Secret pin, std::unique_ptr<Claim> claim)
        : module_(std::move(module)),
          functions_(loaded(*module_).functions()),
          info_(std::move(info)),
          options_(options),
          pin_(std::move(pin)),
          claim_(std::move(claim)),
          pool_(functions_, info_.slot_id, options.max_sessions) {}

    // start logs in for the first time and reads the keys.
    Result<void> start() {
        SEALWRIGHT_TRY(mechanisms_, mechanism_set(functions_, info_.slot_id));
        CK_RV rv = CKR_OK;
        SEALWRIGHT_TRY(const auto session, pool_.open_extra(CKF_SERIAL_SESSION, rv));
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

private:
    // Attempt is one try of an operation: its result, and whether the failure was one that recovery may heal.
    template <class T>
    struct Attempt {
        Result<T> result;
        bool retry = false;
    };

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
    Result<void> label_is_free(SessionView session, const std::string& label) const;
    Result<Bytes> fresh_cka_id(SessionView session) const;
    Result<Bytes> random_from(SessionView session, std::size_t count) const;
    Result<void> prove(const TokenKey& key, const KeySpec& spec);
    Result<TokenKey> generate_on(SessionView session, const KeySpec& spec);

    template <class MakePlan>
    Result<Bytes> sign_with(const KeyId& key, const SignatureAlgorithm& algorithm, MakePlan&& make_plan);
    Attempt<Bytes> sign_once(SessionLease& lease, const KeyEntry& entry, const SignatureAlgorithm& algorithm,
                             SigningPlan& plan);
    CK_RV authenticate(CK_SESSION_HANDLE session);

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

    std::mutex recovery_mutex_;  // one recovery at a time; also guards the three below
    bool pin_refused_ = false;
    std::optional<Error> last_recovery_failure_;
    std::chrono::steady_clock::time_point last_recovery_{};

    std::mutex keygen_mutex_;  // concurrent generation is racy in SoftHSM and others
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

Result<void> TokenImpl::log_in(CK_SESSION_HANDLE session) {
    if (!info_.login_required) return success();
    SEALWRIGHT_TRY(const auto now, token_info_of(functions_, pool_.slot()));
    if (now.user_pin_locked) return fail(ErrorCode::denied, "the token's user PIN is locked");
    if (now.user_pin_final_try) {
        return fail(ErrorCode::denied,
                    "the token has one PIN try left and it is not spent here; log in once with the vendor's own tool "
                    "to reset the count");
    }
    const ByteView pin = pin_.reveal();
    const CK_RV rv = functions_.C_Login(session, CKU_USER, pin.empty() ? nullptr : mutable_octets(pin),
                                        static_cast<unsigned long>(pin.size()));
    if (rv == CKR_OK) return success();
    if (rv == CKR_PIN_INCORRECT) return ckr_error("C_Login", rv, "the token refused the PIN; it is not tried again");
    if (rv == CKR_USER_ALREADY_LOGGED_IN)
        return ckr_error("C_Login", rv,
                         "this process is logged in to the token already; a second login would accept any PIN");
    return ckr_error(
        "C_Login", rv,
        pin_attempt_spent(rv) ? "the token refused the PIN; it is not tried again" : "the token refused the login");
}

Result<bool> TokenImpl::is_logged_in(CK_SESSION_HANDLE session) const {
    if (!info_.login_required) return true;
    CK_SESSION_INFO state{};
    const CK_RV rv = functions_.C_GetSessionInfo(session, &state);
    if (rv != CKR_OK) return ckr_error("C_GetSessionInfo", rv, "the token does not answer");
    return state.state == CKS_RO_USER_FUNCTIONS || state.state == CKS_RW_USER_FUNCTIONS;
}

// log_in_again is the login of a recovery: with the kept PIN, and never again once that was refused.
Result<void> TokenImpl::log_in_again(CK_SESSION_HANDLE session) {
    SEALWRIGHT_TRY(const bool logged_in, is_logged_in(session));
    if (logged_in) return success();
    if (pin_refused_) return fail(ErrorCode::denied, "the token refused the kept PIN before; it is not tried again");
    if (pin_.empty())
        return fail(ErrorCode::unavailable,
                    "the token has forgotten the login and the PIN was not kept; open the token again");
    auto again = log_in(session);
    if (!again && again.error().code() == ErrorCode::denied) {
        pin_refused_ = true;
        pin_.clear();
    }
    return again;
}

// locate gives the slot where the same token, by serial, is now.
Result<CK_SLOT_ID> TokenImpl::locate() const {
    const auto here = token_info_of(functions_, pool_.slot());
    if (here && here.value().serial == info_.serial) return pool_.slot();
    SEALWRIGHT_TRY(const auto found, select_token(*module_, TokenSelector{info_.serial, {}}));
    return found.slot_id;
}

Result<void> TokenImpl::recover(std::uint64_t lost_generation) {
    const std::scoped_lock lock{recovery_mutex_};
    if (pool_.generation() != lost_generation) return success();  // another thread has recovered meanwhile
    const auto now = std::chrono::steady_clock::now();
    if (last_recovery_failure_ && now - last_recovery_ < kRecoveryPause) return *last_recovery_failure_;
    auto recovered = recover_now();
    last_recovery_ = std::chrono::steady_clock::now();
    last_recovery_failure_.reset();
    if (recovered) return success();
    // Whatever failed here, nothing was signed: the caller may come again.
    const Error& error = recovered.error();
    const ErrorCode code = error.code() == ErrorCode::denied || error.code() == ErrorCode::conflict
                               ? error.code()
                               : ErrorCode::unavailable;
    last_recovery_failure_ = Error{code, error.public_detail(), "token recovery: " + error.private_detail()};
    return *last_recovery_failure_;
}

// recover_now drops all handles, finds the token by its serial, sees to a session and a login, and finds the keys
// again. Sessions that the token still knows are kept: closing them could close what it has reopened under the same
// number.
Result<void> TokenImpl::recover_now() {
    auto idle = pool_.take_survivors();
    CK_SESSION_HANDLE anchor = pool_.living_anchor();
    const auto close_all = [&] {
        for (const CK_SESSION_HANDLE handle : idle) functions_.C_CloseSession(handle);
        idle.clear();
    };
    const auto give_up = [&](const Error& error) {
        close_all();
        return error;
    };
    const auto slot = locate();
    if (!slot) return give_up(slot.error());
    if (slot.value() != pool_.slot()) {
        close_all();
        if (anchor != CK_INVALID_HANDLE) functions_.C_CloseSession(anchor);
        anchor = CK_INVALID_HANDLE;
    }
    if (anchor == CK_INVALID_HANDLE) {
        const CK_RV rv = functions_.C_OpenSession(slot.value(), CKF_SERIAL_SESSION, nullptr, nullptr, &anchor);
        if (rv != CKR_OK) return give_up(ckr_error("C_OpenSession", rv, "the token opens no session"));
    }
    const std::uint64_t next_generation = pool_.generation() + 1;
    auto found = keys_after_loss(anchor, next_generation);
    if (!found) {
        if (anchor != pool_.living_anchor()) functions_.C_CloseSession(anchor);
        return give_up(found.error());
    }
    store(std::move(found).value(), next_generation);
    pool_.renew(slot.value(), anchor, idle);
    return success();
}

Result<KeyTable> TokenImpl::keys_after_loss(CK_SESSION_HANDLE session, std::uint64_t generation) {
    SEALWRIGHT_TRY(log_in_again(session));
    CK_RV rv = CKR_OK;
    SEALWRIGHT_TRY(auto found, read_keys({&functions_, session}, generation, rv));
    SEALWRIGHT_TRY(same_keys(found));
    return found;
}

// read_keys lists the private keys with their public halves, and public keys that stand alone. A key of a type that we
// do not use, or without CKA_ID, is not listed.
Result<KeyTable> TokenImpl::read_keys(SessionView session, std::uint64_t generation, CK_RV& rv) const {
    KeyTable table;
    const auto label_of = [&](CK_OBJECT_HANDLE object) {
        const auto label = read_attribute(session, object, CKA_LABEL);
        return label.value ? std::string{text_of(*label.value)} : std::string{};
    };
    const auto add = [&](const Bytes& cka_id, const PublicKey& key, CK_OBJECT_HANDLE private_key,
                         CK_OBJECT_HANDLE public_key) {
        const bool has_private = private_key != CK_INVALID_HANDLE;
        const std::string label = label_of(has_private ? private_key : public_key);
        const bool always =
            has_private && boolean_of(read_attribute(session, private_key, CKA_ALWAYS_AUTHENTICATE)).value_or(false);
        auto& standing = table[key.id()];
        if (standing && (standing->key.has_private || !has_private)) return;
        standing = std::make_shared<KeyEntry>(KeyEntry{TokenKey{key.id(), cka_id, label, key, has_private, {}},
                                                       generation, private_key, public_key, always});
    };
    SEALWRIGHT_TRY(const auto private_keys, find_objects(session, CKO_PRIVATE_KEY, {}, &rv));
    for (const CK_OBJECT_HANDLE private_key : private_keys) {
        const auto cka_id = read_attribute(session, private_key, CKA_ID);
        if (!cka_id.value || cka_id.value->empty()) continue;
        const std::array criteria{Criterion{CKA_ID, *cka_id.value}};
        SEALWRIGHT_TRY(const auto same_id, find_objects(session, CKO_PRIVATE_KEY, criteria, &rv));
        SEALWRIGHT_TRY(const auto halves, find_objects(session, CKO_PUBLIC_KEY, criteria, &rv));
        // Two keys under one CKA_ID cannot be told apart by it; neither is used.
        if (same_id.size() != 1 || halves.size() > 1) continue;
        auto key = read_public_key(session, halves.empty() ? private_key : halves.front());
        if (key) add(*cka_id.value, key.value(), private_key, halves.empty() ? CK_INVALID_HANDLE : halves.front());
    }
    SEALWRIGHT_TRY(const auto public_keys, find_objects(session, CKO_PUBLIC_KEY, {}, &rv));
    for (const CK_OBJECT_HANDLE public_key : public_keys) {
        const auto cka_id = read_attribute(session, public_key, CKA_ID);
        auto key = read_public_key(session, public_key);
        if (key) add(cka_id.value.value_or(Bytes{}), key.value(), CK_INVALID_HANDLE, public_key);
    }
    return table;
}

// same_keys: after a loss every key that we held must be there again, under the same CKA_ID and with the same public
// value.
Result<void> TokenImpl::same_keys(const KeyTable& now) const {
    const std::scoped_lock lock{table_mutex_};
    for (const auto& [id, entry] : table_) {
        if (!entry->key.has_private) continue;
        const auto found = now.find(id);
        if (found == now.end() || !found->second->key.has_private || found->second->key.cka_id != entry->key.cka_id) {
            return fail(ErrorCode::conflict, "after a lost session a key is not in the token any more",
                        "key " + id.hex() + " label " + entry->key.label);
        }
    }
    return success();
}

// store keeps a table unless a newer one stands.
void TokenImpl::store(KeyTable table, std::uint64_t generation) {
    const std::scoped_lock lock{table_mutex_};
    if (generation < table_generation_) return;
    table_ = std::move(table);
    table_generation_ = generation;
}

Result<std::vector<TokenKey>> TokenImpl::keys() {
    SEALWRIGHT_TRY(auto table, with_session([&](SessionLease& lease) {
                       CK_RV rv = CKR_OK;
                       auto found = read_keys(lease.view(), lease.generation(), rv);
                       if (found) store(found.value(), lease.generation());
                       lease.failed(rv);
                       // A search changes nothing: it may be repeated.
                       return Attempt<KeyTable>{std::move(found), handles_lost(rv)};
                   }));
    std::vector<TokenKey> keys;
    for (const auto& [id, entry] : table) keys.push_back(entry->key);
    std::sort(keys.begin(), keys.end(),
              [](const TokenKey& a, const TokenKey& b) { return std::tie(a.label, a.id) < std::tie(b.label, b.id); });
    return keys;
}

std::shared_ptr<const KeyEntry> TokenImpl::entry_of(const KeyId& key) const {
    const std::scoped_lock lock{table_mutex_};
    const auto found = table_.find(key);
    return found == table_.end() ? nullptr : found->second;
}

// find_entry looks in the table and, where it is not there, once in the token: another process may have made the key.
Result<std::shared_ptr<const KeyEntry>> TokenImpl::find_entry(const KeyId& key) {
    if (auto entry = entry_of(key)) return entry;
    SEALWRIGHT_TRY(keys());
    if (auto entry = entry_of(key)) return entry;
    return fail(ErrorCode::not_found, "the token holds no such key", "key " + key.hex());
}

Result<PublicKey> TokenImpl::public_key(const KeyId& key) {
    SEALWRIGHT_TRY(const auto entry, find_entry(key));
    return entry->key.public_key;
}

CK_RV TokenImpl::authenticate(CK_SESSION_HANDLE session) {
    const ByteView pin = pin_.reveal();
    return functions_.C_Login(session, CKU_CONTEXT_SPECIFIC, pin.empty() ? nullptr : mutable_octets(pin),
                              static_cast<unsigned long>(pin.size()));
}

// sign_once is the only place where C_Sign is called.
TokenImpl::Attempt<Bytes> TokenImpl::sign_once(SessionLease& lease, const KeyEntry& entry,
                                               const SignatureAlgorithm& algorithm, SigningPlan& plan) {
    const SessionView session = lease.view();
    CK_MECHANISM mechanism = plan.mechanism();
    CK_RV rv = functions_.C_SignInit(session.handle, &mechanism, entry.private_key);
    if (rv != CKR_OK) {
        lease.failed(rv);
        return {ckr_error("C_SignInit", rv, "the token refused to begin a signature"), handles_lost(rv)};
    }
    if (entry.always_authenticate) {
        rv = authenticate(session.handle);
        if (rv != CKR_OK) {
            lease.failed(rv);
            return {ckr_error("C_Login", rv, "the key wants a login for each signature and the token refused it"),
                    false};
        }
    }
    std::array<std::uint8_t, kMaxSignature> raw{};
    auto length = static_cast<unsigned long>(raw.size());
    const ByteView data = plan.data();
    rv = functions_.C_Sign(session.handle, mutable_octets(data), static_cast<unsigned long>(data.size()), raw.data(),
                           &length);
    if (rv == CKR_OK && length <= raw.size())
        return {signature_of(algorithm, entry.key.public_key, ByteView{raw}.first(length)), false};
    lease.failed(rv);
    if (rv != CKR_OK && surely_not_signed(rv))
        return {ckr_error("C_Sign", rv, "the token refused to sign"), handles_lost(rv)};
    return {fail(ErrorCode::indeterminate, "the token failed while it was signing", "C_Sign answered " + ckr_name(rv)),
            false};
}

template <class MakePlan>
Result<Bytes> TokenImpl::sign_with(const KeyId& key, const SignatureAlgorithm& algorithm, MakePlan&& make_plan) {
    SEALWRIGHT_TRY(auto entry, find_entry(key));
    if (!entry->key.has_private) return fail(ErrorCode::not_found, "the token holds only the public half of this key");
    if (!crypto::fits(algorithm, entry->key.public_key.type()))
        return fail(ErrorCode::unsupported, "a key of this type does not make this signature");
    SEALWRIGHT_TRY(SigningPlan plan, make_plan());
    return with_session([&](SessionLease& lease) -> Attempt<Bytes> {
        if (entry->generation != lease.generation()) entry = entry_of(key);  // recovery has found the keys again
        if (!entry || entry->generation != lease.generation()) {
            return {fail(ErrorCode::unavailable, "the token was lost and is being found again"), true};
        }
        return sign_once(lease, *entry, algorithm, plan);
    });
}

Result<Bytes> TokenImpl::sign(const SignRequest& request) {
    return sign_with(request.key, request.algorithm,
                     [&] { return plan_message(request.algorithm, mechanisms_, request.tbs); });
}

Result<Bytes> TokenImpl::sign_digest(const KeyId& key, const SignatureAlgorithm& algorithm, ByteView digest) {
    return sign_with(key, algorithm, [&] { return plan_digest(algorithm, mechanisms_, digest); });
}

bool TokenImpl::signs_digests(const SignatureAlgorithm& algorithm) const noexcept {
    switch (algorithm.scheme) {
        case crypto::SignatureScheme::ecdsa:
            return mechanisms_.contains(CKM_ECDSA);
        case crypto::SignatureScheme::rsa_pkcs1:
            return mechanisms_.contains(CKM_RSA_PKCS);
        case crypto::SignatureScheme::rsa_pss:
            return mechanisms_.contains(CKM_RSA_PKCS_PSS);
        default:
            return false;
    }
}

Result<Bytes> TokenImpl::random_from(SessionView session, std::size_t count) const {
    Bytes octets(count);
    const CK_RV rv =
        functions_.C_GenerateRandom(session.handle, octets.data(), static_cast<unsigned long>(octets.size()));
    if (rv != CKR_OK) return ckr_error("C_GenerateRandom", rv, "the token's generator gives nothing");
    return octets;
}

Result<Bytes> TokenImpl::random(std::size_t count) {
    return with_session([&](SessionLease& lease) -> Attempt<Bytes> {
        Bytes octets(count);
        const CK_RV rv =
            functions_.C_GenerateRandom(lease.view().handle, octets.data(), static_cast<unsigned long>(octets.size()));
        if (rv == CKR_OK) return {std::move(octets), false};
        lease.failed(rv);
        return {ckr_error("C_GenerateRandom", rv, "the token's generator gives nothing"), handles_lost(rv)};
    });
}

Result<void> TokenImpl::label_is_free(SessionView session, const std::string& label) const {
    const std::array criteria{Criterion{CKA_LABEL, view_of(label)}};
    for (const CK_OBJECT_CLASS object_class : {CKO_PRIVATE_KEY, CKO_PUBLIC_KEY}) {
        SEALWRIGHT_TRY(const auto found, find_objects(session, object_class, criteria));
        if (!found.empty())
            return fail(ErrorCode::already_exists, "the token already holds a key with the label " + label);
    }
    return success();
}

// fresh_cka_id draws a CKA_ID that no object has: the key's own digest is not known before it exists.
Result<Bytes> TokenImpl::fresh_cka_id(SessionView session) const {
    SEALWRIGHT_TRY(auto cka_id, random_from(session, kCkaIdSize));
    const std::array criteria{Criterion{CKA_ID, cka_id}};
    for (const CK_OBJECT_CLASS object_class : {CKO_PRIVATE_KEY, CKO_PUBLIC_KEY, CKO_CERTIFICATE, CKO_SECRET_KEY}) {
        SEALWRIGHT_TRY(const auto found, find_objects(session, object_class, criteria));
        if (!found.empty())
            return fail(ErrorCode::token, "the token's generator repeated itself", "CKA_ID " + to_hex(cka_id));
    }
    return cka_id;
}

// prove signs a challenge by which private and public half are shown to belong together.
Result<void> TokenImpl::prove(const TokenKey& key, const KeySpec& spec) {
    const SignatureAlgorithm algorithm =
        spec.algorithms.empty() ? crypto::default_algorithm(spec.type) : spec.algorithms.front();
    Bytes challenge = bytes_of(view_of("Sealwright proof that the halves of a new key belong together\n"));
    crypto::SystemRandom system_random;
    std::array<std::uint8_t, 32> nonce{};
    system_random.fill(nonce);
    append(challenge, nonce);
    SignRequest request;
    request.key = key.id;
    request.algorithm = algorithm;
    request.tbs = challenge;
    SEALWRIGHT_TRY(const auto signature, sign(request));
    return key.public_key.verify(algorithm, challenge, signature);
}

Result<TokenKey> TokenImpl::generate_on(SessionView session, const KeySpec& spec) {
    SEALWRIGHT_TRY(label_is_free(session, spec.label));
    SEALWRIGHT_TRY(const auto cka_id, fresh_cka_id(session));
    SEALWRIGHT_TRY(const auto pair, generate_pair(session, spec, cka_id, mechanisms_));
    SEALWRIGHT_TRY(const auto public_key, read_public_key(session, pair.public_key));
    if (public_key.type() != spec.type || (spec.type == crypto::KeyType::rsa && public_key.bits() != spec.rsa_bits)) {
        return fail(ErrorCode::token,
                    "the token made a key of another type or size than it was asked for; the key is still in the token",
                    "CKA_ID " + to_hex(cka_id));
    }
    return TokenKey{public_key.id(), cka_id, spec.label, public_key, true, pair.dropped_attributes};
}

Result<void> check_spec(const KeySpec& spec) {
    if (spec.label.empty() || spec.label.size() > 255)
        return fail(ErrorCode::config, "a key's label has 1 to 255 octets");
    if (spec.evidence_template != "non-extractable-v1")
        return fail(ErrorCode::unsupported, "unknown evidence template; known is non-extractable-v1");
    if (spec.type == crypto::KeyType::rsa && spec.rsa_bits != 2048 && spec.rsa_bits != 3072 && spec.rsa_bits != 4096) {
        return fail(ErrorCode::config, "RSA keys have 2048, 3072 or 4096 bits");
    }
    for (const SignatureAlgorithm& algorithm : spec.algorithms) {
        if (!crypto::fits(algorithm, spec.type))
            return fail(ErrorCode::config,
                        "a key of this type does not make " + crypto::signature_name(algorithm) + " signatures");
    }
    return success();
}

Result<TokenKey> TokenImpl::generate(const KeySpec& spec) {
    SEALWRIGHT_TRY(check_spec(spec));
    const std::scoped_lock one_at_a_time{keygen_mutex_};
    CK_RV rv = CKR_OK;
    SEALWRIGHT_TRY(const auto session, pool_.open_extra(CKF_SERIAL_SESSION | CKF_RW_SESSION, rv));
    auto made = generate_on({&functions_, session}, spec);
    functions_.C_CloseSession(session);
    if (!made) return made;
    SEALWRIGHT_TRY(keys());  // the new key's handles
    if (auto proof = prove(made.value(), spec); !proof) {
        return fail(ErrorCode::token,
                    "the halves of the new key are not proved to belong together; the key is still in the token",
                    proof.error().describe());
    }
    return made;
}

Result<KeyEvidence> TokenImpl::evidence(const KeyId& key) {
    SEALWRIGHT_TRY(find_entry(key));
    return with_session([&](SessionLease& lease) -> Attempt<KeyEvidence> {
        const auto entry = entry_of(key);
        if (!entry || entry->generation != lease.generation())
            return {fail(ErrorCode::unavailable, "the token was lost and is being found again"), true};
        if (!entry->key.has_private)
            return {fail(ErrorCode::not_found, "the token holds only the public half of this key"), false};
        KeyEvidence evidence{key,
                             info_.serial,
                             info_.label,
                             info_.model,
                             info_.manufacturer,
                             info_.firmware_version,
                             entry->key.label,
                             entry->key.cka_id,
                             {}};
        evidence.items = read_evidence_items(lease.view(), entry->private_key, entry->public_key);
        // Handles that went stale read as absent attributes everywhere; that would be a false statement about the key.
        const auto& first = evidence.items.front();
        const bool lost =
            !first.value &&
            (first.why_absent == ckr_name(CKR_SESSION_HANDLE_INVALID) ||
             first.why_absent == ckr_name(CKR_OBJECT_HANDLE_INVALID) ||
             first.why_absent == ckr_name(CKR_SESSION_CLOSED) || first.why_absent == ckr_name(CKR_DEVICE_REMOVED) ||
             first.why_absent == ckr_name(CKR_TOKEN_NOT_PRESENT) || first.why_absent == ckr_name(CKR_DEVICE_ERROR));
        if (lost) {
            lease.failed(CKR_SESSION_HANDLE_INVALID);
            return {fail(ErrorCode::unavailable, "the token was lost while its attributes were read", first.why_absent),
                    true};
        }
        return {std::move(evidence), false};
    });
}

Result<void> TokenImpl::destroy(const KeyId& key) {
    SEALWRIGHT_TRY(find_entry(key));
    CK_RV rv = CKR_OK;
    SEALWRIGHT_TRY(const auto session, pool_.open_extra(CKF_SERIAL_SESSION | CKF_RW_SESSION, rv));
    const auto entry = entry_of(key);
    CK_RV of_private = CKR_OK;
    CK_RV of_public = CKR_OK;
    if (entry && entry->private_key != CK_INVALID_HANDLE)
        of_private = functions_.C_DestroyObject(session, entry->private_key);
    if (entry && entry->public_key != CK_INVALID_HANDLE)
        of_public = functions_.C_DestroyObject(session, entry->public_key);
    functions_.C_CloseSession(session);
    {
        const std::scoped_lock lock{table_mutex_};
        table_.erase(key);
    }
    if (of_private != CKR_OK) return ckr_error("C_DestroyObject", of_private, "the private half was not destroyed");
    if (of_public != CKR_OK) return ckr_error("C_DestroyObject", of_public, "the public half was not destroyed");
    return success();
}

}  // namespace

Result<std::shared_ptr<Token>> Token::open(std::shared_ptr<Module> module, const TokenSelector& selector, Secret pin,
                                           Options options) {
    if (!module) return fail(ErrorCode::internal, "no PKCS#11 module");
    if (options.max_sessions == 0) return fail(ErrorCode::config, "a token needs at least one session");
    SEALWRIGHT_TRY(const auto info, select_token(*module, selector));
    if (!info.initialized) return fail(ErrorCode::unavailable, "the token is not initialised", "serial " + info.serial);
    SEALWRIGHT_TRY(auto claim, Claim::take(loaded(*module), info.serial));
    auto token = std::make_shared<TokenImpl>(std::move(module), info, options, std::move(pin), std::move(claim));
    SEALWRIGHT_TRY(token->start());
    return std::static_pointer_cast<Token>(token);
}

Result<std::shared_ptr<Token>> Token::open(std::shared_ptr<Module> module, const TokenSelector& selector, Secret pin) {
    return open(std::move(module), selector, std::move(pin), Options{});
}

}  // namespace sealwright::hsm::pkcs11
