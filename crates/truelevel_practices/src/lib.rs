//! Practice detectors: what the files of a repository declare, and what delivery facts prove of it.
//!
//! Pure: files come through [`ReadFile`] once, when a [`Repository`] is made; detectors then only look at values.
//! This crate knows file formats of tools, but no level, gate or threshold: those live in the catalog.

mod commands;
mod dependencies;
mod deployment;
pub mod detectors;
mod findings;
pub mod home_made;
mod loading;
mod manifests;
mod own;
mod paths;
pub mod pipelines;
mod practice;
mod repository;
pub mod shared;
mod switched_off;
mod templates;
mod terraform;
#[cfg(test)]
mod test_support;
mod text;

use std::collections::BTreeMap;

use truelevel_model::Detection;

pub use detectors::PRACTICES;
pub use loading::{MANIFEST_FILES, PIPELINE_FILES, TEXT_FILES};
pub use own::{Content, OwnPractice, detect_own};
pub use practice::{DeliveryFacts, InFacts, Practice};
pub use repository::{Elsewhere, FileEntry, Origin, ReadFile, Repository, Tree, Warning};
pub use switched_off::switched_off;

/// What every detector answers for a repository, by practice id.
pub fn detect_all(repository: &Repository) -> BTreeMap<&'static str, Detection> {
    PRACTICES.iter().map(|practice| (practice.id, (practice.detect)(repository))).collect()
}

/// The declaration of a practice.
pub fn practice(id: &str) -> Option<&'static Practice> {
    let index = PRACTICES.binary_search_by(|practice| practice.id.cmp(id)).ok()?;
    Some(PRACTICES[index])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_support::repository;

    const GITHUB: &str = "on: {push: {branches: [main]}, pull_request: }
jobs:
  a:
    if: github.ref == 'refs/heads/main' && !(x || y)
    environment: ${{ matrix.to }}
    strategy: {matrix: {to: [é, prod]}}
    steps:
      - run: |
          make é || true
          helm upgrade a .
      - uses: ./x
  b: {uses: ./.github/workflows/a.yml, needs: [a]}
";
    const GITLAB: &str = "include: ['é.yml', {project: p}]
workflow: {rules: [{if: '$CI_COMMIT_TAG =~ /é/'}]}
a:
  extends: [.b, a]
  script: [[!reference [a, script]], 'make é']
  environment: {name: $A/$B, deployment_tier: production}
  parallel: {matrix: [{A: [x, y]}]}
";
    const JENKINS: &str = "@Library('é') _
pipeline { stages { stage(\"é\") { when { not { branch 'é*' } }
steps { sh '''
make
''' } } } }
";
    const CIRCLE: &str = "jobs: {a: {steps: [{run: {command: make é}}, {when: {steps: [checkout]}}]}}
workflows: {w: {jobs: [{a: {filters: {branches: {only: /é.*/}}}}]}}
";
    const AZURE: &str = "trigger: {branches: {include: ['*']}}
stages:
  - stage: é
    condition: and(eq(variables['Build.Reason'], 'é'))
    jobs: [{deployment: a, environment: prod.é, strategy: {canary: {deploy: {steps: [{script: make}]}}}}]
";
    const TEMPLATE: &str = "{{- if and .Values.a.b (not .Values.é) }}
apiVersion: v1
kind: {{ .Values.é | quote }}
{{- else }}
kind: \"{{ \"{{é}}\" }}\"
{{- end }}
";
    const FILES: &[(&str, &str)] = &[
        (
            ".buildkite/pipeline.yml",
            "steps:\n  - block: é\n  - {command: make é, if: build.branch == 'é', branches: 'm* !é'}\n",
        ),
        (".circleci/config.yml", CIRCLE),
        (".github/workflows/a.yml", GITHUB),
        (".gitlab-ci.yml", GITLAB),
        ("Jenkinsfile", JENKINS),
        ("Makefile", "é: x\n\t-make y\nx:\n"),
        ("azure-pipelines.yml", AZURE),
        ("chart/Chart.yaml", "name: é\n"),
        ("chart/templates/a.yaml", TEMPLATE),
        ("chart/values.yaml", "a: {b: true}\n"),
        ("main.tf", "resource \"aws_backup_plan\" \"é\" {\n  é = 1\n}\n"),
        ("package.json", "{\"scripts\": {\"build\": \"é\", \"test\": \"npm run test\"}}"),
    ];

    #[test]
    fn files_that_end_anywhere_are_read_as_far_as_they_go() {
        for (index, (path, text)) in FILES.iter().enumerate() {
            for (end, _) in text.char_indices().step_by(3) {
                let mut files = FILES.to_vec();
                files[index] = (path, &text[..end]);
                assert_eq!(detect_all(&repository(&files)).len(), PRACTICES.len());
            }
        }
    }

    #[test]
    fn the_order_in_which_files_are_listed_changes_nothing() {
        let mut reversed = FILES.to_vec();
        reversed.reverse();
        assert_eq!(detect_all(&repository(FILES)), detect_all(&repository(&reversed)));
    }
}
