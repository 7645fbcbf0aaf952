-- Three keys of every service by the definitions of `docs/reference/metrics.md`, as far as a made-up organisation needs
-- them: one production environment, deployments that all succeed and name their commit, histories without branches (so
-- that places in a history decide what reaches what), incidents without decisions.
CREATE TEMP TABLE asked AS SELECT :as_of AS until, :as_of - 90 * 86400000 AS since;

CREATE TEMP TABLE deployed AS
WITH resolved AS (
    SELECT deployment.service, deployment.finished_at, deployment.id, deployment.version, record.repository, change.place
    FROM deployment
    JOIN service_record AS record ON record.service = deployment.service
    JOIN change ON change.repository = record.repository AND change.id = deployment.commit_id
    WHERE deployment.finished_at <= (SELECT until FROM asked)
)
SELECT
    *,
    row_number() OVER in_order AS number,
    lag(place) OVER in_order AS previous,
    max(place) OVER (in_order ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS reached
FROM resolved
WINDOW in_order AS (PARTITION BY service ORDER BY finished_at, id);
CREATE INDEX temp.deployed_in_order ON deployed (service, number);
CREATE INDEX temp.deployed_by_end ON deployed (service, finished_at);
CREATE INDEX temp.deployed_by_id ON deployed (id);

-- Deployment frequency: what is no redeployment, over the days of which anything is known.
CREATE TEMP TABLE frequency AS
SELECT
    service,
    sum(finished_at > since AND place IS NOT previous) AS counted,
    CASE
        WHEN min(finished_at) <= since THEN 90
        ELSE max(7, min(90, cast(ceil((until - min(finished_at)) / 86400000.0) AS INTEGER)))
    END AS days
FROM deployed, asked
GROUP BY service;

-- Lead time: what each deployment was the first to reach, and, as open, what none reached.
CREATE TEMP TABLE lasted AS
SELECT deployed.service, deployed.finished_at - change.authored_at AS millis, 1 AS ended
FROM deployed
JOIN asked ON deployed.finished_at > since
JOIN change ON change.repository = deployed.repository AND change.place > deployed.reached AND change.place <= deployed.place
WHERE change.flags & 8 = 0 AND deployed.finished_at >= change.authored_at
UNION ALL
SELECT newest.service, until - change.authored_at, 0
FROM (SELECT service, repository, max(place) AS place FROM deployed GROUP BY service) AS newest, asked
JOIN change ON change.repository = newest.repository AND change.place > newest.place
WHERE change.flags & 8 = 0 AND change.committed_at <= until AND until >= change.authored_at;

-- Kaplan and Meier: the share that lasts longer falls at each end; its median, averaged with the next end where the share
-- is a half exactly.
CREATE TEMP TABLE lead_time AS
WITH at_each AS (
    SELECT service, millis, sum(ended) AS ended, count(*) AS gone FROM lasted GROUP BY service, millis
), at_risk AS (
    SELECT *, sum(gone) OVER (PARTITION BY service ORDER BY millis DESC) AS risk FROM at_each
), curve AS (
    SELECT
        service, millis,
        exp(sum(CASE WHEN risk = ended THEN -1e9 ELSE ln(1.0 * (risk - ended) / risk) END) OVER steps) AS survival,
        lead(millis) OVER steps AS next
    FROM at_risk
    WHERE ended > 0
    WINDOW steps AS (PARTITION BY service ORDER BY millis)
), crossed AS (
    SELECT service, millis, survival, next, row_number() OVER (PARTITION BY service ORDER BY millis) AS nth
    FROM curve
    WHERE survival <= 0.5 + 1.5e-8
)
SELECT
    service,
    CASE
        WHEN survival < 0.5 - 1.5e-8 THEN millis
        ELSE (millis + coalesce(next, (SELECT max(millis) FROM lasted WHERE lasted.service = crossed.service))) / 2.0
    END AS millis
FROM crossed
WHERE nth = 1;

-- Fail rate: named by an incident, followed by one, gone back behind, or mended by a revert.
CREATE TEMP TABLE failed AS
SELECT deployed.service, deployed.number FROM incident JOIN deployed ON deployed.id = incident.caused_by
UNION
SELECT near.service, near.number
FROM incident, json_each(incident.services) AS named
JOIN service ON service.name = named.value
JOIN deployed AS near ON near.service = service.key AND near.number = (
    SELECT number FROM deployed AS before
    WHERE before.service = service.key AND before.finished_at <= incident.started_at
      AND before.finished_at >= incident.started_at - 86400000 AND before.place IS NOT before.previous
    ORDER BY before.finished_at DESC LIMIT 1
)
WHERE incident.caused_by IS NULL
UNION
SELECT service, target + 1 FROM (
    SELECT
        service, number, place, previous,
        max(number) OVER (
            PARTITION BY service, version ORDER BY number ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
        ) AS target
    FROM deployed
) WHERE place < previous AND target IS NOT NULL
UNION
SELECT broken.service, broken.number
FROM deployed AS fix
JOIN change AS revert ON revert.repository = fix.repository AND revert.place > fix.reached AND revert.place <= fix.place
JOIN change AS reverted ON reverted.repository = revert.repository AND reverted.id = revert.reverts
JOIN deployed AS broken ON broken.service = fix.service AND broken.number < fix.number
    AND broken.reached < reverted.place AND reverted.place <= broken.place
WHERE reverted.reverts IS NULL AND fix.finished_at - broken.finished_at <= 86400000;

CREATE TEMP TABLE fail_rate AS
SELECT deployed.service, 1.0 * count(failed.number) / count(*) AS share
FROM deployed
JOIN asked ON deployed.finished_at > since
LEFT JOIN failed ON failed.service = deployed.service AND failed.number = deployed.number
WHERE deployed.place IS NOT deployed.previous
GROUP BY deployed.service;

SELECT service.name, 1.0 * counted / days, lead_time.millis / 1000.0, fail_rate.share
FROM frequency
JOIN service ON service.key = frequency.service
LEFT JOIN lead_time ON lead_time.service = frequency.service
LEFT JOIN fail_rate ON fail_rate.service = frequency.service
ORDER BY service.name;
