// What the verifier reads: JSON, notes, verifier keys, heads in words, evidence, scripts. What is accepted is written
// back as it was.
#include "ceremonies/format/head_words.hpp"
#include "ceremonies/verifier/audit_rules.hpp"
#include "ceremonies/verifier/evidence.hpp"
#include "ceremonies/verifier/inputs_reading.hpp"
#include "ceremonies/verifier/json.hpp"
#include "ceremonies/verifier/note.hpp"
#include "tests/fuzz/fuzz.hpp"

using namespace sealwright;
using namespace sealwright::verifier;
using sealwright::fuzz::require;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const ByteView input{data, size};
    const auto text = text_of(input);
    if (const auto value = parse_json(text)) {
        const auto canonical = value.value().canonical();
        const auto again = parse_canonical_json(canonical);
        require(again && again.value().canonical() == canonical, "canonical JSON reads as itself");
    }
    if (const auto note = parse_checkpoint(text))
        require(text.starts_with(note.value().text), "a note is what was read");
    if (const auto key = parse_vkey(text))
        require(vkey_text(key.value()) == text, "a verifier key is written back as it was");
    if (const auto head = ceremonies::parse_head(text)) {
        const auto line = ceremonies::head_line(head.value().size.value_or(0), head.value().root);
        require(ceremonies::parse_head(line).value().root == head.value().root, "a head goes there and back");
    }
    (void)read_evidence(text, "non-extractable-v1");
    (void)read_evidence(text, kMayLeaveWrapped);
    (void)read_script(text);
    (void)read_bindings(text);
    (void)read_signer_keys(text);
    Checks checks;
    AuditRules rules{std::chrono::seconds{300}, checks};
    rules.see(0, input);
    rules.finish();
    return 0;
}
