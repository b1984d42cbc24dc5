// Every kind of endorsement key with every kind of attestation key and key: made, activated, certified and used in a
// simulated TPM, judged by other implementations (tpm2-tools, openssl with its tpm2 provider).
#include <gmock/gmock.h>

#include "crypto/digest.hpp"
#include "simulated_tpm.hpp"
#include "x509/certificate.hpp"

namespace sealwright::tpm::test {
namespace {

using Combination = std::tuple<EkTemplate, KeyKind, KeyKind>;

Bytes name_of(ByteView public_area) {
    Bytes name{0x00, 0x0b};  // TPM_ALG_SHA256
    append(name, crypto::sha256(public_area.subspan(2)).view());
    return name;
}

// x509_signature takes a TPMT_SIGNATURE apart: algorithm, digest, then one or two TPM2Bs.
Bytes x509_signature(ByteView signature) {
    const auto sized = [&](std::size_t at) {
        return signature.subspan(at + 2, static_cast<std::size_t>(signature[at] << 8U | signature[at + 1]));
    };
    if (signature[1] == 0x14) return bytes_of(sized(4));  // RSASSA
    const ByteView r = sized(4), s = sized(6 + r.size());
    const auto integer = [](ByteView value) {
        while (value.size() > 1 && value[0] == 0) value = value.subspan(1);
        Bytes out{0x02, static_cast<std::uint8_t>(value.size() + (value[0] >> 7U))};
        if ((value[0] & 0x80U) != 0) out.push_back(0);
        append(out, value);
        return out;
    };
    Bytes both = integer(r);
    append(both, integer(s));
    Bytes out{0x30};
    if (both.size() > 127) out.push_back(0x81);
    out.push_back(static_cast<std::uint8_t>(both.size()));
    append(out, both);
    return out;
}

// foreign_credential is made by tpm2_makecredential, which needs no TPM for it.
Credential foreign_credential(const SimulatedTpm& simulated, ByteView ek_public, ByteView ak_name, ByteView secret) {
    auto& shell = simulated.shell();
    shell.write("ek.pub", ek_public);
    shell.write("secret", secret);
    shell.run("tpm2_makecredential --tcti none -u ek.pub -s secret -n " + to_hex(ak_name) + " -o credential");
    const Bytes file = shell.read("credential");  // magic, version, TPM2B_ID_OBJECT, TPM2B_ENCRYPTED_SECRET
    const std::size_t blob = 2 + static_cast<std::size_t>(file[8] << 8U | file[9]);
    return {Bytes(file.begin() + 8, file.begin() + 8 + static_cast<std::ptrdiff_t>(blob)),
            Bytes(file.begin() + 8 + static_cast<std::ptrdiff_t>(blob), file.end())};
}

class EveryCombination : public WithSimulator<testing::TestWithParam<Combination>> {};

TEST_P(EveryCombination, IsActivatedCertifiedAndLeavesNothing) {
    const auto [ek, ak_kind, key_kind] = GetParam();
    const SimulatedTpm& simulated = simulated_tpm(std::string{ek_template_name(ek)});
    const Tpm tpm = simulated.tpm();
    const auto endorsement = tpm.find_endorsement({ek});
    ASSERT_TRUE(endorsement) << endorsement.error().describe();
    const auto ak = tpm.create_ak(ek, ak_kind), key = tpm.create_key(key_kind);
    ASSERT_TRUE(ak) << ak.error().describe();
    ASSERT_TRUE(key) << key.error().describe();

    const Bytes secret(32, 0x5a);
    const auto credential =
        foreign_credential(simulated, endorsement.value().public_area, name_of(ak.value().public_area), secret);
    const auto activated = tpm.activate(ek, ak.value(), credential);
    ASSERT_TRUE(activated) << activated.error().describe();
    EXPECT_TRUE(equal(activated.value().reveal(), secret));

    const Bytes nonce(32, 0xa5);
    const auto certified = tpm.certify(ek, ak.value(), key.value(), nonce);
    ASSERT_TRUE(certified) << certified.error().describe();
    const ByteView attest = ByteView{certified.value().info}.subspan(2);
    EXPECT_THAT(text_of(attest), testing::HasSubstr(text_of(nonce)));
    EXPECT_THAT(text_of(attest), testing::HasSubstr(text_of(name_of(key.value().public_area))));
    const auto ak_public = public_key_of(ak.value().public_area);
    ASSERT_TRUE(ak_public) << ak_public.error().describe();
    const auto held = ak_public.value().verify(crypto::default_algorithm(ak_public.value().type()), attest,
                                               x509_signature(certified.value().signature));
    EXPECT_TRUE(held) << held.error().describe();
    EXPECT_EQ(simulated.leftovers(), "");
}

INSTANTIATE_TEST_SUITE_P(Tpm, EveryCombination,
                         testing::Combine(testing::Values(EkTemplate::l1, EkTemplate::l2, EkTemplate::h3,
                                                          EkTemplate::h6),
                                          testing::Values(KeyKind::rsa2048, KeyKind::p256),
                                          testing::Values(KeyKind::rsa2048, KeyKind::p256, KeyKind::p384)),
                         [](const auto& each) {
                             std::string name{ek_template_name(std::get<0>(each.param))};
                             name.erase(1, 1);
                             return name + "_" + std::string{key_kind_name(std::get<1>(each.param))} + "_" +
                                    std::string{key_kind_name(std::get<2>(each.param))};
                         });

class TpmKeys : public WithSimulator<testing::TestWithParam<KeyKind>> {};

TEST_P(TpmKeys, SignWhatOpensslVerifies) {
    const SimulatedTpm& simulated = simulated_tpm("L-1");
    const auto key = simulated.tpm().create_key(GetParam()).value();
    const auto public_key = public_key_of(key.public_area).value();
    std::vector<crypto::SignatureAlgorithm> algorithms;
    for (const auto digest : {crypto::DigestAlgorithm::sha256, crypto::DigestAlgorithm::sha384}) {
        for (const auto scheme :
             {crypto::SignatureScheme::rsa_pkcs1, crypto::SignatureScheme::rsa_pss, crypto::SignatureScheme::ecdsa}) {
            if (crypto::fits({scheme, digest}, public_key.type())) algorithms.push_back({scheme, digest});
        }
    }
    ASSERT_FALSE(algorithms.empty());
    for (const auto& algorithm : algorithms) {
        const auto signature = simulated.tpm().sign(key, algorithm, view_of("message"));
        ASSERT_TRUE(signature) << crypto::signature_name(algorithm) << ": " << signature.error().describe();
        EXPECT_TRUE(public_key.verify(algorithm, view_of("message"), signature.value()))
            << crypto::signature_name(algorithm);
        EXPECT_FALSE(public_key.verify(algorithm, view_of("massage"), signature.value()));
    }
    EXPECT_EQ(simulated.leftovers(), "");
}

TEST_P(TpmKeys, AreTheKeysThatOpensslsProviderLoadsFromTheFile) {
    const SimulatedTpm& simulated = simulated_tpm("L-1");
    const auto key = simulated.tpm().create_key(GetParam()).value();
    simulated.shell().write("key.pem", view_of(encode_tss2_pem(key)));
    simulated.run("openssl pkey -provider tpm2 -provider default -in key.pem -pubout -outform DER -out key.spki");
    EXPECT_TRUE(equal(simulated.shell().read("key.spki"), public_key_of(key.public_area).value().spki().view()));
    simulated.run(
        "echo message > message; openssl dgst -provider tpm2 -provider default -propquery '?provider=tpm2' -sha256 "
        "-sign key.pem -out signature "
        "message && "
        "openssl pkey -pubin -inform DER -in key.spki -out key.pub && openssl dgst -sha256 -verify key.pub -signature "
        "signature message");
    simulated.succeeds("tpm2_flushcontext -t; tpm2_flushcontext -l");  // what the provider left
}

INSTANTIATE_TEST_SUITE_P(Tpm, TpmKeys, testing::Values(KeyKind::rsa2048, KeyKind::p256, KeyKind::p384),
                         [](const auto& each) { return std::string{key_kind_name(each.param)}; });

class TpmEndorsement : public WithSimulator<testing::Test> {};

TEST_F(TpmEndorsement, IsTheOneThatTheManufacturerCertified) {
    for (const auto ek : {EkTemplate::l1, EkTemplate::l2, EkTemplate::h3, EkTemplate::h6}) {
        const SimulatedTpm& simulated = simulated_tpm(std::string{ek_template_name(ek)});
        const auto found = simulated.tpm().find_endorsement(ek_candidates("auto").value());
        ASSERT_TRUE(found) << found.error().describe();
        EXPECT_EQ(found.value().ek, ek);
        simulated.shell().run("cat " + std::string{ek_template_name(ek)} + "/ek.der");
        EXPECT_TRUE(equal(found.value().certificate, view_of(simulated.shell().output())));
        simulated.shell().run("openssl x509 -in " + std::string{ek_template_name(ek)} +
                              "/ek.pem -noout -pubkey | openssl pkey -pubin -outform DER -out ek.spki");
        const auto key = public_key_of(found.value().public_area);
        ASSERT_TRUE(key) << key.error().describe();
        EXPECT_TRUE(equal(key.value().spki().view(), simulated.shell().read("ek.spki"))) << ek_template_name(ek);
        EXPECT_EQ(simulated.leftovers(), "");
    }
}

TEST_F(TpmEndorsement, MadeFromTheTemplateIsThePersistentOne) {
    for (const auto& [ek, handle] :
         {std::pair{EkTemplate::l1, "0x81010001"}, {EkTemplate::h3, "0x81010016"}, {EkTemplate::h6, "0x8101001c"}}) {
        const SimulatedTpm& simulated = simulated_tpm(std::string{ek_template_name(ek)});
        const auto persistent = simulated.tpm().find_endorsement({ek}).value();
        simulated.run(std::string{"tpm2_evictcontrol -C o -c "} + handle);
        const auto made = simulated.tpm().find_endorsement({ek});
        ASSERT_TRUE(made) << made.error().describe();
        EXPECT_EQ(made.value().public_area, persistent.public_area) << ek_template_name(ek);
        EXPECT_EQ(simulated.leftovers(), "");
    }
}

TEST_F(TpmEndorsement, IsTheBestCandidateWhereNoneHasACertificate) {
    const SimulatedTpm& simulated = simulated_tpm("none");
    const auto found = simulated.tpm().find_endorsement(ek_candidates("auto").value());
    ASSERT_TRUE(found) << found.error().describe();
    EXPECT_EQ(found.value().ek, EkTemplate::l2);
    EXPECT_TRUE(found.value().certificate.empty());
    EXPECT_EQ(simulated.tpm().find_endorsement(ek_candidates("rsa").value()).value().ek, EkTemplate::l1);
}

TEST_F(TpmEndorsement, BringsTheChainFromNvMemory) {
    const SimulatedTpm& simulated = simulated_tpm("L-2");
    simulated.run(
        "openssl x509 -in vendor/issuer.pem -outform DER -out issuer.der; openssl x509 -in vendor/root.pem -outform "
        "DER -out root.der; "
        "head -c 300 issuer.der > first; tail -c +301 issuer.der | cat - root.der > second; printf "
        "'\\377\\377\\377\\377' >> second; "
        "for part in 'first 0x01c00100' 'second 0x01c00101'; do set -- $part; "
        "tpm2_nvdefine -C p -s $(wc -c < $1) -a 'ppwrite|ppread|ownerread|authread|no_da|platformcreate' $2; "
        "tpm2_nvwrite -C p -i $1 $2; done; "
        // Indices that cannot be read with the empty password: one counts against the lockout.
        "tpm2_nvdefine -C p -s 4 -p secret -a 'ppwrite|ppread|authread|no_da|platformcreate' 0x01c00102 && "
        "head -c 4 root.der | tpm2_nvwrite -C p -i - 0x01c00102; "
        "tpm2_nvdefine -C p -s 4 -p secret -a 'ppwrite|ppread|authread|platformcreate' 0x01c00103 && "
        "head -c 4 root.der | tpm2_nvwrite -C p -i - 0x01c00103");
    const auto found = simulated.tpm().find_endorsement({EkTemplate::l2});
    ASSERT_TRUE(found) << found.error().describe();
    EXPECT_THAT(found.value().chain,
                testing::ElementsAre(simulated.shell().read("issuer.der"), simulated.shell().read("root.der")));
    EXPECT_TRUE(simulated.succeeds("tpm2_getcap properties-variable | grep -q 'TPM2_PT_LOCKOUT_COUNTER: 0x0$'"));
    simulated.run("for index in 100 101 102 103; do tpm2_nvundefine -C p 0x01c00$index; done");
}

}  // namespace
}  // namespace sealwright::tpm::test
