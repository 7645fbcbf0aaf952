-- Times are UTC milliseconds since 1970, durations are milliseconds, commit ids are their 20 bytes.
-- Names that many facts share stand once, in a table each; facts carry their key.

-- Made once per store; author hashes are salted with it.
CREATE TABLE salt (
    only INTEGER PRIMARY KEY CHECK (only = 1),
    bytes BLOB NOT NULL CHECK (length(bytes) = 32)
) STRICT;
INSERT INTO salt (only, bytes) VALUES (1, randomblob(32));

CREATE TABLE source (key INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE) STRICT;
CREATE TABLE repository (key INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE) STRICT;
CREATE TABLE service (key INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE) STRICT;
CREATE TABLE environment (key INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE) STRICT;

-- What was already read of a subject, so that collecting again is cheap.
CREATE TABLE collected (
    subject TEXT PRIMARY KEY,
    fingerprint TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- One repository's commit graph, in the order that measuring reads it. `parents` holds places of the same repository
-- as little-endian 32-bit numbers; `flags` has a bit for automation (1), AI assistance (2), a missing parent (4) and
-- a merge (8).
CREATE TABLE change (
    repository INTEGER NOT NULL REFERENCES repository (key),
    place INTEGER NOT NULL,
    id BLOB NOT NULL CHECK (length(id) = 20),
    authored_at INTEGER NOT NULL,
    committed_at INTEGER NOT NULL,
    author INTEGER NOT NULL,
    flags INTEGER NOT NULL,
    reverts BLOB,
    parents BLOB NOT NULL,
    -- Keys with a space between them.
    issue_keys TEXT,
    files_changed INTEGER,
    lines_changed INTEGER,
    PRIMARY KEY (repository, place)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX change_by_id ON change (repository, id);

CREATE TABLE tag (
    repository INTEGER NOT NULL REFERENCES repository (key),
    name TEXT NOT NULL,
    commit_id BLOB NOT NULL CHECK (length(commit_id) = 20),
    tagged_at INTEGER,
    PRIMARY KEY (repository, name)
) STRICT, WITHOUT ROWID;

-- Clustered as measuring walks it. A later observation may end at another time and so stand elsewhere.
CREATE TABLE deployment (
    service INTEGER NOT NULL REFERENCES service (key),
    environment INTEGER NOT NULL REFERENCES environment (key),
    finished_at INTEGER NOT NULL,
    sequence INTEGER NOT NULL,
    source INTEGER NOT NULL REFERENCES source (key),
    id TEXT NOT NULL,
    version TEXT NOT NULL,
    commit_id BLOB,
    started_at INTEGER,
    outcome TEXT NOT NULL CHECK (outcome IN ('succeeded', 'failed', 'cancelled', 'in_progress')),
    is_initial_state INTEGER NOT NULL CHECK (is_initial_state IN (0, 1)),
    initiated_by TEXT CHECK (initiated_by IN ('automation', 'person', 'schedule')),
    approval_wait INTEGER,
    strategy TEXT CHECK (strategy IN ('all_at_once', 'rolling', 'blue_green', 'canary')),
    aborted_automatically INTEGER CHECK (aborted_automatically IN (0, 1)),
    observed_at INTEGER NOT NULL,
    PRIMARY KEY (service, environment, finished_at, sequence, source, id)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX deployment_by_id ON deployment (source, id);

CREATE TABLE review (
    repository INTEGER NOT NULL REFERENCES repository (key),
    number INTEGER NOT NULL,
    source INTEGER NOT NULL REFERENCES source (key),
    opened_at INTEGER NOT NULL,
    first_commit_at INTEGER,
    first_response_at INTEGER,
    approved_at INTEGER,
    merged_at INTEGER,
    merge_commit BLOB,
    is_automation INTEGER NOT NULL CHECK (is_automation IN (0, 1)),
    lines_changed INTEGER,
    -- A JSON array of texts.
    labels TEXT NOT NULL,
    -- Commit ids, one after the other.
    commits BLOB NOT NULL,
    observed_at INTEGER NOT NULL,
    PRIMARY KEY (repository, number, source)
) STRICT, WITHOUT ROWID;

CREATE TABLE pipeline_run (
    repository INTEGER NOT NULL REFERENCES repository (key),
    started_at INTEGER NOT NULL,
    source INTEGER NOT NULL REFERENCES source (key),
    id TEXT NOT NULL,
    attempt INTEGER NOT NULL,
    workflow TEXT NOT NULL,
    commit_id BLOB NOT NULL CHECK (length(commit_id) = 20),
    triggered_by TEXT NOT NULL,
    finished_at INTEGER,
    outcome TEXT NOT NULL CHECK (outcome IN ('succeeded', 'failed', 'cancelled', 'skipped', 'in_progress')),
    -- A JSON array of `path@version`.
    shared_workflows TEXT NOT NULL,
    branch TEXT,
    observed_at INTEGER NOT NULL,
    PRIMARY KEY (repository, started_at, source, id, attempt)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX pipeline_run_by_id ON pipeline_run (source, id, attempt);

CREATE TABLE incident (
    source INTEGER NOT NULL REFERENCES source (key),
    id TEXT NOT NULL,
    -- A JSON array of names.
    services TEXT NOT NULL,
    severity TEXT,
    started_at INTEGER NOT NULL,
    detected_at INTEGER,
    detected_by_alert INTEGER CHECK (detected_by_alert IN (0, 1)),
    acknowledged_at INTEGER,
    resolved_at INTEGER,
    caused_by TEXT,
    observed_at INTEGER NOT NULL,
    PRIMARY KEY (source, id)
) STRICT, WITHOUT ROWID;

-- What somebody decided about an incident's cause; no deployment means that none caused it.
CREATE TABLE incident_link (
    incident_source INTEGER NOT NULL REFERENCES source (key),
    incident TEXT NOT NULL,
    deployment_source INTEGER REFERENCES source (key),
    deployment TEXT,
    reason TEXT NOT NULL,
    observed_at INTEGER NOT NULL,
    PRIMARY KEY (incident_source, incident)
) STRICT, WITHOUT ROWID;

CREATE TABLE service_record (
    source INTEGER NOT NULL REFERENCES source (key),
    service INTEGER NOT NULL REFERENCES service (key),
    team TEXT,
    repository INTEGER REFERENCES repository (key),
    observed_at INTEGER NOT NULL,
    PRIMARY KEY (source, service)
) STRICT, WITHOUT ROWID;

-- In a file when there is a repository, in another system when there is an address (empty when that is not known),
-- else in the store's own facts.
CREATE TABLE evidence (
    source INTEGER NOT NULL REFERENCES source (key),
    id TEXT NOT NULL,
    practice TEXT NOT NULL,
    service INTEGER REFERENCES service (key),
    grade TEXT NOT NULL CHECK (grade IN ('declared', 'exercised', 'effective')),
    seen TEXT NOT NULL,
    address TEXT,
    repository INTEGER REFERENCES repository (key),
    commit_id BLOB,
    path TEXT,
    line INTEGER,
    column_number INTEGER,
    end_column_number INTEGER,
    -- A JSON object of texts.
    named_values TEXT NOT NULL,
    observed_at INTEGER NOT NULL,
    PRIMARY KEY (source, id)
) STRICT, WITHOUT ROWID;

-- Without a service it speaks for the whole workspace.
CREATE TABLE declaration (
    key INTEGER PRIMARY KEY,
    service INTEGER REFERENCES service (key),
    stage TEXT NOT NULL,
    declared_by TEXT NOT NULL,
    declared_at INTEGER NOT NULL,
    level INTEGER NOT NULL,
    reason TEXT NOT NULL
) STRICT;
CREATE UNIQUE INDEX declaration_by_identity ON declaration (coalesce(service, 0), stage, declared_by, declared_at);

CREATE TABLE gate_answer (
    key INTEGER PRIMARY KEY,
    service INTEGER REFERENCES service (key),
    gate TEXT NOT NULL,
    declared_by TEXT NOT NULL,
    declared_at INTEGER NOT NULL,
    answer TEXT NOT NULL CHECK (answer IN ('yes', 'no', 'unknown')),
    reason TEXT NOT NULL
) STRICT;
CREATE UNIQUE INDEX gate_answer_by_identity ON gate_answer (coalesce(service, 0), gate, declared_by, declared_at);

-- The views are a contract for dashboards and people: names and columns stay. Authors are left out on purpose, so
-- that no metric of a person can be asked. The hexadecimal text of nothing is empty, hence each `nullif`.
CREATE VIEW v_changes AS
SELECT
    repository.name AS repository,
    lower(hex(change.id)) AS id,
    strftime('%Y-%m-%dT%H:%M:%fZ', change.authored_at / 1000.0, 'unixepoch') AS authored_at,
    strftime('%Y-%m-%dT%H:%M:%fZ', change.committed_at / 1000.0, 'unixepoch') AS committed_at,
    change.flags & 1 <> 0 AS is_automation,
    change.flags & 2 <> 0 AS is_ai_assisted,
    change.flags & 4 <> 0 AS has_missing_parent,
    change.flags & 8 <> 0 AS is_merge,
    nullif(lower(hex(change.reverts)), '') AS reverts,
    change.issue_keys,
    change.files_changed,
    change.lines_changed
FROM change
JOIN repository ON repository.key = change.repository;

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
JOIN source ON source.key = deployment.source;

CREATE VIEW v_reviews AS
SELECT
    repository.name AS repository,
    review.number,
    source.name AS source,
    strftime('%Y-%m-%dT%H:%M:%fZ', review.opened_at / 1000.0, 'unixepoch') AS opened_at,
    strftime('%Y-%m-%dT%H:%M:%fZ', review.first_commit_at / 1000.0, 'unixepoch') AS first_commit_at,
    strftime('%Y-%m-%dT%H:%M:%fZ', review.first_response_at / 1000.0, 'unixepoch') AS first_response_at,
    strftime('%Y-%m-%dT%H:%M:%fZ', review.approved_at / 1000.0, 'unixepoch') AS approved_at,
    strftime('%Y-%m-%dT%H:%M:%fZ', review.merged_at / 1000.0, 'unixepoch') AS merged_at,
    nullif(lower(hex(review.merge_commit)), '') AS merge_commit,
    review.is_automation,
    review.lines_changed,
    review.labels,
    strftime('%Y-%m-%dT%H:%M:%fZ', review.observed_at / 1000.0, 'unixepoch') AS observed_at
FROM review
JOIN repository ON repository.key = review.repository
JOIN source ON source.key = review.source;

CREATE VIEW v_pipeline_runs AS
SELECT
    repository.name AS repository,
    source.name AS source,
    pipeline_run.id,
    pipeline_run.attempt,
    pipeline_run.workflow,
    lower(hex(pipeline_run.commit_id)) AS commit_id,
    pipeline_run.triggered_by,
    strftime('%Y-%m-%dT%H:%M:%fZ', pipeline_run.started_at / 1000.0, 'unixepoch') AS started_at,
    strftime('%Y-%m-%dT%H:%M:%fZ', pipeline_run.finished_at / 1000.0, 'unixepoch') AS finished_at,
    pipeline_run.outcome,
    pipeline_run.shared_workflows,
    pipeline_run.branch,
    strftime('%Y-%m-%dT%H:%M:%fZ', pipeline_run.observed_at / 1000.0, 'unixepoch') AS observed_at
FROM pipeline_run
JOIN repository ON repository.key = pipeline_run.repository
JOIN source ON source.key = pipeline_run.source;

-- One row per incident, whatever the number of services, so that counting rows counts incidents.
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
    strftime('%Y-%m-%dT%H:%M:%fZ', incident.observed_at / 1000.0, 'unixepoch') AS observed_at
FROM incident
JOIN source ON source.key = incident.source;

CREATE VIEW v_services AS
SELECT
    service.name AS service,
    source.name AS source,
    service_record.team,
    repository.name AS repository,
    strftime('%Y-%m-%dT%H:%M:%fZ', service_record.observed_at / 1000.0, 'unixepoch') AS observed_at
FROM service_record
JOIN service ON service.key = service_record.service
JOIN source ON source.key = service_record.source
LEFT JOIN repository ON repository.key = service_record.repository;

CREATE VIEW v_evidence AS
SELECT
    evidence.practice,
    evidence.grade,
    service.name AS service,
    source.name AS source,
    evidence.id,
    evidence.seen,
    evidence.address,
    repository.name AS repository,
    nullif(lower(hex(evidence.commit_id)), '') AS commit_id,
    evidence.path,
    evidence.line,
    evidence.column_number,
    evidence.named_values,
    strftime('%Y-%m-%dT%H:%M:%fZ', evidence.observed_at / 1000.0, 'unixepoch') AS observed_at
FROM evidence
JOIN source ON source.key = evidence.source
LEFT JOIN service ON service.key = evidence.service
LEFT JOIN repository ON repository.key = evidence.repository;
