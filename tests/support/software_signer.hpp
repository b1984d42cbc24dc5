// software_signer.hpp: an hsm::Signer whose keys live in memory, for tests alone. It keeps a journal like the signer
// process, and can be told to fail, to lie, or to answer with something that is not quite a signature.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <vector>

#include "hsm/signer.hpp"

namespace sealwright::test {

// Tamper says what is wrong with the answers of a signer that does not fail but lies.
enum class Tamper {
    none,
    flip_bit,     // one bit of the signature
    truncate,     // the last octet is missing
    empty,        // no octets at all
    other_key,    // a valid signature by another key of the same type
    changed_tbs,  // a valid signature by the right key over other octets
};

class SoftwareSigner final : public hsm::Signer, public hsm::SignerJournal {
public:
    SoftwareSigner();
    ~SoftwareSigner() override;

    // add_key generates a key and gives its public half. bits is for RSA.
    crypto::PublicKey add_key(crypto::KeyType type, unsigned bits = 2048);

    // Signer.
    Result<Bytes> sign(const hsm::SignRequest& request) override;
    Result<crypto::PublicKey> public_key(const KeyId& key) override;

    // SignerJournal.
    Result<void> fence(const NodeId& node, BootEpoch epoch) override;
    Result<hsm::JournalState> look_up(const IntentId& intent, BootEpoch epoch) override;

    // fail_next makes the next sign fail with this error; signed_anyway: the key was used and the journal says so, only
    // the answer is lost.
    void fail_next(Error error, bool signed_anyway = false);
    // tamper stays until it is set to none.
    void tamper(Tamper how);
    // before_sign is called in sign before anything else, without the lock.
    void before_sign(std::function<void(const hsm::SignRequest&)> hook);
    // set_journal and fail_journal dictate what look_up answers.
    void set_journal(const IntentId& intent, hsm::JournalState state);
    void fail_journal(std::optional<Error> error);

    // Call is one request to sign, as it came, whatever came of it.
    struct Call {
        KeyId key;
        hsm::Purpose purpose{};
        crypto::SignatureAlgorithm algorithm;
        IntentId intent;
        Bytes tbs;
        bool made_signature = false;
    };
    std::vector<Call> calls() const;
    std::size_t signatures_made() const;
    std::map<NodeId, BootEpoch> fences() const;

private:
    struct Key;
    Result<Bytes> sign_with(const Key& key, const crypto::SignatureAlgorithm& algorithm, ByteView message) const;

    mutable std::mutex mutex_;
    std::map<KeyId, std::shared_ptr<Key>> keys_;
    std::map<crypto::KeyType, std::shared_ptr<Key>> other_keys_;  // for Tamper::other_key
    std::map<IntentId, hsm::JournalState> journal_;
    std::map<NodeId, BootEpoch> fences_;
    std::vector<Call> calls_;
    std::optional<std::pair<Error, bool>> next_failure_;
    std::optional<Error> journal_failure_;
    Tamper tamper_ = Tamper::none;
    std::function<void(const hsm::SignRequest&)> before_sign_;
};

}  // namespace sealwright::test
