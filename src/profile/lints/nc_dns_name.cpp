// nc_dns_name.cpp: RFC 5280 4.2.1.10.
#include "profile/lints/constraint_rules.hpp"
#include "profile/lints/lint.hpp"
#include "profile/name_syntax.hpp"

namespace sealwright::profile::lints {

CertificateLint nc_dns_name() noexcept {
    return {"rfc5280_4_2_1_10_dns_name", "RFC 5280 4.2.1.10", "DNS name restrictions are expressed as host.example.com",
            [](const CertificateSubject& subject, Details& details) {
                each_constraint(subject.view->name_constraints, [&](const SubtreeView& subtree) {
                    const auto text = text_of(subtree.base.content);
                    // The empty name stands for all names: it is how all of them are excluded.
                    if (subtree.base.tag == kDnsName && !text.empty() && !dns_name_problem(text, false).empty())
                        details.push_back("the DNS constraint \"" + std::string{text} + "\" is no DNS name");
                });
            }};
}

}  // namespace sealwright::profile::lints
