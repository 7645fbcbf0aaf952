//! The views are read by dashboards: names, columns and spelling stay.

use truelevel_model::facts::Facts;
use truelevel_model::snapshot::NewSnapshot;
use truelevel_model::{Deployment, History, Time};
use truelevel_store::Store;

use crate::examples::{changes, commit, deployment, facts};
use crate::places::{Place, promises};

fn check(place: &Place, view: &str, order: &str, expected: &[(&str, &str)]) {
    let mut store = place.store();
    store.write(&facts()).unwrap();
    store.append_history(&"shop".into(), &History::from_changes(changes(200)), 0).unwrap();
    let rows = place.query(&format!("SELECT * FROM {view} ORDER BY {order} LIMIT 1"));
    let row: Vec<_> = rows[0].iter().map(|(column, value)| (column.as_str(), value.as_str())).collect();
    assert_eq!(row, expected);
}

fn deployments_are_readable(place: &Place) {
    check(
        place,
        "v_deployments",
        "id",
        &[
            ("service", "shop"),
            ("environment", "production"),
            ("source", "deployments:example"),
            ("id", "1"),
            ("version", "1.2.3"),
            ("commit_id", &commit(7).to_string()),
            ("started_at", "2026-08-21T16:59:00.000Z"),
            ("finished_at", "2026-08-21T17:00:00.000Z"),
            ("sequence", "0"),
            ("outcome", "succeeded"),
            ("is_initial_state", "0"),
            ("initiated_by", "automation"),
            ("approval_wait_seconds", "1.5"),
            ("strategy", "canary"),
            ("aborted_automatically", "0"),
            ("observed_at", "2026-08-21T17:00:01.000Z"),
        ],
    );
}

fn reviews_are_readable(place: &Place) {
    check(
        place,
        "v_reviews",
        "number DESC",
        &[
            ("repository", "shop"),
            ("number", "1"),
            ("source", "reviews:example"),
            ("opened_at", "2026-08-21T17:00:00.000Z"),
            ("first_commit_at", "2026-08-21T16:00:00.000Z"),
            ("first_response_at", "2026-08-21T17:01:00.000Z"),
            ("approved_at", "2026-08-21T17:02:00.000Z"),
            ("merged_at", "2026-08-21T17:03:00.000Z"),
            ("merge_commit", &commit(9).to_string()),
            ("is_automation", "0"),
            ("lines_changed", "42"),
            ("labels", r#"["bug","quote \" and\nline"]"#),
            ("observed_at", "2026-08-21T17:03:20.000Z"),
        ],
    );
}

fn pipeline_runs_are_readable(place: &Place) {
    check(
        place,
        "v_pipeline_runs",
        "attempt",
        &[
            ("repository", "shop"),
            ("source", "ci:example"),
            ("id", "1"),
            ("attempt", "1"),
            ("workflow", "test"),
            ("commit_id", &commit(9).to_string()),
            ("triggered_by", "push"),
            ("started_at", "2026-08-21T17:00:00.000Z"),
            ("finished_at", "2026-08-21T17:05:00.000Z"),
            ("outcome", "failed"),
            ("shared_workflows", r#"["platform/build.yml@v3"]"#),
            ("branch", "main"),
            ("observed_at", "2026-08-21T17:05:01.000Z"),
        ],
    );
}

fn incidents_are_readable_and_stand_once(place: &Place) {
    check(
        place,
        "v_incidents",
        "id",
        &[
            ("source", "incidents:example"),
            ("id", "1"),
            ("services", r#"["shop","basket"]"#),
            ("severity", "SEV-2"),
            ("started_at", "2026-08-21T17:00:00.000Z"),
            ("detected_at", "2026-08-21T17:00:30.000Z"),
            ("detected_by_alert", "1"),
            ("acknowledged_at", "2026-08-21T17:01:00.000Z"),
            ("resolved_at", "2026-08-21T17:15:00.000Z"),
            ("caused_by", "deployment 5"),
            ("observed_at", "2026-08-21T17:15:01.000Z"),
            ("duration_seconds", "900"),
        ],
    );
}

fn services_are_readable(place: &Place) {
    check(
        place,
        "v_services",
        "service DESC",
        &[
            ("service", "shop"),
            ("source", "catalog:example"),
            ("team", "payments"),
            ("repository", "shop"),
            ("observed_at", "2026-08-21T17:00:00.000Z"),
        ],
    );
}

fn evidence_is_readable(place: &Place) {
    check(
        place,
        "v_evidence",
        "id",
        &[
            ("practice", "backups"),
            ("grade", "effective"),
            ("service", "shop"),
            ("source", "drills:example"),
            ("id", "1"),
            ("seen", "restored"),
            ("address", "https://a/1"),
            ("repository", "-"),
            ("commit_id", "-"),
            ("path", "-"),
            ("line", "-"),
            ("column_number", "-"),
            ("named_values", r#"{"minutes":"42"}"#),
            ("observed_at", "2026-08-21T17:00:00.000Z"),
        ],
    );
}

/// A stored assessment, as far as views look into it.
pub(crate) const ASSESSMENT: &str = r#"{"level": {"proven": 2, "possible": 3, "declared": null},
    "first_constraint": {"statement": "Deploy on demand"},
    "stages": [{"stage": "build", "proven": 3, "possible": 4, "declared": 5}],
    "lanes": [{"stage": "platform", "proven": 1, "possible": 1, "declared": null}],
    "metrics": {"change_lead_time": {"value": 3600.5, "unit": "seconds", "low": 60, "high": null, "n": 12, "band": "elite"}},
    "services": [{"service": "shop", "team": "payments",
        "stages": [{"stage": "build", "proven": 2, "possible": 2, "declared": null}], "lanes": [],
        "metrics": {"change_lead_time": {"value": null, "unit": "seconds", "low": null, "high": null, "n": 0, "band": null}}}]}"#;

fn stored_assessments_are_readable(place: &Place) {
    let (as_of, taken_at) = (crate::examples::at(0), crate::examples::at(60));
    let (configuration, catalog, assessment) = ("c".to_owned(), "a".to_owned(), ASSESSMENT.to_owned());
    place
        .store()
        .append_snapshot(&NewSnapshot {
            as_of,
            taken_at,
            is_backfilled: false,
            configuration,
            catalog,
            data_until: None,
            assessment,
            summary: String::new(),
        })
        .unwrap();
    let check = |sql: &str, expected: &[&str]| {
        let rows = place.query(sql).into_iter();
        let rows: Vec<String> = rows
            .map(|row| row.iter().map(|(column, value)| format!("{column} {value}")).collect::<Vec<_>>().join(", "))
            .collect();
        assert_eq!(rows, expected);
    };
    let times = "snapshot 1, as_of 2026-08-21T17:00:00.000Z";
    check(
        "SELECT * FROM v_snapshots",
        &[&format!(
            "{times}, taken_at 2026-08-21T17:01:00.000Z, is_backfilled 0, proven 2, possible 3, declared -, \
             first_constraint Deploy on demand"
        )],
    );
    check(
        "SELECT * FROM v_measurements ORDER BY n",
        &[
            &format!(
                "{times}, service shop, team payments, metric change_lead_time, value -, unit seconds, low -, high -, \
                 n 0, band -"
            ),
            &format!(
                "{times}, service -, team -, metric change_lead_time, value 3600.5, unit seconds, low 60, high -, n 12, \
                 band elite"
            ),
        ],
    );
    check(
        "SELECT * FROM v_levels ORDER BY proven",
        &[
            &format!("{times}, service -, team -, stage platform, proven 1, possible 1, declared -"),
            &format!("{times}, service shop, team payments, stage build, proven 2, possible 2, declared -"),
            &format!("{times}, service -, team -, stage build, proven 3, possible 4, declared 5"),
        ],
    );
}

fn changes_are_readable_without_their_authors(place: &Place) {
    check(
        place,
        "v_changes",
        "has_missing_parent DESC, committed_at",
        &[
            ("repository", "shop"),
            ("id", &commit(97).to_string()),
            ("authored_at", "2026-08-21T18:36:30.000Z"),
            ("committed_at", "2026-08-21T18:37:00.000Z"),
            ("is_automation", "0"),
            ("is_ai_assisted", "0"),
            ("has_missing_parent", "1"),
            ("is_merge", "1"),
            ("reverts", "-"),
            ("issue_keys", "-"),
            ("files_changed", "-"),
            ("lines_changed", "-"),
        ],
    );
}

fn what_is_unknown_is_null(place: &Place) {
    place.store().write(&facts()).unwrap();
    let nulls = |sql: &str| assert_eq!(place.query(sql)[0][0].1, "1", "{sql}");
    nulls(
        "SELECT commit_id IS NULL AND started_at IS NULL AND initiated_by IS NULL AND approval_wait_seconds IS NULL
             AND strategy IS NULL AND aborted_automatically IS NULL
         FROM v_deployments WHERE id = 'bare'",
    );
    nulls(
        "SELECT merge_commit IS NULL AND merged_at IS NULL AND lines_changed IS NULL FROM v_reviews WHERE number < 0",
    );
    nulls(
        "SELECT resolved_at IS NULL AND detected_by_alert IS NULL AND services = '[]' FROM v_incidents WHERE id = '2'",
    );
}

fn what_was_taken_out_is_no_deployment(place: &Place) {
    let deployments = vec![deployment("1"), Deployment { is_removal: true, ..deployment("2") }];
    place.store().write(&Facts { deployments, ..Facts::default() }).unwrap();
    assert_eq!(place.query("SELECT count(*) FROM v_deployments")[0][0].1, "1");
}

fn changes_say_in_sql_what_the_history_says(place: &Place) {
    let history = History::from_changes(changes(500));
    place.store().append_history(&"shop".into(), &history, 0).unwrap();
    let rows = place.query(
        "SELECT id, committed_at, is_automation, is_ai_assisted, has_missing_parent, is_merge, reverts FROM v_changes",
    );
    assert_eq!(rows.len(), history.len());
    for row in rows {
        let change = history.find(&row[0].1.parse().unwrap()).unwrap();
        assert_eq!(Time::parse(&row[1].1).unwrap(), history.committed_at(change));
        let flags = [2, 3, 4, 5].map(|column: usize| row[column].1 == "1");
        assert_eq!(
            flags,
            [
                history.is_automation(change),
                history.is_ai_assisted(change),
                history.has_missing_parent(change),
                history.is_merge(change),
            ]
        );
        assert_eq!(row[6].1, history.reverts(change).map_or("-".to_owned(), |id| id.to_string()));
    }
}

promises![
    changes_are_readable_without_their_authors,
    changes_say_in_sql_what_the_history_says,
    deployments_are_readable,
    evidence_is_readable,
    incidents_are_readable_and_stand_once,
    pipeline_runs_are_readable,
    reviews_are_readable,
    services_are_readable,
    stored_assessments_are_readable,
    what_is_unknown_is_null,
    what_was_taken_out_is_no_deployment,
];
