// json.hpp: the verifier's own reading of JSON. Bounded, strict (RFC 8259, no duplicate keys, whole numbers alone), and
// able to say whether the octets are the canonical ones of RFC 8785.
#pragma once

#include <map>
#include <optional>
#include <variant>

#include "base/bytes.hpp"

namespace sealwright::verifier {

class Value;
using Array = std::vector<Value>;
using Object = std::map<std::string, Value>;

// Value is a JSON value. Each as_ gives nothing where it is of another kind; each named form looks a member of an
// object up.
class Value {
public:
    using Storage = std::variant<std::monostate, bool, std::uint64_t, std::string, Array, Object>;
    Value() = default;
    explicit Value(Storage storage) : storage_(std::move(storage)) {}

    bool is_null() const noexcept { return std::holds_alternative<std::monostate>(storage_); }
    const bool* as_bool() const noexcept { return std::get_if<bool>(&storage_); }
    const std::uint64_t* as_number() const noexcept { return std::get_if<std::uint64_t>(&storage_); }
    const std::string* as_text() const noexcept { return std::get_if<std::string>(&storage_); }
    const Array* as_array() const noexcept { return std::get_if<Array>(&storage_); }
    const Object* as_object() const noexcept { return std::get_if<Object>(&storage_); }

    const Value* member(std::string_view key) const noexcept;
    std::string text(std::string_view key) const;  // empty where there is no text of this name
    std::optional<std::uint64_t> number(std::string_view key) const;
    bool flag(std::string_view key) const;  // false where there is no truth value of this name

    std::string canonical() const;

private:
    Storage storage_;
};

// parse_json reads exactly one value of at most limit octets.
Result<Value> parse_json(std::string_view text, std::size_t limit = 1U << 20U);
// parse_canonical_json also demands that the octets are those that canonical() writes.
Result<Value> parse_canonical_json(std::string_view text, std::size_t limit = 1U << 20U);

}  // namespace sealwright::verifier
