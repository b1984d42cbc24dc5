-- The first schema. Times are seconds since 1970 UTC. Rows are written once and only their state moves on; nothing is deleted but the
-- oldest entries of status_change and a released hold.

-- One row: who this store is, when it last committed, and the right edge of the audit log (its perfect subtrees, largest first).
CREATE TABLE site (
    one          INTEGER PRIMARY KEY CHECK (one = 1),
    node         BLOB NOT NULL CHECK (length(node) = 16),
    committed_at INTEGER NOT NULL,
    audit_size   INTEGER NOT NULL CHECK (audit_size >= 0),
    audit_edge   BLOB NOT NULL CHECK (length(audit_edge) % 32 = 0)
) STRICT;

-- Boots of each node, counted.
CREATE TABLE boot (
    node  BLOB NOT NULL PRIMARY KEY CHECK (length(node) = 16),
    epoch INTEGER NOT NULL CHECK (epoch > 0)
) STRICT, WITHOUT ROWID;

-- crl_number is the highest CRL number ever reserved; crl_this_update the thisUpdate of the newest CRL that was completed.
CREATE TABLE issuer (
    id              INTEGER PRIMARY KEY,
    key             BLOB NOT NULL UNIQUE CHECK (length(key) = 32),
    crl_number      INTEGER NOT NULL DEFAULT 0 CHECK (crl_number >= 0),
    crl_this_update INTEGER
) STRICT;

-- seq keeps large rows in the order of their writing, so that a busy CA appends to the table and only the small index is written at random.
-- A request that was intended takes its further state from its certificate.
CREATE TABLE request (
    seq          INTEGER PRIMARY KEY,
    id           BLOB NOT NULL UNIQUE CHECK (length(id) = 16),
    state        TEXT NOT NULL CHECK (state IN ('received', 'challenged', 'awaiting_approval', 'intended', 'refused')),
    received_at  INTEGER NOT NULL,
    updated_at   INTEGER NOT NULL,
    principal    TEXT NOT NULL,
    channel      TEXT NOT NULL,
    peer         TEXT NOT NULL,
    profile      TEXT NOT NULL,
    secret       TEXT,
    code         TEXT,
    reason       TEXT NOT NULL DEFAULT '',
    certificate  INTEGER,
    resume_token BLOB NOT NULL DEFAULT x'',
    proof        BLOB NOT NULL,
    CHECK ((state = 'intended') = (certificate IS NOT NULL)),
    CHECK ((state = 'refused') = (code IS NOT NULL))
) STRICT;
CREATE INDEX request_waiting ON request (state) WHERE state IN ('received', 'challenged', 'awaiting_approval');

CREATE TABLE approval (
    request INTEGER NOT NULL REFERENCES request (seq),
    officer TEXT NOT NULL,
    at      INTEGER NOT NULL,
    PRIMARY KEY (request, officer)
) STRICT, WITHOUT ROWID;

-- state: 1 intended, 2 issued, 3 indeterminate, 4 abandoned. The TBS of an issued certificate is inside it.
CREATE TABLE certificate (
    seq            INTEGER PRIMARY KEY,
    serial         BLOB NOT NULL UNIQUE CHECK (length(serial) = 16),
    state          INTEGER NOT NULL CHECK (state BETWEEN 1 AND 4),
    request        INTEGER NOT NULL REFERENCES request (seq),
    intent         BLOB NOT NULL CHECK (length(intent) = 16),
    node           BLOB NOT NULL CHECK (length(node) = 16),
    epoch          INTEGER NOT NULL,
    lease_until    INTEGER NOT NULL,
    issuer         INTEGER NOT NULL REFERENCES issuer (id),
    subject_key    BLOB NOT NULL CHECK (length(subject_key) = 32),
    profile_digest BLOB NOT NULL CHECK (length(profile_digest) = 32),
    tbs_digest     BLOB NOT NULL CHECK (length(tbs_digest) = 32),
    not_before     INTEGER NOT NULL,
    not_after      INTEGER NOT NULL,
    intended_at    INTEGER NOT NULL,
    issued_at      INTEGER,
    renews         BLOB CHECK (length(renews) = 16),
    names          TEXT NOT NULL,
    tbs            BLOB,
    certificate    BLOB,
    CHECK ((state = 2) = (certificate IS NOT NULL)),
    CHECK ((state = 2) = (issued_at IS NOT NULL)),
    CHECK ((state = 2) = (tbs IS NULL))
) STRICT;
CREATE UNIQUE INDEX certificate_open ON certificate (intent) WHERE state = 1;
-- For counting: rows that never became certificates are few.
CREATE INDEX certificate_never_issued ON certificate (state) WHERE state > 2;

-- In the order in which a CRL lists them, with all that its entry needs.
CREATE TABLE revocation (
    issuer          INTEGER NOT NULL REFERENCES issuer (id),
    serial          BLOB NOT NULL CHECK (length(serial) = 16),
    revoked_at      INTEGER NOT NULL,
    reason          INTEGER NOT NULL CHECK (reason BETWEEN 0 AND 10),
    invalidity_date INTEGER,
    not_after       INTEGER NOT NULL,
    PRIMARY KEY (issuer, serial)
) STRICT, WITHOUT ROWID;

CREATE TABLE status_change (
    counter INTEGER PRIMARY KEY,
    serial  BLOB NOT NULL CHECK (length(serial) = 16)
) STRICT;

-- state: 1 intended, 2 issued, 3 abandoned. A number stays taken whatever becomes of it.
CREATE TABLE crl (
    seq         INTEGER PRIMARY KEY,
    issuer      INTEGER NOT NULL REFERENCES issuer (id),
    number      INTEGER NOT NULL CHECK (number > 0),
    state       INTEGER NOT NULL CHECK (state BETWEEN 1 AND 3),
    intent      BLOB NOT NULL UNIQUE CHECK (length(intent) = 16),
    node        BLOB NOT NULL CHECK (length(node) = 16),
    epoch       INTEGER NOT NULL,
    this_update INTEGER NOT NULL,
    next_update INTEGER NOT NULL,
    tbs_digest  BLOB NOT NULL CHECK (length(tbs_digest) = 32),
    intended_at INTEGER NOT NULL,
    entries     INTEGER,
    der         BLOB,
    UNIQUE (issuer, number)
) STRICT;
CREATE INDEX crl_open ON crl (state) WHERE state = 1;

-- names: one a line.
CREATE TABLE secret (
    seq        INTEGER PRIMARY KEY,
    id         TEXT NOT NULL UNIQUE,
    hash       BLOB NOT NULL UNIQUE CHECK (length(hash) = 32),
    profile    TEXT NOT NULL,
    names      TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    created_by TEXT NOT NULL,
    used_at    INTEGER,
    used_by    BLOB CHECK (length(used_by) = 16),
    revoked_at INTEGER,
    CHECK ((used_at IS NULL) = (used_by IS NULL))
) STRICT;

-- hashes holds the leaf's own hash and then that of each larger perfect subtree that this leaf completed, upward: node (level, i) is the
-- level-th hash of the row (i + 1) * 2^level - 1. One row a leaf, always appended.
CREATE TABLE audit_leaf (
    idx    INTEGER PRIMARY KEY,
    hashes BLOB NOT NULL CHECK (length(hashes) > 0 AND length(hashes) % 32 = 0),
    leaf   BLOB NOT NULL
) STRICT;

CREATE TABLE checkpoint (
    size INTEGER PRIMARY KEY,
    root BLOB NOT NULL CHECK (length(root) = 32),
    note TEXT NOT NULL
) STRICT;
