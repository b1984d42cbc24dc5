#include "issuance/ocsp_cache.hpp"

namespace sealwright::issuance {

// look_up wants the lock held.
const OcspCache::Variant* OcspCache::look_up(const SerialNumber& serial, ByteView cert_id) {
    const auto found = by_serial_.find(serial);
    if (found == by_serial_.end()) return nullptr;
    nodes_.splice(nodes_.begin(), nodes_, found->second);
    for (const auto& variant : found->second->variants) {
        if (equal(variant.cert_id, cert_id)) return &variant;
    }
    return nullptr;
}

std::optional<OcspAnswer> OcspCache::find(const SerialNumber& serial, ByteView cert_id, UtcTime now) {
    const std::lock_guard lock{mutex_};
    const auto* variant = look_up(serial, cert_id);
    if (variant == nullptr || now >= variant->refresh_at || now < variant->answer.this_update) return std::nullopt;
    return variant->answer;
}

std::optional<OcspAnswer> OcspCache::find_valid(const SerialNumber& serial, ByteView cert_id, UtcTime now) {
    const std::lock_guard lock{mutex_};
    const auto* variant = look_up(serial, cert_id);
    if (variant == nullptr || now >= variant->answer.next_update || now < variant->answer.this_update)
        return std::nullopt;
    return variant->answer;
}

std::uint64_t OcspCache::generation() const {
    const std::lock_guard lock{mutex_};
    return generation_;
}

void OcspCache::insert(const SerialNumber& serial, ByteView cert_id, OcspAnswer answer, UtcTime refresh_at,
                       std::uint64_t made_under) {
    const std::lock_guard lock{mutex_};
    if (made_under != generation_ || capacity_ == 0) return;
    auto found = by_serial_.find(serial);
    if (found == by_serial_.end()) {
        nodes_.push_front({serial, {}});
        found = by_serial_.emplace(serial, nodes_.begin()).first;
    }
    store_variant(*found->second, {bytes_of(cert_id), std::move(answer), refresh_at});
    while (size_ > capacity_) erase(std::prev(nodes_.end()));
}

void OcspCache::store_variant(Node& node, Variant variant) {
    for (auto& known : node.variants) {
        if (known.cert_id != variant.cert_id) continue;
        known = std::move(variant);
        return;
    }
    if (node.variants.size() == kMaxVariants) {
        node.variants.erase(node.variants.begin());
        --size_;
    }
    node.variants.push_back(std::move(variant));
    ++size_;
}

void OcspCache::forget(const std::vector<SerialNumber>& serials) {
    if (serials.empty()) return;
    const std::lock_guard lock{mutex_};
    ++generation_;
    for (const auto& serial : serials) {
        if (const auto found = by_serial_.find(serial); found != by_serial_.end()) erase(found->second);
    }
}

void OcspCache::clear() {
    const std::lock_guard lock{mutex_};
    ++generation_;
    nodes_.clear();
    by_serial_.clear();
    size_ = 0;
}

std::size_t OcspCache::size() const {
    const std::lock_guard lock{mutex_};
    return size_;
}

void OcspCache::erase(Nodes::iterator node) {
    size_ -= node->variants.size();
    by_serial_.erase(node->serial);
    nodes_.erase(node);
}

}  // namespace sealwright::issuance
