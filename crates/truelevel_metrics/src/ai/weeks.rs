//! What a service shipped week by week, with the signs of AI in it.

use std::collections::BTreeMap;

use truelevel_model::ChangeIndex;
use truelevel_model::calendar::Week;

use crate::service::{ServiceData, ServiceRepository};

/// Labels of reviews that say that an assistant took part: a word of the label is one of these.
const LABELS: [&str; 6] = ["ai", "copilot", "claude", "codex", "gemini", "cursor"];

/// One week of one service.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AiWeek {
    /// Its place among all weeks.
    pub place: usize,
    /// Changes shipped.
    pub changes: u64,
    /// Those with a sign.
    pub signed: u64,
    /// Deployments that count.
    pub deployments: u64,
    /// Deployments that were tried.
    pub attempts: u64,
    /// Those that failed.
    pub failures: u64,
    /// The lead times of the changes, in seconds.
    pub lead_times_seconds: Vec<f64>,
}

/// Whether a change carries a sign: a trailer or account of an assistant, or a label on its review.
pub(crate) fn is_signed(repository: &ServiceRepository<'_>, change: ChangeIndex) -> bool {
    let is_word =
        |label: &str| label.to_lowercase().split(|c: char| !c.is_alphanumeric()).any(|word| LABELS.contains(&word));
    repository.history.is_ai_assisted(change)
        || repository.review_of(change).is_some_and(|review| review.labels.iter().any(|label| is_word(label)))
}

/// The whole weeks since the first known deployment. `data` is prepared for a window that begins with the first of them.
pub fn weeks(data: &ServiceData<'_>, weeks: &[Week]) -> Vec<AiWeek> {
    let Some(repository) = &data.facts.repository else { return Vec::new() };
    let Some(known_from) = data.timeline.entries.first().map(|entry| entry.deployment.finished_at) else {
        return Vec::new();
    };
    let mut found: BTreeMap<usize, AiWeek> = BTreeMap::new();
    let whole = weeks.iter().enumerate().filter(|(_, week)| known_from <= week.start);
    found.extend(whole.map(|(place, _)| (place, AiWeek { place, ..AiWeek::default() })));
    let week_of = |deployment: usize| {
        let at = data.timeline.entries[deployment].deployment.finished_at;
        let place = weeks.partition_point(|week| week.end <= at);
        weeks.get(place).is_some_and(|week| week.start <= at).then_some(place)
    };
    for shipped in &data.shipped {
        let Some(week) = week_of(shipped.deployment).and_then(|place| found.get_mut(&place)) else { continue };
        week.changes += 1;
        week.signed += u64::from(is_signed(repository, shipped.change));
        week.lead_times_seconds.push(shipped.lead_time.seconds());
    }
    for (place, entry) in data.timeline.entries.iter().enumerate() {
        let Some(week) = week_of(place).and_then(|place| found.get_mut(&place)) else { continue };
        week.deployments += u64::from(entry.kind.is_counted());
        week.attempts += u64::from(data.is_attempted(place));
    }
    for failure in &data.failures {
        let Some(week) = week_of(failure.deployment).and_then(|place| found.get_mut(&place)) else { continue };
        week.failures += 1;
    }
    found.into_values().collect()
}
