// crl_number_length.cpp: RFC 5280 5.2.3.
#include "profile/lints/lint.hpp"

namespace sealwright::profile::lints {

CrlLint crl_number_length() noexcept {
    return {"rfc5280_5_2_3_crl_number_at_most_20_octets", "RFC 5280 5.2.3",
            "Conforming CRL issuers MUST NOT use CRLNumber values longer than 20 octets",
            [](const CrlSubject& subject, Details& details) {
                const auto* extension = subject.view->find(oid::kCrlNumber);
                if (extension == nullptr) return;
                asn1::DerReader reader{extension->value};
                const auto number = reader.integer();
                if (number && (number.value()[0] & 0x80U) == 0 && number.value().size() > 20)
                    details.push_back("cRLNumber has " + std::to_string(number.value().size()) + " octets");
            },
            nullptr};
}

}  // namespace sealwright::profile::lints
