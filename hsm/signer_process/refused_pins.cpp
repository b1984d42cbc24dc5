#include "hsm/signer_process/refused_pins.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "base/file.hpp"
#include "crypto/random.hpp"
#include "crypto/slow_digest.hpp"
#include "hsm/signer_process/config.hpp"
#include "hsm/signer_process/toml_table.hpp"

namespace sealwright::hsm::signer_process {
namespace {

constexpr std::size_t kMaxFile = 65536;
constexpr std::size_t kSalt = 16;

Result<Bytes> octets(TomlTable& table, std::string_view key, std::size_t size) {
    SEALWRIGHT_TRY(const auto text, table.text(key));
    auto parsed = from_hex(text);
    if (!parsed || parsed.value().size() != size)
        return table.problem(key, "must be " + std::to_string(size) + " octets in hexadecimal");
    return parsed;
}

}  // namespace

Result<RefusedPins> RefusedPins::read(std::string file) {
    RefusedPins pins{std::move(file)};
    const auto text = read_text_file(pins.file_, kMaxFile);
    if (!text && text.error().code() == ErrorCode::not_found) return pins;
    if (!text) return text.error().in("the refused PINs in " + pins.file_);
    SEALWRIGHT_TRY(pins.parse(text.value()));
    return pins;
}

Result<void> RefusedPins::parse(std::string_view text) {
    SEALWRIGHT_TRY(const auto document, parse_toml(text, file_));
    TomlTable root{document, file_, {}};
    SEALWRIGHT_TRY(root.number("format", 1, 1));
    SEALWRIGHT_TRY(auto tables, root.tables("refused"));
    if (tables.size() > kMost) return root.problem("refused", "are too many");
    for (TomlTable& table : tables) {
        Refused one;
        SEALWRIGHT_TRY(one.serial, table.text_or("serial", {}));
        SEALWRIGHT_TRY(one.label, table.text_or("label", {}));
        SEALWRIGHT_TRY(const auto at, table.text("at"));
        const auto time = from_rfc3339(at);
        if (!time) return table.problem("at", "must be a time as 2026-11-22T10:57:29Z");
        one.at = time.value();
        SEALWRIGHT_TRY(one.salt, octets(table, "salt", kSalt));
        SEALWRIGHT_TRY(one.digest, octets(table, "digest", crypto::kSlowDigestSize));
        SEALWRIGHT_TRY(table.finish());
        refused_.push_back(std::move(one));
    }
    return root.finish();
}

std::optional<UtcTime> RefusedPins::when(const TokenConfiguration& token, const Secret& pin) const {
    for (const Refused& one : refused_) {
        if (one.serial == token.serial && one.label == token.label &&
            crypto::slow_digest(pin.reveal(), one.salt) == one.digest)
            return one.at;
    }
    return std::nullopt;
}

Result<void> RefusedPins::remember(const TokenConfiguration& token, const Secret& pin, UtcTime now) {
    drop(token);
    if (refused_.size() >= kMost) refused_.erase(refused_.begin());
    Refused one{token.serial, token.label, now, Bytes(kSalt), {}};
    crypto::SystemRandom{}.fill(one.salt);
    one.digest = crypto::slow_digest(pin.reveal(), one.salt);
    refused_.push_back(std::move(one));
    return write();
}

bool RefusedPins::drop(const TokenConfiguration& token) {
    return std::erase_if(refused_, [&](const Refused& one) {
               return one.serial == token.serial && one.label == token.label;
           }) > 0;
}

Result<bool> RefusedPins::forget(const TokenConfiguration& token) {
    if (!drop(token)) return false;
    SEALWRIGHT_TRY(write());
    return true;
}

Result<void> RefusedPins::write() const {
    if (refused_.empty()) {
        if (::unlink(file_.c_str()) != 0 && errno != ENOENT)
            return fail(ErrorCode::io, file_ + " cannot be removed", std::strerror(errno));
        return sync_directory(std::filesystem::path{file_}.parent_path());
    }
    std::string text =
        "# PINs that tokens refused, and that are not tried again. Not the PINs: slow digests of them. Written by\n"
        "# sealwright-signer; sealwright-signer --try-pin-again takes a token out.\nformat = 1\n";
    for (const Refused& one : refused_) {
        text += "\n[[refused]]\n";
        if (!one.serial.empty()) text += "serial = " + toml_string(one.serial) + "\n";
        if (!one.label.empty()) text += "label = " + toml_string(one.label) + "\n";
        text += "at = \"" + to_rfc3339(one.at) + "\"\nsalt = \"" + to_hex(one.salt) + "\"\ndigest = \"" +
                to_hex(one.digest) + "\"\n";
    }
    // Root, by --try-pin-again, must not take the file away from the signer.
    const auto before = file_access(file_);
    if (!before || before.value().user == ::geteuid()) return write_file_atomically(file_, view_of(text), 0600);
    return write_file_atomically(file_, view_of(text), FileAccess{0600, before.value().user, before.value().group});
}

}  // namespace sealwright::hsm::signer_process
