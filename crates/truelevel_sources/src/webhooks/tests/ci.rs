//! Pipelines and reviews, in bodies as the vendors' pages show them.

use super::*;

#[test]
fn a_pull_request_of_bitbucket_tells_its_answers_and_its_merge() {
    let body = |extra: Value| {
        let mut body = json!({
            "repository": { "full_name": "acme/web" },
            "pullrequest": {
                "id": 5, "created_on": "2026-08-21T10:00:00.000000+00:00", "updated_on": "2026-08-21T12:00:00.000000+00:00",
                "author": { "uuid": "{a}", "type": "user" }, "merge_commit": { "hash": SHA },
            },
        });
        body.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        body
    };
    let of = |key: &str, extra: Value| {
        facts("bitbucket", "", &[("x-event-key", key), ("x-request-uuid", "u1")], &body(extra)).reviews.remove(0)
    };
    let approval = |who: &str| json!({ "approval": { "date": "2026-08-21T11:00:00+00:00", "user": { "uuid": who } } });
    assert_eq!(text(of("pullrequest:approved", approval("{b}")).approved_at), "2026-08-21T11:00:00Z");
    assert_eq!(of("pullrequest:approved", approval("{a}")).approved_at, None, "one's own");
    let comment = json!({ "comment": { "created_on": "2026-08-21T10:30:00+00:00", "user": { "uuid": "{b}" } } });
    assert_eq!(text(of("pullrequest:comment_created", comment).first_response_at), "2026-08-21T10:30:00Z");
    let merged = of("pullrequest:fulfilled", json!({}));
    assert_eq!((text(merged.merged_at).as_str(), merged.number), ("2026-08-21T12:00:00Z", 5));
    assert_eq!(merged.merge_commit.unwrap().to_string(), SHA);
    assert_eq!(of("pullrequest:updated", json!({})).merged_at, None);
    let push = read(&take("bitbucket", "", &[("x-event-key", "repo:push")], &json!({})), &names());
    assert_eq!(push.state(), EventState::Ignored);
}

/// The form of Atlassian's page on event payloads of Bitbucket Data Center.
#[test]
fn a_pull_request_of_bitbucket_data_center_tells_its_answers_and_its_merge() {
    let of = |key: &'static str, date: &str, actor: u64| {
        let body = json!({
            "eventKey": key, "date": date, "actor": { "name": "someone", "id": actor, "type": "NORMAL" },
            "pullRequest": {
                "id": 9, "state": "OPEN", "createdDate": 1_787_306_400_000_i64, "updatedDate": 1_787_306_400_000_i64,
                "closedDate": 1_787_313_600_000_i64,
                "toRef": { "id": "refs/heads/main", "repository": { "slug": "web", "project": { "key": "ACME" } } },
                "author": { "user": { "name": "author", "id": 1, "type": "NORMAL" } },
                "properties": { "mergeCommit": { "id": SHA } },
            },
        });
        let given = [("x-event-key", key), ("x-request-id", "r1")];
        assert_eq!(take("bitbucket", "", &given, &body).delivery, "r1");
        facts("bitbucket", "", &given, &body).reviews.remove(0)
    };
    let approved = of("pr:reviewer:approved", "2026-08-21T12:00:00+0100", 2);
    assert_eq!(
        (text(approved.approved_at).as_str(), text(approved.first_response_at).as_str()),
        ("2026-08-21T11:00:00Z", "2026-08-21T11:00:00Z")
    );
    assert_eq!(of("pr:reviewer:approved", "2026-08-21T12:00:00+0100", 1).approved_at, None, "one's own");
    assert_eq!(text(of("pr:comment:added", "2026-08-21T10:30:00+0000", 2).first_response_at), "2026-08-21T10:30:00Z");
    let opened = of("pr:opened", "2026-08-21T10:00:00+0000", 1);
    assert_eq!((opened.repository.as_str(), opened.number, opened.merged_at), ("web", 9, None));
    let merged = of("pr:merged", "2026-08-21T12:00:00+0000", 2);
    assert_eq!(
        (text(merged.merged_at).as_str(), text(Some(merged.opened_at)).as_str()),
        ("2026-08-21T12:00:00Z", "2026-08-21T10:00:00Z")
    );
    assert_eq!(merged.merge_commit.unwrap().to_string(), SHA);
}

#[test]
fn a_record_in_our_words_is_read_from_any_sender_of_standard_webhooks() {
    let event = |kind: &str, data: Value| json!({ "type": kind, "timestamp": "2026-08-21T10:00:00Z", "data": data });
    let given = [("webhook-id", "msg_1")];
    let record = json!({ "service": "web", "environment": "production", "version": "v1",
        "finished_at": "2026-08-21T10:00:00Z", "outcome": "succeeded" });
    let body = event("deployment.finished", record);
    assert_eq!(take("standard_webhooks", "", &given, &body).delivery, "msg_1");
    let deployment = facts("standard_webhooks", "", &given, &body).deployments.remove(0);
    assert_eq!((deployment.service.as_str(), deployment.source.as_str()), ("web", "standard_webhooks"));
    let broken = event("incident.opened", json!({ "id": "1" }));
    let reading = read(&take("standard_webhooks", "", &given, &broken), &names());
    assert!(reading.reason().unwrap().starts_with("`data."), "{reading:?}");
    let other = read(&take("standard_webhooks", "", &given, &event("invoice.paid", json!({}))), &names());
    assert_eq!(other.state(), EventState::Ignored);
}

#[test]
fn a_build_of_buildkite_is_a_run_once_it_started() {
    let body = |state: &str, started: Value| {
        json!({
            "event": "build.finished",
            "build": {
                "id": "f62a1b4d", "state": state, "commit": SHA, "branch": "main", "source": "webhook",
                "started_at": started, "finished_at": "2026-08-21T10:09:00.000Z",
            },
            "pipeline": { "name": "Web", "slug": "web", "repository": "git@github.com:acme/web.git" },
        })
    };
    let given = [("x-buildkite-event", "build.finished")];
    let run =
        facts("buildkite", "", &given, &body("passed", "2026-08-21T10:00:00.000Z".into())).pipeline_runs.remove(0);
    assert_eq!((run.repository.as_str(), run.workflow.as_str(), run.outcome), ("web", "Web", RunOutcome::Succeeded));
    assert_eq!((run.branch.as_deref(), text(run.finished_at).as_str()), (Some("main"), "2026-08-21T10:09:00Z"));
    let blocked =
        facts("buildkite", "", &given, &body("blocked", "2026-08-21T10:00:00Z".into())).pipeline_runs.remove(0);
    assert_eq!((blocked.outcome, blocked.finished_at), (RunOutcome::InProgress, None));
    assert_eq!(
        read(&take("buildkite", "", &given, &body("scheduled", Value::Null)), &names()).state(),
        EventState::Ignored
    );
}

/// The form of CircleCI's page on its outbound webhooks.
#[test]
fn a_workflow_of_circleci_is_a_run_when_it_ended() {
    let body = |kind: &str, status: &str| {
        json!({
            "id": "3888f21b", "type": kind, "happened_at": "2026-08-21T10:49:34.317Z",
            "project": { "slug": "github/acme/web" },
            "workflow": {
                "id": "fda08377", "name": "build-test-deploy", "status": status,
                "created_at": "2026-08-21T10:49:03.616Z", "stopped_at": "2026-08-21T10:49:34.170Z",
            },
            "pipeline": {
                "trigger": { "type": "webhook" },
                "vcs": { "origin_repository_url": "https://github.com/acme/web", "revision": SHA, "branch": "main" },
            },
        })
    };
    let run = facts("circleci", "", &[], &body("workflow-completed", "error")).pipeline_runs.remove(0);
    assert_eq!((run.repository.as_str(), run.outcome, run.trigger.as_str()), ("web", RunOutcome::Failed, "webhook"));
    assert_eq!(text(run.finished_at), "2026-08-21T10:49:34.17Z");
    assert_eq!(take("circleci", "", &[], &body("workflow-completed", "success")).delivery, "3888f21b");
    let odd = read(&take("circleci", "", &[], &body("workflow-completed", "odd")), &names());
    assert_eq!(odd.reason().unwrap(), "`workflow.status` is unknown: odd");
    let job = read(&take("circleci", "", &[], &body("job-completed", "success")), &names());
    assert_eq!(job.state(), EventState::Ignored);
}

#[test]
fn the_phases_of_a_build_of_jenkins_tell_when_it_began_and_ended() {
    let body = |phase: &str, extra: Value| {
        let mut body = json!({
            "name": "web", "url": "job/web/",
            "build": {
                "full_url": "https://ci.example.org/job/web/18/", "number": 18, "phase": phase,
                "timestamp": 1_787_331_600_000_i64,
                "scm": { "url": "https://github.com/acme/web.git", "branch": "origin/main", "commit": SHA },
            },
        });
        body["build"].as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        body
    };
    let of = |body: &Value| facts("jenkins", "", &[], body).pipeline_runs.remove(0);
    let begun = of(&body("STARTED", json!({})));
    assert_eq!((begun.started_at.to_string().as_str(), begun.finished_at), ("2026-08-21T17:00:00Z", None));
    let ended = of(&body("COMPLETED", json!({ "status": "UNSTABLE", "duration": 60_000 })));
    assert_eq!((begun.id, begun.branch.as_deref()), (ended.id, Some("main")));
    assert_eq!((ended.started_at.to_string().as_str(), ended.outcome), ("2026-08-21T16:59:00Z", RunOutcome::Failed));
    let older = read(&take("jenkins", "", &[], &body("COMPLETED", json!({ "status": "SUCCESS" }))), &names());
    assert_eq!(older.reason().unwrap(), "`duration` is missing");
}

/// The forms of Microsoft's page on events of service hooks, older and newer.
#[test]
fn builds_of_azure_devops_are_runs_in_both_versions_of_the_resource() {
    let body = |resource: Value| json!({ "id": "4a5d99d6", "eventType": "build.complete", "resource": resource });
    let of = |resource: Value| facts("azure_devops", "", &[], &body(resource)).pipeline_runs.remove(0);
    let older = of(json!({
        "id": 2, "status": "succeeded", "reason": "manual", "definition": { "name": "web" },
        "startTime": "2026-08-21T10:04:06.83Z", "finishTime": "2026-08-21T10:06:10.69Z",
        "sourceGetVersion": format!("LG:refs/heads/master:{SHA}"),
    }));
    assert_eq!((older.commit.to_string().as_str(), older.branch.as_deref()), (SHA, Some("master")));
    let newer = of(json!({
        "id": 2_727_068, "status": "completed", "result": "partiallySucceeded", "definition": { "name": "web-ci" },
        "startTime": "2026-08-21T10:18:56.6205723Z", "finishTime": "2026-08-21T10:21:08.520904Z",
        "sourceBranch": "refs/heads/main", "sourceVersion": SHA, "repository": { "name": "web", "type": "TfsGit" },
    }));
    assert_eq!(
        (newer.repository.as_str(), newer.workflow.as_str(), newer.outcome),
        ("web", "web-ci", RunOutcome::Failed)
    );
    let run = json!({ "id": "1", "eventType": "ms.vss-pipelines.run-state-changed-event", "resource": {} });
    assert_eq!(read(&take("azure_devops", "", &[], &run), &names()).state(), EventState::Ignored);
}

#[test]
fn a_pull_request_of_azure_devops_is_merged_when_it_is_completed_and_not_when_it_could_be() {
    let body = |status: &str, vote: i64| {
        json!({
            "id": "6872ee8c", "eventType": "git.pullrequest.merged", "createdDate": "2026-08-21T12:00:01Z",
            "resource": {
                "repository": { "name": "web" }, "pullRequestId": 1, "status": status,
                "createdBy": { "id": "a" }, "creationDate": "2026-08-21T10:00:00Z",
                "closedDate": "2026-08-21T12:00:00Z", "lastMergeCommit": { "commitId": SHA },
                "reviewers": [{ "id": "b", "vote": vote }, { "id": "a", "vote": 10 }],
            },
        })
    };
    let of = |body: &Value| facts("azure_devops", "", &[], body).reviews.remove(0);
    let attempted = of(&body("active", 0));
    assert_eq!((attempted.merged_at, attempted.merge_commit, attempted.approved_at), (None, None, None));
    let merged = of(&body("completed", 10));
    assert_eq!((text(merged.merged_at).as_str(), merged.approved_at), ("2026-08-21T12:00:00Z", merged.merged_at));
}

#[test]
fn a_release_of_azure_devops_that_is_told_without_its_attempt_is_still_a_deployment() {
    let body = json!({
        "id": "c3e52c57", "eventType": "ms.vss-release.deployment-completed-event", "createdDate": "2026-08-21T10:05:00.5345098Z",
        "resource": {
            "environment": { "id": 5, "name": "Production", "status": "succeeded", "release": { "id": 1, "name": "Release-1" } },
            "project": { "name": "Checkout" },
        },
    });
    let deployment = facts("azure_devops", "", &[], &body).deployments.remove(0);
    assert_eq!((deployment.id.as_str(), deployment.started_at), ("1 5", None));
    assert_eq!(
        (deployment.service.as_str(), deployment.environment.as_str(), deployment.version.as_str()),
        ("shop", "Production", "Release-1")
    );
    assert_eq!(deployment.finished_at.to_string(), "2026-08-21T10:05:00.534Z");
}

#[test]
fn parts_of_runs_and_queues_of_github_are_ignored_with_their_reasons() {
    for (kind, reason) in [
        ("workflow_job", "`workflow_run`"),
        ("check_suite", "`workflow_run`"),
        ("merge_group", "`pull_request`"),
        ("release", "repository itself"),
        ("star", "star is not about delivery"),
    ] {
        let reading = read(&take("github", "", &[("x-github-event", kind)], &json!({})), &names());
        assert_eq!(reading.state(), EventState::Ignored);
        assert!(reading.reason().unwrap().contains(reason), "{reading:?}");
    }
}

#[test]
fn a_form_with_a_payload_is_read_as_the_payload() {
    let body = form_urlencoded::Serializer::new(String::new())
        .append_pair("payload", &github_status("success").to_string())
        .finish();
    let given =
        headers(&[("content-type", "application/x-www-form-urlencoded"), ("x-github-event", "deployment_status")]);
    let raw = sender("github").unwrap().take(&given, "", body.as_bytes(), now()).unwrap();
    assert_eq!(read(&raw, &names()).facts.deployments.len(), 1);
}
