#include "x509/path_policies.hpp"

#include <algorithm>

#include "asn1/oid.hpp"

namespace sealwright::x509 {
namespace {

bool contains(const std::vector<Bytes>& policies, const Bytes& policy) {
    return std::find(policies.begin(), policies.end(), policy) != policies.end();
}

}  // namespace

bool PathPolicies::enter(const LinkPolicies& link, bool last) {
    if (link.policies) {
        intersect(*link.policies, inhibit_any_policy_ > 0 || (!last && link.self_issued));
    } else {
        valid_.emplace();  // 6.1.3 e: without the extension the tree is empty
    }
    return holds();
}

void PathPolicies::intersect(const std::vector<PolicyInformation>& policies, bool any_counts) {
    std::vector<Bytes> kept;
    for (const PolicyInformation& information : policies) {
        if (equal(information.policy, asn1::oid::kAnyPolicy)) {
            if (!any_counts) continue;
            if (!valid_) return;  // any of any
            kept.insert(kept.end(), valid_->begin(), valid_->end());
        } else if (!valid_ || contains(*valid_, information.policy)) {
            kept.push_back(information.policy);
        }
    }
    valid_ = std::move(kept);
}

void PathPolicies::leave_ca(const LinkPolicies& link) {
    if (!link.self_issued) {
        if (explicit_policy_ > 0) --explicit_policy_;
        if (inhibit_any_policy_ > 0) --inhibit_any_policy_;
    }
    if (link.constraints.require_explicit_policy) {
        explicit_policy_ = std::min<std::size_t>(explicit_policy_, *link.constraints.require_explicit_policy);
    }
    if (link.inhibit_any_policy)
        inhibit_any_policy_ = std::min<std::size_t>(inhibit_any_policy_, *link.inhibit_any_policy);
}

bool PathPolicies::conclude(const LinkPolicies& link) {
    if (explicit_policy_ > 0) --explicit_policy_;
    if (link.constraints.require_explicit_policy == 0U) explicit_policy_ = 0;
    return holds();
}

}  // namespace sealwright::x509
