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
        one.known.at = time.value();
        if (table.has("unclear")) {
            SEALWRIGHT_TRY(const auto unclear, table.number("unclear", 1, kUnclearLogins));
            one.known.unclear = static_cast<unsigned>(unclear);
        }
        SEALWRIGHT_TRY(one.known.pin.salt, octets(table, "salt", kSalt));
        SEALWRIGHT_TRY(one.known.pin.digest, octets(table, "digest", crypto::kSlowDigestSize));
        SEALWRIGHT_TRY(table.finish());
        refused_.push_back(std::move(one));
    }
    return root.finish();
}

Result<RefusedPins::PinDigest> RefusedPins::digest_of(const Secret& pin) {
    try {
        PinDigest made{Bytes(kSalt), {}};
        crypto::SystemRandom{}.fill(made.salt);
        made.digest = crypto::slow_digest(pin.reveal(), made.salt);
        return made;
    } catch (const std::exception& error) {
        return fail(ErrorCode::unavailable, "no digest of the PIN can be made", error.what());
    }
}

bool RefusedPins::is_of(const Refused& one, const TokenConfiguration& token) {
    return one.serial == token.serial && one.label == token.label;
}

std::optional<RefusedPins::Known> RefusedPins::known(const TokenConfiguration& token, const Secret& pin) const {
    for (const Refused& one : refused_) {
        if (is_of(one, token) && crypto::slow_digest(pin.reveal(), one.known.pin.salt) == one.known.pin.digest)
            return one.known;
    }
    return std::nullopt;
}

Result<void> RefusedPins::remember(const TokenConfiguration& token, const PinDigest& pin, UtcTime now,
                                   unsigned unclear) {
    auto kept = refused_;
    const auto is_ours = [&](const Refused& one) { return is_of(one, token); };
    const auto before = std::find_if(kept.begin(), kept.end(), is_ours);
    if (before != kept.end() && before->known.pin == pin && before->known.unclear == unclear) return success();
    std::erase_if(kept, is_ours);
    if (kept.size() >= kMost) kept.erase(kept.begin());
    kept.push_back({token.serial, token.label, Known{now, unclear, pin}});
    return replace(std::move(kept));
}

Result<bool> RefusedPins::forget(const TokenConfiguration& token) {
    auto kept = refused_;
    if (std::erase_if(kept, [&](const Refused& one) { return is_of(one, token); }) == 0) return false;
    SEALWRIGHT_TRY(replace(std::move(kept)));
    return true;
}

Result<void> RefusedPins::replace(std::vector<Refused> by) {
    std::swap(refused_, by);
    auto written = write();
    if (!written) std::swap(refused_, by);
    return written;
}

Result<void> RefusedPins::write() const {
    if (refused_.empty()) {
        if (::unlink(file_.c_str()) != 0 && errno != ENOENT)
            return fail(ErrorCode::io, file_ + " cannot be removed", std::strerror(errno));
        return sync_directory(std::filesystem::path{file_}.parent_path());
    }
    std::string text =
        "# PINs that tokens refused, and that are not tried again; with unclear = 1, one whose login was under way or "
        "had\n"
        "# no clear answer, and that is tried once more. Not the PINs: slow digests of them. Written by\n"
        "# sealwright-signer; sealwright-signer --try-pin-again takes a token out.\nformat = 1\n";
    for (const Refused& one : refused_) {
        text += "\n[[refused]]\n";
        if (!one.serial.empty()) text += "serial = " + toml_string(one.serial) + "\n";
        if (!one.label.empty()) text += "label = " + toml_string(one.label) + "\n";
        text += "at = \"" + to_rfc3339(one.known.at) + "\"\n";
        if (one.known.unclear > 0) text += "unclear = " + std::to_string(one.known.unclear) + "\n";
        text += "salt = \"" + to_hex(one.known.pin.salt) + "\"\ndigest = \"" + to_hex(one.known.pin.digest) + "\"\n";
    }
    // Root, by --try-pin-again, must not take the file away from the signer.
    const auto before = file_access(file_);
    if (!before || before.value().user == ::geteuid()) return write_file_atomically(file_, view_of(text), 0600);
    return write_file_atomically(file_, view_of(text), FileAccess{0600, before.value().user, before.value().group});
}

}  // namespace sealwright::hsm::signer_process
