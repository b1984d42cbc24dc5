// names.hpp: what the device asks to be called, and the request that says so. The profile decides what of it stands in
// the certificate.
#pragma once

#include <string>
#include <vector>

#include "tpm/tpm.hpp"

namespace sealwright::device {

struct Names {
    std::string subject;           // RFC 4514; empty: none
    std::vector<std::string> dns;  // A-labels
    friend bool operator==(const Names&, const Names&) = default;
};

// check_names refuses what no request can hold, before a key is made for it.
Result<void> check_names(const Names& names);

// make_request builds a PKCS#10 request, DER, signed by the key in the TPM.
Result<Bytes> make_request(const tpm::Tpm& tpm, const tpm::KeyBlob& key, const Names& names);

}  // namespace sealwright::device
