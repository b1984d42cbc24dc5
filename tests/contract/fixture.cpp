#include "tests/contract/fixture.hpp"

#include <algorithm>

#include "crypto/digest.hpp"

namespace sealwright::contract {

UtcTime at(std::int64_t seconds) {
    return from_rfc3339("2026-11-22T08:00:00Z").value() + std::chrono::seconds{seconds};
}

namespace {

// sequence wraps content in a SEQUENCE with a two-octet length.
Bytes sequence(ByteView content) {
    Bytes der(content.size() + 4);
    der[0] = 0x30;
    der[1] = 0x82;
    der[2] = static_cast<std::uint8_t>(content.size() >> 8);
    der[3] = static_cast<std::uint8_t>(content.size() & 0xFF);
    std::copy(content.begin(), content.end(), der.begin() + 4);
    return der;
}

}  // namespace

issuance::Intent intent_of(std::uint64_t number, UtcTime now) {
    issuance::Intent intent;
    intent.id = numbered<IntentId>(number);
    intent.request = numbered<RequestId>(number);
    intent.node = kNode;
    intent.lease_until = now + std::chrono::seconds{60};
    intent.received_at = now;
    intent.principal = "uid:0(root)";
    intent.channel = "admin_socket";
    intent.peer = "local";
    intent.profile = "tls-server";
    intent.profile_digest = crypto::sha256(view_of("profile"));
    intent.proof = Bytes(300, 0x11);
    intent.serial = numbered<SerialNumber>(number);
    intent.issuer_key = kIssuer;
    Bytes content = bytes_of(view_of("to be signed " + std::to_string(number)));
    content.resize(400, 0x22);
    intent.tbs = sequence(content);
    intent.tbs_digest = crypto::sha256(intent.tbs);
    intent.subject = NameDer{Bytes{0x30, 0x00}};
    intent.names = "CN=host" + std::to_string(number) + ".example.org";
    intent.subject_key = numbered<KeyId>(1000 + number);
    intent.not_before = now;
    intent.not_after = now + std::chrono::hours{24 * 90};
    intent.now = now;
    return intent;
}

issuance::Completion completion_of(const issuance::Intent& intent, UtcTime now) {
    Bytes content = intent.tbs;
    append(content, Bytes{0x30, 0x00, 0x03, 0x02, 0x00, 0x5A});
    return {intent.id, intent.node, intent.serial, CertificateDer{sequence(content)}, now};
}

issuance::Refusal refusal_of(std::uint64_t number, UtcTime now) {
    issuance::Refusal refusal;
    refusal.request = numbered<RequestId>(number);
    refusal.received_at = now;
    refusal.principal = "secret:3f2a";
    refusal.channel = "https";
    refusal.peer = "192.0.2.1";
    refusal.profile = "tls-server";
    refusal.proof = Bytes(10, 0x33);
    refusal.code = ErrorCode::weak_key;
    refusal.reason = "RSA key of 1024 bits";
    refusal.now = now;
    return refusal;
}

issuance::PendingRequest pending_of(std::uint64_t number, UtcTime now) {
    issuance::PendingRequest pending;
    pending.request = numbered<RequestId>(number);
    pending.state = issuance::RequestState::awaiting_approval;
    pending.received_at = now;
    pending.principal = "secret:3f2a";
    pending.channel = "https";
    pending.peer = "192.0.2.1";
    pending.profile = "tls-server";
    pending.proof = Bytes(300, 0x44);
    pending.resume_token = Bytes{1, 2, 3};
    pending.now = now;
    return pending;
}

issuance::SecretRecord secret_of(std::uint64_t number, UtcTime now) {
    issuance::SecretRecord secret;
    secret.id = numbered<IntentId>(number).hex().substr(16);
    secret.secret_hash = crypto::sha256(view_of("secret " + std::to_string(number)));
    secret.profile = "tls-server";
    secret.names = {"a.example.org", "b.example.org"};
    secret.created_at = now;
    secret.expires_at = now + std::chrono::hours{1};
    secret.created_by = "uid:0(root)";
    return secret;
}

issuance::CrlIntent crl_intent_of(std::uint64_t intent, std::uint64_t number, UtcTime now) {
    return {numbered<IntentId>(intent),     kNode, kIssuer, number, now, now + std::chrono::hours{24},
            crypto::sha256(view_of("crl")), now};
}

issuance::CrlRecord crl_record_of(const issuance::CrlIntent& intent) {
    return {intent.number,
            intent.issuer_key,
            intent.this_update,
            intent.next_update,
            3,
            Bytes{0x30, 0x01, static_cast<std::uint8_t>(intent.number)}};
}

issuance::Events event_of(audit::EventKind kind, std::string note) {
    audit::Event event;
    event.kind = kind;
    event.time = at(0);
    event.node = kNode.id;
    event.epoch = kNode.epoch;
    event.actor = "daemon";
    if (!note.empty()) event.fields["note"] = std::move(note);
    return {event};
}

}  // namespace sealwright::contract
