#!/usr/bin/env python3
"""processes.py BUILD_DIR [--folder DIR] [--clients N] [--seconds S]: resident memory and processor time of the real sealwrightd and sealwright-signer, at rest and while
clients have certificates issued over kept connections to the admin socket. The rate is the clients' own (they are Python) and says nothing about the daemon."""

import argparse
import json
import os
import pathlib
import shutil
import sys
import tempfile
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
from house import House, UnixConnection, expect  # noqa: E402

TICKS = os.sysconf("SC_CLK_TCK")


def family(pid):
    """family gives a process and all that it has made: the signer is several."""
    children = pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [pid] + [one for child in children for one in family(int(child))]


def resident_mib(process):
    kib = 0
    for pid in family(process.child.pid):
        for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                kib += int(line.split()[1])
    return kib / 1024


def processor_seconds(process):
    ticks = 0
    for pid in family(process.child.pid):
        fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / TICKS


def client(house, requests, until, counts):
    connection = UnixConnection(house.admin_socket, 30)
    done = 0
    while time.monotonic() < until:
        connection.request("POST", "/v1/certificates", json.dumps({"profile": "tls-server", "csr": requests[done % len(requests)]}), {"Content-Type": "application/json"})
        answer = connection.getresponse()
        body = answer.read()
        expect(answer.status == 201, f"{answer.status} {body!r}")
        done += 1
    connection.close()
    counts.append(done)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("build")
    parser.add_argument("--folder", default="var/bench", help="where the site is made (default: var/bench)")
    parser.add_argument("--clients", type=int, default=16)
    parser.add_argument("--seconds", type=float, default=10)
    arguments = parser.parse_args()
    pathlib.Path(arguments.folder).mkdir(parents=True, exist_ok=True)
    work = pathlib.Path(tempfile.mkdtemp(prefix="processes-", dir=arguments.folder))
    house = House(pathlib.Path(arguments.build).resolve(), (work / "site").resolve(), shim=False)
    try:
        house.start_signer()
        house.start_daemon()
        requests = house.make_requests(64)
        processes = {"sealwrightd": house.daemon, "sealwright-signer": house.signer}
        rest = {name: resident_mib(process) for name, process in processes.items()}
        spent = {name: processor_seconds(process) for name, process in processes.items()}
        counts, until = [], time.monotonic() + arguments.seconds
        threads = [threading.Thread(target=client, args=(house, requests, until, counts)) for _ in range(arguments.clients)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        expect(len(counts) == arguments.clients, "a client failed")
        issued = sum(counts)
        print(f"{issued} certificates over {arguments.clients} connections, {issued / arguments.seconds:.0f} a second as fast as the clients asked")
        for name, process in processes.items():
            cost = (processor_seconds(process) - spent[name]) / issued * 1e6
            print(f"  {name:18} {rest[name]:5.1f} MiB resident at rest, {resident_mib(process):5.1f} MiB behind the load, {cost:4.0f} us of CPU a certificate")
    finally:
        house.stop()
        shutil.rmtree(work)


if __name__ == "__main__":
    main()
