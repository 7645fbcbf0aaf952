//! What would turn an answer to yes.

use truelevel_assess::Catalog;
use truelevel_assess::conditions::{Bound, Subject};
use truelevel_metrics::statistics::wilson_interval;
use truelevel_model::Unit;
use truelevel_model::assessment::{Answer, QuestionPart, QuestionResult};
use truelevel_report::numbers;

/// Beyond so many further events nobody would wait for them.
const FURTHEST: u64 = 1_000;
/// Order statistics give a median no interval below this.
const FEWEST_FOR_A_MEDIAN: u64 = 6;

/// Says of every part that is not answered yes what would make it so.
pub(crate) fn fill(catalog: &Catalog, questions: &mut [QuestionResult]) {
    for result in questions {
        let Some(question) = catalog.question(&result.question) else { continue };
        for (part, condition) in result.parts.iter_mut().zip(question.requirement.conditions()) {
            let bound = match &condition.subject {
                Subject::Metric { bound, .. } => Some(bound),
                Subject::Practice { .. } => None,
            };
            // What can only say no turns nothing to yes.
            let is_asked = part.answer.is_some_and(|answer| answer != Answer::Yes);
            let turns = is_asked && condition.decides != Some(Answer::No);
            part.turned_by = turns.then(|| turned_by(part, bound));
        }
    }
}

fn turned_by(part: &QuestionPart, bound: Option<&Bound>) -> String {
    if let Some(services) = part.services.as_ref().filter(|_| part.is_median || part.value.is_none()) {
        return by_services(services.yes, services.yes + services.no + services.unknown);
    }
    match bound {
        _ if part.is_proxy => "deployments are known: releases stand in for them, and prove nothing".to_owned(),
        Some(bound) if part.value.is_some() => by_metric(part, bound),
        Some(_) => "it can be measured".to_owned(),
        None => format!("something shows that it is {} in the window", part.wanted),
    }
}

/// How many more services must say yes so that four of five do.
fn by_services(yes: u64, of: u64) -> String {
    let needed = (of * 4).div_ceil(5).saturating_sub(yes);
    let verb = if needed == 1 { "says" } else { "say" };
    format!("{needed} more of {} {verb} yes", numbers::count(of, "service"))
}

fn by_metric(part: &QuestionPart, bound: &Bound) -> String {
    let unit = part.unit.unwrap_or(Unit::Count);
    let (Some(value), n) = (part.value, part.n.unwrap_or(0)) else { return "it can be measured".to_owned() };
    let Some(low) = part.low else {
        let fewest = FEWEST_FOR_A_MEDIAN.saturating_sub(n).max(1);
        return format!("at least {} show the same", numbers::count(fewest, "further observation"));
    };
    if unit == Unit::Ratio
        && part.answer != Some(Answer::No)
        && let Some(further) = further_good(value, n, bound)
    {
        return format!("the next {} in a row {}", numbers::digits(further as f64), good(&part.subject));
    }
    let high = part.high.map_or_else(|| "without end".to_owned(), |high| numbers::value(unit, high));
    format!("all of its range, now {} to {high}, is {}", numbers::value(unit, low), part.wanted)
}

/// What an event does that speaks for a yes.
fn good(subject: &str) -> &'static str {
    match subject {
        "change_fail_rate" => "do not fail",
        "restored_within_an_hour_share" => "are mended within an hour",
        "golden_path_share" => "go over a golden path",
        _ => "are good",
    }
}

/// How many further good events bring the whole interval of a share over the bound.
fn further_good(value: f64, n: u64, bound: &Bound) -> Option<u64> {
    let part = (value * n as f64).round() as u64;
    (1..=FURTHEST).find(|further| {
        let good = if bound.is_lower { part + further } else { part };
        wilson_interval(good, n + further).is_some_and(|interval| {
            if bound.is_lower { interval.low > bound.value } else { interval.high <= bound.value }
        })
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use truelevel_assess::conditions::Known;
    use truelevel_assess::questions::{Standing, ask_service};
    use truelevel_model::assessment::AnswerServices;
    use truelevel_model::deployment_data::DeploymentData;

    use super::*;

    fn bound(value: f64, is_lower: bool) -> Bound {
        Bound { value, is_lower, is_inclusive: !is_lower, text: String::new() }
    }

    #[test]
    fn so_many_good_events_decide_a_share() {
        assert_eq!(
            further_good(0.0, 10, &bound(0.2, false)),
            Some(6),
            "no failure in 16: Wilson's upper end is 19.4 %"
        );
        assert_eq!(further_good(1.0, 2, &bound(0.5, true)), Some(2), "four of four");
        assert_eq!(further_good(0.9, 1_000_000, &bound(0.2, false)), None, "nobody would wait for that");
    }

    #[test]
    fn four_of_five_services_turn_an_organisation() {
        assert_eq!(by_services(3, 10), "5 more of 10 services say yes");
        assert_eq!(by_services(0, 48), "39 more of 48 services say yes");
    }

    #[test]
    fn what_would_turn_an_answer_agrees_with_the_answer() {
        let mut questions = chain();
        // Three of six services say yes to one part, and none to all of them.
        let counts = |yes, no| AnswerServices { yes, no, ..AnswerServices::default() };
        let [fails, mended] = &mut questions[2].parts[..] else { panic!("two parts") };
        (fails.answer, fails.services) = (Some(Answer::No), Some(counts(3, 3)));
        (mended.answer, mended.services) = (Some(Answer::Unknown), Some(counts(0, 0)));
        (mended.value, mended.low, mended.high, mended.n) = (Some(0.25), Some(0.06), Some(0.6), Some(8));
        mended.unit = Some(Unit::Ratio);
        let released = &mut questions[1].parts[0];
        (released.answer, released.is_proxy, released.value) = (Some(Answer::Unknown), true, Some(3600.0));
        fill(&Catalog::embedded().unwrap(), &mut questions);
        let turned =
            |question: usize, part: usize| questions[question].parts[part].turned_by.clone().unwrap_or_default();
        assert_eq!(turned(2, 0), "2 more of 6 services say yes");
        assert_eq!(turned(2, 1), "the next 13 in a row are mended within an hour", "15 of 21: from 50.05 %");
        assert!(turned(1, 0).starts_with("deployments are known"), "no further release turns it");
    }

    /// The questions of a service of which nothing is known.
    fn chain() -> Vec<QuestionResult> {
        let nothing = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
        let known = Known {
            detections: &nothing.0,
            metrics: &nothing.1,
            before: &|| None,
            web_addresses: &nothing.2,
            provable_by: &|_, _| String::new(),
        };
        let deployment_data = DeploymentData::Reported;
        let standing = Standing { deployment_data, has_repository: true, leads_to_commits: true };
        ask_service(&Catalog::embedded().unwrap(), known, standing)
    }
}
