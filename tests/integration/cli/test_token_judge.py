"""hsm test and hsm bench: what SoftHSM is judged to be, and what each fault of a module makes of it (simulators/faulty_module)."""

import json
import os
import pathlib
import shutil
import signal
import subprocess
import time
import unittest

from fake_daemon import SEALWRIGHT
from test_offline import MODULE, TokenCase

FAULTY = pathlib.Path(SEALWRIGHT).parent.parent / "simulators/faulty_module.so"


@unittest.skipUnless(os.path.exists(MODULE) and shutil.which("pkcs11-tool"), "softhsm2 or opensc is not installed")
class JudgeCase(TokenCase):
    def setUp(self):
        super().setUp()
        self.make_token("trial")
        self.token = ("--pin-file", self.folder / "pin", "--token-label", "trial")
        self.environment |= {"SEALWRIGHT_FAULTY_MODULE": MODULE, "SEALWRIGHT_FAULTY_SCRIPT": str(self.file("script", ""))}

    def tearDown(self):
        self.assertEqual(self.left_over(), 0)
        super().tearDown()

    def left_over(self):
        told = subprocess.run(["pkcs11-tool", "--module", MODULE, "--token-label", "trial", "--login", "--pin", "1234", "--list-objects"], check=True,
                              capture_output=True, text=True, env=self.environment).stdout
        return told.count("sealwright-test-")

    def command(self, verb, *argv, faults="", expect=0):
        """command runs hsm test or bench, through the faulty module where there are faults."""
        self.file("script", faults.replace("ONCE", f"once_file={self.folder}/once"))
        return self.run_program("hsm", verb, "--module", FAULTY if faults else MODULE, *self.token, *argv, socket=False, env=self.environment, expect=expect)

    def judge(self, faults="", expect=0, deadline=20):
        told = json.loads(self.command("test", "--quick", "--yes", "--json", "--deadline", deadline, faults=faults, expect=expect).stdout)
        self.assertEqual(told["verdict"], {0: "fit", 1: "unfit", 3: "fit with limits"}[expect])
        self.assertEqual(told["throw_away_keys"]["left_over"], 0)
        self.assertEqual(told["format"], 1)
        return told

    @staticmethod
    def broken(told):
        return {rule["id"] for rule in told["rules"] if rule["outcome"] == "broken" and rule["severity"] != "note"}


class Verdicts(JudgeCase):
    def test_SoftHsmIsFit(self):
        told = self.judge()
        self.assertEqual(self.broken(told), set())
        outcomes = {rule["id"]: rule["outcome"] for rule in told["rules"]}
        self.assertEqual(outcomes["token.hardware"], "broken")
        self.assertEqual(outcomes["template.defaults-safe"], "broken")
        works = {(row["key"], row["operation"]) for row in told["capabilities"] if row["result"] == "works"}
        for row in [("rsa-2048", "rsa-pss-sha256, hashed in the token"), ("ec-p384", "ecdsa-sha384, hashed outside"), ("ed25519", "ed25519"), ("ec-p256", "agree, ECDH"),
                    ("private key", "wrap and unwrap, CKM_AES_KEY_WRAP_PAD")]:
            self.assertIn(row, works)
        self.assertIn("CKM_ECDSA", told["mechanisms"])
        self.assertEqual(len(told["facts"]["sha256"]), 64)
        self.assertFalse(told["wrong_pin_tried"])
        self.assertTrue(all(step["ended"] == "done" for step in told["raw"]["steps"]))

    def test_WhatIsUnfit(self):
        # Faults that do not hide one another share a run.
        for faults, rules in [
            ("C_GetAttributeValue attribute=CKA_VALUE value=disclosed of=private\nC_GetAttributeValue attribute=CKA_LOCAL value=true of=private\n"
             "C_GenerateKeyPair ignore=CKA_EXTRACTABLE=true",
             {"secret.not-disclosed", "secret.import-provenance", "wrap.provenance-lost", "template.sensitive", "template.evidence", "wrap.unextractable-refused",
              "wrap.loosened-keeps"}),
            ("C_GetAttributeValue alter=key", {"key.public-matches"}),
            ("C_Sign count=0 percent=40 alter=signature", {"sign.correct"}),
            ("C_Sign count=0 truncate=1", {"sign.length", "sign.any"}),
            ("C_GenerateKeyPair count=0 return=CKR_FUNCTION_FAILED", {"sign.any", "sign.advertised"}),
            ("C_Login after=1 count=0 return=CKR_DEVICE_ERROR\nC_GetAttributeValue attribute=CKA_SENSITIVE value=false of=private",
             {"session.relogin", "template.sensitive", "secret.sensitive-stays-true", "secret.copy-keeps"}),
        ]:
            with self.subTest(faults):
                found = self.broken(self.judge(faults, expect=1))
                self.assertLessEqual(rules, found)

    def test_WhatLimits(self):
        for faults, rules in [
            ("C_Sign race delay_ms=20\nC_GenerateKeyPair ignore=CKA_DECRYPT=true", {"thread.sign", "template.usage", "template.usage-enforced", "template.evidence"}),
            ("C_OpenSession limit=8\nC_CloseAllSessions count=0 return=CKR_OK\nC_CopyObject crash ONCE",
             {"session.lanes", "session.close-all-ends-login", "process.no-crash-unusual"}),
            ("C_Logout count=0 return=CKR_OK\nC_Finalize count=0 return=CKR_GENERAL_ERROR", {"session.logout-ends-use", "process.reinitialise"}),
        ]:
            with self.subTest(faults):
                self.assertEqual(self.broken(self.judge(faults, expect=3)), rules)

    def test_ARestoredKeyIsAsProtectedAsItWasTold(self):
        for faults, rule in [("C_UnwrapKey count=0 ignore=CKA_SENSITIVE=false", "wrap.template-obeyed"),
                             ("C_GenerateKey count=0 ignore=CKA_UNWRAP_TEMPLATE", "wrap.unwrap-template-obeyed")]:
            with self.subTest(rule):
                told = self.judge(faults, expect=3)
                self.assertEqual(self.broken(told), {rule})
                self.assertEqual({row["outcome"] for row in told["rules"] if row["id"] == "wrap.backup"}, {"broken"})

    def test_ARefusalWithoutAComparisonDecidesNothing(self):
        # Nothing at all is wrapped, though the list says so; no key to wrap by; one session that signs.
        for faults, rule in [("C_WrapKey count=0 return=CKR_FUNCTION_FAILED", "wrap.unextractable-refused"),
                             ("C_GenerateKey count=0 return=CKR_FUNCTION_FAILED\nC_CreateObject count=0 return=CKR_FUNCTION_FAILED", "wrap.unextractable-refused"),
                             ("C_OpenSession limit=2", "thread.sign-correct")]:
            with self.subTest(faults):
                told = self.judge(faults, expect=3)
                self.assertEqual({row["outcome"] for row in told["rules"] if row["id"] == rule}, {"undecided"})
        told = self.judge("C_WrapKey count=0 return=CKR_FUNCTION_NOT_SUPPORTED\nC_GenerateKey count=0 return=CKR_FUNCTION_FAILED\n"
                          "C_CreateObject count=0 return=CKR_FUNCTION_FAILED")
        self.assertEqual({row["outcome"] for row in told["rules"] if row["id"] == "wrap.unextractable-refused"}, {"not applicable"})

    def test_ATokenThatMakesOneKeyAtATimeIsFit(self):
        told = self.judge("C_GenerateKeyPair race delay_ms=20")
        self.assertEqual(self.broken(told), set())
        self.assertEqual({rule["outcome"] for rule in told["rules"] if rule["id"] == "thread.generate"}, {"broken"})

    def test_WhatIsAbsentIsANoteAndNoVerdict(self):
        told = self.judge("C_GenerateRandom count=0 return=CKR_RANDOM_NO_RNG")
        self.assertEqual(self.broken(told), set())
        self.assertEqual({rule["outcome"] for rule in told["rules"] if rule["id"] == "token.random-present"}, {"broken"})


class Ends(JudgeCase):
    def test_ACrashIsAFindingAndTheTestGoesOn(self):
        told = self.judge("C_GenerateKeyPair after=2 crash ONCE", expect=1)
        self.assertEqual(self.broken(told), {"process.no-crash"})
        ended = [step for step in told["raw"]["steps"] if step["ended"] != "done"]
        self.assertEqual([step["ended"] for step in ended], ["crashed (SIGSEGV)"])
        self.assertEqual(told["raw"]["steps"][-1]["step"], "generate side by side")

    def test_AHangIsAFindingAndTheTestGoesOn(self):
        told = self.judge("C_Sign hang ONCE", expect=1, deadline=1)
        self.assertIn("process.no-hang", self.broken(told))
        self.assertIn("hung (over 2 s)", [step["ended"] for step in told["raw"]["steps"]])
        self.assertEqual(told["raw"]["steps"][-1]["ended"], "done")

    def test_AModuleThatEndsEveryProcessIsUnfitInTheEnd(self):
        told = self.judge("C_SignInit count=0 exit", expect=1)
        self.assertLessEqual({"process.no-crash", "sign.any"}, self.broken(told))

    def test_AModuleThatDiesWhenItIsLoadedIsSaidTo(self):
        self.assertIn("crashed (SIGSEGV) when it was loaded", self.command("test", "--yes", faults="C_Initialize count=0 crash", expect=1).stderr)
        self.assertIn("hung (over 1 s)", self.command("test", "--yes", "--deadline", 1, faults="C_GetSlotList count=0 hang", expect=1).stderr)
        self.assertIn("crashed (SIGABRT) at the login", self.command("test", "--yes", faults="C_Login count=0 abort", expect=1).stderr)
        self.run_program("hsm", "test", "--module", "/nonexistent.so", *self.token, "--yes", socket=False, env=self.environment, expect=4)

    def test_AnUnavailableDeviceIsNotTakenForAVerdict(self):
        self.assertIn("CKR_DEVICE_REMOVED", self.command("test", "--yes", faults="C_OpenSession count=0 return=CKR_DEVICE_REMOVED", expect=1).stderr)

    def test_AnInterruptedTestGivesNoVerdictAndLeavesNoKey(self):
        for number in (signal.SIGINT, signal.SIGTERM):
            signing = self.folder / f"signing-{number}"
            self.file("script", f"C_Sign count=0 delay_ms=100\nC_Sign delay_ms=1 once_file={signing}\n")
            with subprocess.Popen([SEALWRIGHT, "hsm", "test", "--module", FAULTY, *self.token, "--yes"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                  env=self.environment) as child:
                self.wait_for(signing)
                child.send_signal(number)
                told, complaints = child.communicate(timeout=60)
                self.assertEqual(child.returncode, 1, told + complaints)
                self.assertTrue(told.startswith("NO VERDICT: interrupted"), told)
                self.assertNotIn("What makes it unfit", told)
            self.assertEqual(self.left_over(), 0)

    def test_ASignalBetweenTwoProcessesIsNotForgotten(self):
        # The first process that loads the module has said everything, and takes long to end.
        ending = self.folder / "ending"
        self.file("script", f"C_Finalize delay_ms=1500 once_file={ending}\n")
        with subprocess.Popen([SEALWRIGHT, "hsm", "test", "--module", FAULTY, *self.token, "--yes"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                              env=self.environment) as child:
            self.wait_for(ending)
            time.sleep(0.5)
            child.send_signal(signal.SIGINT)
            told, complaints = child.communicate(timeout=60)
        self.assertEqual((child.returncode, told), (1, ""), complaints)
        self.assertEqual(complaints, "sealwright: interrupted\n")

    def wait_for(self, file):
        until = time.monotonic() + 60
        while not file.exists() and time.monotonic() < until:
            time.sleep(0.01)
        self.assertTrue(file.exists(), f"{file} never came")

    def test_KeysThatCannotBeDestroyedAreTold(self):
        done = self.command("test", "--quick", "--yes", faults="C_DestroyObject count=0 return=CKR_FUNCTION_FAILED", expect=3)
        self.assertIn("could not be destroyed", done.stderr)
        self.assertIn("key.destroyed: does not hold", done.stdout)
        label = done.stderr.split("labelled ")[1].split()[0]
        self.assertGreater(self.left_over(), 0)
        for kind in ("privkey", "pubkey", "secrkey"):
            while subprocess.run(["pkcs11-tool", "--module", MODULE, "--token-label", "trial", "--login", "--pin", "1234", "--delete-object", "--type", kind, "--label", label],
                                 capture_output=True, check=False, env=self.environment).returncode == 0:
                pass


class Pins(JudgeCase):
    def test_ARefusedPinIsNeverTriedAgain(self):
        done = self.command("test", "--yes", faults="C_Login count=0 return=CKR_PIN_INCORRECT", expect=1)
        self.assertIn("refused the PIN; it is not tried again", done.stderr)
        self.assertEqual(done.stdout, "")

    def test_ARefusalInTheMiddleEndsEverything(self):
        # The first child counts keys; the second, which is the first of the test, logs in twice.
        done = self.command("test", "--yes", "--quick", faults="C_Login after=1 count=0 return=CKR_PIN_INCORRECT", expect=1)
        self.assertIn("refused the PIN that it had taken before", done.stderr)
        self.assertEqual(done.stdout, "")
        subprocess.run(["pkcs11-tool", "--module", MODULE, "--token-label", "trial", "--login", "--pin", "1234", "--delete-object", "--type", "privkey", "--label",
                        done.stderr.split("labelled ")[1].split()[0]], check=False, capture_output=True, env=self.environment)
        subprocess.run(["pkcs11-tool", "--module", MODULE, "--token-label", "trial", "--login", "--pin", "1234", "--delete-object", "--type", "pubkey", "--label",
                        done.stderr.split("labelled ")[1].split()[0]], check=False, capture_output=True, env=self.environment)

    def test_ThePinIsTypedAndTheQuestionAnswered(self):
        os.environ["SOFTHSM2_CONF"] = self.environment["SOFTHSM2_CONF"]
        answers = [("PIN of token trial", "1234"), ("destroy them? [y/N]", "n")]
        code, shown = self.run_on_terminal("hsm", "test", "--module", MODULE, answers=answers, socket=False)
        del os.environ["SOFTHSM2_CONF"]
        self.assertEqual(code, 1, shown)
        self.assertIn("nothing was changed", shown)


class Manners(JudgeCase):
    def test_ATokenWithKeysIsRefusedUnlessYesIsSaid(self):
        self.make_key("trial", "precious", "--key-type", "EC:prime256v1", "--id", "01")
        told = self.command("test", "--quick", expect=1)
        self.assertIn("holds 1 private key", told.stderr)
        self.command("test", "--quick", "--yes")
        self.assertIn("precious", self.hsm("keys", "--pin-file", self.folder / "pin").stdout)

    def test_WithoutATerminalItWantsYes(self):
        self.assertIn("--yes", self.command("test", "--quick", expect=1).stderr)

    def test_ThePageIsWrittenAndNotOverwritten(self):
        page = self.folder / "page.html"
        done = self.command("test", "--quick", "--yes", "--page", page)
        self.assertTrue(done.stdout.startswith("FIT for a CA"))
        html = page.read_text()
        for text in ("FIT for a CA", "rsa-2048", "template.defaults-safe", "wrong PIN"):
            self.assertIn(text, html)
        self.assertNotIn("http", html)
        self.assertNotIn("<script", html)
        self.assertIn("not overwritten", self.command("test", "--quick", "--yes", "--page", page, expect=1).stderr)
        self.command("test", "--quick", "--yes", "--page", page, "--force", faults="C_OpenSession limit=8", expect=3)
        self.assertIn("FIT WITH LIMITS", page.read_text())


class Bench(JudgeCase):
    def bench(self, *argv, faults="", expect=0):
        return json.loads(self.command("bench", "--yes", "--json", *argv, faults=faults, expect=expect).stdout)

    def test_AThrottledTokenNeedsOneLane(self):
        # What is recommended of given figures is the unit tests'; here a machine that stands still for a moment must not decide.
        for _ in range(3):
            told = self.bench("--algorithms", "ecdsa-sha256", "--lanes", "1,2,4", "--seconds", "1.5", faults="C_Sign rate=50")
            if told["recommendation"]["lanes"] == 1:
                break
        self.assertEqual(told["recommendation"]["lanes"], 1)
        for measure in told["measures"]:
            self.assertLess(measure["per_second"], 60)
        self.assertEqual([measure["lanes"] for measure in told["measures"]], [1, 2, 4])

    def test_ASlowTokenThatWorksSideBySideNeedsMany(self):
        for _ in range(3):
            told = self.bench("--algorithms", "ecdsa-sha256", "--lanes", "1,2,4,8", "--seconds", "1", faults="C_Sign count=0 delay_ms=20")
            if told["recommendation"]["lanes"] == 8:
                break
        self.assertEqual(told["recommendation"]["lanes"], 8)
        self.assertGreaterEqual(told["measures"][0]["p50_ms"], 20)

    def test_ASlowTokenNeedsALongerHangAndDeadline(self):
        told = self.bench("--algorithms", "ed25519", "--lanes", "1", "--seconds", "0.1", faults="C_Sign count=0 delay_ms=1500")
        self.assertGreaterEqual(told["recommendation"]["hang_seconds"], 15)
        self.assertGreaterEqual(told["recommendation"]["deadline_seconds"], 30)

    def test_WhatTheTokenCannotDoIsLeftOutAndTold(self):
        told = self.bench("--algorithms", "ecdsa-sha256", "--lanes", "2,16", "--seconds", "0.1", faults="C_OpenSession limit=8")
        self.assertEqual([measure["lanes"] for measure in told["measures"]], [2])
        self.assertIn("CKR_SESSION_COUNT", told["left_out"][0])
        told = self.bench("--algorithms", "ed25519,ecdsa-sha256", "--lanes", "1", "--seconds", "0.1", faults="C_Sign crash ONCE")
        self.assertIn("SIGSEGV", told["left_out"][0])
        self.assertEqual([measure["algorithm"] for measure in told["measures"]], ["ed25519"])

    def test_ForPeopleItEndsWithWhatToSet(self):
        shown = self.command("bench", "--yes", "--algorithms", "ecdsa-sha256", "--lanes", "1,2", "--seconds", "0.1").stdout
        self.assertIn("In signer.toml:  lanes = ", shown)
        self.assertRegex(shown, r'deadline = "\d+s"')
        self.assertIn("ecdsa-sha384", self.command("bench", "--yes", "--algorithms", "rot13", expect=4).stderr)
        for seconds in ("nan", "-nan", "0.04", "inf", "x"):
            self.assertIn("--seconds", self.command("bench", "--yes", f"--seconds={seconds}", expect=2).stderr)


if __name__ == "__main__":
    unittest.main()
