// ocsp_responder.hpp: RFC 6960 with the profile of RFC 5019: answers by database, signed by the delegated key,
// pre-signed answers kept in a bounded cache.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>

#include "issuance/engine.hpp"
#include "x509/ocsp.hpp"

namespace sealwright::issuance {

struct OcspPolicy {
    std::chrono::seconds validity{std::chrono::hours{12}};
    std::size_t cache_entries = 100000;
    std::size_t max_concurrent_signatures = 64;  // beyond it: tryLater
};

struct OcspAnswer {
    Bytes der;               // OCSPResponse
    bool cacheable = false;  // no nonce, one certificate: RFC 5019 HTTP caching headers apply
    UtcTime this_update{}, next_update{}, produced_at{};
};

// OcspResponder: thread-safe; answer blocks when it has to sign.
class OcspResponder {
public:
    // signer_certificate is the delegated responder's (id-kp-OCSPSigning, ocsp-nocheck), issued by authority.
    OcspResponder(const Authority& authority, x509::Certificate signer_certificate, OcspPolicy policy, CaStore& store,
                  hsm::Signer& signer, const Clock& clock, crypto::Random& random, Log& log);
    ~OcspResponder();
    // answer never fails: what cannot be answered is an OCSP error response (malformedRequest, unauthorized for other
    // issuers, tryLater, internalError).
    OcspAnswer answer(ByteView request_der);
    // status_changed makes the cache forget these; call it whenever a status may have changed. The database's change
    // counter is looked at as well.
    void status_changed();
    struct Statistics {
        std::uint64_t asked = 0, from_cache = 0, signed_now = 0, refused = 0;
    };
    Statistics statistics() const;

private:
    struct Parts;
    std::unique_ptr<Parts> parts_;
};

}  // namespace sealwright::issuance
