// request_judge.hpp: what a request asks for, held against a profile rule by rule: the names that come of it, and every
// reason to refuse. Internal to this room: template_engine puts the parts together.
#pragma once

#include "profile/template_engine.hpp"

namespace sealwright::profile {

// Reasons collects why a request is refused, for its sender to read.
class Reasons {
public:
    void deny(std::string reason) { add(std::move(reason), false); }
    void weak_key(std::string reason) { add(std::move(reason), true); }
    bool empty() const noexcept { return list_.empty(); }
    // error is weak_key if every reason is about strength.
    Error error() const;

private:
    void add(std::string reason, bool weak);
    std::vector<std::string> list_;
    bool only_weak_ = true;
};

// shown is hostile text for a message: escaped, shortened, in quotes.
std::string shown(std::string_view text);

// may_certify says whether the principal may have this name: always, if no names bind it.
bool may_certify(const TemplateInput& input, const x509::GeneralName& name);
bool may_certify(const TemplateInput& input, std::string_view name);

// judge_subject gives the subject in the profile's order of RDNs.
x509::Name judge_subject(const TemplateInput& input, Reasons& reasons);
// judge_san gives the names in the order of the rules, each once, DNS names in small letters.
x509::GeneralNames judge_san(const TemplateInput& input, Reasons& reasons);
// judge_name_coherence compares the two: a server's CN must be one of its names, an empty subject needs a SAN.
void judge_name_coherence(const TemplateInput& input, const x509::Name& subject, const x509::GeneralNames& san,
                          Reasons& reasons);
void judge_key(const TemplateInput& input, Reasons& reasons);
// judge_extensions refuses by name what the request asks for and the profile neither gives nor tolerates.
void judge_extensions(const TemplateInput& input, const x509::Extensions& given, Reasons& reasons);

struct ValidityPeriod {
    UtcTime not_before{}, not_after{};
};
ValidityPeriod judge_validity(const TemplateInput& input, Reasons& reasons);
void judge_issuer(const TemplateInput& input, Reasons& reasons);

}  // namespace sealwright::profile
