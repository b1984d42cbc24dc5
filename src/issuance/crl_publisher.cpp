#include "issuance/crl_publisher.hpp"

#include <stdexcept>

#include "base/boundary.hpp"
#include "base/file.hpp"
#include "crypto/digest.hpp"
#include "issuance/audit_events.hpp"
#include "profile/linter.hpp"

namespace sealwright::issuance {
namespace {

// is_ahead: what the store has of a later time than this was made while the clock ran ahead, and a person has accepted
// the clock since: a clock that merely went back stops every write. A minute is for clocks of several nodes.
bool is_ahead(UtcTime time, UtcTime now) noexcept { return time > now + std::chrono::minutes{1}; }

profile::IssuerContext context_of(const Authority& authority) {
    auto context = profile::issuer_context(authority.certificate, crypto::default_algorithm(authority.key.type()));
    if (!context)
        throw std::invalid_argument{"the authority's certificate is not one of a CA: " + context.error().describe()};
    return std::move(context).value();
}

}  // namespace

struct CrlPublisher::Parts {
    // Draft is a linted TBSCertList with its intent.
    struct Draft {
        CrlIntent intent;
        TbsCertListDer tbs;
        std::size_t entries = 0;
    };

    Result<Draft> draft(UtcTime now);
    Result<void> intend(const Draft& draft);
    Result<Bytes> sign(const Draft& draft);
    Result<CrlRecord> assemble(const Draft& draft, ByteView signature) const;
    Result<void> verify(const CrlRecord& record) const;
    void write_file(const CrlRecord& record);
    bool abandon(const CrlIntent& intent, std::string_view why);
    void give_up_unfinished();
    void show(CrlRecord record);
    Result<CrlRecord> publish();

    const Authority authority;
    const CrlPolicy policy;
    const EventMaker events;
    CaStore& store;
    hsm::Signer& signer;
    const Clock& clock;
    crypto::Random& random;
    Log& log;
    const profile::IssuerContext context;

    std::mutex publishing;                  // one publication at a time
    std::optional<CrlIntent> unfinished;    // of this boot, whose end could not be stored; under publishing
    std::atomic<bool> file_behind = false;  // the file is not the current CRL
    mutable std::mutex mutex;               // current
    std::shared_ptr<const CrlRecord> current;
};

CrlPublisher::CrlPublisher(const Authority& authority, CrlPolicy policy, Node node, CaStore& store, hsm::Signer& signer,
                           const Clock& clock, crypto::Random& random, Log& log)
    : parts_(new Parts{.authority = authority,
                       .policy = std::move(policy),
                       .events = EventMaker{node},
                       .store = store,
                       .signer = signer,
                       .clock = clock,
                       .random = random,
                       .log = log,
                       .context = context_of(authority),
                       .publishing = {},
                       .unfinished = {},
                       .file_behind = false,
                       .mutex = {},
                       .current = {}}) {}

CrlPublisher::~CrlPublisher() = default;

Result<CrlPublisher::Parts::Draft> CrlPublisher::Parts::draft(UtcTime now) {
    const KeyId key = authority.key.id();
    SEALWRIGHT_TRY(const auto number, store.reserve_crl_number(key, now));
    SEALWRIGHT_TRY(const auto latest, store.latest_crl(key));

    // A little backdated, but never before the CA itself, what it lists, or the one that it follows.
    UtcTime this_update = std::max(now - policy.backdate, authority.certificate.fields().not_before);
    // What lies ahead of the clock counts as of now, or nobody would take the list until that time has come.
    if (latest && !is_ahead(latest->this_update, now)) this_update = std::max(this_update, latest->this_update);
    x509::CrlBuilder builder;
    SEALWRIGHT_TRY(store.for_each_revoked(key, now, [&](x509::CrlEntry entry) {
        if (is_ahead(entry.revoked_at, now)) entry.revoked_at = now;
        this_update = std::max(this_update, entry.revoked_at);
        builder.add(entry);
    }));

    Draft made;
    made.entries = builder.size();
    made.intent = {.id = crypto::random_id<IntentId>(random),
                   .node = events.node(),
                   .issuer_key = key,
                   .number = number,
                   .this_update = this_update,
                   .next_update = this_update + policy.validity,
                   .tbs_digest = {},
                   .now = now};
    made.tbs = builder.build({.signature_algorithm = context.signature_algorithm,
                              .issuer = context.subject,
                              .this_update = made.intent.this_update,
                              .next_update = made.intent.next_update,
                              .authority_key_identifier = context.subject_key_identifier,
                              .number = number,
                              .distribution_point = {}});
    made.intent.tbs_digest = crypto::sha256(made.tbs.view());
    const auto findings = profile::lint_crl({.der = made.tbs.view(),
                                             .issuer = &authority.certificate,
                                             .previous_number = latest ? std::optional{latest->number} : std::nullopt});
    if (x509::has_error(findings))
        return fail(ErrorCode::lint, "the CRL would break its standard", x509::errors_listed(findings));
    return made;
}

Result<void> CrlPublisher::Parts::intend(const Draft& draft) {
    Events record;
    record.push_back(events.make(audit::EventKind::crl_intended, draft.intent.now, kDaemonActor,
                                 {{"entries", std::to_string(draft.entries)},
                                  {"intent", draft.intent.id.hex()},
                                  {"issuer_key", draft.intent.issuer_key.hex()},
                                  {"next_update", to_rfc3339(draft.intent.next_update)},
                                  {"number", std::to_string(draft.intent.number)},
                                  {"tbs_sha256", draft.intent.tbs_digest.hex()},
                                  {"this_update", to_rfc3339(draft.intent.this_update)}}));
    return store.intend_crl(draft.intent, std::move(record));
}

Result<Bytes> CrlPublisher::Parts::sign(const Draft& draft) {
    return signer.sign({.key = draft.intent.issuer_key,
                        .purpose = hsm::Purpose::crl,
                        .algorithm = context.signature_algorithm,
                        .intent = draft.intent.id,
                        .tbs = draft.tbs.view()});
}

// verify reads a CRL back as its readers will.
Result<void> CrlPublisher::Parts::verify(const CrlRecord& record) const {
    SEALWRIGHT_TRY(const auto parsed, x509::CertificateList::parse(record.der));
    SEALWRIGHT_TRY(parsed.verify_signature(authority.key));
    if (parsed.number() != record.number || parsed.issuer() != context.subject ||
        parsed.entry_count() != record.entries || parsed.this_update() != record.this_update ||
        parsed.next_update() != record.next_update) {
        return fail(ErrorCode::internal, "the CRL is not what its record says",
                    "number " + std::to_string(record.number));
    }
    return success();
}

Result<CrlRecord> CrlPublisher::Parts::assemble(const Draft& draft, ByteView signature) const {
    const auto& intent = draft.intent;
    CrlRecord record{.number = intent.number,
                     .issuer_key = intent.issuer_key,
                     .this_update = intent.this_update,
                     .next_update = intent.next_update,
                     .entries = draft.entries,
                     .der = x509::assemble_crl(draft.tbs.view(), context.signature_algorithm, signature).bytes()};
    if (auto holds = verify(record); !holds) {
        log.error("security", "the signer's answer is not a signature over CRL " + std::to_string(intent.number) +
                                  ": " + holds.error().describe());
        return fail(ErrorCode::token, "the CRL could not be signed", holds.error().describe());
    }
    return record;
}

// abandon is false when the intent is still open: it could not be stored that it is not.
bool CrlPublisher::Parts::abandon(const CrlIntent& intent, std::string_view why) {
    const UtcTime now = clock.now();
    Events record;
    record.push_back(events.make(
        audit::EventKind::crl_abandoned, now, kDaemonActor,
        {{"intent", intent.id.hex()}, {"number", std::to_string(intent.number)}, {"why", std::string{why}}}));
    const auto abandoned = store.abandon_crl(intent.id, now, std::move(record));
    // A conflict: it is not open any more.
    if (abandoned || abandoned.error().code() == ErrorCode::conflict) return true;
    log.error("issuance",
              "CRL " + std::to_string(intent.number) + " could not be given up: " + abandoned.error().describe());
    return false;
}

// give_up_unfinished ends what the last publication left open because the store failed under it.
void CrlPublisher::Parts::give_up_unfinished() {
    if (unfinished && abandon(*unfinished, "it could not be stored")) unfinished.reset();
}

// write_file: the file is a copy for others to fetch. That it cannot be written takes nothing from the CRL, which is in
// force and served from here; retry_file tries again.
void CrlPublisher::Parts::write_file(const CrlRecord& record) {
    if (policy.file.empty()) return;
    const auto written = write_file_atomically(policy.file, record.der);
    const bool was_behind = file_behind.exchange(!written);
    if (written) {
        if (was_behind) log.info("issuance", "the file of the CRL can be written again: " + policy.file.string());
        at_boundary(boundary::kCrlPublished);
    } else if (!was_behind) {
        log.error("issuance", "CRL " + std::to_string(record.number) +
                                  " is in force, but its file cannot be written: " + written.error().describe());
    }
}

void CrlPublisher::Parts::show(CrlRecord record) {
    auto shared = std::make_shared<const CrlRecord>(std::move(record));
    const std::lock_guard lock{mutex};
    current = std::move(shared);
}

// publish goes the way of a certificate: durable before it is signed, verified before it is durable, shown after.
Result<CrlRecord> CrlPublisher::Parts::publish() {
    give_up_unfinished();
    const UtcTime now = clock.now();
    SEALWRIGHT_TRY(const auto made, draft(now));
    SEALWRIGHT_TRY(intend(made));
    at_boundary(boundary::kCrlIntended);

    auto signature = sign(made);
    if (!signature) {
        if (!abandon(made.intent, "signer: " + std::string{error_code_name(signature.error().code())}))
            unfinished = made.intent;
        return std::move(signature).error();
    }
    at_boundary(boundary::kCrlSigned);
    auto assembled = assemble(made, signature.value());
    if (!assembled) {
        if (!abandon(made.intent, "the signature does not hold")) unfinished = made.intent;
        return assembled;
    }
    CrlRecord crl = std::move(assembled).value();

    Events record;
    record.push_back(events.make(audit::EventKind::crl_issued, clock.now(), kDaemonActor,
                                 {{"crl_sha256", crypto::sha256(crl.der).hex()},
                                  {"entries", std::to_string(crl.entries)},
                                  {"intent", made.intent.id.hex()},
                                  {"issuer_key", crl.issuer_key.hex()},
                                  {"number", std::to_string(crl.number)}}));
    if (auto completed = store.complete_crl(made.intent.id, crl, std::move(record)); !completed) {
        unfinished = made.intent;
        return std::move(completed).error();
    }
    at_boundary(boundary::kCrlCompleted);
    show(crl);
    log.info("issuance", "CRL " + std::to_string(crl.number) + " with " + std::to_string(crl.entries) +
                             " entries, until " + to_rfc3339(crl.next_update));
    write_file(crl);
    return crl;
}

Result<CrlRecord> CrlPublisher::publish_now() {
    const std::lock_guard one_at_a_time{parts_->publishing};
    auto published = parts_->publish();
    if (!published) parts_->log.error("issuance", "no CRL was published: " + published.error().describe());
    return published;
}

void CrlPublisher::retry_file() {
    if (!parts_->file_behind) return;
    const std::lock_guard one_at_a_time{parts_->publishing};
    if (const auto crl = current()) parts_->write_file(*crl);
}

bool CrlPublisher::file_is_behind() const noexcept { return parts_->file_behind; }

UtcTime CrlPublisher::due() const {
    const auto crl = current();
    if (!crl || is_ahead(crl->this_update, parts_->clock.now())) return UtcTime{};
    return crl->next_update - parts_->policy.overlap;
}

std::shared_ptr<const CrlRecord> CrlPublisher::current() const {
    const std::lock_guard lock{parts_->mutex};
    return parts_->current;
}

Result<void> CrlPublisher::settle() {
    const std::lock_guard one_at_a_time{parts_->publishing};
    SEALWRIGHT_TRY(const auto open, parts_->store.open_crl_intents(parts_->events.node(), parts_->clock.now()));
    for (const auto& intent : open) (void)parts_->abandon(intent, "open after a restart");

    SEALWRIGHT_TRY(auto latest, parts_->store.latest_crl(parts_->authority.key.id()));
    if (!latest) return success();
    if (auto good = parts_->verify(*latest); !good) {
        parts_->log.error("security", "the stored CRL " + std::to_string(latest->number) +
                                          " does not verify and is not served: " + good.error().describe());
        return success();
    }
    parts_->show(*latest);
    // The process may have ended between the commit and the file.
    parts_->write_file(*latest);
    return success();
}

}  // namespace sealwright::issuance
