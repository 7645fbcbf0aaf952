//! An Argo CD `ApplicationSet`: what its generators list, and the template that is filled in with it.
//!
//! List generators give elements; a matrix combines those of its two generators, a merge lets later ones override the
//! first where the merge keys agree; where the first is not in the file, they stand for themselves. The template is filled in with each element. Where that says something of the
//! element, it is the version; else a field of the element that holds one; else what the template says of all. An element
//! names its service and environment; the name of the template or set stands in for a service. Limits: of expressions only
//! plain fields are filled in (`{{rev}}`, `{{.values.rev}}`, `{{ .rev | quote }}`); what git, cluster and pull request
//! generators bring is not in the file.

use std::collections::HashMap;
use std::sync::LazyLock;

use regex::Regex;
use truelevel_documents::placeholders::{Placeholders, bytes};
use truelevel_documents::{Node, Problem};

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

    let given = document.get("spec").map_or(&[][..], generators).iter().filter_map(elements);
    let mut elements: Vec<Element<'_>> = given.flatten().take(MOST_ELEMENTS + 1).collect();
    if elements.len() > MOST_ELEMENTS {
        let line = document.line;
        let message = format!("more than {MOST_ELEMENTS} elements are generated; the first ones count");
        found.problems.push(Problem { line, column: 0, message });
        elements.truncate(MOST_ELEMENTS);
    }
    if elements.is_empty() {
        elements.push(Element::default());
    }
    let (mut room, mut had_room) = (MOST_FILLED, true);
    for element in &elements {
        let filled = spec.and_then(|spec| element.filled_in(spec, &mut room, &mut had_room));
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
    if !had_room {
        let message = "the template is too large to be filled in with every element; the first ones count".to_owned();
        found.problems.push(Problem { line: document.line, column: 0, message });
    }
}

/// More are not read: no organisation writes as many into one file.
const MOST_ELEMENTS: usize = 5_000;
/// So many bytes templates and what is filled in may take, for all elements together.
const MOST_FILLED: usize = 4 << 20;

/// What a generator gives one application: fields of several mappings, of which later ones override earlier ones.
#[derive(Clone, Default)]
struct Element<'a>(Vec<&'a Node>);

/// What a generator gives, where that is in the file. Of a matrix the generators whose elements are there count.
fn elements(generator: &Node) -> Option<Vec<Element<'_>>> {
    if let Some(list) = generator.at(["list", "elements"]) {
        return Some(list.items().iter().take(MOST_ELEMENTS + 1).map(|element| Element(vec![element])).collect());
    }
    if let Some(matrix) = generator.get("matrix") {
        return generators(matrix).iter().filter_map(elements).reduce(|left, right| {
            let pairs = left.iter().flat_map(|one| right.iter().map(move |other| one.overridden_by(other)));
            pairs.take(MOST_ELEMENTS + 1).collect()
        });
    }
    let merge = generator.get("merge")?;
    let keys: Vec<&str> = merge.get("mergeKeys").map_or(&[][..], Node::items).iter().filter_map(Node::text).collect();
    let mut given = generators(merge).iter().map(elements);
    // What the first one gives is merged into; where that is not in the file, everything else may meet one of it.
    let base = given.next()?;
    let is_base_known = base.is_some();
    given
        .flatten()
        .fold(base, |merged, overrides| Some(merge_in(merged.unwrap_or_default(), overrides, &keys, is_base_known)))
}

/// The generators of a set, a matrix or a merge.
fn generators(of: &Node) -> &[Node] {
    of.get("generators").map_or(&[], Node::items)
}

/// Overrides elements with those that have the same values of all keys. What meets none is left out where the elements
/// to be met are all known, and stands for itself where not.
fn merge_in<'a>(
    mut merged: Vec<Element<'a>>,
    overrides: Vec<Element<'a>>,
    keys: &[&str],
    are_all_known: bool,
) -> Vec<Element<'a>> {
    let values = |element: &Element<'a>| -> Option<Vec<&'a str>> {
        let values: Vec<&str> = keys.iter().map(|key| element.at(key)?.text()).collect::<Option<_>>()?;
        (!values.is_empty()).then_some(values)
    };
    let places: HashMap<Vec<&str>, usize> =
        merged.iter().enumerate().filter_map(|(place, element)| Some((values(element)?, place))).collect();
    for element in overrides {
        match values(&element).and_then(|values| places.get(&values)) {
            Some(place) => merged[*place] = merged[*place].overridden_by(&element),
            None if !are_all_known => merged.push(element),
            None => {}
        }
    }
    merged
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

    /// The template with the fields in their places; none where there are none, or no room is left. A text that is one
    /// field alone stands on the line of the element, where the value is changed.
    fn filled_in(&self, template: &Node, room: &mut usize, had_room: &mut bool) -> Option<Node> {
        // A field that is no text is none to fill in.
        let value_of = |name: &str| self.at(name).filter(|value| value.text().is_some());
        let fields = Placeholders { pattern: &FIELD, value_of: &value_of, keeps_lines: true };
        if !fields.are_in(template) {
            return None;
        }
        let Some(left) = room.checked_sub(bytes(template)) else {
            *had_room = false;
            return None;
        };
        *room = left;
        let mut filled = template.clone();
        *had_room &= fields.fill(&mut filled, room);
        Some(filled)
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

/// A field in a template: `{{rev}}`, `{{ .rev }}`, `{{ .values.rev | quote }}`.
static FIELD: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"\{\{-?\s*\.?(?<name>[\w-]+(?:\.[\w-]+)*)\s*(?:\|\s*quote\s*)?-?\}\}").expect("a constant pattern")
});

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
    fn keys_of_a_merge_may_be_paths_and_what_lacks_them_overrides_nothing() {
        let merge = |keys: &str| {
            format!(
                "    - merge:\n        mergeKeys: {keys}\n        generators:\n          - list:\n              elements:\n                - {{rev: v1, values: {{env: staging}}}}\n                - {{rev: v2, values: {{env: production}}}}\n          - list: {{elements: [{{rev: v5, values: {{env: production}}}}, {{rev: v6}}]}}\n"
            )
        };
        let spec = "      source: {path: x, targetRevision: '{{rev}}'}\n";
        let template = "web-{{values.env}}";
        for (keys, production) in [("[values.env]", "v5:14"), ("[]", "v2:13"), ("[other]", "v2:13")] {
            let expected = ["web@staging=v1:12".to_owned(), format!("web@production={production}")];
            let expected = expected.each_ref().map(String::as_str);
            check("appsets/web.yaml", &set("web", template, &merge(keys), spec), &expected);
        }
    }

    #[test]
    fn what_is_merged_into_generators_that_are_not_in_the_file_is_read() {
        let generators = "    - merge:\n        mergeKeys: [env]\n        generators:\n          - clusters: {}\n          - list: {elements: [{env: staging, rev: v2}]}\n          - list: {elements: [{env: production, rev: v1}, {env: staging, rev: v3}]}\n";
        let spec = "      source: {path: x, targetRevision: '{{rev}}'}\n";
        check(
            "appsets/web.yaml",
            &set("web", "web-{{env}}", generators, spec),
            &["web@staging=v3:12", "web@production=v1:12"],
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
