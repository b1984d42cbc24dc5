#include "profile/lints/time_form.hpp"

namespace sealwright::profile::lints {

void check_time_form(std::string_view field, asn1::Tag tag, UtcTime time, std::vector<std::string>& details) {
    const auto year = std::chrono::year_month_day{std::chrono::floor<std::chrono::days>(time)}.year();
    const asn1::Tag expected = year < std::chrono::year{2050} ? asn1::kUtcTime : asn1::kGeneralizedTime;
    if (tag == expected) return;
    details.push_back(std::string{field} + " " + to_rfc3339(time) + " is not a " +
                      (expected == asn1::kUtcTime ? "UTCTime" : "GeneralizedTime"));
}

}  // namespace sealwright::profile::lints
