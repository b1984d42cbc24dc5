// nc_uri_host.cpp: RFC 5280 4.2.1.10.
#include "profile/lints/constraint_rules.hpp"
#include "profile/lints/lint.hpp"

namespace sealwright::profile::lints {

CertificateLint nc_uri_host() noexcept {
    return {"rfc5280_4_2_1_10_uri_host", "RFC 5280 4.2.1.10",
            "The constraint MUST be specified as a fully qualified domain name and MAY specify a host or a domain",
            [](const CertificateSubject& subject, Details& details) {
                each_constraint(subject.view->name_constraints, [&](const SubtreeView& subtree) {
                    if (subtree.base.tag == kUri && !is_host_or_domain(subtree.base.content))
                        details.push_back("the URI constraint \"" + std::string{text_of(subtree.base.content)} +
                                          "\" is no host or domain");
                });
            }};
}

}  // namespace sealwright::profile::lints
