use crate::Practice;
use crate::findings::Findings;
use crate::pipelines::{Action, System};
use crate::repository::{Candidates, Repository};
use truelevel_model::Detection;

truelevel_model::declare! {
    /// Actions of others are pinned to a commit
    ///
    /// Every action, reusable workflow and container action that comes from elsewhere is named by the full hash of a
    /// commit or digest. A tag or branch can be moved by whoever owns it. One that is not pinned is enough to miss it;
    /// the places that are not are named. It has no meaning where no GitHub workflow uses any.
    pub(super) static ACTIONS_PINNED: Practice = {
        id: "actions_pinned",
        subject: "security",
        detect: detect,
        in_facts: None,
    };
}

super::pattern!(PINNED = r"@(?:[0-9a-f]{40}|[0-9a-f]{64}|sha256:[0-9a-f]{64})$");

/// Unpinned places that are named: enough to begin with.
const NAMED_LIMIT: usize = 10;

fn detect(repository: &Repository) -> Detection {
    let mut findings = Findings::new(repository);
    let mut loose = Vec::new();
    let pipelines = repository.pipelines().iter().filter(|pipeline| pipeline.system == System::GitHubActions);
    for step in pipelines.flat_map(|pipeline| &pipeline.jobs).flat_map(|job| &job.steps) {
        let Action::Uses { reference, .. } = &step.action else { continue };
        // What a workflow of another repository pins is told where that one is looked at.
        if repository.taken(&step.place.path).is_some() || reference.starts_with("./") || reference.starts_with("../") {
            continue;
        }
        if PINNED.is_match(reference.trim()) {
            findings.text_at(&step.place, reference);
        } else {
            loose.push(format!("a commit hash in {}:{} ({})", step.place.path, step.place.line, reference));
        }
    }
    if !loose.is_empty() {
        loose.sort();
        loose.dedup();
        loose.truncate(NAMED_LIMIT);
        return Detection::Absent { looked_at: loose };
    }
    findings.conclude_if(false, "no workflow uses an action from elsewhere", &[".github/workflows/*.yml"], &[Candidates::Paths(|path| path.contains("/workflows/"))])
}

#[cfg(test)]
mod tests {
    use super::ACTIONS_PINNED;
    use crate::test_support::check;

    const HASH: &str = "11bd71901bbe5b1630ceea73d27597364c9af683";

    fn workflow(uses: &[&str]) -> String {
        let steps: String = uses.iter().map(|uses| format!("      - uses: {uses}\n")).collect();
        format!("on: push\njobs:\n  a:\n    steps:\n{steps}")
    }

    #[test]
    fn all_must_be_pinned() {
        let path = ".github/workflows/ci.yml";
        let pinned = format!("actions/checkout@{HASH}");
        check(&ACTIONS_PINNED, &[(path, &workflow(&[&pinned, "./local"]))], &[".github/workflows/ci.yml:5:15"]);
        check(&ACTIONS_PINNED, &[(path, &workflow(&[&pinned, "actions/cache@v4"]))], &["absent"]);
    }

    #[test]
    fn without_actions_there_is_nothing_to_pin() {
        check(&ACTIONS_PINNED, &[(".gitlab-ci.yml", "a: {script: x}\n")], &["not applicable"]);
    }
}
