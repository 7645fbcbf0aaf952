//! What Azure Pipelines writes out before anything runs: parameters of templates, conditions and loops over them.
//!
//! A template has the values that its caller gives, or else its defaults. Who starts a pipeline may choose other values;
//! the defaults are what runs by itself. A condition on anything but plain parameters is left as it is written.

use std::sync::LazyLock;

use regex::Regex;
use truelevel_documents::placeholders::{Placeholders, bytes};
use truelevel_documents::{Entry, Node, Value};

use super::azure_conditions::call;
use super::conditions::{and, or};
use super::given_values::{self, Values};

/// Conditions inside conditions that are followed.
const DEPTH_LIMIT: usize = 32;

/// A file with its parameters, conditions and loops written out. `given` are the values that its caller sets; `room` is
/// what may still be written, in bytes.
pub(super) fn expand(root: &Node, given: Option<&Node>, room: &mut usize) -> Node {
    let mut expanded = root.clone();
    let scope = vec![("parameters".to_owned(), parameters(root, given))];
    write_out(&mut expanded, &scope, room);
    expanded
}

/// The parameters that a file declares, in either form, as far as their values are known.
fn parameters(root: &Node, given: Option<&Node>) -> Node {
    let declared = root.get("parameters");
    let listed = declared.map_or(&[][..], Node::items).iter().map(|one| (one.get("name"), one.get("default")));
    let named = declared.map_or(&[][..], Node::entries).iter().map(|entry| (Some(&entry.key), Some(&entry.value)));
    let values = listed.chain(named).filter_map(|(key, default)| {
        let key = key?;
        let value = given.and_then(|given| given.get(key.text()?)).or(default)?;
        Some(Entry { key: key.clone(), value: value.clone() })
    });
    Node { value: Value::Mapping(values.collect()), line: root.line, column: root.column, end_line: root.line }
}

fn write_out(node: &mut Node, scope: &Values, room: &mut usize) {
    static PLACEHOLDER: LazyLock<Regex> =
        LazyLock::new(|| pattern(r"\$\{\{\s*(?P<name>\w+(?:\.[\w-]+|\['[\w-]+'\])*)\s*\}\}"));
    decide(node, scope, room);
    let value_of = |name: &str| value_of(scope, name);
    Placeholders { pattern: &PLACEHOLDER, value_of: &value_of, keeps_lines: false }.fill(node, room);
}

/// The value of `parameters.x`, `parameters['x']` or a field of either.
fn value_of<'s>(scope: &'s Values, name: &str) -> Option<&'s Node> {
    let name = name.replace("['", ".").replace("']", "");
    let mut parts = name.split('.');
    let first = given_values::value_of(scope, parts.next()?)?;
    parts.try_fold(first, |node, part| node.get(part))
}

/// Puts what conditions and loops hold into the list or mapping around them.
fn decide(node: &mut Node, scope: &Values, room: &mut usize) {
    match &mut node.value {
        Value::Scalar { .. } => {}
        Value::Mapping(entries) => {
            let mut branches = Branches::default();
            let mut written = Vec::with_capacity(entries.len());
            for mut entry in std::mem::take(entries) {
                match branches.holds(&entry.key, scope) {
                    Some(false) => continue,
                    Some(true) if !entry.value.entries().is_empty() => {
                        decide(&mut entry.value, scope, room);
                        written.extend_from_slice(entry.value.entries());
                    }
                    _ => {
                        decide(&mut entry.value, scope, room);
                        written.push(entry);
                    }
                }
            }
            *entries = written;
        }
        Value::Sequence(items) => {
            let mut branches = Branches::default();
            let mut written = Vec::with_capacity(items.len());
            for mut item in std::mem::take(items) {
                if let Some(bodies) = each(&item, scope, room) {
                    written.extend(bodies);
                    continue;
                }
                let held = match item.entries() {
                    [entry] => branches.holds(&entry.key, scope),
                    _ => branches.end(),
                };
                if held == Some(false) {
                    continue;
                }
                decide(&mut item, scope, room);
                match item.entries() {
                    [entry] if held == Some(true) => written.extend_from_slice(entry.value.one_or_many()),
                    _ => written.push(item),
                }
            }
            *items = written;
        }
    }
}

/// The branches of a condition, which stand one after the other.
#[derive(Default)]
struct Branches {
    /// Whether one before this holds.
    taken: Option<bool>,
}

impl Branches {
    /// Whether what stands under a key is written; `None` where the key is no condition, or it is not known.
    fn holds(&mut self, key: &Node, scope: &Values) -> Option<bool> {
        static BRANCH: LazyLock<Regex> =
            LazyLock::new(|| pattern(r"^\$\{\{\s*(?P<word>if|elseif|else)\b\s*(?P<condition>.*?)\s*\}\}$"));
        let Some(found) = key.text().and_then(|text| BRANCH.captures(text.trim())) else { return self.end() };
        let holds = || holds(&found["condition"], scope, 0);
        match (&found["word"], self.taken) {
            ("if", _) => {
                self.taken = holds();
                self.taken
            }
            (_, Some(true)) => Some(false),
            (_, None) => None,
            ("else", Some(false)) => Some(true),
            (_, Some(false)) => {
                self.taken = holds();
                self.taken
            }
        }
    }

    /// Something else follows.
    fn end(&mut self) -> Option<bool> {
        self.taken = None;
        None
    }
}

/// Whether a condition on plain parameters holds.
fn holds(condition: &str, scope: &Values, depth: usize) -> Option<bool> {
    let condition = condition.trim();
    let Some((function, arguments)) = call(condition).filter(|_| depth < DEPTH_LIMIT) else {
        let text = operand(condition, scope)?;
        return Some(!text.is_empty() && text != "false");
    };
    let inner = |argument: &&str| holds(argument, scope, depth + 1);
    let texts = || arguments.iter().map(|argument| operand(argument, scope)).collect::<Option<Vec<String>>>();
    match function.to_ascii_lowercase().as_str() {
        "and" => arguments.iter().map(inner).fold(Some(true), and),
        "or" => arguments.iter().map(inner).fold(Some(false), or),
        "not" => arguments.first().and_then(inner).map(|holds| !holds),
        "eq" | "in" => texts()?.split_first().map(|(first, rest)| rest.contains(first)),
        "ne" | "notin" => texts()?.split_first().map(|(first, rest)| !rest.contains(first)),
        _ => None,
    }
}

/// A literal, or the text of a parameter, in lower case, since comparing ignores it. Text that runs decide is not known.
fn operand(text: &str, scope: &Values) -> Option<String> {
    let text = text.trim();
    let quoted = text.strip_prefix('\'').and_then(|text| text.strip_suffix('\''));
    let is_word = matches!(text.to_ascii_lowercase().as_str(), "true" | "false") || text.parse::<f64>().is_ok();
    let found = match quoted.or(is_word.then_some(text)) {
        Some(literal) => literal,
        None => match value_of(scope, text)? {
            value if value.is_null() => "",
            value => value.text()?,
        },
    };
    (!found.contains("${{") && !found.contains("$(") && !found.contains("$[")).then(|| found.to_lowercase())
}

/// What a loop makes; `None` where the item is none, or its list is not known.
fn each(item: &Node, scope: &Values, room: &mut usize) -> Option<Vec<Node>> {
    static EACH: LazyLock<Regex> =
        LazyLock::new(|| pattern(r"^\$\{\{\s*each\s+(?P<name>\w+)\s+in\s+(?P<list>[\w.\[\]'-]+)\s*\}\}$"));
    let [entry] = item.entries() else { return None };
    let found = EACH.captures(entry.key.text()?.trim())?;
    let list = value_of(scope, &found["list"])?;
    let Value::Sequence(values) = &list.value else { return None };
    let size = bytes(&entry.value);
    let mut bodies = Vec::new();
    for value in values {
        *room = room.checked_sub(size)?;
        let mut inner = vec![(found["name"].to_owned(), value.clone())];
        inner.extend_from_slice(scope);
        let mut body = entry.value.clone();
        write_out(&mut body, &inner, room);
        bodies.extend_from_slice(body.one_or_many());
    }
    Some(bodies)
}

fn pattern(text: &str) -> Regex {
    Regex::new(text).expect("the pattern is valid")
}

#[cfg(test)]
mod tests {
    use crate::pipelines::Action;
    use crate::test_support::{repository, repository_beside};

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

    /// The scripts of a pipeline whose only step is this template, given these parameters.
    fn scripts(template: &str, given: &str) -> Vec<String> {
        let root = format!("steps:\n  - template: t.yml\n    parameters: {given}\n");
        let repository = repository(&[("azure-pipelines.yml", &root), ("t.yml", template)]);
        let steps = repository.pipelines()[0].jobs[0].steps.iter().map(|step| match &step.action {
            Action::Run(script) => script.clone(),
            Action::Uses { reference, .. } => reference.clone(),
        });
        steps.collect()
    }

    #[test]
    fn a_template_has_the_values_it_is_given_or_else_its_defaults() {
        let listed = "parameters: [{name: to, default: dev}, {name: size}]\nsteps: [{script: 'helm upgrade ${{ parameters.to }} ${{parameters[''size'']}}'}]\n";
        assert_eq!(scripts(listed, "{to: prod, size: 2}"), ["helm upgrade prod 2"]);
        assert_eq!(scripts(listed, "{}"), ["helm upgrade dev ${{parameters['size']}}"]);
        let named = "parameters: {to: dev, before: []}\nsteps:\n  - ${{ parameters.before }}\n  - script: a ${{ parameters.to }}\n";
        assert_eq!(scripts(named, "{before: [{script: x}, {script: y}]}"), ["x", "y", "a dev"]);
    }

    #[test]
    fn conditions_on_plain_parameters_are_decided_and_others_are_left() {
        let template = |condition: &str| {
            format!(
                "parameters: {{to: dev, flag: false, open: $(later)}}\nsteps:\n  - ${{{{ if {condition} }}}}:\n    - script: a\n  - ${{{{ elseif eq(parameters.to, 'dev') }}}}:\n    - script: b\n  - ${{{{ else }}}}:\n    - script: c\n"
            )
        };
        for (condition, given, expected) in [
            ("eq(parameters.to, 'PROD')", "{to: prod}", &["a"][..]),
            ("eq(parameters.to, 'prod')", "{}", &["b"]),
            ("eq(parameters.to, 'prod')", "{to: test}", &["c"]),
            ("and(not(parameters.flag), in(parameters['to'], 'x', 'dev'))", "{}", &["a"]),
            ("or(eq(variables.x, 'y'), eq(parameters.flag, true))", "{flag: true}", &["a"]),
            ("eq(variables['Build.Reason'], 'PullRequest')", "{}", &["a", "b", "c"]),
            ("eq(parameters.open, 'x')", "{}", &["a", "b", "c"]),
            ("ne(parameters.nothing, 'x')", "{}", &["a", "b", "c"]),
        ] {
            assert_eq!(scripts(&template(condition), given), expected, "{condition} {given}");
        }
    }

    #[test]
    fn settings_under_a_condition_are_those_of_what_is_around_it() {
        let root = "resources: {repositories: [{repository: shared, name: org/ci}]}\nextends:\n  template: all.yml@shared\n  parameters: {live: true}\n";
        let template = "parameters: [{name: live, type: boolean, default: false}]\njobs:\n  - deployment: ship\n    ${{ if parameters.live }}:\n      environment: production\n    ${{ else }}:\n      environment: sandbox\n";
        let repository = repository_beside(&[("azure-pipelines.yml", root)], &[("org/ci:all.yml", template)]);
        let [ship] = repository.pipelines()[0].jobs.as_slice() else { panic!("one job") };
        assert_eq!((ship.environments.len(), ship.environments[0].name.as_str()), (1, "production"));
        assert_eq!((&*ship.place.path, ship.environments[0].place.line), ("org/ci:all.yml", 5));
    }

    #[test]
    fn templates_that_grow_end() {
        let root = "steps: [{template: t.yml, parameters: {x: abcdefgh, list: [1, 2, 3]}}]\n";
        let template = "parameters: {x: '', list: []}\nsteps:\n  - script: a ${{ parameters.x }}\n  - ${{ each a in parameters.list }}:\n    - ${{ each b in parameters.list }}:\n      - template: t.yml\n        parameters: {x: '${{ parameters.x }}${{ parameters.x }}', list: ['${{ parameters.list }}', '${{ parameters.list }}']}\n";
        let repository = repository(&[("azure-pipelines.yml", root), ("t.yml", template)]);
        assert!(!repository.pipelines()[0].jobs[0].steps.is_empty());
    }
}
