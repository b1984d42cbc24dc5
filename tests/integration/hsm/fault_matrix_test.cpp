// Faults of a token against algorithms: while eight clients ask for certificate signatures, something breaks. At the
// end of each: the fault acted, as often as it should and with the effect that it must have; every request was
// answered, none was signed twice, no wrong signature was taken, the journal agrees with what the clients and the token
// saw, and signing went on within three seconds.
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <iostream>
#include <set>
#include <sstream>
#include <thread>

#include "asn1/oid.hpp"
#include "crypto/digest.hpp"
#include "crypto/random.hpp"
#include "signer_house.hpp"
#include "x509/name.hpp"

namespace sealwright::hsm::signer_process {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using SteadyClock = std::chrono::steady_clock;
using test::run_command;
using test::SignerProcess;
using test::SoftHsm;

std::string from_environment(const char* name) {
    const char* value = std::getenv(name);
    return value == nullptr ? "" : value;
}
const std::string kProgram = from_environment("SEALWRIGHT_TEST_SIGNER");
const std::string kFaulty = from_environment("SEALWRIGHT_TEST_FAULTY_MODULE");

constexpr std::string_view kSlowScript = "SEALWRIGHT_SECOND_SCRIPT";

constexpr unsigned kClients = 8;
constexpr seconds kRecovery{3};  // from the fault to the next good signature

constexpr seconds kActs{10};  // patience until a fault has acted
constexpr std::size_t kMostLines = 8;

constexpr milliseconds kInFlight{150};  // what was with the token when the fault came

struct Algorithm {
    const char* name;
    const char* genpkey;  // how openssl makes the key
    const char* signature;
};
const Algorithm kAlgorithms[] = {
    {"EcdsaP256", "-algorithm EC -pkeyopt ec_paramgen_curve:P-256", "ecdsa-sha256"},
    {"EcdsaP384", "-algorithm EC -pkeyopt ec_paramgen_curve:P-384", "ecdsa-sha384"},
    {"EcdsaP521", "-algorithm EC -pkeyopt ec_paramgen_curve:P-521", "ecdsa-sha512"},
    {"RsaPkcs1", "-algorithm RSA -pkeyopt rsa_keygen_bits:2048", "rsa-pkcs1-sha256"},
    {"RsaPss", "-algorithm RSA -pkeyopt rsa_keygen_bits:2048", "rsa-pss-sha384"},
};

enum class Process : std::uint8_t { stays, ends, either };  // the token's, by the fault

// Fault is what happens, what it may cost, and what must be seen of it: a fault that did not act proves nothing.
struct Fault {
    const char* name;
    const char* script;                             // FIRED becomes a file of its own; every line must act
    std::map<std::size_t, std::size_t> times = {};  // line -> how often exactly it acts; others at least once
    unsigned lasts_ms = 0;  // once all lines have acted; then the script is emptied. 0: the script counts for itself
    Process process = Process::stays;
    // Calls that must come from then on: by which the token's process finds its way back.
    std::vector<const char*> calls = {};
    std::size_t least_unknown = 0, most_unknown = 0;  // answers that may be indeterminate
    std::size_t wrong = 0;                            // signatures that the asker must find out
    const char* configuration = "";
    bool signs_nothing = false;  // while it lasts
    milliseconds slows{0};       // some answer takes so long
    unsigned rate = 0;           // signatures a second while it lasts, at most
    int signal = 0;              // that the token's process gets once it listens for it
};
const Fault kFaults[] = {
    {.name = "SessionLost",
     .script = "C_SignInit count=3 return=CKR_SESSION_HANDLE_INVALID\n",
     .times = {{0, 3}},
     .calls = {"C_FindObjectsInit"}},
    {.name = "LoginLost",
     .script = "C_SignInit count=2 return=CKR_USER_NOT_LOGGED_IN\n",
     .times = {{0, 2}},
     .calls = {"C_FindObjectsInit"}},
    {.name = "TokenReset",
     .script = "C_SignInit count=2 return=CKR_TOKEN_NOT_PRESENT\n"
               "C_GetSessionInfo count=6 return=CKR_SESSION_HANDLE_INVALID\n",
     .times = {{0, 2}},
     .calls = {"C_OpenSession"}},
    {.name = "DeviceRemovedAndBack",
     .script = "C_SignInit count=0 return=CKR_DEVICE_REMOVED\nC_OpenSession count=0 return=CKR_DEVICE_REMOVED\n"
               "C_GetTokenInfo count=0 return=CKR_TOKEN_NOT_PRESENT\n",
     .lasts_ms = 700,
     .process = Process::either,
     .signs_nothing = true},
    {.name = "ErrorAfterSigning",
     .script = "C_Sign call=yes return=CKR_DEVICE_ERROR\n",
     .times = {{0, 1}},
     .least_unknown = 1,
     .most_unknown = 1},
    {.name = "Poisoned",
     .script = "C_SignInit count=0 return=CKR_CRYPTOKI_NOT_INITIALIZED\n",
     .lasts_ms = 500,
     .process = Process::ends,
     .signs_nothing = true},
    {.name = "Hang",
     .script = "C_Sign hang once_file=FIRED\n",
     .times = {{0, 1}},
     .process = Process::ends,
     .least_unknown = 1,
     .most_unknown = 4},
    {.name = "Crash",
     .script = "C_Sign crash once_file=FIRED\n",
     .times = {{0, 1}},
     .process = Process::ends,
     .least_unknown = 1,
     .most_unknown = 4},
    {.name = "CrashAfterSigning",
     .script = "C_Sign crash call=yes once_file=FIRED\n",
     .times = {{0, 1}},
     .process = Process::ends,
     .least_unknown = 1,
     .most_unknown = 4},
    {.name = "WrongSignature",
     .script = "C_Sign count=3 alter=signature\n",
     .times = {{0, 3}},
     .most_unknown = 3,
     .wrong = 3},
    {.name = "TruncatedSignature",
     .script = "C_Sign count=2 truncate=1\n",
     .times = {{0, 2}},
     .least_unknown = 2,
     .most_unknown = 2},
    {.name = "SlowToken", .script = "C_Sign count=40 delay_ms=60\n", .times = {{0, 40}}, .slows = milliseconds{60}},
    // The token is lost, and what is found again under the same label and CKA_ID is another key: it is not used.
    {.name = "AnotherKeyInItsPlace",
     .script = "C_GetAttributeValue alter=key\nC_SignInit count=0 return=CKR_SESSION_HANDLE_INVALID\n",
     .lasts_ms = 600,
     .process = Process::either,
     .signs_nothing = true},
    // The same calls every time, by the seeds. What was signed and not told of is unknown.
    {.name = "AtRandom",
     .script = "C_SignInit percent=3 seed=11 count=0 return=CKR_SESSION_HANDLE_INVALID\n"
               "C_OpenSession percent=3 seed=12 count=0 return=CKR_DEVICE_REMOVED\n"
               "C_Sign percent=3 seed=13 count=0 return=CKR_DATA_LEN_RANGE\n"
               "C_Sign percent=2 seed=14 count=0 call=yes return=CKR_DEVICE_ERROR\n"
               "C_Sign percent=1 seed=15 count=0 crash once_file=FIRED\n",
     .times = {{4, 1}},
     .lasts_ms = 1500,
     .process = Process::ends,
     .calls = {"C_FindObjectsInit"},
     .least_unknown = 2,
     .most_unknown = 400},
    {.name = "HangOnASignal",
     .script = "C_Sign hang on=USR1 once_file=FIRED\n",
     .times = {{0, 1}},
     .process = Process::ends,
     .calls = {"C_Sign"},
     .least_unknown = 1,
     .most_unknown = 4,
     .signal = SIGUSR1},
    {.name = "CrashOnASignal",
     .script = "C_Sign crash call=yes on=USR2 once_file=FIRED\n",
     .times = {{0, 1}},
     .process = Process::ends,
     .calls = {"C_Sign"},
     .least_unknown = 1,
     .most_unknown = 4,
     .signal = SIGUSR2},
    {.name = "ThrottledWithFullQueue",
     .script = "C_Sign rate=60\n",
     .lasts_ms = 600,
     .configuration = "max_outstanding = 4\n",
     .rate = 60},
};

// Marked is a script whose lines leave a mark each, and says whether they acted.
class Marked {
public:
    // calls are functions of which it is only noted that they are called.
    Marked(const std::filesystem::path& folder, const std::string& script, const std::vector<const char*>& calls)
        : folder_(folder) {
        std::istringstream lines{script};
        for (std::string line; std::getline(lines, line); ++lines_) {
            if (const auto at = line.find("FIRED"); at != std::string::npos)
                line.replace(at, 5, (folder / "fired").string());
            text_ += line + " mark=" + mark(lines_) + "\n";
        }
        for (std::size_t i = 0; i < calls.size(); ++i)
            text_ += std::string{calls[i]} + " count=0 delay_ms=0 mark=" + mark(lines_ + i) + "\n";
    }
    const std::string& text() const { return text_; }
    std::size_t called(std::size_t call) const { return acted(lines_ + call); }
    // acted: how often the line did.
    std::size_t acted(std::size_t line) const {
        std::error_code none;
        const auto size = std::filesystem::file_size(mark(line), none);
        return none ? 0 : static_cast<std::size_t>(size);
    }
    // have_acted: each line has, those in times so often.
    bool have_acted(const std::map<std::size_t, std::size_t>& times) const {
        for (std::size_t line = 0; line < lines_; ++line) {
            const auto wanted = times.find(line);
            if (acted(line) < (wanted == times.end() ? 1 : wanted->second)) return false;
        }
        return true;
    }

private:
    std::string mark(std::size_t line) const { return (folder_ / ("acted." + std::to_string(line))).string(); }

    std::filesystem::path folder_;
    std::string text_;
    std::size_t lines_ = 0;
};

// Tally is what the clients saw.
struct Tally {
    struct Answer {
        IntentId intent;
        std::optional<ErrorCode> error;
        bool is_wrong = false;
        SteadyClock::time_point at;
        SteadyClock::duration took{0};
    };
    std::vector<Answer> answers;
    std::size_t asked = 0;

    std::size_t count(ErrorCode code) const {
        return static_cast<std::size_t>(
            std::count_if(answers.begin(), answers.end(), [&](const Answer& answer) { return answer.error == code; }));
    }
    std::size_t unknown() const { return count(ErrorCode::indeterminate) + count(ErrorCode::timed_out); }
    SteadyClock::duration longest() const {
        SteadyClock::duration longest{0};
        for (const Answer& answer : answers) longest = std::max(longest, answer.took);
        return longest;
    }
    std::size_t good() const {
        return static_cast<std::size_t>(std::count_if(
            answers.begin(), answers.end(), [](const Answer& answer) { return !answer.error && !answer.is_wrong; }));
    }
    std::size_t wrong() const {
        return static_cast<std::size_t>(
            std::count_if(answers.begin(), answers.end(), [](const Answer& answer) { return answer.is_wrong; }));
    }
};

// FaultHouse is two SoftHSM tokens that hold the same keys, imported, and a signer over the faulty module.
class FaultHouse {
public:
    FaultHouse() {
        for (const char* label : {"first", "second"}) serials_.push_back(softhsm_.add_token(label));
        int id = 1;
        for (const Algorithm& algorithm : kAlgorithms) add_key(algorithm, id++);
    }
    std::filesystem::path folder() const { return softhsm_.folder(); }
    std::filesystem::path path(const char* name) const { return folder() / name; }
    const crypto::PublicKey& key(const std::string& algorithm) const { return keys_.at(algorithm); }
    std::string softhsm_module() const { return softhsm_.module(); }

    // write_config: each token is a label and a module, in order of preference.
    void write_config(const Algorithm& algorithm, const std::vector<std::pair<std::string, std::string>>& tokens,
                      const std::string& extra) const {
        std::string text =
            "format = 1\nsocket = \"signer.sock\"\nsocket_mode = \"0600\"\njournal = \"journal\"\nallowed_uids = [" +
            std::to_string(::getuid()) + "]\nlanes = 2\n" + extra;
        for (const auto& [label, module] : tokens) {
            text += "[[token]]\nlabel = \"" + label + "\"\nmodule = \"" + module +
                    "\"\nevidence = \"none\"\nhang = \"1s\"\nstart = \"2s\"\npin = { file = \"pin\" "
                    "}\n[token.sandbox]\nread = "
                    "[\".\"]\nwrite = [\".\"]\n";
        }
        text += "[[key]]\nid = \"" + key(algorithm.name).id().hex() +
                "\"\nname = \"issuing\"\npurposes = [\"certificate\"]\n"
                "algorithms = [\"" +
                algorithm.signature + "\"]\n[key.certificate]\nissuer_sha256 = \"" +
                crypto::sha256(issuer().view()).hex() + "\"\nmax_validity = \"90d\"\n";
        test::write_text(path("signer.toml"), text);
    }
    // prefer gives the key its locations, in this order.
    void prefer(const std::vector<std::string>& labels) const {
        std::string list;
        for (const auto& label : labels)
            list += (list.empty() ? "\"" : ", \"") + serials_.at(label == "first" ? 0 : 1) + "\"";
        std::string text = test::read_text(path("signer.toml"));
        text.insert(text.find("[key.certificate]"), "locations = [" + list + "]\n");
        test::write_text(path("signer.toml"), text);
    }
    std::vector<std::string> environment() const {
        return {"SEALWRIGHT_FAULTY_MODULE=" + softhsm_.module(), "SEALWRIGHT_FAULTY_COUNT=" + path("count").string(),
                "SEALWRIGHT_FAULTY_LOGINS=" + path("logins").string(),
                "SEALWRIGHT_FAULTY_SCRIPT=" + path("script").string(),
                std::string{kSlowScript} + "=" + path("slow.script").string()};
    }
    // slow_module is the faulty module once more, which obeys a script of its own: signatures take their time, so that
    // there is work for a second location.
    std::string slow_module() const {
        constexpr std::string_view name = "SEALWRIGHT_FAULTY_SCRIPT";
        static_assert(name.size() == kSlowScript.size());
        std::string module = test::read_text(kFaulty);
        for (auto at = module.find(name); at != std::string::npos; at = module.find(name, at))
            module.replace(at, name.size(), kSlowScript);
        test::write_text(path("slow.so"), module);
        ::chmod(path("slow.so").c_str(), 0700);
        test::write_text(path("slow.script"), "C_Sign count=0 delay_ms=10\n");
        return path("slow.so").string();
    }
    static NameDer issuer() { return x509::encode_name(x509::parse_name_text("CN=Fault CA").value()).value(); }

    Bytes tbs(const Algorithm& algorithm, std::uint64_t number) const {
        x509::TbsCertificateFields fields;
        std::array<std::uint8_t, 16> serial{0x40};
        for (std::size_t i = 0; i < 8; ++i) serial[15 - i] = static_cast<std::uint8_t>(number >> (8 * i));
        fields.serial = SerialNumber{serial};
        fields.signature_algorithm = crypto::parse_signature_name(algorithm.signature).value();
        fields.issuer = issuer();
        fields.subject = issuer();
        fields.not_before = SystemClock{}.now();
        fields.not_after = fields.not_before + std::chrono::hours{24};
        fields.spki = key(algorithm.name).spki();
        fields.extensions = {{bytes_of(asn1::oid::kKeyUsage), true, x509::encode_key_usage(x509::kDigitalSignature)}};
        return x509::build_tbs_certificate(fields).bytes();
    }

private:
    void add_key(const Algorithm& algorithm, int id) {
        const std::string file = path(algorithm.name).string();
        run_command(std::string{"openssl genpkey "} + algorithm.genpkey + " -out " + file + " 2>&1");
        for (const char* label : {"first", "second"}) {
            run_command("softhsm2-util --import " + file + " --token " + label + " --label " + algorithm.name +
                        " --id 0" + std::to_string(id) + " --pin " + std::string{SoftHsm::kPin});
        }
        const std::string der = run_command("openssl pkey -in " + file + " -pubout -outform DER");
        keys_.emplace(algorithm.name, crypto::PublicKey::parse(view_of(der)).value());
    }

    SoftHsm softhsm_;
    std::vector<std::string> serials_;
    std::map<std::string, crypto::PublicKey> keys_;
};

class FaultMatrix : public ::testing::TestWithParam<std::tuple<Fault, Algorithm>> {
protected:
    static void SetUpTestSuite() { house_ = new FaultHouse; }
    static void TearDownTestSuite() { delete house_; }
    static FaultHouse& house() { return *house_; }

    void SetUp() override {
        for (const char* name : {"journal", "journal.refused-pins", "fired", "script", "logins", "log"})
            std::filesystem::remove(house().path(name));
        for (std::size_t line = 0; line < kMostLines; ++line)
            std::filesystem::remove(house().folder() / ("acted." + std::to_string(line)));
        signer_.log_to(house().path("log"));
    }
    void TearDown() override {
        if (HasFailure()) std::cerr << log_text();
    }
    static std::string log_text() { return test::read_text(house().path("log")); }

    void start(const Algorithm& algorithm, const std::vector<std::pair<std::string, std::string>>& tokens,
               const std::string& extra = {}, const std::vector<std::string>& preferred = {}) {
        algorithm_ = algorithm;
        house().write_config(algorithm, tokens, extra);
        if (!preferred.empty()) house().prefer(preferred);
        ASSERT_TRUE(signer_.start(kProgram, house().path("signer.toml"), house().environment())) << signer_.wait();
        test::write_text(house().path("count"), "");  // the proofs of the keys are not what is counted
        ClientOptions options;
        options.socket_path = house().path("signer.sock").string();
        options.node = NodeId::from_hex_text("000102030405060708090a0b0c0d0e0f").value();
        options.epoch = BootEpoch{1};
        options.expect_same_user = true;
        auto client = Client::connect(options, log_);
        ASSERT_TRUE(client) << client.error().describe();
        client_ = std::move(client).value();
    }

    // ask_on has the clients ask, one after the other, until done.
    void begin_load() {
        for (unsigned i = 0; i < kClients; ++i) clients_.emplace_back([this, i] { ask_on(i); });
    }
    void ask_on(unsigned client) {
        crypto::SystemRandom random;
        const auto& key = house().key(algorithm_.name);
        for (std::uint64_t i = 0; !done_; ++i) {
            const Bytes tbs = house().tbs(algorithm_, i * kClients + client);
            SignRequest request;
            request.key = key.id();
            request.algorithm = crypto::parse_signature_name(algorithm_.signature).value();
            request.intent = crypto::random_id<IntentId>(random);
            request.tbs = tbs;
            {
                const std::scoped_lock lock{mutex_};
                ++tally_.asked;
            }
            const auto asked = SteadyClock::now();
            const auto signature = client_->sign(request);
            Tally::Answer answer{request.intent, std::nullopt, false, SteadyClock::now()};
            answer.took = answer.at - asked;
            if (!signature) answer.error = signature.error().code();
            // What the daemon does with every signature before anybody sees it.
            if (signature) answer.is_wrong = !key.verify(request.algorithm, tbs, signature.value());
            {
                const std::scoped_lock lock{mutex_};
                tally_.answers.push_back(answer);
            }
            if (answer.error == ErrorCode::overloaded || answer.error == ErrorCode::unavailable) ::usleep(2000);
        }
    }
    void end_load() {
        done_ = true;
        for (auto& client : clients_) client.join();
        clients_.clear();
    }
    std::size_t good_so_far() {
        const std::scoped_lock lock{mutex_};
        return tally_.good();
    }
    bool wait_for_good(std::size_t count, seconds patience) {
        return wait_until([&] { return good_so_far() >= count; }, patience);
    }
    static void inject(const std::string& script) {
        // At once: half a script would be read, and counted from anew when it is whole.
        test::write_text(house().path("script.new"), script);
        std::filesystem::rename(house().path("script.new"), house().path("script"));
    }

    static Marked inject_marked(const std::string& script, const std::vector<const char*>& calls = {}) {
        Marked marked{house().folder(), script, calls};
        inject(marked.text());
        return marked;
    }
    static void expect_acts(const Marked& marked, const std::map<std::size_t, std::size_t>& times = {}) {
        EXPECT_TRUE(wait_until([&] { return marked.have_acted(times); }, kActs)) << "the fault did not act";
    }
    template <class Condition>
    static bool wait_until(const Condition& holds, seconds patience) {
        const auto give_up = SteadyClock::now() + patience;
        while (!holds()) {
            if (SteadyClock::now() > give_up) return false;
            ::usleep(3000);
        }
        return true;
    }

    // outage is the longest time without a good signature from the fault on.
    milliseconds outage(SteadyClock::time_point from) const {
        std::vector<SteadyClock::time_point> good{from};
        for (const auto& answer : tally_.answers) {
            if (!answer.error && !answer.is_wrong && answer.at > from) good.push_back(answer.at);
        }
        std::sort(good.begin(), good.end());
        SteadyClock::duration longest{0};
        for (std::size_t i = 1; i < good.size(); ++i) longest = std::max(longest, good[i] - good[i - 1]);
        return std::chrono::duration_cast<milliseconds>(longest);
    }

    // expect_answers holds what the clients were told against the journal, and gives how many are signed and unknown.
    std::pair<std::size_t, std::size_t> expect_answers(std::size_t most_unknown) {
        EXPECT_EQ(tally_.answers.size(), tally_.asked) << "a request was not answered";
        std::size_t signed_by_journal = 0, unknown = 0;
        for (const auto& answer : tally_.answers) {
            const auto state = client_->look_up(answer.intent, BootEpoch{1});
            EXPECT_TRUE(state) << state.error().describe();
            if (!state) break;
            signed_by_journal += state.value() == JournalState::signed_ ? 1 : 0;
            unknown += state.value() == JournalState::may_have_signed ? 1 : 0;
            if (!answer.error) {
                EXPECT_EQ(state.value(), JournalState::signed_);
            } else if (*answer.error == ErrorCode::indeterminate || *answer.error == ErrorCode::timed_out) {
                EXPECT_EQ(state.value(), JournalState::may_have_signed);
            } else {
                EXPECT_TRUE(state.value() == JournalState::failed || state.value() == JournalState::never_seen)
                    << error_code_name(*answer.error);
            }
        }
        EXPECT_LE(unknown, most_unknown);
        return {signed_by_journal, unknown};
    }
    // expect_agreement holds the journal against what the only token counted as well.
    void expect_agreement(std::size_t most_unknown) {
        const auto [signed_by_journal, unknown] = expect_answers(most_unknown);
        const auto [counted, is_distinct] = token_count();
        EXPECT_TRUE(is_distinct) << "something was signed twice";
        EXPECT_GE(counted, signed_by_journal);
        EXPECT_LE(counted, signed_by_journal + unknown + proofs_allowed_);
    }
    // token_count: signatures that the token gave since the start, and whether no digest is there twice.
    static std::pair<std::size_t, bool> token_count() {
        std::istringstream lines{test::read_text(house().path("count"))};
        std::set<std::string> seen;
        std::size_t count = 0;
        bool is_distinct = true;
        for (std::string pid, what; lines >> pid >> what; ++count) {
            if (what != "-") is_distinct = is_distinct && seen.insert(what).second;
        }
        return {count, is_distinct};
    }

    // expect_effects: the fault did what is its own, and not only happened.
    void expect_effects(const Fault& fault, const Marked& marked, milliseconds longest) const {
        for (const auto& [line, times] : fault.times) EXPECT_EQ(marked.acted(line), times) << "line " << line;
        for (std::size_t i = 0; i < fault.calls.size(); ++i) EXPECT_GT(marked.called(i), 0U) << "no " << fault.calls[i];
        EXPECT_EQ(tally_.wrong(), fault.wrong);
        EXPECT_GE(tally_.unknown(), fault.least_unknown);
        EXPECT_GE(tally_.longest(), fault.slows);
        EXPECT_GE(longest, fault.signs_nothing ? milliseconds{fault.lasts_ms} - kInFlight : milliseconds{0});
    }
    void expect_process(Process what, pid_t before) const {
        const pid_t now = signer_.child("signer-token");
        if (what == Process::either) return;
        EXPECT_EQ(now == before, what == Process::stays) << "the token's process was " << before << ", is " << now;
    }
    static void expect_rate(const Fault& fault, std::size_t counted, SteadyClock::duration passed) {
        if (fault.rate == 0) return;
        // What was with the token when it began, and one that is due at once.
        constexpr double in_flight = 8;
        const double seconds_passed = std::chrono::duration<double>(passed).count();
        EXPECT_LE(static_cast<double>(counted), fault.rate * seconds_passed + in_flight);
    }

    static FaultHouse* house_;
    NullLog log_;
    SignerProcess signer_;
    std::unique_ptr<Client> client_;
    Algorithm algorithm_{};
    std::vector<std::thread> clients_;
    std::mutex mutex_;
    Tally tally_;
    std::atomic<bool> done_{false};
    std::size_t proofs_allowed_ = 12;  // a token that comes up again proves its key
};
FaultHouse* FaultMatrix::house_ = nullptr;

TEST_P(FaultMatrix, IssuesThroughout) {
    const auto& [fault, algorithm] = GetParam();
    ASSERT_NO_FATAL_FAILURE(start(algorithm, {{"first", kFaulty}}, fault.configuration));
    begin_load();
    EXPECT_TRUE(wait_for_good(20, seconds{10}));
    const pid_t process = signer_.child("signer-token");
    ASSERT_GT(process, 0);
    const auto broken = SteadyClock::now();
    const Marked marked = inject_marked(fault.script, fault.calls);
    if (fault.signal != 0) {
        // A signal that came before the script is read would end the process, which is no fault of the script.
        EXPECT_TRUE(wait_until([&] { return marked.called(0) > 0; }, kActs)) << "the script is not read";
        ASSERT_EQ(::kill(process, fault.signal), 0);
    }
    expect_acts(marked, fault.times);
    const auto acted = SteadyClock::now();
    const std::size_t counted = token_count().first;
    if (fault.lasts_ms > 0) {
        ::usleep(fault.lasts_ms * 1000);
        expect_rate(fault, token_count().first - counted, SteadyClock::now() - acted);
        inject("");
    }
    ::usleep(200000);
    const std::size_t before = good_so_far();
    EXPECT_TRUE(wait_for_good(before + 20, seconds{12})) << "it does not sign again";
    end_load();
    const auto longest = outage(broken);
    std::cout << "    longest time without a signature " << longest.count() << " ms; " << tally_.good() << " good, "
              << tally_.wrong() << " wrong and found, " << tally_.unknown() << " unknown, "
              << tally_.count(ErrorCode::overloaded) << " overloaded, " << tally_.count(ErrorCode::unavailable)
              << " unavailable" << std::endl;
    EXPECT_LT(longest, kRecovery);
    expect_effects(fault, marked, longest);
    expect_process(fault.process, process);
    expect_agreement(fault.most_unknown);
    signer_.kill(SIGTERM);
    EXPECT_EQ(signer_.wait(), 0);
}

INSTANTIATE_TEST_SUITE_P(All, FaultMatrix,
                         ::testing::Combine(::testing::ValuesIn(kFaults), ::testing::ValuesIn(kAlgorithms)),
                         [](const auto& parameters) {
                             return std::string{std::get<0>(parameters.param).name} + "_" +
                                    std::get<1>(parameters.param).name;
                         });

// With a second location.
class SecondLocation : public FaultMatrix {};

TEST_P(SecondLocation, TakesOverAndGivesBack) {
    const auto& [fault, algorithm] = GetParam();
    ASSERT_NO_FATAL_FAILURE(start(algorithm, {{"first", kFaulty}, {"second", house().softhsm_module()}}));
    begin_load();
    EXPECT_TRUE(wait_for_good(20, seconds{10}));
    const std::size_t counted_before = token_count().first;
    const auto broken = SteadyClock::now();
    expect_acts(inject_marked(fault.script));
    ::usleep(1200000);
    const std::size_t counted_away = token_count().first;
    EXPECT_TRUE(wait_for_good(good_so_far() + 20, seconds{12}));
    EXPECT_LE(token_count().first, counted_away + 2) << "the first token was to be gone";
    inject("");
    const auto give_up = SteadyClock::now() + seconds{8};
    while (token_count().first < counted_away + 20 && SteadyClock::now() < give_up) ::usleep(10000);
    EXPECT_GE(token_count().first, counted_away + 20) << "the first token was not taken back";
    end_load();
    EXPECT_GE(counted_away, counted_before);
    const auto longest = outage(broken);
    std::cout << "    longest time without a signature " << longest.count() << " ms" << std::endl;
    EXPECT_LT(longest, kRecovery);
    EXPECT_EQ(tally_.count(ErrorCode::unavailable) + tally_.count(ErrorCode::overloaded), 0U);
    EXPECT_TRUE(token_count().second);
}

TEST_P(SecondLocation, IsNotMissedWhenItGoes) {
    const auto& [fault, algorithm] = GetParam();
    ASSERT_NO_FATAL_FAILURE(start(algorithm, {{"first", house().slow_module()}, {"second", kFaulty}}));
    begin_load();
    EXPECT_TRUE(wait_for_good(20, seconds{10}));
    const auto broken = SteadyClock::now();
    expect_acts(inject_marked(fault.script));
    ::usleep(400000);
    EXPECT_TRUE(wait_for_good(good_so_far() + 20, seconds{12}));
    end_load();
    EXPECT_LT(outage(broken), kRecovery);
    EXPECT_EQ(tally_.count(ErrorCode::unavailable), 0U);
}

// A key's locations are asked in the order in which it names them, whatever the order of the tokens.
TEST_P(SecondLocation, IsAskedFirstWhereTheKeyPrefersIt) {
    const auto& algorithm = std::get<1>(GetParam());
    for (const bool second_first : {true, false}) {
        std::filesystem::remove(house().path("journal"));
        const std::vector<std::string> order =
            second_first ? std::vector<std::string>{"second", "first"} : std::vector<std::string>{"first", "second"};
        ASSERT_NO_FATAL_FAILURE(
            start(algorithm, {{"first", kFaulty}, {"second", house().softhsm_module()}}, {}, order));
        crypto::SystemRandom random;
        for (std::uint64_t i = 0; i < 10; ++i) {
            const Bytes tbs = house().tbs(algorithm, i);
            SignRequest request;
            request.key = house().key(algorithm.name).id();
            request.algorithm = crypto::parse_signature_name(algorithm.signature).value();
            request.intent = crypto::random_id<IntentId>(random);
            request.tbs = tbs;
            EXPECT_TRUE(client_->sign(request));
        }
        EXPECT_EQ(token_count().first, second_first ? 0U : 10U);
        client_.reset();
        signer_.kill(SIGTERM);
        EXPECT_EQ(signer_.wait(), 0);
    }
}

const Fault kAway[] = {
    {"Away",
     "C_SignInit count=0 return=CKR_DEVICE_REMOVED\nC_OpenSession count=0 return=CKR_DEVICE_REMOVED\n"
     "C_GetTokenInfo count=0 return=CKR_TOKEN_NOT_PRESENT\n"},
};
INSTANTIATE_TEST_SUITE_P(All, SecondLocation,
                         ::testing::Combine(::testing::ValuesIn(kAway),
                                            ::testing::Values(kAlgorithms[0], kAlgorithms[3])),
                         [](const auto& parameters) {
                             return std::string{std::get<0>(parameters.param).name} + "_" +
                                    std::get<1>(parameters.param).name;
                         });

// A PIN that may have been tried twice is not tried again, whatever became of the processes that tried it; the other
// token goes on.
TEST_P(SecondLocation, GoesOnWhereTheFirstIsLeftAlone) {
    const auto& algorithm = std::get<1>(GetParam());
    for (const char* end : {"crash", "hang"}) {
        SCOPED_TRACE(end);
        SetUp();
        ASSERT_NO_FATAL_FAILURE(start(algorithm, {{"first", kFaulty}, {"second", house().softhsm_module()}}));
        EXPECT_EQ(test::lines_of(house().path("logins")), 1U);
        begin_load();
        EXPECT_TRUE(wait_for_good(good_so_far() + 20, seconds{10}));
        const auto broken = SteadyClock::now();
        expect_acts(inject_marked(std::string{"C_Sign crash once_file=FIRED\nC_Login count=0 call=yes "} + end + "\n"));
        // A crash, and two starts, of 2 s each where the login hangs.
        const auto tries = [&] { return test::lines_of(house().path("logins")); };
        for (int i = 0; i < 1000 && (tries() < 3 || signer_.children("signer-token") > 1); ++i) ::usleep(10000);
        EXPECT_EQ(tries(), 3U);
        inject("");  // the next login would succeed
        ::usleep(1000000);
        EXPECT_EQ(tries(), 3U);
        EXPECT_EQ(signer_.children("signer-token"), 1U);
        EXPECT_TRUE(wait_for_good(good_so_far() + 20, seconds{10}));
        end_load();
        EXPECT_LT(outage(broken), kRecovery);
        expect_answers(4);
        EXPECT_TRUE(token_count().second);
        done_ = false;
        client_.reset();
        signer_.kill(SIGTERM);
        EXPECT_EQ(signer_.wait(), 0);
        tally_ = {};
    }
}

// A module that is replaced while it runs is used until its process ends; the next one loads the new file and says so.
TEST_P(SecondLocation, ModuleUpgradedUnderUs) {
    const auto& algorithm = std::get<1>(GetParam());
    const auto module = house().path("module.so");
    std::filesystem::copy_file(kFaulty, module, std::filesystem::copy_options::overwrite_existing);
    ASSERT_NO_FATAL_FAILURE(start(algorithm, {{"first", module.string()}}));
    begin_load();
    EXPECT_TRUE(wait_for_good(20, seconds{10}));
    const auto upgrade = house().path("module.new");
    test::write_text(upgrade, test::read_text(kFaulty) + "\n");
    ::chmod(upgrade.c_str(), 0700);
    std::filesystem::rename(upgrade, module);
    EXPECT_TRUE(wait_for_good(good_so_far() + 20, seconds{10}));
    const auto digest = crypto::sha256(view_of(test::read_text(module))).hex();
    const auto says_so = [&] {
        return log_text().find("module.so is another file than before: SHA-256 " + digest) != std::string::npos;
    };
    EXPECT_FALSE(says_so()) << "the process that runs has the old one";
    const pid_t process = signer_.child("signer-token");
    const auto broken = SteadyClock::now();
    expect_acts(inject_marked("C_Sign crash once_file=FIRED\n"));
    ::usleep(200000);
    EXPECT_TRUE(wait_for_good(good_so_far() + 20, seconds{12}));
    end_load();
    EXPECT_LT(outage(broken), kRecovery);
    expect_process(Process::ends, process);
    EXPECT_TRUE(says_so());
    expect_agreement(4);
}

}  // namespace
}  // namespace sealwright::hsm::signer_process
