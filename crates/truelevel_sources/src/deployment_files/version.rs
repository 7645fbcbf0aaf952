//! Which text is a version, and which only stands where one belongs.
//!
//! A version is a name that keeps meaning the same thing: a tag, a commit, a digest. Names that move (`latest`,
//! branches, environments) and placeholders (`${TAG}`, `{{ .Values.tag }}`, `CHANGE_ME`) are none. Where an image
//! has a tag and a digest, the tag is the version, because it leads to a commit.

use super::environment::{contains, is_environment};

/// Names that move or stand in for a version to come. Sorted.
const MOVING: &[&str] = &[
    "canary",
    "change-me",
    "change_me",
    "changeme",
    "default",
    "develop",
    "edge",
    "false",
    "head",
    "latest",
    "main",
    "master",
    "n/a",
    "nightly",
    "none",
    "null",
    "placeholder",
    "replace-me",
    "replace_me",
    "replaceme",
    "stable",
    "tag",
    "tbd",
    "todo",
    "true",
    "trunk",
    "undefined",
    "unset",
    "version",
];

/// An image reference: `[registry[:port]/]path[:tag][@digest]`.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Image {
    /// The last part of its path, if it is not templated.
    pub(super) name: Option<String>,
    /// Its tag, else its digest.
    pub(super) version: Option<String>,
}

/// Reads an image reference.
pub(super) fn image(text: &str) -> Image {
    let text = text.trim();
    let text = text.split_once("://").map_or(text, |(_, rest)| rest);
    if text.is_empty() || text.contains(char::is_whitespace) {
        return Image::default();
    }
    let (path, digest) = text.split_once('@').map_or((text, None), |(path, digest)| (path, Some(digest)));
    let last = path.rsplit('/').next().unwrap_or(path);
    let (name, tag) = last.split_once(':').map_or((last, None), |(name, tag)| (name, Some(tag)));
    let name = (!name.is_empty() && name.bytes().all(is_version_byte)).then(|| name.to_owned());
    let version = tag.and_then(plain_tag).or_else(|| digest.and_then(plain_digest));
    Image { name, version }
}

/// The version in a field for tags: a tag, `tag@digest`, a digest, or a whole image reference.
pub(super) fn of_tag(text: &str) -> Option<String> {
    let text = text.trim();
    if let Some(tag) = plain_tag(text) {
        return Some(tag);
    }
    if let Some(digest) = plain_digest(text.trim_start_matches('@')) {
        return Some(digest);
    }
    let (tag, digest) = text.split_once('@').unwrap_or((text, ""));
    plain_tag(tag).or_else(|| if tag.contains([':', '/']) { image(text).version } else { plain_digest(digest) })
}

/// The version in a field that takes branches and ranges too: a tag or commit, told by its digits.
pub(super) fn of_revision(text: &str) -> Option<String> {
    let text = text.trim();
    let tag = plain_tag(text.strip_prefix("refs/tags/").unwrap_or(text))?;
    let commit = tag.len() >= 7 && tag.bytes().all(|byte| byte.is_ascii_hexdigit());
    let range = tag.split('.').any(|part| part == "x" || part == "X");
    ((commit || tag.bytes().any(|byte| byte.is_ascii_digit())) && !range).then_some(tag)
}

/// Whether a bare `version` only counts editions of a file format.
pub(super) fn is_format_version(text: &str) -> bool {
    text.len() <= 2 || text.parse::<f64>().is_ok_and(|number| number < 10.0 && text.len() <= 3)
}

fn plain_tag(text: &str) -> Option<String> {
    let valid = text.len() <= 128
        && text.bytes().next().is_some_and(|byte| byte.is_ascii_alphanumeric())
        && text.bytes().all(is_version_byte);
    if !valid || contains(MOVING, text) || is_environment(text) {
        return None;
    }
    let shouted = text.bytes().all(|byte| byte.is_ascii_uppercase() || b"_-.".contains(&byte));
    let moving = text.split(['-', '_']).any(|word| word.eq_ignore_ascii_case("latest"));
    (!shouted && !moving).then(|| text.to_owned())
}

fn plain_digest(text: &str) -> Option<String> {
    let (algorithm, hexadecimal) = text.split_once(':')?;
    let valid = matches!(algorithm, "sha256" | "sha384" | "sha512")
        && hexadecimal.len() >= 32
        && hexadecimal.bytes().all(|byte| byte.is_ascii_hexdigit());
    valid.then(|| text.to_owned())
}

fn is_version_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"_.+-".contains(&byte)
}

#[cfg(test)]
mod tests {
    use super::*;

    const DIGEST: &str = "sha256:24a0c4b4a4c0eb97a1aabb8e29f18e917d05abfe1b7a7c07857230879ce7d3d3";

    #[test]
    fn a_tag_stays_as_it_is_written() {
        for tag in ["v1796", "1.10", "2024-11-01.3", "main-3f2a1bc", "release_12", "feature-login", "1.2.3+build.5"] {
            assert_eq!(of_tag(tag).as_deref(), Some(tag));
        }
    }

    #[test]
    fn what_moves_or_stands_in_is_no_version() {
        for text in [
            "",
            "latest",
            "LATEST",
            "main-latest",
            "{{ .Values.tag }}",
            "${TAG}",
            "$(TAG)",
            "<tag>",
            "%TAG%",
            "__TAG__",
            "IMAGE_TAG",
            "production",
            "null",
            "v1 v2",
            "main",
            "*",
            "CHANGE_ME",
            "latest@",
            ":",
        ] {
            assert_eq!(of_tag(text), None, "{text}");
            assert_eq!(of_revision(text), None, "{text}");
        }
    }

    #[test]
    fn a_digest_is_the_version_where_no_tag_is() {
        assert_eq!(of_tag(&format!("v1@{DIGEST}")).as_deref(), Some("v1"));
        assert_eq!(of_tag(&format!("latest@{DIGEST}")).as_deref(), Some(DIGEST));
        assert_eq!(of_tag(&format!("@{DIGEST}")).as_deref(), Some(DIGEST));
        assert_eq!(of_tag(DIGEST).as_deref(), Some(DIGEST));
        assert_eq!(of_tag(&format!("ghcr.io/acme/web:v2@{DIGEST}")).as_deref(), Some("v2"));
    }

    #[test]
    fn an_image_has_a_name_and_a_version() {
        let check = |text: &str, name: Option<&str>, version: Option<&str>| {
            let expected = Image { name: name.map(str::to_owned), version: version.map(str::to_owned) };
            assert_eq!(image(text), expected, "{text}");
        };
        check("localhost:5000/acme/frontend:v1", Some("frontend"), Some("v1"));
        check("localhost:5000/acme/frontend", Some("frontend"), None);
        check(&format!("frontend:latest@{DIGEST}"), Some("frontend"), Some(DIGEST));
        check("oci://ghcr.io/acme/web:1.2.3", Some("web"), Some("1.2.3"));
        check("${REGISTRY}/frontend:v3", Some("frontend"), Some("v3"));
        check("acme/{{name}}:v3", None, Some("v3"));
        check("{{ .Values.image }}:v3", None, None);
        check("", None, None);
    }

    #[test]
    fn a_revision_is_a_tag_or_commit_and_no_branch_or_range() {
        for text in ["v1.2.3", "3f2a1bc", "release-12", "deadbeef"] {
            assert_eq!(of_revision(text).as_deref(), Some(text));
        }
        assert_eq!(of_revision("refs/tags/v1").as_deref(), Some("v1"));
        for text in
            ["HEAD", "develop", "feature/v2", "1.x", "1.*", ">=1.2", "^1.2", "~1.2", "refs/heads/v1", "gh-pages"]
        {
            assert_eq!(of_revision(text), None, "{text}");
        }
    }

    #[test]
    fn lists_are_sorted() {
        assert!(MOVING.is_sorted(), "{MOVING:?}");
    }
}
