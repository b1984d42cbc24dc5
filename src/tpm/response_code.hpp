// response_code.hpp: what a TPM's refusal means, and what its operator can do. Internal to this room.
#pragma once

#include <tss2/tss2_common.h>

#include "base/result.hpp"

namespace sealwright::tpm {

// tpm_error explains a response code: what was attempted, what the TPM said in words, and, behind a line break, what to
// do. The private detail has the code itself. invalid_signature where a key is not this TPM's, unavailable where there
// is no TPM to speak to, unsupported for algorithms that it lacks, token for the rest.
Error tpm_error(TSS2_RC code, std::string_view attempt);

// base_code is a TPM's response code without the number of the parameter, handle or session that it is about; zero for
// codes of the software between.
TSS2_RC base_code(TSS2_RC code) noexcept;

// check passes success and turns everything else into tpm_error.
Result<void> check(TSS2_RC code, std::string_view attempt);

}  // namespace sealwright::tpm
