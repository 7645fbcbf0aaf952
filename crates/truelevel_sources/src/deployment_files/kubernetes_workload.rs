//! A Kubernetes workload: `Deployment`, `StatefulSet`, `DaemonSet`, `Job`, `CronJob`, Argo `Rollout`, Knative `Service`
//! and OpenShift `DeploymentConfig`, whole or as a patch.
//!
//! One version for each workload: that of the container with the workload's name, else of the first that is no known
//! sidecar. Init containers never count, unless nothing else has an image. The workload's name without its
//! environment is the service, else the image's. The path, a namespace, labels or the name give the environment.
//! Limits: the other containers of a pod, bare pods and JSON patches are passed over.

use truelevel_documents::Node;

use super::file::File;
use super::found::Found;
use super::resource;
use super::service::is_sidecar;
use super::version::{Image, image};
use super::{Reader, Shape};

pub(super) const READER: Reader = Reader { shape: Shape::KubernetesWorkload, claims, read };

fn claims(document: &Node, _: &File<'_>) -> bool {
    pod(document).is_some()
}

fn read(document: &Node, file: &File<'_>, found: &mut Found) {
    let Some(pod) = pod(document) else { return };
    let name = resource::service(document);
    let containers = |key: &str| pod.get(key).map_or(&[][..], Node::items);
    let container = main_container(containers("containers"), name.as_deref())
        .or_else(|| main_container(containers("initContainers"), name.as_deref()));
    let Some((line, Image { name: image, version: Some(version) })) = container else { return };
    if let Some(service) = name.or(image) {
        found.add(service, resource::environment(document, file, []), version, line);
    }
}

/// The specification of the pods that a workload runs; `None` where the document is no workload.
fn pod(document: &Node) -> Option<&Node> {
    let path: &[&str] = match (resource::api_group(document)?, resource::kind(document)?) {
        ("apps" | "extensions", "Deployment" | "StatefulSet" | "DaemonSet")
        | ("batch", "Job")
        | ("argoproj.io", "Rollout")
        | ("serving.knative.dev", "Service")
        | ("apps.openshift.io", "DeploymentConfig") => &["spec", "template", "spec"],
        ("batch", "CronJob") => &["spec", "jobTemplate", "spec", "template", "spec"],
        _ => return None,
    };
    document.at(path.iter().copied())
}

/// The container that is the service, with the line of its image.
fn main_container(containers: &[Node], workload: Option<&str>) -> Option<(u32, Image)> {
    let with_image = || {
        containers.iter().filter_map(|container| {
            let value = container.get("image")?;
            let name = container.get("name").and_then(Node::text).unwrap_or_default();
            Some((name, value.line, image(value.text()?)))
        })
    };
    let named = |container: &(&str, u32, Image)| workload == Some(container.0);
    let of_image = |container: &(&str, u32, Image)| workload.is_some() && workload == container.2.name.as_deref();
    let own = |container: &(&str, u32, Image)| {
        !is_sidecar(container.0) && !container.2.name.as_deref().is_some_and(is_sidecar)
    };
    let container = with_image()
        .find(named)
        .or_else(|| with_image().find(of_image))
        .or_else(|| with_image().find(own))
        .or_else(|| with_image().next().filter(|_| containers.len() == 1))?;
    Some((container.1, container.2))
}

#[cfg(test)]
mod tests {
    use super::super::found::check;

    fn workload(api: &str, kind: &str, containers: &str) -> String {
        format!(
            "apiVersion: {api}\nkind: {kind}\nmetadata:\n  name: frontend\nspec:\n  template:\n    spec:\n      containers:\n{containers}"
        )
    }

    #[test]
    fn the_workload_names_the_service() {
        let container = "        - name: app\n          image: ghcr.io/acme/web:v1.2\n";
        for (api, kind) in [
            ("apps/v1", "Deployment"),
            ("apps/v1", "StatefulSet"),
            ("apps/v1", "DaemonSet"),
            ("batch/v1", "Job"),
            ("argoproj.io/v1alpha1", "Rollout"),
            ("serving.knative.dev/v1", "Service"),
        ] {
            check("clusters/prod/frontend/app.yaml", &workload(api, kind, container), &["frontend@prod=v1.2:10"]);
        }
        check("base/service.yaml", &workload("v1", "Service", container), &[]);
    }

    #[test]
    fn a_scheduled_job_holds_its_pod_deeper() {
        check(
            "prod/report.yaml",
            "apiVersion: batch/v1\nkind: CronJob\nmetadata: {name: report}\nspec:\n  schedule: '0 1 * * *'\n  jobTemplate:\n    spec:\n      template:\n        spec:\n          containers:\n            - {name: report, image: 'acme/report:2024.1'}\n",
            &["report@prod=2024.1:11"],
        );
    }

    #[test]
    fn sidecars_and_init_containers_are_passed_over() {
        check(
            "prod/frontend.yaml",
            &workload(
                "apps/v1",
                "Deployment",
                "        - {name: istio-proxy, image: 'istio/proxyv2:1.20'}\n        - {name: app, image: 'acme/web:v1'}\n        - {name: cache, image: 'redis:7'}\n      initContainers:\n        - {name: frontend, image: 'acme/migrate:v9'}\n",
            ),
            &["frontend@prod=v1:10"],
        );
        check(
            "prod/frontend.yaml",
            &workload(
                "apps/v1",
                "Deployment",
                "        - {name: nginx, image: 'nginx:1.25'}\n        - {name: frontend, image: 'acme/web:v1'}\n",
            ),
            &["frontend@prod=v1:10"],
        );
        let only = "        - {name: envoy, image: 'envoyproxy/envoy:v1.30.1'}\n";
        check("prod/f.yaml", &workload("apps/v1", "Deployment", only), &["frontend@prod=v1.30.1:9"]);
    }

    #[test]
    fn the_namespace_or_name_gives_the_environment_that_the_path_does_not() {
        let document = |name: &str, namespace: &str, tag: &str| {
            format!(
                "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: {name}\n  namespace: {namespace}\nspec:\n  template:\n    spec:\n      containers:\n      - name: web\n        image: acme/web:{tag}\n"
            )
        };
        let both = format!("{}---\n{}", document("web", "shop-prod", "v1"), document("web", "shop-staging", "v2"));
        check("manifests/web.yaml", &both, &["web@prod=v1:11", "web@staging=v2:23"]);
        check("manifests/web.yaml", &document("web-production", "shop", "v1"), &["web@production=v1:11"]);
    }

    #[test]
    fn lists_and_several_documents_are_read() {
        let item = "  - apiVersion: apps/v1\n    kind: Deployment\n    metadata: {name: a}\n    spec: {template: {spec: {containers: [{name: a, image: 'a:v1'}]}}}\n";
        check("prod/all.yaml", &format!("apiVersion: v1\nkind: List\nitems:\n{item}"), &["a@prod=v1:7"]);
    }

    #[test]
    fn what_moves_or_is_templated_is_no_version() {
        for image in ["acme/web", "acme/web:latest", "'{{ .Values.image }}'", "acme/web:$(TAG)", "acme/web:${TAG}"] {
            let container = format!("        - name: web\n          image: {image}\n");
            check("prod/web.yaml", &workload("apps/v1", "Deployment", &container), &[]);
        }
    }

    #[test]
    fn other_kinds_declare_nothing() {
        check("prod/c.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata:\n  image_tag: v1\n", &[]);
        check(
            "prod/crd.yaml",
            "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nspec:\n  versions:\n    - name: v1\n      schema: {properties: {image: {tag: v1}}}\n",
            &[],
        );
    }
}
