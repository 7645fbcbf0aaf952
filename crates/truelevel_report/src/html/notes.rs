//! What several services of a report share: it stands once, and each of them refers to it.

use std::collections::BTreeMap;

use super::parts::Verdict;

/// A piece of a service's part that may stand alike in others.
#[derive(Clone, Debug)]
pub(super) struct Block {
    /// The elements that it stands in.
    pub(super) within: Within,
    pub(super) html: String,
    /// What a reference to it is called.
    pub(super) label: String,
    pub(super) verdict: Verdict,
}

/// What a block stands in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Within {
    Gates,
    Questions,
    Nothing,
}

impl Within {
    const fn tags(self) -> (&'static str, &'static str) {
        match self {
            Self::Gates => ("<ul class=\"gates\">", "</ul>"),
            Self::Questions => ("<ol class=\"chain chain-long\">", "</ol>"),
            Self::Nothing => ("", ""),
        }
    }
}

/// The blocks that stand in at least two services, each with its number and in how many services it stands.
#[derive(Debug, Default)]
pub(super) struct Notes(BTreeMap<(Within, String), (usize, u64)>);

/// A reference to what is shared: one verdict, the addresses and names of what it holds for.
pub(super) struct Reference {
    pub(super) verdict: Verdict,
    pub(super) links: Vec<(String, String)>,
}

/// What is written once for several services.
pub(super) struct Shared {
    pub(super) id: String,
    pub(super) services: u64,
    pub(super) html: String,
}

impl Notes {
    pub(super) fn of(blocks: impl Iterator<Item = Block>) -> Self {
        let mut counts: BTreeMap<(Within, String), u64> = BTreeMap::new();
        for block in blocks {
            *counts.entry((block.within, block.html)).or_default() += 1;
        }
        let shared = counts.into_iter().filter(|(_, count)| *count > 1);
        Self((1..).zip(shared).map(|(number, (block, count))| (block, (number, count))).collect())
    }

    /// The blocks that stand in one service alone, and references to all others.
    pub(super) fn split(&self, blocks: Vec<Block>) -> (Vec<String>, Vec<Reference>) {
        let (mut own, mut references): (Vec<String>, Vec<Reference>) = (Vec::new(), Vec::new());
        for block in blocks {
            let Block { within, html, label, verdict } = block;
            let key = (within, html);
            let Some((number, _)) = self.0.get(&key) else {
                own.push(key.1);
                continue;
            };
            let link = (format!("#{}", id(*number)), label);
            match references.iter_mut().find(|reference| reference.verdict.word == verdict.word) {
                Some(reference) => reference.links.push(link),
                None => references.push(Reference { verdict, links: vec![link] }),
            }
        }
        (own, references)
    }

    /// Everything that is shared.
    pub(super) fn shared(&self) -> Vec<Shared> {
        let shared = self.0.iter().map(|((within, html), (number, services))| {
            let (open, close) = within.tags();
            Shared { id: id(*number), services: *services, html: format!("{open}{html}{close}") }
        });
        shared.collect()
    }
}

fn id(number: usize) -> String {
    format!("shared-{number}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_in_one_service_stays_there_and_the_rest_is_written_once() {
        let verdict = Verdict { class: "yes", sign: "✓", word: "met" };
        let block = |html: &str| Block { within: Within::Gates, html: html.into(), label: html.into(), verdict };
        let notes = Notes::of(["a", "b", "a"].map(block).into_iter());
        let (own, references) = notes.split(vec![block("a"), block("b")]);
        assert_eq!(own, ["b"]);
        assert_eq!(references[0].links, [("#shared-1".to_owned(), "a".to_owned())]);
        let shared = notes.shared();
        assert_eq!((shared.len(), shared[0].services, shared[0].html.as_str()), (1, 2, "<ul class=\"gates\">a</ul>"));
        assert_eq!(Notes::default().split(vec![block("a")]).0, ["a"]);
    }
}
