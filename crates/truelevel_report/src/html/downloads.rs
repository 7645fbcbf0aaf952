//! Tables as CSV and charts as SVG: what people take into a spreadsheet or onto a slide.

use truelevel_model::Measurement;
use truelevel_model::assessment::{GateServices, ServiceResult};

use super::evidence::located;
use super::listing::Listing;
use super::{Filter, Site, ai, delivery, figures, platform, service, standing, teams, trust};
use crate::table::Table;

pub(super) const CSV: &str = "text/csv; charset=utf-8";
pub(super) const SVG: &str = "image/svg+xml";

/// A file to hand out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Download {
    /// Its media type.
    pub media_type: &'static str,
    /// Its content.
    pub content: String,
}

/// The file of a name: `CHART.svg`, `CHART.csv`, or that of a table of a page. Of one service where one is named; `services.csv` holds those that fit the
/// filter, in its order, on all its pages. `None` when there is no such thing.
pub fn download(site: &Site<'_>, service: Option<&str>, filter: &Filter, name: &str) -> Option<Download> {
    let service = match service {
        Some(name) => Some(site.service(name)?),
        None => None,
    };
    let (stem, extension) = name.rsplit_once('.')?;
    match extension {
        "svg" => {
            let content = figures::named(site, service, stem)?.file();
            Some(Download { media_type: SVG, content })
        }
        "csv" => {
            let table =
                table(site, service, filter, stem).or_else(|| Some(figures::named(site, service, stem)?.table))?;
            Some(Download { media_type: CSV, content: table.csv() })
        }
        _ => None,
    }
}

fn table(site: &Site<'_>, service: Option<&ServiceResult>, filter: &Filter, name: &str) -> Option<Table> {
    match name {
        "services" => Some(services(site, filter)),
        "metrics" => Some(metrics(site, service)),
        "gates" => Some(gates(site, service)),
        "all-gates" => Some(all_gates(site)),
        "grid" => Some(grid(site)),
        "exclusions" => Some(exclusions(site, service)),
        "pitfalls" => Some(pitfalls(site)),
        "plan" => Some(plan(site)),
        _ => Some(listing(site, service, name)?.table()),
    }
}

/// The table of a page of that name.
fn listing(site: &Site<'_>, service: Option<&ServiceResult>, name: &str) -> Option<Listing> {
    if let Some(metric) = name.strip_prefix("values-") {
        return site.assessment.metric(metric).map(|_| delivery::services(site, metric));
    }
    if let Some(gate) = name.strip_prefix("gate-") {
        return standing::gate_services(site, gate);
    }
    if let Some(question) = name.strip_prefix("question-") {
        return standing::question_services(site, question);
    }
    if let Some(place) = name.strip_prefix("path-") {
        return platform::services(site, place.parse().ok()?);
    }
    match (name, service) {
        ("ai-services", _) => Some(ai::services(site)),
        ("failures", Some(service)) => Some(service::failures(site, service)),
        ("incidents", Some(service)) => Some(service::incidents(site, service)),
        ("keys-over-teams", _) => Some(platform::spread(site)),
        ("on-and-off-the-path", _) => Some(platform::outcomes(site)),
        ("repositories", _) => Some(trust::repositories(site)),
        ("sources", _) => Some(trust::sources(site)),
        ("teams", _) => Some(teams::listing(site)),
        _ => None,
    }
}

fn raw(value: Option<f64>) -> String {
    value.map_or_else(String::new, |value| value.to_string())
}

/// One row for each service that fits: levels, stages, and every metric in its own unit.
fn services(site: &Site<'_>, filter: &Filter) -> Table {
    let assessment = site.assessment;
    let stages: Vec<&str> = assessment.stages.iter().map(|stage| stage.stage.as_str()).collect();
    let ids: Vec<&String> = assessment.metrics.keys().collect();
    let mut columns: Vec<String> =
        ["service", "team", "active", "proven", "possible", "declared", "deployment_data"].map(str::to_owned).to_vec();
    columns.extend(stages.iter().map(|stage| format!("{stage}_proven")));
    columns.extend(ids.iter().map(|id| (*id).clone()));
    columns.extend(ids.iter().flat_map(|id| ["low", "high", "n"].map(|what| format!("{id}_{what}"))));
    let row = |service: &ServiceResult| {
        let level = service.level;
        let mut cells = vec![
            service.service.clone(),
            service.team.clone().unwrap_or_default(),
            service.is_active.to_string(),
            level.proven.to_string(),
            level.possible.to_string(),
            level.declared.map_or_else(String::new, |level| level.to_string()),
            service.deployment_data.describe().to_owned(),
        ];
        let proven =
            |stage: &&str| service.stages.iter().find(|result| result.stage == *stage).map(|result| result.proven);
        cells.extend(stages.iter().map(|stage| proven(stage).map_or_else(String::new, |level| level.to_string())));
        let measured = |id: &&String| service.metrics.get(*id);
        cells.extend(ids.iter().map(|id| raw(measured(id).and_then(|measured| measured.value))));
        for measured in ids.iter().map(measured) {
            // Nothing limits a lower bound above.
            let limited = measured.filter(|measured| !measured.is_lower_bound);
            let sample = measured.map_or_else(String::new, |measured| measured.n.to_string());
            let (low, high) = (limited.and_then(|it| it.low), limited.and_then(|it| it.high));
            cells.extend([raw(low), raw(high), sample]);
        }
        cells.into_iter().map(Into::into).collect()
    };
    Table { columns, rows: filter.ordered(assessment).into_iter().map(row).collect() }
}

fn metrics(site: &Site<'_>, service: Option<&ServiceResult>) -> Table {
    let mut table = Table::new([
        "metric",
        "value",
        "unit",
        "low",
        "high",
        "n",
        "censored",
        "band",
        "edition",
        "definition",
        "note",
    ]);
    let mut push = |id: &str, measured: &Measurement| {
        let unit = match measured.unit {
            truelevel_model::Unit::Seconds => "seconds",
            truelevel_model::Unit::PerDay => "per_day",
            truelevel_model::Unit::Ratio => "ratio",
            truelevel_model::Unit::Count => "count",
        };
        table.push([
            id.to_owned(),
            raw(measured.value),
            unit.to_owned(),
            raw(measured.low),
            raw(measured.high),
            measured.n.to_string(),
            measured.censored.to_string(),
            measured.band.map_or("", truelevel_model::Band::as_str).to_owned(),
            measured.edition.clone(),
            measured.definition.clone(),
            measured.note.clone().unwrap_or_default(),
        ]);
    };
    match service {
        Some(service) => service.metrics.iter().for_each(|(id, measured)| push(id, measured)),
        None => site.assessment.metrics.iter().for_each(|(id, spread)| push(id, &spread.measurement)),
    }
    table
}

/// The gates; of several services together with how many of them meet each.
fn gates(site: &Site<'_>, service: Option<&ServiceResult>) -> Table {
    let mut table = Table::new([
        "stage",
        "level",
        "gate",
        "statement",
        "outcome",
        "because",
        "services_met",
        "services_unmet",
        "services_unknown",
        "evidence",
    ]);
    let (stages, lanes) =
        service.map_or((&site.assessment.stages, &site.assessment.lanes), |service| (&service.stages, &service.lanes));
    for stage in stages.iter().chain(lanes) {
        for gate in &stage.gates {
            let count = |pick: fn(&GateServices) -> u64| {
                gate.services.as_ref().map_or_else(String::new, |services| pick(services).to_string())
            };
            let places: Vec<String> = gate.evidence.iter().map(|evidence| located(evidence).0).collect();
            table.push([
                stage.stage.clone(),
                gate.level.to_string(),
                gate.gate.clone(),
                gate.statement.clone(),
                gate.outcome.as_str().to_owned(),
                crate::words::because(gate),
                count(|services| services.met),
                count(|services| services.unmet),
                count(|services| services.unknown),
                places.join("; "),
            ]);
        }
    }
    table
}

/// Each gate of each service.
fn all_gates(site: &Site<'_>) -> Table {
    let mut table = Table::new(["service", "stage", "level", "gate", "outcome", "because"]);
    for service in &site.assessment.services {
        for stage in service.stages.iter().chain(&service.lanes) {
            for gate in &stage.gates {
                table.push([
                    service.service.clone(),
                    stage.stage.clone(),
                    gate.level.to_string(),
                    gate.gate.clone(),
                    gate.outcome.as_str().to_owned(),
                    gate.because.clone(),
                ]);
            }
        }
    }
    table
}

/// The level of each service in each stage: what the picture of that name draws.
fn grid(site: &Site<'_>) -> Table {
    let stages = site.assessment.stages.iter().map(|stage| stage.stage.clone());
    let row = |service: &ServiceResult| {
        let level = |name: &str| service.stages.iter().find(|stage| stage.stage == name).map(|stage| stage.proven);
        let levels = site.assessment.stages.iter().map(|stage| level(&stage.stage));
        let levels = levels.map(|level| level.map_or_else(String::new, |level| level.to_string()));
        std::iter::once(service.service.clone()).chain(levels).map(Into::into).collect()
    };
    Table {
        columns: std::iter::once("service".to_owned()).chain(stages).collect(),
        rows: site.judged().map(row).collect(),
    }
}

/// The actions of the plan, in their order.
fn plan(site: &Site<'_>) -> Table {
    let mut table = Table::new(["action", "gate", "stage", "level", "outcome", "effort", "services", "waits_for"]);
    for action in &site.assessment.roadmap.next {
        table.push([
            action.action.clone(),
            action.gate.clone(),
            action.stage.clone(),
            action.level.to_string(),
            action.outcome.as_str().to_owned(),
            action.effort.to_string(),
            action.services.to_string(),
            action.waits_for.join(" "),
        ]);
    }
    table
}

fn exclusions(site: &Site<'_>, service: Option<&ServiceResult>) -> Table {
    let mut table = Table::new(["reason", "meaning", "count"]);
    for (code, excluded) in service.map_or(&site.assessment.exclusions, |service| &service.exclusions) {
        table.push([code.clone(), excluded.meaning.clone(), excluded.count.to_string()]);
    }
    table
}

fn pitfalls(site: &Site<'_>) -> Table {
    let mut table = Table::new(["pitfall", "title", "finding", "effect", "response", "services", "services_affected"]);
    for pitfall in &site.assessment.pitfalls {
        table.push([
            pitfall.pitfall.clone(),
            pitfall.title.clone(),
            pitfall.finding.clone(),
            pitfall.effect.clone().unwrap_or_default(),
            pitfall.response.clone(),
            pitfall.services.join(" "),
            pitfall.services_affected.to_string(),
        ]);
    }
    table
}
