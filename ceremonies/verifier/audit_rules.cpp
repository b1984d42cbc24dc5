#include "ceremonies/verifier/audit_rules.hpp"

#include <charconv>

#include "base/ids.hpp"

namespace sealwright::verifier {
namespace {

constexpr std::size_t kMaxShownIntents = 20;
constexpr std::size_t kMaxShownKinds = 10;
constexpr std::uint64_t kVersion = 1, kClockVersion = 2;
constexpr std::string_view kClockAccepted = "clock.accepted";  // the one kind of version 2

constexpr std::array<std::string_view, 38> kKinds{
    "daemon.started",
    "daemon.stopped",
    "epoch.opened",
    "configuration.loaded",
    "request.received",
    "request.refused",
    "request.awaiting_approval",
    "request.approved",
    "request.denied",
    "certificate.intended",
    "certificate.issued",
    "certificate.adopted",
    "certificate.indeterminate",
    "certificate.abandoned",
    "certificate.revoked",
    "certificate.held",
    "certificate.released",
    "crl.intended",
    "crl.issued",
    "crl.abandoned",
    "secret.created",
    "secret.used",
    "secret.revoked",
    "profile.loaded",
    "access.denied",
    "input.refused",
    "clock.stopped",
    "issuance.stopped",
    "issuance.resumed",
    "key.enrolled",
    "request.challenged",
    "ek.imported",
    "ek.removed",
    "device.revoked",
    "device.retired",
    "epoch.raised",
    "crl.number_raised",
    kClockAccepted,
};

Result<std::uint64_t> decimal(const std::string& text) {
    std::uint64_t value = 0;
    const auto read = std::from_chars(text.data(), text.data() + text.size(), value);
    if (read.ec != std::errc{} || read.ptr != text.data() + text.size() || std::to_string(value) != text)
        return fail(ErrorCode::malformed, "'" + text.substr(0, 30) + "' is no number");
    return value;
}

bool is_known(std::string_view kind) { return std::find(kKinds.begin(), kKinds.end(), kind) != kKinds.end(); }

// is_kind: two words of lower-case letters and underscores with a dot between them, 64 octets at most.
bool is_kind(std::string_view text) {
    const auto is_word = [](std::string_view word) {
        return !word.empty() &&
               std::all_of(word.begin(), word.end(), [](char c) { return (c >= 'a' && c <= 'z') || c == '_'; });
    };
    const auto dot = text.find('.');
    return text.size() <= 64 && dot != std::string_view::npos && is_word(text.substr(0, dot)) &&
           is_word(text.substr(dot + 1));
}

bool all_texts(const Value& fields) {
    const auto* members = fields.as_object();
    return members != nullptr && std::all_of(members->begin(), members->end(),
                                             [](const auto& member) { return member.second.as_text() != nullptr; });
}

}  // namespace

Result<std::optional<AuditRules::Entry>> AuditRules::read(std::uint64_t index, ByteView octets) const {
    SEALWRIGHT_TRY(const auto value, parse_canonical_json(text_of(octets), 65535));
    const bool is_clock = value.text("kind") == kClockAccepted;
    const std::uint64_t version = is_clock ? kClockVersion : kVersion;
    if (value.number("v").value_or(0) > version) return std::optional<Entry>{};
    const auto* members = value.as_object();
    if (members == nullptr || members->size() != 7 || value.member("actor") == nullptr ||
        value.member("actor")->as_text() == nullptr || value.member("fields") == nullptr ||
        !all_texts(*value.member("fields")) || value.number("v") != version) {
        return fail(ErrorCode::malformed, "is no audit entry of version " + std::to_string(version));
    }
    Entry entry;
    entry.index = index;
    entry.kind = value.text("kind");
    if (!is_kind(entry.kind)) return fail(ErrorCode::malformed, "has no proper kind");
    SEALWRIGHT_TRY(const auto node, NodeId::from_hex_text(value.text("node")));
    entry.node = node.hex();
    SEALWRIGHT_TRY(entry.epoch, decimal(value.text("epoch")));
    SEALWRIGHT_TRY(entry.time, from_rfc3339(value.text("time")));
    entry.fields = *value.member("fields");
    return std::optional{std::move(entry)};
}

void AuditRules::wrong(const Entry& entry, std::string_view text) {
    const auto line = "entry " + std::to_string(entry.index) + " (" + entry.kind + ") " + std::string{text};
    // What an entry of a newer version did is not known here: it may be what this one builds on.
    if (newer_ != 0)
        checks_.missing(line + ", as far as can be told without the entries of newer versions before it");
    else
        checks_.invalid(line);
}

void AuditRules::see(std::uint64_t index, ByteView octets) {
    ++count_;
    const auto read_entry = read(index, octets);
    if (!read_entry)
        return checks_.invalid("entry " + std::to_string(index) + " " + read_entry.error().public_detail());
    if (!read_entry.value()) {
        ++newer_;
        return;
    }
    const Entry& entry = *read_entry.value();
    const auto& kind = entry.kind;
    if (kind == kClockAccepted)
        see_clock(entry);
    else
        see_time(entry);
    see_epoch(entry);
    if (!is_known(kind))
        ++unknown_kinds_[kind];
    else if (kind == "epoch.raised" || kind == "crl.number_raised")
        see_raised(entry);
    else if (kind == "certificate.revoked" || kind == "certificate.held" || kind == "certificate.released")
        see_status(entry);
    else if (kind.starts_with("certificate."))
        see_certificate(entry);
    else if (kind.starts_with("crl."))
        see_crl(entry);
    else if (kind.starts_with("secret."))
        see_secret(entry);
}

void AuditRules::see_time(const Entry& entry) {
    if (entry.time + tolerance_ < latest_)
        wrong(entry, "is of " + to_rfc3339(entry.time) + ", though one before it is of " + to_rfc3339(latest_));
    latest_ = std::max(latest_, entry.time);
}

void AuditRules::see_epoch(const Entry& entry) {
    const auto [found, fresh] = epochs_.try_emplace(entry.node, entry.epoch);
    if (!fresh && entry.epoch < found->second)
        wrong(entry, "is of epoch " + std::to_string(entry.epoch) + " of its node, which was in epoch " +
                         std::to_string(found->second) + " before");
    if (!fresh && entry.kind == "epoch.opened" && entry.epoch <= found->second)
        wrong(entry, "opens an epoch that is not new");
    found->second = std::max(found->second, entry.epoch);
}

AuditRules::Certificate* AuditRules::settled(const Entry& entry) {
    const auto found = certificates_.find(entry.fields.text("serial"));
    if (found == certificates_.end()) {
        wrong(entry, "has the serial " + entry.fields.text("serial") + ", which was never intended");
        return nullptr;
    }
    auto& certificate = found->second;
    if (certificate.state != State::intended)
        wrong(entry, "settles the intent of entry " + std::to_string(certificate.intended_at) + " a second time");
    if (certificate.intent != entry.fields.text("intent"))
        wrong(entry,
              "names another intent than entry " + std::to_string(certificate.intended_at) + ", which has its serial");
    const auto tbs_sha256 = entry.fields.text("tbs_sha256");
    if (!tbs_sha256.empty() && tbs_sha256 != certificate.tbs_sha256)
        wrong(entry, "names another TBS than entry " + std::to_string(certificate.intended_at));
    return &certificate;
}

void AuditRules::see_certificate(const Entry& entry) {
    if (entry.kind == "certificate.intended") {
        const auto serial = entry.fields.text("serial"), intent = entry.fields.text("intent"),
                   tbs_sha256 = entry.fields.text("tbs_sha256");
        if (!SerialNumber::from_hex_text(serial) || !IntentId::from_hex_text(intent) ||
            !Sha256::from_hex_text(tbs_sha256))
            return wrong(entry, "has no proper serial, intent or TBS digest");
        if (!certificates_
                 .try_emplace(serial, Certificate{State::intended, intent, tbs_sha256, entry.index, false, false})
                 .second)
            wrong(entry, "intends a serial that was intended before: " + serial);
        if (!intents_.insert(intent).second) wrong(entry, "uses the name of an earlier intent: " + intent);
        return;
    }
    if (entry.kind == "certificate.adopted") return see_adopted(entry);
    auto* certificate = settled(entry);
    if (certificate == nullptr) return;
    if (entry.kind == "certificate.issued") {
        certificate->state = State::issued;
        ++issued_;
        if (!Sha256::from_hex_text(entry.fields.text("certificate_sha256")))
            wrong(entry, "has no digest of the certificate");
    } else {
        certificate->state = entry.kind == "certificate.abandoned" ? State::abandoned : State::indeterminate;
        certificate->revoked = certificate->state == State::indeterminate;
    }
}

// see_adopted: issued in a ceremony, whose transcript has its intent.
void AuditRules::see_adopted(const Entry& entry) {
    const auto serial = entry.fields.text("serial");
    if (!SerialNumber::from_hex_text(serial) || !Sha256::from_hex_text(entry.fields.text("certificate_sha256")))
        return wrong(entry, "has no proper serial or digest of the certificate");
    if (!certificates_.try_emplace(serial, Certificate{State::issued, {}, {}, entry.index, false, false}).second)
        return wrong(entry, "adopts a serial that was intended before: " + serial);
    ++adopted_;
}

void AuditRules::see_status(const Entry& entry) {
    const auto found = certificates_.find(entry.fields.text("serial"));
    if (found == certificates_.end() || found->second.state != State::issued)
        return wrong(entry, "is about a serial that was not issued: " + entry.fields.text("serial"));
    auto& certificate = found->second;
    if (entry.kind == "certificate.released") {
        if (!certificate.held) wrong(entry, "releases what was not on hold");
        certificate.held = false;
        return;
    }
    if (certificate.revoked) wrong(entry, "is about a certificate that was revoked before");
    if (entry.kind == "certificate.held") {
        if (certificate.held) wrong(entry, "holds what was on hold");
        certificate.held = true;
    } else {
        certificate.held = false;
        certificate.revoked = true;
    }
}

void AuditRules::see_crl(const Entry& entry) {
    const auto intent = entry.fields.text("intent"), number_text = entry.fields.text("number");
    const auto number = decimal(number_text);
    if (!number) return wrong(entry, "has no proper number: " + number.error().public_detail());
    if (entry.kind == "crl.intended") {
        const auto issuer = entry.fields.text("issuer_key");
        const auto [highest, fresh] = crl_numbers_.try_emplace(issuer, number.value());
        if (!fresh && number.value() <= highest->second)
            wrong(entry, "has the number " + number_text + ", though number " + std::to_string(highest->second) +
                             " was before it");
        highest->second = std::max(highest->second, number.value());
        if (!intents_.insert(intent).second) wrong(entry, "uses the name of an earlier intent: " + intent);
        crl_intents_[intent] = {number_text, issuer, entry.fields.text("tbs_sha256"), entry.index, false};
        return;
    }
    const auto found = crl_intents_.find(intent);
    if (found == crl_intents_.end()) return wrong(entry, "names a CRL intent that never was");
    if (found->second.settled)
        wrong(entry, "settles the intent of entry " + std::to_string(found->second.intended_at) + " a second time");
    if (found->second.number != number_text)
        wrong(entry, "has another number than entry " + std::to_string(found->second.intended_at));
    const auto issuer = entry.fields.text("issuer_key");
    if (!issuer.empty() && issuer != found->second.issuer_key)
        wrong(entry, "has another issuer than entry " + std::to_string(found->second.intended_at));
    found->second.settled = true;
    if (entry.kind == "crl.issued") ++crls_;
}

void AuditRules::see_secret(const Entry& entry) {
    const auto secret = entry.fields.text("secret");
    if (secret.empty()) return wrong(entry, "does not say which secret");
    if (entry.kind == "secret.used") {
        if (secrets_revoked_.contains(secret)) wrong(entry, "uses a secret that was revoked: " + secret);
        if (!secrets_used_.insert(secret).second) wrong(entry, "uses a secret a second time: " + secret);
    }
    if (entry.kind == "secret.revoked") secrets_revoked_.insert(secret);
}

// see_raised: the next boot, or CRL of that issuer, follows upon the number that was set.
void AuditRules::see_raised(const Entry& entry) {
    const auto from = decimal(entry.fields.text("from")), to = decimal(entry.fields.text("to"));
    if (!from || !to) return wrong(entry, "does not say from which number to which");
    if (to.value() <= from.value()) return wrong(entry, "does not go forwards");
    const bool is_epoch = entry.kind == "epoch.raised";
    const auto issuer = entry.fields.text("issuer_key");
    if (!is_epoch && !KeyId::from_hex_text(issuer)) return wrong(entry, "does not say of which issuer");
    auto& last = is_epoch ? epochs_[entry.node] : crl_numbers_[issuer];
    if (from.value() < last)
        wrong(entry,
              "goes on from " + std::to_string(from.value()) + ", though " + std::to_string(last) + " was before it");
    last = std::max(last, to.value());
    checks_.note(
        "a person set " + (is_epoch ? "the boot of node " + entry.node : "the CRL number of issuer " + issuer) +
        " from " + std::to_string(from.value()) + " to " + std::to_string(to.value()) + ": entry " +
        std::to_string(entry.index) + ", " + to_rfc3339(entry.time) + ", reason: " + entry.fields.text("reason"));
}

// see_clock: times may lie before those in front of this entry from here on, and are in order among themselves.
void AuditRules::see_clock(const Entry& entry) {
    const auto from = from_rfc3339(entry.fields.text("from")), to = from_rfc3339(entry.fields.text("to"));
    if (!from || !to || to.value() != entry.time)
        return wrong(entry, "does not say from which time to which, or is not of the time that it accepts");
    if (to.value() >= from.value()) return wrong(entry, "accepts a clock that was not behind");
    latest_ = entry.time;
    checks_.deviation("a person set the log's clock back: entry " + std::to_string(entry.index) + " is of " +
                      to_rfc3339(entry.time) + ", what stands before it of up to " + to_rfc3339(from.value()) +
                      "; reason: " + entry.fields.text("reason"));
}

void AuditRules::note_unknown() {
    std::uint64_t entries = 0;
    std::string names;
    std::size_t shown = 0;
    for (const auto& [kind, count] : unknown_kinds_) {
        entries += count;
        if (shown++ < kMaxShownKinds) names += (names.empty() ? "" : ", ") + kind;
    }
    if (shown > kMaxShownKinds) names += ", ...";
    if (entries != 0)
        checks_.note(std::to_string(entries) + " entries of kinds that this version does not know: " + names);
    if (newer_ != 0)
        checks_.missing(
            std::to_string(newer_) +
            " entries are of a newer version than this program reads: a newer one must judge what they say");
}

void AuditRules::finish() {
    note_unknown();
    std::size_t open = 0;
    const auto note_open = [&](const std::string& what, std::uint64_t index) {
        if (++open <= kMaxShownIntents) checks_.note("open intent: " + what + ", entry " + std::to_string(index));
    };
    for (const auto& [serial, certificate] : certificates_) {
        if (certificate.state == State::intended) note_open("serial " + serial, certificate.intended_at);
    }
    for (const auto& [intent, crl] : crl_intents_) {
        if (!crl.settled) note_open("CRL number " + crl.number, crl.intended_at);
    }
    if (open > kMaxShownIntents) checks_.note("and " + std::to_string(open - kMaxShownIntents) + " more open intents");
    checks_.end(std::to_string(count_) + " entries: " + std::to_string(certificates_.size() - adopted_) +
                " certificates intended, " + std::to_string(issued_) + " issued, " +
                (adopted_ == 0 ? std::string{} : std::to_string(adopted_) + " adopted, ") + std::to_string(crls_) +
                " CRLs, " + std::to_string(secrets_used_.size()) + " secrets used once, " + std::to_string(open) +
                " intents open");
}

}  // namespace sealwright::verifier
