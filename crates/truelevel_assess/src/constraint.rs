//! Where to act: the first question that is not answered yes, what stands below it, and when advice to go faster waits.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use truelevel_model::assessment::{
    Answer, CommonCause, Constraint, GateOutcome, GateResult, Lack, LowestGate, MetricSpread, QuestionResult, Segment,
    ServiceResult, StageResult, Veto,
};

use crate::catalog::{Catalog, Question};
use crate::conditions::Bound;
use crate::levels::lowest;
use crate::organisation::denies;
use crate::questions::NAMED_SERVICES;

/// How many gates and causes are named.
const NAMED_GATES: usize = 3;
/// Fewer services have nothing in common that their teams could not see.
const FEWEST_SERVICES: usize = 3;

/// What the constraint is found from.
pub struct Findings<'a> {
    /// The answers, in the order of the questions.
    pub chain: Vec<QuestionResult>,
    /// The services that are judged.
    pub services: &'a [&'a ServiceResult],
    /// The stages of all of them together.
    pub stages: &'a [StageResult],
    /// The metrics of all of them together.
    pub metrics: &'a BTreeMap<String, MetricSpread>,
    /// The largest part of lead time.
    pub largest_segment: Option<Segment>,
}

/// The first answer that is not yes, and what follows from it. While stability is too low to go faster, the question of
/// stability comes first.
pub fn first_constraint(catalog: &Catalog, findings: Findings<'_>) -> Constraint {
    let first = findings.chain.iter().find(|result| result.answer != Answer::Yes);
    let veto = first.and_then(|result| veto(catalog, &findings, result));
    let instead = veto.as_ref().and_then(|_| findings.chain.iter().find(|it| it.question == catalog.veto.question));
    let first = instead.or(first);
    let question = first.and_then(|result| catalog.question(&result.question));
    let (statement, action) = match (first, question) {
        (Some(result), Some(question)) if result.answer == Answer::No || veto.is_some() => {
            (question.constraint.clone(), question.action.clone())
        }
        (Some(result), Some(question)) => undecided(result, question),
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
        veto,
        lowest_gates: lowest_gates(findings.stages),
        common_causes: common_causes(catalog, findings.services),
        largest_segment: findings.largest_segment,
        chain: findings.chain,
    }
}

/// What to do where the answer is not known.
fn undecided(result: &QuestionResult, question: &Question) -> (String, String) {
    let counted = result.services.as_ref().map(|services| {
        format!(
            " {} of {} services say yes, {} no.",
            services.yes,
            services.yes + services.no + services.unknown,
            services.no
        )
    });
    let counted = counted.unwrap_or_default();
    // Who says no can act, whatever is not known of the others.
    let denied = result.services.as_ref().filter(|services| services.no > 0).map(|services| {
        let first: Vec<&str> =
            services.deciding.iter().take(services.no as usize).take(3).map(String::as_str).collect();
        format!(" Where the answer is no already ({} first): {}", first.join(", "), question.action)
    });
    if result.connect.is_empty() {
        let more = "Look at a longer window (`--window 180`), or wait for more deployments.";
        return (
            format!("The sample is too small or too close to tell: \"{}\"{counted}", question.text),
            denied.map_or_else(
                || format!("{more} If the answer is no: {}", question.action),
                |denied| format!("{more}{denied}"),
            ),
        );
    }
    (
        format!("The missing data is the constraint: \"{}\" cannot be answered.{counted}", question.text),
        format!(
            "{} {}.{}",
            verb(result.lack),
            result.connect.join("; "),
            denied.unwrap_or_else(|| format!(" If the answer is no: {}", question.action))
        ),
    )
}

/// What is done about something that is lacking.
const fn verb(lack: Option<Lack>) -> &'static str {
    match lack {
        Some(Lack::Repository) => "Give",
        Some(Lack::Stale | Lack::Versions) => "Fetch",
        _ => "Connect",
    }
}

/// Why advice on the first open question is withheld: more than one in five services, or the deployments of all of them
/// together, are surely worse than what one can build speed on.
fn veto(catalog: &Catalog, findings: &Findings<'_>, first: &QuestionResult) -> Option<Veto> {
    let rule = &catalog.veto;
    if !rule.withholds.contains(&first.question) {
        return None;
    }
    let too_low = |service: &ServiceResult| {
        rule.bounds.iter().any(|(metric, bound)| {
            let measured = service.metrics.get(metric).filter(|measured| !measured.is_proxy);
            measured.and_then(|measured| measured.low).is_some_and(|low| bound.holds(low))
        })
    };
    let services: Vec<&str> =
        findings.services.iter().filter(|service| too_low(service)).map(|service| service.service.as_str()).collect();
    let mut because = Vec::new();
    if denies(services.len(), findings.services.len()) {
        let bounds =
            rule.bounds.iter().map(|(metric, bound)| in_words(metric, bound)).collect::<Vec<_>>().join(", or ");
        because.push(format!(
            "in {} of {} services the whole interval says: {bounds}",
            services.len(),
            findings.services.len()
        ));
    }
    because.extend(rule.bounds.iter().filter_map(|(metric, bound)| {
        let pooled = findings.metrics.get(metric)?.pooled.filter(|pooled| bound.holds(pooled.low))?;
        Some(format!(
            "{}: {} of {} over all services, at least {:.0} %",
            in_words(metric, bound),
            pooled.part,
            pooled.whole,
            pooled.low * 100.0
        ))
    }));
    (!because.is_empty()).then(|| Veto {
        withheld: rule.withholds.clone(),
        because,
        services_affected: services.len() as u64,
        services: services.into_iter().take(NAMED_SERVICES).map(str::to_owned).collect(),
    })
}

fn in_words(metric: &str, bound: &Bound) -> String {
    format!("{} {} {}", metric.replace('_', " "), bound.words(), bound.text)
}

/// The open gates that hold the stages of the lowest level, what is missing before what cannot be told.
fn lowest_gates(stages: &[StageResult]) -> Vec<LowestGate> {
    let level = lowest(stages).proven;
    let mut gates: Vec<(&StageResult, &GateResult)> = stages
        .iter()
        .filter(|stage| stage.proven == level)
        .flat_map(|stage| stage.gates.iter().map(move |gate| (stage, gate)))
        .filter(|(_, gate)| gate.level == level + 1)
        .filter(|(_, gate)| matches!(gate.outcome, GateOutcome::Unmet | GateOutcome::Unknown))
        .collect();
    gates.sort_by_key(|(_, gate)| gate.outcome);
    let named = gates.into_iter().take(NAMED_GATES);
    named
        .map(|(stage, gate)| LowestGate {
            gate: gate.gate.clone(),
            stage: stage.stage.clone(),
            level: gate.level,
            statement: gate.statement.clone(),
            outcome: gate.outcome,
        })
        .collect()
}

/// The gates that are unmet at the lowest stage of so many services that no team removes them alone, most common first.
fn common_causes(catalog: &Catalog, services: &[&ServiceResult]) -> Vec<CommonCause> {
    if services.len() < FEWEST_SERVICES {
        return Vec::new();
    }
    let mut held: BTreeMap<&str, u64> = BTreeMap::new();
    for service in services {
        let level = service.level.proven;
        let lowest = service.stages.iter().filter(|stage| stage.proven == level).flat_map(|stage| &stage.gates);
        for gate in lowest.filter(|gate| gate.level == level + 1 && gate.outcome == GateOutcome::Unmet) {
            *held.entry(&gate.gate).or_default() += 1;
        }
    }
    let many = services.len() as f64 * catalog.common_cause_share;
    let mut causes: Vec<CommonCause> = held
        .into_iter()
        .filter(|(_, count)| *count as f64 >= many)
        .filter_map(|(id, count)| {
            let (stage, gate) = catalog.gate(id)?;
            Some(CommonCause {
                gate: id.to_owned(),
                stage: stage.id.clone(),
                statement: gate.statement.clone(),
                services: count,
                of: services.len() as u64,
            })
        })
        .collect();
    causes.sort_by_key(|cause| Reverse(cause.services));
    causes.truncate(NAMED_GATES);
    causes
}

#[cfg(test)]
mod tests {
    use truelevel_model::assessment::{AnswerServices, LevelRange, PooledShare};
    use truelevel_model::deployment_data::DeploymentData;
    use truelevel_model::{Measurement, Unit};

    use super::*;
    use Answer::{No, Unknown, Yes};

    fn chain(answers: &[Answer]) -> Vec<QuestionResult> {
        let catalog = Catalog::embedded().unwrap();
        let result = |(question, answer): (&Question, &Answer)| QuestionResult {
            question: question.id.clone(),
            text: question.text.clone(),
            answer: *answer,
            because: Vec::new(),
            connect: if *answer == Unknown { question.connect.clone() } else { Vec::new() },
            lack: None,
            services: None,
            parts: Vec::new(),
        };
        catalog.questions.iter().zip(answers).map(result).collect()
    }

    fn decide(
        chain: Vec<QuestionResult>,
        services: &[ServiceResult],
        metrics: &BTreeMap<String, MetricSpread>,
    ) -> Constraint {
        let services: Vec<&ServiceResult> = services.iter().collect();
        let findings = Findings { chain, services: &services, stages: &[], metrics, largest_segment: None };
        first_constraint(&Catalog::embedded().unwrap(), findings)
    }

    #[test]
    fn the_first_answer_that_is_not_yes_is_the_constraint() {
        let first = |chain| decide(chain, &[], &BTreeMap::new());
        assert_eq!(first(chain(&[Yes, No, No, No])).question.as_deref(), Some("lead_time_under_a_day"));
        let unknown = first(chain(&[Yes, Yes, Unknown, No]));
        assert_eq!(unknown.answer, Some(Unknown));
        assert!(unknown.statement.contains("missing data") && unknown.action.contains("incident"));
        assert_eq!(first(chain(&[Yes, Yes, Yes, Yes])).question, None);
        let mut close = chain(&[Yes, Unknown, Yes, Yes]);
        close[1].connect.clear();
        assert!(first(close.clone()).action.contains("longer window"), "the data is connected");
        let deciding = vec!["slow".to_owned(), "other".to_owned()];
        close[1].services = Some(AnswerServices { yes: 8, no: 1, unknown: 3, deciding });
        let some_say_no = first(close);
        assert!(some_say_no.statement.ends_with("8 of 12 services say yes, 1 no."), "{some_say_no:?}");
        assert!(some_say_no.action.contains("no already (slow first): Shorten the pipeline"), "{some_say_no:?}");
    }

    /// A service whose fail rate has a lower end, and whose build stage is held at level 1 by a gate.
    fn service(fail_rate_low: f64, held_by: &str) -> ServiceResult {
        let rate = Measurement { low: Some(fail_rate_low), ..Measurement::missing("", Unit::Ratio, "", "") };
        let gate = GateResult::new(held_by, 2, "", GateOutcome::Unmet, String::new());
        let level = LevelRange { proven: 1, possible: 1, declared: None, with_exemptions: None };
        ServiceResult {
            service: "a".into(),
            team: None,
            repositories: Vec::new(),
            deployment_data: DeploymentData::Reported,
            is_active: true,
            level,
            stages: vec![crate::levels::granted("build", vec![gate])],
            lanes: Vec::new(),
            metrics: [("change_fail_rate".to_owned(), rate)].into(),
            environments: Vec::new(),
            questions: Vec::new(),
            exclusions: BTreeMap::new(),
        }
    }

    #[test]
    fn advice_to_go_faster_waits_while_too_much_fails() {
        let stable = || service(0.02, "scripted_build");
        let unstable = || service(0.2, "scripted_build");
        let decided =
            |answers: &[Answer], services: &[ServiceResult]| decide(chain(answers), services, &BTreeMap::new());
        let vetoed = decided(&[Yes, No, Unknown, No], &[stable(), stable(), unstable()]);
        assert_eq!(vetoed.question.as_deref(), Some("stable_and_quick_to_recover"));
        assert!(vetoed.action.starts_with("Stability first"));
        assert_eq!(vetoed.veto.unwrap().services_affected, 1);
        let few = decided(&[Yes, No, Unknown, No], &[stable(), stable(), stable(), stable(), unstable()]);
        assert_eq!((few.question.as_deref(), few.veto), (Some("lead_time_under_a_day"), None));
        let later = decided(&[Yes, Yes, No, No], &[unstable()]);
        assert_eq!(later.veto, None, "nobody advises to go faster");
    }

    #[test]
    fn the_deployments_of_all_services_together_can_veto_what_none_shows_alone() {
        let spread = MetricSpread {
            measurement: Measurement::missing("", Unit::Ratio, "", ""),
            services: 9,
            services_measured: 9,
            services_by_band: BTreeMap::new(),
            services_in_one_band: 0,
            distribution: None,
            pooled: Some(PooledShare { part: 30, whole: 100, low: 0.21, high: 0.4, services: 9 }),
        };
        let metrics = BTreeMap::from([("change_fail_rate".to_owned(), spread)]);
        let decided = decide(chain(&[No, No, No, No]), &[service(0.0, "scripted_build")], &metrics);
        assert!(decided.veto.unwrap().because[0].contains("30 of 100"));
    }

    #[test]
    fn a_gate_that_holds_half_of_the_services_is_a_common_cause() {
        let causes = |gates: &[&str]| {
            let services: Vec<_> = gates.iter().map(|gate| service(0.0, gate)).collect();
            let causes = decide(chain(&[Yes, No]), &services, &BTreeMap::new()).common_causes;
            causes.into_iter().map(|cause| (cause.gate, cause.services, cause.of)).collect::<Vec<_>>()
        };
        let catalog = Catalog::embedded().unwrap();
        let [one, other] = [0, 1].map(|stage| catalog.stages[stage].gates[0].id.as_str());
        assert_eq!(causes(&[one, one, other]), [(one.to_owned(), 2, 3)]);
        assert!(causes(&[one, one]).is_empty(), "two services are too few");
    }
}
