#include "x509/path_names.hpp"

#include "asn1/oid.hpp"

namespace sealwright::x509 {
namespace {

// Side says for which list a comparison is made; doubt goes against the name.
enum class Side { permitted, excluded };

std::string lower(std::string_view text) {
    std::string out{text};
    for (char& c : out) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    return out;
}

// host_form is lower case without the dot of the root.
std::string host_form(std::string_view host) {
    if (host.ends_with('.')) host.remove_suffix(1);
    return lower(host);
}

bool is_below(std::string_view host, std::string_view domain) {
    return host.size() > domain.size() && host.ends_with(domain) && host[host.size() - domain.size() - 1] == '.';
}

bool dns_matches(const std::string& name, const std::string& constraint, Side side) {
    const std::string host = host_form(name);
    std::string domain = host_form(constraint);
    if (domain.empty()) return true;
    const bool below_only = domain.starts_with('.');
    if (below_only) domain.erase(0, 1);
    if (is_below(host, domain)) return true;
    if (host == domain) return !below_only || side == Side::excluded;
    // "*.example.org" also stands for "a.example.org", which may be what is excluded.
    return side == Side::excluded && host.starts_with("*.") && is_below(domain, host.substr(2));
}

// host_matches is the rule of rfc822Name and URI: a host is itself, ".domain" is every host below it.
bool host_matches(const std::string& host, const std::string& constraint) {
    if (constraint.starts_with('.')) return is_below(host, constraint.substr(1));
    return host == constraint;
}

bool mail_matches(const std::string& name, const std::string& constraint, Side side) {
    if (constraint.empty()) return true;
    const std::size_t at = name.rfind('@');
    if (at == std::string::npos) return side == Side::excluded;
    const std::string host = host_form(std::string_view{name}.substr(at + 1));
    const std::size_t constraint_at = constraint.rfind('@');
    if (constraint_at == std::string::npos) return host_matches(host, host_form(constraint));
    // RFC 5280 7.5: the local part is compared exactly. To be sure, an excluded one is not.
    const std::string_view local = std::string_view{name}.substr(0, at);
    const std::string_view constraint_local = std::string_view{constraint}.substr(0, constraint_at);
    const bool same_local =
        side == Side::permitted ? local == constraint_local : lower(local) == lower(constraint_local);
    return same_local && host == host_form(std::string_view{constraint}.substr(constraint_at + 1));
}

// host_of_uri is nullopt for a URI without a host name: RFC 5280 4.2.1.10 wants it refused where URIs are constrained.
std::optional<std::string> host_of_uri(std::string_view uri) {
    const std::size_t scheme_end = uri.find("://");
    if (scheme_end == std::string_view::npos) return std::nullopt;
    std::string_view authority = uri.substr(scheme_end + 3);
    authority = authority.substr(0, authority.find_first_of("/?#\\"));
    if (const std::size_t at = authority.rfind('@'); at != std::string_view::npos) authority.remove_prefix(at + 1);
    if (authority.starts_with('[')) return std::nullopt;
    std::string host = host_form(authority.substr(0, authority.find(':')));
    const bool numeric = host.find_first_not_of("0123456789.") == std::string::npos;
    if (host.empty() || numeric || host.find('%') != std::string::npos) return std::nullopt;
    return host;
}

bool uri_matches(const std::string& name, const std::string& constraint, Side side) {
    if (constraint.empty()) return true;
    const auto host = host_of_uri(name);
    if (!host) return side == Side::excluded;
    return host_matches(*host, host_form(constraint));
}

bool ip_matches(ByteView address, ByteView constraint) {
    if (constraint.size() != 2 * address.size()) return false;
    for (std::size_t i = 0; i < address.size(); ++i) {
        if (((address[i] ^ constraint[i]) & constraint[address.size() + i]) != 0) return false;
    }
    return true;
}

// comparable folds case and runs of spaces, as far as RFC 5280 7.1 concerns ASCII.
std::string comparable(std::string_view value) {
    std::string out;
    for (const char c : lower(value)) {
        if (c == ' ' && (out.empty() || out.back() == ' ')) continue;
        out += c;
    }
    if (out.ends_with(' ')) out.pop_back();
    return out;
}

bool same_attribute(const Attribute& a, const Attribute& b) {
    return a.type == b.type && comparable(a.value) == comparable(b.value);
}

bool same_rdn(const std::vector<Attribute>& a, const std::vector<Attribute>& b) {
    if (a.size() != b.size()) return false;
    return std::all_of(a.begin(), a.end(), [&](const Attribute& attribute) {
        return std::any_of(b.begin(), b.end(),
                           [&](const Attribute& other) { return same_attribute(attribute, other); });
    });
}

bool name_matches(const Name& name, const Name& constraint) {
    if (constraint.rdns.size() > name.rdns.size()) return false;
    return std::equal(constraint.rdns.begin(), constraint.rdns.end(), name.rdns.begin(), same_rdn);
}

// matches says whether a name lies in a subtree of the same kind.
bool matches(const GeneralName& name, const GeneralName& base, Side side) {
    if (const auto* dns = std::get_if<DnsName>(&name))
        return dns_matches(dns->value, std::get<DnsName>(base).value, side);
    if (const auto* mail = std::get_if<Rfc822Name>(&name))
        return mail_matches(mail->value, std::get<Rfc822Name>(base).value, side);
    if (const auto* uri = std::get_if<UriName>(&name))
        return uri_matches(uri->value, std::get<UriName>(base).value, side);
    if (const auto* ip = std::get_if<IpAddress>(&name)) return ip_matches(ip->octets, std::get<IpAddress>(base).octets);
    if (const auto* directory = std::get_if<DirectoryName>(&name)) {
        return name_matches(directory->name, std::get<DirectoryName>(base).name);
    }
    return side == Side::excluded;
}

// all_names are the names of a certificate that constraints apply to (RFC 5280 4.2.1.10): the subject unless empty, its
// e-mail addresses, and the alternative names.
GeneralNames all_names(const TbsCertificate& certificate, const GeneralNames& alternative_names) {
    GeneralNames names = alternative_names;
    if (!certificate.subject.empty()) names.emplace_back(DirectoryName{certificate.subject});
    for (const auto& rdn : certificate.subject.rdns) {
        for (const Attribute& attribute : rdn) {
            if (equal(attribute.type, asn1::oid::kEmailAddress)) names.emplace_back(Rfc822Name{attribute.value});
        }
    }
    return names;
}

}  // namespace

void PathNames::add(const NameConstraints& constraints) {
    if (!constraints.permitted.empty()) permitted_.push_back(constraints.permitted);
    excluded_.insert(excluded_.end(), constraints.excluded.begin(), constraints.excluded.end());
}

bool PathNames::permits(const GeneralName& name) const {
    return std::all_of(permitted_.begin(), permitted_.end(), [&](const GeneralNames& list) {
        bool constrained = false;
        for (const GeneralName& base : list) {
            if (base.index() != name.index()) continue;
            if (matches(name, base, Side::permitted)) return true;
            constrained = true;
        }
        return !constrained;
    });
}

bool PathNames::excludes(const GeneralName& name) const {
    return std::any_of(excluded_.begin(), excluded_.end(), [&](const GeneralName& base) {
        return base.index() == name.index() && matches(name, base, Side::excluded);
    });
}

std::vector<std::string> PathNames::violations(const TbsCertificate& certificate,
                                               const GeneralNames& alternative_names) const {
    std::vector<std::string> found;
    if (permitted_.empty() && excluded_.empty()) return found;
    for (const GeneralName& name : all_names(certificate, alternative_names)) {
        if (!permits(name)) found.push_back(format_general_name(name) + " lies in no permitted subtree");
        if (excludes(name)) found.push_back(format_general_name(name) + " lies in an excluded subtree");
    }
    return found;
}

}  // namespace sealwright::x509
