// crl_publisher.hpp: makes the next CRL in time: on each change of status, and before the last one expires; numbers
// only ever grow.
#pragma once

#include <chrono>
#include <filesystem>
#include <memory>

#include "issuance/engine.hpp"

namespace sealwright::issuance {

struct CrlPolicy {
    std::chrono::seconds validity{std::chrono::hours{24}};
    std::chrono::seconds overlap{
        std::chrono::hours{6}};  // the next CRL is out at the latest this long before nextUpdate
    // thisUpdate is this long before now, for readers whose clocks lag, though never before a revocation that it lists;
    // nextUpdate = thisUpdate + validity. What the store has of a time that lies ahead of the clock counts as of now.
    std::chrono::seconds backdate{60};
    std::filesystem::path file;  // written atomically; empty: none
};

// CrlPublisher: publish_now blocks; one publication at a time. Driven by server/lifecycle: due() says when, changed()
// wakes it.
class CrlPublisher {
public:
    CrlPublisher(const Authority& authority, CrlPolicy policy, Node node, CaStore& store, hsm::Signer& signer,
                 const Clock& clock, crypto::Random& random, Log& log);
    ~CrlPublisher();
    // publish_now walks the steps of issuance: number reserved, TBS linted, intent durable, signed, verified, parsed
    // again, stored, file renamed into place. A file that cannot be written is no failure of the CRL.
    Result<CrlRecord> publish_now();
    // retry_file writes the current CRL's file again where that failed; file_is_behind says that it still has to.
    void retry_file();
    bool file_is_behind() const noexcept;
    // due is when the next one must be made, at the latest: at once where there is none, or its thisUpdate lies ahead
    // of the clock.
    UtcTime due() const;
    // current is the CRL to serve (DER), shared and immutable; empty before the first.
    std::shared_ptr<const CrlRecord> current() const;
    // settle abandons the open CRL intents of older epochs, so that their numbers are never used, and loads the last
    // CRL.
    Result<void> settle();

private:
    struct Parts;
    std::unique_ptr<Parts> parts_;
};

}  // namespace sealwright::issuance
