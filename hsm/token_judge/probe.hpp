// probe.hpp: a token in the hands of the child that probes it: module, login, throw-away keys, and small helpers around
// direct PKCS#11 calls. Internal to hsm/token_judge.
#pragma once

#include <deque>
#include <string>
#include <vector>

#include "base/secret.hpp"
#include "crypto/random.hpp"
#include "hsm/pkcs11/keygen.hpp"
#include "hsm/pkcs11/mechanism.hpp"
#include "hsm/pkcs11/objects.hpp"
#include "hsm/pkcs11/token.hpp"
#include "hsm/token_judge/messages.hpp"

namespace sealwright::hsm::token_judge {

using crypto::KeyType;
using crypto::PublicKey;
using crypto::SignatureAlgorithm;
using pkcs11::SessionView;

// Constants of PKCS#11 3.0 to 3.2 that p11-kit's header lacks.
inline constexpr unsigned long kCkmAesKeyWrapKwp = 0x210BUL;
inline constexpr unsigned long kCkmRsaAesKeyWrap = 0x1054UL;
inline constexpr unsigned long kCkmMlDsaKeyPairGen = 0x1CUL;
inline constexpr unsigned long kCkmMlDsa = 0x1DUL;
inline constexpr unsigned long kCkaParameterSet = 0x61DUL;

// ModuleRef says which module and token to probe, and what every process that does has in common.
struct ModuleRef {
    std::string module, init_args;
    std::string serial, label;  // of the token: both must fit
    std::string key_label;      // of all throw-away objects
    Bytes key_id_prefix;        // of their CKA_IDs
    bool quick = false;
    unsigned patience = 60;  // seconds a call may take
};

// Attributes is a template that owns its values. list points into it.
class Attributes {
public:
    Attributes() = default;
    Attributes(Attributes&&) = default;
    Attributes& operator=(Attributes&&) = default;
    Attributes(const Attributes&) = delete;  // list_ points into values_
    Attributes& operator=(const Attributes&) = delete;
    Attributes& flag(CK_ATTRIBUTE_TYPE type, bool value);
    Attributes& number(CK_ATTRIBUTE_TYPE type, unsigned long value);
    Attributes& octets(CK_ATTRIBUTE_TYPE type, ByteView value);
    CK_ATTRIBUTE* data() { return list_.data(); }
    unsigned long size() const { return static_cast<unsigned long>(list_.size()); }

private:
    std::deque<Bytes> values_;
    std::vector<CK_ATTRIBUTE> list_;
};

struct KeyPair {
    CK_OBJECT_HANDLE public_key = CK_INVALID_HANDLE;
    CK_OBJECT_HANDLE private_key = CK_INVALID_HANDLE;
    Bytes id;
};

// SigningKey is a pair with what it takes to sign and verify.
struct SigningKey {
    KeyPair pair;
    PublicKey public_key;
    SignatureAlgorithm algorithm;
    std::vector<std::string> dropped_attributes;

    // could_set says whether the token took this attribute of the private half ("CKA_COPYABLE") in the template.
    bool could_set(std::string_view attribute) const;
};

// LoadedLibrary is the vendor's module, initialised; finalised by finish alone, since the child leaves by _exit.
class LoadedLibrary {
public:
    // load tries CKF_OS_LOCKING_OK first, then no arguments; locking() says which it was.
    static Result<LoadedLibrary> load(const ModuleRef& ref);
    const CK_FUNCTION_LIST& functions() const noexcept { return *functions_; }
    bool locking() const noexcept { return locking_; }
    const std::string& path() const noexcept { return path_; }
    CK_RV initialise();
    CK_RV finalise() { return functions_->C_Finalize(nullptr); }
    Result<std::vector<pkcs11::TokenInfo>> tokens() const;

private:
    const CK_FUNCTION_LIST* functions_ = nullptr;
    std::string path_, init_args_;
    bool locking_ = true;
};

// LoginRefused stops the whole test: the PIN is never tried again after it was refused once.
struct LoginRefused {
    std::string detail;
};

class Probe {
public:
    Probe(const ModuleRef& ref, LoadedLibrary library, Secret pin, Reporter& reporter)
        : ref_(ref), library_(std::move(library)), pin_(std::move(pin)), reporter_(reporter) {}

    // start finds the token, opens the main session and logs in. Throws LoginRefused.
    Result<void> start();
    // start_again is start after the module was finalised, or all sessions were closed.
    Result<void> start_again();

    const ModuleRef& ref() const noexcept { return ref_; }
    Reporter& report() noexcept { return reporter_; }
    LoadedLibrary& library() noexcept { return library_; }
    const CK_FUNCTION_LIST& f() const noexcept { return library_.functions(); }
    CK_SLOT_ID slot() const noexcept { return token_.slot_id; }
    const pkcs11::TokenInfo& token() const noexcept { return token_; }
    SessionView main() const noexcept { return {&library_.functions(), session_}; }
    CK_SESSION_HANDLE session() const noexcept { return session_; }
    const pkcs11::MechanismSet& mechanisms() const noexcept { return mechanisms_; }
    bool offers(unsigned long mechanism) const { return mechanisms_.contains(mechanism); }

    CK_RV open(CK_SESSION_HANDLE& session, bool read_write = true) const;
    // log_in is C_Login as the user on a session; throws LoginRefused where the PIN was.
    CK_RV log_in(CK_SESSION_HANDLE session);

    Bytes fresh_id();
    // base is what every throw-away object has: token object, label and an id.
    Attributes base(const Bytes& id) const;
    CK_RV generate(SessionView session, unsigned long mechanism, Attributes& of_public, Attributes& of_private,
                   KeyPair& pair) const;
    // house_key makes a pair by the template that Sealwright makes CA keys by, and reads its public key. Where the
    // house's own key generation gives up, attributes that are not essential are left out one by one, whatever the
    // token answers: the rest of the token can then be judged, and template.accepted is broken.
    Result<SigningKey> house_key(SessionView session, KeyType type, unsigned bits,
                                 const std::vector<SignatureAlgorithm>& algorithms);
    // bare_key is a pair by the least that protects it, without a finding: for several threads at once.
    Result<SigningKey> bare_key(SessionView session, KeyType type, unsigned bits);
    // usual_key is a pair for probes that need any: P-256 where the token makes it, else RSA-2048, else Ed25519.
    Result<SigningKey> usual_key() { return usual_key(main()); }
    Result<SigningKey> usual_key(SessionView session);
    // destroy asks each object first what it is now called, and leaves alone what does not carry our label or id: a
    // number that was remembered may name somebody else's key in another life of the module.
    void destroy(CK_OBJECT_HANDLE object) const;
    void destroy(const KeyPair& pair) const;
    // destroy_all is for keys whose numbers are not known any more: every object that is found to be ours.
    void destroy_all() const;
    bool is_ours(CK_OBJECT_HANDLE object) const;  // by label, or by the prefix of our ids

    // raw_sign is C_SignInit and C_Sign; what the token gave comes in signature.
    CK_RV raw_sign(SessionView session, CK_MECHANISM mechanism, CK_OBJECT_HANDLE key, ByteView data,
                   Bytes& signature) const;
    // sign makes one signature as Sealwright does and verifies it: invalid_signature where it does not hold.
    Result<void> sign(SessionView session, const SigningKey& key, ByteView message) const;

    std::optional<bool> flag(CK_OBJECT_HANDLE object, CK_ATTRIBUTE_TYPE type) const;

private:
    const ModuleRef& ref_;
    LoadedLibrary library_;
    Secret pin_;
    Reporter& reporter_;
    crypto::SystemRandom random_;
    pkcs11::TokenInfo token_;
    pkcs11::MechanismSet mechanisms_;
    Result<SigningKey> finish_key(const KeyPair& pair, SessionView session, KeyType type,
                                  const std::vector<SignatureAlgorithm>& algorithms,
                                  std::vector<std::string> dropped) const;
    Result<KeyPair> bare_pair(SessionView session, KeyType type, unsigned bits, std::size_t optionals);
    Result<SigningKey> tolerant_key(SessionView session, KeyType type, unsigned bits,
                                    const std::vector<SignatureAlgorithm>& algorithms, const Error& refused);

    CK_SESSION_HANDLE session_ = CK_INVALID_HANDLE;
    pkcs11::KeygenMemory keygen_memory_;
    std::optional<std::size_t> accepted_optionals_;  // how many attributes the token takes beyond the essential ones
};

// check_provenance looks what a key that came from outside says of its past: rule is broken where it has LOCAL=true,
// secret.history-honest where it has ALWAYS_SENSITIVE or NEVER_EXTRACTABLE.
void check_provenance(Probe& probe, CK_OBJECT_HANDLE key, std::string_view rule, const std::string& what);

// gives: the token gives a secret attribute away, by its length or into a buffer (which is wiped).
bool gives(const Probe& probe, CK_OBJECT_HANDLE key, CK_ATTRIBUTE_TYPE type);

// says_not_offered: a failed key generation said that the token has no such size or curve.
bool says_not_offered(const Error& error);

// read_key reads a public key object; Ed448 and ML-DSA too where the crypto room can.
Result<PublicKey> read_key(SessionView session, CK_OBJECT_HANDLE object);

// find_ours gives every object of a class that carries our label or the prefix of our ids.
Result<std::vector<CK_OBJECT_HANDLE>> find_ours(const Probe& probe, CK_OBJECT_CLASS object_class);

inline unsigned char* writable(ByteView view) { return const_cast<unsigned char*>(view.data()); }
inline unsigned long length(ByteView view) { return static_cast<unsigned long>(view.size()); }

// Step is one thing to try; what it needs it makes itself, so that a step that ends the process costs no other.
struct Step {
    std::string name;
    bool unusual = false;   // no call that a CA makes
    unsigned patience = 1;  // times the deadline of a call
    std::function<void(Probe&)> run;
};
struct Group {
    std::string name;
    std::vector<Step> steps;
};

// groups is everything that is tried, in order.
std::vector<Group> groups(bool quick);

Group token_group();
Group algorithm_group(bool quick);
Group signing_group();
Group key_group();
Group template_group();
Group secret_group();
Group wrapping_group();
Group session_group(bool quick);
Group thread_group(bool quick);

}  // namespace sealwright::hsm::token_judge
