//! Candidates for golden paths: what an organisation keeps itself and several of its services take.
//!
//! A candidate is shown and decides nothing: which of them are meant is for the organisation to declare.

use std::collections::{BTreeMap, BTreeSet};

use truelevel_assess::platform::PlatformRules;
use truelevel_practices::shared::{SharedKind, SharedUse};

use crate::activity::{Activity, ReportedNames};
use crate::collect::{Collected, CollectedRepository};
use crate::config::GoldenPathConfig;
use crate::matching::Service;
use crate::measure::Detected;

/// How many are shown: those that most services take.
const SHOWN: usize = 10;

/// Short forms of hosts, as templates are named by.
const HOSTS: [&str; 3] = ["bb", "gh", "gl"];

/// What is owned and taken by enough services, that of most services first.
pub(super) fn candidates(
    rules: &PlatformRules,
    collected: &Collected,
    services: &[Service],
    detected: &[Detected],
    activity: &Activity,
) -> Vec<GoldenPathConfig> {
    let addresses = collected.repositories.iter().filter_map(address);
    let reported = activity.runs().iter().filter_map(|run| owner(run.repository.as_str()));
    let owners: BTreeSet<String> = addresses.chain(reported).collect();
    let mut by_repository: Vec<BTreeSet<&str>> = vec![BTreeSet::new(); collected.repositories.len()];
    for (place, found) in detected.iter().enumerate() {
        let own = found.shared.iter().flatten().filter(|used| is_own(used, &owners));
        by_repository[place].extend(own.map(|used| used.name.as_str()));
    }
    let repositories = ReportedNames::new(&collected.repositories);
    for run in activity.runs().iter().filter(|run| !run.executed_shared().is_empty()) {
        if let Some(place) = repositories.find(run.repository.as_str()) {
            let names =
                run.executed_shared().iter().map(|it| it.rsplit_once('@').map_or(it.as_str(), |(name, _)| name));
            by_repository[place].extend(names.filter(|name| is_owned(name, &owners)));
        }
    }
    let mut takers: BTreeMap<&str, u64> = BTreeMap::new();
    for name in services.iter().filter_map(|service| service.repository).flat_map(|place| &by_repository[place]) {
        *takers.entry(name).or_default() += 1;
    }
    let mut often: Vec<(&str, u64)> =
        takers.into_iter().filter(|(_, count)| *count >= rules.found_in_services).collect();
    often.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(b.0)));
    let path = |(name, _): &(&str, u64)| GoldenPathConfig {
        name: (*name).to_owned(),
        what: vec![(*name).to_owned()],
        owner: None,
        mandated_on: None,
        exceptions: Vec::new(),
    };
    often.iter().take(SHOWN).map(path).collect()
}

/// Who owns a repository, by its address.
fn address(repository: &CollectedRepository) -> Option<String> {
    owner(repository.web_address.as_ref()?)
}

/// Whether something shared is the organisation's own: what somebody else publishes is not, however many take it.
fn is_own(used: &SharedUse, owners: &BTreeSet<String>) -> bool {
    match used.kind {
        // A build server runs the libraries that were given to it.
        SharedKind::Library => true,
        SharedKind::BaseImage => {
            is_account(used.name.split('/').next().unwrap_or_default()) || is_owned(&used.name, owners)
        }
        SharedKind::Module | SharedKind::Template | SharedKind::Workflow => is_owned(&used.name, owners),
        // A single step is no way to deliver, whoever keeps it.
        SharedKind::Action => false,
    }
}

/// Whether a registry of images is that of one account, which nobody else writes to.
fn is_account(registry: &str) -> bool {
    registry.contains(".dkr.ecr.") || registry.ends_with(".azurecr.io")
}

fn is_owned(name: &str, owners: &BTreeSet<String>) -> bool {
    owner(name).is_some_and(|owner| owners.contains(&owner))
}

/// Who a name or an address says owns something: what comes first after the host. None where nothing comes after it.
fn owner(name: &str) -> Option<String> {
    let name = name.split_once("://").map_or(name, |(_, rest)| rest);
    let mut parts = name.split(['/', ':', ' ']).filter(|part| !part.is_empty());
    let first = parts.next()?;
    let owner = if first.contains('.') || HOSTS.contains(&first) { parts.next()? } else { first };
    parts.next().map(|_| owner.to_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(kind: SharedKind, name: &str, expected: bool) {
        let owners = BTreeSet::from(["alphagov".to_owned()]);
        let used = SharedUse { kind, name: name.to_owned(), version: None };
        assert_eq!(is_own(&used, &owners), expected, "{name}");
    }

    #[test]
    fn what_others_publish_is_no_candidate_however_it_is_taken() {
        for name in ["actions/checkout", "ruby/setup-ruby", "alphagov/ci/.github/actions/setup"] {
            check(SharedKind::Action, name, false);
        }
        check(SharedKind::Workflow, "slsa-framework/slsa-github-generator/.github/workflows/go.yml", false);
        check(SharedKind::Workflow, "docker-compose", false);
        check(SharedKind::Workflow, "alphagov-tools/ci/.github/workflows/go.yml", false);
        check(SharedKind::Workflow, "circleci/node", false);
        check(SharedKind::Workflow, "the configuration that `setup` makes", false);
        check(SharedKind::Module, "terraform-aws-modules/vpc/aws", false);
        check(SharedKind::Template, "github.com/cookiecutter/cookiecutter-django", false);
        for image in [
            "ruby",
            "library/ruby",
            "docker.io/library/ruby",
            "ghcr.io/other/alphagov",
            "registry.access.redhat.com/ubi9",
        ] {
            check(SharedKind::BaseImage, image, false);
        }
    }

    #[test]
    fn what_the_organisation_keeps_is_one() {
        check(SharedKind::Workflow, "alphagov/govuk-infrastructure/.github/workflows/deploy.yml", true);
        check(SharedKind::Workflow, "AlphaGov/ci /deploy.yml", true);
        check(SharedKind::Workflow, "https://gitlab.com/alphagov/ci/-/raw/main/deploy.yml", true);
        check(SharedKind::Module, "app.terraform.io/alphagov/vpc/aws", true);
        check(SharedKind::Template, "gl:alphagov/start", true);
        check(SharedKind::BaseImage, "ghcr.io/alphagov/govuk-ruby-base", true);
        check(SharedKind::BaseImage, "172025368201.dkr.ecr.eu-west-1.amazonaws.com/base", true);
        check(SharedKind::Library, "the library step `deployService`", true);
    }

    #[test]
    fn owners_stand_behind_the_host() {
        let owner = |name| owner(name).unwrap_or_default();
        assert_eq!(owner("https://github.com/alphagov/frontend"), "alphagov");
        assert_eq!(owner("https://gitlab.com/corp/platform/web"), "corp");
        assert_eq!(owner("https://dev.azure.com/corp/shop/_git/web"), "corp");
        assert_eq!((owner("frontend"), owner("https://example.org/frontend")), (String::new(), String::new()));
    }
}
