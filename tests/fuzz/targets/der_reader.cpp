// The DER reader: every element that it accepts is the one canonical encoding of its content.
#include "asn1/der_reader.hpp"

#include "asn1/der_writer.hpp"
#include "asn1/oid.hpp"
#include "tests/fuzz/fuzz.hpp"

namespace {

using namespace sealwright;
using namespace sealwright::asn1;
using sealwright::fuzz::require;

constexpr int kMaxDepth = 12;

template <class Write>
void is_canonical(const Element& element, Write write) {
    DerWriter writer;
    write(writer);
    require(equal(writer.view(), element.encoding), "an accepted element is written back as it was");
}

void check_typed(const Element& element) {
    const auto reader = [&] { return DerReader{element.encoding}; };
    if (const auto value = reader().boolean()) is_canonical(element, [&](DerWriter& w) { w.boolean(value.value()); });
    if (const auto value = reader().unsigned_integer())
        is_canonical(element, [&](DerWriter& w) { w.unsigned_integer(value.value()); });
    if (const auto value = reader().small_integer())
        is_canonical(element, [&](DerWriter& w) { w.integer(value.value()); });
    if (const auto value = reader().bit_string()) {
        is_canonical(element, [&](DerWriter& w) { w.bit_string(value.value().octets, value.value().unused_bits); });
    }
    if (const auto value = reader().oid()) {
        const auto again = parse_oid(format_oid(value.value()));
        require(!again || equal(again.value(), value.value()), "an object identifier comes back from its dotted form");
    }
    if (const auto value = reader().time()) {
        is_canonical(element, [&](DerWriter& w) {
            element.tag == kUtcTime ? w.time(value.value()) : w.generalized_time(value.value());
        });
    }
    (void)reader().null();
    (void)reader().octet_string();
}

void walk(DerReader reader, int depth) {
    while (!reader.at_end()) {
        const std::size_t before = reader.offset();
        const auto element = reader.next();
        if (!element) {
            require(reader.offset() == before, "a failure does not move the reader");
            return;
        }
        is_canonical(element.value(), [&](DerWriter& w) { w.primitive(element.value().tag, element.value().content); });
        check_typed(element.value());
        if (depth < kMaxDepth) walk(DerReader{element.value().content}, depth + 1);
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    walk(DerReader{{data, size}}, 0);
    return 0;
}
