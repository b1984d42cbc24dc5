// fault_script.hpp: which call of which function answers what. A text file, one fault a line, read again when it
// changes:
//
//   C_Sign after=3 count=1 return=CKR_DEVICE_ERROR        the fourth call fails, once; the real function is not called
//   C_Sign after=0 count=1 return=CKR_DEVICE_ERROR call=yes   the real function is called and its success hidden:
//   signed, and said not to be C_SignInit count=0 return=CKR_SESSION_HANDLE_INVALID  every call fails (count=0: without
//   end) C_Sign count=5 delay_ms=200                           five calls take 200 ms longer
//
// after defaults to 0, count to 1. Counting starts when the line is read. '#' begins a comment.
#pragma once

#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace faulty {

struct Fault {
    std::string function;
    unsigned long after = 0;
    unsigned long count = 1;  // 0: without end
    std::optional<unsigned long> code;
    unsigned long delay_ms = 0;
    bool call = false;  // call the real function first and hide its answer
    unsigned long seen = 0;
};

// Verdict is what a call shall do.
struct Verdict {
    std::optional<unsigned long> code;
    unsigned long delay_ms = 0;
    bool call = false;
};

class Script {
public:
    // judge counts one call of a function and says what shall become of it. Thread-safe.
    Verdict judge(const char* function);

private:
    void reload_if_changed();

    std::mutex mutex_;
    std::vector<Fault> faults_;
    std::int64_t stamp_ = -1;
};

}  // namespace faulty
