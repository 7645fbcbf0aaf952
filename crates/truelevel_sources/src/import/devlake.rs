//! Tables of Apache DevLake's domain layer, as `SELECT *` exports them. Columns as in its `backend/core/models/domainlayer`
//! of 2026.

use truelevel_model::facts::{DeploymentOutcome, Facts};
use truelevel_model::{CommitId, Deployment, EnvironmentId, Incident, RepositoryId, Review, ServiceId, Time, declare};

use super::field::fields;
use super::forms::{Commit, Instant, Text, Whole};
use super::layout::Layout;
use super::record::{Fault, Record};
use super::times::refuse_backwards;
use super::writing::no_rows;

const SOURCE: &str = "devlake";

pub(super) mod project_mapping {
    use super::*;

    declare! {
        /// Projects (`project_mapping`)
        ///
        /// DevLake measures by project, so a project is a service here. Name this file before the others: it says which
        /// project their scopes and boards belong to. It holds no facts of its own.
        pub static PROJECT_MAPPING: Layout = {
            id: "devlake_project_mapping",
            fields: FIELDS,
            recognised_by: &["project_name", "table", "row_id"],
            read: read,
            rows: no_rows,
        };
    }

    fields! {
        /// The service.
        PROJECT: Required<Text> = "project_name";
        /// The table of what belongs to it.
        TABLE: Required<Text> = "table";
        /// The id of what belongs to it.
        ROW: Required<Text> = "row_id";
    }

    fn read(record: &Record<'_>, _: &mut Facts) -> Result<(), Fault> {
        let project = PROJECT.of(record)?;
        record.reading.projects.borrow_mut().entry((TABLE.of(record)?, ROW.of(record)?)).or_insert(project);
        Ok(())
    }
}

/// The project of a row of another table, where a mapping was read.
fn project(record: &Record<'_>, table: &str, row: &str) -> Option<ServiceId> {
    let projects = record.reading.projects.borrow();
    projects.get(&(table.to_owned(), row.to_owned())).map(|project| ServiceId::new(project.as_str()))
}

/// The name of the repository at an address: its last part, before what belongs to a pull request.
fn repository_name(address: &str) -> Option<&str> {
    let ends = ["/-/merge_requests/", "/merge_requests/", "/pull/", "/pulls/", "/pull-requests/", "/pullrequest/"];
    let own = ends.iter().filter_map(|end| address.find(end)).min().map_or(address, |end| &address[..end]);
    let name = own.trim_end_matches('/').trim_end_matches(".git").rsplit(['/', ':']).next()?;
    (!name.is_empty()).then_some(name)
}

pub(super) mod deployments {
    use super::*;

    declare! {
        /// Deployments (`cicd_deployment_commits`, `cicd_deployments`)
        ///
        /// Becomes deployments. The service is the project of `cicd_scope_id`, else the repository's name, else
        /// `cicd_scope_id` itself. `SUCCESS` succeeded, `FAILURE` failed, anything else that is `DONE` was cancelled; the
        /// rest is in progress. The environment is taken in lower case; `unclassified` where DevLake found none. Import
        /// `cicd_deployment_commits` alone where it has everything: only it knows the commits.
        pub static DEPLOYMENTS: Layout = {
            id: "devlake_deployments",
            fields: FIELDS,
            recognised_by: &["cicd_scope_id", "environment", "finished_date", "result"],
            read: read,
            rows: no_rows,
        };
    }

    fields! {
        /// The deployment's id, unless `cicd_deployment_id` names it.
        ID: Required<Text> = "id";
        /// The deployment's id.
        DEPLOYMENT_ID: Optional<Text> = "cicd_deployment_id";
        /// Leads to the project, and so to the service.
        SCOPE: Required<Text> = "cicd_scope_id";
        /// The version where there is no commit.
        NAME: Optional<Text> = "name";
        /// The outcome, once it is there.
        RESULT: Required<Text> = "result";
        /// Whether it is `DONE`.
        STATUS: Optional<Text> = "status";
        /// The environment.
        ENVIRONMENT: Required<Text> = "environment";
        /// When it was created, which is its start where `started_date` is empty.
        CREATED: Optional<Instant> = "created_date";
        /// When it started.
        STARTED: Optional<Instant> = "started_date";
        /// When it ended.
        FINISHED: Required<Instant> = "finished_date";
        /// The commit, and the version.
        COMMIT: Optional<Commit> = "commit_sha";
        /// Its last part is the repository's name.
        REPOSITORY: Optional<Text> = "repo_url";
    }

    fn read(record: &Record<'_>, facts: &mut Facts) -> Result<(), Fault> {
        let (id, scope) = (ID.of(record)?, SCOPE.of(record)?);
        let id = DEPLOYMENT_ID.given(record)?.unwrap_or(id);
        let address = REPOSITORY.given(record)?;
        let service = project(record, "cicd_scopes", &scope)
            .unwrap_or_else(|| ServiceId::new(address.as_deref().and_then(repository_name).unwrap_or(&scope)));
        let result = RESULT.given(record)?.unwrap_or_default();
        let outcome = match (result.as_str(), STATUS.given(record)?.as_deref()) {
            ("SUCCESS", _) => DeploymentOutcome::Succeeded,
            ("FAILURE", _) => DeploymentOutcome::Failed,
            (_, Some("DONE")) => DeploymentOutcome::Cancelled,
            _ => DeploymentOutcome::InProgress,
        };
        let started_at = STARTED.given(record)?.or(CREATED.given(record)?);
        let finished_at = match FINISHED.given(record)? {
            Some(finished_at) => finished_at,
            None if outcome == DeploymentOutcome::InProgress => record.latest(),
            None => return Err(FINISHED.fault("it is missing, and only one in progress has no end")),
        };
        refuse_backwards(started_at, finished_at).map_err(|reason| FINISHED.fault(reason))?;
        let environment = ENVIRONMENT.given(record)?.unwrap_or_else(|| "unclassified".to_owned());
        let commit = COMMIT.given(record)?;
        let name = NAME.given(record)?;
        let version = commit.map(|commit| commit.to_string()).or(name).unwrap_or_else(|| id.clone());
        facts.deployments.push(Deployment {
            source: record.default_source(SOURCE),
            id,
            service,
            environment: EnvironmentId::new(environment.to_lowercase()),
            version,
            commit,
            started_at,
            finished_at,
            sequence: 0,
            outcome,
            is_initial_state: false,
            is_removal: false,
            initiated_by: None,
            approval_wait: None,
            strategy: None,
            aborted_automatically: None,
            observed_at: record.latest(),
        });
        Ok(())
    }
}

pub(super) mod incidents {
    use super::*;

    declare! {
        /// Incidents (`incidents`)
        ///
        /// Becomes incidents. The service is the project of `table` and `scope_id`, so the project mapping is needed. The
        /// start is `created_date`, the end `resolution_date`.
        pub static INCIDENTS: Layout = {
            id: "devlake_incidents",
            fields: FIELDS,
            recognised_by: &["incident_key", "scope_id", "created_date", "resolution_date"],
            read: read,
            rows: no_rows,
        };
    }

    fields! {
        /// The incident's id.
        ID: Required<Text> = "id";
        /// The table of `scope_id`, such as `boards`.
        TABLE: Required<Text> = "table";
        /// Leads to the project, and so to the service.
        SCOPE: Required<Text> = "scope_id";
        /// Severity.
        SEVERITY: Optional<Text> = "severity";
        /// Start of impact.
        CREATED: Required<Instant> = "created_date";
        /// End of impact. The column is needed; empty while it is open.
        RESOLVED: Required<Instant> = "resolution_date";
        /// When it was last changed, which is when it was observed.
        UPDATED: Optional<Instant> = "updated_date";
    }

    fn read(record: &Record<'_>, facts: &mut Facts) -> Result<(), Fault> {
        let (table, scope) = (TABLE.of(record)?, SCOPE.of(record)?);
        let service = project(record, &table, &scope).ok_or_else(|| {
            SCOPE.fault("no project is known for it; name the file of `project_mapping` before this one")
        })?;
        let (started_at, resolved_at) = (CREATED.of(record)?, RESOLVED.given(record)?);
        if let Some(resolved_at) = resolved_at {
            refuse_backwards(Some(started_at), resolved_at).map_err(|reason| RESOLVED.fault(reason))?;
        }
        UPDATED.given(record)?;
        let (id, severity) = (ID.of(record)?, SEVERITY.given(record)?);
        facts.incidents.push(incident(record, id, service, severity, (started_at, resolved_at)));
        Ok(())
    }
}

pub(super) mod board_issues {
    use super::*;

    declare! {
        /// Issues of boards (`board_issues`)
        ///
        /// Says on which board an issue is, and so to which project it belongs: name this file after that of
        /// `project_mapping` and before that of `issues`. It holds no facts of its own.
        pub static BOARD_ISSUES: Layout = {
            id: "devlake_board_issues",
            fields: FIELDS,
            recognised_by: &["board_id", "issue_id"],
            read: read,
            rows: no_rows,
        };
    }

    fields! {
        /// Leads to the project.
        BOARD: Required<Text> = "board_id";
        /// The issue.
        ISSUE: Required<Text> = "issue_id";
    }

    fn read(record: &Record<'_>, _: &mut Facts) -> Result<(), Fault> {
        let (board, issue) = (BOARD.of(record)?, ISSUE.of(record)?);
        if let Some(project) = project(record, "boards", &board) {
            let mut projects = record.reading.projects.borrow_mut();
            projects.entry((ISSUES_TABLE.to_owned(), issue)).or_insert(project.as_str().to_owned());
        }
        Ok(())
    }
}

const ISSUES_TABLE: &str = "issues";

pub(super) mod issues {
    use super::*;

    declare! {
        /// Issues (`issues`)
        ///
        /// Those of the type `INCIDENT` become incidents; others are left aside. Versions of DevLake that have no table
        /// `incidents` keep them here; import one of the two. The service is the project of the issue's board, so
        /// `project_mapping` and `board_issues` are needed. The start is `created_date`, the end `resolution_date`.
        pub static ISSUES: Layout = {
            id: "devlake_issues",
            fields: FIELDS,
            recognised_by: &["issue_key", "original_type", "created_date", "resolution_date"],
            read: read,
            rows: no_rows,
        };
    }

    fields! {
        /// The incident's id, and what leads to the project.
        ID: Required<Text> = "id";
        /// `INCIDENT`, or something that is left aside.
        TYPE: Required<Text> = "type";
        /// Severity.
        SEVERITY: Optional<Text> = "severity";
        /// Start of impact.
        CREATED: Required<Instant> = "created_date";
        /// End of impact. The column is needed; empty while it is open.
        RESOLVED: Required<Instant> = "resolution_date";
        /// When it was last changed, which is when it was observed.
        UPDATED: Optional<Instant> = "updated_date";
    }

    fn read(record: &Record<'_>, facts: &mut Facts) -> Result<(), Fault> {
        if TYPE.given(record)?.as_deref() != Some("INCIDENT") {
            return Ok(());
        }
        let id = ID.of(record)?;
        let service = project(record, ISSUES_TABLE, &id).ok_or_else(|| {
            ID.fault(
                "no project is known for it; name the files of `project_mapping` and `board_issues` before this one",
            )
        })?;
        let (created, resolved) = (CREATED.of(record)?, RESOLVED.given(record)?);
        if let Some(resolved) = resolved {
            refuse_backwards(Some(created), resolved).map_err(|reason| RESOLVED.fault(reason))?;
        }
        UPDATED.given(record)?;
        let severity = SEVERITY.given(record)?;
        facts.incidents.push(incident(record, id, service, severity, (created, resolved)));
        Ok(())
    }
}

/// An incident from its start to its end, which is absent while it is open.
fn incident(
    record: &Record<'_>,
    id: String,
    service: ServiceId,
    severity: Option<String>,
    (started_at, resolved_at): (Time, Option<Time>),
) -> Incident {
    Incident {
        source: record.default_source(SOURCE),
        id,
        services: vec![service],
        severity,
        started_at,
        detected_at: None,
        detected_by_alert: None,
        acknowledged_at: None,
        resolved_at,
        caused_by: None,
        observed_at: record.latest(),
    }
}

pub(super) mod pull_requests {
    use super::*;

    declare! {
        /// Pull requests (`pull_requests`)
        ///
        /// Becomes reviews. The repository is named by `url`. Who wrote, merged or reviewed is left aside.
        pub static PULL_REQUESTS: Layout = {
            id: "devlake_pull_requests",
            fields: FIELDS,
            recognised_by: &["pull_request_key", "base_repo_id", "merge_commit_sha", "merged_date"],
            read: read,
            rows: no_rows,
        };
    }

    fields! {
        /// The number.
        NUMBER: Required<Whole> = "pull_request_key";
        /// The address of the pull request, which names the repository.
        URL: Required<Text> = "url";
        /// When it was opened.
        CREATED: Required<Instant> = "created_date";
        /// When it was merged. The column is needed; empty where it was not.
        MERGED: Required<Instant> = "merged_date";
        /// When it was closed, which is when it was observed.
        CLOSED: Optional<Instant> = "closed_date";
        /// The commit that the merge made.
        MERGE_COMMIT: Required<Commit> = "merge_commit_sha";
        /// Lines added.
        ADDITIONS: Optional<Whole> = "additions";
        /// Lines removed.
        DELETIONS: Optional<Whole> = "deletions";
    }

    fn read(record: &Record<'_>, facts: &mut Facts) -> Result<(), Fault> {
        let url = URL.of(record)?;
        let repository = repository_name(&url).ok_or_else(|| URL.fault("it names no repository"))?;
        let (opened_at, merged_at) = (CREATED.of(record)?, MERGED.given(record)?);
        if let Some(merged_at) = merged_at {
            refuse_backwards(Some(opened_at), merged_at).map_err(|reason| MERGED.fault(reason))?;
        }
        CLOSED.given(record)?;
        let merge_commit: Option<CommitId> = MERGE_COMMIT.given(record)?;
        let lines = ADDITIONS.given(record)?.zip(DELETIONS.given(record)?);
        facts.reviews.push(Review {
            source: record.default_source(SOURCE),
            repository: RepositoryId::new(repository),
            number: NUMBER.of(record)?,
            opened_at,
            first_commit_at: None,
            first_response_at: None,
            approved_at: None,
            merged_at,
            merge_commit,
            is_automation: false,
            lines_changed: lines.map(|(added, removed): (u64, u64)| added.saturating_add(removed)),
            labels: Vec::new(),
            commits: Vec::new(),
            observed_at: record.latest(),
        });
        Ok(())
    }
}
