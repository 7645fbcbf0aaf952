//! HTML in fewer bytes for a file that is mailed: without what the HTML standard lets out ("optional tags", "unquoted
//! attribute values"), and without blank lines. What a browser reads is the same.

/// Elements that the next one, or the end of what they stand in, ends.
const ENDED_BY_THE_NEXT: [&str; 8] = ["dd", "dt", "li", "tbody", "td", "th", "thead", "tr"];

/// The same elements, attributes and text. Takes what our templates write: quoted attributes, escaped text, neither
/// style nor script.
pub(super) fn lean(html: &str) -> String {
    let mut lean = String::with_capacity(html.len());
    let mut pieces = html.split('<');
    push_text(&mut lean, pieces.next().unwrap_or_default());
    for piece in pieces {
        // Text and attributes are escaped: the first `>` ends the tag.
        let (tag, text) = piece.split_once('>').unwrap_or((piece, ""));
        let is_implied = tag.strip_prefix('/').is_some_and(|name| ENDED_BY_THE_NEXT.contains(&name));
        if !is_implied {
            push_tag(&mut lean, tag);
        }
        push_text(&mut lean, text);
    }
    lean
}

/// Spaces between tags may part words; more of them than one say nothing further.
fn push_text(lean: &mut String, text: &str) {
    let is_blank = text.bytes().all(|byte| byte.is_ascii_whitespace());
    match text {
        "" => {}
        _ if !is_blank => *lean += text,
        _ if lean.ends_with(['\n', ' ']) => {}
        _ => lean.push(if text.contains('\n') { '\n' } else { ' ' }),
    }
}

fn push_tag(lean: &mut String, tag: &str) {
    lean.push('<');
    for (at, part) in tag.split('"').enumerate() {
        let is_value = at % 2 == 1;
        let needs_quotes = part.is_empty() || part.contains([' ', '\n', '\t', '\'', '=', '`']);
        match (is_value, needs_quotes) {
            (true, true) => lean.extend(["\"", part, "\""]),
            // After a value without quotes a slash would belong to it.
            (false, _) if at > 0 && part == "/" && !lean.ends_with('"') => *lean += " /",
            _ => *lean += part,
        }
    }
    lean.push('>');
}

#[cfg(test)]
mod tests {
    use super::lean;

    #[test]
    fn what_the_standard_lets_out_is_left_out_and_nothing_else() {
        let check = |html, expected| assert_eq!(lean(html), expected);
        check("<ul>\n\n<li class=\"a\">x</li>\n</ul>", "<ul>\n<li class=a>x\n</ul>");
        check("<td class=\"a b\" data-value=\"\">1</td>", "<td class=\"a b\" data-value=\"\">1");
        check("<p>a <b>c</b> <i>d</i></p>", "<p>a <b>c</b> <i>d</i></p>");
        check("<path d=\"M0 0h1\"/><circle r=\"4\"/>", "<path d=\"M0 0h1\"/><circle r=4 />");
        check("<a href=\"x?a=1&amp;b\" download>y</a>", "<a href=\"x?a=1&amp;b\" download>y</a>");
        check("<br/>a &lt;b&gt; \"c\"", "<br/>a &lt;b&gt; \"c\"");
    }
}
