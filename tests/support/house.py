"""house.py: a whole Sealwright in one folder, for tests: SoftHSM tokens, the ceremony, the signer and the daemon as child processes, and the admin
API. Only the Python standard library. A House is made once (ceremony) and then started, killed and restarted as often as a test likes."""

import contextlib
import http.client
import json
import os
import pathlib
import shutil
import signal
import socket
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
