//! Addresses of files on forges, pinned to a commit, so that a reader sees what was judged.

use truelevel_model::{CommitId, in_address};

/// The address of a file, at a line where there is one. A forge that is not known by its host is taken for one that
/// writes addresses as GitHub does, which most do.
pub(crate) fn file(repository: &str, commit: CommitId, path: &str, line: Option<u32>) -> String {
    let host = repository.split("://").nth(1).unwrap_or(repository).split('/').next().unwrap_or_default();
    let is_on = |name: &str| host.split('.').any(|part| part == name);
    let path = in_address(path);
    let at = |prefix: &str| line.map(|line| format!("{prefix}{line}")).unwrap_or_default();
    match () {
        () if is_on("gitlab") => format!("{repository}/-/blob/{commit}/{path}{}", at("#L")),
        () if is_on("bitbucket") => format!("{repository}/src/{commit}/{path}{}", at("#lines-")),
        () if is_on("codeberg") || is_on("gitea") || is_on("forgejo") => {
            format!("{repository}/src/commit/{commit}/{path}{}", at("#L"))
        }
        () if host == "dev.azure.com" || is_on("visualstudio") => {
            let place = line.map(|line| format!("&line={line}&lineEnd={}&lineStartColumn=1&lineEndColumn=1", line + 1));
            format!("{repository}?path=/{path}&version=GC{commit}{}", place.unwrap_or_default())
        }
        () => format!("{repository}/blob/{commit}/{path}{}", at("#L")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(repository: &str, expected: &str) {
        let commit = CommitId([0xab; 20]);
        let found = file(repository, commit, "a b/#1?.yml", Some(7)).replace(&commit.to_string(), "ID");
        assert_eq!(found, expected);
    }

    #[test]
    fn each_forge_has_its_own_way_to_a_line() {
        check("https://github.com/o/r", "https://github.com/o/r/blob/ID/a%20b/%231%3F.yml#L7");
        check("https://gitlab.example.org/g/r", "https://gitlab.example.org/g/r/-/blob/ID/a%20b/%231%3F.yml#L7");
        check("https://bitbucket.org/o/r", "https://bitbucket.org/o/r/src/ID/a%20b/%231%3F.yml#lines-7");
        check("https://codeberg.org/o/r", "https://codeberg.org/o/r/src/commit/ID/a%20b/%231%3F.yml#L7");
        check(
            "https://dev.azure.com/o/p/_git/r",
            "https://dev.azure.com/o/p/_git/r?path=/a%20b/%231%3F.yml&version=GCID&line=7&lineEnd=8&lineStartColumn=1&lineEndColumn=1",
        );
        check("https://git.example.org/o/r", "https://git.example.org/o/r/blob/ID/a%20b/%231%3F.yml#L7");
    }
}
