use crate::Practice;
use crate::findings::Findings;
use crate::paths::{ends_with, folder, name};
use crate::repository::{Candidates, Repository};
use truelevel_model::Detection;

truelevel_model::declare! {
    /// Incidents are written up
    ///
    /// Post-mortems or incident reviews are kept beside the code: pages in folders named `postmortems`, `incidents` or
    /// `incident-reviews`, or named post-mortem. A template to fill in does not count.
    pub(super) static POST_MORTEMS: Practice = {
        id: "post_mortems",
        subject: "recover",
        detect: detect,
        in_facts: None,
    };
}

super::pattern!(FOLDER = r"(?i)(?:^|/)(?:post-?_?mortems?|incidents?|incident[-_]reviews?|incident[-_]reports?|retrospectives/incidents|rca)(?:/|$)");
super::pattern!(NAMED = r"(?i)post[-_ ]?mortem|incident[-_ ](?:report|review)|\brca[-_ ]|corrections?[-_ ]of[-_ ]errors?");
super::pattern!(BLANK = r"(?i)template|readme|index|process|guide|how[-_ ]?to|policy|response|checklist|example|handbook|management");

fn detect(repository: &Repository) -> Detection {
    let mut findings = Findings::new(repository);
    for path in repository.paths().filter(|path| ends_with(path, &[".md", ".mdx", ".rst", ".adoc", ".txt", ".org", ".qmd"])) {
        if (FOLDER.is_match(folder(path)) || NAMED.is_match(name(path))) && !BLANK.is_match(name(path)) {
            findings.file(path);
        }
    }
    findings.conclude(&["postmortems/**", "docs/incidents/**", "*postmortem*.md"], &[Candidates::Paths(|_| false)])
}

#[cfg(test)]
mod tests {
    use super::POST_MORTEMS;
    use crate::test_support::check;

    #[test]
    fn written_reviews_count_and_blank_ones_do_not() {
        check(&POST_MORTEMS, &[("docs/postmortems/2026-03-02-checkout.md", "")], &["docs/postmortems/2026-03-02-checkout.md"]);
        check(&POST_MORTEMS, &[("docs/incidents/2026-03-02-checkout.qmd", "")], &["docs/incidents/2026-03-02-checkout.qmd"]);
        check(&POST_MORTEMS, &[("docs/postmortems/template.md", ""), ("docs/incident-response.md", ""), ("incidents/README.md", "")], &["absent"]);
    }
}
