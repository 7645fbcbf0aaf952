//! The facts behind a metric, in words: what `explain` lists.

use truelevel_metrics::failures::Proof;
use truelevel_metrics::incidents::{Candidate, Cause, ServiceIncident};
use truelevel_metrics::metrics::deployment_rework_rate::Rework;
use truelevel_metrics::pipelines::RedSpell;
use truelevel_metrics::service::ServiceData;
use truelevel_metrics::timeline::{DeploymentKind, TimelineEntry, describe};
use truelevel_metrics::{Basis, METRICS};
use truelevel_model::facts::{DeploymentStrategy, RunOutcome};
use truelevel_model::{Initiator, PipelineRun, Review, Span, Time, printable};
use truelevel_report::numbers;

/// The facts that a metric counts, in words.
pub(crate) fn events(metric: &str, data: &ServiceData<'_>) -> Vec<String> {
    let basis = METRICS.iter().find(|known| known.id == metric).map(|metric| metric.basis);
    match (metric, basis) {
        ("change_lead_time" | "merge_to_deploy_time" | "deployment_batch_size" | "deployment_batch_lines", _) => {
            shipped_changes(metric, data)
        }
        ("undeployed_changes" | "undeployed_change_age", _) => waiting_changes(data),
        ("change_fail_rate" | "failed_deployment_recovery_time" | "restored_within_an_hour_share", _) => failures(data),
        ("deployment_rework_rate", _) => rework(data),
        (_, Some(Basis::Incidents)) => {
            let told = |found| format!("{}{}", incident(data, found), incident_not_counted(metric, found));
            data.incidents_in_window().map(told).collect()
        }
        ("time_to_green", _) => {
            data.pipelines().map(|pipelines| pipelines.red.iter().map(red_spell).collect()).unwrap_or_default()
        }
        (_, Some(Basis::PipelineRuns)) => {
            data.pipelines().map(|pipelines| pipelines.runs().into_iter().map(run).collect()).unwrap_or_default()
        }
        (_, Some(Basis::Reviews)) => {
            let of_metric = data.reviews().map(|reviews| match metric {
                "review_pickup_time" => reviews.opened(),
                _ => reviews.merged(),
            });
            of_metric.unwrap_or_default().iter().map(|found| review(metric, found)).collect()
        }
        _ => data
            .in_window()
            .filter(|entry| entry.kind != DeploymentKind::InitialState)
            .map(|entry| deployment(metric, entry))
            .collect(),
    }
}

fn duration(from: Time, to: Time) -> String {
    numbers::duration(to.since(from).seconds())
}

fn shipped_changes(metric: &str, data: &ServiceData<'_>) -> Vec<String> {
    let words = |shipped: &truelevel_metrics::service::ShippedChange| {
        let id = data.facts.repository.as_ref().map(|repository| repository.history.id(shipped.change).short());
        let duration = |span: Span| numbers::duration(span.seconds());
        let told = match metric {
            "merge_to_deploy_time" => {
                shipped.merge_to_deploy.map_or_else(|| "not on the default branch".to_owned(), duration)
            }
            "deployment_batch_lines" => {
                let size = data.facts.repository.as_ref().and_then(|known| known.history.size(shipped.change));
                size.map_or_else(|| "of unknown size".to_owned(), |size| numbers::count(size.lines.into(), "line"))
            }
            _ => duration(shipped.lead_time),
        };
        let entry = &data.timeline.entries[shipped.deployment];
        let doubt = if entry.follows_unresolved {
            "; perhaps with an earlier deployment, whose version is not resolved"
        } else {
            ""
        };
        format!("{} {told}, shipped with {}{doubt}", id.unwrap_or_default(), describe(entry.deployment))
    };
    data.shipped.iter().map(words).collect()
}

fn waiting_changes(data: &ServiceData<'_>) -> Vec<String> {
    let words = |waiting: &truelevel_metrics::service::UndeployedChange| {
        let id = data.facts.repository.as_ref()?.history.id(waiting.change);
        Some(format!("{} waits since {}", id.short(), numbers::duration(waiting.age.seconds())))
    };
    data.undeployed.iter().filter_map(words).collect()
}

fn failures(data: &ServiceData<'_>) -> Vec<String> {
    let entries = &data.timeline.entries;
    let failures = data.failed_in_window().map(|failure| {
        let proof = |proof: &Proof| {
            let signal = proof.signal.as_str().replace('_', " ");
            proof.describe(data).map_or(signal.clone(), |origin| format!("{signal} ({origin})"))
        };
        let proofs: Vec<_> = failure.proofs.iter().map(proof).collect();
        let recovered = failure.recovered_at.map_or_else(
            || "still open".to_owned(),
            |at| format!("recovered after {}", duration(failure.started_at, at)),
        );
        let known = if failure.is_reported() { "reported" } else { "inferred" };
        format!(
            "{}: {known}, confidence {}, {}, {recovered}",
            describe(entries[failure.deployment].deployment),
            numbers::digits(failure.confidence()),
            proofs.join(", ")
        )
    });
    let uncertain = data.incidents_in_window().filter(|found| found.candidates.len() > 1);
    failures.chain(uncertain.map(|found| incident(data, found))).collect()
}

/// How to say which deployment an incident belongs to, where it may be one of several.
pub(crate) fn how_to_decide(metric: &str, data: &ServiceData<'_>) -> Option<String> {
    let is_about_causes = matches!(metric, "change_fail_rate" | "failed_deployment_recovery_time");
    let is_uncertain = || data.incidents_in_window().any(|found| found.candidates.len() > 1);
    (is_about_causes && is_uncertain()).then(|| {
        "of several candidates the nearest counts. `truelevel import incident-links.csv` says which it was, or none: \
         columns incident, incident_source, deployment (empty for none), deployment_source, reason"
            .to_owned()
    })
}

fn rework(data: &ServiceData<'_>) -> Vec<String> {
    let rework = data.rework();
    let words = |(place, why): (&usize, &Rework)| {
        let entry = &data.timeline.entries[*place];
        let is_counted = entry.kind.is_counted() && data.window.contains(entry.deployment.finished_at);
        is_counted.then(|| format!("{}: {}", describe(entry.deployment), why.describe()))
    };
    rework.iter().filter_map(words).collect()
}

fn candidates(data: &ServiceData<'_>, found: &ServiceIncident<'_>) -> String {
    let candidate = |candidate: &Candidate| {
        let fact = data.timeline.entries[candidate.deployment].deployment;
        let (id, source) = (printable(&fact.id), printable(fact.source.as_str()));
        format!("{} ({}; deployment {id} from {source})", describe(fact), numbers::digits(candidate.confidence))
    };
    found.candidates.iter().map(candidate).collect::<Vec<_>>().join(" or ")
}

fn incident(data: &ServiceData<'_>, found: &ServiceIncident<'_>) -> String {
    let fact = found.incident;
    let deployment = |place: usize| describe(data.timeline.entries[place].deployment);
    let cause = match found.cause {
        Cause::Decided(place) => format!("somebody decided that it belongs to {}", deployment(place)),
        Cause::Named(place) if found.candidates.is_empty() => format!("names {}", deployment(place)),
        Cause::Named(_) => format!("names an id that several have: {}", candidates(data, found)),
        Cause::Near(_) => format!("perhaps {}", candidates(data, found)),
        Cause::DecidedOtherwise => {
            "somebody decided that no deployment of this service to production caused it".to_owned()
        }
        Cause::BeforeObservation => "belongs to what ran before deployments were observed".to_owned(),
        Cause::NamedElsewhere => "names what is no deployment of this service".to_owned(),
        Cause::None => "no deployment in reach".to_owned(),
    };
    let ended =
        found.resolved_at.map_or("still open".to_owned(), |at| format!("took {}", duration(fact.started_at, at)));
    let noticed = fact.detected_at.map(|at| format!(", noticed after {}", duration(fact.started_at, at)));
    let by = match fact.detected_by_alert {
        Some(true) => ", by an alert",
        Some(false) => ", by a person",
        None => "",
    };
    let taken = fact
        .acknowledged_at
        .map(|at| format!(", taken after {}", duration(fact.detected_at.unwrap_or(fact.started_at), at)));
    format!(
        "incident {} of {}: {ended}{}{by}{}; {cause}",
        printable(&fact.id),
        fact.started_at,
        noticed.unwrap_or_default(),
        taken.unwrap_or_default()
    )
}

/// Why an incident is not part of a metric, where it is not.
fn incident_not_counted(metric: &str, found: &ServiceIncident<'_>) -> &'static str {
    let fact = found.incident;
    match metric {
        "incident_duration" if found.cause.deployment().is_some() => "; not counted, a deployment caused it",
        "time_to_detect" if fact.detected_at.is_none() => "; not counted, when it was noticed is not told",
        "time_to_acknowledge" if fact.acknowledged_at.is_none() && found.resolved_at.is_some() => {
            "; not counted, when it was taken is not told"
        }
        "detection_by_alert_share" if fact.detected_by_alert.is_none() => "; not counted, what noticed it is not told",
        _ => "",
    }
}

fn red_spell(spell: &RedSpell<'_>) -> String {
    let until =
        spell.green_at.map_or("still red".to_owned(), |at| format!("green after {}", duration(spell.since, at)));
    format!("{} red on the default branch since {}: {until}", printable(spell.workflow), spell.since)
}

fn run(run: &PipelineRun) -> String {
    let outcome = match run.outcome {
        RunOutcome::Succeeded => "succeeded",
        RunOutcome::Failed => "failed",
        RunOutcome::Cancelled => "cancelled",
        RunOutcome::Skipped => "skipped",
        RunOutcome::InProgress => "in progress",
    };
    let took = run.finished_at.map(|end| format!(" after {}", duration(run.started_at, end))).unwrap_or_default();
    let attempt = if run.attempt > 1 { format!(", attempt {}", run.attempt) } else { String::new() };
    format!("{} on {}, {}: {outcome}{took}{attempt}", printable(&run.workflow), run.commit.short(), run.started_at)
}

fn review(metric: &str, review: &Review) -> String {
    let answered = review
        .first_response_at
        .map_or(", no answer".to_owned(), |at| format!(", answered after {}", duration(review.opened_at, at)));
    let merged = review.merged_at.map(|at| format!(", merged after {}", duration(review.opened_at, at)));
    let lines = review.lines_changed.map(|lines| format!(", {}", numbers::count(lines, "line")));
    let by = match (review.is_automation, metric) {
        (true, "review_pickup_time" | "review_size") => ", by automation; not counted",
        (true, _) => ", by automation",
        (false, _) => "",
    };
    format!(
        "{} #{}, opened {}{answered}{}{}{by}",
        review.repository,
        review.number,
        review.opened_at,
        merged.unwrap_or_default(),
        lines.unwrap_or_default()
    )
}

fn deployment(metric: &str, entry: &TimelineEntry<'_>) -> String {
    let fact = entry.deployment;
    let kind = match entry.kind {
        DeploymentKind::InitialState => "initial state",
        DeploymentKind::Baseline => "first known",
        DeploymentKind::Forward => "new version",
        DeploymentKind::Rollback => "rollback",
        DeploymentKind::Redeployment => "redeployment",
        DeploymentKind::FanOut => "reaches a further environment",
        DeploymentKind::NotSucceeded => "did not succeed",
    };
    let said = match metric {
        "approval_wait_time" => fact.approval_wait.map(|wait| format!("waited {}", numbers::duration(wait.seconds()))),
        "automatic_abort_share" => {
            fact.aborted_automatically.map(|was| if was { "stopped by automation" } else { "not stopped" }.to_owned())
        }
        "automated_rollback_share" | "deployment_automation_share" => fact.initiated_by.map(|initiator| {
            let by = match initiator {
                Initiator::Automation => "started by automation",
                Initiator::Person => "started by a person",
                Initiator::Schedule => "started by a timetable",
            };
            by.to_owned()
        }),
        "progressive_deployment_share" => fact.strategy.map(|strategy| {
            let how = match strategy {
                DeploymentStrategy::AllAtOnce => "all at once",
                DeploymentStrategy::Rolling => "rolling",
                DeploymentStrategy::BlueGreen => "blue-green",
                DeploymentStrategy::Canary => "canary",
            };
            how.to_owned()
        }),
        _ if entry.kind.is_counted() || metric == "redeployment_share" => {
            return format!("{}: {kind}", describe(fact));
        }
        _ => return format!("{}: {kind}; not counted", describe(fact)),
    };
    format!("{}: {kind}, {}", describe(fact), said.unwrap_or_else(|| "nothing is said of it".to_owned()))
}
