use crate::Practice;
use crate::findings::Findings;
use crate::manifests::is_true;
use crate::paths::ends_with;
use crate::repository::{Candidates, Repository};
use truelevel_model::Detection;

truelevel_model::declare! {
    /// Dashboards are kept as code
    ///
    /// Dashboards are in files that machines apply: Grafana JSON (`schemaVersion` and `panels`), grafonnet, dashboard
    /// objects and labelled config maps of Kubernetes, and the dashboard resources of vendors in Terraform.
    pub(super) static DASHBOARDS_AS_CODE: Practice = {
        id: "dashboards_as_code",
        subject: "observe",
        detect: detect,
        in_facts: None,
    };
}

super::pattern!(TERRAFORM = r#"resource\s+"(?:grafana_dashboard|datadog_dashboard(?:_json)?|aws_cloudwatch_dashboard|google_monitoring_dashboard|newrelic_one_dashboard\w*|signalfx_dashboard|azurerm_portal_dashboard|honeycombio_board|dynatrace_dashboard)""#);
super::pattern!(GRAFONNET = r"grafonnet|grafana\.dashboard\.new|dashboard\.new\(");
super::pattern!(PANELS = r#""panels"\s*:\s*\["#);

fn detect(repository: &Repository) -> Detection {
    let mut findings = Findings::new(repository);
    for (path, text) in repository.texts().filter(|(path, _)| path.ends_with(".json")) {
        // A file of one line is a dashboard as well; the place is then the file.
        if text.as_str().contains("\"schemaVersion\"") && PANELS.is_match(text.as_str()) {
            match text.find_from(1, "\"panels\"").filter(|_| text.as_str().lines().nth(1).is_some()) {
                Some((line, column)) => findings.push(path, line, column, text.line(line)),
                None => findings.file(path),
            }
        }
    }
    findings.lines(|path| ends_with(path, &[".jsonnet", ".libsonnet"]), &GRAFONNET);
    for manifest in repository.manifests() {
        let labelled = manifest.kind() == "ConfigMap" && manifest.at(["metadata", "labels", "grafana_dashboard"]).is_some_and(|label| label.text() == Some("1") || is_true(Some(label)));
        let is_resource = manifest.node.get("Resources").is_some_and(|resources| {
            resources.entries().iter().any(|entry| entry.value.get("Type").and_then(|kind| kind.text()) == Some("AWS::CloudWatch::Dashboard"))
        });
        if labelled || is_resource || manifest.kind() == "GrafanaDashboard" || manifest.kind() == "DatadogDashboard" {
            findings.place(&manifest.kind_place());
        }
    }
    findings.terraform(&TERRAFORM);
    findings.conclude(
        &["*dashboard*/*.json", "*.jsonnet with grafonnet", "GrafanaDashboard", "ConfigMap labelled grafana_dashboard", "dashboard resources in *.tf"],
        &[Candidates::Terraform, Candidates::Manifests(&["grafana", "Dashboard"]), Candidates::Paths(|path| path.ends_with(".json"))],
    )
}

#[cfg(test)]
mod tests {
    use super::DASHBOARDS_AS_CODE;
    use crate::test_support::check;

    #[test]
    fn dashboards_count_in_every_form() {
        check(&DASHBOARDS_AS_CODE, &[("dashboards/a.json", "{\n  \"panels\": [],\n  \"schemaVersion\": 39\n}\n")], &["dashboards/a.json:2:3"]);
        check(&DASHBOARDS_AS_CODE, &[("grafana/a.json", "{\"panels\": [], \"schemaVersion\": 39}")], &["grafana/a.json"]);
        check(&DASHBOARDS_AS_CODE, &[("a.tf", "resource \"grafana_dashboard\" \"a\" {\n}\n")], &["a.tf:1:1"]);
        check(&DASHBOARDS_AS_CODE, &[("a.yaml", "apiVersion: grafana.integreatly.org/v1beta1\nkind: GrafanaDashboard\n")], &["a.yaml:2:1"]);
    }

    #[test]
    fn other_json_does_not() {
        check(&DASHBOARDS_AS_CODE, &[("dashboard/package.json", "{\"name\": \"dashboard\"}")], &["absent"]);
    }
}
