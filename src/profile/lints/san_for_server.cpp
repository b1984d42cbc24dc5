// san_for_server.cpp: RFC 9525 4.1.
#include "profile/lints/lint.hpp"
#include "profile/lints/name_rules.hpp"

namespace sealwright::profile::lints {

namespace {

// Clients take the names of a TLS server from nowhere else.
bool has_host_name(const x509::Extension* extension) {
    bool found = false;
    const auto content = extension == nullptr ? std::nullopt : sequence_content(extension->value);
    if (!content) return extension != nullptr;  // broken: san_syntax says so
    each_general_name(*content, [&](const GeneralNameView& name) {
        found = found || name.tag == kDnsName || name.tag == kIpAddress || name.tag == kUri;
    });
    return found || content->empty();  // empty: san_not_empty says so
}

}  // namespace

CertificateLint san_for_server() noexcept {
    return {"rfc9525_4_1_server_has_identifier", "RFC 9525 4.1", "The certificate MUST include at least one identifier",
            [](const CertificateSubject& subject, Details& details) {
                const auto& view = *subject.view;
                if (view.is_ca() || !has_purpose(view, oid::kServerAuth) ||
                    (view.subject_alt_name == nullptr && subject.tbs.subject.empty()))
                    return;
                if (!has_host_name(view.subject_alt_name))
                    details.emplace_back("a server's certificate without a DNS name, URI or address in subjectAltName");
            }};
}

}  // namespace sealwright::profile::lints
