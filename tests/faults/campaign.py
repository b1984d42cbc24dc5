#!/usr/bin/env python3
"""campaign.py BUILD_DIR [--seeds N] [--boundary NAME ...] [--keep]: kills the daemon, and the signer, at each named boundary, many seeds each, restarts, and compares.

After each kill and restart:
  - every signature that the token made (counted by the PKCS#11 shim, with what was signed) is in the signer's journal, once;
  - every certificate signature in the journal has its row in the database: issued, or indeterminate and revoked;
  - no intent is left open;
  - every answer that a client received in full is in the database, byte for byte;
  - an indeterminate serial is revoked on the CRL and in OCSP;
  - the exported audit log verifies.

A boundary that was never reached in all its seeds fails the campaign: it would prove nothing."""

import argparse
import concurrent.futures
import os
import pathlib
import random
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
import house as house_module  # noqa: E402
from house import House, expect  # noqa: E402
from records import Database, Journal  # noqa: E402

# How often each boundary can be passed in one run is what the seed draws from. A boundary of a CRL or a revocation is passed once per change.
DAEMON = ["daemon.received", "daemon.proven", "daemon.decided", "daemon.linted", "daemon.intend.begun", "daemon.intended", "daemon.signature.asked",
          "daemon.signature.got", "daemon.assembled", "daemon.complete.begun", "daemon.completed", "daemon.answered", "daemon.revoke.begun", "daemon.revoked",
          "daemon.crl.intended", "daemon.crl.signed", "daemon.crl.completed", "daemon.crl.published"]
SIGNER = ["signer.received", "signer.checked", "signer.appended", "signer.journaled", "signer.signed", "signer.answered"]

# A boundary that only a change of status or a CRL passes is passed rarely; those of issuance often.
HITS = {"daemon.revoke": 3, "daemon.revoked": 3, "daemon.crl": 2}


def hits_of(boundary, rng):
    for prefix, most in HITS.items():
        if boundary.startswith(prefix):
            return rng.randint(1, most)
    return rng.randint(1, 12)


class Workload:
    """Several clients that issue, revoke and publish until the house stops answering, and remember what they were told."""

    CLIENTS = 4

    def __init__(self, house, requests, seed):
        self.house, self.requests, self.seed = house, requests, seed
        self.issued, self.revoked, self.stop = {}, set(), False

    def run(self, until_dead, seconds=20):
        end = time.monotonic() + seconds
        with concurrent.futures.ThreadPoolExecutor(self.CLIENTS) as pool:
            clients = [pool.submit(self._client, random.Random(f"{self.seed}/{n}")) for n in range(self.CLIENTS)]
            while not until_dead() and time.monotonic() < end:
                time.sleep(0.002)
            self.stop = True
            for client in clients:
                client.result()

    def _client(self, rng):
        while not self.stop:
            try:
                self._step(rng)
            except (OSError, house_module.http.client.HTTPException):
                time.sleep(0.01)  # the daemon is gone, or going

    def _step(self, rng):
        answer = self.house.admin("POST", "/v1/certificates", {"profile": "tls-server", "csr": rng.choice(self.requests)}, timeout=15)
        if answer.status != 201:
            expect(answer.status in (500, 502, 503, 504), f"issue: {answer.status} {answer.body!r}")
            time.sleep(0.01)
            return
        issued = answer.json
        self.issued[issued["serial"]] = issued["certificate"]
        if rng.random() < 0.3:
            answer = self.house.admin("POST", f"/v1/certificates/{issued['serial']}/revoke", {"reason": "superseded"}, timeout=15)
            if answer.status == 200:
                self.revoked.add(issued["serial"])
        if rng.random() < 0.2:
            self.house.admin("POST", "/v1/crl/publish", {}, timeout=15)


class Comparison:
    """What must hold between token, journal, store and clients. Counts grow over the seeds of one boundary."""

    def __init__(self, house):
        self.house = house
        self.issued, self.revoked, self.indeterminate_seen = {}, set(), set()

    def learn(self, workload):
        self.issued.update(workload.issued)
        self.revoked |= workload.revoked

    def check(self):
        signatures = self.house.shim_signatures()
        journal = Journal(self.house.journal)
        database = Database(self.house.folder / "state/ca.db")
        try:
            rows, crls = database.certificates(), database.crls()
        finally:
            database.close()
        self._token_against_journal(signatures, journal)
        self._journal_against_store(journal, rows, crls)
        self._clients_against_store(rows)
        self._indeterminate_are_revoked(rows)
        return len(signatures), rows

    def _token_against_journal(self, signatures, journal):
        journaled = {}
        for intent in journal.intents.values():
            journaled.setdefault(intent.tbs, []).append(intent)
        once = set()
        unseen = 0
        for digest in signatures:
            if digest == "-":  # an EdDSA checkpoint: the token is given the text, not a digest
                unseen += 1
                continue
            expect(digest in journaled, f"the token signed {digest}, which the journal does not know")
            intent = journaled[digest][0]
            expect(journal.outcome(intent) != "failed", f"the token signed {digest}, which the journal calls failed")
            if intent.purpose in ("certificate", "crl"):
                expect(digest not in once and len(journaled[digest]) == 1, f"{intent.purpose} {digest} was signed or journaled twice")
            once.add(digest)
        checkpoints = [i for i in journal.intents.values() if i.purpose == "checkpoint"]
        expect(unseen <= len(checkpoints), f"{unseen} signatures by the audit key, {len(checkpoints)} intents in the journal")
        for intent in journal.intents.values():
            if journal.outcome(intent) == "signed" and intent.purpose != "checkpoint":
                expect(intent.tbs in once, f"the journal says signed of {intent.tbs}, which the token did not sign")

    def _journal_against_store(self, journal, rows, crls):
        by_intent = {row.intent: row for row in rows.values()}
        crl_by_intent = {intent: (state, tbs) for _, state, intent, tbs in crls}
        signed_intents = set()
        for intent in journal.intents.values():
            if intent.purpose == "certificate":
                row = by_intent.get(intent.intent)
                expect(row is not None, f"the signer has a certificate intent {intent.intent} that the store does not know")
                expect(row.tbs == intent.tbs, f"intent {intent.intent}: journal and store name different TBS")
                if journal.outcome(intent) != "failed":
                    expect(row.state in ("issued", "indeterminate"), f"{row.serial} may have been signed and is {row.state}")
                    signed_intents.add(intent.intent)
            elif intent.purpose == "crl":
                expect(intent.intent in crl_by_intent, f"the signer has a CRL intent {intent.intent} that the store does not know")
                expect(crl_by_intent[intent.intent][1] == intent.tbs, f"CRL intent {intent.intent}: journal and store name different TBS")
        for row in rows.values():
            expect(row.state != "intended", f"{row.serial} is still open")
            if row.state == "issued":
                expect(row.intent in signed_intents, f"{row.serial} is issued without a signature in the journal")
        numbers = [number for number, *_ in crls]
        expect(numbers == sorted(set(numbers)), f"CRL numbers do not only grow: {numbers}")

    def _clients_against_store(self, rows):
        for serial, pem in self.issued.items():
            row = rows.get(serial)
            expect(row is not None and row.state == "issued", f"{serial} was acknowledged and is {row.state if row else 'lost'}")
            expect(row.certificate == der_of(pem), f"{serial}: the store has other octets than the client got")
        for serial in self.revoked:
            expect(rows[serial].revoked, f"the revocation of {serial} was acknowledged and is lost")

    def _indeterminate_are_revoked(self, rows):
        fresh = [s for s, row in rows.items() if row.state == "indeterminate" and s not in self.indeterminate_seen]
        if not fresh:
            return
        on_crl = self.house.crl_serials()
        statuses = self.house.ocsp_statuses(fresh)
        for serial in fresh:
            expect(rows[serial].revoked, f"{serial} is indeterminate and not revoked")
            expect(serial in on_crl, f"{serial} is indeterminate and not on the CRL")
            expect(statuses.get(serial) == "revoked", f"OCSP says {statuses.get(serial)} of {serial}, which is indeterminate")
        self.indeterminate_seen |= set(fresh)


def der_of(pem):
    import base64
    lines = pem.strip().splitlines()
    return base64.b64decode("".join(line for line in lines[1:] if not line.startswith("-")).encode())


def settled(house):
    status = house.status()
    return status["ready"] and status["counts"]["open_intents"] == 0


def run_boundary(build, folder, boundary, seeds, requests_count=24):
    """run_boundary kills at one boundary with each seed, and gives a line of figures."""
    house = House(build, folder)
    requests = house.make_requests(requests_count)
    comparison = Comparison(house)
    victim_is_signer = boundary.startswith("signer.")
    killed, started = 0, time.monotonic()
    signatures, rows = 0, {}
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
            workload = Workload(house, requests, f"{boundary}/{seed}")
            workload.run(lambda: not victim.alive())
            expect(not victim.alive(), f"seed {seed}: the boundary was never reached; {victim.name}:\n{victim.tail()}")
            status = victim.wait_end(1)
            expect(status == -9, f"seed {seed}: {victim.name} ended with {status}, not by the boundary:\n{victim.tail()}")
            os.close(victim.reader)
            killed += 1
            comparison.learn(workload)
            if victim_is_signer:
                house.start_signer()
            else:
                house.start_daemon()
            house.wait_until(lambda: settled(house), f"seed {seed}: ready with every intent settled")
            signatures, rows = comparison.check()
            (house.signer if victim_is_signer else house.daemon).stop()
        if victim_is_signer:
            house.start_signer()
        else:
            house.start_daemon()
        house.wait_until(lambda: settled(house), "ready at the end")
        verdict = house.verify_audit()
        expect(verdict.returncode == 0, verdict.stdout)
    finally:
        house.stop()
    states = [row.state for row in rows.values()]
    return (f"{boundary:26} {killed:3} kills  {signatures:6} signatures  {states.count('issued'):5} issued  {states.count('indeterminate'):4} indeterminate  "
            f"{states.count('abandoned'):4} abandoned  {len(comparison.issued):5} acknowledged  {time.monotonic() - started:6.1f} s")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("build", type=pathlib.Path)
    parser.add_argument("--seeds", type=int, default=50)
    parser.add_argument("--boundary", action="append", choices=DAEMON + SIGNER)
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--keep", type=pathlib.Path, help="leave every house in this folder")
    arguments = parser.parse_args()
    boundaries = arguments.boundary or DAEMON + SIGNER
    failures = 0
    with tempfile.TemporaryDirectory(prefix="sealwright-faults-") as scratch:
        folder = arguments.keep or pathlib.Path(scratch)
        folder.mkdir(parents=True, exist_ok=True)
        with concurrent.futures.ThreadPoolExecutor(arguments.jobs) as pool:
            runs = {b: pool.submit(run_boundary, arguments.build, folder / b, b, arguments.seeds) for b in boundaries}
            for boundary, run in runs.items():
                try:
                    print(run.result(), flush=True)
                except Exception as error:  # one boundary's failure must not hide the others
                    failures += 1
                    print(f"{boundary:26} FAILED: {error}", flush=True)
    print(f"{len(boundaries)} boundaries, {arguments.seeds} seeds each, {failures} failed")
    sys.exit(1 if failures or not boundaries else 0)


if __name__ == "__main__":
    main()
