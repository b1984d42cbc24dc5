#include "hsm/signer_process/pin_source.hpp"

#include <cstdlib>

#include "hsm/signer_process/sealed_pin.hpp"
#include "hsm/signer_process/toml_table.hpp"

namespace sealwright::hsm::signer_process {
namespace {

constexpr std::string_view kForms =
    "must be one of {credential = \"name\"}, {file = \"path\"}, {fd = number}, {prompt = \"who is asked\"}, {sealed = "
    "\"path\"} and {halves = [{...}, {...}]}; never the PIN itself";

constexpr std::string_view kFirstHalf = "First half of the PIN";
constexpr std::string_view kSecondHalf =
    "The first half is in and cannot be seen any more; the second custodian may sit down.\nSecond half of the PIN";

// which is the one key that says the kind; empty where there is none, or more than one.
std::string_view which(const TomlTable& table) {
    std::string_view found;
    for (const std::string_view key : {"credential", "file", "fd", "prompt", "sealed", "halves"}) {
        if (!table.has(key)) continue;
        if (!found.empty()) return {};
        found = key;
    }
    return found;
}

Result<PinSource> read_source(TomlTable& table, const std::filesystem::path& folder) {
    PinSource source;
    const std::string_view key = which(table);
    if (key == "credential") {
        source.kind = PinSource::Kind::credential;
        SEALWRIGHT_TRY(source.name, table.text("credential"));
        if (source.name.find('/') != std::string::npos)
            return table.problem("credential", "must be a name without slashes");
    } else if (key == "file") {
        source.kind = PinSource::Kind::file;
        SEALWRIGHT_TRY(const auto path, table.text("file"));
        source.name = resolved_path(path, folder);
    } else if (key == "fd") {
        source.kind = PinSource::Kind::descriptor;
        SEALWRIGHT_TRY(const auto number, table.number("fd", 0, 1023));
        source.descriptor = static_cast<int>(number);
    } else if (key == "prompt") {
        SEALWRIGHT_TRY(source.name, table.text("prompt"));
    } else if (key == "sealed") {
        source.kind = PinSource::Kind::sealed;
        SEALWRIGHT_TRY(const auto path, table.text("sealed"));
        source.name = resolved_path(path, folder);
        SEALWRIGHT_TRY(source.tcti, table.text_or("tcti", {}));
    } else {
        return table.problem("", kForms);
    }
    SEALWRIGHT_TRY(table.finish());
    return source;
}

// read_halves: two of the plain sources. One descriptor or one file for both would make one person enough.
Result<PinSource> read_halves(TomlTable& table, const std::filesystem::path& folder) {
    SEALWRIGHT_TRY(auto tables, table.tables("halves"));
    SEALWRIGHT_TRY(table.finish());
    if (tables.size() != 2) return table.problem("halves", "must be two, one of each custodian");
    PinSource source;
    source.kind = PinSource::Kind::halves;
    for (TomlTable& half : tables) {
        if (half.has("halves")) return half.problem("halves", "cannot be halved again");
        SEALWRIGHT_TRY(auto read, read_source(half, folder));
        source.halves.push_back(std::move(read));
    }
    const PinSource& first = source.halves[0];
    const PinSource& second = source.halves[1];
    if (first.kind == second.kind && first.name == second.name && first.descriptor == second.descriptor)
        return table.problem("halves", "are the same source twice");
    return source;
}

Result<Secret> from_credential(const std::string& name) {
    const char* folder = std::getenv("CREDENTIALS_DIRECTORY");
    if (folder == nullptr)
        return fail(
            ErrorCode::config,
            "the PIN is a credential, but there is no CREDENTIALS_DIRECTORY; start the signer as a systemd service");
    return read_secret_from_file(std::string{folder} + "/" + name);
}

Result<Secret> from_seal(const PinSource& source) {
    SEALWRIGHT_TRY(const auto sealed, read_sealed_pin(source.name));
    auto pin = unseal_pin(source.tcti, sealed, source.token_serial);
    if (!pin) return pin.error().in("the sealed PIN " + source.name);
    return pin;
}

Result<Secret> from_prompt(const PinSource& source, std::string_view what, std::string_view token) {
    std::string prompt = std::string{what} + " of the token " + std::string{token};
    if (!source.name.empty()) prompt += ", by " + source.name;
    return read_secret_from_prompt(prompt + ": ");
}

Result<Secret> obtain(const PinSource& source, std::string_view what, std::string_view token) {
    switch (source.kind) {
        case PinSource::Kind::prompt:
            return from_prompt(source, what, token);
        case PinSource::Kind::file:
            return read_secret_from_file(source.name);
        case PinSource::Kind::descriptor:
            return read_secret_from_fd(source.descriptor);
        case PinSource::Kind::credential:
            return from_credential(source.name);
        case PinSource::Kind::sealed:
            return from_seal(source);
        case PinSource::Kind::halves:
            break;
    }
    return fail(ErrorCode::internal, "half of a PIN cannot be halves");
}

// whole joins what halves give.
Result<Secret> whole(const PinSource& source, std::string_view token) {
    if (source.kind != PinSource::Kind::halves) return obtain(source, "PIN", token);
    SEALWRIGHT_TRY(auto first, obtain(source.halves.at(0), kFirstHalf, token));
    SEALWRIGHT_TRY(auto second, obtain(source.halves.at(1), kSecondHalf, token));
    return join_pin(std::move(first), std::move(second));
}

}  // namespace

Result<PinSource> read_pin_source(TomlTable& token, const std::filesystem::path& folder) {
    PinSource source;
    if (!token.has("pin")) return source;
    SEALWRIGHT_TRY(auto table, token.table("pin"));
    if (which(table).empty()) return token.problem("pin", kForms);
    if (which(table) == "halves") {
        SEALWRIGHT_TRY(source, read_halves(table, folder));
    } else {
        SEALWRIGHT_TRY(source, read_source(table, folder));
    }
    SEALWRIGHT_TRY(source.token_serial, token.text_or("serial", {}));
    for (PinSource& half : source.halves) half.token_serial = source.token_serial;
    return source;
}

Secret join_pin(Secret first, Secret second) {
    Secret pin = Secret::with_capacity(first.size() + second.size());
    for (const Secret* half : {&first, &second}) {
        for (const std::uint8_t octet : half->reveal()) pin.append(octet);
    }
    return pin;
}

Result<Secret> obtain_pin(const PinSource& source, std::string_view token) {
    auto pin = whole(source, token);
    if (pin) return pin;
    // denied would say that the token refused a PIN; none was tried, and the source can be mended while we run.
    const Error& why = pin.error();
    const ErrorCode code = why.code() == ErrorCode::denied ? ErrorCode::unavailable : why.code();
    return fail(code, "no PIN was tried: " + why.public_detail(), why.private_detail());
}

}  // namespace sealwright::hsm::signer_process
