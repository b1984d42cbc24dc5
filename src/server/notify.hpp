// notify.hpp: telling whoever started the daemon how it does: systemd's notification socket and --ready-fd.
#pragma once

#include <atomic>
#include <string>
#include <string_view>

#include "base/log.hpp"

namespace sealwright::server {

class Notifier {
public:
    // ready_fd -1: none. NOTIFY_SOCKET is read from the environment and taken out of it.
    Notifier(int ready_fd, Log& log);
    // ready says once that the daemon serves.
    void ready(std::string_view status);
    void status(std::string_view text);
    void stopping();
    // alive keeps systemd's watchdog quiet; nothing before ready. Thread-safe.
    void alive();

private:
    void send(const std::string& message);

    int ready_fd_;
    std::atomic<bool> is_ready_{false};
    std::string socket_;
    Log& log_;
};

}  // namespace sealwright::server
