// The daemon's configuration: read or refused with at least one problem, never anything else.
#include "server/config.hpp"
#include "tests/fuzz/fuzz.hpp"

using namespace sealwright;
using sealwright::fuzz::require;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto config = server::parse_config(text_of({data, size}), "/etc/sealwright/sealwrightd.toml");
    if (!config) {
        require(config.error().code() == ErrorCode::config && !config.error().public_detail().empty(),
                "a refusal says what is wrong");
        return 0;
    }
    const auto& it = config.value();
    require(it.state.is_absolute() && it.listen.admin.is_absolute() && it.profiles.is_absolute(), "paths are absolute");
    require(it.lease > it.signer.deadline && it.crl.overlap * 2 <= it.crl.validity, "times agree");
    return 0;
}
