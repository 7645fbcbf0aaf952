//! Whether a condition holds, given what was measured and detected.

use std::borrow::Cow;
use std::collections::BTreeMap;

use truelevel_model::assessment::{Answer, EvidenceResult, GateOutcome, OwnThreshold};
use truelevel_model::{Detection, Evidence, Grade, Locator, Measurement};

use crate::catalog::Requirement;
use crate::links;
use crate::own::OwnBound;

/// What a condition is about.
#[derive(Clone, Debug, PartialEq)]
pub enum Subject {
    /// A practice seen with at least this grade.
    Practice {
        /// The practice's id.
        practice: String,
        /// What it must have shown.
        grade: Grade,
    },
    /// A metric within a bound.
    Metric {
        /// The metric's id.
        metric: String,
        /// The bound.
        bound: Bound,
    },
}

/// One condition of a gate or question.
#[derive(Clone, Debug, PartialEq)]
pub struct Condition {
    /// What it is about.
    pub subject: Subject,
    /// It must have held in the window before, too.
    pub held_before: bool,
    /// A threshold of the workspace's own.
    pub own_bound: Option<OwnBound>,
    /// A count among the metric's details without which there is nothing to ask of.
    pub if_any: Option<String>,
    /// Where single services cannot tell, the events of all of them together decide.
    pub is_pooled: bool,
    /// The only answer that it can give, where it is not enough to give the other one.
    pub decides: Option<Answer>,
}

/// The edge of what is good enough.
#[derive(Clone, Debug, PartialEq)]
pub struct Bound {
    /// The edge, in the metric's unit.
    pub value: f64,
    /// Good is above the edge; otherwise below.
    pub is_lower: bool,
    /// The edge itself is good.
    pub is_inclusive: bool,
    /// As the catalog writes it.
    pub text: String,
}

impl Bound {
    pub(crate) fn holds(&self, value: f64) -> bool {
        (self.is_inclusive && value == self.value)
            || if self.is_lower { value > self.value } else { value < self.value }
    }

    /// Whether everything that this bound lets pass, the other one does too.
    pub(crate) fn is_at_least_as_strict_as(&self, other: &Self) -> bool {
        let beyond = if self.is_lower { self.value > other.value } else { self.value < other.value };
        let is_as_strict_at_edge = self.value == other.value && (!self.is_inclusive || other.is_inclusive);
        self.is_lower == other.is_lower && (beyond || is_as_strict_at_edge)
    }

    /// The side of the edge in words: `at least`, `less than`.
    pub const fn words(&self) -> &'static str {
        match (self.is_lower, self.is_inclusive) {
            (true, true) => "at least",
            (true, false) => "more than",
            (false, true) => "at most",
            (false, false) => "less than",
        }
    }
}

/// What a service's facts showed in the window before.
#[derive(Clone, Debug, Default)]
pub struct Before {
    /// What was shown, by practice.
    pub detections: BTreeMap<Cow<'static, str>, Detection>,
    /// What was measured, by metric.
    pub metrics: BTreeMap<&'static str, Measurement>,
}

/// What is known of a service when its gates are judged.
#[derive(Clone, Copy)]
pub struct Known<'a> {
    /// What was detected, by practice.
    pub detections: &'a BTreeMap<Cow<'static, str>, Detection>,
    /// What was measured, by metric.
    pub metrics: &'a BTreeMap<&'static str, Measurement>,
    /// The window before; none where what is known does not go back to its start. Asked only when it decides.
    pub before: &'a dyn Fn() -> Option<&'a Before>,
    /// The web address of each repository that has one.
    pub web_addresses: &'a BTreeMap<String, String>,
    /// What would show a practice that files declare in a grade. Asked only for those.
    pub provable_by: &'a dyn Fn(&str, Grade) -> String,
}

/// The verdict on a condition or on several.
#[derive(Clone, Debug, PartialEq)]
pub struct Verdict {
    /// Whether it holds.
    pub outcome: GateOutcome,
    /// Why, a sentence for each condition.
    pub because: Vec<String>,
    /// It is declared, and not shown to run or to work.
    pub is_intention: bool,
    /// It was measured, and the sample decides neither way: more data of the same kind would.
    pub is_undecided: bool,
    /// What would prove what is only declared.
    pub provable_by: Vec<String>,
    /// It was measured with an interval, which holds both sides of the bound.
    pub is_close: bool,
    /// The proofs.
    pub evidence: Vec<EvidenceResult>,
    /// Whether it holds when easier thresholds of the workspace's own count.
    pub eased: GateOutcome,
    /// The thresholds of the workspace's own.
    pub own_thresholds: Vec<OwnThreshold>,
}

/// Judges all conditions of a requirement.
pub fn judge(requirement: &Requirement, known: Known<'_>) -> Verdict {
    let judged = requirement.conditions().iter().map(|condition| judge_one(condition, known));
    let verdicts: Vec<Verdict> = match (requirement, speaking(requirement, known)) {
        (Requirement::FirstKnown(_), Some(first)) => judged.skip(first).take(1).collect(),
        _ => judged.collect(),
    };
    let outcome = together(requirement, verdicts.iter().map(|verdict| verdict.outcome));
    Verdict {
        outcome,
        eased: together(requirement, verdicts.iter().map(|verdict| verdict.eased)),
        own_thresholds: verdicts.iter().flat_map(|verdict| verdict.own_thresholds.clone()).collect(),
        is_intention: outcome == GateOutcome::Unknown && verdicts.iter().any(|verdict| verdict.is_intention),
        is_close: outcome == GateOutcome::Unknown && verdicts.iter().any(|verdict| verdict.is_close),
        is_undecided: outcome == GateOutcome::Unknown && {
            let mut unknown = verdicts.iter().filter(|verdict| verdict.outcome == GateOutcome::Unknown);
            match requirement {
                Requirement::All(_) => unknown.all(|verdict| verdict.is_undecided),
                // One alternative that is measured is enough: more of the same data would decide.
                Requirement::Any(_) | Requirement::FirstKnown(_) => unknown.any(|verdict| verdict.is_undecided),
            }
        },
        because: verdicts
            .iter()
            .filter(|verdict| matches!(requirement, Requirement::Any(_)) || verdict.outcome == outcome)
            .flat_map(|verdict| verdict.because.clone())
            .collect(),
        provable_by: verdicts.iter().flat_map(|verdict| verdict.provable_by.clone()).collect(),
        evidence: verdicts.into_iter().flat_map(|verdict| verdict.evidence).collect(),
    }
}

/// Which of several conditions that stand in for each other speaks: the first that says yes or no, or whose interval holds
/// both sides. What is too little to have an interval does not keep the others from speaking.
pub(crate) fn speaking(requirement: &Requirement, known: Known<'_>) -> Option<usize> {
    let Requirement::FirstKnown(conditions) = requirement else { return None };
    conditions.iter().position(|condition| {
        let verdict = judge_one(condition, known);
        verdict.outcome != GateOutcome::Unknown || (verdict.is_close && condition.decides.is_none())
    })
}

/// What the outcomes of all conditions come to.
fn together(requirement: &Requirement, outcomes: impl Iterator<Item = GateOutcome>) -> GateOutcome {
    let outcomes: Vec<GateOutcome> = outcomes.collect();
    let decisive = match requirement {
        Requirement::All(_) | Requirement::FirstKnown(_) => {
            [GateOutcome::Unmet, GateOutcome::Unknown, GateOutcome::Met]
        }
        Requirement::Any(_) => [GateOutcome::Met, GateOutcome::Unknown, GateOutcome::Unmet],
    };
    decisive.into_iter().find(|outcome| outcomes.contains(outcome)).unwrap_or(GateOutcome::NotApplicable)
}

/// Judges one condition.
pub(crate) fn judge_one(condition: &Condition, known: Known<'_>) -> Verdict {
    let verdict = judge_alone(condition, known);
    match (condition.decides, verdict.outcome) {
        (Some(Answer::Yes), GateOutcome::Unmet) | (Some(Answer::No), GateOutcome::Met) => {
            let other = if verdict.outcome == GateOutcome::Met { "yes" } else { "no" };
            let because = verdict.because.iter().map(|why| format!("{why}; alone it does not mean {other}"));
            Verdict {
                because: because.collect(),
                outcome: GateOutcome::Unknown,
                eased: GateOutcome::Unknown,
                is_undecided: false,
                ..verdict
            }
        }
        _ => verdict,
    }
}

fn judge_alone(condition: &Condition, known: Known<'_>) -> Verdict {
    if let (Subject::Metric { metric, .. }, Some(events)) = (&condition.subject, &condition.if_any)
        && let Some(measured) = known.metrics.get(metric.as_str())
        && measured.details.get(events) == Some(&0.0)
    {
        let why = measured.note.clone().unwrap_or_else(|| format!("no {events}"));
        return verdict(GateOutcome::NotApplicable, format!("{}: {why}", metric.replace('_', " ")));
    }
    let by_catalog = judge_in_windows(&condition.subject, condition.held_before, known);
    let (Subject::Metric { metric, bound }, Some(own)) = (&condition.subject, &condition.own_bound) else {
        return by_catalog;
    };
    let subject = Subject::Metric { metric: metric.clone(), bound: own.bound.clone() };
    let by_own = judge_in_windows(&subject, condition.held_before, known);
    let threshold = OwnThreshold {
        metric: metric.clone(),
        own: format!("{} {}", own.bound.words(), own.bound.text),
        catalog: format!("{} {}", bound.words(), bound.text),
        outcome_by_own: by_own.outcome,
        outcome_by_catalog: by_catalog.outcome,
        reason: own.reason.clone(),
    };
    // Only a threshold that asks for more decides: no level is talked up by asking for less.
    let eased = by_own.outcome;
    let (counts, beside, whose) = if own.bound.is_at_least_as_strict_as(bound) {
        (by_own, by_catalog.outcome, format!("the catalog's, {}", threshold.catalog))
    } else {
        (by_catalog, by_own.outcome, format!("the workspace's own, {}", threshold.own))
    };
    let note = format!("by {whose}: {} ({})", beside.as_str().replace('_', " "), own.reason);
    Verdict { eased, own_thresholds: vec![threshold], because: joined(counts.because, vec![note]), ..counts }
}

fn judge_in_windows(subject: &Subject, held_before: bool, known: Known<'_>) -> Verdict {
    let now = judge_subject(subject, known);
    if !held_before || now.outcome != GateOutcome::Met {
        return now;
    }
    let Some(before) = (known.before)() else {
        let because = "what is known does not go back to the start of the window before".to_owned();
        let outcome = GateOutcome::Unknown;
        return Verdict { outcome, eased: outcome, because: joined(now.because, vec![because]), ..now };
    };
    let then = judge_subject(subject, Known { detections: &before.detections, metrics: &before.metrics, ..known });
    let because = then.because.iter().map(|why| format!("in the window before: {why}")).collect();
    Verdict {
        outcome: then.outcome,
        because: joined(now.because, because),
        is_undecided: then.is_undecided,
        is_close: then.is_close,
        is_intention: false,
        provable_by: Vec::new(),
        evidence: joined(now.evidence, then.evidence),
        eased: then.outcome,
        own_thresholds: Vec::new(),
    }
}

fn joined<T>(mut first: Vec<T>, second: Vec<T>) -> Vec<T> {
    first.extend(second);
    first
}

fn judge_subject(subject: &Subject, known: Known<'_>) -> Verdict {
    match subject {
        Subject::Practice { practice, grade } => judge_practice(practice, *grade, known),
        Subject::Metric { metric, bound } => judge_metric(metric, bound, known),
    }
}

fn verdict(outcome: GateOutcome, because: String) -> Verdict {
    Verdict {
        outcome,
        because: vec![because],
        is_intention: false,
        is_undecided: false,
        provable_by: Vec::new(),
        is_close: false,
        evidence: Vec::new(),
        eased: outcome,
        own_thresholds: Vec::new(),
    }
}

fn undecided(because: String) -> Verdict {
    Verdict { is_undecided: true, ..verdict(GateOutcome::Unknown, because) }
}

fn judge_practice(practice: &str, needed: Grade, known: Known<'_>) -> Verdict {
    let words = practice.replace('_', " ");
    match known.detections.get(practice) {
        None => verdict(GateOutcome::Unknown, format!("{words}: nothing was looked at")),
        Some(Detection::Unknown { reason }) => verdict(GateOutcome::Unknown, format!("{words}: cannot tell, {reason}")),
        Some(Detection::NotApplicable { reason }) => {
            verdict(GateOutcome::NotApplicable, format!("{words}: not applicable, {reason}"))
        }
        Some(Detection::Absent { looked_at }) => {
            verdict(GateOutcome::Unmet, format!("{words}: not found in {}", looked_at.join(", ")))
        }
        Some(detection @ Detection::Present(evidence)) => {
            let found = detection.grade().unwrap_or(Grade::Declared);
            let proofs = evidence.iter().map(|proof| shown(practice, proof, known.web_addresses)).collect();
            if found >= needed {
                let is_seen = |proof: &Evidence| proof.grade >= needed && !is_reported(proof);
                let whose = if evidence.iter().any(is_seen) { "" } else { ", by a report alone" };
                let because = format!("{words}: {}{whose}", found.as_str());
                return Verdict { evidence: proofs, ..verdict(GateOutcome::Met, because) };
            }
            let because = format!("{words}: {}, and nothing shows that it {}", found.as_str(), missing_proof(needed));
            let provable_by = vec![format!("{words}: {}", (known.provable_by)(practice, needed))];
            Verdict { is_intention: true, provable_by, evidence: proofs, ..verdict(GateOutcome::Unknown, because) }
        }
    }
}

const fn is_reported(evidence: &Evidence) -> bool {
    matches!(evidence.locator, Locator::Elsewhere { .. })
}

fn missing_proof(needed: Grade) -> &'static str {
    match needed {
        Grade::Declared => "exists",
        Grade::Exercised => "ran in the window",
        Grade::Effective => "worked in the window",
    }
}

/// Evidence as answers hold it, with an address where its repository has one.
pub fn shown(practice: &str, evidence: &Evidence, web_addresses: &BTreeMap<String, String>) -> EvidenceResult {
    let mut result = EvidenceResult {
        practice: practice.to_owned(),
        grade: evidence.grade,
        repository: None,
        commit: None,
        path: None,
        named_as: None,
        line: None,
        column: None,
        end_line: None,
        end_column: None,
        text: String::new(),
        url: None,
        is_reported: is_reported(evidence),
    };
    match &evidence.locator {
        Locator::Facts { summary } => result.text.clone_from(summary),
        Locator::Elsewhere { summary, address } => {
            result.text.clone_from(summary);
            // An address is shown as a link, so only those that a browser opens safely are taken for one.
            let is_web = |address: &&String| address.starts_with("https://") || address.starts_with("http://");
            result.url = address.as_ref().filter(is_web).cloned();
        }
        Locator::File { repository, commit, path, named_as, line, column, end_line, end_column, text } => {
            let positive = |number: u32| (number > 0).then_some(number);
            let address = web_addresses.get(repository.as_str());
            result.url = address.map(|address| links::file(address, *commit, path, positive(*line)));
            result.repository = Some(repository.as_str().to_owned());
            result.commit = Some(commit.to_string());
            result.path = Some(path.clone());
            result.named_as.clone_from(named_as);
            (result.line, result.column, result.end_column) =
                (positive(*line), positive(*column), positive(*end_column));
            result.end_line = positive(*end_line);
            result.text.clone_from(text);
        }
    }
    result
}

fn judge_metric(metric: &str, bound: &Bound, known: Known<'_>) -> Verdict {
    match known.metrics.get(metric) {
        Some(measured) => judge_measured(metric, bound, measured),
        None => verdict(GateOutcome::Unknown, format!("{}: not measured", metric.replace('_', " "))),
    }
}

/// Judges a measurement by its whole interval.
pub(crate) fn judge_measured(metric: &str, bound: &Bound, measured: &Measurement) -> Verdict {
    let words = metric.replace('_', " ");
    let wanted = format!("{} {}", bound.words(), bound.text);
    let why = |default: &str| measured.note.clone().unwrap_or_else(|| default.to_owned());
    if measured.is_proxy {
        return verdict(
            GateOutcome::Unknown,
            format!("{words}: release tags stand in for deployments and prove nothing here"),
        );
    }
    // A value that is only known to lie beyond something can still fail the bound, or hold it.
    if measured.value.is_none() {
        return match measured.at_least {
            Some(least) if !bound.is_lower && !bound.holds(least) => {
                verdict(GateOutcome::Unmet, format!("{words}: beyond what is {wanted}, too much is still open"))
            }
            _ => verdict(GateOutcome::Unknown, format!("{words}: {}", why("no value"))),
        };
    }
    let Some(low) = measured.low else {
        return undecided(format!("{words}: too few observations ({}) to tell", measured.n));
    };
    let high = measured.high.unwrap_or(f64::INFINITY);
    let (pessimistic, optimistic) = if bound.is_lower { (low, high) } else { (high, low) };
    if bound.holds(pessimistic) && !measured.is_lower_bound {
        verdict(GateOutcome::Met, format!("{words}: {wanted}, whole interval"))
    } else if !bound.holds(optimistic) {
        verdict(GateOutcome::Unmet, format!("{words}: not {wanted}, whole interval"))
    } else if measured.is_lower_bound {
        verdict(GateOutcome::Unknown, format!("{words}: {}", why("only a lower bound is known")))
    } else {
        Verdict { is_close: true, ..undecided(format!("{words}: the interval holds both sides of {}", bound.text)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use truelevel_model::{Evidence, Time, Unit};

    fn detected(grade: Grade) -> Detection {
        let locator = Locator::Facts { summary: "3 rollbacks".into() };
        Detection::Present(vec![Evidence { grade, locator, observed_at: Time::from_seconds(0) }])
    }

    fn practice(grade: Grade) -> Condition {
        Condition {
            subject: Subject::Practice { practice: "rollback_path".into(), grade },
            held_before: false,
            own_bound: None,
            if_any: None,
            is_pooled: false,
            decides: None,
        }
    }

    fn check_practice(detection: Option<Detection>, needed: Grade, expected: GateOutcome) {
        let detections = detection.map(|detection| ("rollback_path".into(), detection)).into_iter().collect();
        let known = known(&detections, NO_METRICS, &|| None);
        assert_eq!(judge(&Requirement::All(vec![practice(needed)]), known).outcome, expected);
    }

    #[test]
    fn what_is_only_declared_is_an_intention_and_proves_no_more() {
        check_practice(Some(detected(Grade::Declared)), Grade::Declared, GateOutcome::Met);
        check_practice(Some(detected(Grade::Declared)), Grade::Exercised, GateOutcome::Unknown);
        check_practice(Some(detected(Grade::Effective)), Grade::Exercised, GateOutcome::Met);
    }

    #[test]
    fn absent_is_unmet_and_not_looked_at_is_unknown() {
        check_practice(
            Some(Detection::Absent { looked_at: vec!["*.yml".into()] }),
            Grade::Declared,
            GateOutcome::Unmet,
        );
        check_practice(Some(Detection::Unknown { reason: "x".into() }), Grade::Declared, GateOutcome::Unknown);
        check_practice(None, Grade::Declared, GateOutcome::Unknown);
        check_practice(
            Some(Detection::NotApplicable { reason: "x".into() }),
            Grade::Declared,
            GateOutcome::NotApplicable,
        );
    }

    static NO_METRICS: &BTreeMap<&str, Measurement> = &BTreeMap::new();
    static NO_DETECTIONS: &BTreeMap<Cow<'static, str>, Detection> = &BTreeMap::new();

    fn known<'a>(
        detections: &'a BTreeMap<Cow<'static, str>, Detection>,
        metrics: &'a BTreeMap<&'static str, Measurement>,
        before: &'a dyn Fn() -> Option<&'a Before>,
    ) -> Known<'a> {
        static NOWHERE: BTreeMap<String, String> = BTreeMap::new();
        Known { detections, metrics, before, web_addresses: &NOWHERE, provable_by: &|_, _| "a run".to_owned() }
    }

    fn measured(value: Option<f64>, low: Option<f64>, high: Option<f64>) -> Measurement {
        Measurement { value, low, high, ..Measurement::missing("m/1", Unit::Seconds, "2024", "why") }
    }

    fn under_ten_seconds(held_before: bool) -> Requirement {
        let bound = Bound { value: 10.0, is_lower: false, is_inclusive: false, text: "10 seconds".into() };
        Requirement::All(vec![Condition {
            subject: Subject::Metric { metric: "m".into(), bound },
            held_before,
            own_bound: None,
            if_any: None,
            is_pooled: false,
            decides: None,
        }])
    }

    fn check_metric(value: Option<f64>, low: Option<f64>, high: Option<f64>, expected: GateOutcome) {
        let metrics = BTreeMap::from([("m", measured(value, low, high))]);
        let known = known(NO_DETECTIONS, &metrics, &|| None);
        assert_eq!(judge(&under_ten_seconds(false), known).outcome, expected);
    }

    #[test]
    fn a_metric_decides_only_with_its_whole_interval() {
        check_metric(Some(5.0), Some(4.0), Some(9.0), GateOutcome::Met);
        check_metric(Some(5.0), Some(4.0), Some(11.0), GateOutcome::Unknown);
        check_metric(Some(20.0), Some(10.0), Some(30.0), GateOutcome::Unmet);
        check_metric(Some(5.0), None, None, GateOutcome::Unknown);
        check_metric(Some(5.0), Some(4.0), None, GateOutcome::Unknown);
        check_metric(None, None, None, GateOutcome::Unknown);
    }

    fn check_two_windows(now: (f64, f64), before: Option<(f64, f64)>, expected: GateOutcome, why: &str) {
        let metrics = |(low, high)| BTreeMap::from([("m", measured(Some(low), Some(low), Some(high)))]);
        let (now, before) = (metrics(now), before.map(|span| Before { metrics: metrics(span), ..Before::default() }));
        let verdict = judge(&under_ten_seconds(true), known(NO_DETECTIONS, &now, &|| before.as_ref()));
        assert_eq!(verdict.outcome, expected, "{verdict:?}");
        assert!(verdict.because.join("; ").contains(why), "{verdict:?}");
    }

    #[test]
    fn what_must_hold_in_two_windows_is_unknown_when_facts_do_not_go_back() {
        use GateOutcome::{Met, Unknown, Unmet};
        check_two_windows((1.0, 2.0), Some((3.0, 4.0)), Met, "in the window before: m: less than 10 seconds");
        check_two_windows((1.0, 2.0), Some((11.0, 12.0)), Unmet, "in the window before: m: not less than 10 seconds");
        check_two_windows((1.0, 2.0), Some((9.0, 12.0)), Unknown, "in the window before: m: the interval holds");
        check_two_windows((1.0, 2.0), None, Unknown, "does not go back");
        check_two_windows((11.0, 12.0), None, Unmet, "not less than 10 seconds");
        check_two_windows((9.0, 12.0), Some((11.0, 12.0)), Unknown, "both sides");
    }

    #[test]
    fn the_first_condition_of_which_anything_is_known_decides() {
        let metric = |value: Option<f64>| {
            let mut measured = Measurement::missing("golden_path_share/1", Unit::Ratio, "2024", "");
            (measured.value, measured.low, measured.high) = (value, value, value);
            BTreeMap::from([("golden_path_share", measured)])
        };
        let catalog = crate::Catalog::embedded().unwrap();
        let question = catalog.question("consistent_on_a_platform").unwrap();
        let ran = Evidence {
            grade: Grade::Exercised,
            locator: Locator::Facts { summary: "1 run".into() },
            observed_at: Time::from_seconds(0),
        };
        let detections = BTreeMap::from([("shared_workflows".into(), Detection::Present(vec![ran]))]);
        let answered = |value| {
            let metrics = metric(value);
            let known = known(&detections, &metrics, &|| None);
            judge(&question.requirement, known).outcome
        };
        assert_eq!(answered(Some(0.9)), GateOutcome::Met);
        assert_eq!(answered(Some(0.1)), GateOutcome::Unmet, "what is measured comes before what stands in for it");
        assert_eq!(answered(None), GateOutcome::Met);
    }

    #[test]
    fn who_deploys_seldom_and_at_once_deploys_on_demand_and_who_waits_for_approval_does_not() {
        use GateOutcome::{Met, Unknown, Unmet};
        const HOURS: f64 = 3600.0;
        let catalog = crate::Catalog::embedded().unwrap();
        let question = catalog.question("deploy_on_demand").unwrap();
        let check = |measured: &[(&'static str, f64, f64)], expected| {
            let metric =
                |(id, low, high): &(&'static str, f64, f64)| (*id, self::measured(Some(*low), Some(*low), Some(*high)));
            let metrics = measured.iter().map(metric).collect();
            let verdict = judge(&question.requirement, known(NO_DETECTIONS, &metrics, &|| None));
            assert_eq!(verdict.outcome, expected, "{measured:?}: {verdict:?}");
        };
        let (quick, close, slow) =
            ((1.0 * HOURS, 5.0 * HOURS), (20.0 * HOURS, 30.0 * HOURS), (50.0 * HOURS, 90.0 * HOURS));
        let merged = |(low, high)| ("merge_to_deploy_time", low, high);
        let approved = |(low, high)| ("approval_wait_time", low, high);
        let (seldom, often) = (("deployment_frequency", 0.01, 0.1), ("deployment_frequency", 0.3, 0.6));
        check(&[merged(quick), seldom], Met);
        check(&[merged(slow), often], Unmet);
        check(&[merged(close), often], Unknown);
        check(&[approved(slow), merged(quick), often], Unmet);
        check(&[approved(quick), merged(slow)], Unmet);
        check(&[approved(quick), often], Met);
        check(&[approved(quick)], Unknown);
        check(&[often], Met);
        check(&[seldom], Unknown);
        let few = BTreeMap::from([
            ("merge_to_deploy_time", self::measured(Some(1.0), None, None)),
            ("deployment_frequency", self::measured(Some(0.4), Some(0.3), Some(0.5))),
        ]);
        let verdict = judge(&question.requirement, known(NO_DETECTIONS, &few, &|| None));
        assert_eq!(verdict.outcome, Met, "three changes that were found do not silence forty deployments");
    }

    #[test]
    fn a_practice_shown_only_in_this_window_has_not_held_in_two() {
        let requirement = Requirement::All(vec![Condition { held_before: true, ..practice(Grade::Effective) }]);
        let shown = BTreeMap::from([("rollback_path".into(), detected(Grade::Effective))]);
        let nothing = Detection::Unknown { reason: "no fact shows it".into() };
        let outcome = |before: Detection| {
            let before = Before { detections: BTreeMap::from([("rollback_path".into(), before)]), ..Before::default() };
            judge(&requirement, known(&shown, NO_METRICS, &|| Some(&before))).outcome
        };
        assert_eq!(outcome(nothing), GateOutcome::Unknown);
        assert_eq!(outcome(detected(Grade::Effective)), GateOutcome::Met);
    }
}
