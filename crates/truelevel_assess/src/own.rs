//! What an organisation adds to the catalog: gates, thresholds and exemptions of its own.
//!
//! None of it can raise what is proven. A gate asks for more; a stricter threshold counts, and an easier one only
//! changes the level with exemptions, as an exemption does.

use truelevel_model::Time;
use truelevel_model::assessment::{ExemptionResult, GateOutcome, GateResult};

use crate::catalog::{Catalog, Gate};
use crate::conditions::{Bound, Subject};

/// A threshold that an organisation puts beside the catalog's.
#[derive(Clone, Debug, PartialEq)]
pub struct OwnBound {
    /// The bound.
    pub bound: Bound,
    /// Why it differs.
    pub reason: String,
}

/// A gate that somebody answers for not meeting, for a time.
#[derive(Clone, Debug)]
pub struct Exemption {
    /// The gate.
    pub gate: String,
    /// The service; every service, when absent.
    pub service: Option<String>,
    /// Who answers for it.
    pub owner: String,
    /// Why.
    pub reason: String,
    /// The last day, as written.
    pub expires: String,
    /// The end of that day.
    pub ends_at: Time,
    /// Where it is written: file, line and column.
    pub place: String,
}

impl Exemption {
    /// Whether it speaks of a gate of a service at an instant.
    pub fn covers(&self, gate: &str, service: &str, at: Time) -> bool {
        self.gate == gate && self.service.as_deref().is_none_or(|named| named == service) && at <= self.ends_at
    }
}

impl Catalog {
    /// Adds a gate to a stage, after those of its level.
    pub fn add_gate(&mut self, stage: &str, gate: Gate) {
        if let Some(stage) = self.stages.iter_mut().find(|known| known.id == stage) {
            let place = stage.gates.partition_point(|known| known.level <= gate.level);
            stage.gates.insert(place, gate);
        }
    }

    /// The catalog's bound on a metric in a gate.
    pub fn bound(&self, gate: &str, metric: &str) -> Option<&Bound> {
        let (_, gate) = self.gate(gate)?;
        gate.requirement.conditions().iter().find_map(|condition| match &condition.subject {
            Subject::Metric { metric: known, bound } if known == metric => Some(bound),
            Subject::Metric { .. } | Subject::Practice { .. } => None,
        })
    }

    /// Puts a bound of one's own beside the catalog's.
    pub fn set_own_bound(&mut self, gate: &str, metric: &str, own: &OwnBound) {
        let gates = self.stages.iter_mut().flat_map(|stage| &mut stage.gates).filter(|known| known.id == gate);
        for condition in gates.flat_map(|gate| gate.requirement.conditions_mut()) {
            if matches!(&condition.subject, Subject::Metric { metric: known, .. } if known == metric) {
                condition.own_bound = Some(own.clone());
            }
        }
    }
}

/// Notes an exemption on a gate that is not met.
pub(crate) fn exempt(gate: &mut GateResult, exemption: Option<&Exemption>) {
    let is_open = matches!(gate.outcome, GateOutcome::Unmet | GateOutcome::Unknown);
    if let Some(exemption) = exemption.filter(|_| is_open) {
        gate.exemption = Some(ExemptionResult {
            owner: exemption.owner.clone(),
            reason: exemption.reason.clone(),
            expires: exemption.expires.clone(),
        });
        gate.with_exemptions = Some(GateOutcome::Met);
    }
}
