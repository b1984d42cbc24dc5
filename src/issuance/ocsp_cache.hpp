// ocsp_cache.hpp: pre-signed answers about one certificate each, the least recently asked for leaving first when it is
// full.
#pragma once

#include <list>
#include <mutex>
#include <unordered_map>

#include "issuance/ocsp_responder.hpp"

namespace sealwright::issuance {

// OcspCache is thread-safe. It knows nothing of the store: whoever uses it makes it forget what changed, before each
// look.
class OcspCache {
public:
    explicit OcspCache(std::size_t capacity) : capacity_(capacity) {}

    // find gives the answer to exactly this CertID (which the response repeats octet for octet), unless it should be
    // signed anew by now.
    std::optional<OcspAnswer> find(const SerialNumber& serial, ByteView cert_id, UtcTime now);
    // find_valid also gives one that should be signed anew, as long as it is valid: for when nothing can be signed.
    std::optional<OcspAnswer> find_valid(const SerialNumber& serial, ByteView cert_id, UtcTime now);

    // generation changes whenever anything is forgotten because its status changed. Read it before the status: insert
    // drops an answer that was made under an older one, since its status may be among those that changed in between.
    std::uint64_t generation() const;
    void insert(const SerialNumber& serial, ByteView cert_id, OcspAnswer answer, UtcTime refresh_at,
                std::uint64_t made_under);

    void forget(const std::vector<SerialNumber>& serials);
    void clear();
    std::size_t size() const;

private:
    // A certificate is asked about under few CertIDs: four hashes, with and without NULL parameters.
    static constexpr std::size_t kMaxVariants = 8;
    struct Variant {
        Bytes cert_id;
        OcspAnswer answer;
        UtcTime refresh_at{};
    };
    struct Node {
        SerialNumber serial;
        std::vector<Variant> variants;
    };
    using Nodes = std::list<Node>;

    const Variant* look_up(const SerialNumber& serial, ByteView cert_id);
    void erase(Nodes::iterator node);
    void store_variant(Node& node, Variant variant);

    const std::size_t capacity_;  // of answers
    mutable std::mutex mutex_;
    Nodes nodes_;  // most recently used first
    std::unordered_map<SerialNumber, Nodes::iterator> by_serial_;
    std::size_t size_ = 0;
    std::uint64_t generation_ = 0;
};

}  // namespace sealwright::issuance
