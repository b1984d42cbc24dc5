// software.hpp: a key in memory that signs what a test needs signed.
#pragma once

#include "ceremonies/runner/token_house.hpp"

namespace sealwright::ceremonies::test {

struct SoftwareKey {
    explicit SoftwareKey(crypto::KeyType type)
        : house(make_software_house()),
          token(house->open({}).value()),
          key(token->generate({type, 0, "key", "non-extractable-v1", {}}).value()) {}
    std::unique_ptr<TokenHouse> house;
    std::shared_ptr<hsm::pkcs11::Token> token;
    hsm::pkcs11::TokenKey key;
};

}  // namespace sealwright::ceremonies::test
