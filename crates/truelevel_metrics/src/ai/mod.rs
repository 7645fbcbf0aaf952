//! Signs of AI in changes, beside throughput and stability. No threshold is known here; no author is looked at, and no word
//! says that AI causes anything.

pub mod dose;
pub mod event_study;
pub mod weeks;

use std::collections::BTreeMap;

use truelevel_model::Measurement;

use weeks::AiWeek;

/// What is known of one service.
#[derive(Clone, Debug, Default)]
pub struct AiService<'a> {
    /// The service.
    pub service: &'a str,
    /// Its team, where that is known.
    pub team: Option<&'a str>,
    /// Changes that deployments in the window shipped.
    pub changes: u64,
    /// Those with a sign.
    pub signed: u64,
    /// Its measured metrics, by id.
    pub metrics: Option<&'a BTreeMap<String, Measurement>>,
    /// Its weeks, oldest first, each with its place among all weeks; only whole weeks of which deployments are known.
    pub weeks: &'a [AiWeek],
}

impl AiService<'_> {
    /// The share of its changes with a sign; `None` without changes.
    pub fn share(&self) -> Option<f64> {
        (self.changes > 0).then(|| self.signed as f64 / self.changes as f64)
    }
}

/// The sign that reviews and commits leave, counted over what a service shipped.
pub fn signs(data: &crate::service::ServiceData<'_>) -> (u64, u64) {
    let Some(repository) = &data.facts.repository else { return (0, 0) };
    let signed = data.shipped.iter().filter(|shipped| weeks::is_signed(repository, shipped.change)).count();
    (data.shipped.len() as u64, signed as u64)
}
