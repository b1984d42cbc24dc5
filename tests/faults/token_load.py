"""token_load.py: the clients of workload.py while a token fails under a daemon that lives: then every request must be answered, and what each was told is counted."""

import collections
import concurrent.futures
import http.client
import itertools
import pathlib
import re
import ssl
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
from house import House, TlsConnection, expect  # noqa: E402
from token_scenarios import CLIENTS  # noqa: E402
from workload import TROUBLE, Clients, Told, Workload  # noqa: E402

# A handshake that fails so was signed wrongly, or by another key.
WRONG_HANDSHAKE = ("BAD_SIGNATURE", "CERTIFICATE_VERIFY_FAILED", "DECRYPT_ERROR", "BAD_ECPOINT", "WRONG_SIGNATURE_TYPE", "WRONG_SIGNATURE_SIZE")

NUMBERS = itertools.count()  # tell one request from another of the same path


class TimedTold(Told):
    """TimedTold remembers as well when each certificate was received."""

    def __init__(self):
        super().__init__()
        self.received = []

    def remember(self, serial, pem, request=None):
        if serial not in self.issued:
            self.received.append(time.monotonic())
        super().remember(serial, pem, request)


class Answers:
    """Answers is what came back, of one load."""

    def __init__(self):
        self.lock = threading.Lock()
        self.asked = self.answered = 0
        self.refused = collections.Counter()     # by reason, whatever the reason
        self.trouble = collections.Counter()     # those of them that the token's trouble made
        self.handshakes = collections.Counter()  # connections that were refused before anything was asked: the TLS key lies in the token too
        self.unknown = []                        # requests that were told that nobody knows whether their certificate was signed; by id where asked for again
        self.wrong = []                          # what nobody may be told


class AskingClients(Clients):
    """AskingClients counts every request and its answer."""

    answers = Answers()

    def _admin(self, path, body):
        return self._counted(f"POST {path}", lambda: super(AskingClients, self)._admin(path, body))

    def publish(self):
        """Where the token signs wrongly, the daemon says so of the CRL, by a status of its own."""
        answer = self._admin("/v1/crl/publish", {})
        if answer.status == 503 and answer.json.get("code") == "token":
            self.answers.trouble["token"] += 1
        else:
            self._expect(answer, "publish", 200)

    def _https(self, method, path, secret, body=None):
        headers = {"Authorization": f"Bearer {secret.text}"}
        if body is not None:
            headers["Content-Type"] = "application/x-pem-file"
        connection = TlsConnection(self.house.https_port, self.house.trust, self.timeout)
        self._connect(connection)
        return self._counted(f"{method} {path}", lambda: House._ask(connection, method, path, body, headers))

    def _connect(self, connection):
        try:
            connection.connect()
        except OSError as error:
            connection.close()
            reason = getattr(error, "reason", None) or type(error).__name__
            with self.answers.lock:
                self.answers.handshakes[reason] += 1
                if isinstance(error, TimeoutError) or any(word in reason for word in WRONG_HANDSHAKE):
                    self.answers.wrong.append(f"a handshake ended with {error!r}")
            raise

    def _counted(self, what, ask):
        answers = self.answers
        with answers.lock:
            answers.asked += 1
        try:
            answer = ask()
        except (OSError, http.client.HTTPException) as error:
            with answers.lock:
                answers.wrong.append(f"{what} was not answered: {error!r}")
            raise
        with answers.lock:
            answers.answered += 1
            if answer.status >= 400:
                self._refused(what, answer)
        return answer

    def _refused(self, what, answer):
        try:
            problem = answer.json
        except ValueError:
            problem = {}
        if not problem.get("code") or not (problem.get("detail") or problem.get("title")):
            self.answers.wrong.append(f"{what} was refused without a reason: {answer.status} {answer.body!r}")
        self.answers.refused[problem.get("code")] += 1
        if answer.status in TROUBLE:
            self.answers.trouble[problem.get("code")] += 1
        if problem.get("code") == "indeterminate" and "/crl/" not in what:
            parked = re.search(r"/requests/([0-9a-f]+)", what)
            self.answers.unknown.append(parked[1] if parked else f"{what} #{next(NUMBERS)}")


class Load(Workload):
    """Load runs the clients in the background, from begin to end."""

    CLIENTS = CLIENTS

    def __init__(self, house, requests, told, seed):
        super().__init__(house, requests, told, seed)
        # A request waits for a token up to the signer's deadline of ten seconds.
        self.clients = AskingClients(house, requests, told, timeout=30)
        self.clients.answers = self.answers = Answers()
        self.over = threading.Event()
        self.pool = concurrent.futures.ThreadPoolExecutor(1)
        self.running = None

    def begin(self):
        self.running = self.pool.submit(self.run, self.over.is_set, 600)

    def end(self):
        self.over.set()
        try:
            self.running.result()
        finally:
            self.pool.shutdown()

    def wait_for(self, condition, what, seconds):
        """wait_for gives whether the condition came in time. A client that found something wrong ends it."""
        give_up = time.monotonic() + seconds
        while not condition():
            if self.running.done():
                self.running.result()
            expect(time.monotonic() < give_up, f"{what}: not within {seconds} s")
            time.sleep(0.01)

    def wait_for_certificates(self, count, what, seconds=15):
        wanted = len(self.told.received) + count
        self.wait_for(lambda: len(self.told.received) >= wanted, what, seconds)
