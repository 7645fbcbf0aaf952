-- Where a service was taken out: the end of what ran, which no list of deployments shows.
ALTER TABLE deployment ADD COLUMN is_removal INTEGER NOT NULL DEFAULT 0 CHECK (is_removal IN (0, 1));

DROP VIEW v_deployments;
CREATE VIEW v_deployments AS
SELECT
    service.name AS service,
    environment.name AS environment,
    source.name AS source,
    deployment.id,
    deployment.version,
    nullif(lower(hex(deployment.commit_id)), '') AS commit_id,
    strftime('%Y-%m-%dT%H:%M:%fZ', deployment.started_at / 1000.0, 'unixepoch') AS started_at,
    strftime('%Y-%m-%dT%H:%M:%fZ', deployment.finished_at / 1000.0, 'unixepoch') AS finished_at,
    deployment.sequence,
    deployment.outcome,
    deployment.is_initial_state,
    deployment.initiated_by,
    deployment.approval_wait / 1000.0 AS approval_wait_seconds,
    deployment.strategy,
    deployment.aborted_automatically,
    strftime('%Y-%m-%dT%H:%M:%fZ', deployment.observed_at / 1000.0, 'unixepoch') AS observed_at
FROM deployment
JOIN service ON service.key = deployment.service
JOIN environment ON environment.key = deployment.environment
JOIN source ON source.key = deployment.source
WHERE deployment.is_removal = 0;
