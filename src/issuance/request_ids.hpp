// request_ids.hpp: names for requests, in the order in which they come. A store's index over names that grow is written
// at its end alone, where random ones would touch a page each.
#pragma once

#include <atomic>

#include "base/clock.hpp"
#include "base/ids.hpp"
#include "crypto/random.hpp"

namespace sealwright::issuance {

// RequestIds: eight octets that grow within one process (and with the clock across restarts), then eight random ones,
// which make a name unguessable and unique however the clock goes. Thread-safe.
class RequestIds {
public:
    RequestId next(UtcTime now, crypto::Random& random);

private:
    std::atomic<std::uint64_t> last_{0};
};

}  // namespace sealwright::issuance
