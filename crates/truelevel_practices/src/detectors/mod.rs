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
    use truelevel_model::{Detection, Evidence, Grade, Locator, Time, registry};

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
            assert!(
                matches!(detection, Detection::Absent { .. } | Detection::NotApplicable { .. }),
                "{id}: {detection:?}"
            );
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

    #[test]
    fn facts_prove_nothing_when_nothing_happened() {
        let facts = DeliveryFacts {
            production_deployments: 3,
            automated_deployments: 0,
            manual_deployments: 3,
            declared_deployments: 0,
            rollbacks: 0,
            automated_rollbacks: 0,
            environments_before_production: 0,
            promoted_versions: 0,
            last_deployment_at: Some(Time::from_seconds(5)),
            last_rollback_at: None,
            observed_at: Time::from_seconds(9),
        };
        let proofs = |facts: &DeliveryFacts| -> Vec<(&str, Evidence)> {
            let pairs = PRACTICES.iter().filter_map(|practice| Some((practice.id, (practice.in_facts?)(facts))));
            pairs.flat_map(|(id, evidence)| evidence.into_iter().map(move |evidence| (id, evidence))).collect()
        };
        assert_eq!(proofs(&facts), []);
        let busy = DeliveryFacts {
            automated_deployments: 2,
            declared_deployments: 2,
            rollbacks: 2,
            automated_rollbacks: 1,
            promoted_versions: 2,
            environments_before_production: 1,
            ..facts
        };
        let grades: Vec<_> = proofs(&busy).into_iter().map(|(id, evidence)| (id, evidence.grade)).collect();
        assert_eq!(
            grades,
            [
                ("automated_abort", Grade::Effective),
                ("deploy_job", Grade::Exercised),
                ("deploy_on_merge", Grade::Exercised),
                ("environments_as_code", Grade::Exercised),
                ("rollback_path", Grade::Effective),
                ("versions_promoted", Grade::Exercised),
            ]
        );
        for (_, evidence) in proofs(&busy) {
            assert!(
                matches!(evidence.locator, Locator::Facts { summary } if summary.contains("production") || summary.contains("rollback"))
            );
        }
    }
}
