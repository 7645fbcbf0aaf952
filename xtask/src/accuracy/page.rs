//! The page about how accurate the detectors are.

use std::collections::BTreeMap;

use truelevel_practices::PRACTICES;

use super::labels::Answer;
use super::{Looked, Score, percent, total};

const INTRODUCTION: &str = "<!-- Written by `cargo xtask accuracy DIR`. -->

# Accuracy

How often the detectors are right. Twelve public repositories of different kinds were read by hand, and for each it was
written down what is true of twenty or more practices, before any detector had looked: [the
labels](../fixtures/accuracy/labels.toml) name repository, commit, answer and the file that shows it. Four more were read
the same way later, for practices that none of the twelve has. `cargo xtask
accuracy DIR` compares them with what the detectors say of the same commits. What a pipeline takes from another repository
is read where DIR holds a clone of that one too, at its newest commit.

*Precision* is the share of what a detector calls present that is present; *recall* the share of what is present that
it finds. \"Unknown\" is never right where the label says present: it counts against recall. Where a label says absent,
\"unknown\" counts neither way and is shown apart. Twelve repositories are few: most rows rest on a handful of labels,
so read the row of all practices first.

The first run, with the 43 detectors that stood then, had precision 1.00 and recall 0.85 (139 found, 0 invented, 24
missed). What it missed was repaired on this same set, so the numbers below flatter the detectors. Four further
repositories were labelled after that and before any detector had looked at them; nothing was repaired on them, and
their row says what to expect of a repository that nobody has seen.
";

/// Written by hand: a simulation, not labels.
const CLAIMS: &str = "
## Claims about golden paths and AI

How often a comparison claims what is not there, and how often it finds what is, in 1,000 made-up organisations each
(`TRUELEVEL_SEEDS=1000 cargo test -p truelevel_metrics --test claims`; sixty of each run with the other tests). Teams of six
services differ in every key as services of a team do (log-normal, 0.3); in the event study lead times are log-normal (0.8),
everybody's grow by 2 % a week, and a service deploys five times a week.

| comparison | any false claim, small | any false claim, large | found: weak | found: strong | found: strong, large |
|---|---|---|---|---|---|
| keys on and off a golden path; 12 and 24 teams | 3.8 % | 4.0 % | 14 % (lead time × 0.7) | 62 % (× 0.5) | 98 % (× 0.5) |
| keys over the share of changes with a sign; 12 and 24 teams | 2.2 % | 3.6 % | 11 % (× 1.3 for 25 points) | 81 % (× 2) | 100 % (× 2) |
| before and after a beginning; 24 and 60 services | 3.7 % | 3.4 % | 20 % (× 1.1) | 90 % (× 1.3) | 94 % (× 1.3) |

So \"no difference is shown\" from a dozen teams says little: a third less lead time is mostly missed. In the last row about one
finding in twenty is withheld because the weeks before seem to drift.
";

const HEADING: &str = "\n| practice | precision | recall | present: found / labelled | absent: invented / left unknown / labelled |\n|---|---|---|---|---|\n";

pub(super) fn render(looked: &[Looked], scores: &BTreeMap<&str, Score>, held_out: &BTreeMap<&str, Score>) -> String {
    let mut text = INTRODUCTION.to_owned();
    text.push_str(HEADING);
    text.push_str(&row("**all**", total(scores)));
    text.push_str(&row("**all, of the four held out**", total(held_out)));
    by_practice(&mut text, scores);
    text.push_str("\n## The four held out, by practice\n");
    text.push_str(HEADING);
    by_practice(&mut text, held_out);
    text.push_str(&unknown(scores, held_out));
    text.push_str("\n## Where a detector errs\n\n");
    let wrong: Vec<_> = looked
        .iter()
        .flat_map(|one| one.judged.iter().map(move |judged| (one, judged)))
        .filter(|(_, judged)| judged.is_wrong())
        .collect();
    if wrong.is_empty() {
        text.push_str("Nowhere in this set.\n");
    }
    for (one, judged) in wrong {
        let label = match judged.label {
            Answer::Present => "present",
            Answer::Absent => "absent",
            Answer::Unknown => "unknown",
        };
        let why = judged.explanation.as_deref().unwrap_or("Not explained yet.");
        text.push_str(&format!(
            "- **{}**, `{}`: labelled {label} ({}); the detector says {}. {why}\n",
            one.name,
            judged.practice,
            judged.reason,
            judged.answer(),
        ));
    }
    text.push_str(CLAIMS);
    text.push_str("\n## Repositories\n\nThe labelled ones first; the others were only read, to see that nothing in them stops a run.\n\n| repository | what it is | commit | files | labels | problems named |\n|---|---|---|---|---|---|\n");
    for one in looked {
        text.push_str(&format!(
            "| {} | {} | `{}` | {} | {} | {} |\n",
            one.name,
            one.kind,
            &one.commit[..12],
            one.files,
            one.judged.len(),
            one.warnings,
        ));
    }
    text
}

fn by_practice(text: &mut String, scores: &BTreeMap<&str, Score>) {
    for (practice, score) in scores {
        text.push_str(&row(&format!("[{practice}](reference/practices.md#{practice})"), *score));
    }
}

/// The practices of which the labels say nothing.
fn unknown(scores: &BTreeMap<&str, Score>, held_out: &BTreeMap<&str, Score>) -> String {
    let labelled = |of: fn(&Score) -> bool, id: &str| [scores, held_out].iter().any(|all| all.get(id).is_some_and(of));
    let without = |of: fn(&Score) -> bool| -> String {
        let ids = PRACTICES.iter().map(|practice| practice.id).filter(|id| !labelled(of, id));
        ids.map(|id| format!("`{id}`")).collect::<Vec<_>>().join(", ")
    };
    format!(
        "\n## What is not known\n\nNo label says present, so recall is not known, of: {}. No label says absent, so only what is \
         present elsewhere speaks for precision, of: {}. Their tests say what they find.\n",
        without(|score| score.found + score.missed > 0),
        without(|score| score.invented + score.not_answered + score.rightly_absent > 0)
    )
}

fn row(name: &str, score: Score) -> String {
    format!(
        "| {name} | {} | {} | {} / {} | {} / {} / {} |\n",
        percent(score.precision()).trim(),
        percent(score.recall()).trim(),
        score.found,
        score.found + score.missed,
        score.invented,
        score.not_answered,
        score.invented + score.not_answered + score.rightly_absent,
    )
}
