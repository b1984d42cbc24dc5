// A location is added to a file of [[key]] tables: the one line changes, or nothing does.
#include "hsm/signer_process/key_register.hpp"

#include <gmock/gmock.h>

#include "hsm/location_proof.hpp"
#include "hsm/signer_process/sealed_pin.hpp"
#include "tests/support/test_key.hpp"

namespace sealwright::hsm::signer_process {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

const std::string kA(64, 'a'), kB(64, 'b');

KeyId id(const std::string& hex) { return KeyId::from_hex_text(hex).value(); }

std::string table(const std::string& key, const std::string& name, const std::string& more = {}) {
    return "[[key]]\nid = \"" + key + "\"  # its SPKI\nname = \"" + name + "\"\n" + more +
           "purposes = [\"tls\"]\nalgorithms = [\"ecdsa-sha256\"]\n[key.tls]\n\n";
}

std::string added(const std::string& text, const std::string& key, const std::string& serial) {
    const auto keys = parse_key_register(text, "keys.toml");
    if (!keys) return keys.error().describe();
    RegisteredKey registered{id(key), "nobody", {}, {}};
    for (const RegisteredKey& one : keys.value()) {
        if (one.id == registered.id) registered = one;
    }
    const auto serials = with_location(registered, serial, registered.locations.empty() ? serial : "");
    if (!serials) return serials.error().describe();
    const auto changed = set_locations(text, "keys.toml", id(key), serials.value());
    return changed ? changed.value() : changed.error().describe();
}

// The first list says where the key is served, and everywhere else it no longer is.
TEST(KeyRegister, TakesNoTokenOutOfServiceByNamingAnother) {
    const RegisteredKey nowhere{id(kA), "a", {}, {}}, somewhere{id(kA), "a", {}, {"1"}};
    EXPECT_EQ(with_location(nowhere, "2", "").error().code(), ErrorCode::conflict);
    EXPECT_THAT(with_location(nowhere, "2", "1").value(), ElementsAre("1", "2"));
    EXPECT_THAT(with_location(nowhere, "2", "2").value(), ElementsAre("2"));
    EXPECT_THAT(with_location(somewhere, "2", "").value(), ElementsAre("1", "2"));
    EXPECT_EQ(with_location(somewhere, "2", "3").error().code(), ErrorCode::conflict);
    EXPECT_EQ(with_location(somewhere, "1", "").error().code(), ErrorCode::already_exists);
}

TEST(KeyRegister, AddsALineBehindTheIdAndLeavesAllElse) {
    const std::string text = "# caf\u00e9\n" + table(kA, "a") + table(kB, "b");
    EXPECT_EQ(added(text, kB, "4821"),
              "# caf\u00e9\n" + table(kA, "a") + "[[key]]\nid = \"" + kB + "\"  # its SPKI\nlocations = [\"4821\"]\n" +
                  table(kB, "b").substr(std::string{"[[key]]\nid = \"\"  # its SPKI\n"}.size() + 64));
    const auto keys = parse_key_register(added(text, kB, "4821"), "keys.toml").value();
    EXPECT_TRUE(keys[0].locations.empty());
    EXPECT_THAT(keys[1].locations, ElementsAre("4821"));
}

TEST(KeyRegister, AddsToAListThatIsThereWhereverItStands) {
    for (const std::string list :
         {"locations = [\"1\"]\n", "locations=['1',]# here\n", "locations = [\n  \"1\",  # \u00e9\n]\n"}) {
        const std::string changed = added(table(kA, "a", list), kA, "2");
        EXPECT_THAT(parse_key_register(changed, "f").value()[0].locations, ElementsAre("1", "2")) << changed;
        EXPECT_THAT(added(changed, kA, "2"), HasSubstr("already_exists"));
        EXPECT_THAT(added(changed, kA, "3"), HasSubstr("[\"1\", \"2\", \"3\"]"));
    }
}

TEST(KeyRegister, TakesSerialsThatWantQuoting) {
    const std::string serial = "a\"b\\c\n";
    EXPECT_THAT(parse_key_register(added(table(kA, "a"), kA, serial), "f").value()[0].locations, ElementsAre(serial));
}

TEST(KeyRegister, ChangesNothingThatItDoesNotUnderstand) {
    EXPECT_THAT(added(table(kA, "a"), kB, "1"), HasSubstr("not_found"));
    EXPECT_THAT(added(table(kA, "a") + table(kA, "b"), kA, "1"), HasSubstr("twice"));
    EXPECT_THAT(added("key = 1\n", kA, "1"), HasSubstr("config"));
    EXPECT_THAT(added("[[key]\n", kA, "1"), HasSubstr("config"));
    EXPECT_THAT(added(table(kA, "a", "locations = [1]\n"), kA, "1"), HasSubstr("list of strings"));
    // A table on one line has no line behind its id.
    const std::string inlined =
        "key = [{id = \"" + kA + "\", name = \"a\", purposes = [\"tls\"], algorithms = [\"ed25519\"]}]\n";
    EXPECT_THAT(added(inlined, kA, "1"), HasSubstr("config"));
}

TEST(SealedPinFile, IsReadAsItWasWrittenAndStrictly) {
    SealedPin pin;
    pin.token_serial = "48\"21";
    pin.sealed.selection = tpm::parse_pcr_selection("sha256:0,7").value();
    pin.sealed.values = {Bytes(32, 1), Bytes(32, 2)};
    pin.sealed.storage_key = Bytes(34, 3);
    pin.sealed.blob = {Bytes(80, 4), Bytes(120, 5)};
    const std::string text = encode_sealed_pin(pin);
    const auto read = parse_sealed_pin(text, "pin");
    ASSERT_TRUE(read) << read.error().describe();
    EXPECT_EQ(read.value().token_serial, pin.token_serial);
    EXPECT_EQ(read.value().sealed.selection, pin.sealed.selection);
    EXPECT_EQ(read.value().sealed.values, pin.sealed.values);
    EXPECT_EQ(read.value().sealed.storage_key, pin.sealed.storage_key);
    EXPECT_EQ(read.value().sealed.blob, pin.sealed.blob);
    EXPECT_EQ(encode_sealed_pin(read.value()), text);
    const auto broken = [&](const std::string& from, const std::string& to) {
        std::string changed = text;
        changed.replace(changed.find(from), from.size(), to);
        return !parse_sealed_pin(changed, "pin");
    };
    EXPECT_TRUE(broken("format = 1", "format = 2"));
    EXPECT_TRUE(broken("number = 7", "number = 6"));
    EXPECT_TRUE(broken("sha256:0,7", "sha256:0"));
    EXPECT_TRUE(broken("sha256:0,7", "sha1:0,7"));
    EXPECT_TRUE(broken("public = \"04", "public = \"0g"));
    EXPECT_TRUE(broken("storage_key", "storage"));
    EXPECT_TRUE(broken("[[pcr]]", "extra = 1\n[[pcr]]"));
}

TEST(LocationProof, HoldsForItsKeyAndItsWordsAlone) {
    const auto key = test::TestKey::generate(crypto::KeyType::ec_p256),
               other = test::TestKey::generate(crypto::KeyType::ec_p256);
    LocationStatement statement;
    statement.key = key.public_key().id();
    statement.token_serial = "4821\nkey " + kA;
    statement.cka_id = Bytes{1, 2};
    const auto text = location_statement_text(statement);
    EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 7);
    const auto algorithm = crypto::default_algorithm(crypto::KeyType::ec_p256);
    const Bytes signature = key.sign(algorithm, view_of(text));
    EXPECT_TRUE(verify_location(statement, key.public_key(), algorithm, signature));
    EXPECT_FALSE(verify_location(statement, other.public_key(), algorithm, signature));
    statement.token_serial = "4822";
    EXPECT_FALSE(verify_location(statement, key.public_key(), algorithm, signature));
}

}  // namespace
}  // namespace sealwright::hsm::signer_process
