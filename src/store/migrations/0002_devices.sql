-- Devices that prove themselves by their TPM: approved endorsement keys, who is who, and how each attestation was judged.

CREATE TABLE ek (
    ek       BLOB NOT NULL PRIMARY KEY CHECK (length(ek) = 32),
    note     TEXT NOT NULL,
    added_at INTEGER NOT NULL,
    added_by TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- state: 1 enrolled, 2 revoked, 3 retired. names shows its identity, which is a digest of them in one canonical order; level, template and the TPM's vendor are those of the last attestation,
-- whose request is named.
CREATE TABLE device (
    seq          INTEGER PRIMARY KEY,
    ek           BLOB NOT NULL UNIQUE CHECK (length(ek) = 32),
    state        INTEGER NOT NULL CHECK (state BETWEEN 1 AND 3),
    names        TEXT NOT NULL,
    identity     BLOB NOT NULL CHECK (length(identity) = 32),
    profile      TEXT NOT NULL,
    level        INTEGER NOT NULL CHECK (level BETWEEN 1 AND 3),
    ek_template  TEXT NOT NULL,
    manufacturer TEXT NOT NULL,
    model        TEXT NOT NULL,
    firmware     TEXT NOT NULL,
    enrolled_at  INTEGER NOT NULL,
    last_seen_at INTEGER NOT NULL,
    ended_at     INTEGER,
    request      BLOB NOT NULL CHECK (length(request) = 16),
    CHECK ((state = 1) = (ended_at IS NULL))
) STRICT;
-- One identity is one device's, until that one is revoked or retired.
CREATE UNIQUE INDEX device_identity ON device (identity) WHERE state = 1;

CREATE TABLE attestation (
    request INTEGER PRIMARY KEY REFERENCES request (seq),
    record  BLOB NOT NULL CHECK (length(record) > 0)
) STRICT;

-- Of a certificate that rests on an attestation: the device, and the level that was proven.
ALTER TABLE certificate ADD COLUMN device INTEGER REFERENCES device (seq);
ALTER TABLE certificate ADD COLUMN level INTEGER CHECK (level BETWEEN 1 AND 3);
CREATE INDEX certificate_of_device ON certificate (device) WHERE device IS NOT NULL;
