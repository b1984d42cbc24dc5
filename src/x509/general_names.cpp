#include "x509/general_names.hpp"

#include <arpa/inet.h>

#include <array>
#include <stdexcept>

#include "asn1/oid.hpp"
#include "base/log.hpp"
#include "x509/general_name_codec.hpp"
#include "x509/name_codec.hpp"
#include "x509/string_types.hpp"

namespace sealwright::x509 {
namespace {

using asn1::context;
using asn1::context_constructed;

constexpr std::size_t kIpv4 = 4;
constexpr std::size_t kIpv6 = 16;

Error bad_general_name(std::string what) { return fail(ErrorCode::malformed, "general name: " + std::move(what)); }

template <class... Cases>
struct Overloaded : Cases... {
    using Cases::operator()...;
};
template <class... Cases>
Overloaded(Cases...) -> Overloaded<Cases...>;  // clang 16 does not deduce aggregates by itself

Result<std::string> read_ia5(asn1::DerReader& reader, unsigned number, GeneralNameUse use) {
    SEALWRIGHT_TRY(const asn1::Element element, reader.expect(context(number)));
    const std::string_view text = text_of(element.content);
    if (text.empty() && use == GeneralNameUse::name) return bad_general_name("an empty name");
    // IA5String knows more characters; a space, a control or a NUL in these names only serves to deceive a reader.
    if (!is_visible_ascii(text)) return bad_general_name("a character that is not visible ASCII");
    return std::string{text};
}

// is_prefix_mask says whether the ones of a mask stand before its zeros (RFC 4632 notation).
bool is_prefix_mask(ByteView mask) noexcept {
    bool ended = false;
    for (const std::uint8_t octet : mask) {
        for (unsigned bit = 0x80; bit != 0; bit >>= 1U) {
            const bool set = (octet & bit) != 0;
            if (set && ended) return false;
            ended = ended || !set;
        }
    }
    return true;
}

Result<GeneralName> read_ip(asn1::DerReader& reader, GeneralNameUse use) {
    SEALWRIGHT_TRY(const asn1::Element element, reader.expect(context(7)));
    const ByteView octets = element.content;
    const std::size_t factor = use == GeneralNameUse::constraint ? 2 : 1;
    if (octets.size() != kIpv4 * factor && octets.size() != kIpv6 * factor)
        return bad_general_name("an iPAddress of the wrong length");
    if (use == GeneralNameUse::constraint && !is_prefix_mask(octets.subspan(octets.size() / 2))) {
        return bad_general_name("an iPAddress whose mask is no prefix");
    }
    return GeneralName{IpAddress{bytes_of(octets)}};
}

Result<GeneralName> read_other_name(asn1::DerReader& reader) {
    SEALWRIGHT_TRY(auto inner, reader.enter(context_constructed(0)));
    SEALWRIGHT_TRY(const ByteView type, inner.oid());
    SEALWRIGHT_TRY(auto wrapped, inner.enter(context_constructed(0)));
    SEALWRIGHT_TRY(inner.finish());
    SEALWRIGHT_TRY(const asn1::Element value, wrapped.next());
    SEALWRIGHT_TRY(wrapped.finish());
    return GeneralName{OtherName{bytes_of(type), bytes_of(value.encoding)}};
}

Result<GeneralName> read_directory_name(asn1::DerReader& reader) {
    SEALWRIGHT_TRY(const asn1::Element wrapper, reader.expect(context_constructed(4)));
    SEALWRIGHT_TRY(auto name, parse_name(wrapper.content));
    return GeneralName{DirectoryName{std::move(name)}};
}

std::string format_address(ByteView octets) {
    std::array<char, INET6_ADDRSTRLEN> text{};
    const int family = octets.size() == kIpv4 ? AF_INET : AF_INET6;
    if (octets.size() != kIpv4 && octets.size() != kIpv6) return to_hex(octets);
    return ::inet_ntop(family, octets.data(), text.data(), static_cast<socklen_t>(text.size())) != nullptr
               ? text.data()
               : to_hex(octets);
}

std::string format_ip(ByteView octets) {
    if (octets.size() != 2 * kIpv4 && octets.size() != 2 * kIpv6) return format_address(octets);
    return format_address(octets.first(octets.size() / 2)) + "/" + format_address(octets.subspan(octets.size() / 2));
}

Result<GeneralName> parse_ip_text(std::string_view text) {
    const std::string terminated{text};
    Bytes octets(kIpv6);
    if (::inet_pton(AF_INET, terminated.c_str(), octets.data()) == 1) {
        octets.resize(kIpv4);
        return GeneralName{IpAddress{std::move(octets)}};
    }
    if (terminated.size() == text.size() && ::inet_pton(AF_INET6, terminated.c_str(), octets.data()) == 1) {
        return GeneralName{IpAddress{std::move(octets)}};
    }
    return bad_general_name("expected an IP address");
}

}  // namespace

Result<GeneralName> read_general_name(asn1::DerReader& reader, GeneralNameUse use) {
    switch (reader.peek()) {
        case context_constructed(0):
            return read_other_name(reader);
        case context(1): {
            SEALWRIGHT_TRY(auto text, read_ia5(reader, 1, use));
            return GeneralName{Rfc822Name{std::move(text)}};
        }
        case context(2): {
            SEALWRIGHT_TRY(auto text, read_ia5(reader, 2, use));
            return GeneralName{DnsName{std::move(text)}};
        }
        case context_constructed(4):
            return read_directory_name(reader);
        case context(6): {
            SEALWRIGHT_TRY(auto text, read_ia5(reader, 6, use));
            return GeneralName{UriName{std::move(text)}};
        }
        case context(7):
            return read_ip(reader, use);
        case context(8): {
            SEALWRIGHT_TRY(const ByteView oid, reader.oid(context(8)));
            return GeneralName{RegisteredId{bytes_of(oid)}};
        }
        case context_constructed(3):
            return fail(ErrorCode::unsupported, "general name: x400Address is not supported");
        case context_constructed(5):
            return fail(ErrorCode::unsupported, "general name: ediPartyName is not supported");
        default:
            return bad_general_name("an unknown tag");
    }
}

Result<GeneralNames> read_general_names(asn1::DerReader reader) {
    GeneralNames names;
    while (!reader.at_end()) {
        if (names.size() == kMaxGeneralNames) return fail(ErrorCode::too_large, "general names: more than 1000");
        SEALWRIGHT_TRY(auto name, read_general_name(reader, GeneralNameUse::name));
        names.push_back(std::move(name));
    }
    if (names.empty()) return bad_general_name("an empty list of names");
    return names;
}

Result<GeneralNames> parse_general_names(ByteView der) {
    SEALWRIGHT_TRY(const asn1::Element sequence, asn1::the_only(der, asn1::kSequence));
    return read_general_names(asn1::DerReader{sequence.content});
}

Result<GeneralName> parse_general_name(ByteView der) {
    asn1::DerReader reader{der};
    SEALWRIGHT_TRY(auto name, read_general_name(reader, GeneralNameUse::name));
    SEALWRIGHT_TRY(reader.finish());
    return name;
}

void write_general_name(asn1::DerWriter& writer, const GeneralName& name) {
    std::visit(
        Overloaded{
            [&](const OtherName& other) {
                writer.constructed(context_constructed(0), [&] {
                    writer.oid(other.type).constructed(context_constructed(0), [&] { writer.raw(other.value_der); });
                });
            },
            [&](const Rfc822Name& mail) { writer.primitive(context(1), view_of(mail.value)); },
            [&](const DnsName& dns) { writer.primitive(context(2), view_of(dns.value)); },
            [&](const DirectoryName& directory) {
                const auto der = encode_name_as_is(directory.name);
                if (!der)
                    throw std::invalid_argument{"a directoryName that cannot be encoded: " + der.error().describe()};
                writer.primitive(context_constructed(4), der.value());
            },
            [&](const UriName& uri) { writer.primitive(context(6), view_of(uri.value)); },
            [&](const IpAddress& ip) { writer.primitive(context(7), ip.octets); },
            [&](const RegisteredId& id) { writer.primitive(context(8), id.oid); },
        },
        name);
}

Bytes encode_general_name(const GeneralName& name) {
    asn1::DerWriter writer;
    write_general_name(writer, name);
    return writer.take();
}

Bytes encode_general_names(const GeneralNames& names) {
    asn1::DerWriter writer;
    writer.sequence([&] {
        for (const GeneralName& name : names) write_general_name(writer, name);
    });
    return writer.take();
}

std::string format_general_name(const GeneralName& name) {
    return std::visit(Overloaded{
                          [](const DnsName& dns) { return "DNS:" + escape_control(dns.value); },
                          [](const Rfc822Name& mail) { return "email:" + escape_control(mail.value); },
                          [](const UriName& uri) { return "URI:" + escape_control(uri.value); },
                          [](const IpAddress& ip) { return "IP:" + format_ip(ip.octets); },
                          [](const DirectoryName& directory) { return "DirName:" + format_name(directory.name); },
                          [](const RegisteredId& id) { return "RID:" + asn1::format_oid(id.oid); },
                          [](const OtherName& other) { return "otherName:" + asn1::format_oid(other.type); },
                      },
                      name);
}

Result<GeneralName> parse_general_name_text(std::string_view text) {
    const std::size_t colon = text.find(':');
    if (colon == std::string_view::npos) return bad_general_name("expected DNS:, IP:, URI: or email: and a value");
    const std::string_view kind = text.substr(0, colon);
    const std::string_view value = text.substr(colon + 1);
    if (value.empty() || !is_visible_ascii(value))
        return bad_general_name("a value must be visible ASCII; write an international name in its A-label form");
    if (kind == "DNS") return GeneralName{DnsName{std::string{value}}};
    if (kind == "email") return GeneralName{Rfc822Name{std::string{value}}};
    if (kind == "URI") return GeneralName{UriName{std::string{value}}};
    if (kind == "IP") return parse_ip_text(value);
    return bad_general_name("expected DNS:, IP:, URI: or email: and a value");
}

}  // namespace sealwright::x509
