// readiness.hpp: why the daemon is not ready, as short texts that anybody may read (/readyz answers strangers).
#pragma once

#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace sealwright::server {

// Readiness is thread-safe: one reason a topic; ready when there is none.
class Readiness {
public:
    void set(std::string_view topic, std::string reason);
    void clear(std::string_view topic);
    // update sets or clears as a condition says.
    void update(std::string_view topic, bool well, std::string_view reason);
    std::vector<std::string> reasons() const;
    bool ready() const;

private:
    mutable std::mutex mutex_;
    std::map<std::string, std::string, std::less<>> reasons_;
};

}  // namespace sealwright::server
