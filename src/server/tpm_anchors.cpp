#include "server/tpm_anchors.hpp"

#include <algorithm>
#include <set>

#include "base/file.hpp"
#include "x509/unordered_names.hpp"

namespace sealwright::server {
namespace {

constexpr std::size_t kMaxFile = 4U << 20U;
constexpr std::string_view kBegin = "-----BEGIN CERTIFICATE-----", kEnd = "-----END CERTIFICATE-----";

bool names_certificates(const std::filesystem::path& path) {
    static const std::set<std::string> extensions{".pem", ".crt", ".cer", ".der"};
    return extensions.contains(path.extension().string());
}

Result<std::vector<std::filesystem::path>> files_of(const std::filesystem::path& path) {
    std::error_code error;
    if (!std::filesystem::is_directory(path, error)) return std::vector{path};
    std::set<std::filesystem::path> files;
    for (std::filesystem::directory_iterator entry{path, error}, end; !error && entry != end; entry.increment(error)) {
        if (names_certificates(entry->path())) files.insert(entry->path());
    }
    if (error) return fail(ErrorCode::config, path.string() + ": cannot be read", error.message());
    return std::vector(files.begin(), files.end());
}

// ders_of gives the DER of each certificate in a file; an empty one where a PEM block is broken.
std::vector<Bytes> ders_of(std::string_view text) {
    std::vector<Bytes> ders;
    for (auto at = text.find(kBegin); at != std::string_view::npos; at = text.find(kBegin, at + 1)) {
        const auto end = text.find(kEnd, at);
        if (end == std::string_view::npos) break;
        std::string base64;
        for (const char c : text.substr(at + kBegin.size(), end - at - kBegin.size())) {
            if (c != '\n' && c != '\r' && c != ' ' && c != '\t') base64 += c;
        }
        auto der = from_base64(base64);
        ders.push_back(der ? std::move(der).value() : Bytes{});
    }
    if (ders.empty() && text.find("-----BEGIN") == std::string_view::npos) ders.push_back(bytes_of(view_of(text)));
    return ders;
}

Result<std::vector<x509::Certificate>> load(const std::filesystem::path& path, std::vector<std::string>& warnings) {
    std::vector<x509::Certificate> certificates;
    if (path.empty()) return certificates;
    SEALWRIGHT_TRY(const auto files, files_of(path));
    for (const auto& file : files) {
        auto text = read_text_file(file, kMaxFile);
        if (!text) return text.error().in(file.string());
        std::size_t number = 0;
        for (const auto& der : ders_of(text.value())) {
            ++number;
            auto certificate = x509::parse_with_unordered_names(der);
            if (certificate) {
                certificates.push_back(std::move(certificate).value());
            } else {
                warnings.push_back(file.string() + ": certificate " + std::to_string(number) +
                                   " cannot be read and is not trusted: " + certificate.error().describe());
            }
        }
    }
    if (certificates.empty())
        return fail(ErrorCode::config, path.string() + ": no certificate that can be read is in it");
    if (certificates.size() > attestation::kMaxAnchors)
        return fail(ErrorCode::config,
                    path.string() + ": has more than " + std::to_string(attestation::kMaxAnchors) + " certificates");
    return certificates;
}

}  // namespace

Result<LoadedAnchors> load_tpm_anchors(const std::filesystem::path& roots, const std::filesystem::path& intermediates) {
    LoadedAnchors loaded;
    SEALWRIGHT_TRY(loaded.anchors.roots, load(roots, loaded.warnings));
    SEALWRIGHT_TRY(loaded.anchors.intermediates, load(intermediates, loaded.warnings));
    return loaded;
}

}  // namespace sealwright::server
