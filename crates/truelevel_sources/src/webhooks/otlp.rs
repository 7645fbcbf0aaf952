//! OpenTelemetry traces (OTLP/HTTP, <https://opentelemetry.io/docs/specs/otlp/>) with the conventions for CI/CD, source
//! control and deployments (<https://opentelemetry.io/docs/specs/semconv/cicd/cicd-spans/>). Attributes under older names
//! are read too.

use std::collections::BTreeMap;

use truelevel_model::events::Reading;
use truelevel_model::facts::{DeploymentOutcome, RunOutcome};
use truelevel_model::{CommitId, Deployment, PipelineRun, Time};

use super::payload::{Payload, missing};
use super::shared::unknown;
use super::signatures::Scheme;
use super::{Event, Names, Sender, shared};
use crate::deployment_repository::UNNAMED_ENVIRONMENT;

pub(super) static SENDER: Sender = Sender {
    id: "otlp",
    title: "OpenTelemetry",
    schemes: &[Scheme::Bearer, Scheme::Basic],
    kind: |delivery| match delivery.payload.at("resourceSpans") {
        Some(spans) if !spans.is_array() => Err("`resourceSpans` is no list".to_owned()),
        None if !(delivery.payload.0.is_object() || delivery.payload.0.is_null()) => {
            Err("the body is no request to export traces".to_owned())
        }
        _ => Ok("traces".to_owned()),
    },
    delivery: |_| None,
    read,
};

fn read(event: &Event<'_>, names: &Names) -> Result<Reading, String> {
    let mut reading = Reading::default();
    for resource in event.payload.items("resourceSpans") {
        let shared = attributes(resource, "resource.attributes");
        for span in resource.items("scopeSpans").flat_map(|scope| scope.items("spans")) {
            read_span(&Span { body: span, own: attributes(span, "attributes"), shared: &shared }, names, &mut reading);
        }
    }
    let facts = &reading.facts;
    if facts.pipeline_runs.is_empty() && facts.deployments.is_empty() && reading.problems.is_empty() {
        reading.ignored = Some("no span tells of a pipeline run or a deployment".to_owned());
    }
    Ok(reading)
}

fn read_span(span: &Span<'_>, names: &Names, reading: &mut Reading) {
    let name = || truelevel_model::printable(span.body.text("name").unwrap_or("unnamed"));
    if span.is_run() {
        match run(span, names) {
            Ok(run) => reading.facts.pipeline_runs.push(run),
            Err(problem) => reading.problems.push(format!("span {}: {problem}", name())),
        }
    }
    if span.is_deployment() {
        match deployment(span, names) {
            Ok(deployment) => reading.facts.deployments.push(deployment),
            Err(problem) => reading.problems.push(format!("span {}: {problem}", name())),
        }
    }
}

type Attributes = BTreeMap<String, String>;

/// A span with its attributes and those of what produced it.
struct Span<'a> {
    body: Payload<'a>,
    own: Attributes,
    shared: &'a Attributes,
}

const REVISION: &[&str] = &["vcs.ref.head.revision", "vcs.repository.ref.revision"];
const REPOSITORY: &[&str] = &["vcs.repository.url.full", "vcs.repository.name"];
const ENVIRONMENT: &[&str] = &["deployment.environment.name", "deployment.environment"];
const RESULT: &str = "cicd.pipeline.result";
/// What the collector's GitHub receiver writes instead, on all spans of a run.
const STATUS: &str = "cicd.pipeline.run.status";
const TASK_RESULT: &str = "cicd.pipeline.task.run.result";

impl Span<'_> {
    /// The first of several attributes that is there, the span's own before its resource's.
    fn first(&self, keys: &[&str]) -> Option<&str> {
        keys.iter().find_map(|key| self.own.get(*key).or_else(|| self.shared.get(*key))).map(String::as_str)
    }

    fn need(&self, keys: &[&str]) -> Result<&str, String> {
        self.first(keys).ok_or_else(|| missing(keys.first().copied().unwrap_or_default()))
    }

    fn is_run(&self) -> bool {
        let is_task = self.own.keys().any(|key| key.starts_with("cicd.pipeline.task."));
        let is_root = self.body.text("parentSpanId").is_none();
        !is_task && (self.own.contains_key(RESULT) || (is_root && self.first(&[STATUS]).is_some()))
    }

    /// Telemetry of any service names its environment; only a deployment has an id or a status of its own.
    fn is_deployment(&self) -> bool {
        let is_deploying = self.own.get("cicd.pipeline.task.type").is_some_and(|kind| kind == "deploy");
        self.own.contains_key("deployment.id")
            || self.own.contains_key("deployment.status")
            || (is_deploying && self.first(ENVIRONMENT).is_some())
    }

    fn time(&self, field: &str) -> Result<Time, String> {
        let nanos = self.body.need_id(field)?;
        let nanos: u64 = nanos.parse().map_err(|_| unknown(field, &nanos))?;
        i64::try_from(nanos / 1_000_000).map(Time::from_millis).map_err(|_| missing(field))
    }

    /// Start and end.
    fn times(&self) -> Result<(Time, Time), String> {
        Ok((self.time("startTimeUnixNano")?, self.time("endTimeUnixNano")?))
    }

    fn own_id(&self) -> Result<String, String> {
        Ok(format!("{} {}", self.body.need_text("traceId")?, self.body.need_text("spanId")?).to_lowercase())
    }
}

fn run(span: &Span<'_>, names: &Names) -> Result<PipelineRun, String> {
    let (started_at, ended_at) = span.times()?;
    let repository = span.need(REPOSITORY)?;
    let revision = span.need(REVISION)?;
    let commit: CommitId = revision.parse().map_err(|_| unknown(REVISION[0], revision))?;
    let outcome = match span.need(&[RESULT, STATUS])? {
        "success" => RunOutcome::Succeeded,
        "failure" | "error" | "timeout" => RunOutcome::Failed,
        "cancellation" | "cancelled" => RunOutcome::Cancelled,
        "skip" | "skipped" => RunOutcome::Skipped,
        other => return Err(unknown(RESULT, other)),
    };
    let id = match span.first(&["cicd.pipeline.run.id"]) {
        Some(run) => format!("{repository} {run}"),
        None => span.own_id()?,
    };
    let workflow = span.first(&["cicd.pipeline.name"]).unwrap_or("unnamed");
    let is_branch = span.first(&["vcs.ref.head.type", "vcs.repository.ref.type"]).is_none_or(|kind| kind == "branch");
    let branch = span.first(&["vcs.ref.head.name", "vcs.repository.ref.name", "vcs.ref.head"]).filter(|_| is_branch);
    Ok(PipelineRun {
        branch: branch.and_then(shared::branch),
        ..shared::run(
            &SENDER,
            id,
            (names.repository(repository), workflow, commit),
            outcome,
            (started_at, Some(ended_at)),
        )
    })
}

fn deployment(span: &Span<'_>, names: &Names) -> Result<Deployment, String> {
    let (started_at, ended_at) = span.times()?;
    let service = match (span.own.get("service.name"), span.first(REPOSITORY)) {
        (Some(service), _) => names.service(service),
        (None, Some(repository)) => names.service_of_repository(repository),
        (None, None) => names.service(span.need(&["service.name"])?),
    };
    let version = match span.own.get("service.version") {
        Some(version) => version,
        None => span.need(REVISION)?,
    };
    let outcome = match span.need(&["deployment.status", TASK_RESULT, RESULT, STATUS])? {
        "succeeded" | "success" => DeploymentOutcome::Succeeded,
        "failed" | "failure" | "error" | "timeout" => DeploymentOutcome::Failed,
        other => return Err(unknown("deployment.status", other)),
    };
    let id = match span.own.get("deployment.id") {
        Some(id) => format!("{} {id}", service.as_str()),
        None => span.own_id()?,
    };
    let environment = span.first(ENVIRONMENT).unwrap_or(UNNAMED_ENVIRONMENT);
    Ok(Deployment {
        commit: span.first(REVISION).and_then(|revision| revision.parse().ok()),
        started_at: Some(started_at),
        ..shared::deployment(&SENDER, id, service, (environment, version), (outcome, ended_at))
    })
}

/// Attributes that are texts, numbers or truths, as texts.
fn attributes(body: Payload<'_>, path: &str) -> Attributes {
    let pairs = body.items(path).filter_map(|attribute| {
        let value = attribute.part("value")?;
        let truth = || value.at("boolValue")?.as_bool().map(|truth| truth.to_string());
        let text = value.id("stringValue").or_else(|| value.id("intValue")).or_else(truth)?;
        Some((attribute.text("key")?.to_owned(), text))
    });
    pairs.collect()
}
