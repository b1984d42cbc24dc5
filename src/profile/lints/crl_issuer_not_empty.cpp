// crl_issuer_not_empty.cpp: RFC 5280 5.1.2.3.
#include "profile/lints/lint.hpp"

namespace sealwright::profile::lints {

CrlLint crl_issuer_not_empty() noexcept {
    return {"rfc5280_5_1_2_3_issuer_not_empty", "RFC 5280 5.1.2.3",
            "The issuer field MUST contain a non-empty X.500 distinguished name (DN)",
            [](const CrlSubject& subject, Details& details) {
                const auto content = sequence_content(subject.view->issuer);
                if (!content || content->empty()) details.emplace_back("the issuer is an empty name");
            },
            nullptr};
}

}  // namespace sealwright::profile::lints
