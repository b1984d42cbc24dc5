// pch.hpp: what nearly every file of the house includes, compiled once. No header of OpenSSL, Boost.Asio, Beast, PKCS#11 or toml++
// belongs here. A file still includes what it uses: headers compile alone.
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <boost/outcome/basic_result.hpp>
#include <boost/outcome/policy/terminate.hpp>
#include <boost/outcome/try.hpp>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>
