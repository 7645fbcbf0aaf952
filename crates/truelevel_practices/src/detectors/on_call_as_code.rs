use crate::Practice;
use crate::findings::Findings;
use crate::repository::{Candidates, Repository};
use truelevel_model::Detection;

truelevel_model::declare! {
    /// On-call is defined as code
    ///
    /// Schedules, escalations or paged services are kept in files: resources of PagerDuty, Opsgenie, incident.io,
    /// Grafana OnCall, Splunk On-Call, Rootly, FireHydrant and AWS Incident Manager in Terraform.
    pub(super) static ON_CALL_AS_CODE: Practice = {
        id: "on_call_as_code",
        subject: "recover",
        detect: detect,
        in_facts: None,
    };
}

super::pattern!(
    TERRAFORM = r#"resource\s+"(?:pagerduty_(?:service|schedule|escalation_policy)|opsgenie_(?:team|schedule|schedule_rotation|escalation|service)|incident_(?:schedule|escalation_path)|grafana_oncall_(?:schedule|escalation|escalation_chain|on_call_shift)|victorops_(?:team|escalation_policy)|squadcast_(?:schedule\w*|escalation_policy)|rootly_(?:schedule\w*|escalation_\w+)|firehydrant_(?:on_call_schedule|escalation_policy|signal_rule)|aws_ssmcontacts_(?:plan|rotation)|jsm_ops_(?:schedule|escalation)|atlassian-operations_(?:schedule|escalation)|datadog_on_call_(?:schedule|escalation_policy)|betteruptime_(?:policy|on_call_calendar)|zenduty_(?:schedules|esp))""#
);

fn detect(repository: &Repository) -> Detection {
    let mut findings = Findings::new(repository);
    findings.terraform(&TERRAFORM);
    for manifest in repository.manifests() {
        let kind = manifest.kind();
        if matches!(kind, "EscalationPolicy" | "OnCallSchedule") || (kind == "Schedule" && manifest.is("pagerduty", "Schedule")) {
            findings.place(&manifest.kind_place());
        }
    }
    findings.conclude(&["PagerDuty, Opsgenie, incident.io, Grafana OnCall and other on-call resources in *.tf"], &[Candidates::Terraform])
}

#[cfg(test)]
mod tests {
    use super::ON_CALL_AS_CODE;
    use crate::test_support::check;

    #[test]
    fn schedules_and_escalations_count() {
        check(&ON_CALL_AS_CODE, &[("a.tf", "\nresource \"pagerduty_schedule\" \"team\" {\n}\n")], &["a.tf:2:1"]);
        check(&ON_CALL_AS_CODE, &[("a.tf", "data \"pagerduty_schedule\" \"team\" {}\n")], &["absent"]);
        check(&ON_CALL_AS_CODE, &[("examples/a.tf", "resource \"pagerduty_schedule\" \"team\" {}\n")], &["absent"]);
    }
}
