//! `doctor`: what is missing or stale, and what to connect for which answer.

use truelevel_engine::doctor::{Checkup, Finding, doctor};
use truelevel_engine::{EngineError, Workspace};
use truelevel_model::{Time, printable};

use crate::args::{Doctor, ExplainFormat};
use crate::progress::Progress;
use crate::{exit, output};

pub(crate) fn run(args: &Doctor) -> Result<u8, EngineError> {
    let checkup = {
        let progress = Progress::new();
        let mut workspace = Workspace::open(&args.scope.paths)?;
        doctor(&mut workspace, &super::request(&args.scope), &progress)?
    };
    output::print(&match args.format {
        ExplainFormat::Text => page(&checkup),
        ExplainFormat::Json => serde_json::to_string_pretty(&checkup).unwrap_or_default() + "\n",
    })?;
    Ok(exit::DONE)
}

fn page(checkup: &Checkup) -> String {
    let mut page = format!("{}  as of {}\n", printable(&checkup.workspace), checkup.as_of);
    page += "\nWhat to connect, what would decide most first\n";
    if checkup.findings.is_empty() {
        page += "  nothing is missing\n";
    }
    checkup.findings.iter().for_each(|found| page += &finding(found));
    page += "\nSources\n";
    if checkup.sources.is_empty() {
        page += "  none has brought anything yet\n";
    }
    for source in &checkup.sources {
        let facts: Vec<_> =
            source.facts.iter().map(|(kind, count)| format!("{count} {}", kind.replace('_', " "))).collect();
        let stale = if source.is_stale { ", nothing in the window" } else { "" };
        page += &format!(
            "  {}: {}, newest {}{stale}\n",
            printable(&source.source),
            facts.join(", "),
            date(source.newest_at)
        );
    }
    page += "\nServices\n";
    for service in &checkup.services {
        let repository = match service.repositories.first() {
            Some(repository) => printable(repository).into_owned(),
            None => "no repository".to_owned(),
        };
        let team = service.team.as_deref().map_or("no team".into(), printable);
        page += &format!(
            "  {}: {team}, {repository}, {}, newest deployment {}\n",
            printable(&service.service),
            service.deployment_data.describe(),
            date(service.newest_deployment_at)
        );
    }
    page
}

fn finding(finding: &Finding) -> String {
    let mut text = format!("  {}: {}\n", finding.finding, finding.what);
    let shown: Vec<_> = finding.subjects.iter().map(|subject| printable(subject)).collect();
    let more = finding.count - shown.len();
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    text += &format!("    {}{more}\n", shown.join(", "));
    text += &format!("    → {}\n", finding.connect);
    if !finding.questions.is_empty() {
        text += &format!("    would help to answer: {}\n", finding.questions.join(", "));
    }
    if !finding.stages.is_empty() {
        text += &format!("    would help to judge: {}\n", finding.stages.join(", "));
    }
    text
}

fn date(at: Option<Time>) -> String {
    at.map_or_else(|| "unknown".to_owned(), Time::date)
}
