#include "profile/lints/name_rules.hpp"

#include "asn1/oid.hpp"
#include "profile/name_syntax.hpp"

namespace sealwright::profile::lints {
namespace {

bool has_star(const GeneralNameView& name) noexcept {
    return text_of(name.content).find('*') != std::string_view::npos;
}

}  // namespace

bool is_ia5(ByteView content) noexcept {
    return std::all_of(content.begin(), content.end(), [](std::uint8_t octet) { return octet < 0x80; });
}

bool is_ia5_kind(const GeneralNameView& name) noexcept {
    return name.tag == kRfc822Name || name.tag == kDnsName || name.tag == kUri;
}

bool is_empty_name(const GeneralNameView& name) noexcept {
    if (name.tag == kDirectoryName) return name.content.size() == 2 && name.content[1] == 0;
    return name.content.empty() && (is_ia5_kind(name) || name.tag == kIpAddress);
}

bool is_judged(const GeneralNameView& name, asn1::Tag kind) noexcept {
    return name.tag == kind && !is_empty_name(name) && (!is_ia5_kind(name) || is_ia5(name.content));
}

std::string text_of_name(const GeneralNameView& name) {
    const auto parsed = x509::parse_general_name(name.encoding);
    return parsed ? x509::format_general_name(parsed.value()) : "name " + to_hex(name.encoding);
}

std::string_view dns_problem(const GeneralNameView& name) noexcept {
    return is_judged(name, kDnsName) && !has_star(name) ? dns_name_problem(text_of(name.content), false)
                                                        : std::string_view{};
}

std::string_view wildcard_problem(const GeneralNameView& name) noexcept {
    return is_judged(name, kDnsName) && has_star(name) ? dns_name_problem(text_of(name.content), true)
                                                       : std::string_view{};
}

std::string_view mailbox_problem(const GeneralNameView& name) noexcept {
    return is_judged(name, kRfc822Name) ? profile::mailbox_problem(text_of(name.content)) : std::string_view{};
}

std::string_view uri_problem(const GeneralNameView& name) noexcept {
    return is_judged(name, kUri) ? uri_syntax_problem(text_of(name.content)) : std::string_view{};
}

std::string_view uri_host_problem(const GeneralNameView& name) noexcept {
    return is_judged(name, kUri) ? profile::uri_host_problem(text_of(name.content)) : std::string_view{};
}

std::string_view ip_problem(const GeneralNameView& name) noexcept {
    const bool fits = name.content.size() == 4 || name.content.size() == 16;
    return is_judged(name, kIpAddress) && !fits ? std::string_view{"has neither 4 nor 16 octets"} : std::string_view{};
}

std::string_view pointer_problem(const GeneralNameView& name) noexcept {
    if (name.tag != kUri) return {};
    return is_ia5(name.content) ? pointer_uri_problem(text_of(name.content))
                                : std::string_view{"has an octet that is not ASCII"};
}

bool are_well_formed_names(ByteView value) {
    const auto content = sequence_content(value);
    bool sound = content.has_value();
    return sound &&
           each_general_name(*content, [&](const GeneralNameView& name) { sound = sound && is_well_formed(name); }) &&
           sound;
}

bool are_well_formed_points(ByteView value) {
    const auto content = sequence_content(value);
    if (!content || content->empty()) return false;
    bool sound = true;
    const auto check = [&](const GeneralNameView& name) { sound = sound && is_well_formed(name); };
    const bool walked = each_distribution_point(*content, [&](const DistributionPointView& point) {
        if (point.full_name) sound = each_general_name(*point.full_name, check) && sound;
        if (point.crl_issuer)
            sound = !point.crl_issuer->empty() && each_general_name(*point.crl_issuer, check) && sound;
    });
    return walked && sound;
}

bool are_well_formed_accesses(ByteView value) {
    const auto content = sequence_content(value);
    if (!content || content->empty()) return false;
    bool sound = true;
    return each_access(*content, [&](const AccessView& access) { sound = sound && is_well_formed(access.location); }) &&
           sound;
}

}  // namespace sealwright::profile::lints
