#!/usr/bin/env python3
"""links.py VERIFIER OTHER: no code that talks to an HSM, holds a ceremony, issues or stores is linked into VERIFIER. OTHER is a program that has such code: it
must be found there, or this test could not fail."""
import re
import subprocess
import sys

SYMBOLS = re.compile(
    r"sealwright::(hsm|audit|profile|policy|issuance|store|server|cli|protocols|http_client|http_server)::"
    r"|sealwright::ceremonies::(?!head_|parse_head|TypedHead|\(anonymous namespace\)::k(Even|Odd)Words|\(anonymous namespace\))"
    r"|\bC_(Sign|Login|Initialize|GetFunctionList|GenerateKeyPair)\b|\bPKCS11_|\bsqlite3_|\bdlopen\b|\bsocket\b|\bconnect\b"
)
LIBRARIES = re.compile(r"libp11|p11-kit|sqlite|softhsm|libssl|boost")


def run(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def found(program):
    symbols = sorted({line for line in run("nm", "-C", program).splitlines() if SYMBOLS.search(line)})
    libraries = [line.strip() for line in run("ldd", program).splitlines() if LIBRARIES.search(line)]
    return symbols + libraries


verifier, other = sys.argv[1:3]
wrong = found(verifier)
for line in wrong[:30]:
    print("linked into the verifier:", line)
if not found(other):
    print("nothing found in", other, "either: the scan is blind")
    sys.exit(1)
sys.exit(1 if wrong else 0)
