#include "device/advice.hpp"

#include <algorithm>
#include <array>

namespace sealwright::device {
namespace {

struct Row {
    std::string_view check, advice;
};

constexpr std::string_view kOwnKeys =
    "Start anew with fresh keys: sealwright-device enroll --anew. If it happens again, report it.";
constexpr std::string_view kAskForEk =
    "Another endorsement key may do: --ek rsa, --ek ecc. Or the CA's operator puts this one on the site's list: "
    "sealwright ek import.";
constexpr std::string_view kStrongerEk = "Another endorsement key may do: --ek L-2, --ek H-3, --ek H-6.";
constexpr std::string_view kVendor =
    "The manufacturer's certificate is at fault; newer TPM firmware may bring another. The CA's operator can put this "
    "key on the site's list: sealwright ek "
    "import.";

constexpr std::array kAdvice{
    Row{"ek_public_parses", "Another endorsement key may do: --ek rsa, --ek ecc."},
    Row{"ek_template_known", "Another endorsement key may do: --ek L-1, L-2, H-3 or H-6."},
    Row{"ek_attributes", "Another endorsement key may do: --ek L-1, L-2, H-3 or H-6."},
    Row{"ek_strength", kStrongerEk},
    Row{"ek_certificate_present",
        "This TPM has no certificate for its endorsement key in NV memory. Another key may have one: --ek rsa, --ek "
        "ecc (tpm2_getcap handles-nv-index "
        "lists them: 0x1c00002 is L-1, 0x1c0000a L-2, 0x1c00016 H-3, 0x1c0001c H-6). Else the CA's operator puts this "
        "one on the site's list: sealwright "
        "ek import."},
    Row{"ek_certificate_parses", kVendor},
    Row{"ek_certificate_key",
        "The certificate in NV memory is for another key than the template gives. Another may do: --ek rsa, --ek ecc."},
    Row{"ek_certificate_purpose", kVendor},
    Row{"ek_certificate_dates",
        "Is the CA's clock right? Else: the certificate's time is over, and newer TPM firmware may bring another."},
    Row{"ek_certificate_extensions", kVendor},
    Row{"ek_certificate_tpm", kVendor},
    Row{"ek_certificate_chain",
        "The CA does not know the manufacturer of this TPM. Its operator adds the manufacturer's root and "
        "intermediates to the site's, once for all devices "
        "of that make."},
    Row{"ek_certificate_revocation",
        "The manufacturer withdrew this TPM's certificate. Do not use this device before that is understood."},
    Row{"ek_simulator",
        "This is a simulated TPM, and the profile takes real ones alone. For tests the operator says otherwise in the "
        "profile."},
    Row{"ek_on_list", "The CA's operator puts this TPM on the site's list: sealwright ek import."},
    Row{"ek_level", kAskForEk},
    Row{"ak_public_parses", kOwnKeys},
    Row{"ak_attributes", kOwnKeys},
    Row{"ak_restricted", kOwnKeys},
    Row{"ak_scheme", "Another attestation key may do: --ak rsa, --ak ecc."},
    Row{"ak_strength", "Another attestation key may do: --ak ecc."},
    Row{"ak_differs_from_ek", kOwnKeys},
    Row{"ak_hierarchy", kOwnKeys},
    Row{"activation_secret",
        "The TPM gave another secret than the CA had encrypted: endorsement key and attestation key are not in one "
        "TPM. Is something between this program "
        "and the TPM? Run the command again."},
    Row{"key_public_parses", kOwnKeys},
    Row{"key_attributes", kOwnKeys},
    Row{"key_signs", kOwnKeys},
    Row{"key_strength", "Another kind of key may do: --key p256, --key p384, --key rsa2048."},
    Row{"key_matches_request", kOwnKeys},
    Row{"key_differs_from_ak", kOwnKeys},
    Row{"certify_parses", "The TPM's statement cannot be read: a fault of its firmware. Look for newer firmware."},
    Row{"certify_signature_parses",
        "The TPM's signature cannot be read: a fault of its firmware. Another attestation key may do: --ak rsa, --ak "
        "ecc."},
    Row{"certify_magic", kOwnKeys},
    Row{"certify_type", kOwnKeys},
    Row{"certify_nonce", "The statement was made for another challenge. Run the command again."},
    Row{"certify_name", kOwnKeys},
    Row{"certify_qualified_name", kOwnKeys},
    Row{"certify_signature_scheme", "Another attestation key may do: --ak rsa, --ak ecc."},
    Row{"certify_signature",
        "Another attestation key may do: --ak rsa, --ak ecc. If that helps the TPM's firmware is at fault: look for "
        "newer."},
};

std::string_view general_advice(ErrorCode code, Occasion occasion) {
    const bool renews = occasion == Occasion::renew;
    switch (code) {
        case ErrorCode::unauthenticated:
            return renews ? "The certificate is revoked, on hold, or not one of this CA. With a new one-time secret: "
                            "sealwright-device enroll --anew."
                          : "Is it the whole secret (sw1_...), for this profile, and inside its lifetime? The CA's "
                            "operator makes another: sealwright secret "
                            "create.";
        case ErrorCode::denied:
            return renews ? "The profile decides when and as what a certificate is renewed. If its time is nearly "
                            "over: sealwright-device enroll --anew, with a "
                            "new one-time secret."
                          : "The profile or the secret does not allow this. Are --profile, --subject and --dns those "
                            "that the CA's operator made the secret for? A TPM is one device: where it has another "
                            "name, the operator ends that one with: sealwright device retire.";
        case ErrorCode::conflict:
            return renews ? "The CA's operator looks with: sealwright request list."
                          : "A one-time secret serves one request. If this one has served, the CA's operator makes "
                            "another (sealwright secret create), and the same command goes on with it; whom it served "
                            "tells: sealwright request list.";
        case ErrorCode::expired:
            return renews
                       ? "The certificate's time is over. With a new one-time secret: sealwright-device enroll --anew."
                       : "If the secret's lifetime is over, the CA's operator makes another: sealwright secret create. "
                         "If the challenge's, run the command "
                         "again.";
        case ErrorCode::not_found:
            return "Is --profile right? The CA's operator lists them: sealwright profile list.";
        case ErrorCode::unsupported:
            return "The profile does not take this kind of key or request. Another kind of key may do: --key p256, "
                   "--key p384, --key rsa2048.";
        case ErrorCode::weak_key:
            return "Another kind of key may do: --key p256, --key p384.";
        case ErrorCode::overloaded:
        case ErrorCode::unavailable:
        case ErrorCode::storage:
        case ErrorCode::token:
        case ErrorCode::clock:
            return "The CA is at fault, not this device. Try again later; nothing is lost.";
        case ErrorCode::lint:
        case ErrorCode::config:
        case ErrorCode::internal:
            return "The CA is at fault, not this device. Its operator finds the reason in the daemon's log.";
        case ErrorCode::timed_out:
        case ErrorCode::indeterminate:
            return how_to_ask(occasion);
        default:
            return {};
    }
}

// passes says whether the reason for which a request ended may be gone for another one.
bool passes(ErrorCode code) {
    switch (code) {
        case ErrorCode::unavailable:
        case ErrorCode::overloaded:
        case ErrorCode::timed_out:
        case ErrorCode::indeterminate:
        case ErrorCode::storage:
        case ErrorCode::token:
        case ErrorCode::clock:
        case ErrorCode::io:
        case ErrorCode::internal:
            return true;
        default:
            return false;
    }
}

// one_line keeps hostile text from looking like another line of ours.
std::string one_line(std::string text) {
    std::ranges::replace(text, '\n', ' ');
    return text;
}

}  // namespace

std::string_view advice_for(std::string_view check) noexcept {
    const auto* row = std::ranges::find(kAdvice, check, &Row::check);
    return row == kAdvice.end() ? std::string_view{} : row->advice;
}

Error explain(const Problem& problem, Occasion occasion) {
    std::string text = problem.findings.empty() ? "the CA refuses: " + one_line(problem.detail)
                                                : "the CA refuses this device's attestation";
    for (const Finding& finding : problem.findings) {
        text += "\n" + one_line(finding.check) + ": " + one_line(finding.text);
        if (!finding.clause.empty()) text += " (" + one_line(finding.clause) + ')';
        if (const auto advice = advice_for(finding.check); !advice.empty()) text += "\n  " + std::string{advice};
    }
    if (problem.findings.empty()) {
        if (const auto advice = general_advice(problem.code, occasion); !advice.empty())
            text += '\n' + std::string{advice};
    }
    if (!problem.request.empty())
        text += "\nThe CA's operator finds it with: sealwright request show " + problem.request;
    return fail(problem.code, text);
}

Error explain_end(const Problem& problem, Occasion occasion) {
    if (problem.end == End::refused && !passes(problem.code)) return explain(problem, occasion);
    std::string text = "the request has ended without a certificate: " + one_line(problem.detail);
    text += occasion == Occasion::renew
                ? "\nThe CA is at fault, not this device. The next sealwright-device renew makes another request."
                : "\nThe CA is at fault, not this device. Run the command again later; if it then says that the "
                  "one-time secret is used up, it goes on with a new one.";
    text += "\nThe CA's operator finds it with: sealwright request show " + problem.request;
    return fail(ErrorCode::unavailable, text);
}

Error needs_new_secret(const Error& end, const Error& refusal) {
    const std::string& told = end.public_detail();
    return fail(refusal.code(),
                told.substr(0, told.find('\n')) +
                    "\nIts one-time secret is used up, and a new one is needed: sealwright secret create, by the CA's "
                    "operator. The same sealwright-device enroll goes on with it.",
                refusal.public_detail());
}

std::string_view how_to_ask(Occasion occasion) noexcept {
    return occasion == Occasion::renew ? "Run sealwright-device renew again: it asks what became of the request."
                                       : "Run the command again: it asks what became of the request.";
}

}  // namespace sealwright::device
