//! The addresses of other products, as their clients call them: only the host is another one.

use serde_json::{Value, json};

use crate::cli::World;
use crate::server::{SECRET, Server, sign, workspace};

const SHA: &str = "015e3d3b480e417aede5a1293bd61de9b0fd051d";
const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");

fn started(senders: &[&str]) -> (World, Server) {
    let tables = senders.iter().map(|sender| format!("[[webhooks]]\nsender = \"{sender}\"\nsecret_env = \"SECRET\"\n"));
    let world = workspace(&tables.collect::<String>());
    let server = Server::start(&world);
    (world, server)
}

/// The facts of a kind, as `export` writes them.
fn facts(world: &World, kind: &str) -> Vec<Value> {
    let run = world.run(["export", "--kind", kind, "--format", "jsonl"]);
    assert!(!run.text().contains(SECRET));
    run.text().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn a_client_of_sleuth_changes_the_host_alone() {
    let (world, server) = started(&["sleuth"]);
    let address = "/api/1/deployments/acme/shop/register_deploy";
    let deploy = |key: Option<&str>| {
        let mut body = json!({ "sha": SHA, "environment": "production", "date": "2026-08-21T10:00:00Z" });
        if let Some(key) = key {
            body["api_key"] = key.into();
        }
        body.to_string().into_bytes()
    };
    let in_body = server.post(address, &[], &deploy(Some(SECRET)));
    assert_eq!((in_body.status, in_body.json()["state"].as_str()), (200, Some("normalised")), "{}", in_body.body);
    let encoded = SECRET.replace(' ', "%20");
    assert_eq!(server.post(&format!("{address}?api_key={encoded}"), &[], &deploy(None)).status, 200);
    let in_header = format!("apikey {SECRET}");
    assert_eq!(server.post(address, &[("authorization", &in_header)], &deploy(None)).status, 200);
    assert_eq!(server.post(&format!("{address}?api_key=wrong"), &[], &deploy(None)).status, 401);
    let impact = format!("/api/1/deployments/acme/shop/production/pager/register_impact/{encoded}");
    let incident = json!({ "type": "triggered", "id": "I-1", "date": "2026-08-21T11:00:00Z" });
    assert_eq!(server.post(&impact, &[], incident.to_string().as_bytes()).status, 200);
    let value = server.post("/api/1/impact/7/register_impact", &[("authorization", &in_header)], b"{\"value\":1}");
    assert_eq!((value.status, value.json()["state"].as_str()), (200, Some("ignored")));
    drop(server);
    assert_eq!((facts(&world, "deployments").len(), facts(&world, "incidents").len()), (1, 1));
}

#[test]
fn a_client_of_linearb_changes_the_host_alone() {
    let (world, server) = started(&["linearb"]);
    let bearer = format!("Bearer {SECRET}");
    let deploy =
        json!({ "repo_url": "https://github.com/acme/web", "ref_name": "v1", "timestamp": "2026-08-21T10:00:00Z" });
    let deploy = deploy.to_string().into_bytes();
    // As its page shows, and with the type that `curl` gives what names none.
    for headers in [&[("x-api-key", SECRET)][..], &[("authorization", &bearer)], &[("x-api-key", SECRET), FORM]] {
        let told = server.post("/api/v1/deployments", headers, &deploy);
        let state = told.json()["state"].as_str().unwrap().to_owned();
        assert!(state == "normalised" || (told.status, state.as_str()) == (200, "duplicate"), "{}", told.body);
    }
    for headers in [("x-api-key", "wrong"), ("authorization", "Bearer wrong")] {
        assert_eq!(server.post("/api/v1/deployments", &[headers], &deploy).status, 401);
    }
    let key = [("x-api-key", SECRET)];
    let begin = json!({ "provider_id": "B1", "http_url": "https://acme.example.org/B1", "title": "[#1] My First Incident",
        "issued_at": "2026-08-21T10:10:00Z", "repository_urls": ["https://github.com/acme/web"] });
    assert_eq!(server.post("/api/v1/incidents", &key, begin.to_string().as_bytes()).status, 202);
    let end = server.patch("/api/v1/incidents/B1", &key, b"{\"ended_at\":\"2026-08-21T11:10:00Z\"}");
    assert_eq!((end.status, end.json()["state"].as_str()), (202, Some("normalised")), "{}", end.body);
    drop(server);
    let incident = &facts(&world, "incidents")[0];
    assert_eq!((incident["id"].as_str(), incident["resolved_at"].as_str()), (Some("B1"), Some("2026-08-21T11:10:00Z")));
    assert_eq!(facts(&world, "deployments").len(), 1);
}

#[test]
fn a_client_of_devlake_changes_the_host_alone() {
    let (world, server) = started(&["devlake"]);
    let bearer = format!("Bearer {SECRET}");
    let curl = [("authorization", bearer.as_str()), FORM];
    let deploy = json!({ "pipeline_id": "p1", "environment": "PRODUCTION", "repo_url": "https://github.com/acme/web/",
        "commit_sha": SHA, "start_time": "2026-08-21T10:00:00+00:00", "end_time": "2026-08-21T10:05:00+00:00" });
    for before in ["/api/rest/plugins/webhook", "/api/plugins/webhook", "/plugins/webhook"] {
        let told = server.post(&format!("{before}/1/deployments"), &curl, deploy.to_string().as_bytes());
        assert_eq!(told.status, 200, "{before}: {}", told.body);
    }
    let issue = json!({ "issue_key": "DLK-1234", "title": "down", "type": "INCIDENT", "status": "TODO",
        "original_status": "created", "created_date": "2026-08-21T10:10:00+00:00" });
    let close = |issue: &str| {
        let address = format!("/api/rest/plugins/webhook/connections/1/issue/{issue}/close");
        server.post(&address, &[("authorization", &bearer)], b"").json()
    };
    // The answer says what the store says: the end waits for its beginning.
    let early = close("DLK-1234");
    assert_eq!(early["state"].as_str(), Some("quarantined"), "{early}");
    assert!(early["reason"].as_str().unwrap().contains("was not told yet"), "{early}");
    let told = server.post("/api/rest/plugins/webhook/connections/1/issues", &curl, issue.to_string().as_bytes());
    assert_eq!((told.status, told.json()["state"].as_str()), (200, Some("normalised")), "{}", told.body);
    drop(server);
    let replayed = world.run(["replay"]);
    assert!(replayed.text().contains("1 events read, 0 still not understood; facts changed"), "{}", replayed.text());
    assert_eq!(facts(&world, "deployments").len(), 1);
    let incident = &facts(&world, "incidents")[0];
    assert!(incident["resolved_at"].is_string() && incident["services"] == json!(["connections/1"]), "{incident}");
}

/// The exchanges that Datadog's own client was recorded with.
#[test]
fn a_client_of_datadog_changes_the_host_alone() {
    let (world, server) = started(&["datadog"]);
    let key = [("dd-api-key", SECRET), ("content-type", "application/json")];
    let git = json!({ "commit_sha": "66adc9350f2cc9b250b69abddab733dd55e1a588",
        "repository_url": "https://github.com/organization/example-repository" });
    let attributes = json!({ "finished_at": 1_693_491_984_000_i64, "git": git, "service": "shopist", "env": "production",
        "started_at": 1_693_491_974_000_i64, "version": "v1.12.07", "id": "d-7" });
    let body = |attributes: &Value| json!({ "data": { "attributes": attributes } }).to_string().into_bytes();
    let told = server.post("/api/v2/dora/deployment", &key, &body(&attributes));
    assert_eq!((told.status, told.json()["data"].clone()), (202, json!({ "id": "d-7", "type": "dora_deployment" })));
    let failure = json!({ "finished_at": 1_707_842_944_600_000_000_i64, "git": git, "services": ["shopist"],
        "name": "Webserver is down failing all requests", "severity": "High", "started_at": 1_707_842_944_500_000_000_i64,
        "team": "backend", "version": "v1.12.07" });
    for kind in ["incident", "failure"] {
        let told = server.post(&format!("/api/v2/dora/{kind}"), &key, &body(&failure)).json();
        assert_eq!(told["data"]["type"], format!("dora_{kind}"), "{told}");
    }
    assert_eq!(server.post("/api/v2/dora/deployments", &key, b"{}").status, 400, "a list is not a delivery");
    // By its id, and by service, environment and version.
    for path in ["/api/v2/dora/deployments/d-7", "/api/v2/dora/deployments"] {
        let refused = server.patch(path, &key, b"{}");
        assert_eq!(refused.status, 501, "{path}");
        assert!(
            refused.body.contains("tell of a failed deployment by a failure with its `version`"),
            "{}",
            refused.body
        );
    }
    drop(server);
    assert_eq!((facts(&world, "deployments").len(), facts(&world, "incidents").len()), (1, 1));
    assert!(!world.run(["events"]).text().contains("quarantined"), "nothing waits");
}

/// What comes in as Pelorus' clients send it goes out as its exporters write it.
#[test]
fn a_client_of_pelorus_changes_the_host_alone_and_its_rules_find_their_series() {
    let (world, server) = started(&["pelorus"]);
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
    let send = |kind: &str, body: &Value| {
        let body = body.to_string().into_bytes();
        let signature = sign(&body);
        let headers = [
            ("x-pelorus-event", kind),
            ("user-agent", "Pelorus-Webhook/test"),
            ("x-hub-signature-256", signature.as_str()),
        ];
        let told = server.post("/pelorus/webhook", &headers, &body);
        assert_eq!((told.status, told.json()["state"].as_str()), (202, Some("normalised")), "{}", told.body);
    };
    let deploy = |image: &str, at: u64| json!({ "app": "mongo-todolist", "namespace": "mongo-persistent", "image_sha": image, "timestamp": at });
    let (recent, broken) = (now - 120, now - 60);
    send("deploytime", &deploy("sha256:af40", recent));
    send("deploytime", &deploy("sha256:0ld", 1_678_106_205));
    send(
        "failure",
        &json!({ "app": "mongo-todolist", "failure_id": "MONGO-1", "failure_event": "created", "timestamp": broken }),
    );
    let series = server.get("/metrics?set=pelorus", &[]).body;
    let deployed = "deploy_timestamp{namespace=\"mongo-persistent\",app=\"mongo-todolist\",image_sha=\"sha256:af40\"}";
    assert!(series.contains(&format!("\n{deployed} {recent} {recent}000\n")), "{series}");
    let failed = "failure_creation_timestamp{app=\"mongo-todolist\",issue_number=\"mongo-todolist MONGO-1\"}";
    assert!(series.contains(&format!("\n{failed} {broken} {broken}000\n")), "{series}");
    assert!(!series.contains("0ld"), "Prometheus takes no old samples: {series}");
    assert_eq!(server.get("/metrics?set=other", &[]).status, 400);
    drop(server);
    assert_eq!(facts(&world, "deployments")[0]["service"], "mongo-todolist");
}

#[test]
fn a_sender_to_four_keys_changes_the_host_alone() {
    let (world, server) = started(&["gitlab", "pagerduty", "circleci", "argocd", "jira"]);
    let check = |headers: &[(&str, &str)], query: &str, body: &Value, state: &str| {
        let told = server.post(&format!("/{query}"), headers, body.to_string().as_bytes());
        assert_eq!((told.status, told.json()["state"].as_str()), (202, Some(state)), "{headers:?}: {}", told.body);
    };
    let signed = |body: &Value, prefix: &str| sign(body.to_string().as_bytes()).replace("sha256=", prefix);
    let github = crate::server::deployment(1, "acme/web");
    check(
        &[("x-github-event", "deployment_status"), ("x-hub-signature-256", &signed(&github, "sha256="))],
        "",
        &github,
        "normalised",
    );
    let gitlab = json!({ "object_kind": "push" });
    check(&[("x-gitlab-event", "Push Hook"), ("x-gitlab-token", SECRET)], "", &gitlab, "ignored");
    let pagerduty = json!({ "event": { "id": "1", "event_type": "service.updated" } });
    check(&[("x-pagerduty-signature", &signed(&pagerduty, "v1="))], "", &pagerduty, "ignored");
    let circleci = json!({ "id": "1", "type": "ping" });
    check(
        &[("circleci-event-type", "ping"), ("circleci-signature", &signed(&circleci, "v1="))],
        "",
        &circleci,
        "ignored",
    );
    let argocd = json!({ "id": "a", "time": "2026-08-21T10:00:00Z", "commit_sha": SHA, "status": "SUCCESS" });
    check(&[("argo-signature", SECRET)], "", &argocd, "quarantined");
    let token = SECRET.replace(' ', "+");
    let jira =
        json!({ "webhookEvent": "jira:issue_created", "issue": { "fields": { "issuetype": { "name": "Task" } } } });
    check(&[("user-agent", "Atlassian Webhook HTTP Client")], &format!("?token={token}"), &jira, "ignored");
    assert_eq!(server.post("/", &[], b"{}").status, 400);
    drop(server);
    assert_eq!(facts(&world, "deployments")[0]["service"], "web");
}
