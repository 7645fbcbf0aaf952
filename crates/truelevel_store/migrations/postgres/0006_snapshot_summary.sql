-- What later assessments ask of a snapshot, so that nobody reads all of it for that; empty in snapshots that are older
-- than this. It is part of the hash where it is not empty.
ALTER TABLE snapshot ADD COLUMN summary text NOT NULL DEFAULT '';
