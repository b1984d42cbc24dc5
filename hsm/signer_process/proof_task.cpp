#include "hsm/signer_process/proof_task.hpp"

#include <array>

#include "crypto/digest.hpp"
#include "crypto/random.hpp"

namespace sealwright::hsm::signer_process {

ProofTask::ProofTask(const KeyLimits& limits, crypto::PublicKey key, std::chrono::steady_clock::time_point deadline,
                     Told told)
    : TokenTask(deadline),
      limits_(limits),
      key_(std::move(key)),
      challenge_(bytes_of(view_of("Sealwright proof that a token holds a key/v1\n"))),
      told_(std::move(told)) {
    std::array<std::uint8_t, 32> nonce{};
    crypto::SystemRandom random;
    random.fill(nonce);
    append(challenge_, nonce);
}

ProofRecord ProofTask::record(const std::string& serial) const {
    return ProofRecord{limits_.id, limits_.algorithms.front(), crypto::sha256(challenge_),
                       crypto::sha256(view_of(serial))};
}

}  // namespace sealwright::hsm::signer_process
