// path_validator.hpp: RFC 5280 section 6.1 for paths as we issue and meet them: names, dates, signatures, basic
// constraints, key usage, name constraints, policies only as far as explicit-policy refusal. Every finding is reported.
#pragma once

#include <optional>
#include <vector>

#include "x509/crl.hpp"
#include "x509/findings.hpp"

namespace sealwright::x509 {

struct PathQuestion {
    std::vector<Certificate> path;     // leaf first, without the anchor
    std::vector<Certificate> anchors;  // trusted roots; the last of path must be issued by one. Their own dates and
                                       // constraints count too (RFC 5937)
    UtcTime at{};
    std::optional<Bytes> required_eku = std::nullopt;  // OID content that the leaf must have
    std::size_t max_length = 8;
};

// validate_path has no error finding if and only if the path is valid. A broken extension that it acts on and a
// critical one that it does not know are errors in any certificate of the path. Names are chained by their DER. The
// caller must still check revocation and the leaf's names. Thread-safe.
Findings validate_path(const PathQuestion& question);

}  // namespace sealwright::x509
