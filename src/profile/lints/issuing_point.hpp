// issuing_point.hpp: the issuingDistributionPoint of a CRL (RFC 5280 5.2.5).
#pragma once

#include "profile/lints/decode.hpp"

namespace sealwright::profile::lints {

struct IssuingPointView {
    std::optional<ByteView> full_name, relative_name;
    bool only_user_certs = false, only_ca_certs = false, some_reasons = false, indirect = false,
         only_attribute_certs = false;
};

// decode_issuing_point reads the extension's value; an empty sequence is well-formed for it.
std::optional<IssuingPointView> decode_issuing_point(ByteView value);

}  // namespace sealwright::profile::lints
