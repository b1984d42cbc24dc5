// templates.hpp: the public areas by which keys are made. Internal to this room.
#pragma once

#include <tss2/tss2_tpm2_types.h>

#include "tpm/key_kind.hpp"

namespace sealwright::tpm {

// ek_area is the template of an endorsement key (TCG EK Credential Profile, annex B).
TPM2B_PUBLIC ek_area(EkTemplate ek);
// ek_certificate_index is where the manufacturer puts its certificate.
TPM2_HANDLE ek_certificate_index(EkTemplate ek) noexcept;
// matches_template compares a key with a template: everything but the key itself.
bool matches_template(const TPM2B_PUBLIC& key, const TPM2B_PUBLIC& area);

// storage_area is the storage primary that tpm2-openssl makes for a key whose parent is the owner hierarchy: ours must
// be the same key.
TPM2B_PUBLIC storage_area();

// ak_area is a restricted signing key; key_area one that signs what it is given.
TPM2B_PUBLIC ak_area(KeyKind kind);
TPM2B_PUBLIC key_area(KeyKind kind);

}  // namespace sealwright::tpm
