// fault_script.hpp: which call of which function answers what. A text file, one fault a line, read again when it
// changes: the function's name, conditions, actions. '#' begins a comment. A line that cannot be read ends the process.
//
//   C_Sign after=3 count=1 return=CKR_DEVICE_ERROR        the fourth call fails, once; the real function is not called
//   C_Sign return=CKR_DEVICE_ERROR call=yes               the real function is called and its success hidden: signed,
//                                                         and said not to be
//   C_SignInit count=0 return=CKR_SESSION_HANDLE_INVALID  every call fails
//   C_Sign count=5 delay_ms=200                           five calls take 200 ms longer
//   * after=100 crash once_file=/tmp/crashed              the 101st call of anything ends the process, in one life only
//
// The function is a name of CK_FUNCTION_LIST, or * for every one of them (their calls are counted together).
//
// Conditions; a fault acts where all that stand in its line hold:
//   after=N         not in the first N calls (default 0). Counting begins when the line is read.
//   count=N         in the N calls behind those; 0: without end. Default 1; 0 for what describes a token rather than
//                   an event (rate, serialise, race, limit, read_only, attribute, ignore, alter=key).
//   percent=P       in P of 100 of those calls, at random; seed=S (default 1) makes the same choices every time.
//   on=USR1|USR2    not before the process has got that signal; counting begins then.
//   once_file=PATH  only if PATH can be created anew: not again in a process that was restarted.
//   mark=PATH       no condition: the file at PATH grows by one octet each time the line acts, before it does. Who
//                   tests with a fault can so tell that it came, and how often. `C_Sign delay_ms=0 mark=PATH` does
//                   nothing but say that the script was read, and signals are listened for, before that call.
//
// Actions; a line has at least one. What ends or stops the process does so before the real function is called, with
// call=yes behind it (signed, and nobody told).
//   return=CODE     answers CKR_* of PKCS#11 2.40 to 3.2, or 0x...; the real function is not called, with call=yes it
//                   is
//   delay_ms=N      sleeps first
//   rate=N          all calls together at most N a second
//   serialise       one call at a time, its delay included, the others wait: a token with one engine
//   race            where two calls overlap, delays included, the one that came later answers
//                   CKR_OPERATION_NOT_INITIALIZED: a token that is not thread-safe
//   limit=N         C_OpenSession: with N sessions open it answers CKR_SESSION_COUNT
//   read_only=CODE  C_OpenSession: CODE to whoever asks for a read-only session
//   hang            sleeps for ever
//   crash | abort | exit   SIGSEGV, SIGABRT, or status 1 without a word
//   alter=signature C_Sign, C_SignFinal: the real signature with its last bit flipped
//   truncate=N      C_Sign, C_SignFinal: the signature N octets shorter
//   alter=key       C_GetAttributeValue: another public key, valid in itself (EC and Edwards keys: the curve's base
//                   point; others: a bit flipped), in CKA_EC_POINT, CKA_MODULUS, CKA_VALUE of a public key, and
//                   CKA_PUBLIC_KEY_INFO alike
//   attribute=CKA_X value=true|false|absent|disclosed [of=private|public|secret]   C_GetAttributeValue: a lie about one
//                   attribute; disclosed gives 32 octets where the token refuses
//   ignore=CKA_X[=true|false]   functions that take a template for a new object (and C_SetAttributeValue): the
//                   attribute is taken out of the template, or changed where it stands in it, before the real call
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <random>
#include <string>
#include <vector>

namespace faulty {

enum class End { none, hang, crash, abort, exit };

// Lie is what C_GetAttributeValue says of one attribute.
struct Lie {
    enum class Answer { yes, no, absent, disclosed };
    unsigned long attribute = 0;
    Answer answer = Answer::absent;
    std::optional<unsigned long> object_class;  // of such objects alone
};

// Ignored is an attribute that the token does not obey: left out, or another value.
struct Ignored {
    unsigned long attribute = 0;
    std::optional<bool> value;
};

// Gate is what the calls of one fault share.
struct Gate {
    std::atomic<bool> busy{false};  // race
    std::mutex turn;                // serialise
    std::mutex rate;
    std::chrono::steady_clock::time_point next{};  // rate: when the next call may begin
};

// Action is what one fault does to a call.
struct Action {
    std::optional<unsigned long> code;
    bool call = false;  // call the real function first and hide its answer
    unsigned long delay_ms = 0;
    unsigned long rate = 0;
    bool serialise = false, race = false;
    std::optional<unsigned long> limit, read_only;
    End end = End::none;
    bool alter_signature = false, alter_key = false;
    unsigned long truncate = 0;
    std::optional<Lie> lie;
    std::optional<Ignored> ignored;
    std::shared_ptr<Gate> gate = std::make_shared<Gate>();
};

struct Fault {
    std::string function;
    unsigned long after = 0;
    unsigned long count = 1;  // 0: without end
    unsigned long percent = 100;
    std::mt19937 random{1};
    int signal = 0;
    std::string once_file, mark;
    Action action;
    unsigned long seen = 0;
};

// Verdict is what a call shall do: all that the faults which meet it do.
using Verdict = std::vector<Action>;

class Script {
public:
    // judge counts one call of a function and says what shall become of it. Thread-safe.
    Verdict judge(const char* function);

private:
    using Stamp = std::array<std::int64_t, 3>;

    void reload_if_changed();

    std::mutex mutex_;
    std::vector<Fault> faults_;
    Stamp stamp_{};
};

}  // namespace faulty
