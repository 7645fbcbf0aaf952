//! What happened around deployments: reviews, pipeline runs and incidents, as stored and as measuring needs them.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::hash::Hash;
use std::sync::OnceLock;

use truelevel_metrics::incidents::IncidentLinks;
use truelevel_metrics::mainline::Mainline;
use truelevel_metrics::pipelines::{PipelineRepository, Pipelines};
use truelevel_metrics::reviews::Reviews;
use truelevel_model::{
    History, Incident, IncidentLink, PipelineRun, RepositoryId, Review, ServiceId, SourceId, Time, Window, printable,
};
use truelevel_report::numbers;
use truelevel_store::{Store, StoreError};

use crate::Workspace;
use crate::collect::CollectedRepository;
use crate::exercised::WorkflowRuns;
use crate::matching::{Service, plain_name};
use crate::near_names::near_names;
use crate::own_rules::OwnRules;
use crate::platform::PlatformFacts;
use crate::reading::both;

/// The facts as stored.
pub(crate) struct Activity {
    incidents: Vec<Incident>,
    links: Vec<IncidentLink>,
    /// Deployments that decisions about incidents name and that nobody knows, as source and id.
    lost: BTreeSet<(SourceId, String)>,
    reviews: Vec<Review>,
    runs: Vec<PipelineRun>,
    /// Events that were not understood, by sender.
    quarantined: Vec<(String, u64)>,
}

/// The facts by service and repository. What no source reports is absent: nobody looked.
pub(crate) struct ActivityIndex<'a> {
    incidents: Option<HashMap<&'a ServiceId, Vec<&'a Incident>>>,
    /// What people decided about incidents.
    pub(crate) links: IncidentLinks<'a>,
    reviews: BTreeMap<usize, Reviews<'a>>,
    pipelines: BTreeMap<usize, Pipelines<'a>>,
    workflow_runs: BTreeMap<usize, WorkflowRuns<'a>>,
    /// The reviews and runs of repositories that are not given, by what services call these.
    reviews_elsewhere: BTreeMap<&'a str, Reviews<'a>>,
    pipelines_elsewhere: BTreeMap<&'a str, Pipelines<'a>>,
}

/// The facts of the window that is judged, and of the one before it once they are asked for.
pub(crate) struct Windows<'a> {
    pub(crate) now: ActivityIndex<'a>,
    pub(crate) before: OnceLock<ActivityIndex<'a>>,
    /// The services that are measured.
    pub(crate) services: Vec<&'a Service>,
}

/// What is said of services, deployments and incidents that a workspace does not have: incidents, decisions about them,
/// exemptions and exceptions from golden paths.
pub(crate) fn unplaced(
    activity: &Activity,
    own: &OwnRules,
    platform: &PlatformFacts,
    (services, repositories): (&[Service], &[CollectedRepository]),
) -> Vec<String> {
    let names: BTreeSet<&str> = services.iter().map(|service| service.id.as_str()).collect();
    let incidents = activity.unplaced(services).into_iter();
    let work = activity.unplaced_work(services, repositories);
    activity
        .waiting()
        .into_iter()
        .chain(incidents)
        .chain(activity.idle_links())
        .chain(work)
        .chain(own.unplaced(&names))
        .chain(platform.unplaced(&names))
        .collect()
}

impl Activity {
    pub(crate) fn read(workspace: &Workspace, services: &[Service]) -> Result<Self, StoreError> {
        let store = workspace.store.as_ref();
        let (runs, reviews) = both(workspace, |store| store.pipeline_runs(), |store| store.reviews())?;
        let mut activity = Self {
            incidents: store.incidents()?,
            links: store.incident_links()?,
            lost: BTreeSet::new(),
            reviews,
            runs,
            quarantined: store.quarantined()?,
        };
        activity.find_lost(services);
        Ok(activity)
    }

    /// Finds out which of the deployments that decisions about incidents name are of none of all services. Answers
    /// whether they are others than before: then every service may be concerned.
    pub(crate) fn find_lost(&mut self, services: &[Service]) -> bool {
        let named = self.links.iter().filter_map(|link| link.deployment.clone());
        let mut lost: BTreeSet<(SourceId, String)> = named.collect();
        if !lost.is_empty() {
            for deployment in services.iter().flat_map(|service| &service.deployments) {
                lost.remove(&(deployment.source.clone(), deployment.id.clone()));
            }
        }
        let is_other = lost != self.lost;
        self.lost = lost;
        is_other
    }

    /// Whether no source reports reviews.
    pub(crate) fn has_no_reviews(&self) -> bool {
        self.reviews.is_empty()
    }

    /// Everything that is stored of a source, with its kind and when it happened last.
    pub(crate) fn happened<'a>(&'a self, mut tell: impl FnMut(&'a SourceId, &'static str, Time)) {
        for incident in &self.incidents {
            tell(&incident.source, "incidents", incident.resolved_at.unwrap_or(incident.started_at));
        }
        for run in &self.runs {
            tell(&run.source, "pipeline_runs", run.finished_at.unwrap_or(run.started_at));
        }
        for review in &self.reviews {
            tell(&review.source, "reviews", review.merged_at.unwrap_or(review.opened_at));
        }
    }

    /// All pipeline runs.
    pub(crate) fn runs(&self) -> &[PipelineRun] {
        &self.runs
    }

    /// What of events was not understood, and so counts nowhere.
    fn waiting(&self) -> Option<String> {
        let senders: Vec<&str> = self.quarantined.iter().map(|(sender, _)| sender.as_str()).collect();
        let events = self.quarantined.iter().map(|(_, events)| events).sum();
        (events > 0).then(|| {
            format!(
                "{} of {} not understood: counted nowhere; `truelevel events` lists them with reasons",
                numbers::count(events, "event"),
                printable(&senders.join(", "))
            )
        })
    }

    /// Looks again for events that were not understood.
    pub(crate) fn count_quarantined(&mut self, store: &dyn Store) -> Result<(), StoreError> {
        self.quarantined = store.quarantined()?;
        Ok(())
    }

    /// What is said of no service that there is, and so counts nowhere.
    fn unplaced(&self, services: &[Service]) -> Option<String> {
        let known: HashSet<&ServiceId> = services.iter().map(|service| &service.id).collect();
        let links = self.links.iter().filter(|link| link.deployment.is_some() && !self.is_lost(link));
        let linked: HashSet<(&SourceId, &str)> =
            links.map(|link| (&link.incident_source, link.incident.as_str())).collect();
        let is_nowhere = |incident: &&Incident| {
            !incident.services.iter().any(|service| known.contains(service))
                && !linked.contains(&(&incident.source, incident.id.as_str()))
        };
        let nowhere: Vec<&Incident> = self.incidents.iter().filter(is_nowhere).collect();
        let named = nowhere.iter().find_map(|incident| Some((incident.services.first()?, &incident.id)));
        let (example, advice) = match named {
            Some((service, id)) => (
                format!("{} of {}{}", printable(id), printable(service.as_str()), spelled_like(service, &known)),
                "say under `known_as` what the services are called, or give their deployments",
            ),
            None => (
                format!("{}, which names none", printable(&nowhere.first()?.id)),
                "let the sender name the service, or import `incident_links`",
            ),
        };
        let count = numbers::count(nowhere.len() as u64, "incident");
        Some(format!("{count} of no service that is known, for example {example}: counted nowhere; {advice}"))
    }

    fn is_lost(&self, link: &IncidentLink) -> bool {
        link.deployment.as_ref().is_some_and(|deployment| self.lost.contains(deployment))
    }

    /// Reviews and runs of repositories that are neither given nor any service's.
    fn unplaced_work(&self, services: &[Service], repositories: &[CollectedRepository]) -> Option<String> {
        let (given, wanted) = (ReportedNames::new(repositories), WantedNames::new(services));
        let mut known: HashMap<String, bool> = HashMap::new();
        // Facts of one repository mostly stand together.
        let mut last = (String::new(), false);
        let mut is_nowhere = |repository: &RepositoryId| {
            let name = repository.as_str();
            if last.0 != name {
                let look = || given.find(name).is_none() && wanted.find(name).next().is_none();
                let is_nowhere = *known.entry(name.to_owned()).or_insert_with(look);
                last = (name.to_owned(), is_nowhere);
            }
            last.1
        };
        let mut names: BTreeSet<&RepositoryId> = BTreeSet::new();
        let (mut reviews, mut runs) = (0, 0);
        for review in self.reviews.iter().filter(|review| is_nowhere(&review.repository)) {
            names.insert(&review.repository);
            reviews += 1;
        }
        for run in self.runs.iter().filter(|run| is_nowhere(&run.repository)) {
            names.insert(&run.repository);
            runs += 1;
        }
        let first = names.first()?;
        Some(format!(
            "{} and {} of {} that no service has, for example {}: counted nowhere; say in `repository` of a [[service]] table \
             or of services.csv whose it is, or give it in a [[repository]] table",
            numbers::count(reviews, "review"),
            numbers::count(runs, "pipeline run"),
            numbers::count(names.len() as u64, "repository"),
            printable(first.as_str())
        ))
    }

    /// When things happened.
    pub(crate) fn times(&self) -> impl Iterator<Item = Time> {
        let incidents = self.incidents.iter().flat_map(|incident| {
            [Some(incident.started_at), incident.detected_at, incident.acknowledged_at, incident.resolved_at]
        });
        let reviews = self.reviews.iter().flat_map(|review| {
            [Some(review.opened_at), review.first_response_at, review.approved_at, review.merged_at]
        });
        let runs = self.runs.iter().flat_map(|run| [Some(run.started_at), run.finished_at]);
        incidents.chain(reviews).chain(runs).flatten()
    }

    /// Decisions about incidents that decide nothing.
    fn idle_links(&self) -> impl Iterator<Item = String> {
        let known: HashSet<(&SourceId, &str)> =
            self.incidents.iter().map(|incident| (&incident.source, incident.id.as_str())).collect();
        let is_of_none = |link: &&IncidentLink| !known.contains(&(&link.incident_source, link.incident.as_str()));
        let (of_none, of_known): (Vec<_>, Vec<_>) = self.links.iter().partition(is_of_none);
        let lost: Vec<_> = of_known.into_iter().filter(|link| self.is_lost(link)).collect();
        let first_of_none = of_none.first().map(|link| {
            format!(
                "{} about an incident that nobody knows, for example {} from {}: without effect; look at `incident` and \
                 `incident_source`",
                numbers::count(of_none.len() as u64, "incident link"),
                printable(&link.incident),
                printable(link.incident_source.as_str())
            )
        });
        let first_lost = lost.first().and_then(|link| {
            let (source, id) = link.deployment.as_ref()?;
            Some(format!(
                "{} to a deployment that nobody knows, for example {} from {} for incident {}: without effect, the cause \
                 is inferred; look at `deployment` and `deployment_source`",
                numbers::count(lost.len() as u64, "incident link"),
                printable(id),
                printable(source.as_str()),
                printable(&link.incident)
            ))
        });
        first_of_none.into_iter().chain(first_lost)
    }

    /// Takes in the incidents of now. Answers the services that those speak for which are others than before; none where
    /// every service may be concerned.
    pub(crate) fn take_incidents(&mut self, now: Vec<Incident>) -> Option<BTreeSet<ServiceId>> {
        let is_known = self.incidents.is_empty() == now.is_empty();
        let others = differing(&self.incidents, &now, |incident| (&incident.source, &incident.id));
        let is_linked = |incident: &&&Incident| {
            let is_of = |link: &IncidentLink| link.incident_source == incident.source && link.incident == incident.id;
            self.links.iter().any(is_of)
        };
        let concerned = (is_known && !others.iter().any(|incident| is_linked(&incident)))
            .then(|| others.iter().flat_map(|incident| incident.services.iter().cloned()).collect());
        self.incidents = now;
        concerned
    }

    /// Takes in the reviews and pipeline runs of now. Answers the places of the repositories whose are others than before,
    /// and the names of those that are not given.
    pub(crate) fn take_work(
        &mut self,
        (reviews, runs): (Vec<Review>, Vec<PipelineRun>),
        repositories: &[CollectedRepository],
    ) -> (BTreeSet<usize>, BTreeSet<String>) {
        let of_reviews = differing(&self.reviews, &reviews, |it| (&it.source, &it.repository, it.number));
        let of_runs = differing(&self.runs, &runs, |it| (&it.source, &it.id, it.attempt));
        let names: BTreeSet<&RepositoryId> = of_reviews
            .iter()
            .map(|review| &review.repository)
            .chain(of_runs.iter().map(|run| &run.repository))
            .collect();
        let reported = ReportedNames::new(repositories);
        let (mut places, mut elsewhere) = (BTreeSet::new(), BTreeSet::new());
        for name in names {
            match reported.find(name.as_str()) {
                Some(place) => places.insert(place),
                None => elsewhere.insert(name.as_str().to_owned()),
            };
        }
        (self.reviews, self.runs) = (reviews, runs);
        (places, elsewhere)
    }

    /// Reviews and runs are prepared once for a repository, however many services it holds; they and incidents only for the
    /// services that are asked about.
    pub(crate) fn index<'a>(
        &'a self,
        repositories: &[CollectedRepository],
        mainlines: &[Option<Mainline>],
        services: &[&'a Service],
        window: Window,
    ) -> ActivityIndex<'a> {
        let asked: BTreeSet<usize> = services.iter().flat_map(|service| service.places()).collect();
        let asked_about: HashSet<&ServiceId> = services.iter().map(|service| &service.id).collect();
        let mut incidents: HashMap<&ServiceId, Vec<&Incident>> = HashMap::new();
        for incident in &self.incidents {
            for service in incident.services.iter().filter(|service| asked_about.contains(service)) {
                incidents.entry(service).or_default().push(incident);
            }
        }
        self.add_linked(services, &mut incidents);
        let reviews = by_repository(&self.reviews, |review| &review.repository, repositories, &asked);
        let runs = by_repository(&self.runs, |run| &run.repository, repositories, &asked);
        let workflow_runs = runs.iter().map(|(place, runs)| (*place, WorkflowRuns::new(runs, window))).collect();
        let pipelines = runs.into_iter().map(|(place, runs)| {
            let repository = PipelineRepository {
                history: &repositories[place].history,
                mainline: mainlines[place].as_ref(),
                // Without git nothing says what the branch is called.
                default_branch: repositories[place]
                    .branch
                    .as_ref()
                    .filter(|_| repositories[place].git.is_some())
                    .map(|branch| branch.name.as_str()),
            };
            (place, Pipelines::prepare(runs, repository, window))
        });
        let is_nothing_reported = self.reviews.is_empty() && self.runs.is_empty();
        let reported = ReportedNames::new(if is_nothing_reported { &[] } else { repositories });
        let wanted = WantedNames::new(services.iter().copied());
        let reviews_elsewhere = wanted.group(&self.reviews, |review| &review.repository, &reported);
        let runs_elsewhere = wanted.group(&self.runs, |run| &run.repository, &reported);
        let no_history = History::default();
        let nothing_known = PipelineRepository { history: &no_history, mainline: None, default_branch: None };
        ActivityIndex {
            reviews_elsewhere: reviews_elsewhere
                .into_iter()
                .map(|(name, reviews)| (name, Reviews::prepare(reviews, window)))
                .collect(),
            pipelines_elsewhere: runs_elsewhere
                .into_iter()
                .map(|(name, runs)| (name, Pipelines::prepare(runs, nothing_known, window)))
                .collect(),
            incidents: (!self.incidents.is_empty()).then_some(incidents),
            links: IncidentLinks::new(&self.links, |source, id| {
                self.lost.is_empty() || !self.lost.contains(&(source.clone(), id.to_owned()))
            }),
            reviews: reviews.into_iter().map(|(place, reviews)| (place, Reviews::prepare(reviews, window))).collect(),
            pipelines: pipelines.collect(),
            workflow_runs,
        }
    }
}

impl Activity {
    /// An incident is also one of the service whose deployment somebody linked it to, whatever its source says.
    fn add_linked<'a>(&'a self, services: &[&'a Service], incidents: &mut HashMap<&'a ServiceId, Vec<&'a Incident>>) {
        let decided = self.links.iter().filter_map(|link| {
            let (source, id) = link.deployment.as_ref()?;
            Some(((source, id.as_str()), (&link.incident_source, link.incident.as_str())))
        });
        let mut by_deployment: HashMap<(&SourceId, &str), Vec<(&SourceId, &str)>> = HashMap::new();
        for (deployment, incident) in decided {
            by_deployment.entry(deployment).or_default().push(incident);
        }
        if by_deployment.is_empty() {
            return;
        }
        let by_id: HashMap<(&SourceId, &str), &Incident> =
            self.incidents.iter().map(|incident| ((&incident.source, incident.id.as_str()), incident)).collect();
        for deployment in services.iter().flat_map(|service| &service.deployments) {
            let linked = by_deployment.get(&(&deployment.source, deployment.id.as_str()));
            for incident in linked.into_iter().flatten().filter_map(|key| by_id.get(key)) {
                if !incident.services.contains(&deployment.service) {
                    incidents.entry(&deployment.service).or_default().push(incident);
                }
            }
        }
    }
}

impl ActivityIndex<'_> {
    /// The incidents of a service; absent when no source reports any.
    pub(crate) fn incidents(&self, service: &ServiceId) -> Option<&[&Incident]> {
        self.incidents.as_ref().map(|incidents| incidents.get(service).map(Vec::as_slice).unwrap_or_default())
    }
}

impl<'a> ActivityIndex<'a> {
    /// The reviews of a repository; absent when none was ever reported.
    pub(crate) fn reviews(&self, repository: usize) -> Option<&Reviews<'a>> {
        self.reviews.get(&repository)
    }

    /// The reviews of a service's repository, whether that is given or not; absent when none was ever reported.
    pub(crate) fn reviews_of(&self, service: &Service) -> Option<&Reviews<'a>> {
        match service.repository {
            Some(place) => self.reviews.get(&place),
            None => self.reviews_elsewhere.get(service.wanted_repository.as_str()),
        }
    }

    /// The same of its pipeline runs.
    pub(crate) fn pipelines_of(&self, service: &Service) -> Option<&Pipelines<'a>> {
        match service.repository {
            Some(place) => self.pipelines.get(&place),
            None => self.pipelines_elsewhere.get(service.wanted_repository.as_str()),
        }
    }

    /// How often each workflow of a repository ran; absent when no run was ever reported.
    pub(crate) fn workflow_runs(&self, repository: usize) -> Option<&WorkflowRuns<'a>> {
        self.workflow_runs.get(&repository)
    }

    /// The pipeline runs of a repository; absent when none was ever reported.
    pub(crate) fn pipelines(&self, repository: usize) -> Option<&Pipelines<'a>> {
        self.pipelines.get(&repository)
    }
}

/// The facts that are in only one of two lists, or not the same in both; a fact is found again by its key.
fn differing<'a, Fact: PartialEq, Key: Eq + Hash>(
    before: &'a [Fact],
    now: &'a [Fact],
    key: impl Fn(&'a Fact) -> Key,
) -> Vec<&'a Fact> {
    let mut known: HashMap<Key, &Fact> = before.iter().map(|fact| (key(fact), fact)).collect();
    let mut others = Vec::new();
    for fact in now {
        match known.remove(&key(fact)) {
            Some(same) if same == fact => {}
            other => others.extend(other.into_iter().chain([fact])),
        }
    }
    others.extend(known.into_values());
    others
}

/// The facts of each repository that is asked about, by its place.
fn by_repository<'a, Fact>(
    facts: &'a [Fact],
    repository_of: impl Fn(&Fact) -> &RepositoryId,
    repositories: &[CollectedRepository],
    asked: &BTreeSet<usize>,
) -> BTreeMap<usize, Vec<&'a Fact>> {
    let reported = ReportedNames::new(repositories);
    let mut places: HashMap<&str, Option<usize>> = HashMap::new();
    let mut found: BTreeMap<usize, Vec<&Fact>> = BTreeMap::new();
    for fact in facts {
        let name = repository_of(fact).as_str();
        let place = *places.entry(name).or_insert_with(|| reported.find(name).filter(|place| asked.contains(place)));
        if let Some(place) = place {
            found.entry(place).or_default().push(fact);
        }
    }
    found
}

/// What services call repositories that are not given.
struct WantedNames<'a>(HashMap<String, BTreeSet<&'a str>>);

impl<'a> WantedNames<'a> {
    fn new(services: impl IntoIterator<Item = &'a Service>) -> Self {
        let mut names: HashMap<String, BTreeSet<&str>> = HashMap::new();
        for service in services.into_iter().filter(|service| service.repository.is_none()) {
            let wanted = service.wanted_repository.as_str();
            names.entry(last_part(wanted)).or_default().insert(wanted);
        }
        Self(names)
    }

    /// The names that what a source reports may stand for.
    fn find(&self, reported: &str) -> impl Iterator<Item = &'a str> {
        let alike = if self.0.is_empty() { None } else { self.0.get(&last_part(reported)) };
        alike.into_iter().flatten().copied().filter(move |wanted| stands_for(reported, wanted))
    }

    /// The facts of repositories that are not given, by what services call these.
    fn group<'f, Fact>(
        &self,
        facts: &'f [Fact],
        repository_of: impl Fn(&Fact) -> &RepositoryId,
        given: &ReportedNames,
    ) -> BTreeMap<&'a str, Vec<&'f Fact>> {
        let mut found: BTreeMap<&str, Vec<&Fact>> = BTreeMap::new();
        if self.0.is_empty() {
            return found;
        }
        let mut known: HashMap<&str, Vec<&str>> = HashMap::new();
        for fact in facts {
            let name = repository_of(fact).as_str();
            let find = || if given.find(name).is_some() { Vec::new() } else { self.find(name).collect() };
            for wanted in known.entry(name).or_insert_with(find) {
                found.entry(wanted).or_default().push(fact);
            }
        }
        found
    }
}

/// Whether a repository that a source reports may be the one that a service calls so: the same name, or the same last part
/// where one of them says no more.
pub(crate) fn stands_for(reported: &str, wanted: &str) -> bool {
    reported.eq_ignore_ascii_case(wanted)
        || (last_part(reported) == last_part(wanted) && !(reported.contains('/') && wanted.contains('/')))
}

fn last_part(name: &str) -> String {
    plain_name(name.rsplit('/').next().unwrap_or(name))
}

/// What sources may call repositories, in lower case.
pub(crate) struct ReportedNames {
    names: HashMap<String, usize>,
    plain_names: HashMap<String, usize>,
    addresses: Vec<(String, usize)>,
}

impl ReportedNames {
    pub(crate) fn new(repositories: &[CollectedRepository]) -> Self {
        let mut known = Self { names: HashMap::new(), plain_names: HashMap::new(), addresses: Vec::new() };
        for (place, repository) in repositories.iter().enumerate() {
            known.names.entry(repository.id.as_str().to_lowercase()).or_insert(place);
            known.plain_names.entry(plain_name(repository.id.as_str())).or_insert(place);
            let address = repository.web_address.as_ref().map(|address| address.to_lowercase());
            known.addresses.extend(address.map(|address| (address.trim_end_matches('/').to_owned(), place)));
        }
        known
    }

    /// By its own name, by the end of its address (`owner/name`), or by the last part of the name.
    pub(crate) fn find(&self, name: &str) -> Option<usize> {
        let (wanted, ending) = (name.to_lowercase(), format!("/{}", name.to_lowercase()));
        let at_address = || self.addresses.iter().find(|(address, _)| address.ends_with(&ending)).map(|(_, at)| *at);
        let last = || self.plain_names.get(&last_part(name)).copied();
        self.names.get(&wanted).copied().or_else(at_address).or_else(last)
    }
}
/// Which services a name may have been meant for: `, spelled almost like web`.
fn spelled_like(name: &ServiceId, known: &HashSet<&ServiceId>) -> String {
    let names = known.iter().copied().chain([name]).map(ServiceId::as_str);
    let pairs = near_names(names).into_iter().filter(|(one, other)| [*one, *other].contains(&name.as_str()));
    let others: Vec<_> =
        pairs.map(|(one, other)| printable(if one == name.as_str() { other } else { one }).into_owned()).collect();
    if others.is_empty() { String::new() } else { format!(", spelled almost like {}", others.join(" and ")) }
}
