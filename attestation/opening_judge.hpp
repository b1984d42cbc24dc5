// opening_judge.hpp: what the first round shows of endorsement key and attestation key. key_certification.hpp judges
// the second.
#pragma once

#include "attestation/verdict_builder.hpp"

namespace sealwright::attestation {

// TpmKey is a public area, the key in it, and its Name.
struct TpmKey {
    TpmPublic area;
    crypto::PublicKey key;
    Bytes name;
};

// resolve_ek gives the EK that an opening is about: its own, or made of the certificate's key by the template. parse_ak
// gives the AK.
Result<TpmKey> resolve_ek(const Opening& opening);
Result<TpmKey> parse_tpm_key(ByteView sized_public);

struct OpeningJudgement {
    std::optional<TpmKey> ek, ak;
    Level level = Level::none;            // the highest of the accepted ones that was reached
    std::vector<x509::Certificate> path;  // of the EK certificate, valid or not; empty where none reaches a root
};
OpeningJudgement judge_opening(const Opening& opening, const Context& context, VerdictBuilder& verdict);

// judge_strength looks at the key and at the digest that its Name is made with; who says whose it is.
void judge_strength(VerdictBuilder& verdict, Check check, const Source& source, const TpmKey& key,
                    unsigned min_rsa_bits);

// missing_attributes lists the attributes of wanted that are clear and those of unwanted that are set: "fixedTPM is
// clear, decrypt is set"; empty if all is well.
std::string missing_attributes(const TpmPublic& key, std::uint32_t wanted, std::uint32_t unwanted);

}  // namespace sealwright::attestation
