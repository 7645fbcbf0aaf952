-- Noted once a minute at most.
ALTER TABLE token ADD COLUMN used_at INTEGER;

-- People who signed in. The id of a session is known to its browser alone.
CREATE TABLE session (
    -- SHA-256 of the id.
    hash BLOB PRIMARY KEY CHECK (length(hash) = 32),
    -- The identity provider's own id of the person, and a name for people.
    subject TEXT NOT NULL,
    name TEXT NOT NULL,
    role TEXT NOT NULL CHECK (role IN ('viewer', 'editor', 'admin')),
    -- A JSON array of the teams that are seen; all when null.
    teams TEXT,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    used_at INTEGER NOT NULL,
    ended_at INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX session_by_end ON session (expires_at);

-- Who changed what. Lines are added and nothing else.
CREATE TABLE audit (
    key INTEGER PRIMARY KEY AUTOINCREMENT,
    at INTEGER NOT NULL,
    who TEXT NOT NULL,
    action TEXT NOT NULL,
    what TEXT NOT NULL
) STRICT;
CREATE TRIGGER audit_is_not_changed BEFORE UPDATE ON audit BEGIN
    SELECT RAISE(ABORT, 'the audit log is only added to');
END;
CREATE TRIGGER audit_is_not_deleted BEFORE DELETE ON audit BEGIN
    SELECT RAISE(ABORT, 'the audit log is only added to');
END;
