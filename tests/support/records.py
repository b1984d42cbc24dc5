"""records.py: the signer's journal and the store's database read by a second hand, for comparing them with what the token did."""

import collections
import hashlib
import json
import pathlib
import sqlite3

# What the ceremony issued was adopted: it went through no intent and no journal of the daemon's.
OF_THE_DAEMON = "q.channel <> 'ceremony'"

PURPOSES = {1: "certificate", 2: "crl", 3: "csr", 4: "ocsp", 5: "checkpoint", 6: "tls"}
STATES = {1: "intended", 2: "issued", 3: "indeterminate", 4: "abandoned"}
OUTCOMES = {1: "signed", 2: "failed", 3: "unknown"}

JournalIntent = collections.namedtuple("JournalIntent", "sequence purpose intent tbs subject")


class Journal:
    """Journal reads hsm/signer_process/journal_record.hpp's format: intents by number, and what came of each."""

    def __init__(self, path):
        data = pathlib.Path(path).read_bytes()
        if data[:8] != b"SWJOURNL" or int.from_bytes(data[8:10], "big") != 1:
            raise ValueError("not a journal of version 1")
        self.intents, self.outcomes, self.fences = {}, {}, []
        self.proofs = set()  # digests of the challenges that keys signed (or decrypted) when their token came up
        self.clocks, self.opened = 0, {}  # set back by a person; how often a key was asked to decrypt
        previous, at = hashlib.sha256(data[:64]).digest(), 64
        self.torn = 0
        while at < len(data):
            length = int.from_bytes(data[at:at + 4], "big")
            end = at + 4 + length
            digest = hashlib.sha256(previous + data[at:end]).digest()
            if end + 32 > len(data) or data[end:end + 32] != digest:
                self.torn = len(data) - at
                break
            self._read(data[at + 4:end])
            previous, at = digest, end + 32

    def _read(self, body):
        kind, sequence = body[0], int.from_bytes(body[1:9], "big")
        rest = body[25:]
        if kind == 1:
            purpose = PURPOSES[rest[56]]
            self.intents[sequence] = JournalIntent(sequence, purpose, rest[59:75].hex(), rest[75:107].hex(), rest[107:].hex())
        elif kind == 2:
            self.outcomes[int.from_bytes(rest[:8], "big")] = OUTCOMES[rest[24]]
        elif kind == 3:
            self.fences.append((rest[:16].hex(), int.from_bytes(rest[16:24], "big")))
        elif kind == 4:
            self.proofs.add(rest[34:66].hex())
        elif kind == 5:
            self.clocks += 1
        elif kind == 6:
            key = rest[:32].hex()
            self.opened[key] = self.opened.get(key, 0) + int.from_bytes(rest[32:36], "big")
        else:
            raise ValueError(f"a record of type {kind}")

    def outcome(self, intent):
        return self.outcomes.get(intent.sequence, "unknown")


Row = collections.namedtuple("Row", "serial state intent tbs certificate reason request")
Row.revoked = property(lambda row: row.reason is not None, doc="whether there is a revocation, a hold included")
CERTIFICATE_HOLD = 6  # the reason of a hold (RFC 5280 5.3.1)

Request = collections.namedtuple("Request", "id state principal profile secret code approvals")


class Database:
    """Database reads the store of a daemon, running or dead, without writing to it."""

    def __init__(self, path):
        self.connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=30)

    def close(self):
        self.connection.close()

    def certificates(self):
        rows = self.connection.execute("SELECT c.serial, c.state, c.intent, c.tbs_digest, c.certificate, r.reason, q.id FROM certificate c JOIN request q ON q.seq = c.request"
                                       " LEFT JOIN revocation r ON r.issuer = c.issuer AND r.serial = c.serial WHERE " + OF_THE_DAEMON)
        return {r[0].hex(): Row(r[0].hex(), STATES[r[1]], r[2].hex(), r[3].hex(), r[4], r[5], r[6].hex()) for r in rows}

    def crls(self):
        return [(number, STATES[state] if state < 3 else "abandoned", intent.hex(), tbs.hex())
                for number, state, intent, tbs in self.connection.execute("SELECT number, state, intent, tbs_digest FROM crl ORDER BY seq")]

    def requests(self):
        rows = self.connection.execute("SELECT q.id, q.state, q.principal, q.profile, q.secret, q.code, (SELECT count(*) FROM approval a WHERE a.request = q.seq) FROM request q WHERE " + OF_THE_DAEMON)
        return {r[0].hex(): Request(r[0].hex(), *r[1:]) for r in rows}

    def secrets(self):
        """secrets gives, for each secret, the request that used it up, or None."""
        return {identifier: used_by and used_by.hex() for identifier, used_by in self.connection.execute("SELECT id, used_by FROM secret")}

    def audit_entries(self, first):
        """audit_entries gives the entries from the first one on, parsed."""
        return [json.loads(leaf) for leaf, in self.connection.execute("SELECT leaf FROM audit_leaf WHERE idx >= ? ORDER BY idx", (first,))]
