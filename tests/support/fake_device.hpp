// fake_device.hpp: a device of software that speaks the native protocol's two rounds: its bodies as JSON, its request
// signed by its key. For tests, the fleet and benchmarks.
#pragma once

#include <string>

#include "tests/support/fake_tpm.hpp"
#include "x509/csr.hpp"

namespace sealwright::test {

// csr_of is a PKCS#10 request with CN=name, signed by the key.
x509::CertificateRequest csr_of(const FakeTpmKey& key, const std::string& name);

// ChallengeMessage is the answer of the first round, read.
struct ChallengeMessage {
    std::string request;
    attestation::Challenge challenge;  // without the secret's digest, which only the server knows
};
Result<ChallengeMessage> read_challenge(std::string_view json);

// FakeDevice: immutable once made, thread-safe. profile may be empty.
struct FakeDevice {
    FakeTpm tpm;
    FakeTpmKey key;
    std::string name;
    Bytes ek_certificate;

    std::string opening_body(const std::string& profile = {}) const;
    // answer_body activates and certifies: it does what a TPM would take its time for.
    Result<std::string> answer_body(const ChallengeMessage& challenge) const;
};

}  // namespace sealwright::test
