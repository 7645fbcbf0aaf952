//! A Flux `HelmRelease`: image tags in `spec.values`, else the chart's version.
//!
//! The release's name without its environment is the service; where several images are set, each names its own. Limits:
//! `valuesFrom` points to other resources; a chart taken by `chartRef` has its version in an `OCIRepository`; a range is no
//! version.

use truelevel_documents::Node;

use super::file::File;
use super::found::Found;
use super::image_values::{find, named_for};
use super::version::of_revision;
use super::{Reader, Shape, resource};

pub(super) const READER: Reader = Reader { shape: Shape::FluxHelmRelease, claims, read };

fn claims(document: &Node, _: &File<'_>) -> bool {
    resource::is(document, "helm.toolkit.fluxcd.io", "HelmRelease")
}

fn read(document: &Node, file: &File<'_>, found: &mut Found) {
    let service = resource::service(document).unwrap_or_else(|| file.service());
    let namespace = resource::text(document, ["spec", "targetNamespace"]);
    let environment = resource::environment(document, file, [namespace]);
    let images = document.at(["spec", "values"]).map(|values| find(values, true, false)).unwrap_or_default();
    if images.is_empty() {
        let Some(value) = document.at(["spec", "chart", "spec", "version"]) else { return };
        if let Some(version) = value.text().and_then(of_revision) {
            found.add(service, environment, version, value.line);
        }
        return;
    }
    for image in named_for(images, &service) {
        found.add(image.service.unwrap_or_default(), environment.clone(), image.version, image.line);
    }
}

#[cfg(test)]
mod tests {
    use super::super::found::check;

    const CHART: &str = "apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata:\n  name: frontend\n  namespace: web\nspec:\n  interval: 5m\n  chart:\n    spec:\n      chart: generic\n      version: 1.2.3\n";

    #[test]
    fn an_image_counts_before_the_chart() {
        let release = format!(
            "{CHART}  values:\n    image:\n      repository: acme/web\n      tag: v5 # {{\"$imagepolicy\": \"flux-system:web:tag\"}}\n"
        );
        check("clusters/prod-eu/apps/frontend/release.yaml", &release, &["frontend@prod-eu=v5:15"]);
    }

    #[test]
    fn a_chart_counts_unless_its_version_is_a_range() {
        check("apps/production/frontend.yaml", CHART, &["frontend@production=1.2.3:11"]);
        for range in ["'*'", "1.x", "'>=1.0.0'", "~1.2", "^1"] {
            check("apps/production/frontend.yaml", &CHART.replace("1.2.3", range), &[]);
        }
    }

    #[test]
    fn several_images_name_their_own_services() {
        let release =
            format!("{CHART}  values:\n    frontend: {{image: {{tag: v1}}}}\n    worker: {{image: {{tag: v2}}}}\n");
        check("apps/prod/x.yaml", &release, &["frontend@prod=v1:13", "worker@prod=v2:14"]);
    }

    #[test]
    fn the_namespace_gives_the_environment_that_the_path_does_not() {
        check("apps/x.yaml", &CHART.replace("namespace: web", "namespace: web-prod"), &["frontend@prod=1.2.3:11"]);
    }
}
