#include "hsm/signer.hpp"

#include <array>

namespace sealwright::hsm {
namespace {

struct PurposeName {
    Purpose purpose;
    std::string_view name;
};

constexpr std::array kPurposes{
    PurposeName{Purpose::certificate, "certificate"},
    PurposeName{Purpose::crl, "crl"},
    PurposeName{Purpose::csr, "csr"},
    PurposeName{Purpose::ocsp, "ocsp"},
    PurposeName{Purpose::checkpoint, "checkpoint"},
    PurposeName{Purpose::tls, "tls"},
    PurposeName{Purpose::decrypt, "decrypt"},
    PurposeName{Purpose::cms, "cms"},
    PurposeName{Purpose::cmp, "cmp"},
};

}  // namespace

std::string_view purpose_name(Purpose purpose) noexcept {
    for (const PurposeName& row : kPurposes) {
        if (row.purpose == purpose) return row.name;
    }
    return "unknown";
}

Result<Purpose> parse_purpose_name(std::string_view name) {
    for (const PurposeName& row : kPurposes) {
        if (row.name == name) return row.purpose;
    }
    return fail(ErrorCode::malformed,
                "unknown purpose; known are certificate, crl, csr, ocsp, checkpoint, tls, decrypt, cms and cmp",
                std::string{name});
}

}  // namespace sealwright::hsm
