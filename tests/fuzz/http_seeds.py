#!/usr/bin/env python3
"""http_seeds.py: makes the first samples of the targets of targets/protocols.cmake anew, by hand and by openssl."""

import hashlib
import json
import pathlib
import subprocess

HERE = pathlib.Path(__file__).resolve().parent


def put(target, *samples):
    folder = HERE / "corpus" / target
    folder.mkdir(parents=True, exist_ok=True)
    for sample in samples:
        content = sample.encode("latin-1") if isinstance(sample, str) else sample
        (folder / hashlib.sha1(content).hexdigest()).write_bytes(content)


def openssl(*arguments, stdin=b""):
    return subprocess.run(["openssl", *arguments], input=stdin, capture_output=True, check=True).stdout


def main():
    post = "POST /echo HTTP/1.1\r\nHost: x\r\n"
    put("http_request", "GET /rest/a HTTP/1.1\r\nHost: x\r\n\r\n", "GET /rest/a HTTP/1.0\r\n\r\n", post + "Content-Length: 3\r\n\r\nabc",
        post + "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nX: y\r\n\r\n", post + "Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\nabc",
        post + "Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc", post + "Content-Length: 3, 3\r\n\r\nabc", post + "Transfer-Encoding: gzip\r\n\r\nabc",
        post + "Transfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n", post + "Expect: 100-continue\r\nContent-Length: 65\r\n\r\n", post + "A: b\r\n c\r\n\r\n",
        "GET http://y/rest/a HTTP/1.1\r\nHost: x\r\n\r\n", "GET /rest/a HTTP/1.1\nHost: x\n\n", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        "POST /%61/do HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n", "\x16\x03\x01\x02\x00\x01\x00")
    put("http_target", "/v1/things", "/v1/things/a%2Fb?x=1&y=a+b&z", "/ocsp/MFQ//a%2Bb+c%3D", "http://ca.example.org/v1/things/1/drop", "*", "/%zz", "//", "/?&=&&", "/a#b")
    put("ocsp_get_path", "MAX77/8AAQ==", "MAX77%2F8AAQ%3D%3D", "/MAX77/8AAQ", "MAX77/8A%0AAQ==", "%", "====", "+v8=")

    key = openssl("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256")
    (HERE / "corpus").mkdir(exist_ok=True)
    key_file = HERE / "corpus" / ".key"
    key_file.write_bytes(key)
    try:
        pem = openssl("req", "-new", "-key", str(key_file), "-subj", "/CN=a.example.org", "-addext", "subjectAltName=DNS:a.example.org")
        der = openssl("req", "-new", "-key", str(key_file), "-subj", "/CN=a.example.org", "-addext", "subjectAltName=DNS:a.example.org", "-outform", "DER")
        certificate = openssl("req", "-x509", "-key", str(key_file), "-subj", "/CN=a.example.org", "-outform", "DER")
    finally:
        key_file.unlink()
    put("native_body", b"\x00" + der, b"\x01" + der, b"\x05" + pem, b"\x09" + pem, b"\x0c" + pem, b"\x03" + der, b"\x00" + der[:-1], b"\x00" + der[:-1] + bytes([der[-1] ^ 1]),
        b"\x10" + der, b"\x30Bearer sw1_AAAAAAAAAAAAAAAAAAAAAA", b"\x30Basic YTpi", b"\x50" + certificate, b"\x20" + der)
    issue = json.dumps({"profile": "tls-server", "csr": pem.decode()}).encode()
    put("admin_body", b"\x00" + issue, b'\x01{"reason":"keyCompromise","invalidity_date":"2026-11-22T11:00:00Z"}', b"\x02{}", b"\x03", b"\x05{\"reason\":\"no\"}",
        b'\x08{"profile":"tls-server","names":["a.example.org"],"lifetime":"2h"}', b'\x08{"profile":"tls-server","profile":"x"}', b"\x07[]", b"\x00{", b'\x01{"reason":null}',
        b"\x09\xff", b"\x00[[[[[[[[[[1]]]]]]]]]]")
    example = (HERE.parent.parent / "src/server/sealwrightd.example.toml").read_text()
    uncommented = "\n".join(line[2:] if line.startswith("# ") and " = " in line else line for line in example.splitlines())
    put("daemon_config", example, uncommented, "format = 1\n", "format = 2\nx = [1, {a = 2}]\n", "[listen]\nhttps = '[::1]:0'\n", "format = 1\n[crl]\nvalidity = '1s'\n", "= =")


if __name__ == "__main__":
    main()
