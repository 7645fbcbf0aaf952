use truelevel_documents::Node;

use crate::findings::Findings;
use crate::manifests::{is_true, number, terraform_blocks};
use crate::repository::{Candidates, Repository};
use crate::text::indent_column;
use crate::{Practice, detectors::PIPELINES};
use truelevel_model::Detection;

truelevel_model::declare! {
    /// Data is backed up on a schedule
    ///
    /// Backups are declared: Velero schedules, scheduled backups of database operators, cron jobs that dump or snapshot, AWS
    /// Backup plans, retention of managed databases above zero, backup settings of other clouds. A paused schedule
    /// or a retention of zero does not count.
    pub(super) static BACKUPS: Practice = {
        id: "backups",
        subject: "recover",
        detect: detect,
        in_facts: None,
    };
}

super::pattern!(PLAN = r#"resource\s+"(?:aws_backup_plan|aws_dlm_lifecycle_policy|azurerm_backup_(?:policy_\w+|protected_\w+)|azurerm_data_protection_backup_\w+|google_gke_backup_backup_plan|google_backup_dr_backup_plan|google_compute_resource_policy|google_firestore_backup_schedule|google_spanner_backup_schedule)""#);
super::pattern!(DATABASE = r#"resource\s+"(?:aws_(?:db_instance|rds_cluster|docdb_cluster|neptune_cluster|elasticache_replication_group|dynamodb_table|redshift_cluster)|google_sql_database_instance|azurerm_\w*(?:postgresql|mysql|mssql|cosmosdb)\w*|digitalocean_droplet)""#);
super::pattern!(KEPT = r"^\s*(?:backup_retention_period|backup_retention_days|snapshot_retention_limit|automated_snapshot_retention_period)\s*=\s*[1-9]|^\s*(?:backup_configuration|point_in_time_recovery|backup|short_term_retention_policy|long_term_retention_policy)\s*\{|^\s*backups\s*=\s*true");
super::pattern!(DUMP = r"(?i)(?:^|/)backup(?:[-_.]|$)|pg_dump|pg_basebackup|pgbackrest|wal-g|mysqldump|mongodump|xtrabackup|restic\b|borg\b.*create|etcdctl\b.*snapshot save|velero backup|redis-cli\b.*--rdb|rclone\b.*backup|(?:aws|gcloud|az)\b.*(?:create-(?:db-)?(?:cluster-)?snapshot|backups create)");

fn detect(repository: &Repository) -> Detection {
    let mut findings = Findings::new(repository);
    for manifest in repository.manifests() {
        let spec = |key: &str| manifest.at(["spec", key]);
        let scheduled = match manifest.kind() {
            "Schedule" => manifest.is("velero.io/", "Schedule") && !is_true(spec("paused")),
            "ScheduledBackup" => !is_true(spec("suspend")),
            "RecurringJob" => spec("task").and_then(Node::text) == Some("backup"),
            "BackupSchedule" | "ReplicationSource" | "SnapshotSchedule" => !is_true(spec("suspend")),
            "CronJob" => {
                let dumps = manifest.node.descendants().filter_map(Node::text).any(|text| DUMP.is_match(text));
                dumps && !is_true(spec("suspend"))
            }
            "Cluster" if manifest.is("postgresql.cnpg.io/", "Cluster") => spec("backup").is_some_and(|backup| !backup.entries().is_empty()),
            "PostgresCluster" => manifest.at(["spec", "backups"]).is_some_and(|backups| !backups.entries().is_empty()),
            _ => false,
        };
        if scheduled {
            findings.place(&manifest.kind_place());
        }
        let resources = manifest.node.get("Resources").map_or(&[][..], Node::entries).iter();
        for resource in resources.filter(|resource| is_backed_up(&resource.value)) {
            findings.place(&manifest.place(&resource.key));
        }
    }
    findings.terraform(&PLAN);
    for (path, block) in terraform_blocks(repository, &DATABASE) {
        if let Some((number, line)) = block.lines.iter().find(|(_, line)| KEPT.is_match(line)) {
            findings.push(path, *number, indent_column(line), line);
        }
    }
    findings.steps(Some(&DUMP), None, |job, _| job.occasions.contains(crate::pipelines::Occasion::Schedule) && !job.runs_on_changes());
    let mut looked_at = vec!["Velero Schedule", "ScheduledBackup of database operators", "SnapshotSchedule", "CronJobs that dump", "backup resources and retention in *.tf"];
    looked_at.extend(PIPELINES);
    findings.conclude(&looked_at, &[Candidates::Pipelines, Candidates::Terraform, Candidates::Manifests(&["ackup", "velero", "CronJob"])])
}

/// Whether a resource of CloudFormation is a plan of backups, or a database that keeps some.
fn is_backed_up(resource: &Node) -> bool {
    let kept = ["BackupRetentionPeriod", "SnapshotRetentionLimit", "AutomatedSnapshotRetentionPeriod"]
        .iter()
        .filter_map(|key| resource.get("Properties")?.get(key));
    let is_plan = matches!(resource.get("Type").and_then(Node::text), Some("AWS::Backup::BackupPlan" | "AWS::DLM::LifecyclePolicy"));
    is_plan || kept.into_iter().any(|days| number(Some(days)).is_some_and(|days| days > 0))
}

#[cfg(test)]
mod tests {
    use super::BACKUPS;
    use crate::test_support::check;

    #[test]
    fn schedules_and_retention_count() {
        check(&BACKUPS, &[("v.yaml", "apiVersion: velero.io/v1\nkind: Schedule\nspec: {schedule: '0 1 * * *'}\n")], &["v.yaml:2:1"]);
        let job = "apiVersion: batch/v1\nkind: CronJob\nspec:\n  jobTemplate:\n    args: [sh, -c, 'pg_dump | gzip']\n";
        check(&BACKUPS, &[("c.yaml", job)], &["c.yaml:2:1"]);
        let database = |days: u8| format!("resource \"aws_db_instance\" \"a\" {{\n  backup_retention_period = {days}\n}}\n");
        check(&BACKUPS, &[("a.tf", &database(7))], &["a.tf:2:3"]);
        check(&BACKUPS, &[("a.tf", &database(0))], &["absent"]);
        let plan = "Resources:\n  Nightly:\n    Type: AWS::Backup::BackupPlan\n";
        check(&BACKUPS, &[("stack.yaml", plan)], &["stack.yaml:2:3"]);
        let database = |days: u8| format!("{{\"Resources\": {{\n  \"Db\": {{\"Type\": \"AWS::RDS::DBInstance\", \"Properties\": {{\"BackupRetentionPeriod\": {days}}}}}\n}}}}\n");
        check(&BACKUPS, &[("cloudformation/db.json", &database(7))], &["cloudformation/db.json:2:3"]);
        check(&BACKUPS, &[("cloudformation/db.json", &database(0))], &["absent"]);
    }

    #[test]
    fn a_paused_schedule_does_not() {
        check(&BACKUPS, &[("v.yaml", "apiVersion: velero.io/v1\nkind: Schedule\nspec: {paused: true}\n")], &["absent"]);
        check(&BACKUPS, &[("c.yaml", "apiVersion: batch/v1\nkind: CronJob\nspec: {args: [report]}\n")], &["absent"]);
    }
}
