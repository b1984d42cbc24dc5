// cert issue: reads a PKCS#10 request, has it certified over the admin socket or HTTPS, waits for approvals where asked
// to, and writes what came of it.
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <thread>

#include "base/file.hpp"
#include "base/ids.hpp"
#include "cli/commands.hpp"
#include "cli/enrolment.hpp"
#include "cli/times.hpp"
#include "x509/csr.hpp"

namespace sealwright::cli {
namespace {

constexpr std::size_t kMaxRequestFile = 2 * x509::kMaxCsrSize;

Result<std::string> read_standard_input(std::size_t limit) {
    std::string text;
    std::array<char, 4096> chunk{};
    for (;;) {
        const ssize_t count = ::read(STDIN_FILENO, chunk.data(), chunk.size());
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) return fail(ErrorCode::io, "standard input cannot be read", std::strerror(errno));
        if (count == 0) return text;
        text.append(chunk.data(), static_cast<std::size_t>(count));
        if (text.size() > limit)
            return fail(ErrorCode::too_large, "standard input is larger than " + std::to_string(limit) + " octets");
    }
}

Result<std::string> read_csr(const std::string& path) {
    SEALWRIGHT_TRY(auto text,
                   path == "-" ? read_standard_input(kMaxRequestFile) : read_text_file(path, kMaxRequestFile));
    const std::string where = path == "-" ? "standard input" : path;
    if (text.empty()) return fail(ErrorCode::malformed, where + " is empty: there is no request in it");
    // People do mix up the two files that `openssl req` makes. The private key must not leave this machine.
    if (text.find("PRIVATE KEY-----") != std::string::npos) {
        zeroise(text.data(), text.size());
        return with_advice(fail(ErrorCode::denied, where + " holds a private key; nothing was sent"),
                           "Give the file that holds the request alone (BEGIN CERTIFICATE REQUEST).");
    }
    return text;
}

// A certificate that was issued and cannot be written is a nuisance: what can be known before is looked at before.
Result<void> check_writable(const std::string& path) {
    if (path.empty()) return success();
    const std::filesystem::path file{path};
    const auto folder = file.has_parent_path() ? file.parent_path() : std::filesystem::path{"."};
    if (::access(folder.c_str(), W_OK | X_OK) == 0 && !std::filesystem::is_directory(file)) return success();
    return with_advice(fail(ErrorCode::io, path + " cannot be written"),
                       "Nothing was asked of the CA. Does the folder exist, and may you write there?");
}

Result<Enrolled> wait_for_approvals(Enrolment& enrolment, Enrolled enrolled, const std::string& span, Output& output) {
    if (enrolled.issued || span.empty()) return enrolled;
    SEALWRIGHT_TRY(const auto length, parse_duration(span));
    const auto end = std::chrono::steady_clock::now() + length;
    while (!enrolled.issued && std::chrono::steady_clock::now() < end) {
        const auto left = std::chrono::ceil<std::chrono::seconds>(end - std::chrono::steady_clock::now());
        output.progress("request " + enrolled.request + " waits for approval, " + format_duration(left) + " left");
        std::this_thread::sleep_for(std::min(enrolled.retry_after, left));
        auto next = enrolment.resume(enrolled.request);
        // A daemon that is restarted meanwhile has not forgotten the request.
        if (!next && exit_code_of(next.error().code()) == ExitCode::unavailable) continue;
        SEALWRIGHT_TRY(enrolled, std::move(next));
    }
    output.clear_progress();
    return enrolled;
}

// The certificate must be about the key that was asked for; a request that this program cannot read is left to the
// daemon to judge.
Result<void> check_same_key(const std::string& csr, const Enrolled& enrolled) {
    const auto request = x509::CertificateRequest::parse_any(view_of(csr));
    if (!request) return success();
    SEALWRIGHT_TRY(const auto certificates, x509::Certificate::parse_pem(enrolled.certificate, 1));
    if (certificates.front().fields().spki == request.value().public_key.spki()) return success();
    return with_advice(fail(ErrorCode::denied, "certificate " + enrolled.serial +
                                                   " is about another key than the request; it was not written"),
                       "Have it revoked: sealwright cert revoke " + enrolled.serial);
}

Result<void> write_files(const CertIssueOptions& options, const Enrolled& enrolled) {
    const auto write = [&](const std::string& path, const std::string& pem) -> Result<void> {
        if (path.empty()) return success();
        auto written = write_file_atomically(path, view_of(pem));
        if (written) return written;
        return with_advice(written.error(),
                           "The certificate was issued: sealwright cert show " + enrolled.serial + " --pem");
    };
    SEALWRIGHT_TRY(write(options.out, enrolled.certificate));
    return write(options.chain, enrolled.certificate + enrolled.chain);
}

json::object enrolled_json(const Enrolled& enrolled) {
    json::object told{{"state", enrolled.issued ? "issued" : "awaiting_approval"}, {"request", enrolled.request}};
    if (enrolled.approvals_needed) told["approvals_needed"] = *enrolled.approvals_needed;
    if (enrolled.issued) {
        told["serial"] = enrolled.serial;
        told["certificate"] = enrolled.certificate;
        told["chain"] = enrolled.chain;
    }
    return told;
}

ExitCode tell_waiting(Output& output, const Enrolled& enrolled) {
    if (output.wants_json()) {
        output.json(enrolled_json(enrolled));
        return ExitCode::waiting;
    }
    const std::string needed =
        enrolled.approvals_needed ? " (" + std::to_string(*enrolled.approvals_needed) + " missing)" : "";
    output.line("Request " + enrolled.request + " waits for approval" + needed + ".");
    output.note("An officer approves with: sealwright request approve " + enrolled.request);
    output.note("Then fetch the certificate with: sealwright cert issue --resume " + enrolled.request);
    return ExitCode::waiting;
}

ExitCode tell_issued(Context& context, const CertIssueOptions& options, const Enrolled& enrolled) {
    Output& output = context.output;
    if (output.wants_json()) {
        output.json(enrolled_json(enrolled));
        return ExitCode::done;
    }
    std::string until;
    if (const auto certificates = x509::Certificate::parse_pem(enrolled.certificate, 1)) {
        until = ", valid until " + format_when(certificates.value().front().fields().not_after, context.clock.now());
    }
    const std::string told = "Issued " + enrolled.serial + until;
    if (options.out.empty() && options.chain.empty()) {
        output.raw(enrolled.certificate + enrolled.chain);
        output.note(told);
        return ExitCode::done;
    }
    output.line(told);
    if (!options.out.empty()) output.line("  certificate: " + options.out);
    if (!options.chain.empty()) output.line("  with its chain: " + options.chain);
    return ExitCode::done;
}

// What to do next depends on what was asked; the daemon knows only what is wrong.
Error advised(const Error& why, const CertIssueOptions& options) {
    if (why.public_detail().find('\n') != std::string::npos) return why;
    if (why.code() == ErrorCode::not_found && !options.profile.empty())
        return with_advice(why, "See: sealwright profile list");
    if (why.code() == ErrorCode::not_found) return with_advice(why, "See: sealwright request list");
    if (why.code() == ErrorCode::malformed && !options.csr.empty()) {
        return with_advice(why,
                           "Is " + options.csr +
                               " a PKCS#10 request, and nothing else in it? openssl req -in FILE -noout -text -verify");
    }
    return why;
}

std::optional<Error> wrong_arguments(const CertIssueOptions& options) {
    if (options.csr.empty() && options.request.empty()) {
        return with_advice(fail(ErrorCode::malformed, "there is nothing to certify"),
                           "Give --profile NAME and --csr FILE, or --resume REQUEST.");
    }
    if (!options.request.empty() && !RequestId::from_hex_text(options.request)) {
        return with_advice(fail(ErrorCode::malformed, "'" + options.request + "' is no request"),
                           "A request is named by 32 hexadecimal digits (sealwright request list).");
    }
    if (!options.wait.empty()) {
        if (auto span = parse_duration(options.wait); !span) return span.error().in("--wait");
    }
    return std::nullopt;
}

}  // namespace

Result<ExitCode> cert_issue(Context& context, const CertIssueOptions& options) {
    if (const auto wrong = wrong_arguments(options)) return context.output.usage(*wrong);
    std::string csr;
    if (!options.csr.empty()) {
        SEALWRIGHT_TRY(csr, read_csr(options.csr));
    }
    SEALWRIGHT_TRY(check_writable(options.out));
    SEALWRIGHT_TRY(check_writable(options.chain));

    const bool native = !options.native.server.empty();
    SEALWRIGHT_TRY(const auto enrolment, native ? enrol_over_https(options.native, context.terminal)
                                                : enrol_over_admin_socket(context.global.socket));
    auto asked = csr.empty() ? enrolment->resume(options.request) : enrolment->ask(options.profile, csr);
    if (!asked) return advised(asked.error(), options);
    auto first = std::move(asked).value();
    SEALWRIGHT_TRY(const auto enrolled, wait_for_approvals(*enrolment, std::move(first), options.wait, context.output));
    if (!enrolled.issued) return tell_waiting(context.output, enrolled);
    if (!csr.empty()) {
        SEALWRIGHT_TRY(check_same_key(csr, enrolled));
    }
    SEALWRIGHT_TRY(write_files(options, enrolled));
    return tell_issued(context, options, enrolled);
}

}  // namespace sealwright::cli
