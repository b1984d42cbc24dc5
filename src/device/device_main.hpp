// device_main.hpp: the whole program but for main and its definition of at_boundary (base/boundary.hpp).
#pragma once

namespace sealwright::device {

// device_main never throws: what is not a Result is told as an internal error.
int device_main(int argc, char** argv) noexcept;

}  // namespace sealwright::device
