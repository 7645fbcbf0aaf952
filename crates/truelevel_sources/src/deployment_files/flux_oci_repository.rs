//! A Flux `OCIRepository`: the version of the chart or of the manifests that a release of its name takes from it.
//!
//! A `HelmRelease` that names its chart by `chartRef` keeps the version here, by custom under its own name. Where a
//! service of that name declares a version elsewhere, such as its image, that one counts. Limits: a repository that
//! several releases share is a service of its own; a range (`semver`) is no version.

use truelevel_documents::Node;

use super::file::File;
use super::found::Found;
use super::version::of_revision;
use super::{Reader, Shape, resource};

pub(super) const READER: Reader = Reader { shape: Shape::FluxOciRepository, claims, read };

fn claims(document: &Node, _: &File<'_>) -> bool {
    resource::is(document, "source.toolkit.fluxcd.io", "OCIRepository")
}

fn read(document: &Node, file: &File<'_>, found: &mut Found) {
    let reference = ["tag", "digest"].into_iter().find_map(|key| document.at(["spec", "ref", key]));
    let Some(value) = reference else { return };
    let Some(version) = value.text().and_then(of_revision) else { return };
    let service = resource::service(document).unwrap_or_else(|| file.service());
    found.add(service, resource::environment(document, file, []), version, value.line);
}

#[cfg(test)]
mod tests {
    use super::super::found::check;

    const SOURCE: &str = "apiVersion: source.toolkit.fluxcd.io/v1\nkind: OCIRepository\nmetadata:\n  name: grafana\nspec:\n  interval: 1h\n  url: oci://registry.example.com/charts/grafana\n  ref:\n    tag: 9.2.1\n";

    #[test]
    fn the_tag_is_the_version_of_the_release_of_its_name() {
        check("kubernetes/apps/grafana/app/ocirepository.yaml", SOURCE, &["grafana@-=9.2.1:9"]);
        check("clusters/production/grafana/source.yaml", SOURCE, &["grafana@production=9.2.1:9"]);
    }

    #[test]
    fn a_range_or_nothing_is_no_version() {
        check("apps/source.yaml", &SOURCE.replace("tag: 9.2.1", "semver: '>=9.0.0'"), &[]);
        check("apps/source.yaml", &SOURCE.replace("    tag: 9.2.1\n", ""), &[]);
        check("apps/source.yaml", &SOURCE.replace("9.2.1", "latest"), &[]);
    }
}
