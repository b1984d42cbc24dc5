// verdict_builder.hpp: how a verdict comes about: findings are put down one by one, and what is mandatory and was never
// put down is a refusal.
#pragma once

#include "attestation/checks.hpp"
#include "attestation/tpm_structs.hpp"

namespace sealwright::attestation {

// Input is one input of the verifier: its name, its octets and their digest, made once.
class Input {
public:
    Input(std::string name, ByteView octets)
        : name_(std::move(name)), octets_(octets), digest_(crypto::sha256(octets)) {}
    ByteView octets() const noexcept { return octets_; }
    Source whole() const { return part({0, static_cast<std::uint32_t>(octets_.size())}); }
    Source part(Part part) const { return {name_, digest_, part.offset, part.size}; }

private:
    std::string name_;
    ByteView octets_;
    Sha256 digest_;
};

class VerdictBuilder {
public:
    // The stage is opening or attestation.
    explicit VerdictBuilder(When stage);

    void add(Finding finding);
    void proven(Check check, Source source, std::string text);
    void claimed(Check check, Source source, std::string text);
    void failed(Check check, Source source, std::string text);
    // judge is proven with the first text or failed with the second.
    void judge(bool holds, Check check, Source source, std::string proven_text, std::string failed_text);

    // require makes a check mandatory besides those of the stage.
    void require(Check check);
    bool has_failed(Check check) const noexcept;
    Facts& facts() noexcept { return facts_; }

    // finish adds a skipped finding for every mandatory check that has none, and decides. The level counts only if
    // nothing refuses.
    Verdict finish(Level level) &&;

private:
    std::vector<Finding> findings_;
    std::set<Check> mandatory_;
    Facts facts_;
};

}  // namespace sealwright::attestation
