//! What can be planted in a made-up organisation so that a finding about it is right: an entry each.

use truelevel_model::facts::RunOutcome;
use truelevel_model::{
    AuthorHash, Change, ChangeSize, CommitId, Declaration, Deployment, DeploymentOutcome, EnvironmentId, Incident,
    PipelineRun, Span, Time,
};

use super::life::Life;
use super::plan::{AiEffect, Effects, Habits, Look, OLDEST_LOOK_WEEKS};
use super::random::Random;
use super::{hours, minutes};

/// Something that a finding is to be raised for.
#[derive(Debug)]
pub struct Fault {
    /// The finding that is right then, as `accuracy::findings` names it.
    pub finding: &'static str,
    /// What is planted, for readers.
    pub what: &'static str,
    /// How much of it, in `unit`: weak, middling and strong.
    pub sizes: [f64; 3],
    /// What the sizes count, as written behind the number.
    pub unit: &'static str,
    /// The organisation that it is planted in, by name.
    pub ground: &'static str,
    /// How it comes about, in order.
    pub(super) plants: &'static [Plant],
}

/// Where a fault enters; the number is its size.
#[derive(Debug)]
pub(super) enum Plant {
    /// What the plan has beside its constraint.
    Effects(fn(&mut Effects, f64)),
    /// How the team of the service of a number delivers it.
    Habits(fn(&mut Habits, u32, f64)),
    /// When a service is deployed on a day.
    Slots(fn(&mut Vec<Time>, &Day, f64, &mut Random)),
    /// What happened, once it has; with the as-of.
    Life(fn(&mut Life, f64, &mut Random, Time)),
    /// When and by which configuration the organisation was looked at, week by week up to the answer.
    Past(fn(&mut Look, f64)),
}

/// A day of a service.
pub(super) struct Day {
    pub(super) seed: u64,
    pub(super) service: u32,
    pub(super) midnight: Time,
    /// Days since the start, which is taken for a Monday.
    pub(super) number: i64,
    /// Days that are known in all.
    pub(super) of: i64,
}

/// Days of the window.
const WINDOW: f64 = 90.0;

impl Day {
    fn is_in_window(&self) -> bool {
        ((self.of - self.number) as f64) < WINDOW
    }
}

/// All of them, by finding.
pub static FAULTS: &[Fault] = &[
    Fault {
        finding: "ai.dose.change_lead_time",
        what: "factor on the lead time for 25 points more changes with a sign, from none to 60 % over teams",
        sizes: [1.3, 2.0, 3.0],
        unit: "×",
        ground: "large",
        plants: &[
            Plant::Effects(|effects, _| effects.ai = None),
            Plant::Habits(|habits, service, size| {
                habits.ai_share = f64::from(service / 6 % 10) / 15.0;
                habits.lead_time_hours *= size.powf(habits.ai_share / 0.25);
            }),
        ],
    },
    Fault {
        finding: "ai.event_study.change_lead_time",
        what: "factor on the lead time of a service from its beginning with AI on",
        sizes: [1.1, 1.3, 1.6],
        unit: "×",
        ground: "large",
        plants: &[Plant::Effects(|effects, size| {
            effects.ai = Some(AiEffect { share: 0.5, lead_time: size, batch: 1.0 });
        })],
    },
    Fault {
        finding: "averaged_services",
        what: "factor on the pace of every fourth service",
        sizes: [4.0, 6.0, 10.0],
        unit: "×",
        ground: "slow",
        plants: &[Plant::Habits(|habits, service, size| {
            habits.deployments_per_working_day *= if service % 4 == 0 { size } else { 1.0 };
        })],
    },
    Fault {
        finding: "batched_by_calendar",
        what: "of the other days' deployments are put off to one weekday",
        sizes: [80.0, 95.0, 100.0],
        unit: "%",
        ground: "middle",
        plants: &[Plant::Slots(|slots, day, size, random| {
            if day.number % 7 != 3 {
                slots.retain(|_| !random.happens(size / 100.0));
            }
        })],
    },
    Fault {
        finding: "belief_above_evidence",
        what: "is declared for every stage",
        sizes: [3.0, 4.0, 5.0],
        unit: "as level",
        ground: "middle",
        plants: &[Plant::Life(|life, size, _, _| {
            for declaration in &mut life.facts.declarations {
                *declaration = Declaration { level: size as u8, ..declaration.clone() };
            }
        })],
    },
    Fault {
        finding: "bunched_under_threshold",
        what: "of the deployments with a lead time of 24 to 28 hours are hurried under 24",
        sizes: [30.0, 60.0, 90.0],
        unit: "%",
        ground: "middle",
        plants: &[Plant::Habits(|habits, _, _| habits.lead_time_hours = 20.0), Plant::Life(hurry)],
    },
    Fault {
        finding: "checks_bypassed",
        what: "of the reviews are merged on a red check",
        sizes: [3.0, 8.0, 20.0],
        unit: "%",
        ground: "middle",
        plants: &[Plant::Life(|life, size, random, _| {
            let red = some(&life.changes, size, random, |change| change.id);
            for run in life.facts.pipeline_runs.iter_mut().filter(|run| is_check(run) && red.contains(&run.commit)) {
                run.outcome = RunOutcome::Failed;
            }
        })],
    },
    Fault {
        finding: "clock_started_at_merge",
        what: "of the changes are squashed at their merge, and no source tells the first commit",
        sizes: [30.0, 60.0, 100.0],
        unit: "%",
        ground: "middle",
        plants: &[Plant::Life(squash)],
    },
    Fault {
        finding: "clocks_in_disagreement",
        what: "of the changes seem to be written after they were deployed",
        sizes: [0.5, 2.0, 10.0],
        unit: "%",
        ground: "middle",
        plants: &[Plant::Life(|life, size, random, _| {
            for change in (0..life.changes.len()).filter(|_| random.happens(size / 100.0)) {
                write_at(life, change, life.changes[change].committed_at.plus(hours(240.0)));
            }
        })],
    },
    Fault {
        finding: "definition_drift",
        what: "changes of a threshold in the configuration, over four snapshots and the answer",
        sizes: [0.0, 1.0, 3.0],
        unit: "",
        ground: "slow",
        plants: &[Plant::Past(|look, size| {
            let changes = (size as u32).saturating_sub(look.weeks_ago);
            look.configuration = format!(
                "[[threshold]]\ngate = \"lead_time_is_under_a_day\"\nmetric = \"change_lead_time\"\n\
                 less_than = \"{} days\"\nreason = \"made up\"\n",
                2 + changes
            );
        })],
    },
    Fault {
        finding: "deployed_in_lockstep",
        what: "of the deployments of six services leave within minutes of the others'",
        sizes: [40.0, 70.0, 95.0],
        unit: "%",
        ground: "middle",
        plants: &[Plant::Slots(leave_together)],
    },
    Fault {
        finding: "early_closing",
        what: "of the incidents are closed at half of their time, and opened as another one half an hour later",
        sizes: [5.0, 20.0, 50.0],
        unit: "%",
        ground: "middle",
        plants: &[Plant::Life(close_early)],
    },
    Fault {
        finding: "empty_deployments",
        what: "of the deployments ship changes that touch no file",
        sizes: [5.0, 15.0, 40.0],
        unit: "%",
        ground: "middle",
        plants: &[Plant::Life(|life, size, random, _| {
            for change in &mut life.changes {
                change.size = Some(ChangeSize { files: 1, lines: 1 });
            }
            for together in shipped(life).chunk_by(|a, b| a.1 == b.1).filter(|_| random.happens(size / 100.0)) {
                for (change, _) in together {
                    life.changes[*change].size = Some(ChangeSize { files: 0, lines: 0 });
                }
            }
        })],
    },
    Fault {
        finding: "exemptions_renewed",
        what: "days that the end of an exemption was put off by, between the third and the fourth of four snapshots",
        sizes: [-30.0, 1.0, 90.0],
        unit: "",
        ground: "slow",
        plants: &[Plant::Past(|look, size| {
            let answered_at = look.as_of.plus(hours(f64::from(look.weeks_ago) * 7.0 * 24.0));
            let put_off = if look.weeks_ago < 2 { size } else { 0.0 };
            look.configuration = format!(
                "[[exemption]]\ngate = \"every_change_is_built\"\nowner = \"payments\"\nreason = \"made up\"\n\
                 expires = {}\n",
                answered_at.plus(hours((60.0 + put_off) * 24.0)).date()
            );
        })],
    },
    Fault {
        finding: "failed_rollouts_dropped",
        what: "failed attempts for a hundred deployments",
        sizes: [5.0, 15.0, 30.0],
        unit: "",
        ground: "middle",
        plants: &[Plant::Life(|life, size, random, _| {
            beside(life, size, random, |deployment| {
                deployment.finished_at = deployment.finished_at.plus(minutes(-7.0));
                deployment.outcome = DeploymentOutcome::Failed;
            });
        })],
    },
    Fault {
        finding: "fan_out_counted",
        what: "deployments to a second region for a hundred deployments",
        sizes: [5.0, 15.0, 30.0],
        unit: "",
        ground: "middle",
        plants: &[Plant::Life(|life, size, random, _| {
            beside(life, size, random, |deployment| deployment.environment = EnvironmentId::new("production-eu"));
        })],
    },
    Fault {
        finding: "frozen",
        what: "without deployments, in the middle of the window",
        sizes: [10.0, 20.0, 35.0],
        unit: "days",
        ground: "middle",
        plants: &[Plant::Slots(|slots, day, size, _| {
            if (20..20 + size as i64).contains(&(day.of - day.number)) {
                slots.clear();
            }
        })],
    },
    Fault {
        finding: "mix_shift",
        what: "factor on the pace of the two thirds of services that began with the window",
        sizes: [1.5, 3.0, 6.0],
        unit: "×",
        ground: "large",
        plants: &[
            Plant::Habits(|habits, service, size| {
                habits.deployments_per_working_day *= if service % 3 == 0 { 1.0 } else { size };
            }),
            Plant::Slots(|slots, day, _, _| {
                if day.service % 3 != 0 && !day.is_in_window() {
                    slots.clear();
                }
            }),
        ],
    },
    Fault {
        finding: "nano_deployments",
        what: "of the deployments are split in two",
        sizes: [15.0, 30.0, 60.0],
        unit: "%",
        ground: "middle",
        plants: &[
            Plant::Habits(|habits, _, _| habits.batch = 1.0),
            Plant::Slots(|slots, _, size, random| {
                let halves: Vec<Time> =
                    slots.iter().filter(|_| random.happens(size / 100.0)).map(|at| at.plus(minutes(8.0))).collect();
                slots.extend(halves);
            }),
            Plant::Life(one_hand),
        ],
    },
    Fault {
        finding: "open_incidents_dropped",
        what: "of the incidents are never closed",
        sizes: [5.0, 15.0, 30.0],
        unit: "%",
        ground: "middle",
        plants: &[Plant::Life(|life, size, random, _| {
            for incident in life.facts.incidents.iter_mut().filter(|_| random.happens(size / 100.0)) {
                incident.resolved_at = None;
            }
        })],
    },
    Fault {
        finding: "padded_denominator",
        what: "repeated deployments for a hundred deployments",
        sizes: [5.0, 20.0, 60.0],
        unit: "",
        ground: "middle",
        plants: &[Plant::Life(|life, size, random, _| beside(life, size, random, |_| {}))],
    },
    Fault {
        finding: "platform.outcomes.change_lead_time",
        what: "factor on the lead time of the teams on the golden path, every other one",
        sizes: [0.8, 0.6, 0.4],
        unit: "×",
        ground: "large",
        plants: &[Plant::Effects(|effects, size| effects.golden_path = Some(size))],
    },
    Fault {
        finding: "redeployments_counted",
        what: "repeated deployments for a hundred deployments",
        sizes: [5.0, 15.0, 30.0],
        unit: "",
        ground: "middle",
        plants: &[Plant::Life(|life, size, random, _| beside(life, size, random, |_| {}))],
    },
    Fault {
        finding: "retried_until_green",
        what: "of the green checks were red first, beside the usual 8 %",
        sizes: [2.0, 5.0, 15.0],
        unit: "%",
        ground: "middle",
        plants: &[Plant::Life(retry)],
    },
    Fault {
        finding: "services_without_activity",
        what: "of the services stand still",
        sizes: [10.0, 25.0, 50.0],
        unit: "%",
        ground: "middle",
        plants: &[Plant::Habits(|habits, service, size| {
            if f64::from(service) < (size / 100.0 * 12.0).floor() {
                (habits.deployments_per_working_day, habits.batch) = (0.0, 0.0);
            }
        })],
    },
    Fault {
        finding: "trade_offs_between_keys",
        what: "factor on both pace and lead time from the start of the window on",
        sizes: [1.2, 1.6, 3.0],
        unit: "×",
        ground: "half_year",
        plants: &[
            Plant::Slots(|slots, day, size, random| {
                slots.retain(|_| day.is_in_window() || random.happens(1.0 / size));
            }),
            Plant::Life(|life, size, _, as_of| {
                for (change, at) in shipped(life).into_iter().filter(|(_, at)| as_of.since(*at).days() < WINDOW) {
                    let lead = at.since(life.changes[change].authored_at).days() * 24.0 * size;
                    write_at(life, change, at.plus(hours(-lead)));
                }
            }),
        ],
    },
    Fault {
        finding: "trends.change_lead_time",
        what: "factor that the lead time grows by in half a year",
        sizes: [1.3, 2.0, 4.0],
        unit: "×",
        ground: "half_year",
        plants: &[Plant::Life(|life, size, _, as_of| {
            let Some(start) = life.facts.deployments.first().map(|first| first.finished_at) else { return };
            for (change, at) in shipped(life) {
                let grown = size.powf(at.since(start).days() / as_of.since(start).days());
                let lead = at.since(life.changes[change].authored_at).days() * 24.0 * grown;
                write_at(life, change, at.plus(hours(-lead)));
            }
        })],
    },
    Fault {
        finding: "trends.deployment_frequency",
        what: "factor that the pace falls by in half a year",
        sizes: [1.2, 1.6, 3.0],
        unit: "×",
        ground: "half_year",
        plants: &[Plant::Slots(|slots, day, size, random| {
            let kept = size.powf(-day.number as f64 / day.of as f64);
            slots.retain(|_| random.happens(kept));
        })],
    },
    Fault {
        finding: "undeployed_changes_ignored",
        what: "changes that wait for a hundred that shipped, beside the usual",
        sizes: [5.0, 15.0, 40.0],
        unit: "",
        ground: "middle",
        plants: &[Plant::Life(pile_up)],
    },
    Fault {
        finding: "unlike_teams_compared",
        what: "factor on the pace of the services of one team of two",
        sizes: [5.0, 12.0, 20.0],
        unit: "×",
        ground: "slow",
        plants: &[Plant::Habits(|habits, service, size| {
            habits.deployments_per_working_day *= if service < 6 { size } else { 1.0 };
        })],
    },
    Fault {
        finding: "unreported_failures",
        what: "of the failures are named by an incident",
        sizes: [75.0, 60.0, 30.0],
        unit: "%",
        ground: "middle",
        plants: &[Plant::Habits(|habits, _, size| habits.reported_share = size / 100.0)],
    },
    Fault {
        finding: "window_shopping",
        what: "days after its as-of that the oldest of four snapshots was taken",
        sizes: [5.0, 8.0, 25.0],
        unit: "",
        ground: "slow",
        plants: &[Plant::Past(|look, size| {
            if look.weeks_ago == OLDEST_LOOK_WEEKS {
                look.taken_at = look.as_of.plus(hours(size * 24.0));
            }
        })],
    },
];

/// Some of a list, so many of a hundred.
fn some<T, U>(all: &[T], size: f64, random: &mut Random, of: impl Fn(&T) -> U) -> Vec<U> {
    all.iter().filter(|_| random.happens(size / 100.0)).map(of).collect()
}

fn is_production(deployment: &Deployment) -> bool {
    deployment.environment.as_str() == "production"
}

fn is_check(run: &PipelineRun) -> bool {
    run.workflow == "test"
}

/// Three minutes after some deployments to production, another one that is the same but for what is altered.
fn beside(life: &mut Life, size: f64, random: &mut Random, alter: fn(&mut Deployment)) {
    let production: Vec<&Deployment> = life.facts.deployments.iter().filter(|it| is_production(it)).collect();
    let more = some(&production, size, random, |deployment| {
        let mut more = Deployment {
            id: format!("{}-more", deployment.id),
            started_at: None,
            finished_at: deployment.finished_at.plus(minutes(3.0)),
            ..(**deployment).clone()
        };
        alter(&mut more);
        more
    });
    life.facts.deployments.extend(more);
}

/// Each change that shipped, by its place, with the end of the deployment that shipped it.
fn shipped(life: &Life) -> Vec<(usize, Time)> {
    let place = |commit: Option<CommitId>| life.changes.iter().rposition(|change| Some(change.id) == commit);
    let (mut shipped, mut up_to) = (Vec::new(), 0);
    for deployment in life.facts.deployments.iter().filter(|deployment| is_production(deployment)) {
        let Some(newest) = place(deployment.commit) else { continue };
        shipped.extend((up_to..=newest).map(|change| (change, deployment.finished_at)));
        up_to = up_to.max(newest + 1);
    }
    shipped
}

/// Dates a change otherwise, and what its review knows of it.
fn write_at(life: &mut Life, change: usize, authored_at: Time) {
    let change = &mut life.changes[change];
    change.authored_at = authored_at;
    for review in life.facts.reviews.iter_mut().filter(|review| review.merge_commit == Some(change.id)) {
        review.first_commit_at = Some(authored_at);
        review.opened_at = review.opened_at.max(authored_at);
    }
}

fn squash(life: &mut Life, size: f64, random: &mut Random, _: Time) {
    let squashed = some(&life.changes, size, random, |change| change.id);
    for change in life.changes.iter_mut().filter(|change| squashed.contains(&change.id)) {
        change.authored_at = change.committed_at;
    }
    for review in &mut life.facts.reviews {
        if review.merge_commit.is_some_and(|commit| squashed.contains(&commit)) {
            review.first_commit_at = None;
        }
    }
}

fn close_early(life: &mut Life, size: f64, random: &mut Random, _: Time) {
    let mut again = Vec::new();
    for incident in life.facts.incidents.iter_mut().filter(|_| random.happens(size / 100.0)) {
        let Some(end) = incident.resolved_at else { continue };
        let half = Span::from_millis(end.since(incident.started_at).millis() / 2);
        let closed_at = incident.started_at.plus(half);
        let started_at = closed_at.plus(minutes(30.0));
        again.push(Incident {
            id: format!("{}-again", incident.id),
            started_at,
            detected_at: Some(started_at),
            acknowledged_at: None,
            resolved_at: Some(started_at.plus(half)),
            caused_by: None,
            ..incident.clone()
        });
        incident.resolved_at = Some(closed_at);
        incident.acknowledged_at = incident.acknowledged_at.filter(|at| *at <= closed_at);
        incident.detected_at = incident.detected_at.filter(|at| *at <= closed_at);
    }
    life.facts.incidents.extend(again);
}

fn hurry(life: &mut Life, size: f64, random: &mut Random, _: Time) {
    let all = shipped(life);
    for together in all.chunk_by(|a, b| a.1 == b.1) {
        let lead = |(change, at): &(usize, Time)| at.since(life.changes[*change].authored_at).days() * 24.0;
        let oldest = together.iter().map(lead).fold(0.0, f64::max);
        if !(24.0..28.0).contains(&oldest) || !random.happens(size / 100.0) {
            continue;
        }
        for (change, at) in together {
            let soonest = at.plus(hours(-random.between(20.5, 23.9)));
            write_at(life, *change, life.changes[*change].authored_at.max(soonest));
        }
    }
}

/// Six services leave with a train of their own; those of its deployments that do not follow some hours later.
fn leave_together(slots: &mut Vec<Time>, day: &Day, size: f64, random: &mut Random) {
    if day.service >= 6 || slots.is_empty() && day.number % 7 >= 5 {
        return;
    }
    let mut train = Random::of(day.seed, 4, day.number as u64);
    *slots = (0..train.count(0.8)).map(|_| day.midnight.plus(hours(train.between(9.0, 15.0)))).collect();
    for at in slots.iter_mut() {
        let late = if random.happens(size / 100.0) { random.between(0.0, 4.0) } else { random.between(60.0, 240.0) };
        *at = at.plus(minutes(late));
    }
}

/// What ships within a quarter of an hour of what shipped before is by the same hand.
fn one_hand(life: &mut Life, _: f64, _: &mut Random, _: Time) {
    let all = shipped(life);
    let mut hand = AuthorHash(0);
    for (place, (change, at)) in all.iter().enumerate() {
        let is_soon = place > 0 && at.since(all[place - 1].1) < minutes(15.0);
        hand = if is_soon { hand } else { life.changes[*change].author };
        life.changes[*change].author = hand;
    }
}

fn retry(life: &mut Life, size: f64, random: &mut Random, _: Time) {
    let mut again = Vec::new();
    let green = |run: &&mut PipelineRun| is_check(run) && run.attempt == 1 && run.outcome == RunOutcome::Succeeded;
    for run in life.facts.pipeline_runs.iter_mut().filter(green).filter(|_| random.happens(size / 100.0)) {
        let Some(ended) = run.finished_at else { continue };
        let finished_at = Some(ended.plus(minutes(5.0)));
        again.push(PipelineRun { attempt: 2, started_at: ended, finished_at, ..run.clone() });
        run.outcome = RunOutcome::Failed;
    }
    life.facts.pipeline_runs.extend(again);
}

fn pile_up(life: &mut Life, size: f64, random: &mut Random, as_of: Time) {
    let shipped_in_window = life.truth.shipped as f64;
    for _ in 0..(shipped_in_window * size / 100.0).round() as u32 {
        let Some(parent) = life.changes.last() else { return };
        let committed_at = parent.committed_at.max(as_of.plus(Span::from_millis(-3_600_000)));
        let change = Change::new(CommitId(random.bytes()), vec![parent.id], committed_at);
        life.changes.push(change);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::accuracy::GROUNDS;

    #[test]
    fn faults_are_sorted_and_stand_on_ground_that_is_there() {
        assert!(FAULTS.is_sorted_by(|a, b| a.finding < b.finding));
        for fault in FAULTS {
            assert!(GROUNDS.iter().any(|ground| ground.name == fault.ground), "{}", fault.finding);
            assert!(fault.sizes.is_sorted() || fault.sizes.iter().rev().is_sorted(), "{}", fault.finding);
        }
    }
}
