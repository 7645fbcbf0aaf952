-- Stored assessments. Each holds the hash of the one before it, so that a change of any of them shows; `hash` is SHA-256
-- over what stands in truelevel_store/src/sqlite/snapshots.rs.
CREATE TABLE snapshot (
    number INTEGER PRIMARY KEY CHECK (number > 0),
    as_of INTEGER NOT NULL,
    taken_at INTEGER NOT NULL,
    is_backfilled INTEGER NOT NULL CHECK (is_backfilled IN (0, 1)),
    configuration TEXT NOT NULL,
    catalog TEXT NOT NULL,
    data_until INTEGER,
    assessment TEXT NOT NULL,
    previous BLOB NOT NULL CHECK (length(previous) = 32),
    hash BLOB NOT NULL CHECK (length(hash) = 32)
) STRICT;

CREATE TRIGGER snapshot_is_never_changed BEFORE UPDATE ON snapshot
BEGIN SELECT raise(ABORT, 'snapshots are only added'); END;
CREATE TRIGGER snapshot_is_never_deleted BEFORE DELETE ON snapshot
BEGIN SELECT raise(ABORT, 'snapshots are only added'); END;
