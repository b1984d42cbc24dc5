// The whole verifier on changed evidence. An input is a list of edits of what swtpm wrote: which part (one octet), its
// new octets (two octets of length in front). Whatever is edited: an affirmation is of the same EK, AK and key, of the
// octets that the AK signed, and with the secret of the credential; and it replays.
#include <filesystem>
#include <fstream>
#include <iterator>

#include "attestation/record.hpp"
#include "attestation/tpm_structs.hpp"
#include "tests/fuzz/fuzz.hpp"

using namespace sealwright;
using namespace sealwright::attestation;
using sealwright::fuzz::require;

namespace {

Bytes read(const std::string& name) {
    std::ifstream in{std::filesystem::path{SEALWRIGHT_ATTESTATION_DATA} / name, std::ios::binary};
    require(static_cast<bool>(in), "the captured evidence is there");
    return Bytes(std::istreambuf_iterator<char>{in}, {});
}

struct Evidence {
    Opening opening;
    Answer answer;
};

struct Site {
    Evidence good;
    Expectation expectation;
    TrustAnchors anchors;
    Policy policy;
    KeyId ek, ak;

    Context context() const { return {anchors, policy, false, from_rfc3339("2026-11-23T00:00:00Z").value()}; }
};

Site make_site() {
    Site site;
    const auto part = [](const char* name) { return read(std::string{"swtpm_l1_"} + name + ".bin"); };
    site.good.opening.ek_certificate = part("ek_certificate");
    site.good.opening.ek_chain = {read("swtpm_issuer.der")};
    site.good.opening.ek_public = part("ek_public");
    site.good.opening.ak_public = part("ak_public");
    site.good.answer = {part("activated_secret"), part("key_public"), part("certify_info"), part("certify_signature")};
    site.expectation.secret_digest = crypto::sha256(site.good.answer.activated_secret);
    site.expectation.nonce = part("nonce");
    site.expectation.request_spki =
        public_key(parse_sized_public(site.good.answer.key_public).value()).value().spki().bytes();
    site.anchors.roots = {x509::Certificate::parse(read("swtpm_root.der")).value()};
    site.policy.accepted = {Level::requester, Level::ek_certificate};
    site.policy.simulators = true;
    site.ek = ek_of(site.good.opening).value();
    site.ak = public_key(parse_sized_public(site.good.opening.ak_public).value()).value().id();
    require(verify_attestation(site.good.opening, site.good.answer, site.expectation, site.context()).affirming(),
            "unchanged it is affirmed");
    return site;
}

// part_of gives what an edit replaces.
Bytes* part_of(Evidence& evidence, std::uint8_t which) {
    switch (which % 8) {
        case 0:
            return &evidence.opening.ek_certificate;
        case 1:
            return &evidence.opening.ek_chain.front();
        case 2:
            return &evidence.opening.ek_public;
        case 3:
            return &evidence.opening.ak_public;
        case 4:
            return &evidence.answer.activated_secret;
        case 5:
            return &evidence.answer.key_public;
        case 6:
            return &evidence.answer.certify_info;
        default:
            return &evidence.answer.certify_signature;
    }
}

Evidence edited(const Site& site, ByteView edits) {
    Evidence evidence = site.good;
    while (edits.size() >= 3) {
        const std::size_t size =
            std::min<std::size_t>(static_cast<std::size_t>(edits[1]) << 8U | edits[2], edits.size() - 3);
        *part_of(evidence, edits[0]) = bytes_of(edits.subspan(3, size));
        edits = edits.subspan(3 + size);
    }
    return evidence;
}

Bytes without_size(const Bytes& info) {
    return info.size() > 2 && info[0] == 0 ? Bytes(info.begin() + 2, info.end()) : info;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const Site& site = *new Site{make_site()};
    const Evidence evidence = edited(site, {data, size});
    const Record record =
        attest(RequestId{}, "fuzz", evidence.opening, evidence.answer, site.expectation, site.context());
    require(record.verdict.affirming() == (record.verdict.level() != Level::none),
            "a level is what an affirmation has");
    require(replay(record) == record.verdict, "the record replays to its verdict");
    if (!record.verdict.affirming()) return 0;
    require(record.verdict.refusals().empty(), "nothing refuses");
    require(evidence.answer.activated_secret == site.good.answer.activated_secret, "the secret is the credential's");
    require(evidence.answer.key_public == site.good.answer.key_public, "the key is the one that was certified");
    require(without_size(evidence.answer.certify_info) == without_size(site.good.answer.certify_info),
            "the AK signed what was sent");
    require(record.verdict.facts().ek == site.ek || record.verdict.level() == Level::requester,
            "the certificate is for this EK");
    require(public_key(parse_sized_public(evidence.opening.ak_public).value()).value().id() == site.ak,
            "the AK is the one that signed");
    return 0;
}
