//! How conditions, bounds and links are put into words.

use truelevel_assess::Catalog;
use truelevel_assess::catalog::Requirement;
use truelevel_assess::conditions::{Condition, Subject};
use truelevel_model::Unit;
use truelevel_model::time::{DAY_SECONDS, MONTH_DAYS, WEEK_DAYS};

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
    if condition.held_before { format!("{now}, in this window and in the one before") } else { now }
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

/// A quantity in the largest unit that gives a whole number: the inverse of what the catalog's quantities are read to.
pub(super) fn quantity(value: f64, unit: Unit) -> String {
    let whole = |number: f64| {
        let rounded = number.round();
        ((number - rounded).abs() < 1e-9 && rounded >= 1.0).then_some(rounded)
    };
    match unit {
        Unit::Count => value.to_string(),
        Unit::Ratio => format!("{} %", (value * 1e8).round() / 1e6),
        Unit::Seconds => {
            let units = [
                (MONTH_DAYS * DAY_SECONDS, "month"),
                (WEEK_DAYS * DAY_SECONDS, "week"),
                (DAY_SECONDS, "day"),
                (3600.0, "hour"),
                (60.0, "minute"),
            ];
            let found = units.into_iter().find_map(|(seconds, name)| Some((whole(value / seconds)?, name)));
            let (number, name) = found.unwrap_or((value, "second"));
            format!("{number} {name}{}", if number == 1.0 { "" } else { "s" })
        }
        Unit::PerDay => {
            let units = [(1.0, "day"), (WEEK_DAYS / 5.0, "working day"), (WEEK_DAYS, "week"), (MONTH_DAYS, "month")];
            let found = units.into_iter().find_map(|(days, name)| Some((whole(value * days)?, name)));
            let (number, name) = found.unwrap_or((value, "day"));
            format!("{number} per {name}")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quantity_reads_as_the_catalog_writes_it() {
        let check = |text: &str, unit| {
            let value = truelevel_assess::quantity::parse(text).unwrap();
            assert_eq!(quantity(value, unit), text);
        };
        for text in ["1 hour", "1 day", "3 days", "1 week", "1 month", "90 minutes", "45 seconds"] {
            check(text, Unit::Seconds);
        }
        for text in ["2 per day", "1 per working day", "1 per week", "1 per month"] {
            check(text, Unit::PerDay);
        }
        for text in ["5 %", "7 %", "12.5 %"] {
            check(text, Unit::Ratio);
        }
        check("3", Unit::Count);
    }
}
