//! What is planted: how the teams of a made-up organisation deliver.

use serde::Serialize;
use truelevel_model::{Span, Time};

use super::SERVICES_PER_TEAM;
use super::faults::{Fault, Plant};
use super::random::Random;

/// What a made-up organisation is to be like.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The same seed makes the same organisation.
    pub seed: u64,
    /// How many services it has.
    pub services: u32,
    /// How many weeks of its past are known.
    pub weeks: u32,
    /// Where its past ends.
    pub as_of: Time,
    /// The one thing that holds it back.
    pub constraint: Constraint,
    /// Everything, or only what measuring scans.
    pub detail: Detail,
    /// Changes per deployment, as a multiple of what teams like these ship.
    pub batch: f64,
    /// What is planted beside the constraint.
    pub effects: Effects,
}

/// What is planted beside the constraint; nothing unless said.
#[derive(Clone, Debug, Default)]
pub struct Effects {
    /// Every other team is on the golden path, whatever else it does: the factor on lead time there.
    pub golden_path: Option<f64>,
    /// Every other service begins with AI in some week.
    pub ai: Option<AiEffect>,
    /// Deployments of a service on a working day and median lead time in hours, instead of what teams like these do.
    pub pace: Option<(f64, f64)>,
    /// Faults, and their sizes.
    pub faults: Vec<(&'static Fault, f64)>,
}

impl Effects {
    /// Adds a fault of a size.
    pub(crate) fn plant(&mut self, fault: &'static Fault, size: f64) {
        self.faults.push((fault, size));
        for plant in fault.plants {
            if let Plant::Effects(alter) = plant {
                alter(self, size);
            }
        }
    }

    /// The ways in which its faults enter, with their sizes.
    pub(super) fn plants(&self) -> impl Iterator<Item = (&'static Plant, f64)> + use<'_> {
        self.faults.iter().flat_map(|(fault, size)| fault.plants.iter().map(|plant| (plant, *size)))
    }
}

/// What happens to a service that begins with AI.
#[derive(Clone, Copy, Debug)]
pub struct AiEffect {
    /// The share of its changes that carry a sign from then on.
    pub share: f64,
    /// The factor on its lead time.
    pub lead_time: f64,
    /// The factor on its changes per deployment.
    pub batch: f64,
}

/// An assessment of the organisation: a weekly snapshot, or the answer after them.
pub(crate) struct Look {
    /// Of a snapshot, so many weeks before the answer; of the answer 0.
    pub(crate) weeks_ago: u32,
    /// Where the known past ends.
    pub(crate) as_of: Time,
    /// When it is looked: the same day, unless planted.
    pub(crate) taken_at: Time,
    /// What the configuration says then beside the usual: TOML.
    pub(crate) configuration: String,
}

/// So many weeks before the answer the first of the weekly snapshots is taken, where what is planted is about them.
pub(super) const OLDEST_LOOK_WEEKS: u32 = 4;

/// How much is made up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Detail {
    /// Also reviews, pipeline runs, environments before production, evidence and declarations.
    Full,
    /// Changes, production deployments and incidents.
    Narrow,
}

/// What holds the organisation back, in the order of the questions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Constraint {
    /// Deployments wait for a meeting every other Thursday.
    ChangeApproval,
    /// Deployed every day, but a change takes a week to get there.
    LeadTime,
    /// Quick, and every fourth deployment fails for hours.
    Stability,
    /// Quick and stable, each team in its own way.
    Consistency,
    /// Nothing: quick, stable, and on a golden path.
    None,
    /// Teams of every kind.
    Mixed,
}

impl Constraint {
    /// All of them, as they are written.
    pub const ALL: [(&'static str, Self); 6] = [
        ("change_approval", Self::ChangeApproval),
        ("lead_time", Self::LeadTime),
        ("stability", Self::Stability),
        ("consistency", Self::Consistency),
        ("none", Self::None),
        ("mixed", Self::Mixed),
    ];
}

/// How a team delivers.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Habits {
    /// Production deployments on a working day.
    pub deployments_per_working_day: f64,
    /// Deployed only at a meeting every other Thursday.
    pub waits_for_meeting: bool,
    /// Median time from writing a change to production.
    pub lead_time_hours: f64,
    /// The share of that which passes before the merge.
    pub before_merge: f64,
    /// Changes per deployment.
    pub batch: f64,
    /// Share of deployments that fail.
    pub fail_share: f64,
    /// Median time to restore.
    pub recovery_minutes: f64,
    /// Share of failures that are ended by going back; the others by a fix.
    pub rollback_share: f64,
    /// Share of failures whose incident names the deployment.
    pub reported_share: f64,
    /// Share of deployments that no person started.
    pub automation_share: f64,
    /// Share of changes that carry a sign of an AI assistant.
    pub ai_share: f64,
    /// Deploys with the platform's shared workflow.
    pub on_golden_path: bool,
    /// The level whose practices the team has shown.
    pub practices_level: u8,
    /// The level that the team believes to be at.
    pub declared_level: u8,
}

const ELITE: Habits = Habits {
    deployments_per_working_day: 2.0,
    waits_for_meeting: false,
    lead_time_hours: 6.0,
    before_merge: 0.5,
    batch: 1.5,
    fail_share: 0.04,
    recovery_minutes: 25.0,
    rollback_share: 0.8,
    reported_share: 0.9,
    automation_share: 0.98,
    ai_share: 0.3,
    on_golden_path: true,
    practices_level: 4,
    declared_level: 4,
};

/// Elite, with failures enough to show how quickly they end.
const STEADY: Habits =
    Habits { deployments_per_working_day: 4.0, fail_share: 0.08, recovery_minutes: 15.0, declared_level: 2, ..ELITE };

const HIGH: Habits = Habits {
    deployments_per_working_day: 0.6,
    waits_for_meeting: false,
    lead_time_hours: 40.0,
    before_merge: 0.5,
    batch: 3.0,
    fail_share: 0.08,
    recovery_minutes: 150.0,
    rollback_share: 0.6,
    reported_share: 0.7,
    automation_share: 0.85,
    ai_share: 0.2,
    on_golden_path: true,
    practices_level: 3,
    declared_level: 4,
};

const MEDIUM: Habits = Habits {
    deployments_per_working_day: 0.12,
    waits_for_meeting: false,
    lead_time_hours: 240.0,
    before_merge: 0.5,
    batch: 8.0,
    fail_share: 0.15,
    recovery_minutes: 600.0,
    rollback_share: 0.4,
    reported_share: 0.5,
    automation_share: 0.4,
    ai_share: 0.1,
    on_golden_path: false,
    practices_level: 2,
    declared_level: 3,
};

const LOW: Habits = Habits {
    deployments_per_working_day: 0.03,
    waits_for_meeting: true,
    lead_time_hours: 900.0,
    before_merge: 0.5,
    batch: 20.0,
    fail_share: 0.3,
    recovery_minutes: 3000.0,
    rollback_share: 0.2,
    reported_share: 0.4,
    automation_share: 0.05,
    ai_share: 0.02,
    on_golden_path: false,
    practices_level: 1,
    declared_level: 2,
};

/// The first and the last week, from the start, in which services begin with AI: the weeks before show that they had not.
const BEGINNINGS_WEEKS: (u32, u32) = (10, 16);

impl Plan {
    /// When the service of a number begins with AI, where it does.
    pub(crate) fn begins_with_ai(&self, number: u32) -> Option<(Time, AiEffect)> {
        let effect = self.effects.ai.filter(|_| number.is_multiple_of(2))?;
        let (first, last) = BEGINNINGS_WEEKS;
        let week = first + number / 2 % (last - first);
        let start = self.as_of.minus_days(self.weeks * 7);
        Some((start.plus(Span::from_millis(i64::from(week) * 7 * 86_400_000)), effect))
    }

    /// The weekly snapshots, in the order in which they are taken, and the answer after them; nothing where nothing planted
    /// is about them.
    pub(crate) fn looks(&self) -> Vec<Look> {
        let past = |(plant, size): (&'static Plant, f64)| match plant {
            Plant::Past(alter) => Some((alter, size)),
            Plant::Effects(_) | Plant::Habits(_) | Plant::Slots(_) | Plant::Life(_) => None,
        };
        let planted: Vec<_> = self.effects.plants().filter_map(past).collect();
        if planted.is_empty() {
            return Vec::new();
        }
        let look = |weeks_ago: u32| {
            let as_of = self.as_of.minus_days(weeks_ago * 7);
            let mut look = Look { weeks_ago, as_of, taken_at: as_of, configuration: String::new() };
            planted.iter().for_each(|(alter, size)| alter(&mut look, *size));
            look
        };
        let mut looks: Vec<Look> = (0..=OLDEST_LOOK_WEEKS).rev().map(look).collect();
        looks.sort_by_key(|look| look.taken_at);
        looks
    }

    /// How the team of a number delivers.
    pub(crate) fn habits(&self, team: u32) -> Habits {
        let mut random = Random::of(self.seed, 1, u64::from(team));
        let mut habits = match self.constraint {
            Constraint::ChangeApproval => {
                Habits { deployments_per_working_day: 0.1, waits_for_meeting: true, lead_time_hours: 300.0, ..MEDIUM }
            }
            // Long on branches, and out on the day of the merge: what is merged waits for nothing.
            Constraint::LeadTime => Habits { lead_time_hours: 160.0, before_merge: 0.95, batch: 6.0, ..HIGH },
            Constraint::Stability => {
                Habits { fail_share: 0.35, recovery_minutes: 400.0, lead_time_hours: 8.0, ..ELITE }
            }
            Constraint::Consistency => Habits { on_golden_path: false, practices_level: 2, ..STEADY },
            Constraint::None => STEADY,
            Constraint::Mixed => match random.share() {
                share if share < 0.2 => ELITE,
                share if share < 0.6 => HIGH,
                share if share < 0.88 => MEDIUM,
                _ => LOW,
            },
        };
        if let Some((deployments, hours)) = self.effects.pace {
            (habits.deployments_per_working_day, habits.lead_time_hours) = (deployments, hours);
        }
        // No two teams are the same, and each stays what it is.
        habits.deployments_per_working_day *= random.between(0.85, 1.2);
        habits.lead_time_hours *= random.between(0.85, 1.15);
        habits.batch *= self.batch;
        if let Some(factor) = self.effects.golden_path {
            habits.on_golden_path = team.is_multiple_of(2);
            habits.lead_time_hours *= if habits.on_golden_path { factor } else { 1.0 };
        }
        if self.effects.ai.is_some() {
            habits.ai_share = 0.0;
        }
        habits
    }

    /// How the team of the service of a number delivers that service.
    pub(super) fn habits_of_service(&self, number: u32) -> Habits {
        let mut habits = self.habits(number / SERVICES_PER_TEAM);
        for (plant, size) in self.effects.plants() {
            if let Plant::Habits(alter) = plant {
                alter(&mut habits, number, size);
            }
        }
        habits
    }
}
