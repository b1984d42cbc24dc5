#!/usr/bin/env python3
"""campaign.py BUILD_DIR [--seeds N] [--boundary NAME ...] [--keep]: kills the daemon, and the signer, at each named boundary, many seeds each, restarts, and compares.

Clients issue over the admin socket and enrol over HTTPS with one-time secrets, park, approve, deny and resume requests, revoke, hold, release, publish, and ask for what is
refused (workload.py). After each kill and restart (comparison.py):
  - every signature that the token made (counted by the PKCS#11 shim, with what was signed) is in the signer's journal, once;
  - every certificate signature in the journal has its row in the database: issued, or indeterminate and revoked;
  - no intent is left open;
  - every certificate that a client received in full is in the database, byte for byte, and its revocation, hold or release is what was acknowledged last;
  - a one-time secret is used up by one certificate at most, and by the one that was acknowledged for it; at the end, one that was not used up still works;
  - a request that waits, its approval and its denial are there if they were acknowledged, and nothing was intended without its approval;
  - every refusal that was answered has its record and its audit entry;
  - the daemon publishes by itself a CRL that lists just what is revoked, an indeterminate serial is on it, and OCSP says the same;
  - the exported audit log verifies.

A boundary that was never reached in all its seeds fails the campaign: it would prove nothing."""

import argparse
import concurrent.futures
import os
import pathlib
import random
import re
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
from comparison import Comparison, settled  # noqa: E402
from house import ROOT, House, expect  # noqa: E402
from workload import Requests, Told, Workload, add_approved_profile, settle_what_is_open  # noqa: E402


def named_boundaries():
    """named_boundaries gives the boundaries that the programs name: a new one is in the campaign by being there. One that this could not read must not be left out quietly."""
    header = re.sub(r"//.*", "", (ROOT / "src/base/boundary.hpp").read_text())
    names = re.findall(r'\bconstexpr\s+std::string_view\s+\w+\s*=\s*"((?:daemon|signer)\.[a-z.]+)"\s*;', header)
    expect(len(set(names)) == len(names) == header.count("std::string_view k") == header.count('"') // 2 > 0, f"boundary.hpp is not written as expected: {names}")
    return names


# The one that only a device's request passes is fleet.py's.
BOUNDARIES = [name for name in named_boundaries() if name != "daemon.challenged"]

# A boundary that only a change of status or a CRL passes is passed rarely; those of issuance often.
HITS = {"daemon.revoke": 3, "daemon.revoked": 3, "daemon.crl": 2}


def hits_of(boundary, rng):
    for prefix, most in HITS.items():
        if boundary.startswith(prefix):
            return rng.randint(1, most)
    return rng.randint(1, 12)


def run_boundary(build, folder, boundary, seeds, requests):
    """run_boundary kills at one boundary with each seed, and gives a line of figures."""
    house = House(build, folder)
    add_approved_profile(house)
    told = Told()
    comparison = Comparison(house, told)
    victim_is_signer = boundary.startswith("signer.")
    killed, started = 0, time.monotonic()
    signatures, rows, secrets = 0, {}, {}
    try:
        if victim_is_signer:
            house.start_signer(wait=True)
            house.start_daemon()
            house.signer.stop()
        else:
            house.start_signer()
        for seed in range(seeds):
            rng = random.Random(f"{boundary}/{seed}")
            armed = {"SEALWRIGHT_KILL_AT": f"{boundary}:{hits_of(boundary, rng)}"}
            if victim_is_signer:
                house.start_signer(house.test_bin / "sealwright-signer-faults", armed, wait=False)
                victim = house.signer
            else:
                house.start_daemon(house.test_bin / "sealwrightd-faults", armed, wait=False)
                victim = house.daemon
            Workload(house, requests, told, f"{boundary}/{seed}").run(lambda: not victim.alive())
            expect(not victim.alive(), f"seed {seed}: the boundary was never reached; {victim.name}:\n{victim.tail()}")
            status = victim.wait_end(1)
            expect(status == -9, f"seed {seed}: {victim.name} ended with {status}, not by the boundary:\n{victim.tail()}")
            os.close(victim.reader)
            killed += 1
            if victim_is_signer:
                house.start_signer()
            else:
                house.start_daemon()
            house.wait_until(lambda: settled(house), f"seed {seed}: ready with every intent settled")
            signatures, rows, secrets = comparison.check()
            (house.signer if victim_is_signer else house.daemon).stop()
        if victim_is_signer:
            house.start_signer()
        else:
            house.start_daemon()
        house.wait_until(lambda: settled(house), "ready at the end")
        settle_what_is_open(house, requests, told, secrets)
        signatures, rows, secrets = comparison.check(at_the_end=True)
        verdict = house.verify_audit()
        expect(verdict.returncode == 0, verdict.stdout)
    finally:
        house.stop()
    states = [row.state for row in rows.values()]
    used = sum(used_by is not None for used_by in secrets.values())
    approved = sum(parked.approved for parked in told.parked.values())
    return (f"{boundary:23} {killed:3} kills {signatures:5} signatures  {states.count('issued'):4} issued {states.count('indeterminate'):3} indeterminate "
            f"{states.count('abandoned'):3} abandoned {len(told.issued):4} acknowledged  {used:3} secrets {approved:3} approvals {len(told.refused):3} refusals  "
            f"CRL within {comparison.slowest_crl:.1f} s {time.monotonic() - started:5.1f} s")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("build", type=pathlib.Path)
    parser.add_argument("--seeds", type=int, default=50)
    parser.add_argument("--boundary", action="append", choices=BOUNDARIES)
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--keep", type=pathlib.Path, help="leave every house in this folder")
    arguments = parser.parse_args()
    boundaries = arguments.boundary or BOUNDARIES
    failures = 0
    with tempfile.TemporaryDirectory(prefix="sealwright-faults-") as scratch:
        folder = arguments.keep or pathlib.Path(scratch)
        folder.mkdir(parents=True, exist_ok=True)
        requests = Requests(folder / "requests")
        with concurrent.futures.ThreadPoolExecutor(arguments.jobs) as pool:
            runs = {b: pool.submit(run_boundary, arguments.build, folder / b, b, arguments.seeds, requests) for b in boundaries}
            for boundary, run in runs.items():
                try:
                    print(run.result(), flush=True)
                except Exception as error:  # one boundary's failure must not hide the others
                    failures += 1
                    print(f"{boundary:23} FAILED: {error}", flush=True)
    print(f"{len(boundaries)} boundaries, {arguments.seeds} seeds each, {failures} failed")
    sys.exit(1 if failures or not boundaries else 0)


if __name__ == "__main__":
    main()
