//! Values that Flux image automation is told to update: `image: acme/web:v1 # {"$imagepolicy": "flux-system:web"}`,
//! `tag: v1 # {"$imagepolicy": "flux-system:web:tag"}`.
//!
//! The mark says that the value is a version in any YAML, known or not. The policy's name without its environment is the
//! service. A policy with a value that a shape has read already is read already. Limits: several marks on one line.

use std::collections::{HashMap, HashSet};
use std::sync::LazyLock;

use memchr::memmem;
use regex::Regex;

use super::file::{File, Format, environment_in, service_of_name};
use super::found::Found;
use super::version::{image, of_tag};
use super::{LARGEST_FILE_BYTES, Shape};

/// A marked value.
struct Marked<'a> {
    line: u32,
    policy: &'a str,
    version: Option<String>,
    is_digest: bool,
}

pub(super) fn read(content: &[u8], file: &File<'_>, found: &mut Found) {
    let marks = file.format() == Format::Yaml && content.len() as u64 <= LARGEST_FILE_BYTES;
    if !marks || memmem::find(content, b"$imagepolicy").is_none() {
        return;
    }
    let text = String::from_utf8_lossy(content);
    let marked: Vec<Marked<'_>> =
        text.lines().enumerate().filter_map(|(index, line)| marked(line, index as u32 + 1)).collect();
    let lines: HashSet<u32> = found.versions.iter().map(|version| version.line).collect();
    let mut places: HashMap<&str, Option<usize>> = HashMap::new();
    for mark in &marked {
        if lines.contains(&mark.line) {
            places.insert(mark.policy, None);
        }
    }
    let mut best: Vec<&Marked<'_>> = Vec::new();
    for mark in marked.iter().filter(|mark| mark.version.is_some()) {
        match places.get(mark.policy) {
            None => {
                places.insert(mark.policy, Some(best.len()));
                best.push(mark);
            }
            Some(&Some(place)) if best[place].is_digest && !mark.is_digest => best[place] = mark,
            Some(_) => {}
        }
    }
    found.shape = Shape::FluxSetter;
    for mark in best {
        let (namespace, name) = mark.policy.split_once(':').unwrap_or(("", mark.policy));
        let environment =
            file.environment_or([Some(name), Some(namespace)]).or_else(|| environment_in([Some(file.stem())]));
        if let (Some(service), Some(version)) = (service_of_name(name), &mark.version) {
            found.add(service, environment, version.clone(), mark.line);
        }
    }
}

fn marked(line: &str, number: u32) -> Option<Marked<'_>> {
    static MARK: LazyLock<Regex> = LazyLock::new(|| {
        let pattern = r#"^\s*[^\s#].*?\s#\s*\{\s*"\$imagepolicy"\s*:\s*"([^":]+:[^":]+)(?::(tag|name|digest))?"\s*\}"#;
        Regex::new(pattern).expect("a literal pattern")
    });
    memmem::find(line.as_bytes(), b"$imagepolicy")?;
    let captures = MARK.captures(line)?;
    let value = line.split(" #").next().unwrap_or_default().trim();
    let value = value.rsplit_once(": ").map_or(value.trim_start_matches("- "), |(_, value)| value);
    let value = value.trim().trim_matches(['"', '\'']);
    let field = captures.get(2).map(|field| field.as_str());
    let version = match field {
        None => image(value).version,
        Some("name") => None,
        Some(_) => of_tag(value),
    };
    let policy = captures.get(1)?.as_str();
    Some(Marked { line: number, policy, version, is_digest: field == Some("digest") })
}

#[cfg(test)]
mod tests {
    use super::super::found::check;

    #[test]
    fn a_mark_makes_a_version_of_any_value() {
        check(
            "clusters/prod/worker.yaml",
            "apiVersion: example.org/v1\nkind: Worker\nspec:\n  runner:\n    - ghcr.io/acme/worker:v3 # {\"$imagepolicy\": \"flux-system:worker\"}\n  build: '1.10' # {\"$imagepolicy\": \"flux-system:builder-prod:tag\"}\n",
            &["worker@prod=v3:5", "builder@prod=1.10:6"],
        );
    }

    #[test]
    fn a_policy_that_a_shape_read_is_not_read_again() {
        let digest = format!("sha256:{}", "0f".repeat(32));
        check(
            "clusters/prod/kustomization.yaml",
            &format!(
                "images:\n- name: ghcr.io/acme/web # {{\"$imagepolicy\": \"flux-system:web-policy:name\"}}\n  newTag: v1 # {{\"$imagepolicy\": \"flux-system:web-policy:tag\"}}\n  digest: {digest} # {{\"$imagepolicy\": \"flux-system:web-policy:digest\"}}\n"
            ),
            &["web@prod=v1:3"],
        );
    }

    #[test]
    fn a_tag_counts_before_a_digest_of_the_same_policy() {
        let digest = format!("sha256:{}", "0f".repeat(32));
        check(
            "prod/x.yaml",
            &format!(
                "apiVersion: example.org/v1\nkind: X\nspec:\n  d: {digest} # {{\"$imagepolicy\": \"apps:web:digest\"}}\n  t: v1 # {{\"$imagepolicy\": \"apps:web:tag\"}}\n"
            ),
            &["web@prod=v1:5"],
        );
    }

    #[test]
    fn what_is_commented_out_or_moving_is_no_version() {
        check(
            "prod/x.yaml",
            "apiVersion: example.org/v1\nkind: X\nspec:\n  # image: a:v1 # {\"$imagepolicy\": \"apps:a\"}\n  image: b:latest # {\"$imagepolicy\": \"apps:b\"}\n  n: acme/c # {\"$imagepolicy\": \"apps:c:name\"}\n",
            &[],
        );
    }
}
