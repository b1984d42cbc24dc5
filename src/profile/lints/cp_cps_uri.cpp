// cp_cps_uri.cpp: RFC 5280 4.2.1.4.
#include "profile/lints/lint.hpp"
#include "profile/lints/name_rules.hpp"
#include "profile/name_syntax.hpp"

namespace sealwright::profile::lints {

namespace {

// CPSuri ::= IA5String
std::string_view cps_problem(const asn1::Element& value) {
    if (value.tag != asn1::kIa5String || !is_ia5(value.content)) return "is no IA5String";
    return profile::uri_problem(text_of(value.content));
}

}  // namespace

CertificateLint cp_cps_uri() noexcept {
    return {"rfc5280_4_2_1_4_cps_uri", "RFC 5280 4.2.1.4", "The pointer is in the form of a URI",
            [](const CertificateSubject& subject, Details& details) {
                const auto* extension = subject.view->policies;
                const auto content = extension == nullptr ? std::nullopt : sequence_content(extension->value);
                if (!content) return;
                each_policy(*content, [&](const PolicyView& policy) {
                    if (!policy.qualifiers) return;
                    each_qualifier(*policy.qualifiers, [&](const QualifierView& qualifier) {
                        if (!equal(qualifier.id, oid::kCpsQualifier)) return;
                        const std::string_view problem = cps_problem(qualifier.value);
                        if (!problem.empty())
                            details.push_back("the CPS pointer of " + asn1::format_oid(policy.id) + " " +
                                              std::string{problem});
                    });
                });
            }};
}

}  // namespace sealwright::profile::lints
