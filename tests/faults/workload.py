"""workload.py: clients and operators of a house that is about to be killed, and what they were told. Only what was answered in full is remembered as told; what was asked
and not answered is open, and stays open over restarts until somebody asks again."""

import concurrent.futures
import pathlib
import random
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
from house import Failure, expect, http, make_requests  # noqa: E402

# The daemon, or the signer behind it, is going or gone: nothing is said about the request.
TROUBLE = (500, 502, 503, 504)
# Certificates of this profile need an officer; nobody approves a request of their own, so that a secret asks and the local operator approves.
APPROVED = "approved"


def add_approved_profile(house):
    text = (house.folder / "profiles/tls-server.toml").read_text()
    (house.folder / f"profiles/{APPROVED}.toml").write_text(text.replace('name = "tls-server"', f'name = "{APPROVED}"').replace("[who]", "[who]\napprovals = 1"))


class Requests:
    """The PKCS#10 requests that the clients send; making them takes long, so all houses share them."""

    def __init__(self, folder, count=16):
        folder.mkdir(parents=True, exist_ok=True)
        *self.good, self.foreign = make_requests(folder, [f"n{number}.demo.sealwright.test" for number in range(count)] + ["www.example.com"])


class Secret:
    def __init__(self, identifier, text, profile):
        self.id, self.text, self.profile = identifier, text, profile
        self.shown = 0      # how often it was sent with a request that may be issued
        self.serial = None  # of the certificate that it was acknowledged with


class Parked:
    def __init__(self, identifier, secret):
        self.id, self.secret = identifier, secret
        self.asked_to_approve = self.approved = self.asked_to_deny = self.denied = False
        self.asked_to_resume, self.serial, self.over = False, None, False


class Told:
    """Told is all that a house's clients were told, over all of its lives."""

    def __init__(self):
        self.issued = {}    # serial -> PEM
        self.requests = {}  # serial -> the request that it was issued for, where the answer named it
        self.status = {}    # serial -> what it may be now: good, held, revoked; more than one where an answer did not come
        self.secrets = {}   # id -> Secret
        self.parked = {}    # request -> Parked
        self.refused = set()  # ("profile" or "actor", text, code) of refusals that were answered

    def remember(self, serial, pem, request=None):
        self.status.setdefault(serial, {"good"})
        self.issued[serial] = pem
        if request:
            self.requests[serial] = request


def first_pem(text):
    return text[:text.index("-----END CERTIFICATE-----") + len("-----END CERTIFICATE-----")] + "\n"


class Clients:
    """Clients asks one thing at a time, and judges each answer by what was told before."""

    def __init__(self, house, requests, told, timeout=15):
        self.house, self.requests, self.told, self.timeout = house, requests, told, timeout

    def _admin(self, path, body):
        return self.house.admin("POST", path, body, timeout=self.timeout)

    def _https(self, method, path, secret, body=None):
        headers = {"Authorization": f"Bearer {secret.text}"}
        if body is not None:
            headers["Content-Type"] = "application/x-pem-file"
        return self.house.https(method, path, body, headers, timeout=self.timeout)

    @staticmethod
    def _expect(answer, what, *statuses):
        expect(answer.status in statuses or answer.status in TROUBLE, f"{what}: {answer.status} {answer.body!r}")
        if answer.status in TROUBLE:
            time.sleep(0.005)
        return answer.status == statuses[0]

    # --- by the operator alone ---

    def issue(self, csr):
        answer = self._admin("/v1/certificates", {"profile": "tls-server", "csr": csr})
        if not self._expect(answer, "issue", 201):
            return None
        self.told.remember(answer.json["serial"], answer.json["certificate"], answer.json["request"])
        return answer.json["serial"]

    def change(self, serial, verb):
        """change revokes, holds or releases, and gives whether it was acknowledged. Nobody else changes this serial meanwhile."""
        after = {"revoke": "revoked", "hold": "held", "release": "good"}[verb]
        before = self.told.status[serial]
        self.told.status[serial] = before | {after}
        answer = self._admin(f"/v1/certificates/{serial}/{verb}", {"reason": "superseded"} if verb == "revoke" else {})
        # After an answer that did not come, the change may have been made already.
        if not self._expect(answer, f"{verb} {serial}", 200, *([409] if len(before) > 1 else [])):
            return False
        self.told.status[serial] = {after}
        return True

    def publish(self):
        self._expect(self._admin("/v1/crl/publish", {}), "publish", 200)

    def new_secret(self, profile):
        answer = self._admin("/v1/secrets", {"profile": profile, "lifetime": "2h"})
        if not self._expect(answer, "secret", 201):
            return None
        secret = Secret(answer.json["id"], answer.json["secret"], profile)
        self.told.secrets[secret.id] = secret
        return secret

    # --- with a one-time secret, over HTTPS ---

    def enrol(self, secret, csr):
        """enrol shows a secret, for the first time or again, and gives the answer's status."""
        used_before = secret.serial
        secret.shown += 1
        answer = self._https("POST", f"/native/v1/certificates?profile={secret.profile}", secret, csr)
        self._expect(answer, "enrol", 201, 202, 409)
        if answer.status == 409:
            expect(secret.shown > 1, f"a secret that was never shown before was refused: {answer.body!r}")
        elif answer.status == 201:
            expect(used_before is None, f"secret {secret.id} was used for {used_before}, and again")
            expect(secret.profile != APPROVED, "a certificate without the approval that its profile wants")
            self._issued(secret, answer, answer.headers["Location"].rsplit("/", 1)[1])
        elif answer.status == 202:
            expect(secret.profile == APPROVED, f"enrol: {answer.status} {answer.body!r}")
            self.told.parked[answer.json["request"]] = Parked(answer.json["request"], secret)
        return answer.status

    def _issued(self, secret, answer, request):
        serial = answer.headers["X-Sealwright-Serial"]
        expect(secret.serial in (None, serial), f"secret {secret.id} gave {secret.serial} and {serial}")
        secret.serial = serial
        self.told.remember(serial, first_pem(answer.body.decode()), request)

    # --- what waits for an officer ---

    def approve(self, parked):
        excused = parked.asked_to_approve or parked.asked_to_deny or parked.asked_to_resume
        parked.asked_to_approve = True
        if self._expect(self._admin(f"/v1/requests/{parked.id}/approve", {}), f"approve {parked.id}", 200, *([409] if excused else [])):
            parked.approved = True

    def deny(self, parked):
        excused = parked.asked_to_approve or parked.asked_to_deny or parked.asked_to_resume
        parked.asked_to_deny = True
        if self._expect(self._admin(f"/v1/requests/{parked.id}/deny", {"reason": "for the test"}), f"deny {parked.id}", 200, *([409] if excused else [])):
            parked.denied = parked.over = True

    def resume(self, parked, over_https):
        """resume asks for the certificate of a parked request, as the requester or as the operator for him, and gives the answer's status."""
        approved, denied = parked.approved, parked.denied
        parked.asked_to_resume = True
        if over_https:
            answer = self._https("GET", f"/native/v1/requests/{parked.id}", parked.secret)
        else:
            answer = self._admin(f"/v1/requests/{parked.id}/resume", {})
        # 403: an officer said no. 409: its secret was used up by another request.
        self._expect(answer, f"resume {parked.id}", 200, 202, *([403] if parked.asked_to_deny else []), *([409] if parked.secret.shown > 1 else []))
        if answer.status == 200:
            expect(parked.asked_to_approve and not denied, f"{parked.id} was issued without an approval, or after a denial")
            serial = answer.headers["X-Sealwright-Serial"] if over_https else answer.json["serial"]
            expect(parked.serial in (None, serial), f"{parked.id} gave {parked.serial} and {serial}")
            expect(parked.secret.serial in (None, serial), f"secret {parked.secret.id} gave {parked.secret.serial} and {serial}")
            parked.serial, parked.over, parked.secret.serial = serial, True, serial
            self.told.remember(serial, first_pem(answer.body.decode()) if over_https else answer.json["certificate"], parked.id)
        elif answer.status == 202:
            expect(not denied and not (approved and answer.json["approvals_needed"]), f"the approval or denial of {parked.id} was acknowledged and is lost: {answer.body!r}")
        elif answer.status in (403, 409):
            parked.over = True
        return answer.status

    # --- refusals ---

    def ask_for_no_profile(self, name, csr):
        """The profile's name is told nowhere else, so that the refusal's record can be found by it."""
        answer = self._admin("/v1/certificates", {"profile": name, "csr": csr})
        if self._expect(answer, "a profile that does not exist", 404):
            self.told.refused.add(("profile", name, answer.json["code"]))

    def ask_for_foreign_name(self, secret):
        """A request that is refused leaves its secret as it was."""
        answer = self._https("POST", "/native/v1/certificates", secret, self.requests.foreign)
        if self._expect(answer, "a foreign name", 403, *([409] if secret.shown else [])):
            self.told.refused.add(("actor", f"secret:{secret.id}", answer.json["code"]))

    def show_used(self, secret, name):
        """A used secret, under a profile's name that is told nowhere else."""
        answer = self._https("POST", f"/native/v1/certificates?profile={name}", secret, self.requests.good[0])
        if self._expect(answer, "a used secret", 409):
            self.told.refused.add(("profile", name, answer.json["code"]))


class Workload:
    """Several clients that do all of this at random until the house stops answering."""

    CLIENTS = 4

    def __init__(self, house, requests, told, seed):
        self.house, self.requests, self.told, self.seed = house, requests, told, seed
        self.clients = Clients(house, requests, told)
        self.stop, self.lock = False, threading.Lock()
        self.busy = set()  # serials and parked requests that one of the clients is at

    def run(self, until_dead, seconds=20):
        end = time.monotonic() + seconds
        with concurrent.futures.ThreadPoolExecutor(self.CLIENTS) as pool:
            clients = [pool.submit(self._client, n) for n in range(self.CLIENTS)]
            while not until_dead() and time.monotonic() < end and not any(client.done() for client in clients):
                time.sleep(0.002)
            self.stop = True
            for client in clients:
                client.result()

    def _client(self, number):
        rng, step = random.Random(f"{self.seed}/{number}"), 0
        while not self.stop:
            step += 1
            try:
                self._step(rng, f"{self.seed}/{number}/{step}".replace("/", "-"))
            except Failure:
                raise
            except (OSError, http.client.HTTPException):
                time.sleep(0.01)  # the daemon is gone, or going

    def _step(self, rng, name):
        chance = rng.random()
        if chance < 0.40:
            self._certificate(rng)
        elif chance < 0.60:
            self._enrolment(rng)
        elif chance < 0.85:
            self._approval(rng)
        else:
            self._refusal(rng, name)

    def _take(self, candidates, rng):
        """_take reserves one of the candidates for this client, or none."""
        with self.lock:
            free = [c for c in candidates if c not in self.busy]
            if not free:
                return None
            taken = rng.choice(free)
            self.busy.add(taken)
            return taken

    def _certificate(self, rng):
        new = self.clients.issue(rng.choice(self.requests.good))
        candidates = [s for s, status in list(self.told.status.items())[-20:] if status != {"revoked"}] if rng.random() < 0.5 else [new]
        serial = self._take([s for s in candidates if s is not None], rng)
        if serial is None:
            return
        try:
            status, chance = self.told.status[serial], rng.random()
            if status == {"revoked"}:  # by another client, between the choice and the taking
                return
            if "held" in status and "revoked" not in status and chance < 0.5:
                self.clients.change(serial, "release")
            elif status == {"good"} and chance < 0.3:
                self.clients.change(serial, "hold")
            elif chance < 0.6:
                self.clients.change(serial, "revoke")
        finally:
            self.busy.discard(serial)
        if rng.random() < 0.2:
            self.clients.publish()

    def _enrolment(self, rng):
        # A secret that was shown before: used, or in doubt since a crash, or just being shown by another client.
        known = [s for s in list(self.told.secrets.values())[-40:] if s.profile != APPROVED and s.shown]
        secret = rng.choice(known) if known and rng.random() < 0.35 else self.clients.new_secret("tls-server")
        if secret is not None:
            self.clients.enrol(secret, rng.choice(self.requests.good))

    def _approval(self, rng):
        waiting = [p for p in list(self.told.parked.values())[-20:] if not p.over]
        parked = self._take(waiting, rng) if rng.random() < 0.75 else None
        if parked is None:
            known = [s for s in list(self.told.secrets.values())[-40:] if s.profile == APPROVED]
            secret = rng.choice(known) if known and rng.random() < 0.2 else self.clients.new_secret(APPROVED)
            if secret is not None:
                self.clients.enrol(secret, rng.choice(self.requests.good))
            return
        try:
            chance = rng.random()
            if chance < 0.08:
                self.clients.deny(parked)
            elif chance < 0.5 and not parked.approved:
                self.clients.approve(parked)
            else:
                self.clients.resume(parked, over_https=rng.random() < 0.5)
        finally:
            self.busy.discard(parked)

    def _refusal(self, rng, name):
        chance = rng.random()
        used = [s for s in list(self.told.secrets.values())[-40:] if s.serial]
        if chance < 0.4:
            self.clients.ask_for_no_profile(f"none-{name}", rng.choice(self.requests.good))
        elif chance < 0.7 and used:
            self.clients.show_used(rng.choice(used), f"used-{name}")
        else:
            secret = self.clients.new_secret("tls-server")
            if secret is not None:
                self.clients.ask_for_foreign_name(secret)


def settle_what_is_open(house, requests, told, secrets_used, most=8):
    """settle_what_is_open asks again after what no client was told the end of, of a house that is well: secrets that were not used work, used ones do not, approvals count."""
    clients = Clients(house, requests, told)
    for secret in [s for s in told.secrets.values() if s.profile != APPROVED][-most:]:
        wanted = 201 if secrets_used[secret.id] is None else 409
        status = clients.enrol(secret, requests.good[0])
        expect(status == wanted, f"secret {secret.id}, used by {secrets_used[secret.id]}: {status} instead of {wanted}")
    for parked in [p for p in told.parked.values() if not p.over][-most:]:
        if not parked.approved and not parked.asked_to_deny and not parked.asked_to_resume:
            clients.approve(parked)
        clients.resume(parked, over_https=True)
