//! Imports point down only, and each heavy library has one home.

use cargo_metadata::{DependencyKind, MetadataCommand};

/// Each package of the workspace, lowest first, with the packages that it may import.
const MAY_IMPORT: &[(&str, &[&str])] = &[
    ("truelevel_model", &[]),
    ("truelevel_documents", &["truelevel_model"]),
    ("truelevel_sources", &["truelevel_documents", "truelevel_model"]),
    ("truelevel_practices", &["truelevel_documents", "truelevel_model"]),
    ("truelevel_store", &["truelevel_model"]),
    ("truelevel_metrics", &["truelevel_model"]),
    ("truelevel_assess", &["truelevel_model"]),
    ("truelevel_report", &["truelevel_model"]),
    ("truelevel_engine", BELOW_THE_ENGINE),
    ("truelevel_server", &["truelevel_engine", "truelevel_model", "truelevel_report"]),
    ("truelevel", ALL_LIBRARIES),
    (
        "xtask",
        &[
            "truelevel_assess",
            "truelevel_engine",
            "truelevel_metrics",
            "truelevel_model",
            "truelevel_practices",
            "truelevel_server",
            "truelevel_sources",
        ],
    ),
];

const BELOW_THE_ENGINE: &[&str] = &[
    "truelevel_assess",
    "truelevel_documents",
    "truelevel_metrics",
    "truelevel_model",
    "truelevel_practices",
    "truelevel_report",
    "truelevel_sources",
    "truelevel_store",
];

const ALL_LIBRARIES: &[&str] = &[
    "truelevel_assess",
    "truelevel_documents",
    "truelevel_engine",
    "truelevel_metrics",
    "truelevel_model",
    "truelevel_practices",
    "truelevel_report",
    "truelevel_server",
    "truelevel_sources",
    "truelevel_store",
];

/// Crates of one level: none imports another, not even for its tests, so that each stands alone.
const SIDE_BY_SIDE: &[&str] = &[
    "truelevel_assess",
    "truelevel_metrics",
    "truelevel_practices",
    "truelevel_report",
    "truelevel_sources",
    "truelevel_store",
];

/// Libraries with one home.
const HOMES: &[(&str, &str)] = &[
    ("axum", "truelevel_server"),
    ("gix", "truelevel_sources"),
    ("hyper", "truelevel_server"),
    ("postgres", "truelevel_store"),
    ("ring", "truelevel_server"),
    ("rusqlite", "truelevel_store"),
    ("tokio", "truelevel_server"),
];

/// Crates that only turn values into values.
const PURE: &[&str] = &[
    "truelevel_assess",
    "truelevel_documents",
    "truelevel_metrics",
    "truelevel_model",
    "truelevel_practices",
    "truelevel_report",
];

/// What a pure crate has no use for.
const IMPURE: &[(&str, &str)] = &[
    ("async-trait", "async"),
    ("axum", "the network"),
    ("crossbeam", "threads"),
    ("futures", "async"),
    ("git2", "repositories"),
    ("gix", "repositories"),
    ("hyper", "the network"),
    ("ignore", "files"),
    ("notify", "files"),
    ("postgres", "a database"),
    ("rayon", "threads"),
    ("reqwest", "the network"),
    ("rusqlite", "a database"),
    ("sqlx", "a database"),
    ("tempfile", "files"),
    ("tokio", "async"),
    ("tokio-postgres", "a database"),
    ("ureq", "the network"),
    ("walkdir", "files"),
];

/// What is wrong with an import, if anything.
fn fault(package: &str, dependency: &str, kind: DependencyKind) -> Option<String> {
    let Some((_, may_import)) = MAY_IMPORT.iter().find(|(known, _)| *known == package) else {
        return Some(format!("`{package}` has no line in MAY_IMPORT: say what it may import"));
    };
    let wrong = |why: String| Some(format!("`{package}` imports `{dependency}`: {why}"));
    if SIDE_BY_SIDE.contains(&package) && SIDE_BY_SIDE.contains(&dependency) && package != dependency {
        return wrong("they stand side by side; words that both need belong into truelevel_model".into());
    }
    if kind == DependencyKind::Development {
        return None;
    }
    let is_ours = MAY_IMPORT.iter().any(|(known, _)| *known == dependency);
    if is_ours && !may_import.contains(&dependency) {
        return wrong(format!("imports point down, and it may only import {may_import:?}"));
    }
    if let Some((_, home)) = HOMES.iter().find(|(library, home)| *library == dependency && *home != package) {
        return wrong(format!("only `{home}` knows it"));
    }
    if let Some((_, about)) = IMPURE.iter().find(|(library, _)| *library == dependency && PURE.contains(&package)) {
        return wrong(format!("it is about {about}, and a pure crate only turns values into values"));
    }
    None
}

#[test]
fn imports_point_down_and_heavy_libraries_stay_at_home() {
    let metadata = MetadataCommand::new().current_dir(super::root()).no_deps().exec().unwrap();
    let mut faults: Vec<String> = Vec::new();
    for package in &metadata.packages {
        // A package without imports must have its line too.
        faults.extend(fault(&package.name, "std", DependencyKind::Normal));
        for dependency in &package.dependencies {
            faults.extend(fault(&package.name, &dependency.name, dependency.kind));
        }
    }
    faults.sort();
    faults.dedup();
    assert!(faults.is_empty(), "imports that break the rule:\n  {}", faults.join("\n  "));
}

#[test]
fn a_wrong_import_is_named_with_its_reason() {
    let check = |package, dependency, kind, expected: Option<&str>| {
        let found = fault(package, dependency, kind);
        let agrees = match (&found, expected) {
            (Some(found), Some(expected)) => found.contains(expected),
            (None, None) => true,
            _ => false,
        };
        assert!(agrees, "{package} → {dependency}: {found:?}");
    };
    let (normal, tests, build) = (DependencyKind::Normal, DependencyKind::Development, DependencyKind::Build);
    check("truelevel_engine", "truelevel_store", normal, None);
    check("truelevel", "truelevel_model", normal, None);
    check("truelevel_sources", "gix", normal, None);
    check("truelevel_store", "truelevel_engine", normal, Some("imports point down"));
    check("truelevel_store", "truelevel_documents", normal, Some("imports point down"));
    check("truelevel_model", "truelevel_documents", build, Some("imports point down"));
    check("truelevel_report", "truelevel_assess", normal, Some("side by side"));
    check("truelevel_report", "truelevel_assess", tests, Some("side by side"));
    check("truelevel_documents", "truelevel_engine", tests, None);
    check("truelevel_engine", "gix", normal, Some("only `truelevel_sources`"));
    check("truelevel_engine", "rayon", normal, None);
    check("truelevel_metrics", "rayon", normal, Some("threads"));
    check("truelevel_practices", "tempfile", tests, None);
    check("truelevel_extra", "serde", normal, Some("no line"));
}
