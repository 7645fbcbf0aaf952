//! The stylesheet, the script and the mark: compiled in, served as files or written into the report.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use sha2::{Digest, Sha256};

/// Colours, type and space.
const TOKENS: &str = include_str!("../assets/tokens.css");
/// The charts' rules.
const CHARTS: &str = include_str!("../assets/charts.css");

/// The whole stylesheet.
pub const STYLE: &str = concat!(
    include_str!("../assets/tokens.css"),
    include_str!("../assets/pages.css"),
    include_str!("../assets/charts.css"),
    include_str!("../assets/print.css"),
);

/// The script: tooltips, table filter and sort, theme, live refresh. Every page works without it.
pub const SCRIPT: &str = include_str!("../assets/truelevel.js");

/// A stylesheet or script of ours without what only its authors read: indentation and lines of comment.
pub(crate) fn lean(text: &str) -> String {
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with("//"));
    let lines = lines.filter(|line| !(line.starts_with("/*") && line.ends_with("*/")));
    lines.flat_map(|line| [line, "\n"]).collect()
}

/// The mark.
pub const ICON: &str = include_str!("../assets/icon.svg");

/// The file of a page with the beginning of its content's hash, so that browsers may keep it for as long as they like.
pub fn versioned(name: &str) -> String {
    static VERSIONS: LazyLock<BTreeMap<&str, String>> = LazyLock::new(|| {
        let version =
            |content: &str| Sha256::digest(content).iter().take(6).map(|byte| format!("{byte:02x}")).collect();
        NAMES.iter().filter_map(|name| Some((*name, version(asset(name)?.1)))).collect()
    });
    VERSIONS.get(name).map_or_else(|| name.to_owned(), |version| format!("{name}?v={version}"))
}

/// The files that pages ask for.
pub const NAMES: [&str; 3] = ["icon.svg", "truelevel.css", "truelevel.js"];

/// A file that pages ask for, by name: its media type and its content.
pub fn asset(name: &str) -> Option<(&'static str, &'static str)> {
    match name {
        "truelevel.css" => Some(("text/css; charset=utf-8", STYLE)),
        "truelevel.js" => Some(("text/javascript; charset=utf-8", SCRIPT)),
        "icon.svg" => Some(("image/svg+xml", ICON)),
        _ => None,
    }
}

/// The charts' rules with the light colours in place of the tokens: programs that open a picture seldom know them.
pub(crate) fn picture_style() -> String {
    let tokens = TOKENS.lines().filter_map(|line| line.trim().strip_prefix("--")?.strip_suffix(';')?.split_once(": "));
    tokens.fold(CHARTS.to_owned(), |style, (name, value)| {
        let light = value.strip_prefix("light-dark(").and_then(|pair| pair.split(',').next()).unwrap_or(value);
        style.replace(&format!("var(--{name})"), light)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_needs_no_token() {
        let style = picture_style();
        assert!(!style.contains("var(") && !style.contains("light-dark"), "{style}");
        assert!(style.contains(".chart .c-proven { fill: #0b5c70; }"));
    }

    #[test]
    fn every_token_that_is_used_exists() {
        for used in STYLE.split("var(--").skip(1).filter_map(|rest| rest.split(')').next()) {
            assert!(TOKENS.contains(&format!("--{used}:")), "no token `--{used}`");
        }
    }
}
