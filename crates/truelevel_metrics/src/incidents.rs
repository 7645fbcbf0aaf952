//! Which deployment an incident belongs to: what somebody decided, else what the incident names, else what came shortly
//! before it.

use std::collections::HashMap;

use truelevel_model::{ChangeIndex, Deployment, Incident, IncidentLink, SourceId, Time};

use crate::failures::NEAR;
use crate::service::ServiceFacts;
use crate::timeline::{DeploymentKind, Timeline};

/// What people decided about incidents. The latest decision about an incident holds; one that names a deployment that
/// nobody knows decides nothing.
#[derive(Debug, Default)]
pub struct IncidentLinks<'a>(HashMap<(&'a str, &'a str), &'a IncidentLink>);

impl<'a> IncidentLinks<'a> {
    /// Takes all decisions, in any order. `is_known` answers whether a deployment of that source and id is known, of
    /// whatever service.
    pub fn new(links: impl IntoIterator<Item = &'a IncidentLink>, is_known: impl Fn(&SourceId, &str) -> bool) -> Self {
        let mut decided: HashMap<(&str, &str), &IncidentLink> = HashMap::new();
        let is_usable = |link: &&IncidentLink| link.deployment.as_ref().is_none_or(|(source, id)| is_known(source, id));
        for link in links.into_iter().filter(is_usable) {
            let kept = decided.entry((link.incident_source.as_str(), &link.incident)).or_insert(link);
            if (kept.observed_at, &kept.deployment) < (link.observed_at, &link.deployment) {
                *kept = link;
            }
        }
        Self(decided)
    }

    fn of(&self, incident: &Incident) -> Option<&'a IncidentLink> {
        self.0.get(&(incident.source.as_str(), incident.id.as_str())).copied()
    }
}

/// Why an incident belongs where it does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// Somebody decided that it belongs to this deployment.
    Decided(usize),
    /// It names this deployment, its version, or a commit that it shipped.
    Named(usize),
    /// This deployment ended shortly before it; nothing else speaks for it.
    Near(usize),
    /// Somebody decided that no deployment of this service to production caused it.
    DecidedOtherwise,
    /// It names something that is no deployment of this service.
    NamedElsewhere,
    /// It belongs to what ran when the observation began, and so to no deployment that was seen.
    BeforeObservation,
    /// No deployment is in reach.
    None,
}

impl Cause {
    /// The place of the deployment on the timeline.
    pub const fn deployment(self) -> Option<usize> {
        match self {
            Self::Decided(place) | Self::Named(place) | Self::Near(place) => Some(place),
            Self::DecidedOtherwise | Self::NamedElsewhere | Self::BeforeObservation | Self::None => None,
        }
    }
}

/// A deployment that an incident might belong to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Candidate {
    /// Its place on the timeline.
    pub deployment: usize,
    /// How sure it is, 0 to 1. A house value: the nearest has ½, and every one further back half of the one after it.
    pub confidence: f64,
}

/// An incident of a service, and where it belongs.
#[derive(Clone, Debug)]
pub struct ServiceIncident<'a> {
    /// The fact.
    pub incident: &'a Incident,
    /// Where it belongs.
    pub cause: Cause,
    /// The deployments that it may belong to, nearest first: those in reach where nothing but time speaks for one, and
    /// those of the id that it names where several sources gave that id away.
    pub candidates: Vec<Candidate>,
    /// End of impact; absent while open as of the date asked.
    pub resolved_at: Option<Time>,
}

/// How many deployments in reach are named.
const CANDIDATES: usize = 5;

/// The service's incidents that began by `as_of`, by start, each with the deployment that it belongs to.
pub fn incidents<'a>(facts: &ServiceFacts<'a>, timeline: &Timeline<'a>, as_of: Time) -> Vec<ServiceIncident<'a>> {
    let mut incidents: Vec<&Incident> =
        facts.incidents.unwrap_or_default().iter().copied().filter(|incident| incident.started_at <= as_of).collect();
    incidents.sort_by(|a, b| {
        (a.started_at, &a.source, &a.id, b.observed_at).cmp(&(b.started_at, &b.source, &b.id, a.observed_at))
    });
    incidents.dedup_by(|later, first| (&later.source, &later.id) == (&first.source, &first.id));
    if incidents.is_empty() {
        return Vec::new();
    }
    let deployments = Deployments::new(facts, timeline);
    incidents
        .into_iter()
        .map(|incident| {
            let mut candidates = deployments.in_reach(incident);
            let cause = match (facts.incident_links.of(incident), &incident.caused_by) {
                (Some(link), _) => {
                    deployments.caused(deployments.decided(link), Cause::Decided, Cause::DecidedOtherwise)
                }
                (None, Some(named)) => {
                    let named = deployments.named(named, incident.started_at);
                    deployments.caused(named, Cause::Named, Cause::NamedElsewhere)
                }
                (None, None) => candidates.first().map_or(Cause::None, |nearest| Cause::Near(nearest.deployment)),
            };
            match (cause, &incident.caused_by) {
                (Cause::Near(_), _) => {}
                (Cause::Named(place), Some(named)) => candidates = deployments.of_one_id(named, place),
                _ => candidates.clear(),
            }
            let resolved_at = incident.resolved_at.filter(|at| *at <= as_of);
            ServiceIncident { incident, cause, candidates, resolved_at }
        })
        .collect()
}

/// The first few, each half as sure as the one before it.
fn halved(places: impl Iterator<Item = usize>) -> Vec<Candidate> {
    let mut confidence = 1.0;
    let candidate = |deployment| {
        confidence /= 2.0;
        Candidate { deployment, confidence }
    };
    places.take(CANDIDATES).map(candidate).collect()
}

/// The deployments by what incidents tell of them, so that each incident is placed without looking at all of them.
struct Deployments<'a, 'b> {
    facts: &'b ServiceFacts<'a>,
    timeline: &'b Timeline<'a>,
    /// Those that time alone may speak for.
    by_end: Vec<(Time, usize)>,
    by_id: HashMap<&'a str, Vec<usize>>,
    by_version: HashMap<&'a str, Vec<usize>>,
    by_commit: HashMap<ChangeIndex, Vec<usize>>,
}

impl<'a, 'b> Deployments<'a, 'b> {
    fn new(facts: &'b ServiceFacts<'a>, timeline: &'b Timeline<'a>) -> Self {
        let mut deployments = Self {
            facts,
            timeline,
            by_end: Vec::new(),
            by_id: HashMap::new(),
            by_version: HashMap::new(),
            by_commit: HashMap::new(),
        };
        for (place, entry) in timeline.entries.iter().enumerate() {
            let deployment: &'a Deployment = entry.deployment;
            if entry.is_attempt() {
                deployments.by_end.push((deployment.finished_at, place));
            }
            deployments.by_id.entry(&deployment.id).or_default().push(place);
            deployments.by_version.entry(&deployment.version).or_default().push(place);
            if let Some(commit) = entry.commit {
                deployments.by_commit.entry(commit).or_default().push(place);
            }
        }
        deployments.by_end.sort_unstable();
        deployments
    }

    /// The deployments that ended within 24 hours before the incident began, or with it.
    fn in_reach(&self, incident: &Incident) -> Vec<Candidate> {
        let before = self.by_end.partition_point(|(end, _)| *end <= incident.started_at);
        let near = self.by_end[..before].iter().rev();
        let near = near.take_while(|(end, _)| incident.started_at.since(*end) <= NEAR);
        halved(near.map(|(_, place)| *place))
    }

    /// The deployments that have the id in common with the one that was chosen for it, which is the first; none where it is
    /// the only one.
    fn of_one_id(&self, named: &str, chosen: usize) -> Vec<Candidate> {
        let places = self.by_id.get(named).map_or(&[][..], Vec::as_slice);
        if places.len() < 2 || !places.contains(&chosen) {
            return Vec::new();
        }
        let others = places.iter().rev().copied().filter(|place| *place != chosen);
        halved(std::iter::once(chosen).chain(others))
    }

    /// What an incident belongs to when a place on the timeline was found for it, or none.
    fn caused(&self, place: Option<usize>, found: fn(usize) -> Cause, elsewhere: Cause) -> Cause {
        match place {
            Some(place) if self.timeline.entries[place].kind == DeploymentKind::InitialState => {
                Cause::BeforeObservation
            }
            Some(place) => found(place),
            None => elsewhere,
        }
    }

    fn decided(&self, link: &IncidentLink) -> Option<usize> {
        let (source, id) = link.deployment.as_ref()?;
        let of_id = self.by_id.get(id.as_str())?;
        of_id.iter().copied().find(|place| self.timeline.entries[*place].deployment.source == *source)
    }

    fn has_brought(&self, place: usize) -> bool {
        let entry = &self.timeline.entries[place];
        entry.kind == DeploymentKind::InitialState || entry.is_attempt()
    }

    /// The deployment of that id, version or commit; else the one that first shipped that commit. A version or commit
    /// names what brought it rather than what repeated it or was called off.
    fn named(&self, named: &str, started_at: Time) -> Option<usize> {
        let commit = self.facts.repository.as_ref().and_then(|repository| {
            let found = (named.len() >= 7).then(|| repository.history.find_prefix(named, 2))?;
            if let [only] = found[..] { Some(only) } else { None }
        });
        let of_what_it_brings =
            [self.by_version.get(named), commit.and_then(|commit| self.by_commit.get(&commit))].into_iter().flatten();
        let (brought, repeated): (Vec<usize>, Vec<usize>) =
            of_what_it_brings.flatten().partition(|place| self.has_brought(**place));
        let by_id = self.by_id.get(named).into_iter().flatten();
        let mut places: Vec<usize> = by_id.chain(&brought).copied().collect();
        if places.is_empty() {
            places = repeated;
        }
        let end = |place: &usize| (self.timeline.entries[*place].deployment.finished_at, *place);
        // Named after the fact, an incident may have begun while the deployment still ran.
        let before = places.iter().copied().filter(|place| end(place).0 <= started_at).max_by_key(end);
        before.or_else(|| places.iter().copied().max_by_key(end)).or_else(|| {
            let shipped = self.timeline.attribution.as_ref()?.first_deployment(commit?)? as usize;
            self.timeline.entries.get(shipped).filter(|entry| !entry.ships.is_empty()).map(|_| shipped)
        })
    }
}

#[cfg(test)]
mod tests {
    use crate::metrics::examples::Example;

    /// The version that the only incident belongs to, and every candidate with its confidence.
    fn check(example: &Example, expected: Option<&str>, candidates: &[(&str, f64)]) {
        example.data(|data| {
            let [found] = &data.incidents[..] else { panic!("{:?}", data.incidents) };
            let version = |place: usize| data.timeline.entries[place].deployment.version.as_str();
            assert_eq!(found.cause.deployment().map(version), expected);
            let in_reach: Vec<_> =
                found.candidates.iter().map(|one| (version(one.deployment), one.confidence)).collect();
            assert_eq!(in_reach, candidates);
        });
    }

    #[test]
    fn where_only_time_speaks_every_deployment_in_reach_is_a_candidate() {
        let busy = Example::days(30).deploy("v1", 0).deploy("v2", 30).deploy("v3", 40).deploy("v4", 50);
        let candidates = [("v4", 0.5), ("v3", 0.25), ("v2", 0.125)];
        check(&busy.clone().incident(51, None, None), Some("v4"), &candidates);
        check(&busy.clone().incident(51, None, Some("v3")), Some("v3"), &[]);
        check(&busy.incident(51, None, None).decide(0, Some(1)), Some("v2"), &[]);
    }

    #[test]
    fn a_commit_that_is_named_leads_to_the_deployment_that_shipped_it() {
        let example = Example::days(30)
            .commit("A", &[], 0)
            .deploy("A", 1)
            .commit("B", &["A"], 2)
            .commit("C", &["B"], 3)
            .deploy("C", 4)
            .commit("D", &["C"], 5)
            .deploy("D", 6);
        let named = Example::id("B").to_string();
        check(&example.clone().incident(7, None, Some(&named)), Some("C"), &[]);
        check(&example.incident(7, None, Some("0000000")), None, &[]);
    }

    #[test]
    fn of_an_id_that_two_sources_gave_away_both_are_candidates() {
        let numbered = |id: &'static str, source: &'static str| {
            move |one: &mut truelevel_model::Deployment| (one.id, one.source) = (id.into(), source.into())
        };
        let twice = Example::days(30).deploy("v1", 0).deployment(numbered("7", "eu")).deploy("v2", 10);
        let twice = twice.deployment(numbered("7", "us")).deploy("v3", 20);
        let candidates = [("v2", 0.5), ("v1", 0.25)];
        check(&twice.clone().incident(21, None, Some("7")), Some("v2"), &candidates);
        check(&twice.incident(21, None, Some("v3")), Some("v3"), &[]);
    }

    #[test]
    fn an_incident_may_name_a_deployment_that_had_not_ended_yet() {
        let example = Example::days(30).deploy("v1", 0).deploy("v2", 10);
        check(&example.incident(9, Some(12), Some("v2")), Some("v2"), &[]);
    }
}
