#!/usr/bin/env python3
"""signer_seeds.py [FOLDER]: makes the samples of the signer's targets, into FOLDER/<target>/ (default: corpus beside this file).

Written from hsm/signer_process/wire.hpp and journal_record.hpp, not from their code: a second writer of both formats.
Certificates, CRLs and responses come from openssl.
"""
import base64
import hashlib
import pathlib
import struct
import subprocess
import sys
import tempfile

OUT = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else pathlib.Path(__file__).parent / "corpus"
ROOT = pathlib.Path(__file__).resolve().parents[2]


def save(target, name, octets):
    folder = OUT / target
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(octets)


# --- the wire -------------------------------------------------------------------------------------------------------------------
def frame(kind, number, payload=b""):
    return struct.pack(">IBQ", 9 + len(payload), kind, number) + payload


KEY, INTENT, NODE = b"\x11" * 32, b"\x22" * 16, b"\x33" * 16
HEAD = KEY + bytes([1, 3, 2]) + INTENT + struct.pack(">I", 10000)
CLIENT = {
    "hello": frame(1, 0, b"SWSIGNER" + struct.pack(">H", 1)),
    "fence": frame(2, 0, NODE + struct.pack(">Q", 7)),
    "list_keys": frame(3, 1),
    "get_public_key": frame(4, 2, KEY),
    "look_up": frame(5, 3, INTENT + (1).to_bytes(8, "big")),
    "sign": frame(6, 4, HEAD + b"\x30\x03\x02\x01\x05"),
    "sign_begin": frame(7, 5, HEAD + struct.pack(">Q", 5)),
    "sign_chunk": frame(8, 5, b"\x30\x03\x02\x01\x05"),
    "sign_end": frame(9, 5),
}
SERVER = {
    "hello_answer": frame(65, 0, struct.pack(">HI", 1, 1024)),
    "done": frame(66, 0),
    "key_list": frame(67, 1, struct.pack(">H", 1) + KEY + b"\x02\x01\x02" + b"\x01\x03\x02"),
    "public_key": frame(68, 2, b"\x30\x00"),
    "signature": frame(69, 4, b"\x30\x06\x02\x01\x01\x02\x01\x01"),
    "journal_state": frame(70, 3, b"\x02"),
    "error": frame(127, 4, struct.pack(">H", 5) + b"denied for a reason"),
}
for name, octets in {**CLIENT, **SERVER}.items():
    save("signer_wire", name, octets)
save("signer_wire", "conversation", b"".join(CLIENT.values()))
save("signer_wire", "answers", b"".join(SERVER.values()))
save("signer_wire", "truncated", CLIENT["sign"][:-1])
save("signer_wire", "too_long", struct.pack(">I", 1 << 20) + b"\x06")
save("signer_wire", "too_short", struct.pack(">I", 8) + b"\x06" * 8)
save("signer_wire", "unknown_purpose", frame(6, 4, HEAD.replace(bytes([1, 3, 2]), bytes([9, 3, 2])) + b"x"))

# --- the journal ----------------------------------------------------------------------------------------------------------------
TIME = 1795348800


# Between the signer's own processes: token_wire.hpp and control.hpp.
JOB = struct.pack(">HQ", 7, 9) + KEY + bytes([3, 2])
def text(value):
    return struct.pack(">H", len(value)) + value
TOKEN = {
    "jobs": bytes([1, 1, 2]) + JOB + bytes([1]) + struct.pack(">I", 4) + b"tbs!" + JOB + bytes([2]) + struct.pack(">I", 32) + bytes(32),
    "attached": bytes([1, 1, 1]) + JOB + bytes([3]) + struct.pack(">I", 8) + struct.pack(">Q", 100000),
    "key": bytes([1, 65]) + KEY + bytes([1]) + text(b"0" * 91),
    "ready": bytes([1, 66]) + b"".join(text(value) for value in (b"serial", b"label", b"maker", b"model", b"/module.so")) + bytes(32),
    "refusal": bytes([1, 67]) + struct.pack(">H", 5) + text(b"the token refused the PIN") + text(b"CKR_PIN_INCORRECT"),
    "results": bytes([1, 68]) + struct.pack(">IB", 60, 2) + struct.pack(">HQHI", 7, 9, 0, 8) + b"s" * 8 + struct.pack(">HQH", 8, 10, 21) + text(b"a") + text(b"b"),
    "start": bytes([1, 0]), "kill": bytes([2, 1]), "listening": bytes([3]),
    "started": bytes([65, 0]) + struct.pack(">I", 4711), "ended": bytes([67, 1]) + struct.pack(">IBB", 4711, 1, 11),
}
for name, octets in TOKEN.items():
    save("token_process", name, octets)
    save("token_process", name + "_truncated", octets[:-1])


def journal(bodies):
    octets = b"SWJOURNL" + struct.pack(">H", 1) + bytes(6) + struct.pack(">q", TIME) + b"\x44" * 16 + bytes(24)
    digest = hashlib.sha256(octets).digest()
    for body in bodies:
        record = struct.pack(">I", len(body)) + body
        digest = hashlib.sha256(digest + record).digest()
        octets += record + digest
    return octets


def begin(kind, sequence):
    return bytes([kind]) + struct.pack(">QQq", sequence, sequence - 1, TIME + sequence)


def intent(sequence, purpose, subject):
    return begin(1, sequence) + NODE + struct.pack(">Q", 7) + KEY + bytes([purpose, 3, 2]) + INTENT + b"\x55" * 32 + subject


RECORDS = [
    begin(3, 1) + NODE + struct.pack(">Q", 7),
    intent(2, 1, b"\x01\x02\x03"),
    begin(2, 3) + struct.pack(">Q", 2) + INTENT + b"\x01" + struct.pack(">H", 22) + b"\x66" * 32,
    intent(4, 2, b"\x77" * 32 + struct.pack(">Q", 9)),
    intent(5, 5, b"\x77" * 32 + struct.pack(">Q", 100) + b"\x88" * 32),
    intent(6, 6, b""),
]
save("signer_journal", "whole", journal(RECORDS))
save("signer_journal", "empty", journal([]))
save("signer_journal", "torn", journal(RECORDS)[:-20])
save("signer_journal", "flipped", journal(RECORDS).replace(b"\x77", b"\x76", 1))
save("signer_journal", "unknown_type", journal([bytes([9]) + RECORDS[0][1:]]))

# --- what is signed -------------------------------------------------------------------------------------------------------------
with tempfile.TemporaryDirectory() as folder:
    work = pathlib.Path(folder)

    def run(*words):
        subprocess.run(words, cwd=work, check=True, capture_output=True)

    def tbs_of(name):
        """The first element inside the outer SEQUENCE of a DER file."""
        octets = (work / name).read_bytes()

        def element(at):
            length, head = octets[at + 1], 2
            if length >= 0x80:
                head += length & 0x7F
                length = int.from_bytes(octets[at + 2:at + head], "big")
            return at + head, at + head + length

        inner, _ = element(0)
        return octets[inner:element(inner)[1]]

    (work / "ca.cnf").write_text(
        "[ca]\ndefault_ca = d\n[d]\ndatabase = index.txt\ncrlnumber = number\ndefault_md = sha256\ndefault_crl_days = 7\n"
        "crl_extensions = x\nserial = serial\nnew_certs_dir = .\npolicy = p\nrand_serial = yes\ndefault_startdate = 20261122110000Z\n"
        "default_enddate = 20270122110000Z\nx509_extensions = leaf\n"
        "[x]\nauthorityKeyIdentifier = keyid\n[p]\ncommonName = supplied\n"
        "[leaf]\nbasicConstraints = critical,CA:FALSE\nkeyUsage = critical,digitalSignature\n"
        "[sub]\nbasicConstraints = critical,CA:TRUE,pathlen:0\nkeyUsage = critical,keyCertSign,cRLSign\n"
        "[ocsp]\nextendedKeyUsage = OCSPSigning\n")
    (work / "index.txt").write_text("".join(
        f"R\t270101000000Z\t2611211000{i:02}Z{reason}\t{i + 16:04X}\tunknown\t/CN={i}\n"
        for i, reason in enumerate(["", ",keyCompromise", ",superseded", ",cessationOfOperation"])))
    (work / "number").write_text("05\n")
    run("openssl", "ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", "ca.key")
    run("openssl", "req", "-x509", "-new", "-key", "ca.key", "-subj", "/CN=Fuzz CA", "-days", "3650", "-out", "ca.pem")
    run("openssl", "ca", "-config", "ca.cnf", "-gencrl", "-keyfile", "ca.key", "-cert", "ca.pem", "-out", "crl.pem",
        "-crl_lastupdate", "20261122115900Z", "-crl_nextupdate", "20261129115900Z")
    run("openssl", "crl", "-in", "crl.pem", "-outform", "DER", "-out", "crl.der")
    (work / "index.txt").write_text("")
    run("openssl", "ca", "-config", "ca.cnf", "-gencrl", "-keyfile", "ca.key", "-cert", "ca.pem", "-out", "empty.pem",
        "-crl_lastupdate", "20261122115900Z", "-crl_nextupdate", "20261129115900Z")
    run("openssl", "crl", "-in", "empty.pem", "-outform", "DER", "-out", "empty.der")
    for name in ("crl", "empty"):
        tbs = tbs_of(name + ".der")
        for piece in (0, 6, 255):
            save("signer_crl", f"{name}_{piece}", bytes([piece]) + tbs)
        save("signer_crl", f"{name}_truncated", b"\x06" + tbs[:-1])
        save("signer_crl", f"{name}_longer", b"\x06" + tbs + b"\x00")
        save("signer_tbs", name, tbs)
    run("openssl", "req", "-new", "-newkey", "rsa:2048", "-nodes", "-keyout", "leaf.key", "-subj", "/CN=leaf", "-out", "leaf.csr")
    run("openssl", "req", "-in", "leaf.csr", "-outform", "DER", "-out", "csr.der")
    save("signer_tbs", "csr_of_another", tbs_of("csr.der"))
    for name in ("leaf", "sub", "ocsp"):
        (work / "index.txt").write_text("")
        run("openssl", "ca", "-config", "ca.cnf", "-batch", "-in", "leaf.csr", "-keyfile", "ca.key", "-cert", "ca.pem", "-extensions", name,
            "-out", name + ".pem", "-notext")
        run("openssl", "x509", "-in", name + ".pem", "-outform", "DER", "-out", name + ".der")
        save("signer_tbs", "certificate_" + name, tbs_of(name + ".der"))

# A request about the key of the target, an OCSP response by it, a checkpoint and a handshake.
SPKI = bytes.fromhex(
    "3059301306072a8648ce3d020106082a8648ce3d030107034200046b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296"
    "4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5")


def der(tag, *parts):
    content = b"".join(parts)
    size = len(content)
    length = bytes([size]) if size < 128 else bytes([0x81, size]) if size < 256 else b"\x82" + struct.pack(">H", size)
    return bytes([tag]) + length + content


NAME = der(0x30, der(0x31, der(0x30, der(6, b"\x55\x04\x03"), der(0x0C, b"Fuzz CA"))))
save("signer_tbs", "csr", der(0x30, der(2, b"\0"), NAME, SPKI, der(0xA0)))
CERT_ID = der(0x30, der(0x30, der(6, bytes.fromhex("2b0e03021a")), b"\x05\x00"), der(4, b"\1" * 20), der(4, b"\2" * 20), der(2, b"\x05"))
for name, status in {"good": b"\x80\x00", "unknown": b"\x82\x00",
                     "revoked": der(0xA1, der(0x18, b"20261121000000Z"), der(0xA0, der(0x0A, b"\x01")))}.items():
    single = der(0x30, CERT_ID, status, der(0x18, b"20261122115900Z"), der(0xA0, der(0x18, b"20261123115900Z")))
    nonce = der(0xA1, der(0x30, der(0x30, der(6, bytes.fromhex("2b0601050507300102")), der(4, der(4, b"n" * 16)))))
    save("signer_tbs", "ocsp_" + name, der(0x30, der(0xA2, der(4, hashlib.sha1(SPKI[26:]).digest())), der(0x18, b"20261122115900Z"), der(0x30, single), nonce))
ROOT_HASH = base64.b64encode(b"\x09" * 32)
save("signer_tbs", "checkpoint", b"ca.test/audit\n17\n" + ROOT_HASH + b"\n")
save("signer_tbs", "checkpoint_longer", b"ca.test/audit\n0\n" + ROOT_HASH + b"\nextension\n")
save("signer_tbs", "tls", b" " * 64 + b"TLS 1.3, server CertificateVerify\0" + b"h" * 32)
save("signer_tbs", "tls_client", b" " * 64 + b"TLS 1.3, client CertificateVerify\0" + b"h" * 32)

# --- the configuration ----------------------------------------------------------------------------------------------------------
example = (ROOT / "hsm/signer_process/signer.example.toml").read_text().replace('["sealwright"]', "[1000]")
save("signer_config", "example", example.encode())
save("signer_config", "keys", example[example.index("[[key]]"):].encode())
save("signer_config", "unknown_key", (example + "\nanything = 1\n").encode())
save("signer_config", "pin_value", example.replace('{ credential = "pin" }', '"1234"').encode())
save("signer_config", "broken", b"format = 1\n[token\n")
