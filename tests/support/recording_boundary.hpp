// recording_boundary.hpp: the third definition of at_boundary (base/boundary.hpp), for unit tests: it writes down where
// a thread passed.
#pragma once

#include <functional>
#include <string>
#include <vector>

namespace sealwright::test {

// take_boundaries gives the boundaries passed by all threads since the last call, in order.
std::vector<std::string> take_boundaries();
// on_boundary is called at each boundary, on the passing thread; empty to stop.
void on_boundary(std::function<void(std::string_view)> hook);

}  // namespace sealwright::test
