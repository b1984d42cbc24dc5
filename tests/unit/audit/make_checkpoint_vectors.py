#!/usr/bin/env python3
"""Makes checkpoint_vectors.hpp with pyca/cryptography, so that our notes are judged by another implementation.

Usage: python3 make_checkpoint_vectors.py > checkpoint_vectors.hpp
Formats: c2sp.org/signed-note, c2sp.org/tlog-checkpoint. Keys are fixed and of no other use.
"""
import base64
import hashlib

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519

ORIGIN = "ca.example/audit"
TEXT = f"{ORIGIN}\n8\n{base64.b64encode(bytes.fromhex('5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328')).decode()}\n"


def spki(key):
    return key.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)


def note(key_id, signature):
    return TEXT + f"\n\u2014 {ORIGIN} {base64.b64encode(key_id + signature).decode()}\n"


def show(name, key_id, type_and_key, spki_der, signature):
    print(f'inline constexpr std::string_view k{name}Spki = "{spki_der.hex()}";')
    print(f'inline constexpr std::string_view k{name}Vkey = "{ORIGIN}+{key_id.hex()}+{base64.b64encode(type_and_key).decode()}";')
    quoted = note(key_id, signature).replace("\n", "\\n")
    print(f'inline constexpr std::string_view k{name}Note = "{quoted}";')


def main():
    print("// checkpoint_vectors.hpp: made by make_checkpoint_vectors.py (pyca/cryptography); do not edit.")
    print("// clang-format off\n#pragma once\n\n#include <string_view>\n\nnamespace sealwright::audit::vectors {\n")
    print(f'inline constexpr std::string_view kOrigin = "{ORIGIN}";')

    key = ed25519.Ed25519PrivateKey.from_private_bytes(hashlib.sha256(b"audit vector ed25519").digest())
    raw = key.public_key().public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
    key_id = hashlib.sha256(ORIGIN.encode() + b"\n\x01" + raw).digest()[:4]
    show("Ed25519", key_id, b"\x01" + raw, spki(key), key.sign(TEXT.encode()))

    for name, curve in (("P256", ec.SECP256R1()), ("P384", ec.SECP384R1())):
        key = ec.derive_private_key(int.from_bytes(hashlib.sha256(b"audit vector " + name.encode()).digest(), "big") >> 8, curve)
        key_id = hashlib.sha256(spki(key)).digest()[:4]
        signature = key.sign(TEXT.encode(), ec.ECDSA(hashes.SHA256(), deterministic_signing=True))
        show(name, key_id, b"\x02" + spki(key), spki(key), signature)
    print("\n}  // namespace sealwright::audit::vectors")


main()
