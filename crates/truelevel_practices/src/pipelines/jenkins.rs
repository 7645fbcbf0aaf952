//! Jenkinsfiles: stages with steps, conditions and inputs. Declarative ones whole, scripted ones as far as they go, and the
//! steps of shared libraries that are at hand.

use std::sync::LazyLock;

use regex::Regex;

use super::conditions::{and, or};
use super::groovy::{Call, parse};
use super::jenkins_library;
use super::occasions::{Branches, Occasion, Occasions, Trigger};
use super::{FeatureKind, JOB_LIMIT, Job, Pipeline, Shared, Step, System};
use crate::loading::Loader;
use crate::paths::File;
use crate::text::Place;

pub(super) fn load(loader: &mut Loader<'_>, file: &File, branches: &Branches) -> Option<Pipeline> {
    let text = loader.text(&file.path)?;
    let (calls, unclosed) = parse(text.as_str(), &file.path);
    if let Some((line, column, what)) = unclosed {
        loader.problem(&file.path, line, column, format!("{what}, so that what follows may be misread; close it"));
    }
    let (calls, libraries) = jenkins_library::follow(loader, calls);
    let mut pipeline = Pipeline::new(System::Jenkins, &file.path);
    let start = Place::new(&file.path, 1, 1);
    // Which branches a job builds is set on the server; a multibranch job builds all of them.
    pipeline.triggers = vec![Trigger::push(Vec::new(), branches, start.clone()), Trigger::change_proposed(start)];
    let mut reader = Reader { branches, pipeline, turns: None };
    reader.read(&calls, &Context::default());
    let (mut pipeline, turns) = (reader.pipeline, reader.turns);
    if let Some(turns) = turns {
        pipeline.jobs.iter_mut().for_each(|job| job.has(FeatureKind::OneAtATime, turns.clone()));
    }
    let is_empty = pipeline.jobs.iter().all(|job| job.steps.is_empty());
    if libraries.is_empty() {
        add_unseen_steps(&mut pipeline, &calls, is_empty);
    } else if is_empty {
        loader.hides(&file.path, "the steps that it calls write no command out".into());
    } else if let Some(call) = library_step(&calls) {
        loader.hides(&call.path, format!("`{}` is of a class, and classes of libraries are not read", call.name));
    }
    pipeline.includes.extend(libraries);
    Some(pipeline)
}

/// Notes what a library does that is not at hand.
fn add_unseen_steps(pipeline: &mut Pipeline, calls: &[Call], is_empty: bool) {
    let shared = |call: &Call| Shared {
        reference: format!("the library step `{}`", call.name),
        place: Place::new(&call.path, call.line, call.column),
        holds_jobs: true,
    };
    pipeline.shared.extend(library_step(calls).map(shared));
    // A file of one call, such as `buildService()`, names a step of a library that the server provides.
    if let Some(call) = calls.iter().find(|call| is_empty && call.name != "@Library" && call.name != "import")
        && pipeline.shared.is_empty()
    {
        pipeline.shared.push(shared(call));
    }
    for shared in &mut pipeline.shared {
        shared.holds_jobs |= is_empty;
    }
}

/// A method of an object that neither Jenkins nor the file defines, so of a library: `infra.runMaven(…)`.
fn library_step(calls: &[Call]) -> Option<&Call> {
    let mut pending: Vec<&Call> = calls.iter().collect();
    while let Some(call) = pending.pop() {
        if LIBRARY_STEP.is_match(&call.name) && !call.name.starts_with("docker.") {
            return Some(call);
        }
        pending.extend(call.body());
    }
    None
}

static LIBRARY_STEP: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^[a-z]\w*\.(?:run|build|test|deploy|publish|maven|gradle)\w*$").expect("the pattern is valid")
});

/// What the blocks around a stage say of it.
#[derive(Clone)]
struct Context {
    occasions: Occasions,
    manual: bool,
    allow_failure: bool,
    /// Where it says that one runs at a time.
    turns: Option<Place>,
}

impl Default for Context {
    fn default() -> Self {
        Self { occasions: Occasions::ALL, manual: false, allow_failure: false, turns: None }
    }
}

struct Reader<'d> {
    branches: &'d Branches,
    pipeline: Pipeline,
    /// Where it says that runs wait for each other.
    turns: Option<Place>,
}

impl Reader<'_> {
    fn read(&mut self, calls: &[Call], context: &Context) {
        for (at, call) in calls.iter().enumerate() {
            let place = Place::new(&call.path, call.line, call.column);
            match call.name.as_str() {
                "@Library" | "library" => {
                    self.pipeline.shared.extend(jenkins_library::names(call).map(|reference| Shared {
                        reference: reference.to_owned(),
                        place: place.clone(),
                        holds_jobs: false,
                    }));
                }
                "disableConcurrentBuilds" => self.turns = Some(place),
                "lock" if call.body.is_none() => self.turns = Some(place),
                "cron" if call.text().is_some() => self.pipeline.triggers.push(Trigger::schedule(place)),
                "stage" => self.stage(call, context, &place),
                _ => {
                    let mut inner = self.within(call, context);
                    inner.allow_failure |= swallows(&calls[at..]);
                    self.read(call.body(), &inner);
                }
            }
        }
    }

    /// What a block changes for what it holds.
    fn within(&self, call: &Call, context: &Context) -> Context {
        let mut context = context.clone();
        match call.name.as_str() {
            "if" => {
                let holds = |occasion| expression(&call.arguments, occasion, self.branches);
                context.occasions = context.occasions.and(Occasions::when(|occasion| holds(occasion) != Some(false)));
            }
            "catchError" | "warnError" => context.allow_failure = true,
            "lock" => context.turns = Some(Place::new(&call.path, call.line, call.column)),
            _ => {}
        }
        context
    }

    fn stage(&mut self, call: &Call, context: &Context, place: &Place) {
        let mut context = context.clone();
        for inner in call.body() {
            match inner.name.as_str() {
                "when" => {
                    let holds = |occasion| self.all(inner.body(), occasion);
                    context.occasions =
                        context.occasions.and(Occasions::when(|occasion| holds(occasion) != Some(false)));
                }
                "input" => context.manual = true,
                "options" => {
                    let lock = inner.body().iter().find(|option| option.name == "lock");
                    let lock = lock.map(|lock| Place::new(&lock.path, lock.line, lock.column));
                    context.turns = lock.or(context.turns);
                }
                _ => {}
            }
        }
        if self.pipeline.jobs.len() > JOB_LIMIT {
            return;
        }
        if holds_stages(call.body()) {
            return self.read(call.body(), &context);
        }
        let mut job = Job::new(call.text().unwrap_or("stage"), place.clone());
        job.needs = self.pipeline.jobs.iter().map(|job| job.name.clone()).collect();
        job.needs.retain(|name| *name != job.name);
        job.occasions = context.occasions.and(Occasions::when(|occasion| occasion != Occasion::Other));
        job.disabled = job.occasions.is_empty();
        job.allow_failure = context.allow_failure;
        if let Some(turns) = context.turns {
            job.has(FeatureKind::OneAtATime, turns);
        }
        if context.manual {
            job.manual = Occasions::ALL;
        }
        self.add_steps(call.body(), context.allow_failure, &mut job);
        self.pipeline.jobs.push(job);
    }

    fn add_steps(&self, calls: &[Call], allow_failure: bool, job: &mut Job) {
        for (index, call) in calls.iter().enumerate() {
            let at = |text: &super::groovy::Text| Place::new(&call.path, text.line, text.column);
            match call.name.as_str() {
                "sh" | "bat" | "powershell" | "pwsh" => {
                    if let Some(script) = call.named("script") {
                        let mut step = Step::run(&script.text, at(script));
                        step.allow_failure = allow_failure || call.arguments.contains("returnStatus");
                        job.steps.push(step);
                    }
                }
                "input" => job.manual = Occasions::ALL,
                "junit" => job.has(FeatureKind::Report("junit".into()), Place::new(&call.path, call.line, call.column)),
                "timeout" => job.has(FeatureKind::Timeout, Place::new(&call.path, call.line, call.column)),
                "retry" => job.has(FeatureKind::Retry, Place::new(&call.path, call.line, call.column)),
                "lock" => job.has(FeatureKind::OneAtATime, Place::new(&call.path, call.line, call.column)),
                "unstash" | "copyArtifacts" => {
                    job.has(FeatureKind::TakesFiles, Place::new(&call.path, call.line, call.column))
                }
                "stash" | "archiveArtifacts" => {
                    let what = call.text().unwrap_or_default().to_owned();
                    job.has(FeatureKind::LeavesFiles(what), Place::new(&call.path, call.line, call.column));
                }
                // The plugin's own words for what the command line does.
                "docker.build" => {
                    job.steps.push(Step::run("docker build", Place::new(&call.path, call.line, call.column)))
                }
                name if name.ends_with(".push") => {
                    let tag = call.text().unwrap_or("version");
                    job.steps.push(Step::run(
                        format!("docker push image:{tag}"),
                        Place::new(&call.path, call.line, call.column),
                    ));
                }
                "when" | "environment" | "options" | "agent" | "parameters" | "tools" => continue,
                // What follows a failure, or cleans up, is not what the stage does.
                "failure" | "unsuccessful" | "cleanup" | "catch" => continue,
                _ => {}
            }
            let catches = matches!(call.name.as_str(), "catchError" | "warnError") || swallows(&calls[index..]);
            let inner = allow_failure || catches;
            self.add_steps(call.body(), inner, job);
        }
    }

    fn all(&self, conditions: &[Call], occasion: Occasion) -> Option<bool> {
        conditions.iter().map(|call| self.one(call, occasion)).fold(Some(true), and)
    }

    /// Whether a condition of `when` holds.
    fn one(&self, call: &Call, occasion: Occasion) -> Option<bool> {
        match call.name.as_str() {
            "allOf" => self.all(call.body(), occasion),
            "anyOf" => call.body().iter().map(|call| self.one(call, occasion)).fold(Some(false), or),
            "not" => self.all(call.body(), occasion).map(|holds| !holds),
            "branch" => {
                let pattern = call.text().unwrap_or_default();
                let pushes = self.branches.occasions(&[pattern.replace('*', "**")]);
                match occasion {
                    Occasion::DefaultBranchPush => Some(pushes.contains(occasion)),
                    Occasion::OtherBranchPush if self.branches.is_default(pattern) => Some(false),
                    Occasion::ChangeProposed | Occasion::Tag => Some(false),
                    Occasion::Schedule => Some(pushes.contains(Occasion::DefaultBranchPush)),
                    _ => None,
                }
            }
            "changeRequest" => match occasion {
                Occasion::ChangeProposed => Some(true),
                Occasion::DefaultBranchPush | Occasion::OtherBranchPush | Occasion::Tag => Some(false),
                _ => None,
            },
            "buildingTag" | "tag" => match occasion {
                Occasion::Tag => None,
                Occasion::DefaultBranchPush | Occasion::OtherBranchPush | Occasion::ChangeProposed => Some(false),
                _ => None,
            },
            "triggeredBy" if call.arguments.contains("Timer") => Some(occasion == Occasion::Schedule),
            "expression" => {
                let texts = call.body().iter().map(|inner| format!("{} {}", inner.name, inner.arguments));
                expression(&texts.collect::<Vec<_>>().join(" "), occasion, self.branches)
            }
            _ => None,
        }
    }
}

/// Whether the first of these calls is a `try` whose `catch` lets the build succeed.
fn swallows(calls: &[Call]) -> bool {
    fn fails(calls: &[Call]) -> bool {
        calls.iter().any(|call| {
            let sets_result = call.name == "currentBuild.result" && call.text() == Some("FAILURE");
            let exits = call.text().is_some_and(|text| text.contains("exit 1"));
            matches!(call.name.as_str(), "throw" | "error") || sets_result || exits || fails(call.body())
        })
    }
    match calls {
        [tried, caught, ..] => tried.name == "try" && caught.name == "catch" && !fails(caught.body()),
        _ => false,
    }
}

fn holds_stages(calls: &[Call]) -> bool {
    calls.iter().any(|call| call.name == "stage" || (call.name != "post" && holds_stages(call.body())))
}

/// Whether a Groovy condition holds, where it compares the branch.
fn expression(text: &str, occasion: Occasion, branches: &Branches) -> Option<bool> {
    static BRANCH: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"BRANCH_NAME\W*?(?P<operator>==|!=)\s*'(?P<name>[^']*)'").expect("the pattern is valid")
    });
    let text = text.trim();
    if matches!(text, "false" | "return false" | "(false )" | "return false ") {
        return Some(false);
    }
    if text.contains("||") || text.contains("&&") {
        return None;
    }
    // What shared libraries usually call them.
    let says = |names: &[&str]| names.iter().any(|name| text.contains(&format!("{name} ()"))) && !text.contains('!');
    if says(&["isPR", "isPullRequest"]) {
        return match occasion {
            Occasion::ChangeProposed => Some(true),
            Occasion::DefaultBranchPush | Occasion::OtherBranchPush | Occasion::Tag => Some(false),
            _ => None,
        };
    }
    if says(&["isMaster", "isMain"]) {
        return match occasion {
            Occasion::DefaultBranchPush => Some(true),
            Occasion::OtherBranchPush | Occasion::ChangeProposed | Occasion::Tag => Some(false),
            _ => None,
        };
    }
    if text.contains("CHANGE_ID") && !text.contains("==") && !text.contains('!') {
        return match occasion {
            Occasion::ChangeProposed => Some(true),
            Occasion::DefaultBranchPush => Some(false),
            _ => None,
        };
    }
    let found = BRANCH.captures(text)?;
    let is_default = branches.is_default(&found["name"]);
    let equal = match occasion {
        Occasion::DefaultBranchPush => Some(is_default),
        Occasion::OtherBranchPush => is_default.then_some(false),
        Occasion::ChangeProposed | Occasion::Tag => Some(false),
        _ => None,
    };
    equal.map(|equal| equal == (&found["operator"] == "=="))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_support::repository;

    const DECLARATIVE: &str = r"
@Library('org@v1') _
pipeline {
  agent any
  stages {
    stage('Test') {
      steps { sh 'mvn -B verify' }
      post { always { junit '**/*.xml' } }
    }
    stage('Staging') {
      when { branch 'main' }
      steps {
        sh '''
          set -e
          helm upgrade app . -n staging
        '''
      }
    }
    stage('Production') {
      when { branch 'main' }
      input { message 'go?' }
      steps { sh 'helm upgrade app . -n production' }
    }
  }
}
";

    #[test]
    fn stages_become_jobs_in_order() {
        let repository = repository(&[("Jenkinsfile", DECLARATIVE)]);
        let pipeline = &repository.pipelines()[0];
        let names: Vec<_> = pipeline.jobs.iter().map(|job| job.name.as_str()).collect();
        assert_eq!(names, ["Test", "Staging", "Production"]);
        assert!(pipeline.job("Test").unwrap().runs_on_changes());
        let staging = pipeline.job("Staging").unwrap();
        assert!(!staging.runs_on_changes() && pipeline.runs_unattended(staging, Occasion::DefaultBranchPush));
        assert!(!pipeline.runs_unattended(pipeline.job("Production").unwrap(), Occasion::DefaultBranchPush));
        assert_eq!(pipeline.shared[0].reference, "org@v1");
        assert!(!pipeline.shared[0].holds_jobs);
    }

    #[test]
    fn a_failure_that_is_caught_and_forgotten_fails_nothing() {
        let stage = |caught: &str| format!("node {{ stage('a') {{\n  try {{ sh 'make test' }}\n  {caught}\n}} }}\n");
        for (caught, forgets) in [
            ("catch (e) { echo 'never mind' }", true),
            ("catch (e) { currentBuild.result = 'FAILURE' }", false),
            ("catch (e) { echo 'x'\n throw e }", false),
            ("finally { cleanWs() }", false),
        ] {
            let repository = repository(&[("Jenkinsfile", &stage(caught))]);
            assert_eq!(repository.pipelines()[0].jobs[0].steps[0].allow_failure, forgets, "{caught}");
        }
    }

    #[test]
    fn a_file_that_ends_too_early_is_told_and_denies_nothing() {
        let repository = repository(&[("Jenkinsfile", "node {\n  stage('a') {\n    sh '''\n      make\n  }\n}\n")]);
        assert_eq!((repository.warnings()[0].line, repository.warnings()[0].column), (3, 8));
        let found = crate::detect_all(&repository);
        assert!(matches!(found["tests_run_in_ci"], truelevel_model::Detection::Unknown { .. }));
    }

    #[test]
    fn scripted_stages_and_conditions_are_read() {
        let text = "node {\n  stage('Build') { sh 'make' }\n  if (env.BRANCH_NAME == 'main') {\n    stage('Ship') { sh 'helm upgrade app .' }\n  }\n}\n";
        let repository = repository(&[("Jenkinsfile", text)]);
        let pipeline = &repository.pipelines()[0];
        let ship = pipeline.job("Ship").unwrap();
        assert!(ship.occasions.contains(Occasion::DefaultBranchPush) && !ship.runs_on_changes());
    }

    #[test]
    fn a_file_of_a_shared_library_alone_keeps_its_jobs_elsewhere() {
        let repository = repository(&[("Jenkinsfile", "@Library('org') _\nbuildService(name: 'shop')\n")]);
        assert!(repository.pipelines()[0].shared[0].holds_jobs);
    }
}
