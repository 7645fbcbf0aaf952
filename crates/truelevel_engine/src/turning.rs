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
        let services = result.services.as_ref().map(|counts| (counts.yes, counts.yes + counts.no + counts.unknown));
        let Some(question) = catalog.question(&result.question) else { continue };
        for (part, condition) in result.parts.iter_mut().zip(question.requirement.conditions()) {
            part.turned_by = match (part.answer, &condition.subject) {
                (None | Some(Answer::Yes), _) => None,
                (Some(_), Subject::Metric { bound, .. }) if part.value.is_some() => Some(by_metric(part, bound)),
                (Some(answer), _) => Some(match services {
                    Some((yes, of)) => by_services(yes, of),
                    None => by_data(part, answer),
                }),
            };
        }
    }
}

/// How many more services must say yes so that four of five do.
fn by_services(yes: u64, of: u64) -> String {
    let needed = (of * 4).div_ceil(5).saturating_sub(yes);
    format!("{needed} more of {} that say yes", numbers::count(of, "service"))
}

fn by_data(part: &QuestionPart, answer: Answer) -> String {
    match (part.unit, answer) {
        (Some(_), _) => "data to measure it by".to_owned(),
        (None, Answer::No) => format!("{}, in the window", part.wanted),
        (None, _) => format!("evidence that it is {} in the window", part.wanted),
    }
}

fn by_metric(part: &QuestionPart, bound: &Bound) -> String {
    let unit = part.unit.unwrap_or(Unit::Count);
    let (Some(value), n) = (part.value, part.n.unwrap_or(0)) else { return "data to measure it by".to_owned() };
    let whole = format!("an interval that lies {} as a whole", part.wanted);
    match (part.answer, part.low) {
        (_, None) => {
            let fewest = FEWEST_FOR_A_MEDIAN.saturating_sub(n).max(1);
            format!("{whole}; at least {} for an interval", numbers::count(fewest, "further observation"))
        }
        (Some(Answer::No), Some(low)) => {
            let nearest = if bound.is_lower { part.high.unwrap_or(value) } else { low };
            format!("{whole}; its near end is {}", numbers::value(unit, nearest))
        }
        _ if unit == Unit::Ratio => match further_good(value, n, bound) {
            Some(further) => format!("{} in a row that are good", numbers::count(further, "further event")),
            None => whole,
        },
        (_, Some(low)) => {
            let worst = if bound.is_lower { Some(low) } else { part.high };
            let worst =
                worst.map_or_else(|| "has no end".to_owned(), |end| format!("is {}", numbers::value(unit, end)));
            format!("{whole}; its far end {worst}")
        }
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
        assert_eq!(by_services(3, 10), "5 more of 10 services that say yes");
        assert_eq!(by_services(0, 48), "39 more of 48 services that say yes");
    }
}
