//! The decision and the plan.

use askama::Template;

use super::markdown::coded;
use super::overview::{ShownAction, ShownConstraint, actions, shown_constraint};
use super::{Page, Section, Site, rendered};
use crate::decision;
use crate::reference::Phase;

#[derive(Template)]
#[template(path = "pages/decision.html")]
struct Decision {
    h: u8,
    constraint: ShownConstraint,
}

#[derive(Template)]
#[template(path = "pages/plan.html")]
struct Plan<'a> {
    h: u8,
    phases: Vec<ShownPhase<'a>>,
    tell_first: Option<String>,
    actions: Vec<ShownAction>,
}

struct ShownPhase<'a> {
    phase: &'a Phase,
    is_here: bool,
    standing: Option<String>,
}

pub(super) fn decision(site: &Site<'_>) -> Section {
    let assessment = site.assessment;
    let constraint = shown_constraint(site, &assessment.first_constraint, assessment.architecture.as_ref());
    Section {
        page: Page::Decision,
        title: Page::Decision.title(),
        lead: "Questions in a fixed order. The first that is not answered yes is where to act: fixing things out of order wastes money.".to_owned(),
        html: rendered(&Decision { h: site.heading(), constraint }),
    }
}

pub(super) fn plan(site: &Site<'_>) -> Section {
    let here = &site.assessment.roadmap.phase;
    let standing = |phase: &Phase| {
        let found = site.assessment.roadmap.phases.iter().find(|result| result.phase == phase.id);
        found.map(decision::phase)
    };
    let shown = |phase| ShownPhase { is_here: phase_is(phase, here), standing: standing(phase), phase };
    Section {
        page: Page::Plan,
        title: Page::Plan.title(),
        lead: "Gates that are open, in the order lowest stage, what others wait for, least effort, most services."
            .to_owned(),
        html: rendered(&Plan {
            h: site.heading(),
            phases: site.reference.phases.iter().map(shown).collect(),
            tell_first: decision::tell_first(&site.assessment.roadmap.next).map(|first| coded(&first)),
            actions: actions(site),
        }),
    }
}

fn phase_is(phase: &Phase, name: &str) -> bool {
    phase.id == name || phase.title == name
}
