//! What is asked of a measurement beside its numbers: what `explain` needs to say what an exclusion is worth.

use truelevel_model::{Exclusions, Reason};

/// What is asked; the default is what every answer is measured with.
#[derive(Clone, Copy, Debug, Default)]
pub struct Asking {
    /// A reason that leaves nothing out this time. Not so for what has no value to count: versions that lead to no commit,
    /// and what is later than the as-of.
    pub lifted: Option<Reason>,
    /// Whether everything that is left out is named, also what is otherwise counted after the first few.
    pub names_all: bool,
}

impl Asking {
    /// Whether the reason leaves anything out.
    pub fn leaves_out(self, reason: Reason) -> bool {
        self.lifted != Some(reason)
    }

    /// Counts something of which there is much: the first few are named as examples, all only where that is asked for.
    pub(crate) fn count(self, exclusions: &mut Exclusions, reason: Reason, subject: impl FnOnce() -> String) {
        const FEW: usize = 3;
        if self.names_all || exclusions.named(reason) < FEW {
            exclusions.add(reason, subject);
        } else {
            exclusions.add_count(reason, 1);
        }
    }
}

#[cfg(test)]
mod tests {
    use truelevel_model::DeploymentOutcome;

    use super::*;
    use crate::Metric;
    use crate::metrics::change_lead_time::CHANGE_LEAD_TIME;
    use crate::metrics::deployment_frequency::DEPLOYMENT_FREQUENCY;
    use crate::metrics::examples::Example;
    use crate::metrics::review_size::REVIEW_SIZE;
    use crate::metrics::time_to_detect::TIME_TO_DETECT;

    /// How many the metric counts as it is, and without the reason.
    fn check(example: &Example, metric: &Metric, reason: Reason, expected: (u64, u64)) {
        let counts = |example: &Example| example.measure(metric).n;
        let found = (counts(example), counts(&example.clone().lifted(reason)));
        assert_eq!(found, expected, "{} without {reason}", metric.id);
    }

    #[test]
    fn without_a_reason_what_it_left_out_is_counted() {
        let again = Example::days(30).deploy("v1", 1).deploy("v2", 10).deploy("v2", 20);
        check(&again, &DEPLOYMENT_FREQUENCY, Reason::Redeployment, (2, 3));
        let further = again.clone().deploy("v2", 21).deployment(|one| one.environment = "production-eu".into());
        check(&further, &DEPLOYMENT_FREQUENCY, Reason::FanOut, (2, 3));
        let elsewhere = again.clone().deploy("v3", 21).deployment(|one| one.environment = "staging".into());
        check(&elsewhere, &DEPLOYMENT_FREQUENCY, Reason::NotProduction, (2, 3));
        let failed = again.deploy("v3", 21).deployment(|one| one.outcome = DeploymentOutcome::Failed);
        check(&failed, &DEPLOYMENT_FREQUENCY, Reason::DeploymentNotSucceeded, (2, 3));
        let reviews = Example::days(30).commit("A", &[], 0).deploy("A", 1).review(2, Some(3), |review| {
            review.lines_changed = Some(7);
            review.is_automation = true;
        });
        check(&reviews, &REVIEW_SIZE, Reason::AutomationExcluded, (0, 1));
    }

    #[test]
    fn without_a_reason_changes_that_it_left_out_are_counted() {
        let line = Example::days(30).commit("A", &[], 0).commit("B", &["A"], 2);
        check(&line.clone().deploy("B", 3), &CHANGE_LEAD_TIME, Reason::Baseline, (0, 2));
        let merged = line.clone().deploy("A", 1).commit("C", &["A"], 3).commit("M", &["B", "C"], 4).deploy("M", 5);
        check(&merged, &CHANGE_LEAD_TIME, Reason::MergeCommit, (2, 3));
        let backwards = line.clone().deploy("A", 0).deploy("B", 1);
        check(&backwards, &CHANGE_LEAD_TIME, Reason::NegativeDuration, (0, 1));
        let unset = |change: &mut truelevel_model::Change| change.authored_at = truelevel_model::Time::from_seconds(0);
        let unset = line.deploy("A", 1).commit("C", &["B"], 3).change(unset).deploy("C", 5);
        check(&unset, &CHANGE_LEAD_TIME, Reason::UnsetClock, (1, 2));
    }

    #[test]
    fn what_is_noticed_before_it_begins_is_counted_as_left_out() {
        let early = Example::days(30)
            .incident(10, Some(12), None)
            .incident_with(|incident| incident.detected_at = Some(Example::at(9)));
        check(&early, &TIME_TO_DETECT, Reason::NegativeDuration, (0, 1));
        early.data(|data| assert_eq!(data.exclusions.count(Reason::NegativeDuration), 1));
    }
}
