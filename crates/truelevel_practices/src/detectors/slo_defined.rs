use truelevel_documents::Node;

use crate::Practice;
use crate::findings::Findings;
use crate::repository::{Candidates, Repository};
use truelevel_model::Detection;

truelevel_model::declare! {
    /// Service level objectives are defined
    ///
    /// A target for what users experience is kept as code, with the query that measures it: OpenSLO, Sloth, Pyrra,
    /// Google, Datadog, Nobl9, Grafana, New Relic and Dynatrace objectives.
    pub(super) static SLO_DEFINED: Practice = {
        id: "slo_defined",
        subject: "observe",
        detect: detect,
        in_facts: None,
    };
}

super::pattern!(
    TERRAFORM = r#"resource\s+"(?:datadog_service_level_objective|google_monitoring_slo|nobl9_slo|grafana_slo|newrelic_service_level|dynatrace_slo(?:_v2)?|honeycombio_slo|signalfx_slo|elasticstack_kibana_slo|aws_applicationsignals_service_level_objective|splunk_slo|coralogix_slo\w*)""#
);

fn detect(repository: &Repository) -> Detection {
    let mut findings = Findings::new(repository);
    for manifest in repository.manifests() {
        let spec = |key: &str| manifest.at(["spec", key]);
        let measured = match manifest.kind() {
            "SLO" if manifest.is("openslo/", "SLO") => spec("objectives").is_some_and(|objectives| !objectives.items().is_empty()),
            "ServiceLevelObjective" if manifest.is("pyrra.dev/", "ServiceLevelObjective") => spec("target").is_some() && spec("indicator").is_some(),
            "PrometheusServiceLevel" => spec("slos").is_some_and(|slos| slos.items().iter().any(is_sloth)),
            "SLO" => manifest.is("n9/", "SLO") || manifest.is("monitoring.googleapis.com/", "SLO"),
            "DatadogSLO" => true,
            _ => false,
        };
        if measured {
            findings.place(&manifest.kind_place());
        }
        if manifest.kind().is_empty() {
            for slo in manifest.node.get("slos").map_or(&[][..], Node::items).iter().filter(|slo| is_sloth(slo)) {
                findings.place(&manifest.place(slo));
            }
        }
    }
    findings.terraform(&TERRAFORM);
    findings.conclude(
        &["OpenSLO kind: SLO", "Sloth slos", "Pyrra ServiceLevelObjective", "objective resources in *.tf"],
        &[Candidates::Terraform, Candidates::Manifests(&["openslo", "slos:", "ServiceLevel", "SLO"])],
    )
}

/// An objective of Sloth measures something.
fn is_sloth(slo: &Node) -> bool {
    slo.get("objective").is_some() && slo.get("sli").is_some()
}

#[cfg(test)]
mod tests {
    use super::SLO_DEFINED;
    use crate::test_support::check;

    #[test]
    fn objectives_with_their_measure_count() {
        check(&SLO_DEFINED, &[("slo.yaml", "apiVersion: openslo/v1\nkind: SLO\nspec: {objectives: [{target: 0.99}]}\n")], &["slo.yaml:2:1"]);
        let sloth = "version: prometheus/v1\nservice: a\nslos:\n  - name: x\n    objective: 99.9\n    sli: {events: {error_query: a, total_query: b}}\n";
        check(&SLO_DEFINED, &[("slo.yaml", sloth)], &["slo.yaml:4:5"]);
        check(&SLO_DEFINED, &[("slo.yaml", "apiVersion: pyrra.dev/v1alpha1\nkind: ServiceLevelObjective\nspec: {target: '99', indicator: {ratio: {}}}\n")], &["slo.yaml:2:1"]);
    }

    #[test]
    fn a_wish_without_a_measure_does_not() {
        check(&SLO_DEFINED, &[("slo.yaml", "slos:\n  - name: x\n    objective: 99.9\n")], &["absent"]);
        check(&SLO_DEFINED, &[("slo.yaml", "apiVersion: openslo/v1\nkind: SLO\nspec: {objectives: []}\n")], &["absent"]);
    }
}
