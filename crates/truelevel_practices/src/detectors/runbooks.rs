use truelevel_documents::Node;

use crate::Practice;
use crate::findings::Findings;
use crate::paths::{ends_with, folder, name};
use crate::repository::{Candidates, Repository};
use truelevel_model::Detection;

truelevel_model::declare! {
    /// Runbooks say what to do
    ///
    /// Pages named runbook or playbook, in folders of that name or among the documentation, or alerts that link one
    /// (`runbook_url`).
    pub(super) static RUNBOOKS: Practice = {
        id: "runbooks",
        subject: "recover",
        detect: detect,
        in_facts: None,
    };
}

super::pattern!(NAMED = r"(?i)(?:^|[-_./ ])run[-_ ]?books?(?:[-_./ ]|$)");
const PAGES: &[&str] = &[".md", ".mdx", ".rst", ".adoc", ".txt", ".html", ".org", ".pdf"];

fn detect(repository: &Repository) -> Detection {
    let mut findings = Findings::new(repository);
    for path in repository.paths().filter(|path| ends_with(path, PAGES)) {
        if NAMED.is_match(name(path)) || NAMED.is_match(&format!("{}/", folder(path))) {
            findings.file(path);
        }
    }
    for manifest in repository.manifests() {
        for node in manifest.node.descendants() {
            if let Some(key) = ["runbook_url", "runbook"].into_iter().find(|key| node.get(key).and_then(Node::text).is_some_and(|url| url.contains('/'))) {
                findings.place(&manifest.key_place(node, key));
            }
        }
    }
    findings.conclude(&["runbooks/**", "docs/**/runbook*", "RUNBOOK.md", "annotations.runbook_url of alerts"], &[Candidates::Manifests(&["runbook"])])
}

#[cfg(test)]
mod tests {
    use super::RUNBOOKS;
    use crate::test_support::check;

    #[test]
    fn pages_and_links_count() {
        check(&RUNBOOKS, &[("docs/runbooks/database.md", ""), ("RUNBOOK.md", "")], &["RUNBOOK.md", "docs/runbooks/database.md"]);
        let rule = "groups:\n  - rules:\n      - alert: A\n        expr: up\n        annotations:\n          runbook_url: https://wiki/a\n";
        check(&RUNBOOKS, &[("rules.yml", rule)], &["rules.yml:6:11"]);
    }

    #[test]
    fn code_and_vendored_pages_do_not() {
        check(&RUNBOOKS, &[("src/runbook.rs", ""), ("vendor/a/runbook.md", ""), ("docs/running.md", "")], &["absent"]);
    }
}
