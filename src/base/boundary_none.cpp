#include "base/boundary.hpp"

namespace sealwright {

void at_boundary(std::string_view) noexcept {}

}  // namespace sealwright
