//! Controllers that deploy, in bodies as they write them.

use truelevel_model::facts::{DeploymentStrategy, Initiator};

use super::*;

#[test]
fn an_application_of_argo_cd_is_deployed_with_the_version_of_its_own_image() {
    let body = |phase: &str, health: &str| {
        json!({ "app": {
            "metadata": { "name": "Checkout", "namespace": "argocd", "labels": { "env": "production" } },
            "spec": { "destination": { "name": "in-cluster", "namespace": "shop" } },
            "status": {
                "health": { "status": health },
                "summary": { "images": ["docker.io/library/redis:7.2", "registry.example.org/acme/Checkout:v41"] },
                "operationState": {
                    "phase": phase, "startedAt": "2026-08-21T10:00:00Z", "finishedAt": "2026-08-21T10:01:00Z",
                    "operation": { "initiatedBy": { "automated": true } }, "syncResult": { "revision": SHA },
                },
            },
        } })
    };
    let of = |body: &Value| facts("argocd", "", &[], body).deployments.remove(0);
    let running = of(&body("Succeeded", "Healthy"));
    assert_eq!(
        (running.service.as_str(), running.environment.as_str(), running.version.as_str()),
        ("shop", "production", "v41")
    );
    assert_eq!(running.initiated_by, Some(Initiator::Automation));
    let failed = of(&body("Failed", "Degraded"));
    assert_eq!((failed.outcome, failed.version.as_str(), &failed.id), (DeploymentOutcome::Failed, SHA, &running.id));
    let idle = json!({ "app": { "metadata": { "name": "Checkout" }, "status": {} } });
    assert_eq!(read(&take("argocd", "", &[], &idle), &names()).state(), EventState::Ignored);
}

#[test]
fn what_flux_reconciled_is_a_deployment_of_its_revision() {
    let body = |kind: &str, reason: &str, metadata: Value| {
        json!({
            "involvedObject": { "kind": kind, "namespace": "production", "name": "Checkout" },
            "severity": "info", "timestamp": "2026-08-21T10:00:00Z", "message": "…", "reason": reason,
            "metadata": metadata, "reportingController": "kustomize-controller",
        })
    };
    let of = |body: &Value| facts("flux", "", &[], body).deployments.remove(0);
    let git = of(&body("Kustomization", "ReconciliationSucceeded", json!({ "revision": format!("main@sha1:{SHA}") })));
    assert_eq!((git.service.as_str(), git.environment.as_str(), git.version.as_str()), ("shop", "production", SHA));
    let chart = json!({ "helm.toolkit.fluxcd.io/revision": "6.5.0", "env": "staging" });
    let failed = of(&body("HelmRelease", "UpgradeFailed", chart));
    assert_eq!(
        (failed.version.as_str(), failed.environment.as_str(), failed.outcome),
        ("6.5.0", "staging", DeploymentOutcome::Failed)
    );
    let source = read(&take("flux", "", &[], &body("GitRepository", "NewArtifact", json!({}))), &names());
    assert_eq!(source.state(), EventState::Ignored);
    let nameless = read(&take("flux", "", &[], &body("Kustomization", "ReconciliationSucceeded", json!({}))), &names());
    assert_eq!(nameless.reason().unwrap(), "`metadata.revision` is missing");
}

#[test]
fn a_rollout_of_flagger_ends_in_a_deployment_or_is_aborted() {
    let body = |phase: &str, metadata: Value| json!({ "name": "Checkout", "namespace": "production", "phase": phase, "checksum": "85d557f47b", "metadata": metadata });
    let of = |body: &Value| facts("flagger", "", &[], body).deployments.remove(0);
    let done = of(&body("Succeeded", json!({ "version": "v41" })));
    assert_eq!(
        (done.version.as_str(), done.strategy, done.aborted_automatically),
        ("v41", Some(DeploymentStrategy::Canary), Some(false))
    );
    let failed = of(&body("Failed", Value::Null));
    assert_eq!(
        (failed.version.as_str(), failed.outcome, failed.aborted_automatically),
        ("85d557f47b", DeploymentOutcome::Failed, Some(true))
    );
    let step = body(
        "Succeeded",
        json!({ "eventType": "Normal", "eventMessage": "Promotion completed!", "timestamp": "1787331600000" }),
    );
    assert_eq!(read(&take("flagger", "", &[], &step), &names()).state(), EventState::Ignored);
}

#[test]
fn a_rollout_of_flagger_that_is_told_again_within_minutes_is_the_same_and_later_another() {
    let body = json!({ "name": "Checkout", "namespace": "production", "phase": "Succeeded", "checksum": "85d557f47b" });
    let at = |time: &str| {
        let time = truelevel_model::Time::parse(time).unwrap();
        sender("flagger").unwrap().take(&Headers::new(), "", body.to_string().as_bytes(), time).unwrap()
    };
    let first = at("2026-08-21T16:59:58Z");
    let is_repeat = |again: RawEvent| again.delivery == first.delivery || again.repeats.contains(&first.delivery);
    assert!(is_repeat(at("2026-08-21T16:59:59Z")), "in the same minute");
    assert!(is_repeat(at("2026-08-21T17:00:01Z")), "in the next one");
    assert!(is_repeat(at("2026-08-21T17:04:30Z")), "after many attempts");
    assert!(!is_repeat(at("2026-08-21T17:30:00Z")), "the same version may be rolled out again");
}
