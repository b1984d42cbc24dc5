#include "tpm/objects.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <optional>

#include "tpm/marshal.hpp"
#include "tpm/response_code.hpp"

namespace sealwright::tpm {
namespace {

// Where the EK Credential Profile and the TCG's registry of handles put endorsement keys.
constexpr TPM2_HANDLE kFirstEndorsement = 0x81010000, kLastEndorsement = 0x8101ffff;

const TPM2B_SENSITIVE_CREATE kNoSensitive{};
const TPM2B_DATA kNoData{};
const TPML_PCR_SELECTION kNoPcrs{};

// make_primary gives the handle, and the public area where somebody wants it.
Result<Handle> make_primary(const Connection& connection, ESYS_TR hierarchy, const TPM2B_PUBLIC& area,
                            std::string_view attempt, Bytes* public_area) {
    ESYS_TR object = ESYS_TR_NONE;
    EsysPtr<TPM2B_PUBLIC> made;
    SEALWRIGHT_TRY(check(
        ::Esys_CreatePrimary(connection.get(), hierarchy, ESYS_TR_PASSWORD, ESYS_TR_NONE, ESYS_TR_NONE, &kNoSensitive,
                             &area, &kNoData, &kNoPcrs, &object, Out{made}, nullptr, nullptr, nullptr),
        attempt));
    Handle handle{connection, object, Handle::Kind::transient};
    if (public_area != nullptr) {
        SEALWRIGHT_TRY(*public_area, marshal(Tss2_MU_TPM2B_PUBLIC_Marshal, *made));
    }
    return handle;
}

Result<EsysPtr<TPM2B_PUBLIC>> read_public_of(const Connection& connection, ESYS_TR object) {
    EsysPtr<TPM2B_PUBLIC> area;
    SEALWRIGHT_TRY(check(::Esys_ReadPublic(connection.get(), object, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE,
                                           Out{area}, nullptr, nullptr),
                         "reading a public key"));
    return area;
}

Result<Handle> adopt(const Connection& connection, TPM2_HANDLE handle, Handle::Kind kind) {
    ESYS_TR object = ESYS_TR_NONE;
    SEALWRIGHT_TRY(
        check(::Esys_TR_FromTPMPublic(connection.get(), handle, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, &object),
              "finding a key"));
    return Handle{connection, object, kind};
}

// is_of_our_make says whether a key is like those that this room has in the TPM for the moment.
bool is_of_our_make(const TPM2B_PUBLIC& area) {
    using enum EkTemplate;
    using enum KeyKind;
    const auto is_ek = [&](EkTemplate ek) { return matches_template(area, ek_area(ek)); };
    const auto is_key = [&](KeyKind kind) {
        return matches_template(area, ak_area(kind)) || matches_template(area, key_area(kind));
    };
    return matches_template(area, storage_area()) || std::ranges::any_of(std::array{l1, l2, h3, h6}, is_ek) ||
           std::ranges::any_of(std::array{rsa2048, p256, p384}, is_key);
}

Result<void> flush_keys(const Connection& connection, const std::vector<const KeyBlob*>& blobs, bool was_killed) {
    SEALWRIGHT_TRY(const auto handles, handles_from(connection, TPM2_TRANSIENT_FIRST, TPM2_TRANSIENT_LAST));
    for (const TPM2_HANDLE each : handles) {
        // What cannot be read is none of ours: a sequence of another program, or an object that it took out meanwhile.
        auto handle = adopt(connection, each, Handle::Kind::persistent);
        if (!handle) continue;
        const auto area = read_public_of(connection, handle.value().get());
        if (!area) continue;
        SEALWRIGHT_TRY(const auto octets, marshal(Tss2_MU_TPM2B_PUBLIC_Marshal, *area.value()));
        const bool is_known =
            std::ranges::any_of(blobs, [&](const KeyBlob* blob) { return equal(blob->public_area, octets); });
        if (is_known || (was_killed && is_of_our_make(*area.value()))) handle.value().own();
    }
    return success();
}

// flush_sessions takes policy sessions out: this room starts no others.
Result<void> flush_sessions(const Connection& connection) {
    SEALWRIGHT_TRY(const auto handles, handles_from(connection, TPM2_LOADED_SESSION_FIRST, TPM2_POLICY_SESSION_LAST));
    for (const TPM2_HANDLE each : handles) {
        if ((each & TPM2_HR_RANGE_MASK) != TPM2_HR_POLICY_SESSION) continue;
        SEALWRIGHT_TRY(auto handle, adopt(connection, each, Handle::Kind::transient));
    }
    return success();
}

bool wants_policy(const TPM2B_PUBLIC& area) {
    return (area.publicArea.objectAttributes & TPMA_OBJECT_USERWITHAUTH) == 0;
}

}  // namespace

Result<std::vector<TPM2_HANDLE>> handles_from(const Connection& connection, TPM2_HANDLE first, TPM2_HANDLE last) {
    std::vector<TPM2_HANDLE> handles;
    for (TPM2_HANDLE next = first;;) {
        TPMI_YES_NO more = TPM2_NO;
        EsysPtr<TPMS_CAPABILITY_DATA> data;
        SEALWRIGHT_TRY(check(::Esys_GetCapability(connection.get(), ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE,
                                                  TPM2_CAP_HANDLES, next, TPM2_MAX_CAP_HANDLES, &more, Out{data}),
                             "listing its handles"));
        const auto& list = data->data.handles;
        const std::size_t count = std::min<std::size_t>(list.count, TPM2_MAX_CAP_HANDLES);
        for (std::size_t i = 0; i < count; ++i) {
            if (list.handle[i] > last) return handles;
            handles.push_back(list.handle[i]);
        }
        if (more == TPM2_NO || count == 0 || handles.back() == last || handles.back() < next) return handles;
        next = handles.back() + 1;
    }
}

Result<std::optional<EndorsementKey>> find_persistent_ek(const Connection& connection, EkTemplate ek) {
    const TPM2B_PUBLIC area = ek_area(ek);
    SEALWRIGHT_TRY(const auto handles, handles_from(connection, kFirstEndorsement, kLastEndorsement));
    for (const TPM2_HANDLE each : handles) {
        SEALWRIGHT_TRY(auto handle, adopt(connection, each, Handle::Kind::persistent));
        SEALWRIGHT_TRY(const auto found, read_public_of(connection, handle.get()));
        if (!matches_template(*found, area)) continue;
        SEALWRIGHT_TRY(auto public_area, marshal(Tss2_MU_TPM2B_PUBLIC_Marshal, *found));
        return EndorsementKey{std::move(handle), std::move(public_area), wants_policy(area)};
    }
    return std::nullopt;
}

Result<EndorsementKey> open_ek(const Connection& connection, EkTemplate ek) {
    SEALWRIGHT_TRY(auto persistent, find_persistent_ek(connection, ek));
    if (persistent) return std::move(*persistent);
    const TPM2B_PUBLIC area = ek_area(ek);
    Bytes public_area;
    SEALWRIGHT_TRY(
        auto handle,
        make_primary(connection, ESYS_TR_RH_ENDORSEMENT, area,
                     "making the endorsement key from template " + std::string{ek_template_name(ek)}, &public_area));
    return EndorsementKey{std::move(handle), std::move(public_area), wants_policy(area)};
}

Result<EkAuthorization> EkAuthorization::make(const Connection& connection, const EndorsementKey& ek) {
    if (!ek.wants_policy) return EkAuthorization{std::nullopt};
    TPMT_SYM_DEF none{};
    none.algorithm = TPM2_ALG_NULL;
    ESYS_TR session = ESYS_TR_NONE;
    SEALWRIGHT_TRY(
        check(::Esys_StartAuthSession(connection.get(), ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE,
                                      ESYS_TR_NONE, nullptr, TPM2_SE_POLICY, &none, TPM2_ALG_SHA256, &session),
              "starting a session"));
    Handle handle{connection, session, Handle::Kind::transient};
    SEALWRIGHT_TRY(
        check(::Esys_PolicySecret(connection.get(), ESYS_TR_RH_ENDORSEMENT, session, ESYS_TR_PASSWORD, ESYS_TR_NONE,
                                  ESYS_TR_NONE, nullptr, nullptr, nullptr, 0, nullptr, nullptr),
              "asking for the use of the endorsement key"));
    return EkAuthorization{std::move(handle)};
}

Result<Handle> make_storage_primary(const Connection& connection) {
    return make_primary(connection, ESYS_TR_RH_OWNER, storage_area(), "making the storage key", nullptr);
}

Result<KeyBlob> create(const Connection& connection, ESYS_TR parent, ESYS_TR authorization, const TPM2B_PUBLIC& area) {
    EsysPtr<TPM2B_PRIVATE> private_area;
    EsysPtr<TPM2B_PUBLIC> public_area;
    SEALWRIGHT_TRY(
        check(::Esys_Create(connection.get(), parent, authorization, ESYS_TR_NONE, ESYS_TR_NONE, &kNoSensitive, &area,
                            &kNoData, &kNoPcrs, Out{private_area}, Out{public_area}, nullptr, nullptr, nullptr),
              "making a key"));
    KeyBlob blob;
    SEALWRIGHT_TRY(blob.public_area, marshal(Tss2_MU_TPM2B_PUBLIC_Marshal, *public_area));
    SEALWRIGHT_TRY(blob.private_area, marshal(Tss2_MU_TPM2B_PRIVATE_Marshal, *private_area));
    return blob;
}

Result<Handle> load(const Connection& connection, ESYS_TR parent, ESYS_TR authorization, const KeyBlob& blob) {
    SEALWRIGHT_TRY(const auto public_area, read_public(blob.public_area));
    SEALWRIGHT_TRY(const auto private_area, read_private(blob.private_area));
    ESYS_TR object = ESYS_TR_NONE;
    SEALWRIGHT_TRY(check(::Esys_Load(connection.get(), parent, authorization, ESYS_TR_NONE, ESYS_TR_NONE, &private_area,
                                     &public_area, &object),
                         "loading a key"));
    return Handle{connection, object, Handle::Kind::transient};
}

Result<Handle> load_ak(const Connection& connection, const EndorsementKey& ek, const KeyBlob& ak) {
    SEALWRIGHT_TRY(const auto authorization, EkAuthorization::make(connection, ek));
    return load(connection, ek.handle.get(), authorization.get(), ak);
}

Result<Handle> load_key(const Connection& connection, const KeyBlob& key) {
    SEALWRIGHT_TRY(const auto parent, make_storage_primary(connection));
    return load(connection, parent.get(), ESYS_TR_PASSWORD, key);
}

Result<Work> Work::begin(const std::string& tcti, const std::filesystem::path& mark,
                         const std::vector<const KeyBlob*>& blobs) {
    SEALWRIGHT_TRY(auto connection, Connection::open(tcti));
    const bool was_killed = !mark.empty() && ::access(mark.c_str(), F_OK) == 0;
    if (!mark.empty() && !was_killed) {
        const int fd = ::open(mark.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
        if (fd < 0) return fail(ErrorCode::io, "cannot write " + mark.string() + ": " + std::strerror(errno));
        ::close(fd);
    }
    if (const auto flushed = flush_keys(connection, blobs, was_killed); !flushed) {
        // Nothing of this call is in the TPM yet: its mark would tell the next one a lie.
        if (!mark.empty() && !was_killed) ::unlink(mark.c_str());
        return flushed.error();
    }
    if (was_killed) {
        SEALWRIGHT_TRY(flush_sessions(connection));
    }
    return Work{std::move(connection), mark};
}

Work::~Work() {
    if (!mark_.empty()) ::unlink(mark_.c_str());
}

}  // namespace sealwright::tpm
