//! Values of a Helm chart: `frontend/values-prod.yaml`, `prod/values.yaml`, `frontend/prod.yaml`, and nested files of
//! like content under another name.
//!
//! Which keys hold versions is said in `image_values`. A bare `image: name:tag` counts only in a file that is named
//! for values or lies under an environment. Limits: chart defaults are read like any other values (the caller asks
//! `is_chart_default`); tags that templates put together from several values are not seen.

use truelevel_documents::{Node, Value};

use super::file::File;
use super::found::Found;
use super::{Reader, Shape, image_values, resource};

pub(super) const READER: Reader = Reader { shape: Shape::HelmValues, claims, read };

/// Keys of documents that are something else. `services` beside one of the others is a Compose file.
const FOREIGN_KEYS: [&str; 6] = ["openapi", "swagger", "lockfileVersion", "pipelines", "steps", "$schema"];
const COMPOSE_KEYS: [&str; 3] = ["version", "networks", "volumes"];

fn claims(document: &Node, file: &File<'_>) -> bool {
    is_free_form(document, file)
        && document.entries().iter().any(|entry| !matches!(entry.value.value, Value::Scalar { .. }))
}

/// Whether the document is a mapping that no tool's format claims.
pub(super) fn is_free_form(document: &Node, file: &File<'_>) -> bool {
    let has = |key: &&str| document.get(key).is_some();
    let ours_by_name = file.stem().starts_with(".argocd-source") || super::kustomization::is_named(file);
    let compose = has(&"services") && COMPOSE_KEYS.iter().any(has);
    let foreign = compose || resource::is_resource(document) || FOREIGN_KEYS.iter().any(has);
    !document.entries().is_empty() && !ours_by_name && !foreign
}

fn read(document: &Node, file: &File<'_>, found: &mut Found) {
    let trusted = file.environment().is_some() || file.is_values_file();
    for image in image_values::find(document, trusted, file.environment().is_none()) {
        let service = image.service.unwrap_or_else(|| file.service());
        let environment = file.environment().map(str::to_owned).or(image.environment);
        found.add(service, environment, image.version, image.line);
    }
}

#[cfg(test)]
mod tests {
    use super::super::found::check;

    #[test]
    fn the_repository_names_the_service() {
        let values =
            "replicaCount: 2\nimage:\n  repository: ghcr.io/acme/frontend\n  tag: v1.2.3\n  pullPolicy: Always\n";
        check("charts/web/values-prod.yaml", values, &["frontend@prod=v1.2.3:4"]);
        check("prod/web/values.yaml", values, &["frontend@prod=v1.2.3:4"]);
        check("web/prod.yaml", values, &["frontend@prod=v1.2.3:4"]);
        check("web/values.yaml", values, &["frontend@-=v1.2.3:4"]);
    }

    #[test]
    fn without_a_repository_the_key_above_or_the_directory_names_it() {
        check("apps/web/values-prod.yaml", "image:\n  tag: \"1.10\"\nport: 80\n", &["web@prod=1.10:2"]);
        check(
            "envs/prod/values.yaml",
            "frontend:\n  image:\n    tag: v1\nbackend:\n  image: {tag: 1.10, pullPolicy: Always}\n",
            &["frontend@prod=v1:3", "backend@prod=1.10:5"],
        );
        check("envs/prod/web.yaml", "global:\n  imageTag: v7\nweb:\n  replicas: 2\n", &["web@prod=v7:2"]);
    }

    #[test]
    fn several_images_in_other_forms_are_read() {
        check(
            "prod/values.yaml",
            "images:\n  frontend:\n    tag: v1\n  backend: ghcr.io/acme/backend:v2\napi:\n  image: ghcr.io/acme/api:v3\nworkerImage:\n  tag: v4\njobs:\n  - name: mailer\n    image:\n      tag: v5\nsearchImageTag: v6\n",
            &[
                "frontend@prod=v1:3",
                "backend@prod=v2:4",
                "api@prod=v3:6",
                "worker@prod=v4:8",
                "mailer@prod=v5:12",
                "search@prod=v6:13",
            ],
        );
        check("prod/web/x.yaml", "web:\n  repository: acme/web\n  tag: v1\n", &["web@prod=v1:3"]);
    }

    #[test]
    fn an_environment_may_be_a_key() {
        check(
            "apps/frontend.yaml",
            "staging:\n  image:\n    tag: v2\nproduction:\n  image:\n    tag: v1\n",
            &["frontend@staging=v2:3", "frontend@production=v1:6"],
        );
    }

    #[test]
    fn digests_stand_in_for_missing_tags() {
        let digest = format!("sha256:{}", "ab".repeat(32));
        let values = format!("image:\n  repository: acme/web\n  tag: \"\"\n  digest: {digest}\n");
        check("prod/values.yaml", &values, &[&format!("web@prod={digest}:4")]);
        let values = format!("image:\n  repository: acme/web\n  tag: v1@{digest}\n");
        check("prod/values.yaml", &values, &["web@prod=v1:3"]);
    }

    #[test]
    fn images_that_accompany_the_service_are_passed_over() {
        check(
            "prod/web/values.yaml",
            "image:\n  repository: acme/web\n  tag: v1\ninitContainers:\n  - image: acme/migrate:v9\nproxy:\n  image:\n    repository: envoyproxy/envoy\n    tag: v1.30\ninitImage:\n  tag: v3\n",
            &["web@prod=v1:3"],
        );
    }

    #[test]
    fn other_nested_files_declare_nothing() {
        check("prod/docker-compose-web.yaml", "version: '3'\nservices:\n  web:\n    image: acme/web:v1\n", &[]);
        check("prod/stack.yaml", "version: '3'\nservices:\n  web:\n    image: acme/web:v1\n", &[]);
        check("api.yaml", "openapi: 3.0.0\ninfo:\n  version: 1.2.3\n", &[]);
        check("ci.yaml", "build:\n  image: node:22\n", &[]);
        check("prod/values.yaml", "image:\n  tag: latest\npostgres:\n  version: 15\n", &[]);
        check("prod/values.yaml", "image:\n  tag: ${TAG}\nother:\n  image:\n    tag: '{{ .tag }}'\n", &[]);
    }

    #[test]
    fn one_image_used_twice_is_one_service() {
        check(
            "prod/values.yaml",
            "image: &image\n  repository: acme/web\n  tag: v1\nworker:\n  image: *image\n",
            &["web@prod=v1:3"],
        );
    }
}
