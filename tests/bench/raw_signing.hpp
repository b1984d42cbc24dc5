// raw_signing.hpp: how often the token signs when nothing but C_SignInit and C_Sign is asked of it: what issuance is
// measured against.
#pragma once

#include <filesystem>

#include "site.hpp"

namespace sealwright::bench {

// sign_raw runs threads that each sign with the issuing key in a session of their own, for so many seconds (a digest by
// CKM_ECDSA, a short message by CKM_SHA256_RSA_PKCS or CKM_EDDSA), and writes "count seconds cpu_seconds" to standard
// output. For a process of its own.
int sign_raw(const std::filesystem::path& folder, unsigned threads, double seconds, const CaKey& key = {});

}  // namespace sealwright::bench
