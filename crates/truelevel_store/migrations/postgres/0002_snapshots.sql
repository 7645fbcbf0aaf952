-- Stored assessments. Each holds the hash of the one before it, so that a change of any of them shows; `hash` is SHA-256
-- over what stands in truelevel_store/src/tables/snapshots.rs.
CREATE TABLE snapshot (
    number bigint PRIMARY KEY CHECK (number > 0),
    as_of bigint NOT NULL,
    taken_at bigint NOT NULL,
    is_backfilled bigint NOT NULL CHECK (is_backfilled IN (0, 1)),
    configuration text NOT NULL,
    catalog text NOT NULL,
    data_until bigint,
    assessment text NOT NULL,
    previous bytea NOT NULL CHECK (length(previous) = 32),
    hash bytea NOT NULL CHECK (length(hash) = 32)
);

CREATE FUNCTION refuse_to_change_snapshots() RETURNS trigger LANGUAGE plpgsql AS
$$BEGIN RAISE EXCEPTION 'snapshots are only added'; END$$;
CREATE TRIGGER snapshot_is_never_changed BEFORE UPDATE OR DELETE OR TRUNCATE ON snapshot
FOR EACH STATEMENT EXECUTE FUNCTION refuse_to_change_snapshots();
