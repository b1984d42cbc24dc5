// The two rounds of an attestation over HTTPS: the first octet chooses the round, the rest is the body. Only the device
// that was challenged gets a certificate, and only with the answer that it would give.
#include "crypto/digest.hpp"
#include "protocols/native/native_protocol.hpp"
#include "tests/fuzz/fuzz.hpp"
#include "tests/fuzz/targets/fuzz_site.hpp"
#include "tests/support/fake_device.hpp"

using namespace sealwright;
using sealwright::fuzz::require;

namespace {

constexpr std::string_view kSecret = "sw1_AAAAAAAAAAAAAAAAAAAAAA";  // sixteen zero octets

const test::FakeVendor& vendor() {
    static const test::FakeVendor the{fuzz::kNow};
    return the;
}
const test::FakeDevice& device() {
    static const test::FakeDevice the = [] {
        test::FakeTpm tpm{test::make_ek("L-2"), test::make_ak()};
        auto certificate = vendor().certify_ek(tpm.ek().public_key());
        return test::FakeDevice{std::move(tpm), test::make_leaf(), "one", std::move(certificate)};
    }();
    return the;
}

struct Site : fuzz::FuzzSite {
    Site() {
        issuance::SecretRecord record;
        record.id = "0123456789abcdef";
        record.secret_hash = crypto::sha256(Bytes(16, 0));
        record.profile = "attested-device";
        record.names = {"one"};
        record.created_at = fuzz::kNow;
        record.expires_at = fuzz::kNow + std::chrono::hours{1};
        require(store.create_secret(record, fuzz::kNow, {}).has_value(), "a secret can be made");
    }
    static const issuance::Profiles& attested() {
        static const issuance::Profiles made{
            {"attested-device", test::load_profile(test::profile_text("attested-device"))}};
        return made;
    }
    issuance::Engine attesting{ca().authority,
                               attested(),
                               {.node = node,
                                .lease = std::chrono::seconds{30},
                                .signer_ready = {},
                                .anchors = std::make_shared<const attestation::TrustAnchors>(vendor().anchors())},
                               store,
                               ca().signer,
                               clock,
                               random,
                               log};
    const protocols::native::NativeProtocol protocol{{.engine = attesting,
                                                      .store = store,
                                                      .clock = clock,
                                                      .may_serve = []() -> Result<void> { return success(); },
                                                      .may_record = [] { return true; },
                                                      .may_ask = [](const std::string&) { return true; }}};

    static http_server::Request request(std::string target, std::string_view body) {
        http_server::Request made{.method = "POST", .target = http_server::parse_target(target).value()};
        made.headers.push_back({"Content-Type", "application/json"});
        made.headers.push_back({"Authorization", "Bearer " + std::string{kSecret}});
        made.peer.address = "192.0.2.7:1";
        made.body = body;
        return made;
    }
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const auto body = text_of({data + 1, size - 1});
    Site site;
    if ((data[0] & 1U) == 0) {
        const auto response = site.protocol.open_attestation(Site::request("/native/v1/attestations", body));
        require(response.status == 201 || (response.status >= 400 && response.status < 600),
                "an answer is one of ours");
        require(!site.store.events().empty(), "what was asked has a record");
        return 0;
    }
    const auto challenged =
        site.protocol.open_attestation(Site::request("/native/v1/attestations", device().opening_body()));
    require(challenged.status == 201, "the device is challenged");
    const auto challenge = test::read_challenge(challenged.body).value();
    auto request = Site::request("/native/v1/attestations/" + challenge.request, body);
    request.parameters["id"] = challenge.request;
    const auto response = site.protocol.answer_challenge(request);
    // Nobody guesses 32 octets.
    require(response.status >= 400 && response.status < 600, "a made-up answer gets no certificate");
    require(site.store.certificates({}).value().empty(), "nothing was intended");
    return 0;
}
