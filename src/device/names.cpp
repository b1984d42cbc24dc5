#include "device/names.hpp"

#include "asn1/oid.hpp"
#include "x509/tbs_builder.hpp"

namespace sealwright::device {
namespace {

Result<NameDer> subject_of(const Names& names) {
    if (names.subject.empty()) return x509::encode_name({});
    const auto name = x509::parse_name_text(names.subject);
    if (!name) return name.error().in("--subject");
    return x509::encode_name(name.value());
}

Result<x509::Extensions> extensions_of(const Names& names) {
    x509::GeneralNames alternatives;
    for (const std::string& each : names.dns) {
        auto name = x509::parse_general_name_text("DNS:" + each);
        if (!name) return name.error().in("--dns");
        alternatives.push_back(std::move(name.value()));
    }
    if (alternatives.empty()) return x509::Extensions{};
    return x509::Extensions{
        {bytes_of(asn1::oid::kSubjectAltName), names.subject.empty(), x509::encode_general_names(alternatives)}};
}

}  // namespace

Result<void> check_names(const Names& names) {
    SEALWRIGHT_TRY(subject_of(names));
    SEALWRIGHT_TRY(extensions_of(names));
    return success();
}

Result<Bytes> make_request(const tpm::Tpm& tpm, const tpm::KeyBlob& key, const Names& names) {
    SEALWRIGHT_TRY(const auto subject, subject_of(names));
    SEALWRIGHT_TRY(const auto extensions, extensions_of(names));
    SEALWRIGHT_TRY(const auto public_key, tpm::public_key_of(key.public_area));
    const auto algorithm = crypto::default_algorithm(public_key.type());
    const Bytes info = x509::build_certification_request_info(subject, public_key.spki(), extensions);
    SEALWRIGHT_TRY(const auto signature, tpm.sign(key, algorithm, info));
    SEALWRIGHT_TRY(public_key.verify(algorithm, info, signature));
    return x509::assemble_csr(info, algorithm, signature).bytes();
}

}  // namespace sealwright::device
