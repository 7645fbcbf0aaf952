//! Export: facts in the words of import, and measures, line by line.

use truelevel_model::assessment::{Assessment, ServiceResult};
use truelevel_model::facts::Facts;
use truelevel_model::{Measurement, Quantile};
use truelevel_sources::import::{Row, header, line};

use crate::import::{Format, Layout};
use crate::{EngineError, Workspace};

/// The kind of record that is no fact.
pub const MEASURES: &str = "measures";

/// What a measure's record holds.
const COLUMNS: &[&str] = &[
    "service",
    "team",
    "metric",
    "value",
    "unit",
    "low",
    "high",
    "at_least",
    "n",
    "n_independent",
    "censored",
    "p75",
    "p75_low",
    "p75_high",
    "p90",
    "p90_low",
    "p90_high",
    "band",
    "band_low",
    "band_high",
    "edition",
    "definition",
    "is_proxy",
    "is_lower_bound",
    "note",
    "as_of",
    "window_days",
];

/// Takes the lines of an export.
pub type Take<'a> = &'a mut dyn FnMut(&str) -> Result<(), EngineError>;

/// Writes the stored facts of a kind. Reading them with `import` gives the same facts.
pub fn export_facts(workspace: &Workspace, layout: &Layout, format: Format, take: Take<'_>) -> Result<(), EngineError> {
    let store = &workspace.store;
    let mut facts = Facts::default();
    match layout.id {
        "ai_usage" => facts.ai_usage = store.ai_usage()?,
        "declarations" => facts.declarations = store.declarations()?,
        "deployments" => facts.deployments = store.deployments()?,
        "evidence" => facts.evidence = store.evidence()?,
        "incident_links" => facts.incident_links = store.incident_links()?,
        "incidents" => facts.incidents = store.incidents()?,
        "pipeline_runs" => facts.pipeline_runs = store.pipeline_runs()?,
        "reviews" => facts.reviews = store.reviews()?,
        "services" => facts.services = store.service_records()?,
        other => return Err(EngineError::Usage(format!("{other} are not kept, so they cannot be exported"))),
    }
    let columns: Vec<&str> = layout.fields.iter().map(|field| field.name()).collect();
    take(&header(&columns, format))?;
    layout.rows(&facts).try_for_each(|row| take(&line(layout.id, &columns, row, format)))
}

/// Writes what was measured: a record for each service and metric.
pub fn export_measures(assessment: &Assessment, format: Format, take: Take<'_>) -> Result<(), EngineError> {
    take(&header(COLUMNS, format))?;
    for service in &assessment.services {
        for (metric, measurement) in &service.metrics {
            let row = measure(assessment, service, metric, measurement);
            take(&line(MEASURES, COLUMNS, row, format))?;
        }
    }
    Ok(())
}

fn measure(assessment: &Assessment, service: &ServiceResult, metric: &str, measurement: &Measurement) -> Row {
    let mut row = Row::new();
    let band = |band: Option<truelevel_model::Band>| band.map(|band| band.as_str());
    row.insert("service".into(), service.service.as_str().into());
    row.insert("team".into(), service.team.clone().into());
    row.insert("metric".into(), metric.into());
    row.insert("value".into(), measurement.value.into());
    row.insert("unit".into(), measurement.unit.as_str().into());
    row.insert("low".into(), measurement.low.into());
    row.insert("high".into(), measurement.high.into());
    row.insert("at_least".into(), measurement.at_least.into());
    row.insert("n".into(), measurement.n.into());
    row.insert("n_independent".into(), measurement.n_independent.into());
    row.insert("censored".into(), measurement.censored.into());
    quantile(&mut row, "p75", measurement.p75);
    quantile(&mut row, "p90", measurement.p90);
    row.insert("band".into(), band(measurement.band).into());
    row.insert("band_low".into(), band(measurement.band_low).into());
    row.insert("band_high".into(), band(measurement.band_high).into());
    row.insert("edition".into(), measurement.edition.as_str().into());
    row.insert("definition".into(), measurement.definition.as_str().into());
    row.insert("is_proxy".into(), measurement.is_proxy.into());
    row.insert("is_lower_bound".into(), measurement.is_lower_bound.into());
    row.insert("note".into(), measurement.note.clone().into());
    row.insert("as_of".into(), assessment.as_of.to_string().into());
    row.insert("window_days".into(), assessment.window_days.into());
    row
}

fn quantile(row: &mut Row, name: &str, quantile: Option<Quantile>) {
    row.insert(name.into(), quantile.and_then(|quantile| quantile.value).into());
    row.insert(format!("{name}_low"), quantile.and_then(|quantile| quantile.low).into());
    row.insert(format!("{name}_high"), quantile.and_then(|quantile| quantile.high).into());
}
