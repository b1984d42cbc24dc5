// effects.hpp: what the actions of a script do to the arguments and answers of a call.
#pragma once

#include <p11-kit/pkcs11.h>

#include <deque>
#include <vector>

#include "fault_script.hpp"

namespace faulty {

// Passage lasts as long as a call: it waits for its turn (serialise) and notices an overlap (race).
class Passage {
public:
    explicit Passage(const Verdict& verdict);
    ~Passage();
    Passage(const Passage&) = delete;
    Passage& operator=(const Passage&) = delete;
    bool overlaps() const noexcept { return overlaps_; }

private:
    std::vector<std::shared_ptr<Gate>> entered_, locked_;
    bool overlaps_ = false;
};

// wait_for sleeps as rate and delay_ms want.
void wait_for(const Verdict& verdict);

// end_now hangs or ends the process, if a fault of this verdict says so for this moment: behind the real call or
// before.
void end_now(const Verdict& verdict, bool behind_the_call);

// spoil_signature alters what C_Sign or C_SignFinal gave.
void spoil_signature(const Verdict& verdict, unsigned char* signature, unsigned long& size);

// lie_about alters what C_GetAttributeValue gave, and gives its answer. real is asked for the object's class and type.
CK_RV lie_about(const Verdict& verdict, const CK_FUNCTION_LIST& real, CK_SESSION_HANDLE session,
                CK_OBJECT_HANDLE object, CK_ATTRIBUTE* attributes, unsigned long count, CK_RV rv);

// DisobeyedTemplate is the template that the real token gets to see.
class DisobeyedTemplate {
public:
    DisobeyedTemplate(const Verdict& verdict, CK_ATTRIBUTE* attributes, unsigned long count);
    CK_ATTRIBUTE* data() noexcept { return attributes_.data(); }
    unsigned long size() const noexcept { return attributes_.size(); }

private:
    std::vector<CK_ATTRIBUTE> attributes_;
    std::deque<CK_BBOOL> values_;
};

}  // namespace faulty
