//! From a deployed version to the commit it was built from.

use std::collections::HashMap;
use std::sync::LazyLock;

use regex::Regex;
use truelevel_model::{ChangeIndex, Deployment, History, Tag};

/// Hexadecimal runs that could be a short commit id.
static COMMIT_DIGITS: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"(?i)(?:^|[^0-9a-z])g?([0-9a-f]{7,40})(?:$|[^0-9a-z])").expect("a constant pattern"));

/// Resolves the versions of one service against its repository.
#[derive(Debug)]
pub struct VersionResolver<'a> {
    history: &'a History,
    tags: HashMap<&'a str, ChangeIndex>,
    service: &'a str,
    patterns: &'a [Regex],
}

impl<'a> VersionResolver<'a> {
    /// `patterns` are tried first; their group `tag` or `commit`, else the first group, is what is looked up.
    pub fn new(service: &'a str, history: &'a History, tags: &'a [Tag], patterns: &'a [Regex]) -> Self {
        let tags = tags.iter().filter_map(|tag| Some((tag.name.as_str(), history.find(&tag.commit)?))).collect();
        Self { history, tags, service, patterns }
    }

    /// The commit that a deployment names, or that its version leads to.
    pub fn resolve(&self, deployment: &Deployment) -> Option<ChangeIndex> {
        match deployment.commit {
            Some(commit) => self.history.find(&commit),
            None => self.resolve_version(&deployment.version),
        }
    }

    /// A version is a tag, a full or short commit id, has an id inside, or is a tag but for a usual prefix. What
    /// could mean two commits resolves to none.
    pub fn resolve_version(&self, version: &str) -> Option<ChangeIndex> {
        // A digest says what is in an image, not which commit it was built from.
        let version = version.split("@sha").next().unwrap_or(version).trim();
        let configured = self.patterns.iter().find_map(|pattern| {
            let found = pattern.captures(version)?;
            let named = found.name("tag").or_else(|| found.name("commit")).or_else(|| found.get(1))?;
            self.look_up(named.as_str())
        });
        configured.or_else(|| self.look_up(version)).or_else(|| self.commit_inside(version))
    }

    fn look_up(&self, name: &str) -> Option<ChangeIndex> {
        if let Some(tagged) = self.tags.get(name) {
            return Some(*tagged);
        }
        let is_decimal = name.bytes().all(|digit| digit.is_ascii_digit()) && name.len() < 40;
        if (7..=40).contains(&name.len()) && !is_decimal && name.bytes().all(|digit| digit.is_ascii_hexdigit()) {
            let found = self.history.find_prefix(name, 2);
            if let [only] = found[..] {
                return Some(only);
            }
        }
        let bare = name.strip_prefix('v').unwrap_or(name);
        if !bare.starts_with(|first: char| first.is_ascii_digit()) {
            return None;
        }
        let service = self.service;
        let spellings = [
            format!("v{bare}"),
            bare.to_owned(),
            format!("release-{bare}"),
            format!("release-v{bare}"),
            format!("release/{bare}"),
            format!("release/v{bare}"),
            format!("rel-{bare}"),
            format!("{service}-v{bare}"),
            format!("{service}-{bare}"),
            format!("{service}/v{bare}"),
            format!("{service}/{bare}"),
            format!("{service}@{bare}"),
        ];
        spellings.iter().find_map(|spelling| self.tags.get(spelling.as_str()).copied())
    }

    fn commit_inside(&self, version: &str) -> Option<ChangeIndex> {
        let mut meant = None;
        let mut from = 0;
        while let Some(found) = COMMIT_DIGITS.captures_at(version, from).and_then(|found| found.get(1)) {
            from = found.end();
            let digits = found.as_str();
            // A run of decimal digits is a date or a build number before it is a commit.
            if digits.bytes().all(|digit| digit.is_ascii_digit()) && digits.len() < 40 {
                continue;
            }
            if let [only] = self.history.find_prefix(digits, 2)[..] {
                if meant.is_some_and(|other| other != only) {
                    return None;
                }
                meant = Some(only);
            }
        }
        meant
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use truelevel_model::{Change, CommitId, Time};

    fn check(version: &str, expected: Option<u8>) {
        let change = |byte| Change::new(CommitId([byte; 20]), Vec::new(), Time::from_seconds(0));
        let history = History::from_changes([0x1a, 0x2b, 0x3c].map(change));
        let tag = |name: &str, byte| Tag { name: name.to_owned(), commit: CommitId([byte; 20]), tagged_at: None };
        let tags = [
            tag("v1.2.0", 0x1a),
            tag("web-v2.0.0", 0x2b),
            tag("2024.1", 0x3c),
            tag("web@3.0.0", 0x3c),
            tag("rel-4.0.0", 0x3c),
            tag("release-v5.0.0", 0x2b),
            tag("gone", 0x4d),
        ];
        let patterns = [Regex::new(r"^build-\d+-of-(?P<tag>.+)$").unwrap()];
        let resolver = VersionResolver::new("web", &history, &tags, &patterns);
        let found = resolver.resolve_version(version).map(|place| history.id(place).0[0]);
        assert_eq!(found, expected, "{version}");
    }

    #[test]
    fn versions_resolve_as_tags_ids_and_ids_inside() {
        check("v1.2.0", Some(0x1a));
        check("1.2.0", Some(0x1a));
        check("v2.0.0", Some(0x2b));
        check("v2024.1", Some(0x3c));
        check("1a1a1a1", Some(0x1a));
        check("2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b", Some(0x2b));
        check("main-3c3c3c3-20240102", Some(0x3c));
        check("1.0.0-5-g1a1a1a1a", Some(0x1a));
        check("sha-2b2b2b2", Some(0x2b));
        check("build-17-of-v1.2.0", Some(0x1a));
        check("web@3.0.0", Some(0x3c));
        check("v4.0.0", Some(0x3c));
        check("5.0.0", Some(0x2b));
        check("v1.2.0@sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", Some(0x1a));
    }

    #[test]
    fn what_leads_nowhere_or_to_two_commits_stays_unresolved() {
        check("v9.9.9", None);
        check("gone", None);
        check("latest", None);
        check("20240102", None);
        check("1a1a1a1-2b2b2b2", None);
        check("", None);
    }
}
