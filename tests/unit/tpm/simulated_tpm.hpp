// simulated_tpm.hpp: simulated TPMs as counterparts, made by simulators/swtpm once for the whole program, and
// tpm2-tools to look at them from outside.
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <memory>

#include "tests/support/openssl_cli.hpp"
#include "tpm/tpm.hpp"

namespace sealwright::tpm::test {

// SimulatedTpm runs from its construction to the end of the program.
class SimulatedTpm {
public:
    SimulatedTpm(sealwright::test::OpensslCli& shell, const std::string& profile) : shell_(shell), folder_(profile) {
        const std::string scripts = std::filesystem::current_path() / "simulators/swtpm";
        stop_ = scripts + "/stop " + folder_;
        shell.run(scripts + "/provision --folder " + folder_ + " --vendor vendor --profile " + profile);
        shell.run(scripts + "/start " + folder_);
        tcti_ = shell.output().substr(0, shell.output().find('\n'));
    }
    ~SimulatedTpm() { shell_.succeeds(stop_); }
    SimulatedTpm(const SimulatedTpm&) = delete;
    SimulatedTpm& operator=(const SimulatedTpm&) = delete;

    Tpm tpm() const { return Tpm{tcti_}; }
    sealwright::test::OpensslCli& shell() const { return shell_; }
    // run and succeeds are for tpm2-tools and for openssl with its tpm2 provider, against this TPM.
    std::string environment() const { return "export TPM2TOOLS_TCTI=" + tcti_ + " TPM2OPENSSL_TCTI=" + tcti_ + "; "; }
    void run(const std::string& command) const { shell_.run(environment() + command); }
    bool succeeds(const std::string& command) const { return shell_.succeeds(environment() + command); }
    // leftovers lists keys and sessions in the TPM; empty as it should be.
    std::string leftovers() const {
        run("tpm2_getcap handles-transient; tpm2_getcap handles-loaded-session; tpm2_getcap handles-saved-session");
        return shell_.output();
    }

private:
    sealwright::test::OpensslCli& shell_;
    std::string folder_, stop_, tcti_;
};

// simulated_tpm makes the TPM of a profile at its first use.
inline SimulatedTpm& simulated_tpm(const std::string& profile) {
    static sealwright::test::OpensslCli shell;
    static std::map<std::string, std::unique_ptr<SimulatedTpm>> made;
    auto& slot = made[profile];
    if (!slot) slot = std::make_unique<SimulatedTpm>(shell, profile);
    return *slot;
}

inline bool has_simulator() {
    return std::system("command -v swtpm swtpm_setup tpm2_makecredential >/dev/null 2>&1") == 0;
}

// WithSimulator skips, aloud, on a machine without swtpm.
template <class Base>
class WithSimulator : public Base {
protected:
    void SetUp() override {
        if (!has_simulator())
            GTEST_SKIP() << "swtpm, swtpm-tools or tpm2-tools is not installed: NOTHING ABOUT TPMS WAS TESTED";
    }
};

}  // namespace sealwright::tpm::test
