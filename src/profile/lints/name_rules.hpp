// name_rules.hpp: what lints of subjectAltName, issuerAltName, pointers and distinguished names share.
#pragma once

#include <string>
#include <vector>

#include "profile/lints/decode.hpp"
#include "x509/name.hpp"

namespace sealwright::profile::lints {

bool is_ia5(ByteView content) noexcept;
bool is_ia5_kind(const GeneralNameView& name) noexcept;    // rfc822Name, dNSName, uniformResourceIdentifier
bool is_empty_name(const GeneralNameView& name) noexcept;  // a string of no octets, a directoryName of no RDN
// is_judged: a name whose content the lint of its kind looks at: not empty, and IA5 where it must be.
bool is_judged(const GeneralNameView& name, asn1::Tag kind) noexcept;
std::string text_of_name(const GeneralNameView& name);

// Each gives what is wrong with a name of its kind, or nothing; names of other kinds are left alone.
std::string_view dns_problem(const GeneralNameView& name) noexcept;       // without a "*"
std::string_view wildcard_problem(const GeneralNameView& name) noexcept;  // with one
std::string_view mailbox_problem(const GeneralNameView& name) noexcept;
std::string_view uri_problem(const GeneralNameView& name) noexcept;
std::string_view uri_host_problem(const GeneralNameView& name) noexcept;
std::string_view ip_problem(const GeneralNameView& name) noexcept;
std::string_view pointer_problem(const GeneralNameView& name) noexcept;

// report_names says for each name of an extension what problem_of finds.
template <class Problem>
void report_names(const x509::Extension* extension, Problem&& problem_of, std::vector<std::string>& details) {
    const auto content = extension == nullptr ? std::nullopt : sequence_content(extension->value);
    if (!content) return;
    each_general_name(*content, [&](const GeneralNameView& name) {
        const std::string_view problem = problem_of(name);
        if (!problem.empty()) details.push_back(text_of_name(name) + " " + std::string{problem});
    });
}

// report_points does so for the full names of cRLDistributionPoints or freshestCRL, report_access for the locations of
// AIA or SIA.
template <class Problem>
void report_points(const x509::Extension* extension, Problem&& problem_of, std::vector<std::string>& details) {
    const auto content = extension == nullptr ? std::nullopt : sequence_content(extension->value);
    if (!content) return;
    each_distribution_point(*content, [&](const DistributionPointView& point) {
        if (!point.full_name) return;
        each_general_name(*point.full_name, [&](const GeneralNameView& name) {
            const std::string_view problem = problem_of(name);
            if (!problem.empty()) details.push_back(text_of_name(name) + " " + std::string{problem});
        });
    });
}
template <class Problem>
void report_access(const x509::Extension* extension, Problem&& problem_of, std::vector<std::string>& details) {
    const auto content = extension == nullptr ? std::nullopt : sequence_content(extension->value);
    if (!content) return;
    each_access(*content, [&](const AccessView& access) {
        const std::string_view problem = problem_of(access);
        if (!problem.empty()) details.push_back(text_of_name(access.location) + " " + std::string{problem});
    });
}

// are_well_formed_names wants a SEQUENCE OF GeneralName; it may be empty, which other lints look for. Names in
// constraints are not complete (an address has a mask), so that their content is left to the lints of nameConstraints.
bool are_well_formed_names(ByteView value);
bool are_well_formed_points(ByteView value);
bool are_well_formed_accesses(ByteView value);

// each_attribute visits every attribute of a name.
template <class Visit>
void each_attribute(const x509::Name& name, Visit&& visit) {
    for (const auto& rdn : name.rdns) {
        for (const auto& attribute : rdn) visit(attribute);
    }
}

}  // namespace sealwright::profile::lints
