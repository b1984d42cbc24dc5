#!/usr/bin/env python3
"""fleet.py BUILD_DIR [--count N] [--kills K]: a fleet of simulated devices enrols at one daemon while that is killed at named boundaries and started again. All
end enrolled once: one certificate that counts for each device, no open intent, the signer's journal and the audit log in agreement."""

import argparse
import http.client
import json
import os
import pathlib
import random
import shutil
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
from house import ROOT, House, expect  # noqa: E402

# What a request of a device passes; the first only such requests do.
BOUNDARIES = ["daemon.challenged", "daemon.received", "daemon.proven", "daemon.attested", "daemon.decided", "daemon.linted", "daemon.intend.begun", "daemon.complete.begun",
              "daemon.completed", "daemon.answered", "daemon.challenged"]


class Fleet:
    def __init__(self, build, house, count):
        self.folder = house.folder / "fleet"
        self.child = subprocess.Popen(
            [build / "tests/device_fleet", "--server", f"https://localhost:{house.https_port}", "--ca", house.artefacts / "root.pem", "--folder", self.folder, "--count", str(count),
             "--threads", "12", "--patience", "600"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=open(house.folder / "fleet.log", "wb"), text=True)
        expect(self.child.stdout.readline() == "ready\n", "the fleet is not ready")
        self.names = (self.folder / "names").read_text().split()

    def go(self, secrets, make_secret):
        """go starts the devices. make_secret is the operator, who gives another secret to a device whose first was used up by a request that the CA lost."""
        self.secrets, self.make_secret, self.last = dict(secrets), make_secret, ""
        self.write_secrets()
        self.child.stdin.write("go\n")
        self.child.stdin.flush()
        self.desk = threading.Thread(target=self.serve, daemon=True)
        self.desk.start()

    def write_secrets(self):
        new = self.folder / "secrets.new"
        new.write_text("".join(f"{name} {secret}\n" for name, secret in self.secrets.items()))
        new.rename(self.folder / "secrets")

    def serve(self):
        for line in self.child.stdout:
            if line.startswith("wants "):
                name = line.split()[1]
                self.secrets[name] = self.make_secret(name)
                self.write_secrets()
            else:
                self.last = line

    def ended(self):
        return self.child.poll() is not None

    def result(self):
        self.child.wait(timeout=900)
        self.desk.join()
        return self.child.returncode, json.loads(self.last) if self.last.startswith("{") else self.last


def configure(house, fleet):
    profile = (ROOT / "simulators/site/tpm-profiles/attested-device.toml").read_text()
    (house.folder / "profiles/attested-device.toml").write_text(profile)
    with open(house.folder / "sealwrightd.toml", "a") as file:
        file.write(f'\n[attestation]\nroots = "{fleet.folder}/root.pem"\nintermediates = "{fleet.folder}/issuer.pem"\n')


def make_secret(house, name):
    """make_secret asks until the daemon is there to answer."""
    while True:
        try:
            answer = house.admin("POST", "/v1/secrets", {"profile": "attested-device", "names": [name], "lifetime": "1h"})
            if answer.status == 201:
                return answer.json["secret"]
        except (OSError, http.client.HTTPException):
            pass
        time.sleep(0.05)


def devices(house):
    found, after = [], ""
    while after is not None:
        page = house.admin("GET", f"/v1/devices?limit=1000&after={after}").json
        found += page["devices"]
        after = page["next"]
    return found


def run(build, folder, count, kills, seed):
    house = House(build, folder)
    fleet = Fleet(build, house, count)
    rng = random.Random(seed)
    started = time.monotonic()
    killed = {}
    try:
        configure(house, fleet)
        house.start_signer()
        house.start_daemon()
        fleet.go({name: make_secret(house, name) for name in fleet.names}, lambda name: make_secret(house, name))
        time.sleep(0.3)
        house.daemon.kill()
        killed["at once"] = 1
        for number in range(kills):
            boundary = BOUNDARIES[number % len(BOUNDARIES)]
            house.start_daemon(house.test_bin / "sealwrightd-faults", {"SEALWRIGHT_KILL_AT": f"{boundary}:{rng.randint(2, 20)}"}, wait=False)
            while house.daemon.alive() and not fleet.ended():
                time.sleep(0.01)
            if house.daemon.alive():
                break
            expect(house.daemon.wait_end(1) == -9, house.daemon.tail())
            os.close(house.daemon.reader)
            killed[boundary] = killed.get(boundary, 0) + 1
        if not house.daemon.alive():
            house.start_daemon()
        status, result = fleet.result()
        log = (house.folder / "fleet.log").read_text()
        expect(status == 0 and result["enrolled"] == count, f"the fleet ended with {status}: {result}\n{log[-3000:]}")
        house.wait_until(lambda: house.admin("GET", "/v1/status").json["counts"]["open_intents"] == 0, "every intent settled", seconds=90)

        known = devices(house)
        expect(sorted(d["names"] for d in known) == sorted(f"CN={name}" for name in fleet.names), f"{len(known)} devices are known")
        certificates = house.certificates()
        issued = [c for c in certificates if c["profile"] == "attested-device" and c["state"] == "issued"]
        expect(len(issued) == count and len({c["names"] for c in issued}) == count, f"{len(issued)} certificates for {count} devices")
        expect(all(c["level"] == "ek-certificate" for c in issued), "a certificate has another level")
        signatures = sum(1 for c in certificates if c["profile"] == "attested-device" and c["state"] == "indeterminate")
        verdict = house.verify_audit()
        expect(verdict.returncode == 0, verdict.stdout)
        print(f"{count} devices, all enrolled once; {sum(killed.values())} kills at {len(killed)} places, {signatures} indeterminate; {result['openings']} openings, "
              f"{result['answers']} answers, {result['polls']} polls, {result['secrets_replaced']} secrets replaced; {time.monotonic() - started:.0f} s")
    finally:
        if not fleet.ended():
            fleet.child.kill()
        house.stop()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("build", type=pathlib.Path)
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--kills", type=int, default=22)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep", type=pathlib.Path)
    arguments = parser.parse_args()
    scratch = pathlib.Path(tempfile.mkdtemp(prefix="sealwright-fleet-"))
    try:
        run(arguments.build.resolve(), arguments.keep or scratch / "house", arguments.count, arguments.kills, arguments.seed)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


if __name__ == "__main__":
    main()
