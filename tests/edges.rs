//! Edges that are easily got wrong: damage, links, rewritten histories, names that match nothing.

use std::process::Stdio;

use crate::cli::{World, assert_warned, excluded, finish, service, service_names};
use crate::git::{Commit, at, git, git_command};
use crate::shop::{AS_OF, Shop, with_service_files};

#[test]
fn a_folder_that_cannot_be_read_makes_practices_unknown_and_not_absent() {
    let shop = Shop::new();
    let workflows = shop.web.git(["rev-parse", "main:.github/workflows"]);
    std::fs::remove_file(shop.web.path.join(".git/objects").join(&workflows[..2]).join(&workflows[2..])).unwrap();
    let run = shop.world.run(["explain", "ci_pipeline", "web", "--as-of", AS_OF]);
    assert!(run.text().contains("web: unknown"), "{}", run.text());
}

#[test]
fn a_repository_with_reftables_is_refused_and_not_taken_for_empty() {
    let world = World::new();
    let made = git_command(world.path()).args(["init", "--quiet", "--ref-format=reftable", "tables"]).output().unwrap();
    if !made.status.success() {
        return; // An older git cannot make it.
    }
    let folder = world.path().join("tables");
    std::fs::write(folder.join("a"), "a").unwrap();
    git(&folder, ["add", "a"]);
    git(&folder, ["commit", "--quiet", "--message", "Add a"]);
    world.run(["assess", "tables"]).fails_with(2, &["tables", "reftable"]);
}

#[test]
fn a_repository_of_another_hash_is_called_what_it_is() {
    let world = World::new();
    git(world.path(), ["init", "--quiet", "--object-format=sha256", "wide"]);
    world.run(["assess", "wide"]).fails_with(2, &["wide", "sha256"]);
}

#[test]
fn a_lead_time_that_is_impossible_is_set_aside_and_counted() {
    for seconds in [0, 86_400] {
        let world = World::new();
        let mut app = world.repository("app");
        app.commit(Commit::at(at(1, 0)).file("a", "a").tagged("v1.0.0"));
        app.import(
            format!("commit refs/heads/main\nauthor A <a@example.com> {seconds} +0000\ncommitter A <a@example.com> {} +0000\ndata 0\nfrom refs/heads/main^0\n", at(2, 0))
                .as_bytes(),
        );
        app.tag("v1.1.0", "main");
        let assessment = world.assess(["app", "--as-of", "2026-02-01"]);
        let app = service(&assessment, "app");
        assert_eq!(app["metrics"]["change_lead_time"]["n"], 0, "{}", app["metrics"]["change_lead_time"]);
    }
}

#[test]
fn a_store_is_never_written_through_a_link_of_the_repository() {
    let world = World::new();
    let mut app = world.repository("app");
    app.commit(
        Commit::at(at(1, 0)).file("truelevel.toml", "[[repository]]\npath = \".\"\n").link(".truelevel", "../outside"),
    );
    app.git(["reset", "--quiet", "--hard"]);
    std::fs::create_dir(world.path().join("outside")).unwrap();
    world.run(["assess", "app", "--as-of", "2026-02-01"]);
    assert_eq!(std::fs::read_dir(world.path().join("outside")).unwrap().count(), 0);
}

#[test]
fn a_result_that_cannot_be_written_is_no_success() {
    let shop = Shop::new();
    let full = std::fs::File::options().write(true).open("/dev/full").unwrap();
    let mut command = shop.world.command(["assess", "web", "--as-of", AS_OF]);
    let run = finish(command.stdout(Stdio::from(full)));
    assert_ne!(run.code, 0, "{}", run.stderr);
}

#[test]
fn a_configured_repository_or_baseline_that_is_not_there_is_named() {
    let shop = Shop::new();
    shop.world.write("truelevel.toml", "[[repository]]\npath = \"web\"\n[[deployment_repository]]\npath = \"gitops\"\n[[service]]\nname = \"web\"\nbaseline = \"v77\"\n");
    assert_warned(&shop.world.assess(["--as-of", AS_OF]), &["web", "baseline", "v77"]);
    shop.world.write(
        "truelevel.toml",
        "[[deployment_repository]]\npath = \"gitops\"\n[[service]]\nname = \"web\"\nrepository = \"shop\"\n",
    );
    let assessment = shop.world.assess(["--as-of", AS_OF]);
    assert_eq!(service(&assessment, "web")["repositories"], serde_json::json!([]));
    assert_warned(&assessment, &["web", "shop"]);
}

#[test]
fn init_writes_no_character_that_reorders_text() {
    let world = World::new();
    let mut app = world.repository("app\u{202e}gpj");
    app.commit(Commit::at(at(1, 0)).file("a", "a"));
    let run = world.run(["init", ".", "--print"]);
    assert!(!run.text().contains('\u{202e}'), "{:?}", run.text());
}

#[test]
fn going_on_after_history_was_rewritten_equals_starting_over() {
    let shop = Shop::new();
    shop.world.run(["init"]);
    let run =
        || shop.world.run(["assess", "--as-of", AS_OF, "--format", "json"]).json()["coverage"]["repositories"].clone();
    run();
    shop.gitops.git(["update-ref", "refs/heads/main", "main~3"]);
    let kept = run();
    std::fs::remove_dir_all(shop.world.path().join(".truelevel")).unwrap();
    assert_eq!(kept, run());
}

#[test]
fn what_is_left_out_is_that_of_the_window() {
    let shop = Shop::new();
    let assessment = shop.assess(&["--window", "12"]);
    let web = service(&assessment, "web");
    assert_eq!(excluded(web, "not_production"), 1, "staging of version 7");
    assert_eq!(excluded(web, "baseline"), 0, "the first deployment was long before");
}

#[test]
fn changes_that_may_have_shipped_with_an_unresolved_deployment_are_marked() {
    let shop = Shop::new();
    shop.web.git(["update-ref", "-d", "refs/tags/v4.0.0"]);
    let run = shop.world.run(["explain", "change_lead_time", "web", "gitops", "--as-of", AS_OF, "--all"]);
    let lines: Vec<&str> = run.text().lines().filter(|line| line.contains("shipped with web v5.0.0")).collect();
    assert_eq!(lines.len(), 4);
    let usual = run.text().lines().find(|line| line.contains("shipped with web v3.0.0")).unwrap();
    let words = |line: &str| line.split_whitespace().count();
    assert!(lines.iter().all(|line| words(line) > words(usual)), "{lines:?}");
}

#[test]
fn a_deployment_repository_is_no_service() {
    let shop = Shop::new();
    shop.world.write(
        "truelevel.toml",
        "[[repository]]\npath = \"web\"\n[[deployment_repository]]\npath = \"gitops\"\n[[environment]]\nname = \"production\"\nproduction = false\n",
    );
    assert_eq!(service_names(&shop.world.assess(["--as-of", AS_OF])), ["web"]);
}

/// The clone that says what runs was not fetched since; the service goes on.
#[test]
fn a_window_after_the_last_of_the_data_is_unknown_and_not_a_standstill() {
    let mut shop = Shop::new();
    shop.web.commit(Commit::at(at(200, 0)).file("later.txt", "later"));
    let assessment = shop.world.assess(["web", "gitops", "--as-of", "2026-08-01"]);
    let web = service(&assessment, "web");
    for metric in ["deployment_frequency", "change_lead_time", "undeployed_changes"] {
        let measured = &web["metrics"][metric];
        assert!(measured["value"].is_null(), "{metric}: {measured}");
        assert!(measured["note"].as_str().unwrap().contains("ends on 2026-02-19"), "{metric}: {measured}");
    }
    assert_eq!(assessment["first_constraint"]["chain"][0]["answer"], "unknown");
    shop.gitops.commit(Commit::at(at(201, 0)).file("README.md", "Nothing new runs."));
    let fetched = shop.world.assess(["web", "gitops", "--as-of", "2026-08-01"]);
    assert_eq!(service(&fetched, "web")["metrics"]["deployment_frequency"]["value"], 0.0, "a standstill that was seen");
}

/// What an assessment says of a pitfall.
fn pitfall<'a>(assessment: &'a serde_json::Value, id: &str) -> Option<&'a serde_json::Value> {
    assessment["pitfalls"].as_array().unwrap().iter().find(|found| found["pitfall"] == id)
}

#[test]
fn pipelines_that_were_copied_are_found_and_those_that_refer_are_not() {
    let world = World::new();
    let names = ["a", "b", "c"];
    for name in names {
        world.repository(name).commit(with_service_files(Commit::at(at(1, 0))));
    }
    let copied = world.assess([&names[..], &["--as-of", "2026-02-01"]].concat());
    let found = pitfall(&copied, "pipelines_copied").unwrap();
    assert_eq!(found["evidence"], serde_json::json!([".github/workflows/ci.yml: 3 repositories"]));
    let two = world.assess([&names[..2], &["--as-of", "2026-02-01"]].concat());
    assert_eq!(pitfall(&two, "pipelines_copied"), None);
    let shared = "on: push\njobs:\n  a:\n    uses: org/ci/.github/workflows/go.yml@v2\n";
    for name in ["d", "e", "f"] {
        world.repository(name).commit(Commit::at(at(1, 0)).file(".github/workflows/ci.yml", shared));
    }
    let referring = world.assess(["d", "e", "f", "--as-of", "2026-02-01"]);
    assert_eq!(pitfall(&referring, "pipelines_copied"), None);
}

#[test]
fn what_is_home_made_is_listed_with_its_place() {
    let world = World::new();
    let schema = "ActiveRecord::Schema[7.1].define(version: 1) do\n  create_table \"feature_flags\" do |t|\n    t.string \"name\"\n    t.boolean \"enabled\"\n  end\nend\n";
    let hook = "app = Flask(__name__)\n@app.post('/deploy')\ndef deploy():\n    subprocess.run(['git', 'pull'])\n";
    world
        .repository("app")
        .commit(with_service_files(Commit::at(at(1, 0))).file("db/schema.rb", schema).tagged("v0.1.0"));
    world.repository("ops").commit(Commit::at(at(1, 0)).file("webhook/server.py", hook).tagged("v0.1.0"));
    world.repository("plain").commit(with_service_files(Commit::at(at(1, 0))).tagged("v0.1.0"));
    let assess = |more: &[&str]| world.assess(["app", "ops", "plain", "--as-of", "2026-02-01"].iter().chain(more));
    let found = |answer: &serde_json::Value| -> Vec<String> {
        let all = answer["roadmap"]["home_made"].as_array().cloned().unwrap_or_default();
        let place = |it: &serde_json::Value| {
            format!("{} {}:{}", it["commodity"], it["places"][0]["path"], it["places"][0]["line"])
        };
        all.iter().map(place).collect()
    };
    let all = ["\"deployment_server\" \"webhook/server.py\":4", "\"flag_store\" \"db/schema.rb\":2"];
    assert_eq!(found(&assess(&[])), all);
    assert_eq!(found(&assess(&["--service", "plain"])), [""; 0], "those of other services are not asked about");
    let text = world.run(["assess", "app", "ops", "plain", "--as-of", "2026-02-01"]);
    assert!(text.text().contains("Home-made commodities") && text.text().contains("db/schema.rb:2"), "{}", text.text());
    let page = world.run(["assess", "app", "ops", "--as-of", "2026-02-01", "--format", "html"]);
    assert!(page.text().contains("webhook/server.py:4") && page.text().contains("In its place:"));
}

#[test]
fn what_is_switched_off_is_theatre_and_what_runs_is_none() {
    let world = World::new();
    let workflow = |test: &str| {
        format!("on: [push, pull_request]\njobs:\n  a:\n    steps:\n      - run: go build ./...\n      - run: {test}\n")
    };
    for (name, test) in [("strict", "go test ./..."), ("lax", "go test ./... || true")] {
        let commit = Commit::at(at(1, 0)).file(".github/workflows/ci.yml", workflow(test));
        world.repository(name).commit(commit.tagged("v0.1.0"));
    }
    let found = world.assess(["lax", "strict", "--as-of", "2026-02-01"]);
    let found = pitfall(&found, "configuration_theatre").unwrap();
    assert_eq!(found["services"], serde_json::json!(["lax"]));
    assert_eq!(found["evidence"], serde_json::json!(["tests_gate_changes: .github/workflows/ci.yml:6 in lax"]));
    let strict = world.assess(["strict", "--as-of", "2026-02-01"]);
    assert_eq!(pitfall(&strict, "configuration_theatre"), None);
}

#[test]
fn releases_of_nothing_are_found() {
    let world = World::new();
    let mut app = world.repository("app");
    app.commit(with_service_files(Commit::at(at(1, 0))).tagged("v0.1.0"));
    for day in 2..20 {
        let commit = Commit::at(at(day, 0)).tagged(&format!("v0.{day}.0"));
        app.commit(if day % 3 == 0 { commit } else { commit.file("main.go", format!("package main // {day}\n")) });
    }
    let found = world.assess(["app", "--as-of", "2026-02-01"]);
    let evidence = &pitfall(&found, "empty_deployments").unwrap()["evidence"];
    assert_eq!(evidence, &serde_json::json!(["app: 6 of 18 deployments"]));
    assert_eq!(pitfall(&found, "trivial_deployments"), None);
}

#[test]
fn releases_of_nothing_but_space_are_found() {
    let world = World::new();
    let mut app = world.repository("app");
    app.commit(with_service_files(Commit::at(at(1, 0))).tagged("v0.1.0"));
    for day in 2..20 {
        // Every third one adds a blank line; the others indent more, which may mean something.
        let blank = "\n".repeat(day as usize % 3);
        let indent = " ".repeat(day as usize / 3);
        let text = format!("package main\n{indent}func main() {{}}{blank}\n");
        app.commit(Commit::at(at(day, 0)).tagged(&format!("v0.{day}.0")).file("main.go", text));
    }
    let found = world.assess(["app", "--as-of", "2026-02-01"]);
    let evidence = &pitfall(&found, "trivial_deployments").unwrap()["evidence"];
    assert_eq!(evidence, &serde_json::json!(["app: 12 of 18 deployments"]));
    assert_eq!(pitfall(&found, "empty_deployments"), None);
}
