//! Stages, gates and evidence.

use askama::Template;
use truelevel_model::assessment::StageResult;

use super::evidence::{GateRow, OUTCOMES, gate_row};
use super::parts::{figure, share_key, untitled_figure};
use super::{Page, Section, Site, rendered};
use crate::words;

#[derive(Template)]
#[template(path = "pages/maturity.html")]
struct Maturity {
    h: u8,
    stages: String,
    grid: String,
    /// What the colours of the bars stand for, as HTML; empty where there are none.
    share_key: String,
    gates: Vec<Stage>,
    /// The gates, and each of each service.
    csv_links: Vec<(String, &'static str)>,
}

struct Stage {
    name: String,
    level: String,
    is_lane: bool,
    held_by: String,
    gap: Option<String>,
    rows: Vec<GateRow>,
}

pub(super) fn section(site: &Site<'_>) -> Section {
    let assessment = site.assessment;
    let stage = |stage: &StageResult, is_lane| shown_stage(site, stage, is_lane);
    let template = Maturity {
        h: site.heading(),
        stages: untitled_figure(site, None, "stages"),
        grid: if assessment.services.len() > 1 { figure(site, None, "grid") } else { String::new() },
        share_key: if assessment.services.len() > 1 { share_key(OUTCOMES) } else { String::new() },
        csv_links: csv_links(site),
        gates: assessment
            .stages
            .iter()
            .map(|result| stage(result, false))
            .chain(assessment.lanes.iter().map(|result| stage(result, true)))
            .collect(),
    };
    Section {
        page: Page::Maturity,
        title: Page::Maturity.title(),
        lead: "A stage stands at the highest level whose gates, and all gates below, are met. What cannot be told counts as not met.".to_owned(),
        html: rendered(&template),
    }
}

fn csv_links(site: &Site<'_>) -> Vec<(String, &'static str)> {
    let is_shared = site.assessment.services.len() > 1;
    let files = [("gates.csv", "Gates as CSV"), ("all-gates.csv", "Each gate of each service as CSV")];
    let files = files.into_iter().take(if is_shared { 2 } else { 1 });
    files.filter_map(|(file, says)| Some((site.links.download(file)?, says))).collect()
}

pub(super) fn shown_stage_rows(site: &Site<'_>, stage: &StageResult) -> Vec<GateRow> {
    stage.gates.iter().map(|gate| gate_row(site, gate)).collect()
}

fn shown_stage(site: &Site<'_>, stage: &StageResult, is_lane: bool) -> Stage {
    Stage {
        name: stage.stage.clone(),
        level: words::stage_level(stage),
        is_lane,
        held_by: words::sentence(&stage.held_by),
        gap: stage
            .declared
            .filter(|declared| *declared != stage.proven)
            .map(|declared| words::declared_gap(declared, stage.proven)),
        rows: shown_stage_rows(site, stage),
    }
}
