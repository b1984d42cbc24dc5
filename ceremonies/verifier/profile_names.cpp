// profile_names.cpp: the names of a list, and the patterns that a profile holds against them.
#include "ceremonies/verifier/address_block.hpp"
#include "ceremonies/verifier/profile_reading.hpp"

namespace sealwright::verifier {
namespace {

// matches keeps for each end of the pattern whether the value so far reaches it: no pattern makes it slow.
bool matches(std::string_view pattern, std::string_view value) {
    std::vector<bool> reached(value.size() + 1, false);
    reached[0] = true;
    for (std::size_t at = 0; at < pattern.size(); ++at) {
        std::vector<bool> next(value.size() + 1, false);
        if (pattern[at] == '*') {
            const bool any = at + 1 < pattern.size() && pattern[at + 1] == '*';
            if (any) ++at;
            next[0] = reached[0];
            for (std::size_t i = 0; i < value.size(); ++i)
                next[i + 1] = reached[i + 1] || (next[i] && (any || value[i] != '.'));
        } else {
            for (std::size_t i = 0; i < value.size(); ++i) next[i + 1] = reached[i] && pattern[at] == value[i];
        }
        reached = std::move(next);
    }
    return reached.back();
}

bool dns_allowed(const SanReading& rule, const std::string& name) {
    const bool one_label = name.find('.') == std::string::npos;
    return std::any_of(rule.allow.begin(), rule.allow.end(), [&](const std::string& pattern) {
        return one_label ? lower_case(pattern) == name : matches(lower_case(pattern), name);
    });
}

bool text_allowed(const SanReading& rule, const std::string& name) {
    return std::any_of(rule.allow.begin(), rule.allow.end(),
                       [&](const std::string& pattern) { return matches(pattern, name); });
}

bool address_allowed(const SanReading& rule, ByteView address) {
    return std::any_of(rule.allow.begin(), rule.allow.end(), [&](const std::string& text) {
        const auto block = read_address_block(text);
        return block && is_in_block(address, block.value());
    });
}

}  // namespace

std::string lower_case(std::string text) {
    for (char& c : text) {
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    }
    return text;
}

std::pair<NameKind, x509::GeneralName> name_of(const std::string& text) {
    if (auto address = x509::parse_general_name_text("IP:" + text)) return {NameKind::ip, std::move(address.value())};
    if (text.find(':') != std::string::npos) return {NameKind::uri, x509::UriName{text}};
    if (text.find('@') != std::string::npos) return {NameKind::email, x509::Rfc822Name{text}};
    return {NameKind::dns, x509::DnsName{lower_case(text)}};
}

bool is_allowed(const SanReading& rule, const x509::GeneralName& name) {
    if (const auto* dns = std::get_if<x509::DnsName>(&name)) {
        if (!rule.wildcard && dns->value.find('*') != std::string::npos) return false;
        return rule.allow.empty() || dns_allowed(rule, dns->value);
    }
    if (rule.allow.empty()) return true;
    if (const auto* address = std::get_if<x509::IpAddress>(&name)) return address_allowed(rule, address->octets);
    if (const auto* uri = std::get_if<x509::UriName>(&name)) return text_allowed(rule, uri->value);
    const auto* mailbox = std::get_if<x509::Rfc822Name>(&name);
    return mailbox != nullptr && text_allowed(rule, mailbox->value);
}

}  // namespace sealwright::verifier
