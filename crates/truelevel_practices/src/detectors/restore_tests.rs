use truelevel_documents::Node;

use crate::findings::Findings;
use crate::manifests::is_true;
use crate::paths::is_dated_page;
use crate::pipelines::Occasion;
use crate::repository::{Candidates, Repository};
use crate::{Practice, detectors::PIPELINES};
use truelevel_model::Detection;

truelevel_model::declare! {
    /// Backups are restored to see that they work
    ///
    /// A restore runs on a schedule and its result is looked at: restore testing plans of AWS Backup, scheduled jobs
    /// and cron jobs that restore or verify a dump, verification of restic and pgBackRest. Pages that tell of a restore test
    /// and are named after its day (`docs/restore-tests/2026-03-02.md`) count too. Only a backup that was restored is one.
    pub(super) static RESTORE_TESTS: Practice = {
        id: "restore_tests",
        subject: "recover",
        detect: detect,
        in_facts: None,
    };
}

super::pattern!(PLAN = r#"resource\s+"(?:aws|awscc)_backup_restore_testing_(?:plan|selection)""#);
super::pattern!(TOLD = r"(?i)(?:^|[/_. -])(?:backup[-_ ])?(?:restor(?:e|ation)|recovery)[-_ ](?:test|drill|exercise|rehearsal)s?(?:[/_. -]|$)");
super::pattern!(RESTORE = r"(?i)(?:^|[\s;&|(/])(?:velero restore\b|velero create restore|pg_restore\b|pgbackrest\b.*\s(?:restore|verify)\b|barman recover\b|barman check-backup|wal-g backup-fetch|mysqlbackup\b.*validate|mongorestore\b|xtrabackup\b.*--prepare|restic (?:restore|check)\b|borg (?:extract|check)\b|etcdutl snapshot (?:restore|status)|aws rds restore-db-\w+|gcloud sql backups restore|az \w+ .*restore|kopia snapshot verify|\S*restore[-_]?(?:test|drill|check|verify)\S*|\S*(?:test|verify|check)[-_]?(?:restore|backup)\S*)");

fn detect(repository: &Repository) -> Detection {
    let mut findings = Findings::new(repository);
    findings.terraform(&PLAN);
    findings.steps(Some(&RESTORE), None, |job, _| job.occasions.contains(Occasion::Schedule) && !job.runs_on_changes());
    for manifest in repository.manifests() {
        let is_scheduled = matches!(manifest.kind(), "CronJob" | "CronWorkflow") && !is_true(manifest.at(["spec", "suspend"]));
        if is_scheduled && restores(manifest.node) {
            findings.place(&manifest.kind_place());
        }
        for resource in manifest.node.get("Resources").map_or(&[][..], Node::entries) {
            let kind = resource.value.get("Type").and_then(Node::text);
            if matches!(kind, Some("AWS::Backup::RestoreTestingPlan" | "AWS::Backup::RestoreTestingSelection")) {
                findings.place(&manifest.place(&resource.key));
            }
        }
    }
    for path in repository.paths().filter(|path| is_dated_page(path) && TOLD.is_match(path)) {
        findings.file(path);
    }
    let mut looked_at = vec!["restore testing plans in *.tf and CloudFormation", "CronJobs that restore", "dated pages of restore tests"];
    looked_at.extend(PIPELINES);
    findings.conclude(&looked_at, &[Candidates::Pipelines, Candidates::Terraform, Candidates::Manifests(&["CronJob", "restore", "AWS::Backup"])])
}

/// Whether a container of an object restores.
fn restores(node: &Node) -> bool {
    let commands = node.descendants().flat_map(|node| ["command", "args", "script"].map(|key| node.get(key)));
    commands.flatten().flat_map(Node::one_or_many).filter_map(Node::text).any(|text| RESTORE.is_match(text))
}

#[cfg(test)]
mod tests {
    use super::RESTORE_TESTS;
    use crate::test_support::check;

    #[test]
    fn a_scheduled_restore_counts_and_one_by_hand_does_not() {
        let workflow = |on: &str| format!("on: {on}\njobs: {{a: {{steps: [{{run: pg_restore -d check dump}}]}}}}\n");
        check(&RESTORE_TESTS, &[(".github/workflows/r.yml", &workflow("{schedule: [{cron: '0 1 * * *'}]}"))], &[".github/workflows/r.yml:2:26"]);
        check(&RESTORE_TESTS, &[(".github/workflows/r.yml", &workflow("workflow_dispatch"))], &["absent"]);
        let job = |command: &str| format!("apiVersion: batch/v1\nkind: CronJob\nspec: {{jobTemplate: {{command: [{command}]}}}}\n");
        check(&RESTORE_TESTS, &[("c.yaml", &job("restic, check").replace("restic, check", "'restic check'"))], &["c.yaml:2:1"]);
        check(&RESTORE_TESTS, &[("c.yaml", &job("pg_dump"))], &["absent"]);
        let plan = "Resources:\n  Weekly:\n    Type: AWS::Backup::RestoreTestingPlan\n";
        check(&RESTORE_TESTS, &[("stack.yaml", plan)], &["stack.yaml:2:3"]);
        check(&RESTORE_TESTS, &[("a.tf", "resource \"aws_backup_restore_testing_plan\" \"a\" {\n}\n")], &["a.tf:1:1"]);
    }

    #[test]
    fn a_page_of_a_day_tells_of_a_restore_and_a_plan_for_one_does_not() {
        check(&RESTORE_TESTS, &[("docs/restore-tests/2026-03-02.md", "")], &["docs/restore-tests/2026-03-02.md"]);
        check(&RESTORE_TESTS, &[("docs/2026-Q1/restore_drill.md", "")], &["docs/2026-Q1/restore_drill.md"]);
        for path in ["docs/restore-tests/template-2026-01.md", "docs/restore-tests/how-to.md", "docs/restore-tests/2026-03-02.sh", "docs/backups/2026-03-02.md"] {
            check(&RESTORE_TESTS, &[(path, "")], &["absent"]);
        }
    }
}
