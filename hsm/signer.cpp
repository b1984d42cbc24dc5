#include "hsm/signer.hpp"

#include <array>

namespace sealwright::hsm {
namespace {

struct Row {
    Purpose purpose;
    std::string_view name;
};

constexpr std::array kPurposes{
    Row{Purpose::certificate, "certificate"},
    Row{Purpose::crl, "crl"},
    Row{Purpose::csr, "csr"},
    Row{Purpose::ocsp, "ocsp"},
    Row{Purpose::checkpoint, "checkpoint"},
    Row{Purpose::tls, "tls"},
    Row{Purpose::decrypt, "decrypt"},
    Row{Purpose::cms, "cms"},
    Row{Purpose::cmp, "cmp"},
};

}  // namespace

std::string_view purpose_name(Purpose purpose) noexcept {
    for (const Row& row : kPurposes) {
        if (row.purpose == purpose) return row.name;
    }
    return "unknown";
}

Result<Purpose> parse_purpose_name(std::string_view name) {
    for (const Row& row : kPurposes) {
        if (row.name == name) return row.purpose;
    }
    return fail(ErrorCode::malformed,
                "unknown purpose; known are certificate, crl, csr, ocsp, checkpoint, tls, decrypt, cms and cmp",
                std::string{name});
}

}  // namespace sealwright::hsm
