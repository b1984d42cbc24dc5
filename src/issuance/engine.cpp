#include "issuance/engine.hpp"

#include <stdexcept>

#include "base/boundary.hpp"
#include "crypto/digest.hpp"
#include "issuance/engine_parts.hpp"
#include "issuance/listed_names.hpp"

namespace sealwright::issuance {
namespace {

// A serial number is 128 random bits: that one is taken at all means a broken generator or a hostile store. Trying a
// few times costs nothing.
constexpr unsigned kSerialDraws = 4;

profile::IssuerContext context_of(const Authority& authority) {
    auto context = profile::issuer_context(authority.certificate, crypto::default_algorithm(authority.key.type()));
    if (!context)
        throw std::invalid_argument{"the authority's certificate is not one of a CA: " + context.error().describe()};
    if (authority.certificate.fields().spki != authority.key.spki())
        throw std::invalid_argument{"the authority's certificate is for another key"};
    return std::move(context).value();
}

std::vector<std::string> names_of(const policy::Principal& principal) {
    const auto* secret = std::get_if<policy::SecretPrincipal>(&principal);
    return secret != nullptr ? secret->names : std::vector<std::string>{};
}

}  // namespace

Engine::Parts::Parts(Authority authority_, Profiles profiles_, EngineOptions options_, CaStore& store_,
                     hsm::Signer& signer, const Clock& clock_, crypto::Random& random_, Log& log_)
    : authority(std::move(authority_)),
      profiles(std::move(profiles_)),
      options(std::move(options_)),
      store(store_),
      clock(clock_),
      random(random_),
      log(log_),
      issuer_context(context_of(authority)),
      issuer(authority.key, signer),
      events(options.node),
      gate(events, store, clock, log) {}

// walk is the way of one request (docs/issuance.md). The order of its steps is what keeps the records whole: nothing is
// signed that was not durable before, and nothing leaves that is not durable after.
Result<IssueOutcome> Engine::Parts::walk(Case& it) {
    // 1. Received: a transport bounded and parsed the bytes and named their sender. Nothing is begun that could not be
    // recorded.
    SEALWRIGHT_TRY(gate.check());

    // 2. Possession: the requester holds the private key.
    auto key = verify_possession(it.request.proof);
    if (!key) return refuse(it, key.error());
    at_boundary(boundary::kProven);

    // 3. Attestation: where the profile wants it, a TPM holds that very key.
    if (auto known = load_profile(it); !known) return refuse(it, known.error());
    if (auto attested = attest(it, key.value()); !attested) return refuse(it, attested.error());
    at_boundary(boundary::kAttested);

    // 4. Policy: issue, deny with reasons, or wait for approvals.
    auto decision = decide(it, &key.value());
    if (!decision) return refuse(it, decision.error());
    if (const auto* deny = std::get_if<policy::Deny>(&decision.value())) return refuse(it, denied_by(*deny));
    at_boundary(boundary::kDecided);
    if (const auto* wait = std::get_if<policy::AwaitApprovals>(&decision.value()))
        return park(it, key.value(), wait->needed);

    if (!signer_ready()) return postpone(it);
    std::optional<Draft> drafted;
    std::optional<IntentReceipt> receipt;
    for (unsigned draws = 0; !receipt; ++draws) {
        if (draws == kSerialDraws)
            return refuse(
                it, fail(ErrorCode::internal, "no serial number could be drawn", "every serial number drawn is taken"));

        // 5. Template and linter: the profile's rules make the TBS, and no lint refuses it.
        auto made = draft(it, key.value(), crypto::random_serial(random));
        if (!made) return refuse(it, made.error());
        drafted.emplace(std::move(made).value());
        at_boundary(boundary::kLinted);

        // 6. Intent: serial, TBS and the audit entry are durable before the token is asked.
        auto intended = intend(*drafted);
        if (intended) {
            receipt.emplace(std::move(intended).value());
        } else if (is_busy(intended.error().code())) {
            return intended.error();
        } else if (intended.error().code() != ErrorCode::already_exists) {
            return refuse(it, intended.error());
        }
    }
    at_boundary(boundary::kIntended);
    const Intent& intent = drafted->intent;
    const OpenIntent open{intent.id,         intent.serial,    it.id, intent.node, intent.lease_until,
                          intent.issuer_key, intent.tbs_digest};

    // 7. Signature: by the issuer alone, of these octets alone, verified before anything else is done with it.
    auto outcome = issuer.sign(std::move(drafted->tbs), std::move(*receipt), clock.now());
    if (const auto* failure = std::get_if<SigningFailure>(&outcome)) return settle_failure(open, *failure);

    // 8. Completion: the certificate and the audit entry are durable; only now may the answer leave.
    return complete(it, open, std::get<CertificateDer>(std::move(outcome)));
}

Result<void> Engine::Parts::load_profile(Case& it) const {
    const auto found = profiles.find(it.request.profile);
    if (found == profiles.end()) return fail(ErrorCode::not_found, "there is no profile of that name");
    it.profile = found->second;
    if (it.approved_profile && *it.approved_profile != it.profile->digest) {
        return fail(ErrorCode::conflict, "the profile was changed after the request; ask again");
    }
    return success();
}

// decide: key is null while only its holder is known, in the first round of an attestation.
Result<policy::Decision> Engine::Parts::decide(Case& it, const ProvenKey* key) const {
    policy::Question question{.principal = it.request.principal,
                              .channel = it.request.channel,
                              .profile = *it.profile,
                              .now = clock.now(),
                              .renewed_not_after = {},
                              .renewed_is_valid = false,
                              .same_key = false,
                              .approvals = it.approvals};
    it.authorised_names = names_of(it.request.principal);
    if (const auto* holder = std::get_if<policy::CertificatePrincipal>(&it.request.principal)) {
        SEALWRIGHT_TRY(it.renewed, load_renewed(store, *holder, question.now));
        question.renewed_not_after = it.renewed->certificate.fields().not_after;
        question.renewed_is_valid = it.renewed->is_valid;
        question.same_key = key != nullptr && it.renewed->subject_key == key->key().id();
        it.authorised_names = authorised_names(it.renewed->certificate);
    }
    return policy::decide(question);
}

profile::TemplateInput Engine::Parts::template_input(const Case& it, const ProvenKey& key, const SerialNumber& serial,
                                                     UtcTime now) const {
    return {.profile = *it.profile,
            .requested = it.request.requested,
            .subject_key = key.key(),
            .authorised_names = it.authorised_names,
            .issuer = issuer_context,
            .serial = serial,
            .now = now,
            .attested = it.attested ? it.attested->level() : attestation::Level::none};
}

Result<Draft> Engine::Parts::draft(const Case& it, const ProvenKey& key, const SerialNumber& serial) const {
    const UtcTime now = clock.now();
    SEALWRIGHT_TRY(auto fields, profile::build_template(template_input(it, key, serial, now)));
    if (it.renewed) {
        SEALWRIGHT_TRY(check_same_identity(fields, it.renewed->certificate));
    }
    SEALWRIGHT_TRY(auto tbs, LintedTbs::lint(fields, &authority.certificate));

    Intent intent;
    intent.id = crypto::random_id<IntentId>(random);
    intent.request = it.id;
    intent.node = options.node;
    intent.lease_until = now + options.lease;
    intent.received_at = it.received_at;
    intent.principal = it.actor;
    intent.channel = policy::channel_name(it.request.channel);
    intent.peer = it.request.peer;
    intent.profile = it.profile->name;
    intent.profile_digest = it.profile->digest;
    intent.proof = csr_of(it.request.proof)->der.bytes();
    if (const auto* secret = std::get_if<policy::SecretPrincipal>(&it.request.principal))
        intent.secret_id = secret->secret_id;
    intent.resumes_request = it.resumes;
    intent.from = it.from();
    intent.serial = serial;
    intent.issuer_key = authority.key.id();
    intent.tbs = tbs.der().bytes();
    intent.tbs_digest = tbs.digest();
    intent.names = listed_names(fields.subject.view(), fields.extensions);
    intent.subject = std::move(fields.subject);
    intent.subject_key = key.key().id();
    intent.not_before = fields.not_before;
    intent.not_after = fields.not_after;
    if (it.renewed) intent.renews = it.renewed->serial;
    if (it.attested) {
        intent.device = it.attested->device();
        intent.device->identity = identity_digest(intent.subject.view(), fields.extensions);
        intent.attestation = attestation::encode_record(it.attested->record());
    }
    intent.now = now;
    return Draft{std::move(tbs), std::move(intent)};
}

Result<IntentReceipt> Engine::Parts::intend(const Draft& draft) {
    Events record;
    if (draft.intent.secret_id) record.push_back(events.secret_used(draft.intent));
    record.push_back(events.intended(draft.intent));
    return store.intend(draft.intent, std::move(record));
}

Result<IssueOutcome> Engine::Parts::complete(const Case& it, const OpenIntent& intent, CertificateDer certificate) {
    const Completion completion{intent.id, options.node, intent.serial, certificate, clock.now()};
    Events record;
    record.push_back(events.issued(completion, it.id, it.actor));
    auto completed = store.complete(completion, std::move(record));
    if (completed) {
        at_boundary(boundary::kCompleted);
        return IssueOutcome{Issued{intent.serial, it.id, std::move(certificate)}};
    }
    // The certificate exists and does not leave. Its intent stays open: once its lease is over it is settled as
    // indeterminate and revoked.
    log.error("issuance", "certificate " + intent.serial.hex() +
                              " was signed and could not be completed: " + completed.error().describe());
    if (completed.error().code() == ErrorCode::conflict) {
        return fail(ErrorCode::indeterminate,
                    "the certificate was signed too late and was not issued; its serial number is revoked",
                    completed.error().describe());
    }
    const Error why = gate.close(completed.error());
    return fail(ErrorCode::storage, "the certificate could not be recorded and was not issued", why.describe());
}

Engine::Engine(Authority authority, Profiles profiles, EngineOptions options, CaStore& store, hsm::Signer& signer,
               const Clock& clock, crypto::Random& random, Log& log)
    : parts_(std::make_unique<Parts>(std::move(authority), std::move(profiles), std::move(options), store, signer,
                                     clock, random, log)) {}

Engine::~Engine() = default;

Result<IssueOutcome> Engine::issue(EnrollmentRequest request) {
    at_boundary(boundary::kReceived);
    std::string actor = policy::describe(request.principal);
    const UtcTime now = parts_->clock.now();
    Case it{.id = parts_->request_ids.next(now, parts_->random),
            .received_at = now,
            .request = std::move(request),
            .actor = std::move(actor)};
    return parts_->walk(it);
}

Attested<Challenged> Engine::challenge(AttestationOpening opening) {
    at_boundary(boundary::kReceived);
    return parts_->challenge(std::move(opening));
}

Attested<IssueOutcome> Engine::answer(const RequestId& request, const policy::Principal& principal,
                                      AttestationAnswer answer) {
    at_boundary(boundary::kReceived);
    return parts_->answer(request, principal, std::move(answer));
}

Result<std::size_t> Engine::expire_challenges() { return parts_->expire_challenges(); }

Result<IssueOutcome> Engine::resume(const RequestId& request, const policy::Principal& principal) {
    return parts_->resume(request, principal);
}

Result<unsigned> Engine::approve(const RequestId& request, const policy::Principal& officer) {
    return parts_->approve(request, officer);
}

Result<void> Engine::deny(const RequestId& request, const policy::Principal& officer, std::string reason) {
    return parts_->deny(request, officer, std::move(reason));
}

void Engine::refuse_input(const policy::Principal& principal, policy::Channel channel, std::string_view peer,
                          std::string_view profile, ByteView input, const Error& why) {
    parts_->refuse_input(principal, channel, peer, profile, input, why);
}

Result<Engine::Settled> Engine::settle_open_intents(hsm::SignerJournal& journal) {
    return parts_->settle_open_intents(journal);
}

Result<void> Engine::check_open() { return parts_->gate.check(); }

const Authority& Engine::authority() const noexcept { return parts_->authority; }
const Profiles& Engine::profiles() const noexcept { return parts_->profiles; }

}  // namespace sealwright::issuance
