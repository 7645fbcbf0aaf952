use std::io::Cursor;

use truelevel_model::facts::{DeploymentOutcome, Initiator};
use truelevel_model::{Span, Time};

use super::*;

fn reading() -> Reading {
    Reading {
        now: Time::parse("2026-08-21T12:00:00Z").unwrap(),
        time_zone: None,
        source: None,
        stages: vec!["build", "deploy"],
        practices: vec!["backups"],
        projects: Default::default(),
    }
}

/// All batches in one, the fields that were not known, and the fault that ended the file.
fn read(name: &str, bytes: impl Into<Vec<u8>>) -> (Batch, Vec<String>, Option<String>) {
    let mut all = Batch::default();
    let mut file = match ImportFile::open(Box::new(Cursor::new(bytes.into())), name, Hints::default()) {
        Ok(file) => file,
        Err(fault) => return (all, Vec::new(), Some(fault.0)),
    };
    loop {
        match file.next_batch(&reading()) {
            Ok(Some(batch)) => {
                all.taken += batch.taken;
                all.rejected.extend(batch.rejected);
                all.facts.deployments.extend(batch.facts.deployments);
                all.facts.incidents.extend(batch.facts.incidents);
                all.facts.evidence.extend(batch.facts.evidence);
                all.facts.ai_usage.extend(batch.facts.ai_usage);
            }
            end => {
                let unknown = file.unknown_fields().map(str::to_owned).collect();
                return (all, unknown, end.err().map(|fault| fault.0));
            }
        }
    }
}

const HEADER: &str = "id,service,environment,version,outcome,finished_at";
const ROW: &str = "1,web,production,v1,succeeded,2026-08-01T10:00:00Z";

#[test]
fn csv_and_json_lines_say_the_same() {
    let csv = format!(
        "{HEADER},started_at,initiated_by,approval_wait_seconds,aborted_automatically\n{ROW},2026-08-01T09:55:00+00:00,automation,90.5,TRUE\n"
    );
    let json = r#"{"kind":"deployment","id":1,"service":"web","environment":"production","version":"v1","outcome":"succeeded","finished_at":"2026-08-01T10:00:00Z","started_at":"2026-08-01T09:55:00Z","initiated_by":"automation","approval_wait_seconds":90.5,"aborted_automatically":true}"#;
    let (from_csv, unknown, fault) = read("deployments.csv", csv);
    assert_eq!((from_csv.taken, unknown.len(), fault), (1, 0, None), "{:?}", from_csv.rejected);
    let (from_json, _, fault) = read("anything", json);
    assert_eq!((from_json.taken, fault), (1, None), "{:?}", from_json.rejected);
    assert_eq!(from_csv.facts.deployments, from_json.facts.deployments);
    let deployment = &from_csv.facts.deployments[0];
    assert_eq!(
        (deployment.outcome, deployment.initiated_by),
        (DeploymentOutcome::Succeeded, Some(Initiator::Automation))
    );
    assert_eq!(deployment.approval_wait, Some(Span::from_seconds(90.5)));
    assert_eq!(deployment.observed_at, deployment.finished_at, "the latest time of the record");
}

#[test]
fn columns_come_in_any_order_and_spelling_and_unknown_ones_are_named_once() {
    let text = "Finished At;outcome;Version;colour;ENVIRONMENT;service\n2026-08-01T10:00:00Z;succeeded;\"v;1\";red;production;web\n\n2026-08-02T10:00:00Z;failed;\"v\n2\";blue;production;web\n";
    let (batch, unknown, fault) = read("deployments-2026.csv", text);
    assert_eq!((batch.taken, unknown, fault), (2, vec!["colour".to_owned()], None), "{:?}", batch.rejected);
    let versions: Vec<_> = batch.facts.deployments.iter().map(|deployment| deployment.version.as_str()).collect();
    assert_eq!(versions, ["v;1", "v\n2"]);
    assert_eq!(
        batch.facts.deployments[0].id, "web/production/v;1/2026-08-01T10:00:00Z",
        "what stands for a missing id"
    );
}

#[test]
fn a_record_that_is_wrong_is_rejected_with_line_and_field_and_the_others_are_kept() {
    let rows: &[(&str, Option<&str>, &str)] = &[
        ("2,,production,v1,succeeded,2026-08-01T10:00:00Z", Some("service"), "missing"),
        ("3,web,production,,succeeded,2026-08-01T10:00:00Z", Some("version"), "neither a version nor a commit"),
        ("4,web,production,v1,green,2026-08-01T10:00:00Z", Some("outcome"), "allowed: `succeeded`, `failed`"),
        ("5,web,production,v1,succeeded,2026-08-01 10:00:00", Some("finished_at"), "--time-zone"),
        ("6,web,production,v1,succeeded,2026-08-23T10:00:00Z", Some("finished_at"), "future"),
        ("7,web,production,v1,succeeded,9999-12-31T00:00:00Z", Some("finished_at"), "future"),
        ("8,web,production,v1,succeeded,1970-01-01T00:00:00Z", Some("finished_at"), "before 1990"),
        ("9,web,production,v1,succeeded,", Some("finished_at"), "only one in progress"),
        ("10,web,production,v1,succeeded", None, "5 cells"),
    ];
    let text: String = rows.iter().map(|(row, ..)| format!("{row}\n")).collect();
    let (batch, _, fault) =
        read("deployments.csv", format!("{HEADER}\n{ROW}\n{text}{}\n", ROW.replace("1,web", "11,web")));
    assert_eq!((batch.taken, fault), (2, None));
    assert_eq!(batch.rejected.len(), rows.len());
    for (place, (rejection, (row, field, reason))) in batch.rejected.iter().zip(rows).enumerate() {
        assert_eq!((rejection.line, rejection.field, rejection.raw.as_str()), (place as u64 + 3, *field, *row));
        assert!(rejection.reason.contains(reason), "{row}: {}", rejection.reason);
    }
}

#[test]
fn a_line_that_is_no_record_is_rejected_and_the_next_is_read() {
    let good = r#"{"services":["web"],"started_at":"2026-08-01T10:00:00Z"}"#;
    let long = format!(r#"{{"id":"{}"}}"#, "x".repeat(2 << 20));
    let lines = [
        good.as_bytes(),
        b"\xff\xfe",
        br#"{"services":["web"],"#,
        b"17",
        long.as_bytes(),
        br#"{"services":[],"started_at":"2026-08-01T10:00:00Z"}"#,
        br#"{"services":"web;shop","started_at":"2026-08-01T10:00:00Z","resolved_at":"2026-08-01T09:00:00Z"}"#,
        br#"{"kind":"party","services":["web"]}"#,
        good.as_bytes(),
    ];
    let (batch, _, fault) = read("incidents.jsonl", lines.join(&b'\n'));
    assert_eq!((batch.taken, fault), (2, None));
    let found: Vec<_> = batch.rejected.iter().map(|one| (one.line, one.field, one.reason.as_str())).collect();
    let reasons = [
        "UTF-8",
        "JSON object",
        "JSON object",
        "longer than",
        "names no service",
        "before the start",
        "there is no kind",
    ];
    for ((line, field, reason), (place, wanted)) in found.iter().zip(reasons.iter().enumerate()) {
        assert_eq!(*line, place as u64 + 2, "{found:?}");
        assert!(reason.contains(wanted), "line {line}, {field:?}: {reason}");
    }
    assert_eq!(found.len(), reasons.len(), "{found:?}");
    assert!(batch.rejected.iter().all(|one| one.raw.len() < 1000), "a huge line is not kept whole");
}

#[test]
fn a_file_that_cannot_be_read_says_why() {
    for (name, text, expected) in [
        ("deployments.csv", "", "empty"),
        ("deployments.csv", "\n \n", "empty"),
        (
            "deployments.csv",
            "id,service\n",
            "misses required columns of deployments: `environment`, `finished_at`, `outcome`",
        ),
        ("deployments.csv", "id,ID\n", "stands twice"),
        ("things.csv", "id\n", "say it with --kind"),
        ("deployments.json", "[\n", "jq -c"),
        ("deployments.json", "{\n", "jq -c"),
    ] {
        let (batch, _, fault) = read(name, text);
        assert!(fault.as_ref().is_some_and(|fault| fault.contains(expected)), "{name}: {fault:?}");
        assert_eq!(batch.taken, 0);
    }
}

#[test]
fn a_quote_that_is_never_closed_ends_the_file_and_keeps_what_came_before() {
    let (batch, _, fault) = read("deployments.csv", format!("{HEADER}\n{ROW}\n2,\"web,production\n{ROW}\n"));
    assert_eq!(batch.taken, 1);
    assert_eq!(fault.as_deref(), Some("a quote in line 3 is not closed; nothing from there on was read"));
    let long = format!("{HEADER}\n{ROW}\n2,\"web,production\n{}", format!("{ROW}\n").repeat(40_000));
    assert!(read("deployments.csv", long).2.unwrap().contains("a quote in line 3"));
}

#[test]
fn kinds_may_be_mixed_where_each_record_says_its_own() {
    let csv = "kind,services,started_at,practice,grade,summary,observed_at\nincident,web,2026-08-01T10:00:00Z,,,,\nevidence,,,backups,effective,restored in 20 min,2026-08-01T10:00:00Z\n,web,2026-08-01T10:00:00Z,,,,\n";
    let (batch, _, _) = read("all.csv", csv);
    assert_eq!((batch.facts.incidents.len(), batch.facts.evidence.len()), (1, 1), "{:?}", batch.rejected);
    assert_eq!(batch.rejected[0].field, Some("kind"));
}

#[test]
fn a_file_of_many_records_comes_in_batches() {
    let text = format!("{HEADER}\n{}", format!("{ROW}\n").repeat(25_000));
    let mut file =
        ImportFile::open(Box::new(Cursor::new(text.into_bytes())), "deployments.csv", Hints::default()).unwrap();
    let mut sizes = Vec::new();
    while let Some(batch) = file.next_batch(&reading()).unwrap() {
        sizes.push(batch.taken);
    }
    assert_eq!(sizes, [10_000, 10_000, 5_000]);
}

#[test]
fn every_layout_is_documented_and_no_name_stands_twice() {
    assert!(LAYOUTS.is_sorted_by_key(|layout| layout.id));
    for layout in TABLES {
        assert!(!layout.recognised_by.is_empty() && !layout.fields.is_empty(), "{layout:?}");
    }
    for layout in LAYOUTS {
        let names: std::collections::BTreeSet<_> = layout.fields.iter().map(|field| field.name()).collect();
        assert_eq!(names.len(), layout.fields.len(), "{layout:?}");
        assert!(!names.contains("kind"), "{layout:?}");
        assert!(layout.fields.iter().all(|field| field.docs().trim().ends_with('.')), "{layout:?}");
        assert_eq!(layout_named(&layout.id.replace('_', "-")).map(|found| found.id), Some(layout.id));
        assert_eq!(layout_of_file(&format!("{}-2026.csv.gz", layout.id)).map(|found| found.id), Some(layout.id));
    }
    assert!(layout_of_file("incidentsx.csv").is_none());
}

#[test]
fn tables_of_other_products_are_recognised_by_their_columns() {
    let mapping = "project_name,table,row_id,created_at\nShop,cicd_scopes,github:GithubRepo:1:7,\nShop,boards,jira:JiraBoard:1:3,\n";
    let commits = "id,created_at,cicd_scope_id,cicd_deployment_id,name,result,status,environment,created_date,started_date,finished_date,commit_sha,repo_url\n\
        d1:c,,github:GithubRepo:1:7,d1,deploy,SUCCESS,DONE,PRODUCTION,2026-08-01T09:00:00Z,2026-08-01T09:01:00Z,2026-08-01T09:05:00Z,0123456789abcdef0123456789abcdef01234567,https://github.com/acme/web.git\n\
        d2:c,,github:GithubRepo:1:8,d2,deploy,FAILURE,DONE,,2026-08-02T09:00:00Z,NULL,2026-08-02T09:05:00Z,0123456789abcdef0123456789abcdef01234568,https://github.com/acme/web.git\n";
    let incidents = "id,incident_key,title,created_date,resolution_date,updated_date,severity,table,scope_id\n\
        i1,OPS-1,down,2026-08-01T10:00:00Z,NULL,2026-08-01T10:30:00Z,high,boards,jira:JiraBoard:1:3\n\
        i2,OPS-2,down,2026-08-01T10:00:00Z,NULL,2026-08-01T10:30:00Z,high,boards,jira:JiraBoard:1:4\n";
    let reading = reading();
    let mut all = Batch::default();
    for text in [mapping, commits, incidents] {
        let mut file = ImportFile::open(Box::new(Cursor::new(text)), "incidents.csv", Hints::default()).unwrap();
        let batch = file.next_batch(&reading).unwrap().unwrap();
        assert_eq!(file.unknown_fields().count(), 0, "columns that are left aside need no naming");
        all.facts.deployments.extend(batch.facts.deployments);
        all.facts.incidents.extend(batch.facts.incidents);
        all.rejected.extend(batch.rejected);
    }
    let deployments: Vec<_> = all
        .facts
        .deployments
        .iter()
        .map(|one| (one.id.as_str(), one.service.as_str(), one.environment.as_str(), one.outcome))
        .collect();
    assert_eq!(
        deployments,
        [
            ("d1", "Shop", "production", DeploymentOutcome::Succeeded),
            ("d2", "web", "unclassified", DeploymentOutcome::Failed)
        ]
    );
    assert_eq!(all.facts.deployments[0].source.as_str(), "devlake");
    assert_eq!(all.facts.incidents[0].services[0].as_str(), "Shop");
    assert_eq!(all.facts.incidents[0].observed_at, Time::parse("2026-08-01T10:30:00Z").unwrap());
    assert_eq!((all.rejected.len(), all.rejected[0].field), (1, Some("scope_id")));
    let of_boards = "board_id,issue_id\njira:JiraBoard:1:3,jira:JiraIssue:1:1\njira:JiraBoard:1:3,jira:JiraIssue:1:2\n";
    let issues = "id,issue_key,title,type,original_type,status,created_date,resolution_date,updated_date,severity\n\
        jira:JiraIssue:1:1,OPS-1,down,INCIDENT,Outage,DONE,2026-08-01T10:00:00Z,2026-08-01T12:00:00Z,,high\n\
        jira:JiraIssue:1:2,OPS-2,a wish,REQUIREMENT,Story,TODO,2026-08-01T10:00:00Z,NULL,,\n\
        jira:JiraIssue:1:9,OPS-9,elsewhere,INCIDENT,Outage,TODO,2026-08-01T10:00:00Z,NULL,,\n";
    let mut found = Batch::default();
    for text in [of_boards, issues] {
        let mut file = ImportFile::open(Box::new(Cursor::new(text)), "table.csv", Hints::default()).unwrap();
        let batch = file.next_batch(&reading).unwrap().unwrap();
        found.facts.incidents.extend(batch.facts.incidents);
        found.rejected.extend(batch.rejected);
    }
    let [incident] = &found.facts.incidents[..] else { panic!("{:?}", found.facts.incidents) };
    assert_eq!((incident.id.as_str(), incident.services[0].as_str()), ("jira:JiraIssue:1:1", "Shop"));
    assert_eq!(incident.resolved_at, Some(Time::parse("2026-08-01T12:00:00Z").unwrap()));
    assert_eq!((found.rejected.len(), found.rejected[0].field), (1, Some("id")), "{:?}", found.rejected);
    let fourkeys = r#"{"source":"github","deploy_id":"9","time_created":"2026-08-01 09:00:00 UTC","main_commit":"0123456789abcdef0123456789abcdef01234567","changes":[]}"#;
    let (batch, unknown, _) = read("results.json", fourkeys);
    assert_eq!((batch.facts.deployments.len(), unknown.len()), (1, 0), "{:?}", batch.rejected);
    assert!(batch.facts.deployments[0].commit.is_some());
    let (batch, _, _) = read(
        "x.csv",
        "source,incident_id,time_created,time_resolved,changes\ngithub,7,2026-08-01 09:00:00 UTC,,\"[\"\"abc1234\"\"]\"\n",
    );
    assert_eq!(batch.facts.incidents[0].caused_by.as_deref(), Some("abc1234"), "{:?}", batch.rejected);
}

proptest::proptest! {
    #[test]
    fn whatever_a_file_holds_nothing_panics(bytes: Vec<u8>, csv: bool) {
        let head = if csv { HEADER.as_bytes() } else { b"{}" };
        read(if csv { "deployments.csv" } else { "deployments.jsonl" }, [head, b"\n", bytes.as_slice()].concat());
    }
}

#[test]
fn what_is_written_reads_back_as_the_same_facts() {
    let commit = "0123456789abcdef0123456789abcdef01234567";
    let at = |hour: u32| format!("2026-08-01T{hour:02}:00:00.125Z");
    let records = [
        format!(
            r#"{{"kind":"deployment","id":"a,\"b\"\nc","service":"web","environment":"production","version":"v1","commit":"{commit}","outcome":"failed","started_at":"{}","finished_at":"{}","strategy":"blue_green","initiated_by":"schedule","approval_wait_seconds":1.5,"aborted_automatically":false,"sequence":-4,"is_initial_state":true,"source":"argo"}}"#,
            at(1),
            at(2)
        ),
        format!(
            r#"{{"kind":"incident","services":["a;b","c"],"started_at":"{}","detected_by":"person","caused_by":"v1"}}"#,
            at(3)
        ),
        format!(
            r#"{{"kind":"review","repository":"web","number":7,"opened_at":"{}","labels":["x","y z"],"commits":["{commit}"],"is_automation":true}}"#,
            at(1)
        ),
        format!(
            r#"{{"kind":"pipeline-run","id":"9","attempt":2,"repository":"web","workflow":"ci","commit":"{commit}","started_at":"{}","outcome":"in_progress","shared_workflows":["a@1"]}}"#,
            at(1)
        ),
        format!(r#"{{"kind":"service","service":"web","team":"front","observed_at":"{}"}}"#, at(1)),
        format!(r#"{{"kind":"declaration","stage":"build","level":3,"declared_at":"{}","declared_by":"team"}}"#, at(1)),
        format!(
            r#"{{"kind":"incident-link","incident":"7","deployment":"a","reason":"seen","observed_at":"{}"}}"#,
            at(1)
        ),
        format!(
            r#"{{"kind":"evidence","practice":"backups","grade":"effective","summary":"ok","path":"a/b","repository":"web","commit":"{commit}","line":3,"values":{{"k":"v"}},"observed_at":"{}"}}"#,
            at(1)
        ),
        format!(
            r#"{{"kind":"ai-usage","assistant":"x","team":"web","day":"2026-08-19","people_active":5,"observed_at":"{}"}}"#,
            at(1)
        ),
    ];
    for (record, layout) in records.iter().zip([2, 5, 7, 6, 8, 1, 4, 3, 0].map(|place| LAYOUTS[place])) {
        let facts = |text: &str, name: &str| {
            let mut file = ImportFile::open(Box::new(Cursor::new(text.to_owned())), name, Hints::default()).unwrap();
            let batch = file.next_batch(&reading()).unwrap().unwrap();
            assert!(batch.rejected.is_empty(), "{text}: {:?}", batch.rejected);
            batch.facts
        };
        let read = facts(record, "x.jsonl");
        let columns: Vec<&str> = layout.fields.iter().map(|field| field.name()).collect();
        for (format, ending) in [(Format::Csv, "csv"), (Format::JsonLines, "jsonl")] {
            let rows = layout.rows(&read).map(|row| line(layout.id, &columns, row, format));
            let text = header(&columns, format) + &rows.collect::<String>();
            let again = facts(&text, &format!("{}.{ending}", layout.id));
            assert_eq!(format!("{again:?}"), format!("{read:?}"), "{text}");
        }
    }
}

#[test]
fn the_use_of_copilot_is_read_by_day_and_never_by_user() {
    let day = r#"{"date":"2026-08-19","total_active_users":24,"total_engaged_users":20,"copilot_ide_chat":{"total_engaged_users":13,"editors":[]},"team":"web"}"#;
    let (batch, unknown, fault) = read("copilot.jsonl", day);
    assert_eq!((batch.taken, unknown.len(), fault), (1, 0, None));
    let found = &batch.facts.ai_usage[0];
    assert_eq!((found.assistant.as_str(), found.team.as_deref()), ("github_copilot", Some("web")));
    assert_eq!((found.day, found.people_active), (Time::parse("2026-08-19T00:00:00Z").unwrap(), 24));
    assert_eq!(found.people_engaged, Some(20));
    let report = r#"{"day":"2026-08-19","organization_id":"1","daily_active_users":31,"totals_by_feature":[]}"#;
    let (batch, ..) = read("report.ndjson", report);
    assert_eq!((batch.facts.ai_usage[0].people_active, batch.facts.ai_usage[0].people_engaged), (31, None));
    let user = r#"{"day":"2026-08-19","user_id":7,"user_login":"jane","code_generation_activity_count":3}"#;
    let (batch, ..) = read("users.ndjson", user);
    assert_eq!((batch.taken, batch.rejected.len()), (0, 1));
}

#[test]
fn a_day_of_usage_that_cannot_be_is_rejected_with_its_field() {
    let csv = "assistant,team,day,people_active,people_engaged\nx,web,2026-08-19,5,9\nx,web,19.08.2026,5,4\nx,web,2026-08-19,5,4\n";
    let (batch, ..) = read("ai-usage.csv", csv);
    let fields: Vec<_> = batch.rejected.iter().map(|rejection| rejection.field).collect();
    assert_eq!((batch.taken, fields), (1, vec![Some("people_engaged"), Some("day")]));
}

#[test]
fn items_of_a_list_are_trimmed_as_other_texts_are_and_never_empty() {
    let lines = r#"{"id":"1","services":[" web ","api"],"started_at":"2026-08-01T10:00:00Z"}
{"id":"2","services":["web"," "],"started_at":"2026-08-01T10:00:00Z"}
"#;
    let (batch, ..) = read("incidents.jsonl", lines);
    let services: Vec<&str> =
        batch.facts.incidents[0].services.iter().map(truelevel_model::ServiceId::as_str).collect();
    assert_eq!(services, ["web", "api"]);
    assert_eq!(batch.facts.incidents.len(), 1);
    assert!(batch.rejected[0].reason.contains("an item of the list is empty"), "{}", batch.rejected[0].reason);
}

#[test]
fn a_line_that_is_too_long_is_called_so_wherever_it_stands() {
    let long =
        format!(r#"{{"services":["web"],"started_at":"2026-08-01T10:00:00Z","severity":"{}"}}"#, "x".repeat(1 << 20));
    let good = r#"{"id":"1","services":["web"],"started_at":"2026-08-01T10:00:00Z"}"#;
    for (lines, line) in [(format!("{long}\n{good}\n"), 1), (format!("{good}\n{long}\n"), 2)] {
        let (batch, ..) = read("incidents2.jsonl", lines);
        assert_eq!((batch.taken, batch.rejected[0].line), (1, line));
        assert_eq!(batch.rejected[0].reason, "the line is longer than 1048576 bytes");
    }
}
