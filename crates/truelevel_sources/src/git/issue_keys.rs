//! The issues that a commit's message names.

/// More than this in one message is a list of something else.
const MOST: usize = 16;

/// Keys as trackers write them: `SHOP-12` (Jira, YouTrack, Linear) and `#345` (forges), each once, in order.
pub(crate) fn issue_keys(message: &[u8]) -> Vec<String> {
    let mut keys: Vec<String> = Vec::new();
    for at in memchr::memchr2_iter(b'-', b'#', message) {
        let digits = message[at + 1..].iter().take_while(|byte| byte.is_ascii_digit()).count();
        let end = at + 1 + digits;
        if digits == 0 || digits > 9 || message.get(end).is_some_and(|byte| is_word(*byte)) {
            continue;
        }
        let start = if message[at] == b'#' { at } else { project_start(message, at) };
        let is_own_word = start == 0 || !(is_word(message[start - 1]) || message[start - 1] == b'-');
        let is_named = message[at] == b'#' || at - start >= 2;
        if !is_own_word || !is_named || is_standard(&message[start..at]) {
            continue;
        }
        let key = String::from_utf8_lossy(&message[start..end]).into_owned();
        if !keys.contains(&key) {
            keys.push(key);
        }
        if keys.len() == MOST {
            break;
        }
    }
    keys
}

/// Where the project's name before a hyphen begins: a capital letter, then capitals and digits.
fn project_start(message: &[u8], hyphen: usize) -> usize {
    let name = message[..hyphen].iter().rev();
    let length = name.take_while(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || **byte == b'_').count();
    let start = hyphen - length;
    if message.get(start).is_some_and(u8::is_ascii_uppercase) { start } else { hyphen }
}

const fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte >= 0x80
}

/// Names that are followed by a hyphen and a number, and are no project's.
fn is_standard(name: &[u8]) -> bool {
    [&b"UTF"[..], b"SHA", b"ISO", b"CVE", b"CWE", b"RFC", b"AES", b"MD", b"GPT", b"HTTP"].contains(&name)
}

#[cfg(test)]
mod tests {
    use super::issue_keys;

    #[test]
    fn keys_of_trackers_and_numbers_of_forges_are_found_once_each() {
        let message = b"SHOP-12: pay later (#345)\n\nSee [WEB_2-7], SHOP-12 and org/repo#9.";
        assert_eq!(issue_keys(message), ["SHOP-12", "#345", "WEB_2-7"]);
    }

    #[test]
    fn what_only_looks_like_a_key_is_none() {
        for message in
            ["UTF-8 and SHA-256", "CVE-2026-1234", "v1.2-3", "X-1", "a-SHOP-1", "#12abc", "#fff", "SHOP-", "é#4"]
        {
            assert_eq!(issue_keys(message.as_bytes()), Vec::<String>::new(), "{message}");
        }
    }
}
