"""comparison.py: what must hold between token, journal, store, the lists that the world sees, and what clients were told."""

import base64
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
from house import expect  # noqa: E402
from records import CERTIFICATE_HOLD, Database, Journal  # noqa: E402
from workload import APPROVED  # noqa: E402


class Comparison:
    """One house's, over all of its lives. What was counted or seen once is not asked again."""

    def __init__(self, house, told):
        self.house, self.told = house, told
        self.indeterminate_seen, self.recorded, self.entries = set(), set(), 0
        self.slowest_crl = 0.0

    def check(self, at_the_end=False):
        # A daemon that lives makes CRLs by itself: what was signed before the journal was read must be in it, and what it says was signed, must be by now.
        signatures = self.house.shim_signatures()
        journal = Journal(self.house.journal)
        signatures_since = self.house.shim_signatures()[len(signatures):]
        database = Database(self.house.folder / "state/ca.db")
        try:
            rows, crls, requests, secrets = database.certificates(), database.crls(), database.requests(), database.secrets()
            entries = database.audit_entries(self.entries)
        finally:
            database.close()
        self._token_against_journal(signatures, signatures_since, journal)
        self._journal_against_store(journal, rows, crls)
        self._clients_against_store(rows)
        self._secrets(rows, requests, secrets)
        self._approvals(rows, requests)
        self._refusals(requests, entries)
        self._indeterminate_are_revoked(rows)
        if at_the_end:
            self._lists_against_clients(rows)
        return len(signatures), rows, secrets

    def _token_against_journal(self, signatures, signatures_since, journal):
        journaled = {}
        for intent in journal.intents.values():
            journaled.setdefault(intent.tbs, []).append(intent)
        once = set()
        unseen = 0
        for digest in signatures:
            if digest == "-":  # an EdDSA checkpoint: the token is given the text, not a digest
                unseen += 1
                continue
            if digest in journal.proofs:  # the challenge by which a key showed that it is there
                continue
            expect(digest in journaled, f"the token signed {digest}, which the journal does not know")
            intent = journaled[digest][0]
            expect(journal.outcome(intent) != "failed", f"the token signed {digest}, which the journal calls failed")
            if intent.purpose in ("certificate", "crl"):
                expect(digest not in once and len(journaled[digest]) == 1, f"{intent.purpose} {digest} was signed or journaled twice")
            once.add(digest)
        checkpoints = [i for i in journal.intents.values() if i.purpose == "checkpoint"]
        expect(unseen <= len(checkpoints) + len(journal.proofs), f"{unseen} signatures by the audit key, {len(checkpoints)} intents in the journal")
        for intent in journal.intents.values():
            if journal.outcome(intent) == "signed" and intent.purpose != "checkpoint":
                expect(intent.tbs in once or intent.tbs in signatures_since, f"the journal says signed of {intent.tbs}, which the token did not sign")

    def _journal_against_store(self, journal, rows, crls):
        by_intent = {row.intent: row for row in rows.values()}
        crl_by_intent = {intent: (state, tbs) for _, state, intent, tbs in crls}
        signed_intents = set()
        for intent in journal.intents.values():
            if intent.purpose == "certificate":
                row = by_intent.get(intent.intent)
                expect(row is not None, f"the signer has a certificate intent {intent.intent} that the store does not know")
                expect(row.tbs == intent.tbs, f"intent {intent.intent}: journal and store name different TBS")
                if journal.outcome(intent) != "failed":
                    expect(row.state in ("issued", "indeterminate"), f"{row.serial} may have been signed and is {row.state}")
                    signed_intents.add(intent.intent)
            elif intent.purpose == "crl":
                expect(intent.intent in crl_by_intent, f"the signer has a CRL intent {intent.intent} that the store does not know")
                expect(crl_by_intent[intent.intent][1] == intent.tbs, f"CRL intent {intent.intent}: journal and store name different TBS")
        for row in rows.values():
            expect(row.state != "intended", f"{row.serial} is still open")
            if row.state == "issued":
                expect(row.intent in signed_intents, f"{row.serial} is issued without a signature in the journal")
        numbers = [number for number, *_ in crls]
        expect(numbers == sorted(set(numbers)), f"CRL numbers do not only grow: {numbers}")

    def _clients_against_store(self, rows):
        for serial, pem in self.told.issued.items():
            row = rows.get(serial)
            expect(row is not None and row.state == "issued", f"{serial} was acknowledged and is {row.state if row else 'lost'}")
            expect(row.certificate == der_of(pem), f"{serial}: the store has other octets than the client got")
            request = self.told.requests.get(serial)
            expect(request in (None, row.request), f"{serial} was answered for request {request} and is recorded for {row.request}")
        for serial, allowed in self.told.status.items():
            reason = rows[serial].reason
            status = "good" if reason is None else "held" if reason == CERTIFICATE_HOLD else "revoked"
            expect(status in allowed, f"{serial} was acknowledged to be {allowed} and is {status}")

    def _secrets(self, rows, requests, secrets):
        """A secret is used up by at most one certificate, whatever became of that one, and by that one's request."""
        spent = {}
        for row in rows.values():
            secret = requests[row.request].secret
            if secret is not None:
                expect(secret not in spent, f"secret {secret} has two certificates: {spent.get(secret)} and {row.serial}")
                spent[secret] = row.serial
                expect(secrets.get(secret) == row.request, f"{row.serial} was intended by secret {secret}, which is recorded as used by {secrets.get(secret)}")
        for secret, used_by in secrets.items():
            expect((used_by is not None) == (secret in spent), f"secret {secret} is used by {used_by}, and has the certificate {spent.get(secret)}")
        for secret in self.told.secrets.values():
            expect(secret.id in secrets, f"secret {secret.id} was handed out and is lost")
            if secret.serial is not None:
                expect(spent.get(secret.id) == secret.serial, f"{secret.serial} was acknowledged for secret {secret.id}, which has {spent.get(secret.id)}")

    def _approvals(self, rows, requests):
        for parked in self.told.parked.values():
            request = requests.get(parked.id)
            expect(request is not None and request.profile == APPROVED, f"request {parked.id} was acknowledged to wait and is lost")
            expect(request.state in ("awaiting_approval", "intended", "refused"), f"request {parked.id} is {request.state}")
            if parked.approved:
                expect(request.approvals == 1, f"the approval of {parked.id} was acknowledged and is lost")
            if parked.denied:
                expect((request.state, request.code) == ("refused", "denied"), f"{parked.id} was denied and is {request.state} ({request.code})")
            if parked.serial is not None:
                expect(rows[parked.serial].request == parked.id, f"{parked.serial} was issued for {rows[parked.serial].request}, not for {parked.id}")
        for row in rows.values():
            request = requests[row.request]
            expect(request.profile != APPROVED or request.approvals == 1, f"{row.serial} was intended without the approval that its profile wants")

    def _refusals(self, requests, entries):
        """Each refusal that was answered has its row, and its entry in the audit log."""
        self.entries += len(entries)
        for entry in entries:
            if entry["kind"] in ("request.refused", "input.refused"):
                code = entry["fields"]["code"]
                self.recorded |= {("profile", entry["fields"]["profile"], code), ("actor", entry["actor"], code)}
        rows = {mark for r in requests.values() if r.state == "refused" for mark in (("profile", r.profile, r.code), ("actor", r.principal, r.code))}
        expect(self.told.refused <= rows, f"refusals were answered and have no record: {sorted(self.told.refused - rows)[:3]}")
        expect(self.told.refused <= self.recorded, f"refusals were answered and have no audit entry: {sorted(self.told.refused - self.recorded)[:3]}")

    def _indeterminate_are_revoked(self, rows):
        fresh = [s for s, row in rows.items() if row.state == "indeterminate" and s not in self.indeterminate_seen]
        if not fresh:
            return
        for serial in fresh:
            expect(rows[serial].revoked, f"{serial} is indeterminate and not revoked")
        # Nobody asks for a CRL here: that one comes by itself is a part of what is compared.
        self.slowest_crl = max(self.slowest_crl, self.house.wait_for_crl(s for s, row in rows.items() if row.revoked))
        statuses = self.house.ocsp_statuses(fresh)
        for serial in fresh:
            expect(statuses.get(serial) == "revoked", f"OCSP says {statuses.get(serial)} of {serial}, which is indeterminate")
        self.indeterminate_seen |= set(fresh)

    def _lists_against_clients(self, rows):
        self.house.wait_for_crl(s for s, row in rows.items() if row.revoked)
        sure = {serial: "good" if allowed == {"good"} else "revoked" for serial, allowed in self.told.status.items() if len(allowed) == 1}
        asked = [s for s, word in sure.items() if word == "good"][-20:] + [s for s, word in sure.items() if word == "revoked"][-20:]
        statuses = self.house.ocsp_statuses(asked)
        for serial in asked:
            expect(statuses.get(serial) == sure[serial], f"OCSP says {statuses.get(serial)} of {serial}, which was acknowledged to be {self.told.status[serial]}")


def der_of(pem):
    lines = pem.strip().splitlines()
    return base64.b64decode("".join(line for line in lines[1:] if not line.startswith("-")).encode())


def settled(house):
    status = house.status()
    return status["ready"] and status["counts"]["open_intents"] == 0
