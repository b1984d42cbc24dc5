// attested_key.hpp: step 3. A proven key that a TPM was shown to hold is an AttestedKey; only an affirming verdict
// about this very key makes one.
#pragma once

#include "attestation/record.hpp"
#include "issuance/device_store.hpp"
#include "issuance/possession.hpp"

namespace sealwright::issuance {

class AttestedKey {
public:
    // make: denied where the verdict refuses (its findings say why) or is about another key.
    static Result<AttestedKey> make(const ProvenKey& key, attestation::Record record);

    attestation::Level level() const noexcept { return record_.verdict.level(); }
    const KeyId& ek() const noexcept { return record_.verdict.facts().ek; }
    const attestation::Record& record() const noexcept { return record_; }
    AttestedDevice device() const;  // without its identity, which the certificate has

private:
    explicit AttestedKey(attestation::Record record) : record_(std::move(record)) {}
    attestation::Record record_;
};

// refused_by is the error for the requester: which checks refused.
Error refused_by(const attestation::Verdict& verdict);

}  // namespace sealwright::issuance
