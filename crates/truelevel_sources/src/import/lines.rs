//! The lines of a file, packed or not, in bounded memory.

use std::io::{self, BufRead, BufReader, Read};

use flate2::bufread::MultiGzDecoder;

/// A longer line is no record.
pub(super) const LONGEST_LINE: usize = 1 << 20;
/// What is kept of a line that is too long.
const KEPT_OF_LONG: usize = 200;
/// What is read from the system at once.
const BUFFER: usize = 1 << 16;

/// What the next line is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Line {
    /// A whole line.
    Whole,
    /// Only its beginning, because it is longer than [`LONGEST_LINE`].
    TooLong,
    /// There is none.
    End,
}

/// Reads line by line.
pub(super) struct Lines {
    input: Box<dyn BufRead + Send>,
    is_packed: bool,
    /// The number of the line that was read last, from 1.
    pub(super) number: u64,
}

impl Lines {
    /// Looks whether the input is packed with gzip, and skips a byte order mark. Refuses what is no text.
    pub(super) fn open(input: Box<dyn Read + Send>) -> Result<Self, String> {
        let mut packed = BufReader::with_capacity(BUFFER, input);
        let start = first_bytes(&mut packed)?;
        let is_packed = start.starts_with(&[0x1f, 0x8b]);
        let input: Box<dyn BufRead + Send> = if is_packed {
            Box::new(BufReader::with_capacity(BUFFER, MultiGzDecoder::new(packed)))
        } else {
            Box::new(packed)
        };
        let mut lines = Self { input, is_packed, number: 0 };
        lines.skip_mark()?;
        Ok(lines)
    }

    fn skip_mark(&mut self) -> Result<(), String> {
        let start = match self.input.fill_buf() {
            Ok(start) => start,
            Err(error) => return Err(self.cannot_read(&error)),
        };
        if start.starts_with(&[0xff, 0xfe]) || start.starts_with(&[0xfe, 0xff]) {
            return Err("it is UTF-16 text; save it as UTF-8".to_owned());
        }
        if start.starts_with(b"PK\x03\x04") {
            return Err("it is a spreadsheet or an archive; save it as CSV in UTF-8".to_owned());
        }
        if start.starts_with(b"\xef\xbb\xbf") {
            self.input.consume(3);
        }
        Ok(())
    }

    /// Puts the next line into the buffer, without its end.
    pub(super) fn next(&mut self, line: &mut Vec<u8>) -> Result<Line, String> {
        line.clear();
        let mut length = 0;
        loop {
            let found = match self.input.fill_buf() {
                Ok(found) => found,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(self.cannot_read(&error)),
            };
            let end = memchr::memchr(b'\n', found);
            let part = &found[..end.unwrap_or(found.len())];
            if length == 0 && part.is_empty() && end.is_none() {
                return Ok(Line::End);
            }
            let is_last = end.is_some() || found.is_empty();
            length += part.len();
            let room = LONGEST_LINE.saturating_sub(line.len());
            line.extend_from_slice(&part[..part.len().min(room)]);
            let used = part.len() + usize::from(end.is_some());
            self.input.consume(used);
            if is_last {
                break;
            }
        }
        self.number += 1;
        if length > LONGEST_LINE {
            line.truncate(KEPT_OF_LONG);
            return Ok(Line::TooLong);
        }
        if line.last() == Some(&b'\r') {
            line.pop();
        }
        Ok(Line::Whole)
    }

    fn cannot_read(&self, error: &io::Error) -> String {
        if self.is_packed && error.kind() != io::ErrorKind::PermissionDenied {
            return format!("the gzip file is cut off or damaged after line {} ({error})", self.number);
        }
        format!("it cannot be read after line {}: {error}", self.number)
    }
}

fn first_bytes(input: &mut impl BufRead) -> Result<&[u8], String> {
    input.fill_buf().map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use std::io::{Cursor, Write};

    use super::*;

    fn packed(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    fn read(bytes: Vec<u8>) -> Result<Vec<String>, String> {
        let mut lines = Lines::open(Box::new(Cursor::new(bytes)))?;
        let (mut line, mut all) = (Vec::new(), Vec::new());
        loop {
            match lines.next(&mut line)? {
                Line::End => return Ok(all),
                Line::Whole => all.push(String::from_utf8_lossy(&line).into_owned()),
                Line::TooLong => all.push(format!("line {} is too long", lines.number)),
            }
        }
    }

    #[test]
    fn ends_marks_and_packing_change_nothing() {
        let expected = Ok(vec!["a".to_owned(), String::new(), "b".to_owned()]);
        for bytes in [&b"a\n\nb\n"[..], b"a\n\nb", b"a\r\n\r\nb\r\n", b"\xef\xbb\xbfa\n\nb\n"] {
            assert_eq!(read(bytes.to_vec()), expected);
            assert_eq!(read(packed(bytes)), expected);
        }
        assert_eq!(read([packed(b"a\n"), packed(b"\nb\n")].concat()), expected, "packed in two parts");
        assert_eq!(read(Vec::new()), Ok(Vec::new()));
    }

    #[test]
    fn a_line_without_end_takes_no_memory_and_hides_nothing_behind_it() {
        let long = [vec![b'x'; LONGEST_LINE + 1], b"\nnext\n".to_vec()].concat();
        assert_eq!(read(long), Ok(vec!["line 1 is too long".to_owned(), "next".to_owned()]));
        let fits = vec![b'x'; LONGEST_LINE];
        assert_eq!(read(fits).unwrap()[0].len(), LONGEST_LINE);
    }

    #[test]
    fn what_is_cut_off_or_no_text_is_said_to_be() {
        let mut cut = packed(&b"one line\n".repeat(100_000));
        cut.truncate(cut.len() / 2);
        assert!(read(cut).unwrap_err().contains("cut off or damaged after line"));
        assert!(read(vec![0x1f, 0x8b]).unwrap_err().contains("cut off"));
        assert!(read(vec![0xff, 0xfe, b'a', 0]).unwrap_err().contains("UTF-16"));
        assert!(read(b"PK\x03\x04...".to_vec()).unwrap_err().contains("save it as CSV"));
    }
}
