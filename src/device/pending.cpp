#include "device/pending.hpp"

#include <algorithm>
#include <array>

#include "cli/json.hpp"
#include "device/identity.hpp"

namespace sealwright::device {
namespace {

namespace json = cli::json;

constexpr std::array<std::string_view, 4> kStages{"prepared", "challenged", "answering", "waiting"};
constexpr std::array<std::string_view, 2> kOccasions{"enroll", "renew"};

template <class Enum, std::size_t N>
Result<Enum> parse_enum(const std::array<std::string_view, N>& names, std::string_view text) {
    const auto* at = std::ranges::find(names, text);
    if (at == names.end()) return fail(ErrorCode::malformed, "'" + std::string{text} + "' is not known");
    return static_cast<Enum>(at - names.begin());
}

json::object challenge_json(const Challenge& challenge) {
    return {{"request", challenge.request},
            {"credential_blob", to_base64(challenge.credential_blob)},
            {"encrypted_secret", to_base64(challenge.encrypted_secret)},
            {"nonce", to_base64(challenge.nonce)},
            {"expires_at", to_rfc3339(challenge.expires_at)},
            {"version", 1}};
}

}  // namespace

std::string encode_pending(const Pending& pending) {
    json::object object = encode_terms(
        {pending.server, pending.profile, pending.names, pending.ek, pending.ak_kind, pending.key_kind, pending.ak});
    object["occasion"] = std::string{kOccasions[static_cast<std::size_t>(pending.occasion)]};
    object["stage"] = std::string{kStages[static_cast<std::size_t>(pending.stage)]};
    object["key"] = encode_blob(pending.key);
    object["replaces"] = pending.replaces;
    if (pending.is_anew) object["anew"] = 1;
    if (pending.challenge) object["challenge"] = challenge_json(*pending.challenge);
    return cli::json_text(object);
}

Result<Pending> parse_pending(std::string_view text) {
    SEALWRIGHT_TRY(const auto value, cli::parse_json(text));
    SEALWRIGHT_TRY(auto terms, parse_terms(value, "the pending request"));
    cli::Fields fields{value, "the pending request"};
    const auto occasion = fields.text("occasion"), stage = fields.text("stage");
    const auto& key = fields.object("key");
    const auto replaces = fields.text("replaces");
    const bool is_anew = fields.number_if("anew").value_or(0) != 0;
    const auto* challenge = fields.object_if("challenge");
    SEALWRIGHT_TRY(fields.check());
    Pending pending;
    SEALWRIGHT_TRY(pending.occasion, parse_enum<Occasion>(kOccasions, occasion));
    SEALWRIGHT_TRY(pending.stage, parse_enum<Stage>(kStages, stage));
    SEALWRIGHT_TRY(pending.key, parse_blob(key));
    if (challenge != nullptr) {
        SEALWRIGHT_TRY(pending.challenge, parse_challenge(cli::json_line(*challenge)));
    } else if (pending.stage != Stage::prepared) {
        return fail(ErrorCode::malformed, "the pending request lacks its challenge");
    }
    pending.replaces = replaces;
    pending.is_anew = is_anew;
    pending.server = std::move(terms.server);
    pending.profile = std::move(terms.profile);
    pending.names = std::move(terms.names);
    pending.ek = terms.ek;
    pending.ak_kind = terms.ak_kind;
    pending.key_kind = terms.key_kind;
    pending.ak = std::move(terms.ak);
    return pending;
}

}  // namespace sealwright::device
