#include "store/sqlite/maintenance.hpp"

#include "store/sqlite/crls.hpp"
#include "store/sqlite/limits.hpp"
#include "store/sqlite/site.hpp"

namespace sealwright::store::sqlite {
namespace {

Result<void> check_raise(std::string_view what, std::uint64_t stands, std::uint64_t from, std::uint64_t to) {
    if (stands != from)
        return fail(ErrorCode::conflict, std::string{what} + " is " + std::to_string(stands) + " meanwhile");
    if (to > kMaxRaised)
        return fail(ErrorCode::too_large, std::string{what} + " cannot be set to 2^62 or more: no signer takes it");
    if (to <= from)
        return fail(ErrorCode::conflict,
                    std::string{what} + " is " + std::to_string(from) + ", and can only be set to a greater number");
    return success();
}

Result<std::vector<Standing::Issuer>> read_issuers(Connection& connection) {
    SEALWRIGHT_TRY(auto query, connection.query("SELECT key, crl_number FROM issuer ORDER BY id"));
    std::vector<Standing::Issuer> issuers;
    for (;;) {
        SEALWRIGHT_TRY(const bool found, query.step());
        if (!found || issuers.size() == kMaxListed) return issuers;
        RowReader row{query, "issuer"};
        Standing::Issuer issuer;
        issuer.key = row.fixed<KeyId>("key");
        issuer.crl_number = static_cast<std::uint64_t>(row.integer("crl_number", 0, kMaxInteger));
        SEALWRIGHT_TRY(row.finish());
        issuers.push_back(issuer);
    }
}

}  // namespace

Result<Standing> read_standing(Connection& connection) {
    Standing standing;
    SEALWRIGHT_TRY(const auto site, load_site(connection));
    standing.last_commit = site.committed_at;
    SEALWRIGHT_TRY(standing.node, load_node(connection));
    SEALWRIGHT_TRY(standing.boot, load_epoch(connection, standing.node));
    SEALWRIGHT_TRY(standing.issuers, read_issuers(connection));
    return standing;
}

Result<void> raise_boot(Connection& connection, BootEpoch from, BootEpoch to) {
    SEALWRIGHT_TRY(const auto node, load_node(connection));
    SEALWRIGHT_TRY(const auto stands, load_epoch(connection, node));
    SEALWRIGHT_TRY(check_raise("the store's boot", stands.value(), from.value(), to.value()));
    return save_epoch(connection, node, to);
}

Result<void> raise_crl_number(Connection& connection, const KeyId& issuer, std::uint64_t from, std::uint64_t to) {
    SEALWRIGHT_TRY(const auto stands, last_crl_number(connection, issuer));
    SEALWRIGHT_TRY(check_raise("the issuer's CRL number", stands, from, to));
    return save_crl_number(connection, issuer, to);
}

Result<void> check_clock_is_behind(Connection& connection, UtcTime last_commit, UtcTime now,
                                   std::chrono::seconds tolerance) {
    SEALWRIGHT_TRY(const auto site, load_site(connection));
    if (site.committed_at != last_commit)
        return fail(ErrorCode::conflict, "the last commit is of " + to_rfc3339(site.committed_at) + " meanwhile");
    if (now + tolerance >= last_commit)
        return fail(ErrorCode::conflict, "the clock is not behind the last commit of " + to_rfc3339(last_commit));
    return success();
}

}  // namespace sealwright::store::sqlite
