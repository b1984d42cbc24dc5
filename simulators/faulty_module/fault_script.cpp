#include "fault_script.hpp"

#include <fcntl.h>
#include <p11-kit/pkcs11.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <charconv>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <sstream>

#include "names.hpp"

namespace faulty {
namespace {

// A wrong line ends the process: a test that injects nothing must not pass.
[[noreturn]] void wrong(const std::string& line) {
    std::cerr << "faulty_module: cannot read the script's line: " << line << '\n';
    std::abort();
}

std::atomic<bool> got_usr1{false};
std::atomic<bool> got_usr2{false};

void note_signal(int signal) { (signal == SIGUSR1 ? got_usr1 : got_usr2).store(true); }

bool was_sent(int signal) { return (signal == SIGUSR1 ? got_usr1 : got_usr2).load(); }

// listen_for installs the handler when a line wants it, and never for a script without such a line.
void listen_for(int signal) {
    struct sigaction action {};
    action.sa_handler = &note_signal;
    action.sa_flags = SA_RESTART;
    ::sigemptyset(&action.sa_mask);
    ::sigaction(signal, &action, nullptr);
}

// Line reads one line's words into a Fault.
class Line {
public:
    explicit Line(const std::string& text) : text_(text) {}

    std::optional<Fault> read() {
        std::istringstream words{text_.substr(0, text_.find('#'))};
        if (!(words >> fault_.function)) return std::nullopt;
        if (fault_.function != "*" && !function_named(fault_.function)) wrong(text_);
        for (std::string word; words >> word;) {
            if (!condition(word) && !end(word) && !pace(word) && !answer(word) && !attribute(word)) wrong(text_);
        }
        finish();
        return std::move(fault_);
    }

private:
    static std::string value_of(const std::string& word) {
        const auto equals = word.find('=');
        return equals == std::string::npos ? std::string{} : word.substr(equals + 1);
    }
    static bool is(const std::string& word, std::string_view name) {
        return word.size() > name.size() && word.starts_with(name) && word[name.size()] == '=';
    }
    unsigned long number_of(const std::string& word) const {
        const std::string text = value_of(word);
        unsigned long number = 0;
        const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), number);
        if (problem != std::errc{} || end != text.data() + text.size()) wrong(text_);
        return number;
    }
    bool flag_of(const std::string& text, std::string_view yes, std::string_view no) const {
        if (text != yes && text != no) wrong(text_);
        return text == yes;
    }

    bool condition(const std::string& word) {
        if (is(word, "after")) {
            fault_.after = number_of(word);
        } else if (is(word, "count")) {
            count_ = number_of(word);
        } else if (is(word, "percent")) {
            fault_.percent = number_of(word);
            if (fault_.percent > 100) wrong(text_);
        } else if (is(word, "seed")) {
            fault_.random.seed(static_cast<std::mt19937::result_type>(number_of(word)));
        } else if (is(word, "on")) {
            fault_.signal = flag_of(value_of(word), "USR1", "USR2") ? SIGUSR1 : SIGUSR2;
        } else if (is(word, "once_file")) {
            fault_.once_file = value_of(word);
        } else if (is(word, "mark")) {
            fault_.mark = value_of(word);
        } else {
            return false;
        }
        return true;
    }

    bool end(const std::string& word) {
        const End end = word == "hang"    ? End::hang
                        : word == "crash" ? End::crash
                        : word == "abort" ? End::abort
                        : word == "exit"  ? End::exit
                                          : End::none;
        if (end == End::none) return false;
        action_.end = end;
        acts_ = true;
        return true;
    }

    bool pace(const std::string& word) {
        if (is(word, "delay_ms")) {
            action_.delay_ms = number_of(word);
        } else if (is(word, "rate")) {
            action_.rate = number_of(word);
            if (action_.rate == 0) wrong(text_);
            standing_ = true;
        } else if (word == "serialise") {
            standing_ = action_.serialise = true;
        } else if (word == "race") {
            standing_ = action_.race = true;
        } else {
            return false;
        }
        return acts_ = true;
    }

    bool answer(const std::string& word) {
        if (is(word, "call")) {
            action_.call = flag_of(value_of(word), "yes", "no");
            return true;
        }
        if (is(word, "return")) {
            action_.code = code_of(value_of(word));
        } else if (word == "alter=signature") {
            action_.alter_signature = true;
        } else if (is(word, "truncate")) {
            action_.truncate = number_of(word);
        } else if (word == "alter=key") {
            standing_ = action_.alter_key = true;
        } else if (is(word, "limit") && fault_.function == "C_OpenSession") {
            action_.limit = number_of(word);
            standing_ = true;
        } else if (is(word, "read_only") && fault_.function == "C_OpenSession") {
            action_.read_only = code_of(value_of(word));
            standing_ = true;
        } else {
            return false;
        }
        return acts_ = true;
    }

    bool attribute(const std::string& word) {
        if (is(word, "attribute")) {
            lie().attribute = attribute_of(value_of(word));
            has_attribute_ = true;
        } else if (is(word, "value")) {
            lie().answer = answer_of(value_of(word));
            has_value_ = true;
        } else if (is(word, "of")) {
            lie().object_class = class_of(value_of(word));
        } else if (is(word, "ignore")) {
            const std::string text = value_of(word);
            const auto equals = text.find('=');
            action_.ignored = Ignored{attribute_of(text.substr(0, equals)), std::nullopt};
            if (equals != std::string::npos) action_.ignored->value = flag_of(text.substr(equals + 1), "true", "false");
            standing_ = true;
        } else {
            return false;
        }
        return acts_ = true;
    }

    Lie& lie() {
        standing_ = true;
        if (!action_.lie) action_.lie.emplace();
        return *action_.lie;
    }
    unsigned long code_of(const std::string& text) const {
        if (const auto code = code_named(text)) return *code;
        if (!text.starts_with("0x")) wrong(text_);
        unsigned long code = 0;
        const auto [end, problem] = std::from_chars(text.data() + 2, text.data() + text.size(), code, 16);
        if (problem != std::errc{} || end != text.data() + text.size()) wrong(text_);
        return code;
    }
    unsigned long attribute_of(const std::string& text) const {
        const auto attribute = attribute_named(text);
        if (!attribute) wrong(text_);
        return *attribute;
    }
    Lie::Answer answer_of(const std::string& text) const {
        if (text == "true") return Lie::Answer::yes;
        if (text == "false") return Lie::Answer::no;
        if (text == "absent") return Lie::Answer::absent;
        if (text == "disclosed") return Lie::Answer::disclosed;
        wrong(text_);
    }
    unsigned long class_of(const std::string& text) const {
        if (text == "private") return CKO_PRIVATE_KEY;
        if (text == "public") return CKO_PUBLIC_KEY;
        if (text == "secret") return CKO_SECRET_KEY;
        wrong(text_);
    }

    // finish refuses what would inject nothing, or nothing that was meant.
    void finish() {
        if (!acts_ || (action_.call && !action_.code && action_.end == End::none)) wrong(text_);
        if (action_.lie && (!has_attribute_ || !has_value_)) wrong(text_);
        fault_.count = count_.value_or(standing_ ? 0 : 1);
        if (fault_.signal != 0) listen_for(fault_.signal);
    }

    const std::string& text_;
    Fault fault_;
    Action& action_ = fault_.action;
    std::optional<unsigned long> count_;
    bool acts_ = false, standing_ = false, has_attribute_ = false, has_value_ = false;
};

bool may_be_once(const std::string& path) {
    const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (file < 0) return false;
    ::close(file);
    return true;
}

// leave_mark: a mark that cannot be left ends the process, since the test would believe that nothing happened.
void leave_mark(const std::string& path) {
    const int file = ::open(path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
    if (file < 0 || ::write(file, "!", 1) != 1) {
        std::cerr << "faulty_module: cannot write " << path << '\n';
        std::abort();
    }
    ::close(file);
}

// holds: every condition of the fault holds for this call, which is counted.
bool holds(Fault& fault) {
    if (fault.signal != 0 && !was_sent(fault.signal)) return false;
    const unsigned long number = fault.seen++;
    if (number < fault.after || (fault.count != 0 && number >= fault.after + fault.count)) return false;
    if (fault.percent < 100 && fault.random() % 100 >= fault.percent) return false;
    return fault.once_file.empty() || may_be_once(fault.once_file);
}

}  // namespace

void Script::reload_if_changed() {
    const char* path = std::getenv("SEALWRIGHT_FAULTY_SCRIPT");
    struct stat status {};
    if (path == nullptr || ::stat(path, &status) != 0) {
        faults_.clear();
        stamp_ = Stamp{};
        return;
    }
    // The size as well: a file that is truncated and written again can keep its time, which moves by the kernel's tick.
    const Stamp stamp{status.st_mtim.tv_sec, status.st_mtim.tv_nsec, status.st_size};
    if (stamp == stamp_) return;
    stamp_ = stamp;
    faults_.clear();
    std::ifstream file{path};
    for (std::string line; std::getline(file, line);) {
        if (auto fault = Line{line}.read()) faults_.push_back(std::move(*fault));
    }
}

Verdict Script::judge(const char* function) {
    const std::scoped_lock lock{mutex_};
    reload_if_changed();
    Verdict verdict;
    for (Fault& fault : faults_) {
        if (fault.function != "*" && fault.function != function) continue;
        if (!holds(fault)) continue;
        if (!fault.mark.empty()) leave_mark(fault.mark);
        verdict.push_back(fault.action);
    }
    return verdict;
}

}  // namespace faulty
