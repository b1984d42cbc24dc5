// profile_reading.hpp: the verifier's own reading of a certificate profile (docs/profiles.md): what a certificate by it
// must carry, word for word.
#pragma once

#include <chrono>
#include <map>

#include "crypto/spki.hpp"
#include "x509/extensions.hpp"

namespace sealwright::verifier {

// Where a value comes from: the profile itself, a request (of which a ceremony has none), the list of names of the
// step.
enum class Source : std::uint8_t { fixed, request, names };

struct SubjectReading {
    Bytes type;
    Source source = Source::fixed;
    std::string value;  // of fixed
    bool required = true;
};

enum class NameKind : std::uint8_t { dns, ip, uri, email };

struct SanReading {
    NameKind kind = NameKind::dns;
    Source source = Source::fixed;
    x509::GeneralNames fixed;
    std::vector<std::string> allow;  // patterns; empty: every name of the list
    bool wildcard = false;
};

struct KeyReading {
    crypto::KeyType type{};
    std::uint64_t min_bits = 0, max_bits = 0;  // of RSA
};

struct ProfileReading {
    std::vector<SubjectReading> subject;  // in the order of the name
    std::vector<SanReading> san;
    std::vector<KeyReading> keys;
    x509::KeyUsage usage = 0, usage_rsa = 0;  // usage_rsa: instead, for RSA keys, if it is not 0
    bool usage_critical = true;
    x509::Extensions extensions;  // those that depend on nothing but the profile
    std::chrono::seconds length{}, backdate{}, granularity{1};
    bool clip_to_issuer = false;
    std::string signature;  // empty: the default of the issuer's key
};

// read_profile puts values in the place of @name@. It refuses what it does not know: a key that says something of the
// certificate must not be passed over.
Result<ProfileReading> read_profile(std::string_view toml, const std::map<std::string, std::string>& values);

// lower_case is of ASCII alone, as names of hosts compare.
std::string lower_case(std::string text);

// name_of gives a name of a list as the kind that it is: an address, else by its signs a URI or a mailbox, else a DNS
// name in lower case.
std::pair<NameKind, x509::GeneralName> name_of(const std::string& text);

// is_allowed holds a name of a list against the patterns of its rule: '*' is any run without a dot, '**' any run;
// address blocks for addresses.
bool is_allowed(const SanReading& rule, const x509::GeneralName& name);

}  // namespace sealwright::verifier
