//! Buildkite: steps in order, with waits and blocks between them.

use std::sync::Arc;

use truelevel_documents::Node;

use super::conditions;
use super::occasions::{Branches, Occasion, Occasions, Trigger};
use super::{FeatureKind, JOB_LIMIT, Job, Pipeline, Shared, Step, System, texts};
use crate::loading::Loader;
use crate::paths::File;
use crate::text::Place;

pub(super) fn load(loader: &mut Loader<'_>, file: &File, branches: &Branches) -> Option<Pipeline> {
    // A pipeline may be the list of its steps alone.
    let root = loader.documents(&file.path)?.into_iter().next()?;
    let mut pipeline = Pipeline::new(System::Buildkite, &file.path);
    let start = Place::of(&file.path, &root);
    pipeline.triggers = vec![Trigger::push(Vec::new(), branches, start.clone()), Trigger::change_proposed(start)];
    let mut reader = Reader { path: &file.path, branches, before: Vec::new(), since_wait: Vec::new() };
    for step in root.get("steps").unwrap_or(&root).items() {
        reader.add(step, &mut pipeline);
    }
    Some(pipeline)
}

struct Reader<'d> {
    path: &'d Arc<str>,
    branches: &'d Branches,
    /// The jobs before the last wait.
    before: Vec<String>,
    since_wait: Vec<String>,
}

impl Reader<'_> {
    fn wait(&mut self) {
        self.before.append(&mut self.since_wait);
    }

    fn add(&mut self, node: &Node, pipeline: &mut Pipeline) {
        if pipeline.jobs.len() > JOB_LIMIT {
            return;
        }
        let text = |key: &str| node.get(key).and_then(Node::text);
        let place = Place::of(self.path, node);
        if node.text() == Some("wait") || node.get("wait").is_some() || node.get("waiter").is_some() {
            return self.wait();
        }
        if let Some(group) = node.get("group").and(node.get("steps")) {
            group.items().iter().for_each(|step| self.add(step, pipeline));
            return;
        }
        let blocks = ["block", "input"]
            .iter()
            .find_map(|key| node.get(key))
            .or(Some(node).filter(|node| matches!(node.text(), Some("block" | "input"))));
        let name = ["key", "label", "name", "block", "input"].iter().find_map(|key| text(key)).map(str::to_owned);
        let mut job = Job::new(name.unwrap_or_else(|| format!("step {}", node.line)), place.clone());
        job.occasions = self.occasions(node);
        job.disabled = node.get("skip").is_some_and(|skip| skip.boolean() != Some(false) && !skip.is_null())
            || job.occasions.is_empty();
        job.allow_failure = node.get("soft_fail").is_some_and(|soft| soft.boolean() != Some(false));
        job.needs = match node.get("depends_on") {
            Some(needs) => needs
                .one_or_many()
                .iter()
                .filter_map(|need| need.get("step").unwrap_or(need).text())
                .map(str::to_owned)
                .collect(),
            None => self.before.clone(),
        };
        if blocks.is_some() {
            job.manual = Occasions::ALL;
            self.wait();
            self.before.push(job.name.clone());
            pipeline.jobs.push(job);
            return;
        }
        for command in ["command", "commands"].iter().filter_map(|key| node.get(key)).flat_map(Node::one_or_many) {
            if let Some(script) = command.text() {
                job.steps.push(Step::run(script, Place::of(self.path, command)));
            }
        }
        if let Some(triggered) = node.get("trigger")
            && let Some(reference) = triggered.text()
        {
            let place = Place::of(self.path, triggered);
            pipeline.shared.push(Shared { reference: reference.to_owned(), place, holds_jobs: true });
        }
        self.add_plugins(node.get("plugins"), &mut job, pipeline);
        job.has_if(FeatureKind::Retry, node.at(["retry", "automatic"]), self.path);
        job.has_if(FeatureKind::Timeout, node.get("timeout_in_minutes"), self.path);
        let is_alone = node.get("concurrency").and_then(Node::text) == Some("1");
        job.has_if(FeatureKind::OneAtATime, node.get("concurrency_group").filter(|_| is_alone), self.path);
        job.leaves(node.get("artifact_paths"), self.path);
        self.since_wait.push(job.name.clone());
        pipeline.jobs.push(job);
    }

    fn add_plugins(&self, plugins: Option<&Node>, job: &mut Job, pipeline: &mut Pipeline) {
        let listed = plugins.map_or(&[][..], Node::one_or_many).iter();
        let keys = listed.flat_map(|plugin| match plugin.entries() {
            [] => vec![(plugin, None)],
            entries => entries.iter().map(|entry| (&entry.key, Some(&entry.value))).collect(),
        });
        for (key, settings) in keys {
            let Some(reference) = key.text() else { continue };
            let place = Place::of(self.path, key);
            pipeline.shared.push(Shared { reference: reference.to_owned(), place: place.clone(), holds_jobs: false });
            job.steps.push(Step::uses(reference, super::inputs(settings), place));
        }
    }

    fn occasions(&self, node: &Node) -> Occasions {
        let mut occasions = Occasions::when(|occasion| !matches!(occasion, Occasion::Other));
        let filter = texts(node.get("branches"));
        if !filter.is_empty() {
            let patterns: Vec<_> = filter
                .iter()
                .flat_map(|text| text.split_whitespace())
                .map(|pattern| pattern.replace('*', "**"))
                .collect();
            // A proposed change is built from its own branch.
            let pushes = self.branches.occasions(&patterns);
            let of_branches = |occasion: Occasion| match occasion {
                Occasion::ChangeProposed => pushes.contains(Occasion::OtherBranchPush),
                Occasion::DefaultBranchPush | Occasion::OtherBranchPush => pushes.contains(occasion),
                Occasion::Schedule | Occasion::Manual => pushes.contains(Occasion::DefaultBranchPush),
                _ => false,
            };
            occasions = occasions.and(Occasions::when(of_branches));
        }
        if let Some(condition) = node.get("if") {
            let text = if condition.boolean() == Some(false) { "false" } else { condition.text().unwrap_or_default() };
            occasions = occasions.and(Occasions::when(|occasion| {
                conditions::holds(text, &|atom| self.decide(atom, occasion)) != Some(false)
            }));
        }
        occasions
    }

    fn decide(&self, atom: &str, occasion: Occasion) -> Option<bool> {
        if atom == "false" {
            return Some(false);
        }
        let (left, operator) =
            if atom.contains("!=") { (atom.split("!=").next()?, "!=") } else { (atom.split("==").next()?, "==") };
        let right = atom.split(operator).nth(1)?.trim().trim_matches(['"', '\'']);
        let equal = match left.trim() {
            "build.branch" => match occasion {
                Occasion::DefaultBranchPush | Occasion::Schedule => {
                    Some(self.branches.is_default(right) || right == "pipeline.default_branch")
                }
                Occasion::OtherBranchPush | Occasion::ChangeProposed => {
                    (self.branches.is_default(right) || right == "pipeline.default_branch").then_some(false)
                }
                _ => None,
            },
            "build.tag" if right == "null" => Some(occasion != Occasion::Tag),
            "build.pull_request.id" if right == "null" => Some(occasion != Occasion::ChangeProposed),
            "build.source" if right == "schedule" => Some(occasion == Occasion::Schedule),
            _ => None,
        };
        equal.map(|equal| equal == (operator == "=="))
    }
}

#[cfg(test)]
mod tests {
    use super::super::Occasion;
    use crate::test_support::repository;

    #[test]
    fn a_block_holds_everything_after_it() {
        let text = "steps:\n  - label: test\n    command: go test ./...\n    plugins: [docker#v5.0: {image: go}]\n  - wait\n  - label: stage\n    command: helm upgrade a .\n    branches: main\n  - block: go\n  - label: ship\n    command: helm upgrade a . -n production\n    if: build.branch == 'main'\n";
        let repository = repository(&[(".buildkite/pipeline.yml", text)]);
        let pipeline = &repository.pipelines()[0];
        let (stage, ship) = (pipeline.job("stage").unwrap(), pipeline.job("ship").unwrap());
        assert!(pipeline.runs_unattended(stage, Occasion::DefaultBranchPush) && !stage.runs_on_changes());
        assert!(!pipeline.runs_unattended(ship, Occasion::DefaultBranchPush) && !ship.runs_on_changes());
        assert!(pipeline.job("test").unwrap().runs_on_changes());
        assert_eq!(pipeline.shared[0].reference, "docker#v5.0");
    }
}
