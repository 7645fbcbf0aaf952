//! What the packs of a repository say directly: which commits they hold, and how each begins.

use gix::hash::ObjectId;
use gix::odb::pack::data::entry::Header;
use gix::odb::pack::{data, index};
use gix::zlib::Inflate;

/// One in so many objects is looked at to learn where the commits of a pack end.
const SAMPLED: usize = 256;
/// So many sampled objects in a row are no commits: there are none behind them.
const LONG_RUN: usize = 16;

/// The packs of a repository and of those that it borrows from.
pub(crate) struct Packs(Vec<(index::File, data::File)>);

impl Packs {
    /// Those that can be opened.
    pub(super) fn open(local: &gix::Repository) -> Self {
        let store = local.objects.store_ref();
        let alternates = store.alternate_db_paths().unwrap_or_default();
        let folders = alternates.into_iter().chain([store.path().to_owned()]);
        let files = folders.filter_map(|folder| std::fs::read_dir(folder.join("pack")).ok()).flatten().flatten();
        let mut indices: Vec<_> = files.map(|file| file.path()).collect();
        indices.retain(|path| path.extension().is_some_and(|extension| extension == "idx"));
        indices.sort();
        let opened = indices.iter().filter_map(|path| {
            let index = index::File::at(path, local.object_hash()).ok()?;
            Some((index, data::File::at(path.with_extension("pack"), local.object_hash()).ok()?))
        });
        Self(opened.collect())
    }

    /// The commits that stand at the front of each pack, where git writes them, in stored order. Those that lie
    /// elsewhere (loose, or behind other objects) are not among them.
    pub(super) fn commits(&self) -> Vec<ObjectId> {
        self.0.iter().flat_map(|(index, pack)| commits_at_front(index, pack)).collect()
    }
}

/// Enough of a commit for a merge by people with long names.
const HEAD_BYTES: usize = 384;

/// Reads how commits begin: their tree, parents, author and committer. Behind these stand most often a signature, which
/// costs more to inflate than all of them, and the message.
pub(crate) struct CommitHeads<'a> {
    packs: &'a Packs,
    inflate: Inflate,
    buffer: [u8; HEAD_BYTES],
}

impl<'a> CommitHeads<'a> {
    pub(crate) fn new(packs: &'a Packs) -> Self {
        Self { packs, inflate: Inflate::default(), buffer: [0; HEAD_BYTES] }
    }

    /// The first bytes of a commit that is stored whole in a pack. Absent for any other, and where they cannot be read;
    /// whoever needs to know why opens the object.
    pub(crate) fn of(&mut self, id: &ObjectId) -> Option<&[u8]> {
        let (pack, offset) = self.packs.0.iter().find_map(|(index, pack)| {
            let entry = index.lookup(id)?;
            Some((pack, index.pack_offset_at_index(entry)))
        })?;
        let entry = pack.entry(offset).ok()?;
        if !matches!(entry.header, Header::Commit) {
            return None;
        }
        let end = pack.pack_end() as u64;
        // Nothing grows by being compressed, but for a few bytes.
        let stored = pack.entry_slice(entry.data_offset..end.min(entry.data_offset + HEAD_BYTES as u64 + 64))?;
        self.inflate.reset();
        let (_, _, length) = self.inflate.prefix(stored, &mut self.buffer).ok()?;
        Some(&self.buffer[..length])
    }
}

fn commits_at_front(index: &index::File, pack: &data::File) -> Vec<ObjectId> {
    // Ids are spread evenly, so every so-manieth is a fair sample of the pack.
    let mut sample: Vec<u64> =
        (0..index.num_objects()).step_by(SAMPLED).map(|entry| index.pack_offset_at_index(entry)).collect();
    sample.sort_unstable();
    let mut runs = sample.chunks(LONG_RUN);
    let end = runs.find(|run| !run.iter().any(|offset| is_commit(pack, *offset))).map_or(u64::MAX, |run| run[0]);
    let all = (0..index.num_objects()).map(|entry| (index.pack_offset_at_index(entry), entry));
    let mut front: Vec<(u64, u32)> = all.filter(|(offset, _)| *offset < end).collect();
    front.sort_unstable();
    front.retain(|(offset, _)| is_commit(pack, *offset));
    front.into_iter().map(|(_, entry)| index.oid_at_index(entry).to_owned()).collect()
}

/// Whether a commit is stored there, whole or as a difference from another one.
fn is_commit(pack: &data::File, mut offset: u64) -> bool {
    loop {
        let Ok(entry) = pack.entry(offset) else { return false };
        match entry.header {
            Header::Commit => return true,
            Header::OfsDelta { base_distance } => match entry.checked_base_pack_offset(base_distance) {
                Some(base) if base < offset => offset = base,
                _ => return false,
            },
            Header::Tree | Header::Blob | Header::Tag | Header::RefDelta { .. } => return false,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::process::Command;

    use super::*;

    fn git(folder: &Path, arguments: &[&str]) -> String {
        let output = Command::new("git")
            .args(["-c", "user.name=Ada", "-c", "user.email=ada@example.com", "-c", "core.fsync=none"])
            .args(arguments)
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .current_dir(folder)
            .output()
            .expect("git is needed for these tests");
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    /// A repository of so many commits, each with a long message that is nearly the one before and a file of its own.
    fn repository(commits: usize) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        git(folder.path(), &["init", "-q", "-b", "main"]);
        let stream: String = (1..=commits)
            .map(|number| {
                let message = format!("Step {number} of a long way.\n{}", "The same words every time.\n".repeat(30));
                format!(
                    "commit refs/heads/main\ncommitter Ada <ada@example.com> {} +0000\ndata {}\n{message}\n\
                     M 100644 inline file{number}\ndata {}\n{number}\n\n",
                    1_767_225_600 + number,
                    message.len(),
                    number.to_string().len() + 1,
                )
            })
            .collect();
        std::fs::write(folder.path().join("stream"), stream).unwrap();
        let input = std::fs::File::open(folder.path().join("stream")).unwrap();
        let imported = Command::new("git").args(["fast-import", "--quiet"]).current_dir(&folder).stdin(input).status();
        assert!(imported.unwrap().success());
        folder
    }

    fn opened(folder: &Path) -> gix::Repository {
        gix::open_opts(folder, gix::open::Options::isolated()).unwrap()
    }

    /// What is found, next to what git lists, both sorted.
    fn both(folder: &Path) -> (Vec<String>, Vec<String>) {
        let mut ours: Vec<String> = Packs::open(&opened(folder)).commits().iter().map(ToString::to_string).collect();
        let mut listed: Vec<String> = git(folder, &["rev-list", "--all"]).lines().map(str::to_owned).collect();
        ours.sort();
        listed.sort();
        (ours, listed)
    }

    #[test]
    fn commits_of_a_pack_are_those_that_git_lists_whole_or_as_differences() {
        let folder = repository(1200);
        git(folder.path(), &["repack", "-adfq", "--depth=50", "--window=50"]);
        let packs = std::fs::read_dir(folder.path().join(".git/objects/pack")).unwrap().flatten();
        let pack = packs.map(|file| file.path()).find(|path| path.extension().is_some_and(|it| it == "idx")).unwrap();
        let stored = git(folder.path(), &["verify-pack", "-v", pack.to_str().unwrap()]);
        // Seven columns: the last two are the depth and the object that this one is a difference from.
        let is_difference = |line: &str| line.contains(" commit ") && line.split_whitespace().count() == 7;
        assert!(stored.lines().any(is_difference), "no commit is stored as a difference");
        let (ours, listed) = both(folder.path());
        assert!(listed.len() == 1200 && ours == listed, "{} of {}", ours.len(), listed.len());
        let packs = Packs::open(&opened(folder.path()));
        let mut heads = CommitHeads::new(&packs);
        let mut whole = 0;
        for id in &listed {
            let Some(head) = heads.of(&ObjectId::from_hex(id.as_bytes()).unwrap()) else { continue };
            let printed = git(folder.path(), &["cat-file", "commit", id]);
            assert!(head.len() == HEAD_BYTES && printed.as_bytes().starts_with(head), "{id}");
            whole += 1;
        }
        let differences = stored.lines().filter(|line| is_difference(line)).count();
        assert_eq!(whole + differences, listed.len(), "every commit that is stored whole has a beginning");
    }

    #[test]
    fn commits_of_several_packs_and_of_borrowed_ones_are_found() {
        let folder = repository(20);
        git(folder.path(), &["repack", "-adq"]);
        git(folder.path(), &["commit", "-q", "--allow-empty", "-m", "one more"]);
        git(folder.path(), &["repack", "-dq"]);
        let (ours, listed) = both(folder.path());
        assert!(listed.len() == 21 && ours == listed, "{ours:?}");
        let borrowing = tempfile::tempdir().unwrap();
        let from = folder.path().to_str().unwrap();
        git(borrowing.path(), &["clone", "-q", "--bare", "--shared", from, "copy"]);
        let copy = borrowing.path().join("copy");
        assert_eq!(both(&copy), (listed.clone(), listed));
    }

    #[test]
    fn without_packs_nothing_is_found() {
        let folder = tempfile::tempdir().unwrap();
        git(folder.path(), &["init", "-q"]);
        git(folder.path(), &["commit", "-q", "--allow-empty", "-m", "loose"]);
        let (ours, listed) = both(folder.path());
        assert!(ours.is_empty() && listed.len() == 1);
    }
}
