//! Pages as a browser and an attacker would read them.

use std::collections::BTreeSet;

use serde_json::json;
use truelevel_model::assessment::{Assessment, SCHEMA, ServiceResult, StageResult};
use truelevel_model::course::{
    Course, Courses, Days, FailedDeployment, IncidentInWindow, Newest, ShownBy, Waiting, WaitingStep,
};
use truelevel_model::plan::InitiativeResult;
use truelevel_model::{Measurement, Unit};

use super::*;
use crate::reference::{Definition, Phase};

/// Markup, an override of the writing direction, right-to-left letters, quotes, a formula: all in one name.
const HOSTILE: &str = "<script>alert(1)</script>\u{202e}\u{5d0}\u{5d1}\"'&=1+1 {{ x }}";

const ELEMENTS_WITHOUT_END: [&str; 6] = ["br", "hr", "img", "input", "link", "meta"];

fn measurement(value: f64) -> Measurement {
    let mut measured = Measurement::missing("change_lead_time/1", Unit::Seconds, "2024", "a note");
    (measured.value, measured.low, measured.high, measured.n) = (Some(value), Some(value / 2.0), Some(value * 2.0), 40);
    measured
}

/// From the contract's own form: fields that are added later and may be left out are left out here.
fn read<T: serde::de::DeserializeOwned>(json: serde_json::Value) -> T {
    serde_json::from_value(json).unwrap()
}

fn stage(name: &str) -> StageResult {
    let evidence = json!({
        "practice": "ci_pipeline", "grade": "declared", "repository": HOSTILE, "path": HOSTILE, "line": 3, "text": HOSTILE,
        "url": "javascript:alert(1)",
    });
    let gate = |id: &str, outcome: &str, evidence: serde_json::Value| {
        json!({
            "gate": id, "level": 2, "statement": "A statement.", "outcome": outcome, "because": HOSTILE,
            "is_intention": false, "evidence": evidence,
        })
    };
    read(json!({
        "stage": name, "proven": 1, "possible": 3, "declared": 4, "held_by": HOSTILE,
        "gates": [gate("g1", "met", json!([evidence])), gate("g2", "unknown", json!([]))],
    }))
}

fn stages() -> Vec<StageResult> {
    ["build", "test"].map(stage).to_vec()
}

fn service(name: &str) -> ServiceResult {
    read(json!({
        "service": name, "team": format!("team of {name}"), "repositories": [name],
        "deployment_data": "release_tags", "is_active": true, "level": { "proven": 1, "possible": 3 },
        "stages": stages(), "lanes": [stage("platform")],
        "metrics": { "change_lead_time": measurement(7200.0) }, "questions": [], "exclusions": {},
    }))
}

fn ai() -> serde_json::Value {
    json!({
        "changes": 10, "signed": 3, "share_at_least": 0.3, "services": 1, "services_with_sign": 1,
        "context_files_without_sign": 0, "by_service": [{ "service": HOSTILE, "changes": 10, "signed": 3 }],
        "dose": [{
            "metric": "change_lead_time", "unit": "seconds", "is_mediator": false, "of": "team", "n": 12,
            "compared_as": "ratio", "per_25_points": 1.2, "low": 1.1, "high": 1.4, "is_shown": true,
        }],
        "event_study": {
            "adopters": 10, "others": 5, "weeks": 8,
            "outcomes": [{
                "outcome": "deployment_batch_size", "is_mediator": true, "compared_as": "ratio", "n": 10,
                "estimate": 1.5, "low": 1.2, "high": 1.8, "before_low": 0.9, "before_high": 1.1,
                "drifted_before": false, "is_shown": true,
            }],
        },
        "sensitivity": { "lower_half": 0.1, "higher_half": 0.4, "coverage_to_vanish": 0.25 },
        "blind_spots": [HOSTILE],
        "context": [{ "finding": "f", "source": "s" }],
    })
}

fn platform() -> serde_json::Value {
    let adoption = json!({
        "on": 1, "partly": 0, "off": 1, "unknown": 1, "share": 0.5, "low": 0.33, "high": 0.67, "by_what_ran": 1,
        "by_files": 1, "deployments_on": 3, "deployments_known": 4, "deployments": 5, "deployment_share": 0.75,
    });
    json!({
        "adoption": adoption,
        "paths": [{
            "name": HOSTILE, "origin": "declared", "what": [HOSTILE], "owner": HOSTILE, "adoption": adoption,
            "newest": HOSTILE, "median_behind": 1.0, "mandated_on": "2026-03-01",
            "services": [{
                "service": HOSTILE, "use": "off", "basis": "ran", "version": HOSTILE, "behind": 2, "deployments_on": 0,
                "deployments_known": 4, "is_excepted": true,
            }],
            "retention": { "stayed": 1, "left": 1, "share": 0.5, "left_services": [HOSTILE] },
            "pull": { "before": 1, "after": 2, "since_unknown": 0, "share": 0.33, "rate_ratio": 2.0,
                "rate_ratio_low": 0.5, "rate_ratio_high": 4.0 },
            "exceptions": [{
                "service": HOSTILE, "owner": HOSTILE, "reason": HOSTILE, "expires": "2026-12-31", "renewals": 1,
                "is_current": true, "is_unneeded": false,
            }],
        }],
        "outcomes": [{
            "metric": "change_lead_time", "unit": "seconds", "of": "team", "n_on": 6, "n_off": 6, "median_on": 3600.0,
            "median_off": 7200.0, "compared_as": "ratio", "estimate": 0.5, "low": 0.3, "high": 0.8,
            "joint_confidence": 0.95, "differs": true,
        }],
        "spread": [{
            "metric": "change_lead_time", "unit": "seconds", "teams": 4, "lowest": 1.0, "p25": 2.0, "median": 3.0,
            "p75": 4.0, "highest": 5.0, "ratio": 2.0,
        }],
        "profiles": [{
            "profile": "paved_road", "title": "Paved road", "statement": "s", "expect": "e", "holds": "unknown",
            "because": [HOSTILE],
        }],
        "context": [{ "finding": "f", "source": "s" }],
        "notes": [HOSTILE],
    })
}

fn assessment(services: Vec<ServiceResult>) -> Assessment {
    let mut spread = json!(measurement(7200.0));
    spread["services"] = json!(services.len());
    spread["services_measured"] = json!(services.len());
    spread["services_by_band"] = json!({});
    let names: Vec<&String> = services.iter().map(|service| &service.service).collect();
    let question = json!({
        "question": "deploy_on_demand", "text": "Can you?", "answer": "unknown", "because": [HOSTILE],
        "connect": ["data"], "services": { "yes": 0, "no": 0, "unknown": 1, "deciding": names },
    });
    let action = json!({
        "gate": "g1", "stage": "build", "level": 2, "action": HOSTILE, "outcome": "unmet", "effort": "days", "services": 1,
    });
    let home_made = json!({
        "commodity": "g1", "title": HOSTILE, "instead": HOSTILE, "repository": HOSTILE,
        "places": [{
            "practice": "g1", "grade": "declared", "path": HOSTILE, "line": 6, "text": HOSTILE, "url": "javascript:x",
        }],
    });
    read(json!({
        "schema": SCHEMA, "program_version": "0", "workspace": HOSTILE, "as_of": "2026-08-21T17:00:00Z",
        "window_days": 90, "edition": "2024", "level": { "proven": 1, "possible": 3, "declared": 4 },
        "limiting_stages": ["build"], "stages": stages(), "lanes": [stage("platform")],
        "metrics": {
            "change_lead_time": spread, "change_fail_rate": spread, "failed_deployment_recovery_time": spread,
        },
        "services": services,
        "first_constraint": {
            "question": "deploy_on_demand", "answer": "unknown", "statement": HOSTILE, "action": HOSTILE,
            "chain": [question],
        },
        "architecture": {
            "services_asked": 2, "services_in_lockstep": 2, "is_constraint": true, "groups_found": 1,
            "groups": [{
                "services": [HOSTILE, "b"], "size": 2, "deployments": 40, "together_ratio": 0.9, "by_chance_ratio": 0.1,
                "same_version_ratio": 0.5, "departures": 20, "ceiling_per_day": 0.2, "shares": [[1.0, 0.9], [0.9, 1.0]],
            }],
        },
        "roadmap": { "phase": "foundations", "next": [action], "home_made": [home_made] },
        "ai": if services.is_empty() { json!(null) } else { ai() },
        "platform": if services.is_empty() { json!(null) } else { platform() },
        "pitfalls": [{ "pitfall": "p", "finding": HOSTILE, "response": HOSTILE }],
        "exclusions": { "merge_commit": { "count": 3, "meaning": "Merge commit", "examples": [HOSTILE] } },
        "coverage": {
            "repositories": [], "services_by_deployment_data": { "release_tags": 1 }, "services_without_repository": [],
            "production_deployments": 3, "versions_resolved": 1, "versions_asked": 2, "warnings": [HOSTILE],
        },
    }))
}

/// A course with something of everything in it.
fn courses() -> Courses {
    let point = |week: u32, value: f64| {
        json!({
            "week": format!("2026-W{week}"), "week_start": format!("2026-06-{:02}T23:00:00Z", week), "value": value,
            "low": 3600.0, "high": 90000.0, "n": 9, "censored": 0,
        })
    };
    let signal = json!({ "rule": "beyond_limit", "side": "above", "first": "2026-06-21T23:00:00Z", "last": "2026-06-21T23:00:00Z" });
    let trend: truelevel_model::trend::Trend = read(json!({
        "unit": "seconds", "higher_is_better": false, "services": 1,
        "points": [point(7, 7200.0), point(14, 14400.0), point(21, 86400.0)],
        "chart": { "kind": "weekly_logarithms", "centre": 7200.0, "lower": 3600.0, "upper": 14400.0, "signals": [signal] },
        "direction": { "verdict": "no_change_shown", "weeks": 3, "is_factor": true, "slope": null, "slope_low": null,
            "slope_high": null, "from": null, "to": null, "p": null },
    }));
    let step = |seconds, share| WaitingStep { seconds, share, interval: Some((share / 2.0, 1.0)) };
    let waiting =
        Waiting { steps: vec![step(3600.0, 0.5), step(7200.0, 0.1)], open_seconds: vec![9000.0], ended: 9, open: 1 };
    let at = truelevel_model::Time::from_seconds(1_780_000_000);
    let failure = FailedDeployment {
        finished_at: at,
        version: HOSTILE.into(),
        shown_by: vec![ShownBy { signal: "rolled_back", origin: Some(HOSTILE.into()) }],
        seconds: 60.0,
        is_open: false,
    };
    let incident = IncidentInWindow {
        id: HOSTILE.into(),
        severity: Some(HOSTILE.into()),
        started_at: at,
        seconds: 60.0,
        is_open: true,
        version: Some(HOSTILE.into()),
    };
    let course = Course {
        trends: [("change_lead_time".to_owned(), trend)].into(),
        days: Days { first: 20_605, counts: vec![0, 3, 1, 0, 0, 0, 0, 2] },
        waiting: [("change_lead_time".to_owned(), waiting)].into(),
        failures: Newest { items: vec![failure], count: 3 },
        incidents: Newest { items: vec![incident], count: 1 },
    };
    let initiative = InitiativeResult {
        name: HOSTILE.into(),
        owner: HOSTILE.into(),
        due: "2026-12-31".into(),
        gates: vec!["g1".into(), "g2".into()],
        open: vec!["g2".into()],
        is_overdue: true,
        past: vec![("2026-W23".into(), 0), ("2026-W24".into(), 1)],
    };
    let services = [HOSTILE, "plain", "a"].map(|name| (name.to_owned(), course.clone()));
    let services = services.into_iter().map(|(service, course)| (service, course.into())).collect();
    Courses { services, initiatives: vec![initiative] }
}

fn reference() -> Reference {
    let define = |id: &str, title: &str| {
        let body = "A **definition** of `it`.".to_owned();
        (id.to_owned(), Definition { kind: "metric".into(), title: title.into(), body })
    };
    let definitions = [
        define("change_lead_time", "Change lead time"),
        define("ci_pipeline", "A pipeline"),
        define("deploy_on_demand", "Can you?"),
        define("deployed_in_lockstep", "Deployed in lockstep"),
        define("g1", "A gate"),
        define("g2", "Another gate"),
        define("merge_commit", "Merge commit"),
    ];
    let phase = Phase { id: "foundations".into(), title: "Foundations".into(), ..Phase::default() };
    Reference { definitions: definitions.into(), phases: vec![phase], ..Reference::default() }
}

/// Fails unless every element ends where it should, ids are unique, and nothing needs an exception in a strict policy.
fn check(html: &str) {
    let outside = strip(strip(html.to_owned(), "style"), "script");
    assert!(!outside.contains("<script>alert") && !outside.contains('\u{202e}'), "a name got through");
    let mut open: Vec<&str> = Vec::new();
    let mut ids = BTreeSet::new();
    for tag in outside.split('<').skip(1).filter_map(|rest| rest.split('>').next()) {
        if let Some(name) = tag.strip_prefix('/') {
            assert_eq!(open.pop(), Some(name), "closed out of order");
            continue;
        }
        let name = tag.split([' ', '/', '\n']).next().unwrap_or_default();
        if tag.starts_with('!') || tag.ends_with('/') || ELEMENTS_WITHOUT_END.contains(&name) {
            continue;
        }
        open.push(name);
        let names: String = tag.split('"').step_by(2).collect();
        assert!(!names.contains(" style=") && !names.contains(" on"), "inline style or handler: {tag}");
        if let Some(id) = tag.split(" id=\"").nth(1).and_then(|rest| rest.split('"').next()) {
            assert!(ids.insert(id.to_owned()), "the id {id} stands twice");
        }
    }
    assert!(open.is_empty(), "left open: {open:?}");
    assert!(!outside.contains("javascript:"));
    for target in outside.split("href=\"#").skip(1).filter_map(|rest| rest.split('"').next()) {
        assert!(ids.contains(target), "nothing has the id {target}");
    }
    for named in outside.split("aria-labelledby=\"").skip(1).filter_map(|rest| rest.split('"').next()) {
        assert!(ids.contains(named), "nothing has the id {named}");
    }
}

/// The text without what stands between the tags of one element.
fn strip(html: String, element: &str) -> String {
    match (html.find(&format!("<{element}>")), html.rfind(&format!("</{element}>"))) {
        (Some(from), Some(to)) => format!("{}{}", &html[..from], &html[to + element.len() + 3..]),
        _ => html,
    }
}

fn every_page() -> Vec<Page> {
    let mut pages = vec![
        Page::Overview,
        Page::Services,
        Page::Service(HOSTILE.into()),
        Page::Teams,
        Page::Team(format!("team of {HOSTILE}")),
        Page::Delivery,
        Page::Metric("change_lead_time".into()),
        Page::Maturity,
        Page::Decision,
        Page::Plan,
        Page::Platform,
    ];
    pages.extend([Page::Ai, Page::Architecture, Page::Pitfalls, Page::Coverage, Page::Definitions]);
    pages.push(Page::Definition("g1".into()));
    pages
}

#[test]
fn a_report_is_whole_and_no_name_does_harm() {
    let long = "x".repeat(5000);
    let assessment = assessment(vec![service(HOSTILE), service(&long), service("plain")]);
    let html = super::report::written(&assessment, &courses(), &reference(), str::to_owned);
    check(&html);
    assert!(html.contains("default-src 'none'") && html.contains("sha256-"));
    assert!(!html.contains("http-equiv=\"refresh\"") && !html.contains("<link rel=\"stylesheet\""));
}

#[test]
fn a_report_of_many_services_tells_of_the_lowest_and_links_to_a_line_of_the_others() {
    let others = (0..super::services::MOST_TOLD + 4).map(|number| format!("s{number:03}"));
    let names = std::iter::once(HOSTILE.to_owned()).chain(others);
    let mut assessment = assessment(names.map(|name| service(&name)).collect());
    assessment.services[1].level.proven = 2;
    let html = super::report::written(&assessment, &Courses::default(), &reference(), str::to_owned);
    check(&html);
    assert_eq!(html.matches("class=\"service one-of-many\"").count(), super::services::MOST_TOLD);
    assert!(html.contains("5 services have none here"));
    for id in ["s000", "s253"] {
        assert!(html.contains(&format!("<tr id=\"service-{id}\">")), "{id} is among those that stand highest");
        assert!(html.contains(&format!("href=\"#service-{id}\"")));
    }
}

#[test]
fn every_page_of_a_server_is_whole() {
    let (assessment, reference) = (assessment(vec![service(HOSTILE), service("plain")]), reference());
    let live = Live { events: Some("events".into()), status: "measuring".into(), ..Live::default() };
    for at in every_page() {
        let query = Query { window: Some(30), team: Some(HOSTILE.into()), ..Query::default() };
        let courses = courses();
        let site = Site::new(&assessment, &courses, &reference, Links::server(at.clone(), query));
        let html = page(&site, &at, &Filter::default(), &live).unwrap_or_else(|| panic!("{at:?}"));
        check(&html);
        assert!(html.contains("window=30") && html.contains("data-live=\"./events\"") || at.path().contains('/'));
    }
}

#[test]
fn a_workspace_without_anything_still_has_every_page() {
    let mut assessment = assessment(Vec::new());
    assessment.metrics.clear();
    assessment.exclusions.clear();
    assessment.roadmap.next.clear();
    check(&super::report::written(
        &assessment,
        &Courses::default(),
        &Reference { definitions: reference().definitions, ..Reference::default() },
        str::to_owned,
    ));
}

#[test]
fn what_is_not_there_has_no_page() {
    let (assessment, reference) = (assessment(vec![service("a")]), reference());
    let courses = courses();
    let site = Site::new(&assessment, &courses, &reference, Links::server(Page::Overview, Query::default()));
    for at in
        [Page::Service("b".into()), Page::Team("b".into()), Page::Metric("b".into()), Page::Definition("b".into())]
    {
        assert!(page(&site, &at, &Filter::default(), &Live::default()).is_none(), "{at:?}");
    }
}

#[test]
fn services_are_filtered_ordered_and_paged() {
    let services = (0..450).map(|at| service(&format!("svc-{at:03}"))).collect();
    let (assessment, reference) = (assessment(services), reference());
    let links = Links::server(Page::Services, Query::default());
    let courses = courses();
    let site = Site::new(&assessment, &courses, &reference, links);
    let shown = |filter: &Filter| page(&site, &Page::Services, filter, &Live::default()).unwrap();
    let rows = |html: &str| html.matches("<th scope=\"row\"><a").count();
    let first = shown(&Filter::default());
    assert!(rows(&first) == 200 && first.contains("1 to 200 of 450"));
    let last = shown(&Filter { page: 2, ..Filter::default() });
    assert!(rows(&last) == 50 && !last.contains("rel=\"next\""));
    let one = shown(&Filter { text: "SVC-007".into(), ..Filter::default() });
    assert!(rows(&one) == 1 && one.contains("1 of 450 services"));
    assert!(shown(&Filter { text: "nothing".into(), ..Filter::default() }).contains("No service fits"));
}

#[test]
fn pages_beyond_an_assessment_are_whole() {
    let (assessment, reference) = (assessment(vec![service("a")]), reference());
    let links = Links::server(Page::Snapshots, Query::default());
    let courses = courses();
    let site = Site::new(&assessment, &courses, &reference, links.clone());
    let row = |id: &str, proven| SnapshotRow {
        id: id.into(),
        as_of: assessment.as_of,
        taken_at: assessment.as_of,
        proven,
        possible: 3,
        services: 1,
        constraint: HOSTILE.into(),
        is_intact: true,
    };
    let live = Live::default();
    check(&snapshots(&site, &[], &live));
    check(&snapshots(&site, &[row("b", 2), row("a", 1)], &live));
    let value = |is_change, is_better| ComparedValue {
        metric: "change_lead_time".into(),
        unit: Unit::Seconds,
        before: Some(7200.0),
        after: Some(3600.0),
        is_change,
        is_better,
        because: "the interval of the difference excludes none".into(),
    };
    let comparison = Comparison {
        before: row("a", 1),
        after: row("b", 2),
        values: vec![value(Some(true), Some(true)), value(None, None)],
        gates_gained: vec![HOSTILE.into()],
        gates_lost: Vec::new(),
        cautions: vec!["another definition".into()],
    };
    let html = compare(&site, &comparison, &live);
    check(&html);
    assert!(html.contains("From level 1 to level 2.") && html.contains("better") && html.contains("cannot tell"));
    check(&declare(&site, "token", "Say who you are.", &live));
    let connection = Connection {
        name: "Repositories".into(),
        gives: HOSTILE.into(),
        how: HOSTILE.into(),
        snippet: format!("truelevel init\n{HOSTILE}"),
        is_connected: true,
    };
    check(&first_run(&links, &[connection], &live));
    check(&waiting(&links, Page::Service(HOSTILE.into()), HOSTILE, &live));
    let missing = Problem {
        status: 404,
        title: "No such page".into(),
        says: HOSTILE.into(),
        next: "Search.".into(),
        has_pages: true,
    };
    check(&problem(&links, &missing));
}

#[test]
fn tables_and_charts_can_be_taken_away() {
    let (assessment, reference) = (assessment(vec![service("a"), service("=b")]), reference());
    let courses = courses();
    let site = Site::new(&assessment, &courses, &reference, Links::server(Page::Services, Query::default()));
    let content = |service, name: &str| {
        download(&site, service, &Filter::default(), name).unwrap_or_else(|| panic!("{name}")).content
    };
    assert!(content(None, "services.csv").starts_with("service,team,active,proven"));
    assert!(content(None, "services.csv").contains("\r\n'=b,"));
    assert!(content(Some("a"), "metrics.csv").contains("change_lead_time,7200,seconds,3600,14400,40"));
    for name in ["stages.svg", "grid.svg", "metric-change_lead_time.svg", "spread-change_lead_time.svg"] {
        assert!(roxmltree::Document::parse(&content(None, name)).is_ok(), "{name}");
    }
    for name in ["calendar.svg", "trend-change_lead_time.svg", "survival-change_lead_time.svg"] {
        assert!(roxmltree::Document::parse(&content(Some("a"), name)).is_ok(), "{name}");
    }
    assert!(content(Some("a"), "trend-change_lead_time.csv").contains("22 Jun,86400,3600,90000,9,yes"));
    assert!(content(None, "initiative-0.csv").contains("2026-W24,1"));
    assert!(download(&site, Some("nobody"), &Filter::default(), "metrics.csv").is_none());
    assert!(download(&site, None, &Filter::default(), "x.svg").is_none());
    let filter = Filter { text: "=".into(), sort: Some("name".into()), ..Filter::default() };
    let fitting = download(&site, None, &filter, "services.csv").unwrap().content;
    assert_eq!((fitting.lines().count(), fitting.lines().last().unwrap().starts_with("'=b,")), (2, true), "{fitting}");
    let shown = page(&site, &Page::Services, &filter, &Live::default()).unwrap();
    assert!(shown.contains("download/services.csv?q=%3D&amp;sort=name\""), "the file holds what the page shows");
}

fn shown_on(assessment: &Assessment, courses: &Courses, at: &Page) -> String {
    let reference = reference();
    let links = Links::server(at.clone(), Query::default());
    let site = Site::new(assessment, courses, &reference, links);
    page(&site, at, &Filter::default(), &Live::default()).unwrap()
}

#[test]
fn a_window_of_which_nothing_is_known_is_said_so_and_not_drawn_as_zero() {
    let mut assessment = assessment(vec![service("a"), service("b")]);
    assessment.services.iter_mut().for_each(|service| service.is_active = false);
    assessment.coverage.production_deployments = 0;
    let is_said = |assessment: &Assessment, at: &Page| {
        shown_on(assessment, &Courses::default(), at).contains("Nothing of this window is known")
    };
    assert!(!is_said(&assessment, &Page::Overview), "nobody told how far anything is known");
    let source =
        json!({ "source": "x", "facts": { "deployments": 3 }, "newest_at": "2026-01-05T00:00:00Z", "is_stale": true });
    assessment.coverage.sources = vec![read(source)];
    for at in [Page::Overview, Page::Services, Page::Service("a".into()), Page::Delivery, Page::Plan] {
        assert!(is_said(&assessment, &at), "{at:?}");
    }
    for told in [crate::text::render(&assessment, crate::Style::default()), crate::markdown::render(&assessment)] {
        assert!(told.contains("--as-of 2026-01-05") && !told.contains("0 releases"), "{told}");
    }
    let overview = shown_on(&assessment, &Courses::default(), &Page::Overview);
    assert!(overview.contains("as_of=2026-01-05") && !overview.contains("0 releases"), "{overview}");
    assert!(shown_on(&assessment, &Courses::default(), &Page::Coverage).contains("nothing in the window"));
    let services = shown_on(&assessment, &Courses::default(), &Page::Services);
    assert!(services.contains(">not known</span>") && !services.contains("not deployed"));
}

#[test]
fn a_gate_and_a_question_say_in_which_services_they_stand_how() {
    let mut assessment = assessment(vec![service("a"), service("b"), service("c")]);
    assessment.services[1].stages[0].gates[0].outcome = truelevel_model::assessment::GateOutcome::Unmet;
    let gate = shown_on(&assessment, &courses(), &Page::Definition("g1".into()));
    let rows: Vec<&str> = gate.split("<tr>").skip(2).collect();
    assert!(rows[0].contains(">b</a>") && rows[0].contains("not met"), "what is not met stands first: {}", rows[0]);
    assert!(rows[1].contains(">a</a>") && rows[1].contains(":3"), "with file and line: {}", rows[1]);
    let asked =
        json!({ "question": "deploy_on_demand", "text": "Can you?", "answer": "no", "because": ["so"], "connect": [] });
    assessment.services[2].questions = vec![read(asked)];
    let question = shown_on(&assessment, &courses(), &Page::Definition("deploy_on_demand".into()));
    assert!(question.contains("Where it stands") && question.contains(">c</a>") && question.contains("✕ no"));
}

#[test]
fn only_services_that_the_whole_stands_on_are_counted_beside_it() {
    let mut assessment = assessment(vec![service("a"), service("b"), service("idle")]);
    assessment.services[2].is_active = false;
    let metric = shown_on(&assessment, &courses(), &Page::Metric("change_lead_time".into()));
    assert!(metric.contains(">b</a>") && !metric.contains(">idle</a>"));
    assert!(metric.contains("2 services, from 2 h to 2 h"), "{metric}");
}

#[test]
fn what_is_only_known_to_be_at_least_something_has_no_course() {
    let mut assessment = assessment(vec![service("a")]);
    let trend = courses().services["a"].trends["change_lead_time"].clone();
    assessment.trends = [("change_lead_time".to_owned(), trend)].into();
    let at = Page::Metric("change_lead_time".into());
    assert!(shown_on(&assessment, &courses(), &at).contains("week by week"));
    assessment.metrics.get_mut("change_lead_time").unwrap().measurement.is_lower_bound = true;
    assert!(!shown_on(&assessment, &courses(), &at).contains("week by week"));
}

#[test]
fn an_address_can_be_pinned_and_what_a_reader_chose_is_kept() {
    let (assessment, reference) = (assessment(vec![service("a"), service("b")]), reference());
    let links = Links::server(Page::Services, Query::default());
    let courses = courses();
    let site = Site::new(&assessment, &courses, &reference, links);
    let filter = Filter { text: "a".into(), sort: Some("name".into()), ..Filter::default() };
    let live = Live { teams: vec!["another team".into()], ..Live::default() };
    let html = page(&site, &Page::Services, &filter, &live).unwrap();
    let pinned = "./services?window=90&amp;as_of=2026-08-21T17%3A00%3A00Z&amp;q=a&amp;sort=name\"";
    assert!(html.contains(pinned), "{html}");
    let form = html.split("choice-form").nth(1).unwrap().split("</form>").next().unwrap();
    assert!(form.contains("name=\"q\" value=\"a\"") && form.contains("another team"), "{form}");
}

#[test]
fn the_self_assessment_asks_each_stage_for_its_own_gates() {
    let mut assessment = assessment(vec![service("a")]);
    assessment.stages[0].gates[0].statement = "Builds are scripted.".into();
    let reference = reference();
    let links = Links::server(Page::Declare, Query::default());
    let courses = courses();
    let site = Site::new(&assessment, &courses, &reference, links);
    let html = declare(&site, "token", "", &Live::default());
    assert_eq!(html.matches("Builds are scripted.").count(), 1, "of one stage alone");
}

#[test]
fn stored_assessments_and_tables_with_evidence_can_be_taken_away() {
    let (assessment, reference) = (assessment(vec![service("a"), service("b")]), reference());
    let links = Links::server(Page::Snapshots, Query::default());
    let courses = courses();
    let site = Site::new(&assessment, &courses, &reference, links);
    let row = |id: &str, proven| SnapshotRow {
        id: id.into(),
        as_of: assessment.as_of,
        taken_at: assessment.as_of,
        proven,
        possible: 3,
        services: 1,
        constraint: "c".into(),
        is_intact: true,
    };
    let rows = [row("2", 2), row("1", 1)];
    let of_rows = |name: &str| snapshots_download(&rows, name).unwrap().content;
    assert!(of_rows("snapshots.csv").contains("\r\n2,2026-08-21T17:00:00Z,"));
    assert!(of_rows("level-over-time.csv").starts_with("as of,proven,possible\r\n21 Aug 2026,1,3\r\n"));
    assert!(roxmltree::Document::parse(&of_rows("level-over-time.svg")).is_ok());
    assert!(is_of_snapshots("snapshots.csv") && !is_of_snapshots("services.csv"));
    let file = |service, name: &str| {
        download(&site, service, &Filter::default(), name).unwrap_or_else(|| panic!("{name}")).content
    };
    assert!(file(None, "grid.csv").starts_with("service,build,test\r\na,1,1\r\n"));
    assert!(file(None, "values-change_lead_time.csv").contains("\r\na,7200,3600,14400,40,"));
    assert!(file(None, "gate-g1.csv").starts_with("service,stands,why,evidence\r\na,"));
    for name in ["all-gates.csv", "ai-services.csv", "path-0.csv", "plan.csv", "sources.csv", "teams.csv"] {
        assert!(file(None, name).contains(','), "{name}");
    }
    assert!(file(Some("a"), "failures.csv").contains("2026-05-28T"), "{}", file(Some("a"), "failures.csv"));
}
