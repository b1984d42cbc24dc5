#include "hsm/pkcs11/token.hpp"

#include <array>

#include "hsm/pkcs11/token_impl.hpp"

namespace sealwright::hsm::pkcs11 {
namespace {

constexpr std::size_t kMaxSignature = 8192;  // the house's greatest is ML-DSA-87's, of 4627 octets
static_assert(kMaxSignature >= crypto::kMaxSignatureSize);

constexpr std::size_t kMostNamed = 8;  // tokens in a message

}  // namespace

Result<TokenInfo> select_token(const Module& module, const TokenSelector& selector) {
    if (selector.serial.empty() && selector.label.empty())
        return fail(ErrorCode::config, "a token is named by its serial, its label or both");
    SEALWRIGHT_TRY(const auto tokens, module.tokens());
    std::optional<TokenInfo> selected;
    for (const TokenInfo& token : tokens) {
        if (!selector.serial.empty() && token.serial != selector.serial) continue;
        if (!selector.label.empty() && token.label != selector.label) continue;
        if (selected)
            return fail(ErrorCode::conflict, "several tokens match; name the token by its serial",
                        "label " + selector.label);
        selected = token;
    }
    if (selected) return *selected;
    // With what is there: a typing error looks like a token that is away.
    std::string present;
    for (std::size_t i = 0; i < std::min(tokens.size(), kMostNamed); ++i)
        present += (i == 0 ? "; present: " : ", ") + tokens[i].label + " serial " + tokens[i].serial;
    return fail(ErrorCode::not_found, "no such token is present",
                "serial " + selector.serial + " label " + selector.label + present);
}
Result<PublicKey> TokenImpl::public_key(const KeyId& key) {
    SEALWRIGHT_TRY(const auto entry, find_entry(key));
    return entry->key.public_key;
}

// authenticate is one try of the PIN for each signature: after one that was refused there is none.
CK_RV TokenImpl::authenticate(CK_SESSION_HANDLE session) {
    if (pin_refused_) return CKR_PIN_INCORRECT;
    return call_login(session, CKU_CONTEXT_SPECIFIC);
}

// sign_once is the only place where C_Sign is called.
TokenImpl::Attempt<Bytes> TokenImpl::sign_once(SessionLease& lease, const KeyEntry& entry,
                                               const SignatureAlgorithm& algorithm, SigningPlan& plan) {
    const SessionView session = lease.view();
    CK_MECHANISM mechanism = plan.mechanism();
    CK_RV rv = functions_.C_SignInit(session.handle, &mechanism, entry.private_key);
    if (rv != CKR_OK) {
        lease.failed(rv);
        return {ckr_error("C_SignInit", rv, "the token refused to begin a signature"), handles_lost(rv)};
    }
    if (entry.always_authenticate) {
        rv = authenticate(session.handle);
        if (rv != CKR_OK) {
            lease.failed(rv);
            return {ckr_error("C_Login", rv, "the key wants a login for each signature and the token refused it"),
                    false};
        }
    }
    std::array<std::uint8_t, kMaxSignature> raw{};
    auto length = static_cast<unsigned long>(raw.size());
    const ByteView data = plan.data();
    rv = functions_.C_Sign(session.handle, mutable_octets(data), static_cast<unsigned long>(data.size()), raw.data(),
                           &length);
    if (rv == CKR_OK && length <= raw.size())
        return {signature_of(algorithm, entry.key.public_key, ByteView{raw}.first(length)), false};
    lease.failed(rv);
    if (rv != CKR_OK && surely_not_signed(rv))
        return {ckr_error("C_Sign", rv, "the token refused to sign"), handles_lost(rv)};
    return {fail(ErrorCode::indeterminate, "the token failed while it was signing", "C_Sign answered " + ckr_name(rv)),
            false};
}

template <class MakePlan>
Result<Bytes> TokenImpl::sign_with(const KeyId& key, const SignatureAlgorithm& algorithm, MakePlan&& make_plan) {
    SEALWRIGHT_TRY(auto entry, find_entry(key));
    if (!entry->key.has_private) return fail(ErrorCode::not_found, "the token holds only the public half of this key");
    if (!crypto::fits(algorithm, entry->key.public_key.type()))
        return fail(ErrorCode::unsupported, "a key of this type does not make this signature");
    SEALWRIGHT_TRY(SigningPlan plan, make_plan());
    return with_session([&](SessionLease& lease) -> Attempt<Bytes> {
        if (entry->generation != lease.generation()) entry = entry_of(key);  // recovery has found the keys again
        if (!entry || entry->generation != lease.generation()) {
            return {fail(ErrorCode::unavailable, "the token was lost and is being found again"), true};
        }
        return sign_once(lease, *entry, algorithm, plan);
    });
}

Result<Bytes> TokenImpl::sign(const SignRequest& request) {
    return sign_with(request.key, request.algorithm,
                     [&] { return plan_message(request.algorithm, mechanisms_, request.tbs); });
}

Result<Bytes> TokenImpl::sign_digest(const KeyId& key, const SignatureAlgorithm& algorithm, ByteView digest) {
    return sign_with(key, algorithm, [&] { return plan_digest(algorithm, mechanisms_, digest); });
}

bool TokenImpl::signs_digests(const SignatureAlgorithm& algorithm) const noexcept {
    switch (algorithm.scheme) {
        case crypto::SignatureScheme::ecdsa:
            return mechanisms_.contains(CKM_ECDSA);
        case crypto::SignatureScheme::rsa_pkcs1:
            return mechanisms_.contains(CKM_RSA_PKCS);
        case crypto::SignatureScheme::rsa_pss:
            return mechanisms_.contains(CKM_RSA_PKCS_PSS);
        default:
            return false;
    }
}

Result<Bytes> TokenImpl::random(std::size_t count) {
    return with_session([&](SessionLease& lease) -> Attempt<Bytes> {
        Bytes octets(count);
        const CK_RV rv =
            functions_.C_GenerateRandom(lease.view().handle, octets.data(), static_cast<unsigned long>(octets.size()));
        if (rv == CKR_OK) return {std::move(octets), false};
        lease.failed(rv);
        return {ckr_error("C_GenerateRandom", rv, "the token's generator gives nothing"), handles_lost(rv)};
    });
}

Result<std::shared_ptr<Token>> Token::open(std::shared_ptr<Module> module, const TokenSelector& selector, Secret pin,
                                           Options options) {
    if (!module) return fail(ErrorCode::internal, "no PKCS#11 module");
    if (options.max_sessions == 0) return fail(ErrorCode::config, "a token needs at least one session");
    SEALWRIGHT_TRY(const auto info, select_token(*module, selector));
    if (!info.initialized) return fail(ErrorCode::unavailable, "the token is not initialised", "serial " + info.serial);
    SEALWRIGHT_TRY(auto claim, Claim::take(loaded(*module), info));
    auto token = std::make_shared<TokenImpl>(std::move(module), info, options, std::move(pin), std::move(claim));
    SEALWRIGHT_TRY(token->start());
    return std::static_pointer_cast<Token>(token);
}

Result<std::shared_ptr<Token>> Token::open(std::shared_ptr<Module> module, const TokenSelector& selector, Secret pin) {
    return open(std::move(module), selector, std::move(pin), Options{});
}

}  // namespace sealwright::hsm::pkcs11
