//! Files that jobs hand on, where a step says so; settings of a job that do are read with its system's format.

use std::sync::LazyLock;

use regex::Regex;

use super::{Action, Feature, FeatureKind, Job};

/// Notes the files that a job leaves and takes by its steps.
pub(super) fn note(job: &mut Job) {
    static LEAVES: LazyLock<Regex> = LazyLock::new(|| {
        pattern(r"(?i)^(?:actions/upload-artifact@|PublishPipelineArtifact@\d|PublishBuildArtifacts@\d|artifacts#)")
    });
    static TAKES: LazyLock<Regex> = LazyLock::new(|| {
        pattern(r"(?i)^(?:actions/download-artifact@|DownloadPipelineArtifact@\d|DownloadBuildArtifacts@\d)")
    });
    static COMMAND: LazyLock<Regex> =
        LazyLock::new(|| pattern(r"\bbuildkite-agent artifact (?P<verb>upload|download)\s+(?P<what>[^\n;&|]+)"));
    let mut found = Vec::new();
    for step in job.steps.iter().filter(|step| !step.disabled) {
        let mut has = |kind| found.push(Feature { kind, place: step.place.clone() });
        match &step.action {
            Action::Uses { reference, inputs } if LEAVES.is_match(reference) => has(leaves(inputs)),
            Action::Uses { reference, .. } if TAKES.is_match(reference) => has(FeatureKind::TakesFiles),
            Action::Uses { .. } => {}
            Action::Run(script) => {
                for command in COMMAND.captures_iter(script) {
                    has(match &command["verb"] {
                        "upload" => FeatureKind::LeavesFiles(command["what"].trim().to_owned()),
                        _ => FeatureKind::TakesFiles,
                    });
                }
            }
        }
    }
    job.features.extend(found);
}

/// What a ready-made step leaves, by the names that its makers gave the inputs.
fn leaves(inputs: &[(String, String)]) -> FeatureKind {
    let says = |key: &str| {
        let key = key.to_ascii_lowercase();
        matches!(
            key.as_str(),
            "name" | "path" | "artifact" | "artifactname" | "targetpath" | "pathtopublish" | "upload"
        )
    };
    let said = inputs.iter().filter(|(key, _)| says(key)).map(|(_, value)| value.trim());
    FeatureKind::LeavesFiles(said.collect::<Vec<_>>().join(" "))
}

fn pattern(text: &str) -> Regex {
    Regex::new(text).expect("the pattern is valid")
}

#[cfg(test)]
mod tests {
    use super::FeatureKind;
    use crate::test_support::repository;

    /// The files that the job `a` leaves, whether it takes any, and whether it runs one at a time.
    fn check(path: &str, text: &str, leaves: &[&str], takes: bool, one_at_a_time: bool) {
        let repository = repository(&[(path, text)]);
        let pipeline = &repository.pipelines()[0];
        let job = pipeline.jobs.iter().find(|job| job.name.starts_with('a')).unwrap();
        let left = job.features.iter().filter_map(|feature| match &feature.kind {
            FeatureKind::LeavesFiles(what) => Some(what.as_str()),
            _ => None,
        });
        assert_eq!(left.collect::<Vec<_>>(), leaves, "{path}");
        assert_eq!(job.feature(&FeatureKind::TakesFiles).is_some(), takes, "{path}");
        assert_eq!(job.feature(&FeatureKind::OneAtATime).is_some(), one_at_a_time, "{path}");
    }

    #[test]
    fn files_handed_on_and_turns_taken_are_seen_in_every_system_that_has_them() {
        let github = "on: push\nconcurrency: one\njobs: {a: {steps: [{uses: actions/download-artifact@v4}, {uses: actions/upload-artifact@v4, with: {name: app, path: dist/}}]}}\n";
        check(".github/workflows/a.yml", github, &["app dist/"], true, true);
        let gitlab = "a: {script: x, resource_group: one, dependencies: [b], artifacts: {paths: [dist/, out/]}}\n";
        check(".gitlab-ci.yml", gitlab, &["dist/ out/"], true, true);
        let circle = "jobs: {a: {steps: [{attach_workspace: {at: .}}, {persist_to_workspace: {root: ., paths: [dist]}}, {store_artifacts: {path: out}}]}}\nworkflows: {w: {jobs: [{a: {serial-group: one}}]}}\n";
        check(".circleci/config.yml", circle, &["dist", "out"], true, true);
        let azure = "lockBehavior: sequential\njobs: [{job: a, steps: [{download: current}, {publish: dist, artifact: app}, {task: PublishBuildArtifacts@1, inputs: {PathtoPublish: out}}]}]\n";
        check("azure-pipelines.yml", azure, &["dist app", "out"], true, true);
        let buildkite = "steps: [{label: a, command: buildkite-agent artifact download x ., concurrency: 1, concurrency_group: one, artifact_paths: dist/*}]\n";
        check(".buildkite/pipeline.yml", buildkite, &["dist/*"], true, true);
        let jenkins = "pipeline {\n  options { disableConcurrentBuilds() }\n  stages { stage('a') { steps { unstash 'b'\n stash 'c'\n archiveArtifacts 'dist/*' } } }\n}\n";
        check("Jenkinsfile", jenkins, &["c", "dist/*"], true, true);
        let bitbucket =
            "pipelines: {default: [{step: {name: a, script: [x], artifacts: [dist/**], concurrency-group: one}}]}\n";
        check("bitbucket-pipelines.yml", bitbucket, &["dist/**"], false, true);
        let drone = "kind: pipeline\nconcurrency: {limit: 1}\nsteps: [{name: a, commands: [x]}]\n";
        check(".drone.yml", drone, &[], false, true);
    }

    #[test]
    fn a_job_that_hands_nothing_on_leaves_and_takes_nothing() {
        check(".github/workflows/a.yml", "on: push\njobs: {a: {steps: [{run: make}]}}\n", &[], false, false);
        check(
            ".gitlab-ci.yml",
            "a: {script: x, dependencies: [], artifacts: {reports: {junit: x}}}\n",
            &[],
            false,
            false,
        );
        check("azure-pipelines.yml", "jobs: [{job: a, steps: [{download: none}]}]\n", &[], false, false);
    }
}
