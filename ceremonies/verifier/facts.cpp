#include "ceremonies/verifier/facts.hpp"

#include "base/ids.hpp"

namespace sealwright::verifier {
namespace {

std::string quoted_text(std::string_view text) { return "'" + std::string{text} + "'"; }

class Walk {
public:
    Walk(const Transcript& transcript, const ScriptReading& script, const BindingsReading& bindings, Checks& checks)
        : transcript_(transcript), script_(script), bindings_(bindings), checks_(checks) {}

    Facts walk() {
        checks_.begin("order");
        for (const auto& record : transcript_.records) visit(record);
        finish();
        checks_.end(std::to_string(facts_.steps_done.size()) + " of " + std::to_string(script_.steps.size()) +
                    " steps done in the script's order, " + std::to_string(facts_.uses) +
                    " uses of tokens with one result each, " + std::to_string(facts_.confirmations) + " confirmations");
        return std::move(facts_);
    }

private:
    void wrong(const Record& record, std::string_view text) {
        checks_.invalid(record.where() + ": " + std::string{text});
    }

    void visit(const Record& record) {
        check_place(record);
        check_time(record);
        if (record.type == "header")
            visit_header(record);
        else if (record.type == "roster")
            visit_roster(record);
        else if (record.type == "module")
            visit_module(record);
        else if (record.type == "step.begin")
            visit_begin(record);
        else if (record.type == "step.end")
            visit_step_end(record);
        else if (record.type == "confirmation")
            visit_confirmation(record);
        else if (record.type == "p11.intent")
            visit_intent(record);
        else if (record.type == "p11.result")
            visit_result(record);
        else if (record.type == "evidence")
            visit_evidence(record);
        else if (record.type == "lint")
            visit_lint(record);
        else if (record.type == "path")
            visit_path(record);
        else if (record.type == "artefact")
            visit_artefact(record);
        else if (record.type == "deviation")
            visit_deviation(record);
        else if (record.type == "end")
            visit_end(record);
    }

    // check_place: header and roster come first, nothing comes behind the end or behind a failure that ends the
    // ceremony, and what carries a step's id stands within that step.
    void check_place(const Record& record) {
        if ((record.n == 0) != (record.type == "header")) wrong(record, "the header is the first record and no other");
        if ((record.n == 1) != (record.type == "roster")) wrong(record, "the roster is the second record and no other");
        if (facts_.end != nullptr) wrong(record, "stands behind the end");
        if (facts_.aborted && record.type != "end") wrong(record, "stands behind the failure that ended the ceremony");
        const bool between =
            record.type == "header" || record.type == "roster" || record.type == "module" || record.type == "end";
        const bool report = record.type == "artefact" && record.body.text("kind") == "report";
        const bool early_failure = record.type == "deviation" && record.body.flag("ends");
        if (record.type != "step.begin" && record.step != current_ && !early_failure)
            wrong(record, "does not belong to the step that is under way");
        if ((between || report) && !record.step.empty()) wrong(record, "belongs to no step");
        if (!between && !report && !early_failure && record.step.empty()) wrong(record, "belongs to a step");
        if (!open_intent_.empty() && record.type != "p11.result")
            wrong(record, "stands between a use of a token and its result");
    }

    void check_time(const Record& record) {
        if (record.n != 0 && record.time < last_time_)
            checks_.deviation(record.where() + ": the clock went back, from " + to_rfc3339(last_time_) + " to " +
                              to_rfc3339(record.time));
        last_time_ = std::max(last_time_, record.time);
    }

    void visit_header(const Record& record) {
        facts_.header = &record;
        if (record.body.number("format") != std::uint64_t{1}) wrong(record, "is of another format");
        if (record.body.text("title") != script_.title || record.body.text("kind") != script_.kind)
            wrong(record, "names another script");
        if (record.body.text("mode") != bindings_.mode)
            wrong(record, "says mode " + quoted_text(record.body.text("mode")) + ", the bindings " +
                              quoted_text(bindings_.mode));
    }

    void visit_roster(const Record& record) {
        std::vector<PersonReading> people;
        for (const auto& item : *record.body.member("people")->as_array())
            people.push_back({item.text("role"), item.text("name"), item.text("initials")});
        if (people != bindings_.people) wrong(record, "its people are not those of the bindings");
        for (const auto& [role, count] : script_.roles) {
            const auto holders =
                std::count_if(people.begin(), people.end(), [&](const auto& person) { return person.role == role; });
            if (static_cast<std::size_t>(holders) < count)
                wrong(record, "the role " + quoted_text(role) + " has too few people");
        }
    }

    void visit_module(const Record& record) { seen_modules_.insert(record.body.text("sha256")); }

    void visit_begin(const Record& record) {
        if (!current_.empty()) wrong(record, "begins before the step " + quoted_text(current_) + " has ended");
        const std::size_t index = facts_.steps_begun.size();
        if (index >= script_.steps.size() || script_.steps[index].id != record.step) {
            wrong(record, index < script_.steps.size()
                              ? "the script has the step " + quoted_text(script_.steps[index].id) + " here"
                              : std::string{"the script has no more steps"});
        } else if (script_.steps[index].action != record.body.text("do") ||
                   script_.steps[index].by != record.body.text("by")) {
            wrong(record, "its action or role is not that of the script");
        }
        current_ = record.step;
        facts_.steps_begun.push_back(record.step);
        facts_.begun_at[record.step] = record.time;
        deviated_ = false;
    }

    void visit_step_end(const Record& record) {
        const auto* step = script_.find(record.step);
        const auto outcome = record.body.text("outcome");
        if (outcome != (deviated_ ? "deviation" : "done"))
            wrong(record, "its outcome does not agree with the records before it");
        if (step != nullptr && step->action == "confirm" && !deviated_ && facts_.confirmed[record.step] == 0)
            wrong(record, "nobody has confirmed it");
        facts_.steps_done.push_back(record.step);
        current_.clear();
    }

    void visit_confirmation(const Record& record) {
        const auto* step = script_.find(record.step);
        const auto role = record.body.text("role");
        if (step == nullptr || step->by != role) wrong(record, "is by a role that the script does not name here");
        if (step != nullptr && step->text("text") != record.body.text("text"))
            wrong(record, "what was confirmed is not the script's text");
        if (!bindings_.holds(role, record.body.text("name"), record.body.text("initials")))
            wrong(record, "is by nobody who holds that role");
        ++facts_.confirmations;
        if (!record.body.flag("attended")) ++facts_.unattended;
        if (record.body.flag("confirmed")) ++facts_.confirmed[record.step];
    }

    void visit_intent(const Record& record) {
        open_intent_ = record.body.text("intent");
        open_record_ = &record;
        ++facts_.uses;
        if (const auto parsed = IntentId::from_hex_text(open_intent_); !parsed)
            wrong(record, "its intent is not 32 hexadecimal digits");
        if (!intents_.insert(open_intent_).second) wrong(record, "its intent was used before");
        const auto op = record.body.text("op");
        if (op == "login") return;
        const auto key = record.body.text("key");
        const bool begins = op == "generate" || op == "find";
        if (!begins && !facts_.keys.contains(key))
            wrong(record, "uses a key that was neither generated nor found in this ceremony");
        if (op == "sign" && facts_.keys.contains(key) && !facts_.keys[key].accepted)
            wrong(record, "uses a key whose evidence was not accepted before");
        if (!token_is_open(record.body.text("token"))) wrong(record, "uses a token that is not open");
        if (!begins && facts_.keys.contains(key) && facts_.keys[key].token != record.body.text("token"))
            wrong(record, "asks another token than the key's");
    }

    bool token_is_open(const std::string& role) const {
        return std::any_of(facts_.tokens.begin(), facts_.tokens.end(),
                           [&](const auto& token) { return token.second.role == role; });
    }

    void visit_result(const Record& record) {
        if (open_intent_.empty() || record.body.text("intent") != open_intent_ ||
            record.body.text("op") != open_record_->body.text("op")) {
            wrong(record, "is the result of no use of a token directly before it");
            open_intent_.clear();
            return;
        }
        const Record& intent = *open_record_;
        open_intent_.clear();
        const auto op = record.body.text("op");
        if (record.body.text("outcome") != "ok") {
            failed_use_ = true;
            return;
        }
        if (record.body.text("token") != intent.body.text("token")) wrong(record, "is of another token");
        if (op == "login") opened(record);
        if (op == "generate") generated(record, intent);
        if (op == "find") found(record, intent);
        if (op == "evidence") {
            if (record.body.text("key") != intent.body.text("key")) wrong(record, "is of another key");
            facts_.keys[record.body.text("key")].evidence_sha256 = record.body.text("sha256");
        }
        if (op == "sign") {
            if (record.body.text("key") != intent.body.text("key")) wrong(record, "is of another key");
            facts_.signatures.push_back({record.step, intent.body.text("key"), intent.body.text("purpose"),
                                         intent.body.text("algorithm"), intent.body.text("tbs_sha256"),
                                         record.body.text("signature_sha256"), intent.n, false});
        }
    }

    void opened(const Record& record) {
        const auto role = record.body.text("token");
        const auto bound = bindings_.tokens.find(role);
        if (bound == bindings_.tokens.end()) return wrong(record, "the bindings have no such token");
        if (!bound->second.serial.empty() && bound->second.serial != record.body.text("serial"))
            wrong(record, "its serial is not that of the bindings");
        if (!bound->second.label.empty() && bound->second.label != record.body.text("label"))
            wrong(record, "its label is not that of the bindings");
        const auto* step = script_.find(record.step);
        if (step == nullptr || step->text("token") != role) wrong(record, "the script opens another token here");
        facts_.tokens[record.step] = {record.step, role, record.body.text("serial"), record.body.text("label")};
    }

    // key_of reads what generated and found keys have in common.
    KeyFact key_of(const Record& record, const Record& intent) {
        KeyFact fact;
        fact.id = record.body.text("key");
        fact.step = record.step;
        fact.token = record.body.text("token");
        fact.label = record.body.text("label");
        fact.evidence_template = intent.body.text("template");
        fact.at = record.n;
        if (fact.label != intent.body.text("label")) wrong(record, "has another label than was asked for");
        const auto spki = from_base64(record.body.text("spki"));
        auto key = spki ? crypto::PublicKey::parse(spki.value()) : Result<crypto::PublicKey>{spki.error()};
        if (!key)
            wrong(record, "its public key cannot be read: " + key.error().public_detail());
        else if (key.value().id().hex() != fact.id)
            wrong(record, "its digest is not that of its public key");
        else
            fact.key = std::move(key.value());
        if (facts_.keys.contains(fact.id)) wrong(record, "the same key twice");
        return fact;
    }

    void generated(const Record& record, const Record& intent) {
        auto fact = key_of(record, intent);
        fact.key_type = intent.body.text("key_type");
        fact.bits = intent.body.number("bits").value_or(0);
        if (fact.key && (crypto::key_type_name(fact.key->type()) != fact.key_type ||
                         (fact.bits != 0 && fact.key->bits() != fact.bits))) {
            wrong(record, "is of another type than was asked for");
            fact.key.reset();
        }
        facts_.keys[fact.id] = std::move(fact);
    }

    void found(const Record& record, const Record& intent) {
        auto fact = key_of(record, intent);
        fact.found = true;
        if (fact.id != intent.body.text("key")) wrong(record, "is of another key");
        facts_.keys[fact.id] = std::move(fact);
    }

    void visit_evidence(const Record& record) {
        auto found = facts_.keys.find(record.body.text("key"));
        if (found == facts_.keys.end())
            return wrong(record, "is of a key that was neither generated nor found in this ceremony");
        if (found->second.evidence_template != record.body.text("template"))
            wrong(record, "was judged by another template than the script's");
        found->second.evidence_file = record.body.text("file");
        found->second.accepted = record.body.text("verdict") == "accepted";
    }

    void visit_lint(const Record& record) {
        if (record.body.text("verdict") != "accepted") return;
        facts_.lints.push_back({record.step, record.body.text("what"), record.body.text("tbs_sha256"),
                                record.body.text("profile"), record.body.text("key"), record.body.text("issuer_key"),
                                record.n, record.time});
    }

    void visit_path(const Record& record) {
        if (record.body.text("verdict") == "accepted") ++facts_.paths;
    }

    void visit_artefact(const Record& record) {
        for (const auto& other : facts_.artefacts) {
            if (other.file == record.body.text("file")) wrong(record, "two artefacts have one name");
        }
        facts_.artefacts.push_back({record.step, record.body.text("file"), record.body.text("kind"),
                                    record.body.text("sha256"), record.body.number("size").value_or(0), record.n,
                                    &record.body});
    }

    void visit_deviation(const Record& record) {
        ++facts_.deviations;
        deviated_ = true;
        if (record.body.flag("ends")) {
            facts_.aborted = true;
            checks_.missing("the ceremony was ended early in step " + quoted_text(record.step) + ": " +
                            record.body.text("what"));
            current_.clear();
        } else {
            checks_.deviation("step " + quoted_text(record.step) + " " + record.body.text("what") + ": " +
                              record.body.text("detail"));
            const auto* step = script_.find(record.step);
            if (step != nullptr && step->text("on_fail") != "deviation")
                wrong(record, "the script allows no deviation here");
        }
    }

    void visit_end(const Record& record) {
        facts_.end = &record;
        if (!current_.empty()) wrong(record, "the step " + quoted_text(current_) + " has not ended");
        const auto outcome = record.body.text("outcome");
        if (outcome != (facts_.aborted ? "aborted" : "complete"))
            wrong(record, "its outcome does not agree with the records before it");
        if (record.body.number("artefacts") != facts_.artefacts.size())
            wrong(record, "counts other artefacts than there are");
        if (record.body.number("deviations") != facts_.deviations)
            wrong(record, "counts other deviations than there are");
    }

    void finish() {
        if (!transcript_.ended) checks_.missing("the transcript has no end: the ceremony was cut off");
        if (!open_intent_.empty()) {
            const auto text = open_record_->where() + " has no result: the token may have done it";
            if (transcript_.ended)
                checks_.invalid(text);
            else
                checks_.missing(text);
        }
        if (failed_use_ && !facts_.aborted && transcript_.ended)
            checks_.invalid("a use of a token failed, and the ceremony went on");
        if (facts_.complete() && facts_.steps_done.size() != script_.steps.size())
            checks_.invalid("the ceremony ended as complete without all steps of the script");
        if (facts_.complete() && seen_modules_.empty()) checks_.invalid("no module is on record");
        for (const auto& [role, token] : bindings_.tokens) {
            const bool used = token.module_sha256.empty() || seen_modules_.contains(token.module_sha256) ||
                              facts_.steps_begun.empty();
            if (!used)
                checks_.invalid("the bindings pin the module of the token '" + role +
                                "' by a SHA-256 that none on record has");
        }
        note_shared_roles();
        if (facts_.unattended != 0) {
            checks_.headline(std::to_string(facts_.unattended) + " of " + std::to_string(facts_.confirmations) +
                             " confirmations were given by a program, not by people: dual control is not proved");
        }
    }

    void note_shared_roles() {
        std::map<std::string, std::set<std::string>> roles;
        for (const auto& person : bindings_.people) roles[person.name].insert(person.role);
        for (const auto& [name, held] : roles) {
            if (held.size() < 2) continue;
            checks_.headline(name + " held " + std::to_string(held.size()) +
                             " roles: what the script gives to several people was not done by several");
        }
    }

    const Transcript& transcript_;
    const ScriptReading& script_;
    const BindingsReading& bindings_;
    Checks& checks_;
    Facts facts_;
    std::string current_;  // step under way
    UtcTime last_time_{};
    std::string open_intent_;
    const Record* open_record_ = nullptr;
    std::set<std::string> intents_, seen_modules_;
    bool deviated_ = false, failed_use_ = false;
};

}  // namespace

const KeyFact* Facts::key_of_step(std::string_view step) const noexcept {
    for (const auto& [id, key] : keys) {
        if (key.step == step) return &key;
    }
    return nullptr;
}

const ArtefactFact* Facts::artefact(std::string_view file) const noexcept {
    for (const auto& artefact : artefacts) {
        if (artefact.file == file) return &artefact;
    }
    return nullptr;
}

bool Facts::complete() const noexcept { return end != nullptr && !aborted; }

Facts gather(const Transcript& transcript, const ScriptReading& script, const BindingsReading& bindings,
             Checks& checks) {
    return Walk{transcript, script, bindings, checks}.walk();
}

}  // namespace sealwright::verifier
