#include "profile/lints/issuing_point.hpp"

namespace sealwright::profile::lints {
namespace {

// read_flag reads [n] BOOLEAN DEFAULT FALSE, where FALSE is not encoded (X.690 11.5).
bool read_flag(asn1::DerReader& reader, unsigned number, bool& flag) {
    if (reader.peek() != asn1::context(number)) return true;
    const auto value = reader.boolean(asn1::context(number));
    flag = value && value.value();
    return flag;
}

}  // namespace

std::optional<IssuingPointView> decode_issuing_point(ByteView value) {
    const auto content = sequence_content(value);
    if (!content) return {};
    asn1::DerReader reader{*content};
    IssuingPointView view;
    const auto name = reader.optional(asn1::context_constructed(0));
    if (!name) return {};
    if (name.value() && !decode_distribution_point_name(name.value()->content, view.full_name, view.relative_name))
        return {};
    bool sound = read_flag(reader, 1, view.only_user_certs) && read_flag(reader, 2, view.only_ca_certs);
    view.some_reasons = reader.peek() == asn1::context(3);
    if (view.some_reasons) sound = sound && reader.bit_string(asn1::context(3));
    sound = sound && read_flag(reader, 4, view.indirect) && read_flag(reader, 5, view.only_attribute_certs);
    if (view.full_name) {
        sound = each_general_name(
                    *view.full_name,
                    [&](const GeneralNameView& general_name) { sound = sound && is_well_formed(general_name); }) &&
                sound;
    }
    return sound && reader.at_end() ? std::optional{view} : std::nullopt;
}

}  // namespace sealwright::profile::lints
