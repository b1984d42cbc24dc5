// names.hpp: the names that a script may use, with their numbers.
#pragma once

#include <optional>
#include <string_view>

namespace faulty {

// code_named takes CKR_ names of PKCS#11 2.40 to 3.2; attribute_named takes CKA_ names; function_named says whether
// CK_FUNCTION_LIST has such a function.
std::optional<unsigned long> code_named(std::string_view name);
std::optional<unsigned long> attribute_named(std::string_view name);
bool function_named(std::string_view name);

}  // namespace faulty
