#include "hsm/signer_process/token_wire.hpp"

#include "hsm/signer_process/error_fields.hpp"

namespace sealwright::hsm::signer_process {
namespace {

enum Type : std::uint8_t { kJobs = 1, kKey = 65, kReady = 66, kRefusal = 67, kResults = 68 };

Error bad(std::string_view what) { return fail(ErrorCode::malformed, "token process: " + std::string{what}); }

Bytes begin(Type type) { return Bytes{kTokenWireVersion, type}; }

void append_result(Bytes& out, const TokenResult& result) {
    append_number(out, result.slot);
    append_number(out, result.ticket);
    if (result.error) return append_error(out, *result.error);
    append_number(out, std::uint16_t{0});
    append_number(out, static_cast<std::uint32_t>(result.signature.size()));
    append(out, result.signature);
}

struct Encoder {
    Bytes operator()(const TokenKeyNotice& notice) const {
        Bytes out = begin(kKey);
        append(out, notice.key.view());
        out.push_back(notice.signs_digests ? 1 : 0);
        append_number(out, static_cast<std::uint16_t>(notice.spki.size()));
        append(out, notice.spki);
        return out;
    }
    Bytes operator()(const TokenReady& ready) const {
        Bytes out = begin(kReady);
        for (const auto* text : {&ready.serial, &ready.label, &ready.manufacturer, &ready.model, &ready.module})
            append_text(out, *text);
        append(out, ready.module_sha256.view());
        return out;
    }
    Bytes operator()(const TokenRefusal& refusal) const {
        Bytes out = begin(kRefusal);
        out.push_back(static_cast<std::uint8_t>(refusal.outlook));
        append_error(out, refusal.why);
        return out;
    }
    Bytes operator()(const TokenResults& results) const {
        // In one piece from the start: memory that is given back as it grows would keep what was decrypted.
        constexpr std::size_t kFixed = 32;
        std::size_t size = kFixed;
        for (const TokenResult& result : results.results) {
            size += kFixed + result.signature.size();
            if (result.error) size += result.error->public_detail().size() + result.error->private_detail().size();
        }
        Bytes out;
        out.reserve(size);
        append(out, begin(kResults));
        append_number(out, results.microseconds);
        out.push_back(static_cast<std::uint8_t>(results.results.size()));
        for (const TokenResult& result : results.results) append_result(out, result);
        return out;
    }
};

Result<FieldReader> open_packet(ByteView packet, std::uint8_t& type) {
    if (packet.size() > kMaxPacket) return bad("a packet that is too long");
    FieldReader fields{packet};
    const auto version = fields.number<std::uint8_t>();
    type = fields.number<std::uint8_t>();
    if (fields.failed()) return bad("a packet that is too short");
    if (version != kTokenWireVersion) return fail(ErrorCode::unsupported, "token process: another version");
    return fields;
}

Result<TokenMessage> read_key(FieldReader& fields) {
    TokenKeyNotice notice;
    notice.key = fields.id<KeyId>();
    const auto signs_digests = fields.number<std::uint8_t>();
    notice.signs_digests = signs_digests == 1;
    notice.spki = fields.octets(fields.number<std::uint16_t>());
    if (signs_digests > 1 || !fields.finished()) return bad("a key that cannot be read");
    return TokenMessage{notice};
}

Result<TokenMessage> read_ready(FieldReader& fields) {
    TokenReady ready;
    for (auto* text : {&ready.serial, &ready.label, &ready.manufacturer, &ready.model, &ready.module})
        *text = read_text(fields);
    ready.module_sha256 = fields.id<Sha256>();
    if (!fields.finished()) return bad("a greeting that cannot be read");
    return TokenMessage{std::move(ready)};
}

Result<TokenMessage> read_refusal(FieldReader& fields) {
    const auto outlook = fields.number<std::uint8_t>();
    const auto code = fields.number<std::uint16_t>();
    TokenRefusal refusal{read_error(fields, code), static_cast<Outlook>(outlook)};
    if (!fields.finished() || outlook < 1 || outlook > 2) return bad("a refusal that cannot be read");
    return TokenMessage{std::move(refusal)};
}

Result<TokenMessage> read_results(FieldReader& fields) {
    TokenResults results;
    results.microseconds = fields.number<std::uint32_t>();
    const auto count = fields.number<std::uint8_t>();
    if (count == 0 || count > kMaxJobsInPacket) return bad("a count out of bounds");
    for (unsigned i = 0; i < count; ++i) {
        TokenResult result;
        result.slot = fields.number<std::uint16_t>();
        result.ticket = fields.number<std::uint64_t>();
        const auto code = fields.number<std::uint16_t>();
        if (code != 0) {
            result.error = read_error(fields, code);
        } else {
            const auto length = fields.number<std::uint32_t>();
            if (length == 0 || length > kMaxSignatureOctets) return bad("a signature of an impossible length");
            result.signature = fields.octets(length);
        }
        results.results.push_back(std::move(result));
    }
    if (!fields.finished()) return bad("results that cannot be read");
    return TokenMessage{std::move(results)};
}

Result<TokenJob> read_job(FieldReader& fields) {
    TokenJob job;
    job.slot = fields.number<std::uint16_t>();
    job.ticket = fields.number<std::uint64_t>();
    job.key = fields.id<KeyId>();
    job.algorithm.scheme = static_cast<crypto::SignatureScheme>(fields.number<std::uint8_t>());
    job.algorithm.digest = static_cast<crypto::DigestAlgorithm>(fields.number<std::uint8_t>());
    const auto form = fields.number<std::uint8_t>();
    if (form < 1 || form > 4) return bad("a job of unknown form");
    job.form = static_cast<TokenJob::Form>(form);
    const auto length = fields.number<std::uint32_t>();
    if (length > kMaxInlineOctets) return bad("a job that is too long");
    job.octets = fields.octets(length);
    if (job.form == TokenJob::Form::attached && length != 8) return bad("an attached job without its length");
    return job;
}

}  // namespace

Outlook outlook_of(ErrorCode code) noexcept {
    switch (code) {
        case ErrorCode::unavailable:
        case ErrorCode::timed_out:
        case ErrorCode::overloaded:
        case ErrorCode::indeterminate:
        case ErrorCode::storage:
        case ErrorCode::clock:
            return Outlook::may_heal;
        default:
            return Outlook::needs_a_person;
    }
}

Bytes encode_packet(const TokenJobs& jobs) {
    Bytes out = begin(kJobs);
    out.push_back(static_cast<std::uint8_t>(jobs.jobs.size()));
    for (const TokenJob& job : jobs.jobs) {
        append_number(out, job.slot);
        append_number(out, job.ticket);
        append(out, job.key.view());
        out.push_back(static_cast<std::uint8_t>(job.algorithm.scheme));
        out.push_back(static_cast<std::uint8_t>(job.algorithm.digest));
        out.push_back(static_cast<std::uint8_t>(job.form));
        append_number(out, static_cast<std::uint32_t>(job.octets.size()));
        append(out, job.octets);
    }
    return out;
}

Bytes encode_packet(const TokenMessage& message) { return std::visit(Encoder{}, message); }

Result<TokenJobs> parse_token_jobs(ByteView packet) {
    std::uint8_t type = 0;
    SEALWRIGHT_TRY(auto fields, open_packet(packet, type));
    if (type != kJobs) return bad("a packet of unknown type");
    const auto count = fields.number<std::uint8_t>();
    if (count == 0 || count > kMaxJobsInPacket) return bad("a count out of bounds");
    TokenJobs jobs;
    for (unsigned i = 0; i < count; ++i) {
        SEALWRIGHT_TRY(const auto job, read_job(fields));
        if (job.form == TokenJob::Form::attached && count != 1) return bad("an attached job among others");
        jobs.jobs.push_back(job);
    }
    if (!fields.finished()) return bad("jobs that cannot be read");
    return jobs;
}

Result<TokenMessage> parse_token_message(ByteView packet) {
    std::uint8_t type = 0;
    SEALWRIGHT_TRY(auto fields, open_packet(packet, type));
    switch (type) {
        case kKey:
            return read_key(fields);
        case kReady:
            return read_ready(fields);
        case kRefusal:
            return read_refusal(fields);
        case kResults:
            return read_results(fields);
        default:
            return bad("a packet of unknown type");
    }
}

}  // namespace sealwright::hsm::signer_process
