//! Definitions are written as Markdown. What they hold of HTML is shown as text: some come from configurations.

use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd, html};

use crate::charts::escaped;

/// Markdown as HTML, with headings as bold paragraphs and web links only.
pub(super) fn rendered(markdown: &str) -> String {
    let events = Parser::new_ext(markdown, Options::ENABLE_TABLES).filter_map(|event| {
        Some(match event {
            Event::Html(text) | Event::InlineHtml(text) | Event::Text(text) => {
                Event::Text(truelevel_model::printable(&text).into_owned().into())
            }
            Event::Code(text) => Event::Code(truelevel_model::printable(&text).into_owned().into()),
            Event::Start(Tag::Heading { .. }) => Event::Start(Tag::Paragraph),
            Event::End(TagEnd::Heading(_)) => Event::End(TagEnd::Paragraph),
            Event::Start(Tag::Image { .. }) | Event::End(TagEnd::Image) => return None,
            Event::Start(Tag::Link { ref dest_url, .. }) if !dest_url.starts_with("https://") => {
                Event::Start(Tag::Emphasis)
            }
            event => event,
        })
    });
    let mut open: Vec<bool> = Vec::new();
    let balanced = events.map(|event| match event {
        Event::Start(Tag::Emphasis) => {
            open.push(true);
            event
        }
        Event::Start(Tag::Link { .. }) => {
            open.push(false);
            event
        }
        Event::End(TagEnd::Link | TagEnd::Emphasis) => {
            if open.pop() == Some(true) {
                Event::End(TagEnd::Emphasis)
            } else {
                Event::End(TagEnd::Link)
            }
        }
        event => event,
    });
    let mut text = String::new();
    html::push_html(&mut text, balanced);
    text
}

/// A sentence as HTML, with what stands between backticks as code.
pub(super) fn coded(text: &str) -> String {
    let mut html = String::new();
    let mut parts = text.split('`').peekable();
    let mut is_code = false;
    while let Some(part) = parts.next() {
        let part = escaped(part);
        // A backtick that nothing closes is a backtick.
        html += &match (is_code, parts.peek().is_some()) {
            (true, true) => format!("<code>{part}</code>"),
            (true, false) => format!("`{part}"),
            (false, _) => part,
        };
        is_code = !is_code;
    }
    html
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_between_backticks_is_code_and_markup_is_text() {
        assert_eq!(coded("Say `--window 180` <b>"), "Say <code>--window 180</code> &lt;b&gt;");
        assert_eq!(coded("`a` and `b"), "<code>a</code> and `b");
    }

    #[test]
    fn markup_is_text_and_links_lead_to_the_web_only() {
        let check = |markdown: &str, expected: &str| assert_eq!(rendered(markdown).trim(), expected);
        check("A **b** `c`", "<p>A <strong>b</strong> <code>c</code></p>");
        check("<img src=x onerror=y>", "&lt;img src=x onerror=y&gt;");
        check("[a](javascript:x) [b](https://dora.dev)", "<p><em>a</em> <a href=\"https://dora.dev\">b</a></p>");
        check("# T\u{202e}", "<p>T\\u{202e}</p>");
    }
}
