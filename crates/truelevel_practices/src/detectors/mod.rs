//! One file per practice: its page, its detector and its tests. The list below registers it.

use crate::Practice;
use crate::commands::pattern;

/// Where pipelines are looked for, as readers know them.
const PIPELINES: &[&str] = &[
    ".github/workflows/*.yml",
    ".gitlab-ci.yml",
    "Jenkinsfile",
    "azure-pipelines.yml",
    ".circleci/config.yml",
    ".buildkite/pipeline.yml",
    "files of Bitbucket, Cloud Build, Drone, Tekton, Travis and Woodpecker",
];

pub(crate) use tests_in_repository::is_test_file;

macro_rules! practices {
    ($($file:ident: $name:ident),+ $(,)?) => {
        $(mod $file;)+
        /// All practices, sorted by id.
        pub static PRACTICES: &[&Practice] = &[$(&$file::$name),+];
        #[cfg(test)]
        const FILES: &[(&str, &str)] = &[$((stringify!($file), stringify!($name))),+];
    };
}

practices! {
    actions_pinned: ACTIONS_PINNED,
    admission_policies: ADMISSION_POLICIES,
    ai_context_files: AI_CONTEXT_FILES,
    alert_routing: ALERT_ROUTING,
    alert_rules: ALERT_RULES,
    alert_rules_tested: ALERT_RULES_TESTED,
    alerts_link_runbooks: ALERTS_LINK_RUNBOOKS,
    artifact_published: ARTIFACT_PUBLISHED,
    artifacts_signed: ARTIFACTS_SIGNED,
    auto_remediation: AUTO_REMEDIATION,
    automated_abort: AUTOMATED_ABORT,
    backups: BACKUPS,
    build_cached: BUILD_CACHED,
    build_provenance: BUILD_PROVENANCE,
    build_time_bounded: BUILD_TIME_BOUNDED,
    burn_rate_alerts: BURN_RATE_ALERTS,
    chaos_experiments: CHAOS_EXPERIMENTS,
    ci_on_changes: CI_ON_CHANGES,
    ci_pipeline: CI_PIPELINE,
    code_owners: CODE_OWNERS,
    code_scanning: CODE_SCANNING,
    continuous_profiling: CONTINUOUS_PROFILING,
    contract_tests: CONTRACT_TESTS,
    coverage_gated: COVERAGE_GATED,
    dashboards_as_code: DASHBOARDS_AS_CODE,
    database_migrations: DATABASE_MIGRATIONS,
    dependencies_locked: DEPENDENCIES_LOCKED,
    dependency_updates: DEPENDENCY_UPDATES,
    deploy_job: DEPLOY_JOB,
    deploy_on_merge: DEPLOY_ON_MERGE,
    deployments_take_turns: DEPLOYMENTS_TAKE_TURNS,
    disruption_budgets: DISRUPTION_BUDGETS,
    drift_corrected: DRIFT_CORRECTED,
    environments_as_code: ENVIRONMENTS_AS_CODE,
    error_tracking: ERROR_TRACKING,
    feature_flags: FEATURE_FLAGS,
    flaky_tests_controlled: FLAKY_TESTS_CONTROLLED,
    gitops_sync: GITOPS_SYNC,
    health_checks: HEALTH_CHECKS,
    images_scanned: IMAGES_SCANNED,
    integration_tests: INTEGRATION_TESTS,
    keyless_cloud_access: KEYLESS_CLOUD_ACCESS,
    log_collection: LOG_COLLECTION,
    merge_queue: MERGE_QUEUE,
    metrics_exposed: METRICS_EXPOSED,
    mutation_tests: MUTATION_TESTS,
    on_call_as_code: ON_CALL_AS_CODE,
    performance_tests: PERFORMANCE_TESTS,
    plans_reviewed: PLANS_REVIEWED,
    post_mortems: POST_MORTEMS,
    preview_environments: PREVIEW_ENVIRONMENTS,
    progressive_delivery: PROGRESSIVE_DELIVERY,
    property_tests: PROPERTY_TESTS,
    redundancy: REDUNDANCY,
    restore_tests: RESTORE_TESTS,
    rollback_path: ROLLBACK_PATH,
    runbooks: RUNBOOKS,
    sbom_generated: SBOM_GENERATED,
    scans_gate: SCANS_GATE,
    scripted_build: SCRIPTED_BUILD,
    secret_scanning: SECRET_SCANNING,
    service_catalog: SERVICE_CATALOG,
    shared_modules: SHARED_MODULES,
    shared_workflows: SHARED_WORKFLOWS,
    slo_defined: SLO_DEFINED,
    software_templates: SOFTWARE_TEMPLATES,
    synthetic_checks: SYNTHETIC_CHECKS,
    template_lineage: TEMPLATE_LINEAGE,
    test_reports: TEST_REPORTS,
    tests_gate_changes: TESTS_GATE_CHANGES,
    tests_in_repository: TESTS_IN_REPOSITORY,
    tests_run_in_ci: TESTS_RUN_IN_CI,
    token_permissions: TOKEN_PERMISSIONS,
    tracing: TRACING,
    versions_promoted: VERSIONS_PROMOTED,
}

#[cfg(test)]
mod tests {
    use truelevel_model::{Detection, Time, registry};

    use super::*;
    use crate::DeliveryFacts;
    use crate::test_support::repository;

    #[test]
    fn practices_are_sorted_and_named_after_their_files() {
        assert!(PRACTICES.is_sorted_by(|a, b| a.id < b.id));
        for (practice, (file, name)) in PRACTICES.iter().zip(FILES) {
            assert_eq!(practice.id, *file);
            assert_eq!(practice.id.to_uppercase(), *name);
            assert!(crate::practice(practice.id).is_some());
        }
    }

    #[test]
    fn every_practice_has_a_page_and_a_subject() {
        for practice in PRACTICES {
            let title = registry::title(practice.docs);
            assert!(!title.is_empty() && !title.ends_with('.'), "{}: {title}", practice.id);
            assert!(registry::body(practice.docs).len() > 80, "{} needs a page", practice.id);
            let subjects = ["ai", "build", "deploy", "observe", "platform", "recover", "security", "test"];
            assert!(subjects.contains(&practice.subject), "{}", practice.id);
        }
    }

    #[test]
    fn an_empty_tree_is_never_taken_for_absence() {
        for (id, detection) in crate::detect_all(&repository(&[])) {
            assert!(matches!(detection, Detection::Unknown { .. }), "{id}: {detection:?}");
        }
    }

    #[test]
    fn a_tree_without_anything_relevant_shows_nothing() {
        for (id, detection) in crate::detect_all(&repository(&[("notes.txt", "helm upgrade\n")])) {
            let is_right = match &detection {
                Detection::Absent { .. } | Detection::NotApplicable { .. } => true,
                Detection::Unknown { reason } => reason.contains("files do not show the server's own"),
                Detection::Present(_) => false,
            };
            assert!(is_right, "{id}: {detection:?}");
        }
    }

    #[test]
    fn files_that_cannot_be_read_hide_rather_than_deny() {
        let broken = repository(&[
            (".github/workflows/ci.yml", "unreadable"),
            ("k8s/app.yaml", "a: [1\nreplicas: }\nkind: Alert"),
        ]);
        assert_eq!(broken.warnings().len(), 2, "{:?}", broken.warnings());
        assert!(broken.warnings()[1].line > 0);
        let found = crate::detect_all(&broken);
        assert!(matches!(found["ci_pipeline"], Detection::Unknown { .. }));
        assert!(matches!(found["redundancy"], Detection::Unknown { .. }));
        assert!(matches!(found["slo_defined"], Detection::Absent { .. }));
    }

    /// Three deployments of which nothing more is known.
    fn quiet() -> DeliveryFacts {
        DeliveryFacts {
            production_deployments: 3,
            automated_deployments: 0,
            manual_deployments: 0,
            declared_deployments: 0,
            rollbacks: 0,
            automated_rollbacks: 0,
            judged_deployments: 0,
            automated_aborts: 0,
            deployments_with_strategy: 0,
            gradual_deployments: 0,
            judged_gradual_deployments: 0,
            gradual_aborts: 0,
            timed_deployments: 0,
            overlapping_deployments: 0,
            environments_before_production: 0,
            promoted_versions: 0,
            last_deployment_at: Some(Time::from_seconds(5)),
            last_rollback_at: None,
            last_abort_at: None,
            last_gradual_at: None,
            observed_at: Time::from_seconds(9),
        }
    }

    /// What facts show, by practice: a grade, `absent` or `unknown`.
    fn shown(facts: &DeliveryFacts) -> Vec<(&'static str, &'static str)> {
        let looked = PRACTICES.iter().filter_map(|practice| Some((practice.id, (practice.in_facts?.look)(facts))));
        let word = |detection: Detection| match detection {
            Detection::Present(evidence) => evidence[0].grade.as_str(),
            Detection::Absent { .. } => "absent",
            Detection::Unknown { .. } => "unknown",
            Detection::NotApplicable { .. } => "not applicable",
        };
        looked.map(|(id, detection)| (id, word(detection))).collect()
    }

    #[test]
    fn facts_deny_only_what_they_could_have_shown() {
        assert_eq!(
            shown(&quiet()),
            [
                ("automated_abort", "unknown"),
                ("deploy_job", "unknown"),
                ("deploy_on_merge", "unknown"),
                ("deployments_take_turns", "unknown"),
                ("environments_as_code", "absent"),
                ("progressive_delivery", "unknown"),
                ("rollback_path", "absent"),
                ("versions_promoted", "unknown"),
            ]
        );
        let told = DeliveryFacts {
            manual_deployments: 3,
            judged_deployments: 3,
            deployments_with_strategy: 3,
            timed_deployments: 3,
            overlapping_deployments: 1,
            environments_before_production: 1,
            ..quiet()
        };
        assert!(shown(&told).iter().all(|(_, word)| *word == "absent"), "{:?}", shown(&told));
        let none = DeliveryFacts { production_deployments: 0, ..quiet() };
        assert!(shown(&none).iter().all(|(_, word)| *word == "unknown"), "{:?}", shown(&none));
    }

    #[test]
    fn facts_prove_what_ran_and_what_worked() {
        let busy = DeliveryFacts {
            automated_deployments: 2,
            declared_deployments: 2,
            rollbacks: 2,
            automated_rollbacks: 1,
            judged_deployments: 3,
            automated_aborts: 1,
            deployments_with_strategy: 3,
            gradual_deployments: 2,
            judged_gradual_deployments: 2,
            timed_deployments: 2,
            promoted_versions: 2,
            environments_before_production: 1,
            ..quiet()
        };
        assert_eq!(
            shown(&busy),
            [
                ("automated_abort", "effective"),
                ("deploy_job", "exercised"),
                ("deploy_on_merge", "exercised"),
                ("deployments_take_turns", "exercised"),
                ("environments_as_code", "exercised"),
                ("progressive_delivery", "exercised"),
                ("rollback_path", "effective"),
                ("versions_promoted", "exercised"),
            ]
        );
        let calm = DeliveryFacts { automated_aborts: 0, automated_rollbacks: 0, gradual_aborts: 1, ..busy };
        let calm = shown(&calm);
        assert!(calm.contains(&("automated_abort", "exercised")), "judged, and none was stopped: {calm:?}");
        assert!(calm.contains(&("progressive_delivery", "effective")), "{calm:?}");
        assert!(calm.contains(&("rollback_path", "exercised")), "{calm:?}");
    }
}
