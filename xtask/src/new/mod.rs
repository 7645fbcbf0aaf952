//! `cargo xtask new`: the skeleton of a metric or practice, registered.

mod lists;

use std::fs;
use std::io::Write;

use crate::workspace::root;
use crate::{Failure, no_more};

/// A kind of thing that is a file and a line in a list.
struct Kind {
    name: &'static str,
    /// From the root of the workspace; its `mod.rs` holds the list.
    folder: &'static str,
    /// The file's text, with `skeleton` for the name.
    skeleton: &'static str,
}

static KINDS: &[Kind] = &[
    Kind {
        name: "metric",
        folder: "crates/truelevel_metrics/src/metrics",
        skeleton: include_str!("../../skeletons/metric.rs"),
    },
    Kind {
        name: "practice",
        folder: "crates/truelevel_practices/src/detectors",
        skeleton: include_str!("../../skeletons/practice.rs"),
    },
];

pub(crate) fn run(arguments: &[String]) -> Result<(), Failure> {
    let [kind, name, rest @ ..] = arguments else {
        return Err(Failure::Usage("`new` needs what to write, and its name".into()));
    };
    no_more(rest)?;
    let kind = KINDS.iter().find(|known| known.name == kind);
    let kind = kind.ok_or_else(|| Failure::Usage("`new` writes a `metric` or a `practice`".into()))?;
    check_name(name).map_err(Failure::Failed)?;

    let folder = root().join(kind.folder);
    let (list, file) = (folder.join("mod.rs"), folder.join(format!("{name}.rs")));
    let old = fs::read_to_string(&list).map_err(|error| failed(&list, &error))?;
    let new = lists::register(&old, name).map_err(|reason| failed(&list, &reason))?;
    let created = fs::File::create_new(&file);
    let mut created = created.map_err(|error| failed(&file, &error))?;
    created.write_all(skeleton(kind, name).as_bytes()).map_err(|error| failed(&file, &error))?;
    fs::write(&list, new).map_err(|error| failed(&list, &error))?;

    println!("wrote {}/{name}.rs and registered it in {0}/mod.rs", kind.folder);
    println!("Say in its doc comment what it is, write its tests and its code, then run:");
    println!("  cargo xtask gen\n  cargo xtask test");
    Ok(())
}

fn failed(path: &std::path::Path, reason: &dyn std::fmt::Display) -> Failure {
    Failure::Failed(format!("{}: {reason}", path.display()))
}

fn skeleton(kind: &Kind, name: &str) -> String {
    kind.skeleton.replace("SKELETON", &name.to_uppercase()).replace("skeleton", name)
}

/// A name is a fact in snake_case: `required_reviews`, not `no_unreviewed_changes`.
fn check_name(name: &str) -> Result<(), String> {
    let is_word = |word: &str| !word.is_empty() && word.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
    let is_snake_case = name.starts_with(|first: char| first.is_ascii_lowercase()) && name.split('_').all(is_word);
    if !is_snake_case {
        return Err(format!(
            "`{name}` is not in snake_case: lower-case words joined by `_`, such as `tests_run_in_ci`"
        ));
    }
    match ["good_", "no_", "not_"].into_iter().find(|wish| name.starts_with(wish)) {
        Some(wish) => {
            Err(format!("`{name}`: a name says a fact, not a wish; find one that does not begin with `{wish}`"))
        }
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_facts_in_snake_case() {
        for name in ["tracing", "tests_run_in_ci", "p90_wait", "notes_kept"] {
            assert_eq!(check_name(name), Ok(()));
        }
        for name in ["", "Tracing", "tests-run", "tests__run", "_tests", "tests_", "90th", "../x", "prüfung", "no_bugs"]
        {
            assert!(check_name(name).is_err(), "{name}");
        }
    }

    #[test]
    fn a_skeleton_carries_the_name_and_no_placeholder() {
        for kind in KINDS {
            let text = skeleton(kind, "queue_time");
            assert!(text.contains("static QUEUE_TIME: ") && text.contains("id: \"queue_time\""), "{text}");
            assert!(!text.to_lowercase().contains("skeleton"), "{text}");
        }
    }

    #[test]
    fn the_lists_as_they_are_take_a_new_name_and_refuse_a_known_one() {
        for (kind, known) in [("metric", "change_lead_time"), ("practice", "tests_run_in_ci")] {
            let kind = KINDS.iter().find(|found| found.name == kind).unwrap();
            let list = fs::read_to_string(root().join(kind.folder).join("mod.rs")).unwrap();
            let registered = lists::register(&list, "queue_time").unwrap();
            assert!(registered.contains("queue_time") && registered.contains("QUEUE_TIME"));
            assert!(lists::register(&list, known).is_err());
        }
    }
}
