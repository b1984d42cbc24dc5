// algorithm_rules.hpp: what certificate and CRL lints have to say about the signature field.
#pragma once

#include <string>
#include <vector>

#include "profile/lints/decode.hpp"

namespace sealwright::profile::lints {

enum class SignatureFamily : std::uint8_t { rsa_pkcs1, rsa_pss, ecdsa, eddsa, ml_dsa, weak, unknown };

struct AlgorithmView {
    ByteView encoding, id;
    std::optional<ByteView> parameters;
    SignatureFamily family = SignatureFamily::unknown;
};
// decode_algorithm reads an AlgorithmIdentifier; weak is everything with SHA-1 or an older digest.
std::optional<AlgorithmView> decode_algorithm(ByteView der);

// check_parameters judges one family and leaves the others alone.
void check_parameters(ByteView algorithm, SignatureFamily family, std::vector<std::string>& details);
void check_known(ByteView algorithm, std::vector<std::string>& details);
void check_not_weak(ByteView algorithm, std::vector<std::string>& details);
void check_fits_key(ByteView algorithm, const std::optional<SpkiView>& key, std::vector<std::string>& details);

}  // namespace sealwright::profile::lints
