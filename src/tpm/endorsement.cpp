// endorsement.cpp: the endorsement key and the certificates that its manufacturer left in NV memory.
#include <algorithm>

#include "asn1/der_reader.hpp"
#include "tpm/marshal.hpp"
#include "tpm/objects.hpp"
#include "tpm/response_code.hpp"
#include "tpm/tpm.hpp"

namespace sealwright::tpm {
namespace {

// EK Credential Profile, 2.2.1.5.2: the chain stands in these indices, one certificate behind the other.
constexpr TPM2_HANDLE kFirstChain = 0x01c00100, kLastChain = 0x01c001ff;
constexpr std::size_t kMaxChainOctets = 32768;
constexpr std::uint16_t kSmallestBuffer = 64, kUsualBuffer = 512;

// nv_chunk is how much the TPM gives at a time (TPM_PT_NV_BUFFER_MAX).
Result<std::uint16_t> nv_chunk(const Connection& connection) {
    TPMI_YES_NO more = TPM2_NO;
    TPMS_CAPABILITY_DATA* raw = nullptr;
    SEALWRIGHT_TRY(check(::Esys_GetCapability(connection.get(), ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE,
                                              TPM2_CAP_TPM_PROPERTIES, TPM2_PT_NV_BUFFER_MAX, 1, &more, &raw),
                         "asking for its limits"));
    const EsysPtr<TPMS_CAPABILITY_DATA> data{raw};
    const auto& list = data->data.tpmProperties;
    if (list.count != 1 || list.tpmProperty[0].property != TPM2_PT_NV_BUFFER_MAX) return kUsualBuffer;
    return static_cast<std::uint16_t>(
        std::clamp<std::uint32_t>(list.tpmProperty[0].value, kSmallestBuffer, TPM2_MAX_NV_BUFFER_SIZE));
}

// NvIndex is what must be known to read one.
struct NvIndex {
    Handle handle;
    ESYS_TR authority;  // whose (empty) password allows reading
    std::uint16_t size;
};

Result<std::optional<NvIndex>> open_index(const Connection& connection, TPM2_HANDLE index) {
    ESYS_TR object = ESYS_TR_NONE;
    SEALWRIGHT_TRY(
        check(::Esys_TR_FromTPMPublic(connection.get(), index, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, &object),
              "finding a certificate"));
    Handle handle{connection, object, Handle::Kind::persistent};
    TPM2B_NV_PUBLIC* raw = nullptr;
    SEALWRIGHT_TRY(
        check(::Esys_NV_ReadPublic(connection.get(), object, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, &raw, nullptr),
              "finding a certificate"));
    const EsysPtr<TPM2B_NV_PUBLIC> found{raw};
    const TPMA_NV attributes = found->nvPublic.attributes;
    if ((attributes & TPMA_NV_WRITTEN) == 0) return std::nullopt;
    ESYS_TR authority = ESYS_TR_NONE;
    // A password that is wrong counts against the TPM's lockout where the index does not say otherwise.
    if ((attributes & TPMA_NV_OWNERREAD) != 0) {
        authority = ESYS_TR_RH_OWNER;
    } else if ((attributes & TPMA_NV_AUTHREAD) != 0 && (attributes & TPMA_NV_NO_DA) != 0) {
        authority = object;
    } else {
        return std::nullopt;
    }
    return NvIndex{std::move(handle), authority, found->nvPublic.dataSize};
}

Result<Bytes> read_index(const Connection& connection, TPM2_HANDLE index, std::size_t limit) {
    SEALWRIGHT_TRY(const auto nv, open_index(connection, index));
    if (!nv) return Bytes{};
    if (nv->size > limit)
        return fail(ErrorCode::too_large, "a certificate in the TPM's memory is larger than any should be");
    SEALWRIGHT_TRY(const auto chunk, nv_chunk(connection));
    Bytes content;
    while (content.size() < nv->size) {
        const auto wanted = static_cast<std::uint16_t>(std::min<std::size_t>(chunk, nv->size - content.size()));
        TPM2B_MAX_NV_BUFFER* raw = nullptr;
        SEALWRIGHT_TRY(
            check(::Esys_NV_Read(connection.get(), nv->authority, nv->handle.get(), ESYS_TR_PASSWORD, ESYS_TR_NONE,
                                 ESYS_TR_NONE, wanted, static_cast<std::uint16_t>(content.size()), &raw),
                  "reading a certificate"));
        const EsysPtr<TPM2B_MAX_NV_BUFFER> part{raw};
        if (part->size == 0 || part->size > wanted)
            return fail(ErrorCode::token, "TPM: reading a certificate: it gave another amount than was asked for");
        append(content, {part->buffer, part->size});
    }
    return content;
}

// An index that was reserved and never filled is not a certificate.
bool is_blank(ByteView content) {
    return std::ranges::all_of(content, [](std::uint8_t octet) { return octet == 0xff; }) ||
           std::ranges::all_of(content, [](std::uint8_t octet) { return octet == 0; });
}

Result<Bytes> read_certificate(const Connection& connection, EkTemplate ek) {
    const TPM2_HANDLE index = ek_certificate_index(ek);
    SEALWRIGHT_TRY(const auto handles, handles_from(connection, index, index));
    if (handles.empty()) return Bytes{};
    SEALWRIGHT_TRY(auto content, read_index(connection, index, kMaxNvCertificate));
    return is_blank(content) ? Bytes{} : std::move(content);
}

Result<std::vector<Bytes>> read_chain(const Connection& connection) {
    SEALWRIGHT_TRY(const auto handles, handles_from(connection, kFirstChain, kLastChain));
    Bytes all;
    for (const TPM2_HANDLE each : handles) {
        if (all.size() >= kMaxChainOctets) break;
        // One that cannot be read may be missed by nobody; where it is, the CA says so.
        if (const auto part = read_index(connection, each, kMaxChainOctets)) append(all, part.value());
    }
    // What is no certificate ends the chain: padding, or something that a manufacturer put there besides.
    std::vector<Bytes> chain;
    asn1::DerReader reader{all};
    while (chain.size() < kMaxNvChain && reader.peek() == asn1::kSequence) {
        const auto element = reader.next();
        if (!element || element.value().encoding.size() > kMaxNvCertificate) break;
        chain.push_back(bytes_of(element.value().encoding));
    }
    return chain;
}

// choose decides without making a key, as far as that is possible.
Result<EkTemplate> choose(const Connection& connection, const std::vector<EkTemplate>& candidates, Bytes& certificate) {
    for (const EkTemplate each : candidates) {
        SEALWRIGHT_TRY(certificate, read_certificate(connection, each));
        if (!certificate.empty()) return each;
    }
    for (const EkTemplate each : candidates) {
        SEALWRIGHT_TRY(const auto persistent, find_persistent_ek(connection, each));
        if (persistent) return each;
    }
    for (std::size_t i = 0; i + 1 < candidates.size(); ++i) {
        const auto made = open_ek(connection, candidates[i]);
        if (made) return candidates[i];
        if (made.error().code() != ErrorCode::unsupported) return made.error();
    }
    return candidates.back();
}

}  // namespace

Result<Endorsement> Tpm::find_endorsement(const std::vector<EkTemplate>& candidates) const {
    if (candidates.empty()) return fail(ErrorCode::internal, "no template for the endorsement key");
    SEALWRIGHT_TRY(const auto work, Work::begin(tcti_, mark_, {}));
    const Connection& connection = work.connection();
    Endorsement endorsement;
    SEALWRIGHT_TRY(endorsement.ek, choose(connection, candidates, endorsement.certificate));
    SEALWRIGHT_TRY(auto key, open_ek(connection, endorsement.ek));
    endorsement.public_area = std::move(key.public_area);
    if (!endorsement.certificate.empty()) {
        SEALWRIGHT_TRY(endorsement.chain, read_chain(connection));
    }
    return endorsement;
}

}  // namespace sealwright::tpm
