#include "surroundings.hpp"

#include <stdexcept>

namespace sealwright::ceremonies::test {
namespace {

// One SoftHSM a process: a module reads its configuration when it is initialised.
sealwright::test::SoftHsm& softhsm() {
    static sealwright::test::SoftHsm instance;
    return instance;
}

}  // namespace

std::string replaced(std::string text, const std::string& from, const std::string& to, const std::string& mark) {
    const auto begin = text.find(mark);
    const auto at = begin == std::string::npos ? begin : text.find(from, begin);
    if (at == std::string::npos) throw std::runtime_error("no '" + from + "' behind '" + mark + "'");
    return text.replace(at, from.size(), to);
}

Result<Confirmation> QuietDesk::confirm(const ConfirmationRequest& request) {
    Confirmation answer;
    answer.initials = request.people.front().initials;
    answer.confirmed = !refuse.contains(request.step);
    answer.attended = !by_program.contains(request.step);
    if (!answer.confirmed) answer.reason = "the test says no";
    return answer;
}

Site::Site() {
    static int count = 0;
    const std::string number = std::to_string(++count);
    std::filesystem::copy("ceremonies/scripts", folder(), std::filesystem::copy_options::recursive);
    std::string text = read_whole("ceremonies/scripts/bindings-softhsm.toml");
    for (const std::string role : {"root", "online"}) {
        softhsm().add_token(role + number);
        text = replaced(text, "/usr/lib/softhsm/libsofthsm2.so", softhsm().module(), "role = \"" + role + "\"");
        text = replaced(text, "sealwright-" + role, role + number, "role = \"" + role + "\"");
        text = replaced(text, "{ prompt = true }", "{ file = \"" + softhsm().pin_file().string() + "\" }",
                        "role = \"" + role + "\"");
    }
    write_whole(bindings(), replaced(text, "mode = \"rehearsal\"", "mode = \"production\""));
}

RunOptions Site::options(QuietDesk& desk) const {
    static const SystemClock clock;
    static crypto::SystemRandom random;
    return {{script(), bindings()}, out(), desk, clock, random};
}

Bundle::Bundle(const std::filesystem::path& original, std::string head) : head_(std::move(head)) {
    std::filesystem::copy(original, path(), std::filesystem::copy_options::recursive);
    std::error_code none_yet;
    std::filesystem::copy_file(original / "artefacts/root.pem", roots(), none_yet);
}

verifier::Checks Bundle::verify(bool with_head, bool allow_rehearsal) const {
    verifier::Checks checks;
    verifier::verify_ceremony({path(), roots(), with_head ? head_ : std::string{}, allow_rehearsal}, checks);
    return checks;
}

std::vector<std::filesystem::path> Bundle::files() const {
    std::vector<std::filesystem::path> files;
    for (const auto& entry : std::filesystem::recursive_directory_iterator{path()}) {
        if (entry.is_regular_file()) files.push_back(entry.path());
    }
    std::sort(files.begin(), files.end());
    return files;
}

}  // namespace sealwright::ceremonies::test
