// request_judge.cpp: key, requested extensions, validity and issuer; names are in judge_names.cpp.
#include "profile/request_judge.hpp"

#include "asn1/oid.hpp"
#include "base/log.hpp"
#include "profile/key_names.hpp"

namespace sealwright::profile {
namespace {

namespace oid = asn1::oid;
constexpr std::size_t kMaxReasons = 32;
constexpr std::size_t kMaxQuoted = 120;

std::string key_text(const crypto::PublicKey& key) {
    std::string text{crypto::key_type_name(key.type())};
    return key.type() == crypto::KeyType::rsa ? text + " of " + std::to_string(key.bits()) + " bits" : text;
}

const x509::Extension* same_extension(const x509::Extensions& given, const x509::Extension& wish) {
    const auto* own = x509::find_extension(given, wish.oid);
    return own != nullptr && own->value == wish.value ? own : nullptr;
}

// RequestedExtensions judges the wishes whose meaning we know: to ask for what the profile gives anyway, or for less,
// is fine.
class RequestedExtensions {
public:
    RequestedExtensions(const TemplateInput& input, const x509::Extensions& given, Reasons& reasons)
        : input_(input), given_(given), reasons_(reasons) {}

    void judge(const x509::Extension& wish) {
        if (equal(wish.oid, oid::kSubjectAltName)) return;  // judge_san's
        if (equal(wish.oid, oid::kKeyUsage)) return judge_key_usage(wish);
        if (equal(wish.oid, oid::kExtKeyUsage)) return judge_purposes(wish);
        if (equal(wish.oid, oid::kBasicConstraints)) return judge_basic_constraints(wish);
        if (same_extension(given_, wish) != nullptr) return;
        const std::string dotted = asn1::format_oid(wish.oid);
        if (input_.profile.tolerated_request_extensions.contains(dotted)) return;
        reasons_.deny("the request asks for the extension " + name_of(wish) + ", which the profile does not name");
    }

private:
    static std::string name_of(const x509::Extension& wish) {
        const std::string name = asn1::oid_name(wish.oid), dotted = asn1::format_oid(wish.oid);
        return name == dotted ? dotted : name + " (" + dotted + ")";
    }

    void judge_key_usage(const x509::Extension& wish) {
        const auto asked = x509::parse_key_usage(wish.value);
        if (!asked) return reasons_.deny("the requested keyUsage cannot be read");
        const auto more =
            static_cast<x509::KeyUsage>(asked.value() & ~key_usage_of(input_.profile, input_.subject_key.type()));
        if (more != 0)
            reasons_.deny("the request asks for keyUsage " + key_usage_names(more) +
                          ", which the profile does not give to such a key");
    }

    void judge_purposes(const x509::Extension& wish) {
        const auto asked = x509::parse_ext_key_usage(wish.value);
        if (!asked) return reasons_.deny("the requested extKeyUsage cannot be read");
        const auto& own = input_.profile.ext_key_usage;
        for (const auto& purpose : asked.value()) {
            if (std::find(own.begin(), own.end(), purpose) == own.end()) {
                reasons_.deny("the request asks for extKeyUsage " + asn1::oid_name(purpose) +
                              ", which the profile does not give");
            }
        }
    }

    void judge_basic_constraints(const x509::Extension& wish) {
        const auto asked = x509::parse_basic_constraints(wish.value);
        if (!asked) return reasons_.deny("the requested basicConstraints cannot be read");
        const Profile& profile = input_.profile;
        if (asked.value().ca && profile.kind != SubjectKind::ca) {
            return reasons_.deny("the request asks for CA:TRUE, and the profile is for end entities");
        }
        if (!asked.value().ca || !profile.path_length) return;
        const auto length = asked.value().path_length;
        if (length && *length > *profile.path_length) {
            reasons_.deny("the request asks for a path length of " + std::to_string(*length) + ", the profile gives " +
                          std::to_string(*profile.path_length));
        }
    }

    const TemplateInput& input_;
    const x509::Extensions& given_;
    Reasons& reasons_;
};

UtcTime round_down(UtcTime time, std::chrono::seconds granularity) {
    const auto since_epoch = time.time_since_epoch();
    auto rest = since_epoch % granularity;
    if (rest.count() < 0) rest += granularity;
    return time - rest;
}

std::chrono::seconds judge_length(const TemplateInput& input, Reasons& reasons) {
    const auto& rule = input.profile.validity;
    if (!input.requested.validity || *input.requested.validity == rule.length) return rule.length;
    const auto asked = *input.requested.validity;
    if (!rule.may_shorten) {
        reasons.deny("the profile fixes the validity, the request asks for another");
    } else if (asked.count() <= 0 || asked > rule.length) {
        reasons.deny("the request asks for a validity of " + std::to_string(asked.count()) +
                     " s, the profile allows 1 to " + std::to_string(rule.length.count()));
    } else {
        return asked;
    }
    return rule.length;
}

}  // namespace

Error Reasons::error() const {
    std::string text;
    for (const auto& reason : list_) text += (text.empty() ? "" : "; ") + reason;
    return fail(only_weak_ ? ErrorCode::weak_key : ErrorCode::denied, std::move(text));
}

void Reasons::add(std::string reason, bool weak) {
    only_weak_ = only_weak_ && weak;
    if (list_.size() < kMaxReasons) list_.push_back(std::move(reason));
}

std::string shown(std::string_view text) {
    const bool shortened = text.size() > kMaxQuoted;
    return "\"" + escape_control(text.substr(0, kMaxQuoted)) + (shortened ? "...\"" : "\"");
}

void judge_key(const TemplateInput& input, Reasons& reasons) {
    const auto& key = input.subject_key;
    const auto& rules = input.profile.keys;
    const auto rule = std::find_if(rules.begin(), rules.end(),
                                   [&](const KeyRule& candidate) { return candidate.type == key.type(); });
    if (rule == rules.end()) {
        reasons.deny("the profile takes no keys of type " + std::string{crypto::key_type_name(key.type())});
    } else if (key.bits() < rule->min_bits) {
        reasons.weak_key("the key is " + key_text(key) + ", the profile wants at least " +
                         std::to_string(rule->min_bits));
    } else if (rule->max_bits != 0 && key.bits() > rule->max_bits) {
        reasons.deny("the key is " + key_text(key) + ", the profile allows at most " + std::to_string(rule->max_bits));
    } else if (const auto strong = crypto::check_strength(key, std::max(2048U, rule->min_bits)); !strong) {
        reasons.weak_key(strong.error().public_detail());
    }
    if (const auto& tpm = input.profile.attestation; tpm && !tpm->policy.accepted.contains(input.attested))
        reasons.deny("the profile wants a key that a TPM was proven to hold");
    const auto& allowed = input.profile.request_signature_algorithms;
    if (allowed.empty() || !input.requested.signature_algorithm) return;
    const std::string name = crypto::signature_name(*input.requested.signature_algorithm);
    if (std::find(allowed.begin(), allowed.end(), name) == allowed.end())
        reasons.deny("the profile takes no requests signed with " + name);
}

void judge_extensions(const TemplateInput& input, const x509::Extensions& given, Reasons& reasons) {
    RequestedExtensions judge{input, given, reasons};
    for (const auto& wish : input.requested.extensions) judge.judge(wish);
}

ValidityPeriod judge_validity(const TemplateInput& input, Reasons& reasons) {
    const auto& rule = input.profile.validity;
    const auto& issuer = input.issuer;
    const auto length = judge_length(input, reasons);
    ValidityPeriod period;
    period.not_before = input.now - rule.backdate;
    if (rule.granularity) period.not_before = round_down(period.not_before, *rule.granularity);
    // RFC 5280 4.1.2.5: the period runs "from notBefore through notAfter, inclusive".
    period.not_after = period.not_before + length - std::chrono::seconds{1};
    if (issuer.self_signed) return period;
    if (input.now < issuer.not_before || input.now > issuer.not_after) {
        reasons.deny("the issuer's certificate is not valid now");
        return period;
    }
    // Backdating must not reach behind the issuer's own beginning.
    period.not_before = std::max(period.not_before, issuer.not_before);
    if (period.not_after > issuer.not_after) {
        if (rule.clip_to_issuer) {
            period.not_after = issuer.not_after;
        } else {
            reasons.deny("the certificate would outlive its issuer, which ends " + to_rfc3339(issuer.not_after));
        }
    }
    if (period.not_after < input.now) reasons.deny("the certificate would be expired already");
    return period;
}

void judge_issuer(const TemplateInput& input, Reasons& reasons) {
    const Profile& profile = input.profile;
    if (profile.kind != SubjectKind::ca || input.issuer.self_signed || !input.issuer.path_length) return;
    // RFC 5280 4.2.1.9: pathLenConstraint is "the maximum number of non-self-issued intermediate certificates that may
    // follow this certificate".
    const std::uint32_t above = *input.issuer.path_length;
    if (above == 0) {
        reasons.deny("the issuer's path length is 0: it may not certify a CA");
    } else if (!profile.path_length || *profile.path_length >= above) {
        reasons.deny("the profile must give a path length of at most " + std::to_string(above - 1) +
                     " under this issuer");
    }
}

}  // namespace sealwright::profile
