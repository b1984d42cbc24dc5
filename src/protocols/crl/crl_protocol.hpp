// crl_protocol.hpp: CRLs and CA certificates over plain HTTP, as the pointers in certificates name them (RFC 5280
// sections 4.2.1.13 and 4.2.2.1; media types of RFC 2585).
#pragma once

#include <chrono>
#include <functional>
#include <memory>

#include "base/clock.hpp"
#include "http_server/router.hpp"
#include "issuance/ca_store.hpp"

namespace sealwright::protocols::crl {

// RootCrl is the offline root's CRL as a file beside the daemon: DER and when it says that it was made.
struct RootCrl {
    std::shared_ptr<const Bytes> der;
    UtcTime this_update{}, next_update{};
};

struct Ports {
    std::function<std::shared_ptr<const issuance::CrlRecord>()> current;  // null before the first
    std::function<std::optional<RootCrl>()> root_crl{};                   // nothing where none is published here
    Bytes issuing_certificate, root_certificate{};                        // DER; an empty one is not served
    const Clock& clock;
    // How long a cache may keep a CRL at most, however long it is valid.
    std::chrono::seconds max_age{std::chrono::hours{1}};
};

// add_routes serves GET /crl/issuing.crl, /crl/root.crl, /aia/issuing.cer and /aia/root.cer.
void add_routes(http_server::Router& router, Ports ports);

}  // namespace sealwright::protocols::crl
