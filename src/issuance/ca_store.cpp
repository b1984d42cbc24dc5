#include "issuance/ca_store.hpp"

namespace sealwright::issuance {

std::string_view device_state_name(DeviceState state) noexcept {
    switch (state) {
        case DeviceState::enrolled:
            return "enrolled";
        case DeviceState::revoked:
            return "revoked";
        case DeviceState::retired:
            return "retired";
    }
    return "unknown";
}

std::string_view certificate_state_name(CertificateState state) noexcept {
    switch (state) {
        case CertificateState::intended:
            return "intended";
        case CertificateState::issued:
            return "issued";
        case CertificateState::indeterminate:
            return "indeterminate";
        case CertificateState::abandoned:
            return "abandoned";
    }
    return "unknown";
}

std::size_t listed_octets(const CertificateRecord& record) noexcept {
    return record.names.size() + record.certificate.size() + record.tbs.size();
}

}  // namespace sealwright::issuance
