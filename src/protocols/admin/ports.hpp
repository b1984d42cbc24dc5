// ports.hpp: what the admin API needs of the house, and what a status page says.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "http_server/message.hpp"
#include "issuance/audit_events.hpp"
#include "issuance/device_register.hpp"
#include "issuance/engine.hpp"
#include "issuance/ocsp_responder.hpp"
#include "issuance/revocation.hpp"

namespace sealwright::protocols::admin {

struct Counts {
    std::uint64_t issued = 0, revoked = 0, open_intents = 0;
};

struct StatusReport {
    std::string version;
    issuance::Node node;
    UtcTime started_at{};
    bool ready = false;
    std::vector<std::string> reasons;        // why not ready
    std::optional<issuance::CrlRecord> crl;  // without its octets
    audit::TreeHead audit;
    bool signer_connected = false, store_healthy = false;
    std::optional<Counts> counts;  // nothing where the store cannot be read
    issuance::OcspResponder::Statistics ocsp;
};

// Checkpoint is a signed head of the audit log.
struct Checkpoint {
    std::string note, vkey, origin;
    std::uint64_t size = 0;
};

// Ports: the functions are thread-safe and may block; everything outlives the routes.
struct Ports {
    issuance::Engine& engine;
    issuance::CaStore& store;
    issuance::Revoker& revoker;
    issuance::DeviceRegister& devices;
    issuance::EventMaker events;
    const Clock& clock;
    crypto::Random& random;
    Log& log;
    // identify names the process behind a connection and gives it the roles that configuration gives to its user.
    std::function<policy::LocalPrincipal(const http_server::PeerCredentials&)> identify;
    // may_serve is success when requests may reach the engine now; else the reason (unavailable).
    std::function<Result<void>()> may_serve;
    std::function<StatusReport()> status;
    std::function<Result<issuance::CrlRecord>()> publish_crl;
    std::function<Result<Checkpoint>()> checkpoint;
    std::map<std::string, std::string> profile_texts;  // the TOML of each profile, by name
};

}  // namespace sealwright::protocols::admin
