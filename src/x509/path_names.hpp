// path_names.hpp: name constraints along a path (RFC 5280 4.2.1.10 and 6.1.3 b, c): for the path validator, and for the lint
// that holds a certificate against its issuer.
#pragma once

#include "x509/certificate.hpp"

namespace sealwright::x509 {

// PathNames collects the constraints of the CAs on the way down. Where a comparison is a matter of taste (case,
// trailing dots, wildcards) it takes the stricter side: a name is less easily permitted and more easily excluded.
// otherName and registeredID cannot be compared: a certificate with such a name fails where they are constrained.
class PathNames {
public:
    void add(const NameConstraints& constraints);

    // violations describes each name of the certificate that is not permitted, or excluded.
    std::vector<std::string> violations(const TbsCertificate& certificate, const GeneralNames& alternative_names) const;

private:
    bool permits(const GeneralName& name) const;
    bool excludes(const GeneralName& name) const;

    std::vector<GeneralNames> permitted_;  // one list a CA: a name must be in a subtree of each list that has its kind
    GeneralNames excluded_;
};

}  // namespace sealwright::x509
