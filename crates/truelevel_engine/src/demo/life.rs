//! The life of one made-up service: what is written, deployed, breaks and is mended.

use truelevel_assess::Catalog;
use truelevel_model::facts::{DeploymentStrategy, Facts, RunOutcome};
use truelevel_model::{
    AuthorHash, Change, CommitId, Declaration, Deployment, DeploymentOutcome, EnvironmentId, Incident, Initiator,
    PipelineRun, RepositoryId, Review, ServiceId, ServiceRecord, SourceId, Span, Time, Window,
};

use super::faults::{Day, Plant};
use super::plan::{AiEffect, Detail, Habits, Plan};
use super::random::Random;
use super::truth::ServiceTruth;
use super::{SERVICES_PER_TEAM, hours, minutes, practices, service_name, team_name};

/// A service's facts and what is true of them.
pub(crate) struct Life {
    pub(crate) changes: Vec<Change>,
    pub(crate) facts: Facts,
    pub(crate) truth: ServiceTruth,
}

const DAY: Span = Span::from_millis(86_400_000);
// Days of a week that begins on a Monday.
const THURSDAY: i64 = 3;
const SATURDAY: i64 = 5;
const SUNDAY: i64 = 6;
/// Changes enter the default branch at least so long before they are deployed.
const PIPELINE: Span = Span::from_millis(12 * 60_000);

/// Makes up everything about the service of a number.
pub(crate) fn live(plan: &Plan, number: u32, window: Window, catalog: &Catalog) -> Life {
    let team = number / SERVICES_PER_TEAM;
    let habits = plan.habits_of_service(number);
    let service = ServiceId::new(service_name(number));
    let mut teller = Teller {
        random: Random::of(plan.seed, 2, u64::from(number)),
        repository: RepositoryId::new(service.as_str()),
        begins_with_ai: plan.begins_with_ai(number),
        truth: ServiceTruth { service: service.as_str().to_owned(), team: team_name(team), ..ServiceTruth::default() },
        is_full: plan.detail == Detail::Full,
        lead_times: Vec::new(),
        recoveries: Vec::new(),
        changes: Vec::new(),
        facts: Facts::default(),
        shipped_up_to: 0,
        running: None,
        window,
        habits,
        service,
    };
    teller.introduce(plan, catalog);
    // A stream of its own: what is planted changes nothing else.
    let mut planting = Random::of(plan.seed, 3, u64::from(number));
    teller.tell(plan, number, &mut planting);
    let mut life = teller.finish();
    for (plant, size) in plan.effects.plants() {
        if let Plant::Life(alter) = plant {
            alter(&mut life, size, &mut planting, plan.as_of);
        }
    }
    life
}

/// A version that ran.
#[derive(Clone)]
struct Version {
    name: String,
    commit: CommitId,
}

struct Teller {
    random: Random,
    service: ServiceId,
    repository: RepositoryId,
    habits: Habits,
    window: Window,
    is_full: bool,
    changes: Vec<Change>,
    facts: Facts,
    truth: ServiceTruth,
    lead_times: Vec<f64>,
    recoveries: Vec<f64>,
    running: Option<Version>,
    /// So many changes, from the first on, were deployed.
    shipped_up_to: usize,
    /// When it begins with AI, and what happens then.
    begins_with_ai: Option<(Time, AiEffect)>,
}

impl Teller {
    fn introduce(&mut self, plan: &Plan, catalog: &Catalog) {
        self.facts.services.push(ServiceRecord {
            source: SourceId::new("demo:catalog"),
            service: self.service.clone(),
            team: Some(self.truth.team.clone()),
            repository: Some(self.repository.clone()),
            observed_at: self.window.start,
        });
        if !self.is_full {
            return;
        }
        let seen_at = plan.as_of.minus_days(7);
        self.facts.evidence = practices::shown(catalog, &self.service, self.habits.practices_level, seen_at);
        for stage in truelevel_assess::catalog::STAGES {
            self.facts.declarations.push(Declaration {
                service: Some(self.service.clone()),
                stage: stage.to_owned(),
                level: self.habits.declared_level,
                declared_at: plan.as_of.minus_days(30),
                declared_by: self.truth.team.clone(),
                reason: "the team's own estimate".to_owned(),
            });
        }
    }

    fn tell(&mut self, plan: &Plan, service: u32, planting: &mut Random) {
        let start = plan.as_of.minus_days(plan.weeks * 7);
        let (mut free_at, of) = (start, i64::from(plan.weeks) * 7);
        for day in 0..of {
            let midnight = start.plus(Span::from_millis(day * DAY.millis()));
            let mut slots = self.slots(midnight, day);
            for (plant, size) in plan.effects.plants() {
                if let Plant::Slots(alter) = plant {
                    alter(&mut slots, &Day { seed: plan.seed, service, midnight, number: day, of }, size, planting);
                    slots.sort_unstable();
                }
            }
            for at in slots {
                if at > free_at && at < plan.as_of {
                    free_at = self.deploy_and_mend(at, plan.as_of);
                }
            }
            if day % 7 == SUNDAY && midnight.since(free_at) > DAY {
                self.other_incident(midnight, plan.as_of);
            }
        }
        self.leave_waiting(plan.as_of);
    }

    /// When the service is deployed on a day. The days count from the weekday of the start, taken for a Monday.
    fn slots(&mut self, midnight: Time, day: i64) -> Vec<Time> {
        if self.habits.waits_for_meeting {
            let is_meeting = day % 14 == THURSDAY;
            return if is_meeting { vec![midnight.plus(hours(14.0 + self.random.share()))] } else { Vec::new() };
        }
        if day % 7 >= SATURDAY {
            return Vec::new();
        }
        let count = self.random.count(self.habits.deployments_per_working_day);
        let mut slots: Vec<Time> = (0..count).map(|_| midnight.plus(hours(self.random.between(9.0, 17.0)))).collect();
        slots.sort_unstable();
        slots
    }

    /// Deploys what waits; when that fails, mends it. Answers when the service is at rest again.
    fn deploy_and_mend(&mut self, at: Time, as_of: Time) -> Time {
        if let Some((_, effect)) = self.begins_with_ai.take_if(|(begins, _)| *begins <= at) {
            self.habits.ai_share = effect.share;
            self.habits.lead_time_hours *= effect.lead_time;
            self.habits.batch *= effect.batch;
        }
        let before = self.running.clone();
        let count = 1 + self.random.count((self.habits.batch - 1.0).max(0.0));
        self.write_changes(count, at);
        let deployment = self.deploy_newest(at);
        if !self.random.happens(self.habits.fail_share) {
            return at;
        }
        let started_at = at.plus(minutes(self.random.between(1.0, 8.0)));
        let restored_at = started_at.plus(minutes(self.random.around(self.habits.recovery_minutes, 0.6)));
        let is_open = restored_at >= as_of;
        if started_at >= as_of {
            return at;
        }
        let is_reported = self.random.happens(self.habits.reported_share);
        let goes_back = before.is_some() && self.random.happens(self.habits.rollback_share);
        // What nobody reports and nobody undoes leaves no trace, so it would not be a known truth.
        let has_incident = is_reported || !goes_back || is_open;
        if has_incident {
            let cause = is_reported.then(|| deployment.clone());
            self.incident(started_at, (!is_open).then_some(restored_at), cause);
        }
        if self.window.contains(at) {
            self.truth.failures += 1;
            self.truth.reported_failures += u64::from(is_reported && has_incident);
            self.truth.open_failures += u64::from(is_open);
            // What no incident tells of begins with the deployment.
            self.recoveries.push(restored_at.since(if has_incident { started_at } else { at }).seconds());
        }
        if is_open {
            return as_of;
        }
        match before.filter(|_| goes_back) {
            Some(before) => self.go_back(before, restored_at),
            None => self.fix(restored_at, started_at),
        }
        self.truth.rework += u64::from(self.window.contains(restored_at));
        restored_at
    }

    fn write_changes(&mut self, count: u32, deployed_at: Time) {
        let newest = before(deployed_at, PIPELINE);
        let mut authored: Vec<Time> = (0..count)
            .map(|_| {
                let lead = hours(self.random.around(self.habits.lead_time_hours, 0.7));
                before(deployed_at, lead).min(newest)
            })
            .collect();
        authored.sort_unstable();
        for (left, authored_at) in (1..=i64::from(count)).rev().zip(authored) {
            let until_merge = newest.since(authored_at).millis() as f64 * self.habits.before_merge;
            let merged = authored_at.plus(Span::from_millis(until_merge as i64));
            self.commit(authored_at, merged.min(before(newest, Span::from_millis(left))), None);
        }
    }

    fn commit(&mut self, authored_at: Time, merged_at: Time, reverts: Option<CommitId>) {
        let parent = self.changes.last();
        // The branch only grows: what joins it joins after what is there.
        let committed_at = parent.map_or(merged_at, |parent| merged_at.max(parent.committed_at));
        let change = Change {
            authored_at,
            author: AuthorHash(self.random.next() % 12),
            ai_assisted: self.random.happens(self.habits.ai_share),
            is_automation: self.random.happens(0.1),
            reverts,
            ..Change::new(
                CommitId(self.random.bytes()),
                parent.map(|parent| parent.id).into_iter().collect(),
                committed_at,
            )
        };
        if self.is_full {
            self.review(&change);
            self.run_pipeline(&change);
        }
        self.changes.push(change);
    }

    /// Deploys the newest change; answers the deployment's id.
    fn deploy_newest(&mut self, at: Time) -> String {
        let new = &self.changes[self.shipped_up_to..];
        // The first deployment is the baseline: it tells what ran, and what it ships is not measured.
        if self.window.contains(at) && self.running.is_some() {
            self.lead_times.extend(new.iter().map(|change| at.since(change.authored_at).seconds()));
            self.truth.ai_shipped += new.iter().filter(|change| change.ai_assisted).count() as u64;
        }
        self.shipped_up_to = self.changes.len();
        let commit = self.changes.last().map_or(CommitId([0; 20]), |change| change.id);
        self.deployment(Version { name: format!("v{}", self.shipped_up_to), commit }, at)
    }

    fn deployment(&mut self, version: Version, at: Time) -> String {
        let is_automated = self.random.happens(self.habits.automation_share);
        let took = minutes(self.random.around(6.0, 0.4));
        let id = format!("{}-{}", self.service.as_str(), self.facts.deployments.len());
        let deployment = Deployment {
            source: SourceId::new("demo:deployments"),
            id: id.clone(),
            service: self.service.clone(),
            environment: EnvironmentId::new("production"),
            version: version.name.clone(),
            commit: Some(version.commit),
            started_at: Some(before(at, took)),
            finished_at: at,
            sequence: 0,
            outcome: DeploymentOutcome::Succeeded,
            is_initial_state: false,
            is_removal: false,
            initiated_by: Some(if is_automated { Initiator::Automation } else { Initiator::Person }),
            approval_wait: self.habits.waits_for_meeting.then(|| hours(self.random.between(20.0, 90.0))),
            strategy: Some(if self.habits.practices_level >= 4 {
                DeploymentStrategy::Canary
            } else {
                DeploymentStrategy::Rolling
            }),
            aborted_automatically: None,
            observed_at: at,
        };
        if self.is_full {
            self.rehearse(&deployment);
        }
        self.facts.deployments.push(deployment);
        self.truth.deployments += u64::from(self.window.contains(at));
        self.running = Some(version);
        id
    }

    /// The same version before production, and the pipeline that deploys it.
    fn rehearse(&mut self, deployment: &Deployment) {
        let at = before(deployment.finished_at, minutes(11.0));
        self.facts.deployments.push(Deployment {
            id: format!("{}-staging", deployment.id),
            environment: EnvironmentId::new("staging"),
            started_at: Some(before(at, minutes(3.0))),
            finished_at: at,
            approval_wait: None,
            initiated_by: Some(Initiator::Automation),
            observed_at: at,
            ..deployment.clone()
        });
        let Some(commit) = deployment.commit else { return };
        let shared = format!("platform/workflows/deploy.yml@v{}", 1 + u64::from(self.random.happens(0.7)));
        self.facts.pipeline_runs.push(PipelineRun {
            source: SourceId::new("demo:pipelines"),
            id: format!("{}-deploy", deployment.id),
            attempt: 1,
            repository: self.repository.clone(),
            workflow: "deploy".to_owned(),
            commit,
            trigger: "push".to_owned(),
            started_at: at,
            finished_at: Some(deployment.finished_at),
            outcome: RunOutcome::Succeeded,
            shared_workflows: Some(if self.habits.on_golden_path { vec![shared] } else { Vec::new() }),
            branch: Some("main".to_owned()),
            observed_at: deployment.finished_at,
        });
    }

    fn review(&mut self, change: &Change) {
        let (from, merged_at) = (change.authored_at, change.committed_at);
        let part = |share: f64| from.plus(Span::from_millis((merged_at.since(from).millis() as f64 * share) as i64));
        self.facts.reviews.push(Review {
            source: SourceId::new("demo:reviews"),
            repository: self.repository.clone(),
            number: self.changes.len() as u64 + 1,
            opened_at: part(0.4),
            first_commit_at: Some(from),
            first_response_at: Some(part(0.6)),
            approved_at: Some(part(0.9)),
            merged_at: Some(merged_at),
            merge_commit: Some(change.id),
            is_automation: change.is_automation,
            lines_changed: Some(self.random.around(60.0, 1.0) as u64),
            labels: if change.reverts.is_some() { vec!["hotfix".to_owned()] } else { Vec::new() },
            commits: Vec::new(),
            observed_at: merged_at,
        });
    }

    fn run_pipeline(&mut self, change: &Change) {
        let mut started_at = before(change.committed_at, minutes(30.0));
        for attempt in 1..=2 {
            let fails = attempt == 1 && self.random.happens(0.08);
            let finished_at = started_at.plus(minutes(self.random.around(8.0, 0.3)));
            self.facts.pipeline_runs.push(PipelineRun {
                source: SourceId::new("demo:pipelines"),
                id: change.id.short(),
                attempt,
                repository: self.repository.clone(),
                workflow: "test".to_owned(),
                commit: change.id,
                trigger: "pull_request".to_owned(),
                started_at,
                finished_at: Some(finished_at),
                outcome: if fails { RunOutcome::Failed } else { RunOutcome::Succeeded },
                shared_workflows: Some(Vec::new()),
                branch: None,
                observed_at: finished_at,
            });
            if !fails {
                break;
            }
            started_at = finished_at;
        }
    }

    fn incident(&mut self, started_at: Time, resolved_at: Option<Time>, caused_by: Option<String>) {
        let detected_at = started_at.plus(minutes(self.random.between(1.0, 5.0)));
        let acknowledged_at = detected_at.plus(minutes(self.random.between(1.0, 10.0)));
        let known = |at: Time| resolved_at.is_none_or(|end| at <= end).then_some(at);
        self.facts.incidents.push(Incident {
            source: SourceId::new("demo:incidents"),
            id: format!("{}-{}", self.service.as_str(), self.facts.incidents.len()),
            services: vec![self.service.clone()],
            severity: Some("SEV-2".to_owned()),
            started_at,
            detected_at: known(detected_at),
            detected_by_alert: Some(self.random.happens(f64::from(self.habits.practices_level) / 5.0)),
            acknowledged_at: known(acknowledged_at),
            resolved_at,
            caused_by,
            observed_at: resolved_at.unwrap_or(started_at),
        });
    }

    fn go_back(&mut self, version: Version, at: Time) {
        self.deployment(version, at);
        self.truth.rollbacks += u64::from(self.window.contains(at));
    }

    /// Reverts the newest change and deploys that. Nobody mends what is not broken yet.
    fn fix(&mut self, at: Time, broken_at: Time) {
        let reverted = self.changes.last().map(|change| change.id);
        let authored_at = before(at, minutes(6.0)).max(broken_at);
        self.commit(authored_at, before(at, minutes(2.0)).max(authored_at), reverted);
        self.deploy_newest(at);
    }

    /// Now and then something breaks that no deployment caused: on a Sunday, long after the last one.
    fn other_incident(&mut self, sunday: Time, as_of: Time) {
        if !self.random.happens(0.06) {
            return;
        }
        let started_at = sunday.plus(hours(self.random.between(6.0, 12.0)));
        let resolved_at = started_at.plus(minutes(self.random.around(50.0, 0.5)));
        if resolved_at < as_of {
            self.incident(started_at, Some(resolved_at), None);
            self.truth.other_incidents += u64::from(self.window.contains(started_at));
        }
    }

    /// What is written and not deployed when the known past ends.
    fn leave_waiting(&mut self, as_of: Time) {
        let count = self.random.count(self.habits.batch.min(10.0) / 2.0);
        let newest = self.changes.last().map_or(as_of.minus_days(1), |change| change.committed_at);
        for _ in 0..count {
            let room = as_of.since(newest).millis() as f64;
            let at = newest.plus(Span::from_millis((room * self.random.between(0.2, 0.95)) as i64));
            self.commit(at, at, None);
        }
        self.truth.undeployed = if self.running.is_some() { u64::from(count) } else { 0 };
    }

    fn finish(mut self) -> Life {
        self.lead_times.sort_by(f64::total_cmp);
        self.truth.shipped = self.lead_times.len() as u64;
        self.truth.median_lead_time_seconds = truelevel_metrics::statistics::median(&self.lead_times);
        if self.truth.open_failures == 0 {
            self.truth.median_recovery_seconds = truelevel_metrics::statistics::median(&self.recoveries);
        }
        self.truth.is_on_golden_path = self.is_full && self.habits.on_golden_path;
        let ended =
            self.facts.pipeline_runs.iter().filter(|run| run.finished_at.is_some_and(|at| self.window.contains(at)));
        for run in ended {
            self.truth.pipeline_runs += 1;
            self.truth.pipeline_runs_failed += u64::from(run.outcome == RunOutcome::Failed);
        }
        Life { changes: self.changes, facts: self.facts, truth: self.truth }
    }
}

const fn before(at: Time, span: Span) -> Time {
    at.plus(Span::from_millis(-span.millis()))
}
