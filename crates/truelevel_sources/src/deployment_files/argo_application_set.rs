//! An Argo CD `ApplicationSet`: elements of list generators that carry a version, wherever matrix and merge generators
//! nest them, and what the template itself sets.
//!
//! An element names its service and environment; the name of the template or set stands in for a service. A version
//! that the template sets goes to each environment that elements name. Limits: what git, cluster and pull request
//! generators bring is not in the file.

use truelevel_documents::Node;

use super::argo_application::versions_of_spec;
use super::environment::{is_environment, split_environment};
use super::file::{File, service_of_name};
use super::found::Found;
use super::image_values::named_for;
use super::service::{nameable, without_environment};
use super::version::{of_revision, of_tag};
use super::version_key::{Kind, version_key};
use super::{Reader, Shape, resource};

pub(super) const READER: Reader = Reader { shape: Shape::ArgoApplicationSet, claims, read };

/// Keys of an element that name its service, the surest first.
const SERVICES: [&str; 8] =
    ["service", "serviceName", "app", "appName", "application", "component", "releaseName", "name"];

/// Keys of an element that name its environment, the surest first; the others only where they hold one.
const ENVIRONMENTS: [&str; 3] = ["env", "environment", "stage"];
const PLACES: [&str; 7] = ["cluster", "clusterName", "namespace", "name", "valuesFile", "path", "region"];

/// Keys of an element that hold a version which may be a branch.
const REVISIONS: [&str; 6] =
    ["version", "targetRevision", "revision", "chartVersion", "target_revision", "chart_version"];

fn claims(document: &Node, _: &File<'_>) -> bool {
    resource::is(document, "argoproj.io", "ApplicationSet")
}

fn read(document: &Node, file: &File<'_>, found: &mut Found) {
    let template = resource::text(document, ["spec", "template", "metadata", "name"]).and_then(service_of_name);
    let template = template.filter(|name| nameable(name).is_some());
    let set = template.or_else(|| resource::service(document)).unwrap_or_else(|| file.service());
    let mut elements = Vec::new();
    for generator in document.at(["spec", "generators"]).map_or(&[][..], Node::items) {
        collect_elements(generator, &mut elements);
    }
    let default = file.environment().map(str::to_owned).or_else(|| resource::environment_of_labels(document));
    let mut of_elements = false;
    for element in &elements {
        let Some((version, line)) = version(element) else { continue };
        of_elements = true;
        let service = service(element).unwrap_or_else(|| set.clone());
        found.add(service, environment(element).or_else(|| default.clone()), version, line);
    }
    if of_elements {
        return;
    }
    let mut environments: Vec<Option<String>> =
        elements.iter().map(|element| environment(element)).filter(Option::is_some).collect();
    environments.dedup();
    if environments.is_empty() {
        environments.push(default);
    }
    let images = versions_of_spec(document.at(["spec", "template", "spec"]), found);
    for image in named_for(images, &set) {
        for environment in &environments {
            let service = image.service.clone().unwrap_or_default();
            found.add(service, environment.clone(), image.version.clone(), image.line);
        }
    }
}

/// The elements of list generators, at any nesting.
fn collect_elements<'a>(generator: &'a Node, elements: &mut Vec<&'a Node>) {
    elements.extend(generator.at(["list", "elements"]).map_or(&[][..], Node::items));
    for nest in ["matrix", "merge"] {
        for inner in generator.at([nest, "generators"]).map_or(&[][..], Node::items) {
            collect_elements(inner, elements);
        }
    }
}

/// A field of an element, which may keep its own in `values`.
fn field<'a>(element: &'a Node, key: &str) -> Option<&'a Node> {
    element.get(key).or_else(|| element.at(["values", key]))
}

fn version(element: &Node) -> Option<(String, u32)> {
    let values = element.get("values").map_or(&[][..], Node::entries);
    let tag = element.entries().iter().chain(values).find_map(|entry| {
        let key = version_key(entry.key.text()?)?;
        matches!(key.kind, Kind::ImageTag | Kind::Tag).then_some(())?;
        Some((of_tag(entry.value.text()?)?, entry.value.line))
    });
    let nested = || {
        let value = element.at(["image", "tag"])?;
        Some((of_tag(value.text()?)?, value.line))
    };
    let revision = || {
        REVISIONS.iter().find_map(|key| {
            let value = field(element, key)?;
            Some((of_revision(value.text()?)?, value.line))
        })
    };
    tag.or_else(nested).or_else(revision)
}

fn service(element: &Node) -> Option<String> {
    SERVICES.iter().find_map(|key| nameable(field(element, key)?.text()?)).map(without_environment)
}

fn environment(element: &Node) -> Option<String> {
    let text = |key: &&str| field(element, key)?.text().filter(|text| !text.is_empty() && !text.contains("{{"));
    let named = ENVIRONMENTS.iter().find_map(text);
    named.map(str::to_owned).or_else(|| {
        let places: Vec<&str> = PLACES.iter().filter_map(text).collect();
        let whole = places.iter().find(|text| is_environment(text)).map(|text| (*text).to_owned());
        whole.or_else(|| places.iter().find_map(|text| Some(split_environment(text)?.environment.to_owned())))
    })
}

#[cfg(test)]
mod tests {
    use super::super::found::check;

    fn set(name: &str, template: &str, generators: &str, spec: &str) -> String {
        format!(
            "apiVersion: argoproj.io/v1alpha1\nkind: ApplicationSet\nmetadata:\n  name: {name}\nspec:\n  generators:\n{generators}  template:\n    metadata:\n      name: '{template}'\n    spec:\n{spec}"
        )
    }

    #[test]
    fn elements_carry_versions_of_environments() {
        let generators = "    - list:\n        elements:\n          - {cluster: staging, url: 'https://1.2.3.4', targetRevision: v2}\n          - {cluster: prod-eu, url: 'https://2.4.6.8', targetRevision: v1}\n          - {cluster: prod-us, url: 'https://2.4.6.9', targetRevision: HEAD}\n";
        let spec = "      source: {path: guestbook, targetRevision: '{{targetRevision}}'}\n";
        check(
            "appsets/guestbook.yaml",
            &set("guestbook", "{{cluster}}-guestbook", generators, spec),
            &["guestbook@staging=v2:9", "guestbook@prod-eu=v1:10"],
        );
    }

    #[test]
    fn elements_carry_versions_of_services() {
        let generators = "    - matrix:\n        generators:\n          - list:\n              elements:\n                - {app: frontend, tag: v1, namespace: shop}\n                - {app: backend, values: {imageTag: v2}}\n          - clusters: {}\n";
        check(
            "envs/production/appset.yaml",
            &set("shop", "{{app}}", generators, "      source: {path: x}\n"),
            &["frontend@production=v1:11", "backend@production=v2:12"],
        );
    }

    #[test]
    fn a_version_of_the_template_goes_to_each_environment() {
        let generators = "    - list:\n        elements:\n          - {env: staging}\n          - {env: production}\n";
        let spec = "      source:\n        chart: web\n        targetRevision: 1.2.3\n";
        check(
            "appsets/web.yaml",
            &set("web", "web-{{env}}", generators, spec),
            &["web@staging=1.2.3:17", "web@production=1.2.3:17"],
        );
    }

    #[test]
    fn moving_and_templated_revisions_are_no_versions() {
        let generators = "    - git:\n        repoURL: https://git.example\n        revision: v1\n        directories: [{path: 'envs/*'}]\n";
        for revision in ["main", "'{{revision}}'", "HEAD"] {
            let spec = format!("      source: {{path: x, targetRevision: {revision}}}\n");
            check("prod/web.yaml", &set("web", "web", generators, &spec), &[]);
        }
    }
}
