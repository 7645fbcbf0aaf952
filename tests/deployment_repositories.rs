//! Deployment repositories as people keep them: regions apart, folders that move, services that end, samples.

use crate::cli::{World, assert_warned, excluded, service, service_names, warnings};
use crate::git::{Commit, Repo, at};
use crate::shop::{AS_OF, Shop, VERSIONS, overlay, overlay_path};

fn values(version: &str) -> String {
    format!("image:\n  tag: {version}\n")
}

/// Eight versions a week apart, each a day later in the second place than in the first.
fn in_two_places(first: &str, second: &str) -> World {
    let world = World::new();
    let mut gitops = world.repository("gitops");
    for version in 0..VERSIONS {
        let tag = format!("v{version}.0.0");
        gitops.commit(Commit::at(at(7 * version, 9)).file(first, values(&tag)));
        let behind = format!("v{}.0.0", (version - 1).max(0));
        gitops.commit(Commit::at(at(7 * version + 1, 9)).file(second, values(&behind)));
    }
    world
}

#[test]
fn a_region_that_follows_another_late_rolls_nothing_back() {
    for (first, second) in [
        ("clusters/eu-west-1/production/web/values.yaml", "clusters/us-west-1/production/web/values.yaml"),
        ("production/eu-west-1/web/values.yaml", "production/us-west-1/web/values.yaml"),
        ("eu/prod/web.yaml", "us/prod/web.yaml"),
        ("envs/production-eu/web/values.yaml", "envs/production-us/web/values.yaml"),
        ("clusters/falcon/production/web/values.yaml", "clusters/heron/production/web/values.yaml"),
    ] {
        let assessment = in_two_places(first, second).assess(["gitops", "--as-of", AS_OF]);
        let frequency = &service(&assessment, "web")["metrics"]["deployment_frequency"];
        assert_eq!(frequency["details"]["rollbacks"], 0.0, "{first}");
        assert_eq!(frequency["n"], VERSIONS - 1, "{first}: what stood first is no event: {frequency}");
    }
}

#[test]
fn a_folder_that_moved_has_its_history_before_and_after() {
    let mut shop = Shop::new();
    let counted = |shop: &Shop, as_of: &str| {
        let assessment = shop.world.assess(["web", "gitops", "--as-of", as_of]);
        let web = service(&assessment, "web");
        assert_eq!(web["deployment_data"], "deployment_repository", "{as_of}");
        web["metrics"]["deployment_frequency"]["n"].as_i64().unwrap()
    };
    let before = counted(&shop, AS_OF);
    let mut moved = Commit::at(at(55, 9)).without("argocd/web.yaml");
    for environment in ["staging", "production"] {
        let path = overlay_path("web", environment);
        moved = moved.without(&path).file(path.replace("apps/", "clusters/"), overlay("web", "v7.0.0"));
    }
    shop.gitops.commit(moved);
    assert_eq!(counted(&shop, AS_OF), before, "as of a day before the move");
    assert_eq!(counted(&shop, "2026-03-20"), before, "after it");
}

/// A repository `web` of which two versions were tagged and a third was made, deployed by `gitops` beside `api`.
fn with_a_service_that_ends(end: Option<i64>) -> (World, Repo) {
    let world = World::new();
    let (mut web, mut gitops) = (world.repository("web"), world.repository("gitops"));
    for version in 0..3 {
        let commit = Commit::at(at(7 * version, 8)).file("main.go", format!("{version}"));
        web.commit(if version < 2 { commit.tagged(&format!("v{version}.0.0")) } else { commit });
    }
    for version in 0..2 {
        let tag = format!("v{version}.0.0");
        let commit = Commit::at(at(7 * version, 9)).file("production/web.yaml", values(&tag));
        gitops.commit(commit.file("production/api.yaml", values(&format!("a{version}"))));
    }
    if let Some(day) = end {
        gitops.commit(Commit::at(at(day, 9)).without("production/web.yaml"));
    }
    gitops.commit(Commit::at(at(200, 9)).file("production/api.yaml", values("a9")));
    (world, gitops)
}

#[test]
fn what_was_taken_out_of_production_waits_for_nothing_and_is_left_out_in_time() {
    let (runs, _) = with_a_service_that_ends(None);
    let open = |world: &World, as_of: &str| {
        let assessment = world.assess(["web", "gitops", "--as-of", as_of]);
        service(&assessment, "web")["metrics"]["change_lead_time"]["censored"].as_u64().unwrap()
    };
    assert_eq!(open(&runs, "2026-02-25"), 1);
    let (ended, _) = with_a_service_that_ends(Some(10));
    assert_eq!(open(&ended, "2026-02-25"), 0, "it was taken out before the third version was made");
    let later = ended.assess(["web", "gitops", "--as-of", "2026-07-25"]);
    assert_eq!(service_names(&later), ["api"], "neither as deployed nor by its releases");
    assert_warned(&later, &["1 service does not run in production since before the window", "web"]);
    let asked = ended.assess(["web", "gitops", "--as-of", "2026-07-25", "--service", "web"]);
    assert_eq!(service_names(&asked), ["web"]);
    assert_eq!(service(&runs.assess(["web", "gitops", "--as-of", "2026-07-25"]), "web")["is_active"], false);
}

#[test]
fn a_repository_whose_last_version_file_is_gone_still_says_what_ran() {
    let mut shop = Shop::new();
    let mut gone = Commit::at(at(55, 9)).without("argocd/web.yaml").without("apps/web/base/kustomization.yaml");
    for environment in ["staging", "production"] {
        gone = gone.without(&overlay_path("web", environment));
    }
    shop.gitops.commit(gone.file("README.md", "Moved elsewhere.\n"));
    let web = service(&shop.assess(&[]), "web").clone();
    assert_eq!(web["deployment_data"], "deployment_repository");
    assert_eq!(web["metrics"]["deployment_frequency"]["n"], VERSIONS);
}

#[test]
fn a_service_with_a_region_in_its_name_has_the_repository_without_it() {
    let world = World::new();
    let (mut web, mut gitops) = (world.repository("web"), world.repository("gitops"));
    for version in 0..3 {
        let tag = format!("v{version}.0.0");
        web.commit(Commit::at(at(version, 8)).file("main.go", &tag).tagged(&tag));
        gitops.commit(Commit::at(at(version, 9)).file("production/web-eu.yaml", values(&tag)));
    }
    let assessment = world.assess(["web", "gitops", "--as-of", AS_OF]);
    assert_eq!(service_names(&assessment), ["web-eu"], "its releases do not run beside it");
    assert_eq!(service(&assessment, "web-eu")["repositories"][0], "web");
}

fn helm_release(name: &str, version: &str) -> String {
    format!(
        "apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata:\n  name: {name}\nspec:\n  chart:\n    spec:\n      chart: {name}\n      version: {version}\n"
    )
}

#[test]
fn what_a_controller_runs_is_deployed_whatever_else_the_repository_holds() {
    let world = World::new();
    let mut home = world.repository("home");
    for version in 0..4 {
        let mut commit = Commit::at(at(version, 9)).tagged(&format!("2026.{version}.0"));
        if version == 0 {
            commit = (0..40).fold(commit, |commit, number| commit.file(format!("scripts/{number}.sh"), "true\n"));
        }
        home.commit(
            commit.file("kubernetes/apps/media/plex/helmrelease.yaml", helm_release("plex", &format!("1.{version}.0"))),
        );
    }
    let assessment = world.assess(["home", "--as-of", AS_OF]);
    assert_eq!(service(&assessment, "plex")["metrics"]["deployment_frequency"]["n"], 3, "the first one stood already");
}

#[test]
fn the_samples_of_a_repository_of_code_are_no_deployments() {
    let world = World::new();
    let mut app = world.repository("app");
    for version in 0..4 {
        let tag = format!("6.{version}.0");
        let mut commit = Commit::at(at(version, 9)).tagged(&tag);
        if version == 0 {
            commit = (0..40).fold(commit, |commit, number| commit.file(format!("pkg/{number}.go"), "package pkg\n"));
            commit = commit.file("charts/app/Chart.yaml", "name: app\n");
        }
        app.commit(commit.file("charts/app/values-prod.yaml", values(&tag)));
    }
    let assessment = world.assess(["app", "--as-of", AS_OF]);
    assert_eq!(service(&assessment, "app")["deployment_data"], "release_tags");
    assert_warned(
        &assessment,
        &["app: 1 file that could say what runs (charts/app/values-prod.yaml)", "[[deployment_repository]]"],
    );
    world.write("truelevel.toml", "[[repository]]\npath = \"app\"\n[[deployment_repository]]\npath = \"app\"\n");
    let named = world.assess(["--as-of", AS_OF]);
    assert_eq!(service(&named, "app")["deployment_data"], "deployment_repository", "who says so is right");
}

#[test]
fn behind_a_damaged_commit_the_newer_deployments_are_kept() {
    let shop = Shop::new();
    let lost = shop.gitops.git(["rev-parse", "main~6"]);
    let file = shop.gitops.path.join(".git/objects").join(&lost[..2]).join(&lost[2..]);
    std::fs::remove_file(&file).unwrap();
    std::fs::write(&file, b"not an object").unwrap();
    let assessment = shop.assess(&[]);
    assert_warned(&assessment, &["gitops: commit", &lost, "what was deployed before it is not known"]);
    let web = service(&assessment, "web");
    assert_eq!(web["deployment_data"], "deployment_repository", "releases do not stand in for what is known");
    // Of the six commits that are left, three deploy to production; what ran at the first of the six is a state.
    assert_eq!(web["metrics"]["deployment_frequency"]["n"], 3);
}

/// Nine versions of `web`, a day apart; the fifth is made by `fifth`.
fn nine_versions(world: &World, fifth: impl Fn(Commit) -> Commit) -> Repo {
    let mut gitops = world.repository("gitops");
    gitops.commits((1..=9).map(|version| {
        let commit = Commit::at(at(version, 9)).file("production/web.yaml", values(&format!("v{version}")));
        if version == 5 { fifth(commit) } else { commit }
    }));
    gitops
}

#[test]
fn a_deployment_of_a_clock_that_was_wrong_counts_at_its_place() {
    for wrong in [10, at(-300, 9), at(300, 9)] {
        let world = World::new();
        nine_versions(&world, |commit| commit.committed_at(wrong));
        let assessment = world.assess(["gitops", "--as-of", AS_OF]);
        assert_eq!(service(&assessment, "web")["metrics"]["deployment_frequency"]["n"], 8, "{wrong}");
        assert_warned(&assessment, &["gitops: the clock of 1 commit that deployed was wrong"]);
        // A store remembers it.
        world.write("truelevel.toml", "[[deployment_repository]]\npath = \"gitops\"\n");
        for _ in 0..2 {
            let kept = world.assess(["--as-of", AS_OF]);
            assert_warned(&kept, &["gitops: the clock of 1 commit that deployed was wrong"]);
        }
    }
}

#[test]
fn who_deployed_is_read_however_commits_are_stored() {
    let world = World::new();
    let mut gitops = world.repository("gitops");
    let long_name = "N".repeat(400);
    gitops.commits((1..=40).map(|version| {
        let who = match version % 4 {
            0 => "renovate[bot] <bot@example.com>".to_owned(),
            1 => format!("{long_name} <long@example.com>"),
            // Nearly the same again and again, so that some are stored as differences.
            _ => "Ada <ada@example.com>".to_owned(),
        };
        let message = format!("Deploy {version}\n{}", "The same words every time.\n".repeat(30));
        let at = Commit::at(at(20, 0) + i64::from(version) * 3600).by(&who).saying(&message);
        at.file("production/web.yaml", values(&format!("v{version}")))
    }));
    let share = || {
        let assessment = world.assess(["gitops", "--as-of", AS_OF]);
        let share = &service(&assessment, "web")["metrics"]["deployment_automation_share"];
        (share["n"].as_i64(), share["value"].as_f64())
    };
    let ten_of_all_but_the_first = (Some(39), Some(10.0 / 39.0));
    assert_eq!(share(), ten_of_all_but_the_first, "as imported");
    gitops.git(["repack", "-adfq", "--depth=50", "--window=50"]);
    assert_eq!(share(), ten_of_all_but_the_first, "as differences");
    gitops.git(["commit-graph", "write", "--reachable"]);
    assert_eq!(share(), ten_of_all_but_the_first, "with a commit-graph");
}

#[test]
fn a_damaged_folder_loses_the_deployment_that_only_it_told_of() {
    let world = World::new();
    let gitops = nine_versions(&world, |commit| commit);
    let folder = gitops.git(["rev-parse", "main~4:production"]);
    let file = gitops.path.join(".git/objects").join(&folder[..2]).join(&folder[2..]);
    std::fs::remove_file(&file).unwrap();
    std::fs::write(&file, b"not an object").unwrap();
    let assessment = world.assess(["gitops", "--as-of", AS_OF]);
    assert_eq!(service(&assessment, "web")["metrics"]["deployment_frequency"]["n"], 7, "all but the first and v5");
    assert_warned(&assessment, &["gitops: folder `production/`", &folder, "what it declared is not known"]);
    // There is no code in it.
    assert_eq!(assessment["coverage"]["services_without_repository"], serde_json::json!(["web"]));
    assert_eq!(assessment["coverage"]["repositories"][0]["used_for"], serde_json::json!(["deployments"]));
}

#[test]
fn a_repository_alone_is_the_code_of_what_it_deploys_only_if_something_is_built_from_it() {
    let manifests = |commit: Commit, version: i64| {
        commit
            .file("production/web.yaml", values(&format!("v{version}")))
            .file("production/service.yaml", "kind: Service\n")
    };
    for (beside, without) in [("README.md", serde_json::json!(["web"])), ("main.go", serde_json::json!([]))] {
        let world = World::new();
        let mut only = world.repository("only");
        only.commits((1..4).map(|version| manifests(Commit::at(at(version, 9)).file(beside, "x\n"), version)));
        let assessment = world.assess(["only", "--as-of", AS_OF]);
        assert_eq!(assessment["coverage"]["services_without_repository"], without, "{beside}");
    }
}

#[test]
fn a_damaged_folder_that_stays_keeps_no_other_folder_and_no_later_deployment_back() {
    let world = World::new();
    let mut gitops = world.repository("gitops");
    // No two services have the same content, and so the same object.
    let content = |service: &str, version: i64| format!("# {service}\n{}", values(&format!("v{version}")));
    let deploy = |day: i64, service: &str, version: i64| {
        Commit::at(at(day, 9)).file(format!("production/{service}/values.yaml"), content(service, version))
    };
    // The third commit writes a folder that will be damaged, and another one beside it.
    let both = deploy(3, "web", 3).file("production/api/values.yaml", content("api", 2));
    let first = deploy(1, "web", 1).file("production/api/values.yaml", content("api", 1));
    gitops.commits([first, deploy(2, "web", 2), both]);
    gitops.commits((3..8).map(|version| deploy(version + 1, "api", version)));
    gitops.commits([deploy(10, "web", 4), deploy(11, "web", 5)]);
    let folder = gitops.git(["rev-parse", "main~7:production/web"]);
    let file = gitops.path.join(".git/objects").join(&folder[..2]).join(&folder[2..]);
    std::fs::remove_file(&file).unwrap();
    std::fs::write(&file, b"not an object").unwrap();
    let assessment = world.assess(["gitops", "--as-of", AS_OF]);
    let n = |name| service(&assessment, name)["metrics"]["deployment_frequency"]["n"].clone();
    assert_eq!(n("api"), 6, "v2 to v7, the first of them from the commit with the damaged folder");
    assert_eq!(n("web"), 3, "v2, v4 and v5: v3 is what the folder told of");
    assert_warned(&assessment, &["folder `production/web/`", &folder]);
}

#[test]
fn releases_are_never_counted_among_deployments() {
    let shop = Shop::new();
    let mut library = shop.world.repository("library");
    for version in 0..3 {
        let commit = Commit::at(at(10 + version, 9)).file("lib.go", format!("{version}"));
        library.commit(commit.tagged(&format!("v0.{version}.0")));
    }
    let mut docs = shop.world.repository("docs");
    docs.commit(Commit::at(at(10, 9)).file("index.md", "Read me.\n"));
    let assessment = shop.assess(&["library", "docs"]);
    assert_eq!(assessment["coverage"]["production_deployments"], VERSIONS);
    assert_eq!(assessment["coverage"]["releases"], 3);
    let run = shop.world.run(["assess", "web", "gitops", "library", "docs", "--as-of", AS_OF]);
    for part in [
        "8 production deployments and 3 releases; ",
        "Matched to their repositories: web.",
        "No deployed service belongs to: docs, library.",
    ] {
        assert!(run.text().contains(part), "{part}\n{}", run.text());
    }
    let run = shop.world.run(["assess", "docs", "--as-of", AS_OF]);
    assert!(run.text().contains("no deployments known; "), "{}", run.text());
}

#[test]
fn a_template_and_a_part_that_fit_nothing_are_named_with_their_place() {
    let shop = Shop::new();
    let files = |path: &str| {
        format!(
            "[[deployment_repository]]\npath = \"gitops\"\n[[deployment_repository.files]]\npath = \"{path}\"\nversion = \"images[0].newTag\"\n"
        )
    };
    shop.world.write("truelevel.toml", files("nothing/{environment}/{service}"));
    let run = shop.world.run(["assess", "--as-of", AS_OF]);
    run.fails_with(
        3,
        &["there is no service", "truelevel.toml:4:8", "`nothing/{environment}/{service}` fits no file of gitops"],
    );
    let whole = files("apps/{service}/overlays/{environment}/kustomization.yaml");
    shop.world.write(
        "truelevel.toml",
        format!("{whole}[[repository]]\npath = \"web\"\n[[service]]\nname = \"web\"\npaths = [\"nothing\"]\n"),
    );
    let assessment = shop.world.assess(["--as-of", AS_OF]);
    assert_warned(&assessment, &["truelevel.toml:10:10", "there is no `nothing` in web"]);
    assert!(
        !warnings(&assessment).iter().any(|warning| warning.contains("fits no file")),
        "{:?}",
        warnings(&assessment)
    );
}

#[test]
fn a_service_that_nobody_knew_yet_is_not_one_that_stands_still() {
    let mut shop = Shop::new();
    for number in 0..4 {
        let name = format!("later-{number}");
        shop.gitops.commit(Commit::at(at(70, 9)).file(overlay_path(&name, "production"), overlay(&name, "v1")));
    }
    let assessment = shop.assess(&[]);
    assert_eq!(service_names(&assessment), ["web"]);
    assert_eq!(excluded(service(&assessment, "web"), "later_than_as_of"), 0);
    assert!(
        assessment["pitfalls"].as_array().unwrap().iter().all(|found| found["pitfall"] != "services_without_activity")
    );
}
