#include "tpm/sealed.hpp"

#include <alloca.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <optional>

#include "crypto/digest.hpp"
#include "tpm/marshal.hpp"
#include "tpm/objects.hpp"
#include "tpm/response_code.hpp"

namespace sealwright::tpm {
namespace {

constexpr unsigned kPcrs = 24;  // PC Client Platform TPM Profile, 4.6
constexpr std::size_t kBound = Sha256::kSize;
constexpr TPMA_OBJECT kAttributes = TPMA_OBJECT_FIXEDTPM | TPMA_OBJECT_FIXEDPARENT | TPMA_OBJECT_NODA;

struct BankRow {
    PcrBank bank;
    std::string_view name;
    TPMI_ALG_HASH algorithm;
    std::size_t size;
};
constexpr std::array kBanks{BankRow{PcrBank::sha256, "sha256", TPM2_ALG_SHA256, 32},
                            BankRow{PcrBank::sha384, "sha384", TPM2_ALG_SHA384, 48},
                            BankRow{PcrBank::sha512, "sha512", TPM2_ALG_SHA512, 64}};

const BankRow& row_of(PcrBank bank) noexcept {
    return *std::ranges::find(kBanks, bank, &BankRow::bank);  // every enumerator has its row
}

TPML_PCR_SELECTION selection_of(PcrBank bank, const std::vector<unsigned>& pcrs) {
    TPML_PCR_SELECTION list{};
    list.count = 1;
    list.pcrSelections[0].hash = row_of(bank).algorithm;
    list.pcrSelections[0].sizeofSelect = kPcrs / 8;
    for (const unsigned pcr : pcrs)
        list.pcrSelections[0].pcrSelect[pcr / 8] |= static_cast<std::uint8_t>(1U << (pcr % 8));
    return list;
}

// is_selection checks what a caller made by hand or read from a file.
bool is_selection(const PcrSelection& selection) {
    const auto& pcrs = selection.pcrs;
    return !pcrs.empty() && pcrs.back() < kPcrs && std::ranges::adjacent_find(pcrs, std::greater_equal{}) == pcrs.end();
}

// read_pcrs reads them all at one moment: the TPM counts every change, and a change in between begins anew.
Result<std::vector<Bytes>> read_pcrs(const Connection& connection, const PcrSelection& selection) {
    const BankRow& row = row_of(selection.bank);
    for (int attempt = 0; attempt < 3; ++attempt) {
        std::vector<Bytes> values;
        std::optional<UINT32> counted;
        bool is_one_moment = true;
        while (values.size() < selection.pcrs.size() && is_one_moment) {
            const std::vector<unsigned> left(selection.pcrs.begin() + static_cast<std::ptrdiff_t>(values.size()),
                                             selection.pcrs.end());
            const TPML_PCR_SELECTION wanted = selection_of(selection.bank, left);
            UINT32 counter = 0;
            EsysPtr<TPML_PCR_SELECTION> which;
            EsysPtr<TPML_DIGEST> digests;
            SEALWRIGHT_TRY(check(::Esys_PCR_Read(connection.get(), ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, &wanted,
                                                 &counter, Out{which}, Out{digests}),
                                 "reading PCRs"));
            // Part 3, 22.4: as many as fit, from the lowest on; none of a bank that is not there.
            const std::size_t given = std::min<std::size_t>(digests->count, 8);
            if (given == 0 || given > left.size())
                return fail(ErrorCode::unsupported,
                            "TPM: reading PCRs: it has no bank " + std::string{row.name} +
                                "\nChoose another (tpm2_getcap pcrs lists them): --pcrs sha256:0,2,4,7");
            for (std::size_t i = 0; i < given; ++i) {
                const TPM2B_DIGEST& digest = digests->digests[i];
                if (digest.size != row.size)
                    return fail(ErrorCode::token, "TPM: reading PCRs: a value has the wrong size");
                values.emplace_back(digest.buffer, digest.buffer + digest.size);
            }
            is_one_moment = !counted || *counted == counter;
            counted = counter;
        }
        if (is_one_moment) return values;
    }
    return fail(ErrorCode::unavailable, "TPM: reading PCRs: they change all the time");
}

// policy_digest is what a session has after PolicyPCR over these values (Part 3, 23.7.1).
Result<Bytes> policy_digest(const PcrSelection& selection, const std::vector<Bytes>& values) {
    Bytes all;
    for (const Bytes& value : values) append(all, value);
    SEALWRIGHT_TRY(const auto list,
                   marshal(Tss2_MU_TPML_PCR_SELECTION_Marshal, selection_of(selection.bank, selection.pcrs)));
    Bytes input(kBound, 0);                        // where every policy begins
    append(input, Bytes{0x00, 0x00, 0x01, 0x7f});  // TPM_CC_PolicyPCR
    append(input, list);
    append(input, crypto::sha256(all).view());
    return bytes_of(crypto::sha256(input).view());
}

// bound_digest goes before the secret into what is sealed: whatever else the file says is then the TPM's word too.
Sha256 bound_digest(const Sealed& sealed) {
    Bytes input = bytes_of(view_of("sealwright-sealed/v1"));
    const auto add = [&](ByteView part) {
        for (const unsigned shift : {24U, 16U, 8U, 0U})
            input.push_back(static_cast<std::uint8_t>(part.size() >> shift));
        append(input, part);
    };
    add(view_of(pcr_selection_text(sealed.selection)));
    for (const Bytes& value : sealed.values) add(value);
    add(sealed.storage_key);
    add(view_of(sealed.purpose));
    return crypto::sha256(input);
}

Result<Bytes> name_of(const Connection& connection, ESYS_TR object) {
    EsysPtr<TPM2B_NAME> name;
    SEALWRIGHT_TRY(check(::Esys_TR_GetName(connection.get(), object, Out{name}), "naming the storage key"));
    return Bytes(name->name, name->name + std::min<std::size_t>(name->size, sizeof name->name));
}

// start_session starts one whose parameters are encrypted by a key that only the holder of the storage key can know.
Result<Handle> start_session(const Connection& connection, const Handle& storage, TPM2_SE type, TPMA_SESSION use) {
    TPMT_SYM_DEF aes{};
    aes.algorithm = TPM2_ALG_AES;
    aes.keyBits.aes = 128;
    aes.mode.aes = TPM2_ALG_CFB;
    ESYS_TR session = ESYS_TR_NONE;
    SEALWRIGHT_TRY(
        check(::Esys_StartAuthSession(connection.get(), storage.get(), ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE,
                                      ESYS_TR_NONE, nullptr, type, &aes, TPM2_ALG_SHA256, &session),
              "starting a session"));
    Handle handle{connection, session, Handle::Kind::transient};
    const TPMA_SESSION all = use | TPMA_SESSION_CONTINUESESSION;
    SEALWRIGHT_TRY(check(::Esys_TRSess_SetAttributes(connection.get(), session, all, 0xff), "starting a session"));
    return handle;
}

TPM2B_PUBLIC sealed_area(ByteView policy) {
    TPM2B_PUBLIC area{};
    area.publicArea.type = TPM2_ALG_KEYEDHASH;
    area.publicArea.nameAlg = TPM2_ALG_SHA256;
    area.publicArea.objectAttributes = kAttributes;
    area.publicArea.parameters.keyedHashDetail.scheme.scheme = TPM2_ALG_NULL;
    area.publicArea.authPolicy.size = static_cast<UINT16>(policy.size());
    std::ranges::copy(policy, area.publicArea.authPolicy.buffer);
    return area;
}

// check_shape: a sealed object as seal makes it, under the policy of the values beside it; so that a file cannot say
// one state and mean another.
Result<void> check_shape(const Sealed& sealed) {
    const Error broken = fail(ErrorCode::malformed, "this is no sealed secret, or it was changed");
    if (!is_selection(sealed.selection) || sealed.values.size() != sealed.selection.pcrs.size()) return broken;
    for (const Bytes& value : sealed.values) {
        if (value.size() != row_of(sealed.selection.bank).size) return broken;
    }
    SEALWRIGHT_TRY(const auto area, read_public(sealed.blob.public_area));
    SEALWRIGHT_TRY(const auto policy, policy_digest(sealed.selection, sealed.values));
    TPM2B_PUBLIC expected = sealed_area(policy);
    expected.publicArea.unique = area.publicArea.unique;
    expected.size = area.size;
    SEALWRIGHT_TRY(const auto wanted, marshal(Tss2_MU_TPMT_PUBLIC_Marshal, expected.publicArea));
    SEALWRIGHT_TRY(const auto found, marshal(Tss2_MU_TPMT_PUBLIC_Marshal, area.publicArea));
    if (!equal(wanted, found)) return broken;
    return success();
}

// scrub_stack overwrites what the functions called before left below: the software stack decrypts on it.
__attribute__((noinline)) void scrub_stack() noexcept {
    constexpr std::size_t kDepth = 32768;
    zeroise(::alloca(kDepth), kDepth);
}

// scrub_connection overwrites ESYS's own buffer, where the secret stands behind a call, with a command that is as long.
void scrub_connection(const Connection& connection) noexcept {
    TPM2B_MAX_BUFFER zeros{};
    zeros.size = 512;
    EsysPtr<TPM2B_DIGEST> digest;
    EsysPtr<TPMT_TK_HASHCHECK> ticket;
    (void)::Esys_Hash(connection.get(), ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, &zeros, TPM2_ALG_SHA256,
                      ESYS_TR_RH_NULL, Out{digest}, Out{ticket});
}

struct SensitiveData {
    EsysPtr<TPM2B_SENSITIVE_DATA> octets;
    ~SensitiveData() {
        if (octets) zeroise(octets->buffer, sizeof octets->buffer);
    }
};

Result<KeyBlob> create_sealed(const Connection& connection, const Handle& storage, const Sealed& sealed,
                              const Secret& secret, ByteView policy) {
    SEALWRIGHT_TRY(const auto session, start_session(connection, storage, TPM2_SE_HMAC, TPMA_SESSION_DECRYPT));
    struct Sensitive {
        TPM2B_SENSITIVE_CREATE value{};
        ~Sensitive() { zeroise(&value, sizeof value); }
    } sensitive;
    TPM2B_SENSITIVE_DATA& data = sensitive.value.sensitive.data;
    const Sha256 bound = bound_digest(sealed);
    data.size = static_cast<UINT16>(kBound + secret.size());
    std::ranges::copy(bound.view(), data.buffer);
    std::ranges::copy(secret.reveal(), data.buffer + kBound);
    const TPM2B_PUBLIC area = sealed_area(policy);
    const TPM2B_DATA no_data{};
    const TPML_PCR_SELECTION no_pcrs{};
    EsysPtr<TPM2B_PRIVATE> private_area;
    EsysPtr<TPM2B_PUBLIC> public_area;
    const auto made = check(
        ::Esys_Create(connection.get(), storage.get(), session.get(), ESYS_TR_NONE, ESYS_TR_NONE, &sensitive.value,
                      &area, &no_data, &no_pcrs, Out{private_area}, Out{public_area}, nullptr, nullptr, nullptr),
        "sealing");
    scrub_connection(connection);
    scrub_stack();
    SEALWRIGHT_TRY(made);
    KeyBlob blob;
    SEALWRIGHT_TRY(blob.public_area, marshal(Tss2_MU_TPM2B_PUBLIC_Marshal, *public_area));
    SEALWRIGHT_TRY(blob.private_area, marshal(Tss2_MU_TPM2B_PRIVATE_Marshal, *private_area));
    return blob;
}

std::string list_of(const std::vector<unsigned>& pcrs) {
    std::string text;
    for (const unsigned pcr : pcrs) text += (text.empty() ? "" : ", ") + std::to_string(pcr);
    return text;
}

std::vector<unsigned> differing(const Sealed& sealed, const std::vector<Bytes>& now) {
    std::vector<unsigned> pcrs;
    for (std::size_t i = 0; i < now.size(); ++i) {
        if (!equal(now[i], sealed.values[i])) pcrs.push_back(sealed.selection.pcrs[i]);
    }
    return pcrs;
}

Error other_state(const Sealed& sealed, const std::vector<unsigned>& pcrs) {
    return fail(ErrorCode::denied,
                "the machine is in another state than when this was sealed: of " +
                    pcr_selection_text(sealed.selection) +
                    (pcrs.empty() ? " one changed" : " differ: " + list_of(pcrs)) +
                    "\nIf firmware, boot loader or kernel were changed on purpose, seal anew (sealwright hsm pin seal);"
                    " if not, find out who changed them before you do.");
}

Error other_tpm() {
    return fail(ErrorCode::invalid_signature,
                "this was sealed by another TPM\nThe machine's TPM was cleared or replaced, or the file comes from "
                "another machine: seal anew (sealwright hsm pin seal).");
}

// take_secret checks what stands before the secret and gives the rest.
Result<Secret> take_secret(const Sealed& sealed, ByteView octets) {
    if (octets.size() <= kBound || !equal(octets.first(kBound), bound_digest(sealed).view()))
        return fail(ErrorCode::invalid_signature, "what the TPM gave was not sealed with this: the file was changed");
    return Secret::copy_of(octets.subspan(kBound));
}

Result<Secret> unseal_with(const Connection& connection, const Handle& storage, const Sealed& sealed) {
    SEALWRIGHT_TRY(const auto object, load(connection, storage.get(), ESYS_TR_PASSWORD, sealed.blob));
    SEALWRIGHT_TRY(const auto session, start_session(connection, storage, TPM2_SE_POLICY, TPMA_SESSION_ENCRYPT));
    const TPML_PCR_SELECTION selection = selection_of(sealed.selection.bank, sealed.selection.pcrs);
    const TPM2B_DIGEST as_they_are{};
    SEALWRIGHT_TRY(check(::Esys_PolicyPCR(connection.get(), session.get(), ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE,
                                          &as_they_are, &selection),
                         "showing the PCRs"));
    SensitiveData data;
    const TSS2_RC code =
        ::Esys_Unseal(connection.get(), object.get(), session.get(), ESYS_TR_NONE, ESYS_TR_NONE, Out{data.octets});
    scrub_connection(connection);
    scrub_stack();
    // A PCR can change between our reading and the TPM's.
    if (base_code(code) == TPM2_RC_POLICY_FAIL || base_code(code) == TPM2_RC_PCR_CHANGED)
        return other_state(sealed, {});
    SEALWRIGHT_TRY(check(code, "unsealing"));
    return take_secret(sealed,
                       {data.octets->buffer, std::min<std::size_t>(data.octets->size, sizeof data.octets->buffer)});
}

// Refusals of sealed files need other words than those of a device's keys.
Error in_words_of_sealing(const Error& error) {
    if (error.code() != ErrorCode::invalid_signature ||
        error.public_detail().find("the key is not") == std::string::npos)
        return error;
    return fail(ErrorCode::invalid_signature, "the TPM does not take the sealed secret: the file was changed",
                error.private_detail());
}

}  // namespace

std::string_view pcr_bank_name(PcrBank bank) noexcept { return row_of(bank).name; }

Result<PcrSelection> parse_pcr_selection(std::string_view text) {
    const Error broken = fail(ErrorCode::malformed,
                              "PCRs are named like sha256:0,2,4,7: a bank (sha256, sha384, sha512), then numbers "
                              "from 0 to 23, each once");
    const auto colon = text.find(':');
    if (colon == std::string_view::npos) return broken;
    const auto* row = std::ranges::find(kBanks, text.substr(0, colon), &BankRow::name);
    if (row == kBanks.end()) return broken;
    PcrSelection selection{row->bank, {}};
    text.remove_prefix(colon + 1);
    for (;;) {
        unsigned pcr = 0;
        const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), pcr);
        if (error != std::errc{} || pcr >= kPcrs) return broken;
        selection.pcrs.push_back(pcr);
        text.remove_prefix(static_cast<std::size_t>(end - text.data()));
        if (text.empty()) break;
        if (text.front() != ',') return broken;
        text.remove_prefix(1);
    }
    std::ranges::sort(selection.pcrs);
    if (!is_selection(selection)) return broken;
    return selection;
}

std::string pcr_selection_text(const PcrSelection& selection) {
    std::string text{pcr_bank_name(selection.bank)};
    for (std::size_t i = 0; i < selection.pcrs.size(); ++i)
        text += (i == 0 ? ":" : ",") + std::to_string(selection.pcrs[i]);
    return text;
}

Result<Sealed> seal(const std::string& tcti, const Secret& secret, const PcrSelection& selection, std::string purpose) {
    if (!is_selection(selection)) return fail(ErrorCode::malformed, "no PCRs were chosen");
    if (secret.empty() || secret.size() > kMaxSealed)
        return fail(ErrorCode::too_large, "a sealed secret has 1 to " + std::to_string(kMaxSealed) + " octets");
    SEALWRIGHT_TRY(const auto work, Work::begin(tcti, {}, {}));
    const Connection& connection = work.connection();
    Sealed sealed;
    sealed.selection = selection;
    sealed.purpose = std::move(purpose);
    SEALWRIGHT_TRY(sealed.values, read_pcrs(connection, selection));
    SEALWRIGHT_TRY(const auto policy, policy_digest(selection, sealed.values));
    SEALWRIGHT_TRY(const auto storage, make_storage_primary(connection));
    SEALWRIGHT_TRY(sealed.storage_key, name_of(connection, storage.get()));
    SEALWRIGHT_TRY(sealed.blob, create_sealed(connection, storage, sealed, secret, policy));
    SEALWRIGHT_TRY(const auto again, unseal_with(connection, storage, sealed));
    if (!equal_constant_time(again.reveal(), secret.reveal()))
        return fail(ErrorCode::token, "TPM: unsealing gives another secret than was sealed");
    return sealed;
}

Result<SealState> examine(const std::string& tcti, const Sealed& sealed) {
    SEALWRIGHT_TRY(check_shape(sealed));
    SEALWRIGHT_TRY(const auto work, Work::begin(tcti, {}, {&sealed.blob}));
    const Connection& connection = work.connection();
    SEALWRIGHT_TRY(const auto storage, make_storage_primary(connection));
    SEALWRIGHT_TRY(const auto name, name_of(connection, storage.get()));
    SEALWRIGHT_TRY(const auto now, read_pcrs(connection, sealed.selection));
    return SealState{!equal(name, sealed.storage_key), differing(sealed, now)};
}

Result<Secret> unseal(const std::string& tcti, const Sealed& sealed) {
    SEALWRIGHT_TRY(check_shape(sealed));
    SEALWRIGHT_TRY(const auto work, Work::begin(tcti, {}, {&sealed.blob}));
    const Connection& connection = work.connection();
    SEALWRIGHT_TRY(const auto storage, make_storage_primary(connection));
    // Before the salt of any session: who sits between could show a storage key of their own, and read along.
    SEALWRIGHT_TRY(const auto name, name_of(connection, storage.get()));
    if (!equal(name, sealed.storage_key)) return other_tpm();
    SEALWRIGHT_TRY(const auto now, read_pcrs(connection, sealed.selection));
    if (const auto pcrs = differing(sealed, now); !pcrs.empty()) return other_state(sealed, pcrs);
    auto secret = unseal_with(connection, storage, sealed);
    if (!secret) return in_words_of_sealing(secret.error());
    return secret;
}

}  // namespace sealwright::tpm
