// Certificate revocation lists: what was parsed can be walked to its end, and each entry found.
#include "x509/crl.hpp"

#include "tests/fuzz/fuzz.hpp"

using namespace sealwright;
using namespace sealwright::x509;
using sealwright::fuzz::require;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto list = CertificateList::parse(Bytes(data, data + size), 1U << 20U);
    if (!list) return 0;
    std::size_t visited = 0;
    std::optional<CrlEntry> last;
    const auto walked = list.value().for_each([&](const CrlEntry& entry) {
        ++visited;
        last = entry;
    });
    require(walked.has_value(), "every entry of a parsed list is read again");
    require(visited <= list.value().entry_count(), "no entry is visited twice");
    if (last) require(list.value().find(last->serial).has_value(), "an entry that was visited is found");
    return 0;
}
