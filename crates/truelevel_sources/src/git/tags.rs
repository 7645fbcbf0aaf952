//! Tags, each with the commit it leads to.

use gix::bstr::ByteSlice;
use truelevel_model::{Tag, Time};

use super::{GitError, GitRepository, commit_id};

impl GitRepository {
    /// All tags that lead to commits, by name.
    pub fn tags(&self) -> Result<Vec<Tag>, GitError> {
        let local = self.local();
        let platform = local.references().map_err(|error| self.unreadable("its references", error))?;
        let references = platform.tags().map_err(|error| self.unreadable("its tags", error))?;
        let mut tags = Vec::new();
        let mut buffer = Vec::new();
        for reference in references.flatten() {
            let Some(id) = reference.target().try_id().map(ToOwned::to_owned) else { continue };
            let name = reference.name().as_bstr().to_str_lossy();
            let name = name.strip_prefix("refs/tags/").unwrap_or(&name).to_owned();
            if let Some((commit, tagged_at)) = follow(&local, id, &mut buffer) {
                tags.push(Tag { name, commit: commit_id(commit), tagged_at });
            }
        }
        tags.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(tags)
    }
}

/// Follows tag objects to a commit; the outermost one dates the tag.
fn follow(
    local: &gix::Repository,
    mut id: gix::ObjectId,
    buffer: &mut Vec<u8>,
) -> Option<(gix::ObjectId, Option<Time>)> {
    let mut tagged_at = None;
    for _ in 0..8 {
        let object = gix::objs::Find::try_find(&local.objects, &id, buffer).ok()??;
        match object.kind {
            gix::objs::Kind::Commit => return Some((id, tagged_at)),
            gix::objs::Kind::Tag => {
                let tag = gix::objs::TagRefIter::from_bytes(object.data, gix::hash::Kind::Sha1);
                if tagged_at.is_none() {
                    tagged_at = tag.tagger().ok().flatten().map(|tagger| Time::from_seconds(tagger.seconds()));
                }
                id = tag.target_id().ok()?;
            }
            gix::objs::Kind::Tree | gix::objs::Kind::Blob => return None,
        }
    }
    None
}
