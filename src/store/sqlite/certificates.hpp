// certificates.hpp: intents and the certificates they become.
#pragma once

#include <optional>
#include <vector>

#include "issuance/ca_store.hpp"
#include "store/sqlite/connection.hpp"

namespace sealwright::store::sqlite {

Result<void> intend(Connection& connection, const issuance::Intent& intent);

// tbs_digest_of gives the digest of the TBS inside a certificate; complete wants it computed before it holds up the
// writer.
Result<Sha256> tbs_digest_of(ByteView certificate);
Result<void> complete(Connection& connection, const issuance::Completion& completion, const Sha256& tbs_digest);
Result<void> settle(Connection& connection, const IntentId& intent, issuance::Settlement settlement, UtcTime now,
                    std::uint64_t history);

Result<std::vector<issuance::OpenIntent>> read_open_intents(Connection& connection, const issuance::Node& node,
                                                            UtcTime now);
Result<issuance::CaStore::Counts> read_counts(Connection& connection);
Result<issuance::CertificateRecord> read_certificate(Connection& connection, const SerialNumber& serial);
Result<std::vector<issuance::CertificateRecord>> read_certificates(Connection& connection,
                                                                   const issuance::CertificateFilter& filter);

}  // namespace sealwright::store::sqlite
