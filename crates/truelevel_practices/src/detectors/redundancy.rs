use crate::Practice;
use crate::findings::Findings;
use crate::manifests::{is_true, number, terraform_blocks};
use crate::repository::{Candidates, Repository};
use crate::text::indent_column;
use truelevel_model::Detection;

truelevel_model::declare! {
    /// One instance may fail
    ///
    /// More than one instance runs: replicas of two or more, an autoscaler or disruption budget in Kubernetes, and in
    /// Terraform several zones, a desired count or an autoscaling group of two or more.
    pub(super) static REDUNDANCY: Practice = {
        id: "redundancy",
        subject: "recover",
        detect: detect,
        in_facts: None,
    };
}

super::pattern!(RESOURCE = r#"^\s*(?:resource|module)\s+""#);
super::pattern!(SEVERAL = r"^\s*(?:multi_az|zone_redundant|automatic_failover_enabled|multi_az_enabled|\w*multiple_availability_zones)\s*=\s*true|^\s*(?:desired_count|min_size|min_capacity|min_instance_count|minimum_instances|min_replicas|availability_zone_count)\s*=\s*(?:[2-9]|[1-9]\d+)\s*$|^\s*availability_type\s*=\s*.REGIONAL");

fn detect(repository: &Repository) -> Detection {
    let mut findings = Findings::new(repository);
    for manifest in repository.manifests() {
        let spec = |key: &str| manifest.at(["spec", key]);
        match manifest.kind() {
            "PodDisruptionBudget" => findings.place(&manifest.kind_place()),
            "HorizontalPodAutoscaler" | "ScaledObject" => {
                let least = number(spec("minReplicas").or_else(|| spec("minReplicaCount")));
                // Without a least number one instance may be all there is.
                if least.is_some_and(|least| least >= 2) {
                    findings.place(&manifest.kind_place());
                }
            }
            "Deployment" | "StatefulSet" | "Rollout" => {
                if let Some(replicas) = spec("replicas").filter(|replicas| number(Some(replicas)).is_some_and(|count| count >= 2)) {
                    findings.place(&manifest.place(replicas));
                }
            }
            "" => {
                // Values of charts.
                for node in manifest.node.descendants() {
                    let several = |key: &str| number(node.get(key)).is_some_and(|count| count >= 2);
                    let scaled = node.get("autoscaling").filter(|scaling| is_true(scaling.get("enabled")) && number(scaling.get("minReplicas")).is_some_and(|least| least >= 2));
                    if let Some(key) = ["replicaCount", "replicas"].into_iter().find(|key| several(key)) {
                        findings.place(&manifest.key_place(node, key));
                    } else if scaled.is_some() {
                        findings.place(&manifest.key_place(node, "autoscaling"));
                    }
                }
            }
            _ => {}
        }
    }
    for (path, block) in terraform_blocks(repository, &RESOURCE) {
        if let Some((number, line)) = block.lines.iter().find(|(_, line)| SEVERAL.is_match(line)) {
            findings.push(path, *number, indent_column(line), line);
        }
    }
    findings.conclude(
        &["replicas ≥ 2 of workloads", "PodDisruptionBudget", "HorizontalPodAutoscaler minReplicas ≥ 2", "replicaCount in chart values", "multi_az, desired_count and min_size in *.tf"],
        &[Candidates::Terraform, Candidates::Manifests(&["replica", "PodDisruptionBudget", "Autoscal"])],
    )
}

#[cfg(test)]
mod tests {
    use super::REDUNDANCY;
    use crate::test_support::check;

    fn deployment(replicas: &str) -> String {
        format!("apiVersion: apps/v1\nkind: Deployment\nspec:\n  replicas: {replicas}\n")
    }

    #[test]
    fn two_instances_count_and_one_does_not() {
        check(&REDUNDANCY, &[("a.yaml", &deployment("2"))], &["a.yaml:4:13"]);
        check(&REDUNDANCY, &[("a.yaml", &deployment("1"))], &["absent"]);
        check(&REDUNDANCY, &[("chart/values.yaml", "web:\n  replicaCount: 3\n")], &["chart/values.yaml:2:3"]);
        check(&REDUNDANCY, &[("a.tf", "resource \"aws_db_instance\" \"a\" {\n  multi_az = true\n}\n")], &["a.tf:2:3"]);
        check(&REDUNDANCY, &[("a.tf", "resource \"aws_db_instance\" \"a\" {\n  multi_az = false\n}\n")], &["absent"]);
    }

    #[test]
    fn budgets_count_and_an_autoscaler_that_may_go_down_to_one_does_not() {
        check(&REDUNDANCY, &[("a.yaml", "apiVersion: policy/v1\nkind: PodDisruptionBudget\n")], &["a.yaml:2:1"]);
        let autoscaler = |least: u8| format!("apiVersion: autoscaling/v2\nkind: HorizontalPodAutoscaler\nspec: {{minReplicas: {least}, maxReplicas: 5}}\n");
        check(&REDUNDANCY, &[("a.yaml", &autoscaler(2))], &["a.yaml:2:1"]);
        check(&REDUNDANCY, &[("a.yaml", &autoscaler(1))], &["absent"]);
    }
}
