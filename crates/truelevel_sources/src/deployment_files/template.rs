//! Where a workspace's configuration says that versions stand: a template of paths and a path of keys.

use regex::Regex;
use truelevel_documents::{Node, Problem, Value};

use super::file::File;
use super::found::Found;
use super::key_path::reach;
use super::version::of_tag;
use super::{Reading, Shape, parse, shortened};

/// A part of a path or key that names something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Placeholder {
    Service,
    Environment,
}

impl Placeholder {
    /// The placeholder that the whole text is.
    pub(super) fn of(text: &str) -> Option<Self> {
        match text {
            "{service}" => Some(Self::Service),
            "{environment}" => Some(Self::Environment),
            _ => None,
        }
    }
}

/// A template of paths, such as `charts/app-config/image-tags/{environment}/{service}`.
///
/// `{service}` and `{environment}` stand for text within one segment, as much as fits where two share a segment; one
/// that stands twice must be the same in both places. `*` stands for any text within a segment, `**` for any number of
/// directories.
#[derive(Clone, Debug)]
pub struct PathTemplate {
    pattern: Regex,
    groups: Vec<Placeholder>,
    root: String,
}

impl PathTemplate {
    /// Reads a template; the error says what is wrong with it and what would be right.
    pub fn parse(template: &str) -> Result<Self, String> {
        let clean = template.strip_prefix("./").unwrap_or(template);
        let fault = |what: &str| Err(format!("the path template `{}` {what}", shortened(template)));
        if clean.is_empty() || clean.len() > 1000 {
            return fault("must have between 1 and 1000 characters");
        }
        if clean.starts_with('/') || clean.ends_with('/') {
            return fault("must be the path of a file, relative to the repository, without a slash at either end");
        }
        if clean.split('/').any(|segment| matches!(segment, "" | "." | "..")) {
            return fault("must not hold empty segments, `.` or `..`");
        }
        let mut pattern = String::from("^");
        let mut groups = Vec::new();
        for (index, segment) in clean.split('/').enumerate() {
            if segment == "**" {
                if index + 1 == clean.split('/').count() {
                    return fault("ends with `**`; write `**/*` for every file below");
                }
                pattern.push_str("(?:[^/]+/)*");
                continue;
            }
            let mut rest = segment;
            while let Some(at) = rest.find(['{', '}', '*']) {
                pattern.push_str(&regex::escape(&rest[..at]));
                rest = &rest[at..];
                let length = match rest.as_bytes()[0] {
                    b'*' => {
                        pattern.push_str("[^/]*");
                        1
                    }
                    b'{' => {
                        let Some(end) = rest.find('}') else { return fault("has a `{` that is not closed") };
                        let Some(placeholder) = Placeholder::of(&rest[..=end]) else {
                            return fault(&format!(
                                "has `{}`; `{{service}}` and `{{environment}}` are known",
                                &rest[..=end]
                            ));
                        };
                        groups.push(placeholder);
                        pattern.push_str("([^/]+)");
                        end + 1
                    }
                    _ => return fault("has a `}` without a `{`"),
                };
                rest = &rest[length..];
            }
            pattern.push_str(&regex::escape(rest));
            pattern.push('/');
        }
        pattern.pop();
        pattern.push('$');
        let directories: Vec<&str> = clean.split('/').take_while(|segment| !segment.contains(['{', '*'])).collect();
        let literal = directories.len().min(clean.matches('/').count());
        let pattern = Regex::new(&pattern).map_err(|error| format!("the path template `{template}`: {error}"))?;
        Ok(Self { pattern, groups, root: directories[..literal].join("/") })
    }

    /// The service and the environment that a path names, if it is one of this template.
    pub fn matches(&self, path: &str) -> Option<(Option<String>, Option<String>)> {
        if !path.starts_with(&self.root) {
            return None;
        }
        let captures = self.pattern.captures(path)?;
        let (mut service, mut environment) = (None, None);
        for (index, placeholder) in self.groups.iter().enumerate() {
            let text = captures.get(index + 1)?.as_str();
            let place = match placeholder {
                Placeholder::Service => &mut service,
                Placeholder::Environment => &mut environment,
            };
            if place.replace(text).is_some_and(|before| before != text) {
                return None;
            }
        }
        Some((service.map(str::to_owned), environment.map(str::to_owned)))
    }

    /// The longest directory that all its paths lie in; empty for the root of the repository.
    pub fn root(&self) -> &str {
        &self.root
    }
}

/// Reads the versions that stand at a path of keys in a file of a configured template.
///
/// Keys are set apart by dots; lists take `[]`, `[0]`, `[name]` or `[key=text]`; `{service}` and `{environment}` stand
/// for any key and take its name: `versions.{service}`. What neither template nor key names comes from the path. A value
/// that moves (`latest`) or is empty declares nothing; a path of keys that leads nowhere is a problem. Nothing is answered
/// for a path that is not one of the template.
pub fn read_configured(template: &PathTemplate, key: &str, path: &str, content: &[u8]) -> Option<Reading> {
    let (service, environment) = template.matches(path)?;
    let file = File::new(path);
    let parsed = parse(&file, content);
    let mut found = Found { shape: Shape::Configured, versions: Vec::new(), problems: parsed.problems };
    let mut reached_any = false;
    for value in parsed.documents.iter().flat_map(|document| reach(document, key)) {
        reached_any = true;
        let node: &Node = value.node;
        if !matches!(node.value, Value::Scalar { .. }) {
            let message = format!("`{}` is not a single value", shortened(key));
            found.problems.push(Problem { line: node.line, column: node.column, message });
            continue;
        }
        let Some(version) = node.text().and_then(of_tag) else { continue };
        let service = service.clone().or(value.service).unwrap_or_else(|| file.service());
        let environment = environment.clone().or(value.environment).or_else(|| file.environment().map(str::to_owned));
        found.add(service, environment, version, node.line);
    }
    if !reached_any && found.problems.is_empty() {
        let message = format!("there is no `{}`", shortened(key));
        found.problems.push(Problem { line: 0, column: 0, message });
    }
    Some(found.finish())
}

#[cfg(test)]
mod tests {
    use super::super::found::written;
    use super::*;

    fn template(text: &str) -> PathTemplate {
        PathTemplate::parse(text).unwrap()
    }

    fn check_match(text: &str, path: &str, expected: Option<(&str, &str)>) {
        let found = template(text).matches(path);
        let found = found.map(|(service, environment)| (service.unwrap_or_default(), environment.unwrap_or_default()));
        let expected = expected.map(|(service, environment)| (service.to_owned(), environment.to_owned()));
        assert_eq!(found, expected, "{text} {path}");
    }

    fn check(text: &str, key: &str, path: &str, content: &str, expected: &[&str]) {
        let reading = read_configured(&template(text), key, path, content.as_bytes()).unwrap();
        assert_eq!(reading.problems, [], "{content}");
        assert_eq!(written(&reading), expected, "{content}");
    }

    #[test]
    fn a_path_names_service_and_environment() {
        let tags = "charts/app-config/image-tags/{environment}/{service}";
        check_match(tags, "charts/app-config/image-tags/production/frontend", Some(("frontend", "production")));
        check_match(tags, "charts/app-config/image-tags/production/a/b", None);
        check_match(tags, "charts/app-config/image-tags/production", None);
        check_match("{service}/values-{environment}.yaml", "web/values-prod.yaml", Some(("web", "prod")));
        check_match("{service}/values-{environment}.yaml", "web/values-prodXyaml", None);
        check_match("{service}-{environment}.yaml", "front-end-prod.yaml", Some(("front-end", "prod")));
        check_match("apps/{service}/{service}.yaml", "apps/web/web.yaml", Some(("web", "")));
        check_match("apps/{service}/{service}.yaml", "apps/web/api.yaml", None);
        check_match("clusters/**/{service}/release.yaml", "clusters/a/b/web/release.yaml", Some(("web", "")));
        check_match("clusters/**/{service}/release.yaml", "clusters/web/release.yaml", Some(("web", "")));
        check_match("prod/*.yaml", "prod/web.yaml", Some(("", "")));
        check_match("./prod.yaml", "prod.yaml", Some(("", "")));
    }

    #[test]
    fn the_root_is_the_longest_literal_directory() {
        for (text, root) in [
            ("charts/app-config/image-tags/{environment}/{service}", "charts/app-config/image-tags"),
            ("envs/prod/versions.yaml", "envs/prod"),
            ("a/b-{service}/c.yaml", "a"),
            ("{service}.yaml", ""),
            ("versions.yaml", ""),
        ] {
            assert_eq!(template(text).root(), root, "{text}");
        }
    }

    #[test]
    fn a_template_that_cannot_be_meant_is_refused_with_a_reason() {
        for (text, reason) in [
            ("", "between 1 and 1000"),
            ("/a/{service}", "relative"),
            ("a/", "relative"),
            ("a/../{service}", "`..`"),
            ("a//b", "empty segments"),
            ("a/{app}", "`{app}`"),
            ("a/{service", "not closed"),
            ("a/service}", "without a `{`"),
            ("a/**", "`**/*`"),
        ] {
            let error = PathTemplate::parse(text).unwrap_err();
            assert!(error.contains(reason), "{text}: {error}");
        }
    }

    #[test]
    fn a_configured_key_is_read() {
        let tags = "charts/app-config/image-tags/{environment}/{service}";
        let path = "charts/app-config/image-tags/production/frontend";
        check(
            tags,
            "image_tag",
            path,
            "image_tag: v1796\npromote_deployment: true\n",
            &["frontend@production=v1796:1"],
        );
        check(tags, "image_tag", path, "image_tag: latest\n", &[]);
        check("{environment}/{service}.env", "release", "prod/web.env", "release=v3\n", &["web@prod=v3:1"]);
        check("apps/{service}/prod.yaml", "a.b", "apps/web/prod.yaml", "a:\n  b: 1.10\n", &["web@prod=1.10:2"]);
    }

    #[test]
    fn lists_and_maps_are_reached() {
        let list = "images:\n- name: web\n  newTag: v1\n- name: api\n  newTag: v2\n";
        check("{environment}.yaml", "images[web].newTag", "prod.yaml", list, &["prod@prod=v1:3"]);
        check("{environment}.yaml", "images[name=api].newTag", "prod.yaml", list, &["prod@prod=v2:5"]);
        check("{environment}.yaml", "images[1].newTag", "prod.yaml", list, &["prod@prod=v2:5"]);
        check("{environment}.yaml", "images[{service}].newTag", "prod.yaml", list, &["web@prod=v1:3", "api@prod=v2:5"]);
        let map = "versions:\n  web: v1\n  api: v2\n";
        check("{environment}.yaml", "versions.{service}", "prod.yaml", map, &["web@prod=v1:2", "api@prod=v2:3"]);
        let both = "staging:\n  web: v2\nproduction:\n  web: v1\n";
        check("v.yaml", "{environment}.{service}", "v.yaml", both, &["web@staging=v2:2", "web@production=v1:4"]);
        check("{service}.yaml", "app.version", "web.yaml", "app.version: v1\n", &["web@-=v1:1"]);
    }

    #[test]
    fn a_key_that_leads_nowhere_is_a_problem() {
        let reading = read_configured(&template("{service}.yaml"), "image.tag", "web.yaml", b"image: {}\n");
        assert_eq!(reading.unwrap().problems[0].message, "there is no `image.tag`");
        let reading = read_configured(&template("{service}.yaml"), "image", "web.yaml", b"image: {}\n");
        assert_eq!(reading.unwrap().problems[0].message, "`image` is not a single value");
        let reading = read_configured(&template("{service}.yaml"), "image", "web.yaml", b"image: [\n");
        assert_eq!(reading.unwrap().problems.len(), 1);
        assert_eq!(read_configured(&template("{service}.yaml"), "image", "web.txt", b"image: v1"), None);
    }
}
