"""What needs no daemon: tokens and keys (SoftHSM), ceremonies as the command line offers them, the manual page, completion."""

import json
import os
import pathlib
import shutil
import subprocess
import unittest

from fake_daemon import ROOT, SEALWRIGHT, Case

MODULE = "/usr/lib/softhsm/libsofthsm2.so"
SCRIPTS = ROOT / "ceremonies" / "scripts"


class TokenCase(Case):
    def setUp(self):
        super().setUp()
        (self.folder / "tokens").mkdir()
        (self.folder / "softhsm.conf").write_text(f"directories.tokendir = {self.folder}/tokens\nobjectstore.backend = file\nlog.level = ERROR\n")
        self.environment = {**os.environ, "SOFTHSM2_CONF": str(self.folder / "softhsm.conf")}
        self.file("pin", "1234")

    def file(self, name, content, mode=0o600):
        (self.folder / name).write_text(content)
        os.chmod(self.folder / name, mode)
        return self.folder / name

    def make_token(self, label):
        subprocess.run(["softhsm2-util", "--init-token", "--free", "--label", label, "--so-pin", "12345678", "--pin", "1234"], check=True, capture_output=True,
                       env=self.environment)

    def make_key(self, token, label, *kind):
        subprocess.run(["pkcs11-tool", "--module", MODULE, "--token-label", token, "--login", "--pin", "1234", "--keypairgen", "--label", label, *kind], check=True,
                       capture_output=True, env=self.environment)

    def hsm(self, *argv, **options):
        return self.run_program("hsm", *argv, "--module", MODULE, socket=False, env=self.environment, **options)


@unittest.skipUnless(os.path.exists(MODULE) and shutil.which("pkcs11-tool"), "softhsm2 or opensc is not installed")
class Tokens(TokenCase):
    def setUp(self):
        super().setUp()
        self.make_token("alpha")
        self.make_key("alpha", "sloppy", "--key-type", "EC:prime256v1", "--id", "01")

    def test_AreListedWithoutAPin(self):
        told = json.loads(self.hsm("tokens", "--json").stdout)
        self.assertIn("alpha", [token["label"] for token in told["tokens"]])
        self.assertEqual(len(told["module"]["sha256"]), 64)
        self.assertIn("ready", self.hsm("tokens").stdout)

    def test_KeysAreNamedByTheDigestOfTheirSpki(self):
        told = json.loads(self.hsm("keys", "--pin-file", self.folder / "pin", "--json").stdout)
        der = subprocess.run(["pkcs11-tool", "--module", MODULE, "--token-label", "alpha", "--read-object", "--type", "pubkey", "--id", "01"], check=True,
                             capture_output=True, env=self.environment).stdout
        spki = subprocess.run(["openssl", "pkey", "-pubin", "-inform", "DER", "-outform", "DER"], input=der, check=True, capture_output=True).stdout
        digest = subprocess.run(["openssl", "dgst", "-sha256", "-r"], input=spki, check=True, capture_output=True).stdout.split()[0].decode()
        self.assertEqual([(key["id"], key["label"], key["private"]) for key in told["keys"]], [(digest, "sloppy", True)])

    def test_EvidenceOfAKeyWithAModulesDefaultsDoesNotSatisfy(self):
        for key in ("sloppy", json.loads(self.hsm("keys", "--pin-file", self.folder / "pin", "--json").stdout)["keys"][0]["id"][:8]):
            done = self.hsm("evidence", key, "--pin-file", self.folder / "pin", expect=1)
            self.assertIn("does NOT satisfy", done.stdout)
            self.assertIn("CKA_DECRYPT", done.stdout)
        told = json.loads(self.hsm("evidence", "sloppy", "--pin-file", self.folder / "pin", "--json", expect=1).stdout)
        self.assertFalse(told["satisfied"])
        self.assertIn("key_can_decrypt", [finding["code"] for finding in told["findings"]])

    def signer(self, evidence):
        """signer starts sealwright-signer with the key sloppy and gives its exit status (None: it served until it was stopped) and what it logged."""
        key = json.loads(self.hsm("keys", "--pin-file", self.folder / "pin", "--json").stdout)["keys"][0]["id"]
        line = f'evidence = "{evidence}"\n' if evidence else ""
        config = self.file("signer.toml", f"""format = 1
socket = "signer.sock"
journal = "journal-{evidence}"
module = "{MODULE}"
allowed_uids = [{os.getuid()}]
[token]
label = "alpha"
pin = {{ file = "pin" }}
{line}[token.sandbox]
write = ["."]
[[key]]
id = "{key}"
name = "sloppy"
purposes = ["tls"]
algorithms = ["ecdsa-sha256"]
[key.tls]
""")
        with subprocess.Popen([pathlib.Path(SEALWRIGHT).parent / "sealwright-signer", "--config", config], stderr=subprocess.PIPE, text=True, env=self.environment) as child:
            for told in iter(child.stderr.readline, ""):
                if "listening on" in told:
                    child.terminate()
                    return None, child.stderr.read()
                last = told
            return child.wait(20), last

    def test_ASignerServesNoKeyThatCouldLeave(self):
        status, told = self.signer(None)
        self.assertEqual(status, 1)
        self.assertIn("the key sloppy is not served", told)
        self.assertIn("CKA_DECRYPT", told)
        self.assertEqual(self.signer("none")[0], None)
        self.assertIn("must be", self.signer("any")[1])

    def test_AWrongPinIsTriedOnce(self):
        done = self.hsm("keys", "--pin-file", self.file("wrong", "9999"), expect=1)
        self.assertIn("not tried again", done.stderr)
        self.assertEqual(done.stdout, "")

    def test_WhatIsNotThereIsNamed(self):
        pin = ("--pin-file", self.folder / "pin")
        self.assertIn("no key 'nix'", self.hsm("evidence", "nix", *pin, expect=4).stderr)
        self.assertIn("The nearest labels: 'sloppy'.", self.hsm("evidence", "slopy", *pin, expect=4).stderr)
        self.assertNotIn("nearest", self.hsm("evidence", "nix", *pin, expect=4).stderr)
        short = json.loads(self.hsm("keys", *pin, "--json").stdout)["keys"][0]["id"][:7]
        self.assertIn("give at least 8 digits", self.hsm("evidence", short, *pin, expect=4).stderr)
        # A template is looked at first: no token is asked, and no PIN.
        for command in (("evidence", "nix"), ("keys", "--evidence"), ("enrol", "nix", "--out", self.folder / "record")):
            self.assertIn("'foo': unknown evidence template; known are non-extractable-v1", self.hsm(*command, "--template", "foo", expect=2).stderr)
        self.hsm("evidence", "sloppy", "--template", "none", *pin, expect=2)
        self.assertIn("alpha (serial", self.hsm("keys", "--token-label", "beta", *pin, expect=4).stderr)
        self.run_program("hsm", "tokens", "--module", "/nonexistent.so", socket=False, expect=4)

    # SoftHSM 2.6.1 ends its process where two tokens have one serial, as a copied folder's have.
    def test_AModuleThatEndsItsProcessIsToldAsAnError(self):
        token = next((self.folder / "tokens").iterdir())
        shutil.copytree(token, token.with_name("00000000-1111-2222-3333-444444444444"))
        done = self.run_program("hsm", "tokens", "--module", MODULE, "--json", socket=False, env=self.environment, expect=1)
        told = json.loads(done.stderr.splitlines()[-1])["error"]
        self.assertEqual((told["code"], told["exit"], done.stdout), ("token", 1, ""))
        self.assertIn("ended by signal 6 (SIGABRT)", told["detail"])
        pin = ("--pin-file", self.folder / "pin")
        for command in (("keys", *pin), ("evidence", "sloppy", *pin), ("enrol", "0" * 64, "--out", self.folder / "record", *pin)):
            self.assertIn("ended by signal 6", self.hsm(*command, expect=1).stderr)
        # What may have changed the token is not known.
        made = self.hsm("wrapping-key", "create", "--label", "safe", "--so-pin-file", self.file("so-pin", "12345678"), expect=6)
        self.assertIn("Look what the token holds now", made.stderr)

    def test_OneOfSeveralTokensMustBeNamed(self):
        self.make_token("beta")
        pin = ("--pin-file", self.folder / "pin")
        self.assertIn("2 tokens match", self.hsm("keys", *pin, expect=1).stderr)
        self.assertIn("sloppy", self.hsm("keys", "--token-label", "alpha", *pin).stdout)
        self.assertIn("no key", self.hsm("keys", "--token-label", "beta", *pin).stderr)

    def test_ThePinCanBeTypedAndIsNotShown(self):
        os.environ["SOFTHSM2_CONF"] = self.environment["SOFTHSM2_CONF"]
        code, shown = self.run_on_terminal("hsm", "keys", "--module", MODULE, answers=[("PIN of token alpha", "1234")], socket=False)
        del os.environ["SOFTHSM2_CONF"]
        self.assertEqual(code, 0, shown)
        self.assertIn("sloppy", shown)
        self.assertNotIn("1234\r\n", shown)

    def test_WithoutTerminalOrFileThereIsNoPin(self):
        self.assertIn("--pin-fd", self.hsm("keys", expect=1).stderr)


class Ceremonies(TokenCase):
    def setUp(self):
        super().setUp()
        shutil.copytree(SCRIPTS, self.folder / "scripts")
        self.script, self.bindings = self.folder / "scripts/two-tier.toml", self.folder / "scripts/bindings-softhsm.toml"
        self.bindings.write_text(self.bindings.read_text().replace("{ prompt = true }", f'{{ file = "{self.folder}/pin" }}'))

    def ceremony(self, verb, *argv, **options):
        return self.run_program("ceremony", verb, self.script, "--bindings", self.bindings, *argv, socket=False, env=self.environment, **options)

    def test_CheckFindsNothingInOurOwnAndEverythingInABrokenOne(self):
        self.assertIn("No problem was found", self.ceremony("check").stdout)
        self.assertTrue(json.loads(self.ceremony("check", "--json").stdout)["ok"])
        self.script.write_text(self.script.read_text() + "\n[nonsense]\nkey = 1\n")
        done = self.ceremony("check", expect=1)
        self.assertIn("problem: ", done.stdout)
        self.assertIn("must not be held", done.stdout)
        self.run_program("ceremony", "check", self.folder / "nix.toml", "--bindings", self.bindings, socket=False, expect=4)

    def test_PrintIsForPaper(self):
        digest = json.loads(self.ceremony("check", "--json").stdout)["script_sha256"]
        self.assertIn("R E H E A R S A L", self.ceremony("print").stdout)
        self.assertIn(digest[:16], self.ceremony("print").stdout.replace(" ", ""))
        self.assertIn("<html", self.ceremony("print", "--html").stdout)

    def test_NobodyAtTheTerminalIsNoCeremony(self):
        self.assertIn("standard input is no terminal", self.ceremony("rehearse", "--out", self.folder / "bundle", expect=1).stderr)
        self.assertFalse((self.folder / "bundle").exists())

    @unittest.skipUnless(os.path.exists(MODULE), "softhsm2 is not installed")
    def test_ARehearsalGivesABundleAndItsHead(self):
        self.make_token("sealwright-root")
        self.make_token("sealwright-online")
        done = self.ceremony("rehearse", "--out", self.folder / "bundle", "--yes", "--json", "--head-file", self.folder / "head")
        told = json.loads(done.stdout)
        self.assertEqual((self.folder / "head").read_text(), told["head"] + "\n")
        self.assertEqual(told["mode"], "rehearsal")
        self.assertIn("every confirmation is made by the program", done.stderr)
        self.assertTrue((self.folder / "bundle/artefacts/root.pem").exists())
        again = self.ceremony("rehearse", "--out", self.folder / "bundle", "--yes", expect=1)
        self.assertIn("bundle", again.stderr)

    # The issuing key is made as one that can leave wrapped; the second token is a clone that was made before the key was.
    @unittest.skipUnless(os.path.exists(MODULE), "softhsm2 is not installed")
    def test_AKeyThatCanLeaveIsBackedUpAndRestoredIntoASecondToken(self):
        self.make_token("sealwright-root")
        self.make_token("sealwright-online")
        online, so_pin = ("--token-label", "sealwright-online"), self.file("so-pin", "12345678")
        made = json.loads(self.hsm("wrapping-key", "create", "--label", "safe", *online, "--so-pin-file", so_pin, "--json").stdout)
        self.assertEqual((made["trusted"], len(made["check_value"])), (True, 6))
        self.assertIn("already", self.hsm("wrapping-key", "create", "--label", "safe", *online, "--so-pin-file", so_pin, expect=1).stderr)
        self.assertIn("denied", self.hsm("wrapping-key", "create", "--label", "other", *online, "--so-pin-file", self.file("wrong", "87654321"), "--json", expect=1).stderr)
        # SoftHSM has RSA-AES since 2.7.
        mechanisms = subprocess.run(["pkcs11-tool", "--module", MODULE, *online, "-M"], check=True, capture_output=True, text=True, env=self.environment).stdout
        has = "RSA-AES-KEY-WRAP" in mechanisms or "0x1054" in mechanisms
        rsa = self.hsm("wrapping-key", "create", "--label", "rsa", "--type", "RSA-3072", *online, "--so-pin-file", so_pin, "--pin-file", self.folder / "pin", "--json",
                       expect=0 if has else 1)
        if has:
            self.assertEqual(len(json.loads(rsa.stdout)["check_value"]), 64)
        else:
            self.assertIn("no RSA keys that wrap", rsa.stdout + rsa.stderr)
        self.hsm("wrapping-key", "create", "--label", "rsa", "--type", "RSA-2048", *online, "--so-pin-file", so_pin, expect=2)
        shown = json.loads(self.hsm("wrapping-key", "show", "--label", "safe", *online, "--pin-file", self.folder / "pin", "--json").stdout)
        self.assertEqual({name: shown[name] for name in ("label", "cka_id", "check_value", "trusted")}, {name: made[name] for name in ("label", "cka_id", "check_value", "trusted")})
        self.assertEqual((shown["type"], shown["fit"], shown["fault"]), ("AES", True, None))
        shutil.copytree(self.folder / "tokens", self.folder / "second")
        script = self.script.read_text()
        at = script.index('label = "issuing-ca"')
        self.script.write_text(script[:at] + script[at:].replace("non-extractable-v1", "wrap-backup-v1", 1))
        told = json.loads(self.ceremony("rehearse", "--out", self.folder / "bundle", "--yes", "--json").stdout)
        self.assertIn('evidence = "wrap-backup-v1"', (self.folder / "bundle/artefacts/signer-keys.toml").read_text())
        verified = subprocess.run([str(pathlib.Path(SEALWRIGHT).with_name("sealwright-verify")), "ceremony", self.folder / "bundle", "--roots",
                                   self.folder / "bundle/artefacts/root.pem", "--allow-rehearsal", "--head", told["head"]], capture_output=True, text=True)
        self.assertIn("1 can leave, wrapped", verified.stdout)
        self.assertIn("verdict: VALID", verified.stdout)

        on_token = (*online, "--pin-file", self.folder / "pin")
        listed = {key["label"]: key["leaves"] for key in json.loads(self.hsm("keys", *on_token, "--json").stdout)["keys"]}
        self.assertEqual((listed["issuing-ca"], listed["ocsp-signer"]), ("can leave (wrapped)", "no"))
        backup = self.folder / "issuing.backup"
        self.hsm("backup", "issuing-ca", "--wrapping-key", "safe", "--out", backup, *on_token)
        self.assertEqual(backup.stat().st_mode & 0o777, 0o600)
        self.hsm("backup", "issuing-ca", "--wrapping-key", "safe", "--out", backup, *on_token, expect=1)
        self.assertIn("unextractable", self.hsm("backup", "ocsp-signer", "--wrapping-key", "safe", "--out", self.folder / "nix", *on_token, expect=1).stderr)
        self.assertIn("already", self.hsm("restore", backup, "--wrapping-key", "safe", *on_token, expect=1).stderr)

        conf = self.folder / "softhsm.conf"
        conf.write_text(conf.read_text().replace("/tokens", "/second"))
        flipped = bytearray(backup.read_bytes())
        flipped[-50] ^= 1
        (self.folder / "flipped").write_bytes(flipped)
        self.assertIn("digest", self.hsm("restore", self.folder / "flipped", "--wrapping-key", "safe", *on_token, expect=1).stderr)
        self.hsm("restore", backup, "--wrapping-key", "unsafe", *on_token, expect=4)
        # What the page of backups has compared: in the second token it is the same key. One that the user made is none.
        self.assertIn(made["check_value"], self.hsm("wrapping-key", "show", "--label", "safe", *on_token).stdout)
        self.hsm("wrapping-key", "show", "--label", "unsafe", *on_token, expect=4)
        if shutil.which("pkcs11-tool"):
            subprocess.run(["pkcs11-tool", "--module", MODULE, "--token-label", "sealwright-online", "--login", "--pin", "1234", "--keygen", "--key-type", "aes:32", "--label", "loose"],
                           env=self.environment, check=True, capture_output=True)
            loose = self.hsm("wrapping-key", "show", "--label", "loose", *on_token, expect=1)
            self.assertIn("NO: its SO has not marked it", loose.stdout)
            self.assertIn("No backup is made or restored by this key", loose.stderr)
        self.assertIn("Nothing was changed", self.hsm("restore", backup, "--wrapping-key", "safe", "--dry-run", *on_token).stderr)
        self.assertEqual(json.loads(self.hsm("keys", *on_token, "--json").stdout)["keys"], [])
        self.hsm("restore", backup, "--wrapping-key", "safe", *on_token)
        keys = json.loads(self.hsm("keys", *on_token, "--json").stdout)["keys"]
        self.assertEqual([(key["label"], key["leaves"]) for key in keys], [("issuing-ca", "restored")])
        self.assertIn("provenance", self.hsm("evidence", "issuing-ca", "--template", "wrap-backup-restored-v1", *on_token).stdout)
        self.hsm("evidence", "issuing-ca", "--template", "wrap-backup-v1", *on_token, expect=1)

    def test_ARehearsalIsNoProduction(self):
        self.assertIn("rehearsal", self.ceremony("run", "--out", self.folder / "bundle", "--yes", expect=1).stderr)


class Documents(Case):
    def test_TheManualRendersWithoutAWarning(self):
        for page in sorted((ROOT / "docs" / "man").glob("*.[158]")):
            done = subprocess.run(["groff", "-ww", "-man", "-Tutf8", page], capture_output=True, text=True)
            self.assertEqual((done.returncode, done.stderr), (0, ""), page.name)
            self.assertGreater(len(done.stdout), 1000)

    def complete(self, *words):
        script = ('source "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _sealwright; printf "%s\\n" "${COMPREPLY[@]}"')
        environment = {**os.environ, "PATH": os.path.dirname(SEALWRIGHT) + ":" + os.environ["PATH"]}
        done = subprocess.run(["bash", "-c", script, "bash", ROOT / "src/cli/completion/sealwright.bash", "sealwright", *words], capture_output=True, text=True,
                              env=environment, cwd=self.folder)
        self.assertEqual(done.stderr, "")
        return done.stdout.split()

    def test_CompletionKnowsCommandsOptionsAndValues(self):
        self.assertEqual(self.complete("ce"), ["ceremony", "cert"])
        self.assertEqual(self.complete("cert", "re"), ["revoke", "release"])
        self.assertEqual(self.complete("hsm", "pin", "s"), ["seal"])
        self.assertEqual(self.complete("hsm", "pin", "seal", "--r"), ["--replace"])
        self.assertEqual(self.complete("cert", "issue", "--se"), ["--server", "--server-name", "--secret-fd", "--secret-file"])
        self.assertEqual(self.complete("cert", "revoke", "4f", "--reason", "key"), ["keyCompromise"])
        (self.folder / "www.csr").write_text("")
        self.assertEqual(self.complete("cert", "issue", "--csr", "ww"), ["www.csr"])


if __name__ == "__main__":
    unittest.main()
