//! Azure's conditions: functions such as `and(succeeded(), eq(variables['Build.SourceBranch'], 'refs/heads/main'))`.

use super::conditions::{and, or};
use super::occasions::{Branches, Occasion};

const DEPTH_LIMIT: usize = 32;

pub(super) fn holds(condition: &str, occasion: Occasion, branches: &Branches) -> Option<bool> {
    evaluate(condition.trim(), occasion, branches, 0)
}

fn evaluate(text: &str, occasion: Occasion, branches: &Branches, depth: usize) -> Option<bool> {
    if text.eq_ignore_ascii_case("false") || text == "never()" {
        return Some(false);
    }
    let (function, arguments) = call(text).filter(|_| depth < DEPTH_LIMIT)?;
    let holds = |argument: &&str| evaluate(argument.trim(), occasion, branches, depth + 1);
    match function.to_ascii_lowercase().as_str() {
        "and" => arguments.iter().map(holds).fold(Some(true), and),
        "or" => arguments.iter().map(holds).fold(Some(false), or),
        "not" => arguments.first().and_then(holds).map(|holds| !holds),
        "eq" | "ne" => {
            let [left, right] = arguments.as_slice() else { return None };
            let equal = is_equal(left, right, occasion, branches).or_else(|| is_equal(right, left, occasion, branches));
            equal.map(|equal| equal == function.eq_ignore_ascii_case("eq"))
        }
        "startswith" => {
            let [left, right] = arguments.as_slice() else { return None };
            let start = right.trim().trim_matches('\'');
            match (is_branch(left), occasion) {
                (true, Occasion::Tag) => Some(start.starts_with("refs/tags")),
                (true, Occasion::DefaultBranchPush) => {
                    Some(branches.names().iter().any(|name| format!("refs/heads/{name}").starts_with(start)))
                }
                (true, Occasion::ChangeProposed) => Some(start.starts_with("refs/pull")),
                _ => None,
            }
        }
        "always" | "succeeded" | "succeededorfailed" => Some(true),
        _ => None,
    }
}

fn is_main(variable: &str) -> bool {
    let name = variable.trim().trim_start_matches("variables").trim_matches(['.', '[', ']', '\'']);
    name.eq_ignore_ascii_case("isMain") || name.eq_ignore_ascii_case("isMaster")
}

fn is_branch(variable: &str) -> bool {
    variable.contains("Build.SourceBranch") || variable.contains("build.sourceBranch")
}

fn is_equal(variable: &str, value: &str, occasion: Occasion, branches: &Branches) -> Option<bool> {
    // What shared templates usually call the default branch.
    if is_main(variable) && matches!(value.trim().trim_matches('\''), "true" | "True") {
        return match occasion {
            Occasion::DefaultBranchPush => Some(true),
            Occasion::OtherBranchPush | Occasion::ChangeProposed | Occasion::Tag => Some(false),
            Occasion::Schedule | Occasion::Manual | Occasion::Other => None,
        };
    }
    let value = value.trim().strip_prefix('\'')?.strip_suffix('\'')?;
    if is_branch(variable) {
        let is_default = branches.is_default(value);
        return match occasion {
            Occasion::DefaultBranchPush | Occasion::Schedule => Some(is_default),
            Occasion::OtherBranchPush => is_default.then_some(false),
            Occasion::ChangeProposed | Occasion::Tag => Some(false),
            Occasion::Manual | Occasion::Other => None,
        };
    }
    if variable.to_ascii_lowercase().contains("build.reason") {
        return match (value, occasion) {
            (_, Occasion::Other) => None,
            ("PullRequest", occasion) => Some(occasion == Occasion::ChangeProposed),
            ("Schedule", occasion) => Some(occasion == Occasion::Schedule),
            ("Manual", occasion) => Some(occasion == Occasion::Manual),
            ("IndividualCI" | "BatchedCI", Occasion::ChangeProposed | Occasion::Schedule | Occasion::Manual) => {
                Some(false)
            }
            _ => None,
        };
    }
    None
}

/// The name and the arguments of a call.
pub(super) fn call(text: &str) -> Option<(&str, Vec<&str>)> {
    let open = text.find('(')?;
    let inner = text[open + 1..].strip_suffix(')')?;
    let (mut arguments, mut start, mut depth, mut quoted) = (Vec::new(), 0, 0_usize, false);
    for (at, c) in inner.char_indices() {
        match c {
            '\'' => quoted = !quoted,
            _ if quoted => {}
            '(' | '[' => depth += 1,
            ')' | ']' => depth = depth.saturating_sub(1),
            ',' if depth == 0 => {
                arguments.push(&inner[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    arguments.push(&inner[start..]);
    Some((text[..open].trim(), arguments))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conditions_decide_occasions() {
        use Occasion::{ChangeProposed, DefaultBranchPush};
        for (condition, occasion, expected) in [
            ("and(succeeded(), eq(variables['Build.SourceBranch'], 'refs/heads/main'))", DefaultBranchPush, Some(true)),
            ("and(succeeded(), eq(variables['Build.SourceBranch'], 'refs/heads/main'))", ChangeProposed, Some(false)),
            ("ne(variables['Build.Reason'], 'PullRequest')", ChangeProposed, Some(false)),
            ("startsWith(variables['Build.SourceBranch'], 'refs/tags/')", DefaultBranchPush, Some(false)),
            ("false", DefaultBranchPush, Some(false)),
            ("eq(variables.mine, 'x')", DefaultBranchPush, None),
        ] {
            assert_eq!(holds(condition, occasion, &Branches::new(None)), expected, "{condition}");
        }
    }

    #[test]
    fn odd_conditions_end() {
        for condition in ["", "(", "and(", &"and(".repeat(5_000), "é(é,'", "and(,)"] {
            holds(condition, Occasion::Tag, &Branches::new(None));
        }
    }
}
