//! Names come from repositories and vendors: they may hold control characters, terminal escapes, or text that
//! reorders what surrounds it. Nothing is shown before it passed through here.

use std::borrow::Cow;

/// The text with everything that could move a cursor, hide or reorder other text written out as an escape.
///
/// ```
/// assert_eq!(truelevel_model::printable("plain"), "plain");
/// assert_eq!(truelevel_model::printable("a\u{1b}[31mb\n"), "a\\u{1b}[31mb\\n");
/// ```
pub fn printable(text: &str) -> Cow<'_, str> {
    if !text.chars().any(is_unprintable) {
        return Cow::Borrowed(text);
    }
    Cow::Owned(
        text.chars()
            .flat_map(|c| if is_unprintable(c) { c.escape_default().collect::<Vec<_>>() } else { vec![c] })
            .collect(),
    )
}

/// A path with everything escaped that has a meaning in a web address, but for its slashes.
///
/// ```
/// assert_eq!(truelevel_model::in_address("a b/#1?.yml"), "a%20b/%231%3F.yml");
/// ```
pub fn in_address(path: &str) -> String {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~' | b'/');
    path.bytes()
        .map(|byte| if is_plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") })
        .collect()
}

fn is_unprintable(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}
