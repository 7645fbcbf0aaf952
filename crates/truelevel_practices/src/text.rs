//! A text file and places in it.

use std::sync::Arc;

/// A place in a file of the repository.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// The path, with `/`.
    pub path: Arc<str>,
    /// Line, from 1; 0 for the file as a whole.
    pub line: u32,
    /// Column in characters, from 1; 0 for the line as a whole.
    pub column: u32,
    /// The last line of what stands there.
    pub end_line: u32,
}

impl Place {
    pub(crate) fn new(path: &Arc<str>, line: u32, column: u32) -> Self {
        Self { path: path.clone(), line, column, end_line: line }
    }

    pub(crate) fn of(path: &Arc<str>, node: &truelevel_documents::Node) -> Self {
        Self { end_line: node.end_line, ..Self::new(path, node.line, node.column) }
    }
}

/// The content of a file; bytes that are not UTF-8 are replaced.
#[derive(Clone, Debug)]
pub(crate) struct Text(String);

impl Text {
    pub(crate) fn new(bytes: &[u8]) -> Self {
        Self(String::from_utf8_lossy(bytes).into_owned())
    }

    pub(crate) fn from(text: String) -> Self {
        Self(text)
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// A line, counted from 1; empty when there is none.
    pub(crate) fn line(&self, line: u32) -> &str {
        self.0.lines().nth((line as usize).saturating_sub(1)).unwrap_or_default()
    }

    /// The last of these lines that says something, or else the first.
    pub(crate) fn last_said(&self, first: u32, last: u32) -> u32 {
        let said = (first + 1..=last).rev().find(|line| !self.line(*line).trim().is_empty());
        said.unwrap_or(first)
    }

    /// The column after the last character of a line that is no space; 0 when there is none.
    pub(crate) fn end_column(&self, line: u32) -> u32 {
        match self.line(line).trim_end() {
            "" => 0,
            line => column(line, line.len()),
        }
    }

    /// The line and column of a byte, both from 1.
    pub(crate) fn place_of(&self, byte: usize) -> (u32, u32) {
        let before = self.0.get(..byte).unwrap_or(&self.0);
        let last_line = before.rsplit('\n').next().unwrap_or_default();
        (before.matches('\n').count() as u32 + 1, last_line.chars().count() as u32 + 1)
    }

    /// Lines with their numbers, from 1.
    pub(crate) fn lines(&self) -> impl Iterator<Item = (u32, &str)> {
        (1..).zip(self.0.lines())
    }

    /// Where the text `needle` stands at or after a line: a folded or indented command is not byte for byte what
    /// the parser made of it, so its first line is looked for.
    pub(crate) fn find_from(&self, line: u32, needle: &str) -> Option<(u32, u32)> {
        let needle = needle.lines().map(str::trim).find(|line| !line.is_empty())?;
        let start = (line as usize).saturating_sub(1);
        let places = (line.max(1)..).zip(self.0.lines().skip(start));
        let mut found = places.filter_map(|(number, text)| Some((number, column(text, text.find(needle)?), text)));
        let (number, column, text) = found.next()?;
        if !is_talk(text) {
            return Some((number, column));
        }
        // A comment or message about a command often stands close before the command itself.
        let said = found.take_while(|(later, ..)| *later <= number + 20).find(|(.., text)| !is_talk(text));
        Some(said.map_or((number, column), |(number, column, _)| (number, column)))
    }
}

/// Whether a line only says something, to the reader of the file or of a log.
fn is_talk(line: &str) -> bool {
    let line = line.trim_start().trim_start_matches(['-', '@', ' ']);
    line.starts_with('#') || line.starts_with("//") || line.starts_with("echo ") || line.starts_with("printf ")
}

/// The column, from 1, of a byte of a line.
pub(crate) fn column(line: &str, byte: usize) -> u32 {
    line[..byte].chars().count() as u32 + 1
}

/// The column, from 1, where the words of a match begin.
pub(crate) fn match_column(line: &str, found: regex::Match<'_>) -> u32 {
    let words = found.as_str();
    column(line, found.start() + words.len() - words.trim_start().len())
}

/// The column, from 1, of the first word of a line.
pub(crate) fn indent_column(line: &str) -> u32 {
    column(line, line.len() - line.trim_start().len())
}

/// A text cut to what a reader takes in at a glance.
pub(crate) fn excerpt(line: &str) -> String {
    const CHARACTERS: usize = 120;
    let line = line.trim();
    match line.char_indices().nth(CHARACTERS) {
        Some(_) => line.chars().take(CHARACTERS - 1).chain(['…']).collect(),
        None => line.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_needle_is_found_at_or_after_a_line_with_its_column_in_characters() {
        let text = Text::new("a b\né b\n".as_bytes());
        assert_eq!(text.find_from(1, "b"), Some((1, 3)));
        assert_eq!(text.find_from(2, "\n  b\nc"), Some((2, 3)));
        assert_eq!(text.find_from(3, "b"), None);
        assert_eq!(Text::new(b"# make\necho make\nmake\n").find_from(1, "make"), Some((3, 1)));
        assert_eq!(Text::new(b"# make\n").find_from(1, "make"), Some((1, 3)));
    }

    #[test]
    fn a_line_ends_after_its_last_character() {
        let text = Text::new("aé \r\n\nb".as_bytes());
        assert_eq!([1, 2, 3, 4].map(|line| text.end_column(line)), [3, 0, 2, 0]);
    }

    #[test]
    fn an_excerpt_has_at_most_120_characters() {
        assert_eq!(excerpt(&"é".repeat(121)).chars().count(), 120);
        assert_eq!(excerpt(&"é".repeat(120)), "é".repeat(120));
        assert_eq!(excerpt("  a "), "a");
    }
}
