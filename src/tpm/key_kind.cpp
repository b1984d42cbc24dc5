#include "tpm/key_kind.hpp"

#include <array>

namespace sealwright::tpm {
namespace {

constexpr std::array<std::string_view, 4> kTemplates{"L-1", "L-2", "H-3", "H-6"};
constexpr std::array<std::string_view, 3> kKinds{"rsa2048", "p256", "p384"};

}  // namespace

std::string_view ek_template_name(EkTemplate ek) noexcept { return kTemplates[static_cast<std::size_t>(ek)]; }

Result<EkTemplate> parse_ek_template(std::string_view name) {
    for (std::size_t i = 0; i < kTemplates.size(); ++i) {
        if (kTemplates[i] == name) return static_cast<EkTemplate>(i);
    }
    return fail(ErrorCode::unsupported,
                "an endorsement key is made from L-1, L-2, H-3 or H-6, not from '" + std::string{name} + "'");
}

Result<std::vector<EkTemplate>> ek_candidates(std::string_view choice) {
    using enum EkTemplate;
    if (choice == "auto") return std::vector{l2, h3, l1, h6};
    if (choice == "rsa") return std::vector{l1, h6};
    if (choice == "ecc") return std::vector{l2, h3};
    SEALWRIGHT_TRY(const auto ek, parse_ek_template(choice));
    return std::vector{ek};
}

std::string_view key_kind_name(KeyKind kind) noexcept { return kKinds[static_cast<std::size_t>(kind)]; }

Result<KeyKind> parse_key_kind(std::string_view name) {
    for (std::size_t i = 0; i < kKinds.size(); ++i) {
        if (kKinds[i] == name) return static_cast<KeyKind>(i);
    }
    return fail(ErrorCode::unsupported, "a key is rsa2048, p256 or p384, not '" + std::string{name} + "'");
}

}  // namespace sealwright::tpm
