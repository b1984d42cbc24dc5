#!/usr/bin/env python3
"""token_faults.py BUILD_DIR [--minutes N] [--seed S] [--only NAME ...] [--keep FOLDER]: a whole CA issues certificates while its token fails (token_scenarios.py).

Neither daemon nor signer is started again, only the token's process, by the signer. Eight clients do what workload.py has them do, over the admin socket and by secrets over
HTTPS, whose key lies in the token as well. At the end of each scenario:
  - the fault has acted, and issuing goes on;
  - every request was answered: granted, or refused with a reason; no TLS handshake was signed wrongly;
  - every certificate that a client received verifies by openssl under the CA, and so does the CRL that is served;
  - token, journal, store, audit log, CRL, OCSP and clients agree (comparison.py): nothing lost, nothing signed twice, what is indeterminate is revoked;
  - no more certificates are indeterminate than the fault explains;
  - the longest time without a certificate is below three seconds, behind the end of the fault where that lasts; where a second location holds the keys, while it lasts too.
At the end of all the exported audit log verifies, and agrees with the signer's journal (sealwright-verify audit --journal).

Without --minutes each scenario is played once. With --minutes they are drawn at random by the seed until that time is over, and a summary is printed."""

import argparse
import collections
import contextlib
import hashlib
import json
import pathlib
import random
import re
import shutil
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
from comparison import Comparison, settled  # noqa: E402
from house import Failure, House, expect, run  # noqa: E402
from memory import family  # noqa: E402
from records import Database  # noqa: E402
from token_load import Load, TimedTold  # noqa: E402
from token_scenarios import SCENARIOS  # noqa: E402
from workload import Requests, add_approved_profile, settle_what_is_open  # noqa: E402

RECOVERY = 3.0  # seconds in which certificates are issued again
GONE = "the token's process is gone"  # in the signer's log, once for each token process that ended
SECOND_SCRIPT = b"SEALWRIGHT_SECOND_SCRIPT"


class Site:
    """A house whose signer has one token or two, loads a faulty module of its own, and whose clients' told, load after load, is kept."""

    def __init__(self, build, folder, kind, requests):
        self.house, self.kind, self.requests = House(build, folder), kind, requests
        add_approved_profile(self.house)
        self.told = TimedTold()
        self.comparison = Comparison(self.house, self.told)
        self.verified = self.plays = self.indeterminate = 0
        self.unknown = set()  # requests that were told indeterminate before
        self.resident_at_end, self.abandoned_crls = {}, 0
        (self.house.folder / "modules").mkdir()
        self.modules = [self.house.folder / "modules/first.so"]
        self.scripts = [self.house.fault_script]
        faulty = (self.house.build / "simulators/faulty_module.so").read_bytes()
        self.modules[0].write_bytes(faulty)
        if kind == "two":
            self._add_second_location(faulty)
        self._configure()
        self.house.start_signer(env={SECOND_SCRIPT.decode(): str(self.scripts[-1])})
        self.house.start_daemon()
        self.house.wait_until(lambda: settled(self.house), "ready")
        self.resident_at_start = self.resident()

    def _add_second_location(self, faulty):
        """A copy of the token under another serial number is a second token with the same keys. Its module is the same too, but obeys another script."""
        token = json.loads((self.house.folder / "softhsm/softhsm.json").read_text())["tokens"][1]
        self.serials = [token["serial"], token["serial"][:-4] + f"{int(token['serial'][-4:], 16) ^ 1:04x}"]
        tokens = self.house.folder / "softhsm/tokens"
        first = next(folder for folder in tokens.iterdir() if self.serials[0].encode() in (folder / "token.object").read_bytes())
        second = tokens / (first.name[:-4] + f"{int(first.name[-4:], 16) ^ 1:04x}")
        shutil.copytree(first, second)
        (second / "token.object").write_bytes((first / "token.object").read_bytes().replace(*(serial.encode() for serial in self.serials)))
        self.modules.append(self.house.folder / "modules/second.so")
        self.scripts.append(self.house.folder / "second.script")
        name = b"SEALWRIGHT_FAULTY_SCRIPT"
        expect(faulty.count(name) > 0 and len(name) == len(SECOND_SCRIPT), "the faulty module does not name its script as expected")
        self.modules[1].write_bytes(faulty.replace(name, SECOND_SCRIPT))

    def _configure(self):
        config = self.house.folder / "signer.toml"
        text, split = config.read_text(), "\n[token]\n"
        expect(text.count(split) == 1, "signer.toml is not written as expected")
        head, token = text.split(split)
        if self.kind == "narrow":
            head += "max_outstanding = 4\n"
        tokens = []
        for number, module in enumerate(self.modules):
            chosen = token if len(self.modules) == 1 else re.sub(r'label = ".*"', f'serial = "{self.serials[number]}"', token)
            # With one lane each, the second location has work while the first is well.
            lanes = "lanes = 1\n" if len(self.modules) > 1 else ""
            tokens.append(f'\n[[token]]\nmodule = "{module}"\nhang = "1s"\n{lanes}{chosen}')
        config.write_text(head + "".join(tokens))

    # --- the fault ---

    def inject(self, text, location=0):
        """At once: half a script would be read, and counted from anew when it is whole."""
        new = self.scripts[location].with_suffix(".new")
        new.write_text(text)
        new.rename(self.scripts[location])

    def upgrade(self):
        """The module's file becomes another one under the signer that has it open."""
        new, other = self.modules[0].with_suffix(".new"), self.modules[0].read_bytes() + b"\n"
        new.write_bytes(other)
        new.rename(self.modules[0])
        return hashlib.sha256(other).hexdigest()

    def log(self, start):
        """log gives what the signer wrote behind that many octets."""
        with open(self.house.signer.log_path, "rb") as file:
            file.seek(start)
            return file.read().decode(errors="replace")

    def resident(self):
        """resident gives KiB by process name."""
        resident = {}
        for pid in family(self.house.signer.child.pid) + [self.house.daemon.child.pid]:
            status = dict(line.split(":\t", 1) for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines() if ":\t" in line)
            name = status["Name"]
            while name in resident:
                name += "'"
            resident[name] = int(status["VmRSS"].split()[0])
        return resident

    # --- what must hold ---

    def verify_what_was_received(self):
        """Each certificate that is new, by openssl, and the CRL."""
        fresh = list(self.told.issued.items())[self.verified:]
        folder = self.house.folder / "received"
        folder.mkdir(exist_ok=True)
        artefacts = self.house.artefacts
        for start in range(0, len(fresh), 500):
            batch = fresh[start:start + 500]
            files = []
            for serial, pem in batch:
                files.append(folder / serial)
                files[-1].write_text(pem)
            verdict = run("openssl", "verify", "-no-CApath", "-no-CAstore", "-CAfile", artefacts / "root.pem", "-untrusted", artefacts / "issuing.pem", *files, check=False)
            expect(verdict.returncode == 0 and verdict.stdout.count(": OK\n") == len(batch), f"a certificate does not verify:\n{verdict.stdout}{verdict.stderr}")
            for file in files:
                file.unlink()
        self.verified += len(fresh)
        crl = self.house.folder / "served.crl"
        crl.write_bytes(self.house.plain("GET", "/crl/issuing.crl").body)
        verdict = run("openssl", "crl", "-inform", "DER", "-in", crl, "-noout", "-verify", "-CAfile", artefacts / "issuing.pem", check=False)
        expect("verify OK" in verdict.stdout + verdict.stderr, f"the CRL does not verify: {verdict.stdout}{verdict.stderr}")

    def forget_what_became_indeterminate(self):
        """Behind a scenario that failed: the next one did not make it."""
        with contextlib.suppress(Failure):
            self.compare()

    def compare(self, **options):
        """compare gives how many certificates became indeterminate since it was asked last."""
        self.house.wait_until(lambda: settled(self.house), "ready with every intent settled")
        _, rows, self.secrets = self.comparison.check(**options)
        before, self.indeterminate = self.indeterminate, sum(row.state == "indeterminate" for row in rows.values())
        return self.indeterminate - before

    def finish(self):
        """finish asks after what is open, compares all once more, and has the audit log verified against the signer's journal."""
        self.compare()
        settle_what_is_open(self.house, self.requests, self.told, self.secrets)
        self.compare(at_the_end=True)
        self.verify_what_was_received()
        self.resident_at_end = self.resident()
        self.house.verify_audit()
        self._verify_audit_against_journal()

    def _verify_audit_against_journal(self):
        """A CRL that the token signed wrongly was signed, says the journal; that it was given up, says the log. The verifier tells how many, and finds nothing wrong."""
        verdict = run(self.house.bin / "sealwright-verify", "audit", self.house.folder / "audit-export", "--key", self.house.artefacts / "audit-key.pem", "--journal", self.house.journal,
                      check=False)
        expect(verdict.returncode == 0, verdict.stdout)
        given_up = re.search(r"(\d+) CRLs were signed, or perhaps, and given up", verdict.stdout)
        self.abandoned_crls = int(given_up[1]) if given_up else 0


Played = collections.namedtuple("Played", "scenario issued answers indeterminate restarts outage seconds")


def play(site, scenario, seed):
    """play has one scenario happen under load, and gives what it cost, or raises Failure."""
    site.plays += 1
    began, told = time.monotonic(), site.told
    fired = site.house.folder / f"fired.{site.plays}."
    script = scenario.script if "FIRED" in scenario.script else scenario.script + f"{scenario.script.split()[0]} once_file=FIRED delay_ms=1\n"
    log_before, received_before = site.house.signer.log_path.stat().st_size, len(told.received)
    load = Load(site.house, site.requests, told, f"{seed}/{site.kind}/{site.plays}")
    load.begin()
    try:
        if scenario.other:
            site.inject(scenario.other, 1 - scenario.location)
        load.wait_for_certificates(15, f"{scenario.name}: before the fault")
        upgraded = site.upgrade() if scenario.upgrade else None
        broken = time.monotonic()
        site.inject(script.replace("FIRED", str(fired)), scenario.location)
        load.wait_for(fired.exists, f"{scenario.name}: the fault was to act", 10)
        if scenario.lasts:
            time.sleep(scenario.lasts)
            site.inject("", scenario.location)
        time.sleep(scenario.watch)
        load.wait_for_certificates(15, f"{scenario.name}: behind the fault")
    finally:
        for location in range(len(site.scripts)):
            site.inject("", location)
        load.end()
    ended = time.monotonic()
    for mark in site.house.folder.glob(fired.name + "*"):
        mark.unlink()
    log = site.log(log_before)
    answers = load.answers
    unknown = set(answers.unknown) - site.unknown
    site.unknown |= unknown
    times = [broken, *(t for t in told.received[received_before:] if t > broken)]
    outage = max(b - a for a, b in zip(times, times[1:]))
    indeterminate = site.compare()
    site.verify_what_was_received()
    played = Played(scenario, len(told.received) - received_before, answers, indeterminate, log.count(GONE), outage, time.monotonic() - began)
    expect(not answers.wrong, f"{scenario.name}: {len(answers.wrong)} times, first: {answers.wrong[:1]}")
    expect(answers.asked == answers.answered, f"{scenario.name}: {answers.asked} requests, {answers.answered} answers")
    expect(len(unknown) == indeterminate, f"{scenario.name}: {len(unknown)} requests were told indeterminate, {indeterminate} certificates are")
    least, most = scenario.least_indeterminate, scenario.most_indeterminate
    expect(least <= indeterminate <= most, f"{scenario.name}: {indeterminate} certificates are indeterminate, not {least} to {most}")
    allowed = RECOVERY + (0 if scenario.never_away else scenario.lasts)
    expect(outage < allowed, f"{scenario.name}: {outage:.2f} s without a certificate, of the {ended - broken:.2f} s behind the fault")
    expect(played.restarts > 0 or not scenario.must_restart, f"{scenario.name}: the token's process did not end")
    refused = sum(answers.trouble.values()) + sum(answers.handshakes.values())
    expect(refused > 0 or not scenario.must_refuse, f"{scenario.name}: nobody was refused")
    expect(scenario.may_refuse or refused == 0, f"{scenario.name}: {dict(answers.trouble)} {dict(answers.handshakes)} were refused")
    expect(upgraded is None or upgraded in log, f"{scenario.name}: the signer's log does not name the new module {upgraded}")
    return played


def counted(counter):
    return ", ".join(f"{number} {name}" for name, number in sorted(counter.items())) or "none"


def line_of(played):
    troubled = played.answers.trouble + collections.Counter({f"handshakes ({reason})": number for reason, number in played.answers.handshakes.items()})
    return (f"{played.scenario.name:24} {played.answers.answered:5} answered {played.issued:5} issued {played.indeterminate:3} indeterminate {played.restarts:2} restarts"
            f"  longest without {played.outage:5.2f} s {played.seconds:5.1f} s  refused: {counted(+troubled)}")


class Summary:
    def __init__(self):
        self.played = self.failed = self.issued = self.answered = self.indeterminate = self.restarts = 0
        self.refused, self.handshakes, self.longest = collections.Counter(), collections.Counter(), (0.0, "")

    def add(self, played):
        self.played += 1
        self.issued += played.issued
        self.answered += played.answers.answered
        self.indeterminate += played.indeterminate
        self.restarts += played.restarts
        self.refused += played.answers.refused
        self.handshakes += played.answers.handshakes
        self.longest = max(self.longest, (played.outage, played.scenario.name))

    def text(self, sites, seconds):
        lines = [f"{self.played} scenarios in {seconds:.0f} s, {self.failed} failed; {self.answered} requests answered, {self.issued} certificates issued and verified, "
                 f"{self.indeterminate} indeterminate and revoked",
                 f"refused by reason: {counted(self.refused)}", f"TLS handshakes refused: {counted(self.handshakes)}",
                 f"token processes ended: {self.restarts}; longest time without a certificate: {self.longest[0]:.2f} s ({self.longest[1]})"]
        for site in sites.values():
            rows = "; ".join(f"{name} {site.resident_at_start.get(name, 0)} -> {kib}" for name, kib in site.resident_at_end.items())
            lines.append(f"resident KiB, start -> end, site {site.kind}: {rows}; "
                         f"CRLs signed wrongly and given up {site.abandoned_crls}")
        return "\n".join(lines)


def drawn(scenarios, minutes, seed):
    """drawn gives the scenarios to play: each once, or at random until the time is over."""
    if minutes is None:
        yield from scenarios
        return
    rng, end = random.Random(seed), time.monotonic() + 60 * minutes
    while time.monotonic() < end:
        yield rng.choice(scenarios)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("build", type=pathlib.Path)
    parser.add_argument("--minutes", type=float, help="draw scenarios for so long")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", action="append", choices=[s.name for s in SCENARIOS])
    parser.add_argument("--keep", type=pathlib.Path, help="leave the houses in this folder")
    arguments = parser.parse_args()
    scenarios = [s for s in SCENARIOS if arguments.only is None or s.name in arguments.only]
    began, summary, sites = time.monotonic(), Summary(), {}
    with tempfile.TemporaryDirectory(prefix="sealwright-token-faults-") as scratch:
        folder = arguments.keep or pathlib.Path(scratch)
        folder.mkdir(parents=True, exist_ok=True)
        requests = Requests(folder / "requests")
        try:
            for kind in dict.fromkeys(s.site for s in scenarios):
                sites[kind] = Site(arguments.build, folder / kind, kind, requests)
            for scenario in drawn(scenarios, arguments.minutes, arguments.seed):
                try:
                    played = play(sites[scenario.site], scenario, arguments.seed)
                    summary.add(played)
                    print(line_of(played), flush=True)
                except Exception as error:  # one scenario's failure must not hide the others
                    summary.failed += 1
                    print(f"{scenario.name:24} FAILED: {error}", flush=True)
                    sites[scenario.site].forget_what_became_indeterminate()
            for site in sites.values():
                try:
                    site.finish()
                except Exception as error:
                    summary.failed += 1
                    print(f"{'the end of site ' + site.kind:24} FAILED: {error}", flush=True)
        finally:
            for site in sites.values():
                site.house.stop()
    print(summary.text(sites, time.monotonic() - began))
    sys.exit(1 if summary.failed or not summary.played else 0)


if __name__ == "__main__":
    main()
