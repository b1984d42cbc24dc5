"""The commands over the admin socket, against a daemon that answers what it is told to."""

import json
import os
import stat
import subprocess
import unittest

from fake_daemon import REQUEST, SEALWRIGHT, SERIAL, Case, Reply, certificate_record, openssl, problem

STATUS = {
    "version": "0.1.0", "node": "ab" * 16, "epoch": 3, "started_at": "2026-11-22T08:00:00Z", "ready": True, "reasons": [],
    "issuing": {"subject": "CN=Example Issuing CA 1", "serial": "0f" * 16, "not_after": "2036-01-01T00:00:00Z", "key": "33" * 32},
    "crl": {"number": 7, "this_update": "2026-11-22T08:00:00Z", "next_update": "2026-11-29T08:00:00Z", "entries": 2},
    "audit": {"size": 1234, "root": "44" * 32}, "signer": {"connected": True}, "store": {"healthy": True},
    "counts": {"issued": 10, "revoked": 2, "open_intents": 0},
    "ocsp": {"asked": 5, "from_cache": 3, "signed_now": 2, "refused": 0},
}


class Status(Case):
    def test_ReadyIsSuccess(self):
        self.daemon.routes["GET", "/v1/status"] = Reply(200, STATUS)
        shown = self.run_program("ca", "status").stdout
        for text in ("Ready          yes", "CN=Example Issuing CA 1", "number 7, 2 entries", "1234 entries", "5 asked, 3 from cache"):
            self.assertIn(text, shown)
        self.assertEqual(self.run_json("ca", "status"), STATUS)

    def test_NotReadyIsAFailureThatSaysWhy(self):
        self.daemon.routes["GET", "/v1/status"] = Reply(200, {**STATUS, "ready": False, "reasons": ["the signer is not connected"], "signer": {"connected": False},
                                                              "crl": None, "counts": None})
        shown = self.run_program("ca", "status", expect=1).stdout
        for text in ("NO", "the signer is not connected", "NOT CONNECTED", "none published yet"):
            self.assertIn(text, shown)

    def test_AnAnswerThatLacksSomethingIsNoStatus(self):
        for key in ("ready", "version", "issuing", "audit", "signer", "store", "started_at"):
            broken = dict(STATUS)
            del broken[key]
            self.daemon.routes["GET", "/v1/status"] = Reply(200, broken)
            self.assertRegex(self.run_program("ca", "status", expect=1).stderr, "lacks|is not a JSON object")


class Profiles(Case):
    def setUp(self):
        super().setUp()
        one = {"name": "tls-server", "version": 2, "digest": "5a" * 32, "description": "Web servers"}
        self.daemon.routes["GET", "/v1/profiles"] = Reply(200, [one])
        self.daemon.routes["GET", "/v1/profiles/tls-server"] = Reply(200, {**one, "toml": "format = 1\nname = \"tls-server\"\n"})

    def test_AreListedAndShown(self):
        self.assertIn("tls-server        2  5a5a5a5a5a5a5a5a  Web servers", self.run_program("profile", "list").stdout)
        self.assertEqual(self.run_program("profile", "show", "tls-server", "--toml").stdout, "format = 1\nname = \"tls-server\"\n")
        self.assertIn("5a" * 32, self.run_program("profile", "show", "tls-server").stdout)

    def test_OneThatIsNotThereSaysWhereToLook(self):
        self.assertIn("sealwright profile list", self.run_program("profile", "show", "no/such", expect=4).stderr)


class CertificateList(Case):
    def list_of(self, count):
        records = [certificate_record(f"{number:032x}") for number in range(1, count + 1)]

        def page(asked):
            after = int(asked.query.get("after", "0"), 16)
            limit = int(asked.query.get("limit", "100"))
            rest = [record for record in records if int(record["serial"], 16) > after]
            return Reply(200, {"certificates": rest[:limit], "next": rest[limit - 1]["serial"] if len(rest) > limit else None})

        self.daemon.routes["GET", "/v1/certificates"] = page
        return records

    def test_ShowsATableAndWhereToGoOn(self):
        self.list_of(3)
        done = self.run_program("cert", "list", "--limit", "2")
        lines = done.stdout.splitlines()
        self.assertEqual(lines[0].split(), ["SERIAL", "STATUS", "PROFILE", "VALID", "UNTIL", "NAMES"])
        self.assertEqual(len(lines), 3)
        self.assertIn("--after " + f"{2:032x}", done.stderr)
        self.assertNotIn("more", self.run_program("cert", "list").stderr)

    def test_AllFetchesEveryPage(self):
        records = self.list_of(2500)
        told = self.run_json("cert", "list", "--all")
        self.assertEqual(told, {"certificates": records, "next": None})
        self.assertEqual([asked.query.get("after") for asked in self.daemon.asked], [None, f"{1000:032x}", f"{2000:032x}"])

    def test_ASerialNumberIsNeverCut(self):
        self.list_of(1)
        _, shown = self.run_on_terminal("cert", "list")
        self.assertIn(f"{1:032x}", shown)

    def test_FiltersReachTheDaemon(self):
        self.list_of(0)
        done = self.run_program("cert", "list", "--state", "issued", "--not-revoked", "--name", "a&b", "--profile", "p", "--expires-before", "2027-02-20")
        self.assertEqual(self.daemon.asked[0].query, {"state": "issued", "revoked": "false", "name": "a&b", "profile": "p", "limit": "100",
                                                      "expires_before": "2027-02-20T00:00:00Z"})
        self.assertEqual(done.stdout, "")
        self.assertIn("No certificate matches", done.stderr)

    def test_AHostileNameCannotDriveTheTerminal(self):
        record = certificate_record(names="CN=\x1b[2Jwww\nforged line\u202e")
        self.daemon.routes["GET", "/v1/certificates"] = Reply(200, {"certificates": [record], "next": None})
        shown = self.run_program("cert", "list").stdout
        self.assertEqual(len(shown.splitlines()), 2)
        for character in ("\x1b", "\u202e"):
            self.assertNotIn(character, shown)

    def test_AListThatDoesNotEndIsRefused(self):
        self.daemon.routes["GET", "/v1/certificates"] = Reply(200, {"certificates": [], "next": SERIAL})
        self.assertIn("does not end", self.run_program("cert", "list", "--all", expect=1).stderr)


class CertificateShow(Case):
    def setUp(self):
        super().setUp()
        self.others = [certificate_record("4f1d" + "0" * 28), certificate_record("00ab" + "1" * 28)]
        records = [certificate_record(), *self.others]
        self.daemon.routes["GET", "/v1/certificates"] = Reply(200, {"certificates": records, "next": None})
        openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", self.folder / "key", "-out", self.folder / "pem",
                "-subj", "/CN=www.example.org")
        self.pem = (self.folder / "pem").read_text()
        for record in records:
            self.daemon.routes["GET", "/v1/certificates/" + record["serial"]] = Reply(200, {**record, "certificate": self.pem})

    def test_AWholeSerialIsAskedForAtOnce(self):
        shown = self.run_program("cert", "show", "4F:1C:09:AA:30:B8:4D:7E:9B:D2:A0:7F:C0:3B:51:E6").stdout
        self.assertEqual([asked.path for asked in self.daemon.asked], ["/v1/certificates/" + SERIAL])
        fingerprint = openssl("x509", "-in", self.folder / "pem", "-noout", "-fingerprint", "-sha256").decode().strip().split("=")[1]
        for text in ("Serial", SERIAL, "valid", "EC P-256\n", fingerprint.replace(":", "").lower()):
            self.assertIn(text, shown)

    def test_APrefixMustNameOne(self):
        self.assertIn(SERIAL, self.run_program("cert", "show", "4f1c").stdout)
        self.assertEqual(self.run_json("cert", "show", "4f1c")["serial"], SERIAL)
        self.run_program("cert", "show", "4f1", expect=2)
        ambiguous = certificate_record("4f1c" + "9" * 28)
        self.daemon.routes["GET", "/v1/certificates"] = Reply(200, {"certificates": [certificate_record(), ambiguous], "next": None})
        told = self.run_program("cert", "show", "4f1c", expect=1).stderr
        self.assertIn(SERIAL, told)
        self.assertIn(ambiguous["serial"], told)
        self.assertIn("begins with beef", self.run_program("cert", "show", "beef", expect=4).stderr)

    def test_ASerialThatLostItsLeadingZerosIsFound(self):
        self.assertIn("00ab" + "1" * 28, self.run_program("cert", "show", "ab" + "1" * 28).stdout)

    def test_PemIsTheCertificateAlone(self):
        self.assertEqual(self.run_program("cert", "show", SERIAL, "--pem").stdout, self.pem)


class Revocation(Case):
    def setUp(self):
        super().setUp()
        self.serve(certificate_record())
        self.daemon.routes["POST", f"/v1/certificates/{SERIAL}/revoke"] = Reply(200, certificate_record())

    def serve(self, record):
        self.daemon.routes["GET", "/v1/certificates"] = Reply(200, {"certificates": [record], "next": None})
        self.daemon.routes["GET", "/v1/certificates/" + record["serial"]] = Reply(200, record)

    def test_ShowsWhatIsMeantAndRevokes(self):
        done = self.run_program("cert", "revoke", SERIAL, "--reason", "keyCompromise", "--invalidity-date", "2026-11-01", "--yes")
        self.assertIn("CN=www.example.org", done.stdout)
        self.assertIn("is revoked (keyCompromise)", done.stdout)
        self.assertEqual(self.daemon.posts()[0].json, {"reason": "keyCompromise", "invalidity_date": "2026-11-01T00:00:00Z"})

    def test_WithoutATerminalNothingIsConfirmed(self):
        done = self.run_program("cert", "revoke", SERIAL, expect=1)
        self.assertIn("--yes", done.stderr)
        self.assertEqual(self.daemon.posts(), [])

    def test_YesAtTheTerminalRevokesAndAnythingElseDoesNot(self):
        for answer in ("n", "", "yep", "Y es"):
            code, shown = self.run_on_terminal("cert", "revoke", "4f1c", answers=[("[y/N]", answer)])
            self.assertEqual(code, 1, shown)
            self.assertIn("nothing was changed", shown)
        self.assertEqual(self.daemon.posts(), [])
        code, shown = self.run_on_terminal("cert", "revoke", "4f1c", answers=[("[y/N]", "y")])
        self.assertEqual(code, 0, shown)
        self.assertEqual(len(self.daemon.posts()), 1)

    def test_DryRunChangesNothing(self):
        done = self.run_program("cert", "revoke", "4f1c", "--dry-run")
        self.assertIn(SERIAL, done.stdout)
        self.assertEqual(self.run_json("cert", "revoke", "4f1c", "--dry-run")["dry_run"], True)
        self.assertEqual(self.daemon.posts(), [])

    def test_WhatIsRevokedAlreadyIsNotAskedFor(self):
        self.serve(certificate_record(revocation={"at": "2026-11-02T00:00:00Z", "reason": "superseded", "invalidity_date": None}))
        self.assertIn("is revoked already", self.run_program("cert", "revoke", SERIAL, "--yes", expect=1).stderr)
        self.assertIn("is not on hold", self.run_program("cert", "release", SERIAL, "--yes", expect=1).stderr)
        self.assertEqual(self.daemon.posts(), [])

    def test_AHoldCanBeLiftedOrMadeForEver(self):
        self.serve(certificate_record(revocation={"at": "2026-11-02T00:00:00Z", "reason": "certificateHold", "invalidity_date": None}))
        self.daemon.routes["POST", f"/v1/certificates/{SERIAL}/release"] = Reply(200, certificate_record())
        self.run_program("cert", "release", SERIAL, "--yes")
        self.run_program("cert", "revoke", SERIAL, "--yes")
        self.assertIn("on hold already", self.run_program("cert", "hold", SERIAL, "--yes", expect=1).stderr)

    def test_TheDaemonsRefusalIsShownWithItsReason(self):
        self.daemon.routes["POST", f"/v1/certificates/{SERIAL}/revoke"] = problem(403, "denied", "uid 1000 has not the role officer")
        self.assertIn("uid 1000 has not the role officer", self.run_program("cert", "revoke", SERIAL, "--yes", expect=1).stderr)
        told = json.loads(self.run_program("cert", "revoke", SERIAL, "--yes", "--json", expect=1).stderr)
        self.assertEqual(told["error"]["code"], "denied")


class BrokenExchanges(Case):
    def test_AQuestionWhoseAnswerNeverCameCanBeAskedAgain(self):
        self.daemon.routes["GET", "/v1/status"] = Reply(drop=True)
        self.assertIn("Ask again", self.run_program("ca", "status", expect=3).stderr)

    def test_ACommandWhoseAnswerNeverCameMayHaveHappened(self):
        self.daemon.routes["POST", "/v1/crl/publish"] = Reply(drop=True)
        self.assertIn("may or may not have happened", self.run_program("crl", "publish", expect=6).stderr)
        self.assertEqual(len(self.daemon.posts()), 1)

    def test_WhoeverAnswersSomethingElseIsNoDaemon(self):
        for raw in ("", "<html>hello</html>", "[", "7"):
            self.daemon.routes["GET", "/v1/status"] = Reply(200, raw=raw)
            self.run_program("ca", "status", expect=1)
            self.daemon.routes["POST", "/v1/crl/publish"] = Reply(200, raw=raw or "[")
            self.assertIn(self.run_program("crl", "publish", expect=1 if raw == "7" else 6).returncode, (1, 6))

    def test_ADaemonThatIsDownOrOverloadedIsTemporary(self):
        self.daemon.routes["POST", "/v1/crl/publish"] = problem(503, "overloaded", "the queue is full")
        self.assertIn("the queue is full", self.run_program("crl", "publish", expect=3).stderr)
        self.daemon.routes["POST", "/v1/crl/publish"] = problem(500, "indeterminate", "it is not known whether the token signed")
        self.run_program("crl", "publish", expect=6)
        self.daemon.stop()
        self.assertIn("nobody listens", self.run_program("ca", "status", expect=3).stderr)
        self.daemon.stop = lambda: None

    def test_AFullDiskIsNoSuccess(self):
        self.daemon.routes["GET", "/v1/status"] = Reply(200, STATUS)
        with open("/dev/full", "w") as full:
            done = subprocess.run([SEALWRIGHT, "ca", "status", "--socket", self.daemon.path], stdout=full, stderr=subprocess.PIPE, text=True)
        self.assertEqual(done.returncode, 1)
        self.assertIn("could not be written", done.stderr)


class Requests(Case):
    def setUp(self):
        super().setUp()
        openssl("req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", self.folder / "key", "-out", self.folder / "csr",
                "-subj", "/CN=wish", "-addext", "subjectAltName=DNS:www.example.org,DNS:evil.example.net")
        self.request = {"id": REQUEST, "state": "awaiting_approval", "profile": "tls-server", "principal": "uid:1000(alice)", "channel": "admin_socket",
                        "peer": "local", "received_at": "2026-11-22T08:00:00Z", "updated_at": "2026-11-22T08:00:00Z", "serial": None, "code": None,
                        "reason": None, "secret": None, "approvals": []}
        self.daemon.routes["GET", "/v1/requests"] = lambda asked: Reply(200, {"requests": [self.request]})
        self.daemon.routes["GET", "/v1/requests/" + REQUEST] = lambda asked: Reply(200, {**self.request, "csr": (self.folder / "csr").read_text()})
        self.daemon.routes["POST", f"/v1/requests/{REQUEST}/approve"] = Reply(200, {"request": REQUEST, "approvals": 1, "approvals_needed": 1})
        self.daemon.routes["POST", f"/v1/requests/{REQUEST}/deny"] = Reply(200, {"request": REQUEST, "state": "refused"})

    def test_AnOfficerSeesWhatIsAskedFor(self):
        self.assertIn("awaiting approval", self.run_program("request", "list", "--state", "awaiting_approval").stdout)
        shown = self.run_program("request", "show", REQUEST).stdout
        for text in ("uid:1000(alice)", "CN=wish", "DNS:www.example.org", "DNS:evil.example.net", "EC P-256"):
            self.assertIn(text, shown)

    def test_ApprovalSaysHowManyMoreAreNeeded(self):
        self.assertIn("1 more needed", self.run_program("request", "approve", REQUEST, "--yes").stdout)
        self.assertIn("--yes", self.run_program("request", "approve", REQUEST, expect=1).stderr)

    def test_ARefusalCarriesItsReason(self):
        self.run_program("request", "deny", REQUEST, "--reason", "not our domain", "--yes")
        self.assertEqual(self.daemon.posts()[0].json, {"reason": "not our domain"})
        self.run_program("request", "deny", REQUEST, "--yes", expect=2)

    def test_WhatDoesNotWaitIsNotDecided(self):
        self.request.update(state="issued", serial=SERIAL)
        self.assertIn("it is issued", self.run_program("request", "approve", REQUEST, "--yes", expect=1).stderr)
        self.assertEqual(self.daemon.posts(), [])


class Secrets(Case):
    def setUp(self):
        super().setUp()
        self.secret = "sw1_" + "A" * 22
        self.daemon.routes["POST", "/v1/secrets"] = Reply(201, {"id": "3f2a90c1d4e5b6a7", "secret": self.secret, "expires_at": "2026-11-22T12:00:00Z"})

    def test_IsShownOnceAndAloneOnStandardOutput(self):
        done = self.run_program("secret", "create", "--profile", "tls-server", "--name", "a.example.org", "--name", "b.example.org", "--lifetime", "2h")
        self.assertEqual(done.stdout, self.secret + "\n")
        self.assertIn("3f2a90c1d4e5b6a7", done.stderr)
        self.assertEqual(self.daemon.posts()[0].json, {"profile": "tls-server", "names": ["a.example.org", "b.example.org"], "lifetime": "2h"})

    def test_CanGoToAFileThatOnlyItsOwnerReads(self):
        path = self.folder / "secret"
        done = self.run_program("secret", "create", "--profile", "p", "--out", path)
        self.assertNotIn(self.secret, done.stdout + done.stderr)
        self.assertEqual(path.read_text(), self.secret + "\n")
        self.assertEqual(stat.S_IMODE(os.stat(path).st_mode), 0o600)
        path.unlink()
        self.assertNotIn("secret", self.run_json("secret", "create", "--profile", "p", "--out", path))

    def test_AnExistingFileIsNotOverwrittenAndNoSecretIsMade(self):
        path = self.folder / "secret"
        path.write_text("something else")
        self.assertIn("exists already", self.run_program("secret", "create", "--profile", "p", "--out", path, expect=1).stderr)
        self.assertEqual(path.read_text(), "something else")
        self.assertEqual(self.daemon.posts(), [])

    def test_ARefusalLeavesNoFile(self):
        self.daemon.routes["POST", "/v1/secrets"] = problem(403, "denied", "no")
        self.run_program("secret", "create", "--profile", "p", "--out", self.folder / "secret", expect=1)
        self.assertFalse((self.folder / "secret").exists())

    def test_AreListedByWhatBecameOfThem(self):
        base = {"profile": "p", "names": ["a"], "created_at": "2026-11-22T08:00:00Z", "expires_at": "2099-01-01T00:00:00Z", "created_by": "uid:0(root)",
                "used_at": None, "used_by": None, "revoked_at": None}
        self.daemon.routes["GET", "/v1/secrets"] = Reply(200, {"secrets": [
            {**base, "id": "1" * 16}, {**base, "id": "2" * 16, "used_at": "2026-11-22T09:00:00Z"}, {**base, "id": "3" * 16, "revoked_at": "2026-11-22T09:00:00Z"},
            {**base, "id": "4" * 16, "expires_at": "2026-01-01T00:00:00Z"}]})
        states = [line.split()[1] for line in self.run_program("secret", "list").stdout.splitlines()[1:]]
        self.assertEqual(states, ["unused", "used", "revoked", "expired"])

    def test_RevokingOneThatIsNotThereSaysWhereToLook(self):
        self.assertIn("sealwright secret list", self.run_program("secret", "revoke", "0" * 16, expect=4).stderr)


if __name__ == "__main__":
    unittest.main()
