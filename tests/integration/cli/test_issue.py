"""cert issue, over the admin socket and over HTTPS: what is sent, what is written, and what is refused before or after."""

import http.server
import json
import os
import ssl
import subprocess
import threading
import unittest

from fake_daemon import REQUEST, SERIAL, Case, Handler, Reply, openssl, problem


class IssueCase(Case):
    def setUp(self):
        super().setUp()
        f = self.folder
        ec = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")
        openssl("req", "-x509", *ec, "-keyout", f / "root.key", "-out", f / "root.pem", "-subj", "/CN=Root", "-addext", "keyUsage=critical,keyCertSign,cRLSign")
        openssl("req", "-new", *ec, "-keyout", f / "www.key", "-out", f / "www.csr", "-subj", "/CN=www.example.org")
        self.leaf = self.certify("www.csr", "leaf.pem", 0x4f1c09aa30b84d7e9bd2a07fc03b51e6)
        self.root = (f / "root.pem").read_text()
        openssl("req", "-new", *ec, "-keyout", f / "other.key", "-out", f / "other.csr", "-subj", "/CN=www.example.org")
        self.other = self.certify("other.csr", "other.pem", 7)

    def certify(self, csr, out, serial, extensions="basicConstraints=CA:FALSE\n"):
        (self.folder / "ext").write_text("authorityKeyIdentifier=keyid\nsubjectKeyIdentifier=hash\n" + extensions)
        openssl("x509", "-req", "-in", self.folder / csr, "-CA", self.folder / "root.pem", "-CAkey", self.folder / "root.key", "-set_serial", serial, "-days", "30",
                "-extfile", self.folder / "ext", "-out", self.folder / out)
        return (self.folder / out).read_text()

    def issued(self, certificate=None):
        return {"state": "issued", "serial": SERIAL, "request": REQUEST, "certificate": certificate or self.leaf, "chain": self.root}


class OverTheAdminSocket(IssueCase):
    def issue(self, *argv, **options):
        return self.run_program("cert", "issue", "--profile", "tls-server", "--csr", self.folder / "www.csr", *argv, **options)

    def test_WritesTheCertificateAndItsChain(self):
        self.daemon.routes["POST", "/v1/certificates"] = Reply(201, self.issued())
        done = self.issue("--out", self.folder / "out.pem", "--chain", self.folder / "chain.pem")
        self.assertEqual((self.folder / "out.pem").read_text(), self.leaf)
        self.assertEqual((self.folder / "chain.pem").read_text(), self.leaf + self.root)
        self.assertIn(SERIAL, done.stdout)
        self.assertRegex(done.stdout, r"in (29|30) days")
        self.assertEqual(self.daemon.posts()[0].json, {"profile": "tls-server", "csr": (self.folder / "www.csr").read_text()})

    def test_PrintsBothWhereNoFileIsNamed(self):
        self.daemon.routes["POST", "/v1/certificates"] = Reply(201, self.issued())
        self.assertEqual(self.issue().stdout, self.leaf + self.root)
        told = json.loads(self.issue("--json").stdout)
        self.assertEqual(told, {"state": "issued", "request": REQUEST, "serial": SERIAL, "certificate": self.leaf, "chain": self.root})

    def test_DerAndStandardInputAreRead(self):
        self.daemon.routes["POST", "/v1/certificates"] = Reply(201, self.issued())
        openssl("req", "-in", self.folder / "www.csr", "-outform", "DER", "-out", self.folder / "www.der")
        self.run_program("cert", "issue", "--profile", "p", "--csr", self.folder / "www.der")
        self.run_program("cert", "issue", "--profile", "p", "--csr", "-", input=(self.folder / "www.csr").read_text())
        for asked in self.daemon.posts():
            self.assertEqual("".join(asked.json["csr"].split()), "".join((self.folder / "www.csr").read_text().split()))

    def test_ACertificateAboutAnotherKeyIsNotWritten(self):
        self.daemon.routes["POST", "/v1/certificates"] = Reply(201, self.issued(self.other))
        done = self.issue("--out", self.folder / "out.pem", expect=1)
        self.assertIn("about another key", done.stderr)
        self.assertFalse((self.folder / "out.pem").exists())

    def test_APrivateKeyIsNotSent(self):
        done = self.run_program("cert", "issue", "--profile", "p", "--csr", self.folder / "www.key", expect=1)
        self.assertIn("nothing was sent", done.stderr)
        self.assertEqual(self.daemon.asked, [])

    def test_ARefusalIsShown(self):
        self.daemon.routes["POST", "/v1/certificates"] = problem(422, "weak_key", "RSA with 1024 bits; 2048 at least")
        self.assertIn("RSA with 1024 bits; 2048 at least", self.issue(expect=1).stderr)

    def test_AdviceFitsWhatWasAsked(self):
        self.daemon.routes["POST", "/v1/certificates"] = problem(404, "not_found", "there is no profile of that name")
        self.assertIn("sealwright profile list", self.issue(expect=4).stderr)
        self.daemon.routes["POST", "/v1/certificates"] = problem(400, "malformed", "csr: DER: expected tag 0x30, found 0x76")
        self.assertIn("openssl req", self.issue(expect=1).stderr)

    def test_WhatWaitsIsToldByExitStatusAndCanBeResumed(self):
        self.daemon.routes["POST", "/v1/certificates"] = Reply(202, {"state": "awaiting_approval", "request": REQUEST, "approvals_needed": 2})
        done = self.issue(expect=5)
        self.assertIn("(2 missing)", done.stdout)
        self.assertIn("--resume " + REQUEST, done.stderr)
        self.daemon.routes["POST", f"/v1/requests/{REQUEST}/resume"] = Reply(200, self.issued())
        self.run_program("cert", "issue", "--resume", REQUEST, "--out", self.folder / "out.pem")
        self.assertEqual((self.folder / "out.pem").read_text(), self.leaf)

    def test_WaitingOutlivesADaemonThatIsRestarted(self):
        self.daemon.routes["POST", "/v1/certificates"] = Reply(202, {"state": "awaiting_approval", "request": REQUEST, "approvals_needed": 1})
        answers = [problem(503, "unavailable", "the daemon stops"), Reply(200, self.issued())]
        self.daemon.routes["POST", f"/v1/requests/{REQUEST}/resume"] = lambda asked: answers.pop(0)
        self.issue("--wait", "30s", "--out", self.folder / "out.pem")
        self.assertEqual((self.folder / "out.pem").read_text(), self.leaf)

    def test_WaitingEndsInTime(self):
        waiting = Reply(202, {"state": "awaiting_approval", "request": REQUEST, "approvals_needed": 1})
        self.daemon.routes["POST", "/v1/certificates"] = waiting
        self.daemon.routes["POST", f"/v1/requests/{REQUEST}/resume"] = waiting
        self.issue("--wait", "1s", expect=5)


class TlsServer:
    """The native protocol's listener: TLS 1.3, and client certificates where one is shown."""

    def __init__(self, certificate, key, client_ca):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_3
        context.load_cert_chain(certificate, key)
        context.load_verify_locations(client_ca)
        context.verify_mode = ssl.CERT_OPTIONAL
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        self.server.routes, self.server.asked = {}, []
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        self.url = f"https://127.0.0.1:{self.server.server_address[1]}"

    def stop(self):
        self.server.shutdown()
        self.server.server_close()


class OverHttps(IssueCase):
    def setUp(self):
        super().setUp()
        f = self.folder
        openssl("req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", f / "tls.key", "-out", f / "tls.csr", "-subj", "/CN=ca")
        self.certify("tls.csr", "tls.pem", 9, "basicConstraints=CA:FALSE\nkeyUsage=critical,digitalSignature\nextendedKeyUsage=serverAuth\nsubjectAltName=IP:127.0.0.1\n")
        self.server = TlsServer(f / "tls.pem", f / "tls.key", f / "root.pem")
        (f / "secret").write_text("sw1_" + "A" * 22 + "\n")
        os.chmod(f / "secret", 0o600)
        self.routes, self.asked = self.server.server.routes, self.server.server.asked
        self.chain = Reply(201, raw=self.leaf + self.root, headers=[("Location", "/native/v1/requests/" + REQUEST), ("X-Sealwright-Serial", SERIAL)])

    def tearDown(self):
        self.server.stop()
        super().tearDown()

    def issue(self, *argv, expect=0, **options):
        return self.run_program("cert", "issue", "--profile", "tls server", "--csr", self.folder / "www.csr", "--server", self.server.url,
                                "--ca", self.folder / "root.pem", *argv, expect=expect, socket=False, **options)

    def test_ShowsTheSecretAndWritesTheChain(self):
        self.routes["POST", "/native/v1/certificates"] = self.chain
        done = self.issue("--secret-file", self.folder / "secret", "--chain", self.folder / "chain.pem")
        asked = self.asked[0]
        self.assertEqual(asked.query, {"profile": "tls server"})
        self.assertEqual(asked.headers["Authorization"], "Bearer sw1_" + "A" * 22)
        self.assertEqual(asked.headers["Content-Type"], "application/x-pem-file")
        self.assertEqual((self.folder / "chain.pem").read_text(), self.leaf + self.root)
        self.assertIn(SERIAL, done.stdout)

    def test_ReadsTheSecretFromADescriptor(self):
        self.routes["POST", "/native/v1/certificates"] = self.chain
        with open(self.folder / "secret") as secret:
            self.issue("--secret-fd", secret.fileno(), pass_fds=[secret.fileno()])
        self.assertEqual(self.asked[0].headers["Authorization"], "Bearer sw1_" + "A" * 22)

    def test_AsksForTheSecretWithEchoOff(self):
        self.routes["POST", "/native/v1/certificates"] = self.chain
        code, shown = self.run_on_terminal("cert", "issue", "--profile", "p", "--csr", self.folder / "www.csr", "--server", self.server.url, "--ca",
                                           self.folder / "root.pem", "--out", self.folder / "out.pem", answers=[("Enrolment secret:", "sw1_typed")], socket=False)
        self.assertEqual(code, 0, shown)
        self.assertNotIn("sw1_typed", shown)
        self.assertEqual(self.asked[0].headers["Authorization"], "Bearer sw1_typed")

    def test_DerTravelsAsPkcs10(self):
        self.routes["POST", "/native/v1/certificates"] = self.chain
        der = openssl("req", "-in", self.folder / "www.csr", "-outform", "DER")
        (self.folder / "www.csr").write_bytes(der)
        self.issue("--secret-file", self.folder / "secret")
        self.assertEqual(self.asked[0].headers["Content-Type"], "application/pkcs10")
        self.assertEqual(self.asked[0].body, der)

    def test_RenewsWithAClientCertificate(self):
        self.routes["POST", "/native/v1/certificates"] = self.chain
        self.issue("--client-cert", self.folder / "leaf.pem", "--client-key", self.folder / "www.key")
        self.assertIsNone(self.asked[0].headers["Authorization"])

    def test_PollsWithTheSameSecretUntilItIsIssued(self):
        path = "/native/v1/requests/" + REQUEST
        waiting = Reply(202, {"state": "awaiting_approval"}, headers=[("Location", path), ("Retry-After", "1")])
        self.routes["POST", "/native/v1/certificates"] = waiting
        answers = [waiting, Reply(200, raw=self.leaf + self.root, headers=[("Location", path)])]
        self.routes["GET", path] = lambda asked: answers.pop(0)
        self.issue("--secret-file", self.folder / "secret", "--wait", "30s", "--out", self.folder / "out.pem")
        self.assertEqual([asked.path for asked in self.asked], ["/native/v1/certificates", path, path])
        self.assertEqual({asked.headers["Authorization"] for asked in self.asked}, {"Bearer sw1_" + "A" * 22})

    def test_FollowsNoLocationToAnotherServer(self):
        path = "/native/v1/requests/" + REQUEST
        self.routes["POST", "/native/v1/certificates"] = Reply(202, {}, headers=[("Location", "https://evil.example.net" + path), ("Retry-After", "1")])
        self.routes["GET", path] = Reply(200, raw=self.leaf + self.root)
        self.issue("--secret-file", self.folder / "secret", "--wait", "30s")
        self.assertEqual(self.asked[1].path, path)
        for location in ("/elsewhere", path + "/../../admin", "/native/v1/requests/"):
            self.routes["POST", "/native/v1/certificates"] = Reply(202, {}, headers=[("Location", location)])
            self.issue("--secret-file", self.folder / "secret", expect=1)

    def test_AServerOfAnotherCaGetsNoSecret(self):
        openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", self.folder / "k", "-out", self.folder / "root.pem",
                "-subj", "/CN=Root")
        done = self.issue("--secret-file", self.folder / "secret", expect=1)
        self.assertIn("does not hold", done.stderr)
        self.assertIn("--ca", done.stderr)
        self.assertEqual(self.asked, [])

    def test_AServerUnderAnotherNameMustBeNamed(self):
        self.routes["POST", "/native/v1/certificates"] = self.chain
        done = self.issue("--secret-file", self.folder / "secret", "--server-name", "ca.example.org", expect=1)
        self.assertIn("--server-name", done.stderr)
        self.assertEqual(self.asked, [])

    def test_AFileThatIsNotThereIsNamed(self):
        for option in ("--client-cert", "--client-key"):
            files = {"--client-cert": self.folder / "leaf.pem", "--client-key": self.folder / "www.key", option: self.folder / "nix"}
            self.assertIn("cannot read " + str(self.folder / "nix"), self.issue(*(word for pair in files.items() for word in pair), expect=4).stderr)

    def test_AnAnswerThatNeverCameMayHaveIssued(self):
        self.routes["POST", "/native/v1/certificates"] = Reply(drop=True)
        self.assertIn("may have been issued", self.issue("--secret-file", self.folder / "secret", expect=6).stderr)

    def test_AUsedSecretIsRefusedWithItsReason(self):
        self.routes["POST", "/native/v1/certificates"] = problem(401, "unauthenticated", "the secret does not work")
        self.assertIn("the secret does not work", self.issue("--secret-file", self.folder / "secret", expect=1).stderr)

    def test_NobodyListening(self):
        self.server.stop()
        self.assertIn("cannot reach " + self.server.url, self.issue("--secret-file", self.folder / "secret", expect=3).stderr)
        self.server.stop = lambda: None

    def test_AFileThatOthersCanReadIsNoSecret(self):
        os.chmod(self.folder / "secret", 0o644)
        self.assertIn("chmod 600", self.issue("--secret-file", self.folder / "secret", expect=1).stderr)
        self.assertEqual(self.asked, [])

    def test_WithoutTerminalOrFileThereIsNoSecret(self):
        self.assertIn("--secret-fd", self.issue(expect=1).stderr)


if __name__ == "__main__":
    unittest.main()
