// time_form.hpp: the one rule of RFC 5280 4.1.2.5, 5.1.2.4, 5.1.2.5 and 5.1.2.6 on UTCTime and GeneralizedTime, for the
// lints of each field.
#pragma once

#include <string>
#include <vector>

#include "asn1/der_reader.hpp"

namespace sealwright::profile::lints {

// check_time_form wants UTCTime through 2049 and GeneralizedTime from 2050. That the form itself is YYMMDDHHMMSSZ or
// YYYYMMDDHHMMSSZ the reader made sure.
void check_time_form(std::string_view field, asn1::Tag tag, UtcTime time, std::vector<std::string>& details);

}  // namespace sealwright::profile::lints
