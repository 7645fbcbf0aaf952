//! Facts from files: what is imported counts, what is wrong is named, and the same file twice changes nothing.

use std::io::Write;
use std::process::Stdio;

use serde_json::{Value, json};

use crate::cli::{Run, World, assert_warned, service, service_names, warnings};
use crate::git::{Commit, at};

pub(crate) const AS_OF: &str = "2026-03-02";

/// A workspace without any repository.
pub(crate) fn workspace() -> World {
    let world = World::new();
    world.write("truelevel.toml", "[workspace]\nname = \"Shop\"\n");
    world
}

/// Twelve deployments of `web`, a week apart, and two of `mail`.
pub(crate) fn deployments() -> String {
    let mut text = "service,environment,version,outcome,started_at,finished_at,initiated_by\n".to_owned();
    for week in 0..8 {
        let day = instant(week * 7 + 1, 10);
        let staging = instant(week * 7 + 1, 9);
        text += &format!("web,staging,v{week},succeeded,,{staging},automation\n");
        text += &format!("web,production,v{week},succeeded,{day},{},automation\n", instant(week * 7 + 1, 11));
    }
    text += &format!("mail,production,7,succeeded,,{},person\n", instant(3, 9));
    text + &format!("mail,production,8,failed,,{},person\n", instant(30, 9))
}

pub(crate) fn instant(day: i64, hour: i64) -> String {
    truelevel_model::Time::from_seconds(at(day, hour)).to_string()
}

#[track_caller]
pub(crate) fn import(world: &World, arguments: &[&str]) -> Run {
    let run = world.run([&["import"], arguments].concat());
    assert_eq!(run.code, 0, "{}", run.stderr);
    run
}

pub(crate) fn assess(world: &World) -> Value {
    world.assess(["--as-of", AS_OF])
}

#[test]
fn imported_facts_alone_give_frequency_fail_rate_and_recovery() {
    let world = workspace();
    world.write("deployments.csv", deployments());
    assert_eq!(import(&world, &["deployments.csv"]).text(), "deployments: 18 new, 0 changed, 0 unchanged\n");
    let before = assess(&world);
    assert_eq!(service_names(&before), ["mail", "web"]);
    let metric = |assessment: &Value, name: &str, id: &str| service(assessment, name)["metrics"][id].clone();
    assert_eq!(service(&before, "web")["deployment_data"], "reported");
    assert_eq!(metric(&before, "web", "deployment_frequency")["n"], 8);
    let fail_rate = metric(&before, "web", "change_fail_rate");
    assert!(fail_rate["is_lower_bound"] == true || fail_rate["value"].is_null(), "without incidents: {fail_rate}");

    let incident = json!({"kind": "incident", "services": ["web"], "severity": "SEV2", "detected_by": "alert",
        "started_at": instant(15, 12), "resolved_at": instant(15, 14), "caused_by": "v2"});
    world.write("facts.jsonl", incident.to_string());
    assert_eq!(import(&world, &["facts.jsonl"]).text(), "incidents: 1 new, 0 changed, 0 unchanged\n");
    let after = assess(&world);
    let fail_rate = metric(&after, "web", "change_fail_rate");
    assert_eq!((&fail_rate["n"], &fail_rate["value"]), (&json!(8), &json!(0.125)), "{fail_rate}");
    let recovery = metric(&after, "web", "failed_deployment_recovery_time");
    assert_eq!(recovery["n"], 1, "{recovery}");
    assert_eq!(
        metric(&after, "mail", "change_fail_rate")["value"],
        json!(0.0),
        "no incident of its own is none, not unknown"
    );
    assert!(metric(&after, "web", "change_lead_time")["value"].is_null(), "no repository, no lead time");

    let unknown = json!({"kind": "incident", "services": ["web"], "started_at": instant(22, 12),
        "resolved_at": instant(22, 14), "caused_by": "config change"});
    world.write("unknown.jsonl", unknown.to_string());
    import(&world, &["unknown.jsonl"]);
    let warned = assess(&world);
    assert_eq!(metric(&warned, "web", "change_fail_rate")["value"], json!(0.125), "nothing is blamed against its word");
    assert_warned(&warned, &["web: of 1 incident the named cause is no deployment of it (config change)"]);
}

/// A repository whose versions are those of the deployments, to be imported.
fn released_every_week(world: &World) {
    let mut web = world.repository("web");
    for week in 0..8 {
        let commit = web.commit(Commit::at(at(week * 7, 11)).file("a", week.to_string()));
        web.tag(&format!("v{week}"), &commit);
    }
    world.write("truelevel.toml", "[[repository]]\npath = \"web\"\n");
    world.write("deployments.csv", deployments());
}

#[test]
fn with_the_repository_imported_deployments_give_lead_time_too() {
    let world = World::new();
    released_every_week(&world);
    import(&world, &["deployments.csv"]);
    let assessment = assess(&world);
    let lead_time = &service(&assessment, "web")["metrics"]["change_lead_time"];
    assert_eq!((&lead_time["n"], &lead_time["value"]), (&json!(7), &json!(86_400.0)), "{lead_time}");
}

#[test]
fn what_vendors_count_of_assistants_stands_beside_the_signs_by_team_and_never_of_a_few() {
    let world = World::new();
    released_every_week(&world);
    let day = |day: i64, team: &str, active: u32| {
        let day = instant(day, 0);
        let team = if team.is_empty() { Value::Null } else { team.into() };
        json!({"date": &day[..10], "total_active_users": active, "total_engaged_users": active / 2, "team": team})
            .to_string()
    };
    let days =
        [day(20, "", 30), day(21, "", 34), day(22, "", 40), day(20, "shop", 8), day(20, "two", 2), day(-200, "", 99)];
    world.write("copilot.jsonl", days.join("\n"));
    import(&world, &["deployments.csv"]);
    let before = assess(&world);
    assert_eq!(before["ai"]["usage"], Value::Null);
    assert_eq!(import(&world, &["copilot.jsonl"]).text(), "days of AI usage: 6 new, 0 changed, 0 unchanged\n");
    let after = assess(&world);
    let all = json!({"assistant": "github_copilot", "days": 3, "people_active": 34.0, "people_engaged": 17.0, "until": &instant(22, 0)[..10]});
    let shop = json!({"assistant": "github_copilot", "team": "shop", "days": 1, "people_active": 8.0, "people_engaged": 4.0, "until": &instant(20, 0)[..10]});
    assert_eq!(after["ai"]["usage"], json!([all, shop]));
    let text = world.run(["assess", "--as-of", AS_OF]);
    assert!(text.text().contains("34 people were active on a usual day"), "{}", text.text());
    let only_web = world.assess(["--as-of", AS_OF, "--service", "web"]);
    assert_eq!(only_web["ai"]["usage"], Value::Null, "a service of no team is not everybody");
}

#[test]
fn the_same_file_twice_changes_nothing_and_a_later_observation_wins() {
    let world = workspace();
    world.write("deployments.csv", deployments());
    import(&world, &["deployments.csv"]);
    let first = assess(&world);
    assert_eq!(import(&world, &["deployments.csv"]).text(), "deployments: 0 new, 0 changed, 18 unchanged\n");
    assert_eq!(assess(&world), first);
    let incident = |resolved: Option<String>| {
        json!({"id": "7", "services": ["web"], "started_at": instant(15, 12), "resolved_at": resolved}).to_string()
    };
    world.write("incidents.jsonl", incident(None));
    import(&world, &["incidents.jsonl"]);
    world.write("incidents-later.jsonl", incident(Some(instant(16, 0))));
    assert_eq!(import(&world, &["incidents-later.jsonl"]).text(), "incidents: 0 new, 1 changed, 0 unchanged\n");
    let resolved = assess(&world);
    let again = import(&world, &["incidents.jsonl"]);
    assert_eq!(again.text(), "incidents: 0 new, 0 changed, 0 unchanged, 1 older than what is known\n");
    assert!(again.stderr.contains("`observed_at`"), "{}", again.stderr);
    assert_eq!(assess(&world), resolved, "what was said earlier does not come back");
}

#[test]
fn services_bring_their_teams_and_declarations_and_evidence_are_taken() {
    let world = workspace();
    world.write("deployments.csv", deployments());
    world.write("services.csv", "service,team\nweb,storefront\nsearch,finders\n");
    world.write(
        "declarations.csv",
        format!("stage,level,declared_at,declared_by\ndeploy,4,{},platform\n", instant(1, 1)),
    );
    world.write(
        "evidence.csv",
        format!(
            "practice,service,grade,summary,address,observed_at\nbackups,web,effective,restored,https://wiki.shop/1,{}\n",
            instant(40, 1)
        ),
    );
    world.write("incident-links.csv", "incident,deployment,reason\n7,,a supplier failed\n");
    let run =
        import(&world, &["deployments.csv", "services.csv", "declarations.csv", "evidence.csv", "incident-links.csv"]);
    for line in ["services: 2 new", "declarations: 1 new", "evidence: 1 new", "incident links: 1 new"] {
        assert!(run.text().contains(line), "{}", run.text());
    }
    let assessment = assess(&world);
    assert_eq!(service(&assessment, "web")["team"], "storefront");
    assert_eq!(service_names(&assessment), ["mail", "search", "web"]);
}

#[test]
fn rejected_records_are_named_and_kept_for_repair() {
    let world = workspace();
    let wrong = (0..25).map(|number| format!("w{number},production,,succeeded,,{},\n", instant(1, 1)));
    world.write("deployments.csv", deployments() + &wrong.collect::<String>());
    let run = world.run(["import", "deployments.csv", "--rejects", "rejects.jsonl"]);
    assert_eq!(run.code, 0, "without --strict: {}", run.stderr);
    assert_eq!(run.text(), "deployments: 18 new, 0 changed, 0 unchanged\nrejected: 25\n");
    assert!(run.stderr.contains("deployments.csv:20: version: neither a version nor a commit"), "{}", run.stderr);
    assert_eq!(run.stderr.matches("deployments.csv:").count(), 20, "the first twenty");
    assert!(run.stderr.contains("5 more records"), "{}", run.stderr);
    let rejects = world.read("rejects.jsonl");
    let last: Value = serde_json::from_str(rejects.lines().last().unwrap()).unwrap();
    assert_eq!((rejects.lines().count(), &last["line"], &last["field"]), (25, &json!(44), &json!("version")));
    assert_eq!(last["raw"], format!("w24,production,,succeeded,,{},", instant(1, 1)));
    assert_eq!(world.run(["import", "deployments.csv", "--strict"]).code, 4);
    world
        .run(["import", "deployments.csv", "--rejects", "deployments.csv"])
        .fails_with(2, &["deployments.csv is read"]);
    assert_eq!(world.read("deployments.csv").lines().count(), 44, "and was not written over");
}

#[test]
fn times_without_a_zone_need_one_and_the_clock_is_asked_about_the_future() {
    let world = workspace();
    world.write(
        "deployments.csv",
        "service,environment,version,outcome,finished_at\nweb,production,1,succeeded,2026-02-01 10:00:00\nweb,production,2,succeeded,9999-01-01T00:00:00Z\n",
    );
    let run = world.run(["import", "deployments.csv", "--strict"]);
    assert_eq!(run.code, 4);
    assert!(
        run.stderr.contains("deployments.csv:2: finished_at:") && run.stderr.contains("--time-zone"),
        "{}",
        run.stderr
    );
    assert!(run.stderr.contains("deployments.csv:3: finished_at:") && run.stderr.contains("future"), "{}", run.stderr);
    let run = import(&world, &["deployments.csv", "--time-zone", "Europe/London"]);
    assert!(run.text().starts_with("deployments: 1 new"), "{}", run.text());
    world.run(["import", "deployments.csv", "--time-zone", "Mars"]).fails_with(2, &["no time zone `Mars`"]);
}

#[test]
fn what_comes_in_and_packed_files_are_read_too() {
    let world = workspace();
    let mut child = world
        .command(["import", "-", "--kind", "deployments", "--source", "spinnaker"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(deployments().as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(String::from_utf8_lossy(&output.stdout).starts_with("deployments: 18 new"));
    let packed = std::process::Command::new("gzip").arg("-c").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
    let mut packed = packed.unwrap();
    packed.stdin.take().unwrap().write_all(deployments().as_bytes()).unwrap();
    let bytes = packed.wait_with_output().unwrap().stdout;
    world.write("deployments.csv.gz", &bytes);
    let run = import(&world, &["deployments.csv.gz", "--source", "spinnaker"]);
    assert_eq!(run.text(), "deployments: 0 new, 0 changed, 18 unchanged\n");
    world.write("deployments-cut.csv.gz", &bytes[..bytes.len() / 2]);
    let run = world.run(["import", "deployments-cut.csv.gz"]);
    assert_eq!(run.code, 2);
    assert!(run.stderr.contains("deployments-cut.csv.gz: the gzip file is cut off"), "{}", run.stderr);
}

#[test]
fn what_cannot_be_imported_is_said_and_the_other_files_are_read() {
    World::new().run(["import", "deployments.csv"]).fails_with(2, &["truelevel init", "--workspace"]);
    let world = workspace();
    world.write("deployments.csv", deployments());
    world.write("empty.csv", "");
    world.write("things.csv", "a,b\n");
    world.write("incidents.csv", "id,service\n");
    let run = world.run(["import", "empty.csv", "nowhere.csv", "things.csv", "incidents.csv", "deployments.csv", "."]);
    assert_eq!(run.code, 2);
    for part in [
        "empty.csv: it is empty",
        "nowhere.csv: No such file",
        "things.csv: what its records are is not known; say it with --kind",
        "incidents.csv: its header misses required columns of incidents: `services`, `started_at`",
        ".: it is a folder",
    ] {
        assert!(run.stderr.contains(part), "`{part}` is not in {}", run.stderr);
    }
    assert_eq!(run.text(), "deployments: 18 new, 0 changed, 0 unchanged\n");
    world.run(["import", "deployments.csv", "--kind", "party"]).fails_with(2, &["pipeline-runs"]);
}

/// Deployments of `web` a day apart with the ids `d0` to `d9`, each with an incident an hour later.
fn with_incidents() -> World {
    let world = workspace();
    let mut deployments = "id,service,environment,version,outcome,finished_at\n".to_owned();
    let mut incidents = "id,services,started_at,resolved_at\n".to_owned();
    for day in 0..10 {
        let version = if day == 9 { 8 } else { day };
        deployments += &format!("d{day},web,production,v{version},succeeded,{}\n", instant(day + 1, 11));
        incidents += &format!("i{day},web,{},{}\n", instant(day + 1, 12), instant(day + 1, 13));
    }
    world.write("deployments.csv", deployments);
    world.write("incidents.csv", incidents);
    import(&world, &["deployments.csv", "incidents.csv"]);
    world
}

fn failures(assessment: &Value) -> Value {
    service(assessment, "web")["metrics"]["change_fail_rate"]["details"]["failures"].clone()
}

#[test]
fn names_that_are_a_slip_apart_are_named_and_stay_apart() {
    let world = workspace();
    world.write("deployments.csv", deployments().replace("mail,production,8", "mial,production,8"));
    import(&world, &["deployments.csv"]);
    world.write("incidents.csv", format!("id,services,started_at\nI1,wbe,{}\n", instant(9, 12)));
    import(&world, &["incidents.csv"]);
    let assessment = assess(&world);
    assert_eq!(service_names(&assessment), ["mail", "mial", "web"]);
    assert_warned(&assessment, &["spelled almost alike, and maybe one service each: mail and mial."]);
    assert_warned(&assessment, &["I1 of wbe, spelled almost like web: counted nowhere"]);
    // Who lists both means both.
    world.write("truelevel.toml", "[[service]]\nname = \"mail\"\n[[service]]\nname = \"mial\"\n");
    assert!(!warnings(&assess(&world)).iter().any(|warning| warning.contains("almost alike")));
}

#[test]
fn a_decision_for_a_deployment_or_an_incident_that_nobody_knows_hides_no_failure_and_is_warned_of() {
    let world = with_incidents();
    // The last deployment repeats a version: its incident is the one before's.
    assert_eq!(failures(&assess(&world)), 9.0);
    world.write("incident-links.csv", "incident,deployment,reason\ni3,dd3,mistyped\ni33,d3,mistyped\n");
    import(&world, &["incident-links.csv"]);
    let assessment = assess(&world);
    assert_eq!(failures(&assessment), 9.0);
    assert_warned(&assessment, &["dd3", "i3", "without effect"]);
    assert_warned(&assessment, &["i33", "without effect"]);
    let doctor = world.run(["doctor", "--as-of", AS_OF]);
    assert!(doctor.text().contains("dd3"), "{}", doctor.text());
}

#[test]
fn a_redeployment_that_somebody_decides_for_has_failed() {
    let world = with_incidents();
    world.write("incident-links.csv", "incident,deployment,reason\ni9,d9,its configuration\n");
    import(&world, &["incident-links.csv"]);
    let assessment = assess(&world);
    assert_eq!(failures(&assessment), 10.0);
    let explained = world.run(["explain", "change_fail_rate", "--all", "--as-of", AS_OF]);
    assert!(explained.text().contains("linked to incident (i9 of "), "{}", explained.text());
    assert!(explained.text().contains("followed by incident (i0 of "), "{}", explained.text());
}

#[test]
fn explain_says_what_a_value_would_be_with_each_thing_that_was_left_out_of_it() {
    let world = with_incidents();
    let mut deployments = "service,environment,version,outcome,finished_at\n".to_owned();
    for day in 0..10 {
        deployments += &format!("web,staging,v{day},succeeded,{}\n", instant(day + 1, 10));
    }
    world.write("deployments-staging.csv", deployments);
    import(&world, &["deployments-staging.csv"]);
    let explained = world.run(["explain", "deployment_frequency", "--as-of", AS_OF]).text().to_owned();
    for told in ["with redeployment, ", "n 10 instead of 9", "with not_production, ", "1 redeployment: "] {
        assert!(explained.contains(told), "`{told}` is not in {explained}");
    }
    let explained = world.run(["explain", "time_to_detect", "--as-of", AS_OF]).text().to_owned();
    assert!(!explained.contains("Left out"), "there is no value that anything could change: {explained}");
    assert!(explained.contains("not counted, when it was noticed is not told"), "{explained}");
    let explained = world.run(["explain", "not_production", "--all", "--as-of", AS_OF]).text().to_owned();
    assert!(explained.contains("web v3 in staging"), "{explained}");
}

#[test]
fn reviews_and_pipeline_runs_count_without_the_repository() {
    let world = with_incidents();
    let (mut reviews, mut runs) = (
        "repository,number,opened_at,first_response_at,merged_at,lines_changed\n".to_owned(),
        "id,repository,workflow,commit,started_at,finished_at,outcome\n".to_owned(),
    );
    for day in 1..=10 {
        let [from, answered, until] = [9, 10, 12].map(|hour| instant(day, hour));
        reviews += &format!("acme/web,{day},{from},{answered},{until},40\n");
        runs += &format!("{day},acme/web,ci,{},{from},{answered},succeeded\n", "ab".repeat(20));
        runs += &format!("x{day},acme/nobody,ci,{},{from},{answered},succeeded\n", "cd".repeat(20));
    }
    world.write("reviews.csv", reviews);
    world.write("pipeline-runs.csv", runs);
    import(&world, &["reviews.csv", "pipeline-runs.csv"]);
    let assessment = assess(&world);
    let metric = |id: &str| service(&assessment, "web")["metrics"][id].clone();
    assert_eq!(
        (&metric("review_pickup_time")["value"], &metric("review_pickup_time")["n"]),
        (&json!(3600.0), &json!(10))
    );
    assert_eq!(metric("review_size")["value"], json!(40.0));
    assert_eq!(metric("pipeline_success_rate")["value"], json!(1.0));
    assert!(metric("time_to_green")["note"].as_str().unwrap().contains("default one is not known"));
    assert_warned(&assessment, &["0 reviews and 10 pipeline runs", "acme/nobody", "counted nowhere"]);
}

#[test]
fn a_service_that_is_deployed_to_no_production_is_named_and_counted() {
    let world = with_incidents();
    let deployment = format!("wbe,producton,v1,succeeded,{}", instant(2, 11));
    world.write("deployments-wrong.csv", format!("service,environment,version,outcome,finished_at\n{deployment}\n"));
    import(&world, &["deployments-wrong.csv"]);
    let assessment = assess(&world);
    assert_eq!(service_names(&assessment), ["web"]);
    assert_warned(&assessment, &["1 service deployed and never to production", "wbe to producton"]);
    assert_eq!(assessment["exclusions"]["not_production"]["count"], 1);
    let explained = world.run(["explain", "not_production", "--as-of", AS_OF]).text().to_owned();
    assert!(explained.contains("wbe in producton, 1 deployment"), "{explained}");
    assert!(world.run(["doctor", "--as-of", AS_OF]).text().contains("producton"));
}
