//! What the path of a file says: whether it may hold versions, its environment, its service, its format.

use std::cell::OnceCell;

use super::environment::{Environment, contains, environment_of_path, is_environment, is_region, split_environment};
use super::service::{nameable, without_environment};

/// Directories whose files deploy nothing. Sorted.
const FOREIGN_DIRECTORIES: &[&str] = &[
    "__tests__",
    "crd",
    "crds",
    "dashboards",
    "dist",
    "doc",
    "docs",
    "documentation",
    "e2e",
    "example",
    "examples",
    "fixtures",
    "node_modules",
    "openapi",
    "sample",
    "samples",
    "schemas",
    "site-packages",
    "spec",
    "swagger",
    "templates",
    "test-data",
    "test_data",
    "testdata",
    "tests",
    "third-party",
    "third_party",
    "thirdparty",
    "vendor",
];

/// Stems of files whose versions are not those of a deployed service. Sorted.
const FOREIGN_FILES: &[&str] = &[
    "azure-pipelines",
    "bitbucket-pipelines",
    "bower",
    "buildspec",
    "chart",
    "cloudbuild",
    "composer",
    "deno",
    "dependabot",
    "flake",
    "jenkins",
    "lerna",
    "lock",
    "manifest",
    "mkdocs",
    "npm-shrinkwrap",
    "nx",
    "openapi",
    "package",
    "package-lock",
    "pnpm-lock",
    "pnpm-workspace",
    "pubspec",
    "renovate",
    "renovate.json5",
    "requirements",
    "skaffold",
    "swagger",
    "taskfile",
    "tsconfig",
    "turbo",
    "values.schema",
    "yarn.lock",
];

/// How a file is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    /// YAML or JSON.
    Yaml,
    /// `KEY=value` lines.
    KeyValue,
    /// No ending tells.
    Unknown,
}

/// A file as its path tells it.
#[derive(Debug)]
pub(super) struct File<'a> {
    pub(super) path: &'a str,
    /// Found when it is asked for: a configured template most often says it.
    environment: OnceCell<Option<Environment>>,
}

impl<'a> File<'a> {
    pub(super) fn new(path: &'a str) -> Self {
        Self { path, environment: OnceCell::new() }
    }

    pub(super) fn environment(&self) -> Option<&str> {
        self.found_environment().map(|environment| environment.name.as_str())
    }

    fn found_environment(&self) -> Option<&Environment> {
        self.environment.get_or_init(|| environment_of_path(self.path)).as_ref()
    }

    /// The file's name without its endings.
    pub(super) fn stem(&self) -> &'a str {
        stem(file_name(self.path))
    }

    /// The nearest segment that could name a service, from the file's stem upwards; where all are generic, the
    /// directory as it is, because a service with a poor name is better than a version lost. A file without an ending
    /// that lies in the folder of its environment is one of many: each is called as its service, however generic that is.
    pub(super) fn service(&self) -> String {
        self.named_service().unwrap_or_else(|| {
            let environment = self.found_environment().map(|environment| environment.segment_index);
            let mut directories = self.path.split('/').enumerate().collect::<Vec<_>>();
            directories.pop();
            if environment.is_some_and(|index| index + 1 == directories.len()) && !file_name(self.path).contains('.') {
                return self.stem().to_owned();
            }
            let directory = directories.into_iter().rev().find(|(index, _)| Some(*index) != environment);
            directory.map_or(self.stem(), |(_, directory)| directory).to_owned()
        })
    }

    /// The nearest segment that could name a service.
    pub(super) fn named_service(&self) -> Option<String> {
        let last = self.path.matches('/').count();
        let segments = self.path.rsplit('/').enumerate().map(|(above, segment)| (last - above, segment));
        segments.into_iter().find_map(|(index, segment)| {
            let text = if index == last { stem(segment) } else { segment };
            let names_environment = self.found_environment().is_some_and(|found| found.segment_index == index);
            let text = match names_environment {
                true => split_environment(text).map(|split| split.rest).unwrap_or_default(),
                false => text.to_owned(),
            };
            let text =
                ["values-", "values.", "values_"].iter().find_map(|word| text.strip_prefix(word)).unwrap_or(&text);
            let text =
                ["-values", ".values", "_values"].iter().find_map(|word| text.strip_suffix(word)).unwrap_or(text);
            let text = text.trim_start_matches('.');
            nameable(text).filter(|text| !is_region(text)).map(str::to_owned)
        })
    }

    /// Whether the file's name says that it holds values of a chart.
    pub(super) fn is_values_file(&self) -> bool {
        self.stem().split(['-', '_', '.']).any(|word| word.eq_ignore_ascii_case("values"))
    }

    pub(super) fn format(&self) -> Format {
        format(file_name(self.path)).unwrap_or(Format::Unknown)
    }

    /// The environment of something with a name: that of the path, else the first name that holds one.
    pub(super) fn environment_or<'n>(&self, names: impl IntoIterator<Item = Option<&'n str>>) -> Option<String> {
        self.environment().map(str::to_owned).or_else(|| environment_in(names))
    }
}

/// The environment that the first of these names holds.
pub(super) fn environment_in<'n>(names: impl IntoIterator<Item = Option<&'n str>>) -> Option<String> {
    names.into_iter().flatten().find_map(|name| Some(split_environment(name)?.environment.to_owned()))
}

/// The service that a resource's name stands for, without its environment.
pub(super) fn service_of_name(name: &str) -> Option<String> {
    let name = without_templates(name);
    let name = name.trim_matches(|c: char| !c.is_alphanumeric());
    (!name.is_empty()).then(|| without_environment(name))
}

/// The text without `{{…}}`, `${…}` and `$(…)`.
fn without_templates(text: &str) -> String {
    let mut text = text.to_owned();
    for (open, close) in [("{{", "}}"), ("${", "}"), ("$(", ")")] {
        while let Some(start) = text.find(open) {
            let end = text[start..].find(close).map_or(text.len(), |end| start + end + close.len());
            text.replace_range(start..end, "");
        }
    }
    text
}

/// Whether a file at this path might hold versions; cheap, by the path alone.
///
/// Examples, tests, documentation, vendored code, templates of charts, CI definitions and manifests of packages
/// are left out. A file without an ending counts where its path names an environment.
pub fn could_hold_versions(path: &str) -> bool {
    let name = file_name(path);
    if !versions_may_lie_below(&path[..path.len() - name.len()]) {
        return false;
    }
    let hidden_but_ours = name.starts_with(".env") || name.starts_with(".argocd-source");
    if name.is_empty() || (name.starts_with('.') && !hidden_but_ours) {
        return false;
    }
    let compose = name.starts_with("docker-compose") || name.starts_with("compose.");
    if compose || contains(FOREIGN_FILES, stem(name)) || name.contains(".lock") {
        return false;
    }
    match format(name) {
        Some(Format::Unknown) => environment_of_path(path).is_some(),
        Some(Format::Yaml | Format::KeyValue) => true,
        None => false,
    }
}

/// Whether files of a folder, given as its path, might hold versions.
pub fn versions_may_lie_below(folder: &str) -> bool {
    let mut previous = "";
    folder.split('/').all(|directory| {
        let is_foreign = directory.starts_with('.')
            || contains(FOREIGN_DIRECTORIES, directory)
            || (previous, directory) == ("src", "test");
        previous = directory;
        !is_foreign
    })
}

/// Whether a file holds the default values of a chart that lies beside it, which are not yet those of an
/// environment. `sibling_exists` tells whether a path of the same tree exists.
pub fn is_chart_default(path: &str, sibling_exists: &dyn Fn(&str) -> bool) -> bool {
    matches!(file_name(path), "values.yaml" | "values.yml") && lies_in_chart(path, sibling_exists)
}

/// Whether a file lies beside the `Chart.yaml` of a chart.
pub fn lies_in_chart(path: &str, sibling_exists: &dyn Fn(&str) -> bool) -> bool {
    let directory = &path[..path.len() - file_name(path).len()];
    ["Chart.yaml", "Chart.yml"].iter().any(|chart| sibling_exists(&format!("{directory}{chart}")))
}

/// The format that a file's name tells; `None` for one that holds no values.
fn format(name: &str) -> Option<Format> {
    if name == ".env" || name.starts_with(".env.") {
        return Some(Format::KeyValue);
    }
    match name.rsplit_once('.') {
        None => Some(Format::Unknown),
        Some((_, "yaml" | "yml" | "json" | "YAML" | "YML" | "JSON")) => Some(Format::Yaml),
        Some((_, "env" | "properties" | "tfvars")) => Some(Format::KeyValue),
        Some((_, ending)) if is_environment(ending) => Some(Format::Unknown),
        Some(_) => None,
    }
}

/// The name of a file without the ending that tells its format; other dots may set off an environment.
pub(super) fn stem(name: &str) -> &str {
    match name.rsplit_once('.') {
        Some((stem, "yaml" | "yml" | "json" | "YAML" | "YML" | "JSON" | "env" | "properties" | "tfvars")) => stem,
        _ => name,
    }
}

fn file_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_that_may_hold_versions_are_told_by_their_path() {
        for path in [
            "charts/app-config/image-tags/production/frontend",
            "apps/frontend/overlays/prod/kustomization.yaml",
            "charts/frontend/values-prod.yml",
            "envs/production/versions.json",
            "frontend/.env.production",
            "deploy/production.env",
            "apps/prod/.argocd-source-frontend.yaml",
            "image-tags/test/frontend",
            "deploy/frontend.prod",
        ] {
            assert!(could_hold_versions(path), "{path}");
        }
    }

    #[test]
    fn files_that_deploy_nothing_are_left_out() {
        for path in [
            "",
            "README",
            "production/README.md",
            "examples/production/values.yaml",
            "charts/frontend/templates/deployment.yaml",
            "charts/frontend/Chart.yaml",
            "production/package.json",
            "production/package-lock.json",
            "production/pnpm-lock.yaml",
            ".github/workflows/production.yaml",
            ".gitlab-ci.yml",
            "node_modules/production/values.yaml",
            "docs/production.yaml",
            "src/test/resources/production/values.yaml",
            "production/logo.png",
            "production/docker-compose.yml",
            "scripts/deploy",
            "production/.terraform.lock.hcl",
        ] {
            assert!(!could_hold_versions(path), "{path}");
        }
    }

    #[test]
    fn the_nearest_segment_that_can_name_a_service_does() {
        for (path, service) in [
            ("charts/app-config/image-tags/production/frontend", "frontend"),
            ("apps/frontend/overlays/production/kustomization.yaml", "frontend"),
            ("clusters/prod-eu/apps/frontend/release.yaml", "frontend"),
            ("envs/production/frontend/values.yaml", "frontend"),
            ("frontend/values-prod-eu.yaml", "frontend"),
            ("apps/frontend.prod.yaml", "frontend"),
            ("apps/frontend-prod/values.yaml", "frontend"),
            ("production/eu-west-1/frontend/image.yaml", "frontend"),
            ("production/values-frontend.yaml", "frontend"),
            ("production/frontend.values.yaml", "frontend"),
            ("frontend/.env.production", "frontend"),
            ("dev-portal/values-prod.yaml", "dev-portal"),
            ("deploy/values-prod.yaml", "deploy"),
            ("apps/web/overlays/cluster-one/kustomization.yaml", "web"),
            ("production.yaml", "production"),
        ] {
            assert_eq!(File::new(path).service(), service, "{path}");
        }
    }

    #[test]
    fn the_default_values_of_a_chart_lie_beside_it() {
        let chart = |path: &str| path == "charts/frontend/Chart.yaml";
        assert!(is_chart_default("charts/frontend/values.yaml", &chart));
        assert!(!is_chart_default("charts/frontend/values-prod.yaml", &chart));
        assert!(!is_chart_default("apps/frontend/values.yaml", &chart));
        assert!(is_chart_default("values.yaml", &|path| path == "Chart.yaml"));
    }

    #[test]
    fn a_name_is_freed_of_templates_and_environments() {
        assert_eq!(service_of_name("{{cluster}}-guestbook").as_deref(), Some("guestbook"));
        assert_eq!(service_of_name("frontend-{{ .env }}").as_deref(), Some("frontend"));
        assert_eq!(service_of_name("frontend-prod-eu").as_deref(), Some("frontend"));
        assert_eq!(service_of_name("{{name"), None);
    }

    #[test]
    fn lists_are_sorted() {
        assert!(FOREIGN_DIRECTORIES.is_sorted(), "{FOREIGN_DIRECTORIES:?}");
        assert!(FOREIGN_FILES.is_sorted(), "{FOREIGN_FILES:?}");
    }
}
