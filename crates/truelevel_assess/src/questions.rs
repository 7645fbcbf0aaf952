//! The answers to the ordered questions: of one service, and of several together.

use std::collections::BTreeMap;

use truelevel_model::assessment::{
    Answer, AnswerServices, GateOutcome, MetricSpread, PooledShare, QuestionPart, QuestionResult,
};
use truelevel_model::{Measurement, Unit};

use crate::catalog::{Catalog, Question, Requirement};
use crate::conditions::{Bound, Condition, Known, Subject, judge, judge_measured, judge_one};
use crate::organisation::{carries, denies};

/// How many deciding services are named.
pub(crate) const NAMED_SERVICES: usize = 10;

/// Answers every question for one service.
pub fn ask_service(catalog: &Catalog, known: Known<'_>) -> Vec<QuestionResult> {
    let ask = |question: &Question| {
        let verdict = judge(&question.requirement, known);
        let answer = answer_of(verdict.outcome).unwrap_or(Answer::Unknown);
        let is_data_missing = answer == Answer::Unknown && !verdict.is_undecided;
        QuestionResult {
            question: question.id.clone(),
            text: question.text.clone(),
            answer,
            because: verdict.because,
            connect: if is_data_missing { question.connect.clone() } else { Vec::new() },
            services: None,
            parts: question.requirement.conditions().iter().map(|condition| part(condition, known)).collect(),
        }
    };
    catalog.questions.iter().map(ask).collect()
}

/// None where there is nothing to ask of.
const fn answer_of(outcome: GateOutcome) -> Option<Answer> {
    match outcome {
        GateOutcome::Met => Some(Answer::Yes),
        GateOutcome::Unmet => Some(Answer::No),
        GateOutcome::Unknown => Some(Answer::Unknown),
        GateOutcome::NotApplicable => None,
    }
}

fn part(condition: &Condition, known: Known<'_>) -> QuestionPart {
    let verdict = judge_one(condition, known);
    let measured = match &condition.subject {
        Subject::Metric { metric, .. } => known.metrics.get(metric.as_str()),
        Subject::Practice { .. } => None,
    };
    QuestionPart {
        answer: answer_of(verdict.outcome),
        because: verdict.because.join("; "),
        value: measured.and_then(|measured| measured.value),
        low: measured.and_then(|measured| measured.low),
        high: measured.and_then(|measured| measured.high),
        unit: measured.map(|measured| measured.unit),
        n: measured.map(|measured| measured.n),
        ..asked(condition)
    }
}

/// What a condition asks, not answered yet.
fn asked(condition: &Condition) -> QuestionPart {
    let (subject, wanted) = match &condition.subject {
        Subject::Practice { practice, grade } => (practice.clone(), grade.as_str().to_owned()),
        Subject::Metric { metric, bound } => (metric.clone(), format!("{} {}", bound.words(), bound.text)),
    };
    QuestionPart {
        subject,
        wanted,
        answer: None,
        because: String::new(),
        value: None,
        low: None,
        high: None,
        unit: None,
        n: None,
        turned_by: None,
    }
}

/// Answers the questions for several services: yes when at least 80 % of them say yes, no when so many say no that
/// this cannot be. Where they cannot tell, what may be counted over all of them together decides; else it is unknown.
pub fn ask_all(
    catalog: &Catalog,
    services: &[(&str, &[QuestionResult])],
    metrics: &BTreeMap<String, MetricSpread>,
) -> Vec<QuestionResult> {
    let ask = |question: &Question| {
        let answers: Vec<(&str, &QuestionResult)> = services
            .iter()
            .filter_map(|(service, results)| {
                Some((*service, results.iter().find(|result| result.question == question.id)?))
            })
            .collect();
        match answers[..] {
            [(_, only)] => only.clone(),
            _ => ask_together(question, &answers, metrics),
        }
    };
    catalog.questions.iter().map(ask).collect()
}

fn ask_together(
    question: &Question,
    answers: &[(&str, &QuestionResult)],
    metrics: &BTreeMap<String, MetricSpread>,
) -> QuestionResult {
    let tally = Tally::of(answers.iter().map(|(_, result)| result.answer));
    let of = |answer| answers.iter().filter(move |(_, result)| result.answer == answer);
    let part = |(place, condition): (usize, &Condition)| {
        let parts = answers.iter().filter_map(|(_, result)| result.parts.get(place)?.answer);
        part_together(condition, Tally::of(parts), metrics)
    };
    let parts: Vec<QuestionPart> = question.requirement.conditions().iter().enumerate().map(part).collect();
    let answer = match tally.answer() {
        Answer::Unknown => of_parts(&question.requirement, &parts),
        told => told,
    };
    let pooled = parts.iter().filter(|part| part.value.is_some()).map(|part| part.because.clone());
    let counted =
        format!("of {} services, {} yes, {} no, {} cannot tell", answers.len(), tally.yes, tally.no, tally.unknown);
    let decides = if answer == Answer::No && tally.no > 0 { Answer::No } else { Answer::Unknown };
    let lacks_data = answer == Answer::Unknown && of(Answer::Unknown).any(|(_, result)| !result.connect.is_empty());
    QuestionResult {
        question: question.id.clone(),
        text: question.text.clone(),
        answer,
        because: std::iter::once(counted).chain(pooled).collect(),
        connect: if lacks_data { question.connect.clone() } else { Vec::new() },
        services: Some(AnswerServices {
            yes: tally.yes as u64,
            no: tally.no as u64,
            unknown: tally.unknown as u64,
            deciding: of(decides).take(NAMED_SERVICES).map(|(service, _)| (*service).to_owned()).collect(),
        }),
        parts,
    }
}

/// How many services answer what.
#[derive(Clone, Copy, Default)]
struct Tally {
    yes: usize,
    no: usize,
    unknown: usize,
}

impl Tally {
    fn of(answers: impl Iterator<Item = Answer>) -> Self {
        let mut tally = Self::default();
        for answer in answers {
            match answer {
                Answer::Yes => tally.yes += 1,
                Answer::No => tally.no += 1,
                Answer::Unknown => tally.unknown += 1,
            }
        }
        tally
    }

    const fn asked(self) -> usize {
        self.yes + self.no + self.unknown
    }

    fn answer(self) -> Answer {
        match () {
            () if carries(self.yes, self.asked()) => Answer::Yes,
            () if denies(self.no, self.asked()) => Answer::No,
            () => Answer::Unknown,
        }
    }
}

/// One condition over several services.
fn part_together(condition: &Condition, tally: Tally, metrics: &BTreeMap<String, MetricSpread>) -> QuestionPart {
    let part = QuestionPart {
        answer: (tally.asked() > 0).then(|| tally.answer()),
        because: format!(
            "of {} services, {} yes, {} no, {} cannot tell",
            tally.asked(),
            tally.yes,
            tally.no,
            tally.unknown
        ),
        ..asked(condition)
    };
    let Subject::Metric { metric, bound } = &condition.subject else { return part };
    let Some(pooled) = metrics.get(metric).and_then(|spread| spread.pooled).filter(|_| condition.is_pooled) else {
        return part;
    };
    let (together, because) = judge_pooled(metric, bound, pooled);
    let part = QuestionPart {
        value: Some(pooled.part as f64 / pooled.whole as f64),
        low: Some(pooled.low),
        high: Some(pooled.high),
        unit: Some(Unit::Ratio),
        n: Some(pooled.whole),
        ..part
    };
    // What services tell themselves stands; together they speak for those that cannot.
    match part.answer {
        Some(Answer::Unknown) | None => QuestionPart { answer: Some(together), because, ..part },
        Some(_) => part,
    }
}

/// The verdict on the events of all services together.
fn judge_pooled(metric: &str, bound: &Bound, pooled: PooledShare) -> (Answer, String) {
    let measured = Measurement {
        value: Some(pooled.part as f64 / pooled.whole as f64),
        low: Some(pooled.low),
        high: Some(pooled.high),
        n: pooled.whole,
        note: None,
        ..Measurement::missing(metric, Unit::Ratio, "", "")
    };
    let verdict = judge_measured(metric, bound, &measured);
    let because = format!(
        "{} ({} of {} over all services, 95 %: {:.0} to {:.0} %)",
        verdict.because.join("; "),
        pooled.part,
        pooled.whole,
        pooled.low * 100.0,
        pooled.high * 100.0
    );
    (answer_of(verdict.outcome).unwrap_or(Answer::Unknown), because)
}

/// What the conditions say together, where services alone cannot tell and some conditions are counted over all of them.
fn of_parts(requirement: &Requirement, parts: &[QuestionPart]) -> Answer {
    let is_pooled = requirement.conditions().iter().any(|condition| condition.is_pooled);
    if !is_pooled || matches!(requirement, Requirement::Any(_)) {
        return Answer::Unknown;
    }
    let decisive = [Answer::No, Answer::Unknown, Answer::Yes];
    decisive.into_iter().find(|answer| parts.iter().any(|part| part.answer == Some(*answer))).unwrap_or(Answer::Unknown)
}

#[cfg(test)]
mod tests {
    use super::*;
    use Answer::{No, Unknown, Yes};

    const STABLE: &str = "stable_and_quick_to_recover";

    fn answered(question: &Question, answer: Answer) -> QuestionResult {
        let part = |condition| QuestionPart { answer: Some(answer), ..asked(condition) };
        QuestionResult {
            question: question.id.clone(),
            text: String::new(),
            answer,
            because: Vec::new(),
            connect: Vec::new(),
            services: None,
            parts: question.requirement.conditions().iter().map(part).collect(),
        }
    }

    fn ask(question: &str, answers: &[Answer], metrics: &BTreeMap<String, MetricSpread>) -> QuestionResult {
        let catalog = Catalog::embedded().unwrap();
        let asked = |answer| vec![answered(catalog.question(question).unwrap(), answer)];
        let services: Vec<Vec<QuestionResult>> = answers.iter().copied().map(asked).collect();
        let named: Vec<(&str, &[QuestionResult])> = services.iter().map(|results| ("s", results.as_slice())).collect();
        ask_all(&catalog, &named, metrics).into_iter().find(|result| result.question == question).unwrap()
    }

    #[test]
    fn an_organisation_says_yes_when_four_of_five_services_do() {
        let check = |answers: &[Answer], expected| {
            assert_eq!(ask("deploy_on_demand", answers, &BTreeMap::new()).answer, expected, "{answers:?}");
        };
        check(&[Yes, Yes, Yes, Yes, No], Yes);
        check(&[Yes, Yes, Yes, No, No], No);
        check(&[Yes, Yes, Yes, Unknown, No], Unknown);
        check(&[Unknown, Unknown], Unknown);
        check(&[], Unknown);
    }

    fn pooled(metric: &str, part: u64, whole: u64, low: f64, high: f64) -> (String, MetricSpread) {
        let spread = MetricSpread {
            measurement: Measurement::missing(metric, Unit::Ratio, "", ""),
            services: 3,
            services_measured: 3,
            services_by_band: BTreeMap::new(),
            distribution: None,
            pooled: Some(PooledShare { part, whole, low, high, services: 3 }),
        };
        (metric.to_owned(), spread)
    }

    #[test]
    fn what_no_service_can_tell_alone_all_of_them_tell_together() {
        let check = |answers: &[Answer], restored: (f64, f64), expected: Answer| {
            let metrics = BTreeMap::from([
                pooled("change_fail_rate", 9, 400, 0.01, 0.05),
                pooled("restored_within_an_hour_share", 8, 9, restored.0, restored.1),
            ]);
            let result = ask(STABLE, answers, &metrics);
            assert_eq!(result.answer, expected, "{answers:?} {result:?}");
        };
        check(&[Unknown; 5], (0.56, 0.98), Yes);
        check(&[Unknown; 5], (0.4, 0.9), Unknown);
        check(&[Unknown; 5], (0.1, 0.4), No);
        check(&[No, No, Unknown, Unknown, Unknown], (0.56, 0.98), No);
        let together = ask(STABLE, &[Unknown; 5], &BTreeMap::new());
        assert_eq!(together.answer, Unknown, "nothing is known together");
    }
}
