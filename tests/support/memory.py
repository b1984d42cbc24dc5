"""memory.py: looks for octets in the memory of a living process and of those that it started, as a core file would hold them: every mapping that can be read, and
whether the kernel would leave it out of a core (VM_DONTDUMP, the flag dd). Only as root: our processes are not dumpable."""

import pathlib
import re

HEAD = re.compile(r"^([0-9a-f]+)-([0-9a-f]+) (\S+) \S+ \S+ \S+\s*(.*)$")
CHUNK = 1 << 20
# A sanitizer maps terabytes as its shadow: what it knows of each address, and none of the octets there. Nothing else is as large, and reading it would not end.
SHADOW = 1 << 40


class Mapping:
    def __init__(self, begin, end, rights, name):
        self.begin, self.end, self.rights, self.name, self.is_dumped = begin, end, rights, name, True

    def __repr__(self):
        return f"{self.begin:x}-{self.end:x} {self.rights} {self.name or 'anonymous'}{'' if self.is_dumped else ' (not dumped)'}"


def mappings(pid):
    found = []
    for line in pathlib.Path(f"/proc/{pid}/smaps").read_text().splitlines():
        head = HEAD.match(line)
        if head:
            found.append(Mapping(int(head[1], 16), int(head[2], 16), head[3], head[4]))
        elif line.startswith("VmFlags:"):
            found[-1].is_dumped = "dd" not in line.split()[1:]
    return found


def family(pid):
    """The process and all that descend from it."""
    pids = [pid]
    for known in pids:
        for task in pathlib.Path(f"/proc/{known}/task").iterdir():
            pids += [int(child) for child in (task / "children").read_text().split() if int(child) not in pids]
    return pids


def search(pid, octets):
    """search gives each mapping of one process in which the octets stand, once for each time that they do."""
    found = []
    with open(f"/proc/{pid}/mem", "rb", buffering=0) as memory:
        for mapping in mappings(pid):
            if not mapping.rights.startswith("r") or mapping.end - mapping.begin > SHADOW or mapping.name in ("[vvar]", "[vsyscall]", "[vvar_vclock]"):
                continue
            tail, at = b"", mapping.begin
            while at < mapping.end:
                memory.seek(at)
                try:
                    read = memory.read(min(CHUNK, mapping.end - at))
                except OSError:  # a page that cannot be had: behind the end of a file, a device's
                    read = b""
                    at += CHUNK
                    tail = b""
                    continue
                if not read:
                    break
                piece = tail + read
                found += [mapping] * piece.count(octets)
                # What stands across two pieces is counted with the second; what was counted is not kept.
                tail = piece[len(piece) - len(octets) + 1:] if len(octets) > 1 else b""
                at += len(read)
    return found


def search_family(pid, octets):
    return [mapping for each in family(pid) for mapping in search(each, octets)]
