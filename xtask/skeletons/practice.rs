use crate::Practice;
use crate::findings::Findings;
use crate::repository::Repository;
use truelevel_model::Detection;

truelevel_model::declare! {
    /// The title, a sentence without a full stop
    ///
    /// What counts, file by file and tool by tool; what looks like it and does not count; and what delivery facts
    /// prove of it, if they can.
    pub(super) static SKELETON: Practice = {
        id: "skeleton",
        subject: "build",
        detect: detect,
        in_facts: None,
    };
}

const FILE: &str = "skeleton.yml";

fn detect(repository: &Repository) -> Detection {
    let mut findings = Findings::new(repository);
    for path in repository.paths().filter(|path| *path == FILE) {
        findings.file(path);
    }
    findings.conclude(&[FILE], &[])
}

#[cfg(test)]
mod tests {
    use super::{FILE, SKELETON};
    use crate::test_support::check;

    #[test]
    fn the_file_counts() {
        check(&SKELETON, &[(FILE, "")], &[FILE]);
    }

    #[test]
    fn a_file_of_another_name_does_not() {
        check(&SKELETON, &[("notes.txt", "skeleton")], &["absent"]);
    }
}
