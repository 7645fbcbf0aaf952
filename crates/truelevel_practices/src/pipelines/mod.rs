//! CI pipelines in one form, whatever system runs them.
//!
//! One file per system turns its format into [`Pipeline`]s; detectors never see a system's own words. A job knows
//! on which occasions it runs, on which of these a person has to start it, and which of its steps can fail unseen.

mod artifacts;
mod azure_conditions;
mod azure_expansion;
mod azure_pipelines;
mod bitbucket;
mod buildkite;
mod circleci;
mod cloud_build;
mod conditions;
mod drone;
mod expressions;
mod github_actions;
mod github_reuse;
mod gitlab_ci;
mod gitlab_conditions;
mod gitlab_includes;
mod given_values;
mod groovy;
mod jenkins;
mod jenkins_library;
mod occasions;
mod scripts;
mod tekton;
mod travis;

use std::collections::BTreeSet;
use std::sync::Arc;

pub use occasions::{Branches, Occasion, Occasions, Trigger, TriggerKind};

pub use crate::text::Place;

use regex::Regex;
use truelevel_documents::Node;

use crate::loading::Loader;
use crate::paths::{folder, is_yaml, name};

/// What runs a pipeline.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum System {
    /// Azure Pipelines.
    AzurePipelines,
    /// Bitbucket Pipelines.
    Bitbucket,
    /// Buildkite.
    Buildkite,
    /// CircleCI.
    CircleCi,
    /// Google Cloud Build.
    CloudBuild,
    /// Drone and Woodpecker.
    Drone,
    /// GitHub Actions, and Gitea's and Forgejo's Actions.
    GitHubActions,
    /// GitLab CI.
    GitLabCi,
    /// Jenkins.
    Jenkins,
    /// Tekton with Pipelines as Code.
    Tekton,
    /// Travis CI.
    Travis,
}

/// A pipeline that a file defines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pipeline {
    /// What runs it.
    pub system: System,
    /// The file.
    pub path: Arc<str>,
    /// Its name, where the format has one.
    pub name: Option<String>,
    /// What starts it.
    pub triggers: Vec<Trigger>,
    /// Its jobs, in the order of the file; the ones of reusable workflows that are at hand follow the job that calls
    /// them.
    pub jobs: Vec<Job>,
    /// Shared definitions that it takes from other repositories.
    pub shared: Vec<Shared>,
    /// Other files that it is made of; those of other repositories as `OWNER/NAME:PATH`.
    pub includes: BTreeSet<Arc<str>>,
}

/// A definition kept in another repository: a workflow, template, component, library, orb or plugin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shared {
    /// As the file writes it, version included.
    pub reference: String,
    /// Where.
    pub place: Place,
    /// It may hold jobs that are not seen here: its repository is not at hand.
    pub holds_jobs: bool,
}

/// One unit of work of a pipeline.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Job {
    /// Its name; `caller / job` for one of a reusable workflow.
    pub name: String,
    /// Where it is defined.
    pub place: Place,
    /// When it runs.
    pub occasions: Occasions,
    /// On which of these it waits for a person.
    pub manual: Occasions,
    /// The environments it deploys to.
    pub environments: Vec<EnvironmentUse>,
    /// The jobs that must have succeeded before.
    pub needs: Vec<String>,
    /// Its failure fails nothing.
    pub allow_failure: bool,
    /// It never runs.
    pub disabled: bool,
    /// What it does, in order; composite actions that are at hand and scripts follow the step that calls them.
    pub steps: Vec<Step>,
    /// Settings that detectors ask for.
    pub features: Vec<Feature>,
}

/// An environment that a job deploys to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EnvironmentUse {
    /// Its name; an expression where the file does not say.
    pub name: String,
    /// Whether it is production.
    pub is_production: bool,
    /// Where.
    pub place: Place,
}

/// A setting of a job beside its steps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Feature {
    /// Which.
    pub kind: FeatureKind,
    /// Where.
    pub place: Place,
}

/// The settings that detectors ask for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FeatureKind {
    /// Files are kept between runs.
    Cache,
    /// Services, such as databases, run beside the job.
    Services,
    /// It is tried again when it fails.
    Retry,
    /// It is ended when it takes too long.
    Timeout,
    /// It proves to others who it is by a token that the system signs for it.
    IdentityToken,
    /// What its token of the forge may do is limited.
    LimitedToken,
    /// It deploys to a part of the instances or traffic first.
    Canary,
    /// It runs one at a time with what is of the same group.
    OneAtATime,
    /// It leaves files to jobs after it or to people: their name and paths, as far as the file says.
    LeavesFiles(String),
    /// It takes files that jobs before it left, and says so.
    TakesFiles,
    /// It hands a report of this kind to the system: `junit`, `sast`, `coverage_report`.
    Report(String),
}

/// One thing that a job does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// Where.
    pub place: Place,
    /// What.
    pub action: Action,
    /// Its failure fails nothing.
    pub allow_failure: bool,
    /// It never runs.
    pub disabled: bool,
}

/// What a step does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Runs a script.
    Run(String),
    /// Uses something ready-made: an action, task, orb command or plugin.
    Uses {
        /// As the file writes it, version included.
        reference: String,
        /// What it is given.
        inputs: Vec<(String, String)>,
    },
}

impl Pipeline {
    pub(crate) fn new(system: System, path: &Arc<str>) -> Self {
        Self {
            system,
            path: path.clone(),
            name: None,
            triggers: Vec::new(),
            jobs: Vec::new(),
            shared: Vec::new(),
            includes: BTreeSet::new(),
        }
    }

    /// The jobs that can run.
    pub fn active_jobs(&self) -> impl Iterator<Item = &Job> {
        self.jobs.iter().filter(|job| !job.disabled && !job.occasions.is_empty())
    }

    /// The job of a name.
    pub fn job(&self, name: &str) -> Option<&Job> {
        self.jobs.iter().find(|job| job.name == name)
    }

    /// The jobs that must have succeeded before a job, near and far.
    pub fn before<'a>(&'a self, job: &'a Job) -> Vec<&'a Job> {
        let mut seen = BTreeSet::from([job.name.as_str()]);
        let mut pending: Vec<_> = job.needs.iter().map(String::as_str).collect();
        let mut jobs = Vec::new();
        while let Some(name) = pending.pop() {
            if seen.insert(name)
                && let Some(job) = self.job(name)
            {
                pending.extend(job.needs.iter().map(String::as_str));
                jobs.push(job);
            }
        }
        jobs
    }

    /// Whether a job runs on an occasion without any person having to start it or a job before it.
    pub fn runs_unattended(&self, job: &Job, occasion: Occasion) -> bool {
        let attended = |job: &Job| job.manual.contains(occasion);
        job.occasions.contains(occasion) && !attended(job) && !self.before(job).into_iter().any(attended)
    }

    /// Whether the pipeline is made of a file.
    pub(crate) fn reads(&self, path: &Arc<str>) -> bool {
        self.includes.contains(path)
    }
}

impl Job {
    pub(crate) fn new(name: impl Into<String>, place: Place) -> Self {
        Self {
            name: name.into(),
            place,
            occasions: Occasions::ALL,
            manual: Occasions::NONE,
            environments: Vec::new(),
            needs: Vec::new(),
            allow_failure: false,
            disabled: false,
            steps: Vec::new(),
            features: Vec::new(),
        }
    }

    /// The steps that can run.
    pub fn active_steps(&self) -> impl Iterator<Item = &Step> {
        self.steps.iter().filter(|step| !step.disabled)
    }

    /// Whether it runs for proposed changes: for the review itself, or for every branch that is pushed.
    pub fn runs_on_changes(&self) -> bool {
        self.occasions.contains(Occasion::ChangeProposed) || self.occasions.contains(Occasion::OtherBranchPush)
    }

    /// Whether an active step matches a command or something ready-made.
    pub(crate) fn does(&self, run: &Regex, uses: &Regex) -> bool {
        self.active_steps().any(|step| crate::commands::find(step, Some(run), Some(uses)).is_some())
    }

    /// The setting of a kind.
    pub(crate) fn feature(&self, kind: &FeatureKind) -> Option<&Feature> {
        self.features.iter().find(|feature| feature.kind == *kind)
    }

    pub(crate) fn has(&mut self, kind: FeatureKind, place: Place) {
        self.features.push(Feature { kind, place });
    }

    /// Notes a setting where the file has one.
    pub(crate) fn has_if(&mut self, kind: FeatureKind, setting: Option<&Node>, path: &Arc<str>) {
        if let Some(setting) = setting {
            self.has(kind, Place::of(path, setting));
        }
    }

    /// Notes the files that a setting says to leave: paths, or lists of them by name.
    pub(crate) fn leaves(&mut self, paths: Option<&Node>, path: &Arc<str>) {
        let listed = texts(paths);
        if let Some(paths) = paths.filter(|_| !listed.is_empty()) {
            self.has(FeatureKind::LeavesFiles(listed.join(" ")), Place::of(path, paths));
        }
    }

    pub(crate) fn uses_environment(&mut self, name: impl Into<String>, place: Place) {
        let name = name.into();
        self.environments.push(EnvironmentUse { is_production: crate::commands::is_production(&name), name, place });
    }
}

impl Step {
    pub(crate) fn run(script: impl Into<String>, place: Place) -> Self {
        Self { place, action: Action::Run(script.into()), allow_failure: false, disabled: false }
    }

    pub(crate) fn uses(reference: impl Into<String>, inputs: Vec<(String, String)>, place: Place) -> Self {
        Self {
            place,
            action: Action::Uses { reference: reference.into(), inputs },
            allow_failure: false,
            disabled: false,
        }
    }
}

/// Jobs that one pipeline may have, and steps that one job may have, with what they call.
const JOB_LIMIT: usize = 500;
const STEP_LIMIT: usize = 500;

/// The system whose pipeline a path holds.
pub(crate) fn system(path: &str) -> Option<System> {
    let (folder, name) = (folder(path), name(path));
    let yaml = is_yaml(path);
    match folder {
        ".github/workflows" | ".gitea/workflows" | ".forgejo/workflows" if yaml => return Some(System::GitHubActions),
        ".circleci" if matches!(name, "config.yml" | "config.yaml") => return Some(System::CircleCi),
        ".tekton" if yaml => return Some(System::Tekton),
        folder if yaml && (folder == "tekton" || folder.ends_with("/tekton")) => return Some(System::Tekton),
        ".woodpecker" if yaml => return Some(System::Drone),
        ".azure-pipelines" | ".azuredevops" if yaml => return Some(System::AzurePipelines),
        ".buildkite" if name.starts_with("pipeline") && yaml => return Some(System::Buildkite),
        _ => {}
    }
    if folder.is_empty() {
        match name {
            ".gitlab-ci.yml" | ".gitlab-ci.yaml" => return Some(System::GitLabCi),
            ".travis.yml" => return Some(System::Travis),
            "bitbucket-pipelines.yml" => return Some(System::Bitbucket),
            ".drone.yml" | ".woodpecker.yml" | ".woodpecker.yaml" => return Some(System::Drone),
            _ => {}
        }
    }
    match name {
        name if name.starts_with("Jenkinsfile") && !name.ends_with(".md") => Some(System::Jenkins),
        name if name.ends_with(".jenkinsfile") || name.ends_with(".Jenkinsfile") => Some(System::Jenkins),
        name if name.starts_with("azure-pipelines") && yaml => Some(System::AzurePipelines),
        name if name.starts_with("cloudbuild") && yaml => Some(System::CloudBuild),
        "buildkite.yml" | "buildkite.yaml" => Some(System::Buildkite),
        _ => None,
    }
}

/// Reads all pipelines of the tree.
pub(crate) fn load(loader: &mut Loader<'_>, branches: &Branches) -> Vec<Pipeline> {
    let mut pipelines = Vec::new();
    let mut workflows = Vec::new();
    for file in loader.pipeline_files() {
        match system(&file.path) {
            Some(System::GitHubActions) => workflows.extend(github_actions::load(loader, &file.path, branches)),
            Some(System::AzurePipelines) => pipelines.extend(azure_pipelines::load(loader, file, branches)),
            Some(System::Bitbucket) => pipelines.extend(bitbucket::load(loader, file, branches)),
            Some(System::Buildkite) => pipelines.extend(buildkite::load(loader, file, branches)),
            Some(System::CircleCi) => pipelines.extend(circleci::load(loader, file, branches)),
            Some(System::CloudBuild) => pipelines.extend(cloud_build::load(loader, file)),
            Some(System::Drone) => pipelines.extend(drone::load(loader, file, branches)),
            Some(System::GitLabCi) => pipelines.extend(gitlab_ci::load(loader, file, branches)),
            Some(System::Jenkins) => pipelines.extend(jenkins::load(loader, file, branches)),
            Some(System::Tekton) => pipelines.extend(tekton::load(loader, file, branches)),
            Some(System::Travis) => pipelines.extend(travis::load(loader, file, branches)),
            None => {}
        }
    }
    // A file that another one takes in is a template, not a pipeline of its own.
    let included: BTreeSet<Arc<str>> =
        pipelines.iter().flat_map(|pipeline: &Pipeline| pipeline.includes.iter().cloned()).collect();
    pipelines.retain(|pipeline| !included.contains(&pipeline.path));
    pipelines.extend(github_reuse::join_all(loader, workflows, branches));
    for pipeline in &mut pipelines {
        if pipeline.jobs.len() > JOB_LIMIT {
            pipeline.jobs.truncate(JOB_LIMIT);
            loader.problem(
                &pipeline.path.clone(),
                0,
                0,
                format!("more than {JOB_LIMIT} jobs, of which the others were not looked at; split the pipeline"),
            );
        }
        scripts::follow(loader, pipeline);
        pipeline.jobs.iter_mut().for_each(artifacts::note);
    }
    pipelines.sort_by(|a, b| a.path.cmp(&b.path));
    pipelines
}

/// The document of a one-document pipeline file; a file that holds no mapping is a problem.
fn document(loader: &mut Loader<'_>, path: &Arc<str>) -> Option<Node> {
    let node = loader.documents(path)?.into_iter().next()?;
    if node.entries().is_empty() {
        loader.problem(
            path,
            node.line,
            node.column,
            "not a mapping, as a pipeline is; write keys with their values".into(),
        );
        return None;
    }
    Some(node)
}

/// The texts of a list, or of a single value that stands for one.
fn texts(node: Option<&Node>) -> Vec<String> {
    node.map_or(&[][..], Node::one_or_many).iter().filter_map(Node::text).map(str::to_owned).collect()
}

/// Inputs as texts; lists and mappings are left out.
fn inputs(with: Option<&Node>) -> Vec<(String, String)> {
    let entries = with.map_or(&[][..], Node::entries).iter();
    entries.filter_map(|entry| Some((entry.key.text()?.to_owned(), entry.value.text()?.to_owned()))).collect()
}
