-- Where a service was taken out: the end of what ran, which no list of deployments shows.
ALTER TABLE deployment ADD COLUMN is_removal bigint NOT NULL DEFAULT 0 CHECK (is_removal IN (0, 1));

CREATE OR REPLACE VIEW v_deployments AS
SELECT
    service.name AS service,
    environment.name AS environment,
    source.name AS source,
    deployment.id,
    deployment.version,
    encode(deployment.commit_id, 'hex') AS commit_id,
    instant(deployment.started_at) AS started_at,
    instant(deployment.finished_at) AS finished_at,
    deployment.sequence,
    deployment.outcome,
    deployment.is_initial_state <> 0 AS is_initial_state,
    deployment.initiated_by,
    (deployment.approval_wait / 1000.0)::float8 AS approval_wait_seconds,
    deployment.strategy,
    deployment.aborted_automatically <> 0 AS aborted_automatically,
    instant(deployment.observed_at) AS observed_at
FROM deployment
JOIN service ON service.key = deployment.service
JOIN environment ON environment.key = deployment.environment
JOIN source ON source.key = deployment.source
WHERE deployment.is_removal = 0;
