#include "ceremonies/verifier/evidence.hpp"

#include "ceremonies/verifier/json.hpp"

namespace sealwright::verifier {
namespace {

constexpr std::size_t kMaxEvidence = 1U << 20U;

struct Demand {
    std::string_view attribute, value;
};
constexpr std::array kDemands{
    Demand{"CKA_CLASS", "CKO_PRIVATE_KEY"},
    Demand{"CKA_TOKEN", "true"},
    Demand{"CKA_PRIVATE", "true"},
    Demand{"CKA_LOCAL", "true"},
    Demand{"CKA_SENSITIVE", "true"},
    Demand{"CKA_ALWAYS_SENSITIVE", "true"},
    Demand{"CKA_SIGN", "true"},
    Demand{"CKA_DECRYPT", "false"},
    Demand{"CKA_UNWRAP", "false"},
};
constexpr std::array kStays{Demand{"CKA_EXTRACTABLE", "false"}, Demand{"CKA_NEVER_EXTRACTABLE", "true"}};
constexpr std::array kLeavesWrapped{Demand{"CKA_EXTRACTABLE", "true"}, Demand{"CKA_WRAP_WITH_TRUSTED", "true"}};
// What a token must refuse to give away.
constexpr std::array<std::string_view, 2> kSecrets{"CKA_VALUE", "CKA_PRIVATE_EXPONENT"};

// find gives the one item about an attribute of the private key; two of them would leave the choice to whoever wrote
// the file.
const Value* find(const Array& items, std::string_view attribute, bool& doubled) {
    const Value* found = nullptr;
    for (const auto& item : items) {
        if (item.text("object") != "private" || item.text("attribute") != attribute) continue;
        doubled = doubled || found != nullptr;
        found = &item;
    }
    return found;
}

template <std::size_t N>
void judge(const Array& items, const std::array<Demand, N>& demands, EvidenceReading& reading, bool& doubled) {
    for (const auto& demand : demands) {
        const Value* item = find(items, demand.attribute, doubled);
        const auto* given =
            item == nullptr || item->member("value") == nullptr ? nullptr : item->member("value")->as_text();
        if (given == nullptr)
            reading.objections.push_back(std::string{demand.attribute} + " is not known");
        else if (*given != demand.value)
            reading.objections.push_back(std::string{demand.attribute} + " is " + *given);
    }
}

}  // namespace

Result<EvidenceReading> read_evidence(std::string_view json, std::string_view evidence_template) {
    if (evidence_template != "non-extractable-v1" && evidence_template != kMayLeaveWrapped)
        return fail(ErrorCode::unsupported, "was judged by a template that no ceremony knows");
    SEALWRIGHT_TRY(const auto value, parse_json(json, kMaxEvidence));
    const auto* token = value.member("token");
    const auto* items = value.member("items") == nullptr ? nullptr : value.member("items")->as_array();
    if (token == nullptr || items == nullptr) return fail(ErrorCode::malformed, "is no evidence of a key");
    EvidenceReading reading{value.text("key"), value.text("label"), token->text("serial"), token->text("label"), {}};
    bool doubled = false;
    judge(*items, kDemands, reading, doubled);
    if (evidence_template == kMayLeaveWrapped) {
        judge(*items, kLeavesWrapped, reading, doubled);
    } else {
        judge(*items, kStays, reading, doubled);
    }
    for (const auto secret : kSecrets) {
        const Value* item = find(*items, secret, doubled);
        if (item != nullptr && item->member("value") != nullptr && !item->member("value")->is_null())
            reading.objections.push_back("the token gives away " + std::string{secret});
    }
    if (doubled) reading.objections.emplace_back("an attribute stands there twice");
    return reading;
}

}  // namespace sealwright::verifier
