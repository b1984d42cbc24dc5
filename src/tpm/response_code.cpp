#include "tpm/response_code.hpp"

#include <tss2/tss2_rc.h>
#include <tss2/tss2_tpm2_types.h>

#include <array>
#include <cstdio>

namespace sealwright::tpm {
namespace {

struct Explanation {
    TSS2_RC code;
    ErrorCode kind;
    std::string_view what, advice;
};

constexpr std::string_view kFlush =
    "Without a resource manager a TPM has three places for keys, and another program, or a run that was killed, left "
    "keys in them.\n"
    "Use /dev/tpmrm0 (the kernel's resource manager). Where there is none: tpm2_flushcontext --transient-object, or "
    "restart the machine.";
constexpr std::string_view kFlushSessions =
    "Another program, or a run that was killed, left sessions in the TPM. Use /dev/tpmrm0; where there is none: "
    "tpm2_flushcontext --loaded-session, or "
    "restart the machine.";
constexpr std::string_view kPassword =
    "The owner or endorsement hierarchy of this TPM has a password, and this program knows only the empty one.\n"
    "Who took ownership of the TPM can take the password off (tpm2_changeauth -c owner, tpm2_changeauth -c "
    "endorsement) or clear the TPM.";
constexpr std::string_view kFirmware =
    "The TPM is switched off, or its hierarchies are. Switch it on in the firmware's setup, and start again.";
constexpr std::string_view kRestart = "Restart the machine. If it happens again the TPM is broken.";

constexpr std::array kExplanations{
    Explanation{TPM2_RC_LOCKOUT, ErrorCode::unavailable, "the TPM is locked out: wrong passwords were tried too often",
                "It unlocks with time (tpm2_getcap properties-variable says how much: TPM2_PT_LOCKOUT_INTERVAL), or by "
                "tpm2_dictionarylockout --clear-lockout."},
    Explanation{TPM2_RC_OBJECT_MEMORY, ErrorCode::unavailable, "the TPM has no place left for a key", kFlush},
    Explanation{TPM2_RC_OBJECT_HANDLES, ErrorCode::unavailable, "the TPM has no place left for a key", kFlush},
    Explanation{TPM2_RC_SESSION_MEMORY, ErrorCode::unavailable, "the TPM has no place left for a session",
                kFlushSessions},
    Explanation{TPM2_RC_SESSION_HANDLES, ErrorCode::unavailable, "the TPM has no place left for a session",
                kFlushSessions},
    Explanation{TPM2_RC_MEMORY, ErrorCode::unavailable, "the TPM is out of memory", kFlush},
    Explanation{TPM2_RC_RETRY, ErrorCode::unavailable, "the TPM is busy", "Run the command again."},
    Explanation{TPM2_RC_YIELDED, ErrorCode::unavailable, "the TPM is busy", "Run the command again."},
    Explanation{TPM2_RC_TESTING, ErrorCode::unavailable, "the TPM is testing itself",
                "Run the command again in a minute."},
    Explanation{TPM2_RC_NV_RATE, ErrorCode::unavailable, "the TPM's memory is protecting itself from wear",
                "Run the command again in a minute."},
    Explanation{TPM2_RC_NV_UNAVAILABLE, ErrorCode::unavailable, "the TPM's memory cannot be written at the moment",
                "Run the command again in a minute."},
    Explanation{TPM2_RC_INITIALIZE, ErrorCode::unavailable, "the TPM was not started",
                "Firmware does that (TPM2_Startup). For a simulated TPM: start it with startup-clear."},
    Explanation{TPM2_RC_FAILURE, ErrorCode::token, "the TPM is in failure mode", kRestart},
    Explanation{TPM2_RC_REBOOT, ErrorCode::token, "the TPM wants a restart", "Restart the machine."},
    Explanation{TPM2_RC_UPGRADE, ErrorCode::unavailable, "the TPM's firmware is being replaced",
                "Finish the upgrade first."},
    Explanation{TPM2_RC_DISABLED, ErrorCode::token, "the TPM does not do this: switched off", kFirmware},
    Explanation{TPM2_RC_HIERARCHY, ErrorCode::token, "the TPM does not do this: its hierarchy is switched off",
                kFirmware},
    Explanation{TPM2_RC_COMMAND_CODE, ErrorCode::unsupported, "the TPM does not know this command",
                "Its firmware is too old, or a resource manager filters it."},
    Explanation{TPM2_RC_AUTH_FAIL, ErrorCode::token, "the TPM refuses the empty password", kPassword},
    Explanation{TPM2_RC_BAD_AUTH, ErrorCode::token, "the TPM refuses the empty password", kPassword},
    Explanation{TPM2_RC_AUTH_MISSING, ErrorCode::token, "the TPM wants a password", kPassword},
    Explanation{TPM2_RC_POLICY_FAIL, ErrorCode::token, "the TPM refuses the use of its endorsement key",
                "The key does not have the policy of its template."},
    Explanation{TPM2_RC_INTEGRITY, ErrorCode::invalid_signature, "the key is not one of this TPM",
                "The TPM was cleared or replaced, or the state folder comes from another machine. Enrol again."},
    Explanation{TPM2_RC_ASYMMETRIC, ErrorCode::unsupported, "the TPM lacks this kind of key",
                "Ask for another: --key, --ak, --ek."},
    Explanation{TPM2_RC_CURVE, ErrorCode::unsupported, "the TPM lacks this curve",
                "Ask for another kind of key: --key, --ak, --ek."},
    Explanation{TPM2_RC_KEY_SIZE, ErrorCode::unsupported, "the TPM lacks keys of this size",
                "Ask for another kind of key: --key, --ak, --ek."},
    Explanation{TPM2_RC_HASH, ErrorCode::unsupported, "the TPM lacks this hash algorithm",
                "Ask for another kind of key: --key, --ak, --ek."},
    Explanation{TPM2_RC_SCHEME, ErrorCode::unsupported, "the TPM lacks this signature scheme",
                "Ask for another kind of key: --key, --ak."},
    Explanation{TPM2_RC_SYMMETRIC, ErrorCode::unsupported, "the TPM lacks AES with keys of this size",
                "Ask for another endorsement key: --ek."},
    Explanation{TPM2_RC_KDF, ErrorCode::unsupported, "the TPM lacks this key derivation",
                "Ask for another endorsement key: --ek."},
};

// is_from_tpm: codes of the TPM itself have no layer, those that a resource manager answers with in its place have its
// own.
bool is_from_tpm(TSS2_RC code) noexcept {
    const TSS2_RC layer = code & TSS2_RC_LAYER_MASK;
    return layer == 0 || layer == TSS2_RESMGR_TPM_RC_LAYER;
}

std::string in_hexadecimal(TSS2_RC code) {
    std::array<char, 16> text{};
    std::snprintf(text.data(), text.size(), "0x%x", code);
    return text.data();
}

std::string decoded(TSS2_RC code) { return in_hexadecimal(code) + ", " + Tss2_RC_Decode(code); }

}  // namespace

TSS2_RC base_code(TSS2_RC code) noexcept {
    if (!is_from_tpm(code)) return 0;
    code &= 0xfffU;
    // Part 2, 6.6: format one has the parameter, handle or session in bits 6 and 8 to 11.
    return (code & TPM2_RC_FMT1) != 0 ? code & (TPM2_RC_FMT1 | 0x3fU) : code;
}

Error tpm_error(TSS2_RC code, std::string_view attempt) {
    const std::string where = "TPM: " + std::string{attempt};
    for (const Explanation& row : kExplanations) {
        if (row.code == base_code(code))
            return fail(row.kind, where + ": " + std::string{row.what} + '\n' + std::string{row.advice}, decoded(code));
    }
    if (is_from_tpm(code)) return fail(ErrorCode::token, where + ": the TPM refuses", decoded(code));
    if ((code & 0xffffU) == TSS2_BASE_RC_IO_ERROR || (code & 0xffffU) == TSS2_BASE_RC_NO_CONNECTION)
        return fail(ErrorCode::unavailable, where + ": the connection to the TPM broke", decoded(code));
    return fail(ErrorCode::token, where + ": the TPM software stack refuses", decoded(code));
}

Result<void> check(TSS2_RC code, std::string_view attempt) {
    if (code == TSS2_RC_SUCCESS) return success();
    return tpm_error(code, attempt);
}

}  // namespace sealwright::tpm
