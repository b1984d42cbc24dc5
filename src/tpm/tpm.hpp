// tpm.hpp: what a device does with its TPM: who it is (endorsement key), who vouches for its keys (attestation key),
// its keys, and their signatures.
//
// Every call connects, does its work and leaves nothing in the TPM: no key, no session, and no connection that others
// would wait for. So it works with a resource manager (/dev/tpmrm0) and with the three places of a bare TPM.
// Hierarchies with a password are refused: only the empty one is known.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/secret.hpp"
#include "crypto/signature_algorithm.hpp"
#include "tpm/key_blob.hpp"
#include "tpm/key_kind.hpp"

namespace sealwright::tpm {

inline constexpr std::size_t kMaxNvCertificate = 8192;  // octets of a certificate in NV memory
inline constexpr std::size_t kMaxNvChain = 8;           // certificates

// Endorsement is who the TPM is.
struct Endorsement {
    EkTemplate ek = EkTemplate::l1;
    Bytes public_area;         // TPM2B_PUBLIC
    Bytes certificate;         // as it stands in NV memory, padding and all; empty where there is none
    std::vector<Bytes> chain;  // intermediates from NV memory, DER
};

// Certification is TPM2_Certify's answer.
struct Certification {
    Bytes info;       // TPM2B_ATTEST
    Bytes signature;  // TPMT_SIGNATURE
};

// Credential is what TPM2_MakeCredential gave elsewhere.
struct Credential {
    Bytes blob;              // TPM2B_ID_OBJECT
    Bytes encrypted_secret;  // TPM2B_ENCRYPTED_SECRET
};

// default_tcti is "device:/dev/tpmrm0" where that exists, else "device:/dev/tpm0" where that does, else the first.
std::string default_tcti();

// Tpm speaks to one TPM. Copyable: it is only an address. One call at a time per TPM without a resource manager. Errors
// of all calls: unavailable (no TPM, no permission, busy, locked out), unsupported (the TPM lacks the algorithm),
// invalid_signature (a blob is not this TPM's), token (the TPM refuses); behind a line break in the public detail
// stands what the operator can do.
class Tpm {
public:
    explicit Tpm(std::string tcti) : tcti_(std::move(tcti)) {}
    const std::string& tcti() const noexcept { return tcti_; }

    // find_endorsement takes the first candidate with a certificate in NV memory, else the first with a persistent key,
    // else the first that the TPM can make.
    Result<Endorsement> find_endorsement(const std::vector<EkTemplate>& candidates) const;

    // create_ak makes a restricted signing key below the endorsement key; create_key an unrestricted one below the
    // storage key of the owner hierarchy.
    Result<KeyBlob> create_ak(EkTemplate ek, KeyKind kind) const;
    Result<KeyBlob> create_key(KeyKind kind) const;
    // check_ak and check_key load a key and throw it out again: success says that this TPM can use it.
    Result<void> check_ak(EkTemplate ek, const KeyBlob& ak) const;
    Result<void> check_key(const KeyBlob& key) const;

    // activate gives the secret of a credential that was made for this EK and AK. invalid_signature where it was made
    // for others.
    Result<Secret> activate(EkTemplate ek, const KeyBlob& ak, const Credential& credential) const;
    // certify has the AK say of the key that it is in this TPM; qualifying_data goes into what is signed.
    Result<Certification> certify(EkTemplate ek, const KeyBlob& ak, const KeyBlob& key, ByteView qualifying_data) const;
    // sign gives a signature as X.509 wants it (ECDSA: DER of r and s). rsa_pkcs1, rsa_pss and ecdsa. The caller should
    // verify it: older TPMs make PSS signatures with a longer salt than TLS and X.509 allow.
    Result<Bytes> sign(const KeyBlob& key, const crypto::SignatureAlgorithm& algorithm, ByteView message) const;

private:
    std::string tcti_;
};

}  // namespace sealwright::tpm
