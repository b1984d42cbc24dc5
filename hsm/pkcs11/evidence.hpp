// evidence.hpp: reads what a token says of one key pair, attribute by attribute. Judging is key_evidence.hpp's.
// Internal to hsm/pkcs11.
#pragma once

#include "hsm/key_evidence.hpp"
#include "hsm/pkcs11/objects.hpp"

namespace sealwright::hsm::pkcs11 {

// read_evidence_items reads the attributes of both halves; public_key may be CK_INVALID_HANDLE where the token holds
// none.
std::vector<EvidenceItem> read_evidence_items(SessionView session, CK_OBJECT_HANDLE private_key,
                                              CK_OBJECT_HANDLE public_key);

}  // namespace sealwright::hsm::pkcs11
