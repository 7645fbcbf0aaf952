//! The plan: what to do, what has held long enough to build on, what is under way, and what it costs by own rates.

use std::collections::BTreeMap;

use truelevel_assess::Catalog;
use truelevel_assess::roadmap::WEEKS_TO_HOLD;
use truelevel_model::assessment::{Assessment, GateResult};
use truelevel_model::plan::{Cost, InitiativeResult, Item, Plan};

use crate::assess::{AssessRequest, assess};
use crate::config::{CostRates, Initiative};
use crate::past::{Summary, is_met};
use crate::{EngineError, Talk, Workspace};

/// Initiatives are followed over so many weeks.
const WEEKS_FOLLOWED: usize = 12;

/// The gates that were met in a week.
struct Week {
    name: String,
    is_met: BTreeMap<String, bool>,
}

/// Assesses, and puts the plan together.
pub fn plan(workspace: &mut Workspace, request: &AssessRequest, talk: &dyn Talk) -> Result<Plan, EngineError> {
    let assessment = assess(workspace, request, talk)?;
    let catalog = workspace.catalog()?;
    let weeks = past_weeks(workspace, &assessment)?;
    let initiatives = &workspace.config.initiatives;
    Ok(Plan {
        workspace: assessment.workspace.clone(),
        as_of: assessment.as_of,
        constraint: assessment.first_constraint.statement.clone(),
        advice: assessment.first_constraint.action.clone(),
        weekly_snapshots: newest(&weeks).flatten().count() as u64,
        items: items(&assessment, initiatives),
        home_made: assessment.roadmap.home_made.clone(),
        initiatives: initiatives.iter().map(|initiative| followed(initiative, &assessment, &weeks)).collect(),
        cost: workspace.config.cost.as_ref().map(|rates| cost(rates, &catalog, &assessment)),
        phases: assessment.roadmap.phases,
    })
}

/// What the workspace has taken on, and how it goes.
pub(crate) fn initiatives(
    workspace: &Workspace,
    assessment: &Assessment,
) -> Result<Vec<InitiativeResult>, EngineError> {
    let initiatives = &workspace.config.initiatives;
    let weeks = if initiatives.is_empty() { Vec::new() } else { past_weeks(workspace, assessment)? };
    Ok(initiatives.iter().map(|initiative| followed(initiative, assessment, &weeks)).collect())
}

/// The newest snapshot of each of the last whole weeks, oldest first; none for a week without one.
fn past_weeks(workspace: &Workspace, assessment: &Assessment) -> Result<Vec<Option<Week>>, EngineError> {
    let heads = workspace.store.snapshots()?;
    let mut weeks = Vec::new();
    for week in workspace.config.calendar.weeks_up_to(assessment.as_of, WEEKS_FOLLOWED) {
        let window = week.window();
        let head = heads.iter().filter(|head| window.contains(head.as_of)).max_by_key(|head| (head.as_of, head.number));
        let summary = match head {
            Some(head) => Summary::stored(workspace.store.as_ref(), head.number)?,
            None => None,
        };
        weeks.push(summary.map(|summary| Week { name: week.name.clone(), is_met: summary.is_met }));
    }
    Ok(weeks)
}

/// The last four weeks, newest first.
fn newest(weeks: &[Option<Week>]) -> impl Iterator<Item = Option<&Week>> {
    weeks.iter().rev().take(WEEKS_TO_HOLD as usize).map(Option::as_ref)
}

fn gates(assessment: &Assessment) -> impl Iterator<Item = &GateResult> {
    assessment.stages.iter().chain(&assessment.lanes).flat_map(|stage| &stage.gates)
}

fn items(assessment: &Assessment, initiatives: &[Initiative]) -> Vec<Item> {
    let item = |action: &truelevel_model::assessment::Action| {
        let gate = gates(assessment).find(|gate| gate.gate == action.gate)?;
        let initiative = initiatives.iter().find(|initiative| initiative.gates.contains(&action.gate));
        Some(Item {
            action: action.clone(),
            statement: gate.statement.clone(),
            because: gate.because.clone(),
            initiative: initiative.map(|initiative| initiative.name.clone()),
            due: initiative.map(|initiative| initiative.due.clone()),
        })
    };
    assessment.roadmap.next.iter().filter_map(item).collect()
}

fn followed(initiative: &Initiative, assessment: &Assessment, weeks: &[Option<Week>]) -> InitiativeResult {
    let is_open = |id: &&String| !gates(assessment).any(|gate| gate.gate == **id && is_met(gate));
    let open: Vec<String> = initiative.gates.iter().filter(is_open).cloned().collect();
    let met = |week: &Week| initiative.gates.iter().filter(|gate| week.is_met.get(*gate) == Some(&true)).count() as u64;
    InitiativeResult {
        name: initiative.name.clone(),
        owner: initiative.owner.clone(),
        due: initiative.due.clone(),
        gates: initiative.gates.clone(),
        is_overdue: !open.is_empty() && initiative.due_at < assessment.as_of,
        open,
        past: weeks.iter().flatten().map(|week| (week.name.clone(), met(week))).collect(),
    }
}

/// Days of work are those of each open gate for each service that has it open; nothing is shared between services, so this
/// is the most that it takes where each team works for itself.
fn cost(rates: &CostRates, catalog: &Catalog, assessment: &Assessment) -> Cost {
    let services = assessment.each_service().filter(|service| service.is_active).count() as u64;
    let days = |id: &String| {
        let effort = catalog.gate(id).map_or(0.0, |(_, gate)| rates.days(gate.effort));
        let counts = gates(assessment).find(|gate| gate.gate == *id).and_then(|gate| gate.services.clone());
        effort * counts.map_or(services.max(1), |counts| counts.unmet + counts.unknown) as f64
    };
    let phase = |phase: &truelevel_model::assessment::PhaseResult| {
        // The sum of nothing is a negative zero.
        let days = phase.open.iter().map(days).sum::<f64>() + 0.0;
        (phase.title.clone(), days, days * rates.per_day)
    };
    Cost {
        formula: format!(
            "for each open gate: services that have it open × days of its effort × {} {} per day",
            rates.per_day, rates.currency
        ),
        currency: rates.currency.clone(),
        phases: assessment.roadmap.phases.iter().map(phase).collect(),
    }
}
