//! What stands in files and is switched off: jobs and steps that never run, failures that fail nothing, objects that are
//! suspended or only told to watch.
//!
//! Detectors know these signs and take such a thing for absent. Here they look once more as if all of it were switched on:
//! what they find only then stands there for show.

use std::collections::BTreeMap;

use truelevel_documents::{Node, Value};
use truelevel_model::{Detection, Evidence};

use crate::PRACTICES;
use crate::commands::tolerating_nothing;
use crate::pipelines::{Action, Job, Occasions, Pipeline};
use crate::repository::Repository;

/// The practices that would be found were nothing switched off, with their places. `found` is what was found as it is; what
/// could not be told is not told here.
pub fn switched_off(
    mut repository: Repository,
    found: &BTreeMap<&'static str, Detection>,
) -> BTreeMap<&'static str, Vec<Evidence>> {
    if !repository.switch_on() {
        return BTreeMap::new();
    }
    let absent = PRACTICES.iter().filter(|practice| matches!(found.get(practice.id), Some(Detection::Absent { .. })));
    let switched_off = absent.filter_map(|practice| match (practice.detect)(&repository) {
        Detection::Present(evidence) => Some((practice.id, evidence)),
        Detection::Absent { .. } | Detection::Unknown { .. } | Detection::NotApplicable { .. } => None,
    });
    switched_off.collect()
}

impl Repository {
    /// Switches on whatever is off; answers whether anything was.
    fn switch_on(&mut self) -> bool {
        let mut was_off = false;
        for pipeline in &mut self.pipelines {
            was_off |= switch_on_pipeline(pipeline);
        }
        for document in &mut self.documents {
            was_off |= switch_on_object(&mut document.node);
        }
        was_off
    }
}

fn switch_on_pipeline(pipeline: &mut Pipeline) -> bool {
    let started = pipeline.triggers.iter().fold(Occasions::NONE, |all, trigger| all.or(trigger.occasions));
    let mut was_off = false;
    for job in &mut pipeline.jobs {
        if job.disabled {
            (job.disabled, job.occasions) = (false, started);
            was_off = true;
        }
        was_off |= switch_on_job(job);
    }
    was_off
}

fn switch_on_job(job: &mut Job) -> bool {
    let mut was_off = std::mem::take(&mut job.allow_failure);
    for step in &mut job.steps {
        was_off |= std::mem::take(&mut step.allow_failure) | std::mem::take(&mut step.disabled);
        if let Action::Run(script) = &mut step.action
            && let Some(strict) = tolerating_nothing(script)
        {
            *script = strict;
            was_off = true;
        }
    }
    was_off
}

/// Keys by which objects are switched off, the value that does it, and the one that they have otherwise: Flux, jobs of
/// Kubernetes, Flagger, Gatekeeper, Kyverno, Litmus.
const SWITCHES: [(&str, &str, &str); 8] = [
    ("enforcementAction", "dryrun", "deny"),
    ("enforcementAction", "warn", "deny"),
    ("engineState", "stop", "active"),
    ("failureAction", "Audit", "Enforce"),
    ("skipAnalysis", "true", "false"),
    ("suspend", "true", "false"),
    ("validationFailureAction", "Audit", "Enforce"),
    ("validationFailureAction", "audit", "Enforce"),
];
/// The key of measurements that an analysis takes and does not judge.
const DRY_RUN: &str = "dryRun";

fn switch_on_object(node: &mut Node) -> bool {
    let mut was_off = false;
    match &mut node.value {
        Value::Scalar { .. } => {}
        Value::Sequence(items) => items.iter_mut().for_each(|item| was_off |= switch_on_object(item)),
        Value::Mapping(entries) => {
            for entry in entries {
                let key = entry.key.text().unwrap_or_default();
                let switch = SWITCHES.iter().find(|(name, off, _)| *name == key && entry.value.text() == Some(off));
                match (switch, &mut entry.value.value) {
                    (Some((_, _, on)), Value::Scalar { text, .. }) => {
                        *text = (*on).to_owned();
                        was_off = true;
                    }
                    (None, Value::Sequence(items)) if key == DRY_RUN && !items.is_empty() => {
                        items.clear();
                        was_off = true;
                    }
                    _ => was_off |= switch_on_object(&mut entry.value),
                }
            }
        }
    }
    was_off
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_support::repository;
    use truelevel_model::Locator;

    #[track_caller]
    fn check(files: &[(&str, &str)], expected: &[&str]) {
        let repository = repository(files);
        let found = crate::detect_all(&repository);
        let off = switched_off(repository, &found);
        let place = |(practice, evidence): (&&str, &Vec<Evidence>)| match &evidence[0].locator {
            Locator::File { path, line, .. } => format!("{practice} {path}:{line}"),
            Locator::Facts { summary } | Locator::Elsewhere { summary, .. } => summary.clone(),
        };
        assert_eq!(off.iter().map(place).collect::<Vec<_>>(), expected);
    }

    const CI: &str = ".github/workflows/ci.yml";

    fn workflow(job: &str) -> String {
        format!("on: [push, pull_request]\njobs:\n  build:\n    steps:\n      - run: go build ./...\n  check:\n{job}")
    }

    #[test]
    fn jobs_and_steps_that_never_run_stand_there_for_show() {
        let never = "    if: false\n    steps:\n      - run: go test ./...\n";
        let expected = ["tests_gate_changes", "tests_run_in_ci"].map(|practice| format!("{practice} {CI}:9"));
        check(&[(CI, &workflow(never))], &expected.each_ref().map(String::as_str));
        let skipped = "    steps:\n      - if: false\n        run: go test ./...\n";
        check(&[(CI, &workflow(skipped))], &expected.each_ref().map(String::as_str));
        check(&[(CI, &workflow("    steps:\n      - run: go test ./...\n"))], &[]);
    }

    #[test]
    fn failures_that_fail_nothing_gate_nothing() {
        let expected = [&*format!("tests_gate_changes {CI}:8")];
        check(&[(CI, &workflow("    steps:\n      - run: go test ./... || true\n"))], &expected);
        check(&[(CI, &workflow("    steps:\n      - {run: go test ./..., continue-on-error: true}\n"))], &expected);
        let once_strict = "    steps:\n      - run: go test ./...\n      - run: go test -race ./... || true\n";
        check(&[(CI, &workflow(once_strict))], &[]);
    }

    #[test]
    fn objects_that_are_suspended_or_only_watch_stand_there_for_show() {
        let release = "apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nspec:\n  suspend: true\n";
        check(&[("a.yaml", release)], &["gitops_sync a.yaml:2"]);
        let policy = "apiVersion: kyverno.io/v1\nkind: ClusterPolicy\nspec:\n  validationFailureAction: Audit\n";
        check(&[("a.yaml", policy)], &["admission_policies a.yaml:2"]);
        let engine = "apiVersion: litmuschaos.io/v1alpha1\nkind: ChaosEngine\nspec: {engineState: stop}\n";
        check(&[("a.yaml", engine)], &["chaos_experiments a.yaml:2"]);
        check(&[("a.yaml", &release.replace("true", "false"))], &[]);
    }
}
