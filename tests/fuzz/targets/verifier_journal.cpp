// The verifier's reading of a signer's journal, beside the signer's own: what the one takes the other does.
#include "ceremonies/verifier/journal_comparison.hpp"
#include "crypto/digest.hpp"
#include "hsm/signer_process/journal_record.hpp"
#include "tests/fuzz/fuzz.hpp"

using namespace sealwright;
using namespace sealwright::hsm::signer_process;

namespace {

// rechained gives records whatever digests they carry the right ones, so that what is behind the chain is reached too.
Bytes rechained(ByteView octets) {
    Bytes out = bytes_of(octets.first(kJournalHeader));
    Sha256 digest = crypto::sha256(out);
    octets = octets.subspan(kJournalHeader);
    while (octets.size() > 4) {
        const std::size_t length =
            std::size_t{octets[0]} << 24U | std::size_t{octets[1]} << 16U | std::size_t{octets[2]} << 8U | octets[3];
        if (length == 0 || length > kMaxJournalBody || octets.size() < 4 + length) break;
        digest = record_digest(digest, octets.first(4 + length));
        append(out, octets.first(4 + length));
        append(out, digest.view());
        octets = octets.subspan(std::min(octets.size(), 4 + length + kJournalDigest));
    }
    return out;
}

void read_both(ByteView octets) {
    const auto journal = verifier::read_signer_journal(octets);
    if (!journal) return;
    verifier::Checks checks;
    checks.begin("journal");
    verifier::JournalComparison{checks}.compare({journal.value()}, {Sha256{}, Sha256{}});
    (void)checks.human();
    fuzz::require(static_cast<bool>(check_journal_header(octets)), "both take the header");
    Sha256 digest = crypto::sha256(octets.first(kJournalHeader));
    octets = octets.subspan(kJournalHeader);
    for (std::uint64_t record = 1; record <= journal.value().records; ++record) {
        const auto found = read_record(octets, digest);
        fuzz::require(static_cast<bool>(found), "the signer takes what the verifier does");
        fuzz::require(found.value().record.sequence == record, "records are numbered");
        digest = found.value().digest;
        octets = octets.subspan(found.value().size);
    }
    fuzz::require(octets.size() == journal.value().torn, "what is left is what the verifier calls torn");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const ByteView octets{data, size};
    if (size > 65536) return 0;
    read_both(octets);
    if (size > kJournalHeader) read_both(rechained(octets));
    return 0;
}
