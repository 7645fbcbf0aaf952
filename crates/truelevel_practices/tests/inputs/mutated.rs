//! Real shapes of every format, broken at random: the same breaks in every run.
//!
//! `TRUELEVEL_FUZZ_CASES` asks for more of them, `TRUELEVEL_FUZZ_SEEDS` names a folder whose files are broken too.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::{RngAlgorithm, TestRng, TestRunner};

use crate::Files;

/// Where each seed stands in the repository.
const SEEDS: [(&str, &str); 22] = [
    (".buildkite/pipeline.yml", include_str!("../../../../fixtures/practices/buildkite.yml")),
    (".circleci/config.yml", include_str!("../../../../fixtures/practices/circleci.yml")),
    (".github/actions/setup/action.yml", include_str!("../../../../fixtures/practices/action.yml")),
    (".github/workflows/ci.yml", include_str!("../../../../fixtures/practices/github.yml")),
    (".github/workflows/image.yml", include_str!("../../../../fixtures/practices/image.yml")),
    (".drone.yml", include_str!("../../../../fixtures/practices/drone.yml")),
    (".gitlab-ci.yml", include_str!("../../../../fixtures/practices/gitlab.yml")),
    (".tekton/push.yaml", include_str!("../../../../fixtures/practices/tekton.yaml")),
    (".travis.yml", include_str!("../../../../fixtures/practices/travis.yml")),
    ("Jenkinsfile", include_str!("../../../../fixtures/practices/Jenkinsfile")),
    ("Makefile", include_str!("../../../../fixtures/practices/Makefile")),
    ("azure-pipelines.yml", include_str!("../../../../fixtures/practices/azure-pipelines.yml")),
    ("bitbucket-pipelines.yml", include_str!("../../../../fixtures/practices/bitbucket-pipelines.yml")),
    ("bin/deploy", include_str!("../../../../fixtures/practices/deploy")),
    ("chart/templates/main.yaml", include_str!("../../../../fixtures/practices/template.yaml")),
    ("chart/values.yaml", include_str!("../../../../fixtures/practices/values.yaml")),
    ("ci/deploy.yml", include_str!("../../../../fixtures/practices/gitlab-deploy.yml")),
    ("cloudbuild.yaml", include_str!("../../../../fixtures/practices/cloudbuild.yaml")),
    ("infra/main.tf", include_str!("../../../../fixtures/practices/main.tf")),
    ("k8s/rollout.yaml", include_str!("../../../../fixtures/practices/rollout.yaml")),
    ("monitoring/rules.yaml", include_str!("../../../../fixtures/practices/rules.yaml")),
    ("package.json", include_str!("../../../../fixtures/practices/package.json")),
];

/// What makes parsers stumble.
const TOKENS: [&str; 40] = [
    "\t",
    "\r\n",
    "\u{feff}",
    "\0",
    "é",
    "𝄞",
    "&a ",
    "*a",
    "<<: *a",
    "<<: [*a, *a]",
    "{{",
    "}}",
    "{{- if",
    "{{ end }}",
    "${{",
    "${{ each x in parameters.y }}:",
    "{%",
    "'",
    "\"",
    "'''",
    "\"\"\"",
    "[",
    "]",
    "{",
    "}",
    "- ",
    ": ",
    "|\n",
    ">-\n",
    "!reference [a, script]",
    "!!binary",
    "%YAML 1.1",
    "---\n",
    "...\n",
    "#",
    "\\",
    "$(",
    "on: on",
    "yes: no",
    "((((((((",
];

#[derive(Clone, Debug)]
enum Break {
    Cut { from: usize, length: usize },
    Repeat { from: usize, length: usize, times: usize },
    Insert { at: usize, token: usize },
    Move { line: usize, to: usize },
    Indent { line: usize, spaces: usize },
    Splice { at: usize, seed: usize, from: usize, length: usize },
    Flip { at: usize, byte: u8 },
    End { at: usize },
}

fn breaks() -> impl Strategy<Value = Break> {
    let anywhere = 0..usize::MAX;
    prop_oneof![
        (anywhere.clone(), 1..200_usize).prop_map(|(from, length)| Break::Cut { from, length }),
        (anywhere.clone(), 1..80_usize, 1..200_usize).prop_map(|(from, length, times)| Break::Repeat {
            from,
            length,
            times
        }),
        (anywhere.clone(), anywhere.clone()).prop_map(|(at, token)| Break::Insert { at, token }),
        (anywhere.clone(), anywhere.clone()).prop_map(|(line, to)| Break::Move { line, to }),
        (anywhere.clone(), 0..12_usize).prop_map(|(line, spaces)| Break::Indent { line, spaces }),
        (anywhere.clone(), anywhere.clone(), anywhere.clone(), 1..400_usize)
            .prop_map(|(at, seed, from, length)| Break::Splice { at, seed, from, length }),
        (anywhere.clone(), any::<u8>()).prop_map(|(at, byte)| Break::Flip { at, byte }),
        anywhere.prop_map(|at| Break::End { at }),
    ]
}

fn broken(mut content: Vec<u8>, breaks: &[Break], seeds: &[(String, Vec<u8>)]) -> Vec<u8> {
    for one in breaks {
        let place = |at: usize| if content.is_empty() { 0 } else { at % content.len() };
        match *one {
            Break::Cut { from, length } => {
                let from = place(from);
                let to = (from + length).min(content.len());
                content.drain(from..to);
            }
            Break::Repeat { from, length, times } => {
                let from = place(from);
                let part = content[from..(from + length).min(content.len())].repeat(times);
                content.splice(from..from, part);
            }
            Break::Insert { at, token } => {
                let at = place(at);
                content.splice(at..at, TOKENS[token % TOKENS.len()].bytes());
            }
            Break::Move { line, to } => {
                let mut lines: Vec<Vec<u8>> = content.split(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect();
                let (line, to) = (line % lines.len(), to % lines.len());
                lines.swap(line, to);
                content = lines.join(&b'\n');
            }
            Break::Indent { line, spaces } => {
                let mut lines: Vec<Vec<u8>> = content.split(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect();
                let line = line % lines.len();
                let text = lines[line].trim_ascii_start().to_vec();
                lines[line] = [vec![b' '; spaces], text].concat();
                content = lines.join(&b'\n');
            }
            Break::Splice { at, seed, from, length } => {
                let at = place(at);
                let other = &seeds[seed % seeds.len()].1;
                let from = from % other.len().max(1);
                let part = other[from..(from + length).min(other.len())].to_vec();
                content.splice(at..at, part);
            }
            Break::Flip { at, byte } => {
                let at = place(at);
                if let Some(found) = content.get_mut(at) {
                    *found = byte;
                }
            }
            Break::End { at } => content.truncate(at % (content.len() + 1)),
        }
    }
    content
}

/// The seeds, and the files of a folder of one's own, each in the place of the seed whose kind it is.
fn seeds() -> Vec<(String, Vec<u8>)> {
    let mut seeds: Vec<_> = SEEDS.iter().map(|(path, text)| ((*path).to_owned(), text.as_bytes().to_vec())).collect();
    let Some(folder) = std::env::var_os("TRUELEVEL_FUZZ_SEEDS") else { return seeds };
    let entries = std::fs::read_dir(folder).expect("the folder of seeds can be listed");
    let mut paths: Vec<_> = entries.flatten().map(|entry| entry.path()).collect();
    paths.sort();
    for path in paths {
        // `.github+workflows+ci.yml` stands for `.github/workflows/ci.yml`.
        let name = path.file_name().unwrap_or_default().to_string_lossy().replace('+', "/");
        seeds.push((name, std::fs::read(&path).expect("a seed can be read")));
    }
    seeds
}

#[test]
fn whole_seeds_are_read_without_a_warning() {
    let files = seeds().into_iter().fold(Files::default(), |files, (path, content)| files.with(&path, content));
    let (repository, detections) = files.look();
    if std::env::var_os("TRUELEVEL_FUZZ_SEEDS").is_none() {
        assert_eq!(repository.warnings(), []);
        let present =
            detections.values().filter(|detection| matches!(detection, truelevel_model::Detection::Present(_)));
        assert!(present.count() > 30, "the seeds show many practices");
    }
}

#[test]
fn broken_files_are_read_as_far_as_they_go() {
    let cases = std::env::var("TRUELEVEL_FUZZ_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(150);
    let config = ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() };
    let mut runner = TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha));
    let seeds = seeds();
    let inputs = vec((0..seeds.len(), vec(breaks(), 1..6)), 1..4);
    let outcome = runner.run(&inputs, |inputs| {
        let whole = &seeds[..SEEDS.len()];
        let mut files = whole.iter().fold(Files::default(), |files, (path, text)| files.with(path, text.clone()));
        for (index, breaks) in &inputs {
            let (path, content) = &seeds[*index];
            files = files.with(path, broken(content.clone(), breaks, &seeds));
        }
        files.look();
        Ok(())
    });
    outcome.expect("no input stops the detectors");
}
