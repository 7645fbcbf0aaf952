//! The fields that all Kubernetes resources share.

use truelevel_documents::Node;

use super::file::{File, environment_in, service_of_name};

/// Labels that name an environment, in the order of trust.
const ENVIRONMENT_LABELS: [&str; 6] =
    ["environment", "env", "app.kubernetes.io/environment", "tags.datadoghq.com/env", "stage", "cluster"];

/// The document, or the items of a `List`.
pub(super) fn items(document: &Node) -> &[Node] {
    match kind(document) {
        Some("List") => document.get("items").map_or(&[], Node::items),
        _ => std::slice::from_ref(document),
    }
}

/// Whether the document is a resource, of whatever kind.
pub(super) fn is_resource(document: &Node) -> bool {
    document.get("apiVersion").is_some()
}

/// Whether the document is a resource of this API group and kind.
pub(super) fn is(document: &Node, group: &str, kind_expected: &str) -> bool {
    kind(document) == Some(kind_expected) && api_group(document) == Some(group)
}

pub(super) fn kind(document: &Node) -> Option<&str> {
    document.get("kind")?.text()
}

/// The API group; empty for the core.
pub(super) fn api_group(document: &Node) -> Option<&str> {
    let version = document.get("apiVersion")?.text()?;
    Some(version.split_once('/').map_or("", |(group, _)| group))
}

/// A text at a path of keys.
pub(super) fn text<'a, const N: usize>(document: &'a Node, path: [&str; N]) -> Option<&'a str> {
    document.at(path)?.text()
}

/// The name, as written.
pub(super) fn name(document: &Node) -> Option<&str> {
    text(document, ["metadata", "name"]).or_else(|| text(document, ["metadata", "generateName"]))
}

/// The service that the resource's name stands for.
pub(super) fn service(document: &Node) -> Option<String> {
    service_of_name(name(document)?)
}

/// The environment that the resource's labels name.
pub(super) fn environment_of_labels(document: &Node) -> Option<String> {
    let labels = document.at(["metadata", "labels"])?;
    environment_in(ENVIRONMENT_LABELS.iter().map(|label| labels.get(label).and_then(Node::text)))
}

/// The environment of a resource that lies where it runs: the path, else a namespace, else labels, else its name.
pub(super) fn environment<'n>(
    document: &'n Node,
    file: &File<'_>,
    namespaces: impl IntoIterator<Item = Option<&'n str>>,
) -> Option<String> {
    let namespace = text(document, ["metadata", "namespace"]);
    file.environment_or(namespaces.into_iter().chain([namespace]))
        .or_else(|| environment_of_labels(document))
        .or_else(|| environment_in([name(document)]))
}
