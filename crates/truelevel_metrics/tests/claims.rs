//! How often the comparisons of golden paths and AI claim what is not there, and how often they find what is. The figures
//! of `docs/accuracy.md` come from here, with `TRUELEVEL_SEEDS=1000`.

use std::collections::BTreeMap;

use truelevel_metrics::ai::event_study::{EventRules, event_study};
use truelevel_metrics::ai::weeks::AiWeek;
use truelevel_metrics::ai::{AiService, dose};
use truelevel_metrics::platform::{PathService, compared};
use truelevel_model::platform::PathUse;
use truelevel_model::{Measurement, Unit};

/// SplitMix64 (Steele, Lea and Flood, 2014).
struct Random(u64);

impl Random {
    fn share(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((mixed ^ (mixed >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// Log-normal with the median 1 (Box and Muller, 1958).
    fn factor(&mut self, spread: f64) -> f64 {
        let (first, second) = (1.0 - self.share(), self.share());
        (spread * (-2.0 * first.ln()).sqrt() * (std::f64::consts::TAU * second).cos()).exp()
    }

    fn count(&mut self, mean: f64) -> u64 {
        let (limit, mut product, mut count) = ((-mean).exp(), self.share(), 0);
        while product > limit {
            product *= self.share();
            count += 1;
        }
        count
    }
}

fn seeds() -> u64 {
    std::env::var("TRUELEVEL_SEEDS").ok().and_then(|seeds| seeds.parse().ok()).unwrap_or(60)
}

/// The share of seeds in which something holds.
fn share(holds: impl Fn(u64) -> bool) -> f64 {
    (0..seeds()).filter(|seed| holds(*seed)).count() as f64 / seeds() as f64
}

const SERVICES_PER_TEAM: usize = 6;

/// Services of teams: their names, and keys in which teams differ from each other as services of a team do.
struct Organisation {
    names: Vec<(String, String)>,
    metrics: Vec<BTreeMap<String, Measurement>>,
}

fn organisation(seed: u64, teams: usize, lead_time_factor: &dyn Fn(usize) -> f64) -> Organisation {
    let mut random = Random(seed.wrapping_mul(0x5851_F42D_4C95_7F2D));
    let (mut names, mut metrics) = (Vec::new(), Vec::new());
    for team in 0..teams {
        let habits: Vec<f64> = (0..5).map(|_| random.factor(0.3)).collect();
        for service in 0..SERVICES_PER_TEAM {
            names.push((format!("{team}-{service}"), team.to_string()));
            let mut of = |metric: &str, unit: Unit, median: f64| {
                let mut measured = Measurement::missing(&format!("{metric}/1"), unit, "2024", "");
                measured.value = Some(median * random.factor(0.3));
                (metric.to_owned(), measured)
            };
            let lead_time = 86_400.0 * lead_time_factor(team) * habits[1];
            metrics.push(BTreeMap::from([
                of("deployment_frequency", Unit::PerDay, habits[0]),
                of("change_lead_time", Unit::Seconds, lead_time),
                of("change_fail_rate", Unit::Ratio, 0.1 * habits[2]),
                of("failed_deployment_recovery_time", Unit::Seconds, 3600.0 * habits[3]),
                of("deployment_rework_rate", Unit::Ratio, 0.05 * habits[4]),
            ]));
        }
    }
    Organisation { names, metrics }
}

/// The keys that are said to differ on and off the path, when every other team is on it.
fn on_and_off(seed: u64, teams: usize, factor: f64) -> Vec<String> {
    let planted = organisation(seed, teams, &|team| if team.is_multiple_of(2) { factor } else { 1.0 });
    let of = |((service, team), metrics)| PathService {
        service,
        team: Some(team),
        metrics: Some(metrics),
        ..PathService::default()
    };
    let services: Vec<PathService<'_>> =
        planted.names.iter().map(|(s, t)| (s.as_str(), t.as_str())).zip(&planted.metrics).map(of).collect();
    let uses: Vec<PathUse> = (0..services.len())
        .map(|at| if (at / SERVICES_PER_TEAM).is_multiple_of(2) { PathUse::On } else { PathUse::Off })
        .collect();
    let found = compared::outcomes(&services, &uses);
    found.into_iter().filter(|contrast| contrast.differs).map(|contrast| contrast.metric).collect()
}

/// The keys that are said to go with the share of changes with a sign.
fn doses(seed: u64, teams: usize, per_25_points: f64) -> Vec<String> {
    let share = |team: usize| team as f64 / teams as f64 * 0.6;
    let planted = organisation(seed, teams, &|team| per_25_points.powf(share(team) / 0.25));
    let of = |(place, ((service, team), metrics))| AiService {
        service,
        team: Some(team),
        changes: 200,
        signed: (share(place / SERVICES_PER_TEAM) * 200.0) as u64,
        metrics: Some(metrics),
        ..AiService::default()
    };
    let named = planted.names.iter().map(|(s, t)| (s.as_str(), t.as_str()));
    let services: Vec<AiService<'_>> = named.zip(&planted.metrics).enumerate().map(of).collect();
    dose::dose(&services, 10).into_iter().filter(|dose| dose.is_shown).map(|dose| dose.metric).collect()
}

const RULES: EventRules =
    EventRules { weeks: 8, share_from: 0.1, changes_before: 20, by_chance: 0.01, adopters: 12, others: 5 };

/// The outcomes that are said to change when half of the services begin with AI, in different weeks. Everybody's lead time
/// moves with the calendar.
fn beginnings(seed: u64, services: usize, factor: f64) -> Vec<String> {
    beginnings_at(5.0, seed, services, factor)
}

/// The same for services with so many deployments a week.
fn beginnings_at(pace: f64, seed: u64, services: usize, factor: f64) -> Vec<String> {
    let weeks: Vec<Vec<AiWeek>> = (0..services).map(|number| life(pace, seed, number, factor)).collect();
    let all: Vec<AiService<'_>> = weeks.iter().map(|weeks| AiService { weeks, ..AiService::default() }).collect();
    let outcomes = event_study(&all, &RULES).map(|study| study.outcomes).unwrap_or_default();
    outcomes.into_iter().filter(|outcome| outcome.is_shown).map(|outcome| outcome.outcome).collect()
}

fn life(pace: f64, seed: u64, number: usize, factor: f64) -> Vec<AiWeek> {
    let mut random = Random((seed + 1).wrapping_mul(0x5851_F42D_4C95_7F2D) ^ (number as u64) << 40);
    let habit = random.factor(0.5);
    let begins = number.is_multiple_of(2).then_some(9 + number / 2 % 8);
    let week = |place: usize| {
        let is_after = begins.is_some_and(|begins| place >= begins);
        let deployments = random.count(pace);
        let changes = deployments * 3;
        let median = 86_400.0 * habit * 1.02_f64.powi(place as i32) * if is_after { factor } else { 1.0 };
        AiWeek {
            place,
            changes,
            signed: if is_after { (changes / 2).max(u64::from(changes > 0)) } else { 0 },
            deployments,
            attempts: deployments,
            failures: (0..deployments).filter(|_| random.share() < 0.1).count() as u64,
            lead_times_seconds: (0..changes).map(|_| median * random.factor(0.8)).collect(),
        }
    };
    (0..26).map(week).collect()
}

fn finds_lead_time(found: &[String]) -> bool {
    found.iter().any(|metric| metric == "change_lead_time")
}

#[test]
fn a_clean_organisation_is_seldom_said_to_differ() {
    let alarms = [
        share(|seed| !on_and_off(seed, 12, 1.0).is_empty()),
        share(|seed| !on_and_off(seed, 24, 1.0).is_empty()),
        share(|seed| !doses(seed, 12, 1.0).is_empty()),
        share(|seed| !doses(seed, 24, 1.0).is_empty()),
        share(|seed| !beginnings(seed, 24, 1.0).is_empty()),
        share(|seed| !beginnings(seed, 60, 1.0).is_empty()),
        // Many services with weeks in which nothing ships: a beginning is never seen in such a week.
        share(|seed| !beginnings_at(1.0, seed, 120, 1.0).is_empty()),
    ];
    // Of few seeds more may err by chance than of many.
    let most = if seeds() >= 500 { 0.05 } else { 0.1 };
    assert!(alarms.iter().all(|alarms| *alarms <= most), "{alarms:?}");
}

#[test]
fn what_is_planted_is_found_the_more_often_the_stronger_it_is() {
    let found = [
        [(12, 0.7), (12, 0.5), (24, 0.5)]
            .map(|(teams, factor)| share(|seed| finds_lead_time(&on_and_off(seed, teams, factor)))),
        [(12, 1.3), (12, 2.0), (24, 2.0)]
            .map(|(teams, factor)| share(|seed| finds_lead_time(&doses(seed, teams, factor)))),
        [(24, 1.1), (24, 1.3), (60, 1.3)]
            .map(|(services, factor)| share(|seed| finds_lead_time(&beginnings(seed, services, factor)))),
    ];
    for strengths in found {
        assert!(strengths.is_sorted() && strengths[2] >= 0.8, "{found:?}");
    }
}
