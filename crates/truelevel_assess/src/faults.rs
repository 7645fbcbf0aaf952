//! What would make the catalog ask for something that does not exist, or less of a higher level than of a lower one.

use std::collections::{BTreeMap, BTreeSet};

use truelevel_model::Grade;
use truelevel_model::assessment::Level;

use crate::catalog::{Catalog, Gate, LANES, Requirement, STAGES, Stage};
use crate::conditions::{Bound, Condition, Subject};
use crate::references::unused;

/// The subject of practices that no stage or lane is about.
const UNSCORED_SUBJECT: &str = "ai";

impl Catalog {
    /// Everything wrong with the catalog, given the practices (id and subject) and metrics that exist.
    pub fn faults(&self, practices: &[(&str, &str)], metrics: &[&str]) -> Vec<String> {
        let mut faults = self.stages_and_ids();
        faults.extend(self.unknown_subjects(practices, metrics));
        let gates = || self.stages.iter().flat_map(|stage| &stage.gates);
        faults.extend(self.stages.iter().flat_map(missing_levels));
        faults.extend(self.stages.iter().flat_map(weak_conditions));
        faults.extend(falling_thresholds(gates()));
        faults.extend(self.wrong_needs());
        faults.extend(self.wrong_measures(metrics));
        faults.extend(self.unused_practices(practices));
        let references: Vec<_> = gates().flat_map(|gate| &gate.references).collect();
        let unused = unused(&self.frameworks, &references);
        faults.extend(unused.into_iter().map(|id| format!("no gate refers to `{id}` of the frameworks")));
        faults
    }

    fn requirements(&self) -> impl Iterator<Item = (&str, &Requirement)> {
        let gates = self.stages.iter().flat_map(|stage| &stage.gates);
        let gates = gates.map(|gate| (gate.id.as_str(), &gate.requirement));
        gates.chain(self.questions.iter().map(|question| (question.id.as_str(), &question.requirement)))
    }

    fn stages_and_ids(&self) -> Vec<String> {
        let mut faults = Vec::new();
        let mut ids = BTreeSet::new();
        faults.extend(
            self.requirements().filter(|(id, _)| !ids.insert(*id)).map(|(id, _)| format!("`{id}` stands twice")),
        );
        let expected: Vec<&str> = STAGES.into_iter().chain(LANES).collect();
        let found: Vec<&str> = self.stages.iter().map(|stage| stage.id.as_str()).collect();
        if found != expected {
            faults.push(format!("the stages are {found:?} and should be {expected:?}"));
        }
        faults
    }

    fn unknown_subjects(&self, practices: &[(&str, &str)], metrics: &[&str]) -> Vec<String> {
        let conditions = self.requirements().flat_map(|(id, requirement)| {
            requirement.conditions().iter().map(move |condition| (id, &condition.subject))
        });
        let fault = |(id, subject): (&str, &Subject)| match subject {
            Subject::Practice { practice, .. } if practices.iter().all(|(known, _)| known != practice) => {
                Some(format!("`{id}` asks for the practice `{practice}`, which does not exist"))
            }
            Subject::Metric { metric, .. } if !metrics.contains(&metric.as_str()) => {
                Some(format!("`{id}` asks for the metric `{metric}`, which does not exist"))
            }
            Subject::Practice { .. } | Subject::Metric { .. } => None,
        };
        let vetoes = self.veto.bounds.iter().filter(|(metric, _)| !metrics.contains(&metric.as_str()));
        let vetoes =
            vetoes.map(|(metric, _)| format!("`stability_veto` asks for the metric `{metric}`, which does not exist"));
        conditions.filter_map(fault).chain(vetoes).collect()
    }

    /// Needs that do not exist, that a lower level has of a higher one, or that come round to the gate itself.
    fn wrong_needs(&self) -> Vec<String> {
        let gates = || self.stages.iter().flat_map(|stage| &stage.gates);
        let mut faults = Vec::new();
        for gate in gates() {
            for need in &gate.needs {
                match self.gate(need) {
                    None => faults.push(format!("`{}` needs `{need}`, which does not exist", gate.id)),
                    Some((_, needed)) if needed.level > gate.level => {
                        faults.push(format!("`{}` needs `{need}`, which guards a higher level", gate.id));
                    }
                    Some(_) => {}
                }
            }
            if self.needs_itself(&gate.id) {
                faults.push(format!("`{}` needs itself, by way of what it needs", gate.id));
            }
        }
        faults
    }

    fn needs_itself(&self, id: &str) -> bool {
        let (mut seen, mut open) = (BTreeSet::new(), vec![id]);
        while let Some(next) = open.pop() {
            for need in self.gate(next).map_or(&[][..], |(_, gate)| &gate.needs) {
                if need == id {
                    return true;
                }
                if seen.insert(need.as_str()) {
                    open.push(need);
                }
            }
        }
        false
    }

    /// What the work on stages should move, where it does not exist or is missing.
    fn wrong_measures(&self, metrics: &[&str]) -> Vec<String> {
        let is_missing = |stage: &&Stage| self.measures.iter().all(|measure| measure.stage != stage.id);
        let missing =
            self.stages.iter().filter(is_missing).map(|stage| format!("nothing says what `{}` moves", stage.id));
        let named = self.measures.iter().flat_map(|measure| [&measure.moves, &measure.leading]);
        let unknown = named.filter(|metric| !metrics.contains(&metric.as_str()));
        missing
            .chain(unknown.map(|metric| format!("the plan names the metric `{metric}`, which does not exist")))
            .collect()
    }

    fn unused_practices(&self, practices: &[(&str, &str)]) -> Vec<String> {
        let used: BTreeSet<&str> = self
            .requirements()
            .flat_map(|(_, requirement)| requirement.conditions())
            .filter_map(|condition| match &condition.subject {
                Subject::Practice { practice, .. } => Some(practice.as_str()),
                Subject::Metric { .. } => None,
            })
            .collect();
        let unused = practices.iter().filter(|(id, subject)| *subject != UNSCORED_SUBJECT && !used.contains(id));
        unused
            .map(|(id, _)| format!("no gate or question asks for the practice `{id}`: add it to one in catalog/"))
            .collect()
    }
}

fn missing_levels(stage: &Stage) -> Vec<String> {
    let has = |level: Level| stage.gates.iter().any(|gate| gate.level == level);
    let missing = (2..=5).filter(|level| !has(*level));
    let mut faults: Vec<String> =
        missing.map(|level| format!("`{}` has no gate for level {level}", stage.id)).collect();
    if !stage.gates.is_sorted_by_key(|gate| gate.level) {
        faults.push(format!("the gates of `{}` are not in the order of their levels", stage.id));
    }
    faults
}

/// From level 3 a gate asks for what ran; levels 4 and 5 also for what worked, by its grade or by an outcome.
fn weak_conditions(stage: &Stage) -> Vec<String> {
    let grade = |condition: &Condition| match &condition.subject {
        Subject::Practice { grade, .. } => *grade,
        Subject::Metric { .. } => Grade::Effective,
    };
    let asks_for =
        |gate: &Gate, needed| gate.requirement.conditions().iter().all(|condition| grade(condition) >= needed);
    let weak = stage.gates.iter().filter(|gate| gate.level >= 3 && !asks_for(gate, Grade::Exercised));
    let mut faults: Vec<String> =
        weak.map(|gate| format!("`{}` asks for less than level {} does: what ran", gate.id, gate.level)).collect();
    let shows_effect = |gate: &Gate| {
        let mut grades = gate.requirement.conditions().iter().map(grade);
        match gate.requirement {
            Requirement::All(_) => grades.any(|grade| grade == Grade::Effective),
            Requirement::Any(_) | Requirement::FirstKnown(_) => grades.all(|grade| grade == Grade::Effective),
        }
    };
    let without = (4..=5).filter(|level| !stage.gates.iter().any(|gate| gate.level == *level && shows_effect(gate)));
    faults.extend(without.map(|level| format!("level {level} of `{}` does not ask for what worked", stage.id)));
    faults
}

/// A metric's bounds never get easier from level to level, and always lie on the same side.
fn falling_thresholds<'g>(gates: impl Iterator<Item = &'g Gate>) -> Vec<String> {
    let mut bounds: BTreeMap<&str, Vec<(Level, &str, &Bound)>> = BTreeMap::new();
    for gate in gates {
        for condition in gate.requirement.conditions() {
            if let Subject::Metric { metric, bound } = &condition.subject {
                bounds.entry(metric).or_default().push((gate.level, &gate.id, bound));
            }
        }
    }
    let mut faults = Vec::new();
    for (metric, mut bounds) in bounds {
        bounds.sort_by_key(|(level, ..)| *level);
        for (at, (level, gate, bound)) in bounds.iter().enumerate() {
            let easier =
                bounds[..at].iter().find(|(below, _, other)| below < level && !bound.is_at_least_as_strict_as(other));
            faults.extend(easier.map(|(_, below, _)| {
                format!("`{gate}` asks less of `{metric}` than `{below}`, which guards a lower level")
            }));
        }
    }
    faults
}

#[cfg(test)]
mod tests {
    use super::*;

    const PRACTICES: &[(&str, &str)] = &[("scripted_build", "build"), ("ai_context_files", "ai"), ("lonely", "test")];

    #[test]
    fn what_a_condition_names_must_exist_and_what_exists_must_be_asked_for() {
        let faults = Catalog::embedded().unwrap().faults(PRACTICES, &[]);
        let says = |text: &str| faults.iter().any(|fault| fault.contains(text));
        assert!(says("the practice `ci_pipeline`, which does not exist"));
        assert!(says("the metric `change_lead_time`, which does not exist"));
        assert!(says("no gate or question asks for the practice `lonely`"));
        assert!(!says("`scripted_build`, which") && !says("ai_context_files"));
    }

    fn check(change: impl Fn(&mut Catalog), expected: &str) {
        let mut catalog = Catalog::embedded().unwrap();
        change(&mut catalog);
        let faults = catalog.faults(&[], &[]);
        assert!(faults.iter().any(|fault| fault.contains(expected)), "{expected} is not in {faults:#?}");
    }

    fn gate<'c>(catalog: &'c mut Catalog, id: &str) -> &'c mut Gate {
        catalog.stages.iter_mut().flat_map(|stage| &mut stage.gates).find(|gate| gate.id == id).unwrap()
    }

    fn condition(text: &str) -> Requirement {
        let entry: crate::entries::ConditionEntry = toml::from_str(text).unwrap();
        Requirement::All(vec![entry.check(Grade::Effective, false).unwrap()])
    }

    #[test]
    fn every_level_of_every_stage_has_a_gate_in_order() {
        check(|catalog| catalog.stages[0].gates.retain(|gate| gate.level != 4), "`build` has no gate for level 4");
        check(|catalog| catalog.stages[1].gates.reverse(), "the gates of `test` are not in the order");
        check(|catalog| catalog.stages.swap(0, 1), "the stages are");
    }

    #[test]
    fn gates_that_need_each_other_in_a_circle_are_refused() {
        let needs = |id: &'static str, needed: &'static str| {
            move |catalog: &mut Catalog| gate(catalog, id).needs.push(needed.to_owned())
        };
        check(
            needs("build_is_scripted_and_run_by_ci", "pipeline_runs_tests"),
            "`pipeline_runs_tests` needs itself, by way of what it needs",
        );
        check(needs("pipeline_runs_tests", "no_such"), "`pipeline_runs_tests` needs `no_such`, which does not exist");
        check(
            needs("pipeline_runs_tests", "failing_tests_stop_changes"),
            "`pipeline_runs_tests` needs `failing_tests_stop_changes`, which guards a higher level",
        );
    }

    #[test]
    fn no_level_asks_for_less_than_the_one_below() {
        let weekly = "metric = \"deployment_frequency\"\nat_least = \"1 per month\"";
        let set = |id: &'static str, text: &'static str| {
            move |catalog: &mut Catalog| gate(catalog, id).requirement = condition(text)
        };
        check(
            set("deployments_ship_few_changes", weekly),
            "`deployments_ship_few_changes` asks less of `deployment_frequency`",
        );
        let declared = "practice = \"x\"\ngrade = \"declared\"";
        check(set("every_change_is_built", declared), "`every_change_is_built` asks for less than level 3 does");
        let ran = "practice = \"x\"\ngrade = \"exercised\"";
        check(set("builds_stay_verifiable", ran), "level 5 of `build` does not ask for what worked");
    }
}
