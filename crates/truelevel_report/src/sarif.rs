//! SARIF 2.1.0, for code scanning: what is missing, where it should be looked at, and what cannot be read.
//!
//! One run for each repository, because addresses in a run are relative to one. Unmet gates are findings; what is
//! declared and not shown to run is a note at its place. What is met, or cannot be told without any place, is left to the
//! other formats: code scanning would show it as an alert.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};
use truelevel_model::assessment::{
    Assessment, EvidenceResult, FileWarning, GateOutcome, GateResult, RepositoryCoverage, ServiceResult, StageResult,
};
use truelevel_model::{in_address, printable};

use crate::words;

const SCHEMA: &str = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";
/// The rule of files that cannot be read as they are meant.
const UNREADABLE: &str = "file_not_understood";
/// Stands for the repository as a whole: code scanning asks every result for a file.
const NO_FILE: &str = "no-file-shows-it";

/// What a gate says of itself, for readers of its findings.
#[derive(Clone, Debug)]
pub struct Rule {
    /// The gate.
    pub id: String,
    /// Its stage or lane.
    pub stage: String,
    /// The level that it guards.
    pub level: u8,
    /// What it asks.
    pub statement: String,
    /// Why it matters.
    pub why: String,
    /// How to get there, what it takes and what it unlocks, as Markdown.
    pub help: String,
    /// Where to read more.
    pub help_uri: Option<String>,
}

/// The whole log.
pub fn render(assessment: &Assessment, rules: &[Rule]) -> String {
    let mut runs: Vec<Value> =
        assessment.coverage.repositories.iter().map(|repository| run(assessment, rules, Some(repository))).collect();
    if assessment.each_service().any(|service| service.repositories.is_empty()) {
        runs.push(run(assessment, rules, None));
    }
    let log = json!({ "$schema": SCHEMA, "version": "2.1.0", "runs": runs });
    serde_json::to_string_pretty(&log).unwrap_or_default() + "\n"
}

/// The findings of one repository; without one, of the services that none was matched to.
fn run(assessment: &Assessment, rules: &[Rule], repository: Option<&RepositoryCoverage>) -> Value {
    let name = repository.map(|repository| repository.repository.as_str());
    let places: BTreeMap<&str, usize> =
        rules.iter().enumerate().map(|(place, rule)| (rule.id.as_str(), place)).collect();
    let services = assessment.each_service().filter(|service| service.repositories.first().map(String::as_str) == name);
    let mut results: Vec<Value> = services.flat_map(|service| of_service(service, name, &places)).collect();
    let warnings = assessment.coverage.file_warnings.iter().filter(|warning| Some(warning.repository.as_str()) == name);
    results.extend(warnings.map(|warning| unreadable(warning, rules.len())));
    let mut run = json!({
        "tool": { "driver": {
            "name": "Truelevel",
            "semanticVersion": assessment.program_version,
            "rules": rules.iter().map(described).chain([unreadable_rule()]).collect::<Vec<_>>(),
        } },
        "automationDetails": { "id": format!("truelevel/{}/", in_address(name.unwrap_or("without repository"))) },
        "columnKind": "unicodeCodePoints",
        "results": results,
        "properties": { "asOf": assessment.as_of.to_string(), "windowDays": assessment.window_days },
    });
    if let Some(provenance) = repository.and_then(provenance) {
        run["versionControlProvenance"] = json!([provenance]);
    }
    run
}

fn provenance(repository: &RepositoryCoverage) -> Option<Value> {
    let mut provenance = Map::new();
    provenance.insert("repositoryUri".into(), repository.web_address.clone()?.into());
    provenance.extend(repository.commit.clone().map(|commit| ("revisionId".to_owned(), commit.into())));
    provenance.extend(repository.branch.clone().map(|branch| ("branch".to_owned(), branch.into())));
    Some(Value::Object(provenance))
}

fn described(rule: &Rule) -> Value {
    let mut described = json!({
        "id": rule.id,
        "shortDescription": { "text": rule.statement },
        "fullDescription": { "text": rule.why },
        "help": { "text": rule.help.replace("**", "").replace('`', ""), "markdown": rule.help },
        "defaultConfiguration": { "level": "warning" },
        "properties": { "tags": ["maturity", rule.stage, format!("level-{}", rule.level)] },
    });
    if let Some(address) = &rule.help_uri {
        described["helpUri"] = address.as_str().into();
    }
    described
}

fn unreadable_rule() -> Value {
    json!({
        "id": UNREADABLE,
        "shortDescription": { "text": "A file that matters cannot be read as it is meant." },
        "fullDescription": { "text": "What it declares is not known, so nothing that could stand there is taken for absent." },
        "help": { "text": "Correct the file, so that what it declares can count." },
        "defaultConfiguration": { "level": "note" },
        "properties": { "tags": ["maturity"] },
    })
}

fn of_service<'a>(
    service: &'a ServiceResult,
    repository: Option<&'a str>,
    places: &'a BTreeMap<&str, usize>,
) -> impl Iterator<Item = Value> + 'a {
    let stages = service.stages.iter().chain(&service.lanes);
    let gates = stages.flat_map(|stage| stage.gates.iter().map(move |gate| (stage, gate)));
    gates.filter_map(move |(stage, gate)| {
        let place = *places.get(gate.gate.as_str())?;
        finding(service, repository, stage, gate, place)
    })
}

fn finding(
    service: &ServiceResult,
    repository: Option<&str>,
    stage: &StageResult,
    gate: &GateResult,
    rule: usize,
) -> Option<Value> {
    let level = match gate.outcome {
        GateOutcome::Unmet if gate.level == stage.proven + 1 => "warning",
        GateOutcome::Unmet => "note",
        GateOutcome::Unknown if gate.is_intention => "note",
        GateOutcome::Unknown | GateOutcome::Met | GateOutcome::NotApplicable => return None,
    };
    let state = if gate.outcome == GateOutcome::Unmet { "not met" } else { "declared, and not shown to run" };
    let message = format!(
        "{}, {} level {}, {state}: {} ({})",
        printable(&service.service),
        stage.stage,
        gate.level,
        gate.statement,
        printable(&words::because(gate))
    );
    let shown: Vec<&EvidenceResult> = gate
        .evidence
        .iter()
        .filter(|evidence| evidence.path.is_some() && evidence.repository.as_deref() == repository)
        .collect();
    // What is there is not the place of what is missing.
    let at = if gate.outcome == GateOutcome::Unmet { 0 } else { shown.len().min(1) };
    let (places, related) = shown.split_at(at);
    let place = places.first().map_or_else(|| whole(&service.service), |shown| located(shown, &service.service));
    let mut result = json!({
        "ruleId": gate.gate,
        "ruleIndex": rule,
        "level": level,
        "message": { "text": message },
        "locations": [place],
        "partialFingerprints": { "gateAndService/v1": format!("{}/{}", gate.gate, service.service) },
        "properties": { "outcome": gate.outcome.as_str(), "stage": stage.stage, "maturityLevel": gate.level },
    });
    if !related.is_empty() {
        result["relatedLocations"] = related.iter().map(|shown| located(shown, &service.service)).collect();
    }
    Some(result)
}

/// The place of an observation, with its service.
fn located(evidence: &EvidenceResult, service: &str) -> Value {
    let path = evidence.path.as_deref().unwrap_or(NO_FILE);
    let end = evidence.end_line.zip(evidence.end_column);
    let mut location = physical(path, evidence.line, evidence.column, end, &evidence.text);
    location["logicalLocations"] = logical(service);
    location["message"] =
        json!({ "text": format!("{}: {}", evidence.practice.replace('_', " "), printable(&evidence.text)) });
    location
}

fn whole(service: &str) -> Value {
    json!({ "physicalLocation": { "artifactLocation": { "uri": NO_FILE } }, "logicalLocations": logical(service) })
}

fn logical(service: &str) -> Value {
    json!([{ "name": service, "kind": "module" }])
}

/// A place in a file; `end` is the line and the column behind the last character.
fn physical(path: &str, line: Option<u32>, column: Option<u32>, end: Option<(u32, u32)>, text: &str) -> Value {
    let mut physical = json!({ "artifactLocation": { "uri": in_address(path) } });
    if let Some(line) = line {
        let mut region = json!({ "startLine": line });
        if let Some(column) = column {
            region["startColumn"] = column.into();
        }
        if let Some((line, column)) = end {
            region["endLine"] = line.into();
            region["endColumn"] = column.into();
        }
        if !text.is_empty() {
            region["snippet"] = json!({ "text": text });
        }
        physical["region"] = region;
    }
    json!({ "physicalLocation": physical })
}

fn unreadable(warning: &FileWarning, rule: usize) -> Value {
    json!({
        "ruleId": UNREADABLE,
        "ruleIndex": rule,
        "level": "note",
        "message": { "text": printable(&warning.message) },
        "locations": [physical(&warning.path, warning.line, warning.column, None, "")],
    })
}
