#include "crypto/digest.hpp"

#include <array>
#include <stdexcept>

#include "crypto/fetched_digest.hpp"
#include "crypto/openssl_error.hpp"
#include "crypto/openssl_ptr.hpp"

namespace sealwright::crypto {
namespace {

struct DigestInfo {
    DigestAlgorithm algorithm;
    std::string_view name;
    std::size_t size;
};

constexpr std::array<DigestInfo, 4> kDigests{{{DigestAlgorithm::sha1, "SHA1", 20},
                                              {DigestAlgorithm::sha256, "SHA256", 32},
                                              {DigestAlgorithm::sha384, "SHA384", 48},
                                              {DigestAlgorithm::sha512, "SHA512", 64}}};

std::size_t index_of(DigestAlgorithm algorithm) noexcept { return static_cast<std::size_t>(algorithm) - 1; }

std::array<EvpMdPtr, kDigests.size()> fetch_all() {
    std::array<EvpMdPtr, kDigests.size()> all;
    for (const DigestInfo& info : kDigests) {
        EvpMdPtr& slot = all[index_of(info.algorithm)];
        slot.reset(EVP_MD_fetch(nullptr, info.name.data(), nullptr));
        require_openssl(slot != nullptr, "EVP_MD_fetch");
    }
    return all;
}

EvpMdCtxPtr new_context() {
    EvpMdCtxPtr context{EVP_MD_CTX_new()};
    require_openssl(context != nullptr, "EVP_MD_CTX_new");
    return context;
}

// hash_into reuses one context a thread and algorithm: a context that keeps its algorithm is not allocated anew by its
// next initialisation.
void hash_into(DigestAlgorithm algorithm, ByteView data, std::uint8_t* out) {
    thread_local std::array<EvpMdCtxPtr, kDigests.size()> contexts;
    EvpMdCtxPtr& context = contexts.at(index_of(algorithm));
    if (!context) context = new_context();
    require_openssl(EVP_DigestInit_ex(context.get(), fetched_digest(algorithm), nullptr) == 1, "EVP_DigestInit_ex");
    require_openssl(EVP_DigestUpdate(context.get(), data.data(), data.size()) == 1, "EVP_DigestUpdate");
    require_openssl(EVP_DigestFinal_ex(context.get(), out, nullptr) == 1, "EVP_DigestFinal_ex");
}

}  // namespace

const EVP_MD* fetched_digest(DigestAlgorithm algorithm) {
    // Never freed: OpenSSL's own exit handlers may run before ours.
    static const auto& all = *new std::array<EvpMdPtr, kDigests.size()>{fetch_all()};
    return all.at(index_of(algorithm)).get();
}

std::size_t digest_size(DigestAlgorithm algorithm) noexcept {
    const std::size_t index = index_of(algorithm);
    return index < kDigests.size() ? kDigests[index].size : 0;
}

std::string_view digest_name(DigestAlgorithm algorithm) noexcept {
    const std::size_t index = index_of(algorithm);
    return index < kDigests.size() ? kDigests[index].name : std::string_view{"unknown"};
}

Bytes digest(DigestAlgorithm algorithm, ByteView data) {
    Bytes out(digest_size(algorithm));
    hash_into(algorithm, data, out.data());
    return out;
}

Sha256 sha256(ByteView data) {
    std::array<std::uint8_t, Sha256::kSize> out{};
    hash_into(DigestAlgorithm::sha256, data, out.data());
    return Sha256{out};
}

struct Hasher::State {
    DigestAlgorithm algorithm;
    EvpMdCtxPtr context;

    void start() {
        require_openssl(EVP_DigestInit_ex(context.get(), fetched_digest(algorithm), nullptr) == 1, "EVP_DigestInit_ex");
    }
};

Hasher::Hasher(DigestAlgorithm algorithm) : state_(std::make_unique<State>(State{algorithm, new_context()})) {
    state_->start();
}
Hasher::Hasher(Hasher&&) noexcept = default;
Hasher& Hasher::operator=(Hasher&&) noexcept = default;
Hasher::~Hasher() = default;

Hasher& Hasher::update(ByteView data) {
    require_openssl(EVP_DigestUpdate(state_->context.get(), data.data(), data.size()) == 1, "EVP_DigestUpdate");
    return *this;
}

Bytes Hasher::finish() {
    Bytes out(digest_size(state_->algorithm));
    require_openssl(EVP_DigestFinal_ex(state_->context.get(), out.data(), nullptr) == 1, "EVP_DigestFinal_ex");
    state_->start();
    return out;
}

KeyId key_id(const SpkiDer& spki) { return KeyId{sha256(spki.view()).octets()}; }

}  // namespace sealwright::crypto
