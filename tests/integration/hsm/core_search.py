#!/usr/bin/env python3
"""core_search.py BUILD_DIR: after login and after signatures the PIN is nowhere in the daemon's memory, and in the signer's only in pages that no core file gets; with the
PIN from a file, in two halves, and sealed to a simulated TPM."""

import os
import pathlib
import secrets
import shutil
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent.parent / "support"))
from house import ROOT, House, expect, run  # noqa: E402
from memory import family, search_family  # noqa: E402

SWTPM = ROOT / "simulators/swtpm"


def use(site, source):
    """use has the signer take the PIN of its token from there, from now on."""
    config = site.folder / "signer.toml"
    lines = [f"pin = {source}" if line.startswith("pin = ") else line for line in config.read_text().splitlines()]
    expect(f"pin = {source}" in lines, "the signer's configuration names a source of its PIN")
    config.write_text("\n".join(lines) + "\n")


def look(site, pin, what, parts=()):
    site.start_signer()
    site.start_daemon()
    try:
        for csr in site.make_requests(3):
            answer = site.admin("POST", "/v1/secrets", {"profile": "tls-server", "names": [], "lifetime": "10m"})
            expect(answer.status == 201, "a secret")
            (site.folder / "one.csr").write_text(csr)
            run(site.bin / "sealwright", "cert", "issue", "--profile", "tls-server", "--csr", site.folder / "one.csr", "--out", site.folder / "one.pem", "--socket",
                site.admin_socket)
            (site.folder / "one.pem").unlink()
        signer, daemon = site.signer.child.pid, site.daemon.child.pid
        # The search finds what is there: the socket's path is in both.
        for pid in (signer, daemon):
            expect(search_family(pid, b"signer.sock"), "the search finds nothing at all")
        kept = search_family(signer, pin)
        expect(kept, "the signer keeps its PIN for a token that loses its sessions, and the search does not find it")
        expect(not [mapping for mapping in kept if mapping.is_dumped], f"{what}: the PIN stands where a core would hold it: {kept}")
        expect(not search_family(daemon, pin), f"{what}: the PIN is in the daemon's memory")
        for part in parts:
            found = [mapping for mapping in search_family(signer, part) if mapping.is_dumped]
            expect(not found, f"{what}: half of the PIN stands where a core would hold it: {found}")
        for pid in family(signer) + family(daemon):
            for name in ("environ", "cmdline"):
                expect(pin not in pathlib.Path(f"/proc/{pid}/{name}").read_bytes(), f"{what}: the PIN is in {name}")
        for log in (site.signer.log_path, site.daemon.log_path):
            expect(pin not in log.read_bytes(), f"{what}: the PIN is in {log.name}")
    finally:
        site.stop()
    print(f"ok     {what}: {len(kept)} in pages that are not dumped, none elsewhere")


def main():
    if os.geteuid() != 0:
        print("SKIPPED: not root: WHETHER A CORE WOULD HOLD THE PIN WAS NOT TESTED")
        sys.exit(77)
    with tempfile.TemporaryDirectory(prefix="sealwright-core-") as scratch:
        scratch = pathlib.Path(scratch)
        site = House(sys.argv[1], scratch / "site", shim=False)
        # A PIN that nothing else looks like: the ceremony's was the simulator's.
        old, new = site.folder / "softhsm/online.pin", secrets.token_hex(16).encode()
        run("pkcs11-tool", "--module", "/usr/lib/softhsm/libsofthsm2.so", "--token-label", "sealwright-online", "--login", "--pin", old.read_text().strip(),
            "--change-pin", "--new-pin", new.decode(), env={**os.environ, **site.signer_environment})
        old.write_bytes(new)
        look(site, new, "from a file")
        for name, half in (("first", new[:15]), ("second", new[15:])):
            (site.folder / name).write_bytes(half)
            (site.folder / name).chmod(0o600)
        use(site, '{ halves = [{ file = "first" }, { file = "second" }] }')
        look(site, new, "in two halves", [new[:15], new[15:]])
        if not all(shutil.which(tool) for tool in ("swtpm", "swtpm_setup")):
            print("SKIPPED: no swtpm: A SEALED PIN WAS NOT LOOKED FOR")
            return
        run(SWTPM / "provision", "--folder", scratch / "tpm", "--vendor", scratch / "vendor", "--profile", "L-2")
        tcti = run(SWTPM / "start", scratch / "tpm").stdout.strip()
        try:
            run(site.bin / "sealwright", "hsm", "pin", "seal", "--tcti", tcti, "--pin-file", old, "--out", site.folder / "pin.sealed")
            use(site, f'{{ sealed = "pin.sealed", tcti = "{tcti}" }}')
            look(site, new, "sealed to a TPM")
        finally:
            run(SWTPM / "stop", scratch / "tpm")


if __name__ == "__main__":
    main()
