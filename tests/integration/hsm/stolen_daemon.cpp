#include "stolen_daemon.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <regex>
#include <sstream>

#include "base/file.hpp"
#include "crypto/digest.hpp"

namespace sealwright::test {

using namespace hsm::signer_process;

StolenDaemon::StolenDaemon(const std::string& socket) {
    auto connected = connect_unix(socket);
    EXPECT_TRUE(connected) << connected.error().describe();
    if (connected) socket_ = std::move(connected).value();
    set_receive_timeout(socket_.get(), std::chrono::seconds{20});
}

void StolenDaemon::send(ByteView octets) {
    std::size_t sent = 0;
    (void)send_all(socket_.get(), octets, std::chrono::seconds{20}, sent);
}

void StolenDaemon::say(std::uint64_t number, const ClientMessage& message) {
    Bytes frame;
    append_message(frame, number, message);
    send(frame);
}

Reply StolenDaemon::reply(std::uint64_t number) {
    for (;;) {
        if (const auto found = replies_.find(number); found != replies_.end()) return found->second;
        ByteView rest = buffer_.view();
        const auto frame = next_frame(rest);
        if (frame && frame.value()) {
            Reply reply;
            auto message = parse_server_message(*frame.value());
            EXPECT_TRUE(message) << "the signer speaks its own protocol";
            if (!message) return {};
            if (const auto* signature = std::get_if<SignatureAnswer>(&message.value()))
                reply.signature = bytes_of(signature->signature);
            if (const auto* secret = std::get_if<SecretAnswer>(&message.value()))
                reply.secret = bytes_of(secret->secret);
            if (const auto* state = std::get_if<JournalStateAnswer>(&message.value())) reply.state = state->state;
            if (const auto* error = std::get_if<ErrorAnswer>(&message.value())) {
                reply.code = error->code;
                reply.detail = error->detail;
            }
            replies_[frame.value()->number] = reply;
            buffer_.keep(rest.size());
            continue;
        }
        const auto count = buffer_.receive(socket_.get());
        if (!count || count.value() == 0) {
            Reply gone;
            gone.closed = true;
            // What the signer said before it hung up is about no request of ours.
            if (const auto said = replies_.find(0); said != replies_.end()) gone.detail = said->second.detail;
            return gone;
        }
    }
}

Reply StolenDaemon::ask(const ClientMessage& message) {
    const std::uint64_t number = next_++;
    say(number, message);
    return reply(number);
}

Reply StolenDaemon::fence(const NodeId& node, std::uint64_t epoch) {
    ask(Hello{});
    return ask(Fence{node, BootEpoch{epoch}});
}

Reply StolenDaemon::sign(const SignHead& head, ByteView tbs) {
    return tbs.size() > kMaxSingleTbs ? sign_streamed(head, tbs, tbs.size()) : ask(Sign{head, tbs});
}

Reply StolenDaemon::sign_streamed(const SignHead& head, ByteView tbs, std::uint64_t announced) {
    const std::uint64_t number = next_++;
    say(number, SignBegin{head, announced});
    for (ByteView rest = tbs; !rest.empty();) {
        const auto chunk = rest.first(std::min(rest.size(), kChunkSize));
        say(number, SignChunk{chunk});
        rest = rest.subspan(chunk.size());
    }
    say(number, SignEnd{});
    return reply(number);
}

std::map<IntentId, JournaledIntent> signed_in_journal(const std::filesystem::path& journal) {
    std::map<IntentId, JournaledIntent> found;
    const auto octets = read_file(journal, 256U << 20U);
    EXPECT_TRUE(octets && check_journal_header(octets.value()));
    if (!octets) return found;
    Sha256 digest = crypto::sha256(ByteView{octets.value()}.first(kJournalHeader));
    for (ByteView rest = ByteView{octets.value()}.subspan(kJournalHeader); !rest.empty();) {
        const auto record = read_record(rest, digest);
        EXPECT_TRUE(record) << record.error().describe();
        if (!record) return found;
        if (const auto* intent = std::get_if<IntentRecord>(&record.value().record.what)) {
            const bool is_new =
                found.try_emplace(intent->intent, JournaledIntent{intent->key, intent->purpose, intent->tbs, Sha256{}})
                    .second;
            EXPECT_TRUE(is_new ||
                        (intent->purpose != hsm::Purpose::certificate && intent->purpose != hsm::Purpose::crl))
                << "an intent twice";
        }
        if (const auto* result = std::get_if<ResultRecord>(&record.value().record.what)) {
            EXPECT_TRUE(found.contains(result->intent));
            if (result->outcome == Outcome::signed_) found[result->intent].signature = result->signature;
        }
        digest = record.value().digest;
        rest = rest.subspan(record.value().size);
    }
    return found;
}

std::map<KeyId, std::uint64_t> opened_in_journal(const std::filesystem::path& journal) {
    std::map<KeyId, std::uint64_t> opened;
    const auto octets = read_file(journal, 256U << 20U).value();
    Sha256 digest = crypto::sha256(ByteView{octets}.first(kJournalHeader));
    for (ByteView rest = ByteView{octets}.subspan(kJournalHeader); !rest.empty();) {
        const auto record = read_record(rest, digest).value();
        if (const auto* found = std::get_if<OpenedRecord>(&record.record.what)) opened[found->key] += found->count;
        digest = record.digest;
        rest = rest.subspan(record.size);
    }
    return opened;
}

namespace {

std::string trimmed(std::string text) {
    while (!text.empty() && text.back() == ' ') text.pop_back();
    return text.substr(std::min(text.find_first_not_of(' '), text.size()));
}

// rows_of reads "| `[key.crl]` | `issuer_sha256`, `authority_key_identifier` | ..." with its empty first cells.
void rows_of(const std::string& line, std::string& section, std::set<std::string>& limits) {
    static const std::regex kName{"`([a-z_0-9]+)`"}, kSection{"`\\[key\\.([a-z_]+)\\]`"};
    std::istringstream stream{line.substr(1)};
    std::string first, second;
    std::getline(stream, first, '|');
    std::getline(stream, second, '|');
    std::smatch match;
    const bool begins_section = std::regex_search(first, match, kSection);
    if (begins_section) section = match[1];
    if (!begins_section && section.empty()) {
        if (std::regex_search(first, match, kName)) limits.insert(match[1]);  // the table of every key
        return;
    }
    bool has_name = false;
    for (std::sregex_iterator it{second.begin(), second.end(), kName}, end; it != end; ++it, has_name = true)
        limits.insert(section + "." + (*it)[1].str());
    if (begins_section && !has_name) limits.insert(section);
}

// pieces_of takes an enumeration apart at its commas and semicolons, but not inside parentheses; a sentence behind it
// is one piece, whatever it enumerates.
std::vector<std::string> pieces_of(const std::string& text) {
    std::vector<std::string> pieces;
    std::string piece;
    int depth = 0;
    bool is_list = true;
    for (std::size_t i = 0; i < text.size(); ++i) {
        depth += text[i] == '(' ? 1 : text[i] == ')' ? -1 : 0;
        const bool ends_sentence = text[i] == '.' && (i + 1 == text.size() || text[i + 1] == ' ');
        const bool ends_item = is_list && (text[i] == ';' || text[i] == ',');
        if (depth != 0 || !(ends_sentence || ends_item)) {
            piece += text[i];
            continue;
        }
        pieces.push_back(trimmed(piece));
        piece.clear();
        is_list = is_list && !ends_sentence;
    }
    EXPECT_EQ(trimmed(piece), "") << "docs/operations/signer.md: the end of what is always refused is not understood";
    EXPECT_EQ(depth, 0) << "docs/operations/signer.md: parentheses in what is always refused";
    return pieces;
}

}  // namespace

std::set<std::string> documented_limits() {
    std::ifstream file{"docs/operations/signer.md"};
    std::set<std::string> limits;
    std::string line, section, always;
    bool is_keys = false, is_always = false;
    while (std::getline(file, line)) {
        if (line.starts_with("## ") || line.starts_with("### ")) is_keys = line == "### Keys";
        if (!is_keys) continue;
        if (line.starts_with("Always refused")) is_always = true;
        if (is_always && line.empty()) is_always = false;
        if (is_always) always += line + ' ';
        if (line.starts_with("|")) rows_of(line, section, limits);
    }
    const auto begin = always.find(": ");
    EXPECT_NE(begin, std::string::npos) << "docs/operations/signer.md says no more what is always refused";
    if (begin == std::string::npos) return limits;
    for (const std::string& piece : pieces_of(always.substr(begin + 2))) limits.insert(piece);
    return limits;
}

}  // namespace sealwright::test
