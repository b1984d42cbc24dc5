// behind_the_back SOCKET NODE EPOCH KEY PURPOSE FILE: what somebody does who has taken the daemon over: asks the signer,
// as the daemon's boot that it is, for a signature over the TBS in FILE. Prints the signature in hexadecimal, or why
// not, and then ends with 1.
#include <iostream>

#include "base/file.hpp"
#include "base/log.hpp"
#include "crypto/random.hpp"
#include "hsm/signer_process/client.hpp"

namespace {

using namespace sealwright;

Result<Bytes> sign(char** arguments) {
    hsm::signer_process::ClientOptions options;
    options.socket_path = arguments[1];
    SEALWRIGHT_TRY(options.node, NodeId::from_hex_text(arguments[2]));
    options.epoch = BootEpoch{std::stoull(arguments[3])};
    options.expect_same_user = true;
    SEALWRIGHT_TRY(const auto key, KeyId::from_hex_text(arguments[4]));
    SEALWRIGHT_TRY(const auto purpose, hsm::parse_purpose_name(arguments[5]));
    SEALWRIGHT_TRY(const auto tbs, read_file(arguments[6], 65536));
    NullLog log;
    SEALWRIGHT_TRY(const auto client, hsm::signer_process::Client::connect(options, log));
    SEALWRIGHT_TRY(const auto public_key, client->public_key(key));
    crypto::SystemRandom random;
    hsm::SignRequest request;
    request.key = key;
    request.purpose = purpose;
    request.algorithm = crypto::default_algorithm(public_key.type());
    request.intent = crypto::random_id<IntentId>(random);
    request.tbs = tbs;
    SEALWRIGHT_TRY(auto signature, client->sign(request));
    SEALWRIGHT_TRY(public_key.verify(request.algorithm, tbs, signature));
    return signature;
}

}  // namespace

int main(int count, char** arguments) {
    if (count != 7) return 2;
    const auto signature = sign(arguments);
    std::cout << (signature ? to_hex(signature.value()) : signature.error().describe()) << "\n";
    return signature ? 0 : 1;
}
