//! Which version of which service a file of a deployment repository declares.
//!
//! A deployment repository holds the desired state of environments; a commit that changes a version there is a
//! deployment. This module reads one file at a time, from its path and content alone: it knows no git, no other
//! file and no clock. A *shape* is a way of writing versions down; each has a file with its code and tests, and one
//! line in `READERS`. The shapes claim disjoint documents, so that no value is read twice.
//!
//! What can be read is decided by what stands in the file: charts are not rendered, overlays are not built, and a
//! version that another file or a controller supplies is not seen.

mod argo_application;
mod argo_application_set;
mod environment;
mod file;
mod flat_yaml;
mod flux_helm_release;
mod flux_kustomization;
mod flux_oci_repository;
mod flux_setter;
mod found;
mod helm_values;
mod image_values;
mod key_path;
mod key_value_lines;
mod kubernetes_workload;
mod kustomization;
mod plain_values;
mod resource;
mod service;
mod template;
mod version;
mod version_key;

use std::borrow::Cow;
use std::sync::LazyLock;

use regex::bytes::Regex;
use truelevel_documents::{Documents, LARGEST_FILE_BYTES, Limits, Node, Problem};

pub use environment::{Environment, environment_of_path, is_production, without_region};
use file::{File, Format};
pub use file::{could_hold_versions, is_chart_default, lies_in_chart, versions_may_lie_below};
use found::Found;
pub use key_path::KeyPath;
pub use template::{PathTemplate, read_configured};

/// A way of writing versions down. Sorted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Shape {
    /// An Argo CD `Application`, or the parameters that Argo CD Image Updater commits for one.
    ArgoApplication,
    /// An Argo CD `ApplicationSet`.
    ArgoApplicationSet,
    /// The place that the workspace's configuration names.
    Configured,
    /// A Flux `HelmRelease`.
    FluxHelmRelease,
    /// A Flux `Kustomization`.
    FluxKustomization,
    /// A Flux `OCIRepository`.
    FluxOciRepository,
    /// A value that Flux image automation is told to update.
    FluxSetter,
    /// Values of a Helm chart, and nested files like them.
    HelmValues,
    /// A Kubernetes workload.
    KubernetesWorkload,
    /// A `kustomization.yaml`.
    Kustomization,
    /// A flat file of keys and values.
    PlainValues,
}

impl Shape {
    /// Whether a file of this shape says by itself that a controller runs what it declares.
    pub const fn is_deploying(self) -> bool {
        matches!(
            self,
            Self::ArgoApplication
                | Self::ArgoApplicationSet
                | Self::FluxHelmRelease
                | Self::FluxKustomization
                | Self::FluxOciRepository
        )
    }

    /// The name of the shape, in snake case.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ArgoApplication => "argo_application",
            Self::ArgoApplicationSet => "argo_application_set",
            Self::Configured => "configured",
            Self::FluxHelmRelease => "flux_helm_release",
            Self::FluxKustomization => "flux_kustomization",
            Self::FluxOciRepository => "flux_oci_repository",
            Self::FluxSetter => "flux_setter",
            Self::HelmValues => "helm_values",
            Self::KubernetesWorkload => "kubernetes_workload",
            Self::Kustomization => "kustomization",
            Self::PlainValues => "plain_values",
        }
    }
}

/// One version that a file sets for a service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeclaredVersion {
    /// The service, never empty.
    pub service: String,
    /// The environment, as written; `None` where neither path nor content names one.
    pub environment: Option<String>,
    /// The version as it is written: a tag or commit, else a digest.
    pub version: String,
    /// How it is written down.
    pub shape: Shape,
    /// Line of the version, from 1.
    pub line: u32,
}

/// What a file declares.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reading {
    /// The versions in the order of the file, each service once per environment.
    pub versions: Vec<DeclaredVersion>,
    /// What could not be read, or was read and set aside.
    pub problems: Vec<Problem>,
}

/// How a shape takes part.
struct Reader {
    shape: Shape,
    /// Whether a document is of this shape.
    claims: fn(&Node, &File<'_>) -> bool,
    /// Reads the versions of a document that it claimed.
    read: fn(&Node, &File<'_>, &mut Found),
}

/// The shapes that read documents. Sorted.
const READERS: &[Reader] = &[
    argo_application::READER,
    argo_application_set::READER,
    flux_helm_release::READER,
    flux_kustomization::READER,
    flux_oci_repository::READER,
    helm_values::READER,
    kubernetes_workload::READER,
    kustomization::READER,
    plain_values::READER,
];

/// Reads the versions that a file declares. A pure function of path and content, which may be anything.
///
/// A file that [`could_hold_versions`] leaves out declares none.
///
/// ```
/// use truelevel_sources::deployment_files::read_versions;
/// let reading = read_versions("image-tags/production/frontend", b"image_tag: v1796\n");
/// let version = &reading.versions[0];
/// assert_eq!((version.service.as_str(), version.version.as_str()), ("frontend", "v1796"));
/// assert_eq!(version.environment.as_deref(), Some("production"));
/// ```
pub fn read_versions(path: &str, content: &[u8]) -> Reading {
    if !mentions_a_version(content) || !could_hold_versions(path) {
        return Reading::default();
    }
    let file = File::new(path);
    let parsed = parse(&file, content);
    let mut found = Found::default();
    for document in parsed.documents.iter().flat_map(resource::items) {
        if let Some(reader) = READERS.iter().find(|reader| (reader.claims)(document, &file)) {
            found.shape = reader.shape;
            (reader.read)(document, &file, &mut found);
        }
    }
    flux_setter::read(content, &file, &mut found);
    // A file without an ending may be anything; that it is no YAML is no news.
    if file.format() != Format::Unknown || !found.versions.is_empty() {
        found.problems.extend(parsed.problems);
    }
    found.finish()
}

/// Reads a file in the format that its name or first line tells.
fn parse(file: &File<'_>, content: &[u8]) -> Documents {
    let key_value = match file.format() {
        Format::Yaml => false,
        Format::KeyValue => true,
        Format::Unknown => key_value_lines::looks_like(content),
    };
    if key_value && content.len() as u64 <= LARGEST_FILE_BYTES {
        return Documents { documents: key_value_lines::parse(content).into_iter().collect(), ..Documents::default() };
    }
    match flat_yaml::parse(content) {
        Some(document) => Documents { documents: vec![document], ..Documents::default() },
        None => truelevel_documents::parse(content, Limits::default()),
    }
}

/// Whether any word stands in the content under which a version could: most files end here.
fn mentions_a_version(content: &[u8]) -> bool {
    static WORD: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new("(?i-u)image|tag|digest|revision|docker|container|version").expect("a literal pattern")
    });
    WORD.find_iter(content).any(|word| !(word.as_bytes() == b"Version" && content[..word.start()].ends_with(b"api")))
}

/// The documents in a text that is YAML itself, with the lines above it. Exact for a text in a block (`|`), whose value
/// begins on the line after the bar.
fn parse_embedded(node: &Node, found: &mut Found) -> Vec<(Node, u32)> {
    let Some(text) = node.text() else { return Vec::new() };
    let parsed = truelevel_documents::parse(text.as_bytes(), Limits::default());
    let (templated, above) = (text.contains("{{"), node.line.saturating_sub(1));
    found.problems.extend(parsed.problems.into_iter().filter(|_| !templated).map(|problem| Problem {
        line: above + problem.line,
        message: format!("in the values: {}", problem.message),
        ..problem
    }));
    parsed.documents.into_iter().map(|document| (document, above)).collect()
}

/// A name for a message, kept short.
fn shortened(name: &str) -> Cow<'_, str> {
    match name.char_indices().nth(80) {
        Some((end, _)) => Cow::Owned(format!("{}…", &name[..end])),
        None => Cow::Borrowed(name),
    }
}

/// The name and version in an image reference, where it has both.
pub(crate) fn image_name_and_version(text: &str) -> Option<(String, String)> {
    let image = version::image(text);
    image.name.zip(image.version)
}

#[cfg(test)]
mod tests {
    use super::found::written;
    use super::*;

    #[test]
    fn shapes_are_sorted_and_named_for_their_files() {
        let names: Vec<&str> = READERS.iter().map(|reader| reader.shape.as_str()).collect();
        assert!(names.is_sorted(), "{names:?}");
        for reader in READERS {
            let variant = format!("{:?}", reader.shape).to_ascii_lowercase();
            assert_eq!(reader.shape.as_str().replace('_', ""), variant);
        }
    }

    #[test]
    fn no_document_is_claimed_by_two_shapes() {
        let documents = [
            "image_tag: v1",
            "image: {tag: v1}",
            "images: [{name: a, newTag: v1}]",
            "helm: {parameters: [{name: image.tag, value: v1}]}",
            "{apiVersion: argoproj.io/v1alpha1, kind: Application}",
            "{apiVersion: argoproj.io/v1alpha1, kind: ApplicationSet}",
            "{apiVersion: argoproj.io/v1alpha1, kind: Rollout, spec: {template: {spec: {}}}}",
            "{apiVersion: helm.toolkit.fluxcd.io/v2, kind: HelmRelease}",
            "{apiVersion: kustomize.toolkit.fluxcd.io/v1, kind: Kustomization}",
            "{apiVersion: source.toolkit.fluxcd.io/v1, kind: OCIRepository}",
            "{apiVersion: kustomize.config.k8s.io/v1beta1, kind: Kustomization}",
            "{apiVersion: apps/v1, kind: Deployment, spec: {template: {spec: {}}}}",
            "{apiVersion: v1, kind: Service}",
            "[1, 2]",
        ];
        let paths = ["prod/values.yaml", "prod/kustomization.yaml", "prod/.argocd-source-a.yaml", "prod/a", "a.json"];
        for (document, path) in documents.iter().flat_map(|document| paths.map(|path| (document, path))) {
            let node = truelevel_documents::parse(document.as_bytes(), Limits::default()).documents.remove(0);
            let claims = READERS.iter().filter(|reader| (reader.claims)(&node, &File::new(path))).count();
            assert!(claims <= 1, "{path}: {document}");
        }
    }

    #[test]
    fn the_service_that_stands_twice_counts_once() {
        let reading = read_versions("prod/a.yaml", b"web:\n  image: {tag: v1}\nx:\n  web:\n    image: {tag: v1}\n");
        assert_eq!((written(&reading), reading.problems.len()), (vec!["web@prod=v1:2".to_owned()], 0));
        let reading = read_versions("prod/a.yaml", b"web:\n  image: {tag: v1}\nx:\n  web:\n    image: {tag: v2}\n");
        assert_eq!(written(&reading), ["web@prod=v1:2"]);
        assert_eq!(reading.problems[0].message, "`web` has another version on line 2; the first one counts");
    }

    #[test]
    fn a_file_that_cannot_be_read_is_named_and_what_came_before_is_kept() {
        let reading = read_versions("prod/web.yaml", b"image_tag: v1\n---\nimage: [\n");
        assert_eq!((written(&reading), reading.problems.len()), (vec!["web@prod=v1:1".to_owned()], 1));
        let reading = read_versions("prod/web.yaml", b"image:\n{{- if .x }}\n  tag: v1\n{{- end }}\n");
        assert_eq!((reading.versions.len(), reading.problems.len()), (0, 1));
        let reading = read_versions("prod/deploy", b"#!/bin/sh\nimage=$(cat tag)\n\tif [ 1 ]; then: {\n");
        assert_eq!(reading, Reading::default());
    }

    #[test]
    fn whatever_a_file_holds_nothing_breaks() {
        let large = [b"image_tag: v1\n".as_slice(), &b"# filler filler filler\n".repeat(500_000)].concat();
        assert!(large.len() > 10 << 20);
        let binary: Vec<u8> = (0..=255).cycle().take(4096).chain(*b"\nimage_tag: v1\n").collect();
        let contents: [&[u8]; 12] = [
            b"",
            b"image",
            b"\xff\xfeimage_tag: v1",
            b"image_tag: \xff",
            b"\0image\0",
            b"image: &a [*a]",
            b"- image_tag: v1",
            b"\"tag",
            b"? image\n: tag",
            b"images: {a: {b: {c: {d: {tag: [v1]}}}}}",
            &binary,
            &large,
        ];
        let paths = [
            "prod/web.yaml",
            "prod/web",
            "prod/web.env",
            "prod/kustomization.yaml",
            "prod/.argocd-source-.yaml",
            "",
            "/",
            "//",
            "prod/\u{e9}\u{df}-\u{130}prod.yaml",
            "....yaml",
            "values-.yaml",
        ];
        for path in paths {
            for content in contents {
                let reading = read_versions(path, content);
                assert!(reading.versions.iter().all(|version| !version.service.is_empty() && version.line > 0));
            }
            environment_of_path(path);
        }
        assert!(read_versions("prod/web.yaml", &large).problems[0].message.contains("are more than"));
        assert!(
            read_versions("prod/web.yaml", &[b"image: ".as_slice(), &[b'['; 100_000]].concat()).problems.len() == 1
        );
    }

    #[test]
    fn a_small_flat_file_reads_alike_on_both_ways() {
        for content in ["image_tag: v1", "tag: 1.10\nreplicas: 2\n", "# x\nimage: a/b:v1\n", "version: 1.2.3\n"] {
            let slow = format!("---\n{content}");
            assert!(flat_yaml::parse(content.as_bytes()).is_some() && flat_yaml::parse(slow.as_bytes()).is_none());
            let (fast, mut slow) =
                (read_versions("prod/web", content.as_bytes()), read_versions("prod/web", slow.as_bytes()));
            slow.versions.iter_mut().for_each(|version| version.line -= 1);
            assert_eq!(fast, slow);
        }
    }

    #[test]
    fn most_files_are_done_at_a_glance() {
        assert!(!mentions_a_version(b"apiVersion: v1\nkind: Service\nspec: {ports: []}\n"));
        assert!(mentions_a_version(b"appVersion: 1"));
        assert!(mentions_a_version(b"IMAGE=x"));
    }
}
