#!/usr/bin/env python3
"""enrol.py BUILD_DIR [NAME ...]: sealwright-device with simulated TPMs (swtpm) against a real sealwrightd (SoftHSM, the signer, SQLite). One site for all tests,
a TPM or more for each kind of endorsement key. Names select tests."""

import argparse
import contextlib
import json
import os
import pathlib
import random
import re
import shutil
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent.parent / "support"))
from house import ROOT, House, expect, run  # noqa: E402

SIMULATOR = ROOT / "simulators/swtpm"
NAME = "laptop.devices.demo.sealwright.test"
MOMENTS = ("prepared", "opened", "challenged", "answering", "answered", "written", "switched")


def profile(text, name, attestation, who=""):
    """profile gives the site's profile for devices under another name, renewable at once, with an [attestation] section."""
    text = text.replace('name = "device"', f'name = "{name}"').replace('length = "30d"', 'length = "1h"').replace('window = "15d"', 'window = "57m"')
    text = text.replace("bound_names = true", "bound_names = false" + who)
    return text + "\n[attestation]\n" + attestation


class Site(House):
    def __init__(self, build, folder):
        super().__init__(build, folder, shim=False)
        text = (self.folder / "profiles/device.toml").read_text()
        for name, attestation, who in (("tpm", 'levels = ["ek-certificate"]\nsimulators = true\n', ""),
                                       ("tpm-list", 'levels = ["ek-list"]\nsimulators = true\n', ""),
                                       ("tpm-real", 'levels = ["ek-certificate"]\n', ""),
                                       ("tpm-short", 'levels = ["ek-certificate"]\nsimulators = true\nchallenge_lifetime = "10s"\n', ""),
                                       ("tpm-approved", 'levels = ["ek-certificate"]\nsimulators = true\n', "\napprovals = 1")):
            (self.folder / f"profiles/{name}.toml").write_text(profile(text, name, attestation, who))
        self.vendor = self.folder / "vendor"
        self.tpms = {}
        self.devices = 0
        self.tpm("L-1")
        with open(self.folder / "sealwrightd.toml", "a") as file:
            file.write(f'\n[attestation]\nroots = "{self.vendor}/root.pem"\nintermediates = "{self.vendor}/issuer.pem"\n')
        self.url = f"https://localhost:{self.https_port}"
        self.root = self.artefacts / "root.pem"

    def start(self, program=None, env=None):
        self.start_signer()
        self.start_daemon(program, env)

    def tpm(self, kind, vendor=None):
        """tpm gives the TCTI of the TPM of this kind, made and started when it is first asked for."""
        if kind not in self.tpms:
            folder = self.folder / f"tpm-{kind}"
            run(SIMULATOR / "provision", "--folder", folder, "--vendor", vendor or self.vendor, "--profile", kind.split(".")[0])
            self.tpms[kind] = (folder, run(SIMULATOR / "start", folder).stdout.strip())
        return self.tpms[kind][1]

    def stop(self):
        super().stop()
        for folder, _ in self.tpms.values():
            run(SIMULATOR / "stop", folder)

    def secret(self, profile="tpm", names=()):
        answer = self.admin("POST", "/v1/secrets", {"profile": profile, "names": list(names), "lifetime": "10m"})
        expect(answer.status == 201, f"secret: {answer.status} {answer.body!r}")
        return answer.json["secret"]

    def device(self, kind="L-2", profile="tpm", **options):
        self.devices += 1
        return Device(self, self.folder / f"device-{self.devices}", kind, profile, **options)


class Device:
    """One state folder, one TPM, one secret."""

    def __init__(self, site, state, kind, profile, arguments=(), secret=None):
        self.site, self.state, self.tcti, self.profile = site, state, site.tpm(kind), profile
        self.name = f"device-{kind.lower()}"  # a TPM has one identity
        self.secret_file = state.with_suffix(".secret")
        self.secret_file.touch(mode=0o600)
        self.secret_file.write_text(secret or site.secret(profile))
        self.arguments = list(arguments)
        self.before = 0
        self.before = len(self.certificates())

    def call(self, command, *arguments, expected=0, kill_at=None, environment=None):
        program = self.site.bin / "sealwright-device"
        env = {**os.environ, **(environment or {})}
        if kill_at:
            program, env["SEALWRIGHT_KILL_AT"] = self.site.test_bin / "sealwright-device-faults", f"device.{kill_at}:1"
        own = () if "--state" in arguments else ("--state", self.state, "--tcti", self.tcti)
        done = run(program, command, *own, *arguments, check=False, env=env, timeout=120)
        expect(done.returncode == expected, f"{command}: exit status {done.returncode}, not {expected}\n{done.stdout}{done.stderr}")
        return done

    def enrol_arguments(self):
        return ("enroll", "--state", self.state, "--tcti", self.tcti, "--server", self.site.url, "--ca", self.site.root, "--profile", self.profile, "--secret-file",
                self.secret_file, "--subject", f"CN={self.name}", "--dns", NAME, *self.arguments)

    def enrol(self, *arguments, **options):
        return self.call(*self.enrol_arguments(), *arguments, **options)

    def renew(self, *arguments, **options):
        return self.call("renew", "--force", *arguments, **options)

    def file(self, name):
        return self.state / "current" / name

    def certificates(self):
        """certificates gives those that were issued to the TPM since this device was made."""
        return [c for c in self.site.certificates() if f"CN={self.name}" in json.dumps(c)][self.before:]

    def leftovers(self):
        env = {**os.environ, "TPM2TOOLS_TCTI": self.tcti}
        return "".join(run("tpm2_getcap", what, env=env).stdout for what in ("handles-transient", "handles-loaded-session"))

    def expect_sound(self):
        """expect_sound: the certificate verifies, is for the key in the file, the key is in the TPM, and nothing else was left there."""
        verdict = run("openssl", "verify", "-x509_strict", "-CAfile", self.site.root, "-untrusted", self.file("chain.pem"), self.file("certificate.pem"), check=False)
        expect(verdict.returncode == 0, verdict.stdout + verdict.stderr)
        certified = run("openssl", "x509", "-in", self.file("certificate.pem"), "-noout", "-pubkey").stdout
        loaded = run("openssl", "pkey", "-provider", "tpm2", "-provider", "default", "-in", self.file("key.pem"), "-pubout",
                     env={**os.environ, "TPM2OPENSSL_TCTI": self.tcti}).stdout
        expect(certified == loaded, "the key in the file is the certificate's")
        status = json.loads(self.call("status", "--json").stdout)
        expect(status["certificate"]["state"].startswith("valid") and status["certificate"]["key_state"] == "in the TPM, loads", str(status))
        expect("pending" not in status, f"nothing is under way: {status}")
        expect(self.leftovers() == "", f"left in the TPM: {self.leftovers()}")
        modes = {p.name: p.stat().st_mode & 0o777 for p in self.state.rglob("*") if p.is_file() and not p.is_symlink()}
        expect(all(mode == 0o600 for mode in modes.values()), f"modes: {modes}")


# --- enrolment -----------------------------------------------------------------------------------------------------------------------------------------


def test_enrols_with_every_kind_of_endorsement_attestation_and_own_key(site):
    for kind in ("L-1", "L-2", "H-3", "H-6"):
        for ak, key in (("ecc", "p256"), ("rsa", "rsa2048"), ("ecc", "p384")):
            device = site.device(kind, arguments=["--ak", ak, "--key", key])
            done = device.enrol()
            expect("issued" in done.stdout, done.stdout)
            device.expect_sound()
            expect(len(device.certificates()) == 1, "one certificate")


def test_names_of_the_request_stand_in_the_certificate(site):
    device = site.device()
    device.enrol("--json")
    text = run("openssl", "x509", "-in", device.file("certificate.pem"), "-noout", "-subject", "-ext", "subjectAltName,extendedKeyUsage").stdout
    expect(f"CN = {device.name}" in text and f"DNS:{NAME}" in text and "TLS Web Client Authentication" in text, text)


def test_a_second_enrolment_is_not_made_by_accident(site):
    device = site.device()
    device.enrol()
    expect("renew" in device.enrol(expected=1).stderr, "renewal is advised")
    device.secret_file.write_text(site.secret())
    device.enrol("--anew")
    device.expect_sound()
    expect(len(device.certificates()) == 2, "the other one was asked for")


def test_waits_for_approvals(site):
    device = site.device(profile="tpm-approved")
    done = device.enrol("--json", expected=5)
    request = json.loads(done.stdout)["request"]
    expect(json.loads(done.stdout)["state"] == "awaiting_approval", done.stdout)
    device.enrol(expected=5)
    expect(request in device.call("status", expected=5).stdout, "status names the request")
    answer = site.admin("POST", f"/v1/requests/{request}/approve")
    expect(answer.status == 200, f"{answer.status} {answer.body!r}")
    device.enrol()
    device.expect_sound()
    expect(len(device.certificates()) == 1, "one certificate")


def test_anew_said_again_goes_on_with_what_it_began(site):
    device = site.device()
    device.enrol()
    device.profile = "tpm-approved"
    device.secret_file.write_text(site.secret("tpm-approved"))
    first, second = (json.loads(device.enrol("--anew", "--json", expected=5).stdout)["request"] for _ in range(2))
    expect(first == second, f"{first} and {second}")
    expect("enrolment is under way" in device.renew(expected=1).stderr, "a renewal does not give it up by itself")
    expect(site.admin("POST", f"/v1/requests/{first}/approve").status == 200, "approved")
    device.enrol("--anew")
    device.expect_sound()


def test_anew_gets_through_damage(site):
    device = site.device()
    device.enrol()
    for name in ("pending.json", "current/terms.json"):
        (device.state / name).write_text('{"version":2}')
        (device.state / name).chmod(0o600)
        device.secret_file.write_text(site.secret())
        expect("--anew" in device.enrol(expected=1).stderr, name)
        device.enrol("--anew")
        device.expect_sound()


def test_a_request_that_was_denied_says_so_and_another_can_be_made(site):
    device = site.device(profile="tpm-approved")
    request = json.loads(device.enrol("--json", expected=5).stdout)["request"]
    answer = site.admin("POST", f"/v1/requests/{request}/deny", {"reason": "not this one"})
    expect(answer.status == 200, f"{answer.status} {answer.body!r}")
    expect("refuses" in device.enrol(expected=1).stderr, "refused")
    device.secret_file.write_text(site.secret("tpm-approved"))
    device.enrol(expected=5)


# --- loss of power -------------------------------------------------------------------------------------------------------------------------------------


def test_an_enrolment_goes_on_after_a_kill_at_every_moment(site):
    for moment in MOMENTS:
        device = site.device("H-3" if moment == "answering" else "L-2")
        device.enrol(expected=-9, kill_at=moment)
        device.enrol()
        device.expect_sound()
        expect(len(device.certificates()) == 1, f"{moment}: {len(device.certificates())} certificates")


def test_a_renewal_goes_on_after_a_kill_at_every_moment(site):
    for moment in MOMENTS:
        device = site.device()
        device.enrol()
        before = device.file("key.pem").read_text()
        device.renew(expected=-9, kill_at=moment)
        matching = run("openssl", "x509", "-in", device.file("certificate.pem"), "-noout", "-pubkey").stdout == run(
            "openssl", "pkey", "-provider", "tpm2", "-provider", "default", "-in", device.file("key.pem"), "-pubout",
            env={**os.environ, "TPM2OPENSSL_TCTI": device.tcti}).stdout
        expect(matching, f"{moment}: certificate and key belong together at every moment")
        # A challenge that came is answered even where nothing is due; before it, nothing had happened.
        device.call("renew", *(["--force"] if moment in ("prepared", "opened") else []))
        device.expect_sound()
        expect(device.file("key.pem").read_text() != before, f"{moment}: a new key")
        expect(len(device.certificates()) == 2, f"{moment}: {len(device.certificates())} certificates")


def test_kills_at_any_time_do_not_fill_a_bare_tpm(site):
    chance = random.Random(20261122)
    for _ in range(6):
        device = site.device("L-2", arguments=["--ak", "rsa"])
        for _ in range(5):
            child = subprocess.Popen([str(a) for a in (site.bin / "sealwright-device", *device.enrol_arguments())], stdout=subprocess.DEVNULL,
                                     stderr=subprocess.DEVNULL)
            time.sleep(chance.random() * 0.3)
            child.kill()
            child.wait()
        if (device.state / "pending.json").exists() or not (device.state / "current").exists():
            device.enrol()
        device.expect_sound()
        expect(len(device.certificates()) == 1, f"{len(device.certificates())} certificates")


def test_asks_after_an_answer_that_was_lost_on_the_way(site):
    device = site.device()
    site.daemon.stop()
    site.start_daemon(site.test_bin / "sealwrightd-faults", {"SEALWRIGHT_KILL_AT": "daemon.completed:1"})
    try:
        expect("run the command again" in device.enrol(expected=6).stderr.lower(), "it is not known what became of it")
    finally:
        site.daemon.kill()
        site.start_daemon()
        site.wait_until(site.ready, "ready")
    device.enrol()
    device.expect_sound()
    expect(len(device.certificates()) == 1, "one certificate")


@contextlib.contextmanager
def daemon_that_dies(site, moment):
    """daemon_that_dies ends the daemon while it issues. The next one settles what it left: before the signer was asked the request is abandoned, after
    that it is not known whether it signed."""
    site.daemon.stop()
    site.start_daemon(site.test_bin / "sealwrightd-faults", {"SEALWRIGHT_KILL_AT": f"daemon.{moment}:1"})
    try:
        yield
    finally:
        site.daemon.kill()
        site.start_daemon()
        site.wait_until(site.ready, "ready")


def test_an_enrolment_that_the_ca_gave_up_goes_on_with_a_new_secret(site):
    for moment in ("sign.begun", "signature.got"):
        for asks_first in (True, False):
            device = site.device()
            with daemon_that_dies(site, moment):
                device.enrol(expected=6)
            if asks_first:
                text = device.enrol(expected=1).stderr
                expect("a new one is needed" in text and "ended without a certificate" in text, f"{moment}: {text}")
                expect("secret create" in device.enrol(expected=1).stderr, "and it stays so")
            device.secret_file.write_text(site.secret())
            device.enrol()
            device.expect_sound()


def test_a_renewal_that_the_ca_gave_up_begins_anew(site):
    device = site.device()
    device.enrol()
    for moment, arguments in (("sign.begun", ()), ("signature.got", ()), ("sign.begun", ("--anew",))):
        before = device.file("key.pem").read_text()
        with daemon_that_dies(site, moment):
            expect("renew again" in device.renew(expected=6).stderr, "how to ask")
        device.call("renew", *arguments)
        device.expect_sound()
        expect(device.file("key.pem").read_text() != before, f"{moment}: renewed")


def test_a_challenge_that_is_over_is_asked_for_anew(site):
    device = site.device(profile="tpm-short")
    device.enrol(expected=-9, kill_at="challenged")
    time.sleep(11)
    device.enrol()
    device.expect_sound()
    expect(len(device.certificates()) == 1, "one certificate")


def test_goes_on_after_the_tpm_was_restarted(site):
    device = site.device("L-1")
    device.enrol(expected=-9, kill_at="challenged")
    folder, _ = site.tpms["L-1"]
    run(SIMULATOR / "stop", folder)
    device.enrol(expected=3)
    run(SIMULATOR / "start", folder)
    device.enrol()
    device.expect_sound()


# --- renewal -------------------------------------------------------------------------------------------------------------------------------------------


def test_renews_under_mutual_tls_with_each_kind_of_key(site):
    for key in ("p256", "rsa2048", "p384"):
        device = site.device(arguments=["--key", key])
        device.enrol()
        first = device.file("key.pem").read_text()
        device.renew()
        device.expect_sound()
        second = device.file("key.pem").read_text()
        expect(first != second, "a new key")
        device.renew("--same-key", "--json")
        device.expect_sound()
        expect(device.file("key.pem").read_text() == second, "the same key")
        expect(len(device.certificates()) == 3, "three certificates")


def test_does_not_renew_before_its_time(site):
    device = site.device()
    device.enrol()
    expect("Not due" in device.call("renew").stderr, "not due")
    expect(json.loads(device.call("renew", "--json").stdout)["state"] == "not_due", "not due")
    device.call("renew", "--within", "2h")
    expect(len(device.certificates()) == 2, "due")


def test_another_tpm_is_told(site):
    device = site.device()
    device.enrol()
    device.tcti = site.tpm("L-1")
    expect("not one of this TPM" in device.renew(expected=1).stderr, "renew")
    expect("not one of this TPM" in device.call("status", expected=1).stdout, "status")
    expect(device.leftovers() == "", "nothing is left in the TPM")


def test_a_revoked_certificate_renews_nothing(site):
    device = site.device()
    serial = json.loads(device.enrol("--json").stdout)["serial"]
    answer = site.admin("POST", f"/v1/certificates/{serial}/revoke", {"reason": "keyCompromise"})
    expect(answer.status == 200, f"{answer.status} {answer.body!r}")
    text = device.renew(expected=1).stderr
    expect("revoked" in text and "--anew" in text, text)


# --- refusals ------------------------------------------------------------------------------------------------------------------------------------------


def test_a_refusal_names_what_was_wrong_and_what_to_do(site):
    unknown = site.folder / "unknown-vendor"
    site.tpm("L-2.unknown", unknown)
    for kind, profile_name, check, advice in (("L-2.unknown", "tpm", "ek_certificate_chain", "manufacturer's root"), ("none", "tpm", "ek_certificate_present", "ek import"),
                                              ("L-2", "tpm-real", "ek_simulator", "simulated TPM"), ("L-2", "tpm-list", "ek_on_list", "ek import")):
        device = site.device(kind, profile=profile_name)
        text = device.enrol(expected=1).stderr
        expect(check in text and advice in text, f"{check}: {text}")
        expect(device.leftovers() == "", "nothing is left in the TPM")


def test_wrong_credentials_are_told(site):
    device = site.device(secret="sw1_" + "A" * 40)
    expect("secret create" in device.enrol(expected=1).stderr, "unknown secret")
    used = site.device()
    used.enrol()
    again = site.device(secret=used.secret_file.read_text())
    expect("conflict" in again.enrol("--json", expected=1).stderr, "used secret")
    expect("--ca" in site.device().call("enroll", "--server", site.url, "--ca", site.vendor / "root.pem", "--profile", "tpm", "--secret-file", used.secret_file,
                                        expected=1).stderr, "wrong roots")


def test_a_secret_never_shows(site):
    device = site.device()
    secret = device.secret_file.read_text()
    device.enrol(expected=-9, kill_at="answering")
    found = [p for p in device.state.rglob("*") if p.is_file() and secret in p.read_text()]
    expect(not found, f"the secret stands in {found}")
    done = device.enrol("--json")
    expect(secret not in done.stdout + done.stderr, "the secret is printed")


# --- a resource manager, and other programs with the key -----------------------------------------------------------------------------------------------


@contextlib.contextmanager
def resource_manager(tcti, log):
    """resource_manager puts tpm2-abrmd before a TPM, on a message bus of its own, and gives the TCTI by which it is reached."""
    bus = subprocess.Popen(["dbus-daemon", "--session", "--nofork", "--print-address=1"], stdout=subprocess.PIPE, stderr=log, text=True)
    manager = None
    try:
        os.environ["DBUS_SESSION_BUS_ADDRESS"] = bus.stdout.readline().strip()
        root = ["--allow-root"] if os.getuid() == 0 else []
        manager = subprocess.Popen(["tpm2-abrmd", "--session", f"--tcti={tcti}", *root], stdout=log, stderr=log)
        through = "tabrmd:bus_type=session"
        env = {**os.environ, "TPM2TOOLS_TCTI": through}
        for _ in range(100):
            if run("tpm2_getcap", "handles-transient", env=env, check=False).returncode == 0:
                break
            time.sleep(0.1)
        yield through
    finally:
        os.environ.pop("DBUS_SESSION_BUS_ADDRESS", None)
        for process in (manager, bus):
            if process is not None:
                process.terminate()
                process.wait(10)


OPENSSL_TPM = """openssl_conf = init
[init]
providers = providers
alg_section = algorithms
[providers]
default = on
tpm2 = on
[on]
activate = 1
[algorithms]
default_properties = ?tpm2.signature=yes
"""


def test_through_a_resource_manager_and_the_key_serves_curl(site):
    missing = [p for p in ("tpm2-abrmd", "dbus-daemon") if shutil.which(p) is None]
    if missing:
        print(f"SKIPPED: {', '.join(missing)} not installed: NOTHING WITH A RESOURCE MANAGER WAS TESTED")
        return
    device = site.device("H-3")
    configuration = site.folder / "openssl-tpm.cnf"
    configuration.write_text(OPENSSL_TPM)
    with open(site.folder / "resource-manager.log", "w") as log, resource_manager(device.tcti, log) as device.tcti:
        device.enrol()
        device.expect_sound()
        device.renew()
        device.expect_sound()
        # The renewed certificate is a credential: the daemon answers 404 for a request that is not there, and 401 to nobody.
        where = f"{site.url}/native/v1/requests/{'0' * 32}"
        ask = ["curl", "--silent", "--show-error", "--cacert", site.root, "--write-out", "%{http_code}", "--output", "/dev/null", where]
        expect(run(*ask).stdout == "401", "without the key")
        done = run(*ask, "--cert", device.file("chain.pem"), "--key", device.file("key.pem"),
                   env={**os.environ, "OPENSSL_CONF": str(configuration), "TPM2OPENSSL_TCTI": device.tcti})
        expect(done.stdout == "404", f"with the key: {done.stdout}")


TESTS = [value for name, value in list(globals().items()) if name.startswith("test_")]


def attempt(test, site):
    began = time.monotonic()
    try:
        test(site)
    except Exception as fault:  # one failure must not hide the others
        print(f"FAILED {test.__name__}: {type(fault).__name__}: {fault}\n--- daemon log ---\n{site.daemon.tail() if site.daemon else ''}", flush=True)
        return 1
    print(f"ok     {test.__name__} ({time.monotonic() - began:.1f} s)", flush=True)
    return 0


def main():
    parser = argparse.ArgumentParser(description="sealwright-device against a real daemon.")
    parser.add_argument("build", type=pathlib.Path)
    parser.add_argument("names", nargs="*")
    parser.add_argument("--keep", type=pathlib.Path, help="work in this folder and leave it")
    arguments = parser.parse_args()
    missing = [p for p in ("swtpm", "swtpm_setup", "tpm2_getcap") if shutil.which(p) is None]
    if missing:
        print(f"SKIPPED: {', '.join(missing)} not installed: NOTHING ABOUT DEVICES WAS TESTED")
        return
    chosen = [t for t in TESTS if not arguments.names or any(re.search(n, t.__name__) for n in arguments.names)]
    failures = 0
    with tempfile.TemporaryDirectory(prefix="sw-device-") as scratch:
        folder = arguments.keep or pathlib.Path(scratch)
        folder.mkdir(parents=True, exist_ok=True)
        site = Site(arguments.build, folder / "site")
        try:
            site.start()
            failures = sum(attempt(test, site) for test in chosen)
        finally:
            site.stop()
    print(f"{len(chosen)} tests, {failures} failed")
    sys.exit(1 if failures or not chosen else 0)


if __name__ == "__main__":
    main()
