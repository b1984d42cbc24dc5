#include "profile/attestation_rule.hpp"

#include "asn1/oid.hpp"
#include "profile/attestation_section.hpp"

namespace sealwright::profile {
namespace {

using attestation::Level;

struct LevelKey {
    Level level;
    std::string_view key;  // of [attestation.policies]
    std::string_view default_oid;
};
// MS-WCCE 2.2.1.x: szOID_ENROLL_EKVERIFYKEY, EKVERIFYCERT and EKVERIFYCREDS, which readers of AD CS certificates know.
constexpr std::array kLevelKeys{
    LevelKey{Level::ek_list, "ek_list", "1.3.6.1.4.1.311.21.30"},
    LevelKey{Level::ek_certificate, "ek_certificate", "1.3.6.1.4.1.311.21.31"},
    LevelKey{Level::requester, "requester", "1.3.6.1.4.1.311.21.32"},
};

void read_levels(Section& section, AttestationRule& rule) {
    for (const auto& name : section.texts("levels", Need::required)) {
        const auto level = attestation::parse_level_name(name);
        if (!level || *level == Level::none) {
            section.problem("levels", "\"" + name + "\" is none of ek-list, ek-certificate, requester");
        } else if (!rule.policy.accepted.insert(*level).second) {
            section.problem("levels", "\"" + name + "\" stands there twice");
        }
    }
    if (rule.policy.accepted.empty()) section.problem("levels", "is empty or missing: no device could be accepted");
}

void read_policies(Section& section, AttestationRule& rule) {
    auto own = section.section("policies");
    for (const auto& [level, key, default_oid] : kLevelKeys) {
        const std::string text = own ? own->text(key).value_or(std::string{default_oid}) : std::string{default_oid};
        if (text == "none") continue;
        auto parsed = asn1::parse_oid(text);
        if (!parsed) {
            own->problem(key, "is neither an object identifier nor \"none\"");
        } else {
            rule.policy_oids.emplace(level, std::move(parsed).value());
        }
    }
    if (own) own->finish();
    std::set<Bytes> different;
    for (const auto& [level, policy] : rule.policy_oids) different.insert(policy);
    // Who reads the certificate must be able to tell the levels apart.
    if (different.size() != rule.policy_oids.size()) section.problem("policies", "two levels have one OID");
}

bool names_a_level(const Profile& profile, const Bytes& policy) {
    const auto is_default = [&](const LevelKey& known) { return asn1::format_oid(policy) == known.default_oid; };
    if (std::any_of(kLevelKeys.begin(), kLevelKeys.end(), is_default)) return true;
    if (!profile.attestation) return false;
    const auto& own = profile.attestation->policy_oids;
    return std::any_of(own.begin(), own.end(), [&](const auto& entry) { return entry.second == policy; });
}

}  // namespace

const Bytes* AttestationRule::policy_oid(Level level) const noexcept {
    const auto found = policy_oids.find(level);
    return found == policy_oids.end() ? nullptr : &found->second;
}

std::optional<AttestationRule> read_attestation(Section& root) {
    auto section = root.section("attestation");
    if (!section) return std::nullopt;
    AttestationRule rule;
    read_levels(*section, rule);
    rule.policy.simulators = section->boolean("simulators").value_or(false);
    rule.policy.endorsement_hierarchy = section->boolean("endorsement_hierarchy").value_or(false);
    rule.policy.min_rsa_bits = static_cast<unsigned>(section->number("min_rsa_bits", 2048, 4096).value_or(2048));
    rule.challenge_lifetime = section->duration("challenge_lifetime").value_or(kDefaultChallengeLifetime);
    if (rule.challenge_lifetime < std::chrono::seconds{10} || rule.challenge_lifetime > std::chrono::hours{24})
        section->problem("challenge_lifetime", "must be between 10 seconds and 24 hours");
    read_policies(*section, rule);
    section->finish();
    return rule;
}

void check_attestation(const Profile& profile, Section& root) {
    for (const auto& policy : profile.policies) {
        if (names_a_level(profile, policy.policy))
            root.problem("policy",
                         "claims an attestation level whatever is proven: " + asn1::format_oid(policy.policy));
    }
    if (!profile.attestation) return;
    if (profile.kind == SubjectKind::ca) root.problem("attestation", "is for kind = \"end-entity\"");
    const auto& who = profile.who.principals;
    const bool anybody_remote = std::any_of(who.begin(), who.end(), [](const std::string& principal) {
        return principal == "secret" || principal == "renewal";
    });
    if (!anybody_remote)
        root.problem("who", "a device proves itself over HTTPS: principals must name secret, renewal or both");
}

}  // namespace sealwright::profile
