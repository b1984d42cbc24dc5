// session.hpp: one connection: reads requests, has them handled, writes the answers, one at a time. Private to this
// room.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/generic/stream_protocol.hpp>

#include "http_server/server.hpp"
#include "http_server/session_registry.hpp"

namespace sealwright::http_server {

// HandlersUnderWay counts handlers that run on worker pools, so that a server does not end under them.
class HandlersUnderWay {
public:
    void enter();
    void leave();
    void wait_until_none();

private:
    std::mutex mutex_;
    std::condition_variable changed_;
    std::size_t count_ = 0;
};

// SessionContext is what all sessions of one listener share. It lives as long as the server.
struct SessionContext {
    ListenerOptions listener;
    const ServerOptions& server;
    const Clock& clock;
    Log& log;
    SessionRegistry& registry;
    HandlersUnderWay& handlers;
    std::atomic<std::uint64_t>& failed_handshakes;
    std::atomic<bool>& draining;
    boost::asio::any_io_executor handshake_executor;  // of the threads that may block in the token
};

// start_session takes over a connected socket; the session keeps itself alive until its end. Reading starts on the io
// threads.
void start_session(SessionContext& context, boost::asio::generic::stream_protocol::socket socket, Peer peer,
                   std::uint64_t id);

}  // namespace sealwright::http_server
