//! Templates of YAML, such as Helm's, made readable as YAML without running them.
//!
//! Every other byte keeps its line and column. What a condition on the chart's own values switches off is left
//! out: a template that the defaults never render declares nothing.

use std::sync::LazyLock;

use regex::Regex;
use truelevel_documents::{Node, Value};

static ACTION: LazyLock<Regex> = LazyLock::new(|| {
    // Braces inside the texts of an action do not end it.
    Regex::new(
        r#"(?xs) \{\{-?\s* (?P<code>/\*.*?\*/) \s*-?\}\}
        | \{\{-?\s* (?P<quoted>(?:"(?:[^"\\]|\\.)*"|`[^`]*`|[^"`{}]|\{[^{]|\}[^}])*?) \s*-?\}\}
        | \{\{-?\s* (?P<odd>.*?) \s*-?\}\}
        | \{%.*?%\} | \{\#.*?\#\}"#,
    )
    .expect("the pattern is valid")
});

struct Block {
    /// What is inside now is rendered.
    active: bool,
    /// A branch before was certainly rendered.
    taken: bool,
}

/// The text with actions replaced; `values` are the chart's value files, any of which may switch a part on.
pub(crate) fn without_actions(text: &str, values: &[&Node]) -> String {
    let mut output = Output { text: String::with_capacity(text.len()), owed_lines: 0 };
    let mut blocks: Vec<Block> = Vec::new();
    let mut end = 0;
    for action in ACTION.captures_iter(text) {
        let whole = action.get(0).expect("group 0 always matches");
        let active = blocks.iter().all(|block| block.active);
        output.copy(&text[end..whole.start()], active);
        end = whole.end();
        let code = ["code", "quoted", "odd"].into_iter().find_map(|group| action.name(group));
        let structural = code.is_none_or(|code| step(code.as_str(), values, &mut blocks));
        let is_alone = is_alone(text, whole.start(), whole.end());
        if is_alone {
            // Space that is left on a line would count as indentation inside a text.
            output.text.truncate(output.text.trim_end_matches([' ', '\t']).len());
        }
        // A word that begins a line leaves its indentation to what follows it.
        let begins = structural && before(text, whole.start()).trim().is_empty();
        output.replace(whole.as_str(), if structural || !active { ' ' } else { 'x' }, is_alone || begins);
    }
    output.copy(&text[end..], blocks.iter().all(|block| block.active));
    output.text
}

struct Output {
    text: String,
    /// Lines inside actions, made up for where the line of the action ends: a value stays on one line.
    owed_lines: usize,
}

impl Output {
    fn copy(&mut self, text: &str, active: bool) {
        for c in text.chars().filter(|&c| active || c == '\n') {
            self.text.push(c);
            if c == '\n' {
                self.text.extend(std::iter::repeat_n('\n', std::mem::take(&mut self.owed_lines)));
            }
        }
    }

    fn replace(&mut self, action: &str, filler: char, leaves_nothing: bool) {
        self.owed_lines += action.matches('\n').count();
        if !leaves_nothing {
            self.text.extend(action.chars().filter(|&c| c != '\n').map(|_| filler));
        }
    }
}

/// Whether nothing but space shares the lines of the action.
fn is_alone(text: &str, start: usize, end: usize) -> bool {
    let after = text[end..].split('\n').next().unwrap_or_default();
    before(text, start).trim().is_empty() && after.trim().is_empty()
}

/// What stands before a byte on its line.
fn before(text: &str, at: usize) -> &str {
    text[..at].rsplit('\n').next().unwrap_or_default()
}

/// Follows an action that opens, turns or closes a block; answers whether it was one.
fn step(code: &str, values: &[&Node], blocks: &mut Vec<Block>) -> bool {
    let (word, rest) = code.split_once(char::is_whitespace).unwrap_or((code, ""));
    match word {
        "if" | "with" => {
            let holds = condition(rest, values);
            blocks.push(Block { active: holds != Some(false), taken: holds == Some(true) });
        }
        "range" | "define" | "block" => blocks.push(Block { active: true, taken: false }),
        "else" => {
            if let Some(block) = blocks.last_mut() {
                let holds = rest.trim().strip_prefix("if ").map_or(Some(true), |rest| condition(rest, values));
                block.active = !block.taken && holds != Some(false);
                block.taken |= holds == Some(true);
            }
        }
        "end" => {
            blocks.pop();
        }
        _ => return code.starts_with("/*"),
    }
    true
}

/// Whether a condition on values holds; `None` when it depends on more than values.
fn condition(code: &str, values: &[&Node]) -> Option<bool> {
    // Nobody writes longer conditions, and deep ones would nest the calls below as deep.
    if code.len() > 400 {
        return None;
    }
    let code = code.trim();
    let inner = code.strip_prefix('(').and_then(|rest| rest.strip_suffix(')'));
    let code = inner.filter(|inner| !inner.contains([')', '('])).unwrap_or(code).trim();
    if let Some(rest) = code.strip_prefix("and ") {
        let parts: Vec<_> = arguments(rest).into_iter().map(|part| condition(part, values)).collect();
        return match () {
            () if parts.contains(&Some(false)) => Some(false),
            () if parts.iter().all(|&part| part == Some(true)) => Some(true),
            () => None,
        };
    }
    if let Some(rest) = code.strip_prefix("or ") {
        let parts: Vec<_> = arguments(rest).into_iter().map(|part| condition(part, values)).collect();
        return match () {
            () if parts.contains(&Some(true)) => Some(true),
            () if parts.iter().all(|&part| part == Some(false)) => Some(false),
            () => None,
        };
    }
    if let Some(rest) = code.strip_prefix("not ") {
        return condition(rest, values).map(|holds| !holds);
    }
    let path = code.strip_prefix("$").unwrap_or(code).strip_prefix(".Values.")?;
    let plain = path.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-'));
    if !plain || values.is_empty() {
        return None;
    }
    Some(values.iter().any(|values| values.at(path.split('.')).is_some_and(is_true)))
}

/// The arguments of a call; parentheses hold one together.
fn arguments(code: &str) -> Vec<&str> {
    let (mut arguments, mut start, mut open) = (Vec::new(), 0, 0_usize);
    for (at, c) in code.char_indices() {
        match c {
            '(' => open += 1,
            ')' => open = open.saturating_sub(1),
            c if c.is_whitespace() && open == 0 => {
                arguments.push(&code[start..at]);
                start = at + c.len_utf8();
            }
            _ => {}
        }
    }
    arguments.push(&code[start..]);
    arguments.retain(|argument| !argument.is_empty());
    arguments
}

/// What a template takes for true.
fn is_true(node: &Node) -> bool {
    match &node.value {
        Value::Scalar { text, .. } => {
            !node.is_null() && !text.is_empty() && node.boolean() != Some(false) && text != "0"
        }
        Value::Sequence(items) => !items.is_empty(),
        Value::Mapping(entries) => !entries.is_empty(),
    }
}

#[cfg(test)]
mod tests {
    use truelevel_documents::{Limits, parse};

    use super::*;

    fn rendered(text: &str, values: &str) -> String {
        let values = parse(values.as_bytes(), Limits::default()).documents;
        without_actions(text, &values.iter().collect::<Vec<_>>())
    }

    #[test]
    fn actions_keep_their_width_and_lines() {
        assert_eq!(rendered("a: {{ .b }}\n{{ include \"x\" . }}\nc: 1", ""), "a: xxxxxxxx\n\nc: 1");
        assert_eq!(rendered("{{- /* a\nb */ -}}\nx: 1", ""), "\n\nx: 1");
        assert_eq!(rendered("a: \"{{ \"{{ b }}\" }}\"", ""), "a: \"xxxxxxxxxxxxxxx\"");
        assert_eq!(rendered("  {{ if .x }}a: 1{{ end }}", "").trim_end(), "  a: 1");
        assert_eq!(rendered("a: '{{\n  b\n}}'\nc: 1", ""), "a: 'xxxxxxx'\n\n\nc: 1");
    }

    #[test]
    fn what_the_values_switch_off_is_left_out() {
        let text = "{{- if .Values.pdb.enabled }}\nkind: A\n{{- else }}\nkind: B\n{{- end }}\nz: 1";
        assert!(rendered(text, "pdb: {enabled: false}").contains("kind: B"));
        assert!(!rendered(text, "pdb: {enabled: false}").contains("kind: A"));
        assert!(!rendered(text, "pdb: {enabled: true}").contains("kind: B"));
        assert!(rendered(text, "").contains("kind: A"));
        let text = "{{ if and .Values.a (not .Values.b) }}x{{ end }}";
        assert!(rendered(text, "a: true").contains('x'));
        assert_eq!(rendered("{{ if .Values.a }}k: v{{ end }}", "a: 0").trim(), "");
    }

    #[test]
    fn odd_templates_do_not_panic() {
        for text in ["{{ end }}", "{{ else }}", "{{", "{{ if", "}}", "{% if %}é{% endif %}"] {
            rendered(text, "a: 1");
        }
    }
}
