// principal.hpp: who asks, and how we know.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/ids.hpp"

namespace sealwright::policy {

// SecretPrincipal holds a one-time enrolment secret (already matched, not yet used up). secret_id is its public handle.
struct SecretPrincipal {
    std::string secret_id;
    std::string profile;
    std::vector<std::string> names;
};
// CertificatePrincipal proved possession of a certificate of ours by TLS; status was checked by the transport when the
// connection was made, and is checked again by the engine.
struct CertificatePrincipal {
    SerialNumber serial;
    Sha256 fingerprint;
    std::string profile;
};
// LocalPrincipal came over the admin socket; the kernel gave uid and pid. roles come from configuration.
struct LocalPrincipal {
    std::uint32_t uid = 0;
    std::int32_t pid = 0;
    std::string user;
    std::vector<std::string> roles;
};
struct AnonymousPrincipal {};

using Principal = std::variant<AnonymousPrincipal, SecretPrincipal, CertificatePrincipal, LocalPrincipal>;

// describe is the audit log's text: "anonymous", "secret:3f2a", "cert:<serial hex>", "uid:0(root)".
std::string describe(const Principal& principal);
// identity_of gives, of a text by describe, what names the principal for ever: of a local one its number without the
// account's name, which changes and is missing while the directory of accounts is.
std::string_view identity_of(std::string_view described) noexcept;
// kind is "anonymous", "secret", "renewal", "admin".
std::string_view kind_name(const Principal& principal) noexcept;

enum class Channel : std::uint8_t { https = 1, admin_socket = 2 };
std::string_view channel_name(Channel channel) noexcept;

}  // namespace sealwright::policy
