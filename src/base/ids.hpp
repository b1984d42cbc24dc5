// ids.hpp: what things are called in every room.
#pragma once

#include <cstdint>

#include "base/strong_type.hpp"

namespace sealwright {

// Sha256 is a SHA-256 value of anything.
using Sha256 = FixedBytes<struct Sha256Tag, 32>;

// KeyId names a key: the SHA-256 of its DER SubjectPublicKeyInfo. Token serial, label and CKA_ID are only where it is found.
using KeyId = FixedBytes<struct KeyIdTag, 32>;

// SerialNumber is a certificate's serial: 128 bits from a CSPRNG, as an unsigned big-endian integer that is not zero. In DER it takes up
// to 17 octets; RFC 5280 section 4.1.2.2 allows 20.
using SerialNumber = FixedBytes<struct SerialNumberTag, 16>;

// RequestId names an enrolment request; also the opaque resume token of a protocol that takes several rounds. Unguessable.
using RequestId = FixedBytes<struct RequestIdTag, 16>;

// IntentId names one intent to sign, in the store, in the audit log and in the signer's journal. Never used for a second signature.
using IntentId = FixedBytes<struct IntentIdTag, 16>;

// NodeId names one CA node of a site; BootEpoch counts its starts, from 1, durably.
using NodeId = FixedBytes<struct NodeIdTag, 16>;
using BootEpoch = StrongInteger<struct BootEpochTag, std::uint64_t>;

}  // namespace sealwright
