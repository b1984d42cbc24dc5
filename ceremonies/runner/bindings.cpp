#include "ceremonies/runner/bindings.hpp"

#include "ceremonies/runner/text.hpp"

namespace sealwright::ceremonies {
namespace {

bool is_initials(std::string_view text) {
    if (text.size() < 2 || text.size() > 8) return false;
    return std::all_of(text.begin(), text.end(),
                       [](char c) { return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'); });
}

// C2SP signed-note: a key name has no white space and no plus sign; ours is printable ASCII.
bool is_origin(std::string_view text) {
    if (text.empty() || text.size() > 128) return false;
    return std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < 0x7F && c != '+'; });
}

bool is_placeholder_name(std::string_view text) {
    if (text.empty() || text.size() > 64) return false;
    return std::all_of(text.begin(), text.end(),
                       [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_'; });
}

class Reader {
public:
    Reader(Bindings& bindings, const std::filesystem::path& folder) : bindings_(bindings), folder_(folder) {}

    void read(TomlTable& root) {
        if (const auto format = root.number("format", 0, 1000, Need::required); format && *format != kBindingsFormat) {
            root.problem("format", "is " + std::to_string(*format) + "; this program reads format 1");
        }
        const auto mode = root.text("mode", Need::required);
        if (mode && *mode != "production" && *mode != "rehearsal")
            root.problem("mode", "must be \"production\" or \"rehearsal\"");
        bindings_.mode = mode && *mode == "production" ? Mode::production : Mode::rehearsal;
        bindings_.place = root.text("place").value_or("");
        bindings_.signing_time = root.time("signing_time");
        for (auto& table : root.tables("token")) read_token(table);
        for (auto& table : root.tables("person")) read_person(table);
        if (auto table = root.table("values")) read_values(*table);
        if (auto table = root.table("names")) read_names(*table);
        if (auto table = root.table("logs")) read_logs(*table);
        if (auto table = root.table("keys")) read_keys(*table);
        if (auto table = root.table("certificates")) read_certificates(*table);
        root.finish();
    }

private:
    void read_token(TomlTable& table) {
        TokenBinding token;
        token.line = table.line();
        token.role = table.text("role", Need::required).value_or("");
        if (bindings_.token(token.role) != nullptr)
            table.problem("role", "two tokens have the role '" + token.role + "'");
        token.module = table.text("module", Need::required).value_or("");
        token.init_args = table.text("init_args").value_or("");
        if (const auto digest = table.text("module_sha256")) {
            const auto parsed = Sha256::from_hex_text(*digest);
            if (parsed)
                token.module_sha256 = parsed.value();
            else
                table.problem("module_sha256", "must be 64 hexadecimal digits");
        }
        token.serial = table.text("serial").value_or("");
        token.label = table.text("label").value_or("");
        if (token.serial.empty() && token.label.empty()) table.problem("", "needs a serial, a label or both");
        if (auto pin = table.table("pin", Need::required)) read_pin(*pin, token);
        table.finish();
        for (const auto& other : bindings_.tokens) {
            if (other.module == token.module && other.serial == token.serial && other.label == token.label) {
                table.problem("", "is the same token as that of the role '" + other.role + "'");
            }
        }
        bindings_.tokens.push_back(std::move(token));
    }

    void read_pin(TomlTable& table, TokenBinding& token) {
        unsigned sources = 0;
        if (table.has("prompt")) {
            ++sources;
            if (const auto prompt = table.boolean("prompt"); prompt && !*prompt)
                table.problem("prompt", "must be true");
            token.pin = PinSource::prompt;
        }
        if (table.has("fd")) {
            ++sources;
            token.pin = PinSource::fd;
            token.pin_fd = static_cast<int>(table.number("fd", 0, 65535).value_or(0));
        }
        if (table.has("credential")) {
            ++sources;
            token.pin = PinSource::credential;
            token.pin_location = table.text("credential").value_or("");
            if (!token.pin_location.empty() && !is_file_name(token.pin_location))
                table.problem("credential", "must be a plain file name");
        }
        if (table.has("file")) {
            ++sources;
            token.pin = PinSource::file;
            if (const auto path = table.text("file")) token.pin_location = (folder_ / *path).string();
        }
        if (sources != 1)
            table.problem(
                "",
                "must be exactly one of { prompt = true }, { fd = N }, { credential = \"name\" }, { file = \"path\" }");
        table.finish();
    }

    void read_person(TomlTable& table) {
        Person person;
        person.role = table.text("role", Need::required).value_or("");
        person.name = table.text("name", Need::required).value_or("");
        if (person.name.size() > 200 || person.name.find('\n') != std::string::npos)
            table.problem("name", "must be one line of at most 200 octets");
        person.initials = table.text("initials", Need::required).value_or("");
        if (!person.initials.empty() && !is_initials(person.initials))
            table.problem("initials", "must be 2 to 8 upper-case letters or digits");
        for (const auto& other : bindings_.people) {
            if (other.initials == person.initials && other.name != person.name) {
                table.problem("initials", "are those of " + other.name + " too");
            }
            if (other.role == person.role && other.name == person.name)
                table.problem("", person.name + " stands twice in the role '" + person.role + "'");
        }
        table.finish();
        bindings_.people.push_back(std::move(person));
    }

    void read_values(TomlTable& table) {
        for (const auto& key : table.keys()) {
            if (!is_placeholder_name(key))
                table.problem(key, "names of values are lower-case letters, digits and '_', 64 at most");
            if (auto value = table.text(key)) bindings_.values[key] = std::move(*value);
        }
        table.finish();
    }

    void read_names(TomlTable& table) {
        for (const auto& key : table.keys()) {
            auto names = table.texts(key);
            if (names.empty()) table.problem(key, "must not be empty");
            bindings_.names[key] = std::move(names);
        }
        table.finish();
    }

    void read_logs(TomlTable& table) {
        std::set<std::string> origins;
        for (const auto& key : table.keys()) {
            const auto origin = table.text(key);
            if (!origin) continue;
            if (!is_origin(*origin))
                table.problem(key, "must be printable ASCII without spaces and '+', 128 octets at most");
            if (!origins.insert(*origin).second) table.problem(key, "two logs have the origin '" + *origin + "'");
            bindings_.logs[key] = *origin;
        }
        table.finish();
    }

    void read_keys(TomlTable& table) {
        for (const auto& key : table.keys()) {
            const auto digest = table.text(key);
            const auto parsed = digest ? KeyId::from_hex_text(*digest) : Result<KeyId>{fail(ErrorCode::not_found)};
            if (digest && !parsed) table.problem(key, "must be 64 hexadecimal digits");
            if (parsed) bindings_.keys[key] = parsed.value();
        }
        table.finish();
    }

    void read_certificates(TomlTable& table) {
        for (const auto& key : table.keys()) {
            auto entry = table.table(key);
            if (!entry) continue;
            CertificateBinding certificate;
            certificate.path = (folder_ / entry->text("file", Need::required).value_or("")).string();
            if (const auto digest = entry->text("sha256", Need::required)) {
                const auto parsed = Sha256::from_hex_text(*digest);
                if (parsed)
                    certificate.sha256 = parsed.value();
                else
                    entry->problem("sha256", "must be 64 hexadecimal digits");
            }
            entry->finish();
            bindings_.certificates[key] = std::move(certificate);
        }
        table.finish();
    }

    Bindings& bindings_;
    const std::filesystem::path& folder_;
};

// Wanted is what a script needs of its bindings.
struct Wanted {
    std::set<std::string> tokens, names, logs, keys, certificates;
};

Wanted wanted_by(const Script& script) {
    Wanted wanted;
    for (const auto& step : script.steps) {
        if (const auto* open = std::get_if<OpenTokenStep>(&step.work)) wanted.tokens.insert(open->token);
        if (const auto* find = std::get_if<FindKeyStep>(&step.work)) wanted.keys.insert(find->spki);
        if (const auto* import = std::get_if<ImportStep>(&step.work)) wanted.certificates.insert(import->certificate);
        if (const auto* certify = std::get_if<CertifyStep>(&step.work); certify != nullptr && !certify->names.empty())
            wanted.names.insert(certify->names);
        if (const auto* close = std::get_if<CloseStep>(&step.work); close != nullptr && !close->log.empty())
            wanted.logs.insert(close->log);
        if (const auto* config = std::get_if<SignerConfigStep>(&step.work)) {
            for (const auto& key : config->keys) {
                if (!key.checkpoint_log.empty()) wanted.logs.insert(key.checkpoint_log);
            }
        }
    }
    return wanted;
}

template <class Map>
void compare(const std::set<std::string>& wanted, const Map& given, std::string_view table, const std::string& source,
             Problems& problems) {
    for (const auto& name : wanted) {
        if (!given.contains(name))
            problems.add(source, 0, table, "the script needs '" + name + "', which is not there");
    }
    for (const auto& [name, value] : given) {
        if (!wanted.contains(name)) problems.add(source, 0, table, "the script knows no '" + name + "'");
    }
}

}  // namespace

std::string_view mode_name(Mode mode) noexcept { return mode == Mode::production ? "production" : "rehearsal"; }

const TokenBinding* Bindings::token(std::string_view role) const noexcept {
    for (const auto& token : tokens) {
        if (token.role == role) return &token;
    }
    return nullptr;
}

namespace {

// check_one_role_each: what the script gives to two roles it gives to two people. Whoever rehearses may be alone.
void check_one_role_each(const Bindings& bindings, const std::string& source_name, Problems& problems) {
    if (bindings.mode != Mode::production) return;
    for (std::size_t i = 0; i < bindings.people.size(); ++i) {
        for (std::size_t j = 0; j < i; ++j) {
            const auto &one = bindings.people[j], &other = bindings.people[i];
            if (one.name != other.name || one.role == other.role) continue;
            problems.add(source_name, 0, "person",
                         one.name + " holds the roles '" + one.role + "' and '" + other.role +
                             "': in production what two do together is done by two people");
        }
    }
}

}  // namespace

std::vector<Person> Bindings::holders(std::string_view role) const {
    std::vector<Person> out;
    for (const auto& person : people) {
        if (person.role == role) out.push_back(person);
    }
    return out;
}

Bindings parse_bindings(std::string_view toml, const std::string& source_name, const std::filesystem::path& folder,
                        Problems& problems) {
    Bindings bindings;
    TomlDocument document{toml, source_name, problems};
    if (auto root = document.root()) Reader{bindings, folder}.read(*root);
    return bindings;
}

void check_bindings(const Script& script, const Bindings& bindings, const std::string& source_name,
                    Problems& problems) {
    const Wanted wanted = wanted_by(script);
    std::map<std::string, bool> tokens;
    for (const auto& token : bindings.tokens) tokens[token.role] = true;
    compare(wanted.tokens, tokens, "token", source_name, problems);
    compare(wanted.names, bindings.names, "names", source_name, problems);
    compare(wanted.logs, bindings.logs, "logs", source_name, problems);
    compare(wanted.keys, bindings.keys, "keys", source_name, problems);
    compare(wanted.certificates, bindings.certificates, "certificates", source_name, problems);
    for (const auto& role : script.roles) {
        const auto count = bindings.holders(role.id).size();
        if (count < role.count) {
            problems.add(source_name, 0, "person",
                         "the role '" + role.id + "' needs " + std::to_string(role.count) + " people, here are " +
                             std::to_string(count));
        }
    }
    check_one_role_each(bindings, source_name, problems);
    for (const auto& person : bindings.people) {
        if (script.role(person.role) == nullptr)
            problems.add(source_name, 0, "person",
                         "the script knows no role '" + person.role + "', which " + person.name + " has");
    }
}

}  // namespace sealwright::ceremonies
