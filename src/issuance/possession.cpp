#include "issuance/possession.hpp"

namespace sealwright::issuance {

Result<ProvenKey> verify_possession(const Proof& proof) {
    const auto& csr = std::get<CsrProof>(proof).csr;
    if (auto held = csr.verify_possession(); !held) return held.error().in("proof of possession");
    return ProvenKey{csr.public_key};
}

}  // namespace sealwright::issuance
