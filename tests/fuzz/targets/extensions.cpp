// Extensions: the first octet chooses the type of the value behind it; what is accepted is written back as it was.
#include "x509/extensions.hpp"

#include "tests/fuzz/fuzz.hpp"

using namespace sealwright;
using namespace sealwright::x509;
using sealwright::fuzz::require;

namespace {

template <class Parse, class Encode>
void there_and_back(ByteView value, Parse parse, Encode encode) {
    if (const auto parsed = parse(value))
        require(equal(encode(parsed.value()), value), "an accepted value is written back as it was");
}

void value_of_type(std::uint8_t type, ByteView value) {
    switch (type) {
        case 0:
            return there_and_back(value, parse_extensions, encode_extensions);
        case 1:
            return there_and_back(value, parse_key_usage, encode_key_usage);
        case 2:
            return there_and_back(value, parse_basic_constraints, encode_basic_constraints);
        case 3:
            return there_and_back(value, parse_ext_key_usage, encode_ext_key_usage);
        case 4:
            return there_and_back(value, parse_subject_key_identifier, encode_subject_key_identifier);
        case 5:
            (void)parse_authority_key_identifier(value);
            return;  // the form with issuer and serial number is read, not built
        case 6:
            return there_and_back(value, parse_certificate_policies, encode_certificate_policies);
        case 7:
            return there_and_back(value, parse_access_descriptions, encode_access_descriptions);
        case 8:
            return there_and_back(value, parse_crl_distribution_points, encode_crl_distribution_points);
        case 9:
            return there_and_back(value, parse_name_constraints, encode_name_constraints);
        case 10:
            return there_and_back(value, parse_policy_constraints, encode_policy_constraints);
        case 11:
            return there_and_back(value, parse_inhibit_any_policy, encode_inhibit_any_policy);
        case 12:
            return there_and_back(value, parse_issuing_distribution_point, encode_issuing_distribution_point);
        default:
            return;
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    value_of_type(data[0], ByteView{data, size}.subspan(1));
    return 0;
}
