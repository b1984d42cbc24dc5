#!/usr/bin/env python3
"""daemon.py BUILD_DIR [NAME ...]: sealwrightd on real parts (SoftHSM, the signer, SQLite), asked by real clients: curl, openssl. Each test has a site of its own
where it must change the configuration, and shares one otherwise. Names select tests."""

import argparse
import base64
import contextlib
import os
import pathlib
import re
import signal
import socket
import sys
import tempfile
import time
import urllib.parse

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent.parent / "support"))
from house import House, expect, run  # noqa: E402

RENEWABLE = """
[renewal]
window = "57m"
"""


class Site(House):
    """A House with a profile whose certificates can be renewed at once, and the clients' side."""

    def __init__(self, build, folder):
        super().__init__(build, folder, shim=False)
        text = (self.folder / "profiles/tls-server.toml").read_text()
        text = text.replace('name = "tls-server"', 'name = "renewable"')
        text = text.replace('length = "90d"', 'length = "1h"')
        text = re.sub(r"\n\[renewal\]\n.*", RENEWABLE, text, flags=re.S)
        (self.folder / "profiles/renewable.toml").write_text(text)
        self.https = f"https://localhost:{self.https_port}"
        self.http = f"http://127.0.0.1:{self.http_port}"
        self.work = self.folder / "work"
        self.work.mkdir()

    def start(self):
        self.start_signer()
        self.start_daemon()
        return self

    def configure(self, more):
        with open(self.folder / "sealwrightd.toml", "a") as file:
            file.write(more)

    def request(self, name, key="ec", host=None, extra=()):
        host = host or f"{name}.demo.sealwright.test"
        kind = {"ec": ["ec", "-pkeyopt", "ec_paramgen_curve:P-256"], "rsa": ["rsa:2048"]}[key]
        run("openssl", "req", "-new", "-newkey", *kind, "-nodes", "-keyout", self.work / f"{name}.key", "-out", self.work / f"{name}.csr", "-subj", f"/CN={host}",
            "-addext", f"subjectAltName=DNS:{host}", *extra)
        return self.work / f"{name}.csr"

    def secret(self, profile="tls-server", names=()):
        answer = self.admin("POST", "/v1/secrets", {"profile": profile, "names": list(names), "lifetime": "10m"})
        expect(answer.status == 201, f"secret: {answer.status} {answer.body!r}")
        return answer.json["secret"]

    def curl(self, *arguments, check=True):
        """curl gives (status, headers, body)."""
        head, body = self.work / "head", self.work / "body"
        for file in (head, body):
            file.unlink(missing_ok=True)
        done = run("curl", "--silent", "--show-error", "--max-time", "30", "--cacert", self.artefacts / "root.pem", "--dump-header", head, "--output", body,
                   "--write-out", "%{http_code}", *arguments, check=check)
        fields = {}
        for line in head.read_text().splitlines() if head.exists() else ():
            name, colon, value = line.partition(":")
            if colon:
                fields[name.strip().lower()] = value.strip()
        return int(done.stdout or 0), fields, body.read_bytes() if body.exists() else b""

    def enrol(self, csr, secret=None, profile="tls-server", arguments=(), content_type="application/x-pem-file"):
        credential = []
        if secret:
            header = self.work / "credential"
            header.write_text(f"Authorization: Bearer {secret}\n")
            credential = ["--header", f"@{header}"]
        return self.curl(*credential, *arguments, "--header", f"Content-Type: {content_type}", "--data-binary", f"@{csr}",
                         f"{self.https}/native/v1/certificates?profile={profile}")

    def issued(self, name, **options):
        """issued enrols over HTTPS with a secret and gives (file, serial)."""
        profile = options.pop("profile", "tls-server")
        status, fields, body = self.enrol(self.request(name, **options), self.secret(profile), profile)
        expect(status == 201, f"{name}: {status} {body!r}")
        file = self.work / f"{name}.pem"
        file.write_bytes(body)
        return file, fields["x-sealwright-serial"]

    def verify(self, certificate):
        return run("openssl", "verify", "-x509_strict", "-CAfile", self.artefacts / "root.pem", "-untrusted", self.artefacts / "issuing.pem", certificate, check=False)

    def log(self):
        return (self.folder / "sealwrightd.log").read_text()

    def kinds_with(self, kind):
        """kinds_with gives the audit entries of a kind, parsed."""
        import json
        size = self.admin("GET", "/v1/audit/head").json["size"]
        entries = []
        while len(entries) < size:
            entries += self.admin("GET", f"/v1/audit/entries?first={len(entries)}").json["entries"]
        return [e for e in (json.loads(base64.b64decode(entry)) for entry in entries) if e["kind"] == kind]


# --- on one site ---------------------------------------------------------------------------------------------------------------------------------------


def test_issues_for_ec_and_rsa_requests_by_curl(site):
    for key in ("ec", "rsa"):
        file, serial = site.issued(f"issue-{key}", key=key)
        verdict = site.verify(file)
        expect(verdict.returncode == 0, verdict.stdout + verdict.stderr)
        shown = run("openssl", "x509", "-in", file, "-noout", "-serial", "-ext", "subjectAltName").stdout
        expect(f"serial={serial.upper()}" in shown and f"DNS:issue-{key}.demo.sealwright.test" in shown, shown)
        expect(file.read_text().count("BEGIN CERTIFICATE") == 2, "the issuing CA is behind the leaf, the root is not")


def test_takes_der_and_chunked_bodies(site):
    csr = site.request("der")
    der = site.work / "der.der"
    run("openssl", "req", "-in", csr, "-outform", "DER", "-out", der)
    status, _, body = site.enrol(der, site.secret(), content_type="application/pkcs10", arguments=["--header", "Transfer-Encoding: chunked"])
    expect(status == 201, f"{status} {body!r}")
    status, _, body = site.enrol(csr, site.secret(), arguments=["--http1.0"])
    expect(status == 201, f"HTTP/1.0: {status} {body!r}")


def test_a_secret_works_once_and_the_refusal_is_recorded(site):
    csr, secret = site.request("once"), site.secret()
    before = len(site.kinds_with("input.refused"))
    expect(site.enrol(csr, secret)[0] == 201, "the first time")
    status, fields, body = site.enrol(csr, secret)
    expect(status == 409 and fields["content-type"] == "application/problem+json" and b'"code":"conflict"' in body, f"{status} {body!r}")
    refused = site.kinds_with("input.refused")[before:]
    expect(len(refused) == 1 and refused[0]["fields"]["code"] == "conflict", f"{refused}")
    status, fields, _ = site.enrol(csr)
    expect(status == 401 and "Bearer" in fields["www-authenticate"], f"{status}")


def test_refuses_what_the_profile_does_not_allow(site):
    cases = [("weak", site.work / "weak.csr", 422, "weak_key"), ("foreign", site.request("foreign", host="www.example.com"), 403, "denied"),
             ("ca", site.request("ca", extra=["-addext", "basicConstraints=critical,CA:TRUE"]), 403, "denied")]
    run("openssl", "req", "-new", "-newkey", "rsa:1024", "-nodes", "-keyout", site.work / "weak.key", "-out", site.work / "weak.csr", "-subj",
        "/CN=weak.demo.sealwright.test", "-addext", "subjectAltName=DNS:weak.demo.sealwright.test")
    for name, csr, expected, code in cases:
        status, _, body = site.enrol(csr, site.secret())
        expect(status == expected and f'"code":"{code}"'.encode() in body, f"{name}: {status} {body!r}")
    der = bytearray(base64.b64decode("".join(line for line in site.request("flipped").read_text().splitlines() if "-----" not in line)))
    der[-1] ^= 1
    flipped = site.work / "flipped.der"
    flipped.write_bytes(der)
    status, _, body = site.enrol(flipped, site.secret(), content_type="application/pkcs10")
    expect(status == 422 and b'"code":"invalid_signature"' in body, f"{status} {body!r}")


def test_renews_under_mutual_tls_until_revoked(site):
    file, serial = site.issued("renew", profile="renewable")
    mutual = ["--cert", file, "--key", site.work / "renew.key"]
    status, fields, body = site.enrol(site.work / "renew.csr", profile="renewable", arguments=mutual)
    expect(status == 201, f"renewal: {status} {body!r}")
    record = site.admin("GET", f"/v1/certificates/{fields['x-sealwright-serial']}").json
    expect(record["renews"] == serial and record["principal"] == f"cert:{serial}", f"{record}")

    stranger = site.work / "stranger.pem"
    run("openssl", "req", "-x509", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", site.work / "stranger.key", "-out", stranger,
        "-subj", "/CN=renew.demo.sealwright.test")
    status, _, body = site.enrol(site.work / "renew.csr", profile="renewable", arguments=["--cert", stranger, "--key", site.work / "stranger.key"])
    expect(status == 401, f"a stranger's certificate: {status} {body!r}")

    expect(site.admin("POST", f"/v1/certificates/{serial}/revoke", {"reason": "superseded"}).status == 200, "revoke")
    status, _, body = site.enrol(site.work / "renew.csr", profile="renewable", arguments=mutual)
    expect(status == 403 and b'"code":"denied"' in body, f"a revoked certificate: {status} {body!r}")


def test_speaks_tls_1_3_and_nothing_older(site):
    for version, works in (("-tls1_3", True), ("-tls1_2", False)):
        done = run("openssl", "s_client", "-connect", f"localhost:{site.https_port}", "-CAfile", site.artefacts / "root.pem", "-verify_return_error", version, "-brief",
                   check=False, input="")
        expect(("Verification: OK" in done.stderr + done.stdout) == works, f"{version}: {done.stdout}{done.stderr}")


def ocsp(site, certificate, *more):
    return run("openssl", "ocsp", "-issuer", site.artefacts / "issuing.pem", "-cert", certificate, "-CAfile", site.artefacts / "root.pem", "-verify_other",
               site.artefacts / "issuing.pem", *more, check=False)


def test_answers_ocsp_by_post_and_get(site):
    file, serial = site.issued("ocsp")
    leaf = site.work / "ocsp-leaf.pem"
    run("openssl", "x509", "-in", file, "-out", leaf)
    posted = ocsp(site, leaf, "-url", f"{site.http}/ocsp")
    expect("Response verify OK" in posted.stderr and ": good" in posted.stdout and "WARNING: no nonce" not in posted.stderr, posted.stdout + posted.stderr)

    request = site.work / "ocsp.req"
    ocsp(site, leaf, "-no_nonce", "-reqout", request)
    text = base64.b64encode(request.read_bytes()).decode()
    answer = site.work / "ocsp.resp"
    bodies = set()
    for path in (urllib.parse.quote(text, safe=""), urllib.parse.quote(text, safe="/+="), "/" + text):
        status, fields, body = site.curl(f"{site.http}/ocsp/{path}")
        expect(status == 200 and fields["content-type"] == "application/ocsp-response", f"GET {path}: {status}")
        expect("max-age=" in fields["cache-control"] and "etag" in fields and "expires" in fields and "last-modified" in fields, f"{fields}")
        bodies.add(body)
    expect(len(bodies) == 1, "the cached answer is the same each time")
    answer.write_bytes(bodies.pop())
    read = ocsp(site, leaf, "-respin", answer)
    expect("Response verify OK" in read.stderr and ": good" in read.stdout, read.stdout + read.stderr)
    status, _, body = site.curl("--header", f"If-None-Match: {fields['etag']}", f"{site.http}/ocsp/{urllib.parse.quote(text, safe='')}")
    expect(status == 304 and body == b"", f"{status} {body!r}")

    unknown = run("openssl", "ocsp", "-issuer", site.artefacts / "issuing.pem", "-serial", "0x1234567890abcdef1234567890abcdef", "-url", f"{site.http}/ocsp", "-CAfile",
                  site.artefacts / "root.pem", "-verify_other", site.artefacts / "issuing.pem", check=False)
    expect(": unknown" in unknown.stdout, unknown.stdout + unknown.stderr)
    expect(site.admin("POST", f"/v1/certificates/{serial}/revoke", {"reason": "keyCompromise"}).status == 200, "revoke")
    revoked = ocsp(site, leaf, "-url", f"{site.http}/ocsp", "-no_nonce")
    expect(": revoked" in revoked.stdout and "keyCompromise" in revoked.stdout, f"at once, from the cache as well: {revoked.stdout}{revoked.stderr}")


def test_ocsp_refuses_what_is_no_request(site):
    junk = site.work / "junk"
    for content in (b"\x30\x03\x02\x01", b"", b"\x00" * 100):
        junk.write_bytes(content)
        status, _, body = site.curl("--header", "Content-Type: application/ocsp-request", "--data-binary", f"@{junk}", f"{site.http}/ocsp")
        expect(status == 200 and body == bytes.fromhex("30030a0101"), f"malformedRequest for {content[:4]!r}: {status} {body!r}")
    junk.write_bytes(b"\x00" * 9000)
    expect(site.curl("--header", "Content-Type: application/ocsp-request", "--data-binary", f"@{junk}", f"{site.http}/ocsp")[0] == 413, "too large")
    expect(site.curl("--data-binary", "x", f"{site.http}/ocsp")[0] == 415, "another type")
    expect(site.curl("--request", "PUT", f"{site.http}/ocsp")[0] == 405, "another method")


def crl_text(site):
    status, fields, body = site.curl(f"{site.http}/crl/issuing.crl")
    expect(status == 200 and fields["content-type"] == "application/pkix-crl", f"{status} {fields}")
    file = site.work / "issuing.crl"
    file.write_bytes(body)
    verified = run("openssl", "crl", "-inform", "DER", "-in", file, "-noout", "-CAfile", site.folder / "ca-chain.pem", check=False)
    expect("verify OK" in verified.stderr, verified.stderr)
    return run("openssl", "crl", "-inform", "DER", "-in", file, "-noout", "-text").stdout, fields


def test_publishes_a_crl_after_each_revocation(site):
    (site.folder / "ca-chain.pem").write_text((site.artefacts / "issuing.pem").read_text() + (site.artefacts / "root.pem").read_text())
    _, serial = site.issued("listed")
    before, fields = crl_text(site)
    expect(serial.upper() not in before, "not yet")
    expect(site.curl("--header", f"If-None-Match: {fields['etag']}", f"{site.http}/crl/issuing.crl")[0] == 304, "unchanged")
    expect(site.admin("POST", f"/v1/certificates/{serial}/hold", {}).status == 200, "hold")
    site.wait_until(lambda: serial.upper() in crl_text(site)[0], "the CRL lists it without anybody asking for one")
    expect("Certificate Hold" in crl_text(site)[0], "with its reason")
    expect(site.admin("POST", f"/v1/certificates/{serial}/release", {}).status == 200, "release")
    site.wait_until(lambda: serial.upper() not in crl_text(site)[0], "and lists it no more")
    numbers = re.findall(r"CRL Number:\s*\n?\s*(\d+|0x[0-9A-F]+)", before + crl_text(site)[0])
    expect(len(numbers) == 2 and int(numbers[1], 0) > int(numbers[0], 0), f"{numbers}")


def test_serves_the_cas_certificate(site):
    status, fields, body = site.curl(f"{site.http}/aia/issuing.cer")
    expected = run("openssl", "x509", "-in", site.artefacts / "issuing.pem", "-noout", "-fingerprint", "-sha256").stdout
    file = site.work / "aia.cer"
    file.write_bytes(body)
    expect(status == 200 and fields["content-type"] == "application/pkix-cert", f"{status}")
    expect(run("openssl", "x509", "-inform", "DER", "-in", file, "-noout", "-fingerprint", "-sha256").stdout == expected, "another certificate")


def test_metrics_can_be_read(site):
    status, _, body = site.curl(f"{site.http}/metrics")
    expect(status == 200, f"{status}")
    text = body.decode()
    for line in text.splitlines():
        expect(re.fullmatch(r'# (HELP|TYPE) \S+ .+|[a-z_:]+(\{[a-z_]+="[^"]*"(,[a-z_]+="[^"]*")*\})? [0-9.e+-]+', line), f"not of the format: {line}")
    expect("sealwright_ready 1" in text and "sealwright_issuance_duration_seconds_count" in text, text)


def test_says_that_it_is_well(site):
    expect(site.curl(f"{site.http}/healthz")[0] == 200 and site.curl(f"{site.http}/readyz")[2] == b"ready\n", "health")
    status = site.status()
    expect(status["ready"] and status["reasons"] == [] and status["signer"]["connected"] and status["counts"]["open_intents"] == 0, f"{status}")
    expect(status["counts"]["issued"] == len(site.certificates()), f"{status['counts']}")


def test_survives_hostile_connections(site):
    with contextlib.ExitStack() as stack:
        for port in (site.http_port, site.https_port) * 50:
            raw = stack.enter_context(socket.create_connection(("127.0.0.1", port), timeout=5))
            with contextlib.suppress(OSError):
                raw.sendall(os.urandom(200))
        expect(site.curl(f"{site.http}/healthz")[0] == 200, "while they are open")
    expect(site.enrol(site.request("after-noise"), site.secret())[0] == 201, "and afterwards")


def test_signs_a_checkpoint_that_verifies(site):
    checkpoint = site.admin("GET", "/v1/audit/checkpoint").json
    expect(checkpoint["note"].startswith(checkpoint["origin"] + f"\n{checkpoint['size']}\n"), f"{checkpoint}")
    verdict = site.verify_audit()
    expect(verdict.returncode == 0, verdict.stdout)


def test_sighup_ends_nothing(site):
    site.daemon.child.send_signal(signal.SIGHUP)
    site.wait_until(lambda: "SIGHUP" in site.log(), "a line in the log")
    expect(site.status()["ready"], "and it goes on")


def test_a_second_daemon_refuses_the_folder(site):
    second = run(site.bin / "sealwrightd", "--config", site.folder / "sealwrightd.toml", check=False)
    expect(second.returncode == 1 and "another sealwrightd uses the state folder" in second.stderr, f"{second.returncode} {second.stderr}")
    expect(site.status()["ready"], "the first goes on")


def test_a_killed_daemon_goes_on_where_it_was(site):
    file, serial = site.issued("before-kill")
    epoch, entries = site.status()["epoch"], site.admin("GET", "/v1/audit/head").json["size"]
    site.daemon.kill()
    site.start_daemon()
    site.wait_until(site.ready, "ready again")
    status = site.status()
    expect(status["epoch"] == epoch + 1 and status["audit"]["size"] > entries, f"{status}")
    record = site.admin("GET", f"/v1/certificates/{serial}").json
    expect(record["state"] == "issued" and record["certificate"] in file.read_text(), f"{record}")
    expect(site.enrol(site.request("after-kill"), site.secret())[0] == 201, "and issues")


def test_notices_that_the_signer_is_gone_and_comes_back(site):
    site.signer.kill()
    site.wait_until(lambda: not site.ready(), "not ready")
    status, _, body = site.curl(f"{site.http}/readyz")
    expect(status == 503 and b"the signer is not connected" in body, f"{status} {body!r}")
    answer = site.admin("POST", "/v1/certificates", {"profile": "tls-server", "csr": site.request("no-signer").read_text()})
    expect(answer.status == 503 and answer.json["code"] == "unavailable", f"{answer.status} {answer.body!r}")
    expect(site.curl(f"{site.http}/crl/issuing.crl")[0] == 200, "the CRL is served")
    site.start_signer()
    site.wait_until(site.ready, "ready again by itself")
    expect(site.enrol(site.request("signer-back"), site.secret())[0] == 201, "and issues")


def test_ends_in_order(site):
    """The last one on the shared site."""
    expect(site.daemon.stop() == 0, "exit status")
    expect(not site.admin_socket.exists(), "the admin socket is removed")
    key = site.artefacts / "audit-key.pem"
    verdict = run(site.bin / "sealwright-verify", "audit", site.folder / "state/audit", "--key", key, check=False)
    expect(verdict.returncode == 0, verdict.stdout + verdict.stderr)
    site.start_daemon()
    expect(site.kinds_with("daemon.stopped"), "the end is recorded")


# --- each on a site of its own --------------------------------------------------------------------------------------------------------------------------


def test_waits_for_a_signer_that_is_not_there(site):
    site.start_daemon()
    status, _, body = site.curl(f"{site.http}/readyz")
    expect(status == 503 and b"signer" in body, f"{status} {body!r}")
    expect(site.curl(f"{site.http}/crl/issuing.crl")[0] == 503, "no CRL yet")
    expect(site.admin("POST", "/v1/certificates", {"profile": "tls-server", "csr": site.request("early").read_text()}).status == 503, "issues nothing")
    expect(not site.status()["ready"], "says so to operators")
    site.start_signer()
    site.wait_until(site.ready, "ready by itself")
    expect(site.enrol(site.request("late"), site.secret())[0] == 201, "issues")


def test_roles_are_what_the_configuration_says(site):
    site.configure("\n[roles]\nauditor = [0]\nofficer = []\n" if os.getuid() == 0 else f"\n[roles]\nauditor = [{os.getuid()}]\n")
    site.start()
    answer = site.admin("GET", "/v1/status")
    expect(answer.status == 200, "an auditor reads")
    for method, path, body in (("POST", "/v1/secrets", {"profile": "tls-server"}), ("POST", "/v1/crl/publish", {}),
                               ("POST", f"/v1/certificates/{'0' * 32}/revoke", {"reason": "superseded"})):
        answer = site.admin(method, path, body)
        expect(answer.status == 403 and answer.json["code"] == "denied", f"{path}: {answer.status} {answer.body!r}")
    expect(len(site.kinds_with("access.denied")) == 3, "each refusal is recorded")


def test_tells_every_mistake_in_its_configuration(site):
    daemon, good = site.bin / "sealwrightd", site.folder / "sealwrightd.toml"
    checked = run(daemon, "--check", "--config", good, check=False)
    expect(checked.returncode == 0 and "no problem found" in checked.stdout, f"{checked.returncode} {checked.stderr}")
    bad = site.folder / "bad.toml"
    bad.write_text(good.read_text().replace('format = 1', 'format = 1\ncolour = "red"').replace("[ca]", "[ca]\nmore = 1"))
    checked = run(daemon, "--check", "--config", bad, check=False)
    expect(checked.returncode == 3 and "bad.toml:2: colour: unknown key" in checked.stderr and "ca.more: unknown key" in checked.stderr, f"{checked.returncode} {checked.stderr}")
    # Files that are there and wrong: the OCSP responder's certificate is the issuing CA's, the audit key is a certificate, a profile has a mistake.
    bad.write_text(good.read_text().replace("artefacts/ocsp.pem", "artefacts/issuing.pem").replace("artefacts/audit-key.pem", "artefacts/tls.pem"))
    (site.folder / "profiles/broken.toml").write_text('format = 1\nname = "broken"\n')
    checked = run(daemon, "--config", bad, check=False)
    for text in ("issuing.pem", "tls.pem", "broken"):
        expect(text in checked.stderr, f"{text} is not named: {checked.stderr}")
    expect(checked.returncode == 3, f"{checked.returncode}")
    expect(run(daemon, "--colour", check=False).returncode == 2, "an unknown option")
    missing = run(daemon, "--config", site.folder / "none.toml", check=False)
    expect(missing.returncode == 3 and "none.toml" in missing.stderr, missing.stderr)


def test_ends_when_the_signer_holds_other_keys(site):
    keys = site.artefacts / "signer-keys.toml"
    tables = keys.read_text().split("[[key]]")
    keys.write_text("[[key]]".join(table for table in tables if 'purposes = ["ocsp"]' not in table))
    expect(len(keys.read_text()) < sum(map(len, tables)), "one key was taken out")
    site.start_signer()
    done = run(site.bin / "sealwrightd", "--config", site.folder / "sealwrightd.toml", check=False, timeout=60)
    expect(done.returncode == 3 and "the signer does not hold the OCSP key" in done.stderr, f"{done.returncode} {done.stderr}")


def test_refuses_a_signer_of_its_own_user_unless_told(site):
    config = site.folder / "sealwrightd.toml"
    config.write_text(config.read_text().replace("allow_same_user = true", "allow_same_user = false"))
    site.start_signer()
    done = run(site.bin / "sealwrightd", "--config", config, check=False, timeout=60)
    expect(done.returncode == 1 and "our own user" in done.stderr, f"{done.returncode} {done.stderr}")


def test_tells_systemd(site):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as receiver:
        path = site.folder / "notify.sock"
        receiver.bind(str(path))
        receiver.settimeout(20)
        site.start_signer()
        site.start_daemon(env={"NOTIFY_SOCKET": str(path)})
        expect(receiver.recv(4096).startswith(b"READY=1"), "READY=1 comes first")
        site.daemon.child.send_signal(signal.SIGTERM)
        deadline = time.monotonic() + 20
        while (message := receiver.recv(4096)) != b"STOPPING=1":
            expect(time.monotonic() < deadline, f"{message!r}")
        expect(site.daemon.wait_end() == 0, "exit status")


def test_takes_free_ports_and_writes_them_down(site):
    config = site.folder / "sealwrightd.toml"
    config.write_text(re.sub(r'(https?) = "127.0.0.1:\d+"', r'\1 = "127.0.0.1:0"', config.read_text()))
    site.start()
    port = int((site.folder / "state/http.port").read_text())
    expect(site.curl(f"http://127.0.0.1:{port}/healthz")[0] == 200, "http")
    port = int((site.folder / "state/https.port").read_text())
    expect(site.curl(f"https://localhost:{port}/")[0] == 404, "https")


def test_holds_no_core_and_cannot_be_traced(site):
    site.start()
    pid = site.daemon.child.pid
    limits = pathlib.Path(f"/proc/{pid}/limits").read_text()
    expect(re.search(r"Max core file size\s+0\s+0\s", limits), limits)
    maps = run("grep", "-cE", "softhsm|pkcs11|p11", f"/proc/{pid}/maps", check=False)
    expect(maps.stdout.strip() in ("0", ""), "a PKCS#11 module is in the daemon's memory")


SHARED = [v for n, v in list(globals().items()) if n.startswith("test_")]
OWN = SHARED[SHARED.index(test_waits_for_a_signer_that_is_not_there):]
SHARED = SHARED[:SHARED.index(test_waits_for_a_signer_that_is_not_there)]


def attempt(name, test, site):
    began = time.monotonic()
    try:
        test(site)
    except Exception as fault:  # one failure must not hide the others
        print(f"FAILED {name}: {type(fault).__name__}: {fault}\n--- daemon log ---\n{site.daemon.tail() if site.daemon else ''}", flush=True)
        return 1
    print(f"ok     {name} ({time.monotonic() - began:.1f} s)", flush=True)
    return 0


def main():
    parser = argparse.ArgumentParser(description="sealwrightd on real parts.")
    parser.add_argument("build", type=pathlib.Path)
    parser.add_argument("names", nargs="*")
    parser.add_argument("--keep", type=pathlib.Path, help="work in this folder and leave it")
    arguments = parser.parse_args()

    def chosen(tests):
        return [t for t in tests if not arguments.names or any(n in t.__name__ for n in arguments.names)]

    failures = count = 0
    with tempfile.TemporaryDirectory(prefix="sealwright-daemon-") as scratch:
        folder = arguments.keep or pathlib.Path(scratch)
        folder.mkdir(parents=True, exist_ok=True)
        if chosen(SHARED):
            site = Site(arguments.build, folder / "shared")
            try:
                site.start()
                for test in chosen(SHARED):
                    failures += attempt(test.__name__, test, site)
                    count += 1
            finally:
                site.stop()
        for test in chosen(OWN):
            site = Site(arguments.build, folder / test.__name__)
            try:
                failures += attempt(test.__name__, test, site)
                count += 1
            finally:
                site.stop()
    print(f"{count} tests, {failures} failed")
    sys.exit(1 if failures or count == 0 else 0)


if __name__ == "__main__":
    main()
