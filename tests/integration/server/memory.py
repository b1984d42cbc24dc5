#!/usr/bin/env python3
"""memory.py BUILD_DIR: what the daemon's memory depends on. Issuing fills the caches of the store, which are bounded, and then nothing more; lists that many operators ask for at
once take memory while they are made, and the daemon gives it back within half a minute, however many certificates there are."""

import argparse
import json
import pathlib
import sys
import tempfile
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent.parent / "support"))
from house import House, UnixConnection, expect  # noqa: E402

CLIENTS = 16
OPERATORS = 8  # as many as the daemon has workers for them
MIB = 1024  # KiB
SLACK = 4 * MIB


def private_kib(pid):
    """private_kib gives what is resident and the process's own: not the pages of its programs."""
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("RssAnon:"):
            return int(line.split()[1])
    raise AssertionError("no RssAnon")


def at_once(count, work):
    """at_once has work done by so many threads, each with a connection of its own to the admin socket."""
    failed = []

    def one():
        try:
            connection = UnixConnection(house.admin_socket, 60)
            work(connection)
            connection.close()
        except Exception as error:  # is told by the main thread
            failed.append(error)

    threads = [threading.Thread(target=one) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    expect(not failed, f"{len(failed)} clients failed, first: {failed[:1]}")


def ask(connection, method, path, body=None):
    connection.request(method, path, None if body is None else json.dumps(body), {"Content-Type": "application/json"} if body else {})
    answer = connection.getresponse()
    text = answer.read()
    expect(answer.status in (200, 201), f"{answer.status} {text!r}")
    return json.loads(text)


def issue(count):
    at_once(CLIENTS, lambda connection: [ask(connection, "POST", "/v1/certificates", {"profile": "tls-server", "csr": request}) for _ in range(count // CLIENTS)])


def list_all(times):
    def work(connection):
        for _ in range(times):
            after = ""
            while after is not None:
                following = ask(connection, "GET", "/v1/certificates?limit=1000" + after)["next"]
                after = following and f"&after={following}"

    at_once(OPERATORS, work)


def lowest(pid, seconds, enough=0):
    """lowest waits that long, or until so little is left."""
    end, least = time.monotonic() + seconds, private_kib(pid)
    while time.monotonic() < end and least > enough:
        time.sleep(0.5)
        least = min(least, private_kib(pid))
    return least


def main():
    daemon = house.daemon.child.pid
    rest = private_kib(daemon)
    issue(6400)
    filled = private_kib(daemon)
    issue(9600)
    issued = private_kib(daemon)
    expect(issued < filled + SLACK, f"issuing goes on taking memory: {filled} KiB behind 6,400 certificates, {issued} behind 16,000")

    list_all(4)
    listed = private_kib(daemon)
    expect(listed > issued + 2 * SLACK, f"lists took nothing, so this test sees nothing given back: {issued} KiB, then {listed}")
    enough = issued + (listed - issued) * 3 // 4
    first = lowest(daemon, 45, enough)
    expect(first <= enough, f"lists took {listed - issued} KiB and less than a quarter of it was given back: {first} KiB, {issued} before")

    issue(3200)
    list_all(4)
    again = private_kib(daemon)
    expect(again < listed + 2 * SLACK, f"the same lists take more and more: {listed} KiB, then {again}")
    second = lowest(daemon, 45, first + SLACK)
    expect(second <= first + SLACK, f"less is given back each time: {first} KiB left, then {second}")
    print(f"private KiB: {rest} at rest, {filled} behind 6,400 certificates, {issued} behind 16,000, {listed} behind lists, {first} half a minute later; "
          f"behind 3,200 more and lists again {again}, then {second}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("build", type=pathlib.Path)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="sealwright-memory-") as scratch:
        house = House(arguments.build.resolve(), pathlib.Path(scratch) / "site", shim=False)
        try:
            house.start_signer()
            house.start_daemon()
            request = house.make_requests(1)[0]
            main()
        finally:
            house.stop()
