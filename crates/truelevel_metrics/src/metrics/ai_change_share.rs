//! How many changes carry a sign of an AI assistant.

use truelevel_model::{Measurement, Unit, declare};

use super::{Basis, Metric};
use crate::pipelines::Tally;
use crate::service::ServiceData;

declare! {
    /// Changes with a sign of AI
    ///
    /// Changes that deployments in the window shipped and that carry a sign of an AI assistant ÷ changes that they shipped.
    ///
    /// A sign is a trailer of the commit (`Co-authored-by`, `Assisted-by`, `Generated-by`) that names a known assistant, the
    /// account of one as the author, or a label on the review. Most use leaves no sign: trailers can be switched off, a
    /// squash drops them, and completion in an editor never leaves any. So the share is a lower bound of the truth, has no
    /// band and no interval, and says nothing of any person.
    ///
    /// **Source**: our own definition. DORA asks people how much they rely on AI, which leaves no sign in a history.
    pub static AI_CHANGE_SHARE: Metric = {
        id: "ai_change_share",
        version: 1,
        unit: Unit::Ratio,
        higher_is_better: None,
        basis: Basis::Deployments,
        measure: measure,
    };
}

fn measure(data: &ServiceData<'_>) -> Measurement {
    let metric = &AI_CHANGE_SHARE;
    if let Some(missing) = metric.without_deployments(data) {
        return missing;
    }
    if let Some(why) = data.without_repository() {
        return metric.missing(data, why);
    }
    let (changes, signed) = crate::ai::signs(data);
    let mut measurement = super::share(
        metric,
        data,
        Tally { part: signed, whole: changes },
        "no deployment in the window shipped a change",
    );
    if measurement.value.is_some() {
        (measurement.low, measurement.high) = (None, None);
        super::bound_below(&mut measurement, "most use of AI leaves no sign: a lower bound");
    }
    measurement
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::examples::{Example, close};

    #[test]
    fn signs_are_counted_and_their_absence_proves_nothing() {
        let example = Example::days(30)
            .commit("A", &[], 0)
            .deploy("A", 1)
            .commit("B", &["A"], 2)
            .commit("C", &["B"], 3)
            .change(|change| change.ai_assisted = true)
            .deploy("C", 4);
        let measured = example.measure(&AI_CHANGE_SHARE);
        assert!(measured.is_lower_bound && measured.high.is_none());
        close(measured.value, 0.5);
        assert_eq!(Example::days(30).deploy("v1", 1).measure(&AI_CHANGE_SHARE).value, None);
    }
}
