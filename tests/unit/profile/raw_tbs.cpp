#include "unit/profile/raw_tbs.hpp"

namespace sealwright::profile::testing {
namespace {

using asn1::DerWriter;

void set_extension(x509::Extensions& extensions, ByteView oid, bool critical, Bytes value) {
    for (auto& extension : extensions) {
        if (!equal(extension.oid, oid)) continue;
        extension.critical = critical;
        extension.value = std::move(value);
        return;
    }
    extensions.push_back({bytes_of(oid), critical, std::move(value)});
}

void drop_extension(x509::Extensions& extensions, ByteView oid) {
    const auto count =
        std::erase_if(extensions, [&](const x509::Extension& extension) { return equal(extension.oid, oid); });
    if (count != 1) throw std::runtime_error("no such extension to drop: " + asn1::oid_name(oid));
}

void set_criticality(x509::Extensions& extensions, ByteView oid, bool critical) {
    for (auto& extension : extensions) {
        if (equal(extension.oid, oid)) {
            extension.critical = critical;
            return;
        }
    }
    throw std::runtime_error("no such extension: " + asn1::oid_name(oid));
}

Bytes encoded_time(UtcTime time) {
    return der([&](DerWriter& w) { w.time(time); });
}

IssuerContext self(std::string_view spki) {
    IssuerContext context;
    context.self_signed = true;
    context.signature_algorithm = crypto::default_algorithm(public_key(spki).type());
    return context;
}

}  // namespace

Bytes der(const std::function<void(DerWriter&)>& write) {
    DerWriter writer;
    write(writer);
    return writer.take();
}

Bytes seq(const std::function<void(DerWriter&)>& write) {
    return der([&](DerWriter& w) { w.sequence([&] { write(w); }); });
}

Bytes hex(std::string_view text) { return from_hex(text).value(); }

Bytes utc_time(std::string_view text) {
    return der([&](DerWriter& w) { w.primitive(asn1::kUtcTime, view_of(text)); });
}
Bytes generalized_time(std::string_view text) {
    return der([&](DerWriter& w) { w.primitive(asn1::kGeneralizedTime, view_of(text)); });
}

Bytes attribute(ByteView type, asn1::Tag tag, std::string_view content) {
    return der([&](DerWriter& w) {
        w.constructed(asn1::kSet, [&] { w.sequence([&] { w.oid(type).primitive(tag, view_of(content)); }); });
    });
}

Bytes name_of(const std::vector<Bytes>& rdns) {
    return seq([&](DerWriter& w) {
        for (const auto& rdn : rdns) w.raw(rdn);
    });
}

Bytes general_name(asn1::Tag tag, ByteView content) {
    return der([&](DerWriter& w) { w.primitive(tag, content); });
}
Bytes general_name(asn1::Tag tag, std::string_view content) { return general_name(tag, view_of(content)); }
Bytes names_of(const std::vector<Bytes>& names) { return name_of(names); }

Bytes RawTbs::encode() const {
    return seq([&](DerWriter& w) {
        if (version != 1) w.constructed(asn1::context_constructed(0), [&] { w.integer(version - 1); });
        w.primitive(asn1::kInteger, serial).raw(signature_algorithm).raw(issuer);
        w.sequence([&] { w.raw(not_before).raw(not_after); });
        w.raw(subject).raw(spki);
        if (!unique_ids.empty()) w.raw(unique_ids);
        if (!extensions.empty())
            w.constructed(asn1::context_constructed(3), [&] { w.raw(x509::encode_extensions(extensions)); });
    });
}

RawTbs& RawTbs::set(ByteView oid, bool critical, Bytes value) {
    set_extension(extensions, oid, critical, std::move(value));
    return *this;
}
RawTbs& RawTbs::drop(ByteView oid) {
    drop_extension(extensions, oid);
    return *this;
}
RawTbs& RawTbs::criticality(ByteView oid, bool critical) {
    set_criticality(extensions, oid, critical);
    return *this;
}

RawTbs raw(const x509::TbsCertificateFields& fields, const x509::Certificate* issuer) {
    RawTbs out;
    out.serial = bytes_of(fields.serial.view());
    out.signature_algorithm = crypto::algorithm_identifier(fields.signature_algorithm);
    out.issuer = fields.issuer.bytes();
    out.not_before = encoded_time(fields.not_before);
    out.not_after = encoded_time(fields.not_after);
    out.subject = fields.subject.bytes();
    out.spki = fields.spki.bytes();
    out.extensions = fields.extensions;
    out.issuer_certificate = issuer;
    EXPECT_EQ(out.encode(), x509::build_tbs_certificate(fields).bytes())
        << "RawTbs and build_tbs_certificate write differently";
    return out;
}

RawTbs good_leaf(std::string_view spki) { return raw(host_request(spki).build().value(), &issuing_ca()); }

RawTbs good_named_leaf(std::string_view spki) {
    auto request = host_request(spki);
    request.requested.subject = name("CN=www.example.org");
    return raw(request.build().value(), &issuing_ca());
}

RawTbs good_client() {
    Request request{installed("tls-client")};
    request.requested.subject = name("CN=alice");
    request.requested.san = {x509::Rfc822Name{"alice@example.org"}};
    return raw(request.build().value(), &issuing_ca());
}

RawTbs good_ocsp_signer() {
    Request request{installed("ocsp-signer")};
    request.requested.subject = name("CN=OCSP,O=Example,C=DE");
    return raw(request.build().value(), &issuing_ca());
}

RawTbs good_root() { return raw(root_fields(), nullptr); }
RawTbs good_issuing_ca() { return raw(issuing_ca_fields(), &root()); }

RawTbs good_self_signed_leaf() {
    Request request{installed("tls-client")};
    request.requested.subject = name("CN=alice");
    request.issuer = self(kOtherP256);
    return raw(request.build().value(), nullptr);
}

Bytes RawCrl::encode() const {
    return seq([&](DerWriter& w) {
        if (version) w.integer(*version);
        w.raw(signature_algorithm).raw(issuer).raw(this_update);
        if (next_update) w.raw(*next_update);
        if (entries) {
            w.sequence([&] {
                for (const auto& entry : *entries) {
                    w.sequence([&] {
                        w.primitive(asn1::kInteger, entry.serial).raw(entry.revoked_at);
                        if (entry.extensions) w.raw(x509::encode_extensions(*entry.extensions));
                    });
                }
            });
        }
        if (!extensions.empty())
            w.constructed(asn1::context_constructed(0), [&] { w.raw(x509::encode_extensions(extensions)); });
    });
}

RawCrl& RawCrl::set(ByteView oid, bool critical, Bytes value) {
    set_extension(extensions, oid, critical, std::move(value));
    return *this;
}
RawCrl& RawCrl::drop(ByteView oid) {
    drop_extension(extensions, oid);
    return *this;
}
RawCrl& RawCrl::criticality(ByteView oid, bool critical) {
    set_criticality(extensions, oid, critical);
    return *this;
}

RawCrl good_crl() {
    RawCrl crl;
    crl.signature_algorithm =
        crypto::algorithm_identifier({crypto::SignatureScheme::ecdsa, crypto::DigestAlgorithm::sha256});
    crl.issuer = issuing_ca().fields().subject_der.bytes();
    crl.this_update = utc_time("261122120000Z");
    crl.next_update = utc_time("261123120000Z");
    crl.set(oid::kAuthorityKeyIdentifier, false,
            x509::encode_authority_key_identifier(x509::subject_key_identifier(public_key(kP256).public_bits())));
    crl.set(oid::kCrlNumber, false, der([](DerWriter& w) { w.integer(7); }));
    crl.issuer_certificate = &issuing_ca();
    crl.previous_number = 6;
    return crl;
}

RawCrl good_crl_with_entries() {
    auto crl = good_crl();
    const x509::Extension reason{bytes_of(oid::kReasonCode), false, {0x0A, 0x01, 0x01}};
    const x509::Extension date{bytes_of(oid::kInvalidityDate), false, generalized_time("20261101000000Z")};
    crl.entries = {{Bytes(16, 0x11), utc_time("261120000000Z"), {}},
                   {Bytes(16, 0x22), utc_time("261121000000Z"), {{reason}}},
                   {Bytes(16, 0x33), utc_time("261122000000Z"), {{reason, date}}}};
    return crl;
}

}  // namespace sealwright::profile::testing
