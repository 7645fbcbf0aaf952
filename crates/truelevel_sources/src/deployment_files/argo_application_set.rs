//! An Argo CD `ApplicationSet`: what its generators list, and the template that is filled in with it.
//!
//! List generators give elements; a matrix combines those of its two generators, a merge lets later ones override the
//! first where the merge keys agree. The template is filled in with each element. Where that says something of the
//! element, it is the version; else a field of the element that holds one; else what the template says of all. An element
//! names its service and environment; the name of the template or set stands in for a service. Limits: of expressions only
//! plain fields are filled in (`{{rev}}`, `{{.values.rev}}`, `{{ .rev | quote }}`); what git, cluster and pull request
//! generators bring is not in the file.

use std::collections::HashMap;

use truelevel_documents::{Entry, Node, Problem, Value};

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

    let generators = document.at(["spec", "generators"]).map_or(&[][..], Node::items);
    let mut elements: Vec<Element<'_>> = generators.iter().filter_map(elements).flatten().collect();
    if elements.len() > MOST_ELEMENTS {
        let line = document.line;
        let message = format!("more than {MOST_ELEMENTS} elements are generated; the first ones count");
        found.problems.push(Problem { line, column: 0, message });
        elements.truncate(MOST_ELEMENTS);
    }
    if elements.is_empty() {
        elements.push(Element::default());
    }
    let mut filling = Filling { left: MOST_FILLED };
    for element in &elements {
        let filled = spec.and_then(|spec| filling.fill(spec, element));
        let mut images = versions_of_spec(filled.as_ref(), found);
        let is_of_all =
            |image: &ImageValue| of_all.iter().any(|same| (same.line, &same.version) == (image.line, &image.version));
        if images.iter().all(is_of_all) {
            images = match element.version() {
                Some((version, line)) => vec![ImageValue { service: None, environment: None, version, line }],
                None => of_all.clone(),
            };
        }
        let service = element.service().unwrap_or_else(|| set.clone());
        let environment = element.environment().or_else(|| default.clone());
        for image in named_for(images, &service) {
            found.add(image.service.unwrap_or_default(), environment.clone(), image.version, image.line);
        }
    }
    if filling.left == 0 {
        let message = "the template is too large to be filled in with every element; the first ones count".to_owned();
        found.problems.push(Problem { line: document.line, column: 0, message });
    }
}

/// More are not read: no organisation writes as many into one file.
const MOST_ELEMENTS: usize = 5_000;
/// So many nodes and bytes are filled in for all elements together.
const MOST_FILLED: usize = 4 << 20;

/// What a generator gives one application: fields of several mappings, of which later ones override earlier ones.
#[derive(Clone, Default)]
struct Element<'a>(Vec<&'a Node>);

/// What a generator gives, where that is in the file. Of a matrix or merge the generators that list elements count.
fn elements(generator: &Node) -> Option<Vec<Element<'_>>> {
    if let Some(list) = generator.at(["list", "elements"]) {
        return Some(list.items().iter().take(MOST_ELEMENTS + 1).map(|element| Element(vec![element])).collect());
    }
    if let Some(matrix) = generator.get("matrix") {
        return each(matrix).into_iter().reduce(|left, right| {
            let pairs = left.iter().flat_map(|one| right.iter().map(move |other| one.overridden_by(other)));
            pairs.take(MOST_ELEMENTS + 1).collect()
        });
    }
    let merge = generator.get("merge")?;
    let keys: Vec<&str> = merge.get("mergeKeys").map_or(&[][..], Node::items).iter().filter_map(Node::text).collect();
    each(merge).into_iter().reduce(|base, overrides| {
        let values = |element: &Element<'_>| -> Vec<Option<String>> {
            keys.iter().map(|key| element.field(key).and_then(Node::text).map(str::to_owned)).collect()
        };
        let by_key: HashMap<_, _> = overrides.iter().map(|element| (values(element), element)).collect();
        let merged = base.iter().map(|element| match by_key.get(&values(element)) {
            Some(over) => element.overridden_by(over),
            None => element.clone(),
        });
        merged.collect()
    })
}

/// The elements of each generator of a matrix or merge that is in the file.
fn each(nest: &Node) -> Vec<Vec<Element<'_>>> {
    nest.get("generators").map_or(&[][..], Node::items).iter().filter_map(elements).collect()
}

impl<'a> Element<'a> {
    fn overridden_by(&self, other: &Self) -> Self {
        Self(self.0.iter().chain(&other.0).copied().collect())
    }

    /// A field, which an element may keep in `values`.
    fn field(&self, key: &str) -> Option<&'a Node> {
        self.0.iter().rev().find_map(|node| node.get(key).or_else(|| node.at(["values", key])))
    }

    /// The field that `{{path}}` means; a key that holds dots is asked for first.
    fn at(&self, path: &str) -> Option<&'a Node> {
        self.0.iter().rev().find_map(|node| node.get(path).or_else(|| node.at(path.split('.'))))
    }

    fn version(&self) -> Option<(String, u32)> {
        self.0.iter().rev().find_map(|node| version(node))
    }

    fn service(&self) -> Option<String> {
        SERVICES.iter().find_map(|key| nameable(self.field(key)?.text()?)).map(without_environment)
    }

    fn environment(&self) -> Option<String> {
        let text = |key: &&str| self.field(key)?.text().filter(|text| !text.is_empty() && !text.contains("{{"));
        let named = ENVIRONMENTS.iter().find_map(text);
        named.map(str::to_owned).or_else(|| {
            let places: Vec<&str> = PLACES.iter().filter_map(text).collect();
            let whole = places.iter().find(|text| is_environment(text)).map(|text| (*text).to_owned());
            whole.or_else(|| places.iter().find_map(|text| Some(split_environment(text)?.environment.to_owned())))
        })
    }
}

/// Fills templates in, as long as there is room.
struct Filling {
    /// Nodes and bytes.
    left: usize,
}

impl Filling {
    /// The template with the fields of an element in their places; none where nothing was left. A text that is one field
    /// alone stands on the line of the element, where the value is changed.
    fn fill(&mut self, template: &Node, element: &Element<'_>) -> Option<Node> {
        self.take(1)?;
        let value = match &template.value {
            Value::Scalar { text, .. } if !text.contains("{{") => template.value.clone(),
            Value::Scalar { text, plain } => {
                let whole = placeholder(text).and_then(|key| element.at(key)).filter(|value| value.text().is_some());
                if let Some(value) = whole {
                    self.take(value.text().map_or(0, str::len))?;
                    return Some(value.clone());
                }
                Value::Scalar { text: self.fill_text(text, element)?, plain: *plain }
            }
            Value::Sequence(items) => {
                Value::Sequence(items.iter().map(|item| self.fill(item, element)).collect::<Option<_>>()?)
            }
            Value::Mapping(entries) => {
                let filled = entries
                    .iter()
                    .map(|entry| Some(Entry { key: entry.key.clone(), value: self.fill(&entry.value, element)? }));
                Value::Mapping(filled.collect::<Option<_>>()?)
            }
        };
        Some(Node { value, ..*template })
    }

    /// A text with the fields of an element in the places of `{{field}}`; what else stands in braces is left.
    fn fill_text(&mut self, text: &str, element: &Element<'_>) -> Option<String> {
        let mut filled = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(start) = rest.find("{{") {
            let Some(length) = rest[start..].find("}}") else { break };
            let (before, expression) = (&rest[..start], &rest[start..start + length + 2]);
            let value = placeholder(expression).and_then(|key| element.at(key)).and_then(Node::text);
            let value = value.unwrap_or(expression);
            self.take(before.len() + value.len())?;
            filled.push_str(before);
            filled.push_str(value);
            rest = &rest[start + expression.len()..];
        }
        self.take(rest.len())?;
        filled.push_str(rest);
        Some(filled)
    }

    fn take(&mut self, amount: usize) -> Option<()> {
        self.left = self.left.saturating_sub(amount);
        (self.left > 0).then_some(())
    }
}

/// The field that a text is, where it is nothing else: `{{rev}}`, `{{ .rev }}`, `{{ .values.rev | quote }}`.
fn placeholder(text: &str) -> Option<&str> {
    let expression = text.trim().strip_prefix("{{")?.strip_suffix("}}")?.trim_matches(['-', ' ']);
    let (field, filter) = expression.split_once('|').map_or((expression, "quote"), |(field, filter)| (field, filter));
    let field = field.trim().trim_start_matches('.');
    let plain = !field.is_empty() && field.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte));
    (plain && filter.trim() == "quote").then_some(field)
}

/// The version that a mapping of an element holds, and its line.
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
            let value = element.get(key).or_else(|| element.at(["values", key]))?;
            Some((of_revision(value.text()?)?, value.line))
        })
    };
    tag.or_else(nested).or_else(revision)
}

#[cfg(test)]
mod tests {
    use super::super::found::{check, written};
    use super::super::read_versions;

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
    fn what_the_template_says_of_all_stands_beside_what_it_says_of_each() {
        let generators = "    - list:\n        elements:\n          - {env: staging, rev: v3}\n          - {env: production, rev: v2}\n";
        let fixed = "      source:\n        path: x\n        helm:\n          parameters:\n            - {name: proxy.image.tag, value: v3}\n            - {name: api.image.tag, value: '{{rev}}'}\n";
        check(
            "appsets/web.yaml",
            &set("web", "web-{{env}}", generators, fixed),
            &["api@staging=v3:9", "api@production=v2:10", "proxy@staging=v3:19", "proxy@production=v3:19"],
        );
        let generators =
            "    - list:\n        elements:\n          - {env: staging, tag: v9}\n          - {env: production}\n";
        let spec = "      source: {chart: web, targetRevision: 1.0.4}\n";
        check(
            "appsets/web.yaml",
            &set("web", "web-{{env}}", generators, spec),
            &["web@staging=v9:9", "web@production=1.0.4:15"],
        );
    }

    #[test]
    fn a_matrix_combines_what_its_generators_list() {
        let generators = "    - matrix:\n        generators:\n          - list: {elements: [{app: frontend}, {app: backend}]}\n          - list:\n              elements:\n                - {env: staging, rev: v2}\n                - {env: production, rev: v1}\n";
        check(
            "appsets/shop.yaml",
            &set("shop", "{{app}}-{{env}}", generators, "      source: {path: x, targetRevision: '{{rev}}'}\n"),
            &[
                "frontend@staging=v2:12",
                "backend@staging=v2:12",
                "frontend@production=v1:13",
                "backend@production=v1:13",
            ],
        );
        let generators = "    - matrix:\n        generators:\n          - list: {elements: [{app: frontend, tag: v7}]}\n          - list: {elements: [{env: staging}, {env: production}]}\n";
        check(
            "appsets/shop.yaml",
            &set("shop", "{{app}}-{{env}}", generators, "      source: {path: x}\n"),
            &["frontend@staging=v7:9", "frontend@production=v7:9"],
        );
    }

    #[test]
    fn a_merge_lets_later_generators_override_where_the_keys_agree() {
        let generators = "    - merge:\n        mergeKeys: [env]\n        generators:\n          - list:\n              elements:\n                - {env: staging, rev: v1}\n                - {env: production, rev: v1}\n          - list:\n              elements:\n                - {env: production, rev: v5}\n                - {env: other, rev: v6}\n";
        check(
            "appsets/web.yaml",
            &set("web", "web-{{env}}", generators, "      source: {path: x, targetRevision: '{{rev}}'}\n"),
            &["web@staging=v1:12", "web@production=v5:16"],
        );
    }

    #[test]
    fn what_is_filled_in_is_bounded_and_the_bound_is_told() {
        let elements = "          - {env: production, big: b}\n".repeat(3_000);
        let generators = format!("    - list:\n        elements:\n{elements}");
        let junk = "            - '{{big}}'\n".repeat(3_000);
        let spec = format!("      source:\n        path: x\n        targetRevision: v1\n        junk:\n{junk}");
        let reading = read_versions("appsets/web.yaml", set("web", "web", &generators, &spec).as_bytes());
        assert_eq!(written(&reading).len(), 1, "what the template says of all is known all the same");
        assert!(reading.problems[0].message.contains("too large to be filled in"), "{:?}", reading.problems);
        let many = format!("    - list:\n        elements:\n{}", "          - {env: production}\n".repeat(6_000));
        let spec = "      source: {path: x, targetRevision: v1}\n";
        let reading = read_versions("appsets/web.yaml", set("web", "web", &many, spec).as_bytes());
        assert!(reading.problems[0].message.contains("more than 5000 elements"), "{:?}", reading.problems);
        // A field that is no text is no text to fill in.
        let generators = "    - list:\n        elements:\n          - {env: production, rev: {a: [b, c]}}\n";
        let spec = "      source: {path: x, targetRevision: '{{rev}}'}\n";
        check("appsets/web.yaml", &set("web", "web", generators, spec), &[]);
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
