//! Reading all changes of a repository.
//!
//! With a commit-graph file the commits are listed from it and read in parallel; without one every commit is read
//! to learn its parents. Either way each commit object is opened once.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::atomic::{AtomicU64, Ordering};

use gix::bstr::ByteSlice;
use gix::hash::ObjectId;
use gix::objs::commit::ref_iter::Token;
use rayon::prelude::*;
use truelevel_model::{Change, ChangeIndex, CommitId, History, HistoryBuilder, Time};

use truelevel_model::ids::IdHash;

use super::authors::Authors;
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
        let tips = self.tips(&local)?;
        let shallow = local.shallow_commits().ok().flatten();
        let mailmap = local.open_mailmap();
        let known = std::mem::take(&mut reading.known);
        let goes_on = !known.is_empty();
        let reading = &reading;
        let mut walk = Walk {
            authors: Authors::new(reading.salt, reading.automation, &mailmap),
            seen: known.indices().map(|change| object_id(known.id(change))).collect(),
            pending: Vec::new(),
            builder: HistoryBuilder::continuing(known),
            damaged: Vec::new(),
            read: 0,
        };
        match local.commit_graph_if_enabled() {
            Ok(Some(graph)) => {
                let listed = walk.list_from_graph(&graph, &tips, !reading.needs_details);
                for change in self.read_in_parallel(&listed, reading, &mailmap) {
                    match change {
                        Ok(change) => walk.builder.push(&change),
                        Err((id, reason)) => walk.damaged.push((id, None, reason)),
                    }
                }
                walk.read = listed.len() as u64;
            }
            _ => walk.pending.extend(tips.iter().copied().filter(|tip| walk.seen.insert(*tip))),
        }
        walk.read_one_by_one(self, reading.progress);
        let is_cut = |parents: &ObjectId| shallow.as_ref().is_some_and(|cut| cut.binary_search(parents).is_ok());
        let history = walk.builder.finish();
        if goes_on && reachable(&history, &tips) < history.len() {
            // The history was rewritten: what is gone must not count, so everything is read anew.
            return self.changes(ChangeReading { known: History::default(), ..*reading });
        }
        let damaged = walk.damaged.into_iter().filter(|(_, child, _)| !child.as_ref().is_some_and(is_cut));
        Ok(ChangesRead { goes_on, damaged: damaged.map(|(id, _, reason)| (commit_id(id), reason)).collect(), history })
    }

    /// The commits that branches and tags lead to. References of a forge's own (proposed changes, notes) are left out.
    fn tips(&self, local: &gix::Repository) -> Result<Vec<ObjectId>, GitError> {
        let platform = local.references().map_err(|error| self.unreadable("its references", error))?;
        let mut tips = Vec::new();
        for prefix in ["refs/heads/", "refs/remotes/", "refs/tags/"] {
            let references = platform.prefixed(prefix).map_err(|error| self.unreadable(prefix, error))?;
            for mut reference in references.flatten() {
                if let Ok(id) = reference.peel_to_id() {
                    tips.push(id.detach());
                }
            }
        }
        tips.extend(local.head_id().ok().map(gix::Id::detach));
        tips.sort_unstable();
        tips.dedup();
        let mut buffer = Vec::new();
        tips.retain(|tip| {
            let found = gix::objs::Find::try_find(&local.objects, tip, &mut buffer);
            !matches!(found, Ok(Some(object)) if object.kind != gix::objs::Kind::Commit)
        });
        Ok(tips)
    }

    /// Opens the outlines among some changes of a history and fills them in. Answers what could not be read.
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
        for change in self.read_in_parallel(&ids, reading, &mailmap) {
            match change {
                Ok(change) => history.complete(&change),
                Err((id, reason)) => damaged.push((commit_id(id), reason)),
            }
        }
        damaged
    }

    fn read_in_parallel(
        &self,
        ids: &[ObjectId],
        reading: &ChangeReading<'_>,
        mailmap: &gix::mailmap::Snapshot,
    ) -> Vec<Result<Change, (ObjectId, String)>> {
        let done = AtomicU64::new(0);
        let total = Some(ids.len() as u64);
        ids.par_chunks(4096)
            .map_init(
                || (self.local_for_commits(), Authors::new(reading.salt, reading.automation, mailmap)),
                |(local, authors), ids| {
                    let read = |id: &ObjectId| {
                        let bytes = open_commit(local, *id);
                        bytes.and_then(|bytes| parse_change(*id, &bytes, authors)).map_err(|reason| (*id, reason))
                    };
                    let changes: Vec<_> = ids.iter().map(read).collect();
                    let now = done.fetch_add(ids.len() as u64, Ordering::Relaxed) + ids.len() as u64;
                    reading.progress.advance(now, total);
                    changes
                },
            )
            .flatten_iter()
            .collect()
    }
}

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

struct Walk<'a> {
    authors: Authors<'a>,
    seen: HashSet<ObjectId, IdHash>,
    pending: Vec<ObjectId>,
    builder: HistoryBuilder,
    /// The commit, the one that names it, and why it cannot be read.
    damaged: Vec<(ObjectId, Option<ObjectId>, String)>,
    read: u64,
}

impl Walk<'_> {
    /// Lists what the commit-graph file knows of the tips' history, or takes it over as outlines; what it does not
    /// know stays pending.
    fn list_from_graph(
        &mut self,
        graph: &gix::commitgraph::Graph,
        tips: &[ObjectId],
        as_outlines: bool,
    ) -> Vec<ObjectId> {
        let mut listed = Vec::new();
        let mut visited = vec![false; graph.num_commits() as usize];
        let mut positions = Vec::new();
        let mut outside: Vec<ObjectId> = Vec::new();
        let mut visit = |position: gix::commitgraph::Position, positions: &mut Vec<_>| {
            if !std::mem::replace(&mut visited[position.0 as usize], true) {
                positions.push(position);
            }
        };
        for tip in tips {
            match graph.lookup(tip) {
                Some(position) => visit(position, &mut positions),
                None => outside.push(*tip),
            }
        }
        while let Some(position) = positions.pop() {
            let commit = graph.commit_at(position);
            if self.seen.contains(commit.id()) {
                continue;
            }
            listed.push(commit.id().to_owned());
            let parents: Vec<_> = commit.iter_parents().flatten().collect();
            for parent in &parents {
                visit(*parent, &mut positions);
            }
            if as_outlines {
                let parents = parents.iter().map(|parent| commit_id(graph.id_at(*parent).to_owned())).collect();
                let committed_at = Time::from_seconds(commit.committer_timestamp() as i64);
                self.builder.push_outline(commit_id(commit.id().to_owned()), parents, committed_at);
            }
        }
        // What the file does not know are the newest commits; from them the walk meets the file's own again.
        self.seen.extend(listed.iter().copied());
        self.pending.extend(outside.into_iter().filter(|id| self.seen.insert(*id)));
        if as_outlines { Vec::new() } else { listed }
    }

    /// Opens what is pending and everything behind it. One thread opens commits, to learn their parents; another
    /// reads the rest of them meanwhile.
    fn read_one_by_one(&mut self, repository: &GitRepository, progress: &dyn Progress) {
        const BATCH: usize = 512;
        let Self { authors, seen, pending, builder, damaged, read } = self;
        if pending.is_empty() {
            return;
        }
        let (sender, receiver) = std::sync::mpsc::sync_channel::<Vec<(ObjectId, Vec<u8>)>>(16);
        let mut named_by: HashMap<ObjectId, ObjectId, IdHash> = HashMap::default();
        let opened = std::thread::scope(|scope| {
            let opener = scope.spawn(|| {
                let local = repository.local_for_commits();
                let mut damaged = Vec::new();
                let mut batch = Vec::with_capacity(BATCH);
                while let Some(id) = pending.pop() {
                    match open_commit(&local, id) {
                        Ok(bytes) => {
                            for parent in parents_of(&bytes) {
                                if seen.insert(parent) {
                                    pending.push(parent);
                                    named_by.insert(parent, id);
                                }
                            }
                            batch.push((id, bytes));
                        }
                        Err(reason) => damaged.push((id, named_by.get(&id).copied(), reason)),
                    }
                    named_by.remove(&id);
                    if batch.len() == BATCH
                        && sender.send(std::mem::replace(&mut batch, Vec::with_capacity(BATCH))).is_err()
                    {
                        break;
                    }
                }
                // The reader goes on until the sender is gone.
                let _ = sender.send(batch);
                drop(sender);
                damaged
            });
            for batch in receiver {
                for (id, bytes) in &batch {
                    match parse_change(*id, bytes, authors) {
                        Ok(change) => builder.push(&change),
                        Err(reason) => damaged.push((*id, None, reason)),
                    }
                }
                *read += batch.len() as u64;
                progress.advance(*read, None);
            }
            opener.join()
        });
        match opened {
            Ok(missing) => damaged.extend(missing),
            Err(panic) => std::panic::resume_unwind(panic),
        }
    }
}

/// The bytes of a commit object.
fn open_commit(local: &gix::Repository, id: ObjectId) -> Result<Vec<u8>, String> {
    // Most commits are smaller than this.
    let mut bytes = Vec::with_capacity(512);
    let object = gix::objs::Find::try_find(&local.objects, &id, &mut bytes)
        .map_err(|error| super::one_line(&error))?
        .ok_or("the object is missing")?;
    if object.kind != gix::objs::Kind::Commit {
        return Err(format!("it is a {} where a commit should be", object.kind));
    }
    Ok(bytes)
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
            }
            Token::Committer { signature } => change.committed_at = Time::from_seconds(signature.seconds()),
            Token::Message(message) => {
                change.reverts = reverted_commit(message);
                change.ai_assisted = has_ai_trailer(message);
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
    const ASSISTANTS: [&str; 11] = [
        "copilot",
        "claude",
        "anthropic",
        "openai",
        "codex",
        "gemini",
        "cursor",
        "devin",
        "jules",
        "aider",
        "windsurf",
    ];
    if memchr::memmem::find(message, b"Generated with [").is_some() {
        return true;
    }
    if memchr::memmem::find(message, b"-by:").is_none() && memchr::memmem::find(message, b"-By:").is_none() {
        return false;
    }
    message.lines().any(|line| {
        let line = line.to_str_lossy().to_lowercase();
        let trailer = ["co-authored-by:", "assisted-by:", "generated-by:"];
        trailer.iter().any(|key| line.starts_with(key)) && ASSISTANTS.iter().any(|name| line.contains(name))
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
        assert!(!has_ai_trailer(b"talk of copilot\n\nSigned-off-by: Jane <j@y>\n"));
    }
}
