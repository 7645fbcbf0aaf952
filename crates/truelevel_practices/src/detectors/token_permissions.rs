use crate::Practice;
use crate::findings::Findings;
use crate::pipelines::{FeatureKind, System};
use crate::repository::{Candidates, Repository};
use truelevel_model::Detection;

truelevel_model::declare! {
    /// Pipelines may do no more than they need
    ///
    /// Every job of every GitHub workflow says what its token may do, itself or for the whole workflow, and none may
    /// do everything. A job that says nothing gets what the server gives by default, which is often the right to
    /// write. One such job is enough to miss it; the places are named. It has no meaning where there is no GitHub
    /// workflow.
    pub(super) static TOKEN_PERMISSIONS: Practice = {
        id: "token_permissions",
        subject: "security",
        detect: detect,
        in_facts: None,
    };
}

/// Places that are named: enough to begin with.
const NAMED_LIMIT: usize = 10;

fn detect(repository: &Repository) -> Detection {
    let mut findings = Findings::new(repository);
    let mut loose = Vec::new();
    for (pipeline, job) in repository.jobs().filter(|(pipeline, _)| pipeline.system == System::GitHubActions) {
        match job.feature(&FeatureKind::LimitedToken) {
            Some(limit) => findings.place(&limit.place),
            // A job that only calls another workflow does what that one's jobs do, which stand beside it.
            None if pipeline.jobs.iter().any(|other| other.name.starts_with(&format!("{} / ", job.name))) => {}
            None => loose.push(format!("permissions for the job at {}:{}", job.place.path, job.place.line)),
        }
    }
    if !loose.is_empty() {
        loose.sort();
        loose.dedup();
        loose.truncate(NAMED_LIMIT);
        return Detection::Absent { looked_at: loose };
    }
    findings.conclude_if(false, "no GitHub workflow has a job", &[".github/workflows/*.yml"], &[Candidates::Paths(|path| path.contains("/workflows/"))])
}

#[cfg(test)]
mod tests {
    use super::TOKEN_PERMISSIONS;
    use crate::test_support::check;

    #[test]
    fn every_job_must_say_what_its_token_may_do() {
        let path = ".github/workflows/ci.yml";
        let workflow = |top: &str, job: &str| format!("on: push\n{top}\njobs:\n  a:\n    {job}\n    steps: [{{run: make}}]\n");
        check(&TOKEN_PERMISSIONS, &[(path, &workflow("permissions: {contents: read}", "runs-on: x"))], &[".github/workflows/ci.yml:2:14"]);
        check(&TOKEN_PERMISSIONS, &[(path, &workflow("name: x", "permissions: {}"))], &[".github/workflows/ci.yml:5:18"]);
        check(&TOKEN_PERMISSIONS, &[(path, &workflow("name: x", "runs-on: x"))], &["absent"]);
        check(&TOKEN_PERMISSIONS, &[(path, &workflow("permissions: read-all", "permissions: write-all"))], &["absent"]);
        check(&TOKEN_PERMISSIONS, &[("Jenkinsfile", "node { sh 'make' }\n")], &["not applicable"]);
    }
}
