// nc_mailbox.cpp: RFC 5280 4.2.1.10.
#include "profile/lints/constraint_rules.hpp"
#include "profile/lints/lint.hpp"
#include "profile/name_syntax.hpp"

namespace sealwright::profile::lints {

CertificateLint nc_mailbox() noexcept {
    return {"rfc5280_4_2_1_10_mailbox", "RFC 5280 4.2.1.10",
            "MAY specify a particular mailbox, all addresses at a particular host, or all mailboxes in a domain",
            [](const CertificateSubject& subject, Details& details) {
                each_constraint(subject.view->name_constraints, [&](const SubtreeView& subtree) {
                    if (subtree.base.tag != kRfc822Name) return;
                    const auto text = text_of(subtree.base.content);
                    const bool mailbox = profile::mailbox_problem(text).empty();
                    if (!mailbox && !is_host_or_domain(subtree.base.content))
                        details.push_back("the mail constraint \"" + std::string{text} +
                                          "\" is no mailbox, host or domain");
                });
            }};
}

}  // namespace sealwright::profile::lints
