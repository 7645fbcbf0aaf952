//! Repositories in all the forms that people keep them in.

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::cli::{World, assert_warned, excluded, finish, service, warnings};
use crate::git::{Commit, DAY, Repo, at, git, git_command};
use crate::shop::{AS_OF, Shop};

/// The answer without the name that the path gives it.
fn unnamed(mut assessment: Value) -> Value {
    assessment["workspace"] = Value::Null;
    assessment
}

fn repository(assessment: &Value) -> &Value {
    &assessment["coverage"]["repositories"][0]
}

fn object(repository: &Path, id: &str) -> PathBuf {
    let file = repository.join(".git/objects").join(&id[..2]).join(&id[2..]);
    assert!(file.is_file(), "{} is a loose object", file.display());
    file
}

#[test]
fn bare_checked_out_worktree_and_subfolder_give_the_same_answer() {
    let shop = Shop::new();
    let folder = shop.world.path();
    for name in ["bare", "plain", "trees"] {
        std::fs::create_dir(folder.join(name)).unwrap();
    }
    shop.web.cloned("bare/web.git", &["--bare"]);
    let plain = shop.web.cloned("plain/web", &[]);
    shop.web.git(["worktree", "add", "--quiet", "--detach", "../trees/web", "main"]);
    std::fs::create_dir_all(plain.join("deep/er")).unwrap();
    let expected = unnamed(shop.world.assess(["web", "--as-of", AS_OF]));
    assert_eq!(repository(&expected)["changes"], 16);
    for path in ["bare/web.git", "plain/web", "plain/web/.git", "trees/web", "plain/web/deep/er"] {
        assert_eq!(unnamed(shop.world.assess([path, "--as-of", AS_OF])), expected, "{path}");
    }
    let run =
        finish(shop.world.command(["assess", "--format", "json", "--as-of", AS_OF]).current_dir(plain.join("deep")));
    assert_eq!(unnamed(run.json()), expected, "the current folder");
}

#[test]
fn packed_references_packs_and_a_commit_graph_change_nothing() {
    let shop = Shop::new();
    shop.web.annotated_tag("v7.0.1", &shop.web.git(["rev-parse", "main"]), at(50, 0));
    let run = || shop.world.run(["assess", "web", "gitops", "--as-of", AS_OF, "--format", "json"]).stdout;
    let loose = run();
    shop.web.git(["pack-refs", "--all"]);
    assert_eq!(run(), loose, "packed references");
    for repo in [&shop.web, &shop.gitops] {
        repo.git(["gc", "--quiet"]);
        repo.git(["commit-graph", "write", "--reachable", "--changed-paths"]);
    }
    assert_eq!(run(), loose, "packs and a commit-graph");
    let newest = git_command(&shop.web.path)
        .env("GIT_COMMITTER_DATE", format!("{} +0000", at(60, 0)))
        .args(["commit-tree", "main^{tree}", "-p", "main", "-m", "Newer than the graph"])
        .output()
        .unwrap();
    shop.web.git(["update-ref", "refs/heads/main", String::from_utf8(newest.stdout).unwrap().trim()]);
    let partly = run();
    std::fs::remove_file(shop.web.path.join(".git/objects/info/commit-graph")).unwrap();
    assert_eq!(run(), partly, "a graph that lacked the newest commit");
    assert_ne!(partly, loose, "a commit came");
    shop.web.git(["commit-graph", "write", "--reachable", "--split"]);
    assert_eq!(run(), partly, "a split graph");
}

#[test]
fn a_shallow_clone_is_warned_of_and_nothing_is_guessed() {
    let shop = Shop::new();
    std::fs::create_dir(shop.world.path().join("cut")).unwrap();
    // The newest two versions, of two commits each.
    let cut = shop.web.cloned("cut/web", &["--depth", "4"]);
    let assessment = shop.world.assess(["cut/web", "gitops", "--as-of", AS_OF]);
    assert_warned(&assessment, &["web is a shallow clone", "git fetch --unshallow"]);
    assert_eq!(repository(&assessment)["is_shallow"], true);
    assert_eq!(repository(&assessment)["changes"], 4);
    let web = service(&assessment, "web");
    // Version 6 is the first that resolves: what it shipped is not known.
    assert_eq!(web["metrics"]["change_lead_time"]["n"], 2);
    assert_eq!(excluded(web, "version_unresolved"), 6, "versions 0 to 5");
    assert!(excluded(web, "baseline") > 0);
    // A commit-graph from before the cut knows of more than the clone holds.
    shop.web.git(["commit-graph", "write", "--reachable"]);
    let graph = ".git/objects/info/commit-graph";
    std::fs::create_dir_all(cut.join(graph).parent().unwrap()).unwrap();
    std::fs::copy(shop.web.path.join(graph), cut.join(graph)).unwrap();
    assert_eq!(shop.world.assess(["cut/web", "gitops", "--as-of", AS_OF]), assessment);
    let whole = shop.assess(&[]);
    assert!(
        !repository(&whole)["is_shallow"].as_bool().unwrap()
            && excluded(service(&whole, "web"), "version_unresolved") == 0
    );
}

#[test]
fn a_partial_clone_is_warned_of_and_what_was_not_fetched_is_unknown_not_absent() {
    let shop = Shop::new();
    std::fs::create_dir(shop.world.path().join("part")).unwrap();
    shop.web.git(["config", "uploadpack.allowFilter", "true"]);
    let clone = shop.web.cloned("part/web", &["--no-checkout", "--filter=blob:none"]);
    // Nothing may be fetched while it is assessed.
    git(&clone, ["remote", "set-url", "origin", "https://git.example.com/web"]);
    let assessment = shop.world.assess(["part/web", "gitops", "--as-of", AS_OF]);
    assert_warned(&assessment, &["web is a partial clone"]);
    let whole = shop.assess(&[]);
    let metrics = |assessment: &Value| service(assessment, "web")["metrics"].as_object().unwrap().clone();
    let (mut part, mut whole_metrics) = (metrics(&assessment), metrics(&whole));
    let lines = [&mut part, &mut whole_metrics].map(|metrics| metrics.remove("deployment_batch_lines").unwrap());
    assert!(lines[0]["value"].is_null() && lines[1]["value"].is_number(), "files were not fetched: {lines:?}");
    assert_eq!(part, whole_metrics, "commits were all fetched");
    let gates = |assessment: &Value| -> Vec<(String, String)> {
        let stages = service(assessment, "web")["stages"].as_array().unwrap().clone();
        let gates = stages.iter().flat_map(|stage| stage["gates"].as_array().unwrap().clone());
        gates.map(|gate| (gate["gate"].to_string(), gate["outcome"].as_str().unwrap().to_owned())).collect()
    };
    for ((gate, here), (_, there)) in gates(&assessment).into_iter().zip(gates(&whole)) {
        assert!(here == there || here == "unknown", "{gate} is {there} in the whole clone and {here} in this one");
    }
}

#[test]
fn a_link_to_a_repository_is_called_by_its_own_name_and_read_once() {
    let shop = Shop::new();
    std::os::unix::fs::symlink("web", shop.world.path().join("storefront")).unwrap();
    let assessment = shop.world.assess(["storefront", "--as-of", AS_OF]);
    assert_eq!(
        (&assessment["workspace"], &repository(&assessment)["repository"]),
        (&"storefront".into(), &"storefront".into())
    );
    let twice = shop.world.assess(["web", "./web/.git", "storefront", "--as-of", AS_OF]);
    assert_eq!(twice["workspace"], "web");
    assert_eq!(twice["coverage"]["repositories"].as_array().unwrap().len(), 1);
    assert_warned(&twice, &["./web/.git is the same repository as web and is read once"]);
}

#[test]
fn a_release_tag_of_a_clock_that_nobody_set_hides_no_other_release() {
    let world = World::new();
    let mut app = Repo::new(world.path(), "app");
    let ids = app.commits((1..=5).map(|day| Commit::at(at(day, 9)).file("a", day.to_string())));
    for (place, id) in ids.iter().enumerate() {
        let tagged_at = if place == 3 { 10 } else { at(place as i64 + 1, 12) };
        app.annotated_tag(&format!("v1.{place}"), id, tagged_at);
    }
    let assessment = world.assess(["app", "--as-of", AS_OF]);
    let app = service(&assessment, "app");
    assert_eq!(app["metrics"]["deployment_frequency"]["details"]["rollbacks"], 0.0);
    assert_eq!(app["metrics"]["change_lead_time"]["n"], 4, "all but the first, which attributes nothing");
    assert_warned(&assessment, &["a release tag is older than the commits before the one it names (v1.3)"]);
}

#[test]
fn the_mailmap_names_authors_in_bare_and_checked_out_repositories_alike() {
    let mut shop = Shop::new();
    shop.web.commit(Commit::at(at(55, 9)).by("Morris <morris@example.com>").file("a", "a"));
    let tagged = shop
        .web
        .commit(Commit::at(at(55, 10)).file(".mailmap", "dependabot[bot] <bot@example.com> <morris@example.com>\n"));
    shop.web.tag("v8.0.0", &tagged);
    for name in ["bare", "plain"] {
        std::fs::create_dir(shop.world.path().join(name)).unwrap();
    }
    shop.web.cloned("bare/web.git", &["--bare"]);
    shop.web.cloned("plain/web", &[]);
    for path in ["bare/web.git", "plain/web"] {
        let assessment = shop.world.assess([path, "--as-of", AS_OF]);
        let details = &service(&assessment, "web")["metrics"]["change_lead_time"]["details"];
        assert_eq!(details["changes_by_automation"], 1.0, "{path}");
    }
}

#[test]
fn annotated_tags_have_their_own_time_and_light_ones_that_of_their_commit() {
    let world = World::new();
    let mut app = world.repository("app");
    let commits: Vec<String> =
        (0..4).map(|day| app.commit(Commit::at(at(day, 9)).file("a", day.to_string()))).collect();
    app.tag("v1.0.0", &commits[0]);
    app.annotated_tag("v1.1.0", &commits[1], at(10, 12));
    app.git(["update-ref", "refs/tags/inner", &commits[2]]);
    app.annotated_tag("middle", &commits[2], at(11, 0));
    let middle = app.git(["rev-parse", "refs/tags/middle"]);
    app.annotated_tag("v1.2.0", &middle, at(12, 12));
    app.tag("v1.3.0", &app.git(["rev-parse", "main^{tree}"]));
    app.annotated_tag("v2.0.0-rc.1", &commits[3], at(13, 12));
    let run = world.run(["explain", "deployment_frequency", "app", "--as-of", "2026-02-01", "--all"]);
    for line in [
        "app v1.0.0 in release, 2026-01-01T09:00:00Z",
        "app v1.1.0 in release, 2026-01-11T12:00:00Z",
        "app v1.2.0 in release, 2026-01-13T12:00:00Z",
    ] {
        assert!(run.text().contains(line), "{line}: {}", run.text());
    }
    assert!(!run.text().contains("v1.3.0"), "a tag of a tree releases nothing");
    let assessment = world.assess(["app", "--as-of", "2026-02-01"]);
    assert_eq!(excluded(&assessment, "prerelease"), 1);
}

#[test]
fn the_default_branch_is_found_under_any_name() {
    for name in ["main", "master", "trunk", "develop"] {
        let world = World::new();
        let mut app = world.repository("app");
        let tip = app.commit(Commit::at(at(1, 0)).on(name).file("a", "a"));
        app.commit(Commit::at(at(9, 0)).on("aaa-newer").parents(&[&tip]).file("a", "b"));
        app.git(["symbolic-ref", "HEAD", "refs/heads/aaa-newer"]);
        let assessment = world.assess(["app", "--as-of", "2026-02-01"]);
        assert_eq!(repository(&assessment)["branch"], name);
        assert_eq!(repository(&assessment)["commit"], tip);
    }
}

#[test]
fn the_remotes_head_decides_before_any_usual_name() {
    let world = World::new();
    let mut origin = world.repository("origin");
    let tip = origin.commit(Commit::at(at(1, 0)).on("production/line").file("a", "a"));
    origin.commit(Commit::at(at(2, 0)).on("main").file("a", "b"));
    origin.git(["symbolic-ref", "HEAD", "refs/heads/production/line"]);
    origin.cloned("app", &[]);
    origin.cloned("mirror.git", &["--mirror"]);
    git(&world.path().join("app"), ["checkout", "--quiet", "main"]);
    for path in ["app", "mirror.git"] {
        let assessment = world.assess([path, "--as-of", "2026-02-01"]);
        assert_eq!(repository(&assessment)["branch"], "production/line", "{path}");
        assert_eq!(repository(&assessment)["commit"], tip, "{path}");
    }
    // Without a remote and without a usual name, what is checked out is the only hint.
    let mut own = world.repository("own");
    own.commit(Commit::at(at(1, 0)).on("anything").file("a", "a"));
    own.git(["symbolic-ref", "HEAD", "refs/heads/anything"]);
    assert_eq!(repository(&world.assess(["own", "--as-of", "2026-02-01"]))["branch"], "anything");
}

#[test]
fn a_detached_head_hides_no_branch_and_is_taken_where_there_is_none() {
    let world = World::new();
    let mut app = world.repository("app");
    let old = app.commit(Commit::at(at(1, 0)).file("a", "a"));
    let tip = app.commit(Commit::at(at(2, 0)).file("a", "b"));
    app.git(["checkout", "--quiet", "--detach", &old]);
    let assessment = world.assess(["app", "--as-of", "2026-02-01"]);
    assert_eq!((&repository(&assessment)["branch"], &repository(&assessment)["commit"]), (&"main".into(), &tip.into()));
    app.git(["branch", "--quiet", "-D", "main"]);
    let assessment = world.assess(["app", "--as-of", "2026-02-01"]);
    assert_eq!((&repository(&assessment)["branch"], &repository(&assessment)["commit"]), (&"HEAD".into(), &old.into()));
}

#[test]
fn an_empty_repository_is_nothing_to_assess() {
    let world = World::new();
    world.repository("empty");
    world.run(["assess", "empty"]).fails_with(3, &["empty has no commits"]);
    git(world.path(), ["init", "--quiet", "--bare", "bare.git"]);
    world.run(["assess", "bare.git"]).fails_with(3, &["bare has no commits"]);
    let mut full = world.repository("full");
    full.commit(Commit::at(at(1, 0)).file("a", "a"));
    let assessment = world.assess(["empty", "full", "--as-of", "2026-02-01"]);
    assert_warned(&assessment, &["empty has no commits"]);
}

#[test]
fn a_head_that_cannot_be_read_is_named() {
    let world = World::new();
    let mut app = world.repository("app");
    let head = app.commit(Commit::at(at(1, 0)).file("a", "a"));
    let file = object(&app.path, &head);
    std::fs::remove_file(&file).unwrap();
    std::fs::write(&file, b"not an object").unwrap();
    world.run(["assess", "app"]).fails_with(3, &[&format!("cannot read commit {head}")]);
}

#[test]
fn a_missing_or_damaged_commit_is_named_and_the_rest_is_assessed() {
    for has_graph in [false, true] {
        for is_missing in [false, true] {
            let shop = Shop::new();
            // The first of the two commits of version 4; eight commits lie behind it.
            let lost = shop.web.git(["rev-parse", "v4.0.0~1"]);
            if has_graph {
                shop.web.git(["commit-graph", "write", "--reachable"]);
            }
            let file = object(&shop.web.path, &lost);
            std::fs::remove_file(&file).unwrap();
            if !is_missing {
                std::fs::write(&file, b"not an object").unwrap();
            }
            let assessment = shop.assess(&[]);
            assert_warned(&assessment, &["web: commit", &lost, "cannot be read"]);
            let web = service(&assessment, "web");
            let measured = web["metrics"]["change_lead_time"]["n"].as_u64().unwrap();
            assert!(measured >= 6, "versions 5 to 7 are untouched: {measured}");
            assert_eq!(web["metrics"]["deployment_frequency"]["n"], 8);
            let untimed = excluded(web, "unset_clock");
            assert_eq!(untimed, u64::from(has_graph), "a graph knows of it, and not when it was written");
            let strict = shop.world.run(["assess", "web", "gitops", "--as-of", AS_OF, "--strict"]);
            assert_eq!(strict.code, 4, "damage is missing data: {}", strict.stderr);
        }
    }
}

#[test]
fn missing_files_and_folders_are_named_and_the_rest_is_assessed() {
    let shop = Shop::new();
    let workflows = shop.web.git(["rev-parse", "main:.github/workflows"]);
    std::fs::remove_file(object(&shop.web.path, &workflows)).unwrap();
    let assessment = shop.assess(&[]);
    assert_warned(&assessment, &["web", ".github/workflows"]);
    let overlay = shop.gitops.git(["rev-parse", "main:apps/web/overlays/production/kustomization.yaml"]);
    std::fs::remove_file(object(&shop.gitops.path, &overlay)).unwrap();
    let assessment = shop.assess(&[]);
    assert!(
        warnings(&assessment).iter().any(|warning| warning.contains("apps/web/overlays/production")),
        "{:?}",
        warnings(&assessment)
    );
}

#[test]
fn an_octopus_merge_and_several_roots_ship_every_change_once() {
    let world = World::new();
    let mut app = world.repository("app");
    let base = app.commit(Commit::at(at(1, 0)).file("a", "a"));
    app.tag("v1.0.0", &base);
    let arms: Vec<String> = ["one", "two", "three"]
        .iter()
        .map(|name| app.commit(Commit::at(at(2, 0)).on(name).parents(&[&base]).file(name, "a")))
        .collect();
    let root = app.commit(Commit::at(at(2, 0)).on("imported").file("imported/a", "a"));
    let octopus = app.commit(Commit::at(at(3, 0)).parents(&[&base, &arms[0], &arms[1], &arms[2], &root]));
    app.tag("v1.1.0", &octopus);
    let last = app.commit(Commit::at(at(4, 0)).parents(&[&octopus]).file("a", "b"));
    app.tag("v1.2.0", &last);
    let assessment = world.assess(["app", "--as-of", "2026-02-01"]);
    let app = service(&assessment, "app");
    assert_eq!(app["metrics"]["change_lead_time"]["n"], 5, "three arms, a root and the last; no merge");
    assert_eq!(excluded(app, "merge_commit"), 1);
    assert_eq!(app["metrics"]["change_lead_time"]["value"], DAY as f64);
}

#[test]
fn a_repository_of_a_kind_that_cannot_be_read_is_refused_and_not_taken_for_empty() {
    let world = World::new();
    git(world.path(), ["init", "--quiet", "--object-format=sha256", "wide"]);
    let folder = world.path().join("wide");
    std::fs::write(folder.join("a"), "a").unwrap();
    git(&folder, ["add", "a"]);
    git(&folder, ["commit", "--quiet", "--message", "Add a"]);
    let run = world.run(["assess", "wide"]);
    run.fails_with(2, &["wide"]);
    assert!(!run.stderr.contains("no commits"), "{}", run.stderr);
}

#[test]
fn links_that_go_in_circles_and_submodules_lead_nowhere() {
    let assessed = |more: &dyn Fn(Commit) -> Commit| {
        let world = crate::cli::World::new();
        let mut web = world.repository("web");
        let workflow = "on: push\njobs:\n  test:\n    runs-on: ubuntu-latest\n    steps:\n      - run: cargo test\n";
        let commit = web.commit(more(Commit::at(at(1, 0)).file(".github/workflows/ci.yml", workflow)));
        let assessment = world.assess(["web", "--as-of", AS_OF]);
        let stages = service(&assessment, "web")["stages"].to_string().replace(&commit, "COMMIT");
        (stages, warnings(&assessment).into_iter().map(str::to_owned).collect::<Vec<_>>())
    };
    let plain = assessed(&|commit| commit);
    let with_links = assessed(&|commit| {
        commit
            .link("itself", "itself")
            .link("one", "two")
            .link("two", "one")
            .link("deep/up", "..")
            .link("deep/er/top", "../..")
            .link(".gitlab", "deep/up/.gitlab")
            .file(".gitmodules", "[submodule \"lib\"]\n\tpath = vendor/lib\n\turl = https://example.com/lib\n")
            .submodule("vendor/lib", &"5".repeat(40))
            .submodule(".gitlab-ci.yml", &"6".repeat(40))
    });
    assert!(plain.0.contains(".github/workflows/ci.yml") && plain.0.contains("COMMIT"), "{}", plain.0);
    assert_eq!(with_links, plain);
}
