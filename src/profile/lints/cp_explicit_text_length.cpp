// cp_explicit_text_length.cpp: RFC 5280 4.2.1.4.
#include "profile/lints/lint.hpp"
#include "profile/lints/user_notice.hpp"

namespace sealwright::profile::lints {

CertificateLint cp_explicit_text_length() noexcept {
    return {"rfc5280_4_2_1_4_explicit_text_length", "RFC 5280 4.2.1.4",
            "The explicitText field is a string with a maximum size of 200 characters",
            [](const CertificateSubject& subject, Details& details) {
                each_explicit_text(subject.view->policies, [&](const asn1::Element& text) {
                    const auto wide = text.tag == asn1::kBmpString ? std::size_t{2} : std::size_t{1};
                    const auto count =
                        static_cast<std::size_t>(std::count_if(text.content.begin(), text.content.end(),
                                                               [&](std::uint8_t octet) {
                                                                   return text.tag != asn1::kUtf8String ||
                                                                          (octet & 0xC0U) != 0x80U;
                                                               })) /
                        wide;
                    if (count == 0 || count > 200)
                        details.push_back("explicitText has " + std::to_string(count) + " characters");
                });
            }};
}

}  // namespace sealwright::profile::lints
