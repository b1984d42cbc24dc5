#include "hsm/token_judge/probe.hpp"

#include <dlfcn.h>
#include <link.h>

#include "asn1/der_writer.hpp"
#include "asn1/oid.hpp"
#include "hsm/pkcs11/ckr_error.hpp"
#include "hsm/pkcs11/keygen.hpp"
#include "hsm/pkcs11/loaded_module.hpp"
#include "hsm/token_judge/child.hpp"

namespace sealwright::hsm::token_judge {

using pkcs11::ckr_error;
using pkcs11::ckr_name;
using pkcs11::TokenInfo;

namespace {

constexpr std::size_t kMaxSignature = 16384;

// InitializeArguments is CK_C_INITIALIZE_ARGS as NSS reads it: its parameters stand where the standard has pReserved,
// and one more pointer follows.
struct InitializeArguments {
    CK_C_INITIALIZE_ARGS standard{};
    void* behind = nullptr;
};

bool is_the_token(const TokenInfo& token, const ModuleRef& ref) {
    // Both: NSS gives all its tokens one serial number.
    return token.initialized && token.serial == ref.serial && token.label == ref.label;
}

// A key of Ed448, which read_public_key does not read.
Result<PublicKey> read_ed448(SessionView session, CK_OBJECT_HANDLE object) {
    const auto point = pkcs11::read_attribute(session, object, CKA_EC_POINT);
    constexpr std::size_t kPointSize = 57;
    if (!point.value || point.value->size() < kPointSize)
        return fail(ErrorCode::unsupported, "the token does not give the point of an Edwards key");
    asn1::DerWriter spki;
    spki.sequence([&] {
        spki.sequence([&] { spki.oid(asn1::oid::kEd448); });
        spki.bit_string(ByteView{*point.value}.last(kPointSize));
    });
    return PublicKey::parse(spki.view());
}

// add_key_kind is what the public half says of the key to make.
Result<void> add_key_kind(Attributes& of_public, KeyType type, unsigned bits) {
    constexpr std::array<std::uint8_t, 3> kExponent{1, 0, 1};
    if (type == KeyType::rsa) {
        of_public.number(CKA_MODULUS_BITS, bits).octets(CKA_PUBLIC_EXPONENT, kExponent);
        return success();
    }
    const ByteView curve = type == KeyType::ec_p256   ? asn1::oid::kPrime256v1
                           : type == KeyType::ec_p384 ? asn1::oid::kSecp384r1
                           : type == KeyType::ec_p521 ? asn1::oid::kSecp521r1
                           : type == KeyType::ed25519 ? asn1::oid::kEd25519
                                                      : ByteView{};
    if (curve.empty()) return fail(ErrorCode::unsupported, "keys of this type are not made here");
    asn1::DerWriter writer;
    writer.oid(curve);
    of_public.octets(CKA_EC_PARAMS, writer.view());
    return success();
}

struct Optional {
    CK_ATTRIBUTE_TYPE type;
    const char* name;
};
// kOptional is what a tolerant key is asked for besides what protects it. The order of importance: left out from the
// end.
constexpr std::array kOptional{
    Optional{CKA_DECRYPT, "CKA_DECRYPT"},
    Optional{CKA_UNWRAP, "CKA_UNWRAP"},
    Optional{CKA_DERIVE, "CKA_DERIVE"},
    Optional{CKA_MODIFIABLE, "CKA_MODIFIABLE"},
    Optional{CKA_SIGN_RECOVER, "CKA_SIGN_RECOVER"},
    Optional{CKA_COPYABLE, "CKA_COPYABLE"},
};

std::string joined(const std::vector<std::string>& names) {
    std::string text;
    for (const auto& name : names) text += (text.empty() ? "" : ", ") + name;
    return text;
}

bool starts_with(const Bytes& value, const Bytes& prefix) {
    return value.size() >= prefix.size() && std::equal(prefix.begin(), prefix.end(), value.begin());
}

}  // namespace

// A refusal that says "not this size, not this curve" is an answer, not a fault: mechanism lists do not name curves.
bool says_not_offered(const Error& error) {
    static constexpr std::array kRefusals{"CKR_CURVE_NOT_SUPPORTED", "CKR_DOMAIN_PARAMS_INVALID", "CKR_KEY_SIZE_RANGE",
                                          "CKR_MECHANISM_PARAM_INVALID", "CKR_PARAMETER_SET_NOT_SUPPORTED"};
    for (const std::string_view refusal : kRefusals) {
        if (error.private_detail().ends_with(refusal)) return true;
    }
    return false;
}

bool gives(const Probe& probe, CK_OBJECT_HANDLE key, CK_ATTRIBUTE_TYPE type) {
    // Some modules answer with a length of nothing for what a key does not have.
    const auto given = [](CK_RV rv, const CK_ATTRIBUTE& attribute) {
        return rv == CKR_OK && attribute.ulValueLen != CK_UNAVAILABLE_INFORMATION && attribute.ulValueLen > 0;
    };
    CK_ATTRIBUTE attribute{type, nullptr, 0};
    CK_RV rv = probe.f().C_GetAttributeValue(probe.session(), key, &attribute, 1);
    if (given(rv, attribute)) return true;
    constexpr std::uint8_t kUntouched = 0xA5;
    constexpr std::size_t kLongest = 4096;
    Bytes room(kLongest, kUntouched);
    attribute = {type, room.data(), length(room)};
    rv = probe.f().C_GetAttributeValue(probe.session(), key, &attribute, 1);
    // One that refuses and leaves the value in the buffer all the same gives it; one that clears it there does not. The
    // beginning alone counts: NSS clears the value and leaves the end of the ciphertext that it had read behind it.
    constexpr std::ptrdiff_t kBeginning = 16;
    const bool written = std::any_of(room.begin(), room.begin() + kBeginning,
                                     [](std::uint8_t octet) { return octet != kUntouched && octet != 0; });
    zeroise(room.data(), room.size());
    return written || given(rv, attribute);
}

void check_provenance(Probe& probe, CK_OBJECT_HANDLE key, std::string_view rule, const std::string& what) {
    const bool local = probe.flag(key, CKA_LOCAL) == true;
    probe.report().check(rule, !local, local ? what + " has LOCAL=true" : "");
    std::vector<std::string> claims;
    if (probe.flag(key, CKA_ALWAYS_SENSITIVE) == true) claims.emplace_back("ALWAYS_SENSITIVE=true");
    if (probe.flag(key, CKA_NEVER_EXTRACTABLE) == true) claims.emplace_back("NEVER_EXTRACTABLE=true");
    probe.report().check("secret.history-honest", claims.empty(),
                         claims.empty() ? "" : what + " has " + joined(claims));
}

Attributes& Attributes::octets(CK_ATTRIBUTE_TYPE type, ByteView value) {
    Bytes& kept = values_.emplace_back(bytes_of(value));
    for (CK_ATTRIBUTE& attribute : list_) {
        if (attribute.type != type) continue;
        attribute.pValue = kept.data();
        attribute.ulValueLen = length(kept);
        return *this;
    }
    list_.push_back({type, kept.data(), length(kept)});
    return *this;
}

Attributes& Attributes::flag(CK_ATTRIBUTE_TYPE type, bool value) {
    const std::uint8_t octet = value ? CK_TRUE : CK_FALSE;
    return octets(type, ByteView{&octet, 1});
}

Attributes& Attributes::number(CK_ATTRIBUTE_TYPE type, unsigned long value) {
    return octets(type, {reinterpret_cast<const std::uint8_t*>(&value), sizeof value});
}

bool SigningKey::could_set(std::string_view attribute) const {
    return std::none_of(dropped_attributes.begin(), dropped_attributes.end(), [&](const std::string& dropped) {
        return dropped == attribute || dropped == "private " + std::string{attribute};
    });
}

Result<LoadedLibrary> LoadedLibrary::load(const ModuleRef& ref) {
    void* handle = ::dlopen(ref.module.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (handle == nullptr) {
        const char* reason = ::dlerror();
        return fail(ErrorCode::not_found, "the PKCS#11 module " + ref.module + " cannot be loaded",
                    reason == nullptr ? "" : reason);
    }
    LoadedLibrary library;
    library.init_args_ = ref.init_args;
    const auto get = reinterpret_cast<CK_RV (*)(CK_FUNCTION_LIST**)>(::dlsym(handle, "C_GetFunctionList"));
    CK_FUNCTION_LIST* list = nullptr;
    const CK_RV got = get == nullptr ? CKR_FUNCTION_NOT_SUPPORTED : get(&list);
    if (got != CKR_OK || list == nullptr)
        return ckr_error("C_GetFunctionList", got, "the module gives no function list");
    library.functions_ = list;
    const link_map* map = nullptr;
    const bool is_known = ::dlinfo(handle, RTLD_DI_LINKMAP, &map) == 0 && map != nullptr && map->l_name != nullptr;
    library.path_ = is_known ? map->l_name : ref.module;
    CK_RV rv = library.initialise();
    if (rv == CKR_CANT_LOCK || rv == CKR_NEED_TO_CREATE_THREADS || rv == CKR_ARGUMENTS_BAD) {
        library.locking_ = false;
        rv = library.initialise();
    }
    if (rv != CKR_OK)
        return ckr_error("C_Initialize", rv, "the PKCS#11 module " + ref.module + " cannot be initialised");
    return library;
}

CK_RV LoadedLibrary::initialise() {
    InitializeArguments arguments;
    arguments.standard.flags = locking_ ? CKF_OS_LOCKING_OK : 0;
    arguments.standard.pReserved = init_args_.empty() ? nullptr : init_args_.data();
    const bool plain = !locking_ && init_args_.empty();
    return functions_->C_Initialize(plain ? nullptr : &arguments);
}

Result<std::vector<TokenInfo>> LoadedLibrary::tokens() const {
    unsigned long count = 0;
    CK_RV rv = functions_->C_GetSlotList(CK_TRUE, nullptr, &count);
    if (rv != CKR_OK) return ckr_error("C_GetSlotList", rv, "the module does not list its slots");
    constexpr unsigned long kMaxSlots = 4096;
    std::vector<CK_SLOT_ID> slots(std::min(count, kMaxSlots));
    count = static_cast<unsigned long>(slots.size());
    rv = functions_->C_GetSlotList(CK_TRUE, slots.data(), &count);
    if (rv != CKR_OK) return ckr_error("C_GetSlotList", rv, "the module does not list its slots");
    slots.resize(std::min<std::size_t>(count, slots.size()));
    std::vector<TokenInfo> tokens;
    for (const CK_SLOT_ID slot : slots) {
        auto info = pkcs11::token_info_of(*functions_, slot);
        if (info) tokens.push_back(std::move(info).value());
    }
    return tokens;
}

Result<void> Probe::start() {
    SEALWRIGHT_TRY(const auto tokens, library_.tokens());
    std::vector<TokenInfo> ours;
    for (const TokenInfo& token : tokens) {
        if (is_the_token(token, ref_)) ours.push_back(token);
    }
    if (ours.size() != 1) return fail(ErrorCode::not_found, "the token is not there any more");
    token_ = ours.front();
    SEALWRIGHT_TRY(mechanisms_, pkcs11::mechanism_set(f(), slot()));
    CK_RV rv = open(session_);
    if (rv != CKR_OK) return ckr_error("C_OpenSession", rv, "the token opens no session");
    rv = log_in(session_);
    if (rv != CKR_OK && rv != CKR_USER_ALREADY_LOGGED_IN)
        return ckr_error("C_Login", rv, "the token cannot be logged in to");
    return success();
}

Result<void> Probe::start_again() {
    session_ = CK_INVALID_HANDLE;
    return start();
}

CK_RV Probe::open(CK_SESSION_HANDLE& session, bool read_write) const {
    const CK_FLAGS flags = read_write ? CKF_SERIAL_SESSION | CKF_RW_SESSION : CKF_SERIAL_SESSION;
    return f().C_OpenSession(slot(), flags, nullptr, nullptr, &session);
}

CK_RV Probe::log_in(CK_SESSION_HANDLE session) {
    if (!token_.login_required) return CKR_OK;
    const ByteView pin = pin_.reveal();
    const CK_RV rv = f().C_Login(session, CKU_USER, pin.empty() ? nullptr : writable(pin), length(pin));
    if (pkcs11::pin_attempt_spent(rv)) throw LoginRefused{"C_Login answered " + ckr_name(rv)};
    return rv;
}

Bytes Probe::fresh_id() {
    Bytes id = ref_.key_id_prefix;
    std::array<std::uint8_t, 8> more{};
    random_.fill(more);
    append(id, more);
    return id;
}

Attributes Probe::base(const Bytes& id) const {
    Attributes attributes;
    attributes.flag(CKA_TOKEN, true).octets(CKA_LABEL, view_of(ref_.key_label)).octets(CKA_ID, id);
    return attributes;
}

CK_RV Probe::generate(SessionView session, unsigned long mechanism, Attributes& of_public, Attributes& of_private,
                      KeyPair& pair) const {
    CK_MECHANISM with{mechanism, nullptr, 0};
    return f().C_GenerateKeyPair(session.handle, &with, of_public.data(), of_public.size(), of_private.data(),
                                 of_private.size(), &pair.public_key, &pair.private_key);
}

Result<SigningKey> Probe::house_key(SessionView session, KeyType type, unsigned bits,
                                    const std::vector<SignatureAlgorithm>& algorithms) {
    leave_if_asked();
    // A refused template is not tried twice: modules leak what they had begun (tpm2-pkcs11 1.9.0 an object in the TPM).
    if (accepted_optionals_) return tolerant_key(session, type, bits, algorithms, fail(ErrorCode::token));
    const Bytes id = fresh_id();
    auto made = pkcs11::generate_pair(session, {type, bits, ref_.key_label, std::string{kNonExtractable}, algorithms},
                                      id, mechanisms_, keygen_memory_);
    if (!made) return tolerant_key(session, type, bits, algorithms, made.error());
    reporter_.check("template.accepted", true);
    return finish_key({made.value().public_key, made.value().private_key, id}, session, type, algorithms,
                      std::move(made.value().dropped_attributes));
}

Result<SigningKey> Probe::tolerant_key(SessionView session, KeyType type, unsigned bits,
                                       const std::vector<SignatureAlgorithm>& algorithms, const Error& refused) {
    const auto mechanism = pkcs11::generation_mechanism(type);
    if (!mechanism || !offers(mechanism.value()) || says_not_offered(refused)) return refused;
    std::vector<std::string> dropped{"CKA_ALLOWED_MECHANISMS", "CKA_ALWAYS_AUTHENTICATE"};
    const std::size_t most = accepted_optionals_.value_or(kOptional.size());
    for (std::size_t i = kOptional.size(); i-- > most;) dropped.emplace_back(kOptional.at(i).name);
    std::optional<Error> last;
    for (std::size_t count = most + 1; count-- > 0;) {
        auto pair = bare_pair(session, type, bits, count);
        if (pair) {
            if (!accepted_optionals_)
                reporter_.check("template.accepted", false,
                                refused.private_detail() + "; a key is made without " + joined(dropped));
            accepted_optionals_ = count;
            return finish_key(pair.value(), session, type, algorithms, dropped);
        }
        last = pair.error();
        if (count > 0) dropped.emplace_back(kOptional.at(count - 1).name);
    }
    return *last;
}

Result<KeyPair> Probe::bare_pair(SessionView session, KeyType type, unsigned bits, std::size_t optionals) {
    leave_if_asked();
    SEALWRIGHT_TRY(const auto mechanism, pkcs11::generation_mechanism(type));
    KeyPair pair;
    pair.id = fresh_id();
    Attributes of_public = base(pair.id), of_private = base(pair.id);
    of_public.flag(CKA_VERIFY, true);
    SEALWRIGHT_TRY(add_key_kind(of_public, type, bits));
    of_private.flag(CKA_PRIVATE, true).flag(CKA_SENSITIVE, true).flag(CKA_EXTRACTABLE, false).flag(CKA_SIGN, true);
    for (std::size_t i = 0; i < optionals; ++i) of_private.flag(kOptional.at(i).type, false);
    const CK_RV rv = generate(session, mechanism, of_public, of_private, pair);
    if (rv != CKR_OK) return ckr_error("C_GenerateKeyPair", rv, "the token did not make the key");
    return pair;
}

Result<SigningKey> Probe::bare_key(SessionView session, KeyType type, unsigned bits) {
    SEALWRIGHT_TRY(const auto pair, bare_pair(session, type, bits, 0));
    return finish_key(pair, session, type, {}, {});
}

Result<SigningKey> Probe::finish_key(const KeyPair& pair, SessionView session, KeyType type,
                                     const std::vector<SignatureAlgorithm>& algorithms,
                                     std::vector<std::string> dropped) const {
    auto public_key = read_key(session, pair.public_key);
    if (!public_key) {
        destroy(pair);
        return public_key.error();
    }
    return SigningKey{pair, std::move(public_key).value(),
                      algorithms.empty() ? crypto::default_algorithm(type) : algorithms.front(), std::move(dropped)};
}

Result<SigningKey> Probe::usual_key(SessionView session) {
    if (offers(CKM_EC_KEY_PAIR_GEN) && offers(CKM_ECDSA)) {
        auto key = house_key(session, KeyType::ec_p256, 0, {});
        if (key) return key;
    }
    if (offers(CKM_RSA_PKCS_KEY_PAIR_GEN)) {
        auto key = house_key(session, KeyType::rsa, 2048, {});
        if (key) return key;
    }
    return house_key(session, KeyType::ed25519, 0, {});
}

bool Probe::is_ours(CK_OBJECT_HANDLE object) const {
    const auto label = pkcs11::read_attribute(main(), object, CKA_LABEL);
    if (label.value && equal(*label.value, view_of(ref_.key_label))) return true;
    const auto id = pkcs11::read_attribute(main(), object, CKA_ID);
    return id.value && starts_with(*id.value, ref_.key_id_prefix);
}

void Probe::destroy(CK_OBJECT_HANDLE object) const {
    if (object != CK_INVALID_HANDLE && is_ours(object)) f().C_DestroyObject(session_, object);
}

void Probe::destroy(const KeyPair& pair) const {
    destroy(pair.private_key);
    destroy(pair.public_key);
}

void Probe::destroy_all() const {
    for (const CK_OBJECT_CLASS object_class : {CKO_PRIVATE_KEY, CKO_PUBLIC_KEY, CKO_SECRET_KEY}) {
        const auto ours = find_ours(*this, object_class);
        for (const CK_OBJECT_HANDLE object : ours ? ours.value() : std::vector<CK_OBJECT_HANDLE>{})
            f().C_DestroyObject(session_, object);
    }
}

CK_RV Probe::raw_sign(SessionView session, CK_MECHANISM mechanism, CK_OBJECT_HANDLE key, ByteView data,
                      Bytes& signature) const {
    leave_if_asked();
    signature.clear();
    CK_RV rv = f().C_SignInit(session.handle, &mechanism, key);
    if (rv != CKR_OK) return rv;
    // A pointer for an empty message too: some modules take NULL for a mistake.
    static const std::uint8_t nothing = 0;
    const ByteView octets = data.empty() ? ByteView{&nothing, 0} : data;
    Bytes room(kMaxSignature);
    unsigned long size = length(room);
    rv = f().C_Sign(session.handle, writable(octets), length(octets), room.data(), &size);
    if (rv != CKR_OK) return rv;
    if (size > room.size()) return CKR_BUFFER_TOO_SMALL;
    room.resize(size);
    signature = std::move(room);
    return CKR_OK;
}

Result<void> Probe::sign(SessionView session, const SigningKey& key, ByteView message) const {
    SEALWRIGHT_TRY(auto plan, pkcs11::plan_message(key.algorithm, mechanisms_, message));
    Bytes raw;
    const CK_RV rv = raw_sign(session, plan.mechanism(), key.pair.private_key, plan.data(), raw);
    if (rv != CKR_OK) return ckr_error("C_Sign", rv, "the token does not sign");
    const auto signature = pkcs11::signature_of(key.algorithm, key.public_key, raw);
    if (!signature)
        return fail(ErrorCode::invalid_signature, "a signature of the wrong length",
                    signature.error().private_detail());
    return key.public_key.verify(key.algorithm, message, signature.value());
}

std::optional<bool> Probe::flag(CK_OBJECT_HANDLE object, CK_ATTRIBUTE_TYPE type) const {
    return pkcs11::boolean_of(pkcs11::read_attribute(main(), object, type));
}

Result<PublicKey> read_key(SessionView session, CK_OBJECT_HANDLE object) {
    auto key = pkcs11::read_public_key(session, object);
    if (key || key.error().code() != ErrorCode::unsupported) return key;
    const auto type = pkcs11::number_of(pkcs11::read_attribute(session, object, CKA_KEY_TYPE));
    return type == CKK_EC_EDWARDS ? read_ed448(session, object) : key;
}

Result<std::vector<CK_OBJECT_HANDLE>> find_ours(const Probe& probe, CK_OBJECT_CLASS object_class) {
    SEALWRIGHT_TRY(const auto all, pkcs11::find_objects(probe.main(), object_class, {}));
    std::vector<CK_OBJECT_HANDLE> ours;
    for (const CK_OBJECT_HANDLE object : all) {
        if (probe.is_ours(object)) ours.push_back(object);
    }
    return ours;
}

std::vector<Group> groups(bool quick) {
    std::vector<Group> all;
    all.push_back(token_group());
    all.push_back(algorithm_group(quick));
    all.push_back(signing_group());
    all.push_back(key_group());
    all.push_back(template_group());
    all.push_back(secret_group());
    all.push_back(wrapping_group());
    all.push_back(session_group(quick));
    all.push_back(thread_group(quick));
    return all;
}

}  // namespace sealwright::hsm::token_judge
