//! CSV as RFC 4180 has it, line by line, so that every record knows its line and its text.

use csv_core::{ReadRecordResult, Reader, ReaderBuilder};

use super::lines::{LONGEST_LINE, Line, Lines};

/// Reads records of one file.
pub(super) struct Records {
    reader: Reader,
    /// All cells of the last record in one text.
    pub(super) text: Vec<u8>,
    /// Where each of its cells ends.
    pub(super) ends: Vec<usize>,
}

impl Records {
    pub(super) fn new(delimiter: u8) -> Self {
        let reader = ReaderBuilder::new().delimiter(delimiter).build();
        Self { reader, text: Vec::new(), ends: Vec::new() }
    }

    /// Takes the record that begins with this line, and reads on while a quote is open; the lines are added to `raw`.
    pub(super) fn take(&mut self, raw: &mut Vec<u8>, lines: &mut Lines) -> Result<(), String> {
        let (start, mut more) = (lines.number, Vec::new());
        let (mut read, mut written, mut ended) = (0, 0, 0);
        raw.push(b'\n');
        loop {
            self.text.resize((written + raw.len() - read + 1).max(self.text.len()), 0);
            self.ends.resize((ended + 16).max(self.ends.len()), 0);
            let (result, used, put, cells) =
                self.reader.read_record(&raw[read..], &mut self.text[written..], &mut self.ends[ended..]);
            (read, written, ended) = (read + used, written + put, ended + cells);
            match result {
                ReadRecordResult::Record => break,
                ReadRecordResult::OutputFull | ReadRecordResult::OutputEndsFull => {}
                ReadRecordResult::End => break,
                ReadRecordResult::InputEmpty => {
                    if lines.next(&mut more)? != Line::Whole || raw.len() + more.len() > LONGEST_LINE {
                        return Err(format!("a quote in line {start} is not closed; nothing from there on was read"));
                    }
                    raw.extend_from_slice(&more);
                    raw.push(b'\n');
                }
            }
        }
        raw.pop();
        self.text.truncate(written);
        self.ends.truncate(ended);
        Ok(())
    }
}

/// What separates the cells, by the first line: a comma, or else a semicolon or a tab.
pub(super) fn delimiter(header: &[u8]) -> u8 {
    let other = [b';', b'\t'].into_iter().find(|other| header.contains(other));
    if header.contains(&b',') { b',' } else { other.unwrap_or(b',') }
}

/// The names of columns as fields are called: `Finished At` is `finished_at`.
pub(super) fn names(text: &str, ends: &[usize]) -> Vec<String> {
    let starts = std::iter::once(0).chain(ends.iter().copied());
    let cells = starts.zip(ends).map(|(start, end)| &text[start..*end]);
    cells.map(|cell| cell.trim().to_lowercase().replace([' ', '-'], "_")).collect()
}
