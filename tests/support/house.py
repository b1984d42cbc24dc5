"""house.py: a whole Sealwright in one folder, for tests: SoftHSM tokens, the ceremony, the signer and the daemon as child processes, and the admin
API. Only the Python standard library. A House is made once (ceremony) and then started, killed and restarted as often as a test likes."""

import contextlib
import http.client
import json
import os
import pathlib
import random
import shutil
import signal
import socket
import ssl
import subprocess
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent


class Failure(AssertionError):
    """What a test expected did not happen."""


def expect(condition, text):
    if not condition:
        raise Failure(text)


def run(*argv, check=True, **options):
    """run gives the completed process; its output is captured as text."""
    done = subprocess.run([str(a) for a in argv], capture_output=True, text=True, **options)
    if check and done.returncode != 0:
        raise Failure(f"{' '.join(map(str, argv))}: exit status {done.returncode}\n{done.stdout}{done.stderr}")
    return done


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path, timeout):
        super().__init__("localhost", timeout=timeout)
        self.path = str(path)

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


class TlsConnection(http.client.HTTPConnection):
    """To the daemon's HTTPS port, by the name that stands in its certificate."""

    def __init__(self, port, context, timeout):
        super().__init__("127.0.0.1", port, timeout=timeout)
        self.context = context

    def connect(self):
        super().connect()
        self.sock = self.context.wrap_socket(self.sock, server_hostname="localhost")


class Answer:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    @property
    def json(self):
        return json.loads(self.body)


class Process:
    """A child that says READY by a byte on a pipe (--ready-fd)."""

    def __init__(self, argv, log, env=None):
        self.name = pathlib.Path(argv[0]).name
        self.log_path = pathlib.Path(log)
        reader, writer = os.pipe()
        with open(self.log_path, "ab") as out:
            self.child = subprocess.Popen([str(a) for a in argv] + ["--ready-fd", str(writer)], stdout=out, stderr=out,
                                          stdin=subprocess.DEVNULL, pass_fds=[writer], env={**os.environ, **(env or {})})
        os.close(writer)
        self.reader = reader

    def wait_ready(self, seconds=20):
        import select
        readable, _, _ = select.select([self.reader], [], [], seconds)
        ready = bool(readable) and os.read(self.reader, 1) != b""
        os.close(self.reader)
        if not ready:
            raise Failure(f"{self.name} did not become ready; see {self.log_path}:\n{self.tail()}")

    def alive(self):
        return self.child.poll() is None

    def wait_end(self, seconds=20):
        try:
            return self.child.wait(seconds)
        except subprocess.TimeoutExpired:
            self.kill()
            raise Failure(f"{self.name} did not end within {seconds} s; see {self.log_path}") from None

    def stop(self, seconds=20):
        if self.alive():
            self.child.send_signal(signal.SIGTERM)
        return self.wait_end(seconds)

    def kill(self):
        if self.alive():
            self.child.kill()
        self.child.wait()

    def tail(self, lines=25):
        with contextlib.suppress(OSError):
            return "\n".join(self.log_path.read_text(errors="replace").splitlines()[-lines:])
        return ""


def free_ports(count):
    """free_ports gives loopback ports that are free now, and which the kernel gives to nobody who does not ask for one (it gives those from 32768 on)."""
    ports = []
    while len(ports) < count:
        port = random.randrange(12000, 32000)
        with socket.socket() as taken, contextlib.suppress(OSError):
            taken.bind(("127.0.0.1", port))
            if port not in ports:
                ports.append(port)
    return ports


def make_requests(folder, names):
    """make_requests makes a key and a PKCS#10 request by openssl for each name, and gives the requests."""
    folder.mkdir(exist_ok=True)
    requests = []
    for number, name in enumerate(names):
        path = folder / f"{number}.csr"
        run("openssl", "req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", folder / f"{number}.key", "-out", path, "-subj",
            f"/CN={name}", "-addext", f"subjectAltName=DNS:{name}")
        requests.append(path.read_text())
    return requests


class House:
    """One site. build is the CMake build folder; folder must not exist yet. With shim=True the signer loads the counting PKCS#11 shim."""

    def __init__(self, build, folder, shim=True):
        self.build = pathlib.Path(build)
        self.bin, self.test_bin = self.build / "bin", self.build / "tests"
        self.folder = pathlib.Path(folder)
        self.http_port, self.https_port = free_ports(2)
        self.admin_socket = self.folder / "run/admin.sock"
        self.journal = self.folder / "run/signer.journal"
        self.count_file = self.folder / "signatures.count"
        self.fault_script = self.folder / "faults.script"
        module = [self.build / "simulators/faulty_module.so"] if shim else []
        run(ROOT / "simulators/site/prepare", self.folder, self.bin, self.http_port, self.https_port, *module)
        softhsm = json.loads((self.folder / "softhsm/softhsm.json").read_text())
        self.signer_environment = {"SOFTHSM2_CONF": softhsm["conf"], "SEALWRIGHT_FAULTY_MODULE": softhsm["module"],
                                   "SEALWRIGHT_FAULTY_COUNT": str(self.count_file), "SEALWRIGHT_FAULTY_SCRIPT": str(self.fault_script)}
        self.artefacts = self.folder / "ceremony/artefacts"
        self.trust = ssl.create_default_context(cafile=self.artefacts / "root.pem")
        self.signer = self.daemon = None

    # --- processes ---

    def start_signer(self, program=None, env=None, wait=True):
        self.signer = Process([program or self.bin / "sealwright-signer", "--config", self.folder / "signer.toml"], self.folder / "signer.log",
                              {**self.signer_environment, **(env or {})})
        if wait:
            self.signer.wait_ready()

    def start_daemon(self, program=None, env=None, wait=True):
        self.daemon = Process([program or self.bin / "sealwrightd", "--config", self.folder / "sealwrightd.toml"], self.folder / "sealwrightd.log", env)
        if wait:
            self.daemon.wait_ready()

    def stop(self):
        for process in (self.daemon, self.signer):
            if process is not None:
                with contextlib.suppress(Failure):
                    process.stop()

    def wait_until(self, condition, what, seconds=20):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            with contextlib.suppress(OSError, http.client.HTTPException):
                if condition():
                    return
            time.sleep(0.02)
        raise Failure(f"{what}: not within {seconds} s; daemon log:\n{self.daemon.tail() if self.daemon else ''}")

    # --- asking ---

    @staticmethod
    def _ask(connection, method, path, body, headers):
        try:
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            return Answer(answer.status, dict(answer.getheaders()), answer.read())
        finally:
            connection.close()

    def admin(self, method, path, body=None, timeout=30):
        data = None if body is None else json.dumps(body)
        return self._ask(UnixConnection(self.admin_socket, timeout), method, path, data, {"Content-Type": "application/json"} if data is not None else {})

    def plain(self, method, path, body=None, headers=None, timeout=30):
        return self._ask(http.client.HTTPConnection("127.0.0.1", self.http_port, timeout=timeout), method, path, body, headers or {})

    def https(self, method, path, body=None, headers=None, timeout=30):
        return self._ask(TlsConnection(self.https_port, self.trust, timeout), method, path, body, headers or {})

    def status(self):
        answer = self.admin("GET", "/v1/status")
        expect(answer.status == 200, f"status: {answer.status} {answer.body!r}")
        return answer.json

    def ready(self):
        return self.status()["ready"]

    def admin_audit_kinds(self):
        """admin_audit_kinds gives the kinds of all audit entries, in order."""
        import base64
        kinds, size = [], self.admin("GET", "/v1/audit/head").json["size"]
        while len(kinds) < size:
            page = self.admin("GET", f"/v1/audit/entries?first={len(kinds)}&last={min(size, len(kinds) + 500)}").json["entries"]
            expect(page, "an empty page of audit entries")
            kinds += [json.loads(base64.b64decode(entry))["kind"] for entry in page]
        return kinds

    def certificates(self, query=""):
        """certificates gives every record, page after page."""
        records, after = [], ""
        while True:
            answer = self.admin("GET", f"/v1/certificates?limit=1000{query}{after}")
            expect(answer.status == 200, f"certificates: {answer.status} {answer.body!r}")
            page = answer.json
            records += page["certificates"]
            if not page.get("next"):
                return records
            after = "&after=" + page["next"]

    # --- material ---

    def make_requests(self, count):
        """make_requests makes keys and PKCS#10 requests; each for a name of its own under the tls-server profile."""
        return make_requests(self.folder / "requests", [f"n{number}.demo.sealwright.test" for number in range(count)])

    def served_crl(self):
        """served_crl gives the serials on the CRL that is served right now, as openssl reads them. It asks nobody to publish one."""
        answer = self.plain("GET", "/crl/issuing.crl")
        expect(answer.status == 200, f"the CRL: {answer.status} {answer.body!r}")
        crl = self.folder / "issuing.crl"
        crl.write_bytes(answer.body)
        text = run("openssl", "crl", "-inform", "DER", "-in", crl, "-noout", "-text").stdout
        return {line.split(":")[1].strip().lower().rjust(32, "0") for line in text.splitlines() if line.strip().startswith("Serial Number:")}

    def wait_for_crl(self, serials, seconds=10):
        """wait_for_crl waits until the CRL that the daemon serves by itself lists just these serials. It gives how long that took."""
        wanted, began, seen, listed = set(serials), time.monotonic(), None, set()
        while True:
            etag = self.plain("HEAD", "/crl/issuing.crl").headers.get("ETag")
            if seen is None or etag != seen:
                seen, listed = etag, self.served_crl()
                if listed == wanted:
                    return time.monotonic() - began
            if time.monotonic() - began > seconds:
                raise Failure(f"the daemon has published no CRL for {seconds} s that says what its database does: not listed {sorted(wanted - listed)}, "
                              f"listed and not revoked {sorted(listed - wanted)}; daemon log:\n{self.daemon.tail()}")
            time.sleep(0.01)

    def ocsp_statuses(self, serials):
        """ocsp_statuses asks openssl ocsp about serials (hexadecimal) and gives {serial: good|revoked|unknown}, signature verified."""
        statuses = {}
        for start in range(0, len(serials), 10):
            batch = serials[start:start + 10]
            arguments = [a for serial in batch for a in ("-serial", "0x" + serial)]
            output = run("openssl", "ocsp", "-issuer", self.artefacts / "issuing.pem", *arguments, "-url", f"http://127.0.0.1:{self.http_port}/ocsp", "-CAfile",
                         self.artefacts / "root.pem", "-verify_other", self.artefacts / "issuing.pem").stdout
            for line in output.splitlines():
                if line.startswith("0x") and ": " in line:
                    serial, state = line.split(": ", 1)
                    statuses[serial[2:].lower().rjust(32, "0")] = state.split()[0]
        return statuses

    def shim_signatures(self):
        """shim_signatures gives what the token signed since the count began: one entry a signature, hexadecimal or "-"."""
        if not self.count_file.exists():
            return []
        return [line.split()[1] for line in self.count_file.read_text().splitlines()]

    def verify_audit(self):
        """verify_audit exports the audit log by the command line and has sealwright-verify check it."""
        folder = self.folder / "audit-export"
        shutil.rmtree(folder, ignore_errors=True)
        run(self.bin / "sealwright", "audit", "export", folder, "--socket", self.admin_socket)
        return run(self.bin / "sealwright-verify", "audit", folder, "--key", self.artefacts / "audit-key.pem")
