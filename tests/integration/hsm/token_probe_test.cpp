// The throw-away keys of a token's judgement: only they are destroyed, whatever a remembered number names.
#include <gtest/gtest.h>

#include "hsm/token_judge/probe.hpp"
#include "softhsm.hpp"

namespace sealwright::hsm::token_judge {
namespace {

ModuleRef ref_of(const test::SoftHsm& softhsm, const std::string& serial) {
    ModuleRef ref;
    ref.module = softhsm.module();
    ref.serial = serial;
    ref.label = "trial";
    ref.key_label = "sealwright-test-0123";
    ref.key_id_prefix = Bytes(8, 0x55);
    return ref;
}

// A pair of P-256 that carries a label and an id.
KeyPair pair_of(Probe& probe, const Bytes& id, std::string_view label) {
    KeyPair pair;
    pair.id = id;
    const Bytes curve{0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07};
    Attributes of_public = probe.base(id), of_private = probe.base(id);
    of_public.octets(CKA_LABEL, view_of(label)).octets(CKA_EC_PARAMS, curve);
    of_private.octets(CKA_LABEL, view_of(label)).flag(CKA_SIGN, true);
    EXPECT_EQ(probe.generate(probe.main(), CKM_EC_KEY_PAIR_GEN, of_public, of_private, pair), CKR_OK);
    return pair;
}

std::size_t keys_with(const Probe& probe, const Bytes& id) {
    const std::array criteria{pkcs11::Criterion{CKA_ID, id}};
    std::size_t count = 0;
    for (const CK_OBJECT_CLASS object_class : {CKO_PRIVATE_KEY, CKO_PUBLIC_KEY})
        count += pkcs11::find_objects(probe.main(), object_class, criteria).value().size();
    return count;
}

TEST(TokenProbe, DestroysNothingButItsOwn) {
    test::SoftHsm softhsm;
    const ModuleRef ref = ref_of(softhsm, softhsm.add_token("trial"));
    Reporter reporter{-1};
    Probe probe{ref, LoadedLibrary::load(ref).value(), test::SoftHsm::pin(), reporter};
    ASSERT_TRUE(probe.start());

    const Bytes precious_id{1}, by_label{2}, by_id = probe.fresh_id();
    const KeyPair precious = pair_of(probe, precious_id, "precious");
    // What a number that was remembered may name after the module has numbered its objects anew.
    probe.destroy(precious);
    EXPECT_EQ(keys_with(probe, precious_id), 2U);

    probe.destroy(pair_of(probe, by_label, ref.key_label));
    EXPECT_EQ(keys_with(probe, by_label), 0U);
    probe.destroy(pair_of(probe, by_id, "renamed"));
    EXPECT_EQ(keys_with(probe, by_id), 0U);

    pair_of(probe, by_id, ref.key_label);
    pair_of(probe, by_label, ref.key_label);
    probe.destroy_all();
    EXPECT_EQ(keys_with(probe, by_id) + keys_with(probe, by_label), 0U);
    EXPECT_EQ(keys_with(probe, precious_id), 2U);
    probe.library().finalise();
}

}  // namespace
}  // namespace sealwright::hsm::token_judge
