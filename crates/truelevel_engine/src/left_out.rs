//! What a value would be if what was left out of it were counted, where that can be said.

use truelevel_metrics::metrics::review_pickup_time;
use truelevel_metrics::service::ServiceData;
use truelevel_metrics::statistics::median;
use truelevel_metrics::timeline::DeploymentKind;
use truelevel_model::{Measurement, Reason};
use truelevel_report::numbers;

/// One line for each reason code of which the service left something out: how many, and the value with them.
pub(crate) fn counted_in(metric: &str, measured: &Measurement, data: &ServiceData<'_>) -> Vec<String> {
    let Some(value) = measured.value else { return Vec::new() };
    let line = |(reason, count, other): (Reason, u64, f64)| {
        let [with, without] = [other, value].map(|value| numbers::value(measured.unit, value));
        let service = data.facts.service;
        (count > 0).then(|| {
            format!("{service}: with {} {}, {with} instead of {without}", numbers::digits(count as f64), reason.code())
        })
    };
    values_with(metric, value, data).into_iter().filter_map(line).collect()
}

fn values_with(metric: &str, value: f64, data: &ServiceData<'_>) -> Vec<(Reason, u64, f64)> {
    let left_out = [
        (Reason::DeploymentNotSucceeded, DeploymentKind::NotSucceeded),
        (Reason::FanOut, DeploymentKind::FanOut),
        (Reason::Redeployment, DeploymentKind::Redeployment),
    ]
    .map(|(reason, kind)| (reason, data.in_window().filter(|entry| entry.kind == kind).count() as u64));
    match metric {
        "deployment_frequency" => {
            let days = f64::from(data.observed_days());
            left_out.into_iter().map(|(reason, count)| (reason, count, value + count as f64 / days)).collect()
        }
        "change_fail_rate" => {
            let attempts = data.attempts() as f64;
            let [_, _, (reason, count)] = left_out;
            vec![(reason, count, value * attempts / (attempts + count as f64))]
        }
        "review_pickup_time" | "review_size" => {
            let Some(reviews) = data.reviews() else { return Vec::new() };
            let with = if metric == "review_size" {
                let lines = reviews.merged().iter().filter_map(|review| review.lines_changed);
                median(&lines.map(|lines| lines as f64).collect::<Vec<_>>())
            } else {
                review_pickup_time::median_of(reviews.opened(), data.window.end)
            };
            let of_metric = if metric == "review_size" { reviews.merged() } else { reviews.opened() };
            let count = of_metric.iter().filter(|review| review.is_automation).count() as u64;
            with.map(|with| (Reason::AutomationExcluded, count, with)).into_iter().collect()
        }
        _ => Vec::new(),
    }
}
