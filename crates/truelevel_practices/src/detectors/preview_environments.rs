use crate::deployment::{Target, deploy_jobs};
use crate::findings::Findings;
use crate::pipelines::{Action, System, system};
use crate::repository::{Candidates, Repository};
use crate::{Practice, detectors::PIPELINES};
use truelevel_model::Detection;

truelevel_model::declare! {
    /// A proposed change can be tried before it is merged
    ///
    /// Every proposed change gets an environment of its own that goes away with it: pull request generators of Argo
    /// CD, environments of GitLab that stop by themselves, review apps, jobs that deploy under the name or number of
    /// the change.
    pub(super) static PREVIEW_ENVIRONMENTS: Practice = {
        id: "preview_environments",
        subject: "deploy",
        detect: detect,
        in_facts: None,
    };
}

super::pattern!(OWN_NAME = r"(?i)pull_request\.(?:number|pull_requests)|workflow_run\.pull_requests|\bPR_NUMBER\b|\bpr-?\$|github\.(?:head_ref|event\.number)|CI_MERGE_REQUEST_IID|CI_COMMIT_REF_SLUG|CI_ENVIRONMENT_SLUG|CIRCLE_BRANCH|CIRCLE_PR_NUMBER|BUILDKITE_PULL_REQUEST|System\.PullRequest|CHANGE_ID|RELEASE_BRANCH|preview|review[-_]?app");
super::pattern!(STOPS = r"^\s+(?:auto_stop_in|on_stop):\s*\S");
super::pattern!(VALUES = r"(?i)(?:^|/)values[\w.-]*\.preview[\w.-]*\.ya?ml$");
super::pattern!(SWITCH = r"(?i)^\s*previews?(?:Enabled|Plan)?\s*:|pullRequestPreviewsEnabled:\s*true");

fn detect(repository: &Repository) -> Detection {
    let mut findings = Findings::new(repository);
    for deploy in deploy_jobs(repository) {
        let texts = deploy.job.active_steps().filter_map(|step| match &step.action {
            Action::Run(script) => Some(script.as_str()),
            Action::Uses { .. } => None,
        });
        let named = || deploy.job.environments.iter().map(|used| used.name.as_str()).chain(std::iter::once(deploy.job.name.as_str()));
        let is_of_change = texts.chain(named()).any(|text| OWN_NAME.is_match(text));
        let is_own = deploy.job.runs_on_changes() && deploy.target != Target::Production;
        if is_own && is_of_change {
            findings.place(&deploy.job.place);
        }
    }
    for manifest in repository.manifests().filter(|manifest| manifest.kind() == "ApplicationSet") {
        if let Some(generator) = manifest.node.descendants().find_map(|node| node.get("pullRequest")) {
            findings.place(&manifest.place(generator));
        }
    }
    findings.lines(|path| system(path) == Some(System::GitLabCi) || path.ends_with(".gitlab-ci.yml"), &STOPS);
    findings.lines(|path| matches!(path, "render.yaml"), &SWITCH);
    for path in repository.own_paths().filter(|path| VALUES.is_match(path)) {
        findings.file(path);
    }
    let mut looked_at = vec!["pullRequest generators of ApplicationSets", "auto_stop_in and on_stop of GitLab environments", "values.preview*.yaml of charts"];
    looked_at.extend(PIPELINES);
    findings.conclude(&looked_at, &[Candidates::Pipelines, Candidates::Manifests(&["ApplicationSet"])])
}

#[cfg(test)]
mod tests {
    use super::PREVIEW_ENVIRONMENTS;
    use crate::test_support::check;

    #[test]
    fn an_environment_of_the_change_counts() {
        let workflow = |namespace: &str| format!("on: pull_request\njobs:\n  review:\n    steps:\n      - run: helm upgrade app . -n {namespace} --dev\n");
        check(&PREVIEW_ENVIRONMENTS, &[(".github/workflows/p.yml", &workflow("pr-${{ github.event.pull_request.number }}").replace("review:", "test:"))], &[".github/workflows/p.yml:3:3"]);
        check(&PREVIEW_ENVIRONMENTS, &[(".github/workflows/p.yml", &workflow("shared").replace("review:", "test:"))], &["absent"]);
        let set = "apiVersion: argoproj.io/v1alpha1\nkind: ApplicationSet\nspec: {generators: [{pullRequest: {github: {}}}]}\n";
        check(&PREVIEW_ENVIRONMENTS, &[("s.yaml", set)], &["s.yaml:3:35"]);
        let gitlab = "review:\n  script: [helm upgrade a .]\n  environment:\n    name: review/a\n    auto_stop_in: 1 week\n";
        check(&PREVIEW_ENVIRONMENTS, &[(".gitlab-ci.yml", gitlab)], &[".gitlab-ci.yml:5:5"]);
    }
}
