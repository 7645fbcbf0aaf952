//! Every query of the example dashboards runs, and finds what is there.

use std::path::Path;

use serde_json::Value;
use truelevel_model::facts::Facts;
use truelevel_model::snapshot::NewSnapshot;
use truelevel_model::{Deployment, History};
use truelevel_store::Store;

use crate::examples::{at, changes, deployment, facts};
use crate::places::{Place, promises};
use crate::views::ASSESSMENT;

/// Title and query of each panel.
fn queries() -> Vec<(String, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/grafana");
    let files = std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().path());
    let mut queries = Vec::new();
    for file in files.filter(|file| file.extension().is_some_and(|ending| ending == "json")) {
        let dashboard: Value = serde_json::from_str(&std::fs::read_to_string(&file).unwrap()).unwrap();
        for panel in dashboard["panels"].as_array().unwrap() {
            for target in panel["targets"].as_array().unwrap() {
                let title = format!("{}: {}", dashboard["title"], panel["title"]);
                queries.push((title, target["rawSql"].as_str().unwrap().to_owned()));
            }
        }
    }
    queries
}

fn every_panel_of_the_dashboards_shows_what_is_there(place: &Place) {
    let mut store = place.store();
    store.write(&facts()).unwrap();
    store
        .write(&Facts { deployments: vec![Deployment { version: "2".into(), ..deployment("2") }], ..facts() })
        .unwrap();
    store.append_history(&"shop".into(), &History::from_changes(changes(20)), 0).unwrap();
    // Each key of which a panel asks.
    let keys =
        ["deployment_frequency", "change_fail_rate", "failed_deployment_recovery_time", "deployment_rework_rate"];
    let metric = r#""change_lead_time": {"value": 3600.5,"#;
    assert!(ASSESSMENT.contains(metric));
    let all = keys.map(|key| format!(r#""{key}": {{"value": 1, "n": 2}}, "#)).concat();
    let assessment = ASSESSMENT.replace(metric, &format!(r#""time_to_detect": {{"value": 1}}, {all}{metric}"#));
    let (configuration, catalog) = ("c".to_owned(), "a".to_owned());
    let (as_of, taken_at, is_backfilled, data_until) = (at(0), at(60), false, None);
    store
        .append_snapshot(&NewSnapshot {
            as_of,
            taken_at,
            is_backfilled,
            configuration,
            catalog,
            data_until,
            assessment,
            summary: String::new(),
        })
        .unwrap();
    let queries = queries();
    assert!(queries.len() > 20, "{}", queries.len());
    for (title, query) in queries {
        // As Grafana writes the range that is looked at.
        let query = query
            .replace("${__from:date:iso}", "2026-08-01T00:00:00.000Z")
            .replace("${__to:date:iso}", "2026-09-01T00:00:00.000Z");
        assert!(!query.contains('$'), "{title} asks for something else: {query}");
        assert!(!place.query(&query).is_empty(), "{title} shows nothing: {query}");
    }
}

promises![every_panel_of_the_dashboards_shows_what_is_there];
