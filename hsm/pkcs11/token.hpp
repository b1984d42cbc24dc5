// token.hpp: one PKCS#11 token: its login, its sessions, its keys. libp11 loads the module and lists slots
// (module.hpp); from login on every call is a direct PKCS#11 call (docs/adr/0004).
#pragma once

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/secret.hpp"
#include "hsm/decryptor.hpp"
#include "hsm/key_backup.hpp"
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

// KeyMobility is what the token says of a private half in one word; evidence says it in full.
enum class KeyMobility : std::uint8_t {
    unknown,       // the token does not say
    stays,         // cannot leave (CKA_EXTRACTABLE), never could (CKA_NEVER_EXTRACTABLE), was born here (CKA_LOCAL)
    came_or_left,  // cannot leave any more; it was imported or unwrapped, or could leave once: it may be elsewhere
    can_leave_wrapped,  // extractable, by a trusted wrapping key alone
    can_leave,          // extractable by any key that wraps
    restored,           // can leave wrapped and was not made here: it came back from a backup, its provenance is lost
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
    KeyMobility mobility = KeyMobility::unknown;
};

// WrappingKey is a key of the SO that carries other keys out of the token.
struct WrappingKey {
    std::string label;
    Bytes cka_id;
    // CKA_CHECK_VALUE, the first three octets of the encryption of zeros; empty: the token has none. Of an RSA key the
    // SHA-256 of its SPKI.
    Bytes check_value;
    bool trusted = false;  // CKA_TRUSTED, which only the SO can give
    std::string fault;     // why it is not used all the same ("CKA_DECRYPT is not false"); empty: nothing
    std::optional<crypto::PublicKey> public_key = std::nullopt;  // of an RSA key; nothing: an AES key
};

// LoginOutcome is what a C_Login of the user came to: done; refused (a try of the PIN is spent); unclear (it failed in
// a way that may mean the same: some modules say nothing better of a wrong PIN); not_tried (the device or the session
// was not there).
enum class LoginOutcome { done, refused, unclear, not_tried };

// LoginWatcher is told of each C_Login of the user, right before it and right behind it, on the thread that makes it: a
// process that crashes or is ended in between cannot tell any more that it may have spent a try. The logins for single
// signatures (CKA_ALWAYS_AUTHENTICATE), which come behind a good one, it only watches; for every other it is asked.
class LoginWatcher {
public:
    virtual ~LoginWatcher() = default;
    // permit may take its time, for what must be durable before the token is asked. An error keeps the login from being
    // made and is what the caller gets; denied: the PIN is not tried any more. One at a time.
    virtual Result<void> permit() = 0;
    virtual void begins() noexcept = 0;
    virtual void ended(LoginOutcome outcome) noexcept = 0;
    virtual void settled() noexcept = 0;  // the login that was permitted has ended, as ended said
};

// create_wrapping_key logs in as the SO and makes an AES-256 key that wraps and unwraps and does nothing else, trusted,
// unextractable. It is no private object, which an SO cannot make: without login it can be found and used, not read.
// Its CKA_UNWRAP_TEMPLATE therefore has every key that it unwraps be private, sensitive, and wrapped by trusted keys
// alone; where a token does not take or does not keep that, no key stays (token). The process must not be logged in to
// the token (conflict). already_exists for a label that any secret key of the token has;
// unsupported for a token without AES keys or without a wrapping mechanism; denied for a wrong SO PIN, which is never
// tried again, and where the token says that the SO's last try is left, which is not spent.
Result<WrappingKey> create_wrapping_key(const std::shared_ptr<Module>& module, const TokenSelector& selector,
                                        const Secret& so_pin, const std::string& label);

// RsaWrappingPins: the user makes the pair, since an SO makes no private objects; the SO marks its public half.
struct RsaWrappingPins {
    const Secret& so;
    const Secret& user;
};
// create_rsa_wrapping_key makes an RSA pair of 3072 or 4096 bits for CKM_RSA_AES_KEY_WRAP: the private half unwraps and
// does nothing else, private, sensitive, unextractable, by a CKA_UNWRAP_TEMPLATE as that of an AES wrapping key; the
// public half wraps, and is trusted: marked by the SO where the token takes that, else made again by the SO from its
// value. Before it is marked it is tried whether the token keeps secret what the private half unwraps (denied); the
// pair is destroyed again where anything fails. Logs in four times, as SO, user, SO, user: a wrong PIN of either is
// found before anything is made, and never tried again. Errors otherwise as create_wrapping_key.
Result<WrappingKey> create_rsa_wrapping_key(const std::shared_ptr<Module>& module, const TokenSelector& selector,
                                            const RsaWrappingPins& pins, const std::string& label, unsigned bits);

// Token is a logged-in token. It owns login: sessions never log out (one C_Logout ends every session of the process).
// It keeps a pool of sessions, one a thread in use; a lost session, login or device is answered by dropping all
// handles, reopening, logging in again (with the PIN kept in locked memory only if keep_pin was set) and finding the
// key by CKA_ID and public value; the same SPKI and token serial are demanded.
class Token : public Signer, public Decryptor {
public:
    struct Options {
        unsigned max_sessions = 30;  // signatures side by side
        bool keep_pin = false;       // a signer that must survive a token reset keeps it; a ceremony does not
        // The secret of implicit rejection (decryptor.hpp), where the same block shall get the same answer from several
        // tokens and processes; else one is drawn.
        std::optional<std::array<std::uint8_t, 32>> rejection_key = std::nullopt;
        LoginWatcher* login_watcher = nullptr;  // outlives the token
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

    // sign_digest signs a message of which only the digest is here (a streamed CRL): never for schemes that sign
    // messages, and only where the token pads or signs digests (signs_digests). Errors as sign.
    virtual Result<Bytes> sign_digest(const KeyId& key, const crypto::SignatureAlgorithm& algorithm,
                                      ByteView digest) = 0;
    virtual bool signs_digests(const crypto::SignatureAlgorithm& algorithm) const noexcept = 0;

    // pin_refused: the token takes the kept PIN no more, or two logins in a row ended in a way that may mean so; it is
    // not tried again.
    virtual bool pin_refused() const noexcept = 0;

    // decrypt: see decryptor.hpp; purpose and limits are not looked at here.
    Result<Secret> decrypt(const DecryptRequest&) override {
        return fail(ErrorCode::unsupported, "no decryption here");
    }

    // prove_decryption encrypts to a key that decrypts or agrees and does not sign, and has the token decrypt it: so it
    // holds the private half. Errors: token where something else comes out, else those of decrypt.
    virtual Result<void> prove_decryption(const TokenKey&) {
        return fail(ErrorCode::unsupported, "no decryption here");
    }

    // back_up wraps a key of template wrap-backup-v1 by the wrapping key with this label, by the best mechanism that
    // the token has for a key of this kind. AES: AES-KWP (RFC 5649), the same under its older number, AES key wrap
    // (RFC 3394) where the key's encoding fits; RSA: RSA-AES with OAEP by SHA-256, else by SHA-1. denied for a key that
    // cannot leave the token, for a wrapping key that the SO has not marked as trusted, for one with a fault
    // (WrappingKey), and where a throw-away key that is wrapped before comes out such that it could be read.
    virtual Result<KeyBackup> back_up(const KeyId&, const std::string&, UtcTime) {
        return fail(ErrorCode::unsupported, "no backup here");
    }
    // find_wrapping_key gives the one key of this label that wraps; not_found, conflict where two have it.
    virtual Result<WrappingKey> find_wrapping_key(const std::string&) {
        return fail(ErrorCode::unsupported, "no wrapping keys here");
    }
    // restore unwraps a backup, makes its public half and proves by a signature that the key is the one that the backup
    // names; what does not prove to be it is destroyed again. already_exists where the token has the key or its label,
    // conflict for another wrapping key than the backup's, denied for one that back_up would refuse.
    // check_restore looks whether restore could be tried, and changes nothing: the same errors, but for what the token
    // says only when it unwraps.
    virtual Result<void> check_restore(const KeyBackup&, const std::string&) {
        return fail(ErrorCode::unsupported, "no backup here");
    }
    virtual Result<TokenKey> restore(const KeyBackup&, const std::string&) {
        return fail(ErrorCode::unsupported, "no backup here");
    }

    // random gives octets of the token's generator (C_GenerateRandom).
    virtual Result<Bytes> random(std::size_t count) = 0;

    // Signer: purpose and intent are not looked at here; the signer process does that before it calls.
};

}  // namespace sealwright::hsm::pkcs11
