#include "policy/principal.hpp"

#include "base/log.hpp"

namespace sealwright::policy {
namespace {

struct Describe {
    std::string operator()(const AnonymousPrincipal&) const { return "anonymous"; }
    std::string operator()(const SecretPrincipal& secret) const { return "secret:" + escape_control(secret.secret_id); }
    std::string operator()(const CertificatePrincipal& certificate) const { return "cert:" + certificate.serial.hex(); }
    std::string operator()(const LocalPrincipal& local) const {
        return "uid:" + std::to_string(local.uid) + (local.user.empty() ? "" : "(" + escape_control(local.user) + ")");
    }
};

struct KindName {
    std::string_view operator()(const AnonymousPrincipal&) const noexcept { return "anonymous"; }
    std::string_view operator()(const SecretPrincipal&) const noexcept { return "secret"; }
    std::string_view operator()(const CertificatePrincipal&) const noexcept { return "renewal"; }
    std::string_view operator()(const LocalPrincipal&) const noexcept { return "admin"; }
};

}  // namespace

std::string describe(const Principal& principal) { return std::visit(Describe{}, principal); }

std::string_view identity_of(std::string_view described) noexcept {
    return described.starts_with("uid:") ? described.substr(0, described.find('(')) : described;
}

std::string_view kind_name(const Principal& principal) noexcept { return std::visit(KindName{}, principal); }

std::string_view channel_name(Channel channel) noexcept {
    switch (channel) {
        case Channel::https:
            return "https";
        case Channel::admin_socket:
            return "admin_socket";
    }
    return "unknown";
}

}  // namespace sealwright::policy
