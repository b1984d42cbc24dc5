// ek_template.hpp: the templates of the TCG EK Credential Profile for TPM 2.0: what an endorsement key looks like
// besides its numbers, which are all that its certificate has.
#pragma once

#include "attestation/tpm_structs.hpp"

namespace sealwright::attestation {

// ek_template_name recognises a key made by one of the templates: "L-1", "L-2", "H-1" ... "H-4", "H-6", "H-7"; empty
// for all others. H-5 is SM2's, which is not supported.
std::string_view ek_template_name(const TpmPublic& key);

// ek_from_template makes the public area of the EK that has this key and was made by this template; unsupported for an
// unknown name, malformed where the key is of another type or size than the template's.
Result<TpmPublic> ek_from_template(const crypto::PublicKey& key, std::string_view name);

}  // namespace sealwright::attestation
