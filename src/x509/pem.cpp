// PEM in the strict grammar of RFC 7468 section 3: lines of exactly 64 characters but the last, no text around the
// blocks.
#include "x509/certificate.hpp"

namespace sealwright::x509 {
namespace {

constexpr std::size_t kLineLength = 64;
constexpr std::string_view kWhiteSpace = " \t\r\n";

Error bad_pem(std::string what) { return fail(ErrorCode::malformed, "PEM: " + std::move(what)); }

void skip_white_space(std::string_view& rest) {
    rest.remove_prefix(std::min(rest.find_first_not_of(kWhiteSpace), rest.size()));
}

// take_line takes a line without its end, which is LF or CRLF; the last line of a text needs none.
std::string_view take_line(std::string_view& rest) {
    const std::size_t end = rest.find('\n');
    std::string_view line = rest.substr(0, end);
    rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
    if (line.ends_with('\r')) line.remove_suffix(1);
    return line;
}

// take_block takes one block of this label, which must begin right here.
Result<Bytes> take_block(std::string_view label, std::string_view& rest) {
    const std::string name{label};
    if (take_line(rest) != "-----BEGIN " + name + "-----")
        return bad_pem("expected a line -----BEGIN " + name + "-----");
    std::string base64;
    for (bool last = false;;) {
        if (rest.empty()) return bad_pem("no line -----END " + name + "-----");
        const std::string_view line = take_line(rest);
        if (line == "-----END " + name + "-----") break;
        if (last || line.empty() || line.size() > kLineLength)
            return bad_pem("a line of another length than 64 characters");
        last = line.size() < kLineLength;
        base64 += line;
    }
    if (base64.empty()) return bad_pem("an empty block");
    return from_base64(base64);
}

}  // namespace

std::string encode_pem(std::string_view label, ByteView der) {
    const std::string name{label};
    const std::string base64 = to_base64(der);
    std::string out = "-----BEGIN " + name + "-----\n";
    for (std::size_t at = 0; at < base64.size(); at += kLineLength) out += base64.substr(at, kLineLength) + "\n";
    return out + "-----END " + name + "-----\n";
}

Result<Bytes> decode_pem(std::string_view label, std::string_view pem) {
    skip_white_space(pem);
    SEALWRIGHT_TRY(auto der, take_block(label, pem));
    skip_white_space(pem);
    if (!pem.empty()) return bad_pem("something stands behind the block");
    return der;
}

Result<std::vector<Certificate>> Certificate::parse_pem(std::string_view pem, std::size_t max_count) {
    std::vector<Certificate> certificates;
    for (skip_white_space(pem); !pem.empty(); skip_white_space(pem)) {
        if (certificates.size() == max_count) {
            return fail(ErrorCode::too_large, "PEM: more than " + std::to_string(max_count) + " certificates");
        }
        SEALWRIGHT_TRY(const auto der, take_block("CERTIFICATE", pem));
        SEALWRIGHT_TRY(auto certificate, parse(der));
        certificates.push_back(std::move(certificate));
    }
    if (certificates.empty()) return bad_pem("no certificate");
    return certificates;
}

}  // namespace sealwright::x509
