// What a token says of itself, its random generator, and whether its module can be started again.
#include <set>

#include "hsm/pkcs11/ckr_error.hpp"
#include "hsm/token_judge/probe.hpp"

namespace sealwright::hsm::token_judge {
namespace {

using pkcs11::ckr_name;

void identity(Probe& probe) {
    Reporter& report = probe.report();
    report.check("process.locking", probe.library().locking(),
                 probe.library().locking() ? "" : "C_Initialize refused CKF_OS_LOCKING_OK");
    const auto& token = probe.token();
    report.check("token.serial", !token.serial.empty(), token.serial.empty() ? "the serial number is empty" : "");
    CK_SLOT_INFO slot{};
    const bool hardware = probe.f().C_GetSlotInfo(probe.slot(), &slot) == CKR_OK && (slot.flags & CKF_HW_SLOT) != 0;
    report.check("token.hardware", hardware, hardware ? "" : "CKF_HW_SLOT is not set");
    CK_TOKEN_INFO info{};
    const CK_RV rv = probe.f().C_GetTokenInfo(probe.slot(), &info);
    if (rv != CKR_OK) return report.check("token.info", false, "C_GetTokenInfo answered " + ckr_name(rv));
    const auto number_within = [](unsigned long count, unsigned long most) {
        return count == CK_UNAVAILABLE_INFORMATION || most == CK_UNAVAILABLE_INFORMATION ||
               most == CK_EFFECTIVELY_INFINITE || count <= most;
    };
    std::string wrong;
    if (!number_within(info.ulSessionCount, info.ulMaxSessionCount)) wrong += "more sessions than the most; ";
    if (!number_within(info.ulRwSessionCount, info.ulMaxRwSessionCount))
        wrong += "more read/write sessions than the most; ";
    if (info.ulSessionCount == 0) wrong += "no session is counted while one is open; ";
    if (info.ulMinPinLen > info.ulMaxPinLen) wrong += "the shortest PIN is longer than the longest; ";
    if (!wrong.empty()) wrong.resize(wrong.size() - 2);
    report.check("token.info", wrong.empty(), wrong);
    report.fact("max_sessions", info.ulMaxSessionCount == CK_EFFECTIVELY_INFINITE ? "no limit"
                                : info.ulMaxSessionCount == CK_UNAVAILABLE_INFORMATION
                                    ? "not told"
                                    : std::to_string(info.ulMaxSessionCount));
}

void mechanism_list(Probe& probe) {
    for (const unsigned long type : probe.mechanisms())
        probe.report().send("mechanism", {pkcs11::mechanism_name(type)});
}

void random_generator(Probe& probe) {
    constexpr std::size_t kDraws = 64, kSize = 32;
    std::set<Bytes> drawn;
    Bytes all;
    for (std::size_t i = 0; i < kDraws; ++i) {
        Bytes octets(kSize);
        const CK_RV rv = probe.f().C_GenerateRandom(probe.session(), octets.data(), kSize);
        if (rv != CKR_OK) {
            probe.report().check("token.random-present", false, "C_GenerateRandom answered " + ckr_name(rv));
            return probe.report().finding("token.random-varies", Outcome::not_applicable, "there is no generator");
        }
        append(all, octets);
        drawn.insert(std::move(octets));
    }
    probe.report().check("token.random-present", true);
    // 2048 octets of a uniform source miss some values, but never 56 of 256 (p < 2^-60), and hold no draw twice.
    const std::set<std::uint8_t> values(all.begin(), all.end());
    const bool varies = drawn.size() == kDraws && values.size() > 200;
    probe.report().check("token.random-varies", varies,
                         varies ? ""
                                : std::to_string(kDraws - drawn.size()) + " of " + std::to_string(kDraws) +
                                      " draws came twice; " + std::to_string(values.size()) + " different octets");
}

// sees says whether a key that was made before is found by its id, and signs.
Result<void> still_signs(Probe& probe, SigningKey& key) {
    const std::array criteria{pkcs11::Criterion{CKA_ID, key.pair.id}};
    SEALWRIGHT_TRY(const auto found, pkcs11::find_objects(probe.main(), CKO_PRIVATE_KEY, criteria));
    if (found.size() != 1) return fail(ErrorCode::not_found, "the key is not found again");
    key.pair.private_key = found.front();
    SEALWRIGHT_TRY(const auto halves, pkcs11::find_objects(probe.main(), CKO_PUBLIC_KEY, criteria));
    if (!halves.empty()) {
        key.pair.public_key = halves.front();
        SEALWRIGHT_TRY(const auto now, read_key(probe.main(), halves.front()));
        if (now.id() != key.public_key.id()) return fail(ErrorCode::conflict, "the public key is another one now");
    }
    return probe.sign(probe.main(), key, view_of("after"));
}

void reinitialise(Probe& probe) {
    auto key = probe.usual_key();
    if (!key) return;
    CK_RV rv = probe.library().finalise();
    if (rv == CKR_OK) rv = probe.library().initialise();
    if (rv != CKR_OK) return probe.report().check("process.reinitialise", false, ckr_name(rv));
    Result<void> outcome = probe.start_again();
    if (outcome) outcome = still_signs(probe, key.value());
    probe.report().check("process.reinitialise", outcome.has_value(), outcome ? "" : outcome.error().describe());
    probe.destroy_all();  // numbers are another life's
}

}  // namespace

Group token_group() {
    return {"token",
            {{"identity", false, 1, identity},
             {"mechanisms", false, 1, mechanism_list},
             {"random generator", false, 1, random_generator},
             {"finalise and initialise", false, 2, reinitialise}}};
}

}  // namespace sealwright::hsm::token_judge
