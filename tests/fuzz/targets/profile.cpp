// Profiles: whatever the text, it is refused as config (or too_large) with a reason, or it is a profile whose
// extensions can be encoded and read back.
#include "profile/profile.hpp"

#include "../fuzz.hpp"

using namespace sealwright;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text = text_of({data, size});
    const auto profile = profile::Profile::parse(text, "fuzz.toml", {{"crl_url", "http://pki.example.org/ca.crl"}});
    if (!profile) {
        const auto code = profile.error().code();
        fuzz::require(code == ErrorCode::config || code == ErrorCode::too_large, "a refusal says config");
        fuzz::require(!profile.error().public_detail().empty(), "a refusal has a reason");
        return 0;
    }
    const auto extensions = profile::static_extensions(profile.value());
    const auto read = x509::parse_extensions(x509::encode_extensions(extensions));
    fuzz::require(read && read.value() == extensions, "its extensions can be read back");
    return 0;
}
