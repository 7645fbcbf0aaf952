//! Kaplan–Meier curves: how long things take when some of them are still open.
//!
//! Dropping what is open makes slow teams look fast; here an open one counts as "at least this long". The curve assumes
//! that being open at the end says nothing else about how long it will take. Quantiles of a curve are in
//! `survival_quantile`.

use super::Interval;
use super::distributions::normal_deviate;

/// One duration, finished or still open.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Observation {
    /// How long it took, or how long it has been open so far.
    pub duration_seconds: f64,
    /// Whether it finished; otherwise it is censored: it lasts longer than its duration.
    pub is_event: bool,
}

/// A duration that came under observation late (left truncation): had it ended before `entry_seconds`, it would never
/// have been seen.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DelayedObservation {
    /// How long it had lasted when observation began.
    pub entry_seconds: f64,
    /// How long it took in all, or how long it has been open so far; more than `entry_seconds`.
    pub duration_seconds: f64,
    /// Whether it finished.
    pub is_event: bool,
}

/// One step down of the curve.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Step {
    /// The duration at which the step is.
    pub time_seconds: f64,
    /// How many had lasted at least this long; those censored at this very time are among them.
    pub at_risk: u64,
    /// How many ended at this time.
    pub events: u64,
    /// The share estimated to last longer than this.
    pub survival: f64,
    /// Greenwood's variance of `survival` (Greenwood 1926); `None` once survival is 0, where it is not defined.
    pub greenwood_variance: Option<f64>,
    /// No observation was lost or came late up to here, so the curve is the plain empirical distribution.
    pub(super) is_complete: bool,
}

impl Step {
    /// The 95 % pointwise interval of `survival` by Greenwood's variance on the log-minus-log scale (Kalbfleisch and
    /// Prentice 1980; R's `conf.type = "log-log"`). `None` where survival is 0 (or rounds to 1).
    pub fn survival_interval(&self) -> Option<Interval> {
        let deviation = self.greenwood_variance?.sqrt();
        let log_survival = self.survival.ln();
        if log_survival == 0.0 {
            return None;
        }
        let spread = normal_deviate() * deviation / self.survival / log_survival.abs();
        Some(Interval { low: self.survival.powf(spread.exp()), high: self.survival.powf((-spread).exp()) })
    }
}

/// A Kaplan–Meier curve (Kaplan and Meier 1958).
#[derive(Clone, Debug, PartialEq)]
pub struct Survival {
    pub(super) steps: Vec<Step>,
    pub(super) n: u64,
    censored: u64,
    left_out: u64,
    pub(super) last_seconds: Option<f64>,
}

impl Survival {
    /// Fits the curve in O(n log n). At ties events come before censorings: what is open after a duration is still at
    /// risk at it. Observations whose duration is not finite are left out and counted in [`left_out`](Self::left_out).
    /// Without observations the curve has no steps and answers nothing.
    pub fn fit(observations: &[Observation]) -> Self {
        let exits = observations
            .iter()
            .filter(|observation| observation.duration_seconds.is_finite())
            .map(|observation| (observation.duration_seconds, observation.is_event))
            .collect::<Vec<_>>();
        let left_out = observations.len() - exits.len();
        Self::from_exits(exits, Vec::new(), left_out)
    }

    /// Fits the curve of observations that came in late: each counts as at risk only after its entry (Turnbull 1976;
    /// Tsai, Jewell and Wang 1987). Observations that are not finite or do not last beyond their entry are left out and
    /// counted. When few are at risk early the curve may fall to 0 at once: look at `at_risk` of the first steps.
    pub fn fit_delayed(observations: &[DelayedObservation]) -> Self {
        let usable = |observation: &&DelayedObservation| {
            observation.entry_seconds.is_finite()
                && observation.duration_seconds.is_finite()
                && observation.entry_seconds < observation.duration_seconds
        };
        let (exits, entries): (Vec<_>, Vec<_>) = observations
            .iter()
            .filter(usable)
            .map(|observation| ((observation.duration_seconds, observation.is_event), observation.entry_seconds))
            .unzip();
        let left_out = observations.len() - exits.len();
        Self::from_exits(exits, entries, left_out)
    }

    /// `entries` is empty when all were there from the start.
    fn from_exits(mut exits: Vec<(f64, bool)>, mut entries: Vec<f64>, left_out: usize) -> Self {
        exits.sort_unstable_by(|left, right| left.0.total_cmp(&right.0));
        entries.sort_unstable_by(f64::total_cmp);
        let n = exits.len();
        let (mut steps, mut survival, mut hazard_variance) = (Vec::with_capacity(n), 1.0, 0.0);
        let (mut gone, mut entered, mut ended, mut is_complete) = (0, 0, 0, true);
        for ties in exits.chunk_by(|left, right| left.0 == right.0) {
            let time_seconds = ties[0].0;
            entered += entries[entered..].iter().take_while(|entry| **entry < time_seconds).count();
            let at_risk = if entries.is_empty() { n - gone } else { entered - gone };
            let events = ties.iter().filter(|(_, is_event)| *is_event).count();
            if events > 0 {
                is_complete &= at_risk == n - ended;
                let (risk, died) = (at_risk as f64, events as f64);
                survival *= (risk - died) / risk;
                hazard_variance += died / (risk * (risk - died));
                let greenwood_variance = (survival > 0.0).then_some(survival * survival * hazard_variance);
                let (at_risk, events) = (at_risk as u64, events as u64);
                steps.push(Step { time_seconds, at_risk, events, survival, greenwood_variance, is_complete });
            }
            gone += ties.len();
            ended += events;
        }
        Self {
            steps,
            n: n as u64,
            censored: (n - ended) as u64,
            left_out: left_out as u64,
            last_seconds: exits.last().map(|(time_seconds, _)| *time_seconds),
        }
    }

    /// The steps, one for each distinct time with an event, in ascending time.
    pub fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// How many observations the curve stands on, open ones included.
    pub fn n(&self) -> u64 {
        self.n
    }

    /// How many of them are still open.
    pub fn censored(&self) -> u64 {
        self.censored
    }

    /// How many observations could not be used.
    pub fn left_out(&self) -> u64 {
        self.left_out
    }

    /// The share estimated to last longer than `time_seconds`. `None` without observations and after the last one, when
    /// that was open: beyond it nothing is known.
    pub fn survival_after(&self, time_seconds: f64) -> Option<f64> {
        let passed = self.steps.partition_point(|step| step.time_seconds <= time_seconds);
        let survival = if passed == 0 { 1.0 } else { self.steps[passed - 1].survival };
        (survival == 0.0 || time_seconds <= self.last_seconds?).then_some(survival)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::statistics::reference::{close, close_interval, numbers, observations, rows, survival};

    #[test]
    fn curves_agree_with_r_survival() {
        for case in rows(&survival()["cases"]) {
            let curve = Survival::fit(&observations(&case));
            let expected = &case["steps"];
            let column = |name: &str| numbers(&expected[name]);
            assert_eq!(curve.steps().iter().map(|step| step.time_seconds).collect::<Vec<_>>(), column("time"));
            assert_eq!(curve.steps().iter().map(|step| step.at_risk as f64).collect::<Vec<_>>(), column("at_risk"));
            assert_eq!(curve.steps().iter().map(|step| step.events as f64).collect::<Vec<_>>(), column("events"));
            for (index, step) in curve.steps().iter().enumerate() {
                close(Some(step.survival), expected["survival"][index].as_f64());
                close(step.greenwood_variance, expected["greenwood_variance"][index].as_f64());
                close_interval(step.survival_interval(), &expected["interval"][index]);
            }
        }
    }

    #[test]
    fn curves_of_late_entries_agree_with_r_survival() {
        let case = &survival()["delayed"];
        let late: Vec<_> = numbers(&case["entry"])
            .into_iter()
            .zip(observations(case))
            .map(|(entry_seconds, Observation { duration_seconds, is_event })| DelayedObservation {
                entry_seconds,
                duration_seconds,
                is_event,
            })
            .collect();
        let curve = Survival::fit_delayed(&late);
        assert_eq!(curve.steps().len(), rows(&case["steps"]["time"]).len());
        for (index, step) in curve.steps().iter().enumerate() {
            assert_eq!(Some(step.at_risk), case["steps"]["at_risk"][index].as_u64());
            close(Some(step.survival), case["steps"]["survival"][index].as_f64());
            close(step.greenwood_variance, case["steps"]["greenwood_variance"][index].as_f64());
        }
    }

    #[test]
    fn a_curve_of_nothing_and_of_one_is_defined() {
        let empty = Survival::fit(&[]);
        assert_eq!((empty.n(), empty.steps().len(), empty.survival_after(0.0)), (0, 0, None));
        let open = Survival::fit(&[Observation { duration_seconds: 5.0, is_event: false }]);
        assert_eq!((open.censored(), open.survival_after(4.0), open.survival_after(6.0)), (1, Some(1.0), None));
        let done = Survival::fit(&[Observation { duration_seconds: 5.0, is_event: true }]);
        assert_eq!((done.survival_after(4.0), done.survival_after(6.0)), (Some(1.0), Some(0.0)));
        assert_eq!(done.steps()[0].greenwood_variance, None);
        assert_eq!(Survival::fit(&[Observation { duration_seconds: f64::NAN, is_event: true }]).left_out(), 1);
    }

    proptest! {
        #[test]
        fn entries_at_the_start_change_nothing(seen in prop::collection::vec((1..40u32, any::<bool>()), 0..80)) {
            let plain: Vec<_> = seen
                .iter()
                .map(|(time, is_event)| Observation { duration_seconds: f64::from(*time), is_event: *is_event })
                .collect();
            let late: Vec<_> = seen
                .iter()
                .rev()
                .map(|(time, is_event)| DelayedObservation {
                    entry_seconds: 0.0,
                    duration_seconds: f64::from(*time),
                    is_event: *is_event,
                })
                .collect();
            prop_assert_eq!(Survival::fit(&plain), Survival::fit_delayed(&late));
        }
    }
}
