use crate::findings::Findings;
use crate::paths::{ends_with, name};
use crate::practice::{InFacts, count};
use crate::repository::{Candidates, Repository};
use crate::{DeliveryFacts, Practice, detectors::PIPELINES};
use truelevel_model::{Detection, Grade};

truelevel_model::declare! {
    /// There is a scripted way back
    ///
    /// A script, pipeline job or Makefile target takes a deployment back: `helm rollback`, `kubectl rollout undo`,
    /// `argocd app rollback`, a rollback workflow. Rollbacks in the window prove that it is used; rollbacks that no
    /// person started prove that it works by itself.
    pub(super) static ROLLBACK_PATH: Practice = {
        id: "rollback_path",
        subject: "recover",
        detect: detect,
        in_facts: Some(InFacts { shown_by: "a production deployment that goes back to an earlier version", look: in_facts }),
    };
}

super::pattern!(
    RUN = r"(?:^|[\s;&|(/])(?:helm3? rollback\b|kubectl\b(?:\s+-\S+)*\s+rollout undo\b|kubectl argo rollouts (?:undo|abort)\b|argocd app rollback\b|(?:fly|flyctl) releases? rollback|heroku (?:releases:)?rollback\b|vercel rollback\b|wrangler rollback\b|kamal rollback\b|cap \w+ deploy:rollback|nomad job revert\b|aws deploy stop-deployment\b|aws ecs update-service\b.*--task-definition\b.*(?:PREV|prev|rollback)|eb deploy\b.*--version|gcloud run services update-traffic\b|gcloud app services set-traffic\b|az webapp deployment slot swap\b|az containerapp revision activate\b|firebase hosting:rollback|serverless rollback|sls rollback|cf rollback\b|octo\b.*redeploy|\S*roll[-_]?back\S*\.(?:sh|py|rb|ts|js)\b|make\b.*\broll-?back\b|(?:npm|yarn|pnpm) run rollback)"
);
super::pattern!(NAMED = r"(?i)roll[-_ ]?back");
super::pattern!(TARGET = r"^(?:\S*[-_.])?roll-?back(?:[-_.]\S*)?\s*:");

fn detect(repository: &Repository) -> Detection {
    let mut findings = Findings::new(repository);
    findings.steps(Some(&RUN), None, |_, _| true);
    for (pipeline, job) in repository.jobs() {
        let pipeline_named = pipeline.name.as_deref().is_some_and(|name| NAMED.is_match(name)) || NAMED.is_match(name(&pipeline.path));
        if (NAMED.is_match(&job.name) || pipeline_named) && job.active_steps().next().is_some() {
            findings.place(&job.place);
        }
    }
    let is_script = |path: &&str| ends_with(path, &[".sh", ".py", ".rb", ".ps1"]) && NAMED.is_match(name(path)) && !path.contains("migrations/");
    for path in repository.own_paths().filter(is_script) {
        findings.file(path);
    }
    findings.lines(|path| matches!(name(path), "Makefile" | "justfile"), &TARGET);
    let mut looked_at = PIPELINES.to_vec();
    looked_at.extend(["*rollback*.sh", "Makefile targets named rollback"]);
    findings.conclude(&looked_at, &[Candidates::Pipelines])
}

fn in_facts(facts: &DeliveryFacts) -> Detection {
    match (facts.automated_rollbacks, facts.rollbacks) {
        (0, 0) => facts.not_seen(facts.production_deployments),
        (0, rollbacks) => {
            let summary = format!("{} in the window", count(rollbacks, "rollback"));
            facts.seen(Grade::Exercised, facts.last_rollback_at, summary)
        }
        (automated, _) => {
            let summary = format!("{} without a person", count(automated, "rollback"));
            facts.seen(Grade::Effective, facts.last_rollback_at, summary)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::ROLLBACK_PATH;
    use crate::test_support::{check, check_step};

    #[test]
    fn commands_jobs_scripts_and_targets_count() {
        check_step(&ROLLBACK_PATH, "run: kubectl rollout undo deployment/app", true);
        check_step(&ROLLBACK_PATH, "run: kubectl rollout status deployment/app", false);
        check(&ROLLBACK_PATH, &[("scripts/rollback.sh", "")], &["scripts/rollback.sh"]);
        check(&ROLLBACK_PATH, &[("Makefile", "deploy:\n\trun\nrollback:\n\trun\n")], &["Makefile:3:1"]);
        let workflow = "on: workflow_dispatch\njobs:\n  back:\n    steps: [{run: ./go}]\n";
        check(&ROLLBACK_PATH, &[(".github/workflows/rollback.yml", workflow)], &[".github/workflows/rollback.yml:3:3"]);
    }

    #[test]
    fn code_that_rolls_back_transactions_does_not() {
        check(&ROLLBACK_PATH, &[("src/rollback.rs", ""), ("db/migrations/rollback.sh", "")], &["absent"]);
    }
}
