//! The answers to the ordered questions: of one service, and of several together.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use truelevel_model::assessment::{
    Answer, AnswerServices, GateOutcome, Lack, MetricSpread, PooledShare, QuestionPart, QuestionResult,
};
use truelevel_model::deployment_data::DeploymentData;
use truelevel_model::{Measurement, Unit};

use crate::catalog::{Catalog, Question, Requirement};
use crate::conditions::{Bound, Condition, Known, Subject, judge, judge_measured, judge_one, speaking};
use crate::organisation::{carries, denies};

/// How many deciding services are named.
pub(crate) const NAMED_SERVICES: usize = 10;

/// What is known of a service beside what was measured and detected: it says why an answer is missing.
#[derive(Clone, Copy, Debug)]
pub struct Standing {
    /// Where its deployments are known from.
    pub deployment_data: DeploymentData,
    /// A repository is matched to it.
    pub has_repository: bool,
    /// The versions that it deployed, and the one that runs, lead to commits.
    pub leads_to_commits: bool,
}

/// Answers every question for one service.
pub fn ask_service(catalog: &Catalog, known: Known<'_>, standing: Standing) -> Vec<QuestionResult> {
    let ask = |question: &Question| {
        let verdict = judge(&question.requirement, known);
        let answer = answer_of(verdict.outcome).unwrap_or(Answer::Unknown);
        let lack = (answer == Answer::Unknown).then(|| lack(question, known, standing, verdict.is_undecided));
        let speaking = speaking(&question.requirement, known);
        let part = |(place, condition): (usize, &Condition)| match speaking {
            Some(speaking) if speaking != place => asked(condition),
            _ => part(condition, known),
        };
        QuestionResult {
            question: question.id.clone(),
            text: question.text.clone(),
            answer,
            because: verdict.because,
            connect: lack.into_iter().flat_map(|lack| wanted(lack, question, 1)).collect(),
            lack,
            services: None,
            parts: question.requirement.conditions().iter().enumerate().map(part).collect(),
        }
    };
    catalog.questions.iter().map(ask).collect()
}

/// Why there is no answer. What would give a better answer than more of the same comes before what is too little.
fn lack(question: &Question, known: Known<'_>, standing: Standing, is_undecided: bool) -> Lack {
    let frequency = known.metrics.get("deployment_frequency");
    match standing.deployment_data {
        DeploymentData::None => Lack::Deployments,
        DeploymentData::ReleaseTags => Lack::OnlyReleases,
        _ if frequency.is_some_and(|frequency| frequency.value.is_none()) => Lack::Stale,
        _ if question.needs_repository && !standing.has_repository => Lack::Repository,
        _ if question.needs_repository && !standing.leads_to_commits => Lack::Versions,
        _ if is_undecided => Lack::Sample,
        _ => Lack::Events,
    }
}

/// What to connect, to give or to fetch for so many services; nothing where only more of the same would help.
fn wanted(lack: Lack, question: &Question, services: u64) -> Vec<String> {
    let of = match services {
        1 => "the service".to_owned(),
        services => format!("{services} services"),
    };
    match lack {
        Lack::Deployments => vec![format!(
            "where the deployments of {of} can be read: the deployment repository, or `truelevel import deployments.csv`"
        )],
        Lack::OnlyReleases => vec![format!(
            "the deployments of {of}, from a deployment repository or by `truelevel import deployments.csv`: releases stand \
             in for them, and a release does not show that it runs"
        )],
        Lack::Stale => vec![format!(
            "what is new of the deployments of {of}: what is known ends before the window, so fetch the deployment \
             repository or import again"
        )],
        Lack::Repository => vec![format!("the repository of {of}: a [[repository]] table each")],
        Lack::Versions => vec![format!(
            "what is new in the repository of {of}, with its tags (`git fetch --tags`): versions that were deployed lead to \
             no commit in it"
        )],
        Lack::Events => question.connect.clone(),
        Lack::Sample => Vec::new(),
    }
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
    let part =
        QuestionPart { answer: answer_of(verdict.outcome), because: verdict.because.join("; "), ..asked(condition) };
    measured.map_or(part.clone(), |measured| with_value(part, measured))
}

/// With what was measured; where that is a lower bound, there is no value to judge by.
fn with_value(part: QuestionPart, measured: &Measurement) -> QuestionPart {
    let told = |value: Option<f64>| value.filter(|_| !measured.is_lower_bound);
    QuestionPart {
        value: told(measured.value),
        low: told(measured.low),
        high: told(measured.high),
        unit: Some(measured.unit),
        n: Some(measured.n),
        is_proxy: measured.is_proxy,
        ..part
    }
}

/// What a condition asks, not answered: where others stand in for it, or it for others.
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
        is_median: false,
        is_proxy: false,
        services: None,
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
    let conditions = question.requirement.conditions();
    let part = |(place, condition): (usize, &Condition)| {
        let parts = answers.iter().filter_map(|(_, result)| result.parts.get(place)?.answer);
        part_together(condition, Tally::of(parts), metrics)
    };
    let parts: Vec<QuestionPart> = conditions.iter().enumerate().map(part).collect();
    let answer = match tally.answer() {
        Answer::Unknown => of_parts(&question.requirement, &parts),
        told => told,
    };
    let lack = if answer == Answer::Unknown { most_lack(answers) } else { None };
    QuestionResult {
        question: question.id.clone(),
        text: question.text.clone(),
        answer,
        because: vec![tally.words()],
        connect: lack.into_iter().flat_map(|(lack, services)| wanted(lack, question, services)).collect(),
        lack: lack.map(|(lack, _)| lack),
        services: Some(AnswerServices { deciding: deciding(conditions, answers, answer, tally), ..tally.counts() }),
        parts,
    }
}

/// What most of the services lack that cannot tell, and how many of them.
fn most_lack(answers: &[(&str, &QuestionResult)]) -> Option<(Lack, u64)> {
    let mut counts: BTreeMap<Lack, u64> = BTreeMap::new();
    for lack in answers.iter().filter_map(|(_, result)| result.lack) {
        *counts.entry(lack).or_default() += 1;
    }
    counts.into_iter().max_by_key(|(lack, count)| (*count, Reverse(*lack)))
}

/// The services that decide, what lies furthest from a yes first: those that say no, and where the answer is not theirs,
/// those that cannot tell after them.
fn deciding(
    conditions: &[Condition],
    answers: &[(&str, &QuestionResult)],
    answer: Answer,
    tally: Tally,
) -> Vec<String> {
    let is_theirs = answer == Answer::No && tally.no > 0;
    let open = |result: &QuestionResult| match result.answer {
        Answer::Yes => false,
        Answer::No => true,
        Answer::Unknown => !is_theirs,
    };
    let mut found: Vec<(bool, f64, &str)> = answers
        .iter()
        .filter(|(_, result)| open(result))
        .map(|(service, result)| (result.answer != Answer::No, distance(conditions, result), *service))
        .collect();
    found.sort_by(|a, b| a.0.cmp(&b.0).then(b.1.total_cmp(&a.1)).then(a.2.cmp(b.2)));
    found.into_iter().take(NAMED_SERVICES).map(|(_, _, service)| service.to_owned()).collect()
}

/// How far a service lies from what is asked: by what factor the worst of its parts misses its bound; 0 where nothing is
/// measured.
fn distance(conditions: &[Condition], result: &QuestionResult) -> f64 {
    let of = |(condition, part): (&Condition, &QuestionPart)| {
        let Subject::Metric { bound, .. } = &condition.subject else { return None };
        let value = part.value.filter(|_| matches!(part.answer, Some(Answer::No | Answer::Unknown)))?;
        Some(if bound.is_lower { bound.value / value } else { value / bound.value })
    };
    conditions.iter().zip(&result.parts).filter_map(of).filter(|far| !far.is_nan()).fold(0.0, f64::max)
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

    fn counts(self) -> AnswerServices {
        AnswerServices { yes: self.yes as u64, no: self.no as u64, unknown: self.unknown as u64, deciding: Vec::new() }
    }

    fn words(self) -> String {
        format!("of {} services, {} yes, {} no, {} cannot tell", self.asked(), self.yes, self.no, self.unknown)
    }
}

/// One condition over several services: those for which it speaks.
fn part_together(condition: &Condition, tally: Tally, metrics: &BTreeMap<String, MetricSpread>) -> QuestionPart {
    if tally.asked() == 0 {
        return asked(condition);
    }
    let part = QuestionPart {
        answer: Some(tally.answer()),
        because: tally.words(),
        services: Some(tally.counts()),
        ..asked(condition)
    };
    let Subject::Metric { metric, bound } = &condition.subject else { return part };
    let Some(spread) = metrics.get(metric) else { return part };
    let Some(pooled) = spread.pooled.filter(|_| condition.is_pooled) else {
        // The middle of services that were not asked says nothing of those that were.
        if (tally.asked() as u64) < spread.services_measured {
            return part;
        }
        return QuestionPart {
            is_median: true,
            n: Some(spread.services_measured),
            ..with_value(part, &spread.measurement)
        };
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
            lack: None,
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

    #[test]
    fn the_services_that_decide_are_the_worst_ones() {
        let catalog = Catalog::embedded().unwrap();
        let question = catalog.question("lead_time_under_a_day").unwrap();
        let taking = |days: f64, answer| {
            let mut result = answered(question, answer);
            result.parts[0].value = Some(days * 86_400.0);
            result
        };
        let services =
            [("a", taking(2.0, No)), ("b", taking(9.0, No)), ("c", taking(20.0, Unknown)), ("d", taking(0.5, Yes))];
        let named: Vec<(&str, &[QuestionResult])> =
            services.iter().map(|(name, result)| (*name, std::slice::from_ref(result))).collect();
        let found = ask_all(&catalog, &named, &BTreeMap::new());
        let found = found.iter().find(|result| result.question == question.id).unwrap();
        assert_eq!(found.services.as_ref().unwrap().deciding, ["b", "a"]);
        let part = found.parts[0].services.as_ref().unwrap();
        assert_eq!((part.yes, part.no, part.unknown), (1, 2, 1));
    }

    #[test]
    fn what_most_services_lack_is_what_to_give() {
        let catalog = Catalog::embedded().unwrap();
        let question = catalog.question("lead_time_under_a_day").unwrap();
        let nothing = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
        let ask = |deployment_data, has_repository, leads_to_commits| {
            let known = Known {
                detections: &nothing.0,
                metrics: &nothing.1,
                before: &|| None,
                web_addresses: &nothing.2,
                provable_by: &|_, _| String::new(),
            };
            ask_service(&catalog, known, Standing { deployment_data, has_repository, leads_to_commits })
        };
        let lacking = [
            (ask(DeploymentData::None, false, false), Lack::Deployments),
            (ask(DeploymentData::ReleaseTags, true, true), Lack::OnlyReleases),
            (ask(DeploymentData::Reported, false, false), Lack::Repository),
            (ask(DeploymentData::Reported, false, false), Lack::Repository),
            (ask(DeploymentData::DeploymentRepository, true, false), Lack::Versions),
        ];
        let of = |results: &[QuestionResult]| results.iter().find(|it| it.question == question.id).cloned().unwrap();
        for (results, expected) in &lacking {
            assert_eq!(of(results).lack, Some(*expected));
        }
        let named: Vec<(&str, &[QuestionResult])> =
            lacking.iter().map(|(results, _)| ("s", results.as_slice())).collect();
        let together = of(&ask_all(&catalog, &named, &BTreeMap::new()));
        assert_eq!(together.lack, Some(Lack::Repository));
        assert_eq!(together.connect, ["the repository of 2 services: a [[repository]] table each"]);
    }

    fn pooled(metric: &str, part: u64, whole: u64, low: f64, high: f64) -> (String, MetricSpread) {
        let spread = MetricSpread {
            measurement: Measurement::missing(metric, Unit::Ratio, "", ""),
            services: 3,
            services_measured: 3,
            services_by_band: BTreeMap::new(),
            services_in_one_band: 0,
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
