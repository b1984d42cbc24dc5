#include "effects.hpp"

#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <thread>

namespace faulty {
namespace {

using std::chrono::steady_clock;

// Public keys that nobody asked for: the base points of the curves (SEC 2, RFC 8032), which end every encoding of a
// point, wrapped or not, and of a SubjectPublicKeyInfo.
constexpr std::string_view kP256 =
    "046b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c2964fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ece"
    "cbb6406837bf51f5";
constexpr std::string_view kP384 =
    "04aa87ca22be8b05378eb1c71ef320ad746e1d3b628ba79b9859f741e082542a385502f25dbf55296c3a545e3872760ab73617de4a96262c6f"
    "5d9e98bf9292dc29f8f41dbd289a147ce9da3113b5f0b8c00a60b1ce1d7e819d7a431d7c90ea0e5f";
constexpr std::string_view kP521 =
    "0400c6858e06b70404e9cd9e3ecb662395b4429c648139053fb521f828af606b4d3dbaa14b5e77efe75928fe1dc127a2ffa8de3348b3c1856a"
    "429bf97e7e31c2e5bd66011839296a789a3bc0045c8a5fb42c7d1bd998f54449579b446817afbd17273e662c97ee72995ef42640c550b9013f"
    "ad0761353c7086a272c24088be94769fd16650";
constexpr std::string_view kEd25519 = "5866666666666666666666666666666666666666666666666666666666666666";
constexpr std::string_view kEd448 =
    "14fa30f25b790898adc8d74e2c13bdfdc4397ce61cffd33ad7c2a0051e9c78874098a36c7373ea4b62c7c9563720768824bcb66e71463f69"
    "00";

// How far from the end of a modulus a bit is flipped; a SubjectPublicKeyInfo ends with the exponent 65537 behind it.
constexpr std::size_t kModulusBit = 64;
constexpr std::size_t kExponent = 5;

std::vector<unsigned char> octets_of(std::string_view hexadecimal) {
    std::vector<unsigned char> octets;
    for (std::size_t at = 0; at < hexadecimal.size(); at += 2)
        octets.push_back(
            static_cast<unsigned char>(std::strtoul(std::string{hexadecimal.substr(at, 2)}.c_str(), nullptr, 16)));
    return octets;
}

std::string_view other_point(unsigned long key_type, unsigned long point_size) {
    if (key_type == CKK_EC) return point_size < 90 ? kP256 : point_size < 125 ? kP384 : kP521;
    return point_size < 45 ? kEd25519 : kEd448;
}

std::optional<unsigned long> number_attribute(const CK_FUNCTION_LIST& real, CK_SESSION_HANDLE session,
                                              CK_OBJECT_HANDLE object, CK_ATTRIBUTE_TYPE type) {
    unsigned long number = 0;
    CK_ATTRIBUTE attribute{type, &number, sizeof(number)};
    if (real.C_GetAttributeValue(session, object, &attribute, 1) != CKR_OK) return std::nullopt;
    return number;
}

struct Kind {
    std::optional<unsigned long> object_class, key_type;
};

bool has_value(const CK_ATTRIBUTE& attribute) {
    return attribute.pValue != nullptr && attribute.ulValueLen != CK_UNAVAILABLE_INFORMATION &&
           attribute.ulValueLen > 0;
}

void flip(CK_ATTRIBUTE& attribute, std::size_t from_end) {
    if (attribute.ulValueLen >= from_end)
        static_cast<unsigned char*>(attribute.pValue)[attribute.ulValueLen - from_end] ^= 1;
}

void put_other_point(CK_ATTRIBUTE& attribute, unsigned long key_type, unsigned long point_size) {
    const auto point = octets_of(other_point(key_type, point_size));
    if (attribute.ulValueLen < point.size()) return;
    std::memcpy(static_cast<unsigned char*>(attribute.pValue) + attribute.ulValueLen - point.size(), point.data(),
                point.size());
}

// A SubjectPublicKeyInfo is its point with an AlgorithmIdentifier before it: that much longer.
unsigned long header_size(unsigned long key_type) { return key_type == CKK_EC ? 26 : 12; }

void alter_key(CK_ATTRIBUTE& attribute, const Kind& kind) {
    if (!has_value(attribute) || !kind.key_type) return;
    const bool is_curve = kind.key_type == CKK_EC || kind.key_type == CKK_EC_EDWARDS;
    switch (attribute.type) {
        case CKA_EC_POINT:
            if (is_curve) put_other_point(attribute, *kind.key_type, attribute.ulValueLen);
            break;
        case CKA_MODULUS:
            flip(attribute, kModulusBit);
            break;
        case CKA_VALUE:
            if (kind.object_class == CKO_PUBLIC_KEY) flip(attribute, 1);
            break;
        case CKA_PUBLIC_KEY_INFO:
            if (is_curve) {
                put_other_point(attribute, *kind.key_type, attribute.ulValueLen - header_size(*kind.key_type));
            } else {
                flip(attribute, kind.key_type == CKK_RSA ? kModulusBit + kExponent : 1);
            }
            break;
        default:
            break;
    }
}

void disclose(CK_ATTRIBUTE& attribute, unsigned long room) {
    constexpr unsigned long kSecretSize = 32;
    if (attribute.pValue != nullptr && room >= kSecretSize) std::memset(attribute.pValue, 0x5a, kSecretSize);
    attribute.ulValueLen = kSecretSize;
}

void answer(CK_ATTRIBUTE& attribute, Lie::Answer answer) {
    switch (answer) {
        case Lie::Answer::yes:
        case Lie::Answer::no:
            if (attribute.pValue != nullptr)
                *static_cast<CK_BBOOL*>(attribute.pValue) = answer == Lie::Answer::yes ? CK_TRUE : CK_FALSE;
            attribute.ulValueLen = sizeof(CK_BBOOL);
            break;
        case Lie::Answer::absent:
            attribute.ulValueLen = CK_UNAVAILABLE_INFORMATION;
            break;
        case Lie::Answer::disclosed:
            disclose(attribute, 32);
            break;
    }
}

}  // namespace

Passage::Passage(const Verdict& verdict) {
    for (const Action& action : verdict) {
        if (action.race) {
            if (action.gate->busy.exchange(true)) {
                overlaps_ = true;
            } else {
                entered_.push_back(action.gate);
            }
        }
        if (action.serialise) {
            action.gate->turn.lock();
            locked_.push_back(action.gate);
        }
    }
}

Passage::~Passage() {
    for (const auto& gate : locked_) gate->turn.unlock();
    for (const auto& gate : entered_) gate->busy.store(false);
}

void wait_for(const Verdict& verdict) {
    for (const Action& action : verdict) {
        if (action.rate > 0) {
            steady_clock::time_point mine;
            {
                const std::scoped_lock lock{action.gate->rate};
                mine = std::max(action.gate->next, steady_clock::now());
                action.gate->next = mine + std::chrono::nanoseconds{1000000000 / action.rate};
            }
            std::this_thread::sleep_until(mine);
        }
        if (action.delay_ms > 0) std::this_thread::sleep_for(std::chrono::milliseconds{action.delay_ms});
    }
}

void end_now(const Verdict& verdict, bool behind_the_call) {
    for (const Action& action : verdict) {
        if (action.call != behind_the_call) continue;
        switch (action.end) {
            case End::none:
                break;
            case End::hang:
                for (;;) ::pause();
            case End::crash:
                // Blocked or caught, it would return to us: the default action ends the process.
                ::signal(SIGSEGV, SIG_DFL);
                ::raise(SIGSEGV);
                break;
            case End::abort:
                std::abort();
            case End::exit:
                ::_exit(1);
        }
    }
}

void spoil_signature(const Verdict& verdict, unsigned char* signature, unsigned long& size) {
    for (const Action& action : verdict) {
        if (action.alter_signature && size > 0) signature[size - 1] ^= 1;
        size -= std::min(size, action.truncate);
    }
}

CK_RV lie_about(const Verdict& verdict, const CK_FUNCTION_LIST& real, CK_SESSION_HANDLE session,
                CK_OBJECT_HANDLE object, CK_ATTRIBUTE* attributes, unsigned long count, CK_RV rv) {
    const bool lies = std::any_of(verdict.begin(), verdict.end(),
                                  [](const Action& action) { return action.alter_key || action.lie.has_value(); });
    if (!lies) return rv;
    const Kind kind{number_attribute(real, session, object, CKA_CLASS),
                    number_attribute(real, session, object, CKA_KEY_TYPE)};
    bool lied = false;
    for (unsigned long i = 0; i < count; ++i) {
        CK_ATTRIBUTE& attribute = attributes[i];
        for (const Action& action : verdict) {
            if (action.alter_key) alter_key(attribute, kind);
            if (!action.lie || action.lie->attribute != attribute.type) continue;
            if (action.lie->object_class && action.lie->object_class != kind.object_class) continue;
            answer(attribute, action.lie->answer);
            lied = true;
        }
    }
    if (!lied) return rv;
    const bool some_absent = std::any_of(attributes, attributes + count, [](const CK_ATTRIBUTE& attribute) {
        return attribute.ulValueLen == CK_UNAVAILABLE_INFORMATION;
    });
    return some_absent ? CKR_ATTRIBUTE_TYPE_INVALID : CKR_OK;
}

DisobeyedTemplate::DisobeyedTemplate(const Verdict& verdict, CK_ATTRIBUTE* attributes, unsigned long count) {
    for (unsigned long i = 0; attributes != nullptr && i < count; ++i) {
        CK_ATTRIBUTE attribute = attributes[i];
        bool leave_out = false;
        for (const Action& action : verdict) {
            if (!action.ignored || action.ignored->attribute != attribute.type) continue;
            leave_out = !action.ignored->value;
            if (leave_out) continue;
            values_.push_back(*action.ignored->value ? CK_TRUE : CK_FALSE);
            attribute.pValue = &values_.back();
            attribute.ulValueLen = sizeof(CK_BBOOL);
        }
        if (!leave_out) attributes_.push_back(attribute);
    }
}

}  // namespace faulty
