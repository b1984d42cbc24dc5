#include "server/store_commands.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <ostream>

#include "base/file.hpp"
#include "crypto/digest.hpp"
#include "issuance/audit_events.hpp"
#include "server/identity.hpp"
#include "server/state_lock.hpp"
#include "store/sqlite/limits.hpp"
#include "store/sqlite/sqlite_store.hpp"
#include "x509/certificate.hpp"

namespace sealwright::server {
namespace {

using store::sqlite::SqliteStore;
using store::sqlite::Standing;

constexpr std::size_t kMaxPem = 1U << 20U;

std::string quoted(const std::string& word) {
    constexpr std::string_view plain =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./:=@%+,";  // for a shell
    if (!word.empty() && word.find_first_not_of(plain) == std::string::npos) return word;
    std::string text = "'";
    for (const char c : word) {
        if (c == '\'')
            text += "'\\''";
        else
            text += c;
    }
    return text + "'";
}

// as_user is the command line for root to type, so that what it makes is that user's.
std::string as_user(std::uint32_t uid, std::uint32_t gid, const std::vector<std::string>& typed) {
    const auto name = user_name_of(uid);
    std::string line = name.empty() ? "setpriv --reuid=" + std::to_string(uid) + " --regid=" + std::to_string(gid) +
                                          " --clear-groups --"
                                    : "runuser -u " + quoted(name) + " --";
    for (const auto& word : typed) line += ' ' + quoted(word);
    return line;
}

// check_state wants a store that is there, in a folder of ours: whatever SQLite or the lock makes beside it must not
// become root's, which the daemon could never write again.
Result<void> check_state(const StoreCommand& command, const std::filesystem::path& folder) {
    struct stat state {};
    if (::stat(folder.c_str(), &state) != 0)
        return fail(ErrorCode::not_found, "there is no state folder " + folder.string() + ": " + std::strerror(errno));
    if (state.st_uid != ::geteuid()) {
        const auto name = user_name_of(state.st_uid);
        return fail(ErrorCode::denied, "the state folder " + folder.string() + " is of user " +
                                           (name.empty() ? std::to_string(state.st_uid) : name) +
                                           ", and so must everything in it be. As root, type: " +
                                           as_user(state.st_uid, state.st_gid, command.typed));
    }
    const auto file = folder / "ca.db";
    if (::stat(file.c_str(), &state) != 0 || !S_ISREG(state.st_mode))
        return fail(ErrorCode::not_found, "there is no store " + file.string());
    return success();
}

// Maintenance is one command on an open store that nobody else uses.
class Maintenance {
public:
    Maintenance(const StoreCommand& command, const Config& config, const Clock& clock, std::ostream& out)
        : command_(command), config_(config), now_(clock.now()), out_(out) {}

    Result<void> run(Log& log) {
        SEALWRIGHT_TRY(check_state(command_, config_.state));
        auto lock = StateLock::take(config_.state);
        if (!lock) {
            if (lock.error().code() != ErrorCode::conflict) return std::move(lock).error();
            return fail(ErrorCode::conflict, lock.error().public_detail() + ": stop it first");
        }
        SEALWRIGHT_TRY(store_, SqliteStore::open(config_.state / "ca.db", options_, log));
        SEALWRIGHT_TRY(standing_, store_->standing());
        using enum StoreCommand::Verb;
        switch (*command_.verb) {
            case show:
                return show_standing();
            case raise_boot:
                return set_boot();
            case raise_crl_number:
                return set_crl_number();
            case accept_clock:
                return set_clock();
        }
        return fail(ErrorCode::internal, "no such command");
    }

private:
    // --- what stands ---

    // configured_certificate is the CA's of the configuration.
    Result<x509::Certificate> configured_certificate() const {
        const auto& path = config_.ca.certificate;
        SEALWRIGHT_TRY(const auto text, read_text_file(path, kMaxPem));
        auto certificates = x509::Certificate::parse_pem(text);
        if (!certificates) return certificates.error().in(path.string());
        if (certificates.value().size() != 1)
            return fail(ErrorCode::config, path.string() + ": exactly one certificate is wanted");
        return std::move(certificates.value().front());
    }

    Result<KeyId> configured_key() const {
        SEALWRIGHT_TRY(const auto certificate, configured_certificate());
        return crypto::key_id(certificate.fields().spki);
    }

    const Standing::Issuer* find(const KeyId& key) const {
        const auto found = std::find_if(standing_.issuers.begin(), standing_.issuers.end(),
                                        [&](const auto& issuer) { return issuer.key == key; });
        return found == standing_.issuers.end() ? nullptr : &*found;
    }

    // issuer gives the one that is meant: a key that never had a CRL is the configuration's, or a slip.
    Result<Standing::Issuer> issuer() const {
        const auto configured = configured_key();
        if (command_.issuer == kConfiguredIssuer && !configured) return configured.error();
        const auto key = command_.issuer == kConfiguredIssuer ? configured : KeyId::from_hex_text(command_.issuer);
        if (!key)
            return fail(ErrorCode::malformed, "an issuer is '" + std::string{kConfiguredIssuer} +
                                                  "', or the 64 hexadecimal digits of its key's id (store show)");
        if (const auto* known = find(key.value())) return *known;
        if (configured && configured.value() == key.value()) return Standing::Issuer{key.value(), 0};
        return fail(ErrorCode::not_found, "the store knows no issuer with the key " + key.value().hex());
    }

    std::chrono::seconds behind() const { return std::max(standing_.last_commit - now_, std::chrono::seconds{0}); }
    bool is_behind() const { return behind() > options_.clock_tolerance; }

    Result<void> show_standing() {
        const auto configured = configured_key();
        auto issuers = standing_.issuers;
        if (configured && find(configured.value()) == nullptr) issuers.push_back({configured.value(), 0});
        const auto name_of = [&](const KeyId& key) {
            return configured && configured.value() == key ? kConfiguredIssuer : std::string_view{};
        };
        command_.json ? show_json(issuers, name_of) : show_text(issuers, name_of);
        if (!configured) return configured.error().in("the configuration's CA");
        return success();
    }

    template <class NameOf>
    void show_text(const std::vector<Standing::Issuer>& issuers, const NameOf& name_of) {
        out_ << "node         " << standing_.node.hex() << "\nboot         " << standing_.boot.value()
             << "\nlast commit  " << to_rfc3339(standing_.last_commit) << '\n';
        if (is_behind())
            out_ << "clock        " << to_rfc3339(now_) << ", " << behind().count()
                 << " seconds behind the last commit: nothing can be recorded\n";
        for (const auto& issuer : issuers)
            out_ << "CRL number   " << issuer.crl_number << " of issuer " << issuer.key.hex()
                 << (name_of(issuer.key).empty() ? "" : " (issuing)") << '\n';
    }

    // Nothing in it needs escaping: digits, hexadecimal, times.
    template <class NameOf>
    void show_json(const std::vector<Standing::Issuer>& issuers, const NameOf& name_of) {
        out_ << R"({"node":")" << standing_.node.hex() << R"(","boot":)" << standing_.boot.value()
             << R"(,"last_commit":")" << to_rfc3339(standing_.last_commit) << R"(","clock_behind":)"
             << (is_behind() ? behind().count() : 0) << R"(,"issuers":[)";
        const char* between = "";
        for (const auto& issuer : issuers) {
            const auto name = name_of(issuer.key);
            out_ << between << R"({"key":")" << issuer.key.hex() << R"(","name":)";
            name.empty() ? out_ << "null" : out_ << '"' << name << '"';
            out_ << R"(,"crl_number":)" << issuer.crl_number << '}';
            between = ",";
        }
        out_ << "]}\n";
    }

    // --- what is changed ---

    issuance::Events events(audit::EventKind kind, std::map<std::string, std::string> fields) const {
        const policy::LocalPrincipal person{
            .uid = ::geteuid(), .pid = {}, .user = user_name_of(::geteuid()), .roles = {}};
        fields["reason"] = command_.reason;
        const issuance::EventMaker maker{{standing_.node, standing_.boot}};
        return {maker.make(kind, now_, policy::describe(person), std::move(fields))};
    }

    // check_step keeps from what cannot be taken back. A dry run says it as well.
    Result<void> check_step(std::uint64_t from, std::uint64_t step) {
        if (is_behind())
            return fail(ErrorCode::clock, "the clock lies " + std::to_string(behind().count()) +
                                              " seconds before the last commit, and nothing can be recorded: put it "
                                              "right, or, if it is right, see store accept-clock");
        if (command_.number <= from || command_.number - from <= step) return success();
        const auto told = std::to_string(command_.number - from) + " numbers at once: a signer takes at most " +
                          std::to_string(step) +
                          " above the last that it has seen, and this cannot be taken back. If it is exactly the "
                          "number that the signer names, say --far";
        if (command_.write && !command_.far) return fail(ErrorCode::denied, told);
        if (!command_.far) out_ << told << '\n';
        return success();
    }

    // finish tells what became of it.
    Result<void> finish(const std::string& change, const Result<void>& done) {
        if (!done) return done.error();
        if (!command_.write) {
            out_ << change << "\nnothing was changed; --write changes it\n";
            return success();
        }
        SEALWRIGHT_TRY(const auto head, store_->audit_head());
        out_ << change << "\nchanged, with entry " << head.size - 1 << " of the audit log\n";
        return success();
    }

    // only_forwards is what the store will say as well, for a dry run.
    Result<void> only_forwards(const std::string& what, std::uint64_t from) const {
        if (command_.number > store::sqlite::kMaxRaised)
            return fail(ErrorCode::too_large, what + " cannot be set to 2^62 or more: no signer takes it");
        if (command_.number > from) return success();
        return fail(ErrorCode::conflict,
                    what + " is " + std::to_string(from) + " already, and can only be set to a greater number");
    }

    Result<void> set_boot() {
        const auto from = standing_.boot.value();
        SEALWRIGHT_TRY(only_forwards("the store's boot", from));
        SEALWRIGHT_TRY(check_step(from, kBootStep));
        const auto numbers = std::pair{std::to_string(from), std::to_string(command_.number)};
        Result<void> done = success();
        if (command_.write)
            done = store_->raise_boot(
                standing_.boot, BootEpoch{command_.number}, now_,
                events(audit::EventKind::epoch_raised, {{"from", numbers.first}, {"to", numbers.second}}));
        return finish("boot of node " + standing_.node.hex() + ": from " + numbers.first + " to " + numbers.second +
                          "; the next start is boot " + std::to_string(command_.number + 1),
                      done);
    }

    Result<void> set_crl_number() {
        SEALWRIGHT_TRY(const auto meant, issuer());
        SEALWRIGHT_TRY(only_forwards("the issuer's CRL number", meant.crl_number));
        SEALWRIGHT_TRY(check_step(meant.crl_number, kCrlNumberStep));
        const auto numbers = std::pair{std::to_string(meant.crl_number), std::to_string(command_.number)};
        Result<void> done = success();
        if (command_.write)
            done = store_->raise_crl_number(
                meant.key, meant.crl_number, command_.number, now_,
                events(audit::EventKind::crl_number_raised,
                       {{"from", numbers.first}, {"to", numbers.second}, {"issuer_key", meant.key.hex()}}));
        return finish("CRL number of issuer " + meant.key.hex() + ": from " + numbers.first + " to " + numbers.second +
                          "; the next CRL is number " + std::to_string(command_.number + 1),
                      done);
    }

    // check_plausible: a clock that lies before the CA was made is not one to be vouched for.
    Result<void> check_plausible() const {
        SEALWRIGHT_TRY(const auto certificate, configured_certificate());
        if (now_ >= certificate.fields().not_before) return success();
        return fail(ErrorCode::denied, "the clock says " + to_rfc3339(now_) + ", when the CA was not there yet (" +
                                           to_rfc3339(certificate.fields().not_before) + "): put the clock right");
    }

    Result<void> set_clock() {
        const auto clock = to_rfc3339(now_), last = to_rfc3339(standing_.last_commit);
        if (!is_behind()) {
            out_ << "the clock says " << clock << " and is not behind the last commit of " << last
                 << "; nothing was changed\n";
            return success();
        }
        SEALWRIGHT_TRY(check_plausible());
        Result<void> done = success();
        if (command_.write)
            done = store_->accept_clock(standing_.last_commit, now_,
                                        events(audit::EventKind::clock_accepted, {{"from", last}, {"to", clock}}));
        return finish("last commit: from " + last + " to " + clock + ", which the clock says", done);
    }

    // A store that is looked at stays what it is; the daemon brings its schema forward.
    static store::sqlite::Options options() {
        store::sqlite::Options options;
        options.migrate = false;
        options.readers = 1;
        return options;
    }

    const StoreCommand& command_;
    const Config& config_;
    const UtcTime now_;
    std::ostream& out_;
    const store::sqlite::Options options_ = options();
    std::unique_ptr<SqliteStore> store_;
    Standing standing_;
};

}  // namespace

std::string check_reason(std::string_view reason) {
    const auto is_control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; };
    if (reason.find_first_not_of(' ') == std::string_view::npos) return "a reason must be given";
    if (reason.size() > kMaxReason) return "a reason has at most " + std::to_string(kMaxReason) + " octets";
    if (std::any_of(reason.begin(), reason.end(), is_control)) return "a reason is text of one line";
    return {};
}

std::string check_number(std::string_view number) {
    constexpr std::size_t most_digits = 19;  // of 2^62
    const bool is_decimal = !number.empty() && number.find_first_not_of("0123456789") == std::string_view::npos;
    if (!is_decimal || number.front() == '0') return "a number is decimal, without sign and leading zeros";
    if (number.size() > most_digits) return "a number lies below 2^62";
    return {};
}

Result<void> run_store_command(const StoreCommand& command, const Config& config, const Clock& clock, std::ostream& out,
                               Log& log) {
    return Maintenance{command, config, clock, out}.run(log);
}

}  // namespace sealwright::server
