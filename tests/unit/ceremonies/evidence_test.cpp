#include "ceremonies/verifier/evidence.hpp"

#include <gtest/gtest.h>

#include "hsm/key_evidence.hpp"

namespace sealwright::verifier {
namespace {

using hsm::EvidenceItem;

hsm::KeyEvidence good_evidence() {
    hsm::KeyEvidence evidence;
    evidence.token_serial = "abc\xe9";  // tokens give octets, not UTF-8
    evidence.label = "root-ca";
    for (const auto& [attribute, value] : std::map<std::string, std::string>{{"CKA_CLASS", "CKO_PRIVATE_KEY"},
                                                                             {"CKA_TOKEN", "true"},
                                                                             {"CKA_PRIVATE", "true"},
                                                                             {"CKA_LOCAL", "true"},
                                                                             {"CKA_SENSITIVE", "true"},
                                                                             {"CKA_ALWAYS_SENSITIVE", "true"},
                                                                             {"CKA_EXTRACTABLE", "false"},
                                                                             {"CKA_NEVER_EXTRACTABLE", "true"},
                                                                             {"CKA_SIGN", "true"},
                                                                             {"CKA_DECRYPT", "false"},
                                                                             {"CKA_UNWRAP", "false"}}) {
        evidence.items.push_back({"private", attribute, value, {}});
    }
    evidence.items.push_back({"private", "CKA_VALUE", std::nullopt, "CKR_ATTRIBUTE_SENSITIVE"});
    return evidence;
}

std::vector<std::string> objections(const hsm::KeyEvidence& evidence,
                                    std::string_view evidence_template = "non-extractable-v1") {
    const auto reading = read_evidence(hsm::evidence_json(evidence), evidence_template);
    EXPECT_TRUE(reading) << reading.error().describe();
    return reading.value().objections;
}

TEST(VerifierEvidence, OfAKeyThatNeverLeftItsTokenHasNoObjection) {
    EXPECT_EQ(objections(good_evidence()), std::vector<std::string>{});
    const auto reading = read_evidence(hsm::evidence_json(good_evidence()), "non-extractable-v1").value();
    EXPECT_EQ(reading.label, "root-ca");
    EXPECT_EQ(reading.token_serial, "abcé");
}

TEST(VerifierEvidence, EachAttributeThatIsContraryOrAbsentIsAnObjection) {
    const auto good = good_evidence();
    for (std::size_t i = 0; i + 1 < good.items.size(); ++i) {
        auto contrary = good;
        contrary.items[i].value = good.items[i].value == "true" ? "false" : "true";
        EXPECT_EQ(objections(contrary).size(), 1U) << good.items[i].attribute;
        auto absent = good;
        absent.items[i].value.reset();
        absent.items[i].why_absent = "CKR_ATTRIBUTE_TYPE_INVALID";
        EXPECT_EQ(objections(absent).size(), 1U) << good.items[i].attribute;
        auto unasked = good;
        unasked.items.erase(unasked.items.begin() + static_cast<std::ptrdiff_t>(i));
        EXPECT_EQ(objections(unasked).size(), 1U) << good.items[i].attribute;
        auto twice = good;
        twice.items.push_back(good.items[i]);
        EXPECT_EQ(objections(twice).size(), 1U) << good.items[i].attribute;
        auto of_public = good;
        of_public.items[i].object = "public";
        EXPECT_EQ(objections(of_public).size(), 1U) << good.items[i].attribute;
    }
}

TEST(VerifierEvidence, ATokenThatGivesTheSecretAwayIsAnObjection) {
    auto evidence = good_evidence();
    evidence.items.back().value = "disclosed";
    EXPECT_EQ(objections(evidence), std::vector<std::string>{"the token gives away CKA_VALUE"});
}

// A key that can leave is judged as one, by the template that its script names, and by no other.
TEST(VerifierEvidence, OfAKeyThatCanLeaveWrappedHoldsForItsOwnTemplateAlone) {
    auto evidence = good_evidence();
    for (auto& item : evidence.items) {
        if (item.attribute == "CKA_EXTRACTABLE") item.value = "true";
        if (item.attribute == "CKA_NEVER_EXTRACTABLE") item.value = "false";
    }
    EXPECT_EQ(objections(evidence, kMayLeaveWrapped), std::vector<std::string>{"CKA_WRAP_WITH_TRUSTED is not known"});
    evidence.items.push_back({"private", "CKA_WRAP_WITH_TRUSTED", "true", {}});
    EXPECT_EQ(objections(evidence, kMayLeaveWrapped), std::vector<std::string>{});
    EXPECT_EQ(objections(evidence).size(), 2U);
    EXPECT_EQ(objections(good_evidence(), kMayLeaveWrapped).size(), 2U);
    EXPECT_FALSE(read_evidence(hsm::evidence_json(good_evidence()), "any-v1"));
}

TEST(VerifierEvidence, WhatIsNoEvidenceIsRefused) {
    for (const auto* text : {"", "{}", "[]", "{\"items\":[]}", "{\"items\":{},\"token\":{}}"})
        EXPECT_FALSE(read_evidence(text, "non-extractable-v1")) << text;
}

}  // namespace
}  // namespace sealwright::verifier
