#include "ceremonies/verifier/profile_check.hpp"

#include "asn1/oid.hpp"
#include "crypto/signature_algorithm.hpp"

namespace sealwright::verifier {
namespace {

namespace oid = asn1::oid;
using std::chrono::seconds;

constexpr std::string_view kRehearsalUnit = "REHEARSAL";

class Comparison {
public:
    Comparison(const x509::Certificate& certificate, const ProfileQuestion& question)
        : fields_(certificate.fields()), asked_(question) {}

    std::vector<std::string> compare() {
        if (fields_.version != 3 || fields_.has_unique_ids) differs("is of another version than 3");
        compare_serial();
        compare_key();
        compare_signature();
        compare_subject();
        compare_validity();
        compare_extensions();
        return std::move(differences_);
    }

private:
    void differs(std::string text) { differences_.push_back(std::move(text)); }

    // RFC 5280 4.1.2.2: positive, 20 octets at most.
    void compare_serial() {
        const auto& serial = fields_.serial;
        const bool positive = !serial.empty() && (serial[0] & 0x80U) == 0 &&
                              std::any_of(serial.begin(), serial.end(), [](auto octet) { return octet != 0; });
        if (!positive || serial.size() > 20) differs("has no proper serial number");
    }

    void compare_key() {
        const auto key = crypto::PublicKey::parse(fields_.spki.view());
        if (!key) return differs("has a key that cannot be read");
        key_type_ = key.value().type();
        const auto& rules = asked_.profile.keys;
        const bool allowed = std::any_of(rules.begin(), rules.end(), [&](const KeyReading& rule) {
            const bool fits = rule.type != crypto::KeyType::rsa ||
                              (key.value().bits() >= rule.min_bits && key.value().bits() <= rule.max_bits);
            return rule.type == key_type_ && fits;
        });
        if (!allowed) differs("has a key that the profile does not allow");
        key_identifier_ = x509::subject_key_identifier(key.value().public_bits());
    }

    void compare_signature() {
        const auto named = crypto::parse_signature_name(asked_.profile.signature);
        const auto algorithm = named ? named.value() : crypto::default_algorithm(asked_.issuer_key_type);
        if (fields_.signature_algorithm != crypto::algorithm_identifier(algorithm))
            differs("is signed with another algorithm");
    }

    // attribute_of is what a rule of the subject gives; nothing where it gives none.
    std::optional<x509::Attribute> attribute_of(const SubjectReading& rule) const {
        if (rule.source == Source::fixed) return x509::Attribute{rule.type, rule.value};
        if (rule.source == Source::names && !asked_.names.empty())
            return x509::Attribute{rule.type, asked_.names.front()};
        return {};  // a ceremony requests nothing
    }

    void compare_subject() {
        auto rules = asked_.profile.subject;
        if (asked_.rehearsal) {
            const SubjectReading unit{bytes_of(oid::kOrganizationalUnitName), Source::fixed,
                                      std::string{kRehearsalUnit}, true};
            rules.insert(rules.empty() ? rules.end() : rules.end() - 1, unit);
        }
        x509::Name expected;
        for (const auto& rule : rules) {
            auto attribute = attribute_of(rule);
            if (!attribute && rule.required) return differs("has another subject than the profile gives");
            if (attribute) expected.rdns.push_back({std::move(*attribute)});
        }
        const auto der = x509::encode_name(expected);
        if (!der || !(der.value() == fields_.subject_der)) differs("has another subject than the profile gives");
    }

    static UtcTime rounded(UtcTime time, seconds granularity) {
        const auto rest = time.time_since_epoch() % granularity;
        return time - (rest.count() < 0 ? rest + granularity : rest);
    }

    // is_period says whether a certificate that begins to count at this moment has exactly these two times.
    bool is_period(UtcTime beginning) const {
        const auto& rule = asked_.profile;
        UtcTime not_before = beginning, not_after = beginning + rule.length - seconds{1};
        if (asked_.issuer != nullptr) {
            const auto& issuer = asked_.issuer->fields();
            not_before = std::max(not_before, issuer.not_before);
            if (rule.clip_to_issuer) not_after = std::min(not_after, issuer.not_after);
        }
        return fields_.not_before == not_before && fields_.not_after == not_after;
    }

    // The moment of signing is known only to lie between two records; so the times must fit one moment between them.
    void compare_validity() {
        const auto& rule = asked_.profile;
        const auto first = rounded(asked_.earliest - rule.backdate, rule.granularity),
                   last = rounded(asked_.latest - rule.backdate, rule.granularity);
        for (const auto moment : {fields_.not_before, fields_.not_after + seconds{1} - rule.length, first, last}) {
            if (moment >= first && moment <= last && rounded(moment, rule.granularity) == moment && is_period(moment))
                return;
        }
        differs("is valid at other times than the profile gives");
    }

    x509::GeneralNames alternative_names() const {
        x509::GeneralNames out;
        const auto add = [&](const x509::GeneralName& name) {
            if (std::find(out.begin(), out.end(), name) == out.end()) out.push_back(name);
        };
        for (const auto& rule : asked_.profile.san) {
            if (rule.source == Source::fixed) std::for_each(rule.fixed.begin(), rule.fixed.end(), add);
            if (rule.source != Source::names) continue;
            for (const auto& text : asked_.names) {
                const auto [kind, name] = name_of(text);
                if (kind == rule.kind && is_allowed(rule, name)) add(name);
            }
        }
        return out;
    }

    Bytes issuer_key_identifier() const {
        const auto* extension = x509::find_extension(asked_.issuer->fields().extensions, oid::kSubjectKeyIdentifier);
        auto identifier = extension == nullptr ? Result<Bytes>{fail(ErrorCode::not_found)}
                                               : x509::parse_subject_key_identifier(extension->value);
        return identifier ? std::move(identifier.value()) : Bytes{};
    }

    x509::Extensions expected_extensions() const {
        auto out = asked_.profile.extensions;
        if (asked_.issuer != nullptr) {
            out.push_back({bytes_of(oid::kAuthorityKeyIdentifier), false,
                           x509::encode_authority_key_identifier(issuer_key_identifier())});
        }
        out.push_back(
            {bytes_of(oid::kSubjectKeyIdentifier), false, x509::encode_subject_key_identifier(key_identifier_)});
        const bool rsa = key_type_ == crypto::KeyType::rsa && asked_.profile.usage_rsa != 0;
        out.push_back({bytes_of(oid::kKeyUsage), asked_.profile.usage_critical,
                       x509::encode_key_usage(rsa ? asked_.profile.usage_rsa : asked_.profile.usage)});
        const auto names = alternative_names();
        if (!names.empty())
            out.push_back({bytes_of(oid::kSubjectAltName), fields_.subject.empty(), x509::encode_general_names(names)});
        return out;
    }

    // What the parser allows only once is looked up by its identifier: the order is not compared.
    void compare_extensions() {
        const auto expected = expected_extensions();
        for (const auto& wanted : expected) {
            const auto* found = x509::find_extension(fields_.extensions, wanted.oid);
            if (found == nullptr)
                differs("lacks " + asn1::oid_name(wanted.oid) + ", which the profile gives");
            else if (!(*found == wanted))
                differs("has another " + asn1::oid_name(wanted.oid) + " than the profile gives");
        }
        for (const auto& found : fields_.extensions) {
            if (x509::find_extension(expected, found.oid) == nullptr)
                differs("has " + asn1::oid_name(found.oid) + ", which the profile does not give");
        }
    }

    const x509::TbsCertificate& fields_;
    const ProfileQuestion& asked_;
    crypto::KeyType key_type_{};
    Bytes key_identifier_;
    std::vector<std::string> differences_;
};

}  // namespace

std::vector<std::string> differences(const x509::Certificate& certificate, const ProfileQuestion& question) {
    return Comparison{certificate, question}.compare();
}

}  // namespace sealwright::verifier
