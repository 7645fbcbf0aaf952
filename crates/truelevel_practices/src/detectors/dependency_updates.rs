use truelevel_documents::Node;

use crate::findings::Findings;
use crate::manifests::number;
use crate::paths::name;
use crate::repository::{Candidates, Repository};
use crate::{Practice, detectors::PIPELINES};
use truelevel_model::Detection;

truelevel_model::declare! {
    /// Dependency updates are proposed by a machine
    ///
    /// Dependabot or Renovate is configured and not switched off, or a scheduled job runs one. An ecosystem whose limit of
    /// open proposals is zero gets no updates and does not count.
    pub(super) static DEPENDENCY_UPDATES: Practice = {
        id: "dependency_updates",
        subject: "security",
        detect: detect,
        in_facts: None,
    };
}

super::pattern!(RUN = r"(?:^|[\s;&|(/])(?:renovate(?:-bot)?(?:\s|$)|npx renovate\b|updatecli (?:apply|compose apply)\b|scala-steward\b|(?:npx )?npm-check-updates\b|ncu -u\b|cargo update\b|pre-commit autoupdate\b)");
super::pattern!(USES = r"(?i)^(?:renovatebot/github-action|scala-steward-org/scala-steward-action|peter-evans/create-pull-request.*depend|updatecli/updatecli-action)");
super::pattern!(OFF = r#""enabled"\s*:\s*false"#);

fn detect(repository: &Repository) -> Detection {
    let mut findings = Findings::new(repository);
    for manifest in repository.manifests().filter(|manifest| is_dependabot(manifest.path)) {
        for update in manifest.node.get("updates").map_or(&[][..], Node::items) {
            let ecosystem = update.get("package-ecosystem");
            if let Some(ecosystem) = ecosystem.filter(|_| number(update.get("open-pull-requests-limit")) != Some(0)) {
                findings.place(&manifest.place(ecosystem));
            }
        }
    }
    for path in repository.own_paths().filter(|path| is_renovate(path)) {
        // Only a switch at the top level turns all of it off.
        let off = repository.text(path).is_some_and(|text| OFF.find(text.as_str()).is_some_and(|found| text.as_str()[..found.start()].matches('{').count() == 1));
        if !off {
            findings.file(path);
        }
    }
    findings.steps(Some(&RUN), Some(&USES), |job, _| job.occasions.contains(crate::pipelines::Occasion::Schedule));
    let mut looked_at = vec![".github/dependabot.yml", "renovate.json", ".renovaterc"];
    looked_at.extend(PIPELINES);
    findings.conclude(&looked_at, &[Candidates::Manifests(&["package-ecosystem"]), Candidates::Paths(is_renovate)])
}

fn is_dependabot(path: &str) -> bool {
    matches!(path, ".github/dependabot.yml" | ".github/dependabot.yaml")
}

fn is_renovate(path: &str) -> bool {
    let is_home = matches!(crate::paths::folder(path), "" | ".github" | ".gitlab");
    is_home && matches!(name(path), "renovate.json" | "renovate.json5" | ".renovaterc" | ".renovaterc.json" | ".renovaterc.json5")
}

#[cfg(test)]
mod tests {
    use super::DEPENDENCY_UPDATES;
    use crate::test_support::check;

    #[test]
    fn configured_bots_count() {
        let dependabot = |limit: u8| format!("version: 2\nupdates:\n  - package-ecosystem: npm\n    open-pull-requests-limit: {limit}\n");
        check(&DEPENDENCY_UPDATES, &[(".github/dependabot.yml", &dependabot(5))], &[".github/dependabot.yml:3:24"]);
        check(&DEPENDENCY_UPDATES, &[(".github/dependabot.yml", &dependabot(0))], &["absent"]);
    }

    #[test]
    fn a_bot_that_is_switched_off_does_not() {
        check(&DEPENDENCY_UPDATES, &[("renovate.json", "{\"extends\": [], \"packageRules\": [{\"enabled\": false}]}")], &["renovate.json"]);
        check(&DEPENDENCY_UPDATES, &[("renovate.json", "{\"enabled\": false}")], &["absent"]);
        check(&DEPENDENCY_UPDATES, &[("presets/renovate.json", "{}")], &["absent"]);
    }
}
