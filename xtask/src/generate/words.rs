//! How conditions, bounds and links are put into words.

use truelevel_assess::Catalog;
use truelevel_assess::catalog::Requirement;
use truelevel_assess::conditions::{Condition, Subject};
use truelevel_model::Unit;
use truelevel_model::assessment::Answer;

/// How a generated page begins.
pub(super) fn heading(title: &str, origin: &str, about: &str) -> String {
    format!("<!-- Written by `cargo xtask gen` from {origin}. -->\n\n# {title}\n\n{about}\n")
}

/// What must hold: the only condition, or a list of them under a term.
pub(super) fn requirement(requirement: &Requirement) -> String {
    match requirement.conditions() {
        [only] => condition(only),
        conditions => {
            let start = match requirement {
                Requirement::All(_) => "all of these hold:",
                Requirement::Any(_) => "one of these holds:",
                Requirement::FirstKnown(_) => "the first of these of which enough is known holds:",
            };
            let items: Vec<_> = conditions.iter().map(|one| format!("\n  - {}", condition(one))).collect();
            format!("{start}{}", items.concat())
        }
    }
}

fn condition(condition: &Condition) -> String {
    let now = match &condition.subject {
        Subject::Practice { practice, grade } => {
            format!("practice [{practice}](practices.md#{practice}) {}", grade.as_str())
        }
        Subject::Metric { metric, bound } => {
            let words = bound_words(bound.is_lower, bound.is_inclusive);
            format!("metric [{metric}](metrics.md#{metric}) {words} {}", bound.text)
        }
    };
    let before = if condition.held_before { ", in this window and in the one before" } else { "" };
    let asked = condition.if_any.as_ref().map(|events| format!(", where there are any {events}")).unwrap_or_default();
    let pooled = if condition.is_pooled { "; counted over all services where single ones cannot tell" } else { "" };
    let decides = match condition.decides {
        Some(Answer::Yes) => "; where it does not hold, the others are asked",
        Some(Answer::No) => "; where it holds, the others are asked too",
        Some(Answer::Unknown) | None => "",
    };
    format!("{now}{before}{asked}{pooled}{decides}")
}

/// Links to the gates and questions that a subject decides; nothing when there are none.
pub(super) fn decides(catalog: &Catalog, is_it: impl Fn(&Subject) -> bool) -> String {
    let asks = |requirement: &Requirement| requirement.conditions().iter().any(|condition| is_it(&condition.subject));
    let gates = catalog.stages.iter().flat_map(|stage| &stage.gates).filter(|gate| asks(&gate.requirement));
    let gates = gates.map(|gate| format!("gate [{0}](gates.md#{0})", gate.id));
    let questions = catalog.questions.iter().filter(|question| asks(&question.requirement));
    let questions = questions.map(|question| format!("question [{0}](questions.md#{0})", question.id));
    let links: Vec<_> = gates.chain(questions).collect();
    if links.is_empty() { String::new() } else { format!("\nDecides: {}.\n", links.join(", ")) }
}

/// What is good, seen from an edge.
pub(super) fn bound_words(is_lower: bool, is_inclusive: bool) -> &'static str {
    match (is_lower, is_inclusive) {
        (true, true) => "at least",
        (true, false) => "more than",
        (false, true) => "at most",
        (false, false) => "less than",
    }
}

/// A unit, as a reader would name it.
pub(super) fn unit(unit: Unit) -> &'static str {
    match unit {
        Unit::Seconds => "a duration, in seconds",
        Unit::PerDay => "events per calendar day",
        Unit::Ratio => "a share between 0 and 1",
        Unit::Count => "a number of things",
    }
}
