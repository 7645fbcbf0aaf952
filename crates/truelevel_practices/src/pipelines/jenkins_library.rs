//! Steps of Jenkins' shared libraries: what `vars/NAME.groovy` does, in the place of the call of `NAME`.
//!
//! Which repository a library is stands on the server. It is the one that is named as the library is, or else the only one
//! at hand that has the step. Classes of a library (`src/`) are not read, and what they do is not known.

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::sync::{Arc, LazyLock};

use regex::Regex;

use super::groovy::{Call, Text, Value, parse};
use crate::loading::{Followed, Loader};

/// Steps may call steps.
const CALL_DEPTH: usize = 12;
/// Calls of one file, with those of the steps that it calls.
const CALL_LIMIT: usize = 100_000;
/// Arguments of one call that are followed.
const ARGUMENT_LIMIT: usize = 50;
/// The block in the place of a step's call, and the place of a block that was given: no names that a file could use.
const STEP: &str = "<step>";
const GIVEN: &str = "<given>";
/// What the server itself or the language defines, as far as files use it with a block or to run something.
const BUILT_IN: [&str; 32] = [
    "archiveArtifacts",
    "bat",
    "catch",
    "catchError",
    "checkout",
    "dir",
    "echo",
    "else",
    "error",
    "finally",
    "if",
    "import",
    "input",
    "junit",
    "library",
    "lock",
    "node",
    "parallel",
    "pipeline",
    "post",
    "powershell",
    "pwsh",
    "retry",
    "script",
    "sh",
    "stage",
    "stages",
    "steps",
    "timeout",
    "try",
    "withCredentials",
    "withEnv",
];

/// The calls of a file with the steps of libraries written out, and the files that these stand in.
pub(super) fn follow(loader: &mut Loader<'_>, calls: Vec<Call>) -> (Vec<Call>, Vec<Arc<str>>) {
    let mut libraries = Vec::new();
    references(&calls, &mut libraries);
    let mut own = BTreeMap::new();
    definitions(&calls, &mut own);
    let mut follower = Follower { loader, libraries, own, steps: BTreeMap::new(), room: CALL_LIMIT, is_cut: false };
    let path = calls.first().map(|call| call.path.clone());
    let calls = follower.written_out(calls, &Scope::default(), 0);
    if let Some(path) = path.filter(|_| follower.is_cut) {
        let message = format!(
            "more than {CALL_LIMIT} calls, with those of the steps that it calls, of which the others were not looked at; split the file"
        );
        follower.loader.problem(&path, 0, 0, message);
    }
    let files = follower.steps.into_values().flatten().map(|file| file.path.clone()).collect();
    (calls, files)
}

/// The names of libraries in a reference: `@Library('a@1')`, `@Library(['a', 'b'])`, `library 'a@1'`.
pub(super) fn names(call: &Call) -> impl Iterator<Item = &str> {
    let named = call.texts.iter().filter(|(key, _)| key.is_empty() || key == "identifier" || key == "value");
    named.map(|(_, text)| text.text.as_str())
}

/// A library that a file loads.
struct Library {
    /// What its repository may be called.
    repository: String,
    /// As the file writes it, version included.
    reference: String,
}

fn references(calls: &[Call], found: &mut Vec<Library>) {
    static REMOTE: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"[/:](?P<repository>[\w.-]+/[\w.-]+?)(?:\.git)?/?$").expect("the pattern is valid")
    });
    for call in calls {
        if matches!(call.name.as_str(), "@Library" | "library") {
            let remote = call.texts.iter().find(|(key, _)| key == "remote").map(|(_, text)| text.text.as_str());
            let remote = remote.and_then(|remote| Some(REMOTE.captures(remote)?["repository"].to_owned()));
            found.extend(names(call).map(|reference| {
                let name = reference.split('@').next().unwrap_or(reference);
                let repository = remote.clone().unwrap_or_else(|| name.to_owned());
                Library { repository, reference: reference.to_owned() }
            }));
        }
        references(call.body(), found);
    }
}

/// A function that a file defines.
struct Definition {
    parameters: Vec<String>,
    body: Vec<Call>,
    /// Calls in the body, in all.
    size: usize,
}

fn definitions(calls: &[Call], found: &mut BTreeMap<String, Definition>) {
    static HEAD: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"^[\w.<>\[\],? ]*?\b(?P<name>\w+) \((?P<parameters>.*)\)$").expect("the pattern is valid")
    });
    for call in calls {
        let is_statement = matches!(call.name.as_str(), "else" | "return" | "new" | "throw" | "assert");
        let Some(body) = call.body.as_ref().filter(|_| !is_statement) else { continue };
        let Some(head) = HEAD.captures(call.arguments.trim()) else { continue };
        let name = |parameter: &str| {
            let declared = parameter.split('=').next().unwrap_or_default();
            declared.split_whitespace().last().unwrap_or_default().to_owned()
        };
        let parameters = head["parameters"].split(',').map(name).collect();
        let definition = Definition { parameters, size: size(body), body: body.clone() };
        found.entry(head["name"].to_owned()).or_insert(definition);
    }
}

/// A file of a library.
struct StepFile {
    path: Arc<str>,
    definitions: BTreeMap<String, Definition>,
}

/// What the names in a body stand for.
#[derive(Default)]
struct Scope {
    /// The file of a library that the body stands in.
    file: Option<Rc<StepFile>>,
    /// Texts, by the name of a variable or `VARIABLE.FIELD`.
    texts: BTreeMap<String, String>,
    /// The block that was given, and the name that it has here.
    block: Option<Block>,
}

struct Block {
    name: String,
    calls: Vec<Call>,
    /// It is written once, however often the body calls it.
    is_placed: Cell<bool>,
}

impl Block {
    fn is_called_by(&self, call: &Call) -> bool {
        call.name == self.name || call.name.strip_suffix(".call") == Some(&self.name)
    }

    fn is_given_to(&self, call: &Call) -> bool {
        call.values.iter().any(|argument| argument.value == Value::Word(self.name.clone()))
    }

    /// How often calls use the block: by calling it or by giving it on.
    fn uses(&self, calls: &[Call]) -> usize {
        let own = |call: &Call| usize::from(self.is_called_by(call) || self.is_given_to(call));
        calls.iter().map(|call| own(call) + self.uses(call.body())).sum()
    }

    /// A body with one place for the block. Where several calls use it, the place is after them, inside what holds all of
    /// them, so that none alone decides whether it runs.
    fn with_one_place(&self, mut body: Vec<Call>) -> Vec<Call> {
        let all = self.uses(&body);
        if all == 1 {
            return body;
        }
        self.is_placed.set(true);
        let mut calls = &mut body;
        while let Some(at) = calls.iter().position(|call| all > 0 && self.uses(call.body()) == all) {
            calls = calls[at].body.get_or_insert_default();
        }
        if let Some(last) = calls.last() {
            let place = Call { name: GIVEN.into(), ..step(last, Vec::new()) };
            calls.push(place);
        }
        body
    }
}

struct Follower<'l, 'a> {
    loader: &'l mut Loader<'a>,
    libraries: Vec<Library>,
    /// The functions of the file itself, which come before those of libraries.
    own: BTreeMap<String, Definition>,
    /// By the name of the step.
    steps: BTreeMap<String, Option<Rc<StepFile>>>,
    /// Calls that may still be written.
    room: usize,
    /// There were more.
    is_cut: bool,
}

impl Follower<'_, '_> {
    fn written_out(&mut self, calls: Vec<Call>, scope: &Scope, depth: usize) -> Vec<Call> {
        let mut written = Vec::with_capacity(calls.len());
        for mut call in calls {
            // What is too much is left as it is written.
            if !self.takes(1) {
                written.push(call);
                continue;
            }
            fill(&mut call, &scope.texts);
            if let Some(block) = &scope.block
                && (call.name == GIVEN || block.is_called_by(&call))
            {
                if call.name == GIVEN || !block.is_placed.replace(true) {
                    written.push(step(&call, block.calls.clone()));
                }
                continue;
            }
            match self.definition(&call, scope).filter(|_| depth < CALL_DEPTH) {
                Some((file, name)) if self.takes(file.definitions[&name].size) => {
                    let body = self.called(&call, file, &name, scope, depth);
                    written.push(step(&call, body));
                }
                _ => {
                    let body = call.body.take();
                    call.body = body.map(|body| self.written_out(body, scope, depth));
                    let given =
                        scope.block.as_ref().filter(|block| block.is_given_to(&call) && !block.is_placed.replace(true));
                    let given = given.map(|block| step(&call, block.calls.clone()));
                    written.push(call);
                    written.extend(given);
                }
            }
        }
        written
    }

    /// Whether so many calls can still be written.
    fn takes(&mut self, calls: usize) -> bool {
        let left = self.room.checked_sub(calls);
        self.is_cut |= left.is_none();
        self.room = left.unwrap_or(self.room);
        left.is_some()
    }

    /// The file and the name of the function that a call stands for.
    fn definition(&mut self, call: &Call, scope: &Scope) -> Option<(Rc<StepFile>, String)> {
        if let Some(file) = scope.file.as_ref().filter(|file| file.definitions.contains_key(&call.name)) {
            return Some((file.clone(), call.name.clone()));
        }
        let is_plain = call.name.chars().all(|c| c.is_alphanumeric() || c == '_');
        let is_condition = call.name == "when" && call.values.is_empty();
        if !is_plain || is_condition || self.own.contains_key(&call.name) || BUILT_IN.contains(&call.name.as_str()) {
            return None;
        }
        let file = self.step_file(&call.name)?;
        file.definitions.contains_key("call").then(|| (file, "call".to_owned()))
    }

    fn step_file(&mut self, name: &str) -> Option<Rc<StepFile>> {
        if let Some(known) = self.steps.get(name) {
            return known.clone();
        }
        let found = self.find(name).and_then(|path| {
            let text = self.loader.text(&path)?;
            let (calls, unclosed) = parse(text.as_str(), &path);
            if let Some((line, column, what)) = unclosed {
                self.loader.problem(
                    &path,
                    line,
                    column,
                    format!("{what}, so that what follows may be misread; close it"),
                );
            }
            if let Some(class) = calls.iter().find_map(|call| self.class(&path, call)) {
                self.loader.hides(&path, format!("it uses the class `{class}`, and classes of libraries are not read"));
            }
            let mut found = BTreeMap::new();
            definitions(&calls, &mut found);
            Some(Rc::new(StepFile { path, definitions: found }))
        });
        self.steps.insert(name.to_owned(), found.clone());
        found
    }

    fn find(&mut self, name: &str) -> Option<Arc<str>> {
        let path = format!("vars/{name}.groovy");
        let mut is_elsewhere = self.libraries.is_empty();
        for Library { repository, reference } in &self.libraries {
            match self.loader.take(repository, &path, reference) {
                Followed::File(file) => return Some(file),
                Followed::NoSuchFile => {}
                Followed::NotAtHand => is_elsewhere = true,
            }
        }
        let holder = is_elsewhere.then(|| self.loader.library_with(name)).flatten()?;
        let unseen = self.libraries.iter().map(|library| library.reference.as_str());
        let reference = unseen.collect::<Vec<_>>().join(", ");
        let reference = if reference.is_empty() { name.to_owned() } else { reference };
        match self.loader.take(&holder, &path, &reference) {
            Followed::File(file) => Some(file),
            Followed::NoSuchFile | Followed::NotAtHand => None,
        }
    }

    /// The class of the same library that a line of a step's file imports.
    fn class(&mut self, path: &Arc<str>, call: &Call) -> Option<String> {
        let name = call.arguments.trim();
        let repository = self.loader.taken(path).filter(|_| call.name == "import")?.repository.clone();
        let file = format!("src/{}.groovy", name.replace('.', "/"));
        matches!(self.loader.take(&repository, &file, name), Followed::File(_)).then(|| name.to_owned())
    }

    /// What a function does when it is called so.
    fn called(&mut self, call: &Call, file: Rc<StepFile>, name: &str, outer: &Scope, depth: usize) -> Vec<Call> {
        let Definition { parameters, body, .. } = &file.definitions[name];
        let given = match &outer.block {
            Some(block) if call.body.is_none() && block.is_given_to(call) => {
                (!block.is_placed.replace(true)).then(|| block.calls.clone())
            }
            _ => call.body.clone().map(|body| self.written_out(body, outer, depth)),
        };
        let is_map = call.values.iter().any(|argument| !argument.name.is_empty());
        let mut texts = BTreeMap::new();
        let mut at = usize::from(is_map);
        for argument in call.values.iter().take(ARGUMENT_LIMIT) {
            let key = match (argument.name.as_str(), parameters.first()) {
                ("", _) => {
                    at += 1;
                    parameters.get(at - 1).cloned()
                }
                (name, Some(first)) => Some(format!("{first}.{name}")),
                (_, None) => None,
            };
            let text = match &argument.value {
                Value::Text(text) => Some(text.clone()),
                Value::Word(word) => outer.texts.get(word).cloned(),
                Value::Other => None,
            };
            // What the caller fills in has another meaning here.
            if let (Some(key), Some(text)) = (key, text.filter(|text| !text.contains('$'))) {
                texts.insert(key, text);
            }
        }
        let mut set = BTreeSet::new();
        set_in(body, &mut set);
        texts.retain(|name: &String, _| {
            !set.contains(name) && !name.split('.').next().is_some_and(|first| set.contains(first))
        });
        let block = given.zip(parameters.last()).map(|(calls, name)| Block {
            name: name.clone(),
            calls,
            is_placed: Cell::new(false),
        });
        let body = match &block {
            Some(block) => block.with_one_place(body.clone()),
            None => body.clone(),
        };
        self.written_out(body, &Scope { file: Some(file.clone()), texts, block }, depth + 1)
    }
}

/// The variables, and fields of some, that a body sets anew.
fn set_in(calls: &[Call], found: &mut BTreeSet<String>) {
    for call in calls {
        let written = format!("{} {}", call.name, call.arguments);
        let set = match written.split_once('=') {
            Some((left, right)) if !right.starts_with('=') => left.split_whitespace().last().unwrap_or_default(),
            _ => &call.kept_as,
        };
        if !set.is_empty() {
            found.insert(set.to_owned());
        }
        set_in(call.body(), found);
    }
}

/// Calls in all.
fn size(calls: &[Call]) -> usize {
    calls.iter().map(|call| 1 + size(call.body())).sum()
}

/// The block in the place of a call.
fn step(call: &Call, body: Vec<Call>) -> Call {
    Call {
        path: call.path.clone(),
        name: STEP.into(),
        texts: Vec::new(),
        kept_as: String::new(),
        arguments: String::new(),
        values: Vec::new(),
        body: Some(body),
        line: call.line,
        column: call.column,
    }
}

/// Fills in the texts of a call, and those of the variables that it is given.
fn fill(call: &mut Call, texts: &BTreeMap<String, String>) {
    for (name, value) in texts {
        let written = format!("${{{name}}}");
        for (_, text) in &mut call.texts {
            if text.text.contains(&written) {
                text.text = text.text.replace(&written, value);
            }
        }
        for argument in &mut call.values {
            match &mut argument.value {
                Value::Word(word) if word == name => {
                    call.texts.push((
                        argument.name.clone(),
                        Text { text: value.clone(), line: call.line, column: call.column },
                    ));
                    argument.value = Value::Text(value.clone());
                }
                Value::Text(text) if text.contains(&written) => *text = text.replace(&written, value),
                Value::Text(_) | Value::Word(_) | Value::Other => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::pipelines::{Action, Occasion};
    use crate::test_support::repository_beside;
    use truelevel_model::Detection;

    const LIBRARY: &[(&str, &str)] = &[
        (
            "org/pipelines:vars/buildService.groovy",
            "import org.shop.Ship\n\ndef call(Map config, Closure body) {\n  node {\n    inStage('Test', config) { sh \"make test-${config.name}\" }\n    body()\n    onMaster { ship(config.to, env.TAG) }\n  }\n}\n\ndef ship(String to, tag) {\n  lock(to) {\n    stage(\"Deploy ${to}\") {\n      def out = sh(script: \"helm upgrade app . -n ${to}\", returnStdout: true)\n      sh \"echo ${tag}\"\n    }\n  }\n}\n\ndef unused() { stage('Never') { sh 'rm' } }\n",
        ),
        (
            "org/pipelines:vars/inStage.groovy",
            "def call(String name, config, Closure block) {\n  stage(name) {\n    if (config.quick) { block() } else { block.call() }\n  }\n}\n",
        ),
        (
            "org/pipelines:vars/onMaster.groovy",
            "def call(block) {\n  if (new Branch(env.BRANCH_NAME).isMaster()) {\n    return block.call()\n  }\n}\n",
        ),
    ];

    #[test]
    fn steps_of_a_library_that_is_at_hand_do_what_their_files_say() {
        for (load, named_as) in [
            ("@Library('pipelines@v1') _", "pipelines@v1"),
            (
                "library identifier: 'ours@v1', retriever: modernSCM([$class: 'GitSCMSource', remote: 'git@git.example:org/pipelines.git'])",
                "ours@v1",
            ),
            ("@Library('ours') _", "ours"),
        ] {
            let text = format!(
                "{load}\n\nbuildService(name: 'shop', to: 'production') {{\n  stage('Lint') {{ sh 'make lint' }}\n}}\n"
            );
            let repository = repository_beside(&[("Jenkinsfile", &text)], LIBRARY);
            let pipeline = &repository.pipelines()[0];
            let steps: Vec<_> = pipeline
                .jobs
                .iter()
                .flat_map(|job| job.steps.iter().map(move |step| (job.name.as_str(), step)))
                .collect();
            let shown: Vec<_> = steps
                .iter()
                .map(|(job, step)| {
                    let Action::Run(script) = &step.action else { panic!("a command") };
                    format!("{}:{} {job}: {script}", repository.origin(&step.place.path).path, step.place.line)
                })
                .collect();
            let expected = [
                "vars/buildService.groovy:5 Test: make test-shop",
                "Jenkinsfile:4 Lint: make lint",
                "vars/buildService.groovy:14 Deploy production: helm upgrade app . -n production",
                "vars/buildService.groovy:15 Deploy production: echo ${tag}",
            ];
            assert_eq!(shown, expected, "{load}");
            let ship = pipeline.job("Deploy production").unwrap();
            assert!(!ship.runs_on_changes() && pipeline.runs_unattended(ship, Occasion::DefaultBranchPush));
            assert_eq!(repository.taken(&ship.place.path).unwrap().reference, named_as);
            assert!(!pipeline.shared[0].holds_jobs);
        }
    }

    #[test]
    fn a_library_that_cannot_be_told_from_another_is_not_followed() {
        let mut others = LIBRARY.to_vec();
        others.push(("other/steps:vars/buildService.groovy", "def call(x) { stage('a') { sh 'rm' } }\n"));
        let repository =
            repository_beside(&[("Jenkinsfile", "@Library('ours') _\nbuildService(name: 'shop')\n")], &others);
        assert!(repository.pipelines()[0].jobs.is_empty() && repository.pipelines()[0].shared[0].holds_jobs);
    }

    #[test]
    fn what_classes_of_a_library_do_is_not_known() {
        let check = |others: &[(&str, &str)]| {
            let text = "@Library('pipelines') _\nbuildService(name: 'shop') { }\n";
            let repository = repository_beside(&[("Jenkinsfile", text)], others);
            crate::detect_all(&repository)["performance_tests"].clone()
        };
        assert!(matches!(check(LIBRARY), Detection::Absent { .. }));
        let mut with_class = LIBRARY.to_vec();
        with_class.push(("org/pipelines:src/org/shop/Ship.groovy", "package org.shop\nclass Ship {}\n"));
        let Detection::Unknown { reason } = check(&with_class) else { panic!("{:?}", check(&with_class)) };
        assert!(reason.contains("it uses the class `org.shop.Ship`"), "{reason}");
    }

    #[test]
    fn a_long_step_that_calls_itself_ends() {
        let long = format!("def call(block) {{\n{}}}\n", "  x { x { block() } }\n".repeat(4_000));
        let library = [("org/a:vars/x.groovy", long.as_str())];
        let text = "@Library('a') _\nstage('s') { x { sh 'make' }\n sh 'ls' }\n";
        let repository = repository_beside(&[("Jenkinsfile", text)], &library);
        assert!(!repository.pipelines()[0].jobs[0].steps.is_empty());
        assert!(repository.warnings()[0].message.contains("calls"), "{:?}", repository.warnings());
    }

    #[test]
    fn steps_that_call_each_other_end() {
        let library = [
            ("org/a:vars/x.groovy", "def call(block) {\n  y { block() }\n  x { y { block() } }\n}\n"),
            ("org/a:vars/y.groovy", "def call(block) { x { block() }\n x { x { block() } }\n sh 'y' }\n"),
        ];
        let repository =
            repository_beside(&[("Jenkinsfile", "@Library('a') _\nstage('s') { x { sh 'make' } }\n")], &library);
        assert!(!repository.pipelines()[0].jobs[0].steps.is_empty());
    }
}
