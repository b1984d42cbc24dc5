// judge_names.cpp: the subject and the subject alternative names.
#include "asn1/oid.hpp"
#include "base/log.hpp"
#include "profile/name_syntax.hpp"
#include "profile/request_judge.hpp"

namespace sealwright::profile {
namespace {

namespace oid = asn1::oid;

// WishList is the requested subject's attributes, each taken at most once.
class WishList {
public:
    explicit WishList(const x509::Name& subject) {
        for (const auto& rdn : subject.rdns) {
            for (const auto& attribute : rdn) wishes_.push_back({&attribute, false});
        }
    }
    const x509::Attribute* take(ByteView type) {
        for (auto& wish : wishes_) {
            if (wish.taken || !equal(wish.attribute->type, type)) continue;
            wish.taken = true;
            return wish.attribute;
        }
        return nullptr;
    }
    void take_value(ByteView type, std::string_view value) {
        for (auto& wish : wishes_) {
            if (wish.taken || !equal(wish.attribute->type, type) || wish.attribute->value != value) continue;
            wish.taken = true;
            return;
        }
    }
    void refuse_the_rest(Reasons& reasons) const {
        for (const auto& wish : wishes_) {
            if (wish.taken) continue;
            reasons.deny("subject " + x509::attribute_short_name(wish.attribute->type) + " " +
                         shown(wish.attribute->value) + " is not given by the profile");
        }
    }

private:
    struct Wish {
        const x509::Attribute* attribute;
        bool taken;
    };
    std::vector<Wish> wishes_;
};

std::size_t character_count(std::string_view utf8) noexcept {
    return static_cast<std::size_t>(std::count_if(
        utf8.begin(), utf8.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }));
}

// ISO 3166, as X520countryName means it (RFC 5280 appendix A.1).
bool is_country(std::string_view value) noexcept {
    return value.size() == 2 && std::all_of(value.begin(), value.end(), [](char c) { return c >= 'A' && c <= 'Z'; });
}

std::string_view value_problem(std::string_view value, const SubjectRule& rule) noexcept {
    if (value.empty()) return "is empty";
    if (value.front() == ' ' || value.back() == ' ') return "begins or ends with a space";
    if (std::any_of(value.begin(), value.end(),
                    [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; }))
        return "has a control character";
    if (character_count(value) > rule.max_length) return "is longer than the profile allows";
    if (equal(rule.attribute, oid::kCountryName) && !is_country(value)) return "is no country of two capital letters";
    return {};
}

bool is_identity(ByteView type) noexcept {
    return equal(type, oid::kCommonName) || equal(type, oid::kUserId) || equal(type, oid::kSerialNumber) ||
           equal(type, oid::kEmailAddress);
}

bool allowed(const std::vector<Pattern>& patterns, std::string_view value, bool ignore_case) noexcept {
    return std::any_of(patterns.begin(), patterns.end(),
                       [&](const Pattern& pattern) { return pattern.matches(value, ignore_case); });
}

// SubjectJudge makes one attribute of each rule.
class SubjectJudge {
public:
    SubjectJudge(const TemplateInput& input, Reasons& reasons)
        : input_(input), reasons_(reasons), wishes_(input.requested.subject) {}

    x509::Name judge() {
        x509::Name out;
        out.rdns.reserve(input_.profile.subject.size());
        for (const auto& rule : input_.profile.subject) {
            if (auto value = value_of(rule)) {
                out.rdns.push_back({x509::Attribute{rule.attribute, std::move(*value), 0}});
            } else if (rule.required && !refused_) {
                reasons_.deny("the subject needs a " + x509::attribute_short_name(rule.attribute));
            }
        }
        wishes_.refuse_the_rest(reasons_);
        return out;
    }

private:
    std::optional<std::string> value_of(const SubjectRule& rule) {
        refused_ = false;
        switch (rule.source) {
            case ValueSource::fixed:
                return fixed_value(rule);
            case ValueSource::request:
                return requested_value(rule, wishes_.take(rule.attribute));
            case ValueSource::principal:
                return principal_value(rule, wishes_.take(rule.attribute));
        }
        return {};
    }

    // fixed_value is there whatever the request says; to ask for the same is no wish of its own.
    std::optional<std::string> fixed_value(const SubjectRule& rule) {
        wishes_.take_value(rule.attribute, rule.value);
        return rule.value;
    }

    std::optional<std::string> requested_value(const SubjectRule& rule, const x509::Attribute* wish) {
        if (wish == nullptr) return {};
        if (const auto problem = value_problem(wish->value, rule); !problem.empty())
            return refuse(rule, wish->value, problem);
        if (!allowed(rule.allow, wish->value, false)) return refuse(rule, wish->value, "is not allowed by the profile");
        if (is_identity(rule.attribute) && !may_certify(input_, wish->value))
            return refuse(rule, wish->value, "is no name of the requester");
        return wish->value;
    }

    // principal_value is the requested one of the principal's names, or its first.
    std::optional<std::string> principal_value(const SubjectRule& rule, const x509::Attribute* wish) {
        const auto& names = input_.authorised_names;
        if (wish != nullptr && (names.empty() || !may_certify(input_, wish->value)))
            return refuse(rule, wish->value, "is no name of the requester");
        if (wish == nullptr && names.empty()) return {};
        const std::string& value = wish != nullptr ? wish->value : names.front();
        if (const auto problem = value_problem(value, rule); !problem.empty()) return refuse(rule, value, problem);
        if (!rule.allow.empty() && !allowed(rule.allow, value, false))
            return refuse(rule, value, "is not allowed by the profile");
        return value;
    }

    std::nullopt_t refuse(const SubjectRule& rule, std::string_view value, std::string_view why) {
        refused_ = true;
        reasons_.deny("subject " + x509::attribute_short_name(rule.attribute) + " " + shown(value) + " " +
                      std::string{why});
        return std::nullopt;
    }

    const TemplateInput& input_;
    Reasons& reasons_;
    WishList wishes_;
    bool refused_ = false;
};

std::optional<SanKind> kind_of(const x509::GeneralName& name) noexcept {
    if (std::holds_alternative<x509::DnsName>(name)) return SanKind::dns;
    if (std::holds_alternative<x509::IpAddress>(name)) return SanKind::ip;
    if (std::holds_alternative<x509::UriName>(name)) return SanKind::uri;
    if (std::holds_alternative<x509::Rfc822Name>(name)) return SanKind::email;
    return {};
}

// name_problem is what is wrong with a name whatever rule lets it through.
std::string_view name_problem(const x509::GeneralName& name) noexcept {
    if (const auto* dns = std::get_if<x509::DnsName>(&name)) return dns_name_problem(dns->value, true);
    if (const auto* uri = std::get_if<x509::UriName>(&name)) return uri_problem(uri->value);
    if (const auto* email = std::get_if<x509::Rfc822Name>(&name)) return mailbox_problem(email->value);
    if (const auto* ip = std::get_if<x509::IpAddress>(&name))
        return ip->octets.size() == 4 || ip->octets.size() == 16 ? "" : "has neither 4 nor 16 octets";
    return {};
}

// One label alone ("localhost", "com") is a name only where a pattern says that very label.
bool dns_allowed(const SanRule& rule, std::string_view name) noexcept {
    if (!rule.wildcard && name.find('*') != std::string_view::npos) return false;
    if (label_count(name) > 1) return allowed(rule.allow, name, true);
    return std::any_of(rule.allow.begin(), rule.allow.end(),
                       [&](const Pattern& pattern) { return equal_ignoring_case(pattern.text, name); });
}

bool ip_allowed(const SanRule& rule, ByteView octets) {
    return std::any_of(rule.allow.begin(), rule.allow.end(), [&](const Pattern& pattern) {
        const auto prefix = parse_ip_prefix(pattern.text);
        return prefix && prefix.value().contains(octets);
    });
}

bool rule_allows(const SanRule& rule, const x509::GeneralName& name) {
    if (rule.source == ValueSource::principal && rule.allow.empty()) {
        const auto* dns = std::get_if<x509::DnsName>(&name);
        return dns == nullptr || rule.wildcard || dns->value.find('*') == std::string::npos;
    }
    switch (rule.kind) {
        case SanKind::dns:
            return dns_allowed(rule, std::get<x509::DnsName>(name).value);
        case SanKind::ip:
            return ip_allowed(rule, std::get<x509::IpAddress>(name).octets);
        case SanKind::uri:
            return allowed(rule.allow, std::get<x509::UriName>(name).value, false);
        case SanKind::email:
            return allowed(rule.allow, std::get<x509::Rfc822Name>(name).value, false);
    }
    return false;
}

x509::GeneralName normalised(const x509::GeneralName& name) {
    if (const auto* dns = std::get_if<x509::DnsName>(&name)) return x509::DnsName{lower_ascii(dns->value)};
    return name;
}

std::optional<x509::GeneralName> name_of_kind(SanKind kind, const std::string& text) {
    switch (kind) {
        case SanKind::dns:
            return dns_name_problem(text, true).empty() && !parse_ip(text)
                       ? std::optional<x509::GeneralName>{x509::DnsName{text}}
                       : std::nullopt;
        case SanKind::uri:
            return uri_problem(text).empty() ? std::optional<x509::GeneralName>{x509::UriName{text}} : std::nullopt;
        case SanKind::email:
            return mailbox_problem(text).empty() ? std::optional<x509::GeneralName>{x509::Rfc822Name{text}}
                                                 : std::nullopt;
        case SanKind::ip:
            break;
    }
    auto address = parse_ip(text);
    return address ? std::optional<x509::GeneralName>{x509::IpAddress{std::move(address).value()}} : std::nullopt;
}

// SanJudge deals the requested names out to the rules.
class SanJudge {
public:
    SanJudge(const TemplateInput& input, Reasons& reasons)
        : input_(input), reasons_(reasons), by_rule_(input.profile.san.size()) {}

    x509::GeneralNames judge() {
        for (const auto& name : input_.requested.san) place_requested(name);
        for (std::size_t i = 0; i < by_rule_.size(); ++i) complete(input_.profile.san[i], by_rule_[i]);
        x509::GeneralNames out;
        for (auto& names : by_rule_) {
            for (auto& name : names) add_once(out, std::move(name));
        }
        return out;
    }

private:
    static void add_once(x509::GeneralNames& names, x509::GeneralName name) {
        if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(std::move(name));
    }

    void place_requested(const x509::GeneralName& wish) {
        if (const auto problem = name_problem(wish); !problem.empty()) return refuse(wish, problem);
        x509::GeneralName name = normalised(wish);
        const auto kind = kind_of(name);
        const auto& rules = input_.profile.san;
        const bool kind_known =
            kind && std::any_of(rules.begin(), rules.end(), [&](const SanRule& rule) { return rule.kind == *kind; });
        if (!kind_known) return refuse(wish, "is of a kind that the profile gives none of");
        for (std::size_t i = 0; i < rules.size(); ++i) {
            if (rules[i].kind != *kind) continue;
            if (rules[i].source == ValueSource::fixed) {
                if (std::find(rules[i].fixed.begin(), rules[i].fixed.end(), name) != rules[i].fixed.end()) return;
                continue;
            }
            if (!rule_allows(rules[i], name)) continue;
            const bool bound = rules[i].source == ValueSource::principal && input_.authorised_names.empty();
            if (bound || !may_certify(input_, name)) return refuse(wish, "is no name of the requester");
            return add_once(by_rule_[i], std::move(name));
        }
        refuse(wish, "is not allowed by the profile");
    }

    // complete adds what a rule gives without being asked, then counts.
    void complete(const SanRule& rule, x509::GeneralNames& names) {
        if (rule.source == ValueSource::fixed) {
            names = rule.fixed;
            return;
        }
        if (rule.source == ValueSource::principal && names.empty()) {
            for (const auto& text : input_.authorised_names) {
                auto name = name_of_kind(rule.kind, text);
                if (name && rule_allows(rule, *name)) add_once(names, normalised(*name));
            }
        }
        if (names.size() < rule.min_count && !refused_)
            reasons_.deny(count_text(rule, "at least ", rule.min_count, names.size()));
        if (names.size() > rule.max_count) reasons_.deny(count_text(rule, "at most ", rule.max_count, names.size()));
    }

    static std::string count_text(const SanRule& rule, std::string_view bound, std::size_t limit, std::size_t count) {
        return "the profile wants " + std::string{bound} + std::to_string(limit) + " subject alternative name" +
               (limit == 1 ? "" : "s") + " of type " + std::string{san_kind_name(rule.kind)} +
               ", the request leads to " + std::to_string(count);
    }

    void refuse(const x509::GeneralName& name, std::string_view why) {
        refused_ = true;
        reasons_.deny("name " + shown(x509::format_general_name(name)) + " " + std::string{why});
    }

    const TemplateInput& input_;
    Reasons& reasons_;
    std::vector<x509::GeneralNames> by_rule_;
    bool refused_ = false;  // then a name too few says nothing new
};

bool names_host(const x509::GeneralName& name, std::string_view text) {
    if (const auto* dns = std::get_if<x509::DnsName>(&name)) return equal_ignoring_case(dns->value, text);
    if (const auto* ip = std::get_if<x509::IpAddress>(&name)) {
        const auto address = parse_ip(text);
        return address && address.value() == ip->octets;
    }
    return false;
}

bool is_server(const Profile& profile) {
    const auto& purposes = profile.ext_key_usage;
    return profile.kind == SubjectKind::end_entity &&
           std::any_of(purposes.begin(), purposes.end(),
                       [](const Bytes& purpose) { return equal(purpose, oid::kServerAuth); });
}

// RFC 5280 4.1.2.6: "Conforming implementations generating new certificates with electronic mail addresses MUST use the
// rfc822Name in the subject alternative name extension"; emailAddress may stand beside it.
void judge_mailboxes(const x509::Name& subject, const x509::GeneralNames& san, Reasons& reasons) {
    for (const auto& rdn : subject.rdns) {
        if (!equal(rdn.front().type, oid::kEmailAddress)) continue;
        const std::string& address = rdn.front().value;
        const bool named = std::any_of(san.begin(), san.end(), [&](const x509::GeneralName& name) {
            const auto* mailbox = std::get_if<x509::Rfc822Name>(&name);
            return mailbox != nullptr && equal_ignoring_case(mailbox->value, address);
        });
        if (!named)
            reasons.deny("subject emailAddress " + shown(address) + " is not among the mailboxes of the request");
    }
}

// A server is known by its DNS names and addresses; a CN that the profile did not fix must be one of them.
void judge_server_names(const Profile& profile, const x509::Name& subject, const x509::GeneralNames& san,
                        Reasons& reasons) {
    const bool has_host = std::any_of(san.begin(), san.end(), [](const x509::GeneralName& name) {
        return std::holds_alternative<x509::DnsName>(name) || std::holds_alternative<x509::IpAddress>(name);
    });
    if (!has_host) reasons.deny("a server's certificate needs a DNS name or an address");
    for (const auto& rdn : subject.rdns) {
        const auto& attribute = rdn.front();
        const bool fixed = std::any_of(profile.subject.begin(), profile.subject.end(), [&](const SubjectRule& rule) {
            return rule.source == ValueSource::fixed && rule.attribute == attribute.type &&
                   rule.value == attribute.value;
        });
        if (fixed || !equal(attribute.type, oid::kCommonName)) continue;
        const bool named = std::any_of(
            san.begin(), san.end(), [&](const x509::GeneralName& name) { return names_host(name, attribute.value); });
        if (!named)
            reasons.deny("subject CN " + shown(attribute.value) +
                         " is not among the DNS names and addresses of the request");
    }
}

}  // namespace

bool may_certify(const TemplateInput& input, std::string_view name) {
    if (input.authorised_names.empty()) return true;
    return std::any_of(input.authorised_names.begin(), input.authorised_names.end(), [&](const std::string& own) {
        return own == name || (dns_name_problem(name, true).empty() && equal_ignoring_case(own, name));
    });
}

bool may_certify(const TemplateInput& input, const x509::GeneralName& name) {
    if (input.authorised_names.empty()) return true;
    if (const auto* ip = std::get_if<x509::IpAddress>(&name)) {
        return std::any_of(input.authorised_names.begin(), input.authorised_names.end(), [&](const std::string& own) {
            const auto address = parse_ip(own);
            return address && address.value() == ip->octets;
        });
    }
    if (const auto* dns = std::get_if<x509::DnsName>(&name)) return may_certify(input, dns->value);
    if (const auto* uri = std::get_if<x509::UriName>(&name)) return may_certify(input, uri->value);
    if (const auto* email = std::get_if<x509::Rfc822Name>(&name)) return may_certify(input, email->value);
    return false;
}

x509::Name judge_subject(const TemplateInput& input, Reasons& reasons) { return SubjectJudge{input, reasons}.judge(); }

x509::GeneralNames judge_san(const TemplateInput& input, Reasons& reasons) { return SanJudge{input, reasons}.judge(); }

void judge_name_coherence(const TemplateInput& input, const x509::Name& subject, const x509::GeneralNames& san,
                          Reasons& reasons) {
    if (!reasons.empty()) return;
    if (subject.empty() && !input.profile.empty_subject_allowed) reasons.deny("the profile allows no empty subject");
    // RFC 5280 4.1.2.6: where the subject is empty, the SAN names the subject.
    if (subject.empty() && san.empty())
        reasons.deny("the certificate would have neither a subject nor a subject alternative name");
    judge_mailboxes(subject, san, reasons);
    if (is_server(input.profile)) judge_server_names(input.profile, subject, san, reasons);
}

}  // namespace sealwright::profile
