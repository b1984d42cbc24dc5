// crl_number_syntax.cpp: RFC 5280 5.2.3.
#include "profile/lints/lint.hpp"

namespace sealwright::profile::lints {

CrlLint crl_number_syntax() noexcept {
    return {"rfc5280_5_2_3_crl_number_syntax", "RFC 5280 5.2.3", "CRLNumber ::= INTEGER (0..MAX)",
            [](const CrlSubject& subject, Details& details) {
                const auto* extension = subject.view->find(oid::kCrlNumber);
                if (extension == nullptr) return;
                asn1::DerReader reader{extension->value};
                if (!reader.unsigned_integer() || !reader.at_end())
                    details.emplace_back("cRLNumber is no number from 0 on");
            },
            nullptr};
}

}  // namespace sealwright::profile::lints
