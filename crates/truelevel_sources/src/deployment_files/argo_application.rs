//! An Argo CD `Application`, or the `.argocd-source-….yaml` that Argo CD Image Updater commits for one.
//!
//! Image tags in Helm parameters and values, Kustomize images and a plugin's environment count; where there are none,
//! `targetRevision` does, unless it is a branch or range. The name without its environment is the service; where several
//! images are set, each names its own. The name, the destination, labels or the path give the environment. Limits:
//! sources that only lend values (`ref`) are passed over; `valueFiles` are files of their own.

use truelevel_documents::Node;

use super::file::{File, environment_in, service_of_name};
use super::found::Found;
use super::image_values::{ImageValue, find, named_for};
use super::service::nameable;
use super::version::{of_revision, of_tag};
use super::version_key::{Kind, version_key};
use super::{Reader, Shape, kustomization, parse_embedded, resource};

pub(super) const READER: Reader = Reader { shape: Shape::ArgoApplication, claims, read };

const WRITTEN_BACK: &str = ".argocd-source-";

fn claims(document: &Node, file: &File<'_>) -> bool {
    match resource::is_resource(document) {
        true => resource::is(document, "argoproj.io", "Application"),
        false => file.stem().starts_with(WRITTEN_BACK),
    }
}

fn read(document: &Node, file: &File<'_>, found: &mut Found) {
    let (name, images) = match file.stem().strip_prefix(WRITTEN_BACK).filter(|_| !resource::is_resource(document)) {
        Some(name) => (Some(name), images_of_source(document, found)),
        None => (resource::name(document), versions_of_spec(document.get("spec"), found)),
    };
    let service = name.and_then(service_of_name).unwrap_or_else(|| file.service());
    let environment = environment_in([
        name,
        resource::text(document, ["spec", "destination", "namespace"]),
        resource::text(document, ["spec", "destination", "name"]),
    ])
    .or_else(|| resource::environment_of_labels(document))
    .or_else(|| file.environment().map(str::to_owned));
    for image in named_for(images, &service) {
        let environment = environment.clone().or(image.environment);
        found.add(image.service.unwrap_or_default(), environment, image.version, image.line);
    }
}

/// The versions that the sources of an application set: images, else the revision of a source.
pub(super) fn versions_of_spec(spec: Option<&Node>, found: &mut Found) -> Vec<ImageValue> {
    let Some(spec) = spec else { return Vec::new() };
    let several = spec.get("sources").map_or(&[][..], Node::items);
    let sources = if several.is_empty() { spec.get("source").map_or(&[][..], std::slice::from_ref) } else { several };
    let images: Vec<ImageValue> = sources.iter().flat_map(|source| images_of_source(source, found)).collect();
    if !images.is_empty() {
        return images;
    }
    sources.iter().find_map(revision).into_iter().collect()
}

/// The images that a source sets.
fn images_of_source(source: &Node, found: &mut Found) -> Vec<ImageValue> {
    let list = |path: [&str; 2]| source.at(path).map_or(&[][..], Node::items);
    let parameters = list(["helm", "parameters"]).iter().chain(list(["plugin", "env"]));
    let mut images: Vec<ImageValue> = parameters.filter_map(parameter).collect();
    if let Some(values) = source.at(["helm", "valuesObject"]) {
        images.extend(find(values, true, false));
    }
    if let Some(text) = source.at(["helm", "values"]) {
        for (values, line) in parse_embedded(text, found) {
            images.extend(
                find(&values, true, false).into_iter().map(|image| ImageValue { line: image.line + line, ..image }),
            );
        }
    }
    images.extend(kustomization::images(source.at(["kustomize", "images"])));
    images
}

/// `{name: frontend.image.tag, value: v1}`.
fn parameter(item: &Node) -> Option<ImageValue> {
    let name = item.get("name")?.text()?;
    let value = item.get("value")?;
    let last = name.rsplit('.').next().unwrap_or(name);
    let above: Vec<&str> = name.split('.').rev().skip(1).collect();
    let below_image = above.first().and_then(|key| version_key(key)).filter(|key| key.kind == Kind::Image);
    let key = version_key(last);
    let of_image = below_image.is_some() && matches!(last, "tag" | "version" | "digest" | "sha");
    if !of_image && key.as_ref().is_none_or(|key| key.kind != Kind::ImageTag) {
        return None;
    }
    let service = key.and_then(|key| key.service).or_else(|| below_image.and_then(|key| key.service));
    let service = service.or_else(|| above.into_iter().find_map(nameable).map(str::to_owned));
    Some(ImageValue { service, environment: None, version: of_tag(value.text()?)?, line: value.line })
}

/// The revision of a source that holds what is deployed.
fn revision(source: &Node) -> Option<ImageValue> {
    let holds_something = source.get("chart").is_some() || source.get("path").is_some() || source.get("ref").is_none();
    let value = source.get("targetRevision").filter(|_| holds_something)?;
    Some(ImageValue { service: None, environment: None, version: of_revision(value.text()?)?, line: value.line })
}

#[cfg(test)]
mod tests {
    use super::super::found::{check, written};
    use super::super::read_versions;

    fn application(name: &str, namespace: &str, source: &str) -> String {
        format!(
            "apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata:\n  name: {name}\n  namespace: argocd\nspec:\n  destination:\n    server: https://kubernetes.default.svc\n    namespace: {namespace}\n{source}"
        )
    }

    #[test]
    fn a_revision_is_the_version_unless_it_moves() {
        let source = |revision: &str| {
            format!(
                "  source:\n    repoURL: https://git.example/web.git\n    path: deploy\n    targetRevision: {revision}\n"
            )
        };
        check("apps/web.yaml", &application("web-prod", "web", &source("v1.2.3")), &["web@prod=v1.2.3:13"]);
        for revision in
            ["HEAD", "main", "master", "develop", "'*'", "1.*", "'>=1.0'", "release/1.2", "production", "''"]
        {
            check("apps/web.yaml", &application("web-prod", "web", &source(revision)), &[]);
        }
    }

    #[test]
    fn an_image_counts_before_the_revision() {
        check(
            "argocd/production/web.yaml",
            &application(
                "web",
                "shop",
                "  source:\n    repoURL: https://charts.example\n    chart: generic\n    targetRevision: 3.4.5\n    helm:\n      parameters:\n        - name: replicas\n          value: '2'\n        - name: image.tag\n          value: v7\n",
            ),
            &["web@production=v7:19"],
        );
    }

    #[test]
    fn values_as_text_and_as_an_object_are_read() {
        let text = "  source:\n    chart: generic\n    targetRevision: 1.0.0\n    helm:\n      values: |\n        replicas: 2\n        image:\n          tag: v8\n";
        check("apps/web.yaml", &application("web", "web-staging", text), &["web@staging=v8:17"]);
        let object = "  sources:\n    - repoURL: https://git.example/values.git\n      targetRevision: v99\n      ref: values\n    - chart: generic\n      targetRevision: 1.0.0\n      helm:\n        valuesObject:\n          frontend: {image: {tag: v1}}\n          backend: {image: {repository: acme/api, tag: v2}}\n";
        check("apps/shop.yaml", &application("shop", "prod", object), &["frontend@prod=v1:18", "api@prod=v2:19"]);
    }

    #[test]
    fn several_sources_lend_values_and_set_one_revision() {
        let sources = "  sources:\n    - repoURL: https://git.example/values.git\n      targetRevision: v99\n      ref: values\n    - chart: web\n      targetRevision: 1.4.0\n";
        check("apps/web.yaml", &application("web", "prod-eu", sources), &["web@prod-eu=1.4.0:15"]);
    }

    #[test]
    fn kustomize_images_are_read() {
        let source = "  source:\n    path: x\n    targetRevision: main\n    kustomize:\n      images:\n        - web=ghcr.io/acme/web-ui:v1\n        - ghcr.io/acme/api:v2\n";
        check("apps/shop.yaml", &application("shop-live", "shop", source), &["web-ui@live=v1:15", "api@live=v2:16"]);
    }

    #[test]
    fn what_image_updater_commits_is_read() {
        check(
            "apps/prod/.argocd-source-web.yaml",
            "helm:\n  parameters:\n  - name: image.name\n    value: acme/web\n    forcestring: true\n  - name: image.tag\n    value: 1.10\n    forcestring: true\n",
            &["web@prod=1.10:7"],
        );
        check("apps/web/.argocd-source-web-prod.yaml", "kustomize:\n  images:\n  - acme/web:v5\n", &["web@prod=v5:3"]);
    }

    #[test]
    fn the_destination_or_labels_give_the_environment() {
        let source = "  source: {path: x, targetRevision: v1}\n";
        check("apps/web.yaml", &application("web", "web", source), &["web@-=v1:10"]);
        let named =
            application("web", "web", source).replace("server: https://kubernetes.default.svc", "name: prod-eu-west-1");
        check("apps/web.yaml", &named, &["web@prod-eu-west-1=v1:10"]);
        let labelled =
            application("web", "web", source).replace("  namespace: argocd", "  labels: {environment: production}");
        check("apps/web.yaml", &labelled, &["web@production=v1:10"]);
    }

    #[test]
    fn values_that_cannot_be_read_are_named() {
        let source =
            "  source:\n    chart: web\n    targetRevision: 1.0.0\n    helm:\n      values: |\n        image: [\n";
        let reading = read_versions("prod/web.yaml", application("web", "web", source).as_bytes());
        assert_eq!(written(&reading), ["web@prod=1.0.0:12"]);
        assert!(reading.problems[0].message.starts_with("in the values"), "{:?}", reading.problems);
    }
}
