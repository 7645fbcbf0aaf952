//! Inputs that are odd in a known way, each with what must come of it.

use truelevel_model::Detection;

use crate::Files;

const PATH: &str = ".github/workflows/ci.yml";
const WORKFLOW: &str = "on: [push, pull_request]\njobs:\n  a:\n    steps:\n      - run: cargo test\n";

fn finds_tests(content: impl Into<Vec<u8>>) {
    let content = content.into();
    let (repository, detections) = Files::default().with(PATH, content.clone()).look();
    let found = matches!(detections["tests_run_in_ci"], Detection::Present(_));
    assert!(found, "{:?} in {}", repository.warnings(), String::from_utf8_lossy(&content));
}

/// A file that cannot be understood is named with its place, and nothing is called absent because of it.
fn is_a_located_warning(content: impl Into<Vec<u8>>) {
    let (repository, detections) = Files::default().with(PATH, content.into()).look();
    let [warning] = repository.warnings() else { panic!("one warning, not {:?}", repository.warnings()) };
    assert!(warning.path == PATH && warning.line > 0, "{warning:?}");
    let ci = &detections["ci_pipeline"];
    assert!(matches!(ci, Detection::Unknown { .. } | Detection::Present(_)), "{ci:?}");
}

#[test]
fn line_ends_marks_and_booleans_of_other_times_change_nothing() {
    finds_tests(WORKFLOW);
    finds_tests(WORKFLOW.replace('\n', "\r\n"));
    finds_tests(format!("\u{feff}{WORKFLOW}"));
    finds_tests(WORKFLOW.replace("on:", "true:"));
    finds_tests(WORKFLOW.replace("on:", "\"on\":"));
    finds_tests(format!("%YAML 1.1\n---\n{WORKFLOW}"));
    finds_tests(format!("{WORKFLOW}...\n"));
    finds_tests(WORKFLOW.replace("cargo test", "\"cargo test # \u{1f980}\""));
    finds_tests([WORKFLOW.as_bytes(), b"# \xff\xfe\n"].concat());
}

#[test]
fn anchors_and_merge_keys_are_followed() {
    finds_tests(
        "on: push\nx: &steps\n  steps: [{run: cargo test}]\njobs:\n  a: {<<: *steps}\n  b: {<<: [*steps, *steps]}\n",
    );
}

#[test]
fn duplicate_keys_tabs_and_open_brackets_are_located() {
    is_a_located_warning(format!("{WORKFLOW}jobs:\n  b: {{}}\n"));
    is_a_located_warning("on: push\njobs:\n\ta: {}\n");
    is_a_located_warning("on: [push\njobs: {a: }\n");
    is_a_located_warning("on: push\njobs: *none\n");
    // An expression of GitHub is no template of YAML.
    let with_expression = WORKFLOW.replace("cargo test", "cargo test ${{ matrix.flags }}");
    is_a_located_warning(format!("{with_expression}jobs:\n  b: {{}}\n"));
}

#[test]
fn a_template_that_is_broken_further_down_is_located() {
    let rest = "---\napiVersion: policy/v1\nkind: PodDisruptionBudget\nspec:\n\tminAvailable: 1\n";
    for (path, first) in [
        ("k8s/all.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: {{ name }}}\n"),
        ("chart/templates/all.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: {{ .Release.Name }}}\n"),
    ] {
        let files = Files::default().with("chart/Chart.yaml", "name: a\n").with(path, format!("{first}{rest}"));
        let (repository, detections) = files.look();
        let [warning] = repository.warnings() else { panic!("one warning, not {:?}", repository.warnings()) };
        assert!(warning.path == path && warning.line >= 7, "{warning:?}");
        assert!(matches!(detections["disruption_budgets"], Detection::Unknown { .. }), "{path}");
    }
}

#[test]
fn templates_of_something_else_are_no_templates_of_cloud_formation() {
    let (repository, _) =
        Files::default().with("docs/nginx.conf.template", "location /healthcheck {\n\troot a;\n}\n").look();
    assert_eq!(repository.warnings(), []);
}

#[test]
fn a_file_that_another_names_and_that_is_not_there_is_located() {
    for (path, content) in [
        (".gitlab-ci.yml", "include: {local: /ci/lost.yml}\na: {script: x}\n"),
        ("azure-pipelines.yml", "trigger: [main]\nsteps:\n  - template: lost.yml\n"),
    ] {
        let (repository, detections) = Files::default().with(path, content).look();
        let [warning] = repository.warnings() else { panic!("one warning, not {:?}", repository.warnings()) };
        assert!(warning.path == path && warning.line > 0 && warning.message.contains("lost.yml"), "{warning:?}");
        assert!(matches!(detections["tests_run_in_ci"], Detection::Unknown { .. }), "{path}");
    }
}

#[test]
fn anchors_that_loop_or_multiply_end() {
    let mut bomb = String::from("on: push\na0: &a0 [x, x, x, x, x, x, x, x, x]\n");
    for level in 1..12 {
        let before = level - 1;
        bomb +=
            &format!("a{level}: &a{level} [*a{before}, *a{before}, *a{before}, *a{before}, *a{before}, *a{before}]\n");
    }
    for content in ["on: push\njobs: &a {b: *a}\n", "on: push\njobs: &a\n  <<: *a\n  b: *a\n", &bomb] {
        Files::default().with(PATH, content).look();
        Files::default().with("k8s/a.yaml", format!("apiVersion: v1\nkind: A\n{content}")).look();
    }
}

#[test]
fn nesting_without_end_ends() {
    for (open, path) in
        [("[", PATH), ("{a: ", PATH), ("- ", PATH), ("stage('a') { ", "Jenkinsfile"), ("(", "Jenkinsfile")]
    {
        Files::default().with(path, open.repeat(50_000)).look();
    }
    let condition = format!("trigger: [main]\njobs:\n  - job: a\n    condition: {}\n", "and(".repeat(20_000));
    Files::default().with("azure-pipelines.yml", condition).look();
    Files::default().with("a.json", "[".repeat(100_000)).with("grafana/dashboard.json", "[".repeat(100_000)).look();
}

#[test]
fn templates_are_read_around_their_actions() {
    let helm = "{{- if .Values.on }}\napiVersion: policy/v1\nkind: PodDisruptionBudget\nspec: {minAvailable: {{ .Values.least }}}\n{{- end }}\n";
    let (_, detections) = Files::default()
        .with("chart/Chart.yaml", "name: a\n")
        .with("chart/values.yaml", "on: true\nleast: 1\n")
        .with("chart/templates/pdb.yaml", helm)
        .look();
    assert!(matches!(detections["disruption_budgets"], Detection::Present(_)));
    let jinja = "{% if alerts %}\ngroups:\n  - rules:\n      - alert: Down\n        expr: up{job=\"{{ job }}\"} == 0\n{% endif %}\n";
    let (_, detections) = Files::default().with("monitoring/rules.yml", jinja).look();
    assert!(matches!(detections["alert_rules"], Detection::Present(_) | Detection::Unknown { .. }));
}

#[test]
fn a_file_of_ten_megabytes_is_left_with_a_warning() {
    let (repository, detections) = Files::default().with(PATH, "# long\n".repeat(1_500_000)).look();
    assert!(repository.warnings()[0].message.contains("bytes"));
    assert!(matches!(detections["ci_pipeline"], Detection::Unknown { .. }));
}

#[test]
fn paths_of_any_spelling_are_only_names() {
    let mut files = Files::default().with(PATH, WORKFLOW);
    for path in [
        " ",
        "a b/ c.yaml",
        "é/ü.tf",
        "-rf",
        "a\nb.yml",
        "\"quoted\".yaml",
        "..yaml",
        "a/../b.yaml",
        "\u{202e}lmay.a",
        "%2e%2e/a.yml",
    ] {
        files = files.with(path, "apiVersion: v1\nkind: A\n");
    }
    files.look();
}

#[test]
fn two_hundred_thousand_files_are_looked_through() {
    let mut files = Files::default().with(PATH, WORKFLOW);
    for number in 0..200_000 {
        let path = format!("src/module_{}/part_{number}.{}", number % 500, ["rs", "go", "md", "txt"][number % 4]);
        files.0.insert(path, Vec::new());
    }
    let (_, detections) = files.look();
    assert!(matches!(detections["tests_run_in_ci"], Detection::Present(_)));
}

#[test]
fn files_that_call_each_other_without_end_end() {
    let files = Files::default()
        .with(PATH, "on: push\njobs:\n  a: {uses: ./.github/workflows/b.yml}\n")
        .with(".github/workflows/b.yml", "on: workflow_call\njobs:\n  b: {uses: ./.github/workflows/b.yml}\n  c: {uses: ./.github/workflows/ci.yml}\n")
        .with(".gitlab-ci.yml", "include: [a.yml]\na: {extends: [b, a]}\nb: {extends: a, script: [!reference [a, script]]}\n")
        .with("a.yml", "include: ['*.yml', .gitlab-ci.yml]\n")
        .with("azure-pipelines.yml", "extends: {template: azure-pipelines.yml}\nstages: [{template: azure-pipelines.yml}]\n")
        .with("Makefile", "a: b\nb: a\n\tmake a b\n")
        .with("bin/a", "#!/bin/sh\nbin/a\n./a\n");
    files.look();
}
