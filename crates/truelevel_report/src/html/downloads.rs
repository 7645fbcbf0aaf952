//! Tables as CSV and charts as SVG: what people take into a spreadsheet or onto a slide.

use truelevel_model::Measurement;
use truelevel_model::assessment::ServiceResult;

use super::{Filter, Site, figures};
use crate::table::Table;

/// A file to hand out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Download {
    /// Its media type.
    pub media_type: &'static str,
    /// Its content.
    pub content: String,
}

/// The file of a name: `CHART.svg`, `CHART.csv`, or one of `services.csv`, `metrics.csv`, `gates.csv`,
/// `exclusions.csv`, `repositories.csv`. Of one service where one is named; `services.csv` holds those that fit the
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
            Some(Download { media_type: "image/svg+xml", content })
        }
        "csv" => {
            let table =
                table(site, service, filter, stem).or_else(|| Some(figures::named(site, service, stem)?.table))?;
            Some(Download { media_type: "text/csv; charset=utf-8", content: table.csv() })
        }
        _ => None,
    }
}

fn table(site: &Site<'_>, service: Option<&ServiceResult>, filter: &Filter, name: &str) -> Option<Table> {
    match name {
        "services" => Some(services(site, filter)),
        "metrics" => Some(metrics(site, service)),
        "gates" => Some(gates(site, service)),
        "exclusions" => Some(exclusions(site, service)),
        "repositories" => Some(repositories(site)),
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
        cells.extend(ids.iter().map(|id| raw(service.metrics.get(*id).and_then(|measured| measured.value))));
        cells
    };
    Table { columns, rows: filter.ordered(&assessment.services).into_iter().map(row).collect() }
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

fn gates(site: &Site<'_>, service: Option<&ServiceResult>) -> Table {
    let mut table = Table::new(["stage", "level", "gate", "statement", "outcome", "because"]);
    let (stages, lanes) =
        service.map_or((&site.assessment.stages, &site.assessment.lanes), |service| (&service.stages, &service.lanes));
    for stage in stages.iter().chain(lanes) {
        for gate in &stage.gates {
            table.push([
                stage.stage.clone(),
                gate.level.to_string(),
                gate.gate.clone(),
                gate.statement.clone(),
                gate.outcome.as_str().to_owned(),
                gate.because.clone(),
            ]);
        }
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

fn repositories(site: &Site<'_>) -> Table {
    let mut table = Table::new(["repository", "used_for", "changes", "tags", "branch", "commit", "newest_change_at"]);
    for repository in &site.assessment.coverage.repositories {
        table.push([
            repository.repository.clone(),
            repository.used_for.join(" "),
            repository.changes.to_string(),
            repository.tags.to_string(),
            repository.branch.clone().unwrap_or_default(),
            repository.commit.clone().unwrap_or_default(),
            repository.newest_change_at.map_or_else(String::new, |time| time.to_string()),
        ]);
    }
    table
}
