use crate::findings::Findings;
use crate::repository::{Candidates, Repository};
use crate::{Practice, detectors::PIPELINES};
use truelevel_model::Detection;

truelevel_model::declare! {
    /// Pipelines are built from shared definitions
    ///
    /// A pipeline takes jobs or libraries that several repositories share: reusable workflows of another repository,
    /// GitLab includes of projects and components, Jenkins shared libraries, Azure templates of other repositories,
    /// CircleCI orbs and Buildkite plugins. Which of them are the golden path is for the workspace to declare; that
    /// they ran is shown by pipeline runs.
    pub(super) static SHARED_WORKFLOWS: Practice = {
        id: "shared_workflows",
        subject: "platform",
        detect: detect,
        in_facts: None,
    };
}

fn detect(repository: &Repository) -> Detection {
    let mut findings = Findings::new(repository);
    for shared in repository.pipelines().iter().flat_map(|pipeline| &pipeline.shared) {
        findings.place(&shared.place);
    }
    // Jobs kept elsewhere hide nothing here: they are what is looked for.
    findings.conclude(PIPELINES, &[Candidates::Paths(|path| crate::pipelines::system(path).is_some())])
}

#[cfg(test)]
mod tests {
    use super::SHARED_WORKFLOWS;
    use crate::test_support::check;

    #[test]
    fn definitions_of_other_repositories_count() {
        let workflow = |uses: &str| format!("on: push\njobs:\n  a:\n    uses: {uses}\n");
        check(&SHARED_WORKFLOWS, &[(".github/workflows/ci.yml", &workflow("org/ci/.github/workflows/go.yml@v2"))], &[".github/workflows/ci.yml:4:11"]);
        let local = (".github/workflows/go.yml", "on: workflow_call\njobs: {b: {steps: [{run: x}]}}\n");
        check(&SHARED_WORKFLOWS, &[(".github/workflows/ci.yml", &workflow("./.github/workflows/go.yml")), local], &["absent"]);
        let include = "include:\n  - component: gitlab.example/org/go@1.0\na: {script: x}\n";
        check(&SHARED_WORKFLOWS, &[(".gitlab-ci.yml", include)], &[".gitlab-ci.yml:2:5"]);
        check(&SHARED_WORKFLOWS, &[(".gitlab-ci.yml", "include: /ci/a.yml\na: {script: x}\n"), ("ci/a.yml", "b: {script: y}\n")], &["absent"]);
    }
}
