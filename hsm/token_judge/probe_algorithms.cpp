// Which keys the token makes and which signatures, each made and verified; decryption and key agreement.
#include <array>

#include "asn1/der_writer.hpp"
#include "asn1/oid.hpp"
#include "crypto/key_transport.hpp"
#include "hsm/pkcs11/ckr_error.hpp"
#include "hsm/token_judge/probe.hpp"

namespace sealwright::hsm::token_judge {
namespace {

using crypto::DigestAlgorithm;
using crypto::SignatureScheme;
using pkcs11::ckr_name;

constexpr std::array kDigests{DigestAlgorithm::sha256, DigestAlgorithm::sha384, DigestAlgorithm::sha512};

struct KeyKind {
    std::string_view name;
    KeyType type;
    unsigned bits;  // RSA
    unsigned long generation;
    bool also_quick;
};

constexpr std::array kKinds{
    KeyKind{"rsa-2048", KeyType::rsa, 2048, CKM_RSA_PKCS_KEY_PAIR_GEN, true},
    KeyKind{"rsa-3072", KeyType::rsa, 3072, CKM_RSA_PKCS_KEY_PAIR_GEN, false},
    KeyKind{"rsa-4096", KeyType::rsa, 4096, CKM_RSA_PKCS_KEY_PAIR_GEN, false},
    KeyKind{"ec-p256", KeyType::ec_p256, 256, CKM_EC_KEY_PAIR_GEN, true},
    KeyKind{"ec-p384", KeyType::ec_p384, 384, CKM_EC_KEY_PAIR_GEN, true},
    KeyKind{"ec-p521", KeyType::ec_p521, 521, CKM_EC_KEY_PAIR_GEN, true},
    KeyKind{"ed25519", KeyType::ed25519, 0, CKM_EC_EDWARDS_KEY_PAIR_GEN, true},
};

std::vector<SignatureAlgorithm> algorithms_of(KeyType type) {
    std::vector<SignatureAlgorithm> list;
    if (type == KeyType::ed25519) return {{SignatureScheme::ed25519, DigestAlgorithm::sha512}};
    for (const DigestAlgorithm digest : kDigests) {
        if (type == KeyType::rsa) {
            list.push_back({SignatureScheme::rsa_pkcs1, digest});
            list.push_back({SignatureScheme::rsa_pss, digest});
        } else {
            list.push_back({SignatureScheme::ecdsa, digest});
        }
    }
    return list;
}

// size_offered asks C_GetMechanismInfo; a mechanism that does not say its sizes may have every one.
bool size_offered(const Probe& probe, const KeyKind& kind) {
    CK_MECHANISM_INFO info{};
    if (kind.bits == 0 || probe.f().C_GetMechanismInfo(probe.slot(), kind.generation, &info) != CKR_OK) return true;
    if (info.ulMaxKeySize == 0) return true;
    // Some modules count octets here.
    const unsigned long most = info.ulMaxKeySize < 128 ? 8192 : info.ulMaxKeySize;
    return kind.bits >= info.ulMinKeySize && kind.bits <= most;
}

bool token_verifies(const Probe& probe, CK_MECHANISM mechanism, CK_OBJECT_HANDLE key, ByteView data, ByteView raw) {
    if (probe.f().C_VerifyInit(probe.session(), &mechanism, key) != CKR_OK) return false;
    return probe.f().C_Verify(probe.session(), writable(data), length(data), writable(raw), length(raw)) == CKR_OK;
}

// SignatureTrial makes one signature by a plan, verifies it with our own crypto against the public key that was read,
// and tells whose fault it is when it does not hold.
class SignatureTrial {
public:
    SignatureTrial(Probe& probe, std::string_view kind, const SigningKey& key)
        : probe_(probe), kind_(kind), key_(key) {}

    void run(const SignatureAlgorithm& algorithm, const std::string& how, const Result<pkcs11::SigningPlan>& planned) {
        const std::string operation = crypto::signature_name(algorithm) + (how.empty() ? "" : ", " + how);
        if (!planned)
            return probe_.report().capability(kind_, operation, Ability::absent, planned.error().private_detail());
        pkcs11::SigningPlan plan = planned.value();
        run(algorithm, operation, plan.mechanism(), plan.data());
    }

    void run(const SignatureAlgorithm& algorithm, const std::string& operation, CK_MECHANISM mechanism, ByteView data) {
        Bytes raw;
        const CK_RV rv = probe_.raw_sign(probe_.main(), mechanism, key_.pair.private_key, data, raw);
        if (rv != CKR_OK) return broken("sign.advertised", operation, "signing answered " + ckr_name(rv));
        const auto signature = pkcs11::signature_of(algorithm, key_.public_key, raw);
        if (!signature) return broken("sign.length", operation, signature.error().private_detail());
        probe_.report().check("sign.length", true);
        if (key_.public_key.verify(algorithm, kMessage, signature.value())) {
            probe_.report().check("sign.correct", true);
            probe_.report().check("key.public-matches", true);
            return probe_.report().capability(kind_, operation, Ability::works);
        }
        // Where the token itself accepts it, it is the public key that was read which is wrong.
        const bool accepted = token_verifies(probe_, mechanism, key_.pair.public_key, data, raw);
        broken(accepted ? "key.public-matches" : "sign.correct", operation,
               accepted ? "the token verifies its signature, we do not with the public key that it gave"
                        : "the signature does not verify");
    }

    static constexpr std::array<std::uint8_t, 12> kOctets{'t', 'o', ' ', 'b', 'e', ' ', 's', 'i', 'g', 'n', 'e', 'd'};
    static constexpr ByteView kMessage{kOctets};

private:
    void broken(std::string_view rule, const std::string& operation, const std::string& why) {
        probe_.report().check(rule, false, kind_ + ' ' + operation + ": " + why);
        probe_.report().capability(kind_, operation, Ability::broken, why);
    }

    Probe& probe_;
    std::string kind_;
    const SigningKey& key_;
};

// plan_on plans as if the token had no hashing mechanism (host), or with them.
Result<pkcs11::SigningPlan> plan_on_host(const SignatureAlgorithm& algorithm, const Probe& probe) {
    return pkcs11::plan_digest(algorithm, probe.mechanisms(),
                               crypto::digest(algorithm.digest, SignatureTrial::kMessage));
}

bool hashes(const pkcs11::SigningPlan& plan) { return plan.input.empty(); }

unsigned long ecdsa_hashing(DigestAlgorithm digest) {
    return digest == DigestAlgorithm::sha256   ? CKM_ECDSA_SHA256
           : digest == DigestAlgorithm::sha384 ? CKM_ECDSA_SHA384
                                               : CKM_ECDSA_SHA512;
}

void try_rsa(Probe& probe, SignatureTrial& trial, const SignatureAlgorithm& algorithm) {
    auto in_token = pkcs11::plan_message(algorithm, probe.mechanisms(), SignatureTrial::kMessage);
    if (in_token && !hashes(in_token.value()))
        in_token = fail(ErrorCode::unsupported, "", "no mechanism that hashes is in its list");
    trial.run(algorithm, "hashed in the token", in_token);
    trial.run(algorithm, "hashed outside", plan_on_host(algorithm, probe));
}

void try_ecdsa(Probe& probe, const SigningKey& key, SignatureTrial& trial, std::string_view kind,
               const SignatureAlgorithm& algorithm) {
    trial.run(algorithm, "hashed outside", plan_on_host(algorithm, probe));
    const unsigned long mechanism = ecdsa_hashing(algorithm.digest);
    const std::string operation = crypto::signature_name(algorithm) + ", hashed in the token";
    if (!probe.offers(mechanism)) {
        return probe.report().capability(std::string{kind}, operation, Ability::absent,
                                         pkcs11::mechanism_name(mechanism) + " is not in its list");
    }
    (void)key;
    trial.run(algorithm, operation, CK_MECHANISM{mechanism, nullptr, 0}, SignatureTrial::kMessage);
}

// The public key as the private object tells it must be the same.
void compare_readings(Probe& probe, std::string_view kind, const SigningKey& key) {
    const auto info = pkcs11::read_attribute(probe.main(), key.pair.private_key, CKA_PUBLIC_KEY_INFO);
    const bool has = info.value && !info.value->empty();
    probe.report().check("key.public-key-info", has, has ? "" : std::string{kind} + ": absent or empty");
    bool same = true;
    if (has) {
        const auto told = PublicKey::parse(*info.value);
        same = !told || told.value().id() == key.public_key.id();
    }
    if (key.public_key.type() == KeyType::rsa) {
        const auto modulus = pkcs11::read_attribute(probe.main(), key.pair.private_key, CKA_MODULUS);
        if (modulus.value && !modulus.value->empty()) {
            ByteView number{*modulus.value};
            while (!number.empty() && number.front() == 0) number = number.subspan(1);
            same = same && equal(number, key.public_key.rsa_modulus());
        }
    }
    const auto again = read_key(probe.main(), key.pair.public_key);
    same = same && again && again.value().id() == key.public_key.id();
    probe.report().check("key.public-stable", same,
                         same ? "" : std::string{kind} + ": two readings of the public key differ");
}

// allowed_of is all that is tried on one key, since the house's template binds it to algorithms.
void try_kind(Probe& probe, const KeyKind& kind) {
    const std::string name{kind.name};
    if (!probe.offers(kind.generation)) {
        return probe.report().capability(name, "key pair generation", Ability::absent,
                                         pkcs11::mechanism_name(kind.generation) + " is not in its list");
    }
    if (!size_offered(probe, kind))
        return probe.report().capability(name, "key pair generation", Ability::absent, "not of this size");
    auto key = probe.house_key(probe.main(), kind.type, kind.bits, algorithms_of(kind.type));
    if (!key) {
        const bool refused = says_not_offered(key.error());
        if (!refused) probe.report().check("sign.advertised", false, name + ": " + key.error().describe());
        return probe.report().capability(name, "key pair generation", refused ? Ability::absent : Ability::broken,
                                         key.error().describe());
    }
    probe.report().capability(name, "key pair generation", Ability::works);
    probe.report().check("sign.advertised", true);
    compare_readings(probe, kind.name, key.value());
    SignatureTrial trial{probe, kind.name, key.value()};
    for (const SignatureAlgorithm& algorithm : algorithms_of(kind.type)) {
        if (kind.type == KeyType::rsa) {
            try_rsa(probe, trial, algorithm);
        } else if (algorithm.scheme == SignatureScheme::ecdsa) {
            try_ecdsa(probe, key.value(), trial, kind.name, algorithm);
        } else {
            trial.run(algorithm, "", pkcs11::plan_message(algorithm, probe.mechanisms(), SignatureTrial::kMessage));
        }
    }
    probe.destroy(key.value().pair);
}

Bytes oid_der(ByteView content) {
    asn1::DerWriter writer;
    writer.oid(content);
    return writer.take();
}

Attributes public_half(const Probe& probe, const Bytes& id) {
    Attributes attributes = probe.base(id);
    attributes.flag(CKA_PRIVATE, false).flag(CKA_VERIFY, true);
    return attributes;
}

Attributes private_half(const Probe& probe, const Bytes& id) {
    Attributes attributes = probe.base(id);
    attributes.flag(CKA_PRIVATE, true).flag(CKA_SENSITIVE, true).flag(CKA_EXTRACTABLE, false).flag(CKA_SIGN, true);
    return attributes;
}

// try_message_signature is for keys that the house does not make (yet): verified by our crypto where it can, else by
// the token alone, which is said.
void try_message_signature(Probe& probe, const std::string& name, const KeyPair& pair, CK_MECHANISM mechanism,
                           const Result<PublicKey>& public_key) {
    Bytes raw;
    const CK_RV rv = probe.raw_sign(probe.main(), mechanism, pair.private_key, SignatureTrial::kMessage, raw);
    if (rv != CKR_OK) {
        probe.report().check("sign.advertised", false, name + ": signing answered " + ckr_name(rv));
        return probe.report().capability(name, name, Ability::broken, "signing answered " + ckr_name(rv));
    }
    const auto algorithm = crypto::parse_signature_name(name);
    bool valid = false;
    std::string how = "verified";
    Result<void> verified = fail(ErrorCode::unsupported);
    if (algorithm && public_key) verified = public_key.value().verify(algorithm.value(), SignatureTrial::kMessage, raw);
    if (verified || verified.error().code() == ErrorCode::invalid_signature) {
        valid = verified.has_value();
    } else {
        valid = token_verifies(probe, mechanism, pair.public_key, SignatureTrial::kMessage, raw);
        how = "verified by the token alone";
    }
    probe.report().check("sign.correct", valid, name + ": " + (valid ? how : "the signature does not verify"));
    probe.report().capability(name, name, valid ? Ability::works : Ability::broken, how);
}

void try_other(Probe& probe, const std::string& name, unsigned long generation, unsigned long signing,
               const std::function<void(Attributes&)>& parameters,
               const std::function<Result<PublicKey>(const KeyPair&)>& read) {
    if (!probe.offers(generation) || !probe.offers(signing))
        return probe.report().capability(
            name, "key pair generation", Ability::absent,
            pkcs11::mechanism_name(probe.offers(generation) ? signing : generation) + " is not in its list");
    KeyPair pair;
    pair.id = probe.fresh_id();
    Attributes of_public = public_half(probe, pair.id), of_private = private_half(probe, pair.id);
    parameters(of_public);
    const CK_RV rv = probe.generate(probe.main(), generation, of_public, of_private, pair);
    if (rv != CKR_OK)
        // A list names neither curves nor parameter sets.
        return probe.report().capability(name, "key pair generation", Ability::absent,
                                         "C_GenerateKeyPair answered " + ckr_name(rv));
    probe.report().capability(name, "key pair generation", Ability::works);
    try_message_signature(probe, name, pair, {signing, nullptr, 0}, read(pair));
    probe.destroy(pair);
}

void try_ed448(Probe& probe) {
    try_other(
        probe, "ed448", CKM_EC_EDWARDS_KEY_PAIR_GEN, CKM_EDDSA,
        [](Attributes& of_public) { of_public.octets(CKA_EC_PARAMS, oid_der(asn1::oid::kEd448)); },
        [&](const KeyPair& pair) { return read_key(probe.main(), pair.public_key); });
}

// SubjectPublicKeyInfo of ML-DSA (RFC 9881): 2.16.840.1.101.3.4.3.17 to .19 without parameters.
Result<PublicKey> read_ml_dsa(Probe& probe, const KeyPair& pair, std::uint8_t parameter_set) {
    const auto value = pkcs11::read_attribute(probe.main(), pair.public_key, CKA_VALUE);
    if (!value.value) return fail(ErrorCode::unsupported, "the token does not give the key");
    const std::array<std::uint8_t, 9> oid{
        0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x03, static_cast<std::uint8_t>(16 + parameter_set)};
    asn1::DerWriter spki;
    spki.sequence([&] {
        spki.sequence([&] { spki.oid(oid); });
        spki.bit_string(*value.value);
    });
    return PublicKey::parse(spki.view());
}

void try_ml_dsa(Probe& probe, const std::string& name, std::uint8_t parameter_set) {
    try_other(
        probe, name, kCkmMlDsaKeyPairGen, kCkmMlDsa,
        [&](Attributes& of_public) { of_public.number(kCkaParameterSet, parameter_set); },
        [&](const KeyPair& pair) { return read_ml_dsa(probe, pair, parameter_set); });
}

// Something secret is encrypted here for the public key, and the token must find it again.
CK_RV decrypt(Probe& probe, const KeyPair& pair, CK_RSA_PKCS_OAEP_PARAMS parameters, DigestAlgorithm digest,
              bool& same) {
    const auto key = read_key(probe.main(), pair.public_key);
    if (!key) return CKR_FUNCTION_FAILED;
    const Bytes seed(crypto::digest_size(digest), 7);
    const Bytes secret(32, 0x42);
    const auto block = crypto::oaep_encode(digest, {}, seed, secret, key.value().rsa_modulus().size());
    if (!block) return CKR_FUNCTION_FAILED;
    const auto encrypted = crypto::rsa_encrypt_block(key.value(), block.value().reveal());
    if (!encrypted) return CKR_FUNCTION_FAILED;
    CK_MECHANISM mechanism{CKM_RSA_PKCS_OAEP, &parameters, sizeof parameters};
    CK_RV rv = probe.f().C_DecryptInit(probe.session(), &mechanism, pair.private_key);
    if (rv != CKR_OK) return rv;
    Bytes plain(1024);
    unsigned long size = length(plain);
    rv = probe.f().C_Decrypt(probe.session(), writable(encrypted.value()), length(encrypted.value()), plain.data(),
                             &size);
    same = rv == CKR_OK && size == secret.size() && equal(ByteView{plain}.first(size), secret);
    return rv;
}

void try_oaep(Probe& probe) {
    if (!probe.offers(CKM_RSA_PKCS_OAEP) || !probe.offers(CKM_RSA_PKCS_KEY_PAIR_GEN))
        return probe.report().capability("rsa-2048", "decrypt, OAEP", Ability::absent,
                                         "CKM_RSA_PKCS_OAEP is not in its list");
    KeyPair pair;
    pair.id = probe.fresh_id();
    Attributes of_public = probe.base(pair.id), of_private = probe.base(pair.id);
    const std::array<std::uint8_t, 3> exponent{1, 0, 1};
    of_public.flag(CKA_PRIVATE, false)
        .flag(CKA_ENCRYPT, true)
        .number(CKA_MODULUS_BITS, 2048)
        .octets(CKA_PUBLIC_EXPONENT, exponent);
    of_private.flag(CKA_PRIVATE, true).flag(CKA_SENSITIVE, true).flag(CKA_EXTRACTABLE, false).flag(CKA_DECRYPT, true);
    const CK_RV made = probe.generate(probe.main(), CKM_RSA_PKCS_KEY_PAIR_GEN, of_public, of_private, pair);
    if (made != CKR_OK)
        return probe.report().capability("rsa-2048", "decrypt, OAEP", Ability::broken,
                                         "C_GenerateKeyPair answered " + ckr_name(made));
    struct Row {
        const char* name;
        unsigned long hash, mgf;
        DigestAlgorithm digest;
    };
    for (const Row& row : {Row{"SHA-1", CKM_SHA_1, CKG_MGF1_SHA1, DigestAlgorithm::sha1},
                           Row{"SHA-256", CKM_SHA256, CKG_MGF1_SHA256, DigestAlgorithm::sha256}}) {
        bool same = false;
        const CK_RV rv = decrypt(probe, pair, {row.hash, row.mgf, CKZ_DATA_SPECIFIED, nullptr, 0}, row.digest, same);
        // Not a rule: a CA's signing key decrypts nothing; what needs it (SCEP) is told by the table.
        probe.report().capability("rsa-2048", std::string{"decrypt, OAEP with "} + row.name,
                                  same           ? Ability::works
                                  : rv == CKR_OK ? Ability::broken
                                                 : Ability::absent,
                                  rv == CKR_OK ? "" : ckr_name(rv));
    }
    probe.destroy(pair);
}

// The base point of P-256: an agreement with it gives the token's own public point, whose x is known.
constexpr std::array<std::uint8_t, 65> kP256Base{
    0x04, 0x6b, 0x17, 0xd1, 0xf2, 0xe1, 0x2c, 0x42, 0x47, 0xf8, 0xbc, 0xe6, 0xe5, 0x63, 0xa4, 0x40, 0xf2,
    0x77, 0x03, 0x7d, 0x81, 0x2d, 0xeb, 0x33, 0xa0, 0xf4, 0xa1, 0x39, 0x45, 0xd8, 0x98, 0xc2, 0x96, 0x4f,
    0xe3, 0x42, 0xe2, 0xfe, 0x1a, 0x7f, 0x9b, 0x8e, 0xe7, 0xeb, 0x4a, 0x7c, 0x0f, 0x9e, 0x16, 0x2b, 0xce,
    0x33, 0x57, 0x6b, 0x31, 0x5e, 0xce, 0xcb, 0xb6, 0x40, 0x68, 0x37, 0xbf, 0x51, 0xf5};

CK_RV derive(Probe& probe, const KeyPair& pair, ByteView peer, Bytes& shared) {
    CK_ECDH1_DERIVE_PARAMS parameters{CKD_NULL, 0, nullptr, length(peer), writable(peer)};
    CK_MECHANISM mechanism{CKM_ECDH1_DERIVE, &parameters, sizeof parameters};
    Attributes attributes;
    attributes.number(CKA_CLASS, CKO_SECRET_KEY).number(CKA_KEY_TYPE, CKK_GENERIC_SECRET).flag(CKA_TOKEN, false);
    attributes.flag(CKA_SENSITIVE, false).flag(CKA_EXTRACTABLE, true).number(CKA_VALUE_LEN, 32);
    CK_OBJECT_HANDLE key = CK_INVALID_HANDLE;
    const CK_RV rv = probe.f().C_DeriveKey(probe.session(), &mechanism, pair.private_key, attributes.data(),
                                           attributes.size(), &key);
    if (rv != CKR_OK) return rv;
    const auto value = pkcs11::read_attribute(probe.main(), key, CKA_VALUE);
    probe.f().C_DestroyObject(probe.session(), key);
    if (!value.value) return value.rv;
    shared = *value.value;
    return CKR_OK;
}

void try_ecdh(Probe& probe) {
    const std::string operation = "agree, ECDH";
    if (!probe.offers(CKM_ECDH1_DERIVE) || !probe.offers(CKM_EC_KEY_PAIR_GEN))
        return probe.report().capability("ec-p256", operation, Ability::absent, "CKM_ECDH1_DERIVE is not in its list");
    KeyPair pair;
    pair.id = probe.fresh_id();
    Attributes of_public = probe.base(pair.id), of_private = probe.base(pair.id);
    of_public.flag(CKA_PRIVATE, false).octets(CKA_EC_PARAMS, oid_der(asn1::oid::kPrime256v1));
    of_private.flag(CKA_PRIVATE, true).flag(CKA_SENSITIVE, true).flag(CKA_EXTRACTABLE, false).flag(CKA_DERIVE, true);
    CK_RV rv = probe.generate(probe.main(), CKM_EC_KEY_PAIR_GEN, of_public, of_private, pair);
    const auto key = rv == CKR_OK ? read_key(probe.main(), pair.public_key) : Result<PublicKey>{fail(ErrorCode::token)};
    if (!key) return probe.report().capability("ec-p256", operation, Ability::broken, "no key: " + ckr_name(rv));
    Bytes shared;
    rv = derive(probe, pair, kP256Base, shared);
    // Bare by the standard's newer versions, as an OCTET STRING by older modules.
    if (rv != CKR_OK) {
        asn1::DerWriter wrapped;
        wrapped.octet_string(kP256Base);
        const Bytes point = wrapped.take();
        rv = derive(probe, pair, point, shared);
    }
    const bool right = rv == CKR_OK && equal(shared, key.value().public_bits().subspan(1, 32));
    probe.report().capability("ec-p256", operation,
                              right          ? Ability::works
                              : rv == CKR_OK ? Ability::broken
                                             : Ability::absent,
                              rv == CKR_OK ? "" : ckr_name(rv));
    probe.destroy(pair);
}

}  // namespace

Group algorithm_group(bool quick) {
    Group group{"algorithms", {}};
    for (const KeyKind& kind : kKinds) {
        if (quick && !kind.also_quick) continue;
        // Large primes take many times as long as anything else.
        group.steps.push_back({std::string{kind.name}, false, kind.type == KeyType::rsa ? 5U : 1U,
                               [&kind](Probe& probe) { try_kind(probe, kind); }});
    }
    group.steps.push_back({"ed448", false, 1, try_ed448});
    group.steps.push_back({"ml-dsa-44", false, 1, [](Probe& probe) { try_ml_dsa(probe, "ml-dsa-44", 1); }});
    group.steps.push_back({"ml-dsa-65", false, 1, [](Probe& probe) { try_ml_dsa(probe, "ml-dsa-65", 2); }});
    group.steps.push_back({"ml-dsa-87", false, 1, [](Probe& probe) { try_ml_dsa(probe, "ml-dsa-87", 3); }});
    group.steps.push_back({"oaep", false, 5, try_oaep});
    group.steps.push_back({"ecdh", false, 1, try_ecdh});
    return group;
}

}  // namespace sealwright::hsm::token_judge
