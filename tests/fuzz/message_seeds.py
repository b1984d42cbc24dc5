#!/usr/bin/env python3
"""message_seeds.py [FOLDER]: samples of key backups, and of what is signed for CMS and CMP, into FOLDER/<target>/ (default: corpus beside this file).

Written from hsm/key_backup.hpp, RFC 5652 and RFC 9810, not from our code.
"""
import hashlib
import pathlib
import sys

OUT = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else pathlib.Path(__file__).parent / "corpus"


def save(target, name, octets):
    folder = OUT / target
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(octets)


def der(tag, *parts):
    content = b"".join(parts)
    size = len(content)
    length = bytes([size]) if size < 128 else (lambda octets: bytes([0x80 | len(octets)]) + octets)(size.to_bytes((size.bit_length() + 7) // 8, "big"))
    return bytes([tag]) + length + content


def text(value):
    return der(0x0C, value.encode())


SPKI = bytes.fromhex("3059301306072a8648ce3d020106082a8648ce3d030107034200046b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c2964fe342e2fe1a7f9b8ee7eb4a7c0f9e162"
                     "bce33576b315ececbb6406837bf51f5")


def parameters(bits=256, digest="SHA256"):
    return der(0x30, der(0x02, bits.to_bytes(2, "big")), text(digest))


def backup(version=1, wrapped=b"\x09" * 40, label="issuing", time=b"20261122120000Z", mechanism="CKM_AES_KEY_WRAP_KWP", extra=b""):
    content = der(0x30, der(0x02, bytes([version])), der(0x30, SPKI, text(label), der(0x04, b"\x01" * 16)),
                  der(0x30, text(mechanism), text("safe"), der(0x04, b"\x02" * 16), der(0x04, b"\x0a\x0b\x0c"), extra),
                  der(0x30, text("0123456789abcdef"), text("ca"), der(0x18, time)), text("{}"), der(0x04, wrapped))
    return der(0x30, content, der(0x04, hashlib.sha256(content).digest()))


save("key_backup", "good", backup())
save("key_backup", "other_version", backup(3))
save("key_backup", "without_parameters", backup(2))
for digest in ("SHA256", "SHA1", "SHA512"):
    save("key_backup", "rsa_aes_" + digest.lower(), backup(2, mechanism="CKM_RSA_AES_KEY_WRAP", extra=parameters(digest=digest)))
save("key_backup", "rsa_aes_128", backup(2, mechanism="CKM_RSA_AES_KEY_WRAP", extra=der(0x30, der(0x02, b"\x00\x80"), text("SHA256"))))
save("key_backup", "parameters_of_aes", backup(2, extra=parameters()))
save("key_backup", "parameters_in_1", backup(1, mechanism="CKM_RSA_AES_KEY_WRAP", extra=parameters()))
save("key_backup", "nothing_wrapped", backup(wrapped=b""))
save("key_backup", "no_label", backup(label=""))
save("key_backup", "bad_time", backup(time=b"20261322120000Z"))
save("key_backup", "changed", backup()[:-1] + b"\x00")
save("key_backup", "cut", backup()[:100])

CONTENT_TYPE, MESSAGE_DIGEST, SIGNING_TIME = (bytes.fromhex("2a864886f70d0109" + last) for last in ("03", "04", "05"))
DATA = bytes.fromhex("2a864886f70d010701")


def attribute(kind, value):
    return der(0x30, der(0x06, kind), der(0x31, value))


kind, digest = attribute(CONTENT_TYPE, der(0x06, DATA)), attribute(MESSAGE_DIGEST, der(0x04, b"\x07" * 32))
time = attribute(SIGNING_TIME, der(0x17, b"261122120000Z"))
save("signer_tbs", "cms", der(0x31, *sorted([kind, digest, time])))
save("signer_tbs", "cms_unsorted", der(0x31, digest, kind))
save("signer_tbs", "cms_twice", der(0x31, kind, kind, digest))
save("signer_tbs", "cms_as_sequence", der(0x30, kind, digest))

NAME = bytes.fromhex("30123110300e06035504030c0746757a7a204341")
ECDSA_SHA256 = der(0x30, der(0x06, bytes.fromhex("2a8648ce3d040302")))


def header(version=2, algorithm=ECDSA_SHA256):
    return der(0x30, der(0x02, bytes([version])), der(0xA4, NAME), der(0xA4, NAME), der(0xA0, der(0x18, b"20261122120000Z")), der(0xA1, algorithm),
               der(0xA4, der(0x04, b"\x01" * 16)))


save("signer_tbs", "cmp_ip", der(0x30, header(), der(0xA1, der(0x30))))
save("signer_tbs", "cmp_genm", der(0x30, header(), der(0xB5, der(0x30))))
save("signer_tbs", "cmp_version_1", der(0x30, header(1), der(0xA1, der(0x30))))
save("signer_tbs", "cmp_no_body", der(0x30, header()))
