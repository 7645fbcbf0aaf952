//! GitHub's expressions, as far as they decide when a job runs and where it deploys to.

use std::sync::LazyLock;

use regex::Regex;

use super::conditions;
use super::occasions::{Branches, Occasion};

/// Whether a job's or step's condition can hold on an occasion; `None` where the file does not say.
pub(super) fn holds(condition: &str, occasion: Occasion, branches: &Branches) -> Option<bool> {
    conditions::holds(bare(condition), &|atom| decide(atom, occasion, branches))
}

/// The expression without `${{ }}` around it.
pub(super) fn bare(expression: &str) -> &str {
    let text = expression.trim();
    let inner = text.strip_prefix("${{").and_then(|rest| rest.strip_suffix("}}"));
    inner.filter(|inner| !inner.contains("${{")).unwrap_or(text).trim()
}

fn decide(atom: &str, occasion: Occasion, branches: &Branches) -> Option<bool> {
    static COMPARISON: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"^(?P<left>[\w.-]+)\s*(?P<operator>==|!=)\s*(?P<right>'[^']*'|true|false|format\(.*\))$")
            .expect("the pattern is valid")
    });
    static STARTS_WITH: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"^startsWith\(\s*github\.ref(?:_name)?\s*,\s*'(?P<text>[^']*)'\s*\)$")
            .expect("the pattern is valid")
    });
    match atom {
        "false" => return Some(false),
        "true" | "always()" | "success()" => return Some(true),
        _ => {}
    }
    if let Some(call) = STARTS_WITH.captures(atom) {
        return starts_with(&call["text"], occasion, branches);
    }
    let comparison = COMPARISON.captures(atom)?;
    let right = comparison["right"].trim_matches('\'');
    let equal = match &comparison["left"] {
        "github.event_name" => is_event(right, occasion),
        "github.ref" | "github.ref_name" | "github.event.workflow_run.head_branch" | "github.head_ref" => {
            is_ref(right, occasion, branches, &comparison["left"])
        }
        "github.ref_type" => match occasion {
            Occasion::Tag => Some(right == "tag"),
            Occasion::DefaultBranchPush | Occasion::OtherBranchPush => Some(right == "branch"),
            _ => None,
        },
        _ => None,
    };
    equal.map(|equal| equal == (&comparison["operator"] == "=="))
}

fn is_event(event: &str, occasion: Occasion) -> Option<bool> {
    let of_event: &[Occasion] = match event {
        "pull_request" | "pull_request_target" | "merge_group" => &[Occasion::ChangeProposed],
        "push" => &[Occasion::DefaultBranchPush, Occasion::OtherBranchPush, Occasion::Tag],
        "release" => &[Occasion::Tag],
        "schedule" => &[Occasion::Schedule],
        "workflow_dispatch" => &[Occasion::Manual],
        _ => return None,
    };
    match occasion {
        // One occasion stands for several events here: which one it was is not known.
        Occasion::ChangeProposed if of_event.contains(&occasion) && event != "pull_request" => None,
        Occasion::Tag if of_event.contains(&occasion) => None,
        Occasion::Other => None,
        _ => Some(of_event.contains(&occasion)),
    }
}

fn is_ref(name: &str, occasion: Occasion, branches: &Branches, left: &str) -> Option<bool> {
    if name.starts_with("refs/tags/") {
        return (occasion != Occasion::Tag).then_some(false);
    }
    let is_default = branches.is_default(name);
    match occasion {
        Occasion::DefaultBranchPush => Some(is_default),
        Occasion::OtherBranchPush => {
            if is_default {
                Some(false)
            } else {
                None
            }
        }
        Occasion::ChangeProposed if left != "github.head_ref" => Some(false),
        Occasion::Tag => Some(false),
        Occasion::Schedule => Some(is_default),
        _ => None,
    }
}

fn starts_with(text: &str, occasion: Occasion, branches: &Branches) -> Option<bool> {
    match occasion {
        Occasion::Tag => (text.starts_with("refs/tags")).then_some(true),
        Occasion::DefaultBranchPush | Occasion::Schedule => {
            let is_start = |name: &&str| format!("refs/heads/{name}").starts_with(text) || name.starts_with(text);
            Some(branches.names().iter().any(is_start))
        }
        Occasion::OtherBranchPush => {
            if text.starts_with("refs/tags") {
                Some(false)
            } else {
                None
            }
        }
        Occasion::ChangeProposed => Some(text.starts_with("refs/pull")),
        Occasion::Manual | Occasion::Other => None,
    }
}

/// The names that an expression can stand for when it chooses between texts: `github.ref == 'x' && 'a' || 'b'`.
pub(super) fn literals(expression: &str) -> Vec<String> {
    static CHOSEN: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r"(?:&&|\|\|)\s*'(?P<text>[^']+)'").expect("the pattern is valid"));
    CHOSEN.captures_iter(expression).map(|chosen| chosen["text"].to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conditions_decide_occasions() {
        use Occasion::*;
        for (condition, occasion, expected) in [
            ("false", DefaultBranchPush, Some(false)),
            ("${{ false }}", ChangeProposed, Some(false)),
            ("github.ref == 'refs/heads/main'", DefaultBranchPush, Some(true)),
            ("github.ref == 'refs/heads/main'", ChangeProposed, Some(false)),
            ("github.ref == 'refs/heads/release'", DefaultBranchPush, Some(false)),
            ("github.event_name == 'push' && github.ref == 'refs/heads/main'", DefaultBranchPush, Some(true)),
            ("github.event_name == 'pull_request'", DefaultBranchPush, Some(false)),
            ("github.event_name != 'pull_request'", ChangeProposed, Some(false)),
            ("github.event_name == 'workflow_dispatch'", DefaultBranchPush, Some(false)),
            ("github.event_name != 'pull_request'", Schedule, Some(true)),
            ("startsWith(github.ref, 'refs/tags/v')", DefaultBranchPush, Some(false)),
            ("startsWith(github.ref, 'refs/tags/v')", Tag, Some(true)),
            ("always() && needs.a.result == 'success'", DefaultBranchPush, None),
        ] {
            assert_eq!(holds(condition, occasion, &Branches::new(None)), expected, "{condition}");
        }
    }

    #[test]
    fn an_expression_names_the_texts_that_it_chooses_between() {
        let names = literals("${{ github.ref == 'refs/heads/main' && 'production' || 'staging' }}");
        assert_eq!(names, ["production", "staging"]);
    }
}
