// request list, show, approve, deny.
#include "asn1/oid.hpp"
#include "base/ids.hpp"
#include "cli/admin_client.hpp"
#include "cli/commands.hpp"
#include "cli/confirmation.hpp"
#include "cli/times.hpp"
#include "cli/wording.hpp"
#include "x509/csr.hpp"

namespace sealwright::cli {
namespace {

struct RequestItem {
    std::string id, state, profile, principal, channel, peer, serial, code, reason, csr;
    UtcTime received_at{}, updated_at{};
    std::vector<std::string> approvals;
};

Result<RequestItem> read_request(const json::value& value) {
    Fields fields{value, "the request"};
    RequestItem item;
    item.id = fields.text("id");
    item.state = fields.text("state");
    item.profile = fields.text("profile");
    item.principal = fields.text_or("principal", "");
    item.channel = fields.text_or("channel", "");
    item.peer = fields.text_or("peer", "");
    item.serial = fields.text_or("serial", "");
    item.code = fields.text_or("code", "");
    item.reason = fields.text_or("reason", "");
    item.csr = fields.text_or("csr", "");
    item.received_at = fields.time("received_at");
    item.updated_at = fields.time_if("updated_at").value_or(item.received_at);
    item.approvals = fields.texts_if("approvals");
    SEALWRIGHT_TRY(fields.check());
    return item;
}

std::string in_words(const std::string& state) { return state == "awaiting_approval" ? "awaiting approval" : state; }

// What the request itself asks for is a wish, shown so that an officer knows what is being approved.
void add_wishes(Facts& facts, const std::string& csr) {
    const auto request = x509::CertificateRequest::parse_any(view_of(csr));
    if (!request) {
        facts.add("Asks for", "cannot be read: " + request.error().public_detail());
        return;
    }
    const auto& wish = request.value();
    facts.add("Asks for", wish.subject.empty() ? "no subject" : x509::format_name(wish.subject));
    if (const auto* names = x509::find_extension(wish.requested_extensions, asn1::oid::kSubjectAltName)) {
        std::vector<std::string> texts;
        if (const auto parsed = x509::parse_general_names(names->value)) {
            for (const auto& name : parsed.value()) texts.push_back(x509::format_general_name(name));
        }
        facts.add_lines("  names", texts);
    }
    facts.add("  key", key_text(wish.public_key));
    facts.add("  key id", wish.public_key.id().hex());
}

Facts describe_request(const RequestItem& item, UtcTime now) {
    Facts facts;
    facts.add("Request", item.id);
    facts.add("State", in_words(item.state));
    if (!item.reason.empty()) facts.add("Reason", item.reason + (item.code.empty() ? "" : " (" + item.code + ")"));
    facts.add("Profile", item.profile);
    facts.add("Requested by", item.principal);
    facts.add("From", item.channel + (item.peer.empty() ? "" : ", " + item.peer));
    facts.add("Received", format_when(item.received_at, now));
    facts.add("Last change", format_when(item.updated_at, now));
    if (!item.serial.empty()) facts.add("Serial", item.serial);
    if (item.state == "awaiting_approval" || !item.approvals.empty()) facts.add_lines("Approved by", item.approvals);
    if (!item.csr.empty()) add_wishes(facts, item.csr);
    return facts;
}

Result<std::string> parse_request_id(const std::string& text) {
    const auto id = RequestId::from_hex_text(text);
    if (id) return id.value().hex();
    return with_advice(fail(ErrorCode::malformed, "'" + text + "' is no request"),
                       "A request is named by 32 hexadecimal digits (sealwright request list).");
}

struct FoundRequest {
    RequestItem item;
    json::value json;
};

Result<FoundRequest> find_request(AdminClient& client, const std::string& id) {
    auto answer = client.get(Target{"v1", "requests", id});
    if (!answer && answer.error().code() == ErrorCode::not_found)
        return with_advice(answer.error(), "See: sealwright request list");
    SEALWRIGHT_TRY(auto json, std::move(answer));
    SEALWRIGHT_TRY(auto item, read_request(json));
    return FoundRequest{std::move(item), std::move(json)};
}

// decide shows the request, asks, and posts: approve and deny differ in words only.
Result<ExitCode> decide(Context& context, const RequestOptions& options, const std::string& verb,
                        const std::string& question, const json::object& body) {
    const auto id = parse_request_id(options.id);
    if (!id) return context.output.usage(id.error());
    SEALWRIGHT_TRY(auto client, AdminClient::open(context.global.socket));
    SEALWRIGHT_TRY(const auto found, find_request(client, id.value()));
    if (!context.output.wants_json()) context.output.facts(describe_request(found.item, context.clock.now()));
    if (found.item.state != "awaiting_approval") {
        return fail(ErrorCode::conflict,
                    "request " + id.value() + " does not wait for approval: it is " + in_words(found.item.state));
    }
    SEALWRIGHT_TRY(const bool confirmed, confirm_unless(options.yes, context, question));
    if (!confirmed) return ExitCode::failed;
    SEALWRIGHT_TRY(const auto answer, client.post(Target{"v1", "requests", id.value(), verb}, body));
    if (context.output.wants_json()) {
        context.output.json(answer.body);
        return ExitCode::done;
    }
    context.output.line(verb == "deny" ? "Request " + id.value() + " is refused." : "Approved.");
    if (verb != "deny") {
        Fields told{answer.body, "the daemon's answer"};
        const auto missing = told.number_if("approvals_needed");
        if (missing && *missing > 0) context.output.line(std::to_string(*missing) + " more needed.");
    }
    return ExitCode::done;
}

}  // namespace

Result<ExitCode> request_list(Context& context, const RequestListOptions& options) {
    SEALWRIGHT_TRY(auto client, AdminClient::open(context.global.socket));
    SEALWRIGHT_TRY(
        const auto answer,
        client.get(Target{"v1", "requests"}.with("state", options.state).with("limit", std::to_string(options.limit))));
    Fields fields{answer, "the list of requests"};
    Table table{
        {{"REQUEST"}, {"STATE"}, {"PROFILE"}, {"RECEIVED"}, {"BY", false, true}, {"SERIAL OR REASON", false, true}}};
    for (const auto& value : fields.items("requests")) {
        SEALWRIGHT_TRY(const auto item, read_request(value));
        table.add({item.id, in_words(item.state), item.profile, format_distance(item.received_at, context.clock.now()),
                   item.principal, item.serial.empty() ? item.reason : item.serial});
    }
    SEALWRIGHT_TRY(fields.check());
    if (context.output.wants_json()) {
        context.output.json(answer);
    } else if (table.empty()) {
        context.output.note("No request matches.");
    } else {
        context.output.table(table);
    }
    return ExitCode::done;
}

Result<ExitCode> request_show(Context& context, const RequestOptions& options) {
    const auto id = parse_request_id(options.id);
    if (!id) return context.output.usage(id.error());
    SEALWRIGHT_TRY(auto client, AdminClient::open(context.global.socket));
    SEALWRIGHT_TRY(const auto found, find_request(client, id.value()));
    if (context.output.wants_json()) {
        context.output.json(found.json);
    } else {
        context.output.facts(describe_request(found.item, context.clock.now()));
    }
    return ExitCode::done;
}

Result<ExitCode> request_approve(Context& context, const RequestOptions& options) {
    return decide(context, options, "approve", "Approve this request?", {});
}

Result<ExitCode> request_deny(Context& context, const RequestOptions& options) {
    return decide(context, options, "deny", "Refuse this request?", {{"reason", options.reason}});
}

}  // namespace sealwright::cli
