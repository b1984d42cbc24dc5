// path_policies.hpp: certificate policies along a path, as far as deciding whether an explicit policy that is required
// is there (RFC 5280 6.1.3 d to f, 6.1.5 a, b). Policy mappings are not followed: a path that needs one has no valid
// policy. Internal to this room.
#pragma once

#include <optional>

#include "x509/extensions.hpp"

namespace sealwright::x509 {

// LinkPolicies is what one certificate says about policies; nullopt where the extension is absent.
struct LinkPolicies {
    bool self_issued = false;
    std::optional<std::vector<PolicyInformation>> policies;
    PolicyConstraints constraints;
    std::optional<std::uint32_t> inhibit_any_policy;
};

class PathPolicies {
public:
    explicit PathPolicies(std::size_t path_size)
        : explicit_policy_(path_size + 1), inhibit_any_policy_(path_size + 1) {}

    // enter processes a certificate's policies; false if a policy was required by now and none is valid.
    bool enter(const LinkPolicies& link, bool last);
    // leave_ca applies what a CA certificate demands of those below it.
    void leave_ca(const LinkPolicies& link);
    // conclude is the wrap-up behind the last certificate.
    bool conclude(const LinkPolicies& link);

private:
    void intersect(const std::vector<PolicyInformation>& policies, bool any_counts);
    bool holds() const { return explicit_policy_ > 0 || !valid_ || !valid_->empty(); }

    std::size_t explicit_policy_;
    std::size_t inhibit_any_policy_;
    std::optional<std::vector<Bytes>> valid_;  // nullopt is any policy
};

}  // namespace sealwright::x509
