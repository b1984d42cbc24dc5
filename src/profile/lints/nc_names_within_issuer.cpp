// nc_names_within_issuer.cpp: RFC 5280 4.2.1.10.
#include "profile/lints/lint.hpp"
#include "x509/path_names.hpp"

namespace sealwright::profile::lints {

namespace {

// Only the issuer's own constraints are at hand here; those of the CAs above it are the path validator's.
x509::GeneralNames alternative_names(const x509::Extension* extension) {
    if (extension == nullptr) return {};
    auto names = x509::parse_general_names(extension->value);
    return names ? std::move(names).value() : x509::GeneralNames{};
}

}  // namespace

CertificateLint nc_names_within_issuer() noexcept {
    return {"rfc5280_4_2_1_10_names_within_issuer", "RFC 5280 4.2.1.10",
            "a name space within which all subject names in subsequent certificates in a certification path MUST be "
            "located",
            [](const CertificateSubject& subject, Details& details) {
                if (subject.issuer == nullptr) return;
                const auto* extension =
                    x509::find_extension(subject.issuer->fields().extensions, oid::kNameConstraints);
                if (extension == nullptr) return;
                const auto constraints = x509::parse_name_constraints(extension->value);
                if (!constraints) {
                    details.emplace_back("the issuer's nameConstraints cannot be read");
                    return;
                }
                x509::PathNames fence;
                fence.add(constraints.value());
                for (auto& violation : fence.violations(subject.tbs, alternative_names(subject.view->subject_alt_name)))
                    details.push_back(std::move(violation));
            }};
}

}  // namespace sealwright::profile::lints
