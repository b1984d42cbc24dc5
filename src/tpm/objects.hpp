// objects.hpp: keys brought into the TPM for one operation. A TPM without a resource manager holds three at a time: no
// function here needs more besides what its caller holds than it says. Internal to this room.
#pragma once

#include <vector>

#include "tpm/connection.hpp"
#include "tpm/key_blob.hpp"
#include "tpm/templates.hpp"

namespace sealwright::tpm {

// handles_from lists the handles in the TPM from first on, of its own kind and not beyond last.
Result<std::vector<TPM2_HANDLE>> handles_from(const Connection& connection, TPM2_HANDLE first, TPM2_HANDLE last);

// EndorsementKey is the key and how it is used: L templates want PolicySecret(TPM_RH_ENDORSEMENT), H templates the
// (empty) password.
struct EndorsementKey {
    Handle handle;
    Bytes public_area;  // TPM2B_PUBLIC
    bool wants_policy;
};
// find_persistent_ek gives the persistent key that matches the template, if there is one. No places.
Result<std::optional<EndorsementKey>> find_persistent_ek(const Connection& connection, EkTemplate ek);
// open_ek takes the persistent key, or makes it from the template. One place.
Result<EndorsementKey> open_ek(const Connection& connection, EkTemplate ek);

// Authorization of an endorsement key, for one command.
class EkAuthorization {
public:
    static Result<EkAuthorization> make(const Connection& connection, const EndorsementKey& ek);
    ESYS_TR get() const noexcept { return session_ ? session_->get() : ESYS_TR_PASSWORD; }

private:
    explicit EkAuthorization(std::optional<Handle> session) : session_(std::move(session)) {}
    std::optional<Handle> session_;
};

// make_storage_primary makes the parent of TSS2 keys. One place.
Result<Handle> make_storage_primary(const Connection& connection);
// create makes a key below a parent and gives it out. One place, for the moment.
Result<KeyBlob> create(const Connection& connection, ESYS_TR parent, ESYS_TR authorization, const TPM2B_PUBLIC& area);
// load brings a key in. One place besides the parent.
Result<Handle> load(const Connection& connection, ESYS_TR parent, ESYS_TR authorization, const KeyBlob& blob);

// load_ak and load_key leave only the key in the TPM. Two places, of which one is given back.
Result<Handle> load_ak(const Connection& connection, const EndorsementKey& ek, const KeyBlob& ak);
Result<Handle> load_key(const Connection& connection, const KeyBlob& key);

// flush_leftovers takes keys out of the TPM that a killed run left, where there is no resource manager that did it:
// those alone whose public area is that of one of these blobs, which no other program has.
Result<void> flush_leftovers(const Connection& connection, const std::vector<const KeyBlob*>& blobs);

}  // namespace sealwright::tpm
