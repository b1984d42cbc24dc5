// fuzz_site.hpp: a CA in memory, whose keys are made once and whose records are new for each input.
#pragma once

#include "issuance/engine.hpp"
#include "issuance/revocation.hpp"
#include "support/fake_store.hpp"
#include "support/seeded_random.hpp"
#include "support/test_ca.hpp"

namespace sealwright::fuzz {

inline const UtcTime kNow = from_rfc3339("2026-11-22T12:00:00Z").value();

struct FuzzSite {
    static test::TestCa& ca() {
        static test::TestCa made{kNow};
        return made;
    }
    static const issuance::Profiles& profiles() {
        static const issuance::Profiles made{{"tls-server", test::load_profile(test::profile_text("tls-server"))}};
        return made;
    }
    ManualClock clock{kNow};
    test::SeededRandom random{1};
    NullLog log;
    issuance::Node node;
    test::FakeStore store;
    issuance::Engine engine{
        ca().authority, profiles(),  {.node = node, .lease = std::chrono::seconds{30}, .signer_ready = {}},
        store,          ca().signer, clock,
        random,         log};
    issuance::Revoker revoker{store, node, clock, log, [] {}};
};

}  // namespace sealwright::fuzz
