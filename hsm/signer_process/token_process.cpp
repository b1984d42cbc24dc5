#include "hsm/signer_process/token_process.hpp"

#include <sys/mman.h>

#include <cerrno>
#include <cstring>
#include <thread>

#include "hsm/pkcs11/token.hpp"
#include "hsm/signer_process/log_rooms.hpp"
#include "hsm/signer_process/octets.hpp"
#include "hsm/signer_process/packet_socket.hpp"
#include "hsm/signer_process/started_marks.hpp"
#include "hsm/signer_process/token_wire.hpp"
#include "hsm/signer_process/wire.hpp"

namespace sealwright::hsm::signer_process {
namespace {

using SteadyClock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds kTogether{1};

// Attachment is a long message, in memory that the server filled.
class Attachment {
public:
    static Result<Attachment> map(const Descriptor& file, std::uint64_t size) {
        const off_t there = ::lseek(file.get(), 0, SEEK_END);
        if (size == 0 || there < 0 || static_cast<std::uint64_t>(there) < size)
            return fail(ErrorCode::malformed, "an attached message that is shorter than it says");
        void* octets = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, file.get(), 0);
        if (octets == MAP_FAILED)
            return fail(ErrorCode::io, "an attached message cannot be read", std::strerror(errno));
        return Attachment{octets, static_cast<std::size_t>(size)};
    }
    Attachment(Attachment&& other) noexcept : octets_(std::exchange(other.octets_, nullptr)), size_(other.size_) {}
    Attachment(const Attachment&) = delete;
    Attachment& operator=(const Attachment&) = delete;
    Attachment& operator=(Attachment&&) = delete;
    ~Attachment() {
        if (octets_ != nullptr) ::munmap(octets_, size_);
    }
    ByteView view() const noexcept { return {static_cast<const std::uint8_t*>(octets_), size_}; }

private:
    Attachment(void* octets, std::size_t size) : octets_(octets), size_(size) {}
    void* octets_;
    std::size_t size_;
};

Result<Attachment> attachment_of(const TokenJob& job, const std::vector<Descriptor>& descriptors) {
    if (descriptors.size() != 1) return fail(ErrorCode::malformed, "an attached message that is not there");
    FieldReader fields{job.octets};
    return Attachment::map(descriptors.front(), fields.number<std::uint64_t>());
}

// Findings are lines for the log.
struct Findings {
    std::vector<std::string> infos, warnings;
};

// check_evidence holds what the token says of a key against its templates: a key that was put back as extractable must
// not be served as if it were the one of the ceremony.
Result<void> check_evidence(const TokenConfiguration& configuration, const KeyLimits& limits, pkcs11::Token& token,
                            Findings& findings) {
    const std::string of_key = configuration.name() + ": key " + limits.name + ": ";
    SEALWRIGHT_TRY(const auto evidence, token.evidence(limits.id));
    SEALWRIGHT_TRY(const auto judged, judge_evidence_by_any(evidence, limits.evidence_templates));
    if (judged.is_satisfied && limits.evidence_templates.size() > 1)
        findings.infos.push_back(of_key + "this token's satisfies " + judged.evidence_template);
    std::string errors;
    for (const auto& finding : judged.findings) {
        if (finding.severity == x509::Severity::note) continue;
        const bool is_error = finding.severity == x509::Severity::error;
        if (is_error) errors += (errors.empty() ? "" : "; ") + finding.detail;
        if (!is_error || !configuration.judge_evidence)
            findings.warnings.push_back(of_key + finding.code + ": " + finding.detail);
    }
    if (errors.empty() || !configuration.judge_evidence) return success();
    return fail(ErrorCode::token,
                "the key " + limits.name + " is not served: by " + judged.evidence_template + ": " + errors,
                "evidence = \"none\" in [token] would serve it all the same");
}

class TokenProcess {
public:
    TokenProcess(const Configuration& configuration, std::size_t token, TokenProcessEnds ends, Log& log)
        : configuration_(configuration), mine_(configuration.tokens[token]), ends_(std::move(ends)), log_(log) {}

    // start opens the token and tells the server what it found; a failure is told too.
    Result<void> start() {
        auto started = open();
        if (!started) (void)tell(TokenRefusal{started.error(), outlook_});
        return started;
    }

    // serve runs the lanes until the server has closed its end.
    void serve() {
        std::vector<std::thread> lanes;
        for (unsigned i = 0; i < mine_.lanes; ++i) lanes.emplace_back([this] { run_lane(); });
        for (auto& lane : lanes) lane.join();
    }

    bool pin_refused() const { return token_ && token_->pin_refused(); }

    // close ends sessions, login and module, in that order: C_Finalize comes before OpenSSL cleans up at exit (SoftHSM
    // crashes otherwise).
    void close() {
        token_.reset();
        module_.reset();
    }

private:
    Result<void> open() {
        SEALWRIGHT_TRY(auto marks, StartedMarks::map(std::move(ends_.marks)));
        marks_.emplace(std::move(marks));
        SEALWRIGHT_TRY(auto pin, read_secret_from_fd(ends_.pin.get()));
        ends_.pin.reset();
        lock_memory(log_);
        SEALWRIGHT_TRY(enter_token_sandbox(mine_.sandbox, mine_.module, log_));
        SEALWRIGHT_TRY(load_module());
        SEALWRIGHT_TRY(check_module());
        SEALWRIGHT_TRY(open_token(std::move(pin)));
        return announce();
    }

    // load_module: a file that cannot be loaded wants a person; a module that does not begin may lack its service or
    // its device.
    Result<void> load_module() {
        auto loaded = pkcs11::Module::load(mine_.module, mine_.module_init_args);
        if (!loaded && loaded.error().code() == ErrorCode::token) outlook_ = Outlook::may_heal;
        SEALWRIGHT_TRY(module_, std::move(loaded));
        return success();
    }

    // open_token: a token that is not there, or answers nonsense, may come; a refused PIN and two tokens of one name do
    // not heal.
    Result<void> open_token(Secret pin) {
        // One session more than lanes for what is not signing.
        auto opened =
            pkcs11::Token::open(module_, pkcs11::TokenSelector{mine_.serial, mine_.label}, std::move(pin),
                                pkcs11::Token::Options{mine_.lanes + 1, true, ends_.rejection_key, ends_.logins});
        if (!opened) {
            const ErrorCode code = opened.error().code();
            const bool is_lasting =
                code == ErrorCode::denied || code == ErrorCode::conflict || code == ErrorCode::config;
            outlook_ = is_lasting ? Outlook::needs_a_person : Outlook::may_heal;
        }
        SEALWRIGHT_TRY(token_, std::move(opened));
        return success();
    }

    Result<void> check_module() const {
        const Sha256& digest = module_->info().file_sha256;
        if (!mine_.module_sha256 || *mine_.module_sha256 == digest) return success();
        return fail(ErrorCode::config,
                    "the PKCS#11 module " + mine_.module + " is another file than module_sha256 says",
                    "SHA-256 " + digest.hex());
    }

    Result<void> announce() {
        Findings findings;
        auto told = announce_keys(findings);
        tell(findings);
        if (told) told = announce_token();
        if (!told) outlook_ = outlook_of(told.error().code());
        return told;
    }

    // tell: the log has each finding once in the signer's life, and not once in each of this process's.
    void tell(const Findings& findings) {
        std::vector<std::string> all = findings.infos;
        all.insert(all.end(), findings.warnings.begin(), findings.warnings.end());
        if (!ends_.findings->is_news(all)) return;
        for (const auto& line : findings.infos) log_.info(kTokenRoom, line);
        for (const auto& line : findings.warnings) log_.warning(kTokenRoom, line);
    }

    Result<void> announce_keys(Findings& findings) {
        SEALWRIGHT_TRY(const auto present, token_->keys());
        for (const KeyLimits& limits : configuration_.keys) {
            if (!limits.may_be_in(token_->info().serial)) continue;
            const auto found = std::find_if(present.begin(), present.end(),
                                            [&](const auto& key) { return key.id == limits.id && key.has_private; });
            if (found == present.end()) {
                // With several tokens a key need not be in each of them, unless it was enrolled there.
                if (configuration_.tokens.size() > 1 && limits.locations.empty()) continue;
                return fail(ErrorCode::not_found, "the token does not hold the key " + limits.name,
                            "key " + limits.id.hex());
            }
            SEALWRIGHT_TRY(check_evidence(mine_, limits, *token_, findings));
            SEALWRIGHT_TRY(announce(limits, found->public_key));
        }
        return success();
    }

    Result<void> announce_token() {
        const auto& token = token_->info();
        const auto& module = module_->info();
        return tell(
            TokenReady{token.serial, token.label, token.manufacturer, token.model, module.path, module.file_sha256});
    }

    Result<void> announce(const KeyLimits& limits, const crypto::PublicKey& key) {
        bool signs_digests = true;
        for (const auto& algorithm : limits.algorithms) {
            if (!crypto::fits(algorithm, key.type())) {
                return fail(ErrorCode::config, "the key " + limits.name + " cannot make " +
                                                   crypto::signature_name(algorithm) + " signatures");
            }
            signs_digests = signs_digests && token_->signs_digests(algorithm);
        }
        return tell(TokenKeyNotice{limits.id, signs_digests, key.spki().view()});
    }

    Result<void> tell(const TokenMessage& message) const {
        return send_packet(ends_.server.get(), encode_packet(message), Waiting::yes);
    }

    void run_lane() noexcept {
        try {
            PacketReceiver receiver{kMaxPacket};
            for (;;) {
                const auto packet = receiver.receive(ends_.server.get());
                if (!packet) return;  // the server is gone, or has ended this
                const auto jobs = parse_token_jobs(packet.value().octets);
                if (!jobs) {
                    log_.error(kTokenRoom, jobs.error().describe());
                    return;
                }
                if (!answer(jobs.value(), packet.value().descriptors)) return;
            }
        } catch (const std::exception& error) {
            log_.error(kTokenRoom, std::string{"a lane ended: "} + error.what());
        }
    }

    // answer signs what a packet holds. Results of a fast token go back together; what took long goes back at once, so
    // that it is not lost with what comes behind it.
    bool answer(const TokenJobs& jobs, const std::vector<Descriptor>& descriptors) {
        auto begun = SteadyClock::now();
        std::vector<Made> made;
        for (const TokenJob& job : jobs.jobs) {
            made.push_back({job.slot, job.ticket, sign(job, descriptors)});
            const auto taken = SteadyClock::now() - begun;
            if (taken < kTogether && &job != &jobs.jobs.back()) continue;
            if (!tell_results(made, taken)) return false;
            made.clear();
            begun = SteadyClock::now();
        }
        if (!token_->pin_refused()) return true;
        (void)tell(TokenRefusal{fail(ErrorCode::denied, "the token refused the PIN; it is not tried again"),
                                Outlook::needs_a_person});
        return false;
    }

    struct Made {
        std::uint16_t slot;
        std::uint64_t ticket;
        Result<Bytes> octets;
    };

    bool tell_results(std::vector<Made>& made, SteadyClock::duration taken) const {
        TokenResults results;
        const auto microseconds = std::chrono::duration_cast<std::chrono::microseconds>(taken).count();
        results.microseconds = static_cast<std::uint32_t>(std::min<std::int64_t>(microseconds, UINT32_MAX));
        for (const Made& one : made) {
            TokenResult result{one.slot, one.ticket, std::nullopt, {}};
            if (one.octets) {
                result.signature = one.octets.value();
            } else {
                result.error = told_error(one.octets.error());
            }
            results.results.push_back(std::move(result));
        }
        Bytes packet = encode_packet(results);
        const bool told = static_cast<bool>(send_packet(ends_.server.get(), packet, Waiting::yes));
        // It may have held what was decrypted.
        zeroise(packet.data(), packet.size());
        for (Made& one : made) {
            if (one.octets) zeroise(one.octets.value().data(), one.octets.value().size());
        }
        return told;
    }

    // told_error: a login that was refused in a recovery says nothing about this signature, but that it was not made.
    Error told_error(const Error& error) const {
        if (error.code() != ErrorCode::denied || !token_->pin_refused()) return error;
        return Error{ErrorCode::unavailable, error.public_detail(), error.private_detail()};
    }

    Result<Bytes> decrypt(const TokenJob& job) {
        SEALWRIGHT_TRY(const auto request, parse_decrypt_request(job.key, job.octets));
        SEALWRIGHT_TRY(const Secret secret, token_->decrypt(request));
        if (secret.empty()) return fail(ErrorCode::malformed, "there is nothing in what was decrypted");
        return bytes_of(secret.reveal());
    }

    Result<Bytes> sign(const TokenJob& job, const std::vector<Descriptor>& descriptors) {
        if (!marks_->begin(job.slot, job.ticket))
            return fail(ErrorCode::expired, "nobody wants this signature any more");
        if (job.form == TokenJob::Form::decrypt) return decrypt(job);
        if (job.form == TokenJob::Form::digest) return token_->sign_digest(job.key, job.algorithm, job.octets);
        SignRequest request;
        request.key = job.key;
        request.algorithm = job.algorithm;
        request.tbs = job.octets;
        if (job.form == TokenJob::Form::message) return token_->sign(request);
        SEALWRIGHT_TRY(const auto attachment, attachment_of(job, descriptors));
        request.tbs = attachment.view();
        return token_->sign(request);
    }

    const Configuration& configuration_;
    const TokenConfiguration& mine_;
    TokenProcessEnds ends_;
    Log& log_;
    Outlook outlook_ = Outlook::needs_a_person;  // of a start that fails
    std::optional<StartedMarks> marks_;
    std::shared_ptr<pkcs11::Module> module_;
    std::shared_ptr<pkcs11::Token> token_;
};

}  // namespace

int run_token_process(const Configuration& configuration, std::size_t token, TokenProcessEnds ends, Log& log) {
    TokenProcess process{configuration, token, std::move(ends), log};
    const auto started = process.start();
    if (started) process.serve();
    const bool pin_refused = process.pin_refused();
    process.close();
    if (pin_refused || (!started && started.error().code() == ErrorCode::denied)) return kTokenPinRefused;
    return started ? 0 : 1;
}

}  // namespace sealwright::hsm::signer_process
