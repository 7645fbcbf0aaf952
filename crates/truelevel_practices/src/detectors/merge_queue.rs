use crate::Practice;
use crate::findings::Findings;
use crate::paths::name;
use crate::pipelines::{System, system};
use crate::repository::{Candidates, Repository};
use truelevel_model::Detection;

truelevel_model::declare! {
    /// Changes are tested as they will be merged
    ///
    /// A queue builds each change on top of the ones before it, so that two changes that pass alone cannot break the
    /// trunk together: merge queues of GitHub, merge trains of GitLab, Mergify, Bors, Zuul.
    pub(super) static MERGE_QUEUE: Practice = {
        id: "merge_queue",
        subject: "build",
        detect: detect,
        in_facts: None,
    };
}

super::pattern!(TRIGGER = r"^\s*(?:-\s*)?merge_group\b|\[[^\]]*\bmerge_group\b|merge_train");
super::pattern!(MERGIFY = r"^queue_rules:");

fn detect(repository: &Repository) -> Detection {
    let mut findings = Findings::new(repository);
    findings.lines(|path| matches!(system(path), Some(System::GitHubActions | System::GitLabCi)), &TRIGGER);
    findings.lines(|path| matches!(name(path), ".mergify.yml"), &MERGIFY);
    for path in repository.own_paths().filter(|path| matches!(*path, "bors.toml" | ".zuul.yaml" | "zuul.yaml" | ".kodiak.toml")) {
        findings.file(path);
    }
    findings.conclude(&["merge_group in .github/workflows/*.yml", "merge trains in .gitlab-ci.yml", ".mergify.yml", "bors.toml", "zuul.yaml"], &[Candidates::Paths(|path| system(path).is_some())])
}

#[cfg(test)]
mod tests {
    use super::MERGE_QUEUE;
    use crate::test_support::check;

    #[test]
    fn queues_count() {
        check(&MERGE_QUEUE, &[(".github/workflows/ci.yml", "on:\n  merge_group:\njobs: {}\n")], &[".github/workflows/ci.yml:2:3"]);
        check(&MERGE_QUEUE, &[(".mergify.yml", "queue_rules:\n  - name: a\n")], &[".mergify.yml:1:1"]);
        check(&MERGE_QUEUE, &[("bors.toml", "status = []\n")], &["bors.toml"]);
        check(&MERGE_QUEUE, &[(".github/workflows/ci.yml", "on: pull_request\njobs: {}\n")], &["absent"]);
    }
}
