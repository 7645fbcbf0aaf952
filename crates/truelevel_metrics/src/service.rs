//! Everything measured of one service, prepared once and read by every metric.

use std::cell::OnceCell;
use std::collections::BTreeMap;

use truelevel_model::{
    BandRules, Calendar, ChangeIndex, Deployment, EnvironmentId, Exclusions, History, Incident, Reason, Review,
    ServiceId, Span, Tag, Time, Window,
};

use crate::asking::Asking;
use crate::failures::{Failure, failures};
use crate::fixes::{LabelledFix, Revert, labelled_fixes, reverts};
use crate::incidents::{IncidentLinks, ServiceIncident, incidents};
use crate::mainline::Mainline;
use crate::metrics::deployment_rework_rate::{Rework, rework};
use crate::pipelines::Pipelines;
use crate::platform::paths::GoldenPaths;
use crate::removals::taken_out_at;
use crate::reviews::Reviews;
use crate::timeline::{DeploymentKind, Timeline, TimelineEntry, TimelineInput, describe};
use crate::versions::VersionResolver;

/// A service's repository as measuring needs it.
#[derive(Clone, Copy)]
pub struct ServiceRepository<'a> {
    /// Its changes.
    pub history: &'a History,
    /// Its tags.
    pub tags: &'a [Tag],
    /// Its default branch as of the date asked; absent when it is younger.
    pub mainline: Option<&'a Mainline>,
    /// Patterns that find a tag or commit in a version.
    pub version_patterns: &'a [regex::Regex],
    /// Whether a change touches the service, for a service that is a part of its repository.
    pub touches: Option<&'a (dyn Fn(ChangeIndex) -> bool + Sync)>,
    /// Its reviews; absent when no source reports them, which is not the same as none.
    pub reviews: Option<&'a Reviews<'a>>,
    /// Its pipeline runs; absent when no source reports them, which is not the same as none.
    pub pipelines: Option<&'a Pipelines<'a>>,
}

impl ServiceRepository<'_> {
    /// When a change was first written: its author time, or, for what a review was squashed or rebased into, the time of
    /// the review's first original commit, where that is earlier.
    pub fn written_at(&self, change: ChangeIndex) -> Time {
        let authored_at = self.history.authored_at(change);
        let review = self.reviews.and_then(|reviews| reviews.merged_as(self.history.id(change)));
        let first = review.and_then(|review| review.first_commit_at).filter(|at| !at.is_unset());
        first.filter(|_| !self.history.is_merge(change)).map_or(authored_at, |first| first.min(authored_at))
    }

    /// The review that brought a change to the default branch.
    pub fn review_of(&self, change: ChangeIndex) -> Option<&Review> {
        let brought_by = self.mainline?.brought_by(change)?;
        self.reviews?.merged_as(self.history.id(brought_by))
    }
}

/// What is known of one service.
#[derive(Clone, Copy)]
pub struct ServiceFacts<'a> {
    /// The service.
    pub service: &'a ServiceId,
    /// What its days are counted by.
    pub calendar: &'a Calendar,
    /// Its deployments, in any order.
    pub deployments: &'a [&'a Deployment],
    /// Where they come from.
    pub deployment_data: truelevel_model::deployment_data::DeploymentData,
    /// The newest that their sources told of any service; absent when that is not known.
    pub deployments_known_until: Option<Time>,
    /// The environments that are production.
    pub is_production: &'a (dyn Fn(&EnvironmentId) -> bool + Sync),
    /// A version that is known to have run before the first deployment.
    pub baseline: Option<&'a str>,
    /// Its incidents; absent when no source reports incidents, which is not the same as none.
    pub incidents: Option<&'a [&'a Incident]>,
    /// What people decided about incidents.
    pub incident_links: &'a IncidentLinks<'a>,
    /// The reviews of its repository, also where that itself is not known; absent when no source reports them, which is not
    /// the same as none.
    pub reviews: Option<&'a Reviews<'a>>,
    /// The same of its pipeline runs.
    pub pipelines: Option<&'a Pipelines<'a>>,
    /// Its repository, where it is known.
    pub repository: Option<ServiceRepository<'a>>,
    /// The golden paths that are looked for; absent where there are none.
    pub golden_paths: Option<&'a GoldenPaths>,
    /// What is asked beside the numbers.
    pub asking: Asking,
}

/// A change that a deployment in the window shipped.
#[derive(Clone, Copy, Debug)]
pub struct ShippedChange {
    /// The change.
    pub change: ChangeIndex,
    /// The place of the deployment on the timeline.
    pub deployment: usize,
    /// From being written to the end of the deployment.
    pub lead_time: Span,
    /// From being written to joining the default branch, where both are known and in order.
    pub coding_and_review: Option<Span>,
    /// From joining the default branch to the first environment before production that ran it.
    pub merge_to_preproduction: Option<Span>,
    /// From that environment to production.
    pub preproduction_to_production: Option<Span>,
    /// From joining the default branch to the end of the deployment.
    pub merge_to_deploy: Option<Span>,
}

/// A change on the default branch that no deployment shipped yet.
#[derive(Clone, Copy, Debug)]
pub struct UndeployedChange {
    /// The change.
    pub change: ChangeIndex,
    /// From being written to the as-of.
    pub age: Span,
}

/// One service, prepared for measuring.
pub struct ServiceData<'a> {
    /// The facts it was made from.
    pub facts: &'a ServiceFacts<'a>,
    /// The measured period.
    pub window: Window,
    /// What falls into which band.
    pub bands: &'a BandRules,
    /// All production deployments up to the as-of.
    pub timeline: Timeline<'a>,
    /// The changes that deployments in the window shipped.
    pub shipped: Vec<ShippedChange>,
    /// The changes that wait.
    pub undeployed: Vec<UndeployedChange>,
    /// The incidents up to the as-of, each with the deployment that it belongs to.
    pub incidents: Vec<ServiceIncident<'a>>,
    /// The deployments that needed intervention, whenever they were.
    pub failures: Vec<Failure>,
    /// The reverts that were deployed, each with the deployment of what it reverts.
    pub reverts: Vec<Revert>,
    /// Deployments that shipped reviews which are labelled as repairs.
    pub labelled_fixes: Vec<LabelledFix<'a>>,
    /// When it was taken out of production, where nothing of it runs there any more.
    pub taken_out_at: Option<Time>,
    /// What was left out, in the window.
    pub exclusions: Exclusions,
    /// Whether more than the value and its interval is asked for: further quantiles, bands and details.
    pub needs_details: bool,
    before_production: Option<PreProduction>,
    rework: OnceCell<BTreeMap<usize, Rework>>,
}

impl<'a> ServiceData<'a> {
    /// Orders the deployments, attributes the changes and counts what is left out.
    pub fn prepare(facts: &'a ServiceFacts<'a>, window: Window, bands: &'a BandRules) -> Self {
        let repository = facts.repository.as_ref();
        let resolver = repository.map(|repository| {
            VersionResolver::new(
                facts.service.as_str(),
                repository.history,
                repository.tags,
                repository.version_patterns,
            )
        });
        let timeline = Timeline::build(&TimelineInput {
            deployments: facts.deployments,
            is_production: facts.is_production,
            repository: repository.zip(resolver.as_ref()).map(|(repository, resolver)| (repository.history, resolver)),
            baseline: facts.baseline,
            are_releases: facts.deployment_data.is_proxy(),
            window,
            asking: facts.asking,
        });
        let incidents = incidents(facts, &timeline, window.end);
        let reverts = reverts(facts, &timeline);
        let labelled_fixes = labelled_fixes(facts, &timeline);
        let before_production =
            repository.map(|repository| PreProduction::new(facts, repository, resolver.as_ref(), window));
        let mut data = Self {
            facts,
            window,
            bands,
            exclusions: timeline.exclusions.clone(),
            failures: failures(&timeline, &reverts, &labelled_fixes, &incidents),
            reverts,
            labelled_fixes,
            incidents,
            timeline,
            shipped: Vec::new(),
            undeployed: Vec::new(),
            taken_out_at: taken_out_at(facts.deployments.iter().copied(), facts.is_production, window.end),
            needs_details: true,
            before_production,
            rework: OnceCell::new(),
        };
        data.count_deployments();
        data.count_reviews();
        data.count_backwards();
        if let Some(repository) = repository {
            data.attribute_shipped(repository);
            data.find_undeployed(repository);
        }
        data
    }

    /// The deployments that ended in the window.
    pub fn in_window(&self) -> impl Iterator<Item = &TimelineEntry<'a>> {
        self.timeline.entries.iter().filter(|entry| self.window.contains(entry.deployment.finished_at))
    }

    /// The deployments in the window that count in the frequency.
    pub fn counted(&self) -> impl Iterator<Item = &TimelineEntry<'a>> {
        self.in_window().filter(|entry| entry.kind.is_counted())
    }

    /// The reviews of the service's repository.
    pub fn reviews(&self) -> Option<&'a Reviews<'a>> {
        self.facts.reviews
    }

    /// The pipeline runs of the service's repository.
    pub fn pipelines(&self) -> Option<&'a Pipelines<'a>> {
        self.facts.pipelines
    }

    /// What to say where nothing is known because there is no repository.
    pub fn without_repository(&self) -> Option<&'static str> {
        self.facts.repository.is_none().then_some("no repository is matched to the service")
    }

    /// Whether the deployment at a place on the timeline counts among those attempted. A version that reaches a further
    /// environment, is called off or changes nothing counts only where it is known to have failed.
    pub fn is_attempted(&self, place: usize) -> bool {
        let entry = &self.timeline.entries[place];
        (entry.is_attempt() && entry.kind != DeploymentKind::FanOut)
            || self.failures.binary_search_by_key(&place, |failure| failure.deployment).is_ok()
    }

    /// How many production deployments were attempted in the window.
    pub fn attempts(&self) -> u64 {
        let entries = self.timeline.entries.iter().enumerate();
        let in_window = entries.filter(|(_, entry)| self.window.contains(entry.deployment.finished_at));
        in_window.filter(|(place, _)| self.is_attempted(*place)).count() as u64
    }

    /// The failures of deployments that ended in the window.
    pub fn failed_in_window(&self) -> impl Iterator<Item = &Failure> {
        let ended_at = |failure: &Failure| self.timeline.entries[failure.deployment].deployment.finished_at;
        self.failures.iter().filter(move |failure| self.window.contains(ended_at(failure)))
    }

    /// The incidents that began in the window.
    pub fn incidents_in_window(&self) -> impl Iterator<Item = &ServiceIncident<'a>> {
        self.incidents.iter().filter(|found| self.window.contains(found.incident.started_at))
    }

    /// The days of the window of which deployments are known, at least a week: where the first known deployment, in
    /// whatever environment, lies inside the window, nothing tells what was before it.
    pub fn observed_days(&self) -> u32 {
        let known = self.facts.deployments.iter().map(|deployment| deployment.finished_at);
        let first = known.filter(|at| *at <= self.window.end).min();
        let days = first.map_or(f64::INFINITY, |first| self.window.end.since(first).days().ceil());
        let at_least = SHORTEST_OBSERVED_DAYS.min(self.window.days);
        if days >= f64::from(self.window.days) { self.window.days } else { (days as u32).max(at_least) }
    }

    /// When the sources of deployments fell silent, where that was before the window: nothing deployed and nothing read
    /// look alike then.
    pub fn silent_since(&self) -> Option<Time> {
        self.facts.deployments_known_until.filter(|until| *until <= self.window.start)
    }

    /// Whether nothing tells which commit runs now, and so what waits: the last version that arrived leads to none.
    pub fn is_running_version_unknown(&self) -> bool {
        let arrived = self.timeline.entries.iter().rfind(|entry| entry.kind != DeploymentKind::NotSucceeded);
        arrived.is_none_or(|entry| entry.commit.is_none())
    }

    /// The changes whose details measuring reads: what deployments in the window shipped, and what waits.
    pub fn changes_in_question(&self) -> Vec<ChangeIndex> {
        let mut changes: Vec<ChangeIndex> = self.in_window().flat_map(|entry| entry.ships.iter().copied()).collect();
        let repository = self.facts.repository.as_ref();
        if let (Some(repository), Some(attribution)) = (repository, self.timeline.attribution.as_ref())
            && let Some(mainline) = repository.mainline
        {
            changes.extend(attribution.unreached_from(repository.history, mainline.head));
        }
        changes
    }

    /// Whether the production boundary is a stand-in.
    pub fn is_proxy(&self) -> bool {
        self.facts.deployment_data.is_proxy()
    }

    fn count_deployments(&mut self) {
        let has_repository = self.facts.repository.is_some();
        let mut exclusions = std::mem::take(&mut self.exclusions);
        for entry in self.in_window() {
            let reason = match entry.kind {
                DeploymentKind::NotSucceeded => Some(Reason::DeploymentNotSucceeded),
                DeploymentKind::Redeployment => Some(Reason::Redeployment),
                DeploymentKind::FanOut => Some(Reason::FanOut),
                DeploymentKind::InitialState
                | DeploymentKind::Baseline
                | DeploymentKind::Forward
                | DeploymentKind::Rollback => None,
            };
            if let Some(reason) = reason {
                exclusions.add(reason, || describe(entry.deployment));
            }
            if entry.commit.is_none() && entry.kind.is_counted() {
                exclusions.add(Reason::VersionUnresolved, || {
                    let why = if has_repository { "" } else { " (no repository)" };
                    format!("{}{why}", describe(entry.deployment))
                });
            }
        }
        self.exclusions = exclusions;
    }

    fn count_reviews(&mut self) {
        let opened = self.reviews().map(Reviews::opened).unwrap_or_default();
        for review in opened.iter().filter(|review| review.is_automation) {
            let name = || format!("{} #{}", truelevel_model::printable(review.repository.as_str()), review.number);
            self.facts.asking.count(&mut self.exclusions, Reason::AutomationExcluded, name);
        }
    }

    /// Counts what seems to end before it began; changes are counted where they are attributed.
    fn count_backwards(&mut self) {
        let mut exclusions = std::mem::take(&mut self.exclusions);
        let mut check = |from: Option<Time>, to: Option<Time>, what: &dyn Fn() -> String| {
            if from.zip(to).is_some_and(|(from, to)| to < from) {
                exclusions.add(Reason::NegativeDuration, what);
            }
        };
        for ServiceIncident { incident, .. } in self.incidents_in_window() {
            let told = |what: &str| format!("incident {}: {what}", truelevel_model::printable(&incident.id));
            let (began, noticed) = (Some(incident.started_at), incident.detected_at);
            check(began, noticed, &|| told("noticed before it began"));
            check(noticed.or(began), incident.acknowledged_at, &|| told("taken before it was noticed"));
            check(began, incident.resolved_at, &|| told("over before it began"));
        }
        for review in self.reviews().map(Reviews::opened).unwrap_or_default() {
            let repository = || truelevel_model::printable(review.repository.as_str());
            let told = || format!("{} #{}: answered before it was opened", repository(), review.number);
            check(Some(review.opened_at), review.first_response_at, &told);
        }
        self.exclusions = exclusions;
    }

    /// Whether the reason leaves anything out.
    pub fn leaves_out(&self, reason: Reason) -> bool {
        self.facts.asking.leaves_out(reason)
    }

    /// Whether a duration can be one.
    pub(crate) fn is_usable(&self, span: Span) -> bool {
        !span.is_negative() || !self.leaves_out(Reason::NegativeDuration)
    }

    /// The same service over a window of another length that ends at the same instant. What was left out is not counted
    /// anew.
    pub fn over(mut self, window: Window) -> Self {
        self.window = window;
        self.shipped.clear();
        if let Some(repository) = self.facts.repository.as_ref() {
            self.attribute_shipped(repository);
        }
        self.exclusions = Exclusions::default();
        self
    }

    /// The places on the timeline of the deployments that were not planned, each with its strongest reason.
    pub fn rework(&self) -> &BTreeMap<usize, Rework> {
        self.rework.get_or_init(|| rework(self))
    }

    fn attribute_shipped(&mut self, repository: &ServiceRepository<'_>) {
        let history = repository.history;
        self.shipped.reserve(self.in_window().map(|entry| entry.ships.len()).sum());
        for (place, entry) in self.timeline.entries.iter().enumerate() {
            if !self.window.contains(entry.deployment.finished_at) {
                continue;
            }
            for change in &entry.ships {
                if !is_measured(repository, *change, self.facts.asking, &mut self.exclusions) {
                    continue;
                }
                let (authored_at, finished_at) = (repository.written_at(*change), entry.deployment.finished_at);
                let lead_time = finished_at.since(authored_at);
                if authored_at.is_unset() && self.leaves_out(Reason::UnsetClock) {
                    self.exclusions
                        .add(Reason::UnsetClock, || format!("{}: written {authored_at}", history.id(*change).short()));
                    continue;
                }
                if !self.is_usable(lead_time) {
                    self.exclusions.add(Reason::NegativeDuration, || {
                        format!("{}: written {authored_at}, deployed {finished_at}", history.id(*change).short())
                    });
                    continue;
                }
                let merged_at = repository.mainline.and_then(|mainline| mainline.merged_at(history, *change));
                if merged_at.is_some_and(|merged_at| merged_at > finished_at) {
                    self.exclusions.add(Reason::NegativeDuration, || {
                        format!(
                            "{}: on the default branch only after {finished_at}, when it was deployed",
                            history.id(*change).short()
                        )
                    });
                }
                let between = |from: Option<Time>, to: Option<Time>| {
                    from.zip(to).map(|(from, to)| to.since(from)).filter(|span| !span.is_negative())
                };
                let before_production = self.before_production.as_ref();
                let before =
                    before_production.and_then(|before| before.reached_at(*change)).filter(|at| *at <= finished_at);
                self.shipped.push(ShippedChange {
                    change: *change,
                    deployment: place,
                    lead_time,
                    coding_and_review: between(Some(authored_at), merged_at),
                    merge_to_preproduction: between(merged_at, before),
                    preproduction_to_production: between(before, Some(finished_at)),
                    merge_to_deploy: between(merged_at, Some(finished_at)),
                });
            }
        }
    }

    fn find_undeployed(&mut self, repository: &ServiceRepository<'_>) {
        let (Some(mainline), Some(attribution)) = (repository.mainline, self.timeline.attribution.as_ref()) else {
            return;
        };
        // What nobody runs any more waits for nothing: it waited until it was taken out.
        let waited_until = self.taken_out_at.unwrap_or(self.window.end);
        if self.is_running_version_unknown() || waited_until <= self.window.start {
            return;
        }
        for change in attribution.unreached_from(repository.history, mainline.head) {
            if !is_measured(repository, change, self.facts.asking, &mut self.exclusions) {
                continue;
            }
            let authored_at = repository.written_at(change);
            let age = waited_until.since(authored_at);
            if authored_at.is_unset() && self.leaves_out(Reason::UnsetClock) {
                self.exclusions.add(Reason::UnsetClock, || {
                    format!("{}: written {authored_at}", repository.history.id(change).short())
                });
            } else if age.is_negative() && self.taken_out_at.is_some() {
                // Written for what did not run any more.
            } else if !self.is_usable(age) {
                self.exclusions.add(Reason::NegativeDuration, || {
                    format!("{}: written after the as-of", repository.history.id(change).short())
                });
            } else {
                self.undeployed.push(UndeployedChange { change, age });
            }
        }
    }
}

/// What is known of fewer days than this is taken for so many: a first day times thirty says nothing of a month.
const SHORTEST_OBSERVED_DAYS: u32 = 7;

fn is_measured(
    repository: &ServiceRepository<'_>,
    change: ChangeIndex,
    asking: Asking,
    exclusions: &mut Exclusions,
) -> bool {
    let name = || repository.history.id(change).short();
    if repository.history.is_merge(change) && asking.leaves_out(Reason::MergeCommit) {
        asking.count(exclusions, Reason::MergeCommit, name);
        return false;
    }
    if asking.leaves_out(Reason::OutsidePaths) && repository.touches.is_some_and(|touches| !touches(change)) {
        asking.count(exclusions, Reason::OutsidePaths, name);
        return false;
    }
    true
}

/// When the environments before production first ran each change.
struct PreProduction {
    reached: Option<(crate::attribution::Attribution, Vec<Time>)>,
}

impl PreProduction {
    fn new(
        facts: &ServiceFacts<'_>,
        repository: &ServiceRepository<'_>,
        resolver: Option<&VersionResolver<'_>>,
        window: Window,
    ) -> Self {
        let mut earlier: Vec<&Deployment> = facts
            .deployments
            .iter()
            .filter(|deployment| {
                !deployment.is_removal
                    && !(facts.is_production)(&deployment.environment)
                    && deployment.finished_at <= window.end
            })
            .copied()
            .collect();
        earlier.sort_by_key(|deployment| (deployment.finished_at, deployment.sequence));
        let resolved = earlier.iter().filter_map(|deployment| {
            Some((resolver?.resolve(deployment)?, deployment.finished_at, deployment.is_initial_state))
        });
        let (mut commits, mut times) = (Vec::new(), Vec::new());
        for (commit, finished_at, is_initial_state) in resolved {
            commits.push(commit);
            // When the initial state began to run is not known.
            times.push(if is_initial_state || times.is_empty() { Time::MIN } else { finished_at });
        }
        let reached =
            (!commits.is_empty()).then(|| (crate::attribution::Attribution::of(repository.history, commits), times));
        Self { reached }
    }

    fn reached_at(&self, change: ChangeIndex) -> Option<Time> {
        let (attribution, times) = self.reached.as_ref()?;
        let at = times[attribution.first_deployment(change)? as usize];
        (at != Time::MIN).then_some(at)
    }
}
