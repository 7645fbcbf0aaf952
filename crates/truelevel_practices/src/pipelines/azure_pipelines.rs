//! Azure Pipelines: stages, jobs, deployments, and templates of this repository and others that are at hand.

use std::collections::BTreeMap;
use std::sync::Arc;

use truelevel_documents::Node;

use super::azure_conditions::holds;
use super::azure_expansion;
use super::given_values::LIMIT_BYTES;
use super::occasions::{Branches, Occasion, Occasions, Trigger, of_triggers};
use super::{FeatureKind, JOB_LIMIT, Job, Pipeline, STEP_LIMIT, Shared, Step, System, inputs, texts};
use crate::loading::{Followed, Loader};
use crate::paths::File;
use crate::text::Place;

const TEMPLATE_DEPTH: usize = 5;

pub(super) fn load(loader: &mut Loader<'_>, file: &File, branches: &Branches) -> Option<Pipeline> {
    let root = super::document(loader, &file.path)?;
    let mut pipeline = Pipeline::new(System::AzurePipelines, &file.path);
    pipeline.name = root.get("name").and_then(Node::text).map(str::to_owned);
    pipeline.triggers = triggers(&root, &file.path, branches);
    let occasions = of_triggers(&pipeline.triggers);
    let mut room = LIMIT_BYTES;
    let root = azure_expansion::expand(&root, None, &mut room);
    let mut reader = Reader {
        loader,
        branches,
        pipeline,
        repositories: repositories(&root),
        jobs_of_stages: BTreeMap::new(),
        last_stage: None,
        templates: 0,
        room,
    };
    reader.add_root(&root, &file.path, 0);
    let mut pipeline = reader.pipeline;
    for job in &mut pipeline.jobs {
        job.occasions = job.occasions.and(occasions);
        job.has_if(FeatureKind::OneAtATime, root.get("lockBehavior"), &file.path);
    }
    Some(pipeline)
}

fn triggers(root: &Node, path: &Arc<str>, branches: &Branches) -> Vec<Trigger> {
    let patterns = |node: &Node| {
        let chosen = node.get("branches").unwrap_or(node);
        let included = if chosen.entries().is_empty() { texts(Some(chosen)) } else { texts(chosen.get("include")) };
        let excluded = texts(chosen.get("exclude")).into_iter().map(|name| format!("!{name}"));
        included
            .into_iter()
            .map(|name| if name == "*" { "**".to_owned() } else { name })
            .chain(excluded)
            .collect::<Vec<_>>()
    };
    let is_none = |node: &&Node| node.text() == Some("none");
    let start = Place::of(path, root);
    let mut triggers = vec![Trigger::manual(start.clone())];
    match root.get("trigger") {
        None => triggers.push(Trigger::push(Vec::new(), branches, start.clone())),
        Some(node) if is_none(&node) => {}
        Some(node) => {
            let has_tags = node.get("tags").is_some();
            if !has_tags || node.get("branches").is_some() {
                triggers.push(Trigger::push(patterns(node), branches, Place::of(path, node)));
            }
            if has_tags {
                triggers.push(Trigger::tag(Place::of(path, node)));
            }
        }
    }
    match root.get("pr") {
        None => triggers.push(Trigger::change_proposed(start)),
        Some(node) if is_none(&node) => {}
        Some(node) if branches.occasions(&patterns(node)).contains(Occasion::DefaultBranchPush) => {
            triggers.push(Trigger::change_proposed(Place::of(path, node)))
        }
        Some(_) => {}
    }
    if let Some(schedules) = root.get("schedules") {
        triggers.push(Trigger::schedule(Place::of(path, schedules)));
    }
    triggers
}

/// The repositories that a pipeline declares, by the name that templates use.
fn repositories(root: &Node) -> BTreeMap<String, String> {
    let listed = root.at(["resources", "repositories"]).map_or(&[][..], Node::items).iter();
    let text = |node: &Node, key: &str| node.get(key).and_then(Node::text).map(str::to_owned);
    listed.filter_map(|node| Some((text(node, "repository")?, text(node, "name")?))).collect()
}

struct Reader<'l, 'a> {
    loader: &'l mut Loader<'a>,
    branches: &'l Branches,
    pipeline: Pipeline,
    repositories: BTreeMap<String, String>,
    jobs_of_stages: BTreeMap<String, Vec<String>>,
    last_stage: Option<String>,
    /// Templates that were opened, in all.
    templates: usize,
    /// What parameters and loops may still write, in bytes.
    room: usize,
}

/// What a job inherits from the stage that holds it.
#[derive(Clone, Default)]
struct Stage {
    name: String,
    needs: Vec<String>,
    condition: Option<String>,
}

impl Reader<'_, '_> {
    fn add_root(&mut self, root: &Node, path: &Arc<str>, depth: usize) {
        if let Some(extends) = root.get("extends")
            && let Some((path, template)) = self.template(extends, path, depth)
        {
            self.add_root(&template, &path, depth + 1);
        }
        self.add_stages(root.get("stages"), path, depth);
        let stage = Stage::default();
        self.add_jobs(root.get("jobs"), path, &stage, depth);
        if let Some(steps) = root.get("steps").filter(|_| depth == 0) {
            let mut job = Job::new("job", Place::of(path, steps));
            self.add_steps(Some(steps), path, &mut job, depth);
            self.pipeline.jobs.push(job);
        }
    }

    /// The file that a `template` names, given its parameters; one of another repository is noted, and followed where that one is at hand.
    fn template(&mut self, node: &Node, path: &Arc<str>, depth: usize) -> Option<(Arc<str>, Node)> {
        let named = node.get("template")?;
        let reference = named.text()?;
        self.templates += 1;
        if depth >= TEMPLATE_DEPTH || self.templates > JOB_LIMIT {
            return None;
        }
        let place = Place::of(path, named);
        let file = match reference.trim_end_matches("@self").split_once('@') {
            Some((there, alias)) => self.template_elsewhere(there, alias, reference, place)?,
            None => {
                let Some(file) = self.loader.beside(path, reference.trim_end_matches("@self")) else {
                    let message = format!(
                        "the template `{reference}` is not in the repository; correct the path, or add the file"
                    );
                    self.loader.problem(path, named.line, named.column, message);
                    return None;
                };
                file
            }
        };
        let root = self.loader.documents(&file)?.into_iter().next()?;
        if file != self.pipeline.path {
            self.pipeline.includes.insert(file.clone());
        }
        let root = azure_expansion::expand(&root, node.get("parameters"), &mut self.room);
        Some((file, root))
    }

    /// The file of a template of another repository that is at hand.
    fn template_elsewhere(&mut self, path: &str, alias: &str, reference: &str, place: Place) -> Option<Arc<str>> {
        let repository = self.repositories.get(alias).map_or(alias, String::as_str);
        let followed = self.loader.take(repository, path.trim_start_matches('/'), reference);
        if matches!(followed, Followed::NoSuchFile) {
            let message = format!(
                "the template `{path}` is taken, and {repository} holds no such file at its newest commit; correct the path, or add the file"
            );
            self.loader.problem(&place.path, place.line, place.column, message);
        }
        let file = match followed {
            Followed::File(file) => Some(file),
            Followed::NoSuchFile | Followed::NotAtHand => None,
        };
        self.pipeline.shared.push(Shared { reference: reference.to_owned(), place, holds_jobs: file.is_none() });
        file
    }

    fn add_stages(&mut self, stages: Option<&Node>, path: &Arc<str>, depth: usize) {
        for node in flat(stages) {
            if let Some((path, template)) = self.template(node, path, depth) {
                self.add_stages(template.get("stages"), &path, depth + 1);
            }
            let Some(name) = node.get("stage").and_then(Node::text) else { continue };
            let depends_on = match node.get("dependsOn") {
                Some(listed) => texts(Some(listed)),
                None => self.last_stage.iter().cloned().collect(),
            };
            let needs =
                depends_on.iter().filter_map(|stage| self.jobs_of_stages.get(stage)).flatten().cloned().collect();
            let condition = node.get("condition").and_then(Node::text).map(str::to_owned);
            let first = self.pipeline.jobs.len();
            let stage = Stage { name: name.to_owned(), needs, condition };
            self.add_jobs(node.get("jobs"), path, &stage, depth);
            for job in &mut self.pipeline.jobs[first..] {
                job.has_if(FeatureKind::OneAtATime, node.get("lockBehavior"), path);
            }
            if node.get("trigger").and_then(Node::text) == Some("manual") {
                self.pipeline.jobs[first..].iter_mut().for_each(|job| job.manual = Occasions::ALL);
            }
            let names = self.pipeline.jobs[first..].iter().map(|job| job.name.clone()).collect();
            self.jobs_of_stages.insert(name.to_owned(), names);
            self.last_stage = Some(name.to_owned());
        }
    }

    fn add_jobs(&mut self, jobs: Option<&Node>, path: &Arc<str>, stage: &Stage, depth: usize) {
        for node in flat(jobs) {
            if let Some((path, template)) = self.template(node, path, depth) {
                self.add_jobs(template.get("jobs"), &path, stage, depth + 1);
            }
            let Some(key) = ["job", "deployment"].into_iter().find(|key| node.get(key).is_some()) else { continue };
            if self.pipeline.jobs.len() > JOB_LIMIT {
                return;
            }
            let own = node.get(key).and_then(Node::text).unwrap_or("job");
            let named =
                |name: &str| if stage.name.is_empty() { name.to_owned() } else { format!("{} / {name}", stage.name) };
            let mut job = Job::new(named(own), Place::of(path, node));
            job.needs = texts(node.get("dependsOn"))
                .iter()
                .map(|name| named(name))
                .chain(stage.needs.iter().cloned())
                .collect();
            let own_condition = node.get("condition").and_then(Node::text);
            for condition in own_condition.iter().copied().chain(stage.condition.as_deref()) {
                let branches = self.branches;
                job.occasions =
                    job.occasions.and(Occasions::when(|occasion| holds(condition, occasion, branches) != Some(false)));
            }
            job.disabled = job.occasions.is_empty();
            job.allow_failure = crate::manifests::is_true(node.get("continueOnError"));
            if let Some(environment) = node.get("environment").filter(|_| key == "deployment") {
                let name = environment.get("name").unwrap_or(environment);
                job.uses_environment(
                    name.text().unwrap_or_default().split('.').next().unwrap_or_default(),
                    Place::of(path, name),
                );
            }
            job.has_if(FeatureKind::Timeout, node.get("timeoutInMinutes"), path);
            job.has_if(FeatureKind::Services, node.get("services"), path);
            self.add_steps(node.get("steps"), path, &mut job, depth);
            for strategy in node.get("strategy").map_or(&[][..], Node::entries).iter().filter(|_| key == "deployment") {
                if strategy.key.text() == Some("canary") {
                    job.has(FeatureKind::Canary, Place::of(path, &strategy.key));
                }
                for hook in ["preDeploy", "deploy", "routeTraffic", "postRouteTraffic"] {
                    self.add_steps(strategy.value.at([hook, "steps"]), path, &mut job, depth);
                }
            }
            self.pipeline.jobs.push(job);
        }
    }

    fn add_steps(&mut self, steps: Option<&Node>, path: &Arc<str>, job: &mut Job, depth: usize) {
        for node in flat(steps) {
            if job.steps.len() >= STEP_LIMIT {
                return;
            }
            if let Some((path, template)) = self.template(node, path, depth) {
                self.add_steps(template.get("steps"), &path, job, depth + 1);
                continue;
            }
            job.has_if(FeatureKind::Retry, node.get("retryCountOnTaskFailure"), path);
            if let Some(published) = node.get("publish") {
                let said = [Some(published), node.get("artifact")].into_iter().flatten().filter_map(Node::text);
                let said = said.collect::<Vec<_>>().join(" ");
                job.has(FeatureKind::LeavesFiles(said), Place::of(path, published));
            }
            let download = node.get("download").filter(|download| download.text() != Some("none"));
            job.has_if(FeatureKind::TakesFiles, download, path);
            let script = ["script", "bash", "pwsh", "powershell"].iter().find_map(|key| node.get(key));
            let task = node.get("task");
            let inline = task.and(node.at(["inputs", "script"]).or_else(|| node.at(["inputs", "inlineScript"])));
            let mut step = match (script.or(inline), task) {
                (Some(script), _) => Step::run(script.text().unwrap_or_default(), Place::of(path, script)),
                (None, Some(task)) => {
                    Step::uses(task.text().unwrap_or_default(), inputs(node.get("inputs")), Place::of(path, task))
                }
                (None, None) => continue,
            };
            if task
                .and_then(Node::text)
                .is_some_and(|task| task.starts_with("ManualValidation@") || task.starts_with("ManualIntervention@"))
            {
                job.manual = Occasions::ALL;
            }
            if task.and_then(Node::text).is_some_and(|task| task.starts_with("PublishTestResults@")) {
                job.has(FeatureKind::Report("junit".into()), step.place.clone());
            }
            step.allow_failure = crate::manifests::is_true(node.get("continueOnError"));
            let condition = node.get("condition").and_then(Node::text);
            let never = condition.is_some_and(|text| {
                Occasion::ALL.iter().all(|&occasion| holds(text, occasion, self.branches) == Some(false))
            });
            step.disabled = never || crate::manifests::is_false(node.get("enabled"));
            job.steps.push(step);
        }
    }
}

/// The items of a list, with those that template conditions (`${{ if … }}:`) hold.
fn flat(list: Option<&Node>) -> Vec<&Node> {
    let mut items = Vec::new();
    let mut pending: Vec<&Node> = list.map_or(&[][..], Node::items).iter().rev().collect();
    while let Some(item) = pending.pop() {
        match item.entries() {
            [entry] if entry.key.text().is_some_and(|key| key.trim_start().starts_with("${{")) => {
                pending.extend(entry.value.items().iter().rev())
            }
            _ => items.push(item),
        }
    }
    items
}

#[cfg(test)]
mod tests {
    use super::super::{FeatureKind, Occasion};
    use crate::test_support::{repository, repository_beside};

    #[test]
    fn stages_deployments_and_templates_are_read() {
        let text = "trigger: [main]\npr: [main]\nstages:\n  - stage: build\n    jobs:\n      - job: test\n        steps:\n          - template: ci/steps.yml\n  - stage: prod\n    condition: and(succeeded(), eq(variables['Build.SourceBranch'], 'refs/heads/main'))\n    jobs:\n      - deployment: ship\n        environment: production\n        strategy: {canary: {deploy: {steps: [{script: helm upgrade a .}]}}}\n";
        let repository =
            repository(&[("azure-pipelines.yml", text), ("ci/steps.yml", "steps:\n  - script: dotnet test\n")]);
        let pipeline = &repository.pipelines()[0];
        let test = pipeline.job("build / test").unwrap();
        assert!(test.runs_on_changes());
        assert_eq!((&*test.steps[0].place.path, test.steps[0].place.line), ("ci/steps.yml", 2));
        let ship = pipeline.job("prod / ship").unwrap();
        assert!(
            ship.environments[0].is_production
                && pipeline.runs_unattended(ship, Occasion::DefaultBranchPush)
                && !ship.runs_on_changes()
        );
        assert!(ship.feature(&FeatureKind::Canary).is_some());
        assert_eq!(pipeline.before(ship).len(), 1);
    }

    #[test]
    fn templates_of_another_repository_that_is_at_hand_are_followed() {
        let text = "resources: {repositories: [{repository: shared, name: org/ci}]}\njobs:\n  - job: a\n    steps: [{template: steps/all.yml@shared}]\n";
        let repository = repository_beside(
            &[("azure-pipelines.yml", text)],
            &[
                ("org/ci:steps/all.yml", "steps: [{template: test.yml}]\n"),
                ("org/ci:steps/test.yml", "steps: [{script: dotnet test}]\n"),
            ],
        );
        let pipeline = &repository.pipelines()[0];
        assert_eq!(&*pipeline.jobs[0].steps[0].place.path, "org/ci:steps/test.yml");
        assert!(!pipeline.shared[0].holds_jobs);
    }

    #[test]
    fn a_person_and_templates_elsewhere_are_seen() {
        let text = "trigger: none\npr: none\nextends: {template: all.yml@shared}\njobs:\n  - job: wait\n    steps: [{task: ManualValidation@1}]\n";
        let repository = repository(&[("azure-pipelines.yml", text)]);
        let pipeline = &repository.pipelines()[0];
        assert!(!pipeline.jobs[0].manual.is_empty());
        assert_eq!(pipeline.shared[0].reference, "all.yml@shared");
        assert!(!pipeline.jobs[0].occasions.is_automatic());
    }
}
