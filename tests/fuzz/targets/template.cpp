// A CSR through the template engine: what a profile lets through passes the linter, always. The profile takes every
// name that any profile could take.
#include "profile/template_engine.hpp"

#include "../fuzz.hpp"
#include "profile/linter.hpp"

using namespace sealwright;

namespace {

constexpr std::string_view kWideOpen = R"(
format = 1
name = "wide-open"
version = 1
kind = "end-entity"
[subject]
allow_empty = true
[[subject.rdn]]
type = "C"
source = "request"
allow = ["**"]
required = false
[[subject.rdn]]
type = "O"
source = "request"
allow = ["**"]
max_length = 200
required = false
[[subject.rdn]]
type = "CN"
source = "request"
allow = ["**"]
max_length = 200
required = false
[[subject.rdn]]
type = "serialNumber"
source = "request"
allow = ["**"]
max_length = 200
required = false
[[subject.rdn]]
type = "DC"
source = "request"
allow = ["**"]
max_length = 200
required = false
[[subject.rdn]]
type = "emailAddress"
source = "request"
allow = ["**"]
max_length = 300
required = false
[[san]]
type = "dns"
source = "request"
allow = ["**"]
wildcard = true
[[san]]
type = "ip"
source = "request"
allow = ["0.0.0.0/0", "::/0"]
[[san]]
type = "uri"
source = "request"
allow = ["**"]
[[san]]
type = "email"
source = "request"
allow = ["**"]
[[key]]
type = "rsa"
[[key]]
type = "ec-p256"
[[key]]
type = "ec-p384"
[[key]]
type = "ec-p521"
[[key]]
type = "ed25519"
[[key]]
type = "ed448"
[request]
tolerate_extensions = ["2.5.29.14", "2.5.29.32", "2.5.29.31"]
[key_usage]
bits = ["digitalSignature"]
rsa_bits = ["digitalSignature", "keyEncipherment"]
[ext_key_usage]
purposes = ["serverAuth", "clientAuth"]
[validity]
length = "90d"
)";

const profile::Profile& wide_open() {
    static const profile::Profile profile = [] {
        auto parsed = profile::Profile::parse(kWideOpen, "wide-open.toml");
        fuzz::require(static_cast<bool>(parsed), "the profile of this target is one");
        return std::move(parsed).value();
    }();
    return profile;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto csr = x509::CertificateRequest::parse({data, size});
    if (!csr) return 0;
    const auto content = profile::requested_content(csr.value());
    if (!content) return 0;
    const auto& key = csr.value().public_key;
    profile::IssuerContext self;
    self.self_signed = true;
    self.signature_algorithm = crypto::default_algorithm(key.type());
    std::array<std::uint8_t, SerialNumber::kSize> serial{};
    serial.fill(0x5A);
    const profile::TemplateInput input{.profile = wide_open(),
                                       .requested = content.value(),
                                       .subject_key = key,
                                       .authorised_names = {},
                                       .issuer = self,
                                       .serial = SerialNumber{serial},
                                       .now = UtcTime{std::chrono::sys_days{std::chrono::year{2026} / 11 / 22}}};
    const auto checked = profile::check_request(input);
    const auto fields = profile::build_template(input);
    fuzz::require(checked || !fields, "what is refused is not built");
    if (!fields) {
        fuzz::require(!fields.error().public_detail().empty(), "a refusal has a reason");
        return 0;
    }
    const auto findings = profile::lint_certificate(x509::build_tbs_certificate(fields.value()).view(), nullptr);
    for (const auto& finding : findings) std::fprintf(stderr, "%s: %s\n", finding.code.c_str(), finding.detail.c_str());
    fuzz::require(findings.empty(), "what the engine lets through passes the linter");
    return 0;
}
