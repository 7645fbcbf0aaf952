//! Reading all changes of a repository.
//!
//! With a commit-graph file the commits are listed from it. Without one the packs tell which objects are commits; those
//! are read ahead of the walk. Either way they are read in parallel, and each commit object is opened once.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::atomic::{AtomicU64, Ordering};

use gix::bstr::ByteSlice;
use gix::commitgraph::Graph;
use gix::hash::ObjectId;
use gix::objs::commit::ref_iter::Token;
use rayon::prelude::*;
use truelevel_model::{Change, ChangeIndex, CommitId, History, HistoryBuilder, Time};

use truelevel_model::ids::IdHash;

use super::authors::{Authors, is_assistant};
use super::commit_graph::CommitGraph;
use super::{AutomationAccounts, GitError, GitRepository, commit_id, object_id};
use crate::Progress;

/// What reading the changes brought.
#[derive(Debug)]
pub struct ChangesRead {
    /// What was known, then what is new.
    pub history: History,
    /// Whether `history` begins with what was known; not so when the history was rewritten meanwhile.
    pub goes_on: bool,
    /// Commits that are named and cannot be read, with the reason; a shallow clone's cut is not among them.
    pub damaged: Vec<(CommitId, String)>,
}

/// How the caller wants changes read.
pub struct ChangeReading<'a> {
    /// Makes the authors' hashes useless to others.
    pub salt: &'a [u8],
    /// Further accounts of automation.
    pub automation: &'a AutomationAccounts,
    /// What is known already; its commits are not read again.
    pub known: History,
    /// Whether every change is opened; otherwise those that a commit-graph file knows stay outlines.
    pub needs_details: bool,
    /// Told how many commits were read.
    pub progress: &'a dyn Progress,
}

impl GitRepository {
    /// Reads every commit that a branch or tag leads to.
    pub fn changes(&self, mut reading: ChangeReading<'_>) -> Result<ChangesRead, GitError> {
        let local = self.local();
        let graph = self.commit_graph(&local);
        let tips = self.tips(&local, graph.as_ref())?;
        let mailmap = local.open_mailmap();
        let mut history = std::mem::take(&mut reading.known);
        let (goes_on, reading) = (!history.is_empty(), &reading);
        let mut listed = Vec::new();
        if let Some(graph) = &graph {
            let graph = CommitGraph::read(graph, &tips, &history);
            if reading.needs_details {
                listed.extend(graph.commits().map(object_id));
            } else {
                graph.append_outlines(&mut history);
            }
        }
        let mut damaged = Vec::new();
        if !listed.is_empty() || tips.iter().any(|tip| history.find(&commit_id(*tip)).is_none()) {
            let mut walk = Walk::continuing(history, Authors::new(reading.salt, reading.automation, &mailmap));
            for change in self.read_in_parallel(&listed, reading, &mailmap).into_iter().flatten() {
                walk.take_listed(change);
            }
            if graph.is_none() && !goes_on {
                let stored = self.packs().commits();
                walk.ahead = ReadAhead::new(self.read_in_parallel(&stored, reading, &mailmap));
            }
            walk.read_from(&tips, &self.local_for_commits(), reading.progress);
            (history, damaged) = walk.finish();
        }
        if goes_on && reachable(&history, &tips) < history.len() {
            // The history was rewritten: what is gone must not count, so everything is read anew.
            return self.changes(ChangeReading { known: History::default(), ..*reading });
        }
        let shallow = local.shallow_commits().ok().flatten();
        let is_cut = |child: &ObjectId| shallow.as_ref().is_some_and(|cut| cut.binary_search(child).is_ok());
        let damaged = damaged.into_iter().filter(|(_, child, _)| !child.as_ref().is_some_and(is_cut));
        Ok(ChangesRead { goes_on, damaged: damaged.map(|(id, _, reason)| (commit_id(id), reason)).collect(), history })
    }

    /// The commits that branches and tags lead to. References of a forge's own (proposed changes, notes) are left out.
    fn tips(&self, local: &gix::Repository, graph: Option<&Graph>) -> Result<Vec<ObjectId>, GitError> {
        let platform = local.references().map_err(|error| self.unreadable("its references", error))?;
        let is_known_commit = |id: &ObjectId| graph.is_some_and(|graph| graph.lookup(id).is_some());
        let mut tips = Vec::new();
        for prefix in ["refs/heads/", "refs/remotes/", "refs/tags/"] {
            let references = platform.prefixed(prefix).map_err(|error| self.unreadable(prefix, error))?;
            for mut reference in references.flatten() {
                let direct = reference.target().try_id().map(ToOwned::to_owned).filter(is_known_commit);
                tips.extend(direct.or_else(|| reference.peel_to_id().ok().map(gix::Id::detach)));
            }
        }
        tips.extend(local.head_id().ok().map(gix::Id::detach));
        tips.sort_unstable();
        tips.dedup();
        let mut buffer = Vec::new();
        tips.retain(|tip| {
            is_known_commit(tip) || {
                let found = gix::objs::Find::try_find(&local.objects, tip, &mut buffer);
                !matches!(found, Ok(Some(object)) if object.kind != gix::objs::Kind::Commit)
            }
        });
        Ok(tips)
    }

    /// Opens the outlines among some changes of a history and fills them in. Answers what could not be read, whose time is
    /// then not known: the committer's would be a guess.
    pub fn complete(
        &self,
        history: &mut History,
        changes: &BTreeSet<ChangeIndex>,
        reading: &ChangeReading<'_>,
    ) -> Vec<(CommitId, String)> {
        let outlines = changes.iter().filter(|change| history.is_outline(**change));
        let ids: Vec<ObjectId> = outlines.map(|change| object_id(history.id(*change))).collect();
        let mailmap = self.local().open_mailmap();
        let mut damaged = Vec::new();
        for change in self.read_in_parallel(&ids, reading, &mailmap).into_iter().flatten() {
            match change {
                Ok(change) => history.complete(&change),
                Err((id, reason)) => {
                    history.leave_untimed(&commit_id(id));
                    damaged.push((commit_id(id), reason));
                }
            }
        }
        damaged
    }

    /// Opens commits, a batch at a time, and answers them in the order given.
    fn read_in_parallel(
        &self,
        ids: &[ObjectId],
        reading: &ChangeReading<'_>,
        mailmap: &gix::mailmap::Snapshot,
    ) -> Vec<Vec<ReadChange>> {
        const BATCH: usize = 4096;
        let done = AtomicU64::new(0);
        let total = Some(ids.len() as u64);
        let reader = || (self.local_for_commits(), Authors::new(reading.salt, reading.automation, mailmap), Vec::new());
        let batches = ids.par_chunks(BATCH).map_init(reader, |(local, authors, buffer), ids| {
            let read = |id: &ObjectId| {
                let opened = open_commit(local, *id, buffer);
                opened.and_then(|()| parse_change(*id, buffer, authors)).map_err(|reason| (*id, reason))
            };
            let changes = ids.iter().map(read).collect();
            let now = done.fetch_add(ids.len() as u64, Ordering::Relaxed) + ids.len() as u64;
            reading.progress.advance(now, total);
            changes
        });
        batches.collect()
    }
}

/// A change, or the commit that cannot be read and why.
type ReadChange = Result<Change, (ObjectId, String)>;

/// How many changes the tips lead to.
fn reachable(history: &History, tips: &[ObjectId]) -> usize {
    let mut seen = vec![false; history.len()];
    let mut pending: Vec<ChangeIndex> = tips.iter().filter_map(|tip| history.find(&commit_id(*tip))).collect();
    while let Some(change) = pending.pop() {
        if !std::mem::replace(&mut seen[change.get()], true) {
            pending.extend(history.parents(change));
        }
    }
    seen.into_iter().filter(|seen| *seen).count()
}

/// Commits that were read before the walk came by; not all of them may lie on its way.
#[derive(Default)]
struct ReadAhead {
    batches: Vec<Vec<ReadChange>>,
    /// The batch and the place in it. What could not be read is left to the walk, which knows whether it matters.
    places: HashMap<CommitId, (u32, u32), IdHash>,
}

impl ReadAhead {
    fn new(batches: Vec<Vec<ReadChange>>) -> Self {
        let mut places = HashMap::with_capacity_and_hasher(batches.iter().map(Vec::len).sum(), IdHash::default());
        for (batch, number) in batches.iter().zip(0..) {
            let read = batch.iter().zip(0..).filter_map(|(read, at)| Some((read.as_ref().ok()?.id, (number, at))));
            places.extend(read);
        }
        Self { batches, places }
    }

    fn get(&self, id: ObjectId) -> Option<&Change> {
        let (batch, at) = *self.places.get(&commit_id(id))?;
        self.batches[batch as usize][at as usize].as_ref().ok()
    }
}

/// Reads commits and follows their parents.
struct Walk<'a> {
    authors: Authors<'a>,
    seen: HashSet<ObjectId, IdHash>,
    ahead: ReadAhead,
    builder: HistoryBuilder,
    damaged: Vec<Damage>,
}

/// The commit, the one that names it, and why it cannot be read.
type Damage = (ObjectId, Option<ObjectId>, String);

impl<'a> Walk<'a> {
    fn continuing(known: History, authors: Authors<'a>) -> Self {
        Self {
            authors,
            seen: known.indices().map(|change| object_id(known.id(change))).collect(),
            ahead: ReadAhead::default(),
            builder: HistoryBuilder::continuing(known),
            damaged: Vec::new(),
        }
    }

    fn finish(self) -> (History, Vec<Damage>) {
        let Self { builder, damaged, ahead, seen, .. } = self;
        drop((ahead, seen));
        (builder.finish(), damaged)
    }

    /// Takes a commit whose parents are listed as well.
    fn take_listed(&mut self, read: ReadChange) {
        match read {
            Ok(change) => {
                self.seen.insert(object_id(change.id));
                self.builder.push(&change);
            }
            Err((id, reason)) => {
                self.seen.insert(id);
                self.damaged.push((id, None, reason));
            }
        }
    }

    /// Takes the tips and everything behind them that was not seen yet; opens what was not read ahead.
    fn read_from(&mut self, tips: &[ObjectId], local: &gix::Repository, progress: &dyn Progress) {
        let mut pending: Vec<(ObjectId, Option<ObjectId>)> = Vec::new();
        let mut buffer = Vec::new();
        let mut read = self.ahead.places.len() as u64;
        let mut follow = |id: ObjectId, named_by: Option<ObjectId>, pending: &mut Vec<_>| {
            if self.seen.insert(id) {
                pending.push((id, named_by));
            }
        };
        tips.iter().for_each(|tip| follow(*tip, None, &mut pending));
        while let Some((id, named_by)) = pending.pop() {
            if let Some(change) = self.ahead.get(id) {
                change.parents.iter().for_each(|parent| follow(object_id(*parent), Some(id), &mut pending));
                self.builder.push(change);
                continue;
            }
            match open_commit(local, id, &mut buffer) {
                Ok(()) => {
                    parents_of(&buffer).for_each(|parent| follow(parent, Some(id), &mut pending));
                    match parse_change(id, &buffer, &mut self.authors) {
                        Ok(change) => self.builder.push(&change),
                        Err(reason) => self.damaged.push((id, None, reason)),
                    }
                }
                Err(reason) => self.damaged.push((id, named_by, reason)),
            }
            read += 1;
            if read.is_multiple_of(512) {
                progress.advance(read, None);
            }
        }
    }
}

/// Fills the buffer with a commit object.
fn open_commit(local: &gix::Repository, id: ObjectId, buffer: &mut Vec<u8>) -> Result<(), String> {
    let object = gix::objs::Find::try_find(&local.objects, &id, buffer)
        .map_err(|error| super::one_line(&error))?
        .ok_or("the object is missing")?;
    if object.kind != gix::objs::Kind::Commit {
        return Err(format!("it is a {} where a commit should be", object.kind));
    }
    Ok(())
}

fn parents_of(bytes: &[u8]) -> impl Iterator<Item = ObjectId> {
    gix::objs::CommitRefIter::from_bytes(bytes, gix::hash::Kind::Sha1).parent_ids()
}

fn parse_change(id: ObjectId, bytes: &[u8], authors: &mut Authors<'_>) -> Result<Change, String> {
    let mut change = Change::new(commit_id(id), Vec::new(), Time::MIN);
    for token in gix::objs::CommitRefIter::from_bytes(bytes, gix::hash::Kind::Sha1) {
        match token.map_err(|error| super::one_line(&error))? {
            Token::Parent { id } => change.parents.push(commit_id(id)),
            Token::Author { signature } => {
                change.authored_at = Time::from_seconds(signature.seconds());
                (change.author, change.is_automation) = authors.resolve(signature);
                change.ai_assisted = is_assistant(&signature.name.to_str_lossy());
            }
            Token::Committer { signature } => change.committed_at = Time::from_seconds(signature.seconds()),
            Token::Message(message) => {
                change.reverts = reverted_commit(message);
                change.ai_assisted |= has_ai_trailer(message);
                change.issue_keys = super::issue_keys::issue_keys(message);
            }
            Token::Tree { .. } | Token::Encoding(_) | Token::ExtraHeader(_) => {}
        }
    }
    Ok(change)
}

/// The commit after the words that `git revert` writes.
fn reverted_commit(message: &[u8]) -> Option<CommitId> {
    const WORDS: &[u8] = b"This reverts commit ";
    let start = memchr::memmem::find(message, WORDS)? + WORDS.len();
    let digits = message.get(start..start + 40)?;
    digits.to_str().ok()?.parse().ok()
}

/// Trailers that AI assistants leave. They under-report: absence proves nothing.
fn has_ai_trailer(message: &[u8]) -> bool {
    if memchr::memmem::find(message, b"Generated with [Claude Code]").is_some() {
        return true;
    }
    if memchr::memmem::find(message, b"-by:").is_none() && memchr::memmem::find(message, b"-By:").is_none() {
        return false;
    }
    message.lines().any(|line| {
        let line = line.to_str_lossy();
        let trailer = ["co-authored-by:", "assisted-by:", "generated-by:"];
        let (key, account) = line.split_at_checked(line.find(':').map_or(0, |at| at + 1)).unwrap_or_default();
        trailer.contains(&key.to_lowercase().as_str()) && is_assistant(account)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reverts_and_assistants_are_read_from_messages() {
        let revert = b"Revert \"x\"\n\nThis reverts commit 0123456789abcdef0123456789abcdef01234567.\n";
        assert_eq!(reverted_commit(revert).unwrap().to_string(), "0123456789abcdef0123456789abcdef01234567");
        assert_eq!(reverted_commit(b"This reverts commit abc"), None);
        assert!(has_ai_trailer(b"x\n\nCo-Authored-By: Claude <x@y>\n"));
        assert!(has_ai_trailer(b"x\n\nAssisted-by: GitHub Copilot\n"));
        assert!(!has_ai_trailer(b"x\n\nCo-authored-by: Claude Dupont <claude@y>\nCo-authored-by: Jules Devin <d@y>\n"));
        assert!(!has_ai_trailer(b"x\n\nSigned-off-by: copilot <c@y>\nGenerated with [Swagger](x)\n"));
        assert!(!has_ai_trailer(b"talk of copilot\n\nSigned-off-by: Jane <j@y>\n"));
    }
}
