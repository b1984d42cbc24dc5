#include "issuance/ocsp_responder.hpp"

#include <stdexcept>

#include "crypto/digest.hpp"
#include "issuance/ocsp_cache.hpp"
#include "issuance/serial.hpp"

namespace sealwright::issuance {
namespace {

using x509::OcspResponseStatus;

// An answer "unknown" may be about a certificate that is being issued right now: it is not to be kept for long.
constexpr std::chrono::minutes kUnknownValidity{5};

// IssuerHashes is how a CertID names our CA under one hash (RFC 6960 4.1.1: of the issuer's name DER, and of its public
// key without tag, length and unused bits).
struct IssuerHashes {
    crypto::DigestAlgorithm algorithm;
    Bytes name, key;
};

std::vector<IssuerHashes> hashes_of(const Authority& authority) {
    using enum crypto::DigestAlgorithm;
    std::vector<IssuerHashes> all;
    for (const auto algorithm : {sha1, sha256, sha384, sha512}) {
        all.push_back({algorithm, crypto::digest(algorithm, authority.certificate.fields().subject_der.view()),
                       crypto::digest(algorithm, authority.key.public_bits())});
    }
    return all;
}

crypto::PublicKey key_of(const x509::Certificate& certificate) {
    auto key = crypto::PublicKey::parse(certificate.fields().spki.view());
    if (!key) throw std::invalid_argument{"the OCSP signer's key: " + key.error().describe()};
    return std::move(key).value();
}

OcspResponseStatus status_for(ErrorCode code) noexcept {
    switch (code) {
        case ErrorCode::malformed:
        case ErrorCode::too_large:
            return OcspResponseStatus::malformed_request;
        // RFC 5019 2.2.3: "unauthorized" where the responder cannot answer authoritatively; a hash that we do not know
        // may name any issuer.
        case ErrorCode::unsupported:
            return OcspResponseStatus::unauthorized;
        case ErrorCode::unavailable:
        case ErrorCode::overloaded:
        case ErrorCode::timed_out:
        case ErrorCode::indeterminate:
        case ErrorCode::token:
        case ErrorCode::storage:
            return OcspResponseStatus::try_later;
        default:
            return OcspResponseStatus::internal_error;
    }
}

// Slot counts one of the signatures that may run side by side.
class Slot {
public:
    Slot(std::atomic<std::size_t>& taken, std::size_t most) : taken_(taken), free_(taken.fetch_add(1) < most) {}
    ~Slot() { taken_.fetch_sub(1); }
    Slot(const Slot&) = delete;
    Slot& operator=(const Slot&) = delete;
    bool is_free() const noexcept { return free_; }

private:
    std::atomic<std::size_t>& taken_;
    bool free_;
};

}  // namespace

struct OcspResponder::Parts {
    OcspAnswer answer(ByteView request_der);
    OcspAnswer refuse(OcspResponseStatus status);
    OcspAnswer refuse(const Error& why);
    bool is_ours(const x509::OcspCertId& id) const;
    Result<void> catch_up(UtcTime now);
    Result<x509::OcspCertStatus> status_of(const x509::OcspCertId& id, UtcTime now);
    Result<OcspAnswer> sign(const x509::OcspRequest& request, UtcTime now);
    Result<Bytes> sign_response(const x509::OcspResponseFields& fields);
    // cached looks for the answer in the cache; look is how stale it may be.
    using Look = decltype(&OcspCache::find);
    std::optional<OcspAnswer> cached(const x509::OcspRequest& request, UtcTime now, Look look);
    void complain(const Error& why);

    const Authority authority;
    const x509::Certificate signer_certificate;
    const crypto::PublicKey signer_key;
    const crypto::SignatureAlgorithm algorithm;
    const OcspPolicy policy;
    CaStore& store;
    hsm::Signer& signer;
    const Clock& clock;
    crypto::Random& random;
    Log& log;
    const std::vector<IssuerHashes> hashes;
    const Bytes responder_key_hash;

    OcspCache cache;
    // status_changed raises wanted; catch_up, having made the cache forget, raises caught_up to what wanted was before
    // it read the changes.
    std::atomic<std::uint64_t> wanted{1}, caught_up{0};
    std::atomic<UtcTime::rep> caught_up_at{0};
    std::mutex catching_up;
    std::uint64_t counter = 0;  // of the store's changes

    std::atomic<std::size_t> signing{0};
    std::atomic<std::uint64_t> asked{0}, from_cache{0}, signed_now{0}, refused{0};
    std::atomic<UtcTime::rep> complained_at{0};
};

OcspResponder::OcspResponder(const Authority& authority, x509::Certificate signer_certificate, OcspPolicy policy,
                             CaStore& store, hsm::Signer& signer, const Clock& clock, crypto::Random& random,
                             Log& log) {
    auto key = key_of(signer_certificate);
    const auto algorithm = crypto::default_algorithm(key.type());
    auto key_hash = crypto::digest(crypto::DigestAlgorithm::sha1, key.public_bits());
    parts_.reset(new Parts{.authority = authority,
                           .signer_certificate = std::move(signer_certificate),
                           .signer_key = std::move(key),
                           .algorithm = algorithm,
                           .policy = policy,
                           .store = store,
                           .signer = signer,
                           .clock = clock,
                           .random = random,
                           .log = log,
                           .hashes = hashes_of(authority),
                           .responder_key_hash = std::move(key_hash),
                           .cache = OcspCache{policy.cache_entries},
                           .catching_up = {}});
}

OcspResponder::~OcspResponder() = default;

OcspAnswer OcspResponder::answer(ByteView request_der) { return parts_->answer(request_der); }

void OcspResponder::status_changed() { parts_->wanted.fetch_add(1); }

OcspResponder::Statistics OcspResponder::statistics() const {
    return {parts_->asked.load(), parts_->from_cache.load(), parts_->signed_now.load(), parts_->refused.load()};
}

OcspAnswer OcspResponder::Parts::answer(ByteView request_der) {
    asked.fetch_add(1, std::memory_order_relaxed);
    const auto request = x509::OcspRequest::parse(request_der);
    if (!request) return refuse(status_for(request.error().code()));
    for (const auto& id : request.value().cert_ids) {
        if (!is_ours(id)) return refuse(OcspResponseStatus::unauthorized);
    }

    const UtcTime now = clock.now();
    if (auto caught = catch_up(now); !caught) return refuse(caught.error());
    if (auto hit = cached(request.value(), now, &OcspCache::find)) return *std::move(hit);

    const Slot slot{signing, policy.max_concurrent_signatures};
    if (!slot.is_free()) {
        if (auto hit = cached(request.value(), now, &OcspCache::find_valid)) return *std::move(hit);
        return refuse(OcspResponseStatus::try_later);
    }
    auto signed_answer = sign(request.value(), now);
    if (!signed_answer) {
        // What was signed before and is valid still says what is so: the cache has forgotten what changed.
        if (auto hit = cached(request.value(), now, &OcspCache::find_valid)) {
            complain(signed_answer.error());
            return *std::move(hit);
        }
        return refuse(signed_answer.error());
    }
    signed_now.fetch_add(1, std::memory_order_relaxed);
    return std::move(signed_answer).value();
}

OcspAnswer OcspResponder::Parts::refuse(OcspResponseStatus status) {
    refused.fetch_add(1, std::memory_order_relaxed);
    OcspAnswer answer;
    answer.der = x509::ocsp_error_response(status);
    answer.produced_at = clock.now();
    return answer;
}

OcspAnswer OcspResponder::Parts::refuse(const Error& why) {
    complain(why);
    return refuse(status_for(why.code()));
}

// complain writes at most one line a second: anybody can make us fail as often as he asks.
void OcspResponder::Parts::complain(const Error& why) {
    const auto now = clock.now().time_since_epoch().count();
    if (complained_at.exchange(now) != now) log.warning("ocsp", "a request could not be answered: " + why.describe());
}

bool OcspResponder::Parts::is_ours(const x509::OcspCertId& id) const {
    for (const auto& ours : hashes) {
        if (ours.algorithm == id.hash) return ours.name == id.issuer_name_hash && ours.key == id.issuer_key_hash;
    }
    return false;
}

// catch_up makes the cache forget what changed: always after status_changed, and once a second for what other nodes
// changed. Where the store cannot be read, nothing is answered from the cache either: it could hide a revocation.
Result<void> OcspResponder::Parts::catch_up(UtcTime now) {
    const auto is_current = [&] {
        return caught_up.load() == wanted.load() && caught_up_at.load() == now.time_since_epoch().count();
    };
    if (is_current()) return success();
    const std::lock_guard lock{catching_up};
    if (is_current()) return success();
    const std::uint64_t until = wanted.load();
    SEALWRIGHT_TRY(const auto changes, store.changed_since(counter));
    if (changes.overflow) {
        cache.clear();
    } else {
        cache.forget(changes.serials);
    }
    counter = changes.counter;
    caught_up_at.store(now.time_since_epoch().count());
    caught_up.store(until);
    return success();
}

std::optional<OcspAnswer> OcspResponder::Parts::cached(const x509::OcspRequest& request, UtcTime now, Look look) {
    if (request.nonce || request.cert_ids.size() != 1) return std::nullopt;
    const auto& id = request.cert_ids.front();
    const auto serial = serial_from_integer(id.serial);
    if (!serial) return std::nullopt;
    auto hit = (cache.*look)(*serial, id.encoding, now);
    if (hit) from_cache.fetch_add(1, std::memory_order_relaxed);
    return hit;
}

Result<x509::OcspCertStatus> OcspResponder::Parts::status_of(const x509::OcspCertId& id, UtcTime now) {
    const auto serial = serial_from_integer(id.serial);
    if (!serial) return x509::OcspCertStatus{x509::OcspUnknown{}};  // none that we could have issued
    SEALWRIGHT_TRY(const auto status, store.status(authority.key.id(), *serial));
    if (const auto* revoked = std::get_if<StatusRevoked>(&status)) {
        // A time ahead of the clock is of one that ran ahead and was put right: the signer takes none of the future.
        return x509::OcspCertStatus{
            x509::OcspRevoked{std::min(revoked->revocation.at, now), revoked->revocation.reason}};
    }
    if (std::holds_alternative<StatusGood>(status)) return x509::OcspCertStatus{x509::OcspGood{}};
    return x509::OcspCertStatus{x509::OcspUnknown{}};
}

Result<OcspAnswer> OcspResponder::Parts::sign(const x509::OcspRequest& request, UtcTime now) {
    const auto& own = signer_certificate.fields();
    if (now < own.not_before || now >= own.not_after)
        return fail(ErrorCode::internal, "", "the OCSP signer's certificate is not valid now");
    const std::uint64_t made_under = cache.generation();

    x509::OcspResponseFields fields{
        .responder_key_hash = responder_key_hash, .produced_at = now, .responses = {}, .nonce = request.nonce};
    OcspAnswer answer{.der = {},
                      .cacheable = false,
                      .this_update = now,
                      .next_update = std::min(now + policy.validity, own.not_after),
                      .produced_at = now};
    bool known = true;
    for (const auto& id : request.cert_ids) {
        SEALWRIGHT_TRY(const auto status, status_of(id, now));
        if (std::holds_alternative<x509::OcspUnknown>(status)) known = false;
        fields.responses.push_back({id.encoding, status, now, answer.next_update});
    }
    if (!known) {
        answer.next_update = std::min(answer.next_update, now + kUnknownValidity);
        for (auto& response : fields.responses) response.next_update = answer.next_update;
    }
    SEALWRIGHT_TRY(answer.der, sign_response(fields));

    // RFC 5019: what carries a nonce, or speaks of several certificates, is of use to nobody else.
    answer.cacheable = known && !request.nonce && request.cert_ids.size() == 1;
    if (answer.cacheable) {
        const auto& id = request.cert_ids.front();
        cache.insert(*serial_from_integer(id.serial), id.encoding, answer, now + (answer.next_update - now) / 2,
                     made_under);
    }
    return answer;
}

Result<Bytes> OcspResponder::Parts::sign_response(const x509::OcspResponseFields& fields) {
    const Bytes data = x509::build_response_data(fields);
    SEALWRIGHT_TRY(const Bytes signature, signer.sign({.key = signer_key.id(),
                                                       .purpose = hsm::Purpose::ocsp,
                                                       .algorithm = algorithm,
                                                       .intent = crypto::random_id<IntentId>(random),
                                                       .tbs = data}));
    if (auto holds = signer_key.verify(algorithm, data, signature); !holds) {
        log.error("security", "the signer's answer is not a signature over the OCSP response that was asked: " +
                                  holds.error().describe());
        return fail(ErrorCode::internal, "", "the signer's answer does not verify");
    }
    return x509::assemble_ocsp_response(data, algorithm, signature, signer_certificate.der());
}

}  // namespace sealwright::issuance
