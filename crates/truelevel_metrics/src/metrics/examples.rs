//! Small worlds for the metrics' examples: commits and deployments at hours after the window's start.

use truelevel_model::deployment_data::DeploymentData;
use truelevel_model::facts::RunOutcome;
use truelevel_model::{
    BandEdge, BandRule, BandRules, Calendar, Change, ChangeSize, CommitId, Deployment, DeploymentOutcome,
    EnvironmentId, History, Incident, IncidentLink, Initiator, Measurement, PipelineRun, Reason, RepositoryId, Review,
    ServiceId, SourceId, Tag, Time, Window,
};

use super::Metric;
use crate::asking::Asking;
use crate::incidents::IncidentLinks;
use crate::mainline::Mainline;
use crate::pipelines::{PipelineRepository, Pipelines};
use crate::platform::paths::GoldenPaths;
use crate::reviews::Reviews;
use crate::service::{ServiceData, ServiceFacts, ServiceRepository};

#[derive(Clone)]
pub(crate) struct Example {
    days: u32,
    changes: Vec<(String, Change)>,
    deployments: Vec<Deployment>,
    known_until: Option<Time>,
    baseline: Option<String>,
    incidents: Option<Vec<Incident>>,
    links: Vec<IncidentLink>,
    deployed_elsewhere: Vec<String>,
    reviews: Option<Vec<Review>>,
    runs: Option<Vec<PipelineRun>>,
    golden_path: Option<String>,
    asking: Asking,
}

fn at(hour: i64) -> Time {
    Time::from_seconds(1_699_920_000 + hour * 3600)
}

fn id(name: &str) -> CommitId {
    let mut bytes = [0; 20];
    bytes[..name.len()].copy_from_slice(name.as_bytes());
    CommitId(bytes)
}

pub(crate) fn close(value: Option<f64>, expected: f64) {
    let value = value.unwrap_or(f64::NAN);
    assert!((value - expected).abs() <= 1e-9 * expected.abs().max(1.0), "{value} should be {expected}");
}

impl Example {
    pub(crate) fn days(days: u32) -> Self {
        Self {
            days,
            changes: Vec::new(),
            deployments: Vec::new(),
            known_until: None,
            baseline: None,
            incidents: None,
            links: Vec::new(),
            deployed_elsewhere: Vec::new(),
            reviews: None,
            runs: None,
            golden_path: None,
            asking: Asking::default(),
        }
    }

    /// The sources of deployments told last of something then.
    pub(crate) fn known_until(mut self, hour: i64) -> Self {
        self.known_until = Some(at(hour));
        self
    }

    /// The instant that many hours after the window's start.
    pub(crate) fn at(hour: i64) -> Time {
        at(hour)
    }

    /// The id of the commit of that name.
    pub(crate) fn id(name: &str) -> CommitId {
        id(name)
    }

    /// A commit, tagged with its name; the last one is the branch's tip.
    pub(crate) fn commit(mut self, name: &str, parents: &[&str], hour: i64) -> Self {
        let change = Change::new(id(name), parents.iter().map(|parent| id(parent)).collect(), at(hour));
        self.changes.push((name.to_owned(), change));
        self
    }

    /// How many lines the last commit changes.
    pub(crate) fn of_lines(mut self, lines: u32) -> Self {
        if let Some((_, change)) = self.changes.last_mut() {
            change.size = Some(ChangeSize { files: 1, lines });
        }
        self
    }

    /// Changes the last commit.
    pub(crate) fn change(mut self, change: impl FnOnce(&mut Change)) -> Self {
        if let Some((_, last)) = self.changes.last_mut() {
            change(last);
        }
        self
    }

    pub(crate) fn deploy(self, version: &str, hour: i64) -> Self {
        self.deploy_by(version, hour, None)
    }

    pub(crate) fn deploy_by(mut self, version: &str, hour: i64, initiated_by: Option<Initiator>) -> Self {
        self.deployments.push(Deployment {
            source: SourceId::new("example"),
            id: self.deployments.len().to_string(),
            service: ServiceId::new("web"),
            environment: EnvironmentId::new("production"),
            version: version.to_owned(),
            commit: None,
            started_at: None,
            finished_at: at(hour),
            sequence: 0,
            outcome: DeploymentOutcome::Succeeded,
            is_initial_state: false,
            is_removal: false,
            initiated_by,
            approval_wait: None,
            strategy: None,
            aborted_automatically: None,
            observed_at: at(hour),
        });
        self
    }

    pub(crate) fn deploy_at_hours(self, hours: &[i64]) -> Self {
        hours.iter().enumerate().fold(self, |example, (number, hour)| example.deploy(&format!("v{number}"), *hour))
    }

    pub(crate) fn deploy_every_hours(self, hours: i64, times: i64) -> Self {
        self.deploy_at_hours(&(0..times).map(|number| number * hours + 1).collect::<Vec<_>>())
    }

    pub(crate) fn revert(mut self, name: &str, reverted: &str, parents: &[&str], hour: i64) -> Self {
        self = self.commit(name, parents, hour);
        if let Some((_, change)) = self.changes.last_mut() {
            change.reverts = Some(id(reverted));
        }
        self
    }

    /// An incident source that has nothing to say.
    pub(crate) fn no_incidents(mut self) -> Self {
        self.incidents.get_or_insert_default();
        self
    }

    pub(crate) fn incident(mut self, started: i64, resolved: Option<i64>, caused_by: Option<&str>) -> Self {
        let incidents = self.incidents.get_or_insert_default();
        incidents.push(Incident {
            source: SourceId::new("example"),
            id: incidents.len().to_string(),
            services: vec![ServiceId::new("web")],
            severity: None,
            started_at: at(started),
            detected_at: None,
            detected_by_alert: None,
            acknowledged_at: None,
            resolved_at: resolved.map(at),
            caused_by: caused_by.map(str::to_owned),
            observed_at: at(started),
        });
        self
    }

    /// Changes the incident that was added last.
    pub(crate) fn incident_with(mut self, change: impl FnOnce(&mut Incident)) -> Self {
        self.incidents.iter_mut().flatten().last().map(change);
        self
    }

    /// Somebody decides that an incident, by number, belongs to a deployment, by number, or to none.
    pub(crate) fn decide(mut self, incident: usize, deployment: Option<usize>) -> Self {
        self.links.push(IncidentLink {
            incident_source: SourceId::new("example"),
            incident: incident.to_string(),
            deployment: deployment.map(|number| (SourceId::new("example"), number.to_string())),
            reason: "looked into it".to_owned(),
            observed_at: at(self.links.len() as i64),
        });
        self
    }

    /// Another service has a deployment of that number.
    pub(crate) fn deployed_elsewhere(mut self, number: usize) -> Self {
        self.deployed_elsewhere.push(number.to_string());
        self
    }

    /// Changes the deployment that was added last.
    pub(crate) fn deployment(mut self, change: impl FnOnce(&mut Deployment)) -> Self {
        self.deployments.last_mut().map(change);
        self
    }

    pub(crate) fn review(mut self, opened: i64, merged: Option<i64>, change: impl FnOnce(&mut Review)) -> Self {
        let reviews = self.reviews.get_or_insert_default();
        let mut review = Review {
            source: SourceId::new("example"),
            repository: RepositoryId::new("web"),
            number: reviews.len() as u64 + 1,
            opened_at: at(opened),
            first_commit_at: None,
            first_response_at: None,
            approved_at: None,
            merged_at: merged.map(at),
            merge_commit: None,
            is_automation: false,
            lines_changed: None,
            labels: Vec::new(),
            commits: Vec::new(),
            observed_at: at(0),
        };
        change(&mut review);
        reviews.push(review);
        self
    }

    /// A source of pipeline runs that has nothing to say.
    pub(crate) fn no_runs(mut self) -> Self {
        self.runs.get_or_insert_default();
        self
    }

    pub(crate) fn run(
        mut self,
        workflow: &str,
        commit: &str,
        started: i64,
        finished: Option<i64>,
        outcome: RunOutcome,
    ) -> Self {
        let runs = self.runs.get_or_insert_default();
        runs.push(PipelineRun {
            source: SourceId::new("example"),
            id: runs.len().to_string(),
            attempt: 1,
            repository: RepositoryId::new("web"),
            workflow: workflow.to_owned(),
            commit: id(commit),
            trigger: "push".to_owned(),
            started_at: at(started),
            finished_at: finished.map(at),
            outcome,
            shared_workflows: None,
            branch: None,
            observed_at: at(0),
        });
        self
    }

    /// Changes the pipeline run that was added last.
    pub(crate) fn run_with(mut self, change: impl FnOnce(&mut PipelineRun)) -> Self {
        self.runs.iter_mut().flatten().last().map(change);
        self
    }

    pub(crate) fn golden_path(mut self, what: &str) -> Self {
        self.golden_path = Some(what.to_owned());
        self
    }

    /// The same without one of the reasons to leave something out.
    pub(crate) fn lifted(mut self, reason: Reason) -> Self {
        self.asking.lifted = Some(reason);
        self
    }

    pub(crate) fn baseline(mut self, version: &str) -> Self {
        self.baseline = Some(version.to_owned());
        self
    }

    pub(crate) fn data<R>(&self, look: impl FnOnce(&ServiceData<'_>) -> R) -> R {
        self.owned_data(|data| look(&data))
    }

    pub(crate) fn owned_data<R>(&self, look: impl FnOnce(ServiceData<'_>) -> R) -> R {
        let window = Window::ending(at(i64::from(self.days) * 24), self.days);
        let history = History::from_changes(self.changes.iter().map(|(_, change)| change.clone()));
        let tags: Vec<Tag> = self
            .changes
            .iter()
            .map(|(name, change)| Tag { name: name.clone(), commit: change.id, tagged_at: None })
            .collect();
        let tip = self.changes.last().and_then(|(_, change)| history.find(&change.id));
        let mainline = tip.and_then(|tip| Mainline::new(&history, tip, window.end));
        let service = ServiceId::new("web");
        let deployments: Vec<&Deployment> = self.deployments.iter().collect();
        let incidents: Option<Vec<&Incident>> = self.incidents.as_ref().map(|incidents| incidents.iter().collect());
        let links = IncidentLinks::new(&self.links, |_, id| {
            self.deployments
                .iter()
                .map(|deployment| &deployment.id)
                .chain(&self.deployed_elsewhere)
                .any(|known| known == id)
        });
        let reviews = self.reviews.as_ref().map(|reviews| Reviews::prepare(reviews, window));
        let ran_on =
            PipelineRepository { history: &history, mainline: mainline.as_ref(), default_branch: Some("main") };
        let pipelines = self.runs.as_ref().map(|runs| Pipelines::prepare(runs, ran_on, window));
        let golden_paths = self.golden_path.as_ref().map(|what| GoldenPaths {
            whats: vec![vec![what.clone()]],
            telling: GoldenPaths::telling(self.runs.iter().flatten()),
            is_declared: true,
        });
        let facts = ServiceFacts {
            service: &service,
            golden_paths: golden_paths.as_ref(),
            calendar: &Calendar::default(),
            deployments: &deployments,
            deployments_known_until: self.known_until,
            deployment_data: if deployments.is_empty() { DeploymentData::None } else { DeploymentData::Reported },
            is_production: &|environment| environment.as_str().starts_with("production"),
            baseline: self.baseline.as_deref(),
            incidents: incidents.as_deref(),
            incident_links: &links,
            reviews: reviews.as_ref(),
            pipelines: pipelines.as_ref(),
            asking: self.asking,
            repository: (!history.is_empty()).then(|| ServiceRepository {
                history: &history,
                tags: &tags,
                mainline: mainline.as_ref(),
                version_patterns: &[],
                touches: None,
                reviews: reviews.as_ref(),
                pipelines: pipelines.as_ref(),
            }),
        };
        let bands = bands();
        look(ServiceData::prepare(&facts, window, &bands))
    }

    pub(crate) fn measure(&self, metric: &Metric) -> Measurement {
        self.data(|data| (metric.measure)(data))
    }
}

fn bands() -> BandRules {
    let edge = |value, is_inclusive| BandEdge { value, is_inclusive };
    let frequency = BandRule {
        higher_is_better: true,
        elite: Some(edge(5.0 / 7.0, false)),
        high: edge(1.0 / 7.0, true),
        medium: edge(1.0 / 30.436_875, true),
    };
    let lead_time = BandRule {
        higher_is_better: false,
        elite: Some(edge(86_400.0, false)),
        high: edge(604_800.0, false),
        medium: edge(2_629_746.0, false),
    };
    BandRules {
        edition: "2024".into(),
        rules: [("deployment_frequency".into(), frequency), ("change_lead_time".into(), lead_time)].into(),
        ..BandRules::default()
    }
}
