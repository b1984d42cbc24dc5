// What was decrypted passes through buffers that grow. Every block of memory that is given back meanwhile is searched
// for it: this program has its own operator delete.
#include <gtest/gtest.h>
#include <malloc.h>

#include <atomic>
#include <cstdlib>
#include <cstring>
#include <new>

#include "base/secret.hpp"
#include "hsm/signer_process/token_wire.hpp"
#include "hsm/signer_process/wire.hpp"

namespace {

constexpr char kSecret[] = "nobody else has this content key";
constexpr std::size_t kSize = sizeof(kSecret) - 1;
std::atomic<bool> searching{false};
std::atomic<int> left_behind{0};

void give_back(void* block) noexcept {
    if (searching && block != nullptr && ::memmem(block, ::malloc_usable_size(block), kSecret, kSize) != nullptr)
        ++left_behind;
    std::free(block);
}

void* take(std::size_t size) {
    void* block = std::malloc(size == 0 ? 1 : size);
    if (block == nullptr) throw std::bad_alloc{};
    return block;
}

}  // namespace

void* operator new(std::size_t size) { return take(size); }
void* operator new[](std::size_t size) { return take(size); }
void operator delete(void* block) noexcept { give_back(block); }
void operator delete[](void* block) noexcept { give_back(block); }
void operator delete(void* block, std::size_t) noexcept { give_back(block); }
void operator delete[](void* block, std::size_t) noexcept { give_back(block); }

namespace sealwright::hsm::signer_process {
namespace {

// left_by counts the blocks with the secret that work gives back.
template <class Work>
int left_by(Work&& work) {
    left_behind = 0;
    searching = true;
    work();
    searching = false;
    return left_behind;
}

const ByteView kView = view_of(std::string_view{kSecret, kSize});

TEST(WipedMemory, TheSearchFindsABufferThatGrew) {
    EXPECT_GT(left_by([] {
                  Bytes buffer;
                  for (int i = 0; i < 100; ++i) append(buffer, kView);
                  zeroise(buffer.data(), buffer.size());
              }),
              0);
}

TEST(WipedMemory, AnswersLeaveNothingInWhatTheyGrewOutOf) {
    EXPECT_EQ(left_by([] {
                  Bytes outgoing;
                  const std::string detail(300, 'x');
                  const Bytes spki(91, 4);
                  for (std::uint64_t i = 0; i < 100; ++i) {
                      append_message(outgoing, i, ServerMessage{SecretAnswer{kView}});
                      append_message(outgoing, i, ServerMessage{ErrorAnswer{ErrorCode::denied, detail}});
                      append_message(outgoing, i, ServerMessage{SignatureAnswer{spki}});
                      append_message(outgoing, i, ServerMessage{PublicKeyAnswer{spki}});
                      append_message(outgoing, i, ServerMessage{JournalStateAnswer{JournalState::failed}});
                      append_message(outgoing, i, ServerMessage{Done{}});
                      append_message(outgoing, i, ServerMessage{HelloAnswer{1, 1024}});
                      append_message(outgoing, i,
                                     ServerMessage{KeyList{{{KeyId{}, {Purpose::tls}, {{}, {}}}, {KeyId{}, {}, {}}}}});
                  }
                  zeroise(outgoing.data(), outgoing.size());
              }),
              0);
}

TEST(WipedMemory, PacketsOfATokenProcessAreMadeInOnePiece) {
    for (const std::size_t detail : {0U, 4000U}) {
        TokenResults results;
        results.results.push_back({1, 2, std::nullopt, kView});
        results.results.push_back(
            {3, 4, Error{ErrorCode::malformed, std::string(detail, 'a'), std::string(detail, 'b')}, {}});
        for (std::uint16_t i = 5; i < kMaxJobsInPacket; ++i) results.results.push_back({i, 6, std::nullopt, kView});
        EXPECT_EQ(left_by([&] {
                      Bytes packet = encode_packet(TokenMessage{results});
                      EXPECT_TRUE(parse_token_message(packet));
                      zeroise(packet.data(), packet.size());
                  }),
                  0);
    }
}

}  // namespace
}  // namespace sealwright::hsm::signer_process
