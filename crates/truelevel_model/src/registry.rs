//! Declarations that document themselves: the doc comment above a declaration is its page.

/// Declares a static whose doc comment is also its `docs` field.
///
/// The first line of the comment is the title, a sentence without a full stop; the rest is Markdown.
///
/// ```
/// pub struct Word { pub id: &'static str, pub docs: &'static str }
/// truelevel_model::declare! {
///     /// A word
///     ///
///     /// What it means.
///     pub static WORD: Word = { id: "word" };
/// }
/// assert_eq!(truelevel_model::registry::title(WORD.docs), "A word");
/// ```
#[macro_export]
macro_rules! declare {
    ($(#[doc = $doc:literal])+ $vis:vis static $name:ident: $kind:ident = { $($field:ident: $value:expr),* $(,)? };) => {
        $(#[doc = $doc])+
        $vis static $name: $kind = $kind { docs: concat!($($doc, "\n"),+), $($field: $value),* };
    };
}

/// The first line of a page.
pub fn title(docs: &str) -> &str {
    docs.lines().next().unwrap_or_default().trim()
}

/// The page without its title, each line freed of the space that a doc comment begins with.
pub fn body(docs: &str) -> String {
    let lines = docs.lines().skip(1).map(|line| line.strip_prefix(' ').unwrap_or(line));
    lines.collect::<Vec<_>>().join("\n").trim().to_owned()
}
