//! Words that several views share.

use std::collections::{BTreeMap, BTreeSet};

use truelevel_model::Time;
use truelevel_model::assessment::{Assessment, BeliefGap, GateResult, Level, MetricSpread, Pitfall, StageResult};
use truelevel_model::deployment_data::DeploymentData;

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

/// What a level looks like.
pub(crate) fn level_looks(level: Level) -> &'static str {
    match level {
        1 => "Builds and deployments by hand; releases depend on a few people.",
        2 => "Source control, scripted builds, a CI server; releases are scheduled and approved by hand.",
        3 => "Automated delivery for each service; tests as gates, environments as code, observability.",
        4 => "Keys tracked all the time, self-service golden paths, progressive delivery, automated rollback.",
        _ => "Continuous experiments, automated remediation, security and compliance in the pipeline.",
    }
}

/// Why a gate stands as it does and, for an intention, what would prove it.
pub(crate) fn because(gate: &GateResult) -> String {
    match &gate.provable_by {
        Some(by) => format!("{}. What would prove it: {by}", gate.because),
        None => gate.because.clone(),
    }
}

/// How a stage stands: `level 2`, or `level 2, could be 4`.
pub(crate) fn stage_level(stage: &StageResult) -> String {
    if stage.possible > stage.proven {
        format!("level {}, could be {}", stage.proven, stage.possible)
    } else {
        format!("level {}", stage.proven)
    }
}

/// What a declared level means beside a proven one.
pub(crate) fn declared_gap(declared: Level, proven: Level) -> String {
    match declared.cmp(&proven) {
        std::cmp::Ordering::Greater => format!(
            "Declared {declared}, proven {proven}: the gap of {} is the finding.",
            numbers::count(u64::from(declared - proven), "level")
        ),
        std::cmp::Ordering::Equal => format!("Declared {declared}, and proven {proven}."),
        std::cmp::Ordering::Less => format!("Declared {declared}, proven {proven}: it stands better than thought."),
    }
}

/// The teams that own a service, by name.
pub(crate) fn teams(assessment: &Assessment) -> Vec<String> {
    let names: BTreeSet<&String> = assessment.each_service().filter_map(|service| service.team.as_ref()).collect();
    names.into_iter().cloned().collect()
}

/// What is counted as deployments: releases where nothing else is known.
pub(crate) fn deployment_nouns(assessment: &Assessment) -> &'static str {
    let data = &assessment.coverage.services_by_deployment_data;
    if data.keys().all(|data| data == "release_tags" || data == "none") { "releases" } else { "production deployments" }
}

/// How many deployments there were, and releases beside them: `40 production deployments, 2 of them rollbacks, and 9
/// releases`.
pub(crate) fn deployments(assessment: &Assessment) -> String {
    let coverage = &assessment.coverage;
    let data = &coverage.services_by_deployment_data;
    let has = |names: &[&str]| data.keys().any(|name| names.contains(&name.as_str()));
    let (is_deployed, is_released) = (has(&["reported", "deployment_repository"]), has(&["release_tags"]));
    let releases = || numbers::count(coverage.releases, "release");
    let deployments = || numbers::count(coverage.production_deployments, "production deployment");
    match (is_deployed, is_released) {
        (false, false) => "no deployments known".to_owned(),
        (false, true) => format!("{}{}", releases(), rollbacks(assessment)),
        (true, false) => format!("{}{}", deployments(), rollbacks(assessment)),
        (true, true) => format!("{} and {}{}", deployments(), releases(), rollbacks(assessment)),
    }
}

/// The window as people write it: `90 days to 21 Aug 2026, 17:00 UTC`.
pub(crate) fn period(assessment: &Assessment) -> String {
    format!("{} days to {}", assessment.window_days, moment(assessment.as_of))
}

/// When the newest thing happened that is known of, where that was before the window began.
pub(crate) fn ends_before_window(assessment: &Assessment) -> Option<Time> {
    let start = assessment.as_of.minus_days(assessment.window_days);
    let is_idle = assessment.each_service().all(|service| !service.is_active);
    assessment.coverage.known_until().filter(|newest| *newest <= start && is_idle)
}

/// An instant as people write it: `21 Aug 2026, 17:00 UTC`.
pub(crate) fn moment(time: Time) -> String {
    let text = time.to_string();
    let clock = text.split_once('T').and_then(|(_, clock)| clock.get(..5));
    let clock = clock.map_or_else(String::new, |clock| format!(", {clock} UTC"));
    format!("{}{clock}", day(time))
}

/// A day as people write it: `21 Aug 2026`.
pub(crate) fn day(time: Time) -> String {
    const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let date = time.date();
    let parts: Vec<&str> = date.split('-').collect();
    match parts.as_slice() {
        [year, month, day] => {
            let month = month.parse::<usize>().ok().and_then(|month| MONTHS.get(month.wrapping_sub(1)));
            let day = day.trim_start_matches('0');
            month.map_or(date.clone(), |month| format!("{day} {month} {year}"))
        }
        _ => date,
    }
}

/// What stands for a service's deployments, in a table's words.
pub(crate) fn deployments_from(data: DeploymentData) -> &'static str {
    match data {
        DeploymentData::Reported => "reported",
        DeploymentData::DeploymentRepository => "repository",
        DeploymentData::ReleaseTags => "release tags",
        DeploymentData::None => "nothing",
    }
}

/// The Monday that a week begins with: `25 May`. The instant is its midnight somewhere on earth.
pub(crate) fn short_monday(week_start: Time) -> String {
    const DAY_MILLIS: f64 = 86_400_000.0;
    // 1970-01-05 was a Monday.
    let weeks = ((week_start.millis() as f64 / DAY_MILLIS - 4.0) / 7.0).round();
    let monday = Time::from_seconds((weeks as i64 * 7 + 4) * 86_400);
    day(monday).rsplit_once(' ').map_or_else(String::new, |(short, _)| short.to_owned())
}

/// A sentence: it begins with a capital and ends with a full stop.
pub(crate) fn sentence(text: &str) -> String {
    let text = capitalised(text);
    if text.is_empty() || text.ends_with(['.', '?', '!']) { text } else { text + "." }
}

/// With a capital where it begins.
pub(crate) fn capitalised(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
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
        "approval_wait" => "waiting for an approval",
        "coding" => "coding, before the review",
        "coding_and_review" => "coding and review, before the merge",
        "merge_to_deploy" => "from merge to deployment",
        "merge_to_preproduction" => "from merge to the first environment",
        "pickup" => "waiting for the first answer in review",
        "pipeline" => "the pipeline, after the merge",
        "preproduction_to_production" => "from the first environment to production",
        "review" => "from the first answer in review to the merge",
        "rollout" => "the deployment itself",
        "waiting_after_merge" => "waiting after the merge, for neither pipeline nor approval",
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
fn rollbacks(assessment: &Assessment) -> String {
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
    let as_of = assessment.as_of.to_string();
    let as_of = match as_of.strip_suffix("T23:59:59.999Z") {
        Some(day) => format!("the end of {day} UTC"),
        None => format!("{} UTC", as_of.split(['.', 'Z']).next().unwrap_or_default().replace('T', " ")),
    };
    format!("as of {as_of}, the {} days before", assessment.window_days)
}

/// How many deployments there were and where they were found; of a window of which nothing is known that it is so.
pub(crate) fn delivery(assessment: &Assessment) -> String {
    let boundary = boundary(assessment);
    match ends_before_window(assessment) {
        Some(_) => format!("how many {} there were is not known; {boundary}", deployment_nouns(assessment)),
        None => format!("{}; {boundary}", deployments(assessment)),
    }
}

/// How to ask about the time that is known, where nothing of the window is.
pub(crate) fn ask_of_what_is_known(assessment: &Assessment) -> Option<String> {
    let newest = ends_before_window(assessment)?;
    Some(format!("Nothing of this window is known; `--as-of {}` asks about the newest that is.", newest.date()))
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

/// What was seen, how much it moves the number, and what was done about it.
pub(crate) fn pitfall(pitfall: &Pitfall) -> String {
    let seen = if pitfall.services_affected > 0 && pitfall.services_affected <= 3 {
        format!("{} ({})", pitfall.finding, pitfall.services.join(", "))
    } else {
        pitfall.finding.clone()
    };
    [Some(seen), pitfall.effect.clone(), Some(pitfall.response.clone())]
        .into_iter()
        .flatten()
        .collect::<Vec<_>>()
        .join("; ")
}
