#include "hsm/key_backup.hpp"

#include "asn1/der_reader.hpp"
#include "asn1/der_writer.hpp"
#include "crypto/digest.hpp"

namespace sealwright::hsm {
namespace {

using asn1::DerReader;
using asn1::DerWriter;

constexpr std::size_t kMaxName = 255;
constexpr std::size_t kMaxIdentifier = 255;
constexpr std::size_t kMaxEvidence = 131072;
constexpr unsigned kAesBits = 256;
constexpr std::string_view kRsaAes = "CKM_RSA_AES_KEY_WRAP";
constexpr std::size_t kMaxWrapped = 65536;  // an ML-DSA-87 key has 4,896 octets, RSA-4096 some 2,400

Error damaged(std::string_view what) { return fail(ErrorCode::malformed, "key backup: " + std::string{what}); }

Result<std::string> text(DerReader& reader, std::size_t limit) {
    SEALWRIGHT_TRY(const auto element, reader.expect(asn1::kUtf8String));
    if (element.content.size() > limit) return fail(ErrorCode::too_large, "key backup: a text that is too long");
    return std::string{text_of(element.content)};
}

Result<Bytes> octets(DerReader& reader, std::size_t limit) {
    SEALWRIGHT_TRY(const auto view, reader.octet_string());
    if (view.size() > limit) return fail(ErrorCode::too_large, "key backup: a field that is too long");
    return bytes_of(view);
}

Bytes content_der(const KeyBackup& backup) {
    DerWriter writer;
    const auto utf8 = [&](std::string_view value) { writer.primitive(asn1::kUtf8String, view_of(value)); };
    writer.sequence([&] {
        writer.integer(backup.rsa_aes ? kKeyBackupFormatWithParameters : kKeyBackupFormat);
        writer.sequence([&] {
            writer.raw(backup.public_key.spki().view());
            utf8(backup.label);
            writer.octet_string(backup.cka_id);
        });
        writer.sequence([&] {
            utf8(backup.mechanism);
            utf8(backup.wrapping_label);
            writer.octet_string(backup.wrapping_cka_id).octet_string(backup.wrapping_check_value);
            if (!backup.rsa_aes) return;
            writer.sequence([&] {
                writer.integer(backup.rsa_aes->aes_bits);
                utf8(crypto::digest_name(backup.rsa_aes->oaep_digest));
            });
        });
        writer.sequence([&] {
            utf8(backup.token_serial);
            utf8(backup.token_label);
            writer.generalized_time(backup.made_at);
        });
        utf8(backup.evidence);
        writer.octet_string(backup.wrapped);
    });
    return writer.take();
}

struct KeyPart {
    crypto::PublicKey public_key;
    std::string label;
    Bytes cka_id;
};

Result<KeyPart> read_key(DerReader& content) {
    SEALWRIGHT_TRY(auto key, content.enter(asn1::kSequence));
    SEALWRIGHT_TRY(const auto spki, key.expect(asn1::kSequence));
    SEALWRIGHT_TRY(auto public_key, crypto::PublicKey::parse(spki.encoding));
    SEALWRIGHT_TRY(auto label, text(key, kMaxName));
    SEALWRIGHT_TRY(auto cka_id, octets(key, kMaxIdentifier));
    SEALWRIGHT_TRY(key.finish());
    if (label.empty() || cka_id.empty()) return damaged("a key without label or identifier");
    return KeyPart{std::move(public_key), std::move(label), std::move(cka_id)};
}

Result<RsaAesParameters> read_parameters(DerReader& part) {
    SEALWRIGHT_TRY(auto parameters, part.enter(asn1::kSequence));
    SEALWRIGHT_TRY(const auto bits, parameters.small_integer());
    SEALWRIGHT_TRY(const auto name, text(parameters, kMaxName));
    SEALWRIGHT_TRY(parameters.finish());
    if (bits != kAesBits)
        return fail(ErrorCode::unsupported, "key backup: wrapped by an AES key of another size than 256 bits");
    for (const auto digest : {crypto::DigestAlgorithm::sha256, crypto::DigestAlgorithm::sha1}) {
        if (name == crypto::digest_name(digest)) return RsaAesParameters{kAesBits, digest};
    }
    return fail(ErrorCode::unsupported, "key backup: wrapped by OAEP with another digest than SHA-256 and SHA-1", name);
}

Result<void> read_wrapping_key(DerReader& content, bool with_parameters, KeyBackup& backup) {
    SEALWRIGHT_TRY(auto part, content.enter(asn1::kSequence));
    SEALWRIGHT_TRY(backup.mechanism, text(part, kMaxName));
    SEALWRIGHT_TRY(backup.wrapping_label, text(part, kMaxName));
    SEALWRIGHT_TRY(backup.wrapping_cka_id, octets(part, kMaxIdentifier));
    SEALWRIGHT_TRY(backup.wrapping_check_value, octets(part, kMaxIdentifier));
    if (with_parameters) {
        SEALWRIGHT_TRY(backup.rsa_aes, read_parameters(part));
    }
    if (with_parameters != (backup.mechanism == kRsaAes)) return damaged("parameters and mechanism do not go together");
    return part.finish();
}

Result<void> read_token(DerReader& content, KeyBackup& backup) {
    SEALWRIGHT_TRY(auto part, content.enter(asn1::kSequence));
    SEALWRIGHT_TRY(backup.token_serial, text(part, kMaxName));
    SEALWRIGHT_TRY(backup.token_label, text(part, kMaxName));
    SEALWRIGHT_TRY(const auto time, part.expect(asn1::kGeneralizedTime));
    SEALWRIGHT_TRY(backup.made_at, asn1::parse_time(time));
    return part.finish();
}

}  // namespace

Bytes key_backup_der(const KeyBackup& backup) {
    const Bytes content = content_der(backup);
    DerWriter writer;
    writer.sequence([&] { writer.raw(content).octet_string(crypto::sha256(content).view()); });
    return writer.take();
}

Result<KeyBackup> parse_key_backup(ByteView der) {
    if (der.size() > kMaxKeyBackup) return fail(ErrorCode::too_large, "key backup: longer than 262144 octets");
    DerReader outer{der};
    SEALWRIGHT_TRY(auto file, outer.enter(asn1::kSequence));
    SEALWRIGHT_TRY(outer.finish());
    SEALWRIGHT_TRY(const auto whole, file.expect(asn1::kSequence));
    SEALWRIGHT_TRY(const auto digest, file.octet_string());
    SEALWRIGHT_TRY(file.finish());
    if (!equal(digest, crypto::sha256(whole.encoding).view())) return damaged("the digest is not that of the content");
    DerReader content{whole.content};
    SEALWRIGHT_TRY(const auto format, content.small_integer());
    if (format != kKeyBackupFormat && format != kKeyBackupFormatWithParameters)
        return fail(ErrorCode::unsupported,
                    "key backup: of format " + std::to_string(format) + "; this program reads 1 and 2");
    SEALWRIGHT_TRY(auto key, read_key(content));
    KeyBackup backup{
        std::move(key.public_key), std::move(key.label), std::move(key.cka_id), {}, {}, {}, {}, {}, {}, {}, {}, {}};
    SEALWRIGHT_TRY(read_wrapping_key(content, format == kKeyBackupFormatWithParameters, backup));
    SEALWRIGHT_TRY(read_token(content, backup));
    SEALWRIGHT_TRY(backup.evidence, text(content, kMaxEvidence));
    SEALWRIGHT_TRY(backup.wrapped, octets(content, kMaxWrapped));
    SEALWRIGHT_TRY(content.finish());
    if (backup.wrapped.empty()) return damaged("no wrapped key in it");
    return backup;
}

}  // namespace sealwright::hsm
