-- Who does what only one of several processes should do, until when.
CREATE TABLE lease (
    name text COLLATE "C" PRIMARY KEY,
    holder text NOT NULL,
    expires_at bigint NOT NULL
);

-- What stored assessments say. Without a service a row is about the whole workspace.
CREATE VIEW v_snapshots AS
SELECT
    number AS snapshot,
    instant(as_of) AS as_of,
    instant(taken_at) AS taken_at,
    is_backfilled <> 0 AS is_backfilled,
    (assessment::json #>> '{level,proven}')::bigint AS proven,
    (assessment::json #>> '{level,possible}')::bigint AS possible,
    (assessment::json #>> '{level,declared}')::bigint AS declared,
    assessment::json #>> '{first_constraint,statement}' AS first_constraint
FROM snapshot;

CREATE VIEW v_measurements AS
WITH metrics AS (
    SELECT number, as_of, NULL::text AS service, NULL::text AS team, assessment::json -> 'metrics' AS measured
    FROM snapshot
    UNION ALL
    SELECT number, as_of, one.value ->> 'service', one.value ->> 'team', one.value -> 'metrics'
    FROM snapshot, json_array_elements(assessment::json -> 'services') AS one
)
SELECT
    metrics.number AS snapshot,
    instant(metrics.as_of) AS as_of,
    metrics.service,
    metrics.team,
    metric.key AS metric,
    (metric.value ->> 'value')::float8 AS value,
    metric.value ->> 'unit' AS unit,
    (metric.value ->> 'low')::float8 AS low,
    (metric.value ->> 'high')::float8 AS high,
    (metric.value ->> 'n')::bigint AS n,
    metric.value ->> 'band' AS band
FROM metrics, json_each(metrics.measured) AS metric;

CREATE VIEW v_levels AS
WITH judged AS (
    SELECT number, as_of, NULL::text AS service, NULL::text AS team, assessment::json -> kind.name AS stages
    FROM snapshot, (VALUES ('stages'), ('lanes')) AS kind (name)
    UNION ALL
    SELECT number, as_of, one.value ->> 'service', one.value ->> 'team', one.value -> kind.name
    FROM snapshot, json_array_elements(assessment::json -> 'services') AS one,
        (VALUES ('stages'), ('lanes')) AS kind (name)
)
SELECT
    judged.number AS snapshot,
    instant(judged.as_of) AS as_of,
    judged.service,
    judged.team,
    stage.value ->> 'stage' AS stage,
    (stage.value ->> 'proven')::bigint AS proven,
    (stage.value ->> 'possible')::bigint AS possible,
    (stage.value ->> 'declared')::bigint AS declared
FROM judged, json_array_elements(judged.stages) AS stage;

-- With the time that an incident lasted; nothing while it is open.
CREATE OR REPLACE VIEW v_incidents AS
SELECT
    source.name AS source,
    incident.id,
    incident.services,
    incident.severity,
    instant(incident.started_at) AS started_at,
    instant(incident.detected_at) AS detected_at,
    incident.detected_by_alert <> 0 AS detected_by_alert,
    instant(incident.acknowledged_at) AS acknowledged_at,
    instant(incident.resolved_at) AS resolved_at,
    incident.caused_by,
    instant(incident.observed_at) AS observed_at,
    ((incident.resolved_at - incident.started_at) / 1000.0)::float8 AS duration_seconds
FROM incident
JOIN source ON source.key = incident.source;
