#include "hsm/token_judge/session_of_judgement.hpp"

#include <charconv>

#include "hsm/pkcs11/ckr_error.hpp"

namespace sealwright::hsm::token_judge {
namespace {

constexpr std::array kStopping{SIGINT, SIGTERM, SIGHUP};

void on_signal(int) { request_stop(); }

void remove_ours(Probe& probe) {
    unsigned left = 0;
    for (const CK_OBJECT_CLASS object_class : {CKO_PRIVATE_KEY, CKO_PUBLIC_KEY, CKO_SECRET_KEY}) {
        auto ours = find_ours(probe, object_class);
        for (const CK_OBJECT_HANDLE object : ours ? ours.value() : std::vector<CK_OBJECT_HANDLE>{})
            probe.f().C_DestroyObject(probe.session(), object);
        ours = find_ours(probe, object_class);
        if (!ours) return;  // it is not known
        left += static_cast<unsigned>(ours.value().size());
    }
    probe.report().fact("leftovers", std::to_string(left));
}

}  // namespace

ModuleRef module_ref(const Subject& subject) {
    crypto::SystemRandom random;
    ModuleRef ref;
    ref.module = subject.module;
    ref.init_args = subject.init_args;
    ref.serial = subject.token_serial;
    ref.label = subject.token_label;
    ref.patience = subject.deadline;
    ref.key_id_prefix.resize(8);
    random.fill(ref.key_id_prefix);
    ref.key_label = "sealwright-test-" + to_hex(ref.key_id_prefix).substr(0, 12);
    return ref;
}

SignalsStop::SignalsStop() {
    for (std::size_t i = 0; i < kStopping.size(); ++i) {
        struct sigaction action {};
        action.sa_handler = &on_signal;
        ::sigemptyset(&action.sa_mask);
        ::sigaction(kStopping.at(i), &action, &before_.at(i));
    }
}

SignalsStop::~SignalsStop() {
    for (std::size_t i = 0; i < kStopping.size(); ++i) ::sigaction(kStopping.at(i), &before_.at(i), nullptr);
}

ChildEnd use_token(const ModuleRef& ref, const Secret& pin, bool may_stop, const std::function<void(Probe&)>& body,
                   const std::function<void(const Message&)>& on_message) {
    const auto live = [&](Reporter& reporter, Secret own_pin) {
        try {
            auto library = LoadedLibrary::load(ref);
            if (!library) return reporter.failure(library.error());
            Probe probe{ref, std::move(library).value(), std::move(own_pin), reporter};
            if (const auto started = probe.start(); !started) return reporter.failure(started.error());
            body(probe);
            probe.library().finalise();
        } catch (const LoginRefused& refused) {
            reporter.send("refused", {refused.detail});
        }
    };
    return run_child(pin, ref.patience, may_stop, live, on_message);
}

std::optional<unsigned> clean_up(const ModuleRef& ref, const Secret& pin) {
    std::optional<unsigned> left;
    use_token(ref, pin, false, remove_ours, [&](const Message& message) {
        if (message.kind != "fact" || message.fields.size() != 2 || message.fields[0] != "leftovers") return;
        unsigned count = 0;
        const std::string& text = message.fields[1];
        if (std::from_chars(text.data(), text.data() + text.size(), count).ec == std::errc{}) left = count;
    });
    return left;
}

Error refused_error(const ModuleRef& ref, const std::string& detail) {
    return fail(ErrorCode::denied,
                "the token refused the PIN that it had taken before; it is not tried again, and keys labelled " +
                    ref.key_label + " may be left in the token",
                detail);
}

}  // namespace sealwright::hsm::token_judge
