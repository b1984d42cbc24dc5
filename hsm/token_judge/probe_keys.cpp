// Signatures at their edges (nothing, much, too little room), and keys as objects: found, kept, destroyed.
#include <array>
#include <set>

#include "hsm/pkcs11/ckr_error.hpp"
#include "hsm/token_judge/probe.hpp"

namespace sealwright::hsm::token_judge {
namespace {

using pkcs11::ckr_name;

void nonces(Probe& probe) {
    if (!probe.offers(CKM_ECDSA) || !probe.offers(CKM_EC_KEY_PAIR_GEN))
        return probe.report().finding("sign.nonce-unique", Outcome::not_applicable, "no ECDSA");
    // On any curve that works: what fails on one is told elsewhere.
    Result<SigningKey> key = fail(ErrorCode::not_found);
    for (const KeyType type : {KeyType::ec_p256, KeyType::ec_p384, KeyType::ec_p521}) {
        key = probe.house_key(probe.main(), type, 0, {});
        if (key && probe.sign(probe.main(), key.value(), view_of("ordinary"))) break;
        if (key) probe.destroy(key.value().pair);
        if (key) key = fail(ErrorCode::token, "no curve signs");
    }
    if (!key) return probe.report().finding("sign.nonce-unique", Outcome::undecided, key.error().describe());
    constexpr unsigned kSignatures = 16;
    std::set<Bytes> seen;
    unsigned made = 0;
    for (unsigned i = 0; i < kSignatures; ++i) {
        const Bytes digest(32, static_cast<std::uint8_t>(i + 1));
        Bytes raw;
        if (probe.raw_sign(probe.main(), {CKM_ECDSA, nullptr, 0}, key.value().pair.private_key, digest, raw) != CKR_OK)
            break;
        ++made;
        raw.resize(raw.size() / 2);
        seen.insert(raw);
    }
    probe.destroy(key.value().pair);
    if (made < 2)
        return probe.report().finding("sign.nonce-unique", Outcome::undecided, "fewer than two signatures were made");
    probe.report().check("sign.nonce-unique", seen.size() == made,
                         seen.size() == made ? ""
                                             : std::to_string(made - seen.size()) + " of " + std::to_string(made) +
                                                   " signatures repeat an r");
}

// On each kind of key that signs an ordinary message: what fails there is told elsewhere.
void odd_messages(Probe& probe) {
    const std::array messages{std::pair<std::string_view, Bytes>{"sign.empty-message", {}},
                              std::pair<std::string_view, Bytes>{"sign.long-message", Bytes(1U << 20U, 0x61)}};
    for (const KeyType type : {KeyType::ec_p256, KeyType::rsa, KeyType::ed25519}) {
        auto key = probe.house_key(probe.main(), type, type == KeyType::rsa ? 2048 : 0, {});
        if (!key) continue;
        const bool ordinary = probe.sign(probe.main(), key.value(), view_of("ordinary")).has_value();
        for (const auto& [rule, message] : messages) {
            if (!ordinary) break;
            const auto outcome = probe.sign(probe.main(), key.value(), message);
            const std::string name = crypto::signature_name(key.value().algorithm);
            probe.report().check(rule, outcome.has_value(), outcome ? "" : name + ": " + outcome.error().describe());
        }
        probe.destroy(key.value().pair);
    }
}

// Buffers tries C_Sign with too little room and with none.
class Buffers {
public:
    explicit Buffers(Probe& probe) : probe_(probe) {}

    void run() {
        auto made = probe_.usual_key();
        if (!made) return;
        const SigningKey& key = made.value();
        auto plan = pkcs11::plan_message(key.algorithm, probe_.mechanisms(), view_of("buffers"));
        Bytes usual;
        if (plan && probe_.raw_sign(probe_.main(), plan.value().mechanism(), key.pair.private_key, plan.value().data(),
                                    usual) == CKR_OK) {
            too_short(key, plan.value(), usual.size());
            fresh_session();
            query(key, plan.value(), usual.size());
            fresh_session();
        }
        probe_.destroy(key.pair);
    }

private:
    static constexpr std::uint8_t kCanary = 0xA5;

    // What is left of an operation must not disturb the next trial.
    void fresh_session() { (void)probe_.start_again(); }

    bool begin(const SigningKey& key, pkcs11::SigningPlan& plan) {
        CK_MECHANISM mechanism = plan.mechanism();
        return probe_.f().C_SignInit(probe_.session(), &mechanism, key.pair.private_key) == CKR_OK;
    }
    bool finishes(pkcs11::SigningPlan& plan, std::size_t usual) {
        Bytes room(4 * usual);
        unsigned long size = length(room);
        return probe_.f().C_Sign(probe_.session(), writable(plan.data()), length(plan.data()), room.data(), &size) ==
                   CKR_OK &&
               size == usual;
    }

    void too_short(const SigningKey& key, pkcs11::SigningPlan& plan, std::size_t usual) {
        if (!begin(key, plan)) return;
        const std::size_t given = usual / 2;
        Bytes room(usual * 2, kCanary);
        unsigned long size = static_cast<unsigned long>(given);
        const CK_RV rv =
            probe_.f().C_Sign(probe_.session(), writable(plan.data()), length(plan.data()), room.data(), &size);
        const bool untouched = std::all_of(room.begin() + static_cast<std::ptrdiff_t>(given), room.end(),
                                           [](std::uint8_t octet) { return octet == kCanary; });
        probe_.report().check("sign.buffer-respected", untouched,
                              untouched ? "" : "octets behind the buffer were written");
        const bool goes_on = rv == CKR_BUFFER_TOO_SMALL && finishes(plan, usual);
        probe_.report().check("sign.short-buffer", goes_on,
                              goes_on ? ""
                                      : "answered " + ckr_name(rv) +
                                            (rv == CKR_BUFFER_TOO_SMALL ? ", and could not be called again" : ""));
    }

    void query(const SigningKey& key, pkcs11::SigningPlan& plan, std::size_t usual) {
        if (!begin(key, plan)) return;
        unsigned long size = 0;
        const CK_RV rv =
            probe_.f().C_Sign(probe_.session(), writable(plan.data()), length(plan.data()), nullptr, &size);
        const bool told = rv == CKR_OK && size >= usual && finishes(plan, usual);
        probe_.report().check("sign.length-query", told,
                              told ? "" : "answered " + ckr_name(rv) + ", length " + std::to_string(size));
    }

    Probe& probe_;
};

void buffers(Probe& probe) { Buffers{probe}.run(); }

std::size_t count_by(Probe& probe, CK_ATTRIBUTE_TYPE type, ByteView value) {
    const std::array criteria{pkcs11::Criterion{type, value}};
    const auto found = pkcs11::find_objects(probe.main(), CKO_PRIVATE_KEY, criteria);
    return found ? found.value().size() : 0;
}

void found(Probe& probe) {
    auto first = probe.usual_key();
    auto second = probe.usual_key();
    if (!first || !second) return;
    const std::size_t by_id = count_by(probe, CKA_ID, first.value().pair.id);
    probe.report().check("key.found-by-id", by_id == 1,
                         by_id == 1 ? "" : std::to_string(by_id) + " keys found by one CKA_ID");
    const std::size_t by_label = count_by(probe, CKA_LABEL, view_of(probe.ref().key_label));
    probe.report().check("key.found-by-label", by_label >= 2,
                         by_label >= 2 ? "" : std::to_string(by_label) + " of 2 keys found by their label");
    const auto unique = pkcs11::read_attribute(probe.main(), first.value().pair.private_key, CKA_UNIQUE_ID);
    const bool has_unique = unique.value && !unique.value->empty();
    probe.report().check("key.unique-id", has_unique, has_unique ? "" : unique.value ? "empty" : ckr_name(unique.rv));
    probe.destroy(second.value().pair);
    const std::size_t left = count_by(probe, CKA_ID, second.value().pair.id);
    probe.report().check("key.destroyed", left == 0, left == 0 ? "" : "a destroyed key is still found");
    probe.destroy(first.value().pair);
}

void persistent(Probe& probe) {
    auto key = probe.usual_key();
    if (!key) return;
    probe.f().C_Logout(probe.session());
    probe.f().C_CloseSession(probe.session());
    const auto again = probe.start_again();
    const std::size_t now = again ? count_by(probe, CKA_ID, key.value().pair.id) : 0;
    probe.report().check("key.persistent", now == 1,
                         now == 1 ? ""
                         : again  ? "the key is not there any more"
                                  : again.error().describe());
    probe.destroy_all();
}

}  // namespace

Group signing_group() {
    return {"signing",
            {{"nonces", false, 1, nonces},
             {"empty and long messages", true, 5, odd_messages},
             {"buffers", true, 2, buffers}}};
}

Group key_group() { return {"keys", {{"found and destroyed", false, 3, found}, {"persistent", false, 2, persistent}}}; }

}  // namespace sealwright::hsm::token_judge
