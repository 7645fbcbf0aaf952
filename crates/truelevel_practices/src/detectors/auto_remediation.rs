use crate::Practice;
use crate::findings::Findings;
use crate::manifests::terraform_blocks;
use crate::paths::is_yaml;
use crate::repository::{Candidates, Repository};
use crate::text::indent_column;
use truelevel_model::Detection;

truelevel_model::declare! {
    /// Known failures are mended by the machine
    ///
    /// Something acts on a signal without a person: event-driven rulebooks of Ansible, sensors of Argo Events,
    /// playbooks of Robusta, health checks that replace machines, remediation rules of AWS Config and Systems
    /// Manager, recovery actions of alarms, StackStorm rules. Restarting a container that died is what every platform
    /// does, and does not count.
    pub(super) static AUTO_REMEDIATION: Practice = {
        id: "auto_remediation",
        subject: "recover",
        detect: detect,
        in_facts: None,
    };
}

super::pattern!(TERRAFORM = r#"resource\s+"(?:aws_config_remediation_configuration|azurerm_automation_webhook|google_eventarc_trigger|pagerduty_(?:automation_actions_action|event_orchestration_service)|pagerduty_incident_workflow|incident_workflow|shoreline_\w+|aws_ssmincidents_response_plan)""#);
super::pattern!(RECOVERS = r#"arn:aws:automate:\S*:ec2:(?:recover|reboot)|automation-definition/|ssm:\S*automation"#);
super::pattern!(ALARM = r#"resource\s+"aws_cloudwatch_(?:metric_alarm|event_target)""#);
super::pattern!(MACHINES = r#"resource\s+"(?:aws_autoscaling_group|google_compute_(?:region_)?instance_group_manager|azurerm_\w*virtual_machine_scale_set)""#);
super::pattern!(REPLACED = r#"^\s*(?:(?:auto_healing_policies|automatic_instance_repair)\s*\{|health_check_type\s*=\s*"ELB")"#);

fn detect(repository: &Repository) -> Detection {
    let mut findings = Findings::new(repository);
    for manifest in repository.manifests() {
        let acts = match manifest.kind() {
            "Sensor" => manifest.is("argoproj.io/", "Sensor"),
            "MachineHealthCheck" | "NodeHealthCheck" | "SelfNodeRemediationTemplate" => true,
            "" => manifest.node.get("customPlaybooks").is_some_and(|list| !list.items().is_empty()),
            _ => false,
        };
        if acts {
            findings.place(&manifest.kind_place());
        }
    }
    for path in repository.own_paths().filter(|path| is_yaml(path)) {
        let folder = crate::paths::folder(path);
        if folder.ends_with("rulebooks") || (folder.ends_with("/rules") && folder.contains("stackstorm")) {
            findings.file(path);
        }
    }
    findings.terraform(&TERRAFORM);
    for (header, acts) in [(&ALARM, &RECOVERS), (&MACHINES, &REPLACED)] {
        for (path, block) in terraform_blocks(repository, header) {
            if let Some((number, line)) = block.lines.iter().find(|(_, line)| acts.is_match(line)) {
                findings.push(path, *number, indent_column(line), line);
            }
        }
    }
    findings.conclude(
        &["rulebooks/*.yml", "Argo Events Sensor", "MachineHealthCheck", "Robusta playbooks", "remediation resources in *.tf"],
        &[Candidates::Terraform, Candidates::Manifests(&["Sensor", "HealthCheck", "customPlaybooks"])],
    )
}

#[cfg(test)]
mod tests {
    use super::AUTO_REMEDIATION;
    use crate::test_support::check;

    #[test]
    fn what_acts_on_a_signal_counts() {
        check(&AUTO_REMEDIATION, &[("s.yaml", "apiVersion: argoproj.io/v1alpha1\nkind: Sensor\n")], &["s.yaml:2:1"]);
        check(&AUTO_REMEDIATION, &[("ops/rulebooks/disk.yml", "- name: disk\n")], &["ops/rulebooks/disk.yml"]);
        let alarm = |action: &str| format!("resource \"aws_cloudwatch_metric_alarm\" \"a\" {{\n  alarm_actions = [\"{action}\"]\n}}\n");
        check(&AUTO_REMEDIATION, &[("a.tf", &alarm("arn:aws:automate:eu-west-1:ec2:recover"))], &["a.tf:2:3"]);
        check(&AUTO_REMEDIATION, &[("a.tf", &alarm("arn:aws:sns:eu-west-1:1:people"))], &["absent"]);
        let group = |kind: &str| format!("resource \"aws_autoscaling_group\" \"a\" {{\n  health_check_type = \"{kind}\"\n}}\n");
        check(&AUTO_REMEDIATION, &[("a.tf", &group("ELB"))], &["a.tf:2:3"]);
        check(&AUTO_REMEDIATION, &[("a.tf", &group("EC2"))], &["absent"]);
        let heals = "resource \"google_compute_instance_group_manager\" \"a\" {\n  auto_healing_policies {\n  }\n}\n";
        check(&AUTO_REMEDIATION, &[("a.tf", heals)], &["a.tf:2:3"]);
    }
}
