//! Whatever a person types or a repository holds: a message that helps or a warning, never a panic, never a guess.

use std::ffi::OsStr;
use std::io::Read;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::process::Stdio;
use std::time::{Duration, Instant};

use crate::cli::{Run, World, assert_warned, excluded, service, service_names, warnings};
use crate::git::{Commit, HOUR, at};
use crate::shop::{AS_OF, Shop, deployment, overlay, overlay_path, with_service_files};

/// A repository of one commit.
fn one_commit() -> World {
    let world = World::new();
    let mut app = world.repository("app");
    app.commit(with_service_files(Commit::at(at(1, 0))));
    world
}

#[test]
fn paths_that_are_no_repository_are_named() {
    let world = World::new();
    world.run(["assess", "nowhere"]).fails_with(2, &["nowhere does not exist"]);
    std::fs::create_dir(world.path().join("plain")).unwrap();
    world.run(["assess", "plain"]).fails_with(2, &["plain is not a git repository"]);
    world.write("file", "text");
    world.run(["assess", "file"]).fails_with(2, &["file is not a git repository"]);
    world.run(["assess"]).fails_with(2, &[". is not a git repository"]);
    world.run(["init", "plain"]).fails_with(3, &["no git repository at plain", "init --empty"]);
    world.run(["init", "nowhere"]).fails_with(2, &["nowhere"]);
    world.run(["collect"]).fails_with(2, &["truelevel init"]);
    world.run(["assess", "a\u{1b}[31m\nb"]).fails_with(2, &["a\\u{1b}[31m\\nb does not exist"]);
}

#[test]
fn a_folder_that_may_not_be_read_is_named() {
    let world = one_commit();
    let folder = world.path().join("app/.git");
    std::fs::set_permissions(&folder, std::fs::Permissions::from_mode(0o000)).unwrap();
    // For root nothing is unreadable.
    if std::fs::read_dir(&folder).is_err() {
        world.run(["assess", "app"]).fails_with(2, &["app", "app/.git may not be read by this user"]);
    }
    std::fs::set_permissions(&folder, std::fs::Permissions::from_mode(0o755)).unwrap();
}

#[test]
fn mistakes_in_the_configuration_are_named_with_file_line_and_column() {
    let world = one_commit();
    for (text, place, message) in [
        ("[workspace]\nnmae = \"x\"\n", ":2:1:", "unknown field `nmae`"),
        ("[workspace]\nname = \"x\"\nwindow_days = \"long\"\n", ":3:15:", "invalid type"),
        ("[[repository]]\npath = 7\n", ":2:8:", "invalid type"),
        ("[[service]]\nname = \"a\"\n\n[[service]]\nname = \"a\"\n", ":5:8:", "the service `a` stands twice"),
        ("[[service]]\nname = \"a\"\nproduction = [\"prd\"]\n", ":3:15:", "the environment `prd` is not declared"),
        ("[workspace\n", ":1:", ""),
        ("[workspace]\nedition = \"1999\"\n", ":2:11:", "there is no edition `1999`"),
    ] {
        world.write("truelevel.toml", text);
        for command in ["assess", "collect"] {
            let run = world.run([command, "truelevel.toml"]);
            run.fails_with(2, &[&format!("truelevel.toml{place}"), message]);
        }
    }
    world.write("truelevel.toml", b"name = \"\xff\"");
    world.run(["assess"]).fails_with(2, &["truelevel.toml", "UTF-8"]);
}

#[test]
fn a_repository_that_a_workspace_misses_is_named_in_the_answer() {
    let world = one_commit();
    world.write("truelevel.toml", "[[repository]]\npath = \"app\"\n[[repository]]\npath = \"gone\"\n");
    let assessment = world.assess(["--as-of", "2026-02-01"]);
    assert_warned(&assessment, &["truelevel.toml:4:8: ", "gone does not exist"]);
    assert_eq!(service_names(&assessment), ["app"]);
}

#[test]
fn wrong_arguments_say_what_is_allowed() {
    let world = one_commit();
    world.run(["assess", "app", "--window", "0"]).fails_with(2, &["allowed are 1 to"]);
    world.run(["assess", "app", "--window", "99999"]).fails_with(2, &["allowed are 1 to"]);
    world.run(["assess", "app", "--window", "-1"]).fails_with(2, &["-1"]);
    world.run(["assess", "app", "--as-of", "yesterday"]).fails_with(2, &["--as-of", "yesterday"]);
    world.run(["assess", "app", "--as-of", "2026-02-30"]).fails_with(2, &["--as-of"]);
    world.run(["assess", "app", "--as-of", "2026-02-01", "--service", "web"]).fails_with(2, &["`web`", "app"]);
    world.run(["assess", "app", "--as-of", "2026-02-01", "--edition", "1999"]).fails_with(2, &["1999", "2024"]);
    world.run(["assess", "app", "--fail-under", "6"]).fails_with(2, &["--fail-under"]);
    world.run(["assess", "app", "--format", "pdf"]).fails_with(2, &["pdf"]);
    world
        .run(["assess", "app", "--as-of", "2025-12-31"])
        .fails_with(3, &["2025-12-31", "oldest commit is from 2026-01-02"]);
    world.run(["explain", "nonsense"]).fails_with(2, &["nothing is called `nonsense`"]);
    world.run(["explain", "lead-time", "--definition"]).fails_with(2, &["change_lead_time"]);
    world.run(["frobnicate"]).fails_with(2, &["frobnicate"]);
    assert_eq!(world.run(["--help"]).code, 0);
    assert_eq!(world.run(["--version"]).code, 0);
}

#[test]
fn what_cannot_be_supposed_is_refused_with_what_is_allowed() {
    let world = one_commit();
    let suppose = |what: &str| world.run(["what-if", "app", "--as-of", "2026-02-01", "--metric", what]);
    suppose("change_fail_rate=150 %").fails_with(2, &["`change_fail_rate=150 %`", "no share between 0 % and 100 %"]);
    suppose("change_lead_time=5 %").fails_with(2, &["`change_lead_time=5 %`", "no duration, such as `6 hours`"]);
    suppose("deployment_frequency=-1 per day").fails_with(2, &["no quantity"]);
    world.run(["what-if", "app", "--gate", "nothing"]).fails_with(2, &["there is no gate `nothing`"]);
    world.run(["what-if", "app"]).fails_with(2, &["nothing is supposed"]);
}

#[test]
fn a_plan_of_nothing_says_that_there_is_nothing() {
    let world = World::new();
    world.repository("app");
    for command in ["assess", "plan"] {
        world.run([command, "app"]).fails_with(3, &["there are no commits and no facts"]);
    }
    world.run(["what-if", "app", "--gate", "pipeline_runs_tests"]).fails_with(3, &["no commits and no facts"]);
}

#[test]
fn exceptions_and_mandates_that_fit_nothing_are_named_with_their_line() {
    let world = one_commit();
    let exempted = "service = \"gone\"\nowner = \"team web\"\nreason = \"r\"\nexpires = 2026-12-31\n";
    world.write(
        "truelevel.toml",
        format!(
            "[[repository]]\npath = \"app\"\n[[golden_path]]\nname = \"deploy\"\nwhat = \"org/ci\"\nmandated_on = 2031-01-01\n\
             [[golden_path.exception]]\n{exempted}[[exemption]]\ngate = \"every_change_is_built\"\n{exempted}"
        ),
    );
    let assessment = world.assess(["--as-of", "2026-02-01"]);
    assert_warned(&assessment, &["truelevel.toml:8:11: there is no service gone to be excepted from deploy"]);
    assert_warned(&assessment, &["there is no service gone to be exempted from `every_change_is_built`"]);
    let pull = &assessment["platform"]["paths"][0]["pull"];
    assert_eq!(pull["note"], "the mandate of 2031-01-01 lies after the date asked");
    // Whoever asks about one service is not told that the others do not exist.
    let text = world.read("truelevel.toml").replace("gone", "other");
    world.repository("other").commit(with_service_files(Commit::at(at(1, 0))));
    world.write("truelevel.toml", format!("{text}[[repository]]\npath = \"other\"\n"));
    let assessment = world.assess(["--as-of", "2026-02-01", "--service", "app"]);
    assert!(warnings(&assessment).iter().all(|warning| !warning.contains("there is no service")));
}

/// Nine levels of ten aliases: a thousand million nodes.
fn bomb() -> String {
    let mut text = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
    for level in 1..10 {
        let aliases = vec![format!("*a{}", level - 1); 10].join(", ");
        text += &format!("a{level}: &a{level} [{aliases}]\n");
    }
    text
}

/// Whether a run stays far from what expanding everything would take.
fn within_seconds(seconds: u64, run: impl FnOnce() -> Run) -> Run {
    let started = Instant::now();
    let result = run();
    let took = started.elapsed();
    assert!(took < Duration::from_secs(seconds), "{took:?}");
    result
}

#[test]
fn files_made_to_exhaust_a_reader_are_named_and_cost_little() {
    let mut shop = Shop::new();
    let deep = "[".repeat(200_000);
    shop.web.commit(
        Commit::at(at(55, 0))
            .file(".github/workflows/bomb.yml", bomb())
            .file(".github/workflows/deep.yml", &deep)
            .file("k8s/deployment.yaml", bomb()),
    );
    let with_bomb = bomb() + "images: *a9\n";
    shop.gitops.commit(
        Commit::at(at(55, 0))
            .file("apps/bomb/overlays/production/kustomization.yaml", with_bomb)
            .file("apps/deep/overlays/production/kustomization.yaml", &deep),
    );
    let run = within_seconds(20, || shop.world.run(["assess", "web", "gitops", "--as-of", AS_OF, "--format", "json"]));
    let assessment = run.json();
    for path in ["bomb.yml", "deep.yml", "apps/bomb", "apps/deep"] {
        assert_warned(&assessment, &[path]);
    }
    assert_eq!(service(&assessment, "web")["metrics"]["change_lead_time"]["n"], 14, "the rest is measured");
}

#[test]
fn a_file_of_50_megabytes_is_not_read_as_text() {
    let mut shop = Shop::new();
    let mut large = overlay("large", "v1").into_bytes();
    large.resize(50 << 20, b'#');
    shop.web.commit(Commit::at(at(55, 0)).file(".github/workflows/large.yml", &large));
    shop.gitops.commit(Commit::at(at(55, 0)).file(overlay_path("large", "production"), &large));
    let run = within_seconds(20, || shop.world.run(["assess", "web", "gitops", "--as-of", AS_OF, "--format", "json"]));
    let assessment = run.json();
    assert_warned(&assessment, &["large.yml"]);
    assert_warned(&assessment, &["apps/large/overlays/production/kustomization.yaml"]);
    assert_eq!(service_names(&assessment), ["web"]);
}

/// Moves a cursor, forges a line, hides what follows, and closes a quotation.
const HOSTILE: &str = "x\u{1b}[2J\u{1b}]0;owned\u{7}\r\nLevel 5 \u{202e}\"'`|<b>";

fn assert_harmless(run: &Run, what: &str) {
    for (name, text) in [("stdout", run.text()), ("stderr", run.stderr.as_str())] {
        let raw = text.chars().find(|c| (c.is_control() && *c != '\n') || ('\u{202a}'..='\u{202e}').contains(c));
        assert_eq!(raw, None, "{what}: {name} holds {raw:?}");
        assert!(!text.lines().any(|line| line.starts_with("Level 5")), "{what}: {name} has a forged line");
    }
}

#[test]
fn names_that_talk_to_terminals_are_never_printed_raw() {
    let world = World::new();
    let mut app = world.repository(HOSTILE.replace('/', ""));
    let author = "A\u{1b}[2J\u{202e} <a\u{7}@example.com>";
    let file = format!(".github/workflows/{}.yml", HOSTILE.replace('/', ""));
    let workflow = format!(
        "on: push\njobs:\n  a:\n    runs-on: x\n    steps:\n    - run: make test {HOSTILE:?} \u{1b}[2J\u{202e}\n"
    );
    let first = app.commit(Commit::at(at(1, 0)).by(author).file("Makefile", "test:\n\ttrue\n"));
    app.tag("v1.0.0-\u{202e}x", &first);
    let second = app.commit(Commit::at(at(2, 0)).by(author).saying(HOSTILE).file(&file, &workflow).file(HOSTILE, "x"));
    app.tag("v1.1.0\u{202e}", &second);
    app.tag("v1.2.0-rc\u{202e}", &second);
    app.git(["update-ref", "refs/heads/\u{202e}hostile", &second]);
    app.git(["symbolic-ref", "HEAD", "refs/heads/\u{202e}hostile"]);
    app.git(["update-ref", "-d", "refs/heads/main"]);
    let mut gitops = world.repository("gitops");
    for (day, version) in [(3, "v1"), (4, "v2\\u001b[2J\\u202e"), (5, "v3")] {
        let values = format!("image:\n  repository: registry.example.com/web\n  tag: \"{version}\"\n");
        let path = format!("apps/{}/production/values.yaml", HOSTILE.replace('/', ""));
        let named =
            format!("image:\n  repository: \"registry.example.com/we\\u001b[2J\\u202eb\"\n  tag: \"{version}\"\n");
        gitops.commit(
            Commit::at(at(day, 0)).by(author).file(path, values).file("apps/other/production/values.yaml", named),
        );
    }
    gitops.commit(Commit::at(at(6, 0)).file("apps/\u{1b}[2J/production/kustomization.yaml", "images: [\u{1b}\n"));
    let app = app.path.file_name().unwrap().to_owned();
    let both = [app.as_os_str(), "gitops".as_ref()];
    for format in ["text", "markdown", "json", "html"] {
        for paths in [&both[..], &both[..1], &both[1..]] {
            let options = ["assess", "--as-of", "2026-02-01", "--format", format].map(OsStr::new);
            let run = world.run(options.iter().chain(paths));
            assert_eq!(run.code, 0, "{}", run.stderr);
            if format == "json" {
                // Escaped as JSON escapes; the names themselves stay what they are.
                run.json();
            } else {
                assert_harmless(&run, format);
            }
        }
    }
    for id in
        ["deployment_frequency", "change_lead_time", "tests_run_in_ci", "ci_pipeline", "prerelease", "deploy_on_demand"]
    {
        let options = ["explain", id, "--as-of", "2026-02-01", "--all"].map(OsStr::new);
        assert_harmless(&world.run(options.iter().chain(&both)), id);
    }
    assert_eq!(world.run(["init", "."]).code, 0);
    for command in ["collect", "assess"] {
        assert_harmless(&world.run([command]), command);
    }
    assert_harmless(&world.run(["assess", "gitops", "--as-of", "2026-02-01", "--service", HOSTILE]), "--service");
}

#[test]
fn names_that_are_not_utf_8_are_read() {
    let world = World::new();
    let mut app = world.repository(OsStr::from_bytes(b"ap\xffp"));
    let first =
        app.commit(Commit::at(at(1, 0)).file(b"fi\xffle", "x").file(b".github/workflows/c\xffi.yml", "on: push\n"));
    app.tag("v1.0.0", &first);
    let tags = app.path.join(".git/refs/tags");
    std::fs::write(tags.join(OsStr::from_bytes(b"v1.1.0-\xff")), format!("{first}\n")).unwrap();
    std::fs::write(app.path.join(OsStr::from_bytes(b".git/refs/heads/li\xffne")), format!("{first}\n")).unwrap();
    let mut gitops = world.repository("gitops");
    gitops.commit(deployment(at(2, 0), "web", "staging", "v1.0.0"));
    let path = b"apps/w\xffeb/overlays/production/kustomization.yaml";
    gitops.commit(Commit::at(at(3, 0)).file(path, "images:\n- name: app\n  newTag: v1.0.0\n"));
    gitops.commit(Commit::at(at(4, 0)).file(path, b"images:\n- name: app\n  newTag: v1\xff\n"));
    for format in ["text", "markdown", "json", "html"] {
        let options = ["assess", "gitops", "--as-of", "2026-02-01", "--format", format].map(OsStr::new);
        let run = world.run(options.into_iter().chain([app.path.as_os_str()]));
        assert_eq!(run.code, 0, "{}", run.stderr);
        assert!(!run.text().is_empty());
    }
}

#[test]
fn links_are_never_followed() {
    let world = World::new();
    world.write("outside.yml", "on: push\njobs:\n  a:\n    runs-on: x\n    steps:\n    - run: go test ./...\n");
    world.write("kustomization.yaml", overlay("stolen", "v1"));
    let mut app = world.repository("app");
    let outside = world.path().join("outside.yml").display().to_string();
    app.commit(
        Commit::at(at(1, 0))
            .file("go.mod", "module x\n")
            .link(".github/workflows/ci.yml", &outside)
            .link(".gitlab-ci.yml", "../outside.yml")
            .link(".mailmap", &outside),
    );
    app.git(["reset", "--quiet", "--hard"]);
    let mut gitops = world.repository("gitops");
    gitops.commit(deployment(at(1, 0), "web", "staging", "v1"));
    gitops.commit(
        deployment(at(2, 0), "web", "production", "v1")
            .link(&overlay_path("stolen", "production"), "../../../../../kustomization.yaml")
            .link("production", &world.path().display().to_string()),
    );
    let assessment = world.assess(["app", "gitops", "--as-of", "2026-02-01"]);
    assert_eq!(service_names(&assessment), ["app", "web"]);
    let explained = world.run(["explain", "ci_pipeline", "app", "--as-of", "2026-02-01"]);
    assert!(explained.text().contains("absent"), "{}", explained.text());
    assert!(!assessment.to_string().contains("stolen"));
}

#[test]
fn a_change_deployed_before_it_was_written_is_set_aside_and_counted() {
    let mut shop = Shop::new();
    let tip = shop.web.git(["rev-parse", "main"]);
    let ahead = Commit::at(at(55, 9)).authored_at(at(55, 9) + 48 * HOUR).parents(&[&tip]).file("clock", "wrong");
    shop.web.commit(ahead);
    let tagged = shop.web.commit(Commit::at(at(55, 10)).file("clock", "right"));
    shop.web.tag("v8.0.0", &tagged);
    shop.gitops.commit(deployment(at(55, 12), "web", "production", "v8.0.0"));
    let assessment = shop.assess(&[]);
    let web = service(&assessment, "web");
    assert_eq!(excluded(web, "negative_duration"), 1);
    assert!(
        web["exclusions"]["negative_duration"]["examples"][0]
            .as_str()
            .unwrap()
            .contains("deployed 2026-02-25T12:00:00Z")
    );
    assert_eq!(web["metrics"]["change_lead_time"]["n"], 15, "the other change counts");
    assert_eq!(web["metrics"]["deployment_frequency"]["n"], 9);
    assert!(web["metrics"]["change_lead_time"]["low"].as_f64().unwrap() >= 0.0);
}

#[test]
fn commits_that_no_git_would_make_end_no_run() {
    let world = World::new();
    let mut app = world.repository("app");
    let base = app.commit(Commit::at(at(1, 0)).file("a", "a"));
    app.tag("v1.0.0", &base);
    let tree = app.git(["rev-parse", "main^{tree}"]);
    let usual = "A <a@example.com> 1767312000 +0000";
    for (number, (author, committer)) in [
        ("A <a@example.com> 99999999999999999 +0000", usual),
        ("A <a@example.com> 18446744073709551615 +0000", usual),
        ("A <a@example.com> -9223372036854775808 +0000", usual),
        (usual, "A <a@example.com> 9223372036854775807 +0000"),
        (usual, "A <a@example.com> -1 -9999"),
        ("A 1767312000", usual),
        ("<>", "<>"),
        ("A <a@example.com> ", "A <a@example.com> "),
    ]
    .into_iter()
    .enumerate()
    {
        let text = format!("tree {tree}\nparent {base}\nauthor {author}\ncommitter {committer}\n\nx");
        world.write("odd", text);
        let odd = app.git(["hash-object", "-t", "commit", "-w", "--literally", "../odd"]);
        app.git(["update-ref", "refs/heads/main", &odd]);
        app.tag(&format!("v1.{number}.1"), &odd);
        for format in ["text", "json", "markdown", "html"] {
            for as_of in ["2026-02-01", "9999-12-29"] {
                let run = world.run(["assess", "app", "--as-of", as_of, "--format", format]);
                assert!(matches!(run.code, 0 | 3), "{author}: {} {}", run.code, run.stderr);
            }
        }
    }
}

#[test]
fn the_same_repository_given_twice_is_read_once() {
    let shop = Shop::new();
    let once = shop.world.assess(["web", "--as-of", AS_OF]);
    let twice = shop.world.assess(["web", "./web/.git", "--as-of", AS_OF]);
    assert_warned(&twice, &["web/.git is the same repository as web and is read once"]);
    assert_eq!(twice["services"], once["services"]);
    shop.web.cloned("copy", &[]);
    let copies = shop.world.assess(["web", "copy", "--as-of", AS_OF]);
    assert_eq!(service_names(&copies), ["copy", "web"], "a clone under another name is another repository");
}

#[test]
fn two_repositories_of_one_name_stay_apart() {
    let world = World::new();
    std::fs::create_dir_all(world.path().join("one")).unwrap();
    std::fs::create_dir_all(world.path().join("two")).unwrap();
    for (folder, day) in [("one", 1), ("two", 2)] {
        let mut app = world.repository(format!("{folder}/app"));
        let commit = app.commit(Commit::at(at(day, 0)).file("a", folder));
        app.tag("v1.0.0", &commit);
    }
    let assessment = world.assess(["one/app", "two/app", "--as-of", "2026-02-01"]);
    assert_eq!(service_names(&assessment), ["app", "app~2"]);
    assert_eq!(warnings(&assessment), Vec::<&str>::new());
}

#[test]
fn a_reader_that_has_seen_enough_is_no_error() {
    let shop = Shop::new();
    for format in ["json", "text"] {
        let arguments = ["assess", "web", "gitops", "--as-of", AS_OF, "--format", format];
        let mut child = shop.world.command(arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        // As `| head` does: a little is read, then the pipe is closed.
        let mut first = [0; 1];
        let mut stdout = child.stdout.take().unwrap();
        stdout.read_exact(&mut first).unwrap();
        drop(stdout);
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{format}");
        assert_eq!(String::from_utf8_lossy(&output.stderr), "", "{format}");
    }
    let mut child = shop.world.command(["explain"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.status.code(), output.stderr), (Some(0), Vec::new()));
}
