#include "hsm/signer_process/sealed_pin.hpp"

#include "base/file.hpp"
#include "hsm/signer_process/toml_table.hpp"
#include "tpm/tpm.hpp"

namespace sealwright::hsm::signer_process {
namespace {

std::string purpose_of(std::string_view token_serial) {
    return "PIN of the token with serial " + std::string{token_serial};
}

Result<Bytes> octets(TomlTable& table, std::string_view key, std::size_t most) {
    SEALWRIGHT_TRY(const auto text, table.text(key));
    auto parsed = from_hex(text);
    if (!parsed || parsed.value().empty() || parsed.value().size() > most)
        return table.problem(key, "must be hexadecimal, of at most " + std::to_string(most) + " octets");
    return parsed;
}

Result<void> read_values(TomlTable& root, tpm::Sealed& sealed) {
    SEALWRIGHT_TRY(auto rows, root.tables("pcr"));
    if (rows.size() != sealed.selection.pcrs.size()) return root.problem("pcr", "must have a row for each of pcrs");
    for (std::size_t i = 0; i < rows.size(); ++i) {
        SEALWRIGHT_TRY(const auto number, rows[i].number("number", 0, 23));
        if (static_cast<unsigned>(number) != sealed.selection.pcrs[i])
            return rows[i].problem("number", "must be those of pcrs, in their order");
        SEALWRIGHT_TRY(auto value, octets(rows[i], "value", 64));
        sealed.values.push_back(std::move(value));
        SEALWRIGHT_TRY(rows[i].finish());
    }
    return success();
}

}  // namespace

Result<SealedPin> seal_pin(const std::string& tcti, const Secret& pin, const tpm::PcrSelection& selection,
                           std::string token_serial) {
    SEALWRIGHT_TRY(auto sealed, tpm::seal(tcti, pin, selection, purpose_of(token_serial)));
    return SealedPin{std::move(token_serial), std::move(sealed)};
}

std::string encode_sealed_pin(const SealedPin& pin) {
    const tpm::Sealed& sealed = pin.sealed;
    std::string text =
        "# A token's PIN, sealed to one TPM and to the state that its PCRs had. Not secret; of no use elsewhere.\n"
        "format = 1\n";
    if (!pin.token_serial.empty()) text += "token_serial = " + toml_string(pin.token_serial) + "\n";
    text += "pcrs = \"" + tpm::pcr_selection_text(sealed.selection) + "\"\n";
    text += "storage_key = \"" + to_hex(sealed.storage_key) + "\"\n";
    text += "public = \"" + to_hex(sealed.blob.public_area) + "\"\n";
    text += "private = \"" + to_hex(sealed.blob.private_area) + "\"\n";
    for (std::size_t i = 0; i < sealed.values.size(); ++i) {
        text += "\n[[pcr]]\nnumber = " + std::to_string(sealed.selection.pcrs[i]) + "\nvalue = \"" +
                to_hex(sealed.values[i]) + "\"\n";
    }
    return text;
}

Result<SealedPin> parse_sealed_pin(std::string_view text, const std::string& name) {
    SEALWRIGHT_TRY(const auto document, parse_toml(text, name));
    TomlTable root{document, name, {}};
    SEALWRIGHT_TRY(root.number("format", 1, 1));
    SealedPin pin;
    SEALWRIGHT_TRY(pin.token_serial, root.text_or("token_serial", {}));
    pin.sealed.purpose = purpose_of(pin.token_serial);
    SEALWRIGHT_TRY(const auto pcrs, root.text("pcrs"));
    auto selection = tpm::parse_pcr_selection(pcrs);
    if (!selection) return root.problem("pcrs", selection.error().public_detail());
    pin.sealed.selection = std::move(selection).value();
    SEALWRIGHT_TRY(pin.sealed.storage_key, octets(root, "storage_key", 66));
    SEALWRIGHT_TRY(pin.sealed.blob.public_area, octets(root, "public", tpm::kMaxArea));
    SEALWRIGHT_TRY(pin.sealed.blob.private_area, octets(root, "private", tpm::kMaxArea));
    SEALWRIGHT_TRY(read_values(root, pin.sealed));
    SEALWRIGHT_TRY(root.finish());
    return pin;
}

Result<SealedPin> read_sealed_pin(const std::string& path) {
    auto text = read_text_file(path, kMaxSealedPinFile);
    if (!text) return text.error().in("the sealed PIN " + path);
    return parse_sealed_pin(text.value(), path);
}

Result<void> check_seal_is_of(const SealedPin& pin, std::string_view token_serial) {
    if (!pin.token_serial.empty() && !token_serial.empty() && pin.token_serial != token_serial)
        return fail(ErrorCode::config, "the sealed PIN is that of the token with serial " + pin.token_serial +
                                           ", not of the one with serial " + std::string{token_serial});
    return success();
}

Result<Secret> unseal_pin(const std::string& tcti, const SealedPin& pin, std::string_view token_serial) {
    SEALWRIGHT_TRY(check_seal_is_of(pin, token_serial));
    return tpm::unseal(tcti.empty() ? tpm::default_tcti() : tcti, pin.sealed);
}

}  // namespace sealwright::hsm::signer_process
