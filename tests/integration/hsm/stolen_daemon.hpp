// stolen_daemon.hpp: a daemon that somebody took over, as far as the signer sees it: frames of any content on its
// socket; and what the signer's journal says afterwards, read with the journal's own reader.
#pragma once

#include <map>
#include <set>

#include "hsm/signer_process/journal_record.hpp"
#include "hsm/signer_process/unix_socket.hpp"
#include "hsm/signer_process/wire.hpp"

namespace sealwright::test {

// Reply is what came back for one request.
struct Reply {
    Bytes signature;                         // empty: refused
    Bytes secret;                            // of what was asked to be opened; empty: refused
    std::optional<hsm::JournalState> state;  // of an intent that was looked up
    ErrorCode code = ErrorCode::internal;
    std::string detail;
    bool closed = false;  // the signer hung up instead
};

class StolenDaemon {
public:
    explicit StolenDaemon(const std::string& socket);

    void send(ByteView octets);
    void say(std::uint64_t number, const hsm::signer_process::ClientMessage& message);
    // fence says hello and declares a boot.
    Reply fence(const NodeId& node, std::uint64_t epoch);
    Reply ask(const hsm::signer_process::ClientMessage& message);
    Reply sign(const hsm::signer_process::SignHead& head, ByteView tbs);
    Reply sign_streamed(const hsm::signer_process::SignHead& head, ByteView tbs, std::uint64_t announced);
    // reply waits for the answer to one request; answers to others are kept.
    Reply reply(std::uint64_t number);
    int descriptor() const noexcept { return socket_.get(); }

private:
    hsm::signer_process::Descriptor socket_;
    hsm::signer_process::ReceiveBuffer buffer_{2 * hsm::signer_process::kMaxFrame};
    std::map<std::uint64_t, Reply> replies_;
    std::uint64_t next_ = 1;
};

// JournaledIntent is one signature as the journal has it.
struct JournaledIntent {
    KeyId key;
    hsm::Purpose purpose = hsm::Purpose::certificate;
    Sha256 tbs, signature;
    friend auto operator<=>(const JournaledIntent&, const JournaledIntent&) = default;
};

// signed_in_journal gives every intent of a journal by its identifier; one that was not signed has a zero signature.
// Damage fails the test.
std::map<IntentId, JournaledIntent> signed_in_journal(const std::filesystem::path& journal);

// opened_in_journal gives how often keys were asked to decrypt.
std::map<KeyId, std::uint64_t> opened_in_journal(const std::filesystem::path& journal);

// documented_limits gives each row of the tables of limits in docs/operations/signer.md ("certificate.max_validity"),
// and each piece of the paragraph of what is always refused.
std::set<std::string> documented_limits();

}  // namespace sealwright::test
