//! More exempted than met.

use std::collections::BTreeMap;

use truelevel_report::numbers::count;

use super::{Found, PitfallKind, Seen, percent};

truelevel_model::declare! {
    /// Exemptions inflated
    ///
    /// Raised when more than one in ten of the gates that are asked of all services together are exempted: an exemption is for
    /// what is different, and so many make a rule of their own. Also raised when exemptions have ended and still stand in the
    /// configuration: somebody meant to look again, and did not.
    pub static EXEMPTIONS_INFLATED: PitfallKind = {
        id: "exemptions_inflated",
        find: find,
    };
}

fn find(seen: &Seen<'_>) -> Option<Found> {
    let (mut exempted, mut asked, mut services) = (0_u64, 0_u64, Vec::new());
    let mut by_gate: BTreeMap<&str, u64> = BTreeMap::new();
    for service in seen.services {
        let mut own = 0;
        for gate in service.stages.iter().flat_map(|stage| &stage.gates) {
            asked += 1;
            if gate.exemption.is_some() {
                own += 1;
                *by_gate.entry(&gate.gate).or_default() += 1;
            }
        }
        if own > 0 {
            services.push(service.service.clone());
        }
        exempted += own;
    }
    let (is_rule, ended) = (exempted * 10 > asked, seen.ended_exemptions);
    let findings = [
        is_rule.then(|| format!("{exempted} of {asked} gates of services are exempted")),
        (!ended.is_empty()).then(|| format!("{} ended and stand there still", count(ended.len() as u64, "exemption"))),
    ];
    (is_rule || !ended.is_empty()).then(|| Found {
        finding: findings.into_iter().flatten().collect::<Vec<_>>().join(", and "),
        effect: is_rule.then(|| {
            format!("the level with exemptions leaves {} of what is asked out", percent(exempted as f64 / asked as f64))
        }),
        response: "exemptions never change what is proven, and each ends on its day".into(),
        services,
        evidence: by_gate
            .into_iter()
            .map(|(gate, services)| format!("{gate}: {}", count(services, "service")))
            .chain(ended.iter().cloned())
            .collect(),
    })
}

#[cfg(test)]
mod tests {
    use truelevel_model::assessment::{ExemptionResult, GateOutcome, GateResult, StageResult};

    use super::*;
    use crate::pitfalls::tests::{check, named};

    #[test]
    fn one_exemption_is_an_exception_and_many_are_a_rule() {
        let planted = |exempted: usize| {
            let gate = |place: usize| {
                let exemption = ExemptionResult { owner: "o".into(), reason: "r".into(), expires: "2026-12-31".into() };
                let gate = GateResult::new(&format!("g{place}"), 2, "", GateOutcome::Unmet, String::new());
                GateResult { exemption: (place < exempted).then_some(exemption), ..gate }
            };
            let stage = StageResult {
                stage: "build".into(),
                proven: 1,
                possible: 1,
                declared: None,
                with_exemptions: None,
                held_by: String::new(),
                gates: (0..10).map(gate).collect(),
            };
            let mut service = named("a");
            service.stages = vec![stage];
            check(&EXEMPTIONS_INFLATED, vec![service], Vec::new())
        };
        assert!(planted(1).is_none());
        assert_eq!(planted(2).unwrap().evidence, ["g0: 1 service", "g1: 1 service"]);
        assert!(check(&EXEMPTIONS_INFLATED, vec![named("a")], Vec::new()).is_none());
    }
}
