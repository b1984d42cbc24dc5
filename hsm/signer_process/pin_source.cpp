#include "hsm/signer_process/pin_source.hpp"

#include <cstdlib>

#include "hsm/signer_process/toml_table.hpp"

namespace sealwright::hsm::signer_process {
namespace {

std::string resolved(const std::string& path, const std::filesystem::path& folder) {
    const std::filesystem::path given{path};
    return given.is_absolute() ? path : (folder / given).string();
}

}  // namespace

Result<PinSource> read_pin_source(TomlTable& token, const std::filesystem::path& folder) {
    PinSource source;
    if (!token.has("pin")) return source;
    SEALWRIGHT_TRY(auto table, token.table("pin"));
    const int given = (table.has("credential") ? 1 : 0) + (table.has("file") ? 1 : 0) + (table.has("fd") ? 1 : 0);
    if (given != 1)
        return token.problem(
            "pin", "must be one of {credential = \"name\"}, {file = \"path\"} and {fd = number}; never the PIN itself");
    if (table.has("credential")) {
        source.kind = PinSource::Kind::credential;
        SEALWRIGHT_TRY(source.name, table.text("credential"));
        if (source.name.find('/') != std::string::npos)
            return table.problem("credential", "must be a name without slashes");
    } else if (table.has("file")) {
        source.kind = PinSource::Kind::file;
        SEALWRIGHT_TRY(const auto path, table.text("file"));
        source.name = resolved(path, folder);
    } else {
        source.kind = PinSource::Kind::descriptor;
        SEALWRIGHT_TRY(const auto number, table.number("fd", 0, 1023));
        source.descriptor = static_cast<int>(number);
    }
    SEALWRIGHT_TRY(table.finish());
    return source;
}

Result<Secret> obtain_pin(const PinSource& source, std::string_view token) {
    switch (source.kind) {
        case PinSource::Kind::prompt:
            return read_secret_from_prompt("PIN of the token " + std::string{token} + ": ");
        case PinSource::Kind::file:
            return read_secret_from_file(source.name);
        case PinSource::Kind::descriptor:
            return read_secret_from_fd(source.descriptor);
        case PinSource::Kind::credential:
            break;
    }
    const char* folder = std::getenv("CREDENTIALS_DIRECTORY");
    if (folder == nullptr)
        return fail(
            ErrorCode::config,
            "the PIN is a credential, but there is no CREDENTIALS_DIRECTORY; start the signer as a systemd service");
    return read_secret_from_file(std::string{folder} + "/" + source.name);
}

}  // namespace sealwright::hsm::signer_process
