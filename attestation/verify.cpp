#include "attestation/verify.hpp"

#include "attestation/credential.hpp"
#include "attestation/judgement.hpp"
#include "attestation/key_certification.hpp"

namespace sealwright::attestation {

Judgement judge(const Opening& opening, const Answer* answer, const Expectation& expectation, const Context& context) {
    VerdictBuilder builder{answer == nullptr ? When::opening : When::attestation};
    OpeningJudgement judged = judge_opening(opening, context, builder);
    if (answer != nullptr) judge_answer(judged, *answer, expectation, context, builder);
    return Judgement{std::move(builder).finish(judged.level), std::move(judged.path)};
}

Result<KeyId> ek_of(const Opening& opening) {
    SEALWRIGHT_TRY(const TpmKey ek, resolve_ek(opening));
    return ek.key.id();
}

Verdict verify_opening(const Opening& opening, const Context& context) {
    return judge(opening, nullptr, {}, context).verdict;
}

Verdict verify_attestation(const Opening& opening, const Answer& answer, const Expectation& expectation,
                           const Context& context) {
    return judge(opening, &answer, expectation, context).verdict;
}

Result<Challenge> make_challenge(const Opening& opening, crypto::Random& random) {
    SEALWRIGHT_TRY(const TpmKey ek, resolve_ek(opening));
    SEALWRIGHT_TRY(const TpmKey ak, parse_tpm_key(opening.ak_public));
    Bytes secret(kSecretSize), nonce(kNonceSize);
    random.fill_secret(secret);
    random.fill(nonce);
    auto credential = make_credential(ek.area, ek.key, ak.name, secret, random);
    const Sha256 digest = crypto::sha256(secret);
    zeroise(secret.data(), secret.size());
    if (!credential) return credential.error();
    return Challenge{std::move(credential.value().blob), std::move(credential.value().encrypted_secret),
                     std::move(nonce), digest};
}

}  // namespace sealwright::attestation
