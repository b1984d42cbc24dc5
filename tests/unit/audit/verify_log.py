#!/usr/bin/env python3
"""Verifies an exported audit log (tlog-tiles) with nothing but Python and the openssl program.

Usage: verify_log.py [--key FILE] [--no-signature] DIR     exit status: 0 valid, 1 invalid

Every entry is hashed again, every tile is compared with those hashes, and the root with the checkpoint. The checkpoint's signature is
verified with the public key in FILE (SubjectPublicKeyInfo, PEM), which must come from somewhere else than DIR.
It shares no code with Sealwright: docs/audit.md and the C2SP specifications are all it knows.
"""
import argparse
import base64
import hashlib
import pathlib
import subprocess
import sys
import tempfile


def leaf_hash(entry):
    return hashlib.sha256(b"\x00" + entry).digest()


def node_hash(left, right):
    return hashlib.sha256(b"\x01" + left + right).digest()


def root_of(hashes):
    """RFC 6962 2.1, from leaf hashes."""
    if not hashes:
        return hashlib.sha256(b"").digest()
    if len(hashes) == 1:
        return hashes[0]
    split = 1
    while split * 2 < len(hashes):
        split *= 2
    return node_hash(root_of(hashes[:split]), root_of(hashes[split:]))


def tile_path(level, index, width):
    parts = [f"{index % 1000:03d}"]
    while index >= 1000:
        index //= 1000
        parts.insert(0, f"x{index % 1000:03d}")
    return f"tile/{level}/" + "/".join(parts) + ("" if width == 256 else f".p/{width}")


def tiles(count):
    return [(index, min(256, count - index * 256)) for index in range((count + 255) // 256)]


def read_entries(folder, size):
    for index, width in tiles(size):
        bundle = (folder / tile_path("entries", index, width)).read_bytes()
        at = 0
        for _ in range(width):
            length = int.from_bytes(bundle[at:at + 2], "big")
            assert at + 2 + length <= len(bundle), "an entry is cut off"
            yield bundle[at + 2:at + 2 + length]
            at += 2 + length
        assert at == len(bundle), "octets behind the last entry of a bundle"


def verify_signature(text, signature, key):
    with tempfile.TemporaryDirectory() as temporary:
        message, signature_file = pathlib.Path(temporary, "m"), pathlib.Path(temporary, "s")
        message.write_bytes(text)
        signature_file.write_bytes(signature)
        command = ["openssl", "pkeyutl", "-verify", "-pubin", "-inkey", str(key), "-rawin", "-in", str(message), "-sigfile", str(signature_file)]
        if b"ED25519" not in subprocess.check_output(["openssl", "pkey", "-pubin", "-in", str(key), "-noout", "-text"]):
            command += ["-digest", "sha256"]
        return subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode == 0


def verify_note(note, key):
    text, _, signatures = note.rpartition(b"\n\n")
    text += b"\n"
    origin = text.split(b"\n")[0]
    own = [line.split(b" ") for line in signatures.splitlines() if line.split(b" ")[1] == origin]
    assert own, "no signature by the log"
    if key:
        assert any(verify_signature(text, base64.b64decode(line[2], validate=True)[4:], key) for line in own), "the signature does not hold"
    _, size, root = text.decode().split("\n")[:3]
    return int(size), base64.b64decode(root, validate=True)


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("folder", type=pathlib.Path)
    arguments.add_argument("--key", type=pathlib.Path)
    arguments.add_argument("--no-signature", action="store_true")
    options = arguments.parse_args()
    assert options.key or options.no_signature, "give the log's public key with --key"
    size, root = verify_note((options.folder / "checkpoint").read_bytes(), options.key)

    hashes = [leaf_hash(entry) for entry in read_entries(options.folder, size)]
    assert root_of(hashes) == root, "the entries do not hash to the checkpoint's root"
    level = 0
    while hashes:
        for index, width in tiles(len(hashes)):
            expected = b"".join(hashes[index * 256:index * 256 + width])
            assert (options.folder / tile_path(level, index, width)).read_bytes() == expected, f"tile {level}/{index} is wrong"
        hashes = [root_of(hashes[i:i + 256]) for i in range(0, len(hashes) - 255, 256)]
        level += 1
    print(f"valid: {size} entries, root {root.hex()}")


try:
    main()
except (AssertionError, OSError, ValueError, IndexError) as error:
    print(f"invalid: {error}", file=sys.stderr)
    sys.exit(1)
