//! Loops of Azure Pipelines' templates, `${{ each … in parameters.… }}`, over the parameters' defaults.
//!
//! Who starts a pipeline may choose other values; the defaults are what runs by itself.

use std::sync::LazyLock;

use regex::Regex;
use truelevel_documents::{Entry, Node, Value};

/// Nodes that loops may make, in all; a file of more is left as it is written.
const NODE_LIMIT: usize = 20_000;

/// The document with its loops written out.
pub(super) fn expand(root: &Node) -> Node {
    let parameters = root.get("parameters").map_or(&[][..], Node::items);
    let mut room = NODE_LIMIT;
    let mut expanded = root.clone();
    unroll(&mut expanded, parameters, &mut room);
    expanded
}

fn unroll(node: &mut Node, parameters: &[Node], room: &mut usize) {
    match &mut node.value {
        Value::Scalar { .. } => {}
        Value::Mapping(entries) => {
            for entry in entries {
                unroll(&mut entry.value, parameters, room);
            }
        }
        Value::Sequence(items) => {
            let mut written = Vec::with_capacity(items.len());
            for item in std::mem::take(items) {
                match each(&item, parameters, room) {
                    Some(bodies) => written.extend(bodies),
                    None => written.push(item),
                }
            }
            written.iter_mut().for_each(|item| unroll(item, parameters, room));
            *items = written;
        }
    }
}

/// What a loop makes; `None` where the item is none, or its list is not in the file.
fn each(item: &Node, parameters: &[Node], room: &mut usize) -> Option<Vec<Node>> {
    static EACH: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"^\$\{\{\s*each\s+(?P<name>\w+)\s+in\s+parameters\.(?P<list>\w+)\s*\}\}$")
            .expect("the pattern is valid")
    });
    let [entry] = item.entries() else { return None };
    let found = EACH.captures(entry.key.text()?.trim())?;
    let parameter =
        parameters.iter().find(|parameter| parameter.get("name").and_then(Node::text) == Some(&found["list"]))?;
    let size = entry.value.descendants().count();
    let mut bodies = Vec::new();
    for value in parameter.get("default")?.items() {
        *room = room.checked_sub(size)?;
        for body in entry.value.items() {
            let mut body = body.clone();
            fill(&mut body, &found["name"], value);
            bodies.push(body);
        }
    }
    Some(bodies)
}

/// Writes the fields of a loop's value where its body names them.
fn fill(node: &mut Node, name: &str, value: &Node) {
    match &mut node.value {
        Value::Mapping(entries) => entries.iter_mut().for_each(|Entry { key, value: inner }| {
            fill(key, name, value);
            fill(inner, name, value);
        }),
        Value::Sequence(items) => items.iter_mut().for_each(|item| fill(item, name, value)),
        Value::Scalar { text, .. } if text.contains("${{") => {
            if let Some(whole) = value.text() {
                *text = written(text, name, whole);
            }
            for entry in value.entries() {
                if let (Some(field), Some(field_value)) = (entry.key.text(), entry.value.text()) {
                    *text = written(text, &format!("{name}.{field}"), field_value);
                }
            }
        }
        Value::Scalar { .. } => {}
    }
}

fn written(text: &str, what: &str, value: &str) -> String {
    text.replace(&format!("${{{{ {what} }}}}"), value).replace(&format!("${{{{{what}}}}}"), value)
}

#[cfg(test)]
mod tests {
    use crate::test_support::repository;

    #[test]
    fn loops_over_defaults_are_written_out() {
        let text = "trigger: [main]\nparameters:\n  - name: to\n    default: [{env: sbox, after: ''}, {env: prod, after: sbox}]\nstages:\n  - ${{ each e in parameters.to }}:\n    - stage: ${{ e.env }}\n      dependsOn: ${{ e.after }}\n      jobs: [{job: apply, steps: [{script: 'terraform apply'}]}]\n";
        let repository = repository(&[("azure-pipelines.yml", text)]);
        let pipeline = &repository.pipelines()[0];
        let names: Vec<_> = pipeline.jobs.iter().map(|job| job.name.as_str()).collect();
        assert_eq!(names, ["sbox / apply", "prod / apply"]);
        assert_eq!(pipeline.before(pipeline.job("prod / apply").unwrap()).len(), 1);
    }

    #[test]
    fn a_loop_over_what_is_not_in_the_file_is_left() {
        let text = "steps:\n  - ${{ each e in parameters.none }}:\n    - script: make\n";
        assert_eq!(repository(&[("azure-pipelines.yml", text)]).pipelines()[0].jobs[0].steps.len(), 1);
    }
}
