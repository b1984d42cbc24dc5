// ian_names.cpp: RFC 5280 4.2.1.7.
#include "profile/lints/lint.hpp"
#include "profile/lints/name_rules.hpp"

namespace sealwright::profile::lints {

namespace {

std::string_view issuer_name_problem(const GeneralNameView& name) {
    if (is_empty_name(name)) return "is empty";
    if (is_ia5_kind(name) && !is_ia5(name.content)) return "has an octet that is not ASCII";
    for (const auto problem : {dns_problem(name), wildcard_problem(name), mailbox_problem(name), uri_problem(name),
                               uri_host_problem(name), ip_problem(name)}) {
        if (!problem.empty()) return problem;
    }
    return {};
}

}  // namespace

CertificateLint ian_names() noexcept {
    return {"rfc5280_4_2_1_7_issuer_alt_name_as_subject_alt_name", "RFC 5280 4.2.1.7",
            "Issuer alternative name MUST be encoded as in 4.2.1.6",
            [](const CertificateSubject& subject, Details& details) {
                report_names(subject.view->issuer_alt_name, issuer_name_problem, details);
            }};
}

}  // namespace sealwright::profile::lints
