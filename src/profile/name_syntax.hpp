// name_syntax.hpp: what DNS names, addresses, mailboxes and URIs must look like in a certificate. Used by the template
// engine and by the lints.
#pragma once

#include <array>
#include <string_view>

#include "base/bytes.hpp"

namespace sealwright::profile {

// Each X_problem gives what is wrong in a few words, or an empty view when nothing is. None allocates, none fails.

// dns_name_problem wants a host name of LDH labels (RFC 5890 2.3.1; A-labels stand for internationalised ones): 1 to 63
// octets a label, 253 in all, no underscore, no empty label and so no trailing dot, no label of digits alone at the
// end, no reserved "??--" label but "xn--". With wildcard_allowed the leftmost label may be "*", if at least two labels
// follow it (RFC 9525 6.3).
std::string_view dns_name_problem(std::string_view name, bool wildcard_allowed) noexcept;
// mailbox_problem wants Local-part@Domain (RFC 5280 4.2.1.6) with an ASCII dot-atom local part and a DNS name behind
// it.
std::string_view mailbox_problem(std::string_view mailbox) noexcept;
// uri_syntax_problem wants an absolute URI of RFC 3986 with something behind its scheme. uri_host_problem looks at the authority, where there is one: the
// host must be a DNS name or an address (RFC 5280 4.2.1.6). uri_problem wants both.
std::string_view uri_syntax_problem(std::string_view uri) noexcept;
std::string_view uri_host_problem(std::string_view uri) noexcept;
std::string_view uri_problem(std::string_view uri) noexcept;
// http_uri_problem wants besides the scheme http or https.
std::string_view http_uri_problem(std::string_view uri) noexcept;
// pointer_uri_problem is for where a certificate points to: as uri_problem, and an LDAP URI must name entry and attribute, and may lack its host
// (RFC 5280 4.2.1.13, 4.2.2.1).
std::string_view pointer_uri_problem(std::string_view uri) noexcept;

// label_count is how many labels a DNS name has.
std::size_t label_count(std::string_view dns_name) noexcept;

// IpPrefix is an address block: 4 or 16 octets, and how many of their leading bits count.
struct IpPrefix {
    Bytes address;
    unsigned length = 0;
    // contains takes 4 or 16 octets; a block holds addresses of its own family alone.
    bool contains(ByteView octets) const noexcept;
};
// parse_ip reads an address; parse_ip_prefix reads "192.0.2.0/24", "2001:db8::/32" or one address. Bits behind the
// prefix must be zero.
Result<Bytes> parse_ip(std::string_view text);
Result<IpPrefix> parse_ip_prefix(std::string_view text);

// lower_ascii makes A to Z small and leaves the rest alone; equal_ignoring_case compares so.
std::string lower_ascii(std::string_view text);
bool equal_ignoring_case(std::string_view a, std::string_view b) noexcept;

}  // namespace sealwright::profile
