#include "profile/profile.hpp"

#include "asn1/der_writer.hpp"
#include "asn1/oid.hpp"
#include "profile/name_syntax.hpp"

namespace sealwright::profile {
namespace {

// PositionSet is the set of places in a pattern at which a match can stand.
class PositionSet {
public:
    void add(std::size_t position) noexcept { words_[position / 64] |= std::uint64_t{1} << (position % 64); }
    bool has(std::size_t position) const noexcept { return ((words_[position / 64] >> (position % 64)) & 1U) != 0; }
    bool empty() const noexcept {
        return std::all_of(words_.begin(), words_.end(), [](std::uint64_t word) { return word == 0; });
    }

private:
    std::array<std::uint64_t, kMaxPatternSize / 64 + 1> words_{};
};

std::size_t star_size(std::string_view pattern, std::size_t at) noexcept {
    if (pattern[at] != '*') return 0;
    return at + 1 < pattern.size() && pattern[at + 1] == '*' ? 2 : 1;
}

// add_with_stars adds a place and, since a star may stand for nothing, those behind the stars that follow.
void add_with_stars(PositionSet& set, std::string_view pattern, std::size_t at) noexcept {
    for (;;) {
        set.add(at);
        if (at == pattern.size()) return;
        const std::size_t star = star_size(pattern, at);
        if (star == 0) return;
        at += star;
    }
}

bool same(char a, char b, bool ignore_case) noexcept {
    return ignore_case ? equal_ignoring_case({&a, 1}, {&b, 1}) : a == b;
}

// glob walks all places at once: its time is bounded by the product of the two lengths, whatever the pattern.
bool glob(std::string_view pattern, std::string_view value, bool ignore_case) noexcept {
    PositionSet places;
    add_with_stars(places, pattern, 0);
    for (const char c : value) {
        PositionSet next;
        for (std::size_t at = 0; at < pattern.size(); ++at) {
            if (!places.has(at)) continue;
            const std::size_t star = star_size(pattern, at);
            if (star == 0 && same(pattern[at], c, ignore_case)) add_with_stars(next, pattern, at + 1);
            if (star == 2 || (star == 1 && c != '.')) add_with_stars(next, pattern, at);
        }
        if (next.empty()) return false;
        places = next;
    }
    return places.has(pattern.size());
}

std::vector<x509::PolicyInformation> policies_of(const Profile& profile, attestation::Level attested) {
    auto policies = profile.policies;
    const Bytes* level = profile.attestation ? profile.attestation->policy_oid(attested) : nullptr;
    if (level != nullptr) policies.push_back({*level, {}});
    return policies;
}

void add_if(x509::Extensions& out, bool present, ByteView oid, bool critical, auto&& encode) {
    if (present) out.push_back({bytes_of(oid), critical, encode()});
}

}  // namespace

bool Pattern::matches(std::string_view value, bool ignore_case) const noexcept {
    if (text.size() > kMaxPatternSize) return false;
    if (text == "**") return true;
    if (text.find('*') == std::string::npos) return ignore_case ? equal_ignoring_case(text, value) : text == value;
    return glob(text, value, ignore_case);
}

std::string_view san_kind_name(SanKind kind) noexcept {
    switch (kind) {
        case SanKind::dns:
            return "dns";
        case SanKind::ip:
            return "ip";
        case SanKind::uri:
            return "uri";
        case SanKind::email:
            return "email";
    }
    return "unknown";
}

x509::KeyUsage key_usage_of(const Profile& profile, crypto::KeyType type) noexcept {
    return type == crypto::KeyType::rsa && profile.key_usage_rsa != 0 ? profile.key_usage_rsa : profile.key_usage;
}

x509::Extensions static_extensions(const Profile& profile, attestation::Level attested) {
    namespace oid = asn1::oid;
    const bool ca = profile.kind == SubjectKind::ca;
    x509::Extensions out;
    out.reserve(7 + profile.extra_extensions.size());
    // basicConstraints is critical in every CA certificate (RFC 5280 4.2.1.9); end entities get it too, so that no
    // reader has to guess.
    add_if(out, true, oid::kBasicConstraints, true, [&] {
        return x509::encode_basic_constraints({ca, ca ? profile.path_length : std::nullopt});
    });
    add_if(out, !profile.ext_key_usage.empty(), oid::kExtKeyUsage, profile.ext_key_usage_critical,
           [&] { return x509::encode_ext_key_usage(profile.ext_key_usage); });
    const auto policies = policies_of(profile, attested);
    add_if(out, !policies.empty(), oid::kCertificatePolicies, false,
           [&] { return x509::encode_certificate_policies(policies); });
    // RFC 5280 4.2.1.10: "Conforming CAs MUST mark this extension as critical".
    add_if(out, profile.name_constraints.has_value(), oid::kNameConstraints, true,
           [&] { return x509::encode_name_constraints(*profile.name_constraints); });
    add_if(out, !profile.crl_distribution_points.empty(), oid::kCrlDistributionPoints, false,
           [&] { return x509::encode_crl_distribution_points(profile.crl_distribution_points); });
    // RFC 5280 4.2.2.1: "Conforming CAs MUST mark this extension as non-critical".
    add_if(out, !profile.authority_info_access.empty(), oid::kAuthorityInfoAccess, false,
           [&] { return x509::encode_access_descriptions(profile.authority_info_access); });
    add_if(out, profile.ocsp_nocheck, oid::kOcspNoCheck, false, [] { return asn1::DerWriter{}.null().take(); });
    for (const auto& extra : profile.extra_extensions) out.push_back(extra.extension);
    return out;
}

}  // namespace sealwright::profile
