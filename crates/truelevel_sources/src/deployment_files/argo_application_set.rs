//! An Argo CD `ApplicationSet`: the elements of list generators, wherever matrix and merge generators nest them, and
//! what the template itself sets.
//!
//! The template is filled in with each element, as Argo CD does. What it then says of the element is the version, else
//! a field of the element that holds one, else what the template says of all. An element names its service and
//! environment; the name of the template or set stands in for a service. Limits: of expressions in a template only plain
//! fields are filled in (`{{rev}}`, `{{.values.rev}}`, `{{ .rev | quote }}`); what git, cluster and pull request generators
//! bring is not in the file.

use truelevel_documents::{Entry, Node, Value};

use super::argo_application::versions_of_spec;
use super::environment::{is_environment, split_environment};
use super::file::{File, service_of_name};
use super::found::Found;
use super::image_values::{ImageValue, named_for};
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
    let template = document.at(["spec", "template"]);
    let name = template.and_then(|template| resource::text(template, ["metadata", "name"])).and_then(service_of_name);
    let name = name.filter(|name| nameable(name).is_some());
    let set = name.or_else(|| resource::service(document)).unwrap_or_else(|| file.service());
    let default = file.environment().map(str::to_owned).or_else(|| resource::environment_of_labels(document));
    let spec = template.and_then(|template| template.get("spec"));
    let of_all = versions_of_spec(spec, found);

    let mut elements = Vec::new();
    for generator in document.at(["spec", "generators"]).map_or(&[][..], Node::items) {
        collect_elements(generator, &mut elements);
    }
    let mut of_elements = false;
    for element in &elements {
        let filled = spec.map(|spec| filled_in(spec, element));
        let mut images = versions_of_spec(filled.as_ref(), found);
        let says_the_same = |image: &ImageValue| of_all.iter().any(|same| same.version == image.version);
        if images.iter().all(says_the_same) {
            let Some((version, line)) = version(element) else { continue };
            images = vec![ImageValue { service: None, environment: None, version, line }];
        }
        of_elements = true;
        let service = service(element).unwrap_or_else(|| set.clone());
        let environment = environment(element).or_else(|| default.clone());
        add_all(images, &service, environment.as_ref(), found);
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
    for environment in &environments {
        add_all(of_all.clone(), &set, environment.as_ref(), found);
    }
}

fn add_all(images: Vec<ImageValue>, application: &str, environment: Option<&String>, found: &mut Found) {
    for image in named_for(images, application) {
        found.add(image.service.unwrap_or_default(), environment.cloned(), image.version, image.line);
    }
}

/// The template with the fields of an element in their places. A text that is one field alone stands on the line of the
/// element, where the value is changed.
fn filled_in(template: &Node, element: &Node) -> Node {
    let value = match &template.value {
        Value::Scalar { text, plain } => {
            if let Some(value) = placeholder(text).and_then(|key| element_field(element, key)) {
                return value.clone();
            }
            Value::Scalar { text: filled_in_text(text, element), plain: *plain }
        }
        Value::Sequence(items) => Value::Sequence(items.iter().map(|item| filled_in(item, element)).collect()),
        Value::Mapping(entries) => Value::Mapping(
            entries
                .iter()
                .map(|entry| Entry { key: entry.key.clone(), value: filled_in(&entry.value, element) })
                .collect(),
        ),
    };
    Node { value, ..*template }
}

/// A text with the fields of an element in the places of `{{field}}`; what else stands in braces is left.
fn filled_in_text(text: &str, element: &Node) -> String {
    let mut filled = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find("{{") {
        let Some(length) = rest[start..].find("}}") else { break };
        let (before, expression) = (&rest[..start], &rest[start..start + length + 2]);
        let value = placeholder(expression).and_then(|key| element_field(element, key)).and_then(Node::text);
        filled.push_str(before);
        filled.push_str(value.unwrap_or(expression));
        rest = &rest[start + expression.len()..];
    }
    filled.push_str(rest);
    filled
}

/// The field that a text is, where it is nothing else: `{{rev}}`, `{{ .rev }}`, `{{ .values.rev | quote }}`.
fn placeholder(text: &str) -> Option<&str> {
    let expression = text.trim().strip_prefix("{{")?.strip_suffix("}}")?.trim_matches(['-', ' ']);
    let (field, filter) = expression.split_once('|').map_or((expression, "quote"), |(field, filter)| (field, filter));
    let field = field.trim().trim_start_matches('.');
    let plain = !field.is_empty() && field.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte));
    (plain && filter.trim() == "quote").then_some(field)
}

/// The value that `{{path}}` has in an element; a key that holds dots is asked for first.
fn element_field<'a>(element: &'a Node, path: &str) -> Option<&'a Node> {
    element.get(path).or_else(|| element.at(path.split('.')))
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
    fn the_template_is_filled_in_with_each_element() {
        let generators = "    - list:\n        elements:\n          - {env: staging, rev: v2, values: {ui: v8}}\n          - {env: production, rev: v1, values: {ui: v7}}\n";
        for revision in ["'{{rev}}'", "'{{.rev}}'", "'{{ .rev }}'", "'{{ .rev | quote }}'", "'refs/tags/{{.rev}}'"] {
            let lines = if revision.contains("refs") { [15, 15] } else { [9, 10] };
            let expected = [format!("web@staging=v2:{}", lines[0]), format!("web@production=v1:{}", lines[1])];
            let spec = format!("      source: {{path: x, targetRevision: {revision}}}\n");
            let expected = expected.each_ref().map(String::as_str);
            check("appsets/web.yaml", &set("web", "web-{{.env}}", generators, &spec), &expected);
        }
        let parameters = "      source:\n        path: x\n        targetRevision: '{{.rev}}'\n        helm:\n          parameters:\n            - {name: ui.image.tag, value: '{{.values.ui}}'}\n            - {name: api.image.tag, value: '{{.rev}}'}\n";
        check(
            "appsets/web.yaml",
            &set("web", "web-{{.env}}", generators, parameters),
            &["ui@staging=v8:9", "api@staging=v2:9", "ui@production=v7:10", "api@production=v1:10"],
        );
        let values = "      source:\n        path: x\n        helm:\n          values: |\n            replicas: 2\n            image:\n              tag: {{ .rev }}\n";
        check(
            "appsets/web.yaml",
            &set("web", "web-{{.env}}", generators, values),
            &["web@staging=v2:21", "web@production=v1:21"],
        );
    }

    #[test]
    fn an_expression_that_is_no_field_is_no_version() {
        let generators = "    - list:\n        elements:\n          - {env: staging, rev: v2}\n";
        for revision in ["'{{ default \"v1\" .other }}'", "'{{ .other }}'", "'{{ .rev | upper }}'", "'{{ .rev'"] {
            let spec = format!("      source: {{path: x, targetRevision: {revision}}}\n");
            check("appsets/web.yaml", &set("web", "web-{{.env}}", generators, &spec), &[]);
        }
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
