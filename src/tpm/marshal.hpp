// marshal.hpp: structures of tpm2-tss as octets and back. Internal to this room.
#pragma once

#include <tss2/tss2_mu.h>

#include "base/bytes.hpp"

namespace sealwright::tpm {

inline constexpr std::size_t kMaxMarshalled = 8192;

// marshal writes any structure with its function of tpm2-tss: marshal(Tss2_MU_TPM2B_PUBLIC_Marshal, area).
template <class Function, class T>
Result<Bytes> marshal(Function* function, const T& value) {
    Bytes out(kMaxMarshalled);
    std::size_t size = 0;
    if (function(&value, out.data(), out.size(), &size) != TSS2_RC_SUCCESS)
        return fail(ErrorCode::internal, "a TPM structure could not be written");
    out.resize(size);
    return out;
}

// unmarshal reads exactly one structure. tpm2-tss before 4.2 lets truncated and unknown content pass
// (GHSA-p3px-r4mm-jpw5), so what was read must give the same octets again.
template <class T, class Reader, class Writer>
Result<T> unmarshal(Reader* reader, Writer* writer, ByteView octets) {
    T value{};
    std::size_t read = 0;
    const Error broken = fail(ErrorCode::malformed, "not the TPM structure that was expected");
    if (octets.size() < 2 || octets.size() > kMaxMarshalled) return broken;
    if (reader(octets.data(), octets.size(), &read, &value) != TSS2_RC_SUCCESS || read != octets.size()) return broken;
    SEALWRIGHT_TRY(const auto again, marshal(writer, value));
    if (!equal(again, octets)) return broken;
    return value;
}

Result<TPM2B_PUBLIC> read_public(ByteView octets);
Result<TPM2B_PRIVATE> read_private(ByteView octets);
Result<TPM2B_ID_OBJECT> read_id_object(ByteView octets);
Result<TPM2B_ENCRYPTED_SECRET> read_encrypted_secret(ByteView octets);

}  // namespace sealwright::tpm
