"""audit show, verify, export, against a log that Python builds and openssl signs: RFC 6962 hashes, C2SP signed notes and tiles."""

import base64
import hashlib
import json
import subprocess
import time
import unittest

from fake_daemon import SEALWRIGHT, Case, Reply, openssl

ORIGIN = "example.org/audit"


def leaf_hash(entry):
    return hashlib.sha256(b"\x00" + entry).digest()


def root_of(hashes):
    """RFC 6962 2.1: MTH."""
    if not hashes:
        return hashlib.sha256(b"").digest()
    if len(hashes) == 1:
        return hashes[0]
    k = 1
    while 2 * k < len(hashes):
        k *= 2
    return hashlib.sha256(b"\x01" + root_of(hashes[:k]) + root_of(hashes[k:])).digest()


def event(index, kind="request.received", **fields):
    """Canonical JSON as the schema has it: keys sorted, no spaces."""
    return json.dumps({"actor": "uid:0(root)", "epoch": "1", "fields": fields, "kind": kind, "node": "ab" * 16,
                       "time": f"2026-11-22T08:00:{index % 60:02d}Z", "v": 1}, sort_keys=True, separators=(",", ":")).encode()


class AuditCase(Case):
    def setUp(self):
        super().setUp()
        self.entries = [event(i, serial=f"{i:032x}") for i in range(700)]
        self.key = self.make_key("audit")
        self.daemon.routes["GET", "/v1/audit/head"] = lambda asked: Reply(200, {"size": len(self.entries), "root": root_of(self.hashes()).hex()})
        self.daemon.routes["GET", "/v1/audit/entries"] = self.page
        self.daemon.routes["GET", "/v1/audit/checkpoint"] = lambda asked: Reply(200, self.checkpoint())

    def make_key(self, name):
        openssl("genpkey", "-algorithm", "ed25519", "-out", self.folder / (name + ".key"))
        openssl("pkey", "-in", self.folder / (name + ".key"), "-pubout", "-out", self.folder / (name + ".pem"))
        return name

    def hashes(self):
        return [leaf_hash(entry) for entry in self.entries]

    def page(self, asked):
        first, last = int(asked.query["first"]), int(asked.query["last"])
        return Reply(200, {"first": first, "entries": [base64.b64encode(entry).decode() for entry in self.entries[first:last][:200]]})

    def vkey(self):
        raw = openssl("pkey", "-in", self.folder / (self.key + ".key"), "-pubout", "-outform", "DER")[-32:]
        self.key_id = hashlib.sha256(ORIGIN.encode() + b"\n\x01" + raw).digest()[:4]
        return f"{ORIGIN}+{self.key_id.hex()}+{base64.b64encode(bytes([1]) + raw).decode()}"

    def checkpoint(self, root=None):
        vkey = self.vkey()
        text = f"{ORIGIN}\n{len(self.entries)}\n{base64.b64encode(root or root_of(self.hashes())).decode()}\n"
        (self.folder / "note").write_text(text)
        signature = openssl("pkeyutl", "-sign", "-rawin", "-inkey", self.folder / (self.key + ".key"), "-in", self.folder / "note")
        note = f"{text}\n\u2014 {ORIGIN} {base64.b64encode(self.key_id + signature).decode()}\n"
        return {"note": note, "vkey": vkey, "origin": ORIGIN, "size": len(self.entries)}


class Verify(AuditCase):
    def verify(self, *argv, **options):
        return self.run_program("audit", "verify", *argv, **options)

    def test_RebuildsTheTreeAndCompares(self):
        done = self.verify("--key", self.folder / "audit.pem")
        for text in ("700", root_of(self.hashes()).hex(), "holds"):
            self.assertIn(text, done.stdout)
        self.assertNotIn("warning", done.stderr)
        told = self.run_json("audit", "verify", "--key", self.folder / "audit.pem")
        self.assertEqual(told, {"origin": ORIGIN, "size": 700, "root": root_of(self.hashes()).hex(), "key_from": "file", "continues": None})

    def test_WithoutAKeyItSaysWhatThatIsWorth(self):
        self.assertIn("taken from the daemon itself", self.verify().stderr)

    def test_AnEmptyLogIsALog(self):
        self.entries = []
        self.assertIn(hashlib.sha256(b"").hexdigest(), self.verify("--key", self.folder / "audit.pem").stdout)

    def test_OneBitOfOneEntryIsNoticed(self):
        signed = self.checkpoint()
        self.daemon.routes["GET", "/v1/audit/checkpoint"] = Reply(200, signed)
        changed = bytearray(self.entries[321])
        changed[40] ^= 1
        self.entries[321] = bytes(changed)
        self.assertIn("do not make the tree", self.verify("--key", self.folder / "audit.pem", expect=1).stderr)

    def test_AnotherKeysSignatureIsNoticed(self):
        self.make_key("other")
        self.verify("--key", self.folder / "other.pem", expect=1)
        forged = self.checkpoint()
        self.key = "other"
        forged["vkey"] = self.vkey()
        self.daemon.routes["GET", "/v1/audit/checkpoint"] = Reply(200, forged)
        self.verify(expect=1)

    def test_APageThatIsTooShortOrTooLongIsRefused(self):
        self.daemon.routes["GET", "/v1/audit/entries"] = Reply(200, {"first": 0, "entries": []})
        self.verify(expect=1)
        self.daemon.routes["GET", "/v1/audit/entries"] = Reply(200, {"first": 0, "entries": [base64.b64encode(e).decode() for e in self.entries]})
        self.verify(expect=1)
        self.daemon.routes["GET", "/v1/audit/entries"] = Reply(200, {"first": 0, "entries": ["not base64!"]})
        self.verify(expect=1)

    def test_ContinuesASavedCheckpointOrSaysThatItDoesNot(self):
        key, saved = ("--key", self.folder / "audit.pem"), self.folder / "saved"
        self.verify(*key, "--save", saved)
        self.entries += [event(i, "certificate.issued") for i in range(700, 720)]
        self.assertIn("its 700 entries are unchanged", self.verify(*key, "--since", saved).stdout)
        self.entries[5] = event(5, serial="f" * 32)
        self.assertIn("are not those of before", self.verify(*key, "--since", saved, expect=1).stderr)
        del self.entries[600:]
        self.assertIn("had 700 before", self.verify(*key, "--since", saved, expect=1).stderr)
        saved.write_text(saved.read_text().replace("700", "699"))
        self.verify(*key, "--since", saved, expect=1)


class Export(AuditCase):
    def export(self, *argv, **options):
        return self.run_program("audit", "export", self.folder / "tiles", "--key", self.folder / "audit.pem", *argv, **options)

    def tile(self, path):
        return (self.folder / "tiles" / "tile" / path).read_bytes()

    def bundle(self, first, last):
        return b"".join(len(entry).to_bytes(2, "big") + entry for entry in self.entries[first:last])

    def check_tiles(self):
        hashes, size = self.hashes(), len(self.entries)
        for index in range(size // 256):
            self.assertEqual(self.tile(f"0/{index:03d}"), b"".join(hashes[index * 256:(index + 1) * 256]))
            self.assertEqual(self.tile(f"entries/{index:03d}"), self.bundle(index * 256, (index + 1) * 256))
        if size % 256:
            self.assertEqual(self.tile(f"0/{size // 256:03d}.p/{size % 256}"), b"".join(hashes[size // 256 * 256:]))
            self.assertEqual(self.tile(f"entries/{size // 256:03d}.p/{size % 256}"), self.bundle(size // 256 * 256, size))
        level_one = b"".join(root_of(hashes[i * 256:(i + 1) * 256]) for i in range(size // 256))
        self.assertEqual(self.tile(f"1/000.p/{size // 256}"), level_one)
        self.assertIn(f"\n{size}\n", (self.folder / "tiles/checkpoint").read_text())

    def test_WritesTilesAndBringsThemUpToDate(self):
        self.assertIn("(700 new)", self.export().stdout)
        self.check_tiles()
        self.entries += [event(i) for i in range(700, 1300)]
        self.assertIn("(600 new)", self.export().stdout)
        self.check_tiles()
        self.assertIn("(0 new)", self.export().stdout)

    def test_ARewrittenLogDoesNotReplaceTheExport(self):
        self.export()
        before = (self.folder / "tiles/checkpoint").read_text()
        self.entries[0] = event(0, serial="f" * 32)
        self.assertIn("are not those of before", self.export(expect=1).stderr)
        self.assertEqual((self.folder / "tiles/checkpoint").read_text(), before)

    def test_AnEntryThatChangesBetweenReadingAndWritingIsNotExported(self):
        reads = []

        def page(asked):
            reads.append(asked.query["first"])
            if reads.count("0") == 2:
                self.entries[0] = event(0, serial="f" * 32)
            return self.page(asked)

        signed = self.checkpoint()
        self.daemon.routes["GET", "/v1/audit/checkpoint"] = Reply(200, signed)
        self.daemon.routes["GET", "/v1/audit/entries"] = page
        self.export(expect=1)
        self.assertFalse((self.folder / "tiles/checkpoint").exists())


class Show(AuditCase):
    def setUp(self):
        super().setUp()
        for i in (3, 400, 698):
            self.entries[i] = event(i, "certificate.revoked", serial="c" * 32, reason="with \"quotes\" and \x1b")

    def lines(self, *argv):
        return self.run_program("audit", "show", *argv).stdout.splitlines()

    def test_PrintsTheLastFiftyOldestFirst(self):
        lines = self.lines()
        self.assertEqual([int(line.split()[0]) for line in lines], list(range(650, 700)))
        self.assertIn("request.received", lines[0])
        self.assertIn("uid:0(root) serial=", lines[0])

    def test_FindsTheLastOfAKindOrFamily(self):
        self.assertEqual([int(line.split()[0]) for line in self.lines("--kind", "certificate.revoked")], [3, 400, 698])
        self.assertEqual([int(line.split()[0]) for line in self.lines("--kind", "certificate.", "--limit", "2")], [400, 698])
        self.assertEqual(self.lines("--kind", "certificate"), [])

    def test_GoesForwardFromAnEntry(self):
        self.assertEqual([int(line.split()[0]) for line in self.lines("--from", "395", "--limit", "10")], list(range(395, 405)))
        self.assertEqual(len(self.lines("--all")), 700)
        self.assertEqual(self.lines("--from", "5000"), [])

    def test_WhatOneLooksForStandsFirstAndDigestsAreShort(self):
        self.entries[699] = event(699, "certificate.issued", certificate_sha256="d" * 64, serial="c" * 32)
        self.assertTrue(self.lines("--limit", "1")[0].endswith("uid:0(root) serial=" + "c" * 32 + " certificate_sha256=" + "d" * 16 + "\u2026"))
        self.assertEqual(json.loads(self.lines("--limit", "1", "--json")[0])["fields"]["certificate_sha256"], "d" * 64)

    def test_QuotesValuesAndEscapesThem(self):
        line = self.lines("--kind", "certificate.revoked")[0]
        self.assertIn('reason="with \\"quotes\\" and \\x1b"', line)

    def test_JsonIsOneEntryALine(self):
        told = [json.loads(line) for line in self.lines("--from", "698", "--json")]
        self.assertEqual([entry["index"] for entry in told], [698, 699])
        self.assertEqual(told[0]["kind"], "certificate.revoked")
        self.assertEqual(told[0]["fields"]["reason"], "with \"quotes\" and \x1b")

    def test_AnEntryOfALaterVersionIsNotHidden(self):
        self.entries[699] = b'{"v":2}'
        self.assertIn(hashlib.sha256(b'{"v":2}').hexdigest(), self.lines("--limit", "1")[0])

    def test_FollowPrintsWhatComes(self):
        child = subprocess.Popen([SEALWRIGHT, "audit", "show", "--follow", "--limit", "1", "--json", "--socket", self.daemon.path], stdout=subprocess.PIPE, text=True)
        try:
            self.assertEqual(json.loads(child.stdout.readline())["index"], 699)
            self.entries.append(event(700, "crl.issued"))
            begin = time.monotonic()
            self.assertEqual(json.loads(child.stdout.readline())["kind"], "crl.issued")
            self.assertLess(time.monotonic() - begin, 20)
        finally:
            child.kill()
            child.wait()
            child.stdout.close()


if __name__ == "__main__":
    unittest.main()
