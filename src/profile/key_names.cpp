#include "profile/key_names.hpp"

#include <charconv>

#include "asn1/oid.hpp"
#include "profile/name_syntax.hpp"

namespace sealwright::profile {
namespace {

namespace oid = asn1::oid;

constexpr std::array<std::pair<std::string_view, crypto::KeyType>, 9> kKeyTypes{
    {{"rsa", crypto::KeyType::rsa},
     {"ec-p256", crypto::KeyType::ec_p256},
     {"ec-p384", crypto::KeyType::ec_p384},
     {"ec-p521", crypto::KeyType::ec_p521},
     {"ed25519", crypto::KeyType::ed25519},
     {"ed448", crypto::KeyType::ed448},
     {"ml-dsa-44", crypto::KeyType::ml_dsa_44},
     {"ml-dsa-65", crypto::KeyType::ml_dsa_65},
     {"ml-dsa-87", crypto::KeyType::ml_dsa_87}}};

constexpr std::array<std::string_view, 9> kUsages{"digitalSignature", "contentCommitment", "keyEncipherment",
                                                  "dataEncipherment", "keyAgreement",      "keyCertSign",
                                                  "cRLSign",          "encipherOnly",      "decipherOnly"};

bool is_account_name(std::string_view name) noexcept {
    return !name.empty() && name.size() <= 64 && std::all_of(name.begin(), name.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' ||
               c == '.';
    });
}

bool is_uid(std::string_view digits) noexcept {
    std::uint32_t uid = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), uid);
    return error == std::errc{} && end == digits.data() + digits.size() &&
           (digits.size() == 1 || digits.front() != '0');
}

// A host constraint is a DNS name, or a leading dot and a DNS name: everything under it (RFC 5280 4.2.1.10).
bool is_host_constraint(std::string_view text, bool leading_dot) noexcept {
    if (leading_dot && text.starts_with('.')) text.remove_prefix(1);
    return dns_name_problem(text, false).empty();
}

Result<x509::GeneralName> address_subtree(std::string_view text) {
    SEALWRIGHT_TRY(auto prefix, parse_ip_prefix(text));
    Bytes octets = std::move(prefix.address);
    const std::size_t size = octets.size();
    for (unsigned i = 0; i < size; ++i) {
        const unsigned bits = std::min(8U, prefix.length > i * 8 ? prefix.length - i * 8 : 0U);
        octets.push_back(static_cast<std::uint8_t>(0xFF00U >> bits));
    }
    return x509::GeneralName{x509::IpAddress{std::move(octets)}};
}

}  // namespace

std::optional<crypto::KeyType> parse_key_type(std::string_view name) noexcept {
    for (const auto& [word, type] : kKeyTypes) {
        if (word == name) return type;
    }
    return {};
}

std::string key_type_list() {
    std::string out;
    for (const auto& [word, type] : kKeyTypes) out.append(out.empty() ? "" : ", ").append(word);
    return out;
}

std::optional<x509::KeyUsage> parse_key_usage_bit(std::string_view name) noexcept {
    for (std::size_t bit = 0; bit < kUsages.size(); ++bit) {
        if (kUsages[bit] == name) return static_cast<x509::KeyUsage>(1U << bit);
    }
    // X.509 renamed bit 1; RFC 5280 still shows both names.
    if (name == "nonRepudiation") return static_cast<x509::KeyUsage>(x509::kContentCommitment);
    return {};
}

std::string key_usage_names(x509::KeyUsage usage) {
    std::string out;
    for (std::size_t bit = 0; bit < kUsages.size(); ++bit) {
        if ((usage & (1U << bit)) != 0) out.append(out.empty() ? "" : ", ").append(kUsages[bit]);
    }
    return out;
}

std::optional<Bytes> parse_purpose(std::string_view name) {
    const std::array<std::pair<std::string_view, ByteView>, 6> known{{{"serverAuth", oid::kServerAuth},
                                                                      {"clientAuth", oid::kClientAuth},
                                                                      {"codeSigning", oid::kCodeSigning},
                                                                      {"emailProtection", oid::kEmailProtection},
                                                                      {"timeStamping", oid::kTimeStamping},
                                                                      {"OCSPSigning", oid::kOcspSigning}}};
    for (const auto& [word, id] : known) {
        if (word == name) return bytes_of(id);
    }
    auto parsed = asn1::parse_oid(name);
    return parsed ? std::optional<Bytes>{std::move(parsed).value()} : std::nullopt;
}

Result<x509::GeneralName> parse_subtree(std::string_view text) {
    const std::size_t colon = text.find(':');
    const std::string_view kind = text.substr(0, colon);
    const std::string_view value = colon == std::string_view::npos ? std::string_view{} : text.substr(colon + 1);
    if (kind == "DNS" && is_host_constraint(value, false)) return x509::GeneralName{x509::DnsName{lower_ascii(value)}};
    if (kind == "URI" && is_host_constraint(value, true)) return x509::GeneralName{x509::UriName{lower_ascii(value)}};
    if (kind == "email" && (is_host_constraint(value, true) || mailbox_problem(value).empty())) {
        return x509::GeneralName{x509::Rfc822Name{std::string{value}}};
    }
    if (kind == "IP") return address_subtree(value);
    if (kind == "DirName") {
        SEALWRIGHT_TRY(auto name, x509::parse_name_text(value));
        if (!name.empty()) return x509::GeneralName{x509::DirectoryName{std::move(name)}};
    }
    return fail(ErrorCode::malformed,
                "a subtree reads like DNS:example.org, email:example.org, URI:.example.org, IP:192.0.2.0/24 or "
                "DirName:O=Example");
}

bool is_principal_text(std::string_view text) noexcept {
    if (text == "secret" || text == "renewal" || text == "admin") return true;
    if (text.starts_with("uid:")) return is_uid(text.substr(4));
    if (text.starts_with("user:")) return is_account_name(text.substr(5));
    if (text.starts_with("role:")) return is_account_name(text.substr(5));
    return false;
}

bool is_sha1(const crypto::SignatureAlgorithm& algorithm) noexcept {
    return !crypto::signs_messages(algorithm.scheme) && algorithm.digest == crypto::DigestAlgorithm::sha1;
}

}  // namespace sealwright::profile
