use crate::Practice;
use crate::findings::Findings;
use crate::repository::{Candidates, Repository};
use truelevel_model::Detection;

truelevel_model::declare! {
    /// Every part of the code has owners who review it
    ///
    /// A file names who owns which paths, so that the right people are asked to review: `CODEOWNERS` at the root, in
    /// `.github`, `.gitlab`, `.bitbucket` or `docs`. A file without any rule does not count. Whether their approval
    /// is required is a setting of the server that files do not show.
    pub(super) static CODE_OWNERS: Practice = {
        id: "code_owners",
        subject: "security",
        detect: detect,
        in_facts: None,
    };
}

super::pattern!(RULE = r"^[^#\s\[]\S*\s+\S*@\S+");
const PATHS: [&str; 5] = ["CODEOWNERS", ".github/CODEOWNERS", ".gitlab/CODEOWNERS", ".bitbucket/CODEOWNERS", "docs/CODEOWNERS"];

fn detect(repository: &Repository) -> Detection {
    let mut findings = Findings::new(repository);
    findings.lines(|path| PATHS.contains(&path), &RULE);
    findings.conclude(&PATHS, &[Candidates::Paths(|path| PATHS.contains(&path))])
}

#[cfg(test)]
mod tests {
    use super::CODE_OWNERS;
    use crate::test_support::check;

    #[test]
    fn a_rule_counts_and_an_empty_file_does_not() {
        check(&CODE_OWNERS, &[(".github/CODEOWNERS", "# owners\n*  @shop/team\n")], &[".github/CODEOWNERS:2:1"]);
        check(&CODE_OWNERS, &[("docs/CODEOWNERS", "* a@b.example\n")], &["docs/CODEOWNERS:1:1"]);
        check(&CODE_OWNERS, &[("CODEOWNERS", "# * @shop/team\n")], &["absent"]);
        check(&CODE_OWNERS, &[("src/CODEOWNERS", "* @shop/team\n")], &["absent"]);
    }
}
