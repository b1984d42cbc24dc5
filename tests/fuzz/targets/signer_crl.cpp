// The signer's reader of CRLs in pieces, against itself in other pieces and against the parser of whole lists. The
// first octet is a size of pieces.
#include "hsm/signer_process/crl_checker.hpp"
#include "tests/fuzz/fuzz.hpp"
#include "x509/crl.hpp"

using namespace sealwright;
using namespace sealwright::hsm::signer_process;
using sealwright::fuzz::require;

namespace {

Result<CrlFacts> read(ByteView octets, std::size_t piece) {
    CrlReader reader;
    while (!octets.empty()) {
        const ByteView some = octets.first(std::min(piece, octets.size()));
        octets = octets.subspan(some.size());
        SEALWRIGHT_TRY(reader.feed(some));
    }
    return reader.finish();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 2) return 0;
    const ByteView tbs{data + 1, size - 1};
    const auto whole = read(tbs, tbs.size());
    const auto pieces = read(tbs, std::size_t{data[0]} + 1);
    require(whole.has_value() == pieces.has_value(), "pieces make no difference");
    if (!whole) return 0;
    require(whole.value().entries == pieces.value().entries && whole.value().number == pieces.value().number,
            "pieces make no difference to what is read");
    const auto algorithm = crypto::parse_algorithm_identifier(whole.value().signature_algorithm);
    if (!algorithm) return 0;
    const auto list = x509::CertificateList::parse(x509::assemble_crl(tbs, algorithm.value(), Bytes(64, 1)).bytes());
    require(list.has_value(), "what the signer reads, the parser reads");
    require(list.value().entry_count() == whole.value().entries, "the same entries");
    require(list.value().number() == whole.value().number, "the same number");
    require(list.value().issuer().bytes() == whole.value().issuer, "the same issuer");
    require(list.value().this_update() == whole.value().this_update, "the same thisUpdate");
    require(list.value().next_update() == whole.value().next_update, "the same nextUpdate");
    return 0;
}
