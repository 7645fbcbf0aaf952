-- Who does what only one of several processes should do, until when.
CREATE TABLE lease (
    name TEXT PRIMARY KEY,
    holder TEXT NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- What stored assessments say. Without a service a row is about the whole workspace.
CREATE VIEW v_snapshots AS
SELECT
    number AS snapshot,
    strftime('%Y-%m-%dT%H:%M:%fZ', as_of / 1000.0, 'unixepoch') AS as_of,
    strftime('%Y-%m-%dT%H:%M:%fZ', taken_at / 1000.0, 'unixepoch') AS taken_at,
    is_backfilled,
    assessment ->> '$.level.proven' AS proven,
    assessment ->> '$.level.possible' AS possible,
    assessment ->> '$.level.declared' AS declared,
    assessment ->> '$.first_constraint.statement' AS first_constraint
FROM snapshot;

CREATE VIEW v_measurements AS
WITH metrics AS (
    SELECT number, as_of, NULL AS service, NULL AS team, assessment -> '$.metrics' AS measured FROM snapshot
    UNION ALL
    SELECT number, as_of, one.value ->> '$.service', one.value ->> '$.team', one.value -> '$.metrics'
    FROM snapshot, json_each(assessment, '$.services') AS one
)
SELECT
    metrics.number AS snapshot,
    strftime('%Y-%m-%dT%H:%M:%fZ', metrics.as_of / 1000.0, 'unixepoch') AS as_of,
    metrics.service,
    metrics.team,
    metric.key AS metric,
    metric.value ->> '$.value' AS value,
    metric.value ->> '$.unit' AS unit,
    metric.value ->> '$.low' AS low,
    metric.value ->> '$.high' AS high,
    metric.value ->> '$.n' AS n,
    metric.value ->> '$.band' AS band
FROM metrics, json_each(metrics.measured) AS metric;

CREATE VIEW v_levels AS
WITH judged AS (
    SELECT number, as_of, NULL AS service, NULL AS team, assessment -> '$.stages' AS stages FROM snapshot
    UNION ALL
    SELECT number, as_of, NULL, NULL, assessment -> '$.lanes' FROM snapshot
    UNION ALL
    SELECT number, as_of, one.value ->> '$.service', one.value ->> '$.team', one.value -> '$.stages'
    FROM snapshot, json_each(assessment, '$.services') AS one
    UNION ALL
    SELECT number, as_of, one.value ->> '$.service', one.value ->> '$.team', one.value -> '$.lanes'
    FROM snapshot, json_each(assessment, '$.services') AS one
)
SELECT
    judged.number AS snapshot,
    strftime('%Y-%m-%dT%H:%M:%fZ', judged.as_of / 1000.0, 'unixepoch') AS as_of,
    judged.service,
    judged.team,
    stage.value ->> '$.stage' AS stage,
    stage.value ->> '$.proven' AS proven,
    stage.value ->> '$.possible' AS possible,
    stage.value ->> '$.declared' AS declared
FROM judged, json_each(judged.stages) AS stage;

-- With the time that an incident lasted; nothing while it is open.
DROP VIEW v_incidents;
CREATE VIEW v_incidents AS
SELECT
    source.name AS source,
    incident.id,
    incident.services,
    incident.severity,
    strftime('%Y-%m-%dT%H:%M:%fZ', incident.started_at / 1000.0, 'unixepoch') AS started_at,
    strftime('%Y-%m-%dT%H:%M:%fZ', incident.detected_at / 1000.0, 'unixepoch') AS detected_at,
    incident.detected_by_alert,
    strftime('%Y-%m-%dT%H:%M:%fZ', incident.acknowledged_at / 1000.0, 'unixepoch') AS acknowledged_at,
    strftime('%Y-%m-%dT%H:%M:%fZ', incident.resolved_at / 1000.0, 'unixepoch') AS resolved_at,
    incident.caused_by,
    strftime('%Y-%m-%dT%H:%M:%fZ', incident.observed_at / 1000.0, 'unixepoch') AS observed_at,
    (incident.resolved_at - incident.started_at) / 1000.0 AS duration_seconds
FROM incident
JOIN source ON source.key = incident.source;
