//! Histories for the benchmarks, the same on every machine.

use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The commits of each large history.
const COMMITS: usize = 250_000;
/// Where the deployment repository declares versions.
pub(crate) const DEPLOYMENT_PATH: &str = "charts/app-config/image-tags";

const START: usize = 1_600_000_000;

/// A bare repository from a `git fast-import` stream, packed as a clone would be.
fn import(folder: &Path, name: &str, write: impl FnOnce(&mut dyn Write) -> std::io::Result<()>) -> PathBuf {
    let path = folder.join(name);
    let run = |arguments: &[&str]| {
        let mut command = Command::new("git");
        command.args(["-c", "init.defaultBranch=main", "-C"]).arg(folder).args(arguments);
        assert!(command.stdout(Stdio::null()).stderr(Stdio::null()).status().expect("git is installed").success());
    };
    run(&["init", "--bare", "--quiet", name]);
    let mut child = Command::new("git")
        .arg("-C")
        .arg(&path)
        .args(["fast-import", "--quiet"])
        .stdin(Stdio::piped())
        .spawn()
        .expect("git is installed");
    let mut stream = BufWriter::new(child.stdin.take().expect("a pipe"));
    write(&mut stream).expect("git reads the stream");
    drop(stream);
    assert!(child.wait().expect("git ends").success(), "the stream is well formed");
    let path_text = path.to_string_lossy().into_owned();
    run(&["-C", &path_text, "-c", "core.commitGraph=false", "-c", "gc.writeCommitGraph=false", "gc", "--quiet"]);
    path
}

fn commit(stream: &mut dyn Write, number: usize, parents: &[usize]) -> std::io::Result<()> {
    let time = START + number * 300;
    writeln!(stream, "commit refs/heads/main\nmark :{number}")?;
    writeln!(stream, "author A <a@example.org> {time} +0000\ncommitter C <c@example.org> {time} +0000")?;
    writeln!(stream, "data 7\nchange\n")?;
    for (place, parent) in parents.iter().enumerate() {
        writeln!(stream, "{} :{parent}", if place == 0 { "from" } else { "merge" })?;
    }
    Ok(())
}

/// A history of changes: every fifth commit begins a branch of two that the next but one merges.
pub(crate) fn changes(folder: &Path) -> PathBuf {
    import(folder, "changes.git", |stream| {
        for number in 1..=COMMITS {
            let parents = match (number, number % 5) {
                (1, _) => vec![],
                (2..=5, _) => vec![number - 1],
                // 1 goes on from the merge, 2 and 3 are a branch from it, 4 goes on from 1, 0 merges.
                (_, 2) => vec![number - 2],
                (_, 4) => vec![number - 3],
                (_, 0) => vec![number - 1, number - 2],
                _ => vec![number - 1],
            };
            commit(stream, number, &parents)?;
        }
        Ok(())
    })
}

/// A deployment repository shaped like GOV.UK's: 60 services in three environments, one version raised by each commit.
pub(crate) fn deployments(folder: &Path) -> PathBuf {
    const ENVIRONMENTS: [&str; 3] = ["integration", "staging", "production"];
    const SERVICES: usize = 60;
    import(folder, "deployments.git", |stream| {
        for number in 1..=COMMITS {
            let parent = [number - 1];
            commit(stream, number, if number == 1 { &[] } else { &parent })?;
            let (service, environment) = ((number * 7) % SERVICES, ENVIRONMENTS[number % 3]);
            let content = format!("image_tag: v{number}\nautomatic_deploys_enabled: true\n");
            writeln!(
                stream,
                "M 100644 inline {DEPLOYMENT_PATH}/{environment}/service-{service}\ndata {}\n{content}",
                content.len()
            )?;
        }
        Ok(())
    })
}

/// A small repository with a pipeline, tests and releases.
pub(crate) fn small(folder: &Path) -> PathBuf {
    import(folder, "small.git", |stream| {
        for number in 1..=200 {
            let parent = [number - 1];
            commit(stream, number, if number == 1 { &[] } else { &parent })?;
            let content = format!("fn main() {{ println!(\"{number}\"); }}\n");
            writeln!(stream, "M 100644 inline src/part_{}.rs\ndata {}\n{content}", number % 40, content.len())?;
        }
        let workflow = "on: [push, pull_request]\njobs:\n  test:\n    runs-on: ubuntu-latest\n    steps:\n      - run: cargo test\n";
        commit(stream, 201, &[200])?;
        writeln!(stream, "M 100644 inline .github/workflows/ci.yml\ndata {}\n{workflow}", workflow.len())?;
        for release in 1..=20 {
            writeln!(stream, "reset refs/tags/v1.{release}.0\nfrom :{}\n", release * 10)?;
        }
        Ok(())
    })
}
