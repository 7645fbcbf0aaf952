//! What a report needs on paper beyond its pages: a table of many columns is wider than any sheet, so that each of its rows
//! is printed as a paragraph, in which every value says what it is.

use std::fmt::Write;

use super::{Site, delivery};

/// Style rules that name the columns of the two tables that hold everything of every service.
pub(super) fn labels(site: &Site<'_>) -> String {
    let values = delivery::known(site).into_iter().map(|id| site.reference.title(id));
    let stages = site.assessment.stages.iter().chain(&site.assessment.lanes);
    let gates = stages.flat_map(|stage| &stage.gates).map(|gate| gate.gate.replace('_', " "));
    let mut rules = String::from("@media print{");
    if site.assessment.services.len() > 1 {
        name(&mut rules, "all-values", values);
    }
    if site.is_brief() {
        name(&mut rules, "all-gates", gates);
    }
    rules + "}\n"
}

fn name(rules: &mut String, table: &str, names: impl Iterator<Item = String>) {
    // The first column is the service's name.
    for (place, name) in (2..).zip(names) {
        let _ = write!(rules, ".{table} td:nth-child({place})::before{{content:\"{}: \"}}", quoted(&name));
    }
}

/// A text inside of a string of a stylesheet: what is not a letter, digit or space is written by its number, so that no
/// name ends the string or the stylesheet.
fn quoted(text: &str) -> String {
    let kept = |c: char| c.is_ascii_alphanumeric() || c == ' ';
    text.chars().map(|c| if kept(c) { c.to_string() } else { format!("\\{:x} ", u32::from(c)) }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_name_ends_the_string_that_it_stands_in() {
        assert_eq!(quoted("a b\"}</style>"), "a b\\22 \\7d \\3c \\2f style\\3e ");
    }
}
