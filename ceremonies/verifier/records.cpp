#include "ceremonies/verifier/records.hpp"

#include "base/file.hpp"
#include "ceremonies/verifier/merkle.hpp"

namespace sealwright::verifier {
namespace {

constexpr std::size_t kMaxTranscript = 64U << 20U;
constexpr std::size_t kMaxLeaf = 65535;

enum class Kind : char { text = 't', number = 'n', flag = 'b', array = 'a', object = 'o', object_or_null = '0' };

struct Member {
    std::string_view name;
    Kind kind = Kind::text;
};

struct Shape {
    std::string_view name;
    std::vector<Member> members;
};

// Every kind of record with exactly the members that it has (docs/ceremonies.md).
const std::vector<Shape>& shapes() {
    using K = Kind;
    static const std::vector<Shape> table{
        {"header",
         {{"bindings", K::object},
          {"clock"},
          {"format", K::number},
          {"kind"},
          {"mode"},
          {"place"},
          {"profiles", K::array},
          {"program"},
          {"requires", K::array},
          {"script", K::object},
          {"title"}}},
        {"roster", {{"people", K::array}, {"roles", K::array}}},
        {"module", {{"cryptoki"}, {"description"}, {"library_version"}, {"manufacturer"}, {"path"}, {"sha256"}}},
        {"step.begin", {{"by"}, {"do"}}},
        {"step.end", {{"outcome"}}},
        {"confirmation",
         {{"attended", K::flag}, {"confirmed", K::flag}, {"initials"}, {"name"}, {"reason"}, {"role"}, {"text"}}},
        {"p11.intent/login", {{"intent"}, {"label"}, {"op"}, {"serial"}, {"token"}}},
        {"p11.intent/generate",
         {{"bits", K::number}, {"intent"}, {"key_type"}, {"label"}, {"op"}, {"template"}, {"token"}}},
        {"p11.intent/find", {{"intent"}, {"key"}, {"label"}, {"op"}, {"template"}, {"token"}}},
        {"p11.intent/evidence", {{"intent"}, {"key"}, {"op"}, {"token"}}},
        {"p11.intent/sign", {{"algorithm"}, {"intent"}, {"key"}, {"op"}, {"purpose"}, {"tbs_sha256"}, {"token"}}},
        {"p11.result/login",
         {{"firmware"},
          {"hardware"},
          {"intent"},
          {"label"},
          {"manufacturer"},
          {"model"},
          {"op"},
          {"outcome"},
          {"serial"},
          {"token"}}},
        {"p11.result/generate",
         {{"cka_id"},
          {"dropped_attributes", K::array},
          {"intent"},
          {"key"},
          {"label"},
          {"op"},
          {"outcome"},
          {"spki"},
          {"token"}}},
        {"p11.result/find", {{"cka_id"}, {"intent"}, {"key"}, {"label"}, {"op"}, {"outcome"}, {"spki"}, {"token"}}},
        {"p11.result/evidence", {{"intent"}, {"key"}, {"op"}, {"outcome"}, {"sha256"}, {"token"}}},
        {"p11.result/sign", {{"intent"}, {"key"}, {"op"}, {"outcome"}, {"signature_sha256"}, {"token"}}},
        {"p11.result/failed", {{"detail"}, {"error"}, {"intent"}, {"op"}, {"outcome"}}},
        {"evidence", {{"file"}, {"findings", K::array}, {"key"}, {"template"}, {"verdict"}}},
        {"lint/certificate",
         {{"findings", K::array}, {"issuer_key"}, {"key"}, {"profile"}, {"tbs_sha256"}, {"verdict"}, {"what"}}},
        {"lint/crl", {{"findings", K::array}, {"issuer_key"}, {"tbs_sha256"}, {"verdict"}, {"what"}}},
        {"path", {{"anchor_sha256"}, {"at"}, {"certificate_sha256"}, {"findings", K::array}, {"verdict"}}},
        {"artefact/evidence", {{"file"}, {"key"}, {"kind"}, {"sha256"}, {"size", K::number}}},
        {"artefact/public-key", {{"file"}, {"key"}, {"kind"}, {"sha256"}, {"size", K::number}}},
        {"artefact/certificate",
         {{"certificate_sha256"},
          {"file"},
          {"issuer_key"},
          {"key"},
          {"kind"},
          {"not_after"},
          {"not_before"},
          {"serial"},
          {"sha256"},
          {"size", K::number},
          {"subject"},
          {"tbs_sha256"}}},
        {"artefact/imported-certificate",
         {{"certificate_sha256"},
          {"file"},
          {"key"},
          {"kind"},
          {"not_after"},
          {"not_before"},
          {"serial"},
          {"sha256"},
          {"size", K::number},
          {"subject"}}},
        {"artefact/chain", {{"certificate_sha256"}, {"file"}, {"kind"}, {"sha256"}, {"size", K::number}}},
        {"artefact/crl",
         {{"file"}, {"issuer_key"}, {"kind"}, {"number", K::number}, {"sha256"}, {"size", K::number}, {"tbs_sha256"}}},
        {"artefact/signer-keys", {{"file"}, {"kind"}, {"sha256"}, {"size", K::number}}},
        {"artefact/report", {{"file"}, {"kind"}, {"sha256"}, {"size", K::number}}},
        {"deviation", {{"detail"}, {"ends", K::flag}, {"error"}, {"what"}}},
        {"end", {{"artefacts", K::number}, {"checkpoint", K::object_or_null}, {"deviations", K::number}, {"outcome"}}},
    };
    return table;
}

std::string shape_name(const std::string& type, const Value& body) {
    if (type == "p11.intent") return type + "/" + body.text("op");
    if (type == "p11.result")
        return type + "/" + (body.text("outcome") == "ok" ? body.text("op") : body.text("outcome"));
    if (type == "lint") return type + "/" + body.text("what");
    if (type == "artefact") return type + "/" + body.text("kind");
    return type;
}

bool is_of(const Value& value, Kind kind) {
    switch (kind) {
        case Kind::text:
            return value.as_text() != nullptr;
        case Kind::number:
            return value.as_number() != nullptr;
        case Kind::flag:
            return value.as_bool() != nullptr;
        case Kind::array:
            return value.as_array() != nullptr;
        case Kind::object:
            return value.as_object() != nullptr;
        case Kind::object_or_null:
            return value.is_null() || value.as_object() != nullptr;
    }
    return false;
}

// misfit says how a body differs from the shape of its type; empty if it does not.
std::string misfit(const std::string& type, const Value& body) {
    const auto name = shape_name(type, body);
    for (const auto& shape : shapes()) {
        if (shape.name != name) continue;
        for (const auto& member : shape.members) {
            const auto* value = body.member(member.name);
            if (value == nullptr || !is_of(*value, member.kind))
                return "has no proper '" + std::string{member.name} + "'";
        }
        if (body.as_object()->size() != shape.members.size()) return "has members that such a record does not have";
        return {};
    }
    return "is of a kind that this program does not know";
}

Result<Record> parse_record(std::string_view line, std::uint64_t expected) {
    SEALWRIGHT_TRY(auto value, parse_canonical_json(line, kMaxLeaf));
    const auto* members = value.as_object();
    const auto* body = value.member("body");
    const auto n = value.number("n");
    if (members == nullptr || members->size() != 6 || body == nullptr || body->as_object() == nullptr || !n ||
        value.member("step") == nullptr || value.member("step")->as_text() == nullptr ||
        value.number("v") != std::uint64_t{1}) {
        return fail(ErrorCode::malformed, "is no record of version 1");
    }
    if (*n != expected)
        return fail(ErrorCode::malformed, "has the number " + std::to_string(*n) + " in place " +
                                              std::to_string(expected) + ": a record is lost, doubled or moved");
    Record record;
    record.n = *n;
    SEALWRIGHT_TRY(record.time, from_rfc3339(value.text("t")));
    record.step = value.text("step");
    record.type = value.text("type");
    record.body = *body;
    if (const auto wrong = misfit(record.type, record.body); !wrong.empty()) return fail(ErrorCode::malformed, wrong);
    return record;
}

}  // namespace

Transcript read_transcript(const std::filesystem::path& folder, Checks& checks) {
    Transcript transcript;
    const auto text = read_text_file(folder / "entries.jsonl", kMaxTranscript);
    if (!text) {
        if (text.error().code() == ErrorCode::not_found)
            checks.missing("the transcript has no entries.jsonl");
        else
            checks.invalid(text.error().public_detail());
        return transcript;
    }
    std::string_view rest = text.value();
    transcript.readable = true;
    while (!rest.empty()) {
        const auto end = rest.find('\n');
        if (end == std::string_view::npos) {
            checks.missing("the last record is cut off: the ceremony's program ended while it wrote");
            break;
        }
        const auto line = rest.substr(0, end);
        rest.remove_prefix(end + 1);
        const auto place = transcript.lines.size();
        auto record = parse_record(line, place);
        transcript.lines.push_back(bytes_of(view_of(line)));
        transcript.leaves.push_back(hash_of_leaf(view_of(line)));
        if (!record) {
            checks.invalid("record " + std::to_string(place) + ": " + record.error().public_detail());
            transcript.readable = false;
            continue;
        }
        transcript.records.push_back(std::move(record.value()));
    }
    if (transcript.records.empty() && transcript.readable) checks.missing("the transcript is empty");
    transcript.ended = transcript.readable && !transcript.records.empty() && transcript.records.back().type == "end";
    return transcript;
}

}  // namespace sealwright::verifier
