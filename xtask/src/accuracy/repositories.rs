//! Made-up repositories, for the findings that are read from files: organisations of twelve services, each with a pipeline
//! of its own, and a release on most working days.

use std::collections::BTreeSet;
use std::error::Error;
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use truelevel_engine::assess::{AssessRequest, assess};
use truelevel_engine::demo::Random;
use truelevel_engine::{Silent, Workspace, accuracy};
use truelevel_model::Time;

/// What these organisations are called beside the grounds of facts.
pub(super) const GROUND: &str = "repositories";

/// Repositories of each.
const REPOSITORIES: u32 = 12;
/// Days of each, up to the as-of.
const DAYS: i64 = 98;
/// The end of a Friday, in seconds since 1970.
const AS_OF: i64 = 1_787_331_600;
/// Working days with a release.
const RELEASED: f64 = 0.7;
const LINES: u64 = 40;

/// Something that a finding is to be raised for.
pub(super) struct Planted {
    pub(super) finding: &'static str,
    /// What is planted, for readers.
    pub(super) what: &'static str,
    /// How much of it, in `unit`: weak, middling and strong.
    pub(super) sizes: [f64; 3],
    pub(super) unit: &'static str,
    plant: fn(&mut [Repository], f64, &mut Random),
}

/// All of them, by finding.
pub(super) static PLANTED: &[Planted] = &[
    Planted {
        finding: "configuration_theatre",
        what: "run their tests in a step whose failure fails nothing",
        sizes: [0.0, 1.0, 6.0],
        unit: "of 12 repositories",
        plant: |repositories, size, _| {
            for repository in repositories.iter_mut().take(size as usize) {
                repository.pipeline = repository.pipeline.replace(TESTS, "pytest -q || true");
            }
        },
    },
    Planted {
        finding: "pipelines_copied",
        what: "have the pipeline of the first one",
        sizes: [2.0, 3.0, 9.0],
        unit: "of 12 repositories",
        plant: |repositories, size, _| {
            let first = repositories[0].pipeline.clone();
            repositories.iter_mut().take(size as usize).for_each(|repository| repository.pipeline.clone_from(&first));
        },
    },
    Planted {
        finding: "trivial_deployments",
        what: "of the releases move nothing but space",
        sizes: [5.0, 15.0, 40.0],
        unit: "%",
        plant: |repositories, size, random| {
            for release in repositories.iter_mut().flat_map(|repository| &mut repository.releases) {
                release.is_only_space = random.happens(size / 100.0);
            }
        },
    },
];

const TESTS: &str = "pytest -q";

/// A repository before it is written.
struct Repository {
    name: String,
    pipeline: String,
    releases: Vec<Release>,
}

struct Release {
    /// Seconds since 1970.
    at: i64,
    is_only_space: bool,
}

/// The organisations as a row beside those of facts.
pub(super) fn described() -> String {
    format!("| {GROUND} | {REPOSITORIES} | {} | {RELEASED} releases | 2 h |\n", DAYS / 7)
}

/// What is claimed of the organisation of a seed in which nothing is wrong, or one thing of a size.
pub(super) fn claimed(seed: u64, planted: Option<(&Planted, f64)>) -> Result<BTreeSet<String>, Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    let mut repositories: Vec<Repository> = (1..=REPOSITORIES).map(|number| Repository::clean(seed, number)).collect();
    if let Some((planted, size)) = planted {
        (planted.plant)(&mut repositories, size, &mut Random::of(seed, 1, 0));
    }
    let written = repositories.iter().map(|repository| repository.write(folder.path(), seed));
    let paths: Vec<PathBuf> = written.collect::<Result<_, _>>()?;
    let as_of = Time::from_seconds(AS_OF);
    let request =
        AssessRequest { as_of: Some(as_of), now: as_of, window_days: None, edition: None, services: Vec::new() };
    Ok(accuracy::claims(&assess(&mut Workspace::open(&paths)?, &request, &Silent)?))
}

impl Repository {
    fn clean(seed: u64, number: u32) -> Self {
        let name = format!("service-{number:02}");
        let mut random = Random::of(seed, 2, u64::from(number));
        let first = AS_OF - DAYS * 86_400;
        let days = (0..DAYS).map(|day| first + day * 86_400).filter(|day| (day / 86_400 + 3) % 7 < 5);
        let released: Vec<i64> = days.filter(|_| random.happens(RELEASED)).collect();
        let releases = released
            .into_iter()
            .map(|day| Release { at: day - (random.between(0.0, 6.0) * 3600.0) as i64, is_only_space: false });
        Self { releases: releases.collect(), pipeline: pipeline(&name), name }
    }

    /// A bare repository with a commit and a tag for each release.
    fn write(&self, folder: &Path, seed: u64) -> Result<PathBuf, Box<dyn Error>> {
        let path = folder.join(&self.name);
        let git = |arguments: &[&str]| {
            let mut command = Command::new("git");
            command.args(arguments).arg(&path).stdin(Stdio::piped()).stdout(Stdio::null());
            command
        };
        ended(git(&["-c", "init.defaultBranch=main", "init", "--quiet", "--bare"]).status()?.success(), &path)?;
        let mut import = Command::new("git");
        import.arg("-C").arg(&path).args(["fast-import", "--quiet"]).stdin(Stdio::piped());
        let mut child = import.spawn()?;
        child.stdin.take().ok_or("git takes no input")?.write_all(self.stream(seed)?.as_bytes())?;
        ended(child.wait()?.success(), &path)?;
        Ok(path)
    }

    fn stream(&self, seed: u64) -> Result<String, std::fmt::Error> {
        let mut random = Random::of(seed, 3, self.releases.len() as u64);
        let mut lines: Vec<String> = (0..LINES).map(|line| format!("value_{line} = 0")).collect();
        let mut stream = String::new();
        for (number, release) in (1..).zip(&self.releases) {
            let line = random.next() as usize % lines.len();
            if release.is_only_space {
                lines[line].push(' ');
            } else {
                lines[line] = format!("value_{line} = {}", random.next() % 1_000_000);
            }
            let (text, written, at) = (lines.join("\n"), release.at - 7200, release.at);
            writeln!(stream, "commit refs/heads/main\nmark :{number}")?;
            writeln!(stream, "committer A <a@example.org> {written} +0000\ndata 6\nchange")?;
            if number > 1 {
                writeln!(stream, "from :{}", number - 1)?;
            } else {
                file(&mut stream, ".github/workflows/ci.yml", &self.pipeline)?;
            }
            file(&mut stream, "values.py", &text)?;
            writeln!(
                stream,
                "tag v1.{number}.0\nfrom :{number}\ntagger A <a@example.org> {at} +0000\ndata 7\nrelease"
            )?;
        }
        Ok(stream)
    }
}

fn file(stream: &mut String, path: &str, text: &str) -> std::fmt::Result {
    writeln!(stream, "M 100644 inline {path}\ndata {}\n{text}", text.len())
}

fn ended(is_well: bool, path: &Path) -> Result<(), String> {
    if is_well { Ok(()) } else { Err(format!("git could not write {}", path.display())) }
}

fn pipeline(name: &str) -> String {
    format!(
        "name: {name}\non: [push, pull_request]\njobs:\n  build:\n    runs-on: ubuntu-latest\n    steps:\n      \
         - uses: actions/checkout@v4\n      - run: pip install --require-hashes -r requirements.txt\n      \
         - run: {TESTS}\n      - run: python -m build --outdir dist/{name}\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_planted_in_files_is_found_and_little_of_it_is_not() {
        for planted in PLANTED {
            let [weak, _, strong] = planted.sizes.map(|size| claimed(1, Some((planted, size))).unwrap());
            assert!(!weak.contains(planted.finding), "{}: {weak:?}", planted.finding);
            assert!(strong.contains(planted.finding), "{}: {strong:?}", planted.finding);
        }
    }
}
