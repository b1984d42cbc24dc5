#include "fault_script.hpp"

#include <p11-kit/pkcs11.h>
#include <sys/stat.h>

#include <array>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <sstream>

namespace faulty {
namespace {

struct Code {
    const char* name;
    unsigned long value;
};

#define CODE(name) \
    Code { #name, name }
constexpr std::array kCodes{
    CODE(CKR_OK),
    CODE(CKR_HOST_MEMORY),
    CODE(CKR_GENERAL_ERROR),
    CODE(CKR_FUNCTION_FAILED),
    CODE(CKR_ARGUMENTS_BAD),
    CODE(CKR_ATTRIBUTE_TYPE_INVALID),
    CODE(CKR_TEMPLATE_INCONSISTENT),
    CODE(CKR_DATA_LEN_RANGE),
    CODE(CKR_DEVICE_ERROR),
    CODE(CKR_DEVICE_MEMORY),
    CODE(CKR_DEVICE_REMOVED),
    CODE(CKR_FUNCTION_CANCELED),
    CODE(CKR_KEY_HANDLE_INVALID),
    CODE(CKR_KEY_FUNCTION_NOT_PERMITTED),
    CODE(CKR_MECHANISM_INVALID),
    CODE(CKR_OBJECT_HANDLE_INVALID),
    CODE(CKR_OPERATION_NOT_INITIALIZED),
    CODE(CKR_PIN_INCORRECT),
    CODE(CKR_PIN_LOCKED),
    CODE(CKR_SESSION_CLOSED),
    CODE(CKR_SESSION_COUNT),
    CODE(CKR_SESSION_HANDLE_INVALID),
    CODE(CKR_TOKEN_NOT_PRESENT),
    CODE(CKR_USER_NOT_LOGGED_IN),
    CODE(CKR_BUFFER_TOO_SMALL),
    CODE(CKR_CRYPTOKI_NOT_INITIALIZED),
    CODE(CKR_FUNCTION_REJECTED),
};
#undef CODE

unsigned long number_of(const std::string& text) { return std::strtoul(text.c_str(), nullptr, 0); }

std::optional<unsigned long> code_of(const std::string& text) {
    for (const Code& code : kCodes) {
        if (text == code.name) return code.value;
    }
    if (text.starts_with("0x")) return number_of(text);
    return std::nullopt;
}

// A wrong line ends the process: a test that injects nothing must not pass.
[[noreturn]] void wrong(const std::string& line) {
    std::cerr << "faulty_module: cannot read the script's line: " << line << '\n';
    std::abort();
}

std::optional<Fault> parse(const std::string& line) {
    std::istringstream words{line.substr(0, line.find('#'))};
    Fault fault;
    if (!(words >> fault.function)) return std::nullopt;
    for (std::string word; words >> word;) {
        const auto equals = word.find('=');
        if (equals == std::string::npos) wrong(line);
        const std::string name = word.substr(0, equals);
        const std::string value = word.substr(equals + 1);
        if (name == "after") {
            fault.after = number_of(value);
        } else if (name == "count") {
            fault.count = number_of(value);
        } else if (name == "delay_ms") {
            fault.delay_ms = number_of(value);
        } else if (name == "call") {
            fault.call = value == "yes";
        } else if (name == "return" && (fault.code = code_of(value))) {
            continue;
        } else {
            wrong(line);
        }
    }
    return fault;
}

}  // namespace

void Script::reload_if_changed() {
    const char* path = std::getenv("SEALWRIGHT_FAULTY_SCRIPT");
    struct stat status {};
    if (path == nullptr || ::stat(path, &status) != 0) {
        faults_.clear();
        stamp_ = -1;
        return;
    }
    const std::int64_t stamp = status.st_mtim.tv_sec * 1000000000 + status.st_mtim.tv_nsec;
    if (stamp == stamp_) return;
    stamp_ = stamp;
    faults_.clear();
    std::ifstream file{path};
    for (std::string line; std::getline(file, line);) {
        if (auto fault = parse(line)) faults_.push_back(std::move(*fault));
    }
}

Verdict Script::judge(const char* function) {
    const std::scoped_lock lock{mutex_};
    reload_if_changed();
    Verdict verdict;
    for (Fault& fault : faults_) {
        if (fault.function != function) continue;
        const unsigned long number = fault.seen++;
        if (number < fault.after || (fault.count != 0 && number >= fault.after + fault.count)) continue;
        verdict.delay_ms += fault.delay_ms;
        if (fault.code) {
            verdict.code = fault.code;
            verdict.call = fault.call;
        }
    }
    return verdict;
}

}  // namespace faulty
