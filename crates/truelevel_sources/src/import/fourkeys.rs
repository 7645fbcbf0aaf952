//! Tables of the Four Keys project, as BigQuery exports them. Columns as in its `queries/`.

use truelevel_model::facts::{DeploymentOutcome, Facts};
use truelevel_model::{CommitId, Deployment, EnvironmentId, Incident, ServiceId, declare};

use super::field::fields;
use super::forms::{Instant, List, Text};
use super::layout::Layout;
use super::record::{Fault, Record};
use super::times::refuse_backwards;
use super::writing::no_rows;

const SOURCE: &str = "fourkeys";
/// Four Keys knows no services: all it has seen is one.
const SERVICE: &str = "fourkeys";

pub(super) mod deployments {
    use super::*;

    declare! {
        /// Deployments (`deployments`)
        ///
        /// Becomes deployments of one service, `fourkeys`, since Four Keys knows no services. It keeps only those that
        /// succeeded in production.
        pub static DEPLOYMENTS: Layout = {
            id: "fourkeys_deployments",
            fields: FIELDS,
            recognised_by: &["deploy_id", "time_created", "main_commit"],
            read: read,
            rows: no_rows,
        };
    }

    fields! {
        /// The deployment's id.
        ID: Required<Text> = "deploy_id";
        /// When it ended.
        CREATED: Required<Instant> = "time_created";
        /// The version; a commit of 40 hexadecimal digits is the commit too.
        COMMIT: Required<Text> = "main_commit";
    }

    fn read(record: &Record<'_>, facts: &mut Facts) -> Result<(), Fault> {
        let (version, finished_at) = (COMMIT.of(record)?, CREATED.of(record)?);
        facts.deployments.push(Deployment {
            source: record.default_source(SOURCE),
            id: ID.of(record)?,
            service: ServiceId::new(SERVICE),
            environment: EnvironmentId::new("production"),
            commit: version.parse::<CommitId>().ok(),
            version,
            started_at: None,
            finished_at,
            sequence: 0,
            outcome: DeploymentOutcome::Succeeded,
            is_initial_state: false,
            is_removal: false,
            initiated_by: None,
            approval_wait: None,
            strategy: None,
            aborted_automatically: None,
            observed_at: finished_at,
        });
        Ok(())
    }
}

pub(super) mod incidents {
    use super::*;

    declare! {
        /// Incidents (`incidents`)
        ///
        /// Becomes incidents of the service `fourkeys`. The first of `changes` is what caused it.
        pub static INCIDENTS: Layout = {
            id: "fourkeys_incidents",
            fields: FIELDS,
            recognised_by: &["incident_id", "time_created", "time_resolved"],
            read: read,
            rows: no_rows,
        };
    }

    fields! {
        /// The incident's id.
        ID: Required<Text> = "incident_id";
        /// Start of impact.
        CREATED: Required<Instant> = "time_created";
        /// End of impact. The column is needed; empty while it is open.
        RESOLVED: Required<Instant> = "time_resolved";
        /// The commits that its root cause names.
        CHANGES: Optional<List<Text>> = "changes";
    }

    fn read(record: &Record<'_>, facts: &mut Facts) -> Result<(), Fault> {
        let (started_at, resolved_at) = (CREATED.of(record)?, RESOLVED.given(record)?);
        if let Some(resolved_at) = resolved_at {
            refuse_backwards(Some(started_at), resolved_at).map_err(|reason| RESOLVED.fault(reason))?;
        }
        facts.incidents.push(Incident {
            source: record.default_source(SOURCE),
            id: ID.of(record)?,
            services: vec![ServiceId::new(SERVICE)],
            severity: None,
            started_at,
            detected_at: None,
            detected_by_alert: None,
            acknowledged_at: None,
            resolved_at,
            caused_by: CHANGES.given(record)?.and_then(|changes| changes.into_iter().next()),
            observed_at: record.latest(),
        });
        Ok(())
    }
}

pub(super) mod changes {
    use super::*;

    declare! {
        /// Changes (`changes`)
        ///
        /// Left aside: changes come from the repositories themselves, which know what a deployment shipped.
        pub static CHANGES: Layout = {
            id: "fourkeys_changes",
            fields: FIELDS,
            recognised_by: &["change_id", "time_created", "event_type"],
            read: |_, _| Ok(()),
            rows: no_rows,
        };
    }

    fields! {
        /// The commit.
        ID: Required<Text> = "change_id";
        /// When it was seen.
        CREATED: Required<Instant> = "time_created";
    }
}
