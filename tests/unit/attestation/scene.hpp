// scene.hpp: a device, its manufacturer, a site that trusts it, and the two rounds between them, for the tests of this
// room.
#pragma once

#include <gtest/gtest.h>

#include "attestation/record.hpp"
#include "tests/support/fake_tpm.hpp"
#include "tests/support/seeded_random.hpp"

namespace sealwright::attestation::test {

using namespace sealwright::test;
using crypto::KeyType;

inline UtcTime now() { return from_rfc3339("2026-11-22T12:00:00Z").value(); }

// Slow keys are made once for all tests.
inline const FakeVendor& vendor() {
    static const FakeVendor the{now()};
    return the;
}
inline const FakeTpmKey& ek_of_template(std::string_view name) {
    static std::map<std::string, FakeTpmKey, std::less<>> all;
    const auto known = all.find(name);
    return known != all.end() ? known->second : all.emplace(std::string{name}, make_ek(name)).first->second;
}
inline const FakeTpmKey& ak_of(KeyType type, std::uint16_t scheme = 0) {
    static std::map<std::pair<KeyType, std::uint16_t>, FakeTpmKey> all;
    const auto known = all.find({type, scheme});
    if (known != all.end()) return known->second;
    return all.emplace(std::pair{type, scheme}, make_ak(type, scheme)).first->second;
}
inline const FakeTpmKey& leaf_of(KeyType type) {
    static std::map<KeyType, FakeTpmKey> all;
    const auto known = all.find(type);
    return known != all.end() ? known->second : all.emplace(type, make_leaf(type)).first->second;
}

// Scene is all that a verdict is made of; change what a test is about, then call judge or run.
struct Scene {
    explicit Scene(std::string_view ek_template = "L-2", KeyType ak = KeyType::ec_p256,
                   KeyType leaf_type = KeyType::ec_p256, AkPlace place = AkPlace::endorsement,
                   std::uint16_t ak_scheme = 0)
        : tpm(ek_of_template(ek_template), ak_of(ak, ak_scheme), place),
          leaf(leaf_of(leaf_type)),
          anchors(vendor().anchors()) {
        policy.accepted = {Level::ek_certificate};
        opening = tpm.opening(vendor().certify_ek(tpm.ek().public_key()));
    }

    FakeTpm tpm;
    FakeTpmKey leaf;
    TrustAnchors anchors;
    Policy policy;
    bool listed = false;
    Opening opening;
    SeededRandom random;

    Context context() const { return {anchors, policy, listed, now()}; }
    Verdict open() const { return verify_opening(opening, context()); }

    // challenge must only be called for an opening of which a challenge can be made.
    Challenge challenge() { return make_challenge(opening, random).value(); }
    Expectation expect(const Challenge& made) const {
        return {made.secret_digest, made.nonce, leaf.public_key().spki().bytes()};
    }
    // run goes both rounds.
    Verdict run() {
        const Challenge made = challenge();
        return verify_attestation(opening, tpm.answer(made, leaf), expect(made), context());
    }
};

inline std::vector<Check> refusing(const Verdict& verdict) {
    std::vector<Check> out;
    for (const Finding& finding : verdict.refusals()) out.push_back(finding.check);
    return out;
}
inline bool refuses(const Verdict& verdict, Check check) {
    const auto all = refusing(verdict);
    return !verdict.affirming() && std::find(all.begin(), all.end(), check) != all.end();
}
inline const Finding* finding_of(const Verdict& verdict, Check check) {
    for (const Finding& finding : verdict.findings()) {
        if (finding.check == check) return &finding;
    }
    return nullptr;
}
inline Outcome outcome_of(const Verdict& verdict, Check check) {
    const Finding* finding = finding_of(verdict, check);
    return finding == nullptr ? Outcome::skipped : finding->outcome;
}
// show is for the message of a failed expectation.
inline std::string show(const Verdict& verdict) {
    std::string out = verdict.summary() + "\n";
    for (const Finding& finding : verdict.refusals()) {
        out += std::string{check_code(finding.check)} + " " + std::string{outcome_name(finding.outcome)} + ": " +
               finding.text + "\n";
    }
    return out;
}

}  // namespace sealwright::attestation::test
