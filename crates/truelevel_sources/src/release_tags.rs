//! Release tags as a stand-in for deployments, where a repository has no deployment data.
//!
//! A release is not a deployment: everything made from it is flagged as a proxy wherever it shows.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use regex::Regex;
use truelevel_model::{
    CommitId, Deployment, DeploymentOutcome, EnvironmentId, History, RepositoryId, ServiceId, SourceId, Tag, Time,
};

/// The environment that releases go to. It counts as production, as a proxy.
pub const RELEASE_ENVIRONMENT: &str = "release";

/// A version in a tag's name: `v1.2.3`, `1.2`, `app-v1.2.3`, `app@1.2.3`, `v123`, `release-2024.05.1`, `2024-05-01`.
static RELEASE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r"(?i)^(.*[^0-9a-z.])?(?<mark>v|r|rel|release|version)?[-_./]?(\d{1,8}(?:[._-]\d+){0,4})([-+._]?[a-z].*)?$",
    )
    .expect("a constant pattern")
});

static PREVIEW: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?i)(^|[^a-z])(alpha|beta|rc|pre|preview|dev|snapshot|nightly|canary|test|m|milestone|ea|next|a|b|c)[-_.]?\d*([^a-z]|$)")
        .expect("a constant pattern")
});

/// What the tags of a repository say.
#[derive(Debug, Default)]
pub struct Releases {
    /// A deployment for every released commit, oldest first.
    pub deployments: Vec<Deployment>,
    /// What is to be known of the tags beside.
    pub notes: TagNotes,
}

/// Tags that are no releases, or not when they say.
#[derive(Debug, Default)]
pub struct TagNotes {
    /// Tags that announce a version instead of releasing it.
    pub previews: Vec<String>,
    /// Tags older than what lies before the commit they name, which cannot be: the commit's time counts.
    pub mistimed: Vec<String>,
    /// Tags left out because neither they nor their commit have a usable time.
    pub untimed: Vec<String>,
}

/// Turns release tags into deployments. A commit with several tags is released once, by the first of its names; the
/// time is the tag's own, or that of the commit where a light tag keeps none or the tag's is older than the commit's parents.
pub fn releases(repository: &RepositoryId, service: &ServiceId, tags: &[Tag], history: &History) -> Releases {
    find(repository, service, (tags, history), false)
}

/// The same with the tags that only announce a version taken for releases.
pub fn releases_with_previews(
    repository: &RepositoryId,
    service: &ServiceId,
    tags: &[Tag],
    history: &History,
) -> Vec<Deployment> {
    find(repository, service, (tags, history), true).deployments
}

fn find(
    repository: &RepositoryId,
    service: &ServiceId,
    (tags, history): (&[Tag], &History),
    takes_previews: bool,
) -> Releases {
    let mut result = Releases::default();
    let mut first_of_commit: BTreeMap<CommitId, (Time, &Tag)> = BTreeMap::new();
    // Where some tags carry the service's name, the others release something else.
    let is_own = |tag: &Tag| {
        let rest = tag.name.strip_prefix(service.as_str());
        rest.is_some_and(|rest| rest.starts_with(['-', '/', '@', '_'])) && RELEASE.is_match(&tag.name)
    };
    let has_own = tags.iter().any(is_own);
    for tag in tags.iter().filter(|tag| !has_own || is_own(tag)) {
        let Some(found) = RELEASE.captures(&tag.name) else { continue };
        // `issue-42` and `backup-20240101` end in numbers and release nothing: without a mark of a version, a name in
        // front wants a number of several parts.
        let in_front =
            found.get(1).map_or("", |front| front.as_str()).trim_end_matches(['-', '_', '/', '.']).to_lowercase();
        let is_marked = found.name("mark").is_some_and(|mark| !mark.as_str().is_empty())
            || ["release", "rel", "version"].iter().any(|mark| in_front.ends_with(mark));
        let has_parts = found[3].contains(['.', '_', '-']);
        if found.get(1).is_some() && !is_marked && !has_parts {
            continue;
        }
        let suffix = found.get(4).map_or("", |suffix| suffix.as_str());
        if !takes_previews && PREVIEW.is_match(suffix) {
            result.notes.previews.push(tag.name.clone());
            continue;
        }
        let Some(commit) = history.find(&tag.commit) else { continue };
        // Of a tag and its commit one may have had a wrong clock: the commits before tell which. Without any, the commit is
        // believed.
        let committed_at = history.committed_at(commit);
        let before = history.parents(commit).iter().map(|parent| history.committed_at(*parent)).max();
        let is_mistimed = |tagged_at: &Time| tagged_at.is_unset() || *tagged_at < before.unwrap_or(committed_at);
        let released_at = tag.tagged_at.filter(|tagged_at| !is_mistimed(tagged_at)).unwrap_or(committed_at);
        if released_at.is_unset() {
            result.notes.untimed.push(tag.name.clone());
            continue;
        }
        if tag.tagged_at.as_ref().is_some_and(is_mistimed) {
            result.notes.mistimed.push(tag.name.clone());
        }
        let known = first_of_commit.entry(tag.commit).or_insert((released_at, tag));
        if (released_at, &tag.name) < (known.0, &known.1.name) {
            *known = (released_at, tag);
        }
    }
    let mut released: Vec<(Time, &Tag)> = first_of_commit.into_values().collect();
    released.sort_by(|a, b| a.0.cmp(&b.0).then_with(|| history.find(&a.1.commit).cmp(&history.find(&b.1.commit))));
    let source = SourceId::new(format!("release_tags:{}", repository.as_str()));
    result.deployments = released
        .into_iter()
        .enumerate()
        .map(|(place, (released_at, tag))| Deployment {
            source: source.clone(),
            id: tag.name.clone(),
            service: service.clone(),
            environment: EnvironmentId::new(RELEASE_ENVIRONMENT),
            version: tag.name.clone(),
            commit: Some(tag.commit),
            started_at: None,
            finished_at: released_at,
            sequence: place as i64,
            outcome: DeploymentOutcome::Succeeded,
            is_initial_state: false,
            is_removal: false,
            initiated_by: None,
            approval_wait: None,
            strategy: None,
            aborted_automatically: None,
            observed_at: released_at,
        })
        .collect();
    result
}

#[cfg(test)]
mod tests {
    use super::*;
    use truelevel_model::Change;

    const YEAR_2020: i64 = 1_577_836_800;

    fn check(names: &[&str], released: &[&str], previews: &[&str]) {
        let commit = |at: usize| CommitId([at as u8 + 1; 20]);
        let change = |at| Change::new(commit(at), Vec::new(), Time::from_seconds(YEAR_2020 + at as i64));
        let changes = (0..names.len()).map(change);
        let history = History::from_changes(changes);
        let tags: Vec<_> = names
            .iter()
            .enumerate()
            .map(|(at, name)| Tag { name: (*name).to_owned(), commit: commit(at), tagged_at: None })
            .collect();
        let found = releases(&"app".into(), &"app".into(), &tags, &history);
        assert_eq!(found.deployments.iter().map(|d| d.version.as_str()).collect::<Vec<_>>(), released);
        assert_eq!(found.notes.previews, previews);
    }

    #[test]
    fn versions_are_releases_and_previews_are_not() {
        check(
            &[
                "v1.2.3",
                "1.0",
                "web-v2.0.1",
                "@org/app@3.1.0",
                "v123",
                "release-2024.05.1",
                "v1.2.3+build.7",
                "api/v0.3.0",
            ],
            &[
                "v1.2.3",
                "1.0",
                "web-v2.0.1",
                "@org/app@3.1.0",
                "v123",
                "release-2024.05.1",
                "v1.2.3+build.7",
                "api/v0.3.0",
            ],
            &[],
        );
        check(
            &["v2.0.0-rc.1", "v2.0.0-beta2", "v2.0.0a1", "v2.0.0.dev3", "1.0-SNAPSHOT"],
            &[],
            &["v2.0.0-rc.1", "v2.0.0-beta2", "v2.0.0a1", "v2.0.0.dev3", "1.0-SNAPSHOT"],
        );
        check(&["release-42", "release_7"], &["release-42", "release_7"], &[]);
        check(&["issue-42", "pr-17", "backup-20240101", "build-99"], &[], &[]);
        check(&["app-v1.0.0", "other-v1.0.0", "v2.0.0"], &["app-v1.0.0"], &[]);
        check(&["latest", "nightly", "before-refactoring", "deployed-to-production"], &[], &[]);
        check(&["v1.0.0-final", "v1.0.0-jre", "5.0.0.RELEASE"], &["v1.0.0-final", "v1.0.0-jre", "5.0.0.RELEASE"], &[]);
    }

    #[test]
    fn a_tag_older_than_its_commit_takes_the_time_of_the_commit() {
        let commit = |at: u8| CommitId([at; 20]);
        let at = |day: i64| Time::from_seconds(YEAR_2020 + day * 86_400);
        let change =
            |byte, parent: Option<u8>, time| Change::new(commit(byte), parent.into_iter().map(commit).collect(), time);
        let unset = Time::from_seconds(10);
        let history = History::from_changes([
            change(1, None, at(1)),
            change(2, Some(1), at(2)),
            change(3, Some(2), unset),
            change(4, Some(3), at(4)),
        ]);
        let tag = |name: &str, byte, tagged_at| Tag { name: name.to_owned(), commit: commit(byte), tagged_at };
        let tags =
            [tag("v1", 1, Some(at(1))), tag("v2", 2, Some(unset)), tag("v3", 3, None), tag("v4", 4, Some(at(5)))];
        let found = releases(&"app".into(), &"app".into(), &tags, &history);
        let released = |found: &Releases| -> Vec<(String, Time)> {
            found.deployments.iter().map(|one| (one.version.clone(), one.finished_at)).collect()
        };
        let expected = |all: &[(&str, Time)]| all.iter().map(|(tag, at)| ((*tag).to_owned(), *at)).collect::<Vec<_>>();
        assert_eq!(released(&found), expected(&[("v1", at(1)), ("v2", at(2)), ("v4", at(5))]));
        assert_eq!((found.notes.mistimed, found.notes.untimed), (vec!["v2".to_owned()], vec!["v3".to_owned()]));
        // The commit's clock was ahead: the tag is right.
        let history = History::from_changes([change(1, None, at(1)), change(2, Some(1), at(300))]);
        let found = releases(&"app".into(), &"app".into(), &[tag("v2", 2, Some(at(2)))], &history);
        assert_eq!((released(&found), found.notes.mistimed.len()), (expected(&[("v2", at(2))]), 0));
        // Nothing lies before the first commit: a tag cannot be older.
        let found = releases(&"app".into(), &"app".into(), &[tag("v1", 1, Some(at(-300)))], &history);
        assert_eq!((released(&found), found.notes.mistimed), (expected(&[("v1", at(1))]), vec!["v1".to_owned()]));
    }
}
