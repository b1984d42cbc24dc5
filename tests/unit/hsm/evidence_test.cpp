#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "hsm/key_evidence.hpp"

namespace sealwright::hsm {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

// What SoftHSM says of a key that we made, as tests/integration/hsm reads it.
KeyEvidence good() {
    KeyEvidence evidence;
    evidence.token_serial = "0123456789abcdef";
    evidence.token_label = "a \"label\"";
    evidence.label = "root";
    evidence.cka_id = {0xab};
    const auto add = [&](const char* object, const char* attribute, const char* value) {
        evidence.items.push_back({object, attribute, value, {}});
    };
    add("private", "CKA_CLASS", "CKO_PRIVATE_KEY");
    add("private", "CKA_KEY_TYPE", "CKK_EC");
    for (const char* attribute : {"CKA_TOKEN", "CKA_PRIVATE", "CKA_LOCAL", "CKA_SENSITIVE", "CKA_ALWAYS_SENSITIVE",
                                  "CKA_NEVER_EXTRACTABLE", "CKA_SIGN"})
        add("private", attribute, "true");
    for (const char* attribute : {"CKA_EXTRACTABLE", "CKA_DECRYPT", "CKA_UNWRAP", "CKA_DERIVE", "CKA_SIGN_RECOVER",
                                  "CKA_MODIFIABLE", "CKA_COPYABLE"})
        add("private", attribute, "false");
    add("private", "CKA_KEY_GEN_MECHANISM", "CKM_EC_KEY_PAIR_GEN");
    add("private", "CKA_ALLOWED_MECHANISMS", "CKM_ECDSA");
    add("public", "CKA_CLASS", "CKO_PUBLIC_KEY");
    add("public", "CKA_LOCAL", "true");
    add("public", "CKA_MODIFIABLE", "false");
    evidence.items.push_back({"private", "CKA_VALUE", std::nullopt, "CKR_ATTRIBUTE_SENSITIVE"});
    return evidence;
}

EvidenceItem& item(KeyEvidence& evidence, std::string_view object, std::string_view attribute) {
    for (auto& found : evidence.items) {
        if (found.object == object && found.attribute == attribute) return found;
    }
    throw std::out_of_range{"no such item"};
}

std::vector<std::string> codes(const KeyEvidence& evidence) {
    std::vector<std::string> list;
    const auto findings = judge_evidence(evidence, "non-extractable-v1").value();
    for (const auto& finding : findings) list.push_back(finding.code);
    return list;
}

TEST(Evidence, FindsNothingWrongWithAKeyThatWeMade) { EXPECT_THAT(codes(good()), IsEmpty()); }

struct Contrary {
    const char *attribute, *value, *code;
};

class ContraryAttribute : public ::testing::TestWithParam<Contrary> {};

TEST_P(ContraryAttribute, IsFoundByItsCodeAlone) {
    auto evidence = good();
    item(evidence, "private", GetParam().attribute).value = GetParam().value;
    EXPECT_THAT(codes(evidence), ElementsAre(GetParam().code));
    EXPECT_TRUE(x509::has_error(judge_evidence(evidence, "non-extractable-v1").value()));
}

TEST_P(ContraryAttribute, IsAnotherFindingWhenItIsAbsent) {
    auto evidence = good();
    item(evidence, "private", GetParam().attribute) = {"private", GetParam().attribute, std::nullopt,
                                                       "CKR_ATTRIBUTE_TYPE_INVALID"};
    EXPECT_THAT(codes(evidence), ElementsAre(std::string{GetParam().code} + "_unknown"));
}

INSTANTIATE_TEST_SUITE_P(All, ContraryAttribute,
                         ::testing::Values(Contrary{"CKA_CLASS", "CKO_PUBLIC_KEY", "key_not_a_private_key"},
                                           Contrary{"CKA_TOKEN", "false", "key_not_in_token"},
                                           Contrary{"CKA_PRIVATE", "false", "key_usable_without_login"},
                                           Contrary{"CKA_LOCAL", "false", "key_not_born_in_token"},
                                           Contrary{"CKA_SENSITIVE", "false", "key_not_sensitive"},
                                           Contrary{"CKA_ALWAYS_SENSITIVE", "false", "key_was_not_always_sensitive"},
                                           Contrary{"CKA_EXTRACTABLE", "true", "key_extractable"},
                                           Contrary{"CKA_NEVER_EXTRACTABLE", "false", "key_was_extractable"},
                                           Contrary{"CKA_SIGN", "false", "key_cannot_sign"},
                                           Contrary{"CKA_DECRYPT", "true", "key_can_decrypt"},
                                           Contrary{"CKA_UNWRAP", "true", "key_can_unwrap"},
                                           Contrary{"CKA_DERIVE", "true", "key_can_derive"},
                                           Contrary{"CKA_SIGN_RECOVER", "true", "key_can_sign_recover"},
                                           Contrary{"CKA_MODIFIABLE", "true", "key_modifiable"},
                                           Contrary{"CKA_COPYABLE", "true", "key_copyable"}),
                         [](const auto& one) { return std::string{one.param.code}; });

// A key restored from a backup has lost its provenance (measured on SoftHSM: LOCAL, ALWAYS_SENSITIVE, NEVER_EXTRACTABLE
// false).
TEST(Evidence, FindsAKeyThatWasUnwrapped) {
    auto evidence = good();
    for (const char* attribute : {"CKA_LOCAL", "CKA_ALWAYS_SENSITIVE", "CKA_NEVER_EXTRACTABLE"})
        item(evidence, "private", attribute).value = "false";
    item(evidence, "private", "CKA_KEY_GEN_MECHANISM").value = "CK_UNAVAILABLE_INFORMATION";
    EXPECT_THAT(codes(evidence), ElementsAre("key_not_born_in_token", "key_was_not_always_sensitive",
                                             "key_was_extractable", "key_gen_mechanism_wrong"));
}

TEST(Evidence, FindsAGenerationMechanismOfAnotherKeyType) {
    auto evidence = good();
    item(evidence, "private", "CKA_KEY_GEN_MECHANISM").value = "CKM_RSA_PKCS_KEY_PAIR_GEN";
    EXPECT_THAT(codes(evidence), ElementsAre("key_gen_mechanism_wrong"));
}

TEST(Evidence, FindsAMechanismThatASigningKeyDoesNotNeed) {
    auto evidence = good();
    item(evidence, "private", "CKA_ALLOWED_MECHANISMS").value = "CKM_ECDSA CKM_ECDH1_DERIVE";
    EXPECT_THAT(codes(evidence), ElementsAre("key_allowed_other_mechanism"));
    item(evidence, "private", "CKA_ALLOWED_MECHANISMS") = {"private", "CKA_ALLOWED_MECHANISMS", std::nullopt,
                                                           "CKR_ATTRIBUTE_TYPE_INVALID"};
    EXPECT_THAT(codes(evidence), ElementsAre("key_allowed_mechanisms_unknown"));
    EXPECT_FALSE(x509::has_error(judge_evidence(evidence, "non-extractable-v1").value()));
}

TEST(Evidence, FindsATokenThatWouldGiveTheSecretAway) {
    auto evidence = good();
    item(evidence, "private", "CKA_VALUE").value = "disclosed";
    EXPECT_THAT(codes(evidence), ElementsAre("key_disclosed"));
}

TEST(Evidence, TreatsWhatWasNotReadAsUnknown) {
    KeyEvidence empty;
    const auto findings = judge_evidence(empty, "non-extractable-v1").value();
    EXPECT_TRUE(x509::has_error(findings));
    EXPECT_EQ(findings.size(), 20U);
}

TEST(Evidence, RefusesATemplateThatItDoesNotKnow) {
    EXPECT_EQ(judge_evidence(good(), "extractable-v1").error().code(), ErrorCode::unsupported);
    EXPECT_THAT(judge_evidence(good(), "x").error().public_detail(), ::testing::HasSubstr("wrap-backup-v1"));
}

std::vector<std::string> codes(const KeyEvidence& evidence, std::string_view name) {
    std::vector<std::string> list;
    const auto findings = judge_evidence(evidence, name).value();
    for (const auto& finding : findings) list.push_back(finding.code);
    return list;
}

// A key of each template, made of the one that stays by what is different.
KeyEvidence agreeing() {
    auto evidence = good();
    item(evidence, "private", "CKA_SIGN").value = "false";
    item(evidence, "private", "CKA_DERIVE").value = "true";
    item(evidence, "private", "CKA_ALLOWED_MECHANISMS").value = "CKM_ECDH1_DERIVE";
    return evidence;
}

KeyEvidence leaving() {
    auto evidence = good();
    item(evidence, "private", "CKA_EXTRACTABLE").value = "true";
    item(evidence, "private", "CKA_NEVER_EXTRACTABLE").value = "false";
    evidence.items.push_back({"private", "CKA_WRAP_WITH_TRUSTED", "true", {}});
    return evidence;
}

KeyEvidence restored() {
    auto evidence = leaving();
    for (const char* attribute : {"CKA_LOCAL", "CKA_ALWAYS_SENSITIVE"})
        item(evidence, "private", attribute).value = "false";
    item(evidence, "private", "CKA_KEY_GEN_MECHANISM").value = "CK_UNAVAILABLE_INFORMATION";
    return evidence;
}

TEST(Evidence, TellsAKeyThatDecryptsFromOneThatSigns) {
    EXPECT_THAT(codes(agreeing(), kNonExtractableDecrypt), IsEmpty());
    EXPECT_THAT(codes(good(), kNonExtractableDecrypt),
                ElementsAre("key_cannot_derive", "key_can_sign", "key_allowed_other_mechanism"));
    EXPECT_THAT(codes(agreeing(), kNonExtractable),
                ElementsAre("key_cannot_sign", "key_can_derive", "key_allowed_other_mechanism"));
    auto rsa = agreeing();
    item(rsa, "private", "CKA_KEY_TYPE").value = "CKK_RSA";
    item(rsa, "private", "CKA_KEY_GEN_MECHANISM").value = "CKM_RSA_PKCS_KEY_PAIR_GEN";
    item(rsa, "private", "CKA_DERIVE").value = "false";
    item(rsa, "private", "CKA_DECRYPT").value = "true";
    item(rsa, "private", "CKA_ALLOWED_MECHANISMS").value = "CKM_RSA_PKCS CKM_RSA_PKCS_OAEP";
    EXPECT_THAT(codes(rsa, kNonExtractableDecrypt), IsEmpty());
    item(rsa, "private", "CKA_UNWRAP").value = "true";
    EXPECT_THAT(codes(rsa, kNonExtractableDecrypt), ElementsAre("key_can_unwrap"));
}

TEST(Evidence, NeverCallsAKeyThatCanLeaveUnextractable) {
    EXPECT_THAT(codes(leaving(), kWrapBackup), ElementsAre("key_can_leave_wrapped"));
    EXPECT_THAT(codes(leaving(), kNonExtractable), ElementsAre("key_extractable", "key_was_extractable"));
    EXPECT_THAT(codes(good(), kWrapBackup),
                ElementsAre("key_not_extractable", "key_wrapped_by_any_key_unknown", "key_can_leave_wrapped"));
    auto by_any = leaving();
    item(by_any, "private", "CKA_WRAP_WITH_TRUSTED").value = "false";
    EXPECT_THAT(codes(by_any, kWrapBackup), ElementsAre("key_wrapped_by_any_key", "key_can_leave_wrapped"));
    EXPECT_TRUE(x509::has_error(judge_evidence(by_any, kWrapBackup).value()));
}

TEST(Evidence, SaysThatTheProvenanceOfARestoredKeyIsLost) {
    const auto findings = judge_evidence(restored(), kWrapBackupRestored).value();
    EXPECT_FALSE(x509::has_error(findings));
    EXPECT_THAT(codes(restored(), kWrapBackupRestored), ElementsAre("key_can_leave_wrapped", "key_provenance_lost"));
    EXPECT_TRUE(x509::has_error(judge_evidence(restored(), kWrapBackup).value()));
    // One that was born here does not pass for a restored one.
    EXPECT_TRUE(x509::has_error(judge_evidence(leaving(), kWrapBackupRestored).value()));
}

TEST(Evidence, IsCanonicalJson) {
    KeyEvidence evidence;
    evidence.token_label = "a \"label\"\n\xff";
    evidence.cka_id = {0xab};
    evidence.items = {{"private", "CKA_LOCAL", "true", {}},
                      {"private", "CKA_UNIQUE_ID", std::nullopt, "CKR_ATTRIBUTE_TYPE_INVALID"}};
    EXPECT_EQ(
        evidence_json(evidence),
        R"({"cka_id":"ab","items":[{"attribute":"CKA_LOCAL","object":"private","value":"true"},)"
        R"({"attribute":"CKA_UNIQUE_ID","object":"private","value":null,"why_absent":"CKR_ATTRIBUTE_TYPE_INVALID"}],)"
        R"("key":"0000000000000000000000000000000000000000000000000000000000000000","label":"",)"
        R"("token":{"firmware":"","label":"a \"label\"\u000a\u00ff","manufacturer":"","model":"","serial":""}})");
}

}  // namespace
}  // namespace sealwright::hsm
