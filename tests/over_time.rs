//! What a workspace says of time: trends from the facts that are there on the first day.

use serde_json::Value;

use crate::cli::World;
use crate::git::{Commit, HOUR, Repo, at};
use crate::shop::{deployment, with_service_files};

/// The Sunday after the last deployment: 26 whole weeks, the first of which ends with the first deployment.
pub(crate) const AS_OF: &str = "2026-07-05";

/// A service that is deployed every Thursday, each time with one change. The time from writing to production shrinks from
/// about three days to half of one.
pub(crate) fn improving() -> (World, Repo, Repo) {
    let world = World::new();
    let (mut web, mut gitops) = (world.repository("web"), world.repository("gitops"));
    let release = |week: i64| {
        let deployed = at(7 * week, 15);
        let lead_time = HOUR * (70 - 2 * week + week * 7 % 5);
        let name = format!("v{week}.0.0");
        let mut change = Commit::at(deployed - lead_time).file("feature.txt", format!("{week}\n")).tagged(&name);
        if week == 0 {
            change = with_service_files(change);
        }
        (change, deployment(deployed, "web", "production", &name))
    };
    let (changes, deployments): (Vec<_>, Vec<_>) = (0..27).map(release).unzip();
    web.commits(changes);
    gitops.commits(deployments);
    (world, web, gitops)
}

fn trend<'a>(answer: &'a Value, metric: &str) -> &'a Value {
    let trend = &answer["trends"][metric];
    assert!(trend.is_object(), "no trend of {metric}");
    trend
}

#[test]
fn a_trend_is_there_on_the_first_day_with_its_weeks_and_its_verdict() {
    let (world, ..) = improving();
    let answer = world.assess(["web", "gitops", "--as-of", AS_OF]);
    let lead_time = trend(&answer, "change_lead_time");
    assert_eq!(lead_time["direction"]["verdict"], "falling");
    let points = lead_time["points"].as_array().unwrap();
    // The first deployment is known in the middle of its week, and ships nothing.
    assert_eq!(points.len(), 26);
    assert_eq!((&points[0]["week"], &points[25]["week"]), (&"2026-W02".into(), &"2026-W27".into()));
    assert_eq!(points[0]["value"], (70 * HOUR) as f64);
    assert_eq!((&points[25]["n"], &points[25]["value"]), (&1.into(), &((20 * HOUR) as f64).into()));
    assert_eq!(lead_time["chart"]["kind"], "weekly_logarithms");
    let frequency = trend(&answer, "deployment_frequency");
    assert_eq!(frequency["direction"]["verdict"], "no_change_shown");
    assert_eq!(frequency["chart"]["kind"], "days_between_events", "one a week is too few to count");
    assert_eq!(trend(&answer, "change_fail_rate")["chart"], Value::Null, "a lower bound has no course");
    for format in ["text", "markdown"] {
        let page = world.run(["assess", "web", "gitops", "--as-of", AS_OF, "--format", format]);
        assert!(page.text().contains("Change lead time is falling, for the better: from about "), "{}", page.text());
        assert!(!page.text().contains("Deployment frequency is"), "{}", page.text());
    }
}

#[test]
fn weeks_are_those_of_the_workspaces_time_zone() {
    let (world, ..) = improving();
    let weeks = |calendar: &str| {
        world.write(
            "truelevel.toml",
            format!("{calendar}\n[[repository]]\npath = \"web\"\n[[deployment_repository]]\npath = \"gitops\"\n"),
        );
        let answer = world.assess(["--as-of", "2026-07-05T23:30:00Z"]);
        let points = trend(&answer, "deployment_frequency")["points"].as_array().unwrap().clone();
        (
            answer["time_zone"].clone(),
            points.last().unwrap()["week_start"].clone(),
            points.last().unwrap()["week"].clone(),
        )
    };
    let text = |text: &str| Value::from(text);
    assert_eq!(weeks(""), (text("UTC"), text("2026-06-22T00:00:00Z"), text("2026-W26")), "Sunday is not over");
    assert_eq!(
        weeks("[calendar]\ntime_zone = \"Europe/London\""),
        (text("Europe/London"), text("2026-06-28T23:00:00Z"), text("2026-W27")),
        "it is half past midnight on Monday in London"
    );
}

#[test]
fn a_week_of_other_days_moves_the_edge_of_one_a_working_day() {
    let world = World::new();
    let mut gitops = world.repository("gitops");
    gitops.commits((0..90).map(|day| deployment(at(day, 9), "web", "production", &format!("v{day}.0.0"))));
    let band = |days: &str| {
        world.write(
            "truelevel.toml",
            format!("[calendar]\nworking_days = [{days}]\n[[deployment_repository]]\npath = \"gitops\"\n"),
        );
        world.assess(["--as-of", "2026-04-01"])["metrics"]["deployment_frequency"]["band"].clone()
    };
    assert_eq!(band("\"monday\", \"friday\""), "elite");
    assert_eq!(
        band("\"monday\", \"tuesday\", \"wednesday\", \"thursday\", \"friday\", \"saturday\", \"sunday\""),
        "high",
        "one a day is not more than one a working day when every day is worked"
    );
}
