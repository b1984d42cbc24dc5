#include "hsm/token_judge/rules.hpp"

#include <array>

namespace sealwright::hsm::token_judge {
namespace {

using enum Severity;

constexpr std::array kRules{
    // The module as a part of a process.
    Rule{"process.no-crash", unfit, "No call that a CA makes ends the process.",
         "A crash stops every lane at once and leaves open what was signed. Ask the vendor for a newer module."},
    Rule{"process.no-hang", unfit, "Every call that a CA makes ends within the deadline.",
         "Look whether the device answers at all; if it is merely slow, test again with a longer --deadline and give "
         "the signer at least that as the token's hang, and twice that as its deadline."},
    Rule{"process.no-crash-unusual", limit,
         "No unusual call (loosening a key, odd buffers, wrapping) ends the process.",
         "Sealwright makes no such call in service. Let no other program use this module in the signer's process."},
    Rule{"process.no-hang-unusual", limit, "Every unusual call ends within the deadline.",
         "Sealwright makes no such call in service. Let no other program use this module in the signer's process."},
    Rule{"process.locking", limit, "C_Initialize accepts CKF_OS_LOCKING_OK.",
         "The module promises nothing about threads: set lanes = 1."},
    Rule{"process.reinitialise", limit, "After C_Finalize and C_Initialize the token works, with the same keys.",
         "Nothing to do: the signer itself starts the token's process anew, in which the module begins anew."},
    // What the token says of itself.
    Rule{"token.hardware", note, "The slot says that it is hardware (CKF_HW_SLOT).",
         "Most likely a software token: whoever reads its files or its process's memory has the keys. For rehearsals "
         "and tests, not for a production CA."},
    Rule{"token.serial", limit, "The token has a serial number.",
         "It can be named by its label alone: make sure that no other token ever carries that label."},
    Rule{"token.info", note, "C_GetTokenInfo counts sessions and memory without contradiction.",
         "Do not monitor this token by the counts of C_GetTokenInfo."},
    Rule{"token.random-present", note, "C_GenerateRandom gives octets.", "Sealwright draws its own; nothing to do."},
    Rule{"token.random-varies", unfit, "What C_GenerateRandom gives is not constant.",
         "Keys that this token made may be guessable. Do not use it."},
    // Keys and signatures.
    Rule{"sign.any", unfit,
         "At least one signature algorithm of a CA works: key made, message signed, signature verified.",
         "Look at the table of algorithms for what the token answered."},
    Rule{"sign.correct", unfit, "Every signature that the token gave with CKR_OK verifies.",
         "Sealwright verifies every signature before it leaves, but a token that signs wrongly is broken. Do not use "
         "it."},
    Rule{"sign.advertised", limit, "Every key type and signature mechanism in the token's list works.",
         "Use only the algorithms that the table of algorithms shows as working."},
    Rule{"sign.length", limit,
         "Signatures have the length that PKCS#11 says (ECDSA: r and s, each as long as the order).",
         "Use an algorithm whose signatures have the right length; the signer refuses the others."},
    Rule{"sign.nonce-unique", unfit, "Two ECDSA signatures over different messages have different r.",
         "The private key can be computed from two such signatures. Do not use this token for ECDSA or anything else."},
    Rule{"sign.empty-message", limit, "An empty message is signed correctly.",
         "No object of a CA is empty; nothing to do in service."},
    Rule{"sign.long-message", limit, "A message of one mebibyte is signed correctly.",
         "Large CRLs may fail: use ECDSA, which is hashed outside of the token, or partition the CRLs."},
    Rule{"sign.buffer-respected", unfit, "C_Sign writes nothing behind the buffer that it was given.",
         "The module overwrites memory of the process that loads it. Do not use it."},
    Rule{"sign.short-buffer", note,
         "C_Sign with too short a buffer answers CKR_BUFFER_TOO_SMALL and can be called again.",
         "Sealwright's buffers are long enough; nothing to do."},
    Rule{"sign.length-query", note, "C_Sign without a buffer tells the length and can be called again.",
         "Sealwright does not ask; nothing to do."},
    Rule{"key.public-matches", unfit, "The public key that is read from the token belongs to the private key.",
         "A certificate for that public key would certify somebody else's key. Do not use this token."},
    Rule{"key.public-stable", unfit, "Every way of reading a public key gives the same key.",
         "It is not known which key the token has. Do not use it."},
    Rule{"key.found-by-id", unfit, "A key is found by its CKA_ID, and no other with it.",
         "Sealwright finds a key by its CKA_ID again after a loss; without that it cannot be used."},
    Rule{"key.found-by-label", note, "A key is found by its CKA_LABEL.", "Name keys by identifier."},
    Rule{"key.persistent", unfit, "A token object is still there for a new session and a new login.",
         "Keys vanish. Do not use this token."},
    Rule{"key.destroyed", limit, "A destroyed key is gone.",
         "Look for leftovers labelled sealwright-test- and remove them with the vendor's tool."},
    Rule{"key.unique-id", note, "Keys have a CKA_UNIQUE_ID.",
         "Sealwright finds keys by CKA_ID and public value; nothing to do."},
    Rule{"key.public-key-info", note, "Private keys have CKA_PUBLIC_KEY_INFO.",
         "Keep the public key objects in the token: Sealwright needs them to name its keys."},
    // Templates.
    Rule{"template.sensitive", unfit, "A key made sensitive and unextractable reads back as both.",
         "The token ignores what protects the key. Do not use it."},
    Rule{"template.evidence", limit, "A key made by the house's template satisfies non-extractable-v1.",
         "Ceremonies and the signer refuse such a key unless told otherwise; the findings say which attribute is "
         "missing."},
    Rule{"template.usage", limit, "DECRYPT, UNWRAP and DERIVE set to false read back as false.",
         "A CA key could also decrypt or derive: let nobody but the signer have the PIN."},
    Rule{"template.usage-enforced", limit, "A key refuses what its template forbids (SIGN, DECRYPT, DERIVE).",
         "Attributes are kept but not obeyed: let nobody but the signer have the PIN."},
    Rule{"template.accepted", limit, "The house's key generation makes a key as it is.",
         "Ceremonies cannot make keys in this token: make them with the vendor's tool, by a template as close to the "
         "house's as the token takes, and look at their evidence."},
    Rule{"template.complete", note, "No attribute of the house's template has to be left out.",
         "Evidence shows these attributes as absent; nothing to do."},
    Rule{"template.defaults-safe", note, "A minimal template makes a sensitive, unextractable key that only signs.",
         "Make keys with Sealwright, which always gives the full template; other tools' defaults are not safe here."},
    Rule{"template.allowed-mechanisms-stored", note, "CKA_ALLOWED_MECHANISMS is kept.",
         "The token does not bind a key to algorithms; the signer's limits do."},
    Rule{"template.allowed-mechanisms-enforced", note, "A mechanism outside of CKA_ALLOWED_MECHANISMS is refused.",
         "The token does not bind a key to algorithms; the signer's limits do."},
    Rule{"template.modifiable-enforced", note, "A key made with MODIFIABLE=false cannot be changed.",
         "Label and CKA_ID can be changed by whoever has the PIN: compare keys by their SPKI."},
    Rule{"template.copyable-enforced", note, "A key made with COPYABLE=false cannot be copied.",
         "Whoever has the PIN can copy keys within the token; the copies stay as protected as secret.copy-keeps says."},
    // What must not leave.
    Rule{"secret.not-disclosed", unfit, "No secret attribute of a sensitive key is given away.",
         "The private key can be read. Do not use this token."},
    Rule{"secret.extractable-stays-false", limit, "EXTRACTABLE=false cannot be set to true.",
         "What evidence says of EXTRACTABLE can be changed by whoever has the PIN; secret.loosened-keeps says whether "
         "the key itself can then leave. Let nobody but the signer have the PIN."},
    Rule{
        "secret.sensitive-stays-true", limit, "SENSITIVE=true cannot be set to false.",
        "What evidence says of SENSITIVE can be changed by whoever has the PIN; secret.loosened-keeps says whether the "
        "key itself can then leave. Let nobody but the signer have the PIN."},
    Rule{"secret.loosened-keeps", unfit, "A key whose attributes were loosened is not given away.",
         "Whoever has the PIN can take the private key out of the token. Do not use it."},
    Rule{"secret.copy-keeps", unfit, "No copy of a key is less protected than the key.",
         "The private key can leave through a copy. Do not use this token."},
    Rule{"secret.import-provenance", unfit, "An imported key does not claim to be made in the token (LOCAL).",
         "CKA_LOCAL means nothing here: evidence from this token is worthless."},
    Rule{"secret.history-honest", limit,
         "Imported and unwrapped keys have ALWAYS_SENSITIVE and NEVER_EXTRACTABLE false.",
         "Only CKA_LOCAL tells a key that was made here from one that came from outside: judge keys by a template that "
         "demands it (non-extractable-v1 does)."},
    // Wrapping.
    Rule{"wrap.unextractable-refused", unfit, "An unextractable key cannot be wrapped.",
         "The private key can leave wrapped. Do not use this token."},
    Rule{"wrap.loosened-keeps", unfit, "A key that was made extractable afterwards, or such a copy, is not wrapped.",
         "Whoever has the PIN can take the private key out of the token, wrapped. Do not use it."},
    Rule{"wrap.provenance-lost", unfit, "An unwrapped key does not claim to be made in the token (LOCAL).",
         "CKA_LOCAL means nothing here: evidence from this token is worthless."},
    Rule{"wrap.with-trusted-enforced", limit, "A key with WRAP_WITH_TRUSTED=true is not wrapped by an untrusted key.",
         "Make no key of a backup template in this token: whoever has the PIN could wrap it by a key of his own."},
    Rule{"wrap.template-obeyed", limit, "An unwrapped key is as protected as its template says.",
         "A restored key could be read: restore no key into this token (hsm restore destroys such a key)."},
    Rule{"wrap.unwrap-template-obeyed", limit, "A wrapping key's CKA_UNWRAP_TEMPLATE binds what it unwraps.",
         "Whoever may use the wrapping key can unwrap a backup as a key that is not protected: make no wrapping key in "
         "this token, and restore no backup into it."},
    Rule{"wrap.backup", note, "A private key can be backed up and restored as hsm backup and hsm restore do it.",
         "Back keys up by the vendor's own means, or hold a second ceremony."},
    // Sessions and login.
    Rule{"session.lanes", limit, "32 sessions can be open at the same time.",
         "Set lanes to at most the number of sessions that could be opened, less two."},
    Rule{"session.many", note, "256 sessions can be open at the same time.",
         "30 lanes are enough for every token known; nothing to do."},
    Rule{"session.read-only-signs", limit, "A read-only session signs.",
         "Where such a session is refused, the signer opens read/write ones; where it opens and does not sign, the "
         "token "
         "cannot be used by it."},
    Rule{"session.login-shared", limit, "A login counts for every session of the process.",
         "Each session would need its own login: set lanes = 1."},
    Rule{"session.relogin", unfit, "After C_Logout and C_Login the same keys are there and sign.",
         "A lost login cannot be healed. Do not use this token for an online CA."},
    Rule{"session.logout-ends-use", limit, "After C_Logout no private key signs.",
         "Logging out protects nothing: end the process instead, and let nobody else run in it."},
    Rule{"session.close-all-ends-login", limit, "C_CloseAllSessions ends the login.",
         "Closing sessions protects nothing: end the process instead."},
    Rule{"session.recovers-from-close-all", unfit,
         "After C_CloseAllSessions new sessions and a new login work, with the same keys.",
         "A lost session cannot be healed. Do not use this token for an online CA."},
    Rule{"session.dead-handles", note, "A closed session's handle answers CKR_SESSION_HANDLE_INVALID.",
         "The signer notices a lost session later than it could; nothing to do."},
    // Threads.
    Rule{"thread.sign", limit, "Four threads with a session each sign side by side without an error.",
         "Set lanes = 1 in signer.toml."},
    Rule{"thread.sign-correct", unfit, "Every signature made side by side verifies.",
         "The module mixes up its callers' data: another caller may get your signature. Do not use it."},
    Rule{"thread.generate", note, "Two threads make keys side by side without an error.",
         "Sealwright makes one key at a time; nothing to do."},
};

}  // namespace

std::string_view severity_name(Severity severity) noexcept {
    switch (severity) {
        case unfit:
            return "unfit";
        case limit:
            return "limit";
        case note:
            return "note";
    }
    return "unfit";
}

std::span<const Rule> rules() noexcept { return kRules; }

const Rule* find_rule(std::string_view id) noexcept {
    for (const Rule& rule : kRules) {
        if (rule.id == id) return &rule;
    }
    return nullptr;
}

}  // namespace sealwright::hsm::token_judge
