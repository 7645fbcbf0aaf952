//! A made-up organisation whose true answers are known, to look around in, to test against and to measure speed on.
//!
//! Everything comes from a [`Plan`] and its seed. The facts go into a store by the way that all facts take; what is
//! true of them is counted while they are made up, and never read back.

mod faults;
mod life;
mod plan;
mod practices;
pub(crate) mod random;
mod truth;

use rayon::prelude::*;
use truelevel_assess::Catalog;
use truelevel_model::facts::Facts;
use truelevel_model::{History, RepositoryId, Span, Window};

pub use faults::{FAULTS, Fault};
pub use plan::{AiEffect, Constraint, Detail, Effects, Habits, Plan};
pub use random::Random;
pub use truth::{ServiceTruth, Truth};

use crate::config::DEFAULT_WINDOW_DAYS;
use crate::{EngineError, Talk, Workspace};

/// What the made-up organisation says of its platform: a table for its `truelevel.toml`.
pub const GOLDEN_PATH: &str =
    "[[golden_path]]\nname = \"deploy\"\nwhat = \"platform/workflows/deploy.yml\"\nowner = \"platform\"\n";

/// So many services are made up and written together.
const BATCH: u32 = 64;

/// A team owns so many services.
const SERVICES_PER_TEAM: u32 = 6;

/// Makes up the organisation, writes its facts into the workspace's store and answers what is true of it.
pub fn fill(workspace: &mut Workspace, plan: &Plan, talk: &dyn Talk) -> Result<Truth, EngineError> {
    let catalog = Catalog::embedded()?;
    let window = Window::ending(plan.as_of, DEFAULT_WINDOW_DAYS);
    let mut services = Vec::new();
    for first in (0..plan.services).step_by(BATCH as usize) {
        let last = plan.services.min(first + BATCH);
        talk.progress("making up services", u64::from(first), Some(u64::from(plan.services)));
        let lives: Vec<life::Life> =
            (first..last).into_par_iter().map(|number| life::live(plan, number, window, &catalog)).collect();
        let mut facts = Facts::default();
        for life in lives {
            let repository = RepositoryId::new(life.truth.service.clone());
            workspace.store.replace_history(&repository, &History::from_changes(life.changes))?;
            facts.deployments.extend(life.facts.deployments);
            facts.reviews.extend(life.facts.reviews);
            facts.pipeline_runs.extend(life.facts.pipeline_runs);
            facts.incidents.extend(life.facts.incidents);
            facts.services.extend(life.facts.services);
            facts.evidence.extend(life.facts.evidence);
            facts.declarations.extend(life.facts.declarations);
            services.push(life.truth);
        }
        workspace.store.write(&facts)?;
    }
    Ok(Truth {
        as_of: plan.as_of,
        window_days: window.days,
        seed: plan.seed,
        constraint: plan.constraint,
        teams: (0..plan.services.div_ceil(SERVICES_PER_TEAM))
            .map(|team| (team_name(team), plan.habits(team)))
            .collect(),
        services,
    })
}

fn team_name(team: u32) -> String {
    const SUBJECTS: [&str; 12] = [
        "payments", "search", "identity", "orders", "catalog", "delivery", "billing", "messages", "media", "pricing",
        "fraud", "insights",
    ];
    let subject = SUBJECTS[team as usize % SUBJECTS.len()];
    match team as usize / SUBJECTS.len() {
        0 => subject.to_owned(),
        round => format!("{subject}-{}", round + 1),
    }
}

fn service_name(number: u32) -> String {
    const PARTS: [&str; SERVICES_PER_TEAM as usize] = ["api", "web", "worker", "gateway", "store", "jobs"];
    let part = PARTS[number as usize % PARTS.len()];
    format!("{}-{part}", team_name(number / SERVICES_PER_TEAM))
}

const fn hours(hours: f64) -> Span {
    Span::from_millis((hours * 3_600_000.0) as i64)
}

const fn minutes(minutes: f64) -> Span {
    hours(minutes / 60.0)
}

#[cfg(test)]
pub(crate) mod tests;
