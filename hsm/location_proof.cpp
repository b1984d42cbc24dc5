#include "hsm/location_proof.hpp"

namespace sealwright::hsm {

std::string location_statement_text(const LocationStatement& statement) {
    return "sealwright-location-proof/v1\nkey " + statement.key.hex() + "\ntoken-serial-hex " +
           to_hex(view_of(statement.token_serial)) + "\ncka-id " + to_hex(statement.cka_id) + "\nmodule-sha256 " +
           statement.module.hex() + "\ntime " + to_rfc3339(statement.time) + "\nnonce " + statement.nonce.hex() + "\n";
}

Result<void> verify_location(const LocationStatement& statement, const crypto::PublicKey& key,
                             const crypto::SignatureAlgorithm& algorithm, ByteView signature) {
    if (key.id() != statement.key)
        return fail(ErrorCode::invalid_signature, "the statement is about another key than the one that signs it");
    return key.verify(algorithm, view_of(location_statement_text(statement)), signature);
}

}  // namespace sealwright::hsm
