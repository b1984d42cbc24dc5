// Keys in the token, a root in memory over them, and the signer's configuration.
#include <unistd.h>

#include <iostream>
#include <stdexcept>

#include "asn1/oid.hpp"
#include "base/file.hpp"
#include "hsm/pkcs11/token.hpp"
#include "site.hpp"
#include "support/test_ca.hpp"

namespace sealwright::bench {
namespace {

template <class T>
T must(Result<T> result) {
    if (!result) throw std::runtime_error{result.error().describe()};
    return std::move(result).value();
}

void write(const std::filesystem::path& file, ByteView octets) {
    if (auto written = write_file_atomically(file, octets, 0600); !written)
        throw std::runtime_error{written.error().describe()};
}

constexpr unsigned kRsaBits = 3072;
constexpr std::string_view kRoot = "CN=Benchmark Root", kIssuing = "CN=Benchmark Issuing CA";

struct Ca {
    crypto::PublicKey issuing, ocsp;
};

SerialNumber serial() {
    crypto::SystemRandom random;
    return crypto::random_serial(random);
}

test::CertificateSpec ca_certificate(std::string_view subject, const crypto::PublicKey& key,
                                     const crypto::PublicKey& root) {
    const UtcTime now = SystemClock{}.now();
    return {.subject = std::string{subject},
            .issuer = std::string{kRoot},
            .key = key,
            .issuer_key = root,
            .serial = serial(),
            .not_before = now - std::chrono::hours{1},
            .not_after = now + std::chrono::days{3650},
            .ca = true,
            .key_usage = x509::kKeyCertSign | x509::kCrlSign,
            .ext_key_usage = {},
            .san = {}};
}

test::CertificateSpec ocsp_certificate(const Ca& ca) {
    const UtcTime now = SystemClock{}.now();
    return {.subject = "CN=Benchmark OCSP",
            .issuer = std::string{kIssuing},
            .key = ca.ocsp,
            .issuer_key = ca.issuing,
            .serial = serial(),
            .not_before = now - std::chrono::hours{1},
            .not_after = now + std::chrono::days{90},
            .ca = false,
            .key_usage = x509::kDigitalSignature,
            .ext_key_usage = {bytes_of(asn1::oid::kOcspSigning)},
            .ocsp_nocheck = true,
            .san = {}};
}

std::string configuration(const Ca& ca, const x509::Certificate& issuing, unsigned lanes) {
    const std::string issuer = crypto::sha256(issuing.fields().subject_der.view()).hex();
    const auto key = [](const crypto::PublicKey& which, std::string_view name, std::string_view purposes) {
        return "\n[[key]]\nid = \"" + which.id().hex() + "\"\nname = \"" + std::string{name} +
               "\"\npurposes = " + std::string{purposes} + "\nalgorithms = [\"" +
               crypto::signature_name(crypto::default_algorithm(which.type())) + "\"]\n";
    };
    return "format = 1\nsocket = \"signer.sock\"\nsocket_mode = \"0600\"\njournal = \"journal\"\nmodule = \"" +
           module_path() + "\"\nallowed_uids = [" + std::to_string(::getuid()) + "]\nlanes = " + std::to_string(lanes) +
           "\n[token]\nlabel = \"" + token_label() +
           "\"\npin = {file = \"pin\"}\n[token.sandbox]\nread = [\".\"]\nwrite = [\".\"]\n" +
           key(ca.issuing, "issuing", R"(["certificate", "crl"])") + "[key.certificate]\nissuer_sha256 = \"" + issuer +
           "\"\nca = false\nmax_validity = \"90d\"\nmax_backdate = \"1h\"\n[key.crl]\nissuer_sha256 = \"" + issuer +
           "\"\nmax_validity = \"10d\"\n" + key(ca.ocsp, "ocsp", R"(["ocsp"])");
}

}  // namespace

int make_keys(const std::filesystem::path& folder, unsigned lanes, const CaKey& key) try {
    const unsigned bits = key.type() == crypto::KeyType::rsa ? kRsaBits : 0;
    auto module = must(hsm::pkcs11::Module::load(module_path()));
    auto token = must(
        hsm::pkcs11::Token::open(module, {{}, token_label()}, must(read_secret_from_file((folder / "pin").string()))));
    const Ca ca{must(token->generate({key.type(), bits, "issuing", "non-extractable-v1", {}})).public_key,
                must(token->generate({crypto::KeyType::ec_p256, 0, "ocsp", "non-extractable-v1", {}})).public_key};
    test::SoftwareSigner root_signer;
    const auto root_key = root_signer.add_key(crypto::KeyType::ec_p256);
    const auto root = test::certify(root_signer, ca_certificate(kRoot, root_key, root_key));
    const auto issuing = test::certify(root_signer, ca_certificate(kIssuing, ca.issuing, root_key));
    const auto ocsp = test::certify(*token, ocsp_certificate(ca));
    write(folder / "root.cer", root.der().view());
    write(folder / "issuing.cer", issuing.der().view());
    write(folder / "ocsp.cer", ocsp.der().view());
    write(folder / "signer.toml", view_of(configuration(ca, issuing, lanes)));
    return 0;
} catch (const std::exception& failure) {
    std::cout << failure.what() << std::endl;
    return 1;
}

}  // namespace sealwright::bench
