#!/usr/bin/env python3
"""demo.py BUILD_DIR [--keep DIR]: runs simulators/demo with the programs of a build folder, in a folder of its own and on free ports. Once with --once, whose files are then
judged by openssl and sealwright-verify; and once serving, which must go on until it is told to end, and leave no process behind."""

import argparse
import pathlib
import re
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent.parent / "support"))
from house import ROOT, expect, run  # noqa: E402

# What README.md says that it leaves.
FILES = ["root.pem", "issuing.pem", "leaf.pem", "leaf-chain.pem", "revoked.pem", "issuing.crl", "ocsp-good.der", "ocsp-revoked.der", "device-1.pem", "device-1-chain.pem",
         "device-1.attestation", "device-2.pem"]
FOLDERS = ["ceremony", "audit"]


class Demo:
    def __init__(self, build, folder):
        self.bin = build / "bin"
        self.folder = folder
        self.work = folder.parent / "judged"
        self.work.mkdir(exist_ok=True)
        self.argv = [ROOT / "simulators/demo", "--bin", self.bin, "--folder", folder, "--free-ports"]

    def file(self, name):
        return self.folder / name

    def processes(self, *kinds):
        """processes gives what runs with this folder on its command line, but for the demo's own shell; kinds are how the programs' names begin."""
        found = []
        for entry in pathlib.Path("/proc").iterdir():
            if entry.name.isdigit():
                try:
                    argv = (entry / "cmdline").read_bytes().decode(errors="replace").split("\0")
                    name = (entry / "comm").read_text().strip()
                except OSError:
                    continue  # it ended meanwhile
                if pathlib.Path(argv[0]).name.startswith(kinds or ("sealwright", "swtpm", "tpm2-abrmd")) and any(str(self.folder) in a for a in argv):
                    if name not in ("signer-server", "signer-token"):  # the signer's own children, which end with it
                        found.append(argv)
        return found

    # --- judged by other programs ---

    def verify(self, certificate, *, root="root.pem", crl=True, untrusted="issuing.pem"):
        """verify gives what openssl verify says of a certificate, in its strictest reading."""
        pem = self.work / "issuing.crl.pem"
        run("openssl", "crl", "-inform", "DER", "-in", self.file("issuing.crl"), "-out", pem)
        return run("openssl", "verify", "-x509_strict", "-crl_check", "-CAfile", self.folder / root, "-untrusted", self.file(untrusted), *(["-CRLfile", pem] if crl else []),
                   self.folder / certificate, check=False)

    def ocsp(self, response, certificate):
        return run("openssl", "ocsp", "-issuer", self.file("issuing.pem"), "-cert", self.file(certificate), "-respin", response, "-CAfile", self.file("root.pem"), "-verify_other",
                   self.file("issuing.pem"), "-no_nonce", check=False)

    def altered(self, name):
        """altered gives a copy of a file whose last bit is another."""
        data = bytearray(self.file(name).read_bytes())
        data[-1] ^= 1
        copy = self.work / name
        copy.write_bytes(data)
        return copy


def refused(done, status, text, what):
    expect(done.returncode == status and text in done.stdout + done.stderr, f"{what}: exit status {done.returncode}\n{done.stdout}{done.stderr}")


def accepted(done, what, text=""):
    expect(done.returncode == 0 and text in done.stdout + done.stderr, f"{what}: exit status {done.returncode}\n{done.stdout}{done.stderr}")


def test_once(demo):
    done = run(*demo.argv, "--once", check=False, timeout=240)
    expect(done.returncode == 0, f"exit status {done.returncode}\n{done.stdout}{done.stderr}")
    expect(re.search(r"^\d+ claims, all held", done.stdout, re.M) and "FAILED" not in done.stdout, done.stdout)
    expect(not done.stderr.strip(), f"it says on its standard error: {done.stderr}")
    expect(not demo.processes(), f"it left processes: {demo.processes()}")
    for name in FILES:
        expect(demo.file(name).is_file() and demo.file(name).stat().st_size > 0, f"{name} is not there")
    for name in FOLDERS:
        expect(demo.file(name).is_dir() and any(demo.file(name).iterdir()), f"{name}/ is not there")


def test_certificates(demo):
    accepted(demo.verify("leaf.pem"), "leaf.pem", "OK")
    refused(demo.verify("revoked.pem"), 2, "certificate revoked", "revoked.pem")
    refused(demo.verify("leaf.pem", crl=False), 2, "unable to get certificate CRL", "leaf.pem without a CRL")
    accepted(demo.verify("leaf.pem", untrusted="leaf-chain.pem"), "leaf.pem by its chain", "OK")
    accepted(run("openssl", "verify", "-x509_strict", "-CAfile", demo.file("root.pem"), demo.file("issuing.pem"), check=False), "issuing.pem", "OK")
    stranger = demo.work / "stranger.pem"
    run("openssl", "req", "-x509", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", demo.work / "stranger.key", "-out", stranger, "-subj",
        "/O=Sealwright Demo/CN=Sealwright Demo Root CA")
    refused(demo.verify("leaf.pem", root=stranger), 2, "verification failed", "leaf.pem under a stranger's root")
    refused(demo.verify("revoked.pem", root=stranger), 2, "verification failed", "revoked.pem under a stranger's root")
    chain = re.findall(r"-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----\n", demo.file("leaf-chain.pem").read_text(), re.S)
    expect(chain == [demo.file("leaf.pem").read_text(), demo.file("issuing.pem").read_text()], f"leaf-chain.pem has {len(chain)} certificates, or others than leaf.pem and issuing.pem")


def test_devices(demo):
    for number, level in ((1, 31), (2, 30)):
        certificate = f"device-{number}.pem"
        accepted(demo.verify(certificate), certificate, "OK")
        text = run("openssl", "x509", "-in", demo.file(certificate), "-noout", "-text").stdout
        expect(f"Policy: 1.3.6.1.4.1.311.21.{level}\n" in text and text.count("Policy:") == 1, text)
    chain = re.findall(r"-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----\n", demo.file("device-1-chain.pem").read_text(), re.S)
    expect(chain == [demo.file("device-1.pem").read_text(), demo.file("issuing.pem").read_text()], "device-1-chain.pem is not leaf and issuer")
    program, record = demo.bin / "sealwright-verify", demo.file("device-1.attestation")
    accepted(run(program, "attestation", record, "--roots", demo.file("tpm-vendor/root.pem"), check=False), "device-1.attestation", "affirming")
    refused(run(program, "attestation", record, "--roots", demo.work / "stranger.pem", check=False), 1, "", "device-1.attestation under a stranger's root")
    expect(run(program, "attestation", record, check=False).returncode == 2, "device-1.attestation is not incomplete without a root")


def test_crl(demo):
    def check(file):
        return run("openssl", "crl", "-inform", "DER", "-in", file, "-noout", "-CAfile", demo.work / "cas.pem", "-text", check=False)

    (demo.work / "cas.pem").write_text(demo.file("issuing.pem").read_text() + demo.file("root.pem").read_text())
    listed = check(demo.file("issuing.crl"))
    accepted(listed, "issuing.crl", "verify OK")
    serial = run("openssl", "x509", "-in", demo.file("revoked.pem"), "-noout", "-serial").stdout.strip().removeprefix("serial=")
    expect(f"Serial Number: {serial}" in listed.stdout and listed.stdout.count("Serial Number:") == 1 and "Key Compromise" in listed.stdout, listed.stdout)
    expect("verify OK" not in check(demo.altered("issuing.crl")).stderr, "a CRL with another last bit verifies")


def test_ocsp(demo):
    for response, certificate, other, status in (("ocsp-good.der", "leaf.pem", "revoked.pem", "good"), ("ocsp-revoked.der", "revoked.pem", "leaf.pem", "revoked")):
        answer = demo.ocsp(demo.file(response), certificate)
        accepted(answer, response, "Response verify OK")
        expect(f"{certificate}: {status}" in answer.stdout, answer.stdout)
        expect(("keyCompromise" in answer.stdout) == (status == "revoked"), answer.stdout)
        expect("No Status found" in (about := demo.ocsp(demo.file(response), other)).stdout + about.stderr, f"{response} says something of {other}: {about.stdout}")
    # The last octets of a response are those of the certificate in it; the signature stands before it.
    data = bytearray(demo.file("ocsp-good.der").read_bytes())
    text = run("openssl", "ocsp", "-respin", demo.file("ocsp-good.der"), "-noverify", "-resp_text").stdout
    signature = bytes.fromhex("".join(re.findall(r"[0-9a-f]{2}(?=[:\n])", re.search(r"Signature Value:\n((?:\s+[0-9a-f:]+\n)+)", text).group(1))))
    data[data.index(signature) + len(signature) - 1] ^= 1
    flipped = demo.work / "ocsp-flipped.der"
    flipped.write_bytes(data)
    refused(demo.ocsp(flipped, "leaf.pem"), 1, "Response Verify Failure", "a response whose signature differs in one bit")


def test_records(demo):
    program = demo.bin / "sealwright-verify"
    head = demo.file("ceremony-head.txt").read_text()
    accepted(run(program, "ceremony", demo.file("ceremony"), "--roots", demo.file("root.pem"), "--head", head, check=False), "ceremony/", "verdict: VALID")
    refused(run(program, "ceremony", demo.file("ceremony"), "--roots", demo.work / "stranger.pem", "--head", head, check=False), 1, "INVALID", "ceremony/ under a stranger's root")
    key = demo.file("ceremony/artefacts/audit-key.pem")
    accepted(run(program, "audit", demo.file("audit"), "--key", key, check=False), "audit/", "verdict: VALID")
    copy = demo.work / "audit"
    shutil.copytree(demo.file("audit"), copy)
    checkpoint = copy / "checkpoint"
    lines = checkpoint.read_text().split("\n")
    lines[1] = str(int(lines[1]) - 1)  # a log that lost its last entry
    checkpoint.write_text("\n".join(lines))
    refused(run(program, "audit", copy, "--key", key, check=False), 1, "INVALID", "audit/ with an altered checkpoint")


def test_serving(demo):
    """Without --once it serves until it is told to end; a second demo in the same folder leaves it alone."""
    with subprocess.Popen([str(a) for a in demo.argv], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL) as served:
        output, end = b"", time.monotonic() + 240
        try:
            while b"Try, in another terminal" not in output:
                readable, _, _ = select.select([served.stdout], [], [], max(0.0, end - time.monotonic()))
                expect(readable and (more := served.stdout.read1(65536)), f"it does not serve:\n{output.decode()}")
                output += more
            plain = re.search(r"metrics\s+(http://127\.0\.0\.1:\d+)/metrics", output.decode()).group(1)
            expect(urllib.request.urlopen(plain + "/readyz", timeout=10).read() == b"ready\n", "it is not ready")
            second = run(*demo.argv, "--once", check=False, timeout=60)
            refused(second, 1, "a demo runs in", "a second demo in the same folder")
            expect(urllib.request.urlopen(plain + "/readyz", timeout=10).read() == b"ready\n", "the second disturbed the first")
            expect(served.poll() is None and len(demo.processes("sealwright")) == 2, f"signer and daemon should run: {demo.processes()}")
            served.send_signal(signal.SIGTERM)
            expect(served.wait(30) == 143, f"it ended with {served.returncode}")
        finally:
            if served.poll() is None:
                served.terminate()
    expect(not demo.processes(), f"it left processes: {demo.processes()}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("build", type=pathlib.Path)
    parser.add_argument("--keep", type=pathlib.Path, help="work in this folder and leave it")
    arguments = parser.parse_args()
    failures, tests = 0, [test_once, test_certificates, test_devices, test_crl, test_ocsp, test_records, test_serving]
    with tempfile.TemporaryDirectory(prefix="sealwright-demo-") as scratch:
        folder = arguments.keep or pathlib.Path(scratch)
        folder.mkdir(parents=True, exist_ok=True)
        demo = Demo(arguments.build.resolve(), folder.resolve() / "demo")
        for test in tests:
            began = time.monotonic()
            try:
                test(demo)
                print(f"ok     {test.__name__} ({time.monotonic() - began:.1f} s)", flush=True)
            except Exception as fault:  # one failure must not hide the others
                failures += 1
                print(f"FAILED {test.__name__}: {type(fault).__name__}: {fault}", flush=True)
    print(f"{len(tests)} tests, {failures} failed")
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
