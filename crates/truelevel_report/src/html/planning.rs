//! The decision and the plan.

use askama::Template;
use truelevel_model::assessment::PhaseState;
use truelevel_model::decision::HomeMade;
use truelevel_model::plan::InitiativeResult;

use super::evidence::{Place, place};
use super::markdown::coded;
use super::overview::{ShownAction, ShownConstraint, actions, shown_constraint};
use super::parts::{Verdict, untitled_figure};
use super::{Page, Section, Site, rendered};
use crate::reference::Phase;
use crate::{decision, numbers, words};

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
    initiatives: Vec<Initiative>,
    actions: Vec<ShownAction>,
    about_home_made: &'static str,
    home_made: Vec<Built>,
    more_home_made: usize,
    csv_link: Option<String>,
    maturity_link: String,
}

struct ShownPhase<'a> {
    phase: &'a Phase,
    is_here: bool,
    /// What marks the phase that the level leads to; that phase may wait for one whose gates have not held long enough.
    here: &'static str,
    standing: Option<String>,
    settling: Option<String>,
}

/// A home-made commodity.
struct Built {
    title: String,
    link: String,
    repository: String,
    instead: String,
    places: Vec<Place>,
}

/// So many home-made commodities are shown; the count says how many more there are.
const HOME_MADE_SHOWN: usize = 20;

/// What the workspace has taken on.
struct Initiative {
    name: String,
    facts: String,
    verdict: Verdict,
    /// Address and id of the gates that are open.
    open: Vec<(String, String)>,
    course: String,
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
    let (here, home_made) = (&site.assessment.roadmap.phase, &site.assessment.roadmap.home_made);
    let shown = |phase| {
        let found = site.assessment.roadmap.phases.iter().find(|result| phase_is(phase, &result.phase));
        ShownPhase {
            is_here: phase_is(phase, here),
            here: match found.map(|found| found.state) {
                Some(PhaseState::Waits) => "Your level leads here",
                _ => "Here now",
            },
            standing: found.map(decision::phase),
            settling: found.and_then(decision::settling).map(|gates| coded(&words::capitalised(&gates))),
            phase,
        }
    };
    Section {
        page: Page::Plan,
        title: Page::Plan.title(),
        lead: "Gates that are open, in the order lowest stage, what others wait for, least effort, most services."
            .to_owned(),
        html: rendered(&Plan {
            h: site.heading(),
            phases: site.reference.phases.iter().map(shown).collect(),
            tell_first: decision::tell_first(&site.assessment.roadmap.next).map(|first| coded(&first)),
            initiatives: site
                .courses
                .initiatives
                .iter()
                .enumerate()
                .map(|(at, found)| initiative(site, at, found))
                .collect(),
            csv_link: site.links.download("plan.csv"),
            maturity_link: site.to(&Page::Maturity),
            actions: actions(site),
            about_home_made: decision::HOME_MADE,
            home_made: home_made.iter().take(HOME_MADE_SHOWN).map(|found| built(site, found)).collect(),
            more_home_made: home_made.len().saturating_sub(HOME_MADE_SHOWN),
        }),
    }
}

fn built(site: &Site<'_>, found: &HomeMade) -> Built {
    Built {
        title: found.title.clone(),
        link: site.to(&Page::Definition(found.commodity.clone())),
        repository: found.repository.clone(),
        instead: found.instead.clone(),
        places: found.places.iter().map(|it| place(site, it)).collect(),
    }
}

fn initiative(site: &Site<'_>, number: usize, found: &InitiativeResult) -> Initiative {
    let met = found.gates.len() - found.open.len();
    let gates = numbers::count(found.gates.len() as u64, "gate");
    Initiative {
        name: found.name.clone(),
        facts: format!("{met} of {gates} met; {} answers for it; due {}", found.owner, found.due),
        verdict: match (found.open.is_empty(), found.is_overdue) {
            (true, _) => Verdict { class: "yes", sign: "✓", word: "done" },
            (false, true) => Verdict { class: "no", sign: "✕", word: "overdue" },
            (false, false) => Verdict { class: "none", sign: "–", word: "under way" },
        },
        open: found
            .open
            .iter()
            .map(|gate| (site.to(&Page::Definition(gate.clone())), site.reference.title(gate)))
            .collect(),
        course: untitled_figure(site, None, &format!("initiative-{number}")),
    }
}

fn phase_is(phase: &Phase, name: &str) -> bool {
    phase.id == name || phase.title == name
}
