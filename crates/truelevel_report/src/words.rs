//! Words that several views share.

use std::collections::BTreeMap;

use truelevel_model::assessment::{Assessment, BeliefGap, Level, MetricSpread};

use crate::numbers;

/// The name of a level.
pub(crate) fn level_name(level: Level) -> &'static str {
    match level {
        1 => "Ad-hoc",
        2 => "Managed",
        3 => "Defined",
        4 => "Measured",
        _ => "Optimizing",
    }
}

/// Names in a row: `build, test and recover`.
pub(crate) fn listed(names: &[impl AsRef<str>]) -> String {
    match names {
        [] => "none".to_owned(),
        [one] => one.as_ref().to_owned(),
        [rest @ .., last] => {
            let rest: Vec<&str> = rest.iter().map(AsRef::as_ref).collect();
            format!("{} and {}", rest.join(", "), last.as_ref())
        }
    }
}

/// The metrics of the first page, in the order of DORA's keys, with their names.
pub(crate) const KEYS: [(&str, &str); 4] = [
    ("deployment_frequency", "Deployment frequency"),
    ("change_lead_time", "Change lead time"),
    ("change_fail_rate", "Change fail rate"),
    ("failed_deployment_recovery_time", "Recovery time"),
];

/// A segment of the lead time for readers.
pub(crate) fn segment_name(name: &str) -> &str {
    match name {
        "coding" => "coding, before the review",
        "coding_and_review" => "coding and review, before the merge",
        "merge_to_deploy" => "from merge to deployment",
        "merge_to_preproduction" => "from merge to the first environment",
        "pickup" => "waiting for the first answer in review",
        "preproduction_to_production" => "from the first environment to production",
        "review" => "from the first answer in review to the merge",
        other => other,
    }
}

/// What a key's number stands on: `median of 5 of 48 services`, or the only service's own sample.
pub(crate) fn sample(spread: &MetricSpread) -> String {
    let measured = &spread.measurement;
    if spread.services == 1 {
        let open = if measured.censored > 0 { format!(", {} still open", measured.censored) } else { String::new() };
        return format!("{}{open}", numbers::count(measured.n, "observation"));
    }
    let open = if measured.censored > 0 {
        format!(", {} still open", numbers::digits(measured.censored as f64))
    } else {
        String::new()
    };
    format!("median of {} of {}{open}", spread.services_measured, numbers::count(spread.services, "service"))
}

/// The failures that are known where only a lower bound is: `at least 30 failed of 2,142`.
pub(crate) fn known_failures(spread: &MetricSpread) -> Option<String> {
    let details = &spread.measurement.details;
    let (failures, attempts) = (details.get("failures")?, details.get("observations")?);
    Some(format!("at least {} of {} deployments failed", numbers::digits(*failures), numbers::digits(*attempts)))
}

/// How many deployments went back, where any did.
pub(crate) fn rollbacks(assessment: &Assessment) -> String {
    let frequency = assessment.metric("deployment_frequency");
    let rollbacks = frequency.and_then(|spread| spread.measurement.details.get("rollbacks")).copied().unwrap_or(0.0);
    if rollbacks > 0.0 { format!(", {} of them rollbacks", numbers::digits(rollbacks)) } else { String::new() }
}

/// What the bands of all keys are, with the edition.
pub(crate) fn edition(assessment: &Assessment) -> String {
    let edition = &assessment.edition;
    if assessment.metrics.values().any(|spread| spread.measurement.percentile.is_some()) {
        format!("respondents: edition {edition}, edges of their answers by our house rule")
    } else {
        format!("bands: edition {edition}, thresholds by our house rule where DORA's overlap")
    }
}

/// What lies between belief and evidence, in a sentence.
pub(crate) fn belief_gap(gap: &BeliefGap) -> String {
    let service = gap.service.as_ref().map(|service| format!("{service}, ")).unwrap_or_default();
    format!("{service}{}: said {}, proven {}; {}", gap.stage, gap.declared, gap.proven, gap.because)
}

/// The exemptions, each with the services that it holds for.
pub(crate) fn exemptions(assessment: &Assessment) -> Vec<String> {
    let mut services: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for service in &assessment.services {
        for gate in service.stages.iter().chain(&service.lanes).flat_map(|stage| &stage.gates) {
            let Some(exemption) = &gate.exemption else { continue };
            let what = format!(
                "`{}` until {}, answered for by {}: {}",
                gate.gate, exemption.expires, exemption.owner, exemption.reason
            );
            services.entry(what).or_default().push(&service.service);
        }
    }
    let line = |(what, services): (String, Vec<&str>)| match services[..] {
        [only] => format!("{only} is exempted from {what}"),
        _ => format!("{} are exempted from {what}", numbers::count(services.len() as u64, "service")),
    };
    services.into_iter().map(line).collect()
}

/// The window in words.
pub(crate) fn window(assessment: &Assessment) -> String {
    format!(
        "as of {}, the {} days before",
        assessment.as_of.to_string().replace('T', " ").replace('Z', " UTC"),
        assessment.window_days
    )
}

/// Where the deployments were found, in words.
pub(crate) fn boundary(assessment: &Assessment) -> String {
    let parts: Vec<String> = assessment
        .coverage
        .services_by_deployment_data
        .iter()
        .map(|(data, count)| {
            let from = match data.as_str() {
                "deployment_repository" => "from a deployment repository",
                "reported" => "from reported deployments",
                "release_tags" => "from release tags, a proxy",
                _ => "without deployment data",
            };
            format!("{} {from}", numbers::count(*count, "service"))
        })
        .collect();
    parts.join(", ")
}
