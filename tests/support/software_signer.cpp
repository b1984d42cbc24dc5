#include "support/software_signer.hpp"

#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include <stdexcept>

namespace sealwright::test {
namespace {

struct FreeKey {
    void operator()(EVP_PKEY* key) const noexcept { EVP_PKEY_free(key); }
};
struct FreeContext {
    void operator()(EVP_MD_CTX* context) const noexcept { EVP_MD_CTX_free(context); }
};
using KeyPtr = std::unique_ptr<EVP_PKEY, FreeKey>;

KeyPtr generate(crypto::KeyType type, unsigned bits) {
    switch (type) {
        case crypto::KeyType::rsa:
            return KeyPtr{EVP_RSA_gen(bits)};
        case crypto::KeyType::ec_p256:
            return KeyPtr{EVP_EC_gen("P-256")};
        case crypto::KeyType::ec_p384:
            return KeyPtr{EVP_EC_gen("P-384")};
        case crypto::KeyType::ec_p521:
            return KeyPtr{EVP_EC_gen("P-521")};
        case crypto::KeyType::ed25519:
            return KeyPtr{EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519")};
        case crypto::KeyType::ed448:
            return KeyPtr{EVP_PKEY_Q_keygen(nullptr, nullptr, "ED448")};
        case crypto::KeyType::ml_dsa_44:
        case crypto::KeyType::ml_dsa_65:
        case crypto::KeyType::ml_dsa_87:
            break;  // not in the libcrypto that the tests are built for
    }
    throw std::logic_error{"no such key type"};
}

crypto::PublicKey public_half(EVP_PKEY* key) {
    unsigned char* der = nullptr;
    const int size = i2d_PUBKEY(key, &der);
    if (size <= 0) throw std::runtime_error{"i2d_PUBKEY"};
    const Bytes spki(der, der + size);
    OPENSSL_free(der);
    return crypto::PublicKey::parse(spki).value();
}

bool is_artefact(hsm::Purpose purpose) { return purpose == hsm::Purpose::certificate || purpose == hsm::Purpose::crl; }

}  // namespace

struct SoftwareSigner::Key {
    KeyPtr key;
    crypto::PublicKey public_key;
};

SoftwareSigner::SoftwareSigner() = default;
SoftwareSigner::~SoftwareSigner() = default;

crypto::PublicKey SoftwareSigner::add_key(crypto::KeyType type, unsigned bits) {
    auto make = [&] {
        KeyPtr key = generate(type, bits);
        if (!key) throw std::runtime_error{"key generation failed"};
        auto half = public_half(key.get());
        return std::make_shared<Key>(Key{std::move(key), std::move(half)});
    };
    auto key = make();
    const std::lock_guard lock{mutex_};
    if (!other_keys_.contains(type)) other_keys_[type] = make();
    keys_[key->public_key.id()] = key;
    return key->public_key;
}

Result<Bytes> SoftwareSigner::sign_with(const Key& key, const crypto::SignatureAlgorithm& algorithm,
                                        ByteView message) const {
    const bool eddsa = crypto::signs_messages(algorithm.scheme);
    std::unique_ptr<EVP_MD_CTX, FreeContext> context{EVP_MD_CTX_new()};
    EVP_PKEY_CTX* parameters = nullptr;
    const std::string name{crypto::digest_name(algorithm.digest)};
    if (EVP_DigestSignInit_ex(context.get(), &parameters, eddsa ? nullptr : name.c_str(), nullptr, nullptr,
                              key.key.get(), nullptr) != 1) {
        throw std::runtime_error{"EVP_DigestSignInit_ex"};
    }
    if (algorithm.scheme == crypto::SignatureScheme::rsa_pss) {
        EVP_PKEY_CTX_set_rsa_padding(parameters, RSA_PKCS1_PSS_PADDING);
        EVP_PKEY_CTX_set_rsa_pss_saltlen(parameters, RSA_PSS_SALTLEN_DIGEST);
    }
    std::size_t size = 0;
    if (EVP_DigestSign(context.get(), nullptr, &size, message.data(), message.size()) != 1)
        throw std::runtime_error{"EVP_DigestSign"};
    Bytes signature(size);
    if (EVP_DigestSign(context.get(), signature.data(), &size, message.data(), message.size()) != 1)
        throw std::runtime_error{"EVP_DigestSign"};
    signature.resize(size);
    return signature;
}

Result<Bytes> SoftwareSigner::sign(const hsm::SignRequest& request) {
    std::function<void(const hsm::SignRequest&)> hook;
    {
        const std::lock_guard lock{mutex_};
        hook = before_sign_;
    }
    if (hook) hook(request);

    std::shared_ptr<Key> key;
    Tamper how{};
    std::optional<std::pair<Error, bool>> failure;
    std::size_t call = 0;
    {
        const std::lock_guard lock{mutex_};
        call = calls_.size();
        calls_.push_back(
            {request.key, request.purpose, request.algorithm, request.intent, bytes_of(request.tbs), false});
        failure = std::exchange(next_failure_, std::nullopt);
        how = tamper_;
        if (failure && !failure->second) {
            const auto code = failure->first.code();
            if (code == ErrorCode::token) journal_[request.intent] = hsm::JournalState::failed;
            if (code == ErrorCode::timed_out || code == ErrorCode::indeterminate)
                journal_[request.intent] = hsm::JournalState::may_have_signed;
            return failure->first;
        }
        const auto found = keys_.find(request.key);
        if (found == keys_.end()) return fail(ErrorCode::not_found, "no such key");
        if (!crypto::fits(request.algorithm, found->second->public_key.type()))
            return fail(ErrorCode::denied, "algorithm does not fit the key");
        if (is_artefact(request.purpose) && journal_.contains(request.intent))
            return fail(ErrorCode::conflict, "this intent was used");
        key = how == Tamper::other_key ? other_keys_.at(found->second->public_key.type()) : found->second;
        if (is_artefact(request.purpose)) journal_[request.intent] = hsm::JournalState::signed_;
        calls_[call].made_signature = true;
    }
    Bytes message = bytes_of(request.tbs);
    if (how == Tamper::changed_tbs) message.back() ^= 1;
    SEALWRIGHT_TRY(Bytes signature, sign_with(*key, request.algorithm, message));
    if (failure) return failure->first;
    if (how == Tamper::flip_bit) signature.back() ^= 1;
    if (how == Tamper::truncate) signature.pop_back();
    if (how == Tamper::empty) signature.clear();
    return signature;
}

Result<crypto::PublicKey> SoftwareSigner::public_key(const KeyId& key) {
    const std::lock_guard lock{mutex_};
    const auto found = keys_.find(key);
    if (found == keys_.end()) return fail(ErrorCode::not_found, "no such key");
    return found->second->public_key;
}

Result<void> SoftwareSigner::fence(const NodeId& node, BootEpoch epoch) {
    const std::lock_guard lock{mutex_};
    auto& newest = fences_[node];
    if (epoch < newest) return fail(ErrorCode::conflict, "a newer epoch was seen");
    newest = epoch;
    return success();
}

Result<hsm::JournalState> SoftwareSigner::look_up(const IntentId& intent, BootEpoch) {
    const std::lock_guard lock{mutex_};
    if (journal_failure_) return *journal_failure_;
    const auto found = journal_.find(intent);
    return found == journal_.end() ? hsm::JournalState::never_seen : found->second;
}

void SoftwareSigner::fail_next(Error error, bool signed_anyway) {
    const std::lock_guard lock{mutex_};
    next_failure_.emplace(std::move(error), signed_anyway);
}

void SoftwareSigner::tamper(Tamper how) {
    const std::lock_guard lock{mutex_};
    tamper_ = how;
}

void SoftwareSigner::before_sign(std::function<void(const hsm::SignRequest&)> hook) {
    const std::lock_guard lock{mutex_};
    before_sign_ = std::move(hook);
}

void SoftwareSigner::set_journal(const IntentId& intent, hsm::JournalState state) {
    const std::lock_guard lock{mutex_};
    journal_[intent] = state;
}

void SoftwareSigner::fail_journal(std::optional<Error> error) {
    const std::lock_guard lock{mutex_};
    journal_failure_ = std::move(error);
}

std::vector<SoftwareSigner::Call> SoftwareSigner::calls() const {
    const std::lock_guard lock{mutex_};
    return calls_;
}

std::size_t SoftwareSigner::signatures_made() const {
    const std::lock_guard lock{mutex_};
    std::size_t count = 0;
    for (const auto& call : calls_) count += call.made_signature ? 1 : 0;
    return count;
}

std::map<NodeId, BootEpoch> SoftwareSigner::fences() const {
    const std::lock_guard lock{mutex_};
    return fences_;
}

}  // namespace sealwright::test
