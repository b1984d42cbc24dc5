#include "issuance/possession.hpp"

namespace sealwright::issuance {

Result<ProvenKey> verify_possession(const Proof& proof) {
    const auto* csr = csr_of(proof);
    if (csr == nullptr) return fail(ErrorCode::malformed, "proof of possession: there is none");
    if (auto held = csr->verify_possession(); !held) return held.error().in("proof of possession");
    return ProvenKey{csr->public_key};
}

}  // namespace sealwright::issuance
