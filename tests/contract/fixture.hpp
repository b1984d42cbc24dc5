// fixture.hpp: values for tests of stores: intents and certificates that hang together, each different from the last.
#pragma once

#include "issuance/ca_store.hpp"

namespace sealwright::contract {

// at gives a time in seconds after the start of the tests' world.
UtcTime at(std::int64_t seconds);

// The ids count, so that a failure is the same in each run.
template <class Id>
Id numbered(std::uint64_t number) {
    std::array<std::uint8_t, Id::kSize> octets{};
    for (unsigned i = 0; i < 8; ++i) octets[Id::kSize - 1 - i] = static_cast<std::uint8_t>(number >> (8 * i));
    octets[0] = 0x5A;
    return Id{octets};
}

inline const KeyId kIssuer = numbered<KeyId>(1);
inline const KeyId kOtherIssuer = numbered<KeyId>(2);
inline const issuance::Node kNode{numbered<NodeId>(1), BootEpoch{1}};

// intent_of makes all of a small intent from a number; its lease lasts 60 seconds.
issuance::Intent intent_of(std::uint64_t number, UtcTime now = at(0));
// completion_of makes the certificate of that intent: its TBS with an algorithm and a signature around it.
issuance::Completion completion_of(const issuance::Intent& intent, UtcTime now = at(0));
issuance::Refusal refusal_of(std::uint64_t number, UtcTime now = at(0));
issuance::PendingRequest pending_of(std::uint64_t number, UtcTime now = at(0));
issuance::SecretRecord secret_of(std::uint64_t number, UtcTime now = at(0));
issuance::CrlIntent crl_intent_of(std::uint64_t intent, std::uint64_t number, UtcTime now = at(0));
issuance::CrlRecord crl_record_of(const issuance::CrlIntent& intent);
issuance::Events event_of(audit::EventKind kind, std::string note = "");

}  // namespace sealwright::contract
