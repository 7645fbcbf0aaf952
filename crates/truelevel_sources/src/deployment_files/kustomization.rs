//! A `kustomization.yaml` or component: `images[]` with `newTag` or `digest`.
//!
//! The last part of `newName`, else of `name`, is the service; the overlay's path gives the environment. Limits: patches
//! inside the file, generators and inflated charts are not read; patches in files of their own are workloads.

use truelevel_documents::Node;

use super::file::{File, environment_in};
use super::found::Found;
use super::image_values::ImageValue;
use super::resource;
use super::service::nameable;
use super::version::{image, of_tag};
use super::{Reader, Shape};

pub(super) const READER: Reader = Reader { shape: Shape::Kustomization, claims, read };

fn claims(document: &Node, file: &File<'_>) -> bool {
    match resource::api_group(document) {
        Some(group) => group == "kustomize.config.k8s.io",
        None => is_named(file),
    }
}

/// Whether the file has the name that Kustomize looks for; kind and version are optional in it.
pub(super) fn is_named(file: &File<'_>) -> bool {
    file.stem().eq_ignore_ascii_case("kustomization")
}

fn read(document: &Node, file: &File<'_>, found: &mut Found) {
    let namespace = document.get("namespace").and_then(Node::text);
    let suffix = document.get("nameSuffix").and_then(Node::text);
    let environment = file.environment_or([namespace]).or_else(|| environment_in([suffix]));
    for image in images(document.get("images")) {
        let service = image.service.unwrap_or_else(|| file.service());
        found.add(service, environment.clone(), image.version, image.line);
    }
}

/// The versions of a list of image overrides, which Flux and Argo CD take too.
pub(super) fn images(list: Option<&Node>) -> Vec<ImageValue> {
    list.map_or(&[][..], Node::items).iter().filter_map(one).collect()
}

fn one(item: &Node) -> Option<ImageValue> {
    // Argo CD writes `name=newName:newTag` or `name:newTag` as one text.
    if let Some(text) = item.text() {
        let read = image(text.split_once('=').map_or(text, |(_, new)| new));
        let old = text.split_once('=').and_then(|(old, _)| image(old).name);
        let service = named(read.name).or_else(|| named(old));
        return Some(ImageValue { service, environment: None, version: read.version?, line: item.line });
    }
    let name = |key: &str| image(item.get(key)?.text()?).name;
    let versioned = |key: &str| {
        let value = item.get(key)?;
        Some((of_tag(value.text()?)?, value.line))
    };
    let (version, line) = versioned("newTag").or_else(|| versioned("digest"))?;
    let service = named(name("newName")).or_else(|| named(name("name")));
    Some(ImageValue { service, environment: None, version, line })
}

fn named(name: Option<String>) -> Option<String> {
    name.filter(|name| nameable(name).is_some())
}

#[cfg(test)]
mod tests {
    use super::super::found::check;

    #[test]
    fn each_image_is_a_service() {
        check(
            "apps/shop/overlays/production/kustomization.yaml",
            "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources:\n  - ../../base\nimages:\n  - name: frontend\n    newTag: v1.2.3\n  - name: BACKEND\n    newName: 1234.dkr.ecr.eu-west-1.amazonaws.com/acme/backend\n    newTag: \"1.10\"\n",
            &["frontend@production=v1.2.3:7", "backend@production=1.10:10"],
        );
    }

    #[test]
    fn kind_and_version_are_optional_in_a_file_of_that_name() {
        check(
            "overlays/prod-eu/kustomization.yml",
            "images:\n- name: acme/web\n  newTag: 0af3c21\n",
            &["web@prod-eu=0af3c21:3"],
        );
    }

    #[test]
    fn a_digest_counts_where_no_tag_does() {
        let digest = format!("sha256:{}", "0f".repeat(32));
        let list = format!("images:\n- name: web\n  digest: {digest}\n- name: api\n  newTag: v1\n  digest: {digest}\n");
        check("overlays/prod/kustomization.yaml", &list, &[&format!("web@prod={digest}:3"), "api@prod=v1:5"]);
    }

    #[test]
    fn a_generic_image_leaves_the_directory_to_name_the_service() {
        check(
            "apps/frontend/overlays/production/kustomization.yaml",
            "images:\n  - name: app\n    newTag: v9\n",
            &["frontend@production=v9:3"],
        );
    }

    #[test]
    fn the_namespace_gives_the_environment_that_the_path_does_not() {
        check(
            "apps/web/kustomization.yaml",
            "namespace: shop-prod\nimages:\n- name: web\n  newTag: v1\n",
            &["web@prod=v1:4"],
        );
    }

    #[test]
    fn components_are_read_and_moving_tags_are_not() {
        check(
            "components/images/prod/versions.yaml",
            "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\nimages:\n- name: web\n  newTag: v1\n- name: api\n  newTag: latest\n- name: other\n  newName: else\n",
            &["web@prod=v1:5"],
        );
    }
}
