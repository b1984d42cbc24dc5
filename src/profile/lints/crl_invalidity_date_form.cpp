// crl_invalidity_date_form.cpp: RFC 5280 5.3.2.
#include "profile/lints/lint.hpp"

namespace sealwright::profile::lints {

namespace {

bool is_generalized_time(ByteView value) {
    const auto element = asn1::the_only(value, asn1::kGeneralizedTime);
    return element && asn1::parse_time(element.value());
}

}  // namespace

CrlLint crl_invalidity_date_form() noexcept {
    return {"rfc5280_5_3_2_invalidity_date_form", "RFC 5280 5.3.2",
            "The GeneralizedTime values included in this field MUST be expressed in Greenwich Mean Time (Zulu)",
            nullptr, [](const CrlSubject&, const CrlEntryView& entry, Details& details) {
                if (entry.invalidity_date && !is_generalized_time(entry.invalidity_date->value))
                    details.push_back("invalidityDate of " + to_hex(entry.serial) +
                                      " is no GeneralizedTime of the form YYYYMMDDHHMMSSZ");
            }};
}

}  // namespace sealwright::profile::lints
