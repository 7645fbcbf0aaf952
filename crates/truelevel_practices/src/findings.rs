//! Evidence while it is gathered, and the answer that it adds up to.

use regex::Regex;
use truelevel_model::{Detection, Evidence, Grade, Locator};

use crate::commands::{Found, find};
use crate::dependencies::matching;
use crate::manifests::terraform_blocks;
use crate::pipelines::Job;
use crate::repository::{Candidates, Origin, Repository};
use crate::text::{Place, column, excerpt, match_column};

crate::commands::pattern!(
    SHIPPED = r"(?i)^(?:(?:security|jobs)/(?P<name>[\w-]+)[\w.-]*\.gitlab-ci\.yml|[^/\s]+/components/(?P<component>[\w-]+)/\S+)$"
);

/// Proofs kept for one practice in one repository: enough to check the claim, few enough to read.
const EVIDENCE_LIMIT: usize = 10;

pub(crate) struct Findings<'r> {
    repository: &'r Repository,
    evidence: Vec<Evidence>,
}

impl<'r> Findings<'r> {
    pub(crate) fn new(repository: &'r Repository) -> Self {
        Self { repository, evidence: Vec::new() }
    }

    /// The file as a whole.
    pub(crate) fn file(&mut self, path: &str) {
        self.push(path, 0, 0, crate::paths::name(path));
    }

    /// A place; its line is the text.
    pub(crate) fn place(&mut self, place: &Place) {
        let Some(text) = self.repository.text(&place.path) else {
            return self.push(&place.path, place.line, place.column, "");
        };
        let end_line = text.last_said(place.line, place.end_line);
        let end = if place.column > 0 { (end_line, text.end_column(end_line)) } else { (place.line, 0) };
        self.span(&place.path, (place.line, place.column), end, text.line(place.line));
    }

    /// A text at or after a place: a command inside a script of several lines.
    pub(crate) fn text_at(&mut self, place: &Place, needle: &str) {
        let found = self.repository.text(&place.path).and_then(|text| text.find_from(place.line, needle));
        match found {
            Some((number, column)) => {
                let line = self.repository.text(&place.path).map(|text| text.line(number)).unwrap_or_default();
                self.span(&place.path, (number, column), (number, column + first_line_length(needle)), line);
            }
            None => self.push(&place.path, place.line, place.column, needle),
        }
    }

    /// A match on a line that goes on to its end.
    pub(crate) fn push(&mut self, path: &str, line: u32, column: u32, text: &str) {
        let end = self.repository.text(path).filter(|_| column > 0).map_or(0, |text| text.end_column(line));
        self.span(path, (line, column), (line, end), text);
    }

    /// A match from one line and column to another; an end at column 0 is not known.
    fn span(&mut self, path: &str, (line, column): (u32, u32), (end_line, end_column): (u32, u32), text: &str) {
        let named_as = self.repository.taken(path).map(|taken| taken.reference.clone());
        let Origin { repository, commit, path } = self.repository.origin(path);
        let locator = Locator::File {
            repository,
            commit,
            path,
            named_as,
            line,
            column,
            end_line: if end_column > 0 { end_line } else { 0 },
            end_column,
            text: excerpt(text),
        };
        self.evidence.push(Evidence { grade: Grade::Declared, locator, observed_at: self.repository.observed_at() });
    }

    /// Every active step of a job that `accept` holds for, in which one of the patterns is found.
    pub(crate) fn steps(
        &mut self,
        run: Option<&Regex>,
        uses: Option<&Regex>,
        accept: impl Fn(&Job, &Found<'_>) -> bool,
    ) {
        for (_, job) in self.repository.jobs() {
            for step in job.active_steps() {
                if let Some(found) = find(step, run, uses).filter(|found| accept(job, found)) {
                    self.text_at(&step.place, found.text);
                }
            }
        }
    }

    /// Every template that GitLab ships, and component of its own group, whose name begins with one of these: what the
    /// product's maker publishes is known for what it does.
    pub(crate) fn shipped(&mut self, names: &[&str]) {
        for shared in self.repository.pipelines().iter().flat_map(|pipeline| &pipeline.shared) {
            let found = SHIPPED.captures(&shared.reference);
            let name = found.as_ref().and_then(|found| found.name("name").or_else(|| found.name("component")));
            let name = name.map(|name| name.as_str().to_ascii_lowercase());
            if name.is_some_and(|name| names.iter().any(|wanted| name.starts_with(wanted))) {
                self.place(&shared.place);
            }
        }
    }

    /// The lines of dependency lists that a pattern matches.
    pub(crate) fn dependencies(&mut self, pattern: &Regex) {
        for found in matching(self.repository, pattern) {
            self.push(found.path, found.line, found.column, found.text);
        }
    }

    /// The first line that a pattern matches in each file of these paths that was read, comments aside.
    pub(crate) fn lines(&mut self, paths: impl Fn(&str) -> bool, pattern: &Regex) {
        for (path, text) in self.repository.texts().filter(|(path, _)| paths(path)) {
            let found = text.lines().filter(|(_, line)| !is_comment(line)).find_map(|(number, line)| {
                let found = pattern.find(line)?;
                Some((number, match_column(line, found), column(line, found.end()), line))
            });
            if let Some((number, start, end, line)) = found {
                self.span(path, (number, start), (number, end), line);
            }
        }
    }

    /// The blocks of Terraform whose first line a pattern matches.
    pub(crate) fn terraform(&mut self, header: &Regex) {
        for (path, block) in terraform_blocks(self.repository, header) {
            let end = self.repository.text(path).map_or(0, |text| text.end_column(block.end_line));
            self.span(path, (block.line, block.column), (block.end_line, end), block.header);
        }
    }

    /// The answer. `looked_at` are the places as a reader would look for them; `candidates` are the files whose
    /// failing would have hidden the practice.
    pub(crate) fn conclude(mut self, looked_at: &[&str], candidates: &[Candidates]) -> Detection {
        if self.repository.is_empty() {
            return Detection::Unknown { reason: "the repository's tree is empty".into() };
        }
        if !self.evidence.is_empty() {
            self.evidence.sort();
            self.evidence.dedup();
            self.evidence.truncate(EVIDENCE_LIMIT);
            return Detection::Present(self.evidence);
        }
        if let Some(reason) = candidates.iter().find_map(|candidates| self.repository.hidden(*candidates)) {
            return Detection::Unknown { reason };
        }
        Detection::Absent { looked_at: looked_at.iter().map(|&place| place.to_owned()).collect() }
    }

    /// As [`Self::conclude`], where the question has no meaning without certain files.
    pub(crate) fn conclude_if(
        self,
        applicable: bool,
        reason: &str,
        looked_at: &[&str],
        candidates: &[Candidates],
    ) -> Detection {
        match self.conclude(looked_at, candidates) {
            Detection::Absent { .. } if !applicable => Detection::NotApplicable { reason: reason.into() },
            detection => detection,
        }
    }

    /// As [`Self::conclude`], where something that files do not show may do the same.
    pub(crate) fn conclude_unless(self, unseen: &str, looked_at: &[&str], candidates: &[Candidates]) -> Detection {
        match self.conclude(looked_at, candidates) {
            Detection::Absent { looked_at } => Detection::Unknown {
                reason: format!("not found in {}, and files do not show {unseen}", looked_at.join(", ")),
            },
            detection => detection,
        }
    }
}

/// The characters of the first line that says something: that is the one that was looked for.
fn first_line_length(text: &str) -> u32 {
    let first = text.lines().map(str::trim).find(|line| !line.is_empty());
    first.map_or(0, |line| line.chars().count() as u32)
}

/// Whether a line of a settings file or script is a comment; an attribute of Rust is none.
fn is_comment(line: &str) -> bool {
    let line = line.trim_start();
    line.starts_with(';') || (line.starts_with('#') && !line.starts_with("#["))
}

#[cfg(test)]
mod tests {
    use super::Findings;
    use crate::repository::Candidates;
    use crate::test_support::repository;
    use crate::text::Place;
    use truelevel_model::{Detection, Locator};

    #[test]
    fn a_block_has_the_end_of_its_last_line() {
        let text = "on: push\nconcurrency:\n  group: live\n  cancel-in-progress: true\n\n# next\njobs: {a: {steps: [{run: make}]}}\n";
        let repository = repository(&[(".github/workflows/a.yml", text)]);
        let node =
            truelevel_documents::parse(text.as_bytes(), truelevel_documents::Limits::default()).documents.remove(0);
        let mut findings = Findings::new(&repository);
        findings.place(&Place::of(&".github/workflows/a.yml".into(), node.get("concurrency").unwrap()));
        let Detection::Present(found) = findings.conclude(&[], &[Candidates::Pipelines]) else { panic!("one place") };
        let Locator::File { line, column, end_line, end_column, text, .. } = &found[0].locator else {
            panic!("a file")
        };
        assert_eq!((*line, *column, *end_line, *end_column, text.as_str()), (3, 3, 4, 27, "group: live"));
    }

    #[test]
    fn a_block_of_terraform_ends_with_its_brace() {
        let plan =
            |body: &str| format!("resource \"aws_backup_plan\" \"a\" {body}\nresource \"x\" \"b\" {{\n  c = 1\n}}\n");
        for (body, expected) in [("{\n  name = \"n\"\n}", (3, 2)), ("{}", (1, 34))] {
            let detections = crate::detect_all(&repository(&[("a.tf", &plan(body))]));
            let Detection::Present(found) = &detections["backups"] else { panic!("{:?}", detections["backups"]) };
            let Locator::File { end_line, end_column, .. } = &found[0].locator else { panic!("a file") };
            assert_eq!((*end_line, *end_column), expected, "{body}");
        }
    }
}
