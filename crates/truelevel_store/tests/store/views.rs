//! The views are read by dashboards: names, columns and spelling stay.

use rusqlite::Connection;
use rusqlite::types::Value;
use tempfile::tempdir;
use truelevel_model::{History, Time};
use truelevel_store::{SqliteStore, Store};

use crate::examples::{changes, commit, facts};

fn check(view: &str, order: &str, expected: &[(&str, &str)]) {
    let folder = tempdir().unwrap();
    let file = folder.path().join("store.db");
    let mut store = SqliteStore::open(&file).unwrap();
    store.write(&facts()).unwrap();
    store.append_history(&"shop".into(), &History::from_changes(changes(200)), 0).unwrap();
    let connection = Connection::open(&file).unwrap();
    let mut statement = connection.prepare(&format!("SELECT * FROM {view} ORDER BY {order} LIMIT 1")).unwrap();
    let columns: Vec<String> = statement.column_names().map(str::to_owned).collect();
    let row: Vec<(String, String)> = statement
        .query_row([], |row| {
            columns.iter().enumerate().map(|(at, column)| Ok((column.clone(), shown(row.get(at)?)))).collect()
        })
        .unwrap();
    let row: Vec<_> = row.iter().map(|(column, value)| (column.as_str(), value.as_str())).collect();
    assert_eq!(row, expected);
}

fn shown(value: Value) -> String {
    match value {
        Value::Null => "-".to_owned(),
        Value::Integer(number) => number.to_string(),
        Value::Real(number) => number.to_string(),
        Value::Text(text) => text,
        Value::Blob(_) => panic!("a view shows no bytes"),
    }
}

#[test]
fn deployments_are_readable() {
    check(
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

#[test]
fn reviews_are_readable() {
    check(
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

#[test]
fn pipeline_runs_are_readable() {
    check(
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

#[test]
fn incidents_are_readable_and_stand_once() {
    check(
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
        ],
    );
}

#[test]
fn services_are_readable() {
    check(
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

#[test]
fn evidence_is_readable() {
    check(
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

#[test]
fn changes_are_readable_without_their_authors() {
    check(
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

#[test]
fn what_is_unknown_is_null() {
    let folder = tempdir().unwrap();
    let file = folder.path().join("store.db");
    SqliteStore::open(&file).unwrap().write(&facts()).unwrap();
    let connection = Connection::open(&file).unwrap();
    let nulls = |sql: &str| assert!(connection.query_row(sql, [], |row| row.get::<_, bool>(0)).unwrap(), "{sql}");
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

#[test]
fn changes_say_in_sql_what_the_history_says() {
    let folder = tempdir().unwrap();
    let file = folder.path().join("store.db");
    let history = History::from_changes(changes(500));
    SqliteStore::open(&file).unwrap().append_history(&"shop".into(), &history, 0).unwrap();
    let connection = Connection::open(&file).unwrap();
    let mut statement = connection
        .prepare(
            "SELECT id, committed_at, is_automation, is_ai_assisted, has_missing_parent, is_merge, reverts
             FROM v_changes",
        )
        .unwrap();
    let mut rows = statement.query([]).unwrap();
    let mut count = 0;
    while let Some(row) = rows.next().unwrap() {
        let change = history.find(&row.get::<_, String>(0).unwrap().parse().unwrap()).unwrap();
        assert_eq!(Time::parse(&row.get::<_, String>(1).unwrap()).unwrap(), history.committed_at(change));
        let flags: [bool; 4] = [2, 3, 4, 5].map(|column| row.get(column).unwrap());
        assert_eq!(
            flags,
            [
                history.is_automation(change),
                history.is_ai_assisted(change),
                history.has_missing_parent(change),
                history.is_merge(change),
            ]
        );
        let reverts: Option<String> = row.get(6).unwrap();
        assert_eq!(reverts, history.reverts(change).map(|id| id.to_string()));
        count += 1;
    }
    assert_eq!(count, history.len());
}
