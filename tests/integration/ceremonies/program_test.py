#!/usr/bin/env python3
"""program_test.py VERIFIER HOLD SOFTHSM_INIT: the program itself: arguments, output, exit codes."""
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

verifier, hold, softhsm_init = sys.argv[1:4]
failures = 0


def expect(what, condition, detail=""):
    global failures
    print(("ok      " if condition else "FAILED  ") + what)
    if not condition:
        failures += 1
        print(detail)


def verify(*arguments):
    done = subprocess.run([verifier, *map(str, arguments)], capture_output=True, text=True)
    return done.returncode, done.stdout + done.stderr


with tempfile.TemporaryDirectory(prefix="sealwright-verify-") as name:
    work = pathlib.Path(name)
    subprocess.run(["simulators/softhsm/provision", "--folder", work / "hsm", "--init", softhsm_init, "--token", "sealwright-root", work / "root.pin", work / "so.pin",
                    "--token", "sealwright-online", work / "online.pin", work / "so.pin"], check=True, capture_output=True)
    text = pathlib.Path("ceremonies/scripts/bindings-softhsm.toml").read_text()
    text = text.replace('pin = { prompt = true }', 'pin = { file = "root.pin" }', 1).replace('pin = { prompt = true }', 'pin = { file = "online.pin" }', 1)
    (work / "bindings.toml").write_text(text.replace('mode = "rehearsal"', 'mode = "production"'))
    out = work / "out"
    subprocess.run([hold, "run", "ceremonies/scripts/two-tier.toml", work / "bindings.toml", out], check=True, capture_output=True,
                   env={**os.environ, "SOFTHSM2_CONF": str(work / "hsm/softhsm2.conf")})
    head_file = pathlib.Path(str(out) + ".head")
    head = head_file.read_text()
    roots = work / "roots.pem"
    shutil.copy(out / "artefacts/root.pem", roots)

    for what, arguments in {
        "words as one argument": ["--head", head],
        "words as many arguments": ["--head", *head.split()],
        "words without their number": ["--head", head.split(" ", 1)[1]],
        "words from a file": ["--head-file", head_file],
    }.items():
        code, output = verify("ceremony", out, "--roots", roots, *arguments)
        expect(f"{what}: 0", code == 0 and output.endswith("verdict: VALID\n"), output)
    # hold_ceremony confirms everything itself.
    code, output = verify("ceremony", out, "--roots", roots, "--head-file", head_file)
    expect("confirmations by a program: in the first line", output.startswith("ATTENTION  5 of 5 confirmations were given by a program"), output)
    code, output = verify("ceremony", out, "--roots", roots, "--head-file", head_file, "--json")
    parsed = json.loads(output)
    expect("--json: 0 and one object", code == 0 and parsed["exit"] == 0 and parsed["verdict"] == "VALID" and len(parsed["areas"]) > 10 and len(parsed["headlines"]) == 1, output)
    code, output = verify("ceremony", out, "--roots", roots)
    expect("no head: 2", code == 2 and "verdict: INCOMPLETE" in output, output)
    code, output = verify("ceremony", out, "--head-file", head_file)
    expect("no roots: 2", code == 2, output)
    words = head.split()
    words[5] = "aardvark" if words[5] != "aardvark" else "absurd"
    code, output = verify("ceremony", out, "--roots", roots, "--head", " ".join(words))
    expect("a wrong word: 1", code == 1 and "verdict: INVALID" in output, output)
    code, output = verify("ceremony", work / "nothing", "--roots", roots, "--head-file", head_file)
    expect("no bundle: 2", code == 2, output)
    for arguments in [[], ["ceremony"], ["ceremony", out, "--unknown"], ["audit"], ["attestation"], ["backup", "x"], ["ceremony", out, "--head", head, "--head-file", head_file]]:
        code, output = verify(*arguments)
        expect(f"wrong usage {' '.join(map(str, arguments))[:40]!r}: 64", code == 64, output)
    for arguments in [["--help"], ["ceremony", "--help"], ["audit", "--help"], ["--version"]]:
        code, output = verify(*arguments)
        expect(f"{' '.join(arguments)}: 0", code == 0 and len(output) > 10, output)

    # The transcript is a log too, but no audit log: its entries are of another kind.
    code, output = verify("audit", out / "transcript", "--key", out / "artefacts/audit-key.pem")
    expect("a transcript is no audit log: 1", code == 1 and "is no audit entry of version 1" in output and "signature of the checkpoint" not in output, output)

sys.exit(1 if failures else 0)
