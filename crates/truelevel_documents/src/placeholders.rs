//! Placeholders in a document, such as `$[[ inputs.x ]]` and `{{ .rev }}`, filled in where their values are known. What is
//! not known stays as it is written.

use regex::{Captures, Regex};

use crate::{Node, Value};

/// How placeholders look and what they stand for.
pub struct Placeholders<'a, 'v> {
    /// Finds one; its group `name` is what `value_of` is asked for.
    pub pattern: &'a Regex,
    /// What a name stands for, where that is known.
    pub value_of: &'a dyn Fn(&str) -> Option<&'v Node>,
    /// Whether a value keeps the line it is written on. One from another file stands where the placeholder does: its own
    /// lines say nothing there.
    pub keeps_lines: bool,
}

impl<'v> Placeholders<'_, 'v> {
    /// Fills in those of a node, as far as they have `room`, in bytes: values may hold placeholders again. Answers whether
    /// all had.
    pub fn fill(&self, node: &mut Node, room: &mut usize) -> bool {
        match &mut node.value {
            Value::Mapping(entries) => {
                let fill = |had, node: &mut Node, room: &mut usize| self.fill(node, room) && had;
                entries.iter_mut().fold(true, |had, entry| {
                    let had = fill(had, &mut entry.key, room);
                    fill(had, &mut entry.value, room)
                })
            }
            Value::Sequence(items) => {
                let mut had_room = true;
                let mut written = Vec::with_capacity(items.len());
                for mut item in std::mem::take(items) {
                    let is_list = |item: &Node| matches!(item.value, Value::Sequence(_));
                    let was_list = is_list(&item);
                    had_room &= self.fill(&mut item, room);
                    match item.value {
                        // A list in the place of one item is part of the list around it.
                        Value::Sequence(inner) if !was_list => written.extend(inner),
                        _ => written.push(item),
                    }
                }
                *items = written;
                had_room
            }
            Value::Scalar { text, .. } => {
                if let Some(value) = self.whole(text) {
                    let Some(left) = room.checked_sub(bytes(value)) else { return false };
                    *room = left;
                    let (line, column) = (node.line, node.column);
                    *node = value.clone();
                    if !self.keeps_lines {
                        stand_at(node, line, column);
                    }
                    return true;
                }
                if !self.pattern.is_match(text) {
                    return true;
                }
                let (filled, had_room) = self.written(text, room);
                *text = filled;
                had_room
            }
        }
    }

    /// Whether a node holds any, filled in or not.
    pub fn are_in(&self, node: &Node) -> bool {
        let holds = |node: &Node| matches!(&node.value, Value::Scalar { text, .. } if self.pattern.is_match(text));
        node.descendants().any(holds)
    }

    /// The value of a text that is one placeholder and nothing else.
    fn whole(&self, text: &str) -> Option<&'v Node> {
        let text = text.trim();
        let found = self.pattern.captures(text).filter(|found| found[0].len() == text.len())?;
        (self.value_of)(&found["name"])
    }

    /// A text with the placeholders filled in whose values are texts and have room, and whether all had.
    fn written(&self, text: &str, room: &mut usize) -> (String, bool) {
        let mut had_room = true;
        let fill = |found: &Captures<'_>| {
            let value = (self.value_of)(&found["name"]).and_then(Node::text);
            let fitting = value.filter(|value| value.len() <= *room);
            had_room &= value.is_none() || fitting.is_some();
            *room -= fitting.map_or(0, str::len);
            fitting.unwrap_or(&found[0]).to_owned()
        };
        let written = self.pattern.replace_all(text, fill).into_owned();
        (written, had_room)
    }
}

impl std::fmt::Debug for Placeholders<'_, '_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Placeholders").field("pattern", &self.pattern).finish_non_exhaustive()
    }
}

/// What a node takes, about.
pub fn bytes(node: &Node) -> usize {
    1 + match &node.value {
        Value::Scalar { text, .. } => text.len(),
        Value::Sequence(items) => items.iter().map(bytes).sum(),
        Value::Mapping(entries) => entries.iter().map(|entry| bytes(&entry.key) + bytes(&entry.value)).sum(),
    }
}

fn stand_at(node: &mut Node, line: u32, column: u32) {
    (node.line, node.column, node.end_line) = (line, column, line);
    match &mut node.value {
        Value::Scalar { .. } => {}
        Value::Sequence(items) => items.iter_mut().for_each(|item| stand_at(item, line, column)),
        Value::Mapping(entries) => entries.iter_mut().for_each(|entry| {
            stand_at(&mut entry.key, line, column);
            stand_at(&mut entry.value, line, column);
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Limits, parse};

    fn document(text: &str) -> Node {
        parse(text.as_bytes(), Limits::default()).documents.remove(0)
    }

    #[test]
    fn values_take_the_place_of_what_stands_for_them_as_far_as_there_is_room() {
        let values = document("list: [a, b]\ntext: long\n");
        let pattern = Regex::new(r"\{\{(?<name>\w+)\}\}").unwrap();
        let value_of = |name: &str| values.get(name);
        let check = |keeps_lines, mut room, had_room, expected: &[(&str, u32)]| {
            let mut node = document("# one\n# two\n- '{{list}}'\n- 'x {{text}} {{other}}'\n");
            let placeholders = Placeholders { pattern: &pattern, value_of: &value_of, keeps_lines };
            assert!(placeholders.are_in(&node));
            assert_eq!(placeholders.fill(&mut node, &mut room), had_room);
            let found: Vec<_> = node.items().iter().map(|item| (item.text().unwrap(), item.line)).collect();
            assert_eq!(found, expected);
        };
        check(false, 100, true, &[("a", 3), ("b", 3), ("x long {{other}}", 4)]);
        check(true, 100, true, &[("a", 1), ("b", 1), ("x long {{other}}", 4)]);
        check(false, 4, false, &[("{{list}}", 3), ("x long {{other}}", 4)]);
        check(false, 3, false, &[("{{list}}", 3), ("x {{text}} {{other}}", 4)]);
    }
}
