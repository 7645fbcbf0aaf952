//! What teams say of themselves, beside what is shown. Nothing here changes an outcome: belief is compared, never counted.

use truelevel_model::assessment::{Answer, BeliefGap, GateOutcome, GateResult, Level, ServiceResult, StageResult};
use truelevel_model::{Declaration, GateAnswer, ServiceId, Time};

/// How many gaps are named.
const SHOWN: usize = 3;

/// What was said, and the instant that is answered for.
#[derive(Clone, Copy, Debug)]
pub struct Beliefs<'a> {
    /// Of stages.
    pub declarations: &'a [Declaration],
    /// Of gates.
    pub answers: &'a [GateAnswer],
    /// The as-of.
    pub as_of: Time,
}

impl Beliefs<'_> {
    /// Puts what is said of a service, or without one of everything, beside what is shown.
    ///
    /// Where nothing is said of a stage, but of its gates, the level is the highest whose gates, and all below, are
    /// answered yes: as soon as a no stands above it, or where it already lies above what is proven.
    pub fn put_beside(&self, stages: &mut [StageResult], service: Option<&str>) {
        for stage in stages {
            for gate in &mut stage.gates {
                let about = self.answers.iter().filter(|answer| answer.gate == gate.gate);
                let said = self.chosen(about, service, |answer| (&answer.service, answer.declared_at));
                gate.declared = said.map(|answer| answer.answer).or(gate.declared);
            }
            let about = self.declarations.iter().filter(|declaration| declaration.stage == stage.stage);
            let said = self.chosen(about, service, |declaration| (&declaration.service, declaration.declared_at));
            stage.declared = said.map(|said| said.level).or_else(|| answered(stage)).or(stage.declared);
        }
    }

    /// Of a service rather than of everything; the newest at the as-of, else the first after it.
    fn chosen<'f, T>(
        &self,
        facts: impl Iterator<Item = &'f T> + Clone,
        service: Option<&str>,
        of: impl Fn(&T) -> (&Option<ServiceId>, Time) + Copy,
    ) -> Option<&'f T> {
        let about = |service: Option<&str>| {
            let mut about: Vec<&T> =
                facts.clone().filter(|fact| of(fact).0.as_ref().map(ServiceId::as_str) == service).collect();
            about.sort_by_key(|fact| of(fact).1);
            let known = about.partition_point(|fact| of(fact).1 <= self.as_of);
            about.get(known.saturating_sub(1)).copied()
        };
        about(service).or_else(|| about(None))
    }
}

/// The level that the answers to gates come to; none while gates without an answer, or answered "don't know", leave
/// open whether it is more than is proven.
fn answered(stage: &StageResult) -> Option<Level> {
    let of_level = |level: Level| stage.gates.iter().filter(move |gate| gate.level == level);
    let holds = |level: &Level| {
        of_level(*level).next().is_some() && of_level(*level).all(|gate| gate.declared == Some(Answer::Yes))
    };
    let level = (2..=5).take_while(holds).last().unwrap_or(1);
    let is_denied = of_level(level + 1).any(|gate| gate.declared == Some(Answer::No));
    (is_denied || level == 5 || level > stage.proven).then_some(level)
}

/// The largest gaps, the ones that evidence contradicts before those that it does not reach.
pub fn gaps<'a>(whole: impl Iterator<Item = &'a StageResult>, services: &[&'a ServiceResult]) -> Vec<BeliefGap> {
    let mut found: Vec<BeliefGap> = Vec::new();
    for stage in whole {
        let own: Vec<(&str, &StageResult)> = services
            .iter()
            .filter_map(|service| {
                let all = service.stages.iter().chain(&service.lanes);
                Some((service.service.as_str(), all.into_iter().find(|result| result.stage == stage.stage)?))
            })
            .collect();
        // Services of which the same is said are spoken of together.
        if own.iter().all(|(_, result)| result.declared == stage.declared) {
            found.extend(gap(stage, None));
        } else {
            found.extend(own.iter().filter_map(|(service, result)| gap(result, Some(service))));
        }
    }
    found.sort_by_key(|gap| {
        let (declared, possible, proven) = (i16::from(gap.declared), i16::from(gap.possible), i16::from(gap.proven));
        (-(declared - possible).max(0), -(declared - proven).abs())
    });
    found.truncate(SHOWN);
    found
}

fn gap(stage: &StageResult, service: Option<&str>) -> Option<BeliefGap> {
    let declared = stage.declared.filter(|declared| *declared != stage.proven)?;
    let between = |outcome| {
        let gates = stage.gates.iter().filter(move |gate| gate.level <= declared && gate.outcome == outcome);
        gates.collect::<Vec<&GateResult>>()
    };
    let (unmet, unknown) = (between(GateOutcome::Unmet), between(GateOutcome::Unknown));
    let (because, gates) = match (unmet.first(), unknown.first()) {
        _ if declared < stage.proven => ("evidence shows more than is said".to_owned(), Vec::new()),
        (Some(first), _) => (format!("looked at, and not met: {}", first.statement), unmet),
        (None, Some(first)) => (format!("nothing shows it yet: {}", first.statement), unknown),
        (None, None) => (stage.held_by.clone(), Vec::new()),
    };
    Some(BeliefGap {
        stage: stage.stage.clone(),
        service: service.map(str::to_owned),
        declared,
        possible: stage.possible,
        proven: stage.proven,
        because,
        gates: gates.into_iter().map(|gate| gate.gate.clone()).collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn declaration(service: Option<&str>, level: Level, at: i64) -> Declaration {
        Declaration {
            service: service.map(Into::into),
            stage: "build".into(),
            level,
            declared_at: Time::from_seconds(at),
            declared_by: "team".into(),
            reason: String::new(),
        }
    }

    fn build(outcomes: &[(Level, GateOutcome)]) -> StageResult {
        let gates = outcomes.iter().enumerate().map(|(number, (level, outcome))| {
            GateResult::new(&format!("g{number}"), *level, &format!("S{number}"), *outcome, String::new())
        });
        crate::levels::granted("build", gates.collect())
    }

    fn check(declarations: &[Declaration], service: Option<&str>, expected: Option<Level>) {
        let beliefs = Beliefs { declarations, answers: &[], as_of: Time::from_seconds(10) };
        let mut stages = [build(&[(2, GateOutcome::Met)])];
        beliefs.put_beside(&mut stages, service);
        assert_eq!(stages[0].declared, expected);
    }

    #[test]
    fn what_is_said_of_a_service_goes_before_what_is_said_of_all_and_the_newest_before_the_older() {
        let said = [declaration(None, 2, 1), declaration(None, 3, 5), declaration(Some("web"), 4, 2)];
        check(&said, Some("web"), Some(4));
        check(&said, Some("api"), Some(3));
        check(&said, None, Some(3));
        check(&[declaration(None, 2, 1), declaration(None, 5, 20)], None, Some(2));
        check(&[declaration(None, 4, 30), declaration(None, 5, 20)], None, Some(5));
        check(&[], None, None);
    }

    #[test]
    fn answers_to_gates_come_to_a_level_where_no_level_is_said() {
        let said = |gate: &str, answer| GateAnswer {
            service: None,
            gate: gate.into(),
            answer,
            declared_at: Time::from_seconds(1),
            declared_by: "team".into(),
            reason: String::new(),
        };
        let stage = || build(&[(2, GateOutcome::Met), (3, GateOutcome::Unmet), (3, GateOutcome::Met)]);
        let declared = |answers: &[(&str, Answer)]| {
            let answers: Vec<GateAnswer> = answers.iter().map(|(gate, answer)| said(gate, *answer)).collect();
            let beliefs = Beliefs { declarations: &[], answers: &answers, as_of: Time::from_seconds(10) };
            let mut stages = [stage()];
            beliefs.put_beside(&mut stages, None);
            assert_eq!(stages[0].proven, 2, "belief changes nothing that is proven");
            (stages[0].declared, stages[0].gates[2].declared)
        };
        use Answer::{No, Unknown, Yes};
        assert_eq!(declared(&[("g0", Yes), ("g1", Yes), ("g2", No)]), (Some(2), Some(No)));
        assert_eq!(declared(&[("g0", No)]), (Some(1), None));
        assert_eq!(declared(&[("g0", Yes), ("g1", Yes), ("g2", Yes)]), (Some(3), Some(Yes)), "more than is proven");
        assert_eq!(declared(&[("g0", Yes), ("g1", Yes), ("g2", Unknown)]), (None, Some(Unknown)), "perhaps more");
        assert_eq!(declared(&[("g2", Unknown)]), (None, Some(Unknown)), "to not know one says nothing of the others");
        assert_eq!(declared(&[("g0", Yes)]), (None, None), "nobody was asked about the others");
    }

    #[test]
    fn what_evidence_contradicts_is_named_before_what_it_does_not_reach() {
        use GateOutcome::{Met, Unknown, Unmet};
        let said = |name: &str, level, outcomes: &[_]| StageResult {
            stage: name.into(),
            declared: Some(level),
            ..build(outcomes)
        };
        let stages = [
            said("build", 5, &[(2, Met), (3, Unknown), (4, Unknown), (5, Unknown)]),
            said("test", 3, &[(2, Met), (3, Unmet), (4, Met), (5, Met)]),
            said("deploy", 2, &[(2, Met), (3, Unmet)]),
            said("observe", 1, &[(2, Met), (3, Unmet)]),
        ];
        let gaps = gaps(stages.iter(), &[]);
        let named: Vec<_> = gaps.iter().map(|gap| (gap.stage.as_str(), gap.because.as_str())).collect();
        assert_eq!(
            named,
            [
                ("test", "looked at, and not met: S1"),
                ("build", "nothing shows it yet: S1"),
                ("observe", "evidence shows more than is said"),
            ]
        );
        assert_eq!(gaps[1].gates, ["g1", "g2", "g3"]);
    }
}
