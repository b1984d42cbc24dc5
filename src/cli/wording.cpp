#include "cli/wording.hpp"

namespace sealwright::cli {

std::string key_text(const crypto::PublicKey& key) {
    std::string text{crypto::key_type_name(key.type())};
    if (key.type() == crypto::KeyType::rsa) text += ' ' + std::to_string(key.bits());
    return text;
}

std::string counted(std::uint64_t count, std::string_view one, std::string_view many) {
    return std::to_string(count) + ' ' + std::string{count == 1 ? one : many};
}

}  // namespace sealwright::cli
