#!/usr/bin/env python3
"""token_starts.py BUILD_DIR [--only NAME ...] [--keep FOLDER]: a whole CA is started while a token is away, or refuses its PIN.

What must hold: signer and daemon start by themselves, in this order and without being started again; while no token has the keys, issuing is refused with a reason and nothing is
left open; behind the token's return certificates are issued and verify; a PIN that was refused spends one login in all starts together; and at the end token, journal, store,
audit log, CRL and clients agree (comparison.py)."""

import argparse
import pathlib
import re
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
from comparison import settled  # noqa: E402
from house import Failure, expect  # noqa: E402
from token_faults import SECOND_SCRIPT, Site  # noqa: E402
from token_scenarios import AWAY  # noqa: E402
from workload import Requests  # noqa: E402

BACK = 10.0  # seconds from a token's return to a certificate: the signer tries at least every five


class Start:
    """A site whose processes are stopped and started again."""

    def __init__(self, build, folder, kind, requests):
        self.site = Site(build, folder, kind, requests)
        self.house, self.requests = self.site.house, requests
        self.logins = self.house.folder / "logins"

    def stop(self):
        for process in (self.house.daemon, self.house.signer):
            expect(process.stop() == 0, f"{process.name} did not end in order:\n{process.tail()}")
        self.logins.write_text("")

    def start_signer(self):
        self.mark = self.house.signer.log_path.stat().st_size
        self.house.start_signer(env={SECOND_SCRIPT.decode(): str(self.site.scripts[-1]), "SEALWRIGHT_FAULTY_LOGINS": str(self.logins)})

    def start(self):
        self.start_signer()
        self.house.start_daemon()

    def says(self, text):
        expect(text in self.site.log(self.mark), f"the signer does not say '{text}':\n{self.site.log(self.mark)}")

    def count_logins(self):
        return len(self.logins.read_text().splitlines())

    def issue(self):
        """issue gives the answer's code: '' where a certificate was issued."""
        answer = self.house.admin("POST", "/v1/certificates", {"profile": "tls-server", "csr": self.requests.good[0]})
        if answer.status == 201:
            self.site.told.remember(answer.json["serial"], answer.json["certificate"], answer.json["request"])
            return ""
        expect(answer.json.get("code") and answer.json.get("detail"), f"refused without a reason: {answer.status} {answer.body!r}")
        return answer.json["code"]

    def refused_while_away(self, seconds):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            code = self.issue()
            expect(code == "unavailable", f"while the token is away: '{code}'")
            time.sleep(0.1)

    def issued_again(self):
        began = time.monotonic()
        while True:
            code = self.issue()
            if not code:
                break
            expect(code == "unavailable", f"behind the token's return: '{code}'")
            expect(time.monotonic() - began < BACK, f"no certificate within {BACK} s of the token's return:\n{self.house.signer.tail()}")
            time.sleep(0.05)
        took = time.monotonic() - began
        self.house.wait_until(lambda: settled(self.house), "ready with every intent settled")
        return took

    def edit(self, name, change):
        path = self.house.folder / name
        text = path.read_text()
        changed = change(text)
        expect(changed != text, f"{name} is not written as expected")
        path.write_text(changed)


def absent_at_the_start(start):
    """The only token is away when signer and daemon start, for longer than a service manager would try."""
    start.stop()
    start.site.inject(AWAY)
    start.start()
    start.says("waiting for token")
    start.refused_while_away(5)
    expect(start.count_logins() == 0, "a token that is away was logged in to")
    start.site.inject("")
    return start.issued_again()


def service_not_there(start):
    """The module cannot begin, as where its service starts later."""
    start.stop()
    start.site.inject("C_Initialize count=0 return=CKR_GENERAL_ERROR\n")
    start.start()
    start.says("waiting for token")
    start.refused_while_away(2)
    start.site.inject("")
    return start.issued_again()


def second_with_a_wrong_pin(start):
    """The second location refuses its PIN; the signer is started again and again, and goes on with the first."""
    start.stop()
    wrong = start.house.folder / "wrong.pin"
    wrong.write_text("00000000")
    wrong.chmod(0o600)
    before = (start.house.folder / "signer.toml").read_text()

    def give_wrong_pin(text):
        head, second = text[:text.rindex("[[token]]")], text[text.rindex("[[token]]"):]
        return head + re.sub(r"(?m)^pin = .*$", f'pin = {{ file = "{wrong}" }}', second, count=1)

    start.edit("signer.toml", give_wrong_pin)
    for number in range(4):
        start.start_signer()
        if number == 0:
            start.house.start_daemon()
            start.says("the token refused the PIN; it is not tried again")
        else:
            start.says("the token refused this PIN before")
        took = start.issued_again()
        expect(start.count_logins() == 2 + number, f"{start.count_logins()} logins in {number + 1} starts, of which one was to be the second token's")
        expect(start.house.signer.stop() == 0, "the signer did not end in order")
    (start.house.folder / "signer.toml").write_text(before)
    start.start_signer()
    took = start.issued_again()
    expect(start.count_logins() == 7, f"{start.count_logins()} logins: the right PIN was to be tried")
    expect(not pathlib.Path(f"{start.house.journal}.refused-pins").exists(), "the refused PIN is still remembered")
    return took


def only_the_second_is_enrolled(start):
    """The keys name the second location alone, which is away: the first, which holds them too, is not asked."""
    start.stop()
    second = start.site.serials[1]
    keys = "ceremony/artefacts/signer-keys.toml"
    before = (start.house.folder / keys).read_text()
    start.edit(keys, lambda text: re.sub(r"(?m)^(purposes = .*)$", rf'\1\nlocations = ["{second}"]', text))
    start.site.inject(AWAY, 1)
    start.start()
    start.says("waiting for token " + second)
    start.refused_while_away(2)
    start.site.inject("", 1)
    took = start.issued_again()
    start.stop()
    (start.house.folder / keys).write_text(before)
    start.start()
    start.issued_again()
    return took


STARTS = [("absent at the start", "one", absent_at_the_start), ("service not there", "one", service_not_there),
          ("second location with a wrong PIN", "two", second_with_a_wrong_pin), ("only the second location enrolled", "two", only_the_second_is_enrolled)]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("build", type=pathlib.Path)
    parser.add_argument("--only", action="append", choices=[name for name, _, _ in STARTS])
    parser.add_argument("--keep", type=pathlib.Path, help="leave the houses in this folder")
    arguments = parser.parse_args()
    chosen = [row for row in STARTS if arguments.only is None or row[0] in arguments.only]
    failed, sites = 0, {}
    with tempfile.TemporaryDirectory(prefix="sealwright-token-starts-") as scratch:
        folder = arguments.keep or pathlib.Path(scratch)
        folder.mkdir(parents=True, exist_ok=True)
        requests = Requests(folder / "requests", 1)
        try:
            for name, kind, play in chosen:
                try:
                    if kind not in sites:
                        sites[kind] = Start(arguments.build, folder / kind, kind, requests)
                    took = play(sites[kind])
                    indeterminate = sites[kind].site.compare()
                    expect(indeterminate == 0, f"{indeterminate} certificates are indeterminate")
                    sites[kind].site.verify_what_was_received()
                    print(f"{name:36} issues {took:5.2f} s behind the token's return", flush=True)
                except (Failure, OSError) as error:
                    failed += 1
                    print(f"{name:36} FAILED: {error}", flush=True)
                    if kind in sites:
                        sites.pop(kind).house.stop()
                    folder = folder / "again"
                    folder.mkdir(exist_ok=True)
        finally:
            for start in sites.values():
                start.house.stop()
    sys.exit(1 if failed or not chosen else 0)


if __name__ == "__main__":
    main()
