#include "ceremonies/verifier/profile_reading.hpp"

#include <toml++/toml.h>

#include <set>

#include "asn1/der_writer.hpp"
#include "asn1/oid.hpp"
#include "base/clock.hpp"
#include "ceremonies/verifier/address_block.hpp"

namespace sealwright::verifier {
namespace {

namespace oid = asn1::oid;

constexpr std::uint64_t kMaxPathLength = 255;

struct Context {
    const std::map<std::string, std::string>& values;
    std::string problem;  // the first
    void wrong(const std::string& text) {
        if (problem.empty()) problem = text;
    }
};

bool is_value_character(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_'; }

std::string filled(const std::string& text, Context& context) {
    std::string out;
    for (std::size_t at = 0; at < text.size(); ++at) {
        std::size_t end = at + 1;
        while (text[at] == '@' && end < text.size() && is_value_character(text[end])) ++end;
        if (text[at] != '@' || end == at + 1 || end == text.size() || text[end] != '@') {
            out += text[at];
            continue;
        }
        const auto value = context.values.find(text.substr(at + 1, end - at - 1));
        if (value == context.values.end())
            context.wrong("names the value " + text.substr(at, end - at + 1) + ", which the bindings do not have");
        else
            out += value->second;
        at = end;
    }
    return out;
}

// Section is a table of which every key must be taken, or left to others by name.
class Section {
public:
    Section(const toml::table& table, std::string path, Context& context)
        : table_(&table), path_(std::move(path)), context_(&context) {}

    std::string text(std::string_view key) {
        const auto* node = take(key);
        if (node == nullptr) return {};
        if (const auto* value = node->as_string()) return filled(value->get(), *context_);
        wrong(key, "is no text");
        return {};
    }
    std::vector<std::string> texts(std::string_view key) {
        std::vector<std::string> out;
        const auto* node = take(key);
        if (node == nullptr) return out;
        const auto* items = node->as_array();
        if (items == nullptr) wrong(key, "is no list");
        for (std::size_t i = 0; items != nullptr && i < items->size(); ++i) {
            const auto* item = (*items)[i].as_string();
            if (item == nullptr) wrong(key, "is no list of texts");
            if (item != nullptr) out.push_back(filled(item->get(), *context_));
        }
        return out;
    }
    std::optional<std::uint64_t> number(std::string_view key) {
        const auto* node = take(key);
        if (node == nullptr) return {};
        const auto* value = node->as_integer();
        if (value != nullptr && value->get() >= 0) return static_cast<std::uint64_t>(value->get());
        wrong(key, "is no number");
        return {};
    }
    bool flag(std::string_view key, bool otherwise) {
        const auto* node = take(key);
        if (node == nullptr) return otherwise;
        if (const auto* value = node->as_boolean()) return value->get();
        wrong(key, "is neither true nor false");
        return otherwise;
    }
    std::chrono::seconds duration(std::string_view key, std::chrono::seconds otherwise) {
        if (!has(key)) return otherwise;
        const auto parsed = parse_duration(text(key));
        if (parsed) return parsed.value();
        wrong(key, "is no length of time");
        return otherwise;
    }
    Bytes object_identifier(std::string_view key) {
        auto parsed = asn1::parse_oid(text(key));
        if (parsed) return std::move(parsed.value());
        wrong(key, "is no object identifier");
        return {};
    }
    std::optional<Section> section(std::string_view key) {
        const auto* node = take(key);
        if (node == nullptr) return {};
        if (const auto* table = node->as_table()) return Section{*table, path_of(key), *context_};
        wrong(key, "is no table");
        return {};
    }
    std::vector<Section> sections(std::string_view key) {
        std::vector<Section> out;
        const auto* node = take(key);
        const auto* items = node == nullptr ? nullptr : node->as_array();
        if (node != nullptr && items == nullptr) wrong(key, "is no list of tables");
        for (std::size_t i = 0; items != nullptr && i < items->size(); ++i) {
            const auto* table = (*items)[i].as_table();
            if (table == nullptr) wrong(key, "is no list of tables");
            if (table != nullptr) out.emplace_back(*table, path_of(key), *context_);
        }
        return out;
    }
    // leave_out names keys that say nothing of what a certificate of a ceremony carries.
    void leave_out(std::initializer_list<std::string_view> keys) {
        for (const auto key : keys) (void)take(key);
    }
    void finish() const {
        for (const auto& [key, node] : *table_) {
            if (!taken_.contains(std::string{key.str()})) wrong(key.str(), "is not known to this program");
        }
    }
    bool has(std::string_view key) const { return table_->get(key) != nullptr; }
    void wrong(std::string_view key, std::string_view what) const {
        context_->wrong("its key '" + path_of(key) + "' " + std::string{what});
    }

private:
    std::string path_of(std::string_view key) const { return (path_.empty() ? "" : path_ + ".") + std::string{key}; }
    const toml::node* take(std::string_view key) {
        taken_.insert(std::string{key});
        return table_->get(key);
    }

    const toml::table* table_;
    std::string path_;
    Context* context_;
    std::set<std::string> taken_;
};

template <class T, std::size_t N>
T word(Section& section, std::string_view key, const std::array<std::pair<std::string_view, T>, N>& words) {
    const auto text = section.text(key);
    for (const auto& [name, value] : words) {
        if (name == text) return value;
    }
    section.wrong(key, "has a value that is not known to this program");
    return words[0].second;
}

constexpr std::array<std::pair<std::string_view, Source>, 3> kSources{
    {{"fixed", Source::fixed}, {"request", Source::request}, {"principal", Source::names}}};
constexpr std::array<std::pair<std::string_view, NameKind>, 4> kNameKinds{
    {{"dns", NameKind::dns}, {"ip", NameKind::ip}, {"uri", NameKind::uri}, {"email", NameKind::email}}};
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
constexpr std::array<std::pair<std::string_view, x509::KeyUsageBit>, 10> kUsages{
    {{"digitalSignature", x509::kDigitalSignature},
     {"contentCommitment", x509::kContentCommitment},
     {"nonRepudiation", x509::kContentCommitment},
     {"keyEncipherment", x509::kKeyEncipherment},
     {"dataEncipherment", x509::kDataEncipherment},
     {"keyAgreement", x509::kKeyAgreement},
     {"keyCertSign", x509::kKeyCertSign},
     {"cRLSign", x509::kCrlSign},
     {"encipherOnly", x509::kEncipherOnly},
     {"decipherOnly", x509::kDecipherOnly}}};

void read_subject(Section& root, ProfileReading& profile) {
    auto section = root.section("subject");
    if (!section) return;
    section->leave_out({"allow_empty"});
    for (auto& rdn : section->sections("rdn")) {
        SubjectReading rule;
        auto type = x509::parse_attribute_name(rdn.text("type"));
        if (!type) rdn.wrong("type", "is no attribute");
        if (type) rule.type = std::move(type.value());
        rule.source = word(rdn, "source", kSources);
        rule.value = rdn.text("value");
        rule.required = rdn.flag("required", true);
        rdn.leave_out({"allow", "max_length"});
        rdn.finish();
        profile.subject.push_back(std::move(rule));
    }
    section->finish();
}

void read_san(Section& root, ProfileReading& profile) {
    for (auto& section : root.sections("san")) {
        SanReading rule;
        rule.kind = word(section, "type", kNameKinds);
        rule.source = word(section, "source", kSources);
        rule.allow = section.texts("allow");
        rule.wildcard = section.flag("wildcard", false);
        for (const auto& text : section.texts("values")) {
            auto [kind, name] = name_of(text);
            if (kind != rule.kind) section.wrong("values", "has a name of another type");
            rule.fixed.push_back(std::move(name));
        }
        section.leave_out({"min", "max"});
        section.finish();
        profile.san.push_back(std::move(rule));
    }
}

void read_keys(Section& root, ProfileReading& profile) {
    for (auto& section : root.sections("key")) {
        KeyReading rule;
        rule.type = word(section, "type", kKeyTypes);
        rule.min_bits = section.number("min_bits").value_or(2048);
        rule.max_bits = section.number("max_bits").value_or(8192);
        section.finish();
        profile.keys.push_back(rule);
    }
}

x509::KeyUsage usage_bits(Section& section, std::string_view key) {
    x509::KeyUsage usage = 0;
    for (const auto& name : section.texts(key)) {
        const auto* found =
            std::find_if(kUsages.begin(), kUsages.end(), [&](const auto& known) { return known.first == name; });
        if (found == kUsages.end()) section.wrong(key, "has a usage that is not known to this program");
        if (found != kUsages.end()) usage = static_cast<x509::KeyUsage>(usage | found->second);
    }
    return usage;
}

void read_key_usage(Section& root, ProfileReading& profile) {
    if (auto section = root.section("key_usage")) {
        profile.usage = usage_bits(*section, "bits");
        profile.usage_rsa = usage_bits(*section, "rsa_bits");
        profile.usage_critical = section->flag("critical", true);
        section->finish();
    }
}

Bytes purpose_of(const std::string& name, Section& section) {
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
    if (!parsed) section.wrong("purposes", "has a purpose that is not known to this program");
    return parsed ? std::move(parsed.value()) : Bytes{};
}

void add(ProfileReading& profile, ByteView type, bool critical, Bytes value) {
    profile.extensions.push_back({bytes_of(type), critical, std::move(value)});
}

void read_constraints(Section& root, bool ca, ProfileReading& profile) {
    x509::BasicConstraints basic{ca};
    if (auto section = root.section("basic_constraints")) {
        const auto length = section->number("path_length");
        if (length.value_or(0) > kMaxPathLength) section->wrong("path_length", "is too large");
        if (length && ca) basic.path_length = static_cast<std::uint32_t>(*length);
        section->finish();
    }
    add(profile, oid::kBasicConstraints, true, x509::encode_basic_constraints(basic));
}

void read_purposes(Section& root, ProfileReading& profile) {
    if (auto section = root.section("ext_key_usage")) {
        std::vector<Bytes> purposes;
        for (const auto& name : section->texts("purposes")) purposes.push_back(purpose_of(name, *section));
        add(profile, oid::kExtKeyUsage, section->flag("critical", false), x509::encode_ext_key_usage(purposes));
        section->finish();
    }
}

void read_policies(Section& root, ProfileReading& profile) {
    std::vector<x509::PolicyInformation> policies;
    for (auto& section : root.sections("policy")) {
        x509::PolicyInformation policy{section.object_identifier("oid")};
        // RFC 5280 4.2.1.4: CPSuri is an IA5String, UserNotice here a sequence of explicitText alone.
        if (section.has("cps"))
            policy.qualifiers.push_back(
                {bytes_of(oid::kCpsQualifier),
                 asn1::DerWriter{}.primitive(asn1::kIa5String, view_of(section.text("cps"))).take()});
        if (section.has("user_notice")) {
            const auto notice = section.text("user_notice");
            asn1::DerWriter writer;
            writer.sequence([&] { writer.primitive(asn1::kUtf8String, view_of(notice)); });
            policy.qualifiers.push_back({bytes_of(oid::kUserNoticeQualifier), writer.take()});
        }
        section.finish();
        policies.push_back(std::move(policy));
    }
    if (!policies.empty()) add(profile, oid::kCertificatePolicies, false, x509::encode_certificate_policies(policies));
}

Result<x509::GeneralName> subtree_of(const std::string& text) {
    const auto colon = text.find(':');
    const auto kind = text.substr(0, colon);
    const auto value = colon == std::string::npos ? std::string{} : text.substr(colon + 1);
    if (kind == "DNS") return x509::GeneralName{x509::DnsName{lower_case(value)}};
    if (kind == "URI") return x509::GeneralName{x509::UriName{lower_case(value)}};
    if (kind == "email") return x509::GeneralName{x509::Rfc822Name{value}};
    if (kind == "IP") {
        SEALWRIGHT_TRY(auto block, read_address_block(value));
        return x509::GeneralName{x509::IpAddress{std::move(block)}};
    }
    if (kind != "DirName") return fail(ErrorCode::malformed, "no subtree");
    SEALWRIGHT_TRY(auto name, x509::parse_name_text(value));
    SEALWRIGHT_TRY(x509::encode_name(name));
    return x509::GeneralName{x509::DirectoryName{std::move(name)}};
}

void read_name_constraints(Section& root, ProfileReading& profile) {
    auto section = root.section("name_constraints");
    if (!section) return;
    x509::NameConstraints constraints;
    for (const auto& [key, subtrees] :
         {std::pair{"permitted", &constraints.permitted}, std::pair{"excluded", &constraints.excluded}}) {
        for (const auto& text : section->texts(key)) {
            auto subtree = subtree_of(text);
            if (!subtree) section->wrong(key, "has a subtree that is not known to this program");
            if (subtree) subtrees->push_back(std::move(subtree.value()));
        }
    }
    section->finish();
    add(profile, oid::kNameConstraints, true, x509::encode_name_constraints(constraints));
}

void read_places(Section& root, ProfileReading& profile) {
    if (auto section = root.section("crl_distribution_points")) {
        x509::DistributionPoint point;
        for (auto& url : section->texts("urls")) point.full_name.emplace_back(x509::UriName{std::move(url)});
        section->finish();
        add(profile, oid::kCrlDistributionPoints, false, x509::encode_crl_distribution_points({point}));
    }
    if (auto section = root.section("authority_info_access")) {
        std::vector<x509::AccessDescription> places;
        for (auto& url : section->texts("ocsp")) places.push_back({bytes_of(oid::kAdOcsp), x509::UriName{url}});
        for (auto& url : section->texts("ca_issuers"))
            places.push_back({bytes_of(oid::kAdCaIssuers), x509::UriName{url}});
        section->finish();
        add(profile, oid::kAuthorityInfoAccess, false, x509::encode_access_descriptions(places));
    }
}

void read_extensions(Section& root, ProfileReading& profile) {
    if (root.flag("ocsp_nocheck", false)) add(profile, oid::kOcspNoCheck, false, asn1::DerWriter{}.null().take());
    for (auto& section : root.sections("extension")) {
        auto value = from_hex(section.text("value_hex"));
        if (!value) section.wrong("value_hex", "is not hexadecimal");
        const auto type = section.object_identifier("oid");
        add(profile, type, section.flag("critical", false), value ? std::move(value.value()) : Bytes{});
        section.finish();
    }
}

void read_validity(Section& root, ProfileReading& profile) {
    auto section = root.section("validity");
    if (!section) return root.wrong("validity", "is not there");
    profile.length = section->duration("length", {});
    profile.backdate = section->duration("backdate", {});
    profile.granularity = section->duration("granularity", std::chrono::seconds{1});
    profile.clip_to_issuer = section->flag("clip_to_issuer", false);
    section->leave_out({"may_shorten"});
    section->finish();
}

void read_signature(Section& root, ProfileReading& profile) {
    if (auto section = root.section("signature")) {
        profile.signature = section->text("algorithm");
        section->finish();
    }
}

}  // namespace

Result<ProfileReading> read_profile(std::string_view toml, const std::map<std::string, std::string>& values) {
    toml::table table;
    try {
        table = toml::parse(toml);
    } catch (const toml::parse_error& error) {
        return fail(ErrorCode::malformed, "is not TOML: " + std::string{error.description()});
    }
    Context context{values, {}};
    Section root{table, {}, context};
    ProfileReading profile;
    if (root.number("format") != std::uint64_t{1}) root.wrong("format", "is not 1");
    const auto kind = root.text("kind");
    if (kind != "ca" && kind != "end-entity") root.wrong("kind", "has a value that is not known to this program");
    // Who may ask online, and for what: a ceremony asks for nothing.
    root.leave_out({"name", "version", "description", "request", "who", "renewal"});
    read_subject(root, profile);
    read_san(root, profile);
    read_keys(root, profile);
    read_key_usage(root, profile);
    read_constraints(root, kind == "ca", profile);
    read_purposes(root, profile);
    read_policies(root, profile);
    read_name_constraints(root, profile);
    read_places(root, profile);
    read_extensions(root, profile);
    read_validity(root, profile);
    read_signature(root, profile);
    root.finish();
    if (!context.problem.empty()) return fail(ErrorCode::malformed, context.problem);
    return profile;
}

}  // namespace sealwright::verifier
