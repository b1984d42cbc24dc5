// attribute_template.hpp: the attributes that a new object is asked to have, and which of them may be left out where a
// token does not know them. Internal to hsm/pkcs11.
#pragma once

#include <algorithm>
#include <deque>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/bytes.hpp"
#include "hsm/pkcs11/cryptoki.hpp"

namespace sealwright::hsm::pkcs11 {

// AttributeTemplate owns the values of the attributes that it lists.
class AttributeTemplate {
public:
    void flag(CK_ATTRIBUTE_TYPE type, std::string_view name, bool value) { add(type, name, one_octet(value), false); }
    void optional_flag(CK_ATTRIBUTE_TYPE type, std::string_view name, bool value) {
        add(type, name, one_octet(value), true);
    }
    void octets(CK_ATTRIBUTE_TYPE type, std::string_view name, ByteView value) {
        add(type, name, bytes_of(value), false);
    }
    void number(CK_ATTRIBUTE_TYPE type, std::string_view name, unsigned long value) {
        octets(type, name, view_of_objects(&value, 1));
    }
    void optional_numbers(CK_ATTRIBUTE_TYPE type, std::string_view name, const std::vector<unsigned long>& values) {
        add(type, name, bytes_of(view_of_objects(values.data(), values.size())), true);
    }

    // nested is an array attribute. What the elements point to has to outlive every copy of the template.
    void nested(CK_ATTRIBUTE_TYPE type, std::string_view name, std::span<const CK_ATTRIBUTE> elements) {
        const auto* octets = reinterpret_cast<const std::uint8_t*>(elements.data());
        add(type, name, Bytes(octets, octets + elements.size_bytes()), false);
    }

    // attributes points into this template.
    std::vector<CK_ATTRIBUTE> attributes() {
        std::vector<CK_ATTRIBUTE> list;
        for (Row& row : rows_)
            list.push_back({row.type, row.value.data(), static_cast<unsigned long>(row.value.size())});
        return list;
    }
    // drop_optional takes the last optional attribute out and gives its name, or nothing when there is none left.
    std::optional<std::string> drop_optional() {
        for (auto row = rows_.rbegin(); row != rows_.rend(); ++row) {
            if (!row->optional) continue;
            std::string name{row->name};
            rows_.erase(std::next(row).base());
            return name;
        }
        return std::nullopt;
    }

    // move_to_end puts an attribute behind all others, where it is there.
    void move_to_end(CK_ATTRIBUTE_TYPE type) {
        std::stable_partition(rows_.begin(), rows_.end(), [&](const Row& row) { return row.type != type; });
    }
    void make_optional(CK_ATTRIBUTE_TYPE type) {
        for (Row& row : rows_) row.optional = row.optional || row.type == type;
    }
    std::size_t optional_count() const {
        return static_cast<std::size_t>(
            std::count_if(rows_.begin(), rows_.end(), [](const Row& row) { return row.optional; }));
    }
    // drop_optional_at takes the optional attribute out that has so many before it, and gives its name.
    std::string drop_optional_at(std::size_t index) {
        for (auto row = rows_.begin(); row != rows_.end(); ++row) {
            if (!row->optional || index-- > 0) continue;
            std::string name{row->name};
            rows_.erase(row);
            return name;
        }
        return {};
    }

private:
    struct Row {
        CK_ATTRIBUTE_TYPE type;
        std::string_view name;
        Bytes value;
        bool optional;
    };

    static Bytes one_octet(bool value) { return Bytes{static_cast<std::uint8_t>(value ? CK_TRUE : CK_FALSE)}; }
    static ByteView view_of_objects(const unsigned long* values, std::size_t count) {
        return {reinterpret_cast<const std::uint8_t*>(values), count * sizeof(unsigned long)};
    }
    void add(CK_ATTRIBUTE_TYPE type, std::string_view name, Bytes value, bool optional) {
        rows_.push_back(Row{type, name, std::move(value), optional});
    }

    std::deque<Row> rows_;
};

// template_refused: the token rejected the template itself, before making anything.
inline bool template_refused(CK_RV rv) {
    return rv == CKR_ATTRIBUTE_TYPE_INVALID || rv == CKR_ATTRIBUTE_VALUE_INVALID || rv == CKR_ATTRIBUTE_READ_ONLY ||
           rv == CKR_TEMPLATE_INCONSISTENT;
}

}  // namespace sealwright::hsm::pkcs11
