#include "hsm/signer_process/proof_task.hpp"

#include <algorithm>
#include <array>

#include "crypto/digest.hpp"
#include "crypto/random.hpp"
#include "hsm/signer_process/wire.hpp"

namespace sealwright::hsm::signer_process {
namespace {

// SigningProof has the key sign text that is nothing else.
class SigningProof final : public ProofTask {
public:
    explicit SigningProof(Question question)
        : ProofTask(std::move(question)),
          challenge_(bytes_of(view_of("Sealwright proof that a token holds a key/v1\n"))) {
        std::array<std::uint8_t, 32> nonce{};
        crypto::SystemRandom random;
        random.fill(nonce);
        append(challenge_, nonce);
    }

    ProofRecord record() const override {
        return {key(), algorithm(), crypto::sha256(challenge_), crypto::sha256(view_of(question_.token_serial))};
    }
    const crypto::SignatureAlgorithm& algorithm() const noexcept override {
        return question_.limits.algorithms.front();
    }
    ByteView octets() const noexcept override { return challenge_; }
    Kind kind() const noexcept override { return Kind::message; }
    void succeed(Bytes signature) noexcept override {
        question_.told(question_.key.verify(algorithm(), challenge_, signature), nullptr);
    }
    void refuse(const Error& why) noexcept override { question_.told(why, nullptr); }

private:
    Bytes challenge_;
};

// DecryptingProof has the key decrypt what only its private half can, in one of the ways that it may decrypt.
class DecryptingProof final : public ProofTask {
public:
    // make takes the first of ways; there is one.
    static Result<std::shared_ptr<ProofTask>> make(Question question, std::vector<DecryptionWay> ways) {
        crypto::SystemRandom random;
        SEALWRIGHT_TRY(auto proof, DecryptionProof::make(question.key, ways.front(), random));
        return std::shared_ptr<ProofTask>{new DecryptingProof{std::move(question), std::move(ways), std::move(proof)}};
    }

    ProofRecord record() const override {
        return {key(), ways_.front(), crypto::sha256(request_), crypto::sha256(view_of(question_.token_serial))};
    }
    const crypto::SignatureAlgorithm& algorithm() const noexcept override { return no_algorithm_; }
    ByteView octets() const noexcept override { return request_; }
    Kind kind() const noexcept override { return Kind::decrypt; }
    void succeed(Bytes content) noexcept override {
        const auto checked = proof_.check(content);
        zeroise(content.data(), content.size());
        question_.told(checked, nullptr);
    }
    void refuse(const Error& why) noexcept override {
        if (!may_be_lacking(why) || ways_.size() == 1) return question_.told(why, nullptr);
        auto another = make(question_, {ways_.begin() + 1, ways_.end()});
        question_.told(why, another ? another.value() : nullptr);
    }

private:
    DecryptingProof(Question question, std::vector<DecryptionWay> ways, DecryptionProof proof)
        : ProofTask(std::move(question)), ways_(std::move(ways)), proof_(std::move(proof)) {
        append_decrypt_request(request_, proof_.request());
    }

    const std::vector<DecryptionWay> ways_;
    const DecryptionProof proof_;
    Bytes request_;
    const crypto::SignatureAlgorithm no_algorithm_{};
};

// allowed_ways: a key proves itself by what it may do.
std::vector<DecryptionWay> allowed_ways(const KeyLimits& limits, const crypto::PublicKey& key) {
    auto ways = decryption_ways(key);
    std::erase_if(ways, [&](const DecryptionWay& way) {
        const auto& schemes = limits.decrypt->schemes;
        return std::find(schemes.begin(), schemes.end(), way.scheme) == schemes.end();
    });
    return ways;
}

}  // namespace

Result<std::shared_ptr<ProofTask>> ProofTask::make(Question question) {
    const KeyLimits& limits = question.limits;
    if (!limits.algorithms.empty())
        return std::shared_ptr<ProofTask>{std::make_shared<SigningProof>(std::move(question))};
    auto ways = limits.decrypt ? allowed_ways(limits, question.key) : std::vector<DecryptionWay>{};
    if (ways.empty()) return fail(ErrorCode::config, "the key " + limits.name + " can do nothing of what it may do");
    return DecryptingProof::make(std::move(question), std::move(ways));
}

}  // namespace sealwright::hsm::signer_process
