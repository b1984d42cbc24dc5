// attestation_cases.hpp: devices whose evidence is judged by a benchmark, and beside each the public-key operations
// that its verdict cannot do without, with their keys loaded.
#pragma once

#include <functional>

#include "tests/support/fake_tpm.hpp"

namespace sealwright::bench {

// BareVerification is one signature of the evidence: verified with a key that is loaded already.
struct BareVerification {
    crypto::PublicKey key;
    crypto::SignatureAlgorithm algorithm;
    Bytes message, signature;
    bool holds() const { return key.verify(algorithm, message, signature).has_value(); }
};

struct Device {
    attestation::Opening opening;
    attestation::Answer answer;
    attestation::Expectation expectation;
    // The signatures of the chain that a verdict verifies: the EK certificate's, and that of an intermediate which the
    // device sent. An intermediate that the site has is verified once in a process and not counted.
    std::vector<BareVerification> chain;
    std::optional<BareVerification> certification;  // by the AK
    // What make_challenge cannot do without: OAEP's encryption, or the two multiplications of an ephemeral exchange.
    std::function<bool()> bare_challenge;
};

// Fleet is devices of one manufacturer, each with keys of its own.
struct Fleet {
    std::string what;
    attestation::TrustAnchors anchors;
    attestation::Policy policy;
    std::vector<Device> devices;
};

enum class Keys { p256, rsa2048 };  // of the devices and of the CAs; EKs by L-2 or L-1

// make_fleets gives the same devices twice: with the intermediate among the site's files, and sent by each device.
std::vector<Fleet> make_fleets(UtcTime now, Keys keys, std::size_t devices);

}  // namespace sealwright::bench
