//! Keys under which people write versions: `image_tag`, `imageTag`, `FRONTEND_IMAGE_TAG`, `tag`, `version`, …

use truelevel_documents::Node;

use super::environment::{contains, split_environment, words};
use super::service::nameable;

/// What a key holds, from the clearest to the vaguest: where several stand side by side, the clearest counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    /// `image_tag`, `imageVersion`, `docker_tag` and their like: whatever else the file holds, this is a version.
    ImageTag,
    /// `tag`.
    Tag,
    /// `app_version`.
    AppVersion,
    /// `image`: a reference that has a tag.
    Image,
    /// `version`.
    Version,
}

/// A key that may hold a version.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct VersionKey {
    pub(super) kind: Kind,
    /// The service that the key names: `FRONTEND_IMAGE_TAG`.
    pub(super) service: Option<String>,
    /// The environment that the key names: `production_image_tag`.
    pub(super) environment: Option<String>,
}

/// Keeps a key and its value, unless a clearer one for the same service and environment is there.
pub(super) fn keep_clearest<'a>(kept: &mut Vec<(VersionKey, &'a Node)>, key: VersionKey, value: &'a Node) {
    let same = |known: &VersionKey| (&known.service, &known.environment) == (&key.service, &key.environment);
    match kept.iter_mut().find(|(known, _)| same(known)) {
        Some(known) if key.kind < known.0.kind => *known = (key, value),
        Some(_) => {}
        None => kept.push((key, value)),
    }
}

/// First words of keys that hold another version than the one deployed. Sorted.
const OTHER: &[&str] = &[
    "base",
    "build",
    "builder",
    "busybox",
    "cache",
    "init",
    "max",
    "migration",
    "min",
    "old",
    "previous",
    "proxy",
    "pull",
    "rollback",
    "sidecar",
    "test",
];

/// The kind of a key, if it may hold a version.
pub(super) fn version_key(key: &str) -> Option<VersionKey> {
    if key.len() > 100 {
        return None;
    }
    let words: Vec<&str> = words(key).map(|range| &key[range]).collect();
    let is = |word: &str, name: &str| word.eq_ignore_ascii_case(name);
    let (kind, prefix) = match *words.as_slice() {
        [ref prefix @ .., a, b] if is_image(a) && is_tag(b) => (Kind::ImageTag, prefix),
        [ref prefix @ .., a] if is(a, "imagetag") || is(a, "dockertag") || is(a, "imageversion") => {
            (Kind::ImageTag, prefix)
        }
        [ref prefix @ .., a] if is(a, "tag") => (Kind::Tag, prefix),
        [a, b] if is(a, "app") && is(b, "version") => (Kind::AppVersion, &[][..]),
        [a] if is(a, "appversion") => (Kind::AppVersion, &[][..]),
        [ref prefix @ .., a] if is(a, "image") => (Kind::Image, prefix),
        [a] if is(a, "version") => (Kind::Version, &[][..]),
        _ => return None,
    };
    if prefix.iter().any(|word| contains(OTHER, word)) {
        return None;
    }
    let prefix = prefix.join("-").to_ascii_lowercase();
    let (environment, prefix) = match split_environment(&prefix) {
        Some(split) => (Some(split.environment.to_owned()), split.rest),
        None => (None, prefix),
    };
    Some(VersionKey { kind, service: nameable(&prefix).map(str::to_owned), environment })
}

fn is_image(word: &str) -> bool {
    contains(&["container", "docker", "image"], word)
}

fn is_tag(word: &str) -> bool {
    contains(&["digest", "sha", "tag", "version"], word)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(key: &str, expected: Option<(Kind, &str, &str)>) {
        let found = version_key(key);
        let text = |text: &Option<String>| text.clone().unwrap_or_default();
        let found = found.as_ref().map(|found| (found.kind, text(&found.service), text(&found.environment)));
        let expected = expected.map(|(kind, service, environment)| (kind, service.to_owned(), environment.to_owned()));
        assert_eq!(found, expected, "{key}");
    }

    #[test]
    fn keys_are_told_however_they_are_spelled() {
        for key in [
            "image_tag",
            "imageTag",
            "image-tag",
            "IMAGE_TAG",
            "imagetag",
            "image_version",
            "dockerTag",
            "DOCKER_IMAGE_TAG",
            "image.tag",
            "imageDigest",
            "containerTag",
            "app_image_tag",
        ] {
            check(key, Some((Kind::ImageTag, "", "")));
        }
        check("tag", Some((Kind::Tag, "", "")));
        check("appVersion", Some((Kind::AppVersion, "", "")));
        check("image", Some((Kind::Image, "", "")));
        check("version", Some((Kind::Version, "", "")));
    }

    #[test]
    fn a_key_may_name_its_service_and_environment() {
        check("FRONTEND_IMAGE_TAG", Some((Kind::ImageTag, "frontend", "")));
        check("publishingApiImageTag", Some((Kind::ImageTag, "publishing-api", "")));
        check("BACKEND_TAG", Some((Kind::Tag, "backend", "")));
        check("production_image_tag", Some((Kind::ImageTag, "", "production")));
        check("frontend_image", Some((Kind::Image, "frontend", "")));
    }

    #[test]
    fn other_keys_hold_no_version() {
        for key in [
            "apiVersion",
            "API_VERSION",
            "node_version",
            "previous_image_tag",
            "baseImage",
            "imagePullPolicy",
            "tags",
            "stage",
            "schemaVersion",
            "initImage",
            "images",
            "kubeVersion",
            "",
            "test_image_tag",
        ] {
            check(key, None);
        }
    }

    #[test]
    fn lists_are_sorted() {
        assert!(OTHER.is_sorted(), "{OTHER:?}");
    }
}
