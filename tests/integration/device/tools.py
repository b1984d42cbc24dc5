#!/usr/bin/env python3
"""tools.py BUILD_DIR: a client that is none of ours, tpm2-tools with openssl and curl (simulators/swtpm/tools_client), drives the two rounds of the native protocol
against a real sealwrightd: each kind of endorsement key, both kinds of attestation key, each kind of key; and every way of cheating that it knows is refused for its
own reason."""

import argparse
import pathlib
import re
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent.parent / "support"))
from enrol import SIMULATOR, Site  # noqa: E402
from house import expect, run  # noqa: E402

ACCEPTED = [("L-1", "ecc", "p256"), ("L-1", "rsa", "rsa2048"), ("L-2", "ecc", "p384"), ("L-2", "rsa", "p256"), ("H-3", "ecc", "p256"), ("H-3", "rsa", "rsa2048"),
            ("H-6", "rsa", "p384"), ("H-6", "ecc", "rsa2048")]
# What each way of cheating must be refused for, and for nothing else.
CHEATS = {"software-key": ["key_attributes"], "duplicable-key": ["key_attributes"], "unrestricted-ak": ["ak_restricted"], "stale-nonce": ["certify_nonce"],
          "other-csr": ["key_matches_request"], "wrong-secret": ["activation_secret"], "replay": []}


class Tools:
    def __init__(self, site):
        self.site, self.number = site, 0

    def ask(self, kind, ak="ecc", key="p256", name=None, profile="tpm", **options):
        self.number += 1
        name = name or f"tools-{kind}.devices.demo.sealwright.test".lower()
        secret = self.site.folder / f"tools-{self.number}.secret"
        answer = self.site.admin("POST", "/v1/secrets", {"profile": profile, "names": [name]})
        expect(answer.status == 201, answer.body)
        secret.write_text(answer.json["secret"])
        out = self.site.folder / f"tools-{self.number}"
        argv = [SIMULATOR / "tools_client", "--tcti", self.site.tpm(kind), "--server", self.site.url, "--ca", self.site.root, "--profile", profile, "--secret-file", secret,
                "--name", name, "--out", out, "--ek", kind.split(".")[0], "--ak", ak, "--key", key]
        for option, value in options.items():
            argv += [f"--{option.replace('_', '-')}"] + ([] if value is True else [str(value)])
        return run(*argv, check=False), out

    def accepted(self, kind, **options):
        done, out = self.ask(kind, **options)
        expect(done.returncode == 0, f"{kind} {options}: exit status {done.returncode}\n{done.stdout}{done.stderr}")
        return out / "chain.pem"

    def refused(self, kind, status, checks, **options):
        done, _ = self.ask(kind, **options)
        found = re.findall(r"^   ([a-z_]+): ", done.stdout, re.M)
        expect(done.returncode == 1 and done.stdout.startswith(str(status)) and found == checks,
               f"{kind} {options}: exit status {done.returncode}, found {found}\n{done.stdout}{done.stderr}")


def test(site):
    tools = Tools(site)
    for kind, ak, key in ACCEPTED:
        chain = tools.accepted(kind, ak=ak, key=key)
        verified = run("openssl", "verify", "-x509_strict", "-CAfile", site.root, "-untrusted", chain, chain, check=False)
        expect(verified.returncode == 0, verified.stdout + verified.stderr)
    tools.accepted("L-2", by_template=True)
    for cheat, checks in CHEATS.items():
        tools.refused("L-1", 409 if cheat == "replay" else 403, checks, cheat=cheat)
    done, _ = tools.ask("L-1", certificate=site.tpms["L-2"][0] / "ek.der")
    expect(done.returncode == 1 and "ek_certificate_key:" in done.stdout, done.stdout)
    done, _ = tools.ask("L-1", name="another.devices.demo.sealwright.test")
    expect(done.returncode == 1 and "under another identity" in done.stdout, done.stdout)
    done, _ = tools.ask("L-1", no_certificate=True)
    expect(done.returncode == 1 and "ek_level:" in done.stdout, done.stdout)
    verdict = site.verify_audit()
    expect(verdict.returncode == 0, verdict.stdout)
    print(f"{len(ACCEPTED) + 1} accepted, {len(CHEATS) + 3} refused")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("build", type=pathlib.Path)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="sealwright-tools-") as scratch:
        site = Site(arguments.build.resolve(), pathlib.Path(scratch) / "house")
        try:
            site.start()
            test(site)
        finally:
            site.stop()


if __name__ == "__main__":
    main()
