// openssl_error.hpp: what OpenSSL has to say about a failure, as text for the log, and failures that are none of the
// input's doing.
#pragma once

#include <string>
#include <string_view>

namespace sealwright::crypto {

// openssl_errors empties this thread's error queue and joins its entries; "no detail" when there is none.
std::string openssl_errors();

// clear_openssl_errors empties the queue where a failure was expected, so that it is not read as another's.
void clear_openssl_errors() noexcept;

// throw_openssl_failure is for calls that can only fail if memory or the library itself does: std::runtime_error with
// the queue's text.
[[noreturn]] void throw_openssl_failure(std::string_view what);

// require_openssl throws unless a call returned its success value (1) or a pointer.
inline void require_openssl(bool succeeded, std::string_view what) {
    if (!succeeded) throw_openssl_failure(what);
}

}  // namespace sealwright::crypto
