use truelevel_model::facts::Facts;
use truelevel_model::{DeploymentOutcome, Incident, PipelineRun, Review, Span, Time};

use super::*;
use crate::Silent;
use crate::demo::random::Random;
use crate::demo::{Constraint, Detail, Effects, Plan, fill};

struct World {
    folder: tempfile::TempDir,
    workspace: Workspace,
    remembered: Remembered,
    random: Random,
}

fn as_of() -> Time {
    Time::parse("2026-08-21T17:00:00Z").unwrap()
}

fn request(services: &[&str]) -> AssessRequest {
    let services = services.iter().map(|service| (*service).to_owned()).collect();
    AssessRequest { as_of: None, now: as_of(), window_days: None, edition: None, services }
}

impl World {
    fn new(seed: u64) -> Self {
        let plan = Plan {
            seed,
            services: 7,
            weeks: 15,
            as_of: as_of(),
            constraint: Constraint::Mixed,
            detail: Detail::Full,
            batch: 1.0,
            effects: Effects::default(),
        };
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("truelevel.toml"), "[workspace]\nname = \"demo\"\n").unwrap();
        let mut workspace = Workspace::open(&[folder.path().to_owned()]).unwrap();
        fill(&mut workspace, &plan, &Silent).unwrap();
        let mut world = Self { folder, workspace, remembered: Remembered::default(), random: Random::of(seed, 1, 1) };
        world.warm(&[]);
        world
    }

    fn warm(&mut self, services: &[&str]) -> (Assessment, Courses) {
        self.remembered.assess(&mut self.workspace, &request(services), &Silent).unwrap()
    }

    fn cold(&self, services: &[&str]) -> (Assessment, Courses) {
        let mut workspace = Workspace::open(&[self.folder.path().to_owned()]).unwrap();
        assess_with_courses(&mut workspace, &request(services), &Silent).unwrap()
    }

    fn write(&mut self, facts: Facts) {
        self.workspace.store.write(&facts).unwrap();
        self.remembered.touch(Touched::by(&Reading { facts, ..Reading::default() }));
    }

    fn measured(&self) -> usize {
        self.remembered.last.as_ref().unwrap().measured.len()
    }

    fn holds(&mut self, services: &[&str], what: &str) {
        let (warm, cold) = (self.warm(services), self.cold(services));
        let text = |assessment: &Assessment| serde_json::to_string_pretty(assessment).unwrap();
        similar(&text(&warm.0), &text(&cold.0), what);
        assert!(warm.1 == cold.1, "{what}: courses");
    }

    fn one<T: Clone>(&mut self, of: &[T]) -> T {
        of[(self.random.next() % of.len() as u64) as usize].clone()
    }

    fn at(&mut self) -> Time {
        let hours = self.random.between(0.0, 24.0 * 100.0);
        Time::from_millis(as_of().millis() - (hours * 3_600_000.0) as i64)
    }

    /// Writes something of a random kind.
    fn happens(&mut self, number: usize) -> String {
        let store = &self.workspace.store;
        let (deployments, incidents) = (store.deployments().unwrap(), store.incidents().unwrap());
        let (reviews, runs) = (store.reviews().unwrap(), store.pipeline_runs().unwrap());
        let known: Vec<ServiceId> = store.services().unwrap();
        let (deployment, incident) = (self.one(&deployments), self.one(&incidents));
        let (review, run, service, at) = (self.one(&reviews), self.one(&runs), self.one(&known), self.at());
        let (kind, id) = (self.random.next() % 11, format!("event-{number}"));
        let observed_at = Time::from_millis(as_of().millis() + number as i64);
        let deployed = |deployment| Facts { deployments: vec![deployment], ..Facts::default() };
        let broken = |incident| Facts { incidents: vec![incident], ..Facts::default() };
        self.write(match kind {
            0 | 1 => deployed(Deployment { id, finished_at: at, started_at: None, observed_at, ..deployment }),
            2 => deployed(Deployment { outcome: DeploymentOutcome::Failed, observed_at, ..deployment }),
            3 => deployed(Deployment { service, observed_at, ..deployment }),
            4 => {
                deployed(Deployment { service: ServiceId::new(format!("new-{number}")), id, observed_at, ..deployment })
            }
            5 => broken(Incident { id, started_at: at, resolved_at: None, detected_at: None, observed_at, ..incident }),
            6 => broken(Incident {
                resolved_at: Some(incident.started_at.plus(Span::from_millis(60_000))),
                observed_at,
                ..incident
            }),
            7 => broken(Incident { services: vec![service], observed_at, ..incident }),
            8 => Facts { reviews: vec![Review { first_response_at: None, observed_at, ..review }], ..Facts::default() },
            9 => Facts {
                pipeline_runs: vec![PipelineRun {
                    id,
                    shared_workflows: Some(vec!["ci/new@v1".into()]),
                    observed_at,
                    ..run
                }],
                ..Facts::default()
            },
            _ => Facts {
                deployments: vec![Deployment { id, observed_at, ..deployment }],
                incidents: vec![incident],
                ..Facts::default()
            },
        });
        format!("after event {number}, of kind {kind}")
    }
}

fn similar(warm: &str, cold: &str, what: &str) {
    let other = warm.lines().zip(cold.lines()).enumerate().find(|(_, (warm, cold))| warm != cold);
    assert!(warm == cold, "{what}: {other:?}");
}

#[test]
fn what_is_measured_again_is_what_measuring_everything_gives() {
    for seed in 0..2 {
        let mut world = World::new(seed);
        for number in 0..11 {
            let mut what = world.happens(number);
            if number % 3 == 0 {
                what = world.happens(100 + number);
            }
            world.holds(&[], &format!("seed {seed}, {what}"));
        }
    }
}

#[test]
fn an_event_has_only_the_services_measured_again_that_it_concerns() {
    let mut world = World::new(4);
    let deployment = world.workspace.store.deployments().unwrap().swap_remove(0);
    let names: Vec<ServiceId> = world.workspace.store.services().unwrap();
    let other = names.iter().find(|name| **name != deployment.service).unwrap().clone();
    let mut again = |facts: Facts| {
        world.workspace.store.write(&facts).unwrap();
        let touched = Touched::by(&Reading { facts, ..Reading::default() });
        let last = world.remembered.last.as_mut().unwrap();
        last.prepared.take_in(&world.workspace, &touched).unwrap().map(Vec::from_iter)
    };
    let deployed = |deployment| Facts { deployments: vec![deployment], ..Facts::default() };
    let (own, at) = (deployment.service.clone(), as_of());
    let new = Deployment { id: "new".into(), observed_at: at, ..deployment.clone() };
    assert_eq!(again(deployed(new)), Some(vec![own.clone()]));
    let moved = Deployment { service: other.clone(), observed_at: at, ..deployment };
    let mut both = vec![own, other.clone()];
    both.sort();
    assert_eq!(again(deployed(moved)), Some(both), "the service that lost it is measured again as well");
    let incident = Incident { id: "new".into(), services: vec![other.clone()], ..open_incident() };
    assert_eq!(again(Facts { incidents: vec![incident], ..Facts::default() }), Some(vec![other]));
}

fn open_incident() -> Incident {
    Incident {
        source: "test".into(),
        id: String::new(),
        services: Vec::new(),
        severity: None,
        started_at: Time::from_millis(as_of().millis() - 3_600_000),
        detected_at: None,
        detected_by_alert: None,
        acknowledged_at: None,
        resolved_at: None,
        caused_by: None,
        observed_at: as_of(),
    }
}

#[test]
fn a_narrower_question_is_answered_from_what_was_measured() {
    let mut world = World::new(5);
    let names: Vec<String> = world.warm(&[]).0.services.iter().map(|service| service.service.clone()).take(4).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    world.holds(&names, "four services");
    world.happens(1);
    world.holds(&names[..1], "one service after an event");
    assert!(world.measured() >= 7, "what was measured of the others is still there");
    let refused = world.remembered.assess(&mut world.workspace, &request(&["none"]), &Silent);
    assert!(matches!(refused, Err(EngineError::Usage(_))));
}

#[test]
fn incidents_of_no_known_service_are_named() {
    let mut world = World::new(2);
    let said = |answer: &(Assessment, Courses)| {
        let warnings = answer.0.coverage.warnings.iter();
        warnings.filter(|warning| warning.contains("of no service that is known")).cloned().collect::<Vec<_>>()
    };
    assert!(said(&world.warm(&[])).is_empty());
    let incident = Incident { id: "lost".into(), services: vec!["nobody".into()], ..open_incident() };
    world.write(Facts { incidents: vec![incident], ..Facts::default() });
    let told = said(&world.warm(&[]));
    assert!(told.len() == 1 && told[0].starts_with("1 incident") && told[0].contains("lost"), "{told:?}");
    let name = world.warm(&[]).0.services[0].service.clone();
    assert_eq!(said(&world.cold(&[&name])), told, "whichever services are asked about");
}

#[test]
fn what_may_concern_everything_and_a_later_as_of_have_everything_measured() {
    let mut world = World::new(6);
    let (_, before) = (world.happens(1), world.warm(&[]));
    world.remembered.touch(Touched::anything());
    assert!(world.warm(&[]) == before);
    let later = AssessRequest { now: as_of().plus(Span::from_millis(300_000)), ..request(&[]) };
    let (moved, _) = world.remembered.assess(&mut world.workspace, &later, &Silent).unwrap();
    assert_eq!(moved.as_of, later.now);
    let narrower =
        AssessRequest { now: later.now.plus(Span::from_millis(1)), ..request(&[&moved.services[0].service]) };
    let (narrower, _) = world.remembered.assess(&mut world.workspace, &narrower, &Silent).unwrap();
    assert_eq!(narrower.as_of, later.now, "as of what was measured");
}
