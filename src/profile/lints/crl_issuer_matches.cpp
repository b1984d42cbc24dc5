// crl_issuer_matches.cpp: RFC 5280 6.3.3 (f).
#include "profile/lints/lint.hpp"

namespace sealwright::profile::lints {

CrlLint crl_issuer_matches() noexcept {
    return {"rfc5280_5_1_2_3_issuer_is_subject_of_issuer", "RFC 5280 6.3.3 (f)",
            "Obtain and validate the certification path for the issuer of the complete CRL",
            [](const CrlSubject& subject, Details& details) {
                const auto content = sequence_content(subject.view->issuer);
                if (subject.issuer == nullptr || !content || content->empty()) return;
                if (!equal(subject.view->issuer, subject.issuer->fields().subject_der.view()))
                    details.emplace_back("the issuer's certificate names another subject");
            },
            nullptr};
}

}  // namespace sealwright::profile::lints
