use truelevel_documents::Node;

use crate::Practice;
use crate::findings::Findings;
use crate::manifests::is_true;
use crate::paths::is_dated_page;
use crate::repository::{Candidates, Repository};
use crate::detectors::PIPELINES;
use truelevel_model::Detection;

truelevel_model::declare! {
    /// Failure is rehearsed by experiment
    ///
    /// Chaos experiments are declared: Litmus engines and workflows, Chaos Mesh faults and schedules, AWS Fault Injection,
    /// Azure Chaos Studio, Gremlin, Chaos Toolkit, Toxiproxy and Pumba in CI. Pages that tell of a game day or a failover drill
    /// and are named after its day (`gamedays/2026-03-02-database.md`) count too. A stopped engine or a paused fault does not
    /// count.
    pub(super) static CHAOS_EXPERIMENTS: Practice = {
        id: "chaos_experiments",
        subject: "recover",
        detect: detect,
        in_facts: None,
    };
}

super::pattern!(TERRAFORM = r#"resource\s+"(?:aws_fis_experiment_template|azurerm_chaos_studio_(?:experiment|target|capability)|gremlin_\w+|steadybit_\w+)""#);
super::pattern!(TOLD = r"(?i)(?:^|[/_. -])(?:(?:game|chaos)[-_ ]?days?|(?:failover|failure|outage|dr|disaster[-_ ]recovery)[-_ ](?:drill|exercise|rehearsal)s?|wheel[-_ ]of[-_ ]misfortune)(?:[/_. -]|$)");
super::pattern!(RUN = r"(?:^|[\s;&|(/])(?:chaos run\b|litmusctl\b|toxiproxy(?:-cli|-server)?\b|pumba\b|aws fis start-experiment\b|gremlin attack\b|chaosd\b|steadybit\b|kube-monkey\b|powerfulseal\b|chaosblade\b|blade create\b)");
super::pattern!(USES = r"(?i)^(?:litmuschaos/github-chaos-actions|chaos-mesh/chaos-mesh-action|chaostoolkit/run-action|steadybit/)");

fn detect(repository: &Repository) -> Detection {
    let mut findings = Findings::new(repository);
    for manifest in repository.manifests() {
        let kind = manifest.kind();
        let is_litmus = matches!(kind, "ChaosEngine" | "ChaosSchedule") && manifest.is("litmuschaos.io/", kind) && manifest.at(["spec", "engineState"]).and_then(Node::text) != Some("stop");
        let is_mesh = manifest.is("chaos-mesh.org/", kind) && (kind.ends_with("Chaos") || matches!(kind, "Schedule" | "Workflow"));
        let is_paused = is_true(manifest.at(["metadata", "annotations", "experiment.chaos-mesh.org/pause"]));
        let is_fis = manifest.node.get("Resources").map_or(&[][..], Node::entries).iter().any(|entry| entry.value.get("Type").and_then(Node::text) == Some("AWS::FIS::ExperimentTemplate"));
        if is_litmus || (is_mesh && !is_paused) || is_fis {
            findings.place(&manifest.kind_place());
        }
        if let Some(node) = manifest.node.get("steady-state-hypothesis") {
            findings.place(&manifest.place(node));
        }
    }
    for (path, text) in repository.texts().filter(|(path, _)| path.ends_with(".json")) {
        if let Some((line, column)) = text.find_from(1, "\"steady-state-hypothesis\"") {
            findings.push(path, line, column, "\"steady-state-hypothesis\"");
        }
    }
    for path in repository.paths().filter(|path| is_dated_page(path) && TOLD.is_match(path)) {
        findings.file(path);
    }
    findings.terraform(&TERRAFORM);
    findings.steps(Some(&RUN), Some(&USES), |_, _| true);
    let mut looked_at = vec!["Litmus ChaosEngine", "Chaos Mesh objects", "aws_fis_experiment_template and others in *.tf", "Chaos Toolkit experiments", "dated pages of game days"];
    looked_at.extend(PIPELINES);
    findings.conclude(&looked_at, &[Candidates::Terraform, Candidates::Manifests(&["haos", "AWS::FIS"])])
}

#[cfg(test)]
mod tests {
    use super::CHAOS_EXPERIMENTS;
    use crate::test_support::check;

    #[test]
    fn experiments_count() {
        check(&CHAOS_EXPERIMENTS, &[("c.yaml", "apiVersion: chaos-mesh.org/v1alpha1\nkind: PodChaos\n")], &["c.yaml:2:1"]);
        check(&CHAOS_EXPERIMENTS, &[("a.tf", "resource \"aws_fis_experiment_template\" \"a\" {\n}\n")], &["a.tf:1:1"]);
        check(&CHAOS_EXPERIMENTS, &[("chaos/kill.json", "{\n  \"steady-state-hypothesis\": {}\n}")], &["chaos/kill.json:2:3"]);
        let template = "{\"Resources\": {\n  \"Kill\": {\"Type\": \"AWS::FIS::ExperimentTemplate\"}\n}}\n";
        let found = (CHAOS_EXPERIMENTS.detect)(&crate::test_support::repository(&[("template.json", template)]));
        assert!(found.grade().is_some(), "{found:?}");
        check(&CHAOS_EXPERIMENTS, &[("docs/gamedays/2026-03-02-database.md", "")], &["docs/gamedays/2026-03-02-database.md"]);
    }

    #[test]
    fn what_is_stopped_paused_or_an_example_does_not() {
        check(&CHAOS_EXPERIMENTS, &[("c.yaml", "apiVersion: litmuschaos.io/v1alpha1\nkind: ChaosEngine\nspec: {engineState: stop}\n")], &["absent"]);
        let paused = "apiVersion: chaos-mesh.org/v1alpha1\nkind: PodChaos\nmetadata: {annotations: {experiment.chaos-mesh.org/pause: 'true'}}\n";
        check(&CHAOS_EXPERIMENTS, &[("c.yaml", paused)], &["absent"]);
        check(&CHAOS_EXPERIMENTS, &[("docs/gamedays/template.md", ""), ("docs/gamedays/2026-agenda.txt", "")], &["absent"]);
        check(&CHAOS_EXPERIMENTS, &[("examples/c.yaml", "apiVersion: chaos-mesh.org/v1alpha1\nkind: PodChaos\n")], &["absent"]);
    }
}
