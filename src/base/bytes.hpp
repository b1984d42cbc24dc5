// bytes.hpp: octet strings, owned and viewed, strong types for DER of one kind, and their hexadecimal and base64 forms.
#pragma once

#include <compare>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace sealwright {

using Bytes = std::vector<std::uint8_t>;
using ByteView = std::span<const std::uint8_t>;

inline ByteView view_of(std::string_view text) noexcept {
    return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}
inline std::string_view text_of(ByteView bytes) noexcept {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}
inline Bytes bytes_of(ByteView bytes) { return Bytes(bytes.begin(), bytes.end()); }
inline void append(Bytes& out, ByteView more) { out.insert(out.end(), more.begin(), more.end()); }

// equal compares octets; not in constant time.
bool equal(ByteView a, ByteView b) noexcept;

// equal_constant_time compares secrets; only the lengths can leak.
bool equal_constant_time(ByteView a, ByteView b) noexcept;

// to_hex is lower case without separators; from_hex takes either case and nothing else.
std::string to_hex(ByteView bytes);
Result<Bytes> from_hex(std::string_view text);

// to_base64 is RFC 4648 section 4 with padding and no line breaks; to_base64url is section 5 without padding.
std::string to_base64(ByteView bytes);
std::string to_base64url(ByteView bytes);

// from_base64 is strict: canonical padding, zero trailing bits, no white space (strip it first where a format allows it).
Result<Bytes> from_base64(std::string_view text);
Result<Bytes> from_base64url(std::string_view text);

// Der<Tag> owns the DER of one kind of value. It says which kind, not that the bytes were checked; parsers and builders return it.
template <class Tag>
class Der {
public:
    Der() = default;
    explicit Der(Bytes bytes) : bytes_(std::move(bytes)) {}
    ByteView view() const noexcept { return bytes_; }
    const Bytes& bytes() const noexcept { return bytes_; }
    bool empty() const noexcept { return bytes_.empty(); }
    friend bool operator==(const Der&, const Der&) = default;

private:
    Bytes bytes_;
};

using SpkiDer = Der<struct SpkiTag>;                // SubjectPublicKeyInfo
using NameDer = Der<struct NameTag>;                // Name (RDNSequence)
using CsrDer = Der<struct CsrTag>;                  // CertificationRequest
using TbsCertificateDer = Der<struct TbsCertTag>;   // TBSCertificate
using TbsCertListDer = Der<struct TbsCrlTag>;       // TBSCertList
using CertificateDer = Der<struct CertificateTag>;  // Certificate
using CrlDer = Der<struct CrlTag>;                  // CertificateList

}  // namespace sealwright
