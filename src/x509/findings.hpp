// findings.hpp: what a check has to say: every finding, not the first. Used by the linter, the path validator and the
// verifiers.
#pragma once

#include <string>
#include <vector>

namespace sealwright::x509 {

enum class Severity { note, warning, error };

struct Finding {
    std::string code;  // stable: "rfc5280_4_1_2_2_serial_positive"
    Severity severity = Severity::error;
    std::string clause;  // "RFC 5280 4.1.2.2"
    std::string detail;  // in words, for an operator
};

using Findings = std::vector<Finding>;

inline bool has_error(const Findings& findings) {
    for (const auto& finding : findings) {
        if (finding.severity == Severity::error) return true;
    }
    return false;
}

// errors_listed gives the errors alone, each as "code: detail", with semicolons between them.
inline std::string errors_listed(const Findings& findings) {
    std::string text;
    for (const auto& finding : findings) {
        if (finding.severity == Severity::error)
            text += (text.empty() ? "" : "; ") + finding.code + ": " + finding.detail;
    }
    return text;
}

}  // namespace sealwright::x509
