#include "attestation/record.hpp"

#include "attestation/ek_certificate.hpp"
#include "attestation/judgement.hpp"
#include "attestation/record_parts.hpp"
#include "crypto/digest.hpp"
#include "x509/unordered_names.hpp"

namespace sealwright::attestation {
namespace {

constexpr std::uint64_t kVersion = 1;

void write_policy(asn1::DerWriter& writer, const Policy& policy) {
    writer.sequence([&] {
        writer.sequence([&] {
            for (const Level level : policy.accepted) writer.integer(static_cast<std::uint64_t>(level));
        });
        writer.boolean(policy.simulators).boolean(policy.endorsement_hierarchy).integer(policy.min_rsa_bits);
    });
}

Result<Policy> read_policy(asn1::DerReader& outer) {
    SEALWRIGHT_TRY(auto reader, outer.enter(asn1::kSequence));
    SEALWRIGHT_TRY(auto levels, reader.enter(asn1::kSequence));
    Policy policy;
    while (!levels.at_end()) {
        SEALWRIGHT_TRY(const std::uint64_t level, levels.small_integer());
        if (level > 3) return fail(ErrorCode::unsupported, "attestation record: an unknown level");
        policy.accepted.insert(static_cast<Level>(level));
    }
    SEALWRIGHT_TRY(policy.simulators, reader.boolean());
    SEALWRIGHT_TRY(policy.endorsement_hierarchy, reader.boolean());
    SEALWRIGHT_TRY(policy.min_rsa_bits, read_number<std::uint32_t>(reader));
    SEALWRIGHT_TRY(reader.finish());
    return policy;
}

void write_octets(asn1::DerWriter& writer, const std::vector<Bytes>& all) {
    writer.sequence([&] {
        for (const Bytes& octets : all) writer.octet_string(octets);
    });
}

Result<Bytes> read_octets(asn1::DerReader& reader) {
    SEALWRIGHT_TRY(const ByteView octets, reader.octet_string());
    return bytes_of(octets);
}

Result<std::vector<Bytes>> read_octets_list(asn1::DerReader& outer) {
    SEALWRIGHT_TRY(auto reader, outer.enter(asn1::kSequence));
    std::vector<Bytes> all;
    while (!reader.at_end()) {
        SEALWRIGHT_TRY(Bytes octets, read_octets(reader));
        all.push_back(std::move(octets));
    }
    return all;
}

void write_opening(asn1::DerWriter& writer, const Opening& opening) {
    writer.sequence([&] {
        writer.octet_string(opening.ek_certificate);
        write_octets(writer, opening.ek_chain);
        writer.octet_string(opening.ek_public);
        write_text(writer, opening.ek_template);
        writer.octet_string(opening.ak_public);
    });
}

Result<Opening> read_opening(asn1::DerReader& outer) {
    SEALWRIGHT_TRY(auto reader, outer.enter(asn1::kSequence));
    Opening opening;
    SEALWRIGHT_TRY(opening.ek_certificate, read_octets(reader));
    SEALWRIGHT_TRY(opening.ek_chain, read_octets_list(reader));
    SEALWRIGHT_TRY(opening.ek_public, read_octets(reader));
    SEALWRIGHT_TRY(opening.ek_template, read_text(reader));
    SEALWRIGHT_TRY(opening.ak_public, read_octets(reader));
    SEALWRIGHT_TRY(reader.finish());
    return opening;
}

void write_answer(asn1::DerWriter& writer, const Answer& answer) {
    writer.sequence([&] {
        writer.octet_string(answer.activated_secret).octet_string(answer.key_public);
        writer.octet_string(answer.certify_info).octet_string(answer.certify_signature);
    });
}

Result<Answer> read_answer(asn1::DerReader& outer) {
    SEALWRIGHT_TRY(auto reader, outer.enter(asn1::kSequence));
    Answer answer;
    SEALWRIGHT_TRY(answer.activated_secret, read_octets(reader));
    SEALWRIGHT_TRY(answer.key_public, read_octets(reader));
    SEALWRIGHT_TRY(answer.certify_info, read_octets(reader));
    SEALWRIGHT_TRY(answer.certify_signature, read_octets(reader));
    SEALWRIGHT_TRY(reader.finish());
    return answer;
}

Result<Expectation> read_expectation(asn1::DerReader& outer) {
    SEALWRIGHT_TRY(auto reader, outer.enter(asn1::kSequence));
    Expectation expectation;
    SEALWRIGHT_TRY(const ByteView digest, reader.octet_string());
    SEALWRIGHT_TRY(expectation.secret_digest, Sha256::from(digest));
    SEALWRIGHT_TRY(expectation.nonce, read_octets(reader));
    SEALWRIGHT_TRY(expectation.request_spki, read_octets(reader));
    SEALWRIGHT_TRY(reader.finish());
    return expectation;
}

Result<UtcTime> read_time(asn1::DerReader& reader) {
    SEALWRIGHT_TRY(const asn1::Element element, reader.expect(asn1::kGeneralizedTime));
    return asn1::parse_time(element);
}

Result<void> read_anchors(asn1::DerReader& outer, Record& record) {
    SEALWRIGHT_TRY(auto reader, outer.enter(asn1::kSequence));
    SEALWRIGHT_TRY(const ByteView digest, reader.octet_string());
    SEALWRIGHT_TRY(record.roots_digest, Sha256::from(digest));
    SEALWRIGHT_TRY(record.path, read_octets_list(reader));
    return reader.finish();
}

Result<Record> read_record(ByteView der) {
    asn1::DerReader outer{der};
    SEALWRIGHT_TRY(auto reader, outer.enter(asn1::kSequence));
    SEALWRIGHT_TRY(outer.finish());
    SEALWRIGHT_TRY(const std::uint64_t version, reader.small_integer());
    if (version != kVersion)
        return fail(ErrorCode::unsupported, "attestation record: version " + std::to_string(version));
    SEALWRIGHT_TRY(const ByteView id, reader.octet_string());
    SEALWRIGHT_TRY(const RequestId request, RequestId::from(id));
    SEALWRIGHT_TRY(const UtcTime time, read_time(reader));
    SEALWRIGHT_TRY(std::string profile, read_text(reader));
    SEALWRIGHT_TRY(Policy policy, read_policy(reader));
    SEALWRIGHT_TRY(const bool listed, reader.boolean());
    SEALWRIGHT_TRY(Opening opening, read_opening(reader));
    SEALWRIGHT_TRY(Answer answer, read_answer(reader));
    SEALWRIGHT_TRY(Expectation expectation, read_expectation(reader));
    const bool has_answer = answer != Answer{} || expectation != Expectation{};
    SEALWRIGHT_TRY(const asn1::Element anchors, reader.expect(asn1::kSequence));
    SEALWRIGHT_TRY(const asn1::Element verdict_der, reader.expect(asn1::kSequence));
    SEALWRIGHT_TRY(reader.finish());
    SEALWRIGHT_TRY(Verdict verdict, Verdict::parse(verdict_der.encoding));
    Record record{request,
                  time,
                  std::move(profile),
                  std::move(policy),
                  listed,
                  std::move(opening),
                  std::nullopt,
                  std::move(expectation),
                  {},
                  {},
                  std::move(verdict)};
    if (has_answer) record.answer = std::move(answer);
    asn1::DerReader anchors_reader{anchors.encoding};
    SEALWRIGHT_TRY(read_anchors(anchors_reader, record));
    return record;
}

bool is_visible(char c) noexcept { return c >= 0x20 && c < 0x7F; }

}  // namespace

void write_text(asn1::DerWriter& writer, std::string_view text) { writer.primitive(asn1::kUtf8String, view_of(text)); }

Result<std::string> read_text(asn1::DerReader& reader) {
    SEALWRIGHT_TRY(const asn1::Element element, reader.expect(asn1::kUtf8String));
    const std::string_view text = text_of(element.content);
    if (!std::all_of(text.begin(), text.end(), is_visible))
        return fail(ErrorCode::malformed, "a text that is not visible ASCII");
    return std::string{text};
}

Sha256 roots_digest(const TrustAnchors& anchors) {
    std::set<Sha256> fingerprints;
    for (const x509::Certificate& root : anchors.roots) fingerprints.insert(root.fingerprint());
    crypto::Hasher hasher{crypto::DigestAlgorithm::sha256};
    for (const Sha256& fingerprint : fingerprints) hasher.update(fingerprint.view());
    return Sha256::from(hasher.finish()).value();
}

Record attest(RequestId request, std::string profile, Opening opening, std::optional<Answer> answer,
              Expectation expectation, const Context& context) {
    // The record holds visible ASCII alone; what is judged must be what is kept.
    opening.ek_template = printable(opening.ek_template);
    if (!answer) expectation = {};
    Judgement judged = judge(opening, answer ? &*answer : nullptr, expectation, context);
    Record record{request,
                  context.now,
                  printable(profile),
                  context.policy,
                  context.ek_is_listed,
                  std::move(opening),
                  std::move(answer),
                  std::move(expectation),
                  roots_digest(context.anchors),
                  {},
                  std::move(judged.verdict)};
    for (const x509::Certificate& certificate : judged.path) record.path.push_back(certificate.der().bytes());
    return record;
}

Bytes encode_record(const Record& record) {
    asn1::DerWriter writer;
    writer.sequence([&] {
        writer.integer(kVersion).octet_string(record.request.view()).generalized_time(record.time);
        write_text(writer, record.profile);
        write_policy(writer, record.policy);
        writer.boolean(record.ek_is_listed);
        write_opening(writer, record.opening);
        write_answer(writer, record.answer.value_or(Answer{}));
        writer.sequence([&] {
            writer.octet_string(record.expectation.secret_digest.view());
            writer.octet_string(record.expectation.nonce).octet_string(record.expectation.request_spki);
        });
        writer.sequence([&] {
            writer.octet_string(record.roots_digest.view());
            write_octets(writer, record.path);
        });
        writer.raw(record.verdict.encode());
    });
    return writer.take();
}

Result<Record> parse_record(ByteView bytes) {
    if (text_of(bytes).starts_with("-----BEGIN")) {
        if (bytes.size() > kMaxRecord * 3 / 2) return fail(ErrorCode::too_large, "attestation record: too many octets");
        SEALWRIGHT_TRY(const Bytes der, x509::decode_pem(kRecordLabel, text_of(bytes)));
        if (text_of(der).starts_with("-----BEGIN"))
            return fail(ErrorCode::malformed, "attestation record: PEM inside PEM");
        return parse_record(der);
    }
    if (bytes.size() > kMaxRecord) return fail(ErrorCode::too_large, "attestation record: more than 262144 octets");
    SEALWRIGHT_TRY(Record record, read_record(bytes));
    // One record has one encoding: what the reading above would forgive is refused here.
    if (!equal(encode_record(record), bytes))
        return fail(ErrorCode::malformed, "attestation record: not its canonical octets");
    return record;
}

Verdict replay(const Record& record) {
    TrustAnchors anchors;
    for (std::size_t i = 0; i < record.path.size(); ++i) {
        auto certificate = x509::parse_with_unordered_names(record.path[i]);
        if (!certificate) continue;
        const bool is_root = i + 1 == record.path.size();
        (is_root ? anchors.roots : anchors.intermediates).push_back(std::move(certificate).value());
    }
    const Context context{anchors, record.policy, record.ek_is_listed, record.time};
    return judge(record.opening, record.answer ? &*record.answer : nullptr, record.expectation, context).verdict;
}

bool is_anchored(const Record& record, const std::vector<x509::Certificate>& roots) {
    if (record.path.empty()) return false;
    return std::any_of(roots.begin(), roots.end(),
                       [&](const x509::Certificate& root) { return root.der().bytes() == record.path.back(); });
}

}  // namespace sealwright::attestation
