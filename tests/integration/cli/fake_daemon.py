"""fake_daemon.py: an admin socket (or an HTTPS listener) that answers what a test tells it to, and remembers what it was asked."""

import http.server
import json
import os
import pathlib
import pty
import re
import select
import shutil
import signal
import socketserver
import subprocess
import tempfile
import termios
import threading
import time
import unittest
import urllib.parse

SEALWRIGHT = os.environ["SEALWRIGHT"]
ROOT = pathlib.Path(__file__).resolve().parents[3]

SERIAL = "4f1c09aa30b84d7e9bd2a07fc03b51e6"
REQUEST = "0f3c61d2a9b84e7c8f10a2b3c4d5e6f7"


class Reply:
    """What a route answers: a status and JSON, or raw text, or nothing at all (the connection is closed)."""

    def __init__(self, status=200, body=None, raw=None, drop=False, headers=()):
        self.status, self.drop, self.headers = status, drop, list(headers)
        self.content = raw if raw is not None else json.dumps(body if body is not None else {})


def problem(status, code, detail):
    return Reply(status, {"title": code, "status": status, "code": code, "detail": detail})


class Asked:
    def __init__(self, method, path, query, headers, body):
        self.method, self.path, self.query, self.headers, self.body = method, path, query, headers, body

    @property
    def json(self):
        return json.loads(self.body)


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def address_string(self):
        return "local"

    def answer(self):
        url = urllib.parse.urlsplit(self.path)
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        query = {k: v[0] for k, v in urllib.parse.parse_qs(url.query, strict_parsing=bool(url.query)).items()}
        asked = Asked(self.command, urllib.parse.unquote(url.path), query, self.headers, body)
        self.server.asked.append(asked)
        route = self.server.routes.get((asked.method, asked.path), problem(404, "not_found", "there is no such thing"))
        reply = route(asked) if callable(route) else route
        if reply.drop:
            self.close_connection = True
            return
        content = reply.content.encode()
        self.send_response(reply.status)
        for name, value in reply.headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_POST = answer


class UnixServer(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    daemon_threads = True


class FakeDaemon:
    def __init__(self, path):
        self.path = str(path)
        self.server = UnixServer(self.path, Handler)
        self.server.routes, self.server.asked = {}, []
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    @property
    def routes(self):
        return self.server.routes

    @property
    def asked(self):
        return self.server.asked

    def posts(self):
        return [asked for asked in self.asked if asked.method == "POST"]

    def stop(self):
        self.server.shutdown()
        self.server.server_close()


class Case(unittest.TestCase):
    """A test with a folder, a fake daemon, and the program."""

    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="sealwright-cli-"))
        self.daemon = FakeDaemon(self.folder / "admin.sock")

    def tearDown(self):
        self.daemon.stop()
        shutil.rmtree(self.folder)

    def run_program(self, *argv, expect=0, socket=True, **options):
        """Runs without a controlling terminal: nobody can be asked."""
        command = [SEALWRIGHT, *map(str, argv)] + (["--socket", self.daemon.path] if socket else [])
        options.setdefault("stdin", subprocess.DEVNULL)
        if "input" in options:
            del options["stdin"]
        done = subprocess.run(command, capture_output=True, text=True, start_new_session=True, timeout=60, **options)
        self.assertEqual(done.returncode, expect, f"{command}\n{done.stdout}{done.stderr}")
        return done

    def run_json(self, *argv, **options):
        return json.loads(self.run_program(*argv, "--json", **options).stdout)

    def run_on_terminal(self, *argv, answers=(), socket=True):
        """Runs on a terminal of its own and types each answer when its prompt has come. Gives exit status and what the terminal showed."""
        command = [SEALWRIGHT, *map(str, argv)] + (["--socket", self.daemon.path] if socket else [])
        pid, fd = pty.fork()
        if pid == 0:
            try:
                os.execv(command[0], command)
            finally:
                os._exit(127)
        shown = b""
        answers = list(answers)
        end = time.monotonic() + 60
        while time.monotonic() < end:
            ready, _, _ = select.select([fd], [], [], 0.2)
            if ready:
                try:
                    octets = os.read(fd, 4096)
                except OSError:
                    octets = b""
                if not octets:
                    break
                shown += octets
            if answers and answers[0][0].encode() in shown:
                # The prompt of a secret is written before echo is switched off, and what is typed before that is thrown away.
                until = time.monotonic() + 20
                while "[y/N]" not in answers[0][0] and termios.tcgetattr(fd)[3] & termios.ECHO and time.monotonic() < until:
                    time.sleep(0.01)
                os.write(fd, answers.pop(0)[1].encode() + b"\n")
        else:
            os.kill(pid, signal.SIGKILL)
        _, status = os.waitpid(pid, 0)
        os.close(fd)
        return os.waitstatus_to_exitcode(status), re.sub(r"\x1b\[K", "", shown.decode())


def certificate_record(serial=SERIAL, **changes):
    record = {
        "serial": serial, "state": "issued", "profile": "tls-server", "names": "CN=www.example.org, DNS:www.example.org",
        "principal": "uid:0(root)", "request": REQUEST, "intent": "00" * 16, "issuer_key": "11" * 32, "subject_key": "22" * 32,
        "not_before": "2026-11-01T00:00:00Z", "not_after": "2099-01-01T00:00:00Z", "intended_at": "2026-11-01T00:00:00Z",
        "issued_at": "2026-11-01T00:00:01Z", "revocation": None, "renews": None,
    }
    record.update(changes)
    return record


def openssl(*argv, **options):
    return subprocess.run(["openssl", *map(str, argv)], check=True, capture_output=True, **options).stdout
