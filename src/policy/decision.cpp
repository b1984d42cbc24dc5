#include "policy/decision.hpp"

namespace sealwright::policy {
namespace {

using Reasons = std::vector<std::string>;

bool names(const profile::WhoMay& who, std::string_view text) {
    return std::any_of(who.principals.begin(), who.principals.end(),
                       [&](const std::string& allowed) { return allowed == text; });
}

// Judge says, for each kind of principal, every reason why it may not use the profile.
class Judge {
public:
    explicit Judge(const Question& question) : question_(question), who_(question.profile.who) {}

    Reasons reasons() {
        std::visit(*this, question_.principal);
        return std::move(reasons_);
    }

    void operator()(const AnonymousPrincipal&) { deny("nobody gets a certificate without saying who asks"); }

    void operator()(const SecretPrincipal& secret) {
        if (!names(who_, "secret")) deny("the profile is not open to enrolment secrets");
        if (secret.profile != question_.profile.name) deny("the secret is for another profile");
        if (who_.bound_names && secret.names.empty()) deny("the profile wants secrets that are bound to names");
    }

    void operator()(const CertificatePrincipal& certificate) {
        require_channel(Channel::https, "a certificate speaks over TLS alone");
        const auto& profile = question_.profile;
        if (!names(who_, "renewal") || !profile.renewal_allowed) deny("the profile allows no renewal");
        if (certificate.profile != profile.name) deny("the certificate was issued under another profile");
        if (!question_.renewed_is_valid) deny("the certificate to be renewed is revoked, expired or unknown");
        if (question_.same_key && !profile.same_key_renewal) deny("the profile wants a new key at each renewal");
        judge_window();
    }

    void operator()(const LocalPrincipal& local) {
        require_channel(Channel::admin_socket, "a local operator comes over the admin socket alone");
        if (names(who_, "uid:" + std::to_string(local.uid))) return;
        if (!local.user.empty() && names(who_, "user:" + local.user)) return;
        for (const auto& role : local.roles) {
            if (names(who_, "role:" + role)) return;
        }
        if (!names(who_, "admin")) return deny("the profile does not name this operator");
        if (const auto allowed = check_role(question_.principal, Action::issue); !allowed)
            deny(allowed.error().public_detail());
    }

private:
    void deny(std::string_view reason) { reasons_.emplace_back(reason); }

    void require_channel(Channel channel, std::string_view why) {
        if (question_.channel != channel) deny(why);
    }

    void judge_window() {
        if (!question_.renewed_not_after) return deny("it is not known when the certificate to be renewed ends");
        const UtcTime end = *question_.renewed_not_after;
        // notAfter is the last second of validity (RFC 5280 4.1.2.5).
        if (question_.now > end) deny("the certificate to be renewed has expired");
        const UtcTime opens = end - question_.profile.renewal_window;
        if (question_.now < opens) deny("it is too early: renewal opens " + to_rfc3339(opens));
    }

    const Question& question_;
    const profile::WhoMay& who_;
    Reasons reasons_;
};

}  // namespace

Decision decide(const Question& question) {
    Reasons reasons = Judge{question}.reasons();
    if (!reasons.empty()) return Deny{std::move(reasons)};
    const unsigned wanted = question.profile.who.approvals;
    if (question.approvals < wanted) return AwaitApprovals{wanted - question.approvals};
    return Issue{};
}

}  // namespace sealwright::policy
