-- What senders delivered, as it came, and what became of it. Keys only grow, so that they tell the order of receipt.
CREATE TABLE event (
    key INTEGER PRIMARY KEY AUTOINCREMENT,
    sender TEXT NOT NULL,
    -- The sender's own id of the delivery, else a hash of what was delivered.
    delivery TEXT NOT NULL,
    -- What it is about, as the sender calls it.
    kind TEXT NOT NULL,
    body BLOB NOT NULL,
    received_at INTEGER NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('normalised', 'ignored', 'quarantined')),
    -- Why it was not normalised, wholly or in part.
    reason TEXT
) STRICT;
CREATE UNIQUE INDEX event_by_delivery ON event (sender, delivery);
CREATE INDEX event_by_state ON event (state, key);

-- Who may call the API. The token itself is known to its owner alone.
CREATE TABLE token (
    name TEXT PRIMARY KEY,
    -- SHA-256 of the token.
    hash BLOB NOT NULL UNIQUE CHECK (length(hash) = 32),
    scope TEXT NOT NULL CHECK (scope IN ('ingest', 'read', 'admin')),
    created_at INTEGER NOT NULL,
    expires_at INTEGER,
    revoked_at INTEGER
) STRICT, WITHOUT ROWID;

-- Bodies are left out on purpose: they name people.
CREATE VIEW v_events AS
SELECT
    sender,
    delivery,
    kind,
    strftime('%Y-%m-%dT%H:%M:%fZ', received_at / 1000.0, 'unixepoch') AS received_at,
    state,
    reason
FROM event;
