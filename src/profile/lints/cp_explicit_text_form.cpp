// cp_explicit_text_form.cpp: RFC 5280 4.2.1.4.
#include "profile/lints/lint.hpp"
#include "profile/lints/user_notice.hpp"

namespace sealwright::profile::lints {

CertificateLint cp_explicit_text_form() noexcept {
    return {"rfc5280_4_2_1_4_explicit_text_form", "RFC 5280 4.2.1.4",
            "Conforming CAs MUST NOT encode explicitText as VisibleString or BMPString",
            [](const CertificateSubject& subject, Details& details) {
                each_explicit_text(subject.view->policies, [&](const asn1::Element& text) {
                    if (text.tag != asn1::kUtf8String && text.tag != asn1::kIa5String)
                        details.emplace_back("explicitText is neither UTF8String nor IA5String");
                });
            }};
}

}  // namespace sealwright::profile::lints
