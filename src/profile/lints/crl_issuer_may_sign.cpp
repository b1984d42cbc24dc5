// crl_issuer_may_sign.cpp: RFC 5280 4.2.1.3.
#include "profile/lints/lint.hpp"

namespace sealwright::profile::lints {

CrlLint crl_issuer_may_sign() noexcept {
    return {"rfc5280_4_2_1_3_crl_issuer_has_crl_sign", "RFC 5280 4.2.1.3",
            "the subject public key MUST NOT be used to verify signatures on certificates or CRLs unless the "
            "corresponding keyCertSign or cRLSign bit is set",
            [](const CrlSubject& subject, Details& details) {
                if (subject.issuer == nullptr) return;
                const auto* extension = x509::find_extension(subject.issuer->fields().extensions, oid::kKeyUsage);
                const auto usage = extension == nullptr ? std::nullopt : decode_key_usage(extension->value);
                if (usage && (*usage & x509::kCrlSign) == 0)
                    details.emplace_back("the issuer's certificate has no cRLSign");
            },
            nullptr};
}

}  // namespace sealwright::profile::lints
