// Enrolment by HTTPS: the first octet chooses type, credential and query, the rest is the body. Everything that is
// refused has a record, and what is issued was asked for with a proof that holds.
#include "crypto/digest.hpp"
#include "protocols/native/native_protocol.hpp"
#include "tests/fuzz/fuzz.hpp"
#include "tests/fuzz/targets/fuzz_site.hpp"

using namespace sealwright;
using sealwright::fuzz::require;

namespace {

constexpr std::string_view kSecret = "sw1_AAAAAAAAAAAAAAAAAAAAAA";  // sixteen zero octets

void put_secret(fuzz::FuzzSite& site) {
    issuance::SecretRecord record;
    record.id = "0123456789abcdef";
    record.secret_hash = crypto::sha256(Bytes(16, 0));
    record.profile = "tls-server";
    record.created_at = fuzz::kNow;
    record.expires_at = fuzz::kNow + std::chrono::hours{1};
    require(site.store.create_secret(record, fuzz::kNow, {}).has_value(), "a secret can be made");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    fuzz::FuzzSite site;
    put_secret(site);
    const protocols::native::NativeProtocol protocol{{.engine = site.engine,
                                                      .store = site.store,
                                                      .clock = site.clock,
                                                      .may_serve = []() -> Result<void> { return success(); },
                                                      .may_record = [] { return true; },
                                                      .may_ask = [](const std::string&) { return true; }}};
    const unsigned choice = data[0];
    const ByteView body{data + 1, size - 1};
    http_server::Request request{.method = "POST",
                                 .target = http_server::parse_target("/native/v1/certificates").value()};
    if ((choice & 1U) != 0)
        request.target.query.emplace_back(
            "profile", (choice & 2U) != 0 ? std::string{text_of(body.first(std::min<std::size_t>(body.size(), 8)))}
                                          : "tls-server");
    constexpr std::array<std::string_view, 4> types{"application/pkcs10", "application/x-pem-file", "text/plain",
                                                    "text/html"};
    request.headers.push_back({"Content-Type", std::string{types[(choice >> 2U) & 3U]}});
    if ((choice & 0x10U) == 0) request.headers.push_back({"Authorization", "Bearer " + std::string{kSecret}});
    if ((choice & 0x20U) != 0)
        request.headers.push_back(
            {"Authorization", std::string{text_of(body.first(std::min<std::size_t>(body.size(), 300)))}});
    if ((choice & 0x40U) != 0) request.peer.certificate = bytes_of(body);
    request.peer.address = "192.0.2.7:1";
    request.body = text_of(body);

    const auto response = protocol.enrol(request);
    if (response.status != 201) {
        require(response.status >= 400 && response.status < 600, "what is not issued is refused");
        require(!site.store.events().empty(), "a refusal has a record");
        return 0;
    }
    const auto csr = x509::CertificateRequest::parse_any(body);
    require(csr && csr.value().verify_possession(), "who gets a certificate holds its key");
    const auto chain = x509::Certificate::parse_pem(response.body);
    require(chain && chain.value().front().fields().spki == csr.value().public_key.spki(),
            "the certificate is for that key");
    require(chain.value().front().verify_signature(fuzz::FuzzSite::ca().authority.key).has_value(),
            "the certificate is ours");
    return 0;
}
