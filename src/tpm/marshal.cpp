#include "tpm/marshal.hpp"

namespace sealwright::tpm {
namespace {

// has_exact_size checks the size that a TPM2B begins with, which is the room's own word on where the structure ends.
bool has_exact_size(ByteView octets) {
    return octets.size() >= 2 && octets.size() - 2 == static_cast<std::size_t>(octets[0] << 8U | octets[1]);
}

template <class T, class Reader, class Writer>
Result<T> read_sized(Reader* reader, Writer* writer, ByteView octets, const char* name) {
    if (!has_exact_size(octets))
        return fail(ErrorCode::malformed, std::string{name} + ": its size is not what it says");
    auto value = unmarshal<T>(reader, writer, octets);
    if (!value) return value.error().in(name);
    return value;
}

}  // namespace

Result<TPM2B_PUBLIC> read_public(ByteView octets) {
    return read_sized<TPM2B_PUBLIC>(Tss2_MU_TPM2B_PUBLIC_Unmarshal, Tss2_MU_TPM2B_PUBLIC_Marshal, octets,
                                    "TPM2B_PUBLIC");
}
Result<TPM2B_PRIVATE> read_private(ByteView octets) {
    return read_sized<TPM2B_PRIVATE>(Tss2_MU_TPM2B_PRIVATE_Unmarshal, Tss2_MU_TPM2B_PRIVATE_Marshal, octets,
                                     "TPM2B_PRIVATE");
}
Result<TPM2B_ID_OBJECT> read_id_object(ByteView octets) {
    return read_sized<TPM2B_ID_OBJECT>(Tss2_MU_TPM2B_ID_OBJECT_Unmarshal, Tss2_MU_TPM2B_ID_OBJECT_Marshal, octets,
                                       "TPM2B_ID_OBJECT");
}
Result<TPM2B_ENCRYPTED_SECRET> read_encrypted_secret(ByteView octets) {
    return read_sized<TPM2B_ENCRYPTED_SECRET>(Tss2_MU_TPM2B_ENCRYPTED_SECRET_Unmarshal,
                                              Tss2_MU_TPM2B_ENCRYPTED_SECRET_Marshal, octets, "TPM2B_ENCRYPTED_SECRET");
}

}  // namespace sealwright::tpm
