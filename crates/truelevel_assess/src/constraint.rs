//! The ordered questions: the first one that is not answered yes is where to act.

use truelevel_model::assessment::{Answer, AnswerServices, Constraint, GateOutcome, QuestionResult, Segment};

use crate::catalog::{Catalog, Question};
use crate::conditions::{Known, judge};
use crate::organisation::{carries, denies};

/// How many deciding services are named.
const NAMED_SERVICES: usize = 10;

/// Answers every question for one service.
pub fn ask_service(catalog: &Catalog, known: Known<'_>) -> Vec<QuestionResult> {
    let answer = |question: &Question| {
        let verdict = judge(&question.requirement, known);
        let answer = match verdict.outcome {
            GateOutcome::Met => Answer::Yes,
            GateOutcome::Unmet => Answer::No,
            GateOutcome::Unknown | GateOutcome::NotApplicable => Answer::Unknown,
        };
        QuestionResult {
            question: question.id.clone(),
            text: question.text.clone(),
            answer,
            because: verdict.because,
            connect: if answer == Answer::Unknown && !verdict.is_undecided {
                question.connect.clone()
            } else {
                Vec::new()
            },
            services: None,
        }
    };
    catalog.questions.iter().map(answer).collect()
}

/// Answers the questions for several services: yes when at least 80 % of them say yes, no when so many say no that
/// this cannot be, else unknown.
pub fn ask_all(catalog: &Catalog, services: &[(&str, &[QuestionResult])]) -> Vec<QuestionResult> {
    catalog
        .questions
        .iter()
        .map(|question| {
            let answers: Vec<(&str, &QuestionResult)> = services
                .iter()
                .filter_map(|(service, results)| {
                    Some((*service, results.iter().find(|result| result.question == question.id)?))
                })
                .collect();
            if let [(_, only)] = answers[..] {
                return only.clone();
            }
            let of = |answer| answers.iter().filter(move |(_, result)| result.answer == answer);
            let (yes, no, unknown) = (of(Answer::Yes).count(), of(Answer::No).count(), of(Answer::Unknown).count());
            let answer = match () {
                () if answers.is_empty() => Answer::Unknown,
                () if carries(yes, answers.len()) => Answer::Yes,
                () if denies(no, answers.len()) => Answer::No,
                () => Answer::Unknown,
            };
            let decides = if answer == Answer::No { Answer::No } else { Answer::Unknown };
            QuestionResult {
                question: question.id.clone(),
                text: question.text.clone(),
                answer,
                because: vec![format!("of {} services, {yes} yes, {no} no, {unknown} cannot tell", answers.len())],
                connect: if answer == Answer::Unknown
                    && of(Answer::Unknown).any(|(_, result)| !result.connect.is_empty())
                {
                    question.connect.clone()
                } else {
                    Vec::new()
                },
                services: Some(AnswerServices {
                    yes: yes as u64,
                    no: no as u64,
                    unknown: unknown as u64,
                    deciding: of(decides).take(NAMED_SERVICES).map(|(service, _)| (*service).to_owned()).collect(),
                }),
            }
        })
        .collect()
}

/// The first answer that is not yes, and what follows from it.
pub fn first_constraint(catalog: &Catalog, chain: Vec<QuestionResult>, largest_segment: Option<Segment>) -> Constraint {
    let first = chain.iter().find(|result| result.answer != Answer::Yes);
    let question = first.and_then(|result| catalog.question(&result.question));
    let (statement, action) = match (first, question) {
        (Some(result), Some(question)) if result.answer == Answer::No => {
            (question.constraint.clone(), question.action.clone())
        }
        (Some(result), Some(question)) if result.connect.is_empty() => (
            format!("The sample is too small or too close to tell: \"{}\"", question.text),
            format!(
                "Look at a longer window (`--window 180`), or wait for more deployments. If the answer is no: {}",
                question.action
            ),
        ),
        (Some(_), Some(question)) => (
            format!("The missing data is the constraint: \"{}\" cannot be answered.", question.text),
            format!("Connect {}.", question.connect.join("; ")),
        ),
        _ => (
            "Nothing in the chain holds delivery back.".to_owned(),
            "Optimise: experiments, auto-remediation, security fully in the pipeline.".to_owned(),
        ),
    };
    Constraint {
        question: first.map(|result| result.question.clone()),
        answer: first.map(|result| result.answer),
        statement,
        action,
        chain,
        largest_segment,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chain(answers: &[Answer]) -> Vec<QuestionResult> {
        let catalog = Catalog::embedded().unwrap();
        let result = |(question, answer): (&Question, &Answer)| QuestionResult {
            question: question.id.clone(),
            text: question.text.clone(),
            answer: *answer,
            because: Vec::new(),
            connect: if *answer == Unknown { question.connect.clone() } else { Vec::new() },
            services: None,
        };
        catalog.questions.iter().zip(answers).map(result).collect()
    }

    use Answer::{No, Unknown, Yes};

    #[test]
    fn the_first_answer_that_is_not_yes_is_the_constraint() {
        let catalog = Catalog::embedded().unwrap();
        let first = |answers: &[Answer]| first_constraint(&catalog, chain(answers), None);
        assert_eq!(first(&[Yes, No, No, No]).question.as_deref(), Some("lead_time_under_a_day"));
        let unknown = first(&[Yes, Yes, Unknown, No]);
        assert_eq!(unknown.answer, Some(Unknown));
        assert!(unknown.statement.contains("missing data") && unknown.action.contains("incident"));
        assert_eq!(first(&[Yes, Yes, Yes, Yes]).question, None);
        let mut close = chain(&[Yes, Unknown, Yes, Yes]);
        close[1].connect.clear();
        assert!(first_constraint(&catalog, close, None).action.contains("longer window"), "the data is connected");
    }

    fn check_all(answers: &[Answer], expected: Answer) {
        let catalog = Catalog::embedded().unwrap();
        let services: Vec<Vec<QuestionResult>> = answers.iter().map(|answer| chain(&[*answer; 4])).collect();
        let named: Vec<(&str, &[QuestionResult])> = services.iter().map(|results| ("s", results.as_slice())).collect();
        assert_eq!(ask_all(&catalog, &named)[0].answer, expected, "{answers:?}");
    }

    #[test]
    fn an_organisation_says_yes_when_four_of_five_services_do() {
        check_all(&[Yes, Yes, Yes, Yes, No], Yes);
        check_all(&[Yes, Yes, Yes, No, No], No);
        check_all(&[Yes, Yes, Yes, Unknown, No], Unknown);
        check_all(&[Unknown, Unknown], Unknown);
        check_all(&[], Unknown);
    }
}
