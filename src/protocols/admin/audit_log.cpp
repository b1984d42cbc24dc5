// audit_log.cpp: the audit log: its head, its entries in pages, and a checkpoint signed now.
#include "protocols/admin/handlers.hpp"

namespace sealwright::protocols::admin {
namespace {

// A page ends early when its entries get large: an entry can have 64 KiB.
constexpr std::size_t kMaxPageOctets = 4U << 20U;
constexpr std::uint64_t kMaxIndex = std::uint64_t{1} << 62U;

}  // namespace

Answer show_head(const Call& call) {
    SEALWRIGHT_TRY(const auto head, call.ports.store.audit_head());
    return json_response(200, json::object{{"size", head.size}, {"root", head.root.hex()}});
}

Answer list_entries(const Call& call) {
    SEALWRIGHT_TRY(const auto query, QueryReader::read(call.request.target, {"first", "last"}));
    SEALWRIGHT_TRY(const auto asked_first, query.number("first", kMaxIndex));
    SEALWRIGHT_TRY(const auto asked_last, query.number("last", kMaxIndex));
    SEALWRIGHT_TRY(const auto head, call.ports.store.audit_head());
    const std::uint64_t first = asked_first.value_or(0);
    const std::uint64_t last = std::min({asked_last.value_or(head.size), head.size, first + kMaxPage});
    json::array entries;
    if (first < last) {
        SEALWRIGHT_TRY(const auto leaves, call.ports.store.audit_leaves(first, last));
        std::size_t octets = 0;
        for (const auto& leaf : leaves) {
            octets += leaf.size();
            if (octets > kMaxPageOctets && !entries.empty()) break;
            entries.emplace_back(to_base64(leaf));
        }
    }
    return json_response(200, json::object{{"first", first}, {"entries", std::move(entries)}});
}

Answer sign_checkpoint(const Call& call) {
    SEALWRIGHT_TRY(const auto checkpoint, call.ports.checkpoint());
    return json_response(200, json::object{{"note", checkpoint.note},
                                           {"vkey", checkpoint.vkey},
                                           {"origin", checkpoint.origin},
                                           {"size", checkpoint.size}});
}

}  // namespace sealwright::protocols::admin
