//! Terraform as far as detectors need it: text without comments and without blocks that make nothing.
//!
//! Nothing is evaluated. Every line and column stays where it is.

use std::sync::LazyLock;

use regex::Regex;

/// What a file declares.
pub(crate) struct Declared {
    /// The text; what declares nothing is space.
    pub(crate) declared: String,
    /// Line, column and what is wrong, where the file ends inside something.
    pub(crate) problem: Option<(u32, u32, String)>,
}

/// What the reader is inside of.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Inside {
    Braces { start: usize },
    Quotes { start: usize },
}

/// Reads a file; one that ends too early is kept as far as it goes.
pub(crate) fn read(text: &str) -> Declared {
    static NOTHING: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r"(?m)^[ \t]*count[ \t]*=[ \t]*0[ \t]*$").expect("the pattern is valid"));
    let mut declared: Vec<u8> = text.as_bytes().to_vec();
    let (mut inside, mut at, mut line_start): (Vec<Inside>, usize, usize) = (Vec::new(), 0, 0);
    // Where the outermost block began, and how its own lines run on.
    let mut own_lines = String::new();
    let mut unclosed = None;
    let bytes = text.as_bytes();
    while at < bytes.len() {
        let rest = &text.as_bytes()[at..];
        match inside.last() {
            Some(Inside::Quotes { .. }) => match rest {
                [b'\\', _, ..] => at += 2,
                [b'$' | b'%', b'$' | b'%', b'{', ..] => at += 3,
                [b'$' | b'%', b'{', ..] => {
                    inside.push(Inside::Braces { start: at });
                    at += 2;
                }
                [b'"' | b'\n', ..] => {
                    inside.pop();
                    at += 1;
                }
                _ => at += 1,
            },
            _ if rest.starts_with(b"/*") => {
                let length = find(rest, b"*/").map(|end| end + 2);
                if length.is_none() {
                    unclosed.get_or_insert((at, "a comment that is not closed"));
                }
                let end = at + length.unwrap_or(rest.len());
                blank(&mut declared, at, end);
                at = end;
            }
            _ if rest.starts_with(b"#") || rest.starts_with(b"//") => {
                let end = at + find(rest, b"\n").unwrap_or(rest.len());
                blank(&mut declared, at, end);
                at = end;
            }
            _ if rest.starts_with(b"<<") => {
                let (end, is_closed) = heredoc(text, at);
                if !is_closed {
                    unclosed.get_or_insert((at, "a text that is not closed"));
                }
                at = end;
            }
            _ => {
                match rest[0] {
                    b'"' => inside.push(Inside::Quotes { start: at }),
                    b'{' => {
                        if inside.is_empty() {
                            line_start = line_of(bytes, at);
                            own_lines.clear();
                        }
                        inside.push(Inside::Braces { start: at });
                    }
                    b'}' => {
                        inside.pop();
                        if inside.is_empty() && NOTHING.is_match(&own_lines) {
                            blank(&mut declared, line_start, at + 1);
                        }
                    }
                    _ => {}
                }
                if inside.len() == 1 {
                    own_lines.push(rest[0] as char);
                }
                at += 1;
            }
        }
    }
    let open = inside.first().map(|inside| match inside {
        Inside::Braces { start } => (*start, "a block that is not closed"),
        Inside::Quotes { start } => (*start, "a text that is not closed"),
    });
    let problem = unclosed.or(open).map(|(byte, what)| {
        let line = text[..byte].matches('\n').count() as u32 + 1;
        let column = text[line_of(bytes, byte)..byte].chars().count() as u32 + 1;
        (line, column, format!("{what}, so that what follows may be misread; close it"))
    });
    Declared { declared: String::from_utf8(declared).unwrap_or_else(|_| text.to_owned()), problem }
}

/// Where the line of a byte begins.
fn line_of(bytes: &[u8], at: usize) -> usize {
    bytes[..at].iter().rposition(|byte| *byte == b'\n').map_or(0, |newline| newline + 1)
}

fn find(bytes: &[u8], what: &[u8]) -> Option<usize> {
    bytes.windows(what.len()).position(|window| window == what)
}

/// Writes space over bytes and keeps lines.
fn blank(declared: &mut [u8], start: usize, end: usize) {
    for byte in &mut declared[start..end] {
        if *byte != b'\n' {
            *byte = b' ';
        }
    }
}

/// Where a text of several lines that begins here ends, and whether its closing word was found.
fn heredoc(text: &str, at: usize) -> (usize, bool) {
    let first = text[at + 2..].lines().next().unwrap_or_default();
    let word = first.strip_prefix('-').unwrap_or(first).trim_end();
    let is_word =
        word.starts_with(char::is_alphabetic) && word.chars().all(|c| c.is_alphanumeric() || "_-".contains(c));
    if !is_word {
        return (at + 2, true);
    }
    let mut end = at + 2 + first.len();
    for line in text[end..].split_inclusive('\n') {
        end += line.len();
        if line.trim() == word {
            return (end, true);
        }
    }
    (text.len(), false)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, kept: &[&str], gone: &[&str], problem: Option<(u32, u32)>) {
        let read = read(text);
        assert_eq!(read.declared.lines().count(), text.lines().count(), "{text}");
        kept.iter().for_each(|word| assert!(read.declared.contains(word), "{word}: {}", read.declared));
        gone.iter().for_each(|word| assert!(!read.declared.contains(word), "{word}: {}", read.declared));
        assert_eq!(read.problem.map(|(line, column, _)| (line, column)), problem, "{text}");
    }

    #[test]
    fn comments_and_blocks_that_make_nothing_declare_nothing() {
        let text = "/* resource \"a\" \"x\" {\n} é */\nresource \"b\" \"y\" {\n  count = 0\n  inner { size = 1 }\n}\nresource \"c\" \"z\" {\n  count = 1 # \"d\"\n}\n";
        check(text, &["\"c\" \"z\"", "count = 1"], &["\"x\"", "\"y\"", "size", "\"d\""], None);
        check("module \"m\" {\n  settings = {\n    count = 0\n  }\n}\n", &["\"m\""], &[], None);
    }

    #[test]
    fn texts_are_no_code() {
        let text = "a = \"{ # /* ${f(\"}\")} $${ \\\"\"\nb = <<-EOT\n  { # kept\n  EOT\nc = 1 << 2\nd { }\n";
        check(text, &["{ # /*", "# kept", "d { }"], &[], None);
    }

    #[test]
    fn a_file_that_ends_inside_something_is_told_with_its_place() {
        check("a {\n  b {\n}\n", &["b {"], &[], Some((1, 3)));
        check("a = 1\n  /* b\n", &["a = 1"], &["b"], Some((2, 3)));
        check("a = <<EOT\nb\n", &["b"], &[], Some((1, 5)));
        check("é = {\n", &["é"], &[], Some((1, 5)));
        check("}\n}\n", &[], &[], None);
    }
}
