#include "tpm/connection.hpp"

#include <tss2/tss2_tctildr.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "tpm/response_code.hpp"

namespace sealwright::tpm {
namespace {

constexpr std::string_view kDevice = "device:";

// check_device tells the two common mistakes apart before the TCTI turns both into "IO error".
Result<void> check_device(const std::string& tcti) {
    if (!tcti.starts_with(kDevice)) return success();
    const std::string path = tcti.substr(kDevice.size());
    if (::access(path.c_str(), R_OK | W_OK) == 0) return success();
    const int why = errno;
    if (why == ENOENT || why == ENODEV || why == ENXIO) {
        return fail(ErrorCode::unavailable,
                    "there is no TPM at " + path +
                        "\nIs a TPM 2.0 in this machine, and switched on in the firmware's setup (\"Security Device\", "
                        "\"PTT\", \"fTPM\")? Is the kernel's driver "
                        "loaded (dmesg | grep -i tpm)?\nA TPM elsewhere is named by --tcti.",
                    std::strerror(why));
    }
    if (why == EACCES || why == EPERM) {
        return fail(ErrorCode::unavailable,
                    "no permission for the TPM at " + path +
                        "\nRun as a member of the group that owns the device, usually tss: usermod -aG tss USER; for "
                        "the service's "
                        "folder: runuser -u sealwright-device -- sealwright-device ...",
                    std::strerror(why));
    }
    return fail(ErrorCode::unavailable, "cannot use the TPM at " + path, std::strerror(why));
}

Error cannot_connect(const std::string& tcti, TSS2_RC code) {
    const Error cause = tpm_error(code, "connecting");
    const bool is_busy = tcti.starts_with(kDevice) && errno == EBUSY;
    if (is_busy) {
        return fail(ErrorCode::unavailable,
                    "another program uses the TPM: " + tcti +
                        "\nOnly one at a time can open /dev/tpm0; with /dev/tpmrm0 many can.",
                    cause.private_detail());
    }
    return fail(
        ErrorCode::unavailable,
        "cannot connect to the TPM: " + tcti +
            "\nIs the TCTI right (device:/dev/tpmrm0, swtpm:host=127.0.0.1,port=2321), and what it names running?",
        cause.private_detail());
}

}  // namespace

Result<Connection> Connection::open(const std::string& tcti) {
    SEALWRIGHT_TRY(check_device(tcti));
    TSS2_TCTI_CONTEXT* transport = nullptr;
    errno = 0;
    if (const TSS2_RC code = ::Tss2_TctiLdr_Initialize(tcti.c_str(), &transport); code != TSS2_RC_SUCCESS)
        return cannot_connect(tcti, code);
    Connection connection{transport};
    SEALWRIGHT_TRY(check(::Esys_Initialize(&connection.esys_, transport, nullptr), "connecting"));
    return connection;
}

Connection::Connection(Connection&& other) noexcept
    : transport_(std::exchange(other.transport_, nullptr)), esys_(std::exchange(other.esys_, nullptr)) {}

Connection::~Connection() {
    if (esys_ != nullptr) ::Esys_Finalize(&esys_);
    if (transport_ != nullptr) ::Tss2_TctiLdr_Finalize(&transport_);
}

void Handle::release() noexcept {
    if (object_ == ESYS_TR_NONE) return;
    if (kind_ == Kind::transient) {
        ::Esys_FlushContext(esys_, object_);
    } else {
        ::Esys_TR_Close(esys_, &object_);
    }
    object_ = ESYS_TR_NONE;
}

}  // namespace sealwright::tpm
