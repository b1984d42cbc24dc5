// Records of the signer's journal, as they are read when it starts.
#include "crypto/digest.hpp"
#include "hsm/signer_process/journal_record.hpp"
#include "tests/fuzz/fuzz.hpp"

using namespace sealwright;
using namespace sealwright::hsm::signer_process;
using sealwright::fuzz::require;

namespace {

// rechained gives the records whatever digests they carry the right ones, so that what is behind the chain is reached
// too.
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

void read_all(ByteView octets) {
    if (!check_journal_header(octets)) return;
    Sha256 digest = crypto::sha256(octets.first(kJournalHeader));
    octets = octets.subspan(kJournalHeader);
    while (!octets.empty()) {
        const auto found = read_record(octets, digest);
        if (!found) return;
        Bytes again;
        require(append_record(again, found.value().record, digest) == found.value().digest,
                "a record is written back as it was");
        require(equal(again, octets.first(found.value().size)), "a record is written back as it was");
        digest = found.value().digest;
        octets = octets.subspan(found.value().size);
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const ByteView octets{data, size};
    read_all(octets);
    if (size > kJournalHeader) read_all(rechained(octets));
    return 0;
}
