//! The API over HTTP: what `assess` says, by parts.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::cli::World;
use crate::dashboard::demo;
use crate::server::Server;

#[test]
fn it_says_what_assess_says_by_parts() {
    let (_world, server) = demo("6");
    let whole = server.get("/api/v1/assessment", &[]).json();
    assert_eq!(whole["schema"], "truelevel/assessment/v1");
    let part = |path: &str| server.get(&format!("/api/v1{path}"), &[]).json();
    for (path, field) in [
        ("/ai", "ai"),
        ("/architecture", "architecture"),
        ("/coverage", "coverage"),
        ("/decision", "first_constraint"),
        ("/exclusions", "exclusions"),
        ("/metrics", "metrics"),
        ("/pitfalls", "pitfalls"),
        ("/plan", "roadmap"),
        ("/platform", "platform"),
        ("/teams", "teams"),
    ] {
        assert_eq!(part(path), whole[field], "{path}");
    }
    assert_eq!(part("/gates")["stages"], whole["stages"]);
    let service = &whole["services"][0];
    let name = service["service"].as_str().unwrap();
    assert_eq!(&part(&format!("/services/{name}")), service);
    let team = &whole["teams"][0];
    assert_eq!(&part(&format!("/teams/{}", team["team"].as_str().unwrap())), team);
    let metric = part("/metrics/deployment_frequency");
    assert_eq!(metric["services"][name], service["metrics"]["deployment_frequency"]);
    let snapshots = part("/snapshots");
    assert_eq!(snapshots.as_array().unwrap().len(), 2);
    assert_eq!(part("/comparison?before=1&after=2")["before"]["snapshot"], 1);
    let as_of = snapshots[0]["as_of"].as_str().unwrap();
    assert_eq!(part(&format!("/comparison?before={as_of}&after=2"))["before"]["snapshot"], 1, "named by its time");
    assert_eq!(part("/assessment?snapshot=2")["as_of"], snapshots[1]["as_of"]);
    assert_eq!(part("/assessment?window=30")["window_days"], 30);
}

#[test]
fn services_come_in_pages_and_wrong_questions_are_named() {
    let (_world, server) = demo("6");
    let mut path = "/api/v1/services?per_page=4&sort=name".to_owned();
    let mut names = Vec::new();
    loop {
        let answer = server.get(&path, &[]);
        let body = answer.json();
        assert_eq!(body["total"], 6);
        names.extend(body["items"].as_array().unwrap().iter().map(|one| one["service"].as_str().unwrap().to_owned()));
        let Some(link) = answer.head.lines().find_map(|line| line.strip_prefix("link: <")) else { break };
        path = link.split('>').next().unwrap().to_owned();
    }
    assert!(names.len() == 6 && names.is_sorted(), "{names:?}");
    for (path, status) in [
        ("/api/v1/services?per_page=0", 400),
        ("/api/v1/services?level=high", 400),
        ("/api/v1/services/nobody", 404),
        ("/api/v1/metrics/nothing", 404),
        ("/api/v1/comparison?before=77", 404),
        ("/api/v1/nothing", 404),
        ("/api/v1/assessment?window=0", 400),
        ("/api/v1/assessment?as_of=yesterday", 400),
        ("/api/v1/assessment?snapshot=99", 404),
    ] {
        let answer = server.get(path, &[]);
        assert_eq!(answer.status, status, "{path}: {}", answer.body);
        assert!(answer.head.contains("content-type: application/problem+json"), "{path}");
        assert_eq!(answer.json()["status"], status);
    }
}

#[test]
fn what_teams_said_of_themselves_is_listed_newest_first_and_in_pages() {
    let (world, server) = demo("3");
    let before = server.get("/api/v1/declarations", &[]).json().as_array().unwrap().len();
    for (level, by) in [("2", "shop"), ("3", "platform")] {
        let said = ["declare", "--stage", "build", "--level", level, "--by", by, "--reason", "we think"];
        assert_eq!(world.run(said).code, 0);
    }
    let said = server.get("/api/v1/declarations", &[]).json();
    assert_eq!(said.as_array().unwrap().len(), before + 2);
    let first = &said[0];
    assert!(first["declared_at"].as_str() >= said[1]["declared_at"].as_str(), "{said}");
    assert_eq!((&first["about"], &first["level"], &first["answer"]), (&"build".into(), &3.into(), &Value::Null));
    assert_eq!((&first["declared_by"], &first["reason"]), (&"platform".into(), &"we think".into()));
    let second = server.get("/api/v1/declarations?page=2&per_page=1", &[]).json();
    assert_eq!(second, serde_json::json!([said[1]]));
    let table = server.get("/api/v1/declarations.csv", &[]).body;
    assert_eq!(table.lines().count(), before + 3, "{table}");
    assert_eq!(server.get("/api/v1/declarations?per_page=0", &[]).status, 400);
}

#[test]
fn ids_are_explained_and_what_nobody_knows_is_not_found() {
    let (_world, server) = demo("3");
    let all = server.get("/api/v1/definitions", &[]).json();
    let found = all.as_array().unwrap().iter().find(|one| one["id"] == "change_lead_time").unwrap();
    assert_eq!((&found["kind"], &found["text"]), (&"metric".into(), &Value::Null));
    let one = server.get("/api/v1/definitions/change_lead_time", &[]).json();
    assert_eq!(one["title"], found["title"]);
    assert!(one["text"].as_str().unwrap().len() > 100, "{one}");
    for nothing in ["definitions/nothing", "teams/nobody"] {
        assert_eq!(server.get(&format!("/api/v1/{nothing}"), &[]).status, 404, "{nothing}");
    }
}

#[test]
fn tables_come_as_csv_by_address_or_by_accept() {
    let (_world, server) = demo("3");
    for path in [
        "ai",
        "coverage",
        "declarations",
        "exclusions",
        "gates",
        "metrics",
        "pitfalls",
        "plan",
        "platform",
        "services",
        "snapshots",
        "teams",
    ] {
        let by_address = server.get(&format!("/api/v1/{path}.csv"), &[]);
        let by_accept = server.get(&format!("/api/v1/{path}"), &[("accept", "text/csv")]);
        assert!(
            by_address.status == 200 && by_address.head.contains("content-type: text/csv"),
            "{path}: {by_address:?}"
        );
        assert_eq!(by_address.body, by_accept.body, "{path}");
    }
    let spread = server.get("/api/v1/metrics/deployment_frequency", &[("accept", "text/csv")]);
    assert!(spread.head.contains("text/csv") && spread.body.lines().count() > 1, "{}", spread.body);
    let snapshots = server.get("/api/v1/snapshots.csv", &[]).body;
    assert_eq!(snapshots.lines().map(|line| &line[..2]).collect::<Vec<_>>(), ["nu", "1,", "2,"]);
    let decision = server.get("/api/v1/decision", &[("accept", "text/csv")]);
    assert_eq!(decision.status, 406, "what is no table is not passed off as one");
}

#[test]
fn everything_that_is_described_is_served_in_the_form_that_is_described() {
    let (world, server) = demo("3");
    let admin = world.run(["token", "create", "admin", "--scope", "admin"]);
    let admin = format!("Bearer {}", admin.text().trim());
    let document = server.get("/api/v1/openapi.json", &[]).json();
    assert_eq!(document["openapi"], "3.1.0");
    let assessment = server.get("/api/v1/assessment", &[]).json();
    let service = assessment["services"][0]["service"].as_str().unwrap().to_owned();
    let team = assessment["teams"][0]["team"].as_str().unwrap().to_owned();
    let paths = document["paths"].as_object().unwrap().iter();
    let paths: BTreeSet<&String> =
        paths.filter(|(_, operations)| operations["get"].is_object()).map(|(path, _)| path).collect();
    assert!(paths.len() >= 22, "{paths:?}");
    for path in paths {
        let named = [
            ("{service}", &*service),
            ("{team}", &team),
            ("{metric}", "change_lead_time"),
            ("{id}", "change_lead_time"),
        ];
        let asked = named.iter().fold(path.clone(), |path, (place, name)| path.replace(place, name));
        let answer = server.get(&asked, &[("authorization", &admin)]);
        assert_eq!(answer.status, 200, "{asked}: {}", answer.body);
        let content = &document["paths"][path]["get"]["responses"]["200"]["content"]["application/json"];
        let mut schema = content["schema"].clone();
        schema["components"] = document["components"].clone();
        let validator = jsonschema::validator_for(&schema).unwrap();
        let value: Value = answer.json();
        let fault = validator.iter_errors(&value).next().map(|error| error.to_string());
        assert_eq!(fault, None, "{asked}");
    }
}

#[test]
fn badges_say_the_level_and_a_key_of_everything_and_of_one() {
    let (_world, server) = demo("3");
    let whole = server.get("/api/v1/assessment", &[]).json();
    let badge = server.get("/badges/level.json", &[]).json();
    assert_eq!(badge["schemaVersion"], 1);
    let level = whole["level"]["proven"].to_string();
    assert!(badge["message"].as_str().unwrap().starts_with(&level), "{badge}");
    let service = whole["services"][0]["service"].as_str().unwrap();
    let picture = server.get(&format!("/badges/deployment_frequency.svg?service={service}"), &[]);
    assert!(picture.head.contains("content-type: image/svg+xml") && picture.body.contains("<title>"), "{picture:?}");
    for path in ["/badges/nothing.svg", "/badges/level.gif", "/badges/level", "/badges/level.svg?service=nobody"] {
        assert_eq!(server.get(path, &[]).status, 404, "{path}");
    }
    let series = server.get("/metrics", &[]).body;
    assert!(series.contains(&format!("\ntruelevel_level {level}\n")), "{series}");
    assert!(series.contains(&format!("truelevel_measurement{{service=\"{service}\",team=")), "{series}");
}

#[test]
fn records_are_kept_before_they_are_acknowledged_and_the_wrong_ones_are_named() {
    let world = World::new();
    world.write("truelevel.toml", "");
    let token = |name: &str, scope: &str| {
        let made = world.run(["token", "create", name, "--scope", scope]);
        made.text().split_whitespace().find(|word| word.starts_with("truelevel_")).unwrap().to_owned()
    };
    let (ingest, read) = (format!("Bearer {}", token("ci", "ingest")), format!("Bearer {}", token("grafana", "read")));
    let server = Server::start(&world);
    let send = |kind: &str, token: &str, body: &str| {
        server.post(&format!("/api/v1/{kind}"), &[("authorization", token)], body.as_bytes())
    };
    let record = |service: &str| {
        format!(
            r#"{{"service":"{service}","environment":"production","version":"v1","finished_at":"2026-08-21T10:00:00Z","outcome":"succeeded"}}"#
        )
    };
    assert_eq!(server.post("/api/v1/deployments", &[], b"[]").status, 401);
    assert_eq!(send("deployments", &read, &record("web")).status, 403);
    assert_eq!(send("deployments", &ingest, "{").status, 400);
    let wrong = send("deployments", &ingest, r#"{"environment":"production"}"#);
    assert_eq!((wrong.status, wrong.json()["rejected"][0]["field"].as_str()), (422, Some("service")), "{}", wrong.body);
    let body = format!("{}\n{}\n{{\"service\":7}}\n", record("web"), record("basket"));
    let some = send("deployments", &ingest, &body);
    assert_eq!(
        (some.status, some.json()["accepted"].as_u64(), some.json()["rejected"][0]["record"].as_u64()),
        (202, Some(2), Some(3))
    );
    assert_eq!(send("deployments", &ingest, &body).status, 200, "the same delivery again");
    let incident = r#"[{"id":"i1","service":"web","services":["web"],"started_at":"2026-08-21T11:00:00Z","resolved_at":"2026-08-21T12:00:00Z"}]"#;
    let told = send("incidents", &ingest, incident);
    assert_eq!(told.status, 202, "{}", told.body);
    let names: Vec<String> = loop {
        let services = server.get("/api/v1/services", &[]);
        if services.status == 200 {
            let items = services.json()["items"].as_array().unwrap().clone();
            break items.iter().map(|one| one["service"].as_str().unwrap().to_owned()).collect();
        }
    };
    assert_eq!(names, ["basket", "web"]);
    drop(server);
    let replayed = world.run(["replay", "--state", "all"]);
    assert_eq!(replayed.code, 0, "{}", replayed.stderr);
    assert_eq!(
        crate::cli::service_names(&world.assess(["--as-of", "2026-08-22", "truelevel.toml"])),
        ["basket", "web"]
    );
}
