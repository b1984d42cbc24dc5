#include "issuance/parked_request.hpp"

#include "asn1/der_reader.hpp"
#include "asn1/der_writer.hpp"

namespace sealwright::issuance {
namespace {

constexpr std::uint64_t kVersion = 1;
constexpr std::size_t kMaxTexts = 1000;
// The alternatives of Principal, in its order.
constexpr asn1::Tag kAnonymous = asn1::context_constructed(0), kSecret = asn1::context_constructed(1),
                    kCertificate = asn1::context_constructed(2), kLocal = asn1::context_constructed(3);

void write_text(asn1::DerWriter& out, std::string_view text) { out.primitive(asn1::kUtf8String, view_of(text)); }

void write_texts(asn1::DerWriter& out, const std::vector<std::string>& texts) {
    out.sequence([&] {
        for (const auto& text : texts) write_text(out, text);
    });
}

void write_principal(asn1::DerWriter& out, const policy::Principal& principal) {
    if (const auto* secret = std::get_if<policy::SecretPrincipal>(&principal)) {
        out.constructed(kSecret, [&] {
            write_text(out, secret->secret_id);
            write_text(out, secret->profile);
            write_texts(out, secret->names);
        });
    } else if (const auto* certificate = std::get_if<policy::CertificatePrincipal>(&principal)) {
        out.constructed(kCertificate, [&] {
            out.octet_string(certificate->serial.view());
            out.octet_string(certificate->fingerprint.view());
            write_text(out, certificate->profile);
        });
    } else if (const auto* local = std::get_if<policy::LocalPrincipal>(&principal)) {
        out.constructed(kLocal, [&] {
            out.integer(local->uid);
            write_text(out, local->user);
            write_texts(out, local->roles);
        });
    } else {
        out.constructed(kAnonymous, [] {});
    }
}

Result<std::string> read_text(asn1::DerReader& in) {
    SEALWRIGHT_TRY(const auto element, in.expect(asn1::kUtf8String));
    return std::string{text_of(element.content)};
}

Result<std::vector<std::string>> read_texts(asn1::DerReader& in) {
    SEALWRIGHT_TRY(auto list, in.enter(asn1::kSequence));
    std::vector<std::string> texts;
    while (!list.at_end()) {
        if (texts.size() == kMaxTexts) return fail(ErrorCode::too_large, "too many texts");
        SEALWRIGHT_TRY(auto text, read_text(list));
        texts.push_back(std::move(text));
    }
    return texts;
}

Result<policy::Principal> read_secret(asn1::DerReader& in) {
    policy::SecretPrincipal secret;
    SEALWRIGHT_TRY(secret.secret_id, read_text(in));
    SEALWRIGHT_TRY(secret.profile, read_text(in));
    SEALWRIGHT_TRY(secret.names, read_texts(in));
    return policy::Principal{std::move(secret)};
}

Result<policy::Principal> read_certificate(asn1::DerReader& in) {
    policy::CertificatePrincipal certificate;
    SEALWRIGHT_TRY(const auto serial, in.octet_string());
    SEALWRIGHT_TRY(certificate.serial, SerialNumber::from(serial));
    SEALWRIGHT_TRY(const auto fingerprint, in.octet_string());
    SEALWRIGHT_TRY(certificate.fingerprint, Sha256::from(fingerprint));
    SEALWRIGHT_TRY(certificate.profile, read_text(in));
    return policy::Principal{std::move(certificate)};
}

Result<policy::Principal> read_local(asn1::DerReader& in) {
    policy::LocalPrincipal local;
    SEALWRIGHT_TRY(const auto uid, in.small_integer());
    if (uid > std::numeric_limits<std::uint32_t>::max()) return fail(ErrorCode::malformed, "no such user number");
    local.uid = static_cast<std::uint32_t>(uid);
    SEALWRIGHT_TRY(local.user, read_text(in));
    SEALWRIGHT_TRY(local.roles, read_texts(in));
    return policy::Principal{std::move(local)};
}

Result<policy::Principal> read_principal(asn1::DerReader& in) {
    const asn1::Tag kind = in.peek();
    SEALWRIGHT_TRY(auto fields, in.enter(kind));
    policy::Principal principal;
    if (kind == kSecret) {
        SEALWRIGHT_TRY(principal, read_secret(fields));
    } else if (kind == kCertificate) {
        SEALWRIGHT_TRY(principal, read_certificate(fields));
    } else if (kind == kLocal) {
        SEALWRIGHT_TRY(principal, read_local(fields));
    } else if (kind != kAnonymous) {
        return fail(ErrorCode::malformed, "no such kind of principal");
    }
    SEALWRIGHT_TRY(fields.finish());
    return principal;
}

}  // namespace

Bytes encode_parked(const ParkedRequest& parked) {
    asn1::DerWriter out;
    out.sequence([&] {
        out.integer(kVersion);
        out.integer(static_cast<std::uint64_t>(parked.channel));
        out.octet_string(parked.profile_digest.view());
        out.integer(parked.validity ? static_cast<std::uint64_t>(parked.validity->count()) : 0);
        write_principal(out, parked.principal);
    });
    return out.take();
}

Result<ParkedRequest> parse_parked(ByteView token) {
    asn1::DerReader outer{token};
    SEALWRIGHT_TRY(auto in, outer.enter(asn1::kSequence));
    SEALWRIGHT_TRY(outer.finish());
    SEALWRIGHT_TRY(const auto version, in.small_integer());
    if (version != kVersion) return fail(ErrorCode::malformed, "resume token of another version");
    ParkedRequest parked;
    SEALWRIGHT_TRY(const auto channel, in.small_integer());
    if (channel != static_cast<std::uint64_t>(policy::Channel::https) &&
        channel != static_cast<std::uint64_t>(policy::Channel::admin_socket)) {
        return fail(ErrorCode::malformed, "no such channel");
    }
    parked.channel = static_cast<policy::Channel>(channel);
    SEALWRIGHT_TRY(const auto digest, in.octet_string());
    SEALWRIGHT_TRY(parked.profile_digest, Sha256::from(digest));
    SEALWRIGHT_TRY(const auto validity, in.small_integer());
    if (validity != 0) parked.validity = std::chrono::seconds{static_cast<std::int64_t>(validity)};
    SEALWRIGHT_TRY(parked.principal, read_principal(in));
    SEALWRIGHT_TRY(in.finish());
    return parked;
}

}  // namespace sealwright::issuance
