//! Workspaces: what `init` writes, what the store keeps, and what `explain` says of it all.

use serde_json::Value;

use crate::cli::{World, service, service_names};
use crate::git::{Commit, at};
use crate::shop::{AS_OF, Shop, deployment};

/// The shop as a workspace in its folder.
fn initialised() -> Shop {
    let shop = Shop::new();
    let run = shop.world.run(["init"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    shop
}

fn bytes(world: &World) -> Vec<u8> {
    let run = world.run(["assess", "--as-of", AS_OF, "--format", "json"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    run.stdout
}

/// Asserts that two answers are the same bytes, and shows the lines that are not.
#[track_caller]
fn assert_same(one: &[u8], other: &[u8], what: &str) {
    let (one, other) = (String::from_utf8_lossy(one), String::from_utf8_lossy(other));
    let differing: Vec<_> = one.lines().zip(other.lines()).filter(|(one, other)| one != other).take(5).collect();
    assert!(one == other, "{what}: {differing:#?}");
}

/// What a workspace says that never saw anything before.
fn fresh(world: &World) -> Vec<u8> {
    std::fs::remove_dir_all(world.path().join(".truelevel")).unwrap();
    bytes(world)
}

#[test]
fn what_init_writes_gives_the_answer_that_was_found_without_it() {
    let shop = Shop::new();
    let found = shop.assess(&[]);
    let printed = shop.world.run(["init", "--print"]);
    assert!(!shop.world.path().join("truelevel.toml").exists(), "printing writes nothing");
    assert_eq!(shop.world.run(["init"]).code, 0);
    assert_eq!(shop.world.read("truelevel.toml"), printed.text());
    let configured = shop.world.assess(["--as-of", AS_OF]);
    for part in ["services", "metrics", "stages", "lanes", "level", "first_constraint", "roadmap", "exclusions"] {
        assert_eq!(configured[part], found[part], "{part}");
    }
    shop.world.run(["init"]).fails_with(2, &["truelevel.toml is there already", "--force"]);
    shop.world.write("truelevel.toml", "# mine\n");
    assert_eq!(shop.world.run(["init", "--force"]).code, 0);
    assert_eq!(shop.world.read("truelevel.toml"), printed.text());
}

#[test]
fn a_second_run_reads_the_store_and_gives_the_same_bytes() {
    let shop = initialised();
    let first = bytes(&shop.world);
    assert!(shop.world.path().join(".truelevel/store.sqlite").is_file());
    assert_same(&bytes(&shop.world), &first, "from the store");
    assert_same(&fresh(&shop.world), &first, "without a store");
    // The commits come from the store now: an old one may be gone from the repository.
    let old = shop.web.git(["rev-parse", "v0.0.0~1"]);
    std::fs::remove_file(shop.web.path.join(".git/objects").join(&old[..2]).join(&old[2..])).unwrap();
    assert_same(&bytes(&shop.world), &first, "from the store");
}

#[test]
fn collecting_first_changes_nothing() {
    let shop = initialised();
    let collected = shop.world.run(["collect"]);
    assert_eq!(collected.code, 0, "{}", collected.stderr);
    assert!(collected.text().contains("web: 16 changes, 8 tags"), "{}", collected.text());
    assert!(collected.text().contains("gitops: 16 changes, 0 tags, 16 deployments"), "{}", collected.text());
    assert_eq!(shop.world.run(["collect"]).stdout, collected.stdout, "again is harmless");
    let kept = bytes(&shop.world);
    assert_same(&fresh(&shop.world), &kept, "after collecting");
}

#[test]
fn going_on_after_new_commits_equals_starting_over() {
    let mut shop = initialised();
    let first = bytes(&shop.world);
    shop.release(8, 51);
    let side = shop.web.commit(Commit::at(at(52, 9)).on("side").parents(&["v3.0.0"]).file("side", "a"));
    shop.web.commit(Commit::at(at(52, 10)).parents(&["v8.0.0", &side]));
    let second = bytes(&shop.world);
    assert_ne!(second, first);
    assert_same(&fresh(&shop.world), &second, "new commits and a merge");
    shop.gitops.commit(deployment(at(53, 9), "web", "production", "v7.0.0"));
    let third = bytes(&shop.world);
    assert_ne!(third, second);
    assert_same(&fresh(&shop.world), &third, "a rollback");
}

#[test]
fn going_on_after_tags_and_branches_moved_equals_starting_over() {
    let shop = initialised();
    let first = bytes(&shop.world);
    shop.web.git(["update-ref", "-d", "refs/tags/v5.0.0"]);
    shop.web.git(["update-ref", "refs/tags/v6.0.0", "refs/tags/v6.0.0~1"]);
    let second = bytes(&shop.world);
    assert_ne!(second, first);
    assert_same(&fresh(&shop.world), &second, "tags");
    shop.gitops.git(["update-ref", "refs/heads/main", "main~3"]);
    let third = bytes(&shop.world);
    assert_ne!(third, second);
    let (kept, fresh): (Value, Value) =
        (serde_json::from_slice(&third).unwrap(), serde_json::from_slice(&fresh(&shop.world)).unwrap());
    assert_eq!(kept["services"], fresh["services"], "the deployment repository went back");
}

#[test]
fn a_changed_configuration_holds_for_what_is_stored_already() {
    let shop = initialised();
    let first = bytes(&shop.world);
    let text = shop.world.read("truelevel.toml");
    shop.world.write("truelevel.toml", format!("{text}\n[automation]\naccounts = [\"ada@example.com\"]\n"));
    let second = bytes(&shop.world);
    assert_ne!(second, first);
    assert_same(&fresh(&shop.world), &second, "automation accounts");
    shop.world.write(
        "truelevel.toml",
        text.replace("name = \"production\"\nproduction = true", "name = \"production\"\nproduction = false"),
    );
    assert_ne!(shop.world.read("truelevel.toml"), text);
    let third = bytes(&shop.world);
    assert_same(&fresh(&shop.world), &third, "environments");
    let answer: Value = serde_json::from_slice(&third).unwrap();
    let web = service(&answer, "web");
    assert_eq!(web["deployment_data"], "release_tags", "nothing is deployed to production any more");
}

#[test]
fn a_damaged_store_is_named_and_not_used() {
    let shop = initialised();
    bytes(&shop.world);
    let store = shop.world.path().join(".truelevel/store.sqlite");
    for side in ["-wal", "-shm"] {
        let _ = std::fs::remove_file(store.with_file_name(format!("store.sqlite{side}")));
    }
    std::fs::write(&store, b"not a database, whatever its name says").unwrap();
    shop.world.run(["assess", "--as-of", AS_OF]).fails_with(2, &["store.sqlite"]);
}

#[test]
fn a_workspace_is_found_from_the_folders_below_it() {
    let shop = initialised();
    let below = shop.web.path.join("deep/er");
    std::fs::create_dir_all(&below).unwrap();
    let mut command = shop.world.command(["assess", "--as-of", AS_OF, "--format", "json"]);
    let run = crate::cli::finish(command.current_dir(&below));
    assert_eq!(run.stdout, bytes(&shop.world));
    assert_eq!(shop.world.run(["assess", ".", "--as-of", AS_OF, "--format", "json"]).stdout, run.stdout);
    assert_eq!(shop.world.run(["assess", "truelevel.toml", "--as-of", AS_OF, "--format", "json"]).stdout, run.stdout);
}

#[test]
fn what_the_configuration_says_of_services_is_obeyed() {
    let mut shop = Shop::new();
    shop.gitops.commit(deployment(at(50, 9), "other", "production", "v1.0.0"));
    let workspace = |extra: &str| {
        shop.world.write(
            "truelevel.toml",
            format!("[workspace]\nonly_listed_services = true\nwindow_days = 60\n[[repository]]\npath = \"web\"\n[[deployment_repository]]\npath = \"gitops\"\n{extra}"),
        );
        shop.world.assess(["--as-of", AS_OF])
    };
    let plain = workspace("[[service]]\nname = \"web\"\n");
    assert_eq!(service_names(&plain), ["web"]);
    assert_eq!(plain["window_days"], 60);
    let baseline = workspace("[[service]]\nname = \"web\"\nbaseline = \"v0.0.0\"\n");
    assert_eq!(baseline["services"][0]["exclusions"].get("baseline"), None);
    let staging = workspace(
        "[[environment]]\nname = \"staging\"\nproduction = false\n[[service]]\nname = \"web\"\nproduction = [\"staging\"]\n",
    );
    let lead_time = |assessment: &Value| assessment["services"][0]["metrics"]["change_lead_time"]["value"].as_f64();
    assert_eq!(lead_time(&staging), Some(2.5 * 3600.0));
    assert_eq!(lead_time(&plain), Some(5.5 * 3600.0));
    let named = workspace("[[service]]\nname = \"shop\"\nrepository = \"web\"\n");
    assert_eq!(named["services"][0]["deployment_data"], "release_tags");
}

#[test]
fn every_kind_of_id_is_explained_with_its_definition_and_what_it_is_here() {
    let mut shop = Shop::new();
    shop.gitops.commit(deployment(at(50, 9), "web", "production", "v99.0.0"));
    for (id, kind, parts) in [
        ("change_lead_time", "metric", &["Kaplan–Meier", "web", "shipped with web v7.0.0 in production"][..]),
        ("deployment_frequency", "metric", &["web v0.0.0 in production, 2026-01-01T15:00:00Z: first known"]),
        ("ci_pipeline", "practice", &["web:.github/workflows/ci.yml:12"]),
        ("version_unresolved", "reason code", &["1 left out", "web v99.0.0 in production, 2026-02-20T09:00:00Z"]),
        ("build_is_scripted_and_run_by_ci", "gate", &["How to get there", "met", ".github/workflows/ci.yml:12"]),
        ("deploy_on_demand", "question", &["Yes when", "web: "]),
    ] {
        let run = shop.world.run(["explain", id, "web", "gitops", "--as-of", AS_OF, "--all"]);
        assert_eq!(run.code, 0, "{}", run.stderr);
        assert!(run.text().lines().next().unwrap().ends_with(&format!("({kind} {id})")), "{}", run.text());
        for part in parts {
            assert!(run.text().contains(part), "{id}: `{part}` is not in {}", run.text());
        }
        let json = shop.world.run(["explain", id, "web", "gitops", "--as-of", AS_OF, "--format", "json"]).json();
        assert_eq!((&json["id"], &json["kind"]), (&id.into(), &kind.into()));
        assert!(!json["sections"].as_array().unwrap().is_empty());
    }
}

#[test]
fn everything_that_is_listed_can_be_explained_outside_of_any_repository() {
    let world = World::new();
    let list = world.run(["explain"]);
    let ids: Vec<&str> = list.text().lines().filter_map(|line| line.split_whitespace().next()).collect();
    assert!(ids.len() > 60, "{}", ids.len());
    for id in ids {
        let run = world.run(["explain", id, "--definition"]);
        assert_eq!(run.code, 0, "{id}: {}", run.stderr);
        assert!(run.text().lines().count() > 2, "{id} says too little: {}", run.text());
    }
    let run = world.run(["explain", "change_lead_time"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert_eq!(run.stdout, world.run(["explain", "change_lead_time", "--definition"]).stdout);
}

#[test]
fn every_code_and_gate_of_an_answer_can_be_explained() {
    let shop = Shop::new();
    let answer = shop.assess(&[]);
    let gates = answer["stages"].as_array().unwrap().iter().chain(answer["lanes"].as_array().unwrap());
    let gates = gates.flat_map(|stage| stage["gates"].as_array().unwrap()).map(|gate| &gate["gate"]);
    let questions =
        answer["first_constraint"]["chain"].as_array().unwrap().iter().map(|question| &question["question"]);
    let ids = gates.chain(questions).map(|id| id.as_str().unwrap().to_owned());
    let ids = ids.chain(answer["exclusions"].as_object().unwrap().keys().cloned());
    let list = shop.world.run(["explain"]);
    let known: Vec<&str> = list.text().lines().filter_map(|line| line.split_whitespace().next()).collect();
    for id in ids.chain(answer["metrics"].as_object().unwrap().keys().cloned()) {
        assert!(known.contains(&id.as_str()), "{id}");
    }
}
