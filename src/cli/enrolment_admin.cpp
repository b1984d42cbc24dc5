#include "cli/admin_client.hpp"
#include "cli/enrolment.hpp"
#include "x509/certificate.hpp"

namespace sealwright::cli {
namespace {

// The chain is told as a list of PEM texts or as one text of several.
std::string read_chain(const json::value& answer) {
    const auto* object = answer.if_object();
    const auto* chain = object == nullptr ? nullptr : object->if_contains("chain");
    if (chain == nullptr) return {};
    if (const auto* text = chain->if_string()) return std::string{std::string_view{*text}};
    std::string joined;
    if (const auto* items = chain->if_array()) {
        for (const auto& item : *items) {
            if (const auto* text = item.if_string()) joined += std::string_view{*text};
        }
    }
    return joined;
}

Result<Enrolled> read_enrolled(const Answer& answer) {
    Fields fields{answer.body, "the daemon's answer"};
    Enrolled enrolled;
    enrolled.request = fields.text("request");
    enrolled.issued = fields.text("state") == "issued";
    enrolled.approvals_needed = fields.number_if("approvals_needed");
    if (enrolled.issued) {
        enrolled.serial = fields.text("serial");
        enrolled.certificate = fields.text("certificate");
        enrolled.chain = read_chain(answer.body);
    }
    SEALWRIGHT_TRY(fields.check());
    return enrolled;
}

class AdminEnrolment final : public Enrolment {
public:
    explicit AdminEnrolment(AdminClient client) : client_(std::move(client)) {}

    Result<Enrolled> ask(const std::string& profile, const std::string& csr) override {
        const std::string pem = is_pem(csr) ? csr : x509::encode_pem("CERTIFICATE REQUEST", view_of(csr));
        SEALWRIGHT_TRY(const auto answer,
                       client_.post(Target{"v1", "certificates"}, json::object{{"profile", profile}, {"csr", pem}}));
        return read_enrolled(answer);
    }

    Result<Enrolled> resume(const std::string& request) override {
        SEALWRIGHT_TRY(const auto answer, client_.post(Target{"v1", "requests", request, "resume"}));
        return read_enrolled(answer);
    }

private:
    AdminClient client_;
};

}  // namespace

bool is_pem(std::string_view csr) noexcept { return csr.find("-----BEGIN ") != std::string_view::npos; }

Result<std::unique_ptr<Enrolment>> enrol_over_admin_socket(const std::string& socket_path) {
    SEALWRIGHT_TRY(auto client, AdminClient::open(socket_path));
    return std::unique_ptr<Enrolment>{std::make_unique<AdminEnrolment>(std::move(client))};
}

}  // namespace sealwright::cli
