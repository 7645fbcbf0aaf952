use crate::deployment::deploy_jobs;
use crate::findings::Findings;
use crate::practice::{InFacts, count};
use crate::repository::{Candidates, Repository};
use crate::{DeliveryFacts, Practice, detectors::PIPELINES};
use truelevel_model::{Detection, Grade};

truelevel_model::declare! {
    /// A pipeline deploys
    ///
    /// A job puts a version into an environment: it runs a deploy command or uses a ready-made one, names a production
    /// environment, or is called after deploying and runs a script that is (`deploy.py`). Who or what starts it does not matter here. Rehearsals (`--dry-run`, `--check`, plans)
    /// and jobs that stop an environment do not count. Deployments that automation started prove that it ran.
    pub(super) static DEPLOY_JOB: Practice = {
        id: "deploy_job",
        subject: "deploy",
        detect: detect,
        in_facts: Some(InFacts { shown_by: "production deployments that say that automation started them", look: in_facts }),
    };
}

fn detect(repository: &Repository) -> Detection {
    let mut findings = Findings::new(repository);
    for deploy in deploy_jobs(repository) {
        match deploy.text {
            Some(text) => findings.text_at(deploy.place, text),
            None => findings.place(deploy.place),
        }
    }
    findings.conclude(PIPELINES, &[Candidates::Pipelines])
}

fn in_facts(facts: &DeliveryFacts) -> Detection {
    if facts.automated_deployments == 0 {
        return facts.not_seen(facts.manual_deployments);
    }
    let summary = format!("automation started {} to production", count(facts.automated_deployments, "deployment"));
    facts.seen(Grade::Exercised, facts.last_deployment_at, summary)
}

#[cfg(test)]
mod tests {
    use super::DEPLOY_JOB;
    use crate::test_support::{check, check_step};

    #[test]
    fn commands_and_environments_count() {
        for (step, expected) in [
            ("run: helm upgrade --install app ./chart", true),
            ("run: helm upgrade app ./chart --dry-run", false),
            ("run: terraform plan", false),
            ("run: kubectl get pods", false),
            ("{uses: azure/webapps-deploy@v3, with: {app-name: a}}", true),
            ("{if: false, run: fly deploy}", false),
        ] {
            check_step(&DEPLOY_JOB, step, expected);
        }
        for (command, expected) in [("apply", "azure-pipelines.yml:1:32"), ("plan", "absent")] {
            let azure = format!("jobs: [{{job: a, steps: [{{task: org.tools.TerraformTask@5, inputs: {{command: {command}}}}}]}}]\n");
            check(&DEPLOY_JOB, &[("azure-pipelines.yml", &azure)], &[expected]);
        }
        let named = "ship:\n  environment: production\n  script: [./ship]\n";
        check(&DEPLOY_JOB, &[(".gitlab-ci.yml", named)], &[".gitlab-ci.yml:2:16"]);
    }

    #[test]
    fn a_script_counts_where_it_and_the_job_are_called_after_deploying() {
        let workflow = |job: &str, script: &str| format!("on: push\njobs:\n  {job}: {{steps: [{{run: {script}}}]}}\n");
        for (job, script, expected) in [
            ("prod-deploy", "python ./deploy.py prod", ".github/workflows/a.yml:3:38"),
            ("test", "python deploy.py prod", "absent"),
            ("prod-deploy", "python check.py", "absent"),
            ("deploy-docs", "./deploy.sh", "absent"),
            ("deploy", "python deploy_docs.py", "absent"),
        ] {
            check(&DEPLOY_JOB, &[(".github/workflows/a.yml", &workflow(job, script))], &[expected]);
        }
    }

    #[test]
    fn stopping_an_environment_and_publishing_pages_do_not_count() {
        check(&DEPLOY_JOB, &[(".gitlab-ci.yml", "stop:\n  environment: {name: production, action: stop}\n  script: [x]\n")], &["absent"]);
        let pages = "on: push\njobs: {a: {environment: github-pages, steps: [{uses: actions/deploy-pages@v4}]}}\n";
        check(&DEPLOY_JOB, &[(".github/workflows/pages.yml", pages)], &["absent"]);
    }
}
