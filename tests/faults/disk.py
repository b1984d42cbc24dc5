#!/usr/bin/env python3
"""disk.py BUILD_DIR: the disk of the daemon, and that of the signer's journal, is full, read-only or broken while certificates are being asked for. Issuance must stop with a
clear error, what needs no write must go on, and when the disk is well again everything must resume by itself, with nothing lost."""

import argparse
import pathlib
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from comparison import Comparison, settled  # noqa: E402
from house import House, expect  # noqa: E402
from workload import Told  # noqa: E402


def issue(house, request):
    return house.admin("POST", "/v1/certificates", {"profile": "tls-server", "csr": request}, timeout=20)


def expect_issued(house, request, told, when):
    answer = issue(house, request)
    expect(answer.status == 201, f"{when}: {answer.status} {answer.body!r}")
    told.remember(answer.json["serial"], answer.json["certificate"], answer.json["request"])
    return answer.json["serial"]


def scenario(build, folder, side, error):
    house = House(build, folder)
    requests = house.make_requests(8)
    script = house.folder / "disk.script"
    script.write_text("")
    disk = {"LD_PRELOAD": str(pathlib.Path(build) / "tests/sealwright_faulty_disk.so"), "SEALWRIGHT_FAULTY_DISK_SCRIPT": str(script),
            "SEALWRIGHT_FAULTY_DISK_FOLDER": str(house.folder / ("state" if side == "store" else "run"))}
    told = Told()
    started = time.monotonic()
    try:
        if side == "journal":
            # The library that makes the disk fail reads its commands from a file, which the signer's server may not.
            config = house.folder / "signer.toml"
            config.write_text('sandbox = "off"\n' + config.read_text())
        house.start_signer(env=disk if side == "journal" else None)
        house.start_daemon(env=disk if side == "store" else None)
        house.wait_until(lambda: settled(house), "ready")
        serials = [expect_issued(house, r, told, "before") for r in requests[:3]]
        answer = house.admin("POST", f"/v1/certificates/{serials[0]}/revoke", {"reason": "superseded"})
        expect(answer.status == 200, f"revoke before: {answer.status} {answer.body!r}")
        told.status[serials[0]] = {"revoked"}

        script.write_text(error + "\n")
        refusals = []
        for request in requests[3:6] * 3:
            answer = issue(house, request)
            expect(answer.status in (500, 503), f"{error}: a certificate was answered with {answer.status} {answer.body!r}")
            problem = answer.json
            expect(problem.get("code") in ("storage", "unavailable") and problem.get("detail"), f"{error}: the refusal is not clear: {problem}")
            refusals.append(problem)
        if side == "store":
            answer = house.admin("POST", f"/v1/certificates/{serials[1]}/revoke", {"reason": "superseded"})
            expect(answer.status in (500, 503), f"{error}: a revocation was acknowledged that cannot be stored: {answer.status}")
            house.wait_until(lambda: not house.status()["ready"], f"{error}: not ready any more")
            expect(house.plain("GET", "/readyz").status == 503, f"{error}: /readyz does not say so")
        expect(house.plain("GET", "/crl/issuing.crl").status == 200, f"{error}: the CRL is not served any more")
        if side == "store":  # the signer can still sign OCSP responses
            statuses = house.ocsp_statuses(serials[:2])
            expect(statuses == {serials[0]: "revoked", serials[1]: "good"}, f"{error}: OCSP says {statuses}")

        script.write_text("")
        began = time.monotonic()
        house.wait_until(lambda: issue_again(house, requests[6], told), f"{error} is over: issuing again", seconds=30)
        resumed = time.monotonic() - began
        house.wait_until(lambda: settled(house), f"{error} is over: ready with every intent settled", seconds=60)
        comparison = Comparison(house, told)
        signatures, rows, _ = comparison.check()

        # And after a restart as well.
        house.daemon.stop()
        house.start_daemon()
        house.wait_until(lambda: settled(house), "ready after a restart")
        comparison.check()
        verdict = house.verify_audit()
        expect(verdict.returncode == 0, verdict.stdout)
        if side == "store":
            expect("issuance.stopped" in house.admin_audit_kinds() and "issuance.resumed" in house.admin_audit_kinds(), "the audit log does not tell of the stop")
        return (f"{side:8} {error:7} refused with: {refusals[0]['code']}: {refusals[0]['detail'][:70]}; resumed after {resumed:.1f} s; {signatures} signatures, "
                f"{len(rows)} rows; {time.monotonic() - started:.1f} s")
    finally:
        house.stop()


def issue_again(house, request, told):
    answer = issue(house, request)
    if answer.status != 201:
        time.sleep(0.2)
        return False
    told.remember(answer.json["serial"], answer.json["certificate"], answer.json["request"])
    return True


def main():
    parser = argparse.ArgumentParser(description="The disk of the daemon or of the signer fails and recovers.")
    parser.add_argument("build", type=pathlib.Path)
    parser.add_argument("--keep", type=pathlib.Path)
    arguments = parser.parse_args()
    failures = 0
    cases = [(side, error) for side in ("store", "journal") for error in ("ENOSPC", "EROFS", "EIO")]
    with tempfile.TemporaryDirectory(prefix="sealwright-disk-") as scratch:
        folder = arguments.keep or pathlib.Path(scratch)
        folder.mkdir(parents=True, exist_ok=True)
        for side, error in cases:
            try:
                print(scenario(arguments.build, folder / f"{side}-{error}", side, error), flush=True)
            except Exception as fault:  # one case's failure must not hide the others
                failures += 1
                print(f"{side:8} {error:7} FAILED: {fault}", flush=True)
    print(f"{len(cases)} cases, {failures} failed")
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
