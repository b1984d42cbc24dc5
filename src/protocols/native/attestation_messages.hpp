// attestation_messages.hpp: the JSON of the two rounds of an attestation (docs/protocols/native.md), read and written.
#pragma once

#include "http_server/message.hpp"
#include "issuance/engine.hpp"

namespace sealwright::protocols::native {

inline constexpr unsigned kAttestationVersion = 1;
// What the members of a round can add up to, in base64, with room for the names of the members.
inline constexpr std::size_t kMaxOpeningBody =
    2 * ((attestation::kMaxChain + 1) * attestation::kMaxEkCertificate + 2 * attestation::kMaxTpmStructure);
inline constexpr std::size_t kMaxAnswerBody = 2 * (x509::kMaxCsrSize + 4 * attestation::kMaxTpmStructure);

struct OpeningMessage {
    std::string profile;  // empty: that of the credential
    attestation::Opening opening;
};
// Errors are malformed, too_large or unsupported (media type, version) and name the member.
Result<OpeningMessage> read_opening(const http_server::Request& request);
Result<issuance::AttestationAnswer> read_answer(const http_server::Request& request);

// challenge_response is the 201 of the first round; path is where its answer goes.
http_server::Response challenge_response(const issuance::Challenged& challenged, std::string path);

// refused_attestation is a problem with the members request and findings.
http_server::Response refused_attestation(unsigned status, const Error& error, const RequestId& request,
                                          const std::vector<attestation::Finding>& findings);

}  // namespace sealwright::protocols::native
