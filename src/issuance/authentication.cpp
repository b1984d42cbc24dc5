#include "issuance/authentication.hpp"

#include "crypto/digest.hpp"
#include "issuance/serial.hpp"

namespace sealwright::issuance {
namespace {

constexpr std::string_view kSecretPrefix = "sw1_";
constexpr std::size_t kSecretSize = 16;
constexpr std::size_t kSecretTextSize = kSecretPrefix.size() + 22;  // base64url of 16 octets
constexpr std::size_t kSecretIdSize = 8;

Error unknown_secret() { return fail(ErrorCode::unauthenticated, "the enrolment secret is not known"); }

// hash_of_text reads the text; it wipes what it decoded.
Result<Sha256> hash_of_text(std::string_view text) {
    if (text.size() != kSecretTextSize || !text.starts_with(kSecretPrefix)) return unknown_secret();
    auto octets = from_base64url(text.substr(kSecretPrefix.size()));
    if (!octets || octets.value().size() != kSecretSize) return unknown_secret();
    const Sha256 hash = crypto::sha256(octets.value());
    zeroise(octets.value().data(), octets.value().size());
    return hash;
}

Result<SecretRecord> find_by_text(CaStore& store, std::string_view text) {
    SEALWRIGHT_TRY(const Sha256 hash, hash_of_text(text));
    SEALWRIGHT_TRY(auto found, store.find_secret(hash));
    if (!found) return unknown_secret();
    return *std::move(found);
}

policy::SecretPrincipal principal_of(const SecretRecord& record) { return {record.id, record.profile, record.names}; }

Result<policy::SecretPrincipal> usable(const SecretRecord& record, UtcTime now) {
    const std::string private_detail = "secret " + record.id;
    if (record.used_at) return fail(ErrorCode::conflict, "the enrolment secret has been used already", private_detail);
    if (record.revoked_at) return fail(ErrorCode::denied, "the enrolment secret was revoked", private_detail);
    if (record.expires_at <= now) return fail(ErrorCode::expired, "the enrolment secret has expired", private_detail);
    return principal_of(record);
}

Error unknown_certificate(std::string private_detail) {
    return fail(ErrorCode::unauthenticated, "the client certificate is none of this CA", std::move(private_detail));
}

}  // namespace

NewSecret make_secret(crypto::Random& random) {
    NewSecret secret;
    std::array<std::uint8_t, kSecretIdSize> id{};
    random.fill(id);
    secret.id = to_hex(id);
    std::array<std::uint8_t, kSecretSize> octets{};
    random.fill_secret(octets);
    secret.hash = crypto::sha256(octets);
    std::string encoded = to_base64url(octets);
    secret.text = Secret::with_capacity(kSecretTextSize);
    for (const char c : kSecretPrefix) secret.text.append(static_cast<std::uint8_t>(c));
    for (const char c : encoded) secret.text.append(static_cast<std::uint8_t>(c));
    zeroise(encoded.data(), encoded.size());
    zeroise(octets.data(), octets.size());
    return secret;
}

Result<policy::SecretPrincipal> authenticate_secret(CaStore& store, std::string_view text, UtcTime now) {
    SEALWRIGHT_TRY(const auto record, find_by_text(store, text));
    return usable(record, now);
}

Result<policy::SecretPrincipal> authenticate_secret_for(CaStore& store, const RequestId& request, std::string_view text,
                                                        UtcTime now) {
    SEALWRIGHT_TRY(const auto record, find_by_text(store, text));
    if (record.used_by == request) return principal_of(record);
    // A request that waits (for approvals, for the answer to a challenge) was made in time: its secret speaks for it
    // however long the others take.
    const auto waiting = store.request(request);
    const bool is_its_own = waiting && waiting.value().secret_id == record.id && is_waiting(waiting.value().state);
    return usable(record, is_its_own ? waiting.value().received_at : now);
}

Result<policy::CertificatePrincipal> authenticate_certificate(CaStore& store, const Authority& authority,
                                                              const x509::Certificate& certificate, UtcTime now) {
    const auto& fields = certificate.fields();
    if (fields.issuer_der != authority.certificate.fields().subject_der)
        return unknown_certificate("issuer " + x509::format_name(fields.issuer));
    if (auto holds = certificate.verify_signature(authority.key); !holds)
        return unknown_certificate(holds.error().describe());
    const auto serial = serial_from_integer(fields.serial);
    if (!serial) return unknown_certificate("serial " + to_hex(fields.serial));

    auto record = store.certificate(*serial);
    if (!record) {
        if (record.error().code() == ErrorCode::not_found)
            return unknown_certificate("serial " + serial->hex() + " is not in the store");
        return std::move(record).error();
    }
    const CertificateRecord& known = record.value();
    // One that verifies under our key and is not what we recorded is the gravest thing to find here; its holder learns
    // nothing of that.
    if (known.state != CertificateState::issued || !equal(known.certificate, certificate.der().view())) {
        return unknown_certificate("certificate " + serial->hex() + " differs from its record (" +
                                   std::string{certificate_state_name(known.state)} + ")");
    }
    if (known.revocation)
        return fail(ErrorCode::denied, "the client certificate is revoked", "serial " + serial->hex());
    if (now < fields.not_before || now > fields.not_after)
        return fail(ErrorCode::expired, "the client certificate is not valid now", "serial " + serial->hex());
    return policy::CertificatePrincipal{*serial, certificate.fingerprint(), known.profile};
}

}  // namespace sealwright::issuance
