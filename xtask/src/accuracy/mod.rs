//! `cargo xtask accuracy DIR`: how often the detectors are right about public repositories that were labelled by hand.
//!
//! `cargo xtask accuracy findings [SEEDS] [FINDING…]` asks the same of the findings, about made-up organisations
//! (`findings.rs`).
//!
//! DIR holds bare clones or working copies of the repositories. The labels are `fixtures/accuracy/labels.toml`; the
//! result is written to `docs/accuracy.md`. Clones without labels are read too, so that nothing in them stops a run.

mod clones;
mod findings;
mod labels;
mod page;
mod repositories;

use std::collections::BTreeMap;
use std::path::Path;
use std::time::{Duration, Instant};

use truelevel_model::{Detection, Locator, RepositoryId, Time};
use truelevel_practices::{PRACTICES, Repository, Tree, detect_all};

use crate::Failure;
use crate::workspace::root;
use clones::{Among, Clone, GitReader};
use labels::{Answer, Labelled};

/// What a detector answered for a labelled practice.
struct Judged {
    practice: String,
    label: Answer,
    /// Why the label says so.
    reason: String,
    detection: Detection,
    /// Why the detector errs, where somebody found out.
    explanation: Option<String>,
}

/// One repository after detection.
struct Looked {
    name: String,
    kind: String,
    commit: String,
    held_out: bool,
    files: usize,
    warnings: usize,
    took: Duration,
    judged: Vec<Judged>,
}

/// How often an answer was right.
#[derive(Clone, Copy, Default)]
struct Score {
    found: usize,
    invented: usize,
    missed: usize,
    rightly_absent: usize,
    not_answered: usize,
}

impl Judged {
    const fn is_present(&self) -> bool {
        matches!(self.detection, Detection::Present(_))
    }

    /// Whether the detector says something that the label denies, or fails to see what it affirms.
    fn is_wrong(&self) -> bool {
        match self.label {
            Answer::Present => !self.is_present(),
            Answer::Absent | Answer::Unknown => self.is_present(),
        }
    }

    fn answer(&self) -> String {
        match &self.detection {
            Detection::Present(evidence) => {
                let place = evidence.iter().find_map(|evidence| match &evidence.locator {
                    Locator::File { path, line, text, .. } => Some(format!("`{path}:{line}`, {text:?}")),
                    Locator::Elsewhere { .. } | Locator::Facts { .. } => None,
                });
                format!("present: {}", place.unwrap_or_default())
            }
            Detection::Absent { .. } => "absent".into(),
            Detection::Unknown { reason } => format!("unknown: {reason}"),
            Detection::NotApplicable { reason } => format!("not applicable: {reason}"),
        }
    }
}

impl Score {
    fn add(&mut self, judged: &Judged) {
        match (judged.label, &judged.detection) {
            (Answer::Present, Detection::Present(_)) => self.found += 1,
            (Answer::Present, _) => self.missed += 1,
            (Answer::Absent, Detection::Present(_)) => self.invented += 1,
            (Answer::Absent, Detection::Unknown { .. }) => self.not_answered += 1,
            (Answer::Absent, _) => self.rightly_absent += 1,
            // Files that cannot tell count neither for nor against.
            (Answer::Unknown, _) => {}
        }
    }

    /// Of what was said to be there, the share that is.
    fn precision(self) -> Option<f64> {
        share(self.found, self.invented)
    }

    /// Of what is there, the share that was found.
    fn recall(self) -> Option<f64> {
        share(self.found, self.missed)
    }
}

fn share(right: usize, wrong: usize) -> Option<f64> {
    let total = right + wrong;
    (total > 0).then(|| right as f64 / total as f64)
}

pub(crate) fn run(arguments: &[String]) -> Result<(), Failure> {
    let folder = match arguments {
        [word, rest @ ..] if word == "findings" => return findings::run(rest),
        [folder] => folder,
        _ => return Err(Failure::Usage("accuracy needs the folder that holds the clones, or `findings`".into())),
    };
    let labelled = labels::read(&root().join("fixtures/accuracy/labels.toml"))?;
    let clones = clones::find(Path::new(folder))?;
    let mut looked = Vec::new();
    for labelled in &labelled {
        let clone = clones
            .get(&labelled.name)
            .ok_or_else(|| Failure::Failed(format!("{folder} holds no clone of {}", labelled.name)))?;
        looked.push(look(clone, Some(labelled), &clones)?);
    }
    let is_labelled = |clone: &&Clone| labelled.iter().any(|labelled| labelled.name == clone.name);
    for clone in clones.values().filter(|clone| !is_labelled(clone)) {
        looked.push(look(clone, None, &clones)?);
    }
    let scores = score(looked.iter().filter(|one| !one.held_out));
    let held_out = score(looked.iter().filter(|one| one.held_out));
    report(&looked, &scores, total(&held_out));
    let path = root().join("docs/accuracy.md");
    std::fs::write(&path, page::render(&looked, &scores, &held_out))
        .map_err(|error| Failure::Failed(format!("{} cannot be written: {error}", path.display())))
}

fn look(clone: &Clone, labelled: Option<&Labelled>, clones: &BTreeMap<String, Clone>) -> Result<Looked, Failure> {
    let commit = clone.commit(labelled.map(|labelled| labelled.commit.as_str()))?;
    let reader = Among::new(GitReader::open(clone, &commit)?, clones);
    let files = reader.own.files();
    let tree = Tree {
        id: RepositoryId::new(&clone.name),
        commit: commit.parse().map_err(|_| Failure::Failed(format!("{commit} is not a commit id")))?,
        observed_at: Time::from_seconds(0),
        default_branch: None,
        files,
    };
    let count = tree.files.len();
    let started = Instant::now();
    let repository = Repository::new(tree, &reader);
    let mut detections = detect_all(&repository);
    let took = started.elapsed();
    let mut judged = Vec::new();
    for label in labelled.into_iter().flat_map(|labelled| &labelled.labels) {
        let detection = detections.remove(label.practice.as_str());
        let detection =
            detection.ok_or_else(|| Failure::Failed(format!("{}: no practice {}", clone.name, label.practice)))?;
        judged.push(Judged {
            practice: label.practice.clone(),
            label: label.answer,
            reason: label.reason.clone(),
            detection,
            explanation: label.explanation.clone(),
        });
    }
    Ok(Looked {
        name: clone.name.clone(),
        kind: labelled.map_or(String::new(), |labelled| labelled.kind.clone()),
        commit,
        held_out: labelled.is_some_and(|labelled| labelled.held_out),
        files: count,
        warnings: repository.warnings().len(),
        took,
        judged,
    })
}

/// The score of each practice that was labelled anywhere.
fn score<'l>(looked: impl Iterator<Item = &'l Looked>) -> BTreeMap<&'l str, Score> {
    let mut scores: BTreeMap<&str, Score> = BTreeMap::new();
    for judged in looked.flat_map(|looked| &looked.judged) {
        scores.entry(&judged.practice).or_default().add(judged);
    }
    scores
}

fn total(scores: &BTreeMap<&str, Score>) -> Score {
    scores.values().fold(Score::default(), |sum, score| Score {
        found: sum.found + score.found,
        invented: sum.invented + score.invented,
        missed: sum.missed + score.missed,
        rightly_absent: sum.rightly_absent + score.rightly_absent,
        not_answered: sum.not_answered + score.not_answered,
    })
}

fn report(looked: &[Looked], scores: &BTreeMap<&str, Score>, held_out: Score) {
    for (practice, score) in scores {
        println!("{practice:<26} precision {}  recall {}", percent(score.precision()), percent(score.recall()));
    }
    for one in looked {
        println!("{:<44} {:>6} files {:>7.2} s", one.name, one.files, one.took.as_secs_f64());
    }
    for one in looked {
        for judged in one.judged.iter().filter(|judged| judged.is_wrong()) {
            println!(
                "\n{} {}\n  label: {:?}, {}\n  detector: {}",
                one.name,
                judged.practice,
                judged.label,
                judged.reason,
                judged.answer()
            );
        }
    }
    println!(
        "\nheld out: precision {}, recall {} ({} found, {} invented, {} missed)",
        percent(held_out.precision()),
        percent(held_out.recall()),
        held_out.found,
        held_out.invented,
        held_out.missed,
    );
    let total = total(scores);
    println!(
        "\nall: precision {}, recall {} ({} found, {} invented, {} missed; of the absent {} seen as absent, {} left unknown; {} of {} practices labelled)",
        percent(total.precision()),
        percent(total.recall()),
        total.found,
        total.invented,
        total.missed,
        total.rightly_absent,
        total.not_answered,
        scores.len(),
        PRACTICES.len(),
    );
}

fn percent(share: Option<f64>) -> String {
    share.map_or_else(|| "   –".into(), |share| format!("{share:.2}"))
}
