#!/usr/bin/env python3
"""Reads every #include of the tree against layers.txt and fails on an arrow that goes up, on siblings that know each other, on a cycle
between rooms of one floor, and on a C header that leaks into a public header. `scan.py --self-test` plants each fault and expects it found."""

import pathlib
import re
import sys
import tempfile

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]', re.M)
SOURCES = {".hpp", ".cpp", ".h", ".c"}
# Rooms that lie outside the floors: tests and simulators may look at everything.
OUTSIDE = ("tests", "simulators")


class Layers:
    def __init__(self, text):
        self.floor, self.may, self.only, self.headers, self.private = {}, {}, {}, {}, set()
        for number, line in enumerate(text.splitlines(), 1):
            words = line.split("#")[0].split()
            if not words:
                continue
            if words[0] == "only":
                self.only[words[1]] = set(words[2:])
            elif words[0] == "private":
                self.private.update(words[1:])
            elif words[0] == "header":
                self.headers[words[1]] = tuple(words[2:])
            elif len(words) >= 2 and words[1].isdigit():
                self.floor[words[0]] = int(words[1])
                self.may[words[0]] = set(words[2:])
            else:
                sys.exit(f"layers.txt:{number}: not understood: {line}")
        self.rooms = sorted(set(self.floor) | set(self.only), key=len, reverse=True)

    def room_of(self, path):
        for room in self.rooms:
            if path == room or path.startswith(room + "/"):
                return room
        return None


def target_of(root, include):
    for base in ("src/", ""):
        if (root / (base + include)).is_file():
            return base + include
    return None


def scan(root, layers):
    faults, arrows, files = [], 0, 0
    for path in sorted(root.rglob("*")):
        relative = path.relative_to(root).as_posix()
        if path.suffix not in SOURCES or relative.startswith((".git/", "var/", "build")) or not path.is_file():
            continue
        if relative.startswith(OUTSIDE):
            continue
        files += 1
        room = layers.room_of(relative)
        if room is None:
            if relative.split("/")[0] in ("src", "hsm", "attestation", "ceremonies"):
                faults.append(f"{relative}: lies in no room of layers.txt")
            continue
        text = path.read_text(encoding="utf-8")
        for match in INCLUDE.finditer(text):
            where = f"{relative}:{text.count(chr(10), 0, match.start()) + 1}"
            kind, include = match.groups()
            for header, allowed in layers.headers.items():
                if not include.startswith(header):
                    continue
                if path.suffix in (".hpp", ".h") and relative not in layers.private:
                    faults.append(f"{where}: <{include}> in a public header")
                if not relative.startswith(tuple(a + "/" for a in allowed)):
                    faults.append(f"{where}: <{include}> is not for this room")
            if kind == "<":
                continue
            target = target_of(root, include)
            if target is None:
                faults.append(f'{where}: "{include}" is no file of this tree (includes start at src/ or at the top)')
                continue
            if target in layers.private and path.suffix in (".hpp", ".h") and relative not in layers.private:
                faults.append(f"{where}: a public header includes the private {target}")
            other = layers.room_of(target)
            if other is None or other == room:
                continue
            arrows += 1
            if room in layers.only:
                if other not in layers.only[room]:
                    faults.append(f"{where}: {room} may know only {', '.join(sorted(layers.only[room]))}, not {other}")
            elif other in layers.only and other not in layers.floor:
                faults.append(f"{where}: nobody includes {other}")
            elif layers.floor[other] >= layers.floor[room] and other not in layers.may[room]:
                faults.append(f"{where}: {room} (floor {layers.floor[room]}) reaches up or across to {other} (floor {layers.floor[other]})")
    return faults, arrows, files


PLANTED = {
    "an arrow that goes up": ("src/base/bad.hpp", '#include "x509/name.hpp"\n'),
    "siblings that know each other": ("src/protocols/ocsp/bad.cpp", '#include "protocols/admin/handler.hpp"\n'),
    "a C header in a public header": ("src/crypto/bad.hpp", "#include <openssl/evp.h>\n"),
    "a C header in the wrong room": ("src/issuance/bad.cpp", "#include <sqlite3.h>\n"),
    "a private header in a public one": ("src/x509/bad.hpp", '#include "crypto/openssl_ptr.hpp"\n'),
    "the verifier knowing the runner": ("ceremonies/verifier/bad.cpp", '#include "ceremonies/runner/script.hpp"\n'),
    "a file in no room": ("src/attic/bad.cpp", "int x;\n"),
    "an include that is no file": ("src/base/bad.cpp", '#include "base/nowhere.hpp"\n'),
}


def self_test(layers):
    for name, (path, text) in PLANTED.items():
        with tempfile.TemporaryDirectory() as folder:
            root = pathlib.Path(folder)
            for stand_in in ("src/x509/name.hpp", "src/protocols/admin/handler.hpp", "ceremonies/runner/script.hpp", "src/crypto/openssl_ptr.hpp"):
                (root / stand_in).parent.mkdir(parents=True, exist_ok=True)
                (root / stand_in).write_text("#pragma once\n")
            clean, _, _ = scan(root, layers)
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_text(text)
            found, _, _ = scan(root, layers)
            if clean or len(found) != 1:
                sys.exit(f"self-test: {name}: clean tree {clean}, planted fault found {found}")
    print(f"self-test: {len(PLANTED)} planted faults, each found, and a clean tree clean")


def main():
    here = pathlib.Path(__file__).resolve().parent
    layers = Layers((here / "layers.txt").read_text())
    if "--self-test" in sys.argv:
        return self_test(layers)
    faults, arrows, files = scan(here.parent.parent, layers)
    for fault in faults:
        print(fault)
    if files == 0:
        sys.exit("no source file was found: the scan is broken")
    print(f"{files} files, {arrows} arrows between rooms, {len(faults)} faults")
    sys.exit(1 if faults else 0)


if __name__ == "__main__":
    main()
