//! GitLab's `if` expressions and `only`/`except` lists, as far as an occasion decides them.

use std::sync::LazyLock;

use regex::Regex;
use truelevel_documents::Node;

use super::conditions;
use super::occasions::{Branches, Occasion, Occasions};

/// What a predefined variable holds on an occasion.
enum Variable<'b> {
    Null,
    /// Something, whatever it is.
    Set,
    Text(&'b str),
    /// The name of the default branch.
    DefaultBranch,
    Unknown,
}

pub(super) fn holds(condition: &str, occasion: Occasion, branches: &Branches) -> Option<bool> {
    conditions::holds(condition, &|atom| decide(atom, occasion, branches))
}

fn decide(atom: &str, occasion: Occasion, branches: &Branches) -> Option<bool> {
    static COMPARISON: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?s)^\$\{?(?P<name>\w+)\}?\s*(?:(?P<operator>==|!=|=~|!~)\s*(?P<right>.+))?$")
            .expect("the pattern is valid")
    });
    let comparison = COMPARISON.captures(atom)?;
    let variable = variable(&comparison["name"], occasion);
    let Some(operator) = comparison.name("operator") else {
        return match variable {
            Variable::Null => Some(false),
            Variable::Set | Variable::Text(_) | Variable::DefaultBranch => Some(true),
            Variable::Unknown => None,
        };
    };
    let right = comparison["right"].trim();
    let result = match operator.as_str() {
        "==" | "!=" => is_equal(&variable, right, occasion, branches),
        _ => is_match(&variable, right, occasion, branches),
    };
    result.map(|holds| holds == operator.as_str().starts_with('='))
}

fn is_equal(variable: &Variable<'_>, right: &str, occasion: Occasion, branches: &Branches) -> Option<bool> {
    let text = right.trim_matches(['"', '\'']);
    match variable {
        Variable::Null => Some(matches!(right, "null" | "\"\"" | "''")),
        Variable::Set => (right == "null" || text.is_empty()).then_some(false),
        Variable::Text(known) => match right.strip_prefix('$') {
            Some("CI_DEFAULT_BRANCH") if occasion == Occasion::OtherBranchPush => Some(false),
            Some(_) => None,
            // A branch that is no default one may have any name.
            None if *known == OTHER => branches.is_default(text).then_some(false),
            None => Some(*known == text),
        },
        Variable::DefaultBranch => match right.trim_start_matches(['$', '{']).trim_end_matches('}') {
            "CI_DEFAULT_BRANCH" => Some(true),
            _ if right.starts_with('$') => None,
            _ => Some(branches.is_default(text)),
        },
        Variable::Unknown => None,
    }
}

fn is_match(variable: &Variable<'_>, right: &str, occasion: Occasion, branches: &Branches) -> Option<bool> {
    let pattern = pattern(right)?;
    match variable {
        Variable::Null => Some(false),
        Variable::Text(known) if *known == OTHER => branches.matches(occasion, &pattern),
        Variable::Text(known) => Some(pattern.is_match(known)),
        Variable::DefaultBranch => branches.matches(Occasion::DefaultBranchPush, &pattern),
        Variable::Set | Variable::Unknown => None,
    }
}

/// The pattern between slashes.
fn pattern(text: &str) -> Option<Regex> {
    let (body, flags) = text.trim().strip_prefix('/')?.rsplit_once('/')?;
    let body = body.replace("\\/", "/");
    Regex::new(&if flags.contains('i') { format!("(?i){body}") } else { body }).ok()
}

const OTHER: &str = "a branch that is not the default one";

fn variable(name: &str, occasion: Occasion) -> Variable<'static> {
    use Occasion::{ChangeProposed, DefaultBranchPush, Manual, Other, OtherBranchPush, Schedule, Tag};
    match (name, occasion) {
        ("CI_PIPELINE_SOURCE", ChangeProposed) => Variable::Text("merge_request_event"),
        ("CI_PIPELINE_SOURCE", DefaultBranchPush | OtherBranchPush | Tag) => Variable::Text("push"),
        ("CI_PIPELINE_SOURCE", Schedule) => Variable::Text("schedule"),
        ("CI_PIPELINE_SOURCE", Manual) => Variable::Text("web"),
        ("CI_COMMIT_BRANCH", ChangeProposed | Tag) => Variable::Null,
        ("CI_COMMIT_BRANCH" | "CI_COMMIT_REF_NAME" | "CI_COMMIT_REF_SLUG", DefaultBranchPush | Schedule) => {
            Variable::DefaultBranch
        }
        ("CI_COMMIT_BRANCH" | "CI_COMMIT_REF_NAME", OtherBranchPush) => Variable::Text(OTHER),
        ("CI_COMMIT_REF_NAME", ChangeProposed) => Variable::Text(OTHER),
        ("CI_COMMIT_TAG", Tag) => Variable::Set,
        ("CI_COMMIT_TAG", ChangeProposed | DefaultBranchPush | OtherBranchPush | Schedule) => Variable::Null,
        ("CI_MERGE_REQUEST_TARGET_BRANCH_NAME", ChangeProposed) => Variable::DefaultBranch,
        ("CI_MERGE_REQUEST_EVENT_TYPE" | "CI_MERGE_REQUEST_TITLE" | "CI_MERGE_REQUEST_LABELS", ChangeProposed) => {
            Variable::Unknown
        }
        (name, ChangeProposed) if name.starts_with("CI_MERGE_REQUEST_") => Variable::Set,
        (name, DefaultBranchPush | OtherBranchPush | Tag | Schedule | Manual)
            if name.starts_with("CI_MERGE_REQUEST_") =>
        {
            Variable::Null
        }
        ("CI_OPEN_MERGE_REQUESTS", DefaultBranchPush | Tag | Schedule) => Variable::Null,
        ("CI_COMMIT_REF_PROTECTED", DefaultBranchPush) => Variable::Text("true"),
        ("CI_DEFAULT_BRANCH", _) => Variable::DefaultBranch,
        (_, Other) => Variable::Unknown,
        _ => Variable::Unknown,
    }
}

/// The occasions of `only` and `except`.
pub(super) fn only_except(only: Option<&Node>, except: Option<&Node>, branches: &Branches) -> Occasions {
    let listed = |node: &Node| {
        let refs = node.get("refs");
        // Without refs, a list by variables or changes narrows further than can be seen.
        let node = if node.entries().is_empty() { Some(node) } else { refs };
        node.map(|node| {
            node.one_or_many()
                .iter()
                .filter_map(Node::text)
                .fold(Occasions::NONE, |set, text| set.or(reference(text, branches)))
        })
    };
    let default = Occasions::when(|occasion| occasion != Occasion::ChangeProposed);
    let chosen = only.and_then(listed).unwrap_or(default);
    let excluded = except.and_then(listed).unwrap_or(Occasions::NONE);
    Occasions::when(|occasion| chosen.contains(occasion) && !excluded.contains(occasion))
}

fn reference(text: &str, branches: &Branches) -> Occasions {
    use Occasion::{ChangeProposed, DefaultBranchPush, Manual, OtherBranchPush, Schedule, Tag};
    match text {
        "branches" => Occasions::of([DefaultBranchPush, OtherBranchPush, Schedule, Manual]),
        "pushes" => Occasions::of([DefaultBranchPush, OtherBranchPush, Tag]),
        "tags" => Occasions::of([Tag]),
        "merge_requests" | "external_pull_requests" => Occasions::of([ChangeProposed]),
        "schedules" => Occasions::of([Schedule]),
        "web" => Occasions::of([Manual]),
        "api" | "triggers" | "pipelines" | "chat" => Occasions::of([Occasion::Other]),
        text if text.starts_with('/') => pattern(text).map_or(Occasions::ALL, |pattern| {
            Occasions::when(|occasion| match occasion {
                DefaultBranchPush => branches.matches(occasion, &pattern) == Some(true),
                OtherBranchPush => branches.matches(occasion, &pattern) != Some(false),
                Tag => true,
                _ => false,
            })
        }),
        text => {
            let name = text.split('@').next().unwrap_or(text);
            if branches.is_default(name) {
                Occasions::of([DefaultBranchPush, Schedule, Manual])
            } else {
                Occasions::NONE
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conditions_decide_occasions() {
        use Occasion::{ChangeProposed, DefaultBranchPush, OtherBranchPush, Schedule, Tag};
        for (condition, occasion, expected) in [
            ("$CI_PIPELINE_SOURCE == \"merge_request_event\"", ChangeProposed, Some(true)),
            ("$CI_PIPELINE_SOURCE == 'merge_request_event'", DefaultBranchPush, Some(false)),
            ("$CI_COMMIT_BRANCH == $CI_DEFAULT_BRANCH", DefaultBranchPush, Some(true)),
            ("$CI_COMMIT_BRANCH == $CI_DEFAULT_BRANCH", ChangeProposed, Some(false)),
            ("$CI_COMMIT_BRANCH == $CI_DEFAULT_BRANCH", OtherBranchPush, Some(false)),
            ("$CI_COMMIT_BRANCH == \"main\" && $CI_PIPELINE_SOURCE != \"schedule\"", DefaultBranchPush, Some(true)),
            ("$CI_COMMIT_BRANCH == \"main\" && $CI_PIPELINE_SOURCE != \"schedule\"", Schedule, Some(false)),
            ("$CI_COMMIT_BRANCH =~ /^release/", DefaultBranchPush, Some(false)),
            ("$CI_COMMIT_TAG", Tag, Some(true)),
            ("$CI_COMMIT_TAG =~ /^v/ || $CI_MERGE_REQUEST_IID", ChangeProposed, Some(true)),
            ("$MINE == \"x\"", DefaultBranchPush, None),
        ] {
            assert_eq!(holds(condition, occasion, &Branches::new(None)), expected, "{condition} {occasion:?}");
        }
    }
}
