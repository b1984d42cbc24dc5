// nc_ip_range.cpp: RFC 5280 4.2.1.10.
#include "profile/lints/constraint_rules.hpp"
#include "profile/lints/lint.hpp"

namespace sealwright::profile::lints {

CertificateLint nc_ip_range() noexcept {
    return {"rfc5280_4_2_1_10_ip_range", "RFC 5280 4.2.1.10",
            "MUST contain eight (8) octets, encoded in the style of RFC 4632 (CIDR) to represent an address range",
            [](const CertificateSubject& subject, Details& details) {
                each_constraint(subject.view->name_constraints, [&](const SubtreeView& subtree) {
                    if (subtree.base.tag == kIpAddress && !is_address_range(subtree.base.content)) {
                        details.push_back("the address constraint " + to_hex(subtree.base.content) +
                                          " is no range of 8 or 32 octets with a contiguous mask");
                    }
                });
            }};
}

}  // namespace sealwright::profile::lints
