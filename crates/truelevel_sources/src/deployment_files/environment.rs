//! Which environment a name or a path speaks of.
//!
//! People write environments as a directory (`overlays/production`), as a part of a file's name
//! (`values-prod.yaml`, `frontend.prod.yaml`) or as a part of a cluster's name (`prod-eu-west-1`). Words that are
//! also common in names of services (`live-chat`, `test-runner`) count as a whole name or at its end only. A directory
//! right below one such as `environments` is an environment whatever its name, unless the path names another. A segment
//! that is a region and nothing else (`eu-west-1/production/web`) belongs to the environment: what runs in one region runs
//! beside what runs in another.

use std::ops::Range;

use super::file::stem;
use super::service::{is_generic, nameable};

/// An environment that a path names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Environment {
    /// As written, with the regions that belong to it: `production`, `prod-eu-west-1`, `eu-west-1/production`.
    pub name: String,
    /// The segment of the path that names it, from 0.
    pub segment_index: usize,
}

/// A name that holds an environment.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Split<'a> {
    /// The environment, with the region that belongs to it.
    pub(super) environment: &'a str,
    /// What is left of the name; empty where the whole name is the environment.
    pub(super) rest: String,
    certainty: Certainty,
}

/// How surely a segment names the environment of a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Certainty {
    Place,
    AmbiguousPart,
    Part,
    Whole,
    PartBelowItsKind,
    WholeBelowItsKind,
}

/// Words that speak of an environment wherever they stand. Sorted.
const CLEAR: &[&str] = &[
    "aat",
    "dev",
    "development",
    "ithc",
    "nonprod",
    "nonproduction",
    "notprod",
    "perftest",
    "prd",
    "preprod",
    "preproduction",
    "prod",
    "production",
    "qa",
    "sbox",
    "staging",
    "stg",
    "uat",
];

/// Words that may as well be a part of a service's name. Sorted.
const AMBIGUOUS: &[&str] = &[
    "acc",
    "acceptance",
    "demo",
    "int",
    "integration",
    "live",
    "local",
    "nft",
    "oat",
    "perf",
    "performance",
    "preview",
    "sandbox",
    "sbx",
    "sit",
    "stage",
    "test",
    "testing",
    "training",
];

/// Words for production. Sorted.
const PRODUCTION: &[&str] = &["live", "prd", "prod", "production"];

/// Words that, standing before one for production, turn it around. Sorted.
const NEGATIONS: &[&str] = &["non", "not", "pre"];

/// Words of regions, zones and colours, which belong to the environment beside them. Sorted.
const REGIONS: &[&str] = &[
    "af",
    "ap",
    "apac",
    "asia",
    "au",
    "australia",
    "aws",
    "azure",
    "blue",
    "br",
    "brazil",
    "ca",
    "canada",
    "central",
    "centralus",
    "cn",
    "de",
    "east",
    "eastus",
    "emea",
    "eu",
    "euc",
    "europe",
    "euw",
    "france",
    "gcp",
    "germany",
    "global",
    "gov",
    "green",
    "in",
    "india",
    "japan",
    "jp",
    "me",
    "neu",
    "north",
    "northeast",
    "northeurope",
    "northwest",
    "primary",
    "sa",
    "secondary",
    "south",
    "southeast",
    "southwest",
    "uk",
    "us",
    "usc",
    "use",
    "usw",
    "west",
    "westeurope",
    "westus",
    "weu",
];

/// Directories whose children may be environments. Sorted.
const KINDS: &[&str] = &[
    "cluster",
    "clusters",
    "env",
    "environment",
    "environments",
    "envs",
    "image-tags",
    "image_tags",
    "overlay",
    "overlays",
    "stages",
    "tags",
    "tiers",
    "versions",
];

/// Directories whose children are environments, known or not. Sorted.
const ENVIRONMENT_DIRECTORIES: &[&str] = &["env", "environment", "environments", "envs", "overlay", "overlays"];

/// The environment that a path names: a whole segment before a part of one, one below a directory such as
/// `environments` before others, and then the deepest.
pub fn environment_of_path(path: &str) -> Option<Environment> {
    let last = path.matches('/').count();
    let mut best: Option<(Certainty, Environment)> = None;
    let mut previous = "";
    for (segment_index, segment) in path.split('/').enumerate() {
        let text = if segment_index == last { stem(segment) } else { segment };
        if let Some(split) = split_environment(text) {
            let certainty = match (split.certainty, contains(KINDS, previous)) {
                (Certainty::Whole, true) => Certainty::WholeBelowItsKind,
                (_, true) => Certainty::PartBelowItsKind,
                (certainty, false) => certainty,
            };
            if best.as_ref().is_none_or(|(known, _)| certainty >= *known) {
                best = Some((certainty, Environment { name: split.environment.to_owned(), segment_index }));
            }
        }
        let unknown = best.is_none() && segment_index < last && contains(ENVIRONMENT_DIRECTORIES, previous);
        if unknown && nameable(segment).is_some() {
            best = Some((Certainty::Place, Environment { name: segment.to_owned(), segment_index }));
        }
        previous = segment;
    }
    let (_, environment) = best?;
    let named = |(index, segment)| {
        let text = if index == last { stem(segment) } else { segment };
        if index == environment.segment_index {
            Some(environment.name.as_str())
        } else {
            words(text).any(|word| contains(REGIONS, &text[word])).then_some(text).filter(|text| is_region(text))
        }
    };
    let name = path.split('/').enumerate().filter_map(named).collect::<Vec<_>>().join("/");
    Some(Environment { name, ..environment })
}

/// Whether a name is one of production: the classifier of `reference/evidence.md` §3.1, except that its words
/// count as whole words on both sides, so that `devops-prod` is production and `products` is not.
///
/// ```
/// use truelevel_sources::deployment_files::is_production;
/// assert!(is_production("prod-eu-west-1") && is_production("Live"));
/// assert!(!is_production("pre-prod") && !is_production("nonprod") && !is_production("live-test"));
/// ```
pub fn is_production(environment: &str) -> bool {
    let words: Vec<&str> = words(environment).map(|range| &environment[range]).collect();
    let mut production = false;
    for (index, word) in words.iter().enumerate() {
        if contains(PRODUCTION, word) {
            if index > 0 && contains(NEGATIONS, words[index - 1]) {
                return false;
            }
            production = true;
        } else if contains(CLEAR, word) || contains(AMBIGUOUS, word) {
            return false;
        }
    }
    production
}

/// Whether the whole text is the name of an environment.
pub(super) fn is_environment(text: &str) -> bool {
    split_environment(text).is_some_and(|split| split.rest.is_empty())
}

/// Whether the text is a region or a number, and so names neither a service nor an environment.
pub(super) fn is_region(text: &str) -> bool {
    words(text).all(|range| is_region_word(&text[range]))
}

/// The name without the region that it ends with: `web-eu-west-1` is `web`. Absent where it ends with none, or is one.
///
/// ```
/// use truelevel_sources::deployment_files::without_region;
/// assert_eq!(without_region("web-eu-west-1"), Some("web"));
/// assert_eq!((without_region("web-2"), without_region("eu")), (None, None));
/// ```
pub fn without_region(name: &str) -> Option<&str> {
    let words: Vec<Range<usize>> = words(name).collect();
    let word = |range: &Range<usize>| &name[range.clone()];
    let regions = words.iter().rev().take_while(|range| is_region_word(word(range))).count();
    let (rest, region) = words.split_at(words.len() - regions);
    let is_named = region.iter().any(|range| contains(REGIONS, word(range)));
    rest.last().filter(|_| is_named).map(|last| &name[..last.end])
}

/// Takes the environment out of a name such as `frontend-prod-eu`; the last one where there are several.
pub(super) fn split_environment(text: &str) -> Option<Split<'_>> {
    let words: Vec<Range<usize>> = words(text).collect();
    (0..words.len()).rev().find_map(|index| split_at(text, &words, index))
}

fn split_at<'a>(text: &'a str, words: &[Range<usize>], index: usize) -> Option<Split<'a>> {
    let word = |index: usize| &text[words[index].clone()];
    let clear = contains(CLEAR, word(index));
    if !clear && !contains(AMBIGUOUS, word(index)) {
        return None;
    }
    let mut first = index;
    if first > 0 && contains(PRODUCTION, word(index)) && contains(NEGATIONS, word(first - 1)) {
        first -= 1;
    }
    let regions_before = (0..first).rev().take_while(|&before| is_region_word(word(before))).count();
    let named = (first - regions_before..first).any(|before| contains(REGIONS, word(before)));
    if named || regions_before == first {
        first -= regions_before;
    }
    let last = index + (index + 1..words.len()).take_while(|&after| is_region_word(word(after))).count();
    if !clear && last + 1 < words.len() {
        return None;
    }
    let separator = |c: char| !c.is_alphanumeric();
    let before = text[..words[first].start].trim_matches(separator);
    let after = text[words[last].end..].trim_matches(separator);
    let rest = match (before, after) {
        ("", rest) | (rest, "") => rest.to_owned(),
        (before, after) => format!("{before}-{after}"),
    };
    let certainty = match (rest.is_empty() || is_generic(&rest), clear) {
        (true, _) => Certainty::Whole,
        (false, true) => Certainty::Part,
        (false, false) => Certainty::AmbiguousPart,
    };
    Some(Split { environment: &text[words[first].start..words[last].end], rest, certainty })
}

/// The words of a name: runs of letters or of digits; a capital after a small letter begins a new one.
pub(super) fn words(text: &str) -> impl Iterator<Item = Range<usize>> {
    let mut characters = text.char_indices().peekable();
    std::iter::from_fn(move || {
        let (start, first) = characters.by_ref().find(|(_, c)| c.is_alphanumeric())?;
        let mut end = start + first.len_utf8();
        let mut previous = first;
        while let Some(&(at, next)) = characters.peek() {
            let same = next.is_alphanumeric() && next.is_numeric() == first.is_numeric();
            if !same || (previous.is_lowercase() && next.is_uppercase()) {
                break;
            }
            end = at + next.len_utf8();
            previous = next;
            characters.next();
        }
        Some(start..end)
    })
}

fn is_region_word(word: &str) -> bool {
    word.len() <= 3 && word.bytes().all(|byte| byte.is_ascii_digit())
        || matches!(word, "a" | "b" | "c")
        || contains(REGIONS, word)
}

/// Whether a sorted list of lower-case words holds one, whatever its case.
pub(super) fn contains(list: &[&str], word: &str) -> bool {
    let lower = |text: &'_ str| text.bytes().map(|byte| byte.to_ascii_lowercase()).collect::<Vec<_>>();
    if word.bytes().any(|byte| byte.is_ascii_uppercase()) {
        let word = lower(word);
        return list.binary_search_by(|known| known.as_bytes().cmp(&word)).is_ok();
    }
    list.binary_search(&word).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(path: &str, expected: Option<(&str, usize)>) {
        let found = environment_of_path(path);
        let found = found.as_ref().map(|found| (found.name.as_str(), found.segment_index));
        assert_eq!(found, expected, "{path}");
    }

    #[test]
    fn a_directory_names_the_environment() {
        check("charts/app-config/image-tags/production/frontend", Some(("production", 3)));
        check("clusters/prod-eu/apps/frontend/release.yaml", Some(("prod-eu", 1)));
        check("envs/production/values.yaml", Some(("production", 1)));
        check("apps/frontend/overlays/prod/kustomization.yaml", Some(("prod", 3)));
        check("infrastructure/pre-prod/frontend.yaml", Some(("pre-prod", 1)));
        check("eu-west-1-prod/frontend/values.yaml", Some(("eu-west-1-prod", 0)));
        check("live/eu/staging/frontend/values.yaml", Some(("eu/staging", 2)));
    }

    #[test]
    fn a_region_beside_the_environment_belongs_to_it() {
        check("clusters/eu-west-1/production/web/values.yaml", Some(("eu-west-1/production", 2)));
        check("production/us-east-1/web/image.yaml", Some(("production/us-east-1", 0)));
        check("eu/prod/web.yaml", Some(("eu/prod", 1)));
        check("apps/web/production/eu.yaml", Some(("production/eu", 2)));
        check("eu/web/values-prod.yaml", Some(("eu/prod", 2)));
        check("envs/eu-west-1/web/values.yaml", Some(("eu-west-1", 1)));
        check("production/eu-gateway/values.yaml", Some(("production", 0)));
        check("production/2/web.yaml", Some(("production", 0)));
        assert!(is_production("eu-west-1/production") && !is_production("eu/staging"));
    }

    #[test]
    fn a_file_name_names_the_environment() {
        check("frontend/values-production.yaml", Some(("production", 1)));
        check("frontend/values-prod-eu-west-1.yaml", Some(("prod-eu-west-1", 1)));
        check("apps/frontend.prod.yaml", Some(("prod", 1)));
        check("frontend/production.yaml", Some(("production", 1)));
        check("frontend/valuesProd.yaml", Some(("Prod", 1)));
        check("frontend/.env.production", Some(("production", 1)));
        check("apps/frontend-staging-2.yaml", Some(("staging-2", 1)));
    }

    #[test]
    fn a_name_of_a_service_is_no_environment() {
        check("apps/live-chat/values.yaml", None);
        check("apps/products/values.yaml", None);
        check("apps/test-runner/values.yaml", None);
        check("apps/frontend/base/deployment.yaml", None);
        check("", None);
    }

    #[test]
    fn a_directory_below_environments_is_one_whatever_its_name() {
        check("envs/load-gpu/version.yml", Some(("load-gpu", 1)));
        check("envs/acme/prod/version.yml", Some(("prod", 2)));
        check("apps/frontend/overlays/cluster-one/kustomization.yaml", Some(("cluster-one", 3)));
        check("envs/base/version.yml", None);
        check("environments/frontend.yaml", None);
    }

    #[test]
    fn a_whole_segment_below_its_kind_wins_over_a_part_of_a_deeper_one() {
        check("environments/production/integration/values.yaml", Some(("production", 1)));
        check("overlays/staging/test-app/frontend-prod.yaml", Some(("staging", 1)));
        check("production/dev-portal/values.yaml", Some(("production", 0)));
        check("image-tags/production/test", Some(("production", 1)));
    }

    #[test]
    fn production_is_told_from_what_resembles_it() {
        for name in ["production", "prod", "PRD", "live", "prod-eu", "prod1", "eu_prod", "devops-prod", "frontend-live"]
        {
            assert!(is_production(name), "{name}");
        }
        for name in [
            "preprod",
            "pre-prod",
            "non_production",
            "nonprod",
            "staging",
            "qa",
            "prod-test",
            "uat-live",
            "products",
            "reproduction",
            "delivery",
            "dev",
            "",
            "not prod",
            "live-preview",
        ] {
            assert!(!is_production(name), "{name}");
        }
    }

    #[test]
    fn the_environment_is_taken_out_of_a_name() {
        let split = |text: &str| split_environment(text).map(|split| (split.environment.to_owned(), split.rest));
        let some = |environment: &str, rest: &str| Some((environment.to_owned(), rest.to_owned()));
        assert_eq!(split("frontend-prod-eu"), some("prod-eu", "frontend"));
        assert_eq!(split("prod-frontend"), some("prod", "frontend"));
        assert_eq!(split("frontend-eu-west-1-prod"), some("eu-west-1-prod", "frontend"));
        assert_eq!(split("service-2-prod"), some("prod", "service-2"));
        assert_eq!(split("dev-portal-prod"), some("prod", "dev-portal"));
        assert_eq!(split("a-prod-b2c"), some("a-prod-b2c", ""));
        assert_eq!(split("frontend"), None);
    }

    #[test]
    fn lists_are_sorted() {
        for list in [CLEAR, AMBIGUOUS, PRODUCTION, NEGATIONS, REGIONS, KINDS, ENVIRONMENT_DIRECTORIES] {
            assert!(list.is_sorted(), "{list:?}");
        }
    }
}
