// Every field of every structure and message, changed: the table says beforehand by which check each change is refused.
// A field of a schema without a row, or a row without a field, fails.
#include "attestation/tpm_names.hpp"
#include "tests/unit/attestation/scene.hpp"

namespace sealwright::attestation::test {
namespace {

// Forgery changes what goes between device and site. The device stays what it is: it answers with its own keys.
struct Forgery {
    std::string field;
    Check refused_by;
    std::function<void(Opening&)> opening = {};
    std::function<void(TpmPublic&)> key = {};     // the leaf's public area as it is sent
    std::function<void(TpmAttest&)> attest = {};  // before the AK signs
    std::function<void(Answer&)> answer = {};     // at the end
};

Verdict judge(const Scene& scene, const Forgery& forgery) {
    Opening opening = scene.opening;
    if (forgery.opening) forgery.opening(opening);
    const Verdict opened = verify_opening(opening, scene.context());
    if (!opened.affirming()) return opened;
    SeededRandom random;
    const Challenge made = make_challenge(opening, random).value();
    Answer answer = scene.tpm.answer(made, scene.leaf);
    if (forgery.key) {
        TpmPublic area = scene.leaf.area();
        forgery.key(area);
        answer.key_public = encode_sized_public(area);
    }
    if (forgery.attest) {
        TpmAttest attest = scene.tpm.attest(scene.leaf, made.nonce);
        forgery.attest(attest);
        answer.certify_info = encode_attest(attest);
        answer.certify_signature = scene.tpm.ak().sign_as_tpm(answer.certify_info);
    }
    if (forgery.answer) forgery.answer(answer);
    return verify_attestation(opening, answer, scene.expect(made), scene.context());
}

void expect_refused(const Scene& scene, const std::vector<std::string>& schema, const std::vector<Forgery>& forgeries) {
    ASSERT_TRUE(judge(scene, {}).affirming()) << "unchanged it must hold: " << show(judge(scene, {}));
    std::set<std::string> covered;
    for (const Forgery& forgery : forgeries) {
        covered.insert(forgery.field);
        const Verdict verdict = judge(scene, forgery);
        EXPECT_TRUE(refuses(verdict, forgery.refused_by))
            << forgery.field << " is not refused by " << check_code(forgery.refused_by) << ": " << show(verdict);
        EXPECT_EQ(verdict.level(), Level::none);
    }
    EXPECT_EQ(covered, std::set<std::string>(schema.begin(), schema.end()));
}

// The fields of TPMT_PUBLIC; each attribute is one.
const std::vector<std::string> kEccPublic{"type",         "nameAlg",
                                          "fixedTPM",     "stClear",
                                          "fixedParent",  "sensitiveDataOrigin",
                                          "userWithAuth", "adminWithPolicy",
                                          "noDA",         "encryptedDuplication",
                                          "restricted",   "decrypt",
                                          "sign",         "x509sign",
                                          "reserved",     "authPolicy",
                                          "symmetric",    "scheme.algorithm",
                                          "scheme.hash",  "curveID",
                                          "kdf",          "unique.x",
                                          "unique.y"};

std::vector<std::string> rsa_public() {
    std::vector<std::string> out = kEccPublic;
    std::erase_if(
        out, [](const std::string& f) { return f == "curveID" || f == "kdf" || f == "unique.x" || f == "unique.y"; });
    out.insert(out.end(), {"keyBits", "exponent", "unique"});
    return out;
}

using Change = std::function<void(TpmPublic&)>;
Change toggle(std::uint32_t bit) {
    return [bit](TpmPublic& area) { area.attributes ^= bit; };
}

// PublicRow is a change of a public area, or of its octets where no value can express it.
struct PublicRow {
    std::string field;
    Check refused_by;
    Change change = {};
    std::function<void(Bytes&)> octets = {};
};

std::vector<PublicRow> attribute_rows(Check bound, Check restricted, Check sign, Check decrypt, Check x509sign,
                                      Check other, Check duplication, Check parses) {
    return {{"fixedTPM", bound, toggle(kFixedTpm)},
            {"fixedParent", bound, toggle(kFixedParent)},
            {"sensitiveDataOrigin", bound, toggle(kSensitiveDataOrigin)},
            {"restricted", restricted, toggle(kRestricted)},
            {"sign", sign, toggle(kSign)},
            {"decrypt", decrypt, toggle(kDecrypt)},
            {"x509sign", x509sign, toggle(kX509Sign)},
            {"encryptedDuplication", duplication, toggle(kEncryptedDuplication)},
            {"stClear", other, toggle(kStClear)},
            {"userWithAuth", other, toggle(kUserWithAuth)},
            {"adminWithPolicy", other, toggle(kAdminWithPolicy)},
            {"noDA", other, toggle(kNoDa)},
            {"reserved", parses, {}, [](Bytes& octets) { octets[9] ^= 1U; }}};
}

std::vector<PublicRow> ecc_rows(Check parses, Check other, Check scheme) {
    const auto point = [](TpmPublic& area) -> EccPublic& { return std::get<EccPublic>(area.unique); };
    return {{"type", parses, {}, [](Bytes& octets) { octets[3] ^= 1U; }},
            {"type", parses, {}, [](Bytes& octets) { octets[3] = 0x10; }},
            {"nameAlg", parses, {}, [](Bytes& octets) { octets[5] = 0x10; }},
            {"nameAlg", other,
             [](TpmPublic& area) {
                 area.name_alg = crypto::DigestAlgorithm::sha384;
                 if (!area.auth_policy.empty()) area.auth_policy.resize(48);
             }},
            {"authPolicy", other,
             [](TpmPublic& area) {
                 area.auth_policy.resize(crypto::digest_size(area.name_alg));
                 area.auth_policy[0] ^= 1U;
             }},
            {"symmetric", other,
             [](TpmPublic& area) {
                 area.symmetric = area.symmetric.algorithm == kAlgNull ? SymmetricDefinition{kAlgAes, 128, kAlgCfb}
                                                                       : SymmetricDefinition{};
             }},
            {"scheme.algorithm", scheme,
             [](TpmPublic& area) {
                 area.scheme = area.scheme.algorithm == kAlgNull ? Scheme{kAlgEcdsa, 0x000B} : Scheme{};
             }},
            {"scheme.hash", other,
             [](TpmPublic& area) {
                 area.scheme = {kAlgEcdsa, 0x000C};
             }},
            {"curveID", parses, [=](TpmPublic& area) { point(area).curve = KeyType::ec_p384; }},
            {"kdf", parses, {}, [](Bytes& octets) { octets[octets.size() - 69] = 0x20; }},
            {"unique.x", parses, [=](TpmPublic& area) { point(area).x.back() ^= 1U; }},
            {"unique.y", parses, [=](TpmPublic& area) { point(area).y.back() ^= 1U; }}};
}

// roca_modulus is of two primes as the broken library made them (CVE-2017-15361): k * M + (65537^a mod M), M the
// product of the first 126 primes. A factor or a strange bit it does not have.
Bytes roca_modulus() {
    return from_hex(
               "c83fb5fcc5a55b2d08ad64489dfac880754785ec5188adc99b00edc1f2fb8ae9d545d8b11de922dde9ec1082c73d14e5"
               "ea9053e2aba01bae1f11a9d03a5d49fe43e4ad37a9b4caf3f62e34a0de2ec225d4a0c1717e81aeb7db81e0041b344222"
               "a03226c44a32177d7cf9dab61ff84e0f5e609f7339f18c1520e760198ca2eac9db081e043613b47639df46946224453b"
               "089db6ef45890216d643fce7a95a59c2134b7581f9ff7f4594b60982733e0d0550693de46389762f5da8c99fd8bf121d"
               "ac96fbc4370a07f4e77d55d2bc69fae2f56e76a9bb463c702348aee9a783a9527aa16da14fc4fb18ffff8a8989007c41"
               "6ab37709a5123079c42502b69e0716cd")
        .value();
}

std::vector<PublicRow> rsa_rows(Check parses, Check other, Check scheme, Check strength, std::uint16_t algorithm) {
    const auto rsa = [](TpmPublic& area) -> RsaPublic& { return std::get<RsaPublic>(area.unique); };
    return {{"type", parses, {}, [](Bytes& octets) { octets[3] = 0x23; }},
            {"nameAlg", other,
             [](TpmPublic& area) {
                 area.name_alg = crypto::DigestAlgorithm::sha384;
                 if (!area.auth_policy.empty()) area.auth_policy.resize(48);
             }},
            {"nameAlg", strength,
             [](TpmPublic& area) {
                 area.name_alg = crypto::DigestAlgorithm::sha1;
                 if (!area.auth_policy.empty()) area.auth_policy.resize(20);
             }},
            {"authPolicy", other,
             [](TpmPublic& area) {
                 area.auth_policy.resize(32);
                 area.auth_policy[0] ^= 1U;
             }},
            {"symmetric", other,
             [](TpmPublic& area) {
                 area.symmetric = area.symmetric.algorithm == kAlgNull ? SymmetricDefinition{kAlgAes, 128, kAlgCfb}
                                                                       : SymmetricDefinition{};
             }},
            {"scheme.algorithm", scheme,
             [=](TpmPublic& area) {
                 area.scheme = area.scheme.algorithm == kAlgNull ? Scheme{algorithm, 0x000B} : Scheme{};
             }},
            {"scheme.hash", other,
             [=](TpmPublic& area) {
                 area.scheme = {algorithm, 0x000C};
             }},
            {"keyBits", parses, [=](TpmPublic& area) { rsa(area).bits = 3072; }},
            {"exponent", strength, [=](TpmPublic& area) { rsa(area).exponent = 3; }},
            {"exponent", other, [=](TpmPublic& area) { rsa(area).exponent = 65537; }},
            {"unique", strength, [=](TpmPublic& area) { rsa(area).modulus = roca_modulus(); }},
            {"unique", strength, [=](TpmPublic& area) { rsa(area).modulus.assign(256, 0xFF); }}};
}

std::vector<PublicRow> joined(std::vector<PublicRow> a, const std::vector<PublicRow>& b) {
    a.insert(a.end(), b.begin(), b.end());
    return a;
}

// forgeries turns rows into changes of one octet string of a message.
template <class Message>
std::vector<Forgery> forgeries(const std::vector<PublicRow>& rows, Bytes Message::*member,
                               std::function<void(Message&)> Forgery::*slot) {
    std::vector<Forgery> out;
    for (const PublicRow& row : rows) {
        Forgery forgery{row.field, row.refused_by};
        forgery.*slot = [row, member](Message& message) {
            if (row.octets) row.octets(message.*member);
            if (!row.change) return;
            TpmPublic area = parse_sized_public(message.*member).value();
            row.change(area);
            message.*member = encode_sized_public(area);
        };
        out.push_back(std::move(forgery));
    }
    return out;
}

TEST(Mutants, OfTheEndorsementKeysPublicArea) {
    const auto attributes = attribute_rows(Check::ek_attributes, Check::ek_attributes, Check::ek_attributes,
                                           Check::ek_attributes, Check::ek_template_known, Check::ek_template_known,
                                           Check::ek_attributes, Check::ek_public_parses);
    auto rows =
        joined(attributes, ecc_rows(Check::ek_public_parses, Check::ek_template_known, Check::ek_template_known));
    rows.push_back({"unique.x", Check::ek_certificate_key,
                    [](TpmPublic& area) { area.unique = ek_of_template("H-2").area().unique; }});
    expect_refused(Scene{"L-2"}, kEccPublic, forgeries(rows, &Opening::ek_public, &Forgery::opening));
    auto rsa = joined(attributes, rsa_rows(Check::ek_public_parses, Check::ek_template_known, Check::ek_template_known,
                                           Check::ek_strength, kAlgRsassa));
    rsa.push_back({"unique", Check::ek_certificate_key,
                   [](TpmPublic& area) { area.unique = ek_of_template("H-1").area().unique; }});
    expect_refused(Scene{"L-1"}, rsa_public(), forgeries(rsa, &Opening::ek_public, &Forgery::opening));
}

TEST(Mutants, OfTheAttestationKeysPublicArea) {
    // What no check looks at by itself is part of the Name, and the TPM gives the secret out for its own AK's Name
    // alone.
    const auto attributes = attribute_rows(Check::ak_attributes, Check::ak_restricted, Check::ak_attributes,
                                           Check::ak_attributes, Check::activation_secret, Check::activation_secret,
                                           Check::activation_secret, Check::ak_public_parses);
    auto rows = joined(attributes, ecc_rows(Check::ak_public_parses, Check::activation_secret, Check::ak_scheme));
    rows.push_back({"scheme.hash", Check::ak_scheme, [](TpmPublic& area) { area.scheme.hash = 0x0004; }});
    rows.push_back({"unique.x", Check::activation_secret,
                    [](TpmPublic& area) { area.unique = leaf_of(KeyType::ec_p256).area().unique; }});
    rows.push_back({"unique.x", Check::ak_differs_from_ek,
                    [](TpmPublic& area) { area.unique = ek_of_template("L-2").area().unique; }});
    expect_refused(Scene{}, kEccPublic, forgeries(rows, &Opening::ak_public, &Forgery::opening));
    auto rsa = joined(attributes, rsa_rows(Check::ak_public_parses, Check::activation_secret, Check::ak_scheme,
                                           Check::ak_strength, kAlgRsassa));
    rsa.push_back({"unique", Check::activation_secret,
                   [](TpmPublic& area) { area.unique = leaf_of(KeyType::rsa).area().unique; }});
    expect_refused(Scene{"L-2", KeyType::rsa}, rsa_public(), forgeries(rsa, &Opening::ak_public, &Forgery::opening));
}

TEST(Mutants, OfTheCertifiedKeysPublicArea) {
    const auto attributes =
        attribute_rows(Check::key_attributes, Check::key_signs, Check::key_signs, Check::certify_name, Check::key_signs,
                       Check::certify_name, Check::key_attributes, Check::key_public_parses);
    auto rows = joined(attributes, ecc_rows(Check::key_public_parses, Check::certify_name, Check::certify_name));
    rows.push_back({"unique.x", Check::key_matches_request,
                    [](TpmPublic& area) { area.unique = ak_of(KeyType::ec_p384).area().unique; }});
    rows.push_back({"unique.x", Check::key_differs_from_ak,
                    [](TpmPublic& area) { area.unique = ak_of(KeyType::ec_p256).area().unique; }});
    expect_refused(Scene{}, kEccPublic, forgeries(rows, &Answer::key_public, &Forgery::answer));
    auto rsa = joined(attributes, rsa_rows(Check::key_public_parses, Check::certify_name, Check::certify_name,
                                           Check::key_strength, kAlgRsassa));
    expect_refused(Scene{"L-2", KeyType::ec_p256, KeyType::rsa}, rsa_public(),
                   forgeries(rsa, &Answer::key_public, &Forgery::answer));
}

TEST(Mutants, ARocaModulusIsRefusedForWhatItIs) {
    const auto change = [](TpmPublic& area) { std::get<RsaPublic>(area.unique).modulus = roca_modulus(); };
    const auto expect_roca = [](const Scene& scene, Check check, const Forgery& forgery) {
        const Verdict verdict = judge(scene, forgery);
        EXPECT_TRUE(refuses(verdict, check)) << show(verdict);
        const Finding* finding = finding_of(verdict, check);
        ASSERT_NE(finding, nullptr);
        EXPECT_NE(finding->text.find("ROCA"), std::string::npos) << finding->text;
    };
    const auto in = [&](auto member, auto slot, Check check) {
        return forgeries({{"unique", check, change}}, member, slot).front();
    };
    expect_roca(Scene{"L-1"}, Check::ek_strength, in(&Opening::ek_public, &Forgery::opening, Check::ek_strength));
    expect_roca(Scene{"L-2", KeyType::rsa}, Check::ak_strength,
                in(&Opening::ak_public, &Forgery::opening, Check::ak_strength));
    expect_roca(Scene{"L-2", KeyType::ec_p256, KeyType::rsa}, Check::key_strength,
                in(&Answer::key_public, &Forgery::answer, Check::key_strength));
}

// quote_of is the same attestation as if TPM2_Quote had made it, over no PCR.
Bytes quote_of(const TpmAttest& attest) {
    Bytes octets = encode_attest(attest);
    octets.resize(attest.parts.firmware_version.offset + 8);
    octets[5] = 0x18;
    append(octets, Bytes{0, 0, 0, 0, 0, 0});
    return octets;
}

TEST(Mutants, OfTheAttestationItself) {
    const std::vector<std::string> schema{"magic",           "type",       "qualifiedSigner", "extraData",
                                          "clock",           "resetCount", "restartCount",    "safe",
                                          "firmwareVersion", "name",       "qualifiedName"};
    // What the AK signed afresh is caught by its own check; what nobody judges, by the signature alone.
    const auto behind = [](std::size_t from_clock) {
        return [from_clock](Answer& answer) {
            const auto parts = parse_attest(ByteView{answer.certify_info}.subspan(2)).value().parts;
            answer.certify_info[2 + parts.clock_info.offset + from_clock] ^= 1U;
        };
    };
    std::vector<Forgery> all;
    const auto signed_afresh = [&](std::string field, Check check, std::function<void(TpmAttest&)> change) {
        Forgery forgery{std::move(field), check};
        forgery.attest = std::move(change);
        all.push_back(std::move(forgery));
    };
    const auto unsigned_change = [&](std::string field, Check check, std::function<void(Answer&)> change) {
        Forgery forgery{std::move(field), check};
        forgery.answer = std::move(change);
        all.push_back(std::move(forgery));
    };
    signed_afresh("magic", Check::certify_magic, [](TpmAttest& attest) { attest.magic ^= 1U; });
    signed_afresh("extraData", Check::certify_nonce, [](TpmAttest& attest) { attest.extra_data.back() ^= 1U; });
    signed_afresh("extraData", Check::certify_nonce, [](TpmAttest& attest) { attest.extra_data.pop_back(); });
    signed_afresh("extraData", Check::certify_nonce, [](TpmAttest& attest) { attest.extra_data.clear(); });
    signed_afresh("extraData", Check::certify_nonce, [](TpmAttest& attest) { attest.extra_data.push_back(0); });
    signed_afresh("qualifiedSigner", Check::ak_hierarchy,
                  [](TpmAttest& attest) { attest.qualified_signer.pop_back(); });
    signed_afresh("qualifiedSigner", Check::ak_hierarchy, [](TpmAttest& attest) { attest.qualified_signer.clear(); });
    signed_afresh("name", Check::certify_name, [](TpmAttest& attest) { attest.certify->name.back() ^= 1U; });
    signed_afresh("name", Check::certify_name,
                  [](TpmAttest& attest) { attest.certify->name = name_of(ak_of(KeyType::ec_p256).area()); });
    signed_afresh("qualifiedName", Check::certify_qualified_name,
                  [](TpmAttest& attest) { attest.certify->qualified_name[1] ^= 1U; });
    signed_afresh("qualifiedName", Check::certify_qualified_name,
                  [](TpmAttest& attest) { attest.certify->qualified_name.clear(); });
    unsigned_change("type", Check::certify_type, [](Answer& answer) {
        const auto attest = parse_attest(ByteView{answer.certify_info}.subspan(2)).value();
        answer.certify_info = quote_of(attest);
        answer.certify_signature = ak_of(KeyType::ec_p256).sign_as_tpm(answer.certify_info);
    });
    unsigned_change("type", Check::certify_parses, [](Answer& answer) { answer.certify_info[2 + 5] = 0x99; });
    unsigned_change("clock", Check::certify_signature, behind(7));
    unsigned_change("resetCount", Check::certify_signature, behind(11));
    unsigned_change("restartCount", Check::certify_signature, behind(15));
    unsigned_change("safe", Check::certify_signature, behind(16));
    unsigned_change("firmwareVersion", Check::certify_signature, behind(24));
    expect_refused(Scene{}, schema, all);
}

TEST(Mutants, OfTheSignature) {
    const auto change = [](std::string field, Check check, std::function<void(TpmSignature&)> edit) {
        Forgery forgery{std::move(field), check};
        forgery.answer = [edit](Answer& answer) {
            TpmSignature signature = parse_signature(answer.certify_signature).value();
            edit(signature);
            answer.certify_signature = encode_signature(signature);
        };
        return forgery;
    };
    const auto octet = [](std::size_t at, std::uint8_t value) {
        Forgery forgery{"sigAlg", Check::certify_signature_parses};
        forgery.answer = [=](Answer& answer) { answer.certify_signature[at] = value; };
        return forgery;
    };
    expect_refused(Scene{}, {"sigAlg", "hash", "signatureR", "signatureS"},
                   {octet(1, 0x10), octet(1, 0x1A), octet(0, 0xFF),
                    change("hash", Check::certify_signature_scheme, [](TpmSignature& s) { s.scheme.hash = 0x000C; }),
                    change("signatureR", Check::certify_signature, [](TpmSignature& s) { s.r.back() ^= 1U; }),
                    change("signatureR", Check::certify_signature, [](TpmSignature& s) { s.r.clear(); }),
                    change("signatureS", Check::certify_signature, [](TpmSignature& s) { s.s.back() ^= 1U; }),
                    change("signatureS", Check::certify_signature, [](TpmSignature& s) { s.s.assign(32, 0); })});
    expect_refused(
        Scene{"L-2", KeyType::rsa}, {"sigAlg", "hash", "sig"},
        {octet(1, 0x10),
         change("sigAlg", Check::certify_signature_scheme, [](TpmSignature& s) { s.scheme.algorithm = kAlgRsapss; }),
         change("hash", Check::certify_signature_scheme, [](TpmSignature& s) { s.scheme.hash = 0x000C; }),
         change("sig", Check::certify_signature, [](TpmSignature& s) { s.r.back() ^= 1U; }),
         change("sig", Check::certify_signature, [](TpmSignature& s) { s.r.pop_back(); })});
}

TEST(Mutants, OfOpeningAndAnswer) {
    const auto in_opening = [](std::string field, Check check, std::function<void(Opening&)> change) {
        Forgery forgery{std::move(field), check};
        forgery.opening = std::move(change);
        return forgery;
    };
    const auto in_answer = [](std::string field, Check check, std::function<void(Answer&)> change) {
        Forgery forgery{std::move(field), check};
        forgery.answer = std::move(change);
        return forgery;
    };
    expect_refused(
        Scene{}, {"ek_certificate", "ek_chain", "ek_public", "ek_template", "ak_public"},
        {in_opening("ek_certificate", Check::ek_certificate_present, [](Opening& o) { o.ek_certificate.clear(); }),
         in_opening("ek_certificate", Check::ek_certificate_parses, [](Opening& o) { o.ek_certificate.pop_back(); }),
         in_opening("ek_certificate", Check::ek_certificate_parses,
                    [](Opening& o) { o.ek_certificate.resize(kMaxEkCertificate + 1, 0); }),
         in_opening("ek_chain", Check::ek_certificate_chain, [](Opening& o) { o.ek_chain.resize(kMaxChain + 1); }),
         in_opening("ek_public", Check::ek_public_parses, [](Opening& o) { o.ek_public.clear(); }),
         in_opening("ek_public", Check::ek_public_parses, [](Opening& o) { o.ek_public[1] ^= 1U; }),
         in_opening("ek_template", Check::ek_template_known, [](Opening& o) { o.ek_template = "H-2"; }),
         in_opening("ak_public", Check::ak_public_parses, [](Opening& o) { o.ak_public.clear(); }),
         in_opening("ak_public", Check::ak_public_parses, [](Opening& o) { o.ak_public.push_back(0); })});
    expect_refused(
        Scene{}, {"activated_secret", "key_public", "certify_info", "certify_signature"},
        {in_answer("activated_secret", Check::activation_secret, [](Answer& a) { a.activated_secret[0] ^= 1U; }),
         in_answer("activated_secret", Check::activation_secret, [](Answer& a) { a.activated_secret.clear(); }),
         in_answer("activated_secret", Check::activation_secret, [](Answer& a) { a.activated_secret.push_back(0); }),
         in_answer("key_public", Check::key_public_parses, [](Answer& a) { a.key_public.clear(); }),
         in_answer("certify_info", Check::certify_parses, [](Answer& a) { a.certify_info.clear(); }),
         in_answer("certify_info", Check::certify_parses, [](Answer& a) { a.certify_info.resize(5000); }),
         in_answer("certify_signature", Check::certify_signature_parses,
                   [](Answer& a) { a.certify_signature.clear(); })});
}

TEST(Mutants, OfTheEkCertificatesCheckedParts) {
    const FakeTpmKey& ek = ek_of_template("L-2");
    const auto issued = [&](std::string field, Check check, EkCertificateSpec spec) {
        Forgery forgery{std::move(field), check};
        forgery.opening = [&ek, spec](Opening& opening) {
            opening.ek_certificate = vendor().certify_ek(ek.public_key(), spec);
        };
        return forgery;
    };
    const auto with = [](std::size_t index, x509::Extension extension) {
        x509::Extensions all = ek_extensions({}, false);
        all.at(index) = std::move(extension);
        EkCertificateSpec spec;
        spec.extensions = all;
        return spec;
    };
    const auto without = [](std::size_t index) {
        x509::Extensions all = ek_extensions({}, false);
        all.erase(all.begin() + static_cast<std::ptrdiff_t>(index));
        EkCertificateSpec spec;
        spec.extensions = all;
        return spec;
    };
    const x509::Extensions plain = ek_extensions({}, false);  // SAN, basicConstraints, keyUsage, extKeyUsage
    x509::Extensions unknown = plain;
    unknown.push_back({Bytes{0x2A, 0x03, 0x04}, true, Bytes{0x05, 0x00}});
    EkCertificateSpec critical;
    critical.extensions = unknown;
    EkCertificateSpec expired, early, stranger, simulator, nameless;
    expired.not_after = now() - std::chrono::seconds{1};
    early.not_before = now() + std::chrono::seconds{1};
    stranger.issuer = "CN=Another EK CA";
    simulator.manufacturer = "id:00001014";
    nameless.manufacturer = "Test";
    Forgery other_key{"subjectPublicKey", Check::ek_certificate_key};
    other_key.opening = [](Opening& opening) {
        opening.ek_certificate = vendor().certify_ek(ek_of_template("H-2").public_key());
    };
    Forgery signature{"signatureValue", Check::ek_certificate_chain};
    signature.opening = [](Opening& opening) { opening.ek_certificate.back() ^= 1U; };
    Forgery serial{"serialNumber", Check::ek_certificate_chain};
    serial.opening = [](Opening& opening) { opening.ek_certificate[20] ^= 1U; };
    expect_refused(
        Scene{},
        {"serialNumber", "issuer", "notBefore", "notAfter", "subjectPublicKey", "subjectAltName", "basicConstraints",
         "keyUsage", "extKeyUsage", "critical", "signatureValue"},
        {serial, issued("issuer", Check::ek_certificate_chain, stranger),
         issued("notBefore", Check::ek_certificate_dates, early),
         issued("notAfter", Check::ek_certificate_dates, expired), other_key,
         issued("subjectAltName", Check::ek_certificate_tpm, without(0)),
         issued("subjectAltName", Check::ek_certificate_tpm, nameless),
         issued("subjectAltName", Check::ek_simulator, simulator),
         issued("basicConstraints", Check::ek_certificate_purpose,
                with(1, {plain[1].oid, true, x509::encode_basic_constraints({.ca = true})})),
         issued("keyUsage", Check::ek_certificate_purpose,
                with(2, {plain[2].oid, true, x509::encode_key_usage(x509::kDigitalSignature)})),
         issued("keyUsage", Check::ek_certificate_purpose,
                with(2, {plain[2].oid, true, x509::encode_key_usage(x509::kKeyAgreement | x509::kKeyCertSign)})),
         issued("extKeyUsage", Check::ek_certificate_purpose, with(3, {plain[3].oid, false, Bytes{0x30, 0x00}})),
         issued("extKeyUsage", Check::ek_certificate_purpose,
                with(3, {plain[3].oid, false, x509::encode_ext_key_usage({Bytes{0x2A, 0x03}})})),
         issued("critical", Check::ek_certificate_extensions, critical), signature});
}

}  // namespace
}  // namespace sealwright::attestation::test
