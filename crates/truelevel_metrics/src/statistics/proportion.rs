//! Intervals for a share: so many of so many independent trials. They must not know what a failure is.

use super::distributions::{beta_quantile, normal_deviate};
use super::{ALPHA, Interval};

/// The Wilson score interval of a share, between 0 and 1 (Wilson 1927). Its true coverage averages 95 % and may fall
/// below for single shares; it is what reports show.
///
/// `None` when there are no trials or more `events` than `trials`.
pub fn wilson_interval(events: u64, trials: u64) -> Option<Interval> {
    if trials == 0 || events > trials {
        return None;
    }
    Some(wilson(events as f64 / trials as f64, trials as f64))
}

/// The Wilson score interval of a share over several groups of trials, of which each may have its own share: each group
/// is `(events, trials)`. Where groups differ by more than chance, the trials count for fewer, by the design effect of the
/// ratio estimator (Rao and Scott 1981); never for more.
///
/// `None` as for [`wilson_interval`], of all groups together.
pub fn wilson_interval_of_groups(groups: &[(u64, u64)]) -> Option<Interval> {
    let (events, trials) = groups.iter().fold((0, 0), |(events, trials), group| (events + group.0, trials + group.1));
    if trials == 0 || events > trials {
        return None;
    }
    let (n, share) = (trials as f64, events as f64 / trials as f64);
    let filled = groups.iter().filter(|(_, trials)| *trials > 0).count() as f64;
    let squares: f64 = groups.iter().map(|(events, trials)| (*events as f64 - share * *trials as f64).powi(2)).sum();
    let by_chance = n * share * (1.0 - share);
    let effect = if filled > 1.0 && by_chance > 0.0 { filled / (filled - 1.0) * squares / by_chance } else { 1.0 };
    Some(wilson(share, n / effect.max(1.0)))
}

/// Wilson's interval of a share of so many trials, which a design effect may have made fractional.
fn wilson(share: f64, n: f64) -> Interval {
    let z = normal_deviate();
    let z_squared_per_trial = z * z / n;
    let centre = share + z_squared_per_trial / 2.0;
    let half_width = (z_squared_per_trial * (share * (1.0 - share) + z_squared_per_trial / 4.0)).sqrt();
    let scale = 1.0 + z_squared_per_trial;
    // Rounding must not turn "none" or "all" into almost.
    let low = if share == 0.0 { 0.0 } else { (centre - half_width) / scale };
    let high = if share == 1.0 { 1.0 } else { (centre + half_width) / scale };
    Interval { low, high }
}

/// The Clopper–Pearson interval of a share, between 0 and 1 (Clopper and Pearson 1934). Its coverage is never below
/// 95 %, each side misses with at most 2.5 %, and it is wider than Wilson's.
///
/// `None` as for [`wilson_interval`].
pub fn clopper_pearson_interval(events: u64, trials: u64) -> Option<Interval> {
    if trials == 0 || events > trials {
        return None;
    }
    Some(clopper_pearson(events as f64, trials as f64))
}

/// The one-sided 95 % upper bound of a share (Clopper and Pearson 1934): the largest share that the observation leaves
/// plausible. "No failure in `n` proves at most 5 %" is this bound, from n = 59 on; the upper ends of the two-sided
/// intervals get there at 72 (Clopper–Pearson) and 73 (Wilson).
///
/// `None` as for [`wilson_interval`].
pub fn clopper_pearson_upper_bound(events: u64, trials: u64) -> Option<f64> {
    if trials == 0 || events > trials {
        return None;
    }
    Some(upper_end(events as f64, trials as f64, ALPHA))
}

/// Clopper–Pearson for counts that an overdispersion may have made fractional; 0 ≤ `events` ≤ `trials`, `trials` above 0.
pub(super) fn clopper_pearson(events: f64, trials: f64) -> Interval {
    let half = ALPHA / 2.0;
    let low = if events == 0.0 { 0.0 } else { beta_quantile(half, events, trials - events + 1.0) };
    Interval { low, high: upper_end(events, trials, half) }
}

fn upper_end(events: f64, trials: f64, tail: f64) -> f64 {
    if events == trials {
        return 1.0;
    }
    if events == 0.0 {
        return -(tail.ln() / trials).exp_m1();
    }
    beta_quantile(1.0 - tail, events + 1.0, trials - events)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::statistics::reference::{close_interval, distributions, rows};

    #[test]
    fn intervals_agree_with_r() {
        for row in rows(&distributions()["proportions"]) {
            let (events, trials) = (row["events"].as_u64().unwrap(), row["trials"].as_u64().unwrap());
            close_interval(wilson_interval(events, trials), &row["wilson"]);
            close_interval(clopper_pearson_interval(events, trials), &row["clopper_pearson"]);
        }
    }

    #[test]
    fn one_failure_in_thirteen_leaves_1_to_33_percent() {
        let interval = wilson_interval(1, 13).unwrap();
        assert_eq!(format!("{:.1} {:.0}", interval.low * 100.0, interval.high * 100.0), "1.4 33");
    }

    #[test]
    fn no_failures_prove_a_rate_only_after_the_published_number_of_deployments() {
        for (rate, needed) in [(0.02, 149), (0.05, 59), (0.10, 29), (0.15, 19)] {
            assert!(clopper_pearson_upper_bound(0, needed).unwrap() <= rate);
            assert!(clopper_pearson_upper_bound(0, needed - 1).unwrap() > rate);
        }
        let first = |end: fn(u64) -> f64| (1..200).find(|n| end(*n) <= 0.05).unwrap();
        assert_eq!(first(|n| clopper_pearson_interval(0, n).unwrap().high), 72);
        assert_eq!(first(|n| wilson_interval(0, n).unwrap().high), 73);
    }

    #[test]
    fn groups_that_differ_widen_the_interval_and_those_that_agree_do_not_narrow_it() {
        let width = |groups: &[(u64, u64)]| wilson_interval_of_groups(groups).map(|it| it.high - it.low).unwrap();
        let alone = wilson_interval(20, 80).unwrap();
        assert_eq!(wilson_interval_of_groups(&[(20, 80)]), Some(alone));
        assert_eq!(wilson_interval_of_groups(&[(5, 20); 4]), Some(alone), "they agree better than chance would");
        // Two groups with all and two with none: 4/3 × 4 × 100 ÷ (80 × 1/4) is a design effect of 26.7, so n is 3.
        let unlike = wilson_interval_of_groups(&[(20, 20), (20, 20), (0, 20), (0, 20)]).unwrap();
        assert!((unlike.low - 0.125_334).abs() < 1e-5 && (unlike.high - 0.874_666).abs() < 1e-5, "{unlike:?}");
        assert!(width(&[(10, 20), (0, 20), (10, 20), (0, 20)]) > alone.high - alone.low);
        assert_eq!(wilson_interval_of_groups(&[(0, 9), (0, 4)]), wilson_interval(0, 13));
        assert_eq!(wilson_interval_of_groups(&[(0, 0)]), None);
    }

    #[test]
    fn no_trials_say_nothing() {
        assert_eq!(wilson_interval(0, 0), None);
        assert_eq!(clopper_pearson_interval(0, 0), None);
        assert_eq!(clopper_pearson_upper_bound(2, 1), None);
        assert_eq!(wilson_interval(1, 1).unwrap().high, 1.0);
        assert_eq!(clopper_pearson_interval(0, 1).unwrap().low, 0.0);
    }

    proptest! {
        #[test]
        fn intervals_contain_the_share_and_one_more_failure_moves_them_up(trials in 1..5000u64, part in 0.0..1.0f64) {
            let events = (trials as f64 * part) as u64;
            let share = events as f64 / trials as f64;
            for interval in [wilson_interval, clopper_pearson_interval] {
                let now = interval(events, trials).unwrap();
                let worse = interval(events + 1, trials).unwrap();
                prop_assert!(now.contains(share));
                prop_assert!(now.low < worse.low && now.high < worse.high || worse.high == 1.0);
            }
        }
    }
}
