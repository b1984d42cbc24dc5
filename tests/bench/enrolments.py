#!/usr/bin/env python3
"""enrolments.py BUILD_DIR [--folder DIR] [--count N] [--threads T] [--rounds R]: enrolments by evidence of a TPM against enrolments by a request alone, in turns, through
one real sealwrightd and sealwright-signer over HTTPS with one-time secrets. Both profiles are the same but for their [attestation]. The devices (tests/device_fleet) are
on the same machine and take processors from the daemon: what it costs the daemon and the signer is told besides the rates."""

import argparse
import json
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
from house import ROOT, House, expect  # noqa: E402
from processes import processor_seconds  # noqa: E402

PROFILES = {"attested": "attested-device", "plain": "plain-device"}


class Fleet:
    """One run of device_fleet: its devices are made before it is measured."""

    def __init__(self, build, house, kind, number, arguments):
        self.folder, self.profile = house.folder / f"fleet-{kind}-{number}", PROFILES[kind]
        self.child = subprocess.Popen(
            [build / "tests/device_fleet", "--server", f"https://localhost:{house.https_port}", "--ca", house.artefacts / "root.pem", "--folder", self.folder,
             "--count", str(arguments.count), "--threads", str(arguments.threads), "--rsa-every", str(arguments.rsa_every), "--issuer", arguments.issuer, "--profile", self.profile,
             "--domain", f"r{number}-{kind}.devices.demo.sealwright.test", *(["--plain"] if kind == "plain" else [])],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        expect(self.child.stdout.readline() == "ready\n", "the fleet is not ready")

    def anchors(self):
        return [(self.folder / name).read_text() for name in ("root.pem", "issuer.pem")]

    def prepare(self, house):
        lines = []
        for name in (self.folder / "names").read_text().split():
            answer = house.admin("POST", "/v1/secrets", {"profile": self.profile, "names": [name], "lifetime": "1h"})
            expect(answer.status == 201, answer.body)
            lines.append(f"{name} {answer.json['secret']}\n")
        (self.folder / "secrets").write_text("".join(lines))

    def run(self, house):
        before = [processor_seconds(process) for process in (house.daemon, house.signer)]
        out, _ = self.child.communicate("go\n", timeout=600)
        spent = [processor_seconds(process) - was for process, was in zip((house.daemon, house.signer), before)]
        expect(self.child.returncode == 0, f"the fleet ended with {self.child.returncode}: {out}")
        result = json.loads(out)
        return {"rate": result["enrolments_per_second"], "daemon": spent[0] / result["enrolled"] * 1e6, "signer": spent[1] / result["enrolled"] * 1e6}


def configure(house, fleets):
    attested = (ROOT / "simulators/site/tpm-profiles/attested-device.toml").read_text()
    (house.folder / "profiles/attested-device.toml").write_text(attested)
    plain = attested[:attested.index("[attestation]")].replace('"attested-device"', '"plain-device"')
    (house.folder / "profiles/plain-device.toml").write_text(plain)
    roots, issuers = zip(*(fleet.anchors() for fleet in fleets))
    (house.folder / "tpm-roots.pem").write_text("".join(roots))
    (house.folder / "tpm-issuers.pem").write_text("".join(issuers))
    with open(house.folder / "sealwrightd.toml", "a") as file:
        file.write(f'\n[attestation]\nroots = "{house.folder}/tpm-roots.pem"\nintermediates = "{house.folder}/tpm-issuers.pem"\n')


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("build", type=pathlib.Path)
    parser.add_argument("--folder", default="var/bench", help="where the site is made; its disk is what is measured (default: var/bench)")
    parser.add_argument("--count", type=int, default=300, help="devices a round (300)")
    parser.add_argument("--threads", type=int, default=16, help="devices at once (16)")
    parser.add_argument("--rounds", type=int, default=5, help="rounds of each, in turns (5)")
    parser.add_argument("--rsa-every", type=int, default=0, help="each so manieth device has an RSA endorsement key (0: none)")
    parser.add_argument("--issuer", default="p384", choices=["p256", "p384"], help="the manufacturer's key that signs EK certificates (p384)")
    arguments = parser.parse_args()
    build = arguments.build.resolve()
    pathlib.Path(arguments.folder).mkdir(parents=True, exist_ok=True)
    work = pathlib.Path(tempfile.mkdtemp(prefix="enrolments-", dir=arguments.folder))
    house = House(build, (work / "site").resolve(), shim=False)
    fleets = []
    try:
        # The first of each warms up what is measured and is not counted.
        rounds = [{kind: Fleet(build, house, kind, number, arguments) for kind in PROFILES} for number in range(arguments.rounds + 1)]
        fleets = [fleet for each in rounds for fleet in each.values()]
        configure(house, [each["attested"] for each in rounds])
        house.start_signer()
        house.start_daemon()
        for fleet in fleets:
            fleet.prepare(house)
        measured = [{kind: fleet.run(house) for kind, fleet in each.items()} for each in rounds][1:]

        def middle(kind, what):
            return statistics.median(each[kind][what] for each in measured)

        print(f"{arguments.count} devices, {arguments.threads} at once, EK certificates signed by {arguments.issuer}, SoftHSM, median of {arguments.rounds} rounds in turns")
        for kind in PROFILES:
            print(f"  {kind:9} {middle(kind, 'rate'):6.0f} enrolments a second; {middle(kind, 'daemon'):5.0f} us of CPU each in the daemon, {middle(kind, 'signer'):5.0f} us in the signer")
        print(f"  ratio of the rates {statistics.median(each['attested']['rate'] / each['plain']['rate'] for each in measured):.2f}, "
              f"of the daemon's CPU {middle('attested', 'daemon') / middle('plain', 'daemon'):.2f}")
    finally:
        for fleet in fleets:
            if fleet.child.poll() is None:
                fleet.child.kill()
        house.stop()
        shutil.rmtree(work, ignore_errors=True)


if __name__ == "__main__":
    main()
