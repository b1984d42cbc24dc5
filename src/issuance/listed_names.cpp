#include "issuance/listed_names.hpp"

#include <algorithm>

#include "asn1/oid.hpp"
#include "crypto/digest.hpp"
#include "x509/general_names.hpp"
#include "x509/name.hpp"

namespace sealwright::issuance {

std::string listed_names(ByteView subject, const x509::Extensions& extensions) {
    std::string text;
    if (const auto name = x509::parse_name(subject); name && !name.value().empty())
        text = x509::format_name(name.value());
    const auto* san = x509::find_extension(extensions, asn1::oid::kSubjectAltName);
    if (san == nullptr) return text;
    const auto names = x509::parse_general_names(san->value);
    if (!names) return text;
    for (const auto& name : names.value()) text += (text.empty() ? "" : " ") + x509::format_general_name(name);
    return text;
}

Sha256 identity_digest(ByteView subject, const x509::Extensions& extensions) {
    std::vector<Bytes> names;
    const auto* san = x509::find_extension(extensions, asn1::oid::kSubjectAltName);
    if (san != nullptr) {
        if (const auto parsed = x509::parse_general_names(san->value)) {
            for (const auto& name : parsed.value()) names.push_back(x509::encode_general_names({name}));
        }
    }
    std::sort(names.begin(), names.end());
    Bytes all = bytes_of(subject);
    for (const auto& name : names) append(all, name);
    return crypto::sha256(all);
}

}  // namespace sealwright::issuance
