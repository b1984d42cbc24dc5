// result.hpp: Result<T>, what a function returns that can fail for reasons outside the program, and the TRY that passes a failure up.
//
// Boost.Outcome with policy::terminate: reading the value of a failure ends the program instead of being undefined. Broken invariants and
// exhausted memory are exceptions, caught once per session; they are not Results (docs/adr/0002).
#pragma once

#include <boost/outcome/basic_result.hpp>
#include <boost/outcome/policy/terminate.hpp>
#include <boost/outcome/try.hpp>
#include <string>

#include "base/error.hpp"

namespace sealwright {

template <class T>
using Result = boost::outcome_v2::basic_result<T, Error, boost::outcome_v2::policy::terminate>;

// success() makes a Result<void>.
using boost::outcome_v2::success;

// fail makes the error of a Result: return fail(ErrorCode::malformed, "subject: empty name", "offset 12");
inline Error fail(ErrorCode code, std::string public_detail = {}, std::string private_detail = {}) {
    return Error{code, std::move(public_detail), std::move(private_detail)};
}

}  // namespace sealwright

// SEALWRIGHT_TRY(expr) returns the failure of expr from this function; SEALWRIGHT_TRY(auto x, expr) also names the value.
#define SEALWRIGHT_TRY(...) BOOST_OUTCOME_TRY(__VA_ARGS__)
