//! What was left out, as an answer tells it; and what a value would be if it were counted: measured again with each reason
//! taken away.

use std::collections::BTreeMap;

use truelevel_metrics::Metric;
use truelevel_metrics::asking::Asking;
use truelevel_model::assessment::ExclusionCount;
use truelevel_model::{Exclusions, Measurement, Reason};
use truelevel_report::numbers;

use crate::matching::Service;
use crate::measure::Measuring;

/// For each reason that changes the metric of the service: what it would be otherwise, in words.
pub(crate) fn counted_in(
    metric: &Metric,
    (service, measuring): (&Service, &Measuring<'_>),
    measured: &Measurement,
    exclusions: &Exclusions,
) -> Vec<(Reason, String)> {
    let is_asked = |reason: &Reason| match reason {
        // Nobody knows what these would count.
        Reason::LaterThanAsOf | Reason::VersionUnresolved => false,
        _ => exclusions.count(*reason) > 0,
    };
    let line = |reason: &Reason| {
        let asking = Asking { lifted: Some(*reason), ..Asking::default() };
        let other = measuring.prepare_asking(service, asking, |data| (metric.measure)(&data));
        let seen = |measurement: &Measurement| measurement.n + measurement.censored;
        if (other.value, other.at_least, seen(&other)) == (measured.value, measured.at_least, seen(measured)) {
            return None;
        }
        let [with, without] = [&other, measured].map(numbers::headline);
        let change = if with == without { format!("still {with}") } else { format!("{with} instead of {without}") };
        let [seen_with, seen_without] = [&other, measured].map(|measurement| numbers::digits(seen(measurement) as f64));
        let id = truelevel_model::printable(service.id.as_str());
        Some((*reason, format!("{id}: with {}, {change}; n {seen_with} instead of {seen_without}", reason.code())))
    };
    Reason::ALL.iter().filter(|reason| is_asked(reason)).filter_map(line).collect()
}

/// What is left out of a metric without a way to say what it would change, and why there is none.
pub(crate) fn unknowable(metric: &Metric) -> &'static [(Reason, &'static str)] {
    const VERSION: (Reason, &str) = (Reason::VersionUnresolved, "which changes these shipped is not known");
    const LATER: (Reason, &str) = (Reason::LaterThanAsOf, "these count at a later as-of");
    match (metric.id, metric.basis) {
        (
            "ai_change_share"
            | "change_lead_time"
            | "deployment_batch_lines"
            | "deployment_batch_size"
            | "merge_to_deploy_time"
            | "undeployed_change_age"
            | "undeployed_changes",
            _,
        ) => &[LATER, VERSION],
        (_, truelevel_metrics::Basis::Deployments) => &[LATER],
        _ => &[],
    }
}

/// How many of what was left out are named in the answer; `explain CODE --all` names all.
const EXAMPLES: usize = 20;

/// The count of each reason, by code.
pub(crate) fn counted(exclusions: &Exclusions) -> BTreeMap<String, ExclusionCount> {
    exclusions
        .iter()
        .map(|(reason, count, named)| {
            let count = ExclusionCount {
                count,
                meaning: truelevel_model::registry::title(reason.docs()).to_owned(),
                examples: named.iter().take(EXAMPLES).map(|exclusion| exclusion.subject.clone()).collect(),
            };
            (reason.code().to_owned(), count)
        })
        .collect()
}
