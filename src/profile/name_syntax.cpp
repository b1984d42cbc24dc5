#include "profile/name_syntax.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <boost/url/parse.hpp>
#include <boost/url/url_view.hpp>
#include <charconv>

namespace sealwright::profile {
namespace {

constexpr bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }
constexpr bool is_letter(char c) noexcept { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
constexpr char lower(char c) noexcept { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

std::string_view label_problem(std::string_view label) noexcept {
    if (label.empty()) return "has an empty label";
    if (label.size() > 63) return "has a label longer than 63 octets";
    for (const char c : label) {
        if (c == '_') return "has an underscore";
        if (c == '*') return "has a wildcard that is not allowed there";
        if (!is_letter(c) && !is_digit(c) && c != '-') return "has a character that is not a letter, digit or hyphen";
    }
    if (label.front() == '-' || label.back() == '-') return "has a label that begins or ends with a hyphen";
    const bool reserved = label.size() >= 4 && label[2] == '-' && label[3] == '-';
    if (reserved && (!equal_ignoring_case(label.substr(0, 2), "xn") || label.size() == 4)) {
        return "has a reserved label with hyphens in its third and fourth place that is no A-label";
    }
    return {};
}

bool all_digits(std::string_view label) noexcept { return std::all_of(label.begin(), label.end(), is_digit); }

// RFC 5322 3.2.3 atext.
bool is_atext(char c) noexcept {
    return is_letter(c) || is_digit(c) || std::string_view{"!#$%&'*+-/=?^_`{|}~"}.find(c) != std::string_view::npos;
}

std::string_view host_problem(const boost::urls::url_view& uri) noexcept {
    const auto host = uri.encoded_host();
    switch (uri.host_type()) {
        case boost::urls::host_type::ipv4:
        case boost::urls::host_type::ipv6:
            return {};
        case boost::urls::host_type::name:
            if (host.empty()) return "has an empty host";
            if (!dns_name_problem({host.data(), host.size()}, false).empty())
                return "has a host that is neither a DNS name nor an address";
            return {};
        case boost::urls::host_type::ipvfuture:
        case boost::urls::host_type::none:
            break;
    }
    return "has a host that is neither a DNS name nor an address";
}

}  // namespace

std::string lower_ascii(std::string_view text) {
    std::string out{text};
    std::transform(out.begin(), out.end(), out.begin(), lower);
    return out;
}

bool equal_ignoring_case(std::string_view a, std::string_view b) noexcept {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) { return lower(x) == lower(y); });
}

std::size_t label_count(std::string_view dns_name) noexcept {
    return 1 + static_cast<std::size_t>(std::count(dns_name.begin(), dns_name.end(), '.'));
}

std::string_view dns_name_problem(std::string_view name, bool wildcard_allowed) noexcept {
    if (name.empty()) return "is empty";
    if (name.size() > 253) return "is longer than 253 octets";
    if (name.back() == '.') return "ends with a dot";
    if (wildcard_allowed && name.starts_with("*.")) {
        name.remove_prefix(2);
        if (label_count(name) < 2) return "is a wildcard with fewer than two labels behind it";
    }
    for (;;) {
        const std::size_t dot = name.find('.');
        const std::string_view label = name.substr(0, dot);
        if (const auto problem = label_problem(label); !problem.empty()) return problem;
        if (dot == std::string_view::npos)
            return all_digits(label) ? std::string_view{"ends with a label of digits alone"} : std::string_view{};
        name.remove_prefix(dot + 1);
    }
}

std::string_view mailbox_problem(std::string_view mailbox) noexcept {
    const std::size_t at = mailbox.rfind('@');
    if (at == std::string_view::npos) return "has no @";
    const std::string_view local = mailbox.substr(0, at);
    if (local.empty()) return "has an empty local part";
    if (local.size() > 64) return "has a local part longer than 64 octets";
    if (local.front() == '.' || local.back() == '.' || local.find("..") != std::string_view::npos)
        return "has a local part with a misplaced dot";
    if (!std::all_of(local.begin(), local.end(), [](char c) { return c == '.' || is_atext(c); })) {
        return "has a character in its local part that a dot-atom does not allow";
    }
    return dns_name_problem(mailbox.substr(at + 1), false).empty()
               ? std::string_view{}
               : std::string_view{"has a domain that is no DNS name"};
}

std::string_view uri_syntax_problem(std::string_view text) noexcept {
    // RFC 3986 knows no length; this bound keeps certificates small.
    if (text.size() > 2048) return "is longer than 2048 octets";
    const auto parsed = boost::urls::parse_uri({text.data(), text.size()});
    if (parsed.has_error()) return "is no absolute URI";
    if (!parsed->has_authority() && parsed->encoded_path().empty()) return "has nothing behind its scheme";
    return {};
}

std::string_view uri_host_problem(std::string_view text) noexcept {
    const auto parsed = boost::urls::parse_uri({text.data(), text.size()});
    if (parsed.has_error() || !parsed->has_authority()) return {};
    return host_problem(*parsed);
}

std::string_view uri_problem(std::string_view text) noexcept {
    const auto problem = uri_syntax_problem(text);
    return problem.empty() ? uri_host_problem(text) : problem;
}

std::string_view pointer_uri_problem(std::string_view text) noexcept {
    if (const auto problem = uri_syntax_problem(text); !problem.empty()) return problem;
    const auto uri = boost::urls::parse_uri({text.data(), text.size()});
    if (uri.has_error()) return "is no absolute URI";
    const auto scheme = uri->scheme();
    if (!equal_ignoring_case({scheme.data(), scheme.size()}, "ldap") &&
        !equal_ignoring_case({scheme.data(), scheme.size()}, "ldaps")) {
        return uri_host_problem(text);
    }
    // RFC 4516: ldap://host/dn?attributes
    if (uri->encoded_path().size() < 2) return "is an LDAP URI without a distinguished name";
    return !uri->has_query() || uri->encoded_query().empty() ? std::string_view{"is an LDAP URI without an attribute"}
                                                             : std::string_view{};
}

std::string_view http_uri_problem(std::string_view text) noexcept {
    if (const auto problem = uri_problem(text); !problem.empty()) return problem;
    const std::string_view scheme = text.substr(0, text.find(':'));
    if (!equal_ignoring_case(scheme, "http") && !equal_ignoring_case(scheme, "https"))
        return "is neither http nor https";
    return text.substr(scheme.size()).starts_with("://") ? std::string_view{} : std::string_view{"has no host"};
}

bool IpPrefix::contains(ByteView octets) const noexcept {
    if (octets.size() != address.size() || length > octets.size() * 8) return false;
    const std::size_t whole = length / 8;
    if (!equal(octets.first(whole), ByteView{address}.first(whole))) return false;
    const unsigned rest = length % 8;
    return rest == 0 || ((octets[whole] ^ address[whole]) >> (8U - rest)) == 0;
}

Result<Bytes> parse_ip(std::string_view text) {
    const std::string terminated{text};
    std::array<std::uint8_t, 16> octets{};
    if (terminated.find('\0') == std::string::npos) {
        if (::inet_pton(AF_INET, terminated.c_str(), octets.data()) == 1)
            return Bytes(octets.begin(), octets.begin() + 4);
        if (::inet_pton(AF_INET6, terminated.c_str(), octets.data()) == 1) return Bytes(octets.begin(), octets.end());
    }
    return fail(ErrorCode::malformed, "not an IP address");
}

Result<IpPrefix> parse_ip_prefix(std::string_view text) {
    const std::size_t slash = text.find('/');
    SEALWRIGHT_TRY(auto address, parse_ip(text.substr(0, slash)));
    const auto bits = static_cast<unsigned>(address.size() * 8);
    if (slash == std::string_view::npos) return IpPrefix{std::move(address), bits};
    const std::string_view digits = text.substr(slash + 1);
    unsigned length = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), length);
    const bool minimal = digits.size() == 1 || (!digits.empty() && digits.front() != '0');
    if (error != std::errc{} || end != digits.data() + digits.size() || !minimal || length > bits) {
        return fail(ErrorCode::malformed, "the prefix length must be a number from 0 to " + std::to_string(bits));
    }
    for (unsigned bit = length; bit < bits; ++bit) {
        if ((address[bit / 8] & (0x80U >> (bit % 8U))) != 0)
            return fail(ErrorCode::malformed, "there are address bits behind the prefix");
    }
    return IpPrefix{std::move(address), length};
}

}  // namespace sealwright::profile
