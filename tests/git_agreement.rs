//! What a deployment shipped is what git says: `git rev-list --no-merges NEW ^ALL-EARLIER-DEPLOYED`.
//!
//! Checked on a cut of the histories of GOV.UK (`fixtures/govuk`), and on repositories made at random.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use truelevel_metrics::asking::Asking;
use truelevel_metrics::timeline::{DeploymentKind, Timeline, TimelineEntry, TimelineInput};
use truelevel_metrics::versions::VersionResolver;
use truelevel_model::{Deployment, DeploymentOutcome, History, SourceId, Time, Window};
use truelevel_sources::deployment_files::is_production;
use truelevel_sources::deployment_repository::{VersionFiles, read_deployments};
use truelevel_sources::git::{AutomationAccounts, ChangeReading, GitRepository};

use crate::cli::{World, assert_warned, service};
use crate::git::{Commit, Repo, at, git};

const SERVICE: &str = "short-url-manager";

/// One of the streams in `fixtures/govuk`, imported.
pub(crate) fn govuk(world: &World, name: &str) -> Repo {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/govuk").join(format!("{name}.fast-export"));
    let repo = world.repository(name);
    repo.import(&std::fs::read(file).unwrap());
    repo
}

fn history(repository: &GitRepository) -> History {
    let automation = AutomationAccounts::default();
    let reading = ChangeReading {
        salt: b"salt",
        automation: &automation,
        known: History::default(),
        needs_details: true,
        progress: &|_, _| {},
    };
    let read = repository.changes(reading).unwrap();
    assert!(read.damaged.is_empty(), "{:?}", read.damaged);
    read.history
}

fn declared(repository: &GitRepository) -> Vec<Deployment> {
    let tip = repository.default_branch().unwrap().expect("there are commits").tip;
    let files = VersionFiles::Recognised;
    let (source, automation) = (SourceId::new("test"), AutomationAccounts::default());
    read_deployments(repository, &source, tip, &files, &automation, &|_, _| {}).unwrap().deployments
}

/// `git rev-list --no-merges NEW ^EARLIER…`.
fn range_in_git(folder: &Path, deployed: &str, earlier: &[String]) -> BTreeSet<String> {
    let mut arguments = vec!["rev-list".to_owned(), "--no-merges".into(), deployed.to_owned()];
    arguments.extend(earlier.iter().map(|before| format!("^{before}")));
    git(folder, &arguments).lines().map(str::to_owned).collect()
}

/// The same without exclusions on the command line. There git trusts the commits' clocks to stop early, and lists
/// too much where a clock was wrong.
fn difference_in_git(folder: &Path, deployed: &str, earlier: &[String]) -> BTreeSet<String> {
    let listed = git(folder, ["rev-list", "--no-merges", deployed]);
    let before = git(folder, ["rev-list".to_owned()].iter().chain(earlier));
    let before: BTreeSet<&str> = before.lines().collect();
    listed.lines().filter(|commit| !before.contains(commit)).map(str::to_owned).collect()
}

type InGit = fn(&Path, &str, &[String]) -> BTreeSet<String>;

/// The commits of each deployment on a timeline, as the product says and as git says; how many deployments were
/// compared, and how many commits they shipped.
fn compare(folder: &Path, history: &History, entries: &[TimelineEntry<'_>], in_git: InGit) -> (usize, usize) {
    let mut earlier: Vec<String> = Vec::new();
    let (mut deployments, mut commits) = (0, 0);
    for entry in entries {
        let Some(deployed) = entry.commit.filter(|_| entry.kind != DeploymentKind::NotSucceeded) else {
            assert!(entry.ships.is_empty(), "what did not succeed or resolve ships nothing");
            continue;
        };
        let deployed = history.id(deployed).to_string();
        if !earlier.is_empty() {
            let expected = in_git(folder, &deployed, &earlier);
            let changes = entry.ships.iter().filter(|change| !history.is_merge(**change));
            let shipped: Vec<String> = changes.map(|change| history.id(*change).to_string()).collect();
            let found: BTreeSet<String> = shipped.iter().cloned().collect();
            assert_eq!(found.len(), shipped.len(), "no change twice");
            assert_eq!(found, expected, "{} {:?}", entry.deployment.version, entry.kind);
            deployments += 1;
            commits += expected.len();
        }
        earlier.push(deployed);
    }
    (deployments, commits)
}

#[test]
fn lead_times_agree_exactly_with_git() {
    let world = World::new();
    let (app, gitops) = (govuk(&world, SERVICE), govuk(&world, "gitops"));
    let repository = GitRepository::open(&app.path).unwrap();
    let (history, tags) = (history(&repository), repository.tags().unwrap());
    let deployments = declared(&GitRepository::open(&gitops.path).unwrap());
    let resolver = VersionResolver::new(SERVICE, &history, &tags, &[]);
    let own: Vec<&Deployment> = deployments.iter().filter(|found| found.service.as_str() == SERVICE).collect();
    let timeline = Timeline::build(&TimelineInput {
        deployments: &own,
        is_production: &|environment| is_production(environment.as_str()),
        repository: Some((&history, &resolver)),
        baseline: None,
        are_releases: false,
        window: Window::ending(Time::parse("2026-08-21").unwrap(), 3650),
        asking: Asking::default(),
    });
    let (compared, commits) = compare(&app.path, &history, &timeline.entries, range_in_git);
    let resolved = timeline.entries.iter().filter(|entry| entry.commit.is_some()).count();
    assert_eq!(compared, resolved - 1, "every one but the baseline");
    assert!(compared >= 95 && commits >= 180, "{compared} deployments of {commits} commits");

    // And to the end: how many changes the binary measured in its window, from git's dates and graph alone.
    let assessment = world.assess([SERVICE, "gitops", "--as-of", "2026-08-21", "--window", "200"]);
    let lead_time = &service(&assessment, SERVICE)["metrics"]["change_lead_time"];
    let start = Time::parse("2026-08-21").unwrap().minus_days(200);
    let shipped = timeline.entries.iter().filter(|entry| entry.deployment.finished_at > start);
    let changes = shipped.flat_map(|entry| &entry.ships).filter(|change| !history.is_merge(**change));
    assert_eq!(lead_time["n"], changes.count());
    let waiting = git(&app.path, ["rev-list", "--no-merges", "--count", "main", "^v778"]);
    assert_eq!(lead_time["censored"].to_string(), waiting);
}

/// What the first-parent history of a file says: commit, seconds and each new version.
fn versions_in_git(folder: &Path, path: &str) -> Vec<(String, i64, String)> {
    let log = git(folder, ["log", "--first-parent", "--reverse", "-p", "--format=commit %H %ct", "main", "--", path]);
    let (mut found, mut commit, mut running) = (Vec::new(), None, None);
    for line in log.lines() {
        if let Some(header) = line.strip_prefix("commit ") {
            let (id, seconds) = header.split_once(' ').expect("two words");
            commit = Some((id.to_owned(), seconds.parse().unwrap()));
        } else if let Some(version) = line.strip_prefix("+image_tag: ") {
            let version = version.trim().trim_matches(['"', '\'']).to_owned();
            if running.as_ref() != Some(&version) {
                let (id, seconds) = commit.clone().expect("a commit stands before its patch");
                found.push((id, seconds, version.clone()));
                running = Some(version);
            }
        }
    }
    found
}

#[test]
fn deployments_are_the_versions_that_git_log_shows() {
    let world = World::new();
    let gitops = govuk(&world, "gitops");
    let deployments = declared(&GitRepository::open(&gitops.path).unwrap());
    let mut compared = 0;
    for environment in ["integration", "staging", "production"] {
        let own: Vec<_> = deployments
            .iter()
            .filter(|found| found.environment.as_str() == environment)
            .map(|found| {
                let commit = found.id.split(':').next().expect("the id begins with the commit");
                (commit.to_owned(), found.finished_at.millis() / 1000, found.version.clone())
            })
            .collect();
        let path = format!("charts/app-config/image-tags/{environment}/{SERVICE}");
        assert_eq!(own, versions_in_git(&gitops.path, &path), "{environment}");
        compared += own.len();
    }
    assert_eq!(compared, deployments.len(), "nothing else deploys");
    assert!(compared > 300, "{compared}");
}

#[test]
fn only_what_ran_at_the_beginning_is_no_event() {
    let world = World::new();
    let gitops = govuk(&world, "gitops");
    let deployments = declared(&GitRepository::open(&gitops.path).unwrap());
    let first = git(&gitops.path, ["rev-list", "--max-parents=0", "main"]);
    for deployment in &deployments {
        assert_eq!(deployment.is_initial_state, deployment.id.starts_with(&first), "{}", deployment.id);
    }
}

#[test]
fn a_version_that_nobody_tagged_is_reported_and_its_changes_ship_with_the_next() {
    let world = World::new();
    let (app, _) = (govuk(&world, SERVICE), govuk(&world, "gitops"));
    app.git(["update-ref", "-d", "refs/tags/v776"]);
    let assessment = world.assess([SERVICE, "gitops", "--as-of", "2026-08-21", "--window", "30"]);
    let web = service(&assessment, SERVICE);
    let examples = web["exclusions"]["version_unresolved"]["examples"].to_string();
    assert!(examples.contains("v776"), "{examples}");
    let run = world.run(["explain", "change_lead_time", SERVICE, "gitops", "--as-of", "2026-08-21", "--all"]);
    let changes = git(&app.path, ["rev-list", "--no-merges", "v778", "^v774"]);
    for change in changes.lines() {
        let line = run.text().lines().find(|line| line.contains(&change[..8])).unwrap_or_else(|| panic!("{change}"));
        assert!(line.contains("v778"), "{line}");
    }
    // A shallow copy of the same history guesses nothing.
    app.cloned("shallow", &["--depth", "40"]);
    assert_warned(&world.assess(["shallow", "--as-of", "2026-08-21"]), &["shallow", "--unshallow"]);
}

/// Numbers without rhyme, the same on every machine: xorshift64*.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33) as usize % limit
    }

    fn one_in(&mut self, chances: usize) -> bool {
        self.below(chances) == 0
    }
}

/// Up to 60 commits with branches, merges of two and more lines and new roots; on request with clocks that go wrong.
fn random_stream(random: &mut Random, has_wrong_clocks: bool) -> String {
    let mut stream = String::new();
    let commits = 10 + random.below(50);
    for mark in 1..=commits {
        let mut parents = BTreeSet::new();
        if mark > 1 && !random.one_in(15) {
            // Mostly near, so that lines stay lines.
            parents.insert(mark - 1 - random.below((mark - 1).min(4)));
            while random.one_in(3) {
                parents.insert(1 + random.below(mark - 1));
            }
        }
        let seconds =
            1_767_225_600 + 3600 * mark as i64 - if has_wrong_clocks && random.one_in(6) { 500_000 } else { 0 };
        stream += &format!("reset refs/heads/line{mark}\ncommit refs/heads/line{mark}\nmark :{mark}\n");
        stream +=
            &format!("author Ada <a@example.com> {seconds} +0000\ncommitter Ada <a@example.com> {seconds} +0000\n");
        stream += "data 0\n";
        for (place, parent) in parents.iter().rev().enumerate() {
            stream += &format!("{} :{parent}\n", if place == 0 { "from" } else { "merge" });
        }
        stream += "\n";
    }
    stream
}

/// Deployments of commits in any order: forward, back, again, of lines that never meet, failed, and unknown ones.
fn random_deployments(random: &mut Random, commits: &[String]) -> Vec<Deployment> {
    let mut newest = 0;
    (0..8 + random.below(20))
        .map(|number| {
            newest = (newest + random.below(5)).min(commits.len() - 1);
            let place = if random.one_in(4) { random.below(commits.len()) } else { newest };
            let version = if random.one_in(10) { "nowhere".to_owned() } else { commits[place][..12].to_owned() };
            let outcome = if random.one_in(8) { DeploymentOutcome::Failed } else { DeploymentOutcome::Succeeded };
            Deployment {
                source: SourceId::new("test"),
                id: number.to_string(),
                service: "web".into(),
                environment: if random.one_in(5) { "prod-us".into() } else { "prod-eu".into() },
                version,
                commit: None,
                started_at: None,
                finished_at: Time::from_seconds(1_800_000_000 + number as i64 / 2),
                sequence: number as i64,
                outcome,
                is_initial_state: false,
                is_removal: false,
                initiated_by: None,
                approval_wait: None,
                strategy: None,
                aborted_automatically: None,
                observed_at: Time::from_seconds(1_800_000_000 + number as i64 / 2),
            }
        })
        .collect()
}

#[test]
fn attribution_agrees_with_git_whatever_the_graph_and_the_order_of_deployments() {
    let world = World::new();
    let (mut compared, mut shipped, mut kinds) = (0, 0, BTreeMap::new());
    for seed in 1..=20 {
        let mut random = Random(0x9E37_79B9_7F4A_7C15_u64.wrapping_mul(seed));
        let repo = world.repository(format!("random{seed}"));
        let has_wrong_clocks = seed % 3 == 0;
        let in_git: InGit = if has_wrong_clocks { difference_in_git } else { range_in_git };
        repo.import(random_stream(&mut random, has_wrong_clocks).as_bytes());
        repo.git(["symbolic-ref", "HEAD", "refs/heads/line1"]);
        if seed % 2 == 0 {
            repo.git(["commit-graph", "write", "--reachable"]);
        }
        let listed = repo.git(["for-each-ref", "--sort=version:refname", "--format=%(objectname)"]);
        let commits: Vec<String> = listed.lines().map(str::to_owned).collect();
        let repository = GitRepository::open(&repo.path).unwrap();
        let history = history(&repository);
        assert_eq!(history.len(), commits.len());
        let facts = random_deployments(&mut random, &commits);
        let resolver = VersionResolver::new("web", &history, &[], &[]);
        // The order of the facts says nothing.
        let shuffled: Vec<&Deployment> = facts.iter().rev().collect();
        let timeline = Timeline::build(&TimelineInput {
            deployments: &shuffled,
            is_production: &|_| true,
            repository: Some((&history, &resolver)),
            baseline: None,
            are_releases: false,
            window: Window::ending(Time::from_seconds(2_000_000_000), 3650),
            asking: Asking::default(),
        });
        let (deployments, changes) = compare(&repo.path, &history, &timeline.entries, in_git);
        compared += deployments;
        shipped += changes;
        timeline.entries.iter().for_each(|entry| *kinds.entry(entry.kind).or_insert(0) += 1);
    }
    assert!(compared > 200 && shipped > 250, "{compared} deployments shipped {shipped} changes");
    for kind in
        [DeploymentKind::Rollback, DeploymentKind::Redeployment, DeploymentKind::FanOut, DeploymentKind::Forward]
    {
        assert!(kinds.get(&kind).is_some_and(|count| *count > 5), "{kinds:?}");
    }
}

/// What `git log --numstat` says of each change that is no merge: files, and lines added and removed together.
#[test]
fn attribution_agrees_with_git_on_a_real_history_whatever_is_deployed_when() {
    let world = World::new();
    let app = govuk(&world, SERVICE);
    let repository = GitRepository::open(&app.path).unwrap();
    let history = history(&repository);
    let listed = git(&app.path, ["rev-list", "--all", "--reverse"]);
    let commits: Vec<String> = listed.lines().map(str::to_owned).collect();
    let resolver = VersionResolver::new(SERVICE, &history, &[], &[]);
    let (mut compared, mut shipped, mut rollbacks) = (0, 0, 0);
    for seed in 1..=10 {
        let mut random = Random(0x9E37_79B9_7F4A_7C15_u64.wrapping_mul(seed));
        let from = random.below(commits.len() / 2);
        let deployments = random_deployments(&mut random, &commits[from..]);
        let all: Vec<&Deployment> = deployments.iter().collect();
        let timeline = Timeline::build(&TimelineInput {
            deployments: &all,
            is_production: &|_| true,
            repository: Some((&history, &resolver)),
            baseline: None,
            are_releases: false,
            window: Window::ending(Time::from_seconds(2_000_000_000), 3650),
            asking: Asking::default(),
        });
        rollbacks += timeline.entries.iter().filter(|entry| entry.kind == DeploymentKind::Rollback).count();
        let (deployments, commits) = compare(&app.path, &history, &timeline.entries, difference_in_git);
        compared += deployments;
        shipped += commits;
    }
    assert!(compared > 50 && shipped > 200 && rollbacks > 5, "{compared} of {shipped} commits, {rollbacks} back");
}

fn sizes_in_git(folder: &Path) -> BTreeMap<String, (u32, u32)> {
    let listed = git(
        folder,
        ["log", "--all", "--no-merges", "--numstat", "--no-renames", "--diff-algorithm=histogram", "--format=@%H"],
    );
    let mut sizes: BTreeMap<String, (u32, u32)> = BTreeMap::new();
    let mut commit = "";
    for line in listed.lines().filter(|line| !line.is_empty()) {
        if let Some(id) = line.strip_prefix('@') {
            commit = id;
            sizes.insert(id.to_owned(), (0, 0));
            continue;
        }
        let mut columns = line.split('\t');
        // A dash stands for a file that holds no text.
        let lines: u32 = columns.by_ref().take(2).map(|count| count.parse().unwrap_or(0)).sum();
        let size = sizes.get_mut(commit).expect("a commit comes before its files");
        *size = (size.0 + 1, size.1 + lines);
    }
    sizes
}

#[test]
fn sizes_of_changes_are_those_of_git() {
    let world = World::new();
    let gitops = govuk(&world, "gitops");
    let mut made = world.repository("made");
    let lines = |numbers: std::ops::Range<u32>| numbers.map(|number| format!("line {number}\n")).collect::<String>();
    made.commit(Commit::at(at(0, 0)).file("a/text", lines(0..50)).file("empty", "").file("bytes", "a\0b"));
    made.commit(Commit::at(at(1, 0)).file("a/text", &(lines(0..10) + "new\n" + &lines(20..50))).file("bytes", "a\0c"));
    made.commit(
        Commit::at(at(2, 0))
            .without("a/text")
            .file("a", "a folder became a file, without a last line ending")
            .file("x y", "1\n"),
    );
    made.commit(Commit::at(at(3, 0)).without("x y"));
    for (repo, expected_at_least) in [(&gitops, 100), (&made, 4)] {
        let repository = GitRepository::open(&repo.path).unwrap();
        let mut history = history(&repository);
        let changes: Vec<_> = history.indices().collect();
        repository.measure_sizes(&mut history, &changes, &|_, _| {});
        let sizes: BTreeMap<String, (u32, u32)> = changes
            .iter()
            .filter_map(|change| Some((history.id(*change).to_string(), history.size(*change)?)))
            .map(|(id, size)| (id, (size.files, size.lines)))
            .collect();
        assert!(sizes.len() >= expected_at_least, "only {} sizes", sizes.len());
        assert_eq!(sizes, sizes_in_git(&repo.path));
    }
}
