//! A path of keys into a document: `image.tag`, `images[name=web].newTag`, `images[0].newTag`, `versions.{service}`.

use truelevel_documents::{Node, Value};

use super::shortened;
use super::template::Placeholder;

/// A path of keys, as it is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyPath(String);

impl KeyPath {
    /// Checks a path; the error says what is wrong with it.
    pub fn parse(path: &str) -> Result<Self, String> {
        let fault = |what: &str| Err(format!("the path of keys `{}` {what}", shortened(path)));
        if path.is_empty() {
            return fault("must not be empty");
        }
        for step in path.split('.') {
            let Some((_, selectors)) = step.split_once('[') else {
                if step.contains(']') {
                    return fault("has a `]` without a `[`");
                }
                continue;
            };
            for selector in selectors.split('[') {
                match selector.find(']') {
                    None => return fault("has a `[` that is not closed"),
                    Some(end) if end + 1 < selector.len() => return fault("has more after a `]` than `[` or `.`"),
                    Some(_) => {}
                }
            }
        }
        Ok(Self(path.to_owned()))
    }

    /// As written.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A value that a path leads to, with what the keys on the way named.
#[derive(Clone, Debug)]
pub(super) struct Reached<'a> {
    pub(super) node: &'a Node,
    pub(super) service: Option<String>,
    pub(super) environment: Option<String>,
}

/// All values that a path leads to.
///
/// Steps are set apart by dots; a key that holds dots itself is tried whole first. `[]` stands for each item of a list,
/// `[n]` for one by position, `[text]` for those with that `name`, `[key=text]` for those with that field. A step
/// `{service}` or `{environment}` stands for each key and takes its name; in brackets, it takes the item's `name`.
pub(super) fn reach<'a>(document: &'a Node, path: &str) -> Vec<Reached<'a>> {
    if let Some(node) = document.get(path) {
        return vec![Reached { node, service: None, environment: None }];
    }
    let mut reached = vec![Reached { node: document, service: None, environment: None }];
    for step in path.split('.') {
        let (key, selectors) = step.split_once('[').map_or((step, ""), |(key, rest)| (key, rest));
        if !key.is_empty() {
            reached = reached.iter().flat_map(|at| keys(at, key)).collect();
        }
        for selector in selectors.split('[').filter(|selector| !selector.is_empty()) {
            let selector = selector.trim_end_matches(']');
            reached = reached.iter().flat_map(|at| items(at, selector)).collect();
        }
    }
    reached
}

fn keys<'a>(at: &Reached<'a>, key: &str) -> Vec<Reached<'a>> {
    match Placeholder::of(key) {
        Some(placeholder) => {
            let entries = at.node.entries().iter();
            entries.filter_map(|entry| Some(at.named(placeholder, entry.key.text()?, &entry.value))).collect()
        }
        None => at.node.get(key).map(|node| at.moved(node)).into_iter().collect(),
    }
}

fn items<'a>(at: &Reached<'a>, selector: &str) -> Vec<Reached<'a>> {
    let Value::Sequence(items) = &at.node.value else { return Vec::new() };
    if let Some(placeholder) = Placeholder::of(selector) {
        let name = |item: &'a Node| Some(at.named(placeholder, item.get("name")?.text()?, item));
        return items.iter().filter_map(name).collect();
    }
    if let Ok(position) = selector.parse::<usize>() {
        return items.get(position).map(|item| at.moved(item)).into_iter().collect();
    }
    let (key, text) = selector.split_once('=').unwrap_or(("name", selector));
    let selected = |item: &&Node| selector.is_empty() || item.get(key).and_then(Node::text) == Some(text);
    items.iter().filter(selected).map(|item| at.moved(item)).collect()
}

impl<'a> Reached<'a> {
    fn moved(&self, node: &'a Node) -> Self {
        Self { node, ..self.clone() }
    }

    fn named(&self, placeholder: Placeholder, name: &str, node: &'a Node) -> Self {
        let mut moved = self.moved(node);
        match placeholder {
            Placeholder::Service => moved.service = Some(name.to_owned()),
            Placeholder::Environment => moved.environment = Some(name.to_owned()),
        }
        moved
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_of_keys_that_cannot_be_meant_is_refused_with_a_reason() {
        for path in ["image_tag", "image.tag", "images[name=web].newTag", "images[0].newTag", "a[].b", "a[1][x]", "[]"]
        {
            assert_eq!(KeyPath::parse(path).map(|path| path.0), Ok(path.to_owned()));
        }
        for (path, reason) in [
            ("", "must not be empty"),
            ("image_tag[[", "`[` that is not closed"),
            ("a[b.c", "`[` that is not closed"),
            ("a]", "`]` without a `[`"),
            ("a[b]c", "more after a `]`"),
        ] {
            assert!(KeyPath::parse(path).unwrap_err().contains(reason), "{path}");
        }
    }
}
