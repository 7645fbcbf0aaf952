//! Measure and detect: everything known of each service, ready to be judged.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap};

use rayon::prelude::*;
use truelevel_assess::conditions::Before;
use truelevel_metrics::METRICS;
use truelevel_metrics::asking::Asking;
use truelevel_metrics::environments::by_environment;
use truelevel_metrics::incidents::Cause;
use truelevel_metrics::mainline::Mainline;
use truelevel_metrics::platform::paths::GoldenPaths;
use truelevel_metrics::service::{ServiceData, ServiceFacts, ServiceRepository};
use truelevel_metrics::timeline::DeploymentKind;
use truelevel_metrics::versions::VersionResolver;
use truelevel_model::assessment::EnvironmentResult;
use truelevel_model::deployment_data::DeploymentData;
use truelevel_model::facts::DeploymentStrategy;
use truelevel_model::{
    BandRules, Calendar, ChangeIndex, Deployment, DeploymentOutcome, Detection, EnvironmentId, Evidence,
    EvidenceRecord, Exclusions, Initiator, Measurement, Reason, ServiceId, Time, Window,
};
use truelevel_practices::home_made::{HomeMade, home_made};
use truelevel_practices::shared::{SharedUse, shared_uses};
use truelevel_practices::{
    DeliveryFacts, FileEntry, OwnPractice, PRACTICES, Repository, Warning, detect_own, switched_off,
};
use truelevel_sources::release_tags;

use truelevel_sources::git::PathScope;

use crate::Talk;
use crate::activity::ActivityIndex;
use crate::collect::CollectedRepository;
use crate::evidence::with_reports;
use crate::exercised::{PipelineFile, by_deployments, by_incidents, by_pages, by_runs, pages};
use crate::matching::Service;
use crate::neighbours::{AmongNeighbours, Neighbours};
use crate::pitfalls::OwnPipeline;

/// What was found of each practice, by id; those of the workspace's own have names that only it knows.
pub(crate) type Detections = BTreeMap<Cow<'static, str>, Detection>;

/// What the files of a repository say.
pub(crate) struct Detected {
    pub(crate) detections: Detections,
    pub(crate) pipelines: Vec<PipelineFile>,
    /// What the files take from elsewhere; absent where they could not be read.
    pub(crate) shared: Option<Vec<SharedUse>>,
    /// Pipelines that refer to nothing elsewhere.
    pub(crate) own_pipelines: Vec<OwnPipeline>,
    /// What they show to be home-made.
    pub(crate) home_made: Vec<HomeMade>,
    /// Practices that stand in them and are switched off, with their places.
    pub(crate) switched_off: BTreeMap<&'static str, Vec<Evidence>>,
    pub(crate) warnings: Vec<Warning>,
}

/// One service, measured.
pub(crate) struct MeasuredService {
    pub(crate) metrics: BTreeMap<&'static str, Measurement>,
    /// The production environments by themselves, where there are several.
    pub(crate) environments: Vec<EnvironmentResult>,
    pub(crate) detections: Detections,
    pub(crate) exclusions: Exclusions,
    /// Production deployments in the window, of whatever kind but initial states.
    pub(crate) deployments: u64,
    /// Of these, the ones whose version leads to a commit.
    pub(crate) resolved: u64,
    /// The version that runs, when the repository that was given does not hold it.
    pub(crate) unknown_version: Option<String>,
    /// A baseline was declared that leads to no commit.
    pub(crate) is_baseline_unknown: bool,
    /// How many incidents of the window name a cause that is no deployment of the service, and the first such cause.
    pub(crate) causes_elsewhere: Option<(u64, String)>,
    pub(crate) is_active: bool,
}

/// Practices that a deployment repository can show for the services that it deploys.
const SHOWN_BY_DEPLOYMENT_REPOSITORY: [&str; 3] = ["deploy", "observe", "recover"];

const NOTHING_SHOWN: &str = "no fact shows it";

const NO_REPOSITORY: &str = "no repository is matched to the service";

/// Looks at the files of every repository as of a date.
pub(crate) fn detect(
    repositories: &[CollectedRepository],
    own: &[OwnPractice],
    as_of: Time,
    talk: &dyn Talk,
) -> Vec<Detected> {
    let total = repositories.len() as u64;
    let neighbours = Neighbours::new(repositories, as_of);
    repositories
        .par_iter()
        .enumerate()
        .map(|(place, repository)| {
            talk.progress("looking at files", place as u64, Some(total));
            let unknown = |reason: &str| {
                let answer = Detection::Unknown { reason: reason.to_owned() };
                let detections = practice_ids(own).map(|id| (id, answer.clone())).collect();
                let (pipelines, own_pipelines) = (Vec::new(), Vec::new());
                let (home_made, switched_off, warnings) = (Vec::new(), BTreeMap::new(), Vec::new());
                Detected { detections, pipelines, shared: None, own_pipelines, home_made, switched_off, warnings }
            };
            let Some(commit) = repository.head_as_of(as_of) else {
                return unknown("the repository has no commit at the as-of");
            };
            let Some(git) = &repository.git else {
                return unknown("its files are not known: only its changes came into the store");
            };
            let tree = match git.tree(commit) {
                Ok(tree) => tree,
                Err(error) => return unknown(&error.to_string()),
            };
            let whole =
                |message: &String| Warning { path: String::new(), line: 0, column: 0, message: message.clone() };
            let mut warnings: Vec<Warning> = tree.problems.iter().map(whole).collect();
            let has_unread_folders = !tree.problems.is_empty();
            if tree.files().is_empty() {
                warnings.push(whole(&"the tree has no files, so practices cannot be looked for".to_owned()));
            }
            let files = tree.files().iter().map(|file| FileEntry { path: file.path.clone() }).collect();
            let listed = truelevel_practices::Tree {
                id: repository.id.clone(),
                commit,
                observed_at: as_of,
                default_branch: repository.branch.as_ref().map(|branch| branch.name.clone()),
                files,
            };
            let reader = AmongNeighbours { tree, neighbours: &neighbours };
            let found = detect_own(own, &listed, &reader);
            let looked_at = Repository::new(listed, &reader);
            warnings.extend(looked_at.warnings().iter().cloned());
            let shipped = truelevel_practices::detect_all(&looked_at);
            let (pipelines, shared) = (PipelineFile::all(&looked_at), Some(shared_uses(&looked_at)));
            let (own_pipelines, home_made) = (OwnPipeline::all(&looked_at, &reader.tree), home_made(&looked_at));
            // Where a part was not read, nothing is known to be absent.
            let switched_off = if has_unread_folders { BTreeMap::new() } else { switched_off(looked_at, &shipped) };
            let shipped = shipped.into_iter();
            let mut detections: Detections = shipped.map(|(id, detection)| (Cow::Borrowed(id), detection)).collect();
            detections.extend(found.into_iter().map(|(id, detection)| (Cow::Owned(id), detection)));
            if has_unread_folders {
                // What was not found may lie where nobody could look.
                for detection in detections.values_mut().filter(|found| matches!(found, Detection::Absent { .. })) {
                    *detection = Detection::Unknown { reason: "a part of the tree cannot be read".to_owned() };
                }
            }
            Detected { detections, pipelines, shared, own_pipelines, home_made, switched_off, warnings }
        })
        .collect()
}

/// Every practice there is: those that are shipped, and the workspace's own.
fn practice_ids(own: &[OwnPractice]) -> impl Iterator<Item = Cow<'static, str>> {
    let shipped = PRACTICES.iter().map(|practice| Cow::Borrowed(practice.id));
    shipped.chain(own.iter().map(|practice| Cow::Owned(practice.id.clone())))
}

/// The default branch of each repository as of a date.
pub(crate) fn mainlines(repositories: &[CollectedRepository], as_of: Time) -> Vec<Option<Mainline>> {
    repositories
        .par_iter()
        .map(|repository| {
            let tip = repository.history.find(&repository.branch.as_ref()?.tip)?;
            Mainline::new(&repository.history, tip, as_of)
        })
        .collect()
}

/// Facts that speak for services, found by service without looking at the others.
pub(crate) struct ByService<T> {
    facts: Vec<T>,
    places: HashMap<ServiceId, Vec<usize>>,
    for_all: Vec<usize>,
}

impl<T> ByService<T> {
    /// `named` answers the services that a fact speaks for; none means all.
    pub(crate) fn new(facts: Vec<T>, named: impl Fn(&T) -> Option<Vec<ServiceId>>) -> Self {
        let mut by_service = Self { places: HashMap::new(), for_all: Vec::new(), facts };
        for (place, fact) in by_service.facts.iter().enumerate() {
            match named(fact) {
                None => by_service.for_all.push(place),
                Some(services) => {
                    for service in services {
                        by_service.places.entry(service).or_default().push(place);
                    }
                }
            }
        }
        by_service
    }

    /// What speaks for a service, in the facts' order; first what speaks for all.
    pub(crate) fn of(&self, service: &ServiceId) -> impl Iterator<Item = &T> {
        let own = self.places.get(service).map(Vec::as_slice).unwrap_or_default();
        self.for_all.iter().chain(own).map(|place| &self.facts[*place])
    }
}

/// What all services are measured with.
#[derive(Clone, Copy)]
pub(crate) struct Measuring<'a> {
    pub(crate) repositories: &'a [CollectedRepository],
    pub(crate) mainlines: &'a [Option<Mainline>],
    /// What files show, by repository.
    pub(crate) detected: &'a [Detected],
    /// The practices of the workspace's own.
    pub(crate) own_practices: &'a [OwnPractice],
    /// What sources say of practices.
    pub(crate) reported: &'a ByService<EvidenceRecord>,
    /// Reviews, pipeline runs and incidents.
    pub(crate) activity: &'a ActivityIndex<'a>,
    /// The golden paths, where there are any.
    pub(crate) golden_paths: Option<&'a GoldenPaths>,
    pub(crate) window: Window,
    pub(crate) bands: &'a BandRules,
    pub(crate) calendar: &'a Calendar,
}

impl Measuring<'_> {
    /// Measures a service, and hands the prepared data to `look`.
    pub(crate) fn measure<R>(&self, service: &Service, look: impl FnOnce(ServiceData<'_>, MeasuredService) -> R) -> R {
        self.prepare(service, |data| {
            let measured = self.measured(service, &data);
            look(data, measured)
        })
    }

    /// Brings the facts of a service together for measuring.
    pub(crate) fn prepare<R>(&self, service: &Service, look: impl FnOnce(ServiceData<'_>) -> R) -> R {
        self.prepare_asking(service, Asking::default(), look)
    }

    /// The same, with something asked beside the numbers.
    pub(crate) fn prepare_asking<R>(
        &self,
        service: &Service,
        asking: Asking,
        look: impl FnOnce(ServiceData<'_>) -> R,
    ) -> R {
        let repository = service.repository.map(|place| &self.repositories[place]);
        let touches = |change: ChangeIndex| match (repository, &service.scope) {
            (Some(repository), Some(scope)) => {
                repository.git.as_ref().is_none_or(|git| git.touches(repository.history.id(change), scope))
            }
            _ => true,
        };
        let is_released = service.deployment_data == DeploymentData::ReleaseTags;
        let previews = repository.filter(|_| is_released && !asking.leaves_out(Reason::Prerelease)).map(|repository| {
            let (tags, history) = (&repository.tags, &repository.history);
            release_tags::releases_with_previews(&repository.id, &service.id, tags, history)
        });
        let deployments: Vec<&Deployment> = previews.as_ref().unwrap_or(&service.deployments).iter().collect();
        let environments: BTreeSet<&EnvironmentId> = deployments.iter().map(|one| &one.environment).collect();
        let production: BTreeMap<&EnvironmentId, bool> =
            environments.into_iter().map(|id| (id, service.production.is(id.as_str()))).collect();
        let is_production = |environment: &EnvironmentId| production.get(environment).copied().unwrap_or(false);
        let facts = ServiceFacts {
            service: &service.id,
            calendar: self.calendar,
            deployments: &deployments,
            deployment_data: service.deployment_data,
            deployments_known_until: service.deployments_known_until,
            is_production: &is_production,
            baseline: service.baseline.as_deref(),
            incidents: self.activity.incidents(&service.id),
            incident_links: &self.activity.links,
            golden_paths: self.golden_paths,
            reviews: self.activity.reviews_of(service),
            pipelines: self.activity.pipelines_of(service),
            asking,
            repository: service.repository.map(|place| ServiceRepository {
                history: &self.repositories[place].history,
                tags: &self.repositories[place].tags,
                mainline: self.mainlines[place].as_ref(),
                version_patterns: &service.version_patterns,
                touches: service.scope.is_some().then_some(&touches),
                reviews: self.activity.reviews(place),
                pipelines: self.activity.pipelines(place),
            }),
        };
        look(ServiceData::prepare(&facts, self.window, self.bands))
    }

    /// What was left out of measuring a service.
    pub(crate) fn exclusions(service: &Service, data: &ServiceData<'_>) -> Exclusions {
        let mut exclusions = data.exclusions.clone();
        let notes = &service.tag_notes;
        for (reason, tags) in [(Reason::Prerelease, &notes.previews), (Reason::UnsetClock, &notes.untimed)] {
            for tag in tags {
                exclusions.add(reason, || truelevel_model::printable(tag).into_owned());
            }
        }
        exclusions
    }

    fn measured(&self, service: &Service, data: &ServiceData<'_>) -> MeasuredService {
        let repository = data.facts.repository.as_ref();
        let metrics = METRICS.iter().map(|metric| (metric.id, (metric.measure)(data))).collect();
        let environments = by_environment(data).into_iter().map(|keys| EnvironmentResult {
            environment: keys.environment.as_str().to_owned(),
            metrics: keys.metrics.into_iter().map(|(id, measured)| (id.to_owned(), measured)).collect(),
        });
        let environments = environments.collect();
        let events = || data.in_window().filter(|entry| entry.kind != DeploymentKind::InitialState);
        let changes_in_window = match repository {
            // A part of a repository moves only with changes that touch it.
            Some(ServiceRepository { history, touches: Some(touches), .. }) => data
                .changes_in_question()
                .into_iter()
                .any(|change| self.window.contains(history.committed_at(change)) && touches(change)),
            _ => self.changes_in_window(service),
        };
        MeasuredService {
            metrics,
            environments,
            detections: self.detections(service, data),
            exclusions: Self::exclusions(service, data),
            deployments: events().count() as u64,
            resolved: events().filter(|entry| entry.commit.is_some()).count() as u64,
            is_baseline_unknown: service.baseline.as_ref().is_some_and(|baseline| {
                let resolver = repository.map(|repository| {
                    VersionResolver::new(
                        service.id.as_str(),
                        repository.history,
                        repository.tags,
                        repository.version_patterns,
                    )
                });
                resolver.is_none_or(|resolver| resolver.resolve_version(baseline).is_none())
            }),
            causes_elsewhere: causes_elsewhere(data),
            unknown_version: (service.repository.is_some() && data.is_running_version_unknown())
                .then(|| data.timeline.entries.last().map(|entry| entry.deployment.version.clone()))
                .flatten(),
            is_active: events().next().is_some() || (changes_in_window && data.taken_out_at.is_none()),
        }
    }

    /// What a service's facts showed in this window, as the one before the window that is judged. None where its
    /// deployments are not known back to the start: what happened in a part of it would be taken for all of it.
    pub(crate) fn before(&self, service: &Service) -> Option<Before> {
        let is_known_from_start =
            service.deployments.iter().any(|deployment| deployment.finished_at <= self.window.start);
        is_known_from_start.then(|| {
            self.measure(service, |_, measured| {
                let mut detections = measured.detections;
                for detection in detections.values_mut() {
                    if let Detection::Present(evidence) = detection {
                        evidence.retain(|evidence| self.window.contains(evidence.observed_at));
                    }
                    if detection.grade().is_none() {
                        *detection = Detection::Unknown { reason: NOTHING_SHOWN.to_owned() };
                    }
                }
                Before { detections, metrics: measured.metrics }
            })
        })
    }

    /// Whether anything was committed to the service's default branch in the window.
    fn changes_in_window(&self, service: &Service) -> bool {
        let Some(place) = service.repository else { return false };
        let history = &self.repositories[place].history;
        self.mainlines[place].as_ref().is_some_and(|mainline| self.window.contains(history.committed_at(mainline.head)))
    }

    /// What the service's own repository shows, what the repositories that deploy it show of deploying and running,
    /// and what its deployments prove.
    fn detections(&self, service: &Service, data: &ServiceData<'_>) -> Detections {
        let facts = delivery_facts(data);
        let shipped = PRACTICES.iter().map(|practice| {
            let is_shown_elsewhere = SHOWN_BY_DEPLOYMENT_REPOSITORY.contains(&practice.subject);
            let in_facts = practice.in_facts.map(|in_facts| (in_facts.look)(&facts));
            let mut detection = self.detection(service, practice.id, is_shown_elsewhere, in_facts);
            let carried = by_deployments(practice.id, &detection, &facts);
            let noticed = by_incidents(practice.id, &detection, self.activity.incidents(&service.id), self.window);
            let written = self.written_up(service, practice.id, &detection);
            for ran in carried.into_iter().chain(noticed).chain(written) {
                detection = detection.or(Detection::Present(vec![ran]));
            }
            (Cow::Borrowed(practice.id), detection)
        });
        let own = self
            .own_practices
            .iter()
            .map(|practice| (Cow::Owned(practice.id.clone()), self.detection(service, &practice.id, true, None)));
        shipped.chain(own).collect()
    }

    /// What the files of a repository show of a practice, and the runs of its pipelines.
    fn in_files(&self, place: usize, practice: &str) -> Option<Detection> {
        let detected = &self.detected[place];
        let found = detected.detections.get(practice)?.clone();
        let runs = self.activity.workflow_runs(place);
        let ran = runs.map(|runs| by_runs(practice, &found, &detected.pipelines, runs)).unwrap_or_default();
        Some(if ran.is_empty() { found } else { found.or(Detection::Present(ran)) })
    }

    /// That the service's incidents of the window were written up in its repository.
    fn written_up(&self, service: &Service, practice: &str, found: &Detection) -> Option<Evidence> {
        let pages = pages(practice, found);
        let place = service.repository.filter(|_| !pages.is_empty())?;
        let repository = &self.repositories[place];
        let (git, mainline) = (repository.git.as_ref()?, self.mainlines[place].as_ref()?);
        let scope = PathScope::new(&pages.into_iter().map(str::to_owned).collect::<Vec<_>>());
        let history = &repository.history;
        by_pages(self.activity.incidents(&service.id), self.window, |since| {
            let is_after = |at: Time| at >= since && self.window.contains(at);
            let after = history.indices().filter(|change| is_after(history.committed_at(*change)));
            let mut written: Vec<ChangeIndex> = after.filter(|it| mainline.brought_by(*it).is_some()).collect();
            written.sort_by_key(|change| std::cmp::Reverse(history.committed_at(*change)));
            let newest = written.into_iter().find(|change| git.touches(history.id(*change), &scope))?;
            Some(history.committed_at(newest))
        })
    }

    /// What files, facts and sources show of a practice.
    fn detection(
        &self,
        service: &Service,
        practice: &str,
        is_shown_elsewhere: bool,
        in_facts: Option<Detection>,
    ) -> Detection {
        let mut places: BTreeSet<usize> = service.repository.into_iter().collect();
        if is_shown_elsewhere {
            places.extend(&service.deployed_from);
        }
        // Where the service's own files are not known, nothing is known to be absent.
        let own = service.repository.is_none().then(|| Detection::Unknown { reason: NO_REPOSITORY.into() });
        let found = places
            .iter()
            .filter_map(|place| self.in_files(*place, practice))
            .chain(own)
            .chain(in_facts)
            .reduce(Detection::or)
            .unwrap_or_else(|| Detection::Unknown { reason: NO_REPOSITORY.into() });
        with_reports(found, self.reported.of(&service.id).filter(|record| record.practice == practice))
    }
}

fn delivery_facts(data: &ServiceData<'_>) -> DeliveryFacts {
    // Releases are not deployments: they prove nothing of how production is reached.
    let is_proxy = data.is_proxy();
    let events: Vec<_> = data
        .in_window()
        .filter(|entry| !is_proxy && (entry.kind.is_counted() || entry.kind == DeploymentKind::FanOut))
        .collect();
    let started_by = |person: bool| {
        move |entry: &&&truelevel_metrics::timeline::TimelineEntry<'_>| match entry.deployment.initiated_by {
            Some(initiator) => (initiator == Initiator::Person) == person,
            None => false,
        }
    };
    let rollbacks: Vec<_> = events.iter().filter(|entry| entry.kind == DeploymentKind::Rollback).copied().collect();
    // How a deployment was rolled out and judged shows most where it did not take.
    let ended: Vec<&Deployment> = data
        .in_window()
        .filter(|entry| !is_proxy && entry.kind != DeploymentKind::InitialState)
        .map(|entry| entry.deployment)
        .filter(|deployment| deployment.outcome != DeploymentOutcome::InProgress)
        .collect();
    let is_gradual = |deployment: &&&Deployment| {
        matches!(deployment.strategy, Some(DeploymentStrategy::Canary | DeploymentStrategy::BlueGreen))
    };
    let is_aborted = |deployment: &&&Deployment| deployment.aborted_automatically == Some(true);
    let is_judged = |deployment: &&&Deployment| deployment.aborted_automatically.is_some();
    let mut timed: Vec<_> =
        ended.iter().filter_map(|it| Some((&it.environment, it.started_at?, it.finished_at))).collect();
    timed.sort();
    let last = |is_one: &dyn Fn(&&&Deployment) -> bool| ended.iter().filter(is_one).map(|it| it.finished_at).max();
    let is_production = |deployment: &Deployment| (data.facts.is_production)(&deployment.environment);
    let earlier: Vec<&Deployment> = data
        .facts
        .deployments
        .iter()
        .filter(|deployment| {
            !is_proxy
                && !deployment.is_removal
                && !is_production(deployment)
                && deployment.finished_at <= data.window.end
        })
        .copied()
        .collect();
    let environments: BTreeSet<_> = earlier
        .iter()
        .filter(|deployment| data.window.contains(deployment.finished_at))
        .map(|deployment| &deployment.environment)
        .collect();
    let mut first_elsewhere: BTreeMap<&str, Time> = BTreeMap::new();
    for deployment in &earlier {
        let first = first_elsewhere.entry(&deployment.version).or_insert(deployment.finished_at);
        *first = (*first).min(deployment.finished_at);
    }
    let promoted: BTreeSet<&str> = events
        .iter()
        .filter(|entry| {
            let first = first_elsewhere.get(entry.deployment.version.as_str());
            first.is_some_and(|first| *first <= entry.deployment.finished_at)
        })
        .map(|entry| entry.deployment.version.as_str())
        .collect();
    DeliveryFacts {
        production_deployments: events.len() as u64,
        automated_deployments: events.iter().filter(started_by(false)).count() as u64,
        manual_deployments: events.iter().filter(started_by(true)).count() as u64,
        rollbacks: rollbacks.len() as u64,
        automated_rollbacks: rollbacks
            .iter()
            .filter(|entry| entry.deployment.aborted_automatically == Some(true))
            .count() as u64,
        judged_deployments: ended.iter().filter(is_judged).count() as u64,
        automated_aborts: ended.iter().filter(is_aborted).count() as u64,
        deployments_with_strategy: ended.iter().filter(|it| it.strategy.is_some()).count() as u64,
        gradual_deployments: ended.iter().filter(is_gradual).count() as u64,
        judged_gradual_deployments: ended.iter().filter(is_gradual).filter(is_judged).count() as u64,
        gradual_aborts: ended.iter().filter(is_gradual).filter(is_aborted).count() as u64,
        timed_deployments: timed.len() as u64,
        overlapping_deployments: overlapping(&timed),
        declared_deployments: events
            .iter()
            .filter(|entry| {
                data.facts.deployment_data == DeploymentData::DeploymentRepository && !entry.deployment.is_initial_state
            })
            .count() as u64,
        environments_before_production: environments.len() as u64,
        promoted_versions: promoted.len() as u64,
        last_deployment_at: events.last().map(|entry| entry.deployment.finished_at),
        last_rollback_at: rollbacks.last().map(|entry| entry.deployment.finished_at),
        last_abort_at: last(&is_aborted),
        last_gradual_at: last(&is_gradual),
        observed_at: data.window.end,
    }
}

/// How many of these began before an earlier one of the same environment had ended; sorted by environment and start.
fn overlapping(timed: &[(&EnvironmentId, Time, Time)]) -> u64 {
    let mut overlapping = 0;
    let mut running: Option<(&EnvironmentId, Time)> = None;
    for (environment, start, end) in timed {
        let before = running.filter(|(there, _)| there == environment).map(|(_, end)| end);
        overlapping += u64::from(before.is_some_and(|before| *start < before));
        running = Some((environment, before.map_or(*end, |before| before.max(*end))));
    }
    overlapping
}

fn causes_elsewhere(data: &ServiceData<'_>) -> Option<(u64, String)> {
    let mut named = data.incidents_in_window().filter(|found| found.cause == Cause::NamedElsewhere);
    let first = named.next()?.incident.caused_by.clone()?;
    Some((1 + named.count() as u64, first))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_deployment_overlaps_one_of_its_environment_that_still_runs() {
        let (live, test) = (EnvironmentId::new("live"), EnvironmentId::new("test"));
        let check = |timed: &[(&EnvironmentId, i64, i64)], expected: u64| {
            let at = |seconds: &i64| Time::from_seconds(*seconds);
            let timed: Vec<_> = timed.iter().map(|(there, start, end)| (*there, at(start), at(end))).collect();
            assert_eq!(overlapping(&timed), expected, "{timed:?}");
        };
        check(&[(&live, 0, 5), (&live, 5, 9), (&test, 3, 6)], 0);
        check(&[(&live, 0, 9), (&live, 1, 2), (&live, 8, 10), (&live, 10, 11)], 2);
    }
}
