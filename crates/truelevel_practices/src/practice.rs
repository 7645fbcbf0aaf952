//! What a practice is, and the delivery facts that can prove that it ran.

use truelevel_model::{Detection, Evidence, Grade, Locator, Time};

use crate::Repository;

/// Something a team does that can be detected.
#[derive(Debug)]
pub struct Practice {
    /// The page of the practice: title, blank line, Markdown.
    pub docs: &'static str,
    /// The id: also the file stem, the catalog key and the URL segment.
    pub id: &'static str,
    /// What it is about: `build`, `test`, `deploy`, `observe`, `recover`, `platform`, `security` or `ai`.
    pub subject: &'static str,
    /// What the files of a repository declare.
    pub detect: fn(&Repository) -> Detection,
    /// What delivery facts show; `None` where facts can never show that the practice ran.
    pub in_facts: Option<InFacts>,
}

/// How delivery facts show a practice.
#[derive(Clone, Copy, Debug)]
pub struct InFacts {
    /// What would show it, to end "it would be shown by ...".
    pub shown_by: &'static str,
    /// What the facts say: "absent" only where they are of a kind that could have shown it.
    pub look: fn(&DeliveryFacts) -> Detection,
}

/// What happened to one service in the window, counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DeliveryFacts {
    /// Deployments to production.
    pub production_deployments: u64,
    /// Of these, the ones known to be started by automation.
    pub automated_deployments: u64,
    /// Of these, the ones known to be started by a person.
    pub manual_deployments: u64,
    /// Deployments to production whose version was read from version control.
    pub declared_deployments: u64,
    /// Deployments of a version that ran before the current one.
    pub rollbacks: u64,
    /// Of these, the ones that no person started.
    pub automated_rollbacks: u64,
    /// Deployments to production, ended whichever way, whose source tells whether automation judged them.
    pub judged_deployments: u64,
    /// Of these, the ones that automation stopped or took back.
    pub automated_aborts: u64,
    /// Deployments to production, ended whichever way, whose source tells how they were rolled out.
    pub deployments_with_strategy: u64,
    /// Of these, the ones that met a part of the traffic or instances first.
    pub gradual_deployments: u64,
    /// Of these, the ones that automation judged.
    pub judged_gradual_deployments: u64,
    /// Of these, the ones that automation stopped or took back.
    pub gradual_aborts: u64,
    /// Deployments to production, ended whichever way, whose start is known.
    pub timed_deployments: u64,
    /// Of these, the ones that began before an earlier one of the same environment had ended.
    pub overlapping_deployments: u64,
    /// Environments that are not production and received deployments.
    pub environments_before_production: u64,
    /// Versions in production that ran in another environment first.
    pub promoted_versions: u64,
    /// When production was last deployed to.
    pub last_deployment_at: Option<Time>,
    /// When production was last rolled back.
    pub last_rollback_at: Option<Time>,
    /// When automation last stopped or took back a deployment.
    pub last_abort_at: Option<Time>,
    /// When a deployment last met a part of the traffic or instances first.
    pub last_gradual_at: Option<Time>,
    /// When the facts were read.
    pub observed_at: Time,
}

impl DeliveryFacts {
    /// Seen in counted facts; `summary` must be readable alone.
    pub(crate) fn seen(&self, grade: Grade, last: Option<Time>, summary: String) -> Detection {
        let observed_at = last.unwrap_or(self.observed_at);
        Detection::Present(vec![Evidence { grade, locator: Locator::Facts { summary }, observed_at }])
    }

    /// Not seen among so many deployments that could have shown it; without any, nobody could look.
    pub(crate) fn not_seen(&self, among: u64) -> Detection {
        if among == 0 {
            let reason = "files do not show it, and no deployment in the window is known that could".to_owned();
            return Detection::Unknown { reason };
        }
        Detection::Absent { looked_at: vec![count(among, "production deployment")] }
    }
}

/// `1 rollback`, `2 rollbacks`.
pub(crate) fn count(number: u64, noun: &str) -> String {
    format!("{number} {noun}{}", if number == 1 { "" } else { "s" })
}
