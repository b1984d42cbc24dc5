// sealed.hpp: a small secret (a token's PIN) that only this TPM gives back, and only while chosen PCRs have the values
// that they had: a keyed-hash object below the owner's storage key, whose only authorization is PolicyPCR (TPM 2.0
// Part 3, 23.7). The storage key is made anew each time; nothing stays in the TPM.
//
// What passes between this process and the TPM is encrypted (a session salted to the storage key, Part 1, 21), so that
// the secret is not on the bus in clear. Unsealing demands the storage key that sealed; while sealing nobody knows yet
// which one is right, so whoever could put another TPM in between at that moment reads along.
#pragma once

#include <string>
#include <vector>

#include "base/secret.hpp"
#include "tpm/key_blob.hpp"

namespace sealwright::tpm {

inline constexpr std::size_t kMaxSealed = 96;  // octets: what every TPM seals (128), less the digest of what is bound

enum class PcrBank { sha256, sha384, sha512 };
std::string_view pcr_bank_name(PcrBank bank) noexcept;  // "sha256"

// PcrSelection is a bank and at least one of its PCRs 0 to 23, ascending.
struct PcrSelection {
    PcrBank bank = PcrBank::sha256;
    std::vector<unsigned> pcrs;
    friend bool operator==(const PcrSelection&, const PcrSelection&) = default;
};
// parse_pcr_selection reads "sha256:0,2,4,7", as tpm2-tools writes it; malformed for anything else. A SHA-1 bank is
// refused.
Result<PcrSelection> parse_pcr_selection(std::string_view text);
std::string pcr_selection_text(const PcrSelection& selection);

// Sealed is no secret. Whoever stores it keeps all of it: each octet is bound.
struct Sealed {
    KeyBlob blob;
    PcrSelection selection;
    std::vector<Bytes> values;  // of the selected PCRs when it was sealed, in their order
    Bytes storage_key;          // Name of the parent: which TPM
    std::string purpose;        // what the secret is for, as the caller says; bound too
};

// seal reads the PCRs and seals to what they are now; then it unseals, to know that it can. Errors as Tpm's calls have,
// too_large for more than kMaxSealed octets, unsupported where the TPM has no such bank.
Result<Sealed> seal(const std::string& tcti, const Secret& secret, const PcrSelection& selection, std::string purpose);

// SealState says whether unsealing would work, and what stands against it.
struct SealState {
    bool is_other_tpm = false;
    std::vector<unsigned> differing;  // PCRs with another value than at sealing
};
Result<SealState> examine(const std::string& tcti, const Sealed& sealed);

// unseal gives the secret back. denied where the TPM is in another state (the detail names the PCRs) or where the
// secret was sealed for another purpose, invalid_signature where it is not this TPM's or any part of sealed was
// changed, malformed for what is no sealed object of ours.
Result<Secret> unseal(const std::string& tcti, const Sealed& sealed);

}  // namespace sealwright::tpm
