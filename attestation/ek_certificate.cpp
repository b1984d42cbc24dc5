#include "attestation/ek_certificate.hpp"

#include <array>

#include "asn1/der_writer.hpp"
#include "asn1/oid.hpp"

namespace sealwright::attestation {
namespace {

namespace oid = asn1::oid;

constexpr std::size_t kMaxRdns = 32, kMaxAttributes = 16, kMaxGeneralNames = 32;

// Content octets of identifiers that only these certificates have.
constexpr std::array<std::uint8_t, 9> kRsaesOaep{0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x01, 0x07};
constexpr std::array<std::uint8_t, 5> kTpmManufacturer{0x67, 0x81, 0x05, 0x02, 0x01};
constexpr std::array<std::uint8_t, 5> kTpmModel{0x67, 0x81, 0x05, 0x02, 0x02};
constexpr std::array<std::uint8_t, 5> kTpmVersion{0x67, 0x81, 0x05, 0x02, 0x03};
constexpr std::array<std::uint8_t, 5> kTpmSpecification{0x67, 0x81, 0x05, 0x02, 0x10};

Error malformed(std::string what) { return fail(ErrorCode::malformed, "EK certificate: " + std::move(what)); }

struct Attribute {
    ByteView type, value;
};
using Rdn = std::vector<Attribute>;

// RelaxedName is a Name whose SETs may be in another order than DER's.
struct RelaxedName {
    std::vector<Rdn> rdns;
    NameDer ordered;
    bool was_ordered = true;
};

Result<Attribute> read_attribute(const asn1::Element& element) {
    asn1::DerReader reader{element.content};
    Attribute attribute;
    SEALWRIGHT_TRY(attribute.type, reader.oid());
    SEALWRIGHT_TRY(const asn1::Element value, reader.next());
    SEALWRIGHT_TRY(reader.finish());
    attribute.value = value.content;
    return attribute;
}

Result<Rdn> read_rdn(ByteView content, asn1::DerWriter& ordered) {
    asn1::DerReader reader{content};
    Rdn rdn;
    std::vector<Bytes> encodings;
    while (!reader.at_end()) {
        SEALWRIGHT_TRY(const asn1::Element element, reader.expect(asn1::kSequence));
        SEALWRIGHT_TRY(Attribute attribute, read_attribute(element));
        rdn.push_back(attribute);
        encodings.push_back(bytes_of(element.encoding));
        if (rdn.size() > kMaxAttributes) return malformed("a name with too many attributes");
    }
    if (rdn.empty()) return malformed("a name with an empty RDN");
    ordered.set_of(std::move(encodings));
    return rdn;
}

Result<RelaxedName> read_name(ByteView encoding) {
    SEALWRIGHT_TRY(const asn1::Element whole, asn1::the_only(encoding, asn1::kSequence));
    asn1::DerReader reader{whole.content};
    RelaxedName name;
    asn1::DerWriter rdns;
    while (!reader.at_end()) {
        SEALWRIGHT_TRY(const asn1::Element element, reader.expect(asn1::kSet));
        SEALWRIGHT_TRY(Rdn rdn, read_rdn(element.content, rdns));
        name.rdns.push_back(std::move(rdn));
        if (name.rdns.size() > kMaxRdns) return malformed("a name with too many RDNs");
    }
    asn1::DerWriter writer;
    writer.primitive(asn1::kSequence, rdns.view());
    name.ordered = NameDer{writer.take()};
    name.was_ordered = equal(name.ordered.view(), encoding);
    return name;
}

// EkCertificateReader keeps where it stands: every part and quirk is a place in the whole input.
class EkCertificateReader {
public:
    explicit EkCertificateReader(ByteView input) : input_(input) {}

    Result<EkCertificate> read() {
        SEALWRIGHT_TRY(const ByteView der, unwrap());
        out_.der = bytes_of(der);
        out_.whole = part(der);
        SEALWRIGHT_TRY(const asn1::Element outer, asn1::the_only(der, asn1::kSequence));
        asn1::DerReader reader{outer.content};
        SEALWRIGHT_TRY(const asn1::Element tbs, reader.expect(asn1::kSequence));
        SEALWRIGHT_TRY(const asn1::Element algorithm, reader.expect(asn1::kSequence));
        SEALWRIGHT_TRY(const asn1::BitString signature, reader.bit_string());
        SEALWRIGHT_TRY(reader.finish());
        if (signature.unused_bits != 0) return malformed("a signature of no whole octets");
        out_.tbs = part(tbs.encoding);
        out_.signed_octets = bytes_of(tbs.encoding);
        out_.signature_algorithm = bytes_of(algorithm.encoding);
        out_.signature = bytes_of(signature.octets);
        SEALWRIGHT_TRY(read_tbs(tbs.content));
        return std::move(out_);
    }

private:
    Part part(ByteView octets) const noexcept {
        return {static_cast<std::uint32_t>(octets.data() - input_.data()), static_cast<std::uint32_t>(octets.size())};
    }
    // quirk notes each kind of deviation once: a certificate cannot make a verdict longer than its readers take.
    void quirk(std::string text, ByteView where) {
        const bool known = std::any_of(out_.quirks.begin(), out_.quirks.end(),
                                       [&](const EkQuirk& earlier) { return earlier.text == text; });
        if (!known) out_.quirks.push_back({std::move(text), part(where)});
    }

    // skip_header reads over TCG_PCCLIENT_STORED_CERT: 1001, certType 00, a size, and perhaps TCG_FULL_CERT's 1002.
    Result<ByteView> skip_header() {
        constexpr std::array<std::uint8_t, 3> kStored{0x10, 0x01, 0x00};
        if (input_.size() < 5 || !equal(input_.first(3), kStored)) return input_;
        const std::size_t size = static_cast<std::size_t>(input_[3]) << 8U | input_[4];
        ByteView rest = input_.subspan(5);
        if (size > rest.size()) return malformed("the NV header tells of more octets than there are");
        std::size_t header = 5;
        if (size >= 2 && rest[0] == 0x10 && rest[1] == 0x02) {
            rest = rest.subspan(2);
            header = 7;
        }
        quirk("the NV header of TPM 1.2 stands in front", input_.first(header));
        return rest;
    }

    // unwrap finds the one DER element; what stands behind it must be padding of one kind.
    Result<ByteView> unwrap() {
        SEALWRIGHT_TRY(const ByteView rest, skip_header());
        asn1::DerReader reader{rest};
        SEALWRIGHT_TRY(const asn1::Element element, reader.expect(asn1::kSequence));
        const ByteView padding = rest.subspan(element.encoding.size());
        if (!padding.empty()) {
            const std::uint8_t filler = padding[0];
            const bool uniform =
                std::all_of(padding.begin(), padding.end(), [&](std::uint8_t o) { return o == filler; });
            if (!uniform || (filler != 0x00 && filler != 0xFF))
                return malformed("octets that are no padding stand behind it");
            quirk("padding stands behind it", padding);
        }
        return element.encoding;
    }

    Result<void> read_tbs(ByteView content) {
        asn1::DerReader reader{content};
        SEALWRIGHT_TRY(auto version, reader.enter(asn1::context_constructed(0)));
        SEALWRIGHT_TRY(const std::uint64_t number, version.small_integer());
        SEALWRIGHT_TRY(version.finish());
        if (number != 2) return malformed("it is not of version 3");
        SEALWRIGHT_TRY(read_serial(reader));
        SEALWRIGHT_TRY(const asn1::Element algorithm, reader.expect(asn1::kSequence));
        // RFC 5280 4.1.1.2: the two identifiers MUST be the same.
        if (!equal(algorithm.encoding, out_.signature_algorithm)) {
            return malformed("the inner and the outer signature algorithm differ");
        }
        SEALWRIGHT_TRY(read_issuer(reader));
        SEALWRIGHT_TRY(read_validity(reader));
        SEALWRIGHT_TRY(read_subject(reader));
        SEALWRIGHT_TRY(read_key(reader));
        for (const unsigned unique_id : {1U, 2U}) {
            if (reader.peek() == asn1::context(unique_id)) {
                SEALWRIGHT_TRY(reader.bit_string(asn1::context(unique_id)));
            }
        }
        SEALWRIGHT_TRY(read_extensions(reader));
        return reader.finish();
    }

    Result<void> read_serial(asn1::DerReader& reader) {
        SEALWRIGHT_TRY(const asn1::Element serial, reader.expect(asn1::kInteger));
        if (serial.content.empty() || serial.content.size() > 64)
            return malformed("a serial number of no or too many octets");
        if (asn1::DerReader again{serial.encoding}; !again.integer()) {
            quirk("the serial number is not a minimal INTEGER", serial.encoding);
        }
        return success();
    }

    Result<RelaxedName> read_name_at(asn1::DerReader& reader, std::string_view what, ByteView& encoding) {
        SEALWRIGHT_TRY(const asn1::Element element, reader.expect(asn1::kSequence));
        encoding = element.encoding;
        SEALWRIGHT_TRY(RelaxedName name, read_name(element.encoding));
        if (!name.was_ordered)
            quirk("a SET of its " + std::string{what} + " is not in the order of DER", element.encoding);
        return name;
    }

    Result<void> read_issuer(asn1::DerReader& reader) {
        ByteView encoding;
        SEALWRIGHT_TRY(RelaxedName name, read_name_at(reader, "issuer", encoding));
        if (name.rdns.empty()) return malformed("no issuer");
        out_.issuer = std::move(name.ordered);
        const auto strict = x509::parse_name(out_.issuer.view());
        out_.issuer_text =
            strict ? printable(x509::format_name(strict.value())) : "0x" + to_hex(crypto::sha256(encoding).view());
        return success();
    }

    Result<void> read_validity(asn1::DerReader& reader) {
        SEALWRIGHT_TRY(const asn1::Element element, reader.expect(asn1::kSequence));
        out_.validity = part(element.encoding);
        asn1::DerReader inner{element.content};
        SEALWRIGHT_TRY(out_.not_before, inner.time());
        SEALWRIGHT_TRY(out_.not_after, inner.time());
        return inner.finish();
    }

    Result<void> read_subject(asn1::DerReader& reader) {
        SEALWRIGHT_TRY(const RelaxedName name, read_name_at(reader, "subject", subject_));
        subject_is_empty_ = name.rdns.empty();
        return success();
    }

    // read_key also takes id-RSAES-OAEP (RFC 4055 4.1) with parameters or without: the key is an RSA key, and OAEP is
    // what EKs are for.
    Result<void> read_key(asn1::DerReader& reader) {
        SEALWRIGHT_TRY(const asn1::Element element, reader.expect(asn1::kSequence));
        out_.subject_key = part(element.encoding);
        asn1::DerReader inner{element.content};
        SEALWRIGHT_TRY(auto algorithm, inner.enter(asn1::kSequence));
        SEALWRIGHT_TRY(const ByteView type, algorithm.oid());
        if (!equal(type, kRsaesOaep)) {
            out_.spki = SpkiDer{bytes_of(element.encoding)};
            return success();
        }
        SEALWRIGHT_TRY(const asn1::BitString bits, inner.bit_string());
        SEALWRIGHT_TRY(inner.finish());
        if (bits.unused_bits != 0) return malformed("a key of no whole octets");
        asn1::DerWriter writer;
        writer.sequence([&] {
            writer.sequence([&] { writer.oid(oid::kRsaEncryption).null(); });
            writer.bit_string(bits.octets);
        });
        out_.spki = SpkiDer{writer.take()};
        quirk("the key's algorithm is id-RSAES-OAEP", element.encoding);
        return success();
    }

    Result<void> read_extensions(asn1::DerReader& reader) {
        if (reader.at_end()) return success();
        SEALWRIGHT_TRY(const asn1::Element wrapper, reader.expect(asn1::context_constructed(3)));
        out_.extensions = part(wrapper.encoding);
        SEALWRIGHT_TRY(out_.extensions_list, x509::parse_extensions(wrapper.content));
        const x509::Extension* usage = x509::find_extension(out_.extensions_list, oid::kKeyUsage);
        if (usage != nullptr && !x509::parse_key_usage(usage->value) && relaxed_key_usage(usage->value)) {
            quirk("zero bits stand at the end of keyUsage", wrapper.encoding);
        }
        const x509::Extension* san = x509::find_extension(out_.extensions_list, oid::kSubjectAltName);
        if (san != nullptr) {
            SEALWRIGHT_TRY(read_alternative_name(*san, wrapper.encoding));
        }
        if (subject_is_empty_) {
            // RFC 5280 4.1.2.6: with an empty subject the SAN MUST be critical.
            const bool critical = san != nullptr && san->critical;
            quirk(critical ? "the subject is empty, and the critical SAN names the TPM"
                           : "the subject is empty, and there is no critical SAN",
                  subject_);
        }
        const x509::Extension* attributes =
            x509::find_extension(out_.extensions_list, oid::kSubjectDirectoryAttributes);
        if (attributes != nullptr) {
            SEALWRIGHT_TRY(read_directory_attributes(attributes->value));
        }
        return success();
    }

    Result<void> read_alternative_name(const x509::Extension& san, ByteView all) {
        // The list owns copies; the place is looked for in what was given.
        const auto at = std::search(all.begin(), all.end(), san.value.begin(), san.value.end());
        if (at != all.end()) {
            out_.alternative_name = part(all.subspan(static_cast<std::size_t>(at - all.begin()), san.value.size()));
        }
        SEALWRIGHT_TRY(const asn1::Element whole, asn1::the_only(san.value, asn1::kSequence));
        asn1::DerReader reader{whole.content};
        std::size_t count = 0;
        while (!reader.at_end()) {
            if (++count > kMaxGeneralNames) return malformed("a SAN of too many names");
            SEALWRIGHT_TRY(const asn1::Element element, reader.next());
            if (element.tag != asn1::context_constructed(4)) continue;  // directoryName, EXPLICIT as a CHOICE is
            SEALWRIGHT_TRY(const RelaxedName name, read_name(element.content));
            SEALWRIGHT_TRY(take_tpm(name));
        }
        return count == 0 ? Result<void>{malformed("an empty SAN")} : Result<void>{success()};
    }

    Result<void> take_tpm(const RelaxedName& name) {
        if (!name.was_ordered) quirk("a SET of its SAN is not in the order of DER", whole_san());
        for (const Rdn& rdn : name.rdns) {
            if (rdn.size() > 1) quirk("the SAN names the TPM in one RDN of several attributes", whole_san());
            for (const Attribute& attribute : rdn) {
                std::string* field = equal(attribute.type, kTpmManufacturer) ? &out_.manufacturer
                                     : equal(attribute.type, kTpmModel)      ? &out_.model
                                     : equal(attribute.type, kTpmVersion)    ? &out_.version
                                                                             : nullptr;
                if (field == nullptr) continue;
                if (!field->empty()) return malformed("the SAN says something of the TPM twice");
                *field = printable(text_of(attribute.value));
            }
        }
        return success();
    }

    ByteView whole_san() const noexcept {
        return input_.subspan(out_.alternative_name.offset, out_.alternative_name.size);
    }

    // SubjectDirectoryAttributes ::= SEQUENCE OF SEQUENCE { type, SET OF value }; TPMSpecification ::= SEQUENCE {
    // family UTF8String, level, revision }.
    Result<void> read_directory_attributes(ByteView value) {
        SEALWRIGHT_TRY(const asn1::Element whole, asn1::the_only(value, asn1::kSequence));
        asn1::DerReader reader{whole.content};
        while (!reader.at_end()) {
            SEALWRIGHT_TRY(auto attribute, reader.enter(asn1::kSequence));
            SEALWRIGHT_TRY(const ByteView type, attribute.oid());
            SEALWRIGHT_TRY(auto values, attribute.enter(asn1::kSet));
            SEALWRIGHT_TRY(attribute.finish());
            if (!equal(type, kTpmSpecification)) continue;
            SEALWRIGHT_TRY(auto specification, values.enter(asn1::kSequence));
            SEALWRIGHT_TRY(const asn1::Element family, specification.expect(asn1::kUtf8String));
            SEALWRIGHT_TRY(const std::uint64_t level, specification.small_integer());
            SEALWRIGHT_TRY(const std::uint64_t revision, specification.small_integer());
            SEALWRIGHT_TRY(specification.finish());
            out_.specification = printable(text_of(family.content)) + " level " + std::to_string(level) + " revision " +
                                 std::to_string(revision);
        }
        return success();
    }

    ByteView input_, subject_;
    bool subject_is_empty_ = false;
    EkCertificate out_;
};

bool is_hex_digit(char c) noexcept {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

char upper(char c) noexcept { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; }

struct Simulator {
    std::string_view id, name;
};
// Vendors under whose identifier simulators present themselves: nobody's hardware.
constexpr std::array<Simulator, 4> kSimulators{{{"00001014", "swtpm"},
                                                {"49424D00", "IBM's software TPM"},
                                                {"58595A5A", "the reference simulator"},
                                                {"58595A20", "the reference simulator"}}};

}  // namespace

Result<EkCertificate> parse_ek_certificate(ByteView octets) {
    if (octets.size() > kMaxEkCertificate) return fail(ErrorCode::too_large, "EK certificate: more than 8192 octets");
    return EkCertificateReader{octets}.read();
}

std::optional<x509::KeyUsage> relaxed_key_usage(ByteView value) {
    asn1::DerReader reader{value};
    const auto bits = reader.bit_string();
    if (!bits || !reader.at_end() || bits.value().octets.empty() || bits.value().octets.size() > 2) return std::nullopt;
    unsigned usage = 0;
    for (std::size_t i = 0; i < bits.value().octets.size() * 8; ++i) {
        if ((bits.value().octets[i / 8] & (0x80U >> (i % 8))) != 0) usage |= 1U << i;
    }
    if (usage == 0 || usage >= 1U << 9U) return std::nullopt;
    return static_cast<x509::KeyUsage>(usage);
}

bool is_vendor_id(std::string_view manufacturer) noexcept {
    return manufacturer.size() == 11 && manufacturer.starts_with("id:") &&
           std::all_of(manufacturer.begin() + 3, manufacturer.end(), is_hex_digit);
}

std::string_view simulator_of(std::string_view manufacturer) noexcept {
    if (!is_vendor_id(manufacturer)) return {};
    for (const Simulator& simulator : kSimulators) {
        const bool same = std::equal(simulator.id.begin(), simulator.id.end(), manufacturer.begin() + 3,
                                     [](char a, char b) { return a == upper(b); });
        if (same) return simulator.name;
    }
    return {};
}

std::string printable(std::string_view text, std::size_t limit) {
    std::string out;
    for (const char c : text) {
        if (out.size() >= limit) return out + "...";
        if (c >= 0x20 && c < 0x7F) {
            out += c;
        } else {
            const auto octet = static_cast<std::uint8_t>(c);
            out += "\\x" + to_hex({&octet, 1});
        }
    }
    return out;
}

}  // namespace sealwright::attestation
