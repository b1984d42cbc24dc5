#!/usr/bin/env python3
"""journal.py BUILD_DIR: a real daemon and signer, then `sealwright-verify audit --journal`: an honest run, a certificate that a stolen daemon had signed behind the
log's back, a journal that was altered, cut, or is another signer's."""

import base64
import json
import hashlib
import pathlib
import shutil
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent.parent / "support"))
from house import House, expect, run  # noqa: E402

VALID, INVALID, INCOMPLETE = 0, 1, 2


class Site(House):
    exports = 0

    def issue(self, csr):
        answer = self.admin("POST", "/v1/secrets", {"profile": "tls-server", "names": [], "lifetime": "10m"})
        expect(answer.status == 201, f"secret: {answer.status} {answer.body!r}")
        path = self.folder / "one.csr"
        path.write_text(csr)
        secret = self.folder / "one.secret"
        secret.write_text(answer.json["secret"])
        secret.chmod(0o600)
        out = self.folder / "one.pem"
        out.unlink(missing_ok=True)
        run(self.bin / "sealwright", "cert", "issue", "--profile", "tls-server", "--csr", path, "--out", out, "--socket", self.admin_socket)
        return out

    def export(self):
        folder = self.folder / f"export-{self.exports}"
        self.exports += 1
        run(self.bin / "sealwright", "audit", "export", folder, "--socket", self.admin_socket)
        return folder

    def entries(self):
        size = self.admin("GET", "/v1/audit/head").json["size"]
        page = self.admin("GET", f"/v1/audit/entries?first=0&last={size}").json["entries"]
        return [json.loads(base64.b64decode(entry)) for entry in page]

    def verify(self, folder, *journals):
        arguments = [a for journal in journals for a in ("--journal", journal)]
        done = run(self.bin / "sealwright-verify", "audit", folder, "--key", self.artefacts / "audit-key.pem", *arguments, check=False)
        return done.returncode, done.stdout

    def expect_verdict(self, verdict, text, folder, *journals):
        status, told = self.verify(folder, *journals)
        expect(status == verdict and text in told, f"wanted {verdict} and '{text}', got {status}:\n{told}")

    def sign_behind_the_back(self, kind, tbs, key):
        """What a stolen daemon does: it speaks as the boot that it is, and leaves no entry."""
        entry = self.entries()[-1]
        (self.folder / "tbs").write_bytes(tbs)
        return run(self.test_bin / "behind_the_back", self.folder / "run/signer.sock", entry["node"], entry["epoch"], key, kind, self.folder / "tbs", check=False)


def another_tbs(site, certificate):
    """The TBS of a certificate of ours under another serial, inside every limit; and that serial."""
    der = site.folder / "one.der"
    run("openssl", "x509", "-in", certificate, "-outform", "DER", "-out", der)
    tbs = site.folder / "one.tbs"
    run("openssl", "asn1parse", "-inform", "DER", "-in", der, "-strparse", "4", "-noout", "-out", tbs)
    old = bytes.fromhex(run("openssl", "x509", "-in", certificate, "-noout", "-serial").stdout.strip().split("=")[1])
    new = old[:-1] + bytes([old[-1] ^ 1])
    return tbs.read_bytes().replace(old, new, 1), new


def one_moment(site, scratch):
    """An export and a copy of the journal between which nothing was signed: a daemon publishes CRLs by itself."""
    journal = scratch / "copy"
    for _ in range(10):
        shutil.copy(site.journal, journal)
        folder = site.export()
        if site.verify(folder, journal)[0] == VALID:
            break
        time.sleep(0.5)
    return folder, journal


def main():
    build = pathlib.Path(sys.argv[1])
    with tempfile.TemporaryDirectory(prefix="sealwright-journal-") as scratch:
        scratch = pathlib.Path(scratch)
        site = Site(build, scratch / "site", shim=False)
        try:
            check(site, scratch)
        finally:
            site.stop()


def check(site, scratch):
    site.start_signer()
    site.start_daemon()
    requests = site.make_requests(5)
    certificate = [site.issue(csr) for csr in requests[:3]][-1]
    first, journal = one_moment(site, scratch)
    site.expect_verdict(VALID, "stand in the log as they were signed", first, journal)
    site.expect_verdict(VALID, "stand in the log as they were signed", first, journal, journal)  # given twice
    status, told = site.verify(first, journal)
    expect("each chained" in told, told)
    print("ok     an honest run is valid")

    whole = journal.read_bytes()
    altered = scratch / "altered"
    at = whole.index(bytes.fromhex(next(e for e in site.entries() if e["kind"] == "certificate.issued")["fields"]["intent"]))
    altered.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1:])
    site.expect_verdict(INVALID, "was changed, or is not chained", first, altered)
    print("ok     one altered record is found")

    # Cut at the end of a record: a chain cannot tell, the log can.
    ends, offset = [], 64
    while offset < len(whole):
        offset += 4 + int.from_bytes(whole[offset:offset + 4], "big") + 32
        ends.append(offset)
    expect(ends[-1] == len(whole), "the journal's records end where the file does")
    cut = scratch / "cut"
    cut.write_bytes(whole[:ends[1]])
    site.expect_verdict(INCOMPLETE, "stand in no journal", first, cut)
    torn = scratch / "torn"
    torn.write_bytes(whole + whole[64:100])
    site.expect_verdict(VALID, "ends with 36 octets that are no record", first, torn)
    site.expect_verdict(INCOMPLETE, "cannot be read", first, scratch / "nowhere")
    print("ok     a cut journal is incomplete, a torn tail is not")

    # Two copies of one journal: the older is the beginning of the newer, whichever is given first. One that was put back and went on is not.
    site.expect_verdict(VALID, "the longer is compared", first, cut, journal)
    site.expect_verdict(VALID, "the longer is compared", first, journal, cut)
    last = whole[ends[-2]:ends[-1] - 32]
    other_last = last[:-1] + bytes([last[-1] ^ 1])
    fork = scratch / "fork"
    fork.write_bytes(whole[:ends[-2]] + other_last + hashlib.sha256(whole[ends[-2] - 32:ends[-2]] + other_last).digest())
    site.expect_verdict(INVALID, "went on differently", first, journal, fork)
    print("ok     copies of one journal are compared with each other")

    key = next(e for e in site.entries() if e["kind"] == "certificate.intended")["fields"]["issuer_key"]
    journal = site.journal
    tbs, serial = another_tbs(site, certificate)
    done = site.sign_behind_the_back("certificate", tbs, key)
    expect(done.returncode == 0, done.stdout)
    # The export of before is older than the signature: it cannot say, unless it is left out.
    site.expect_verdict(INCOMPLETE, "export the log again", first, journal)
    until = site.entries()[0]["time"]
    done = run(site.bin / "sealwright-verify", "audit", first, "--key", site.artefacts / "audit-key.pem", "--journal", journal, "--until", until, check=False)
    expect(done.returncode == VALID and "was left out" in done.stdout, done.stdout + done.stderr)
    done = run(site.bin / "sealwright-verify", "audit", first, "--journal", journal, "--until", "today", check=False)
    expect(done.returncode == 64, done.stdout + done.stderr)
    time.sleep(1.1)
    site.issue(requests[3])
    site.expect_verdict(INVALID, "signed without a record: certificate " + serial.hex().rjust(32, "0"), site.export(), journal)
    site.expect_verdict(VALID, "", site.export())  # the log alone cannot know
    # Its neighbour: the same beyond a limit is not signed, and leaves nothing to find.
    refused = site.sign_behind_the_back("certificate", tbs.replace(serial, bytes(len(serial)), 1), key)
    expect(refused.returncode == 1, refused.stdout)
    print("ok     a certificate that was signed behind the daemon's back is found")

    other = Site(site.build, scratch / "other", shim=False)
    try:
        other.start_signer()
        other.start_daemon()
        other.issue(requests[4])
        export, own = one_moment(other, scratch)
        other.expect_verdict(VALID, "", export, own)
        other.expect_verdict(INVALID, "of a node that the log does not know", export, journal)
        other.expect_verdict(INVALID, "", export, own, journal)
    finally:
        other.stop()
    print("ok     another signer's journal is found")


if __name__ == "__main__":
    main()
