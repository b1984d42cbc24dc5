"""sealwright hsm keys, enrol and pin: two SoftHSM tokens that hold the same key, a simulated TPM, and two custodians."""

import base64
import hashlib
import json
import os
import pathlib
import shutil
import subprocess
import sys
import unittest

from fake_daemon import ROOT, SEALWRIGHT
from test_offline import MODULE, TokenCase

SWTPM = ROOT / "simulators" / "swtpm"
HAS_TOKENS = os.path.exists(MODULE) and shutil.which("softhsm2-util") and shutil.which("pkcs11-tool")
HAS_TPM = all(shutil.which(tool) for tool in ("swtpm", "swtpm_setup", "tpm2_pcrextend"))


def run(*argv, **options):
    return subprocess.run(list(map(str, argv)), check=True, capture_output=True, **options)


# Run by itself, since a module is loaded once a process: the private key c0ff of a token agrees from now on, and does not sign.
MAKE_AGREEING = """
import ctypes, sys
from ctypes import byref, c_ulong
module = ctypes.CDLL(sys.argv[1])
class Attribute(ctypes.Structure):
    _fields_ = [("type", c_ulong), ("value", ctypes.c_void_p), ("size", c_ulong)]
def attributes(*pairs):
    buffers = [ctypes.create_string_buffer(value, len(value)) for _, value in pairs]
    made = (Attribute * len(pairs))(*[Attribute(kind, ctypes.addressof(buffer), len(buffer)) for (kind, _), buffer in zip(pairs, buffers)])
    made.buffers = buffers
    return made
def must(rv):
    assert rv == 0, hex(rv)
must(module.C_Initialize(None))
count, slots, session, key = c_ulong(16), (c_ulong * 16)(), c_ulong(), c_ulong()
must(module.C_GetSlotList(1, slots, byref(count)))
def label(slot):
    info = ctypes.create_string_buffer(512)
    must(module.C_GetTokenInfo(c_ulong(slot), info))
    return info.raw[:32].decode().strip()
slot = [slot for slot in slots[:count.value] if label(slot) == sys.argv[2]][0]
must(module.C_OpenSession(c_ulong(slot), c_ulong(6), None, None, byref(session)))
must(module.C_Login(session, c_ulong(1), sys.argv[3].encode(), c_ulong(len(sys.argv[3]))))
wanted = attributes((0, (3).to_bytes(8, sys.byteorder)), (0x102, bytes.fromhex("c0ff")))
must(module.C_FindObjectsInit(session, wanted, c_ulong(2)))
must(module.C_FindObjects(session, byref(key), c_ulong(1), byref(count)))
must(module.C_FindObjectsFinal(session))
assert count.value == 1
must(module.C_SetAttributeValue(session, key, attributes((0x108, bytes([0])), (0x10C, bytes([1]))), c_ulong(2)))  # CKA_SIGN, CKA_DERIVE
must(module.C_Finalize(None))
"""


class SharedKey(TokenCase):
    """Two tokens, alpha and beta, into both of which one key was imported as `ca`."""

    def setUp(self):
        super().setUp()
        self.make_token("alpha")
        self.make_token("beta")
        run("openssl", "genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", self.folder / "key.pem")
        run("openssl", "pkey", "-in", self.folder / "key.pem", "-pubout", "-out", self.folder / "public.pem")
        run("openssl", "pkey", "-in", self.folder / "key.pem", "-pubout", "-outform", "DER", "-out", self.folder / "public.der")
        run("openssl", "pkcs8", "-topk8", "-nocrypt", "-in", self.folder / "key.pem", "-out", self.folder / "key.p8")
        for token in ("alpha", "beta"):
            run("softhsm2-util", "--import", self.folder / "key.p8", "--token", token, "--label", "ca", "--id", "c0ff", "--pin", "1234", env=self.environment)
        self.key = run("openssl", "dgst", "-sha256", "-r", self.folder / "public.der").stdout.split()[0].decode()
        self.serials = {token["label"]: token["serial"] for token in json.loads(self.hsm("tokens", "--json").stdout)["tokens"]}
        self.pin = ("--pin-file", self.folder / "pin")
        self.register = self.file("keys.toml", f"""# what the keys may sign
[[key]]
id = "{"0" * 64}"   # another
name = "other"
purposes = ["tls"]
algorithms = ["ecdsa-sha256"]

[[key]]
id = "{self.key}"
name = "issuing"
purposes = ["certificate", "crl"]   # both
algorithms = ["ecdsa-sha256"]
[key.crl]
issuer_sha256 = "{"1" * 64}"
max_validity = "7d"
""")

    def enrol(self, key, token, record, *argv, expect=0, template="none"):
        return self.hsm("enrol", key, "--token-serial", self.serials[token], "--out", self.folder / record, "--template", template, *argv, *self.pin, expect=expect)


@unittest.skipUnless(HAS_TOKENS, "softhsm2 or opensc is not installed: NOTHING ABOUT LOCATIONS WAS TESTED")
class Enrolment(SharedKey):
    def test_ASecondTokenProvesThatItHoldsTheKeyAndTheFileSaysSo(self):
        before = self.register.read_text()
        self.own_as_a_signer()
        first = self.enrol("issuing", "alpha", "alpha.json", "--signer-keys", self.register, "--first-serial", self.serials["alpha"], "--write")
        self.assertIn(f'+locations = ["{self.serials["alpha"]}"]', first.stdout)
        self.assertEqual((self.folder / "keys.toml.bak").read_text(), before)
        shown = self.enrol(self.key, "beta", "beta.json", "--signer-keys", self.register)
        self.assertIn("Nothing was changed", shown.stderr)
        both = f'locations = ["{self.serials["alpha"]}", "{self.serials["beta"]}"]'
        self.assertIn("+" + both, shown.stdout)
        self.enrol(self.key, "beta", "beta-again.json", "--signer-keys", self.register, "--write")
        after = self.register.read_text()
        self.assertIn(both + "\n", after)
        self.assertEqual(after.replace(both + "\n", ""), before)
        # A location that stands there is not added again; its proof is made anew.
        again = self.enrol(self.key, "beta", "beta-third.json", "--signer-keys", self.register, "--write")
        self.assertIn("already", again.stderr)
        self.assertEqual(self.register.read_text(), after)
        # The signer's own user still reads both.
        for file in (self.register, self.folder / "keys.toml.bak"):
            status = file.stat()
            self.assertEqual((oct(status.st_mode & 0o777), status.st_gid), ("0o640", self.signers_group))
        self.assertFalse((self.folder / "keys.toml.new").exists())

    def own_as_a_signer(self):
        """Mode and group as an installed file has them; another group only where we may give it."""
        self.signers_group = 65534 if os.geteuid() == 0 else os.getegid()
        os.chown(self.register, -1, self.signers_group)
        self.register.chmod(0o640)

    def test_ASecondTokenDoesNotTakeTheFirstOutOfService(self):
        before = self.register.read_text()
        refused = self.enrol("issuing", "beta", "beta.json", "--signer-keys", self.register, "--write", expect=1)
        self.assertIn("any token that holds it serves it now", refused.stderr)
        self.assertIn("--first-serial", refused.stderr)
        self.assertEqual(self.register.read_text(), before)
        self.assertFalse((self.folder / "beta.json").exists())
        done = self.enrol("issuing", "beta", "beta.json", "--signer-keys", self.register, "--first-serial", self.serials["alpha"], "--write")
        self.assertIn(f'+locations = ["{self.serials["alpha"]}", "{self.serials["beta"]}"]', done.stdout)
        again = self.enrol("issuing", "beta", "again.json", "--signer-keys", self.register, "--first-serial", self.serials["beta"], expect=1)
        self.assertIn("has `locations` already", again.stderr)
        # Without a file it is said what the line does.
        self.assertIn("no other one does", self.enrol(self.key, "beta", "alone.json").stderr)

    def test_AKeyThatCameFromOutsideIsNotOneThatStays(self):
        run("pkcs11-tool", "--module", MODULE, "--token-label", "beta", "--login", "--pin", "1234", "--keypairgen", "--label", "born", "--key-type", "EC:prime256v1",
            "--id", "b0", env=self.environment)
        shown = json.loads(self.hsm("keys", "--token-label", "beta", *self.pin, "--json").stdout)["keys"]
        self.assertEqual({key["label"]: key["leaves"] for key in shown}, {"ca": "left or came from outside", "born": "no"})

    def test_TheRecordsSignatureHoldsForOthers(self):
        self.enrol(self.key, "beta", "beta.json")
        record = json.loads((self.folder / "beta.json").read_text())
        self.assertEqual((record["format"], record["kind"], record["key"], record["cka_id"]), (1, "sealwright-location", self.key, "c0ff"))
        self.assertEqual(record["token"]["serial"], self.serials["beta"])
        self.assertEqual(base64.b64decode(record["spki"]), (self.folder / "public.der").read_bytes())
        self.assertIn("key_not_born_in_token", [finding["code"] for finding in record["findings"]])
        lines = record["statement"].splitlines()
        self.assertEqual(lines[0], "sealwright-location-proof/v1")
        self.assertEqual(lines[1:4], [f"key {self.key}", f"token-serial-hex {self.serials['beta'].encode().hex()}", "cka-id c0ff"])
        (self.folder / "signature").write_bytes(base64.b64decode(record["signature"]))
        self.file("statement", record["statement"])
        verify = ["openssl", "dgst", "-sha256", "-verify", self.folder / "public.pem", "-signature", self.folder / "signature", self.folder / "statement"]
        self.assertEqual(subprocess.run(verify, capture_output=True).returncode, 0)
        self.file("statement", record["statement"].replace("c0ff", "c0fe"))
        self.assertEqual(subprocess.run(verify, capture_output=True).returncode, 1)

    def test_AKeyThatDoesNotSignIsProvedByDecryption(self):
        run(sys.executable, "-c", MAKE_AGREEING, MODULE, "beta", "1234", env=self.environment)
        shown = self.enrol(self.key, "beta", "beta.json")
        self.assertIn("has decrypted for it", shown.stdout)
        self.assertIn("nobody can verify", shown.stderr)
        record = json.loads((self.folder / "beta.json").read_text())
        self.assertEqual(record["proof"], "decryption")
        self.assertEqual(record["statement_sha256"], hashlib.sha256(record["statement"].encode()).hexdigest())
        self.assertNotIn("signature", record)
        # The same key in the other token signs, and does so.
        self.assertIn("has signed for it", self.enrol(self.key, "alpha", "alpha.json").stdout)
        self.assertEqual(json.loads((self.folder / "alpha.json").read_text())["proof"], "signature")

    def test_TheKeyCanBeNamedByItself(self):
        for name in ("public.pem", "public.der"):
            done = self.hsm("enrol", "--spki", self.folder / name, "--token-label", "beta", "--template", "none", "--out", self.folder / f"{name}.json", *self.pin)
            self.assertIn(f'locations = ["{self.serials["beta"]}"]', done.stdout)

    def test_WhatIsNoProofIsRefused(self):
        self.assertIn("does not satisfy non-extractable-v1", self.enrol(self.key, "beta", "a.json", expect=1, template="non-extractable-v1").stderr)
        self.assertIn("no identifier", self.enrol("ca", "beta", "a.json", expect=4).stderr)  # a label is the token's word
        self.assertIn("no identifier", self.enrol(self.key[:8], "beta", "a.json", expect=4).stderr)
        self.assertIn("does not hold the key", self.enrol("0" * 64, "beta", "a.json", expect=4).stderr)
        self.make_key("beta", "issuing", "--key-type", "EC:prime256v1", "--id", "c0fe")
        self.assertIn("does not hold the key", self.enrol("other", "beta", "a.json", "--signer-keys", self.register, "--first-serial", "1", expect=4).stderr)
        self.assertFalse((self.folder / "a.json").exists())
        self.file("taken.json", "{}")
        self.assertIn("never overwritten", self.enrol(self.key, "beta", "taken.json", expect=1).stderr)
        self.assertEqual((self.folder / "taken.json").read_text(), "{}")

    def test_ASignerServesTheKeyFromBothTokensAsTheFileSaysNow(self):
        text = self.register.read_text()
        self.register.write_text(text[text.rindex("[[key]]"):].replace('"certificate", ', ""))
        for token in ("alpha", "beta"):
            first = ("--first-serial", self.serials[token]) if token == "alpha" else ()
            self.enrol("issuing", token, f"{token}.json", "--signer-keys", self.register, *first, "--write")
        tokens = "".join(f"""[[token]]
serial = "{self.serials[token]}"
pin = {{ file = "pin" }}
evidence = "none"
[token.sandbox]
write = ["."]
""" for token in ("alpha", "beta"))
        config = self.file("signer.toml", f"""format = 1
socket = "signer.sock"
journal = "journal"
module = "{MODULE}"
allowed_uids = [{os.getuid()}]
keys_file = "keys.toml"
{tokens}""")
        program = pathlib.Path(SEALWRIGHT).parent / "sealwright-signer"
        told = ""
        with subprocess.Popen([program, "--config", config], stderr=subprocess.PIPE, text=True, env=self.environment) as child:
            for line in iter(child.stderr.readline, ""):
                told += line
                if "listening on" in line:
                    child.terminate()
            self.assertEqual(child.wait(20), 0, told)
        self.assertIn("listening on", told)

    def test_APublicHalfAloneIsNoLocation(self):
        run("pkcs11-tool", "--module", MODULE, "--token-label", "beta", "--login", "--pin", "1234", "--delete-object", "--type", "privkey", "--id", "c0ff", env=self.environment)
        self.assertIn("only the public half", self.enrol(self.key, "beta", "a.json", expect=4).stderr)
        self.enrol(self.key, "alpha", "a.json")


@unittest.skipUnless(HAS_TOKENS, "softhsm2 or opensc is not installed: NOTHING ABOUT KEYS WAS TESTED")
class Keys(SharedKey):
    def test_AreShownWithWhatTheSignerLetsThemDoAndWhereTheyAre(self):
        self.enrol(self.key, "beta", "beta.json", "--signer-keys", self.register, "--first-serial", self.serials["beta"], "--write")
        done = self.hsm("keys", "--token-label", "beta", "--signer-config", self.register, "--evidence", "--spki", *self.pin)
        row = next(line for line in done.stdout.splitlines() if line.startswith(self.key))
        self.assertIn("certificate crl", row)
        self.assertIn(self.serials["beta"], row)
        self.assertIn("NOT non-extractable-v1", row)
        self.assertIn((self.folder / "public.pem").read_text(), done.stdout)
        self.assertIn("Not in this token: other", done.stderr)
        told = json.loads(self.hsm("keys", "--token-label", "beta", "--signer-config", self.register, "--evidence", "--json", *self.pin).stdout)["keys"][0]
        self.assertEqual((told["purposes"], told["locations"], told["evidence"]["satisfied"]), (["certificate", "crl"], [self.serials["beta"]], False))
        self.assertEqual(base64.b64decode(told["spki"]), (self.folder / "public.der").read_bytes())

    def test_OfAConfigurationAreThoseOfTheFileThatItNames(self):
        config = self.file("signer.toml", 'format = 1\nkeys_file = "keys.toml"\n')
        shown = self.hsm("keys", "--token-label", "beta", "--signer-config", config, *self.pin).stdout
        self.assertIn("certificate crl", shown)
        self.assertIn("any token", shown)

    def test_ThePinCanComeFromTwoCustodians(self):
        os.environ["SOFTHSM2_CONF"] = self.environment["SOFTHSM2_CONF"]
        self.addCleanup(os.environ.pop, "SOFTHSM2_CONF")
        arguments = ("hsm", "keys", "--module", MODULE, "--token-label", "beta", "--pin-halves")
        code, shown = self.run_on_terminal(*arguments, answers=[("First custodian", "12"), ("Second custodian", "34")], socket=False)
        self.assertEqual(code, 0, shown)
        self.assertIn(self.key, shown)
        self.assertNotIn("12\r\n", shown)
        code, shown = self.run_on_terminal(*arguments, answers=[("First custodian", "34"), ("Second custodian", "12")], socket=False)
        self.assertNotEqual(code, 0, shown)
        # Each command that asks for the user's PIN asks so; where the SO's is asked for, that.
        made = ("hsm", "wrapping-key", "create", "--label", "safe", "--module", MODULE, "--token-label", "beta", "--so-pin-halves")
        code, shown = self.run_on_terminal(*made, answers=[("First custodian", "1234"), ("Second custodian", "5678")], socket=False)
        self.assertEqual(code, 0, shown)
        backup = ("hsm", "backup", "ca", "--wrapping-key", "safe", "--out", self.folder / "ca.backup", *arguments[2:])
        code, shown = self.run_on_terminal(*backup, answers=[("First custodian", "12"), ("Second custodian", "34")], socket=False)
        self.assertIn("cannot leave the token", shown)  # an imported key is none of the template wrap-backup-v1


@unittest.skipUnless(HAS_TPM, "swtpm or tpm2-tools is not installed: NOTHING ABOUT SEALED PINS WAS TESTED")
class SealedPins(TokenCase):
    def setUp(self):
        super().setUp()
        run(SWTPM / "provision", "--folder", self.folder / "tpm", "--vendor", self.folder / "vendor", "--profile", "L-2")
        self.tcti = run(SWTPM / "start", self.folder / "tpm").stdout.decode().strip()

    def tearDown(self):
        run(SWTPM / "stop", self.folder / "tpm")
        super().tearDown()

    def pin(self, *argv, **options):
        return self.run_program("hsm", "pin", *argv, "--tcti", self.tcti, socket=False, env=self.environment, **options)

    def extend(self, pcr):
        run("tpm2_pcrextend", "-T", self.tcti, f"{pcr}:sha256={'5' * 64}")

    def test_OpenUntilAPcrOfTheirsIsExtended(self):
        sealed = self.folder / "pin.sealed"
        self.pin("seal", "--out", sealed, "--pcrs", "sha256:0,7", "--token-serial", "4821", "--pin-file", self.folder / "pin")
        self.assertEqual(oct(sealed.stat().st_mode & 0o777), "0o600")
        self.assertNotIn(b"1234".hex(), sealed.read_text())
        self.assertIn("yes", self.pin("check", sealed).stdout)
        self.extend(4)
        self.assertTrue(json.loads(self.pin("check", sealed, "--json").stdout)["unseals"])
        self.extend(7)
        refused = self.pin("check", sealed, expect=1)
        self.assertIn("differ: 7", refused.stderr)
        self.assertIn("seal anew", refused.stderr)
        told = json.loads(self.pin("check", sealed, "--json", expect=1).stdout)
        self.assertEqual((told["unseals"], told["differing"], told["token_serial"]), (False, [7], "4821"))
        self.assertIn("--replace", self.pin("seal", "--out", sealed, "--pin-file", self.folder / "pin", expect=1).stderr)
        self.pin("seal", "--out", sealed, "--replace", "--pin-file", self.folder / "pin")
        self.pin("check", sealed)

    def test_AChangedFileIsRefused(self):
        sealed = self.folder / "pin.sealed"
        self.pin("seal", "--out", sealed, "--token-serial", "4821", "--pin-file", self.folder / "pin")
        text = sealed.read_text()
        for old, new in (("4821", "4822"), ("format = 1", "format = 2"), ("number = 2", "number = 3"), ("[[pcr]]", "extra = 1\n[[pcr]]")):
            sealed.write_text(text.replace(old, new, 1))
            self.pin("check", sealed, expect=1)
        sealed.write_text(text)
        self.pin("check", sealed)

    def test_ATypedPinIsAskedForTwice(self):
        sealed = self.folder / "pin.sealed"
        arguments = ("hsm", "pin", "seal", "--out", sealed, "--tcti", self.tcti)
        code, shown = self.run_on_terminal(*arguments, answers=[("PIN to seal:", "1234"), ("again:", "1235")], socket=False)
        self.assertEqual(code, 1, shown)
        self.assertIn("not the same", shown)
        self.assertFalse(sealed.exists())
        code, shown = self.run_on_terminal(*arguments, answers=[("PIN to seal:", "1234"), ("again:", "1234")], socket=False)
        self.assertEqual(code, 0, shown)
        self.pin("check", sealed)

    def test_PcrsMustBeWordedWell(self):
        self.assertIn("sha256:0,2,4,7", self.pin("seal", "--out", self.folder / "x", "--pcrs", "sha1:0", "--pin-file", self.folder / "pin", expect=1).stderr)

    @unittest.skipUnless(HAS_TOKENS, "softhsm2 or opensc is not installed")
    def test_AreTriedOnTheTokenOnceBeforeTheyAreSealed(self):
        self.make_token("alpha")
        arguments = ("--module", MODULE, "--token-label", "alpha", "--check-login", "--out", self.folder / "pin.sealed")
        self.file("wrong", "4321")
        self.pin("seal", *arguments, "--pin-file", self.folder / "wrong", expect=1)
        self.assertFalse((self.folder / "pin.sealed").exists())
        done = json.loads(self.pin("seal", *arguments, "--pin-file", self.folder / "pin", "--json").stdout)
        self.assertTrue(done["login_checked"])
        self.assertEqual(len(done["token_serial"]), 16)

    def signer(self, pin):
        """signer starts sealwright-signer with this source of its PIN; None: it served until it was stopped; else its exit status and last word."""
        key = json.loads(self.hsm("keys", "--pin-file", self.folder / "pin", "--json").stdout)["keys"][0]["id"]
        serial = json.loads(self.hsm("tokens", "--json").stdout)["tokens"][0]["serial"]
        config = self.file("signer.toml", f"""format = 1
socket = "signer.sock"
journal = "journal"
module = "{MODULE}"
allowed_uids = [{os.getuid()}]
[token]
serial = "{serial}"
pin = {pin}
evidence = "none"
[token.sandbox]
write = ["."]
[[key]]
id = "{key}"
name = "sloppy"
purposes = ["tls"]
algorithms = ["ecdsa-sha256"]
[key.tls]
""")
        program = pathlib.Path(SEALWRIGHT).parent / "sealwright-signer"
        last = ""
        with subprocess.Popen([program, "--config", config], stderr=subprocess.PIPE, text=True, env=self.environment) as child:
            for told in iter(child.stderr.readline, ""):
                if "listening on" in told:
                    child.terminate()
                    return None
                last += told
            return child.wait(20), last

    @unittest.skipUnless(HAS_TOKENS, "softhsm2 or opensc is not installed")
    def test_ASignerStartsWithOneAndInAnotherStateTriesNoPin(self):
        self.make_token("alpha")
        self.make_key("alpha", "sloppy", "--key-type", "EC:prime256v1", "--id", "01")
        arguments = ("--module", MODULE, "--token-label", "alpha", "--pin-file", self.folder / "pin", "--check-login", "--pcrs", "sha256:0,7")
        self.pin("seal", *arguments, "--out", self.folder / "pin.sealed")
        source = f'{{ sealed = "pin.sealed", tcti = "{self.tcti}" }}'
        self.assertIsNone(self.signer(source))
        self.extend(4)
        self.assertIsNone(self.signer(source))
        self.extend(7)
        status, told = self.signer(source)
        self.assertEqual(status, 1, told)  # 3 would say that the token refused a PIN
        self.assertIn("differ: 7", told)
        # One of another token is not even opened.
        self.pin("seal", "--out", self.folder / "other.sealed", "--token-serial", "4821", "--pin-file", self.folder / "pin")
        status, told = self.signer(f'{{ sealed = "other.sealed", tcti = "{self.tcti}" }}')
        self.assertEqual(status, 1)
        self.assertIn("4821", told)

    @unittest.skipUnless(HAS_TOKENS, "softhsm2 or opensc is not installed")
    def test_ASignerTakesTwoHalves(self):
        self.make_token("alpha")
        self.make_key("alpha", "sloppy", "--key-type", "EC:prime256v1", "--id", "01")
        self.file("first", "12")
        self.file("second", "34")
        self.assertIsNone(self.signer('{ halves = [{ file = "first" }, { file = "second" }] }'))
        self.assertEqual(self.signer('{ halves = [{ file = "second" }, { file = "first" }] }')[0], 3)


if __name__ == "__main__":
    unittest.main()
