//! Which commits a repository's packs hold.

use gix::hash::ObjectId;
use gix::odb::pack::data::entry::Header;
use gix::odb::pack::{data, index};

/// One in so many objects is looked at to learn where the commits of a pack end.
const SAMPLED: usize = 256;
/// So many sampled objects in a row are no commits: there are none behind them.
const LONG_RUN: usize = 16;

/// The commits that stand at the front of each pack, where git writes them, in stored order. Those that lie
/// elsewhere (loose, or behind other objects) are not among them.
pub(super) fn commits_in_packs(local: &gix::Repository) -> Vec<ObjectId> {
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
    opened.flat_map(|(index, pack)| commits_at_front(&index, &pack)).collect()
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
