// crl_no_duplicates.cpp: RFC 5280 5.1.2.6.
#include "profile/lints/crl_entries.hpp"
#include "profile/lints/lint.hpp"

namespace sealwright::profile::lints {

namespace {

// Two entries for one certificate could contradict each other. Our store gives entries in ascending order, so that a
// glance at the last one is enough; another order costs a sort.
bool is_less(ByteView a, ByteView b) {
    return a.size() != b.size() ? a.size() < b.size()
                                : std::lexicographical_compare(a.begin(), a.end(), b.begin(), b.end());
}

}  // namespace

CrlLint crl_no_duplicates() noexcept {
    return {"rfc5280_5_1_2_6_revoked_once", "RFC 5280 5.1.2.6",
            "Certificates revoked by the CA are uniquely identified by the certificate serial number",
            [](const CrlSubject& subject, Details& details) {
                std::vector<ByteView> unordered;
                ByteView last;
                bool ascending = true;
                each_crl_entry(*subject.view, [&](const CrlEntryView& entry) {
                    ascending = ascending && (last.empty() || is_less(last, entry.serial));
                    last = entry.serial;
                });
                if (ascending) return;
                each_crl_entry(*subject.view, [&](const CrlEntryView& entry) { unordered.push_back(entry.serial); });
                std::sort(unordered.begin(), unordered.end(), is_less);
                const auto again = std::adjacent_find(unordered.begin(), unordered.end(),
                                                      [](ByteView a, ByteView b) { return equal(a, b); });
                if (again != unordered.end())
                    details.push_back("the certificate " + to_hex(*again) + " stands there twice");
            },
            nullptr};
}

}  // namespace sealwright::profile::lints
