//! The whole answer, for the shapes of delivery that people have.

use std::path::Path;

use serde_json::Value;

use crate::cli::{World, assert_warned, excluded, finish, service, service_names};
use crate::git::{Commit, HOUR, at};
use crate::shop::{AS_OF, Shop, VERSIONS, deployment, overlay, overlay_path};

fn gate<'a>(service: &'a Value, id: &str) -> &'a Value {
    let stages = service["stages"].as_array().unwrap().iter().chain(service["lanes"].as_array().unwrap());
    let mut gates = stages.flat_map(|stage| stage["gates"].as_array().unwrap());
    gates.find(|gate| gate["gate"] == id).unwrap_or_else(|| panic!("no gate {id}"))
}

fn frequency(service: &Value) -> &Value {
    &service["metrics"]["deployment_frequency"]["n"]
}

fn shipped(service: &Value) -> &Value {
    &service["metrics"]["change_lead_time"]["n"]
}

#[test]
fn a_service_promoted_by_a_deployment_repository_is_measured_and_scored() {
    let shop = Shop::new();
    let assessment = shop.assess(&[]);
    assert_eq!(service_names(&assessment), ["web"]);
    let web = service(&assessment, "web");
    assert_eq!(web["deployment_data"], "deployment_repository");
    assert_eq!(*frequency(web), VERSIONS);
    // The first version attributes nothing; each later one ships a change of six hours and one of five.
    let lead_time = &web["metrics"]["change_lead_time"];
    assert_eq!((&lead_time["n"], &lead_time["value"]), (&14.into(), &(5.5 * HOUR as f64).into()));
    assert_eq!(lead_time["p75"]["value"], 6.0 * HOUR as f64);
    assert_eq!((&lead_time["band"], &lead_time["censored"]), (&"elite".into(), &0.into()));
    let segments = &lead_time["details"];
    assert_eq!(segments["preproduction_to_production_seconds"], 3.0 * HOUR as f64);
    assert_eq!(excluded(web, "not_production"), 8, "staging");
    assert_eq!(excluded(web, "baseline"), 1);
    // Files raise to level 2, what ran raises further, and the lowest stage is the level.
    assert_eq!(gate(web, "build_is_scripted_and_run_by_ci")["outcome"], "met");
    assert_eq!(gate(web, "deployment_is_scripted")["outcome"], "met");
    assert_eq!(gate(web, "environments_are_code")["outcome"], "met");
    assert_eq!(gate(web, "services_report_their_health")["outcome"], "unmet");
    let every_change = gate(web, "every_change_is_built");
    assert_eq!((&every_change["outcome"], &every_change["is_intention"]), (&"unknown".into(), &true.into()));
    let stages = web["stages"].as_array().unwrap();
    let lowest = stages.iter().map(|stage| stage["proven"].as_u64().unwrap()).min().unwrap();
    assert_eq!(web["level"]["proven"], lowest);
    assert_eq!(assessment["level"]["proven"], 1);
    // Evidence is located.
    let evidence = &gate(web, "deployment_is_scripted")["evidence"];
    let synced = evidence.as_array().unwrap().iter().find(|proof| proof["practice"] == "gitops_sync").unwrap();
    assert_eq!((&synced["path"], &synced["line"]), (&"argocd/web.yaml".into(), &15.into()));
    assert_eq!(assessment["first_constraint"]["question"], "stable_and_quick_to_recover");
}

#[test]
fn what_waits_for_deployment_is_counted_as_open() {
    let mut shop = Shop::new();
    for hour in 0..5 {
        shop.web.commit(Commit::at(at(52, hour)).file("waiting", hour.to_string()));
    }
    shop.web.commit(Commit::at(at(53, 0)).on("not-merged").file("elsewhere", "x"));
    let web = shop.assess(&[]);
    let lead_time = &service(&web, "web")["metrics"]["change_lead_time"];
    assert_eq!((&lead_time["n"], &lead_time["censored"]), (&14.into(), &5.into()), "a branch is not merged yet");
    assert!(lead_time["value"].as_f64().unwrap() > 5.5 * HOUR as f64, "leaving them out would flatter");
    assert_eq!(service(&web, "web")["metrics"]["undeployed_changes"]["value"], 5.0);
}

#[test]
fn two_services_of_one_repository_have_the_changes_of_their_own_paths() {
    let world = World::new();
    let (mut mono, mut gitops) = (world.repository("mono"), world.repository("gitops"));
    let mut change = |day: i64, paths: &[&str]| {
        let commit = paths.iter().fold(Commit::at(at(day, 9)), |commit, path| commit.file(path, day.to_string()));
        mono.commit(commit)
    };
    let first = change(0, &["checkout/main.go", "search/main.go"]);
    change(1, &["checkout/main.go"]);
    change(2, &["search/main.go"]);
    change(3, &["README.md"]);
    let second = change(4, &["checkout/main.go", "search/main.go"]);
    change(5, &["checkout-old/main.go"]);
    let third = change(6, &["checkout/deep/er.go"]);
    for (day, version) in [(0, &first), (4, &second), (6, &third)] {
        for name in ["checkout", "search"] {
            gitops.commit(deployment(at(day, 10), name, "staging", version));
            gitops.commit(deployment(at(day, 12), name, "production", version));
        }
    }
    world.write(
        "truelevel.toml",
        "[[repository]]\npath = \"mono\"\n[[deployment_repository]]\npath = \"gitops\"\n\
         [[service]]\nname = \"checkout\"\nteam = \"payments\"\nrepository = \"mono\"\npaths = [\"checkout\"]\n\
         [[service]]\nname = \"search\"\nrepository = \"mono\"\npaths = [\"search\"]\n",
    );
    let assessment = world.assess(["--as-of", "2026-02-01"]);
    assert_eq!(service_names(&assessment), ["checkout", "search"]);
    let (checkout, search) = (service(&assessment, "checkout"), service(&assessment, "search"));
    assert_eq!((shipped(checkout), excluded(checkout, "outside_paths")), (&3.into(), 3));
    assert_eq!((shipped(search), excluded(search, "outside_paths")), (&2.into(), 4));
    assert_eq!((&checkout["team"], &search["team"]), (&"payments".into(), &Value::Null));
    assert_eq!((frequency(checkout), frequency(search)), (&3.into(), &3.into()));
}

#[test]
fn release_tags_stand_in_and_say_so_everywhere() {
    let shop = Shop::new();
    let assessment = shop.world.assess(["web", "--as-of", AS_OF]);
    let web = service(&assessment, "web");
    assert_eq!(web["deployment_data"], "release_tags");
    for metric in ["deployment_frequency", "change_lead_time"] {
        assert_eq!(web["metrics"][metric]["is_proxy"], true, "{metric}");
        assert_eq!(assessment["metrics"][metric]["is_proxy"], true, "{metric}");
    }
    assert!(web["level"]["proven"].as_u64().unwrap() <= 2, "without delivery data no more than 2 is proven");
    for stage in web["stages"].as_array().unwrap() {
        assert!(stage["proven"].as_u64().unwrap() <= 2, "{stage}");
    }
    assert!(assessment["pitfalls"].to_string().contains("releases_counted_as_deployments"));
    let text = shop.world.run(["assess", "web", "--as-of", AS_OF]);
    assert!(text.text().contains("proxy: releases, not deployments"), "{}", text.text());
    let markdown = shop.world.run(["assess", "web", "--as-of", AS_OF, "--format", "markdown"]);
    assert!(markdown.text().contains("proxy: releases, not deployments"), "{}", markdown.text());
    // With deployments nothing is a proxy.
    assert!(!shop.assess(&[]).to_string().contains("\"is_proxy\":true"));
}

#[test]
fn without_any_boundary_nothing_is_counted_and_nothing_is_zero() {
    let world = World::new();
    let mut app = world.repository("app");
    app.commit(Commit::at(at(1, 0)).file("a", "a"));
    let assessment = world.assess(["app", "--as-of", "2026-02-01"]);
    let app = service(&assessment, "app");
    assert_eq!(app["deployment_data"], "none");
    for (metric, measured) in app["metrics"].as_object().unwrap() {
        assert_eq!(measured["value"], Value::Null, "{metric}");
        assert!(measured["note"].is_string(), "{metric} says why");
    }
}

#[test]
fn a_rollback_counts_apart_and_a_return_is_a_redeployment_and_a_moved_file_is_nothing() {
    let mut shop = Shop::new();
    let deploy = |day, version: &str| deployment(at(day, 9), "web", "production", version);
    shop.gitops.commit(deploy(50, "v6.0.0"));
    let path = overlay_path("web", "production");
    let moved = "platform/web/overlays/production/kustomization.yaml";
    shop.gitops.commit(Commit::at(at(51, 9)).without(&path).file(moved, overlay("web", "v6.0.0")));
    shop.gitops.commit(Commit::at(at(52, 9)).file(moved, format!("# Kept by hand\n{}", overlay("web", "v6.0.0"))));
    shop.gitops.commit(Commit::at(at(53, 9)).without(moved));
    shop.gitops.commit(deploy(54, "v6.0.0"));
    shop.gitops.commit(deploy(55, "v7.0.0"));
    let assessment = shop.assess(&[]);
    let web = service(&assessment, "web");
    assert_eq!(web["metrics"]["deployment_frequency"]["details"]["rollbacks"], 1.0);
    assert_eq!(excluded(web, "redeployment"), 1);
    assert_eq!(*frequency(web), VERSIONS + 2, "the rollback and the way forward again");
    assert_eq!(shipped(web), 14, "nothing ships twice");
    let fail_rate = &web["metrics"]["change_fail_rate"];
    assert!(fail_rate.to_string().contains("lower bound"), "{fail_rate}");
    let run = shop.world.run(["explain", "change_fail_rate", "web", "gitops", "--as-of", AS_OF, "--all"]);
    let failed = run.text().lines().find(|line| line.contains("web v7.0.0")).expect("what was rolled back failed");
    assert!(failed.contains("rolled back") && failed.contains("recovered after"), "{failed}");
}

#[test]
fn one_commit_may_deploy_many_services_and_each_once() {
    let world = World::new();
    let mut gitops = world.repository("gitops");
    let names = ["api", "web", "worker"];
    for (day, version) in [(0, "v1"), (7, "v2"), (14, "v3")] {
        let commit = names.iter().fold(Commit::at(at(day, 9)), |commit, name| {
            commit
                .file(overlay_path(name, "staging"), overlay(name, version))
                .file(overlay_path(name, "production"), overlay(name, version))
        });
        gitops.commit(commit);
    }
    gitops.commit(deployment(at(20, 9), "api", "production", "v4"));
    let assessment = world.assess(["gitops", "--as-of", "2026-02-01"]);
    assert_eq!(service_names(&assessment), names);
    // What stood there in the first commit ran before, and is no event.
    let counts: Vec<_> = names.iter().map(|name| frequency(service(&assessment, name)).as_u64().unwrap()).collect();
    assert_eq!(counts, [3, 2, 2]);
    assert_eq!(assessment["coverage"]["production_deployments"], 7);
    assert_eq!(assessment["coverage"]["services_without_repository"], serde_json::json!(names));
    assert_eq!(service(&assessment, "api")["metrics"]["change_lead_time"]["value"], Value::Null);
}

#[test]
fn a_commit_on_a_branch_and_its_merge_deploy_once_at_the_merge() {
    let mut shop = Shop::new();
    let main = shop.gitops.git(["rev-parse", "main"]);
    let version = shop.web.commit(Commit::at(at(51, 9)).file("feature.txt", "8"));
    shop.web.tag("v8.0.0", &version);
    let branch =
        shop.gitops.commit(deployment(at(51, 10), "web", "production", "v8.0.0").on("promote").parents(&[&main]));
    let merge = deployment(at(51, 21), "web", "production", "v8.0.0").parents(&[&main, &branch]);
    shop.gitops.commit(merge);
    let web = shop.assess(&[]);
    assert_eq!(*frequency(service(&web, "web")), VERSIONS + 1);
    let run = shop.world.run(["explain", "deployment_frequency", "web", "gitops", "--as-of", AS_OF, "--all"]);
    let lines: Vec<&str> = run.text().lines().filter(|line| line.contains("v8.0.0")).collect();
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert!(lines[0].contains("2026-02-21T21:00:00Z"), "{lines:?}");
}

#[test]
fn every_answer_in_json_keeps_the_contract() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/schema/assessment-v1.schema.json");
    let schema: Value = serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let mut shop = Shop::new();
    let check = |shop: &Shop, paths: &[&str]| {
        let assessment = shop.world.assess(paths.iter().chain(&["--as-of", AS_OF]));
        let errors: Vec<String> =
            validator.iter_errors(&assessment).map(|error| format!("{}: {error}", error.instance_path())).collect();
        assert_eq!(errors, Vec::<String>::new(), "{paths:?}");
        assert_eq!(assessment["schema"], "truelevel/assessment/v1");
        assessment
    };
    check(&shop, &["web", "gitops"]);
    check(&shop, &["web"]);
    check(&shop, &["gitops"]);
    check(&shop, &["web", "gitops", "--window", "1"]);
    shop.gitops.commit(deployment(at(50, 9), "web", "production", "v6.0.0"));
    shop.gitops.commit(deployment(at(51, 9), "other", "production", "v1.0.0"));
    shop.web.commit(Commit::at(at(52, 9)).file("a", "a"));
    check(&shop, &["web", "gitops"]);
    let mut wrong = check(&shop, &["web"]);
    wrong["level"]["proven"] = "high".into();
    assert!(!validator.is_valid(&wrong), "the schema tells right from wrong");
}

#[test]
fn what_happens_after_the_as_of_changes_no_number() {
    let mut shop = Shop::new();
    let earlier = |shop: &Shop| {
        let assessment = shop.world.assess(["web", "gitops", "--as-of", AS_OF]);
        (assessment["level"].clone(), assessment["stages"].clone(), service(&assessment, "web")["metrics"].clone())
    };
    let before = earlier(&shop);
    shop.release(8, 80);
    shop.gitops.commit(deployment(at(90, 9), "web", "production", "v2.0.0"));
    shop.web.commit(Commit::at(at(91, 9)).without("main_test.go").without(".github/workflows/ci.yml"));
    assert_eq!(earlier(&shop), before);
}

#[test]
fn the_same_facts_give_the_same_bytes() {
    let shop = Shop::new();
    for format in ["json", "text", "markdown", "html"] {
        let arguments = ["assess", "web", "gitops", "--as-of", AS_OF, "--format", format];
        let first = shop.world.run(arguments).stdout;
        assert_eq!(shop.world.run(arguments).stdout, first, "{format}");
        let one_thread = finish(shop.world.command(arguments).env("RAYON_NUM_THREADS", "1")).stdout;
        assert_eq!(one_thread, first, "{format} on one thread");
        let elsewhere = finish(shop.world.command(arguments).env("TZ", "Asia/Tokyo").env("LANG", "tr_TR.UTF-8")).stdout;
        assert_eq!(elsewhere, first, "{format} elsewhere");
    }
    let there = shop.world.assess(["web", "gitops", "--as-of", AS_OF]);
    let back = shop.world.assess(["gitops", "web", "--as-of", AS_OF]);
    for part in ["services", "metrics", "stages", "level", "exclusions"] {
        assert_eq!(there[part], back[part], "the order of the paths decides no {part}");
    }
}

#[test]
fn exit_codes_tell_what_happened() {
    let shop = Shop::new();
    let code = |options: &[&str]| {
        let run = shop.world.run(["assess", "web", "gitops", "--as-of", AS_OF].iter().chain(options));
        assert!(!run.stdout.is_empty(), "the answer is given whatever the code");
        (run.code, run.stderr)
    };
    assert_eq!(code(&[]), (0, String::new()));
    assert_eq!(code(&["--fail-under", "1"]), (0, String::new()));
    let (below, why) = code(&["--fail-under", "2"]);
    assert_eq!(below, 1);
    assert!(why.contains("level 1 is below 2"), "{why}");
    let (missing, why) = code(&["--strict"]);
    assert_eq!(missing, 4);
    assert!(why.contains("data is missing"), "{why}");
    assert_eq!(code(&["--strict", "--fail-under", "2"]).0, 4);
    assert_eq!(shop.world.run(["assess", "web", "--as-of", "1999-01-01"]).code, 3);
    assert_eq!(shop.world.run(["assess", "--nonsense"]).code, 2);
}

#[test]
fn colours_are_asked_for_or_not_there() {
    let shop = Shop::new();
    let has_colour = |variables: &[(&str, &str)]| {
        let mut command = shop.world.command(["assess", "web", "gitops", "--as-of", AS_OF]);
        finish(command.envs(variables.iter().copied())).text().contains('\u{1b}')
    };
    assert!(!has_colour(&[]), "a pipe is no terminal");
    assert!(has_colour(&[("CLICOLOR_FORCE", "1")]));
    assert!(!has_colour(&[("CLICOLOR_FORCE", "0")]));
    assert!(!has_colour(&[("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1")]), "NO_COLOR wins");
    assert!(!has_colour(&[("NO_COLOR", ""), ("TERM", "xterm-256color")]));
    let mut forced = shop.world.command(["assess", "web", "--as-of", AS_OF, "--format", "json"]);
    assert!(!finish(forced.env("CLICOLOR_FORCE", "1")).text().contains('\u{1b}'), "JSON has no colours");
}

#[test]
fn a_service_can_be_asked_for_alone() {
    let mut shop = Shop::new();
    shop.gitops.commit(deployment(at(50, 9), "other", "production", "v1.0.0"));
    assert_eq!(service_names(&shop.assess(&[])), ["other", "web"]);
    let alone = shop.assess(&["--service", "web"]);
    assert_eq!(service_names(&alone), ["web"]);
    assert_eq!(alone["services"][0], *service(&shop.assess(&[]), "web"));
    assert_eq!(alone["coverage"]["production_deployments"], VERSIONS);
    let future = shop.world.assess(["web", "gitops", "--as-of", "2999-01-01"]);
    assert_warned(&future, &["lies in the future"]);
}
