#!/usr/bin/env python3
"""store_commands.py BUILD_DIR: `sealwrightd store ...` on a real site: a thief speaks as a boot far ahead and has a CRL with a number far ahead signed, the true daemon
is refused by the signer, and goes on by docs/operations/stolen-daemon.md; then a clock that ran ahead and was put right."""

import json
import os
import pathlib
import shutil
import sqlite3
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent.parent / "support"))
from house import House, expect, run  # noqa: E402

REASON = "Ann Example: the daemon's stay was broken into, ticket 7 (é)"
NOBODY = 65534


class Site(House):
    def store(self, *arguments, status=0, says=""):
        done = run(self.bin / "sealwrightd", "--config", self.folder / "sealwrightd.toml", "store", *arguments, check=False)
        expect(done.returncode == status and says in done.stdout + done.stderr,
               f"store {' '.join(map(str, arguments))}: wanted {status} and '{says}', got {done.returncode}\n{done.stdout}{done.stderr}")
        return done.stdout

    def standing(self):
        return json.loads(self.store("show", "--json"))

    def in_file(self, sql, write=False):
        """in_file asks the database itself, while nobody else uses it."""
        connection = sqlite3.connect(self.folder / "state/ca.db")
        try:
            answer = connection.execute(sql).fetchall()
            if write:
                connection.commit()
            return answer
        finally:
            connection.close()

    def leaves(self):
        return [json.loads(leaf) for (leaf,) in self.in_file("SELECT leaf FROM audit_leaf ORDER BY idx")]

    def everything(self):
        """everything that a dry run may not change."""
        return self.in_file("SELECT * FROM site"), self.in_file("SELECT * FROM boot"), self.in_file("SELECT * FROM issuer"), len(self.leaves())

    def unchanged(self, *arguments, **expected):
        before = self.everything()
        text = self.store(*arguments, **expected)
        expect(self.everything() == before, f"store {' '.join(map(str, arguments))} changed something")
        return text

    def refused_start(self, says):
        done = run(self.bin / "sealwrightd", "--config", self.folder / "sealwrightd.toml", check=False, timeout=60)
        expect(done.returncode == 1 and says in done.stderr, f"wanted 1 and '{says}', got {done.returncode}\n{done.stderr}")

    def steal(self, epoch, purpose, tbs, key):
        (self.folder / "tbs").write_bytes(tbs)
        done = run(self.test_bin / "behind_the_back", self.folder / "run/signer.sock", self.standing()["node"], epoch, key, purpose, self.folder / "tbs", check=False)
        expect(done.returncode == 0, f"the thief: {done.stdout}{done.stderr}")

    def crl_tbs(self, number):
        """The TBS of the served CRL under another number, of one octet like its own."""
        der = self.plain("GET", "/crl/issuing.crl").body
        (self.folder / "crl.der").write_bytes(der)
        tbs = self.folder / "crl.tbs"
        run("openssl", "asn1parse", "-inform", "DER", "-in", self.folder / "crl.der", "-strparse", {0x81: 3, 0x82: 4}[der[1]], "-noout", "-out", tbs)
        octets = tbs.read_bytes()
        at = octets.index(bytes.fromhex("551d140403" "0201")) + 7
        return octets[:at] + bytes([number]) + octets[at + 1:]

    def crl_number(self):
        file = self.folder / "now.crl"
        file.write_bytes(self.plain("GET", "/crl/issuing.crl").body)
        return int(run("openssl", "crl", "-inform", "DER", "-in", file, "-noout", "-crlnumber").stdout.strip().split("=")[1], 16)

    def verdict(self, status, *says):
        folder = self.folder / f"export-{len(list(self.folder.glob('export-*')))}"
        run(self.bin / "sealwright", "audit", "export", folder, "--socket", self.admin_socket)
        done = run(self.bin / "sealwright-verify", "audit", folder, "--key", self.artefacts / "audit-key.pem", check=False)
        for text in says:
            expect(text in done.stdout, f"'{text}' is not said:\n{done.stdout}")
        expect(done.returncode == status, f"wanted {status}, got {done.returncode}\n{done.stdout}")


def check_what_was_signed(site, *says):
    """As stolen-daemon.md has it: copies of state and journal, while neither daemon nor signer is asked for anything."""
    copies = site.folder / "copies"
    shutil.copytree(site.folder / "state", copies / "state")
    shutil.copy(site.journal, copies / "journal")
    arguments = ("audit", copies / "state/audit", "--key", site.artefacts / "audit-key.pem", "--journal", copies / "journal")
    done = run(site.bin / "sealwright-verify", *arguments, "--stopped", check=False)
    expect(done.returncode == 1 and all(text in done.stdout for text in says), f"wanted 1 and {says}, got {done.returncode}\n{done.stdout}{done.stderr}")
    done = run(site.bin / "sealwright-verify", *arguments, check=False)
    expect(done.returncode == 2 and "export the log again" in done.stdout, f"a log that may go on: {done.returncode}\n{done.stdout}")
    print("ok     what the thief had signed is told from the daemon's own export and the journal, both stopped")


def check_refusals(site):
    """With the daemon running, and as somebody else."""
    for arguments in (("show",), ("raise-boot", 1000, "--reason", REASON, "--write"), ("accept-clock", "--reason", REASON, "--write")):
        site.store(*arguments, status=1, says="another sealwrightd uses the state folder")
    expect(site.ready(), "and the daemon goes on")
    print("ok     refused while the daemon runs")

    expect(site.daemon.stop() == 0, "exit status")
    state = site.folder / "state"
    if os.geteuid() == 0:
        before = {path: path.stat().st_uid for path in state.rglob("*")}
        os.chown(state, NOBODY, -1)
        command = f"runuser -u nobody -- {site.bin}/sealwrightd --config {site.folder}/sealwrightd.toml store raise-boot 1000 --reason 'it'\\''s mine' --write"
        site.store("raise-boot", 1000, "--reason", "it's mine", "--write", status=1, says=command)
        site.store("show", status=1, says="runuser -u nobody -- ")
        os.chown(state, 0, -1)
        expect({path: path.stat().st_uid for path in state.rglob("*")} == before, "no file was made or changed hands")
        print("ok     refused to another user than the state's own, with the command to type")
    else:
        print("skip   not root: ANOTHER USER'S STATE WAS NOT TESTED")

    away = site.folder / "state.away"
    state.rename(away)
    site.store("show", status=1, says="there is no state folder")
    expect(not state.exists(), "none is made")
    state.mkdir()
    site.store("show", status=1, says="there is no store")
    expect(not list(state.iterdir()), "none is made")
    state.rmdir()
    away.rename(state)
    for arguments in (("raise-boot",), ("raise-boot", 1000), ("raise-boot", "010", "--reason", "x"), ("raise-boot", "0x10", "--reason", "x"), ("raise-boot", 1000, "--reason", " "),
                      ("raise-boot", 1000, "--reason", "a\nb"), ("raise-boot", 1000, "--reason", "x" * 1025), ("raise-crl-number", 1000, "--reason", "x"), ()):
        site.unchanged(*arguments, status=2)
    print("ok     makes nothing where nothing is, and takes no half command")


def check_whole_way(site):
    site.start_daemon()
    site.wait_until(site.ready, "ready")
    tbs = site.crl_tbs(100)
    expect(site.daemon.stop() == 0, "exit status")
    stood = site.standing()
    issuer = stood["issuers"][0]
    expect(issuer["name"] == "issuing" and 0 < issuer["crl_number"] < 100 and stood["clock_behind"] == 0, f"{stood}")
    thief = stood["boot"] + 1000
    site.steal(thief, "crl", tbs, issuer["key"])
    check_what_was_signed(site, "signed behind the end of the log: CRL number 100", "verdict: INVALID")
    site.refused_start(f"a newer boot epoch of this node was seen ({thief})")
    boot = site.standing()["boot"]
    expect(boot == stood["boot"] + 1, "the refused start was counted")

    # A dry run, then what cannot be meant, then the change.
    said = site.unchanged("raise-boot", thief, "--reason", REASON, says="nothing was changed; --write changes it")
    expect(f"from {boot} to {thief}; the next start is boot {thief + 1}" in said, said)
    for number in (boot, boot - 1):
        for write in ((), ("--write",)):
            site.unchanged("raise-boot", number, "--reason", REASON, *write, status=1, says=f"is {boot} already")
    site.unchanged("raise-boot", 2 ** 62, "--reason", REASON, "--far", "--write", status=1, says="2^62")
    site.unchanged("raise-boot", boot + 65537, "--reason", REASON, says="say --far")
    site.unchanged("raise-boot", boot + 65537, "--reason", REASON, "--write", status=1, says="say --far")
    entries = len(site.leaves())
    said = site.store("raise-boot", thief, "--reason", REASON, "--write")
    expect(f"with entry {entries} of the audit log" in said, said)
    entry = site.leaves()[-1]
    actor = entry["actor"]
    expect(len(site.leaves()) == entries + 1 and entry["kind"] == "epoch.raised" and actor.startswith(f"uid:{os.geteuid()}") and entry["epoch"] == str(boot) and
           entry["fields"] == {"from": str(boot), "to": str(thief), "reason": REASON}, f"{entry}")
    expect(site.standing()["boot"] == thief, "it stands")
    print("ok     the boot: dry run, backwards, too far, and behind the thief's, with its entry")

    site.start_daemon()
    site.wait_until(site.ready, "ready")
    expect(site.status()["epoch"] == thief + 1, "the boot behind the thief's")
    answer = site.admin("POST", "/v1/crl/publish", {})
    expect(answer.status >= 400 and "must be greater than the last one (100)" in (site.folder / "sealwrightd.log").read_text(), f"{answer.status} {answer.body!r}")
    expect(site.daemon.stop() == 0, "exit status")
    number = site.standing()["issuers"][0]["crl_number"]
    for name in ("issuing", issuer["key"]):
        site.unchanged("raise-crl-number", name, 100, "--reason", REASON, says=f"from {number} to 100; the next CRL is number 101")
        site.unchanged("raise-crl-number", name, number, "--reason", REASON, "--write", status=1, says=f"is {number} already")
    site.unchanged("raise-crl-number", "0" * 64, 100, "--reason", REASON, "--write", status=1, says="the store knows no issuer")
    site.unchanged("raise-crl-number", "issuing-ca", 100, "--reason", REASON, "--write", status=1, says="an issuer is 'issuing'")
    site.unchanged("raise-crl-number", "issuing", number + 2 ** 20 + 1, "--reason", REASON, "--write", status=1, says="say --far")
    site.store("raise-crl-number", "issuing", 100, "--reason", REASON, "--write", says="changed, with entry")
    entry = site.leaves()[-1]
    expect(entry["kind"] == "crl.number_raised" and entry["actor"] == actor and
           entry["fields"] == {"from": str(number), "to": "100", "reason": REASON, "issuer_key": issuer["key"]}, f"{entry}")

    site.start_daemon()
    site.wait_until(site.ready, "ready")
    answer = site.admin("POST", "/v1/crl/publish", {})
    expect(answer.status < 400 and site.crl_number() > 100, f"{answer.status} {answer.body!r}, number {site.crl_number()}")
    shown = run(site.bin / "sealwright", "audit", "show", "--kind", "crl.number_raised", "--socket", site.admin_socket).stdout
    expect("to=100" in shown and "ticket 7" in shown, shown)
    site.verdict(0, f"from {boot} to {thief}", f"from {number} to 100", "ticket 7")
    print("ok     the CRL number likewise, and the daemon publishes; sealwright-verify tells both")


def check_clock(site):
    site.daemon.kill()  # a store that nobody closed can be set as well
    site.unchanged("accept-clock", "--reason", REASON, "--write", says="nothing was changed")
    site.in_file("UPDATE site SET committed_at = committed_at + 86400", write=True)  # what a clock that ran ahead leaves
    site.refused_start("the clock went back")
    expect(86000 < site.standing()["clock_behind"] <= 86400, f"{site.standing()}")
    site.store("show", says="behind the last commit")
    site.unchanged("raise-boot", site.standing()["boot"] + 1, "--reason", REASON, "--write", status=1, says="see store accept-clock")
    site.unchanged("accept-clock", "--reason", REASON, says="nothing was changed; --write changes it")
    site.unchanged("accept-clock", status=2)
    site.store("accept-clock", "--reason", REASON, "--write", says="changed, with entry")
    entry = site.leaves()[-1]
    expect(entry["kind"] == "clock.accepted" and entry["v"] == 2 and entry["fields"]["to"] == entry["time"] and entry["fields"]["reason"] == REASON, f"{entry}")
    expect(site.standing()["clock_behind"] == 0, "it stands")
    site.unchanged("accept-clock", "--reason", REASON, "--write", says="and is not behind the last commit")
    site.start_daemon()
    site.wait_until(site.ready, "ready")
    shown = run(site.bin / "sealwright", "audit", "show", "--kind", "clock.", "--socket", site.admin_socket).stdout
    expect("clock.accepted" in shown and "ticket 7" in shown, shown)
    site.verdict(3, "a person set the log's clock back", "ticket 7")
    print("ok     a clock that ran ahead: nothing can be recorded, then accepted, once, and the verdict tells it")


def main():
    with tempfile.TemporaryDirectory(prefix="sealwright-store-") as scratch:
        site = Site(pathlib.Path(sys.argv[1]), pathlib.Path(scratch) / "site", shim=False)
        try:
            site.start_signer()
            site.start_daemon()
            site.wait_until(site.ready, "ready")
            check_refusals(site)
            check_whole_way(site)
            check_clock(site)
        finally:
            site.stop()


if __name__ == "__main__":
    main()
