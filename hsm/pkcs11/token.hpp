// token.hpp: one PKCS#11 token: its login, its sessions, its keys. libp11 loads the module and lists slots
// (module.hpp); from login on every call is a direct PKCS#11 call (docs/adr/0004).
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/secret.hpp"
#include "hsm/key_evidence.hpp"
#include "hsm/signer.hpp"

namespace sealwright::hsm::pkcs11 {

struct TokenInfo {
    unsigned long slot_id = 0;
    std::string label, manufacturer, model, serial;
    std::string hardware_version, firmware_version;
    bool initialized = false, login_required = false, write_protected = false;
    bool user_pin_count_low = false, user_pin_final_try = false, user_pin_locked = false;
};

struct ModuleInfo {
    std::string path, manufacturer, description, library_version, cryptoki_version;
    Sha256 file_sha256;  // of the module's file
};

// Module is a loaded PKCS#11 library; at most one per path and process lives (a second load gives the same). Never fork
// after load.
class Module {
public:
    // load resolves path through the dynamic loader and initialises the module with CKF_OS_LOCKING_OK and init_args
    // (NSS needs them).
    static Result<std::shared_ptr<Module>> load(const std::string& path, const std::string& init_args = {});
    virtual ~Module() = default;
    virtual const ModuleInfo& info() const noexcept = 0;
    virtual Result<std::vector<TokenInfo>> tokens() const = 0;
    // mechanisms lists CKM_ names (hex for unknown ones) of the token in a slot.
    virtual Result<std::vector<std::string>> mechanisms(unsigned long slot_id) const = 0;
};

// TokenSelector finds a token: by serial (preferred), by label, or both. Exactly one token must match.
struct TokenSelector {
    std::string serial;
    std::string label;
};

// KeySpec says what to generate. type with rsa bits: 2048, 3072 or 4096.
struct KeySpec {
    crypto::KeyType type;
    unsigned rsa_bits = 0;
    std::string label;
    std::string evidence_template{kNonExtractable};
    std::vector<crypto::SignatureAlgorithm>
        algorithms;  // CKA_ALLOWED_MECHANISMS, where the token obeys it; empty: the key type's default
};

struct TokenKey {
    KeyId id;
    Bytes cka_id;
    std::string label;
    crypto::PublicKey public_key;
    bool has_private = false;
    // dropped_attributes names what generate had to leave out of its template because the token refused it; empty from
    // keys().
    std::vector<std::string> dropped_attributes;
};

// Token is a logged-in token. It owns login: sessions never log out (one C_Logout ends every session of the process).
// It keeps a pool of sessions, one a thread in use; a lost session, login or device is answered by dropping all
// handles, reopening, logging in again (with the PIN kept in locked memory only if keep_pin was set) and finding the
// key by CKA_ID and public value; the same SPKI and token serial are demanded.
class Token : public Signer {
public:
    struct Options {
        unsigned max_sessions = 30;  // signatures side by side
        bool keep_pin = false;       // a signer that must survive a token reset keeps it; a ceremony does not
    };
    // open logs the user in (CKU_USER). After one CKR_PIN_INCORRECT it never tries again: denied, saying so; nor does
    // it spend a final try. A token that this process is logged in to already is refused (conflict), since any PIN
    // would pass. An empty PIN is for tokens with a PIN pad of their own or without login.
    static Result<std::shared_ptr<Token>> open(std::shared_ptr<Module> module, const TokenSelector& selector,
                                               Secret pin, Options options);
    static Result<std::shared_ptr<Token>> open(std::shared_ptr<Module> module, const TokenSelector& selector,
                                               Secret pin);

    virtual const TokenInfo& info() const noexcept = 0;
    virtual Result<std::vector<TokenKey>> keys() = 0;

    // generate makes a key pair with a full template, refuses a label that is taken (already_exists), reads the public
    // key back and proves by a signature that private and public half belong together. Never retried: on failure the
    // caller must look what is in the token.
    virtual Result<TokenKey> generate(const KeySpec& spec) = 0;

    virtual Result<KeyEvidence> evidence(const KeyId& key) = 0;

    // destroy removes both halves; for throw-away keys of tests and benchmarks. The caller asks for confirmation.
    virtual Result<void> destroy(const KeyId& key) = 0;

    // sign_digest signs a message of which only the digest is here (a streamed CRL): never for Ed25519, and only where
    // the token pads or signs digests (signs_digests). Errors as sign.
    virtual Result<Bytes> sign_digest(const KeyId& key, const crypto::SignatureAlgorithm& algorithm,
                                      ByteView digest) = 0;
    virtual bool signs_digests(const crypto::SignatureAlgorithm& algorithm) const noexcept = 0;

    // pin_refused: a recovery found that the token takes the kept PIN no more; it is not tried again.
    virtual bool pin_refused() const noexcept = 0;

    // random gives octets of the token's generator (C_GenerateRandom).
    virtual Result<Bytes> random(std::size_t count) = 0;

    // Signer: purpose and intent are not looked at here; the signer process does that before it calls.
};

}  // namespace sealwright::hsm::pkcs11
