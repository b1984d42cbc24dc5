// crl_version_2.cpp: RFC 5280 5.1.2.1.
#include "profile/lints/lint.hpp"

namespace sealwright::profile::lints {

CrlLint crl_version_2() noexcept {
    return {"rfc5280_5_1_2_1_version_2", "RFC 5280 5.1.2.1",
            "When extensions are used, as required by this profile, this field MUST be present and MUST specify "
            "version 2 (the integer value is 1)",
            [](const CrlSubject& subject, Details& details) {
                if (subject.view->version != std::uint64_t{1}) details.emplace_back("the version is not 2");
            },
            nullptr};
}

}  // namespace sealwright::profile::lints
