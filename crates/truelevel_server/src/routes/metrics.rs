//! `/metrics`: what the server did since it started, and what is measured, as Prometheus reads it; with `?set=pelorus` the
//! series of Pelorus' exporters instead.

use std::fmt::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::extract::{Extension, State as Shared};
use axum::http::{HeaderName, StatusCode, header};
use truelevel_engine::pelorus::Series;

use truelevel_model::assessment::Assessment;

use super::pages::unavailable;
use crate::callers::Caller;
use crate::content::blocking;
use crate::measuring::{Looked, Standing};
use crate::problem::Problem;
use crate::scope::{Asked, Scope};
use crate::state::State;

pub(super) async fn show(
    Shared(state): Shared<Arc<State>>,
    Extension(caller): Extension<Caller>,
    asked: Asked,
) -> Result<([(HeaderName, &'static str); 1], String), Problem> {
    caller.sees_everything()?;
    match asked.text("set") {
        None => {}
        Some("pelorus") => {
            let series = blocking(move || state.library.pelorus((state.clock)()).map_err(unavailable)).await?;
            return Ok((FORM, pelorus(&series)));
        }
        Some(_) => return Err(Problem::new(StatusCode::BAD_REQUEST, "there is one other set, `pelorus`")),
    }
    let counts = state.entrance.counts();
    let changes = AtomicU64::new(*state.entrance.changes().count.borrow());
    let series = [
        ("events_kept", "Events that were kept.", &counts.events),
        ("events_duplicate", "Deliveries that were here already.", &counts.duplicates),
        ("events_refused", "Deliveries that were forged, malformed or from nobody known.", &counts.refusals),
        ("events_failed", "Events that the store could not take; they were not acknowledged.", &counts.failures),
        ("fact_changes", "Times that facts became new or different.", &changes),
        ("commits", "Transactions in which events were kept; each takes one sync of the disk.", &counts.commits),
    ];
    let mut page = String::new();
    for (name, help, count) in series {
        let count = count.load(Ordering::Relaxed);
        // Writing to a text cannot fail.
        let _ = write!(
            page,
            "# HELP truelevel_{name}_total {help}\n# TYPE truelevel_{name}_total counter\ntruelevel_{name}_total {count}\n"
        );
    }
    let reading = Arc::clone(&state);
    let waiting = blocking(move || reading.library.quarantined().map_err(unavailable)).await?;
    let samples =
        waiting.into_iter().map(|(sender, events)| (format!("{{sender=\"{}\"}}", escaped(&sender)), events as f64));
    gauge(&mut page, "events_quarantined", "Events that were not understood and wait, by sender.", samples.collect());
    if let Ok(Looked { standing: Standing::Ready(answer), .. }) = state.board.look(&Scope::default()) {
        measured(&mut page, &answer.assessment);
    }
    Ok((FORM, page))
}

const FORM: [(HeaderName, &str); 1] = [(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")];

/// Times as seconds, and where they are the samples' own behind them as milliseconds.
fn pelorus(series: &[Series]) -> String {
    let mut page = String::new();
    for Series { name, labels, is_stamped, samples } in series {
        let _ = writeln!(page, "# TYPE {name} gauge");
        for (values, time) in samples {
            let named = labels.iter().zip(values).map(|(label, value)| format!("{label}=\"{}\"", escaped(value)));
            let _ = write!(page, "{name}{{{}}} {}", named.collect::<Vec<_>>().join(","), time.millis() as f64 / 1000.0);
            let _ = if *is_stamped { writeln!(page, " {}", time.millis()) } else { writeln!(page) };
        }
    }
    page
}

/// What is measured. A value that cannot be told is missing, never zero.
fn measured(page: &mut String, assessment: &Assessment) {
    let mut series = |name: &str, help: &str, samples| gauge(page, name, help, samples);
    let as_of = assessment.as_of.millis() as f64 / 1000.0;
    series("as_of_timestamp_seconds", "The instant that is answered for.", vec![(String::new(), as_of)]);
    let level = vec![(String::new(), assessment.level.proven.into())];
    series("level", "The proven level, that of the lowest stage.", level);
    let stages = assessment.stages.iter().chain(&assessment.lanes);
    let stages = stages.map(|stage| (format!("{{stage=\"{}\"}}", escaped(&stage.stage)), stage.proven.into()));
    series("stage_level", "The proven level of a stage or lane.", stages.collect());
    let labels = |service: &str, team: &Option<String>| {
        format!("service=\"{}\",team=\"{}\"", escaped(service), escaped(team.as_deref().unwrap_or_default()))
    };
    let levels = assessment
        .services
        .iter()
        .map(|service| (format!("{{{}}}", labels(&service.service, &service.team)), service.level.proven.into()));
    series("service_level", "The proven level of a service.", levels.collect());
    let values = |of: fn(&truelevel_model::Measurement) -> Option<f64>| -> Vec<(String, f64)> {
        let samples = assessment.each_service().flat_map(|service| {
            let labels = labels(&service.service, &service.team);
            service.metrics.iter().filter_map(move |(metric, measured)| {
                Some((format!("{{{labels},metric=\"{metric}\"}}"), of(measured)?))
            })
        });
        samples.collect()
    };
    let unit =
        "of a service over the window: seconds, events a day, a share of one, or a count, as its definition says.";
    series("measurement", &format!("A metric {unit}"), values(|measured| measured.value));
    series("measurement_low", &format!("The lower end of the 95 % interval {unit}"), values(|measured| measured.low));
    series("measurement_high", &format!("The upper end of the 95 % interval {unit}"), values(|measured| measured.high));
    let n = values(|measured| Some(measured.n as f64));
    series("measurement_observations", "What a metric of a service rests on.", n);
}

fn gauge(page: &mut String, name: &str, help: &str, samples: Vec<(String, f64)>) {
    let _ = write!(page, "# HELP truelevel_{name} {help}\n# TYPE truelevel_{name} gauge\n");
    for (labels, value) in samples {
        let _ = writeln!(page, "truelevel_{name}{labels} {value}");
    }
}

/// A label's value as the text format wants it.
fn escaped(text: &str) -> String {
    truelevel_model::printable(text).replace('\\', "\\\\").replace('"', "\\\"")
}
