//! `cargo xtask accuracy findings [SEEDS] [FINDING…]`: how often the findings are right about organisations that were
//! made up.
//!
//! Writes `docs/accuracy-of-findings.md`. A planted fault is asked for with a fourth of the seeds at each of its sizes. With
//! findings named, only their faults are asked for, and all else in the page stays.

use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;
use std::path::Path;

use truelevel_engine::Workspace;
use truelevel_engine::accuracy::{
    CONSTRAINTS, COUNTED, FALSE_ALARMS_ALLOWED, FAULTS, Fault, GROUNDS, Ground, findings, first_constraint, held_back,
};
use truelevel_engine::config::FILE_NAME;
use truelevel_engine::demo::{Constraint, GOLDEN_PATH, Plan};
use truelevel_engine::pitfalls::PITFALLS;
use truelevel_metrics::statistics::wilson_interval;
use truelevel_model::assessment::Answer;

use crate::Failure;
use crate::workspace::root;

/// So many clean organisations of each kind, unless said.
const SEEDS: u64 = 100;

const INTRODUCTION: &str = "<!-- Written by `cargo xtask accuracy findings`. -->

# Accuracy of findings

How often the findings are right about organisations that are made up, so that what is true of them is known. The facts
go the way that all facts take, into a store and through the whole assessment; nothing is tested on the detectors alone.
The generator is the one of `truelevel demo`: deployments come at random on working days (Poisson), lead times and
recoveries are log-normal, failures are independent, and the services of an organisation differ by a few percent.

Made-up organisations are kinder than real ones: nothing in them drifts, no service has bad months, nobody is on holiday.
The rates say whether a finding keeps its promise where its assumptions hold, not what share of findings are right in yours.
How often the [detectors of practices](accuracy.md) are right is on a page
of their own.
";

pub(super) fn run(arguments: &[String]) -> Result<(), Failure> {
    let given = arguments.first().and_then(|first| first.parse::<u64>().ok());
    let (seeds, named_findings) = (given.unwrap_or(SEEDS), &arguments[usize::from(given.is_some())..]);
    if let Some(unknown) = named_findings.iter().find(|id| FAULTS.iter().all(|fault| fault.finding != **id)) {
        return Err(Failure::Usage(format!("`{unknown}` is no number of seeds, and no fault is planted for it")));
    }
    let path = root().join("docs/accuracy-of-findings.md");
    let text = if named_findings.is_empty() { whole(seeds)? } else { again(&path, seeds, named_findings)? };
    std::fs::write(&path, text)
        .map_err(|error| Failure::Failed(format!("{} cannot be written: {error}", path.display())))
}

/// The page, everything asked for.
fn whole(seeds: u64) -> Result<String, Failure> {
    let mut clean = Vec::new();
    for ground in GROUNDS {
        eprintln!("{} clean organisations: {}", seeds, ground.name);
        clean.push((ground, raised((1..=seeds).map(|seed| ground.clean(seed)))?));
    }
    let mut planted = Vec::new();
    for fault in FAULTS {
        planted.push((fault, found_at_each_size(fault, seeds)?));
    }
    eprintln!("constraints");
    let named = CONSTRAINTS.iter().map(|planted| named(planted, seeds.div_ceil(4))).collect::<Result<Vec<_>, _>>()?;
    Ok(format!(
        "{INTRODUCTION}{}{}{}{}",
        false_alarms(&clean, seeds),
        power(&planted),
        constraints(&named),
        not_planted()
    ))
}

/// The page as it is, with the rows of these faults asked for again.
fn again(path: &Path, seeds: u64, findings: &[String]) -> Result<String, Failure> {
    let page = std::fs::read_to_string(path)
        .map_err(|error| Failure::Failed(format!("{} cannot be read: {error}", path.display())))?;
    let no_table = || Failure::Failed(format!("{} has no table of what is found; write all of it", path.display()));
    let (before, rest) = page.split_once(POWER_HEAD).ok_or_else(no_table)?;
    let (rows, after) = rest.split_once("\n\n").ok_or_else(no_table)?;
    let (after, _) = after.split_once(NOT_PLANTED_HEAD).ok_or_else(no_table)?;
    let mut new = String::new();
    for fault in FAULTS {
        if findings.iter().any(|id| id == fault.finding) {
            new.push_str(&row(fault, &found_at_each_size(fault, seeds)?));
        } else if let Some(old) = rows.lines().find(|row| row.starts_with(&format!("| {} |", linked(fault.finding)))) {
            new.push_str(&format!("{old}\n"));
        }
    }
    Ok(format!("{before}{POWER_HEAD}{new}\n{after}{}", not_planted()))
}

/// Under this name is counted in how many organisations any finding was raised; what is compared counts too.
const ANY: &str = "";
/// The same for pitfalls alone.
const ANY_PITFALL: &str = " ";

/// In how many organisations each finding was raised, any at all, and any pitfall.
fn raised(plans: impl Iterator<Item = Plan>) -> Result<BTreeMap<String, u64>, Failure> {
    let mut raised = BTreeMap::new();
    for plan in plans {
        let mut found = claimed(&plan).map_err(|error| Failure::Failed(error.to_string()))?;
        found.retain(|finding| !COUNTED.contains(&finding.as_str()));
        let is_pitfall = found.iter().any(|finding| PITFALLS.iter().any(|pitfall| pitfall.id == finding));
        if !found.is_empty() {
            found.insert(ANY.to_owned());
        }
        if is_pitfall {
            found.insert(ANY_PITFALL.to_owned());
        }
        found.into_iter().for_each(|finding| *raised.entry(finding).or_default() += 1);
    }
    Ok(raised)
}

fn claimed(plan: &Plan) -> Result<BTreeSet<String>, Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    std::fs::write(folder.path().join(FILE_NAME), GOLDEN_PATH)?;
    Ok(findings(plan, &mut Workspace::open(&[folder.path().to_owned()])?)?)
}

/// In how many organisations of how many a planted fault was found.
fn found(fault: &'static Fault, size: f64, seeds: u64) -> Result<(u64, u64), Failure> {
    let all = raised((1..=seeds).filter_map(|seed| fault.planted(seed, size)))?;
    Ok((all.get(fault.finding).copied().unwrap_or(0), seeds))
}

fn found_at_each_size(fault: &'static Fault, seeds: u64) -> Result<[(u64, u64); 3], Failure> {
    eprintln!("{}", fault.finding);
    let [weak, middling, strong] = fault.sizes.map(|size| found(fault, size, seeds.div_ceil(4)));
    Ok([weak?, middling?, strong?])
}

fn false_alarms(clean: &[(&Ground, BTreeMap<String, u64>)], seeds: u64) -> String {
    let mut text = format!(
        "\n## False alarms\n\nOrganisations of {seeds} in which nothing was planted and the finding was raised all the \
         same, with Wilson's 95 % interval.\nWhat may be raised in at most {:.0} of a hundred and was raised in more than \
         that allows for, to the lower end of the interval,\nis marked. What is not listed was raised in none: 0 of \
         {seeds}, at most {:.1} %.\n\n| organisation | services | weeks | deployments of a service on a working day | \
         median lead time |\n|---|---|---|---|---|\n",
        FALSE_ALARMS_ALLOWED * 100.0,
        wilson_interval(0, seeds).map_or(100.0, |interval| interval.high * 100.0),
    );
    for (ground, _) in clean {
        text.push_str(&format!(
            "| {} | {} | {} | {} | {} h |\n",
            ground.name, ground.services, ground.weeks, ground.per_working_day, ground.lead_time_hours
        ));
    }
    let names: Vec<&str> = clean.iter().map(|(ground, _)| ground.name).collect();
    text.push_str(&format!("\n| finding | {} |\n|---|{}\n", names.join(" | "), "---|".repeat(names.len())));
    let listed: BTreeSet<&str> = clean.iter().flat_map(|(_, raised)| raised.keys().map(String::as_str)).collect();
    for finding in [ANY, ANY_PITFALL].into_iter().chain(listed.into_iter().filter(|finding| !finding.trim().is_empty()))
    {
        let cells: Vec<String> = clean
            .iter()
            .map(|(_, raised)| {
                let count = raised.get(finding).copied().unwrap_or(0);
                let is_too_often =
                    wilson_interval(count, seeds).is_some_and(|interval| interval.low > FALSE_ALARMS_ALLOWED);
                let mark = if is_too_often { " **too often**" } else { "" };
                format!("{}{mark}", of(count, seeds))
            })
            .collect();
        let name = match finding {
            ANY => "**any finding**".to_owned(),
            ANY_PITFALL => "**any pitfall**".to_owned(),
            finding => linked(finding),
        };
        text.push_str(&format!("| {name} | {} |\n", cells.join(" | ")));
    }
    text
}

/// Begins the table of what is found.
const POWER_HEAD: &str = "| finding | planted | in | weak | middling | strong |\n|---|---|---|---|---|---|\n";

fn power(planted: &[(&Fault, [(u64, u64); 3])]) -> String {
    let mut text = format!(
        "\n## What is found\n\nOne fault each, planted at three sizes in an organisation that is clean otherwise: the share \
         of organisations in which it was found.\nWeak ones lie below what the finding is declared to speak of, so that \
         little of them should be found.\n\n{POWER_HEAD}"
    );
    planted.iter().for_each(|(fault, found)| text.push_str(&row(fault, found)));
    text
}

fn row(fault: &Fault, found: &[(u64, u64); 3]) -> String {
    let cells: Vec<String> = fault
        .sizes
        .iter()
        .zip(found)
        .map(|(size, (count, seeds))| {
            format!("{}: {}", format!("{size} {}", fault.unit).trim_end(), of(*count, *seeds))
        })
        .collect();
    format!("| {} | {} | {} | {} |\n", linked(fault.finding), fault.what, fault.ground, cells.join(" | "))
}

/// How large the organisations are that a constraint is planted in.
const SIZES: [u32; 3] = [3, 6, 12];

/// What is planted, and in how many organisations of each size, of how many, it is the one that is named and answered no.
type Named = (String, &'static str, [(u64, u64); 3]);

fn named((constraint, question): &(Constraint, &'static str), seeds: u64) -> Result<Named, Failure> {
    let mut counts = [(0, seeds); 3];
    for (count, services) in counts.iter_mut().zip(SIZES) {
        for seed in 1..=seeds {
            let plan = held_back(*constraint, services, seed);
            let found = first(&plan).map_err(|error| Failure::Failed(error.to_string()))?;
            count.0 += u64::from(found == (Some((*question).to_owned()), Some(Answer::No)));
        }
    }
    let name = Constraint::ALL.iter().find(|(_, other)| other == constraint).map_or("", |(name, _)| name);
    Ok((name.to_owned(), question, counts))
}

fn first(plan: &Plan) -> Result<(Option<String>, Option<Answer>), Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    std::fs::write(folder.path().join(FILE_NAME), GOLDEN_PATH)?;
    Ok(first_constraint(plan, &mut Workspace::open(&[folder.path().to_owned()])?)?)
}

fn constraints(named: &[Named]) -> String {
    let mut text = String::from(
        "\n## The constraint\n\nOne thing that holds all teams back: the share of organisations in which its question is the \
         first that is not answered\nyes, and is answered no. Fourteen weeks of each are known.\n\n| planted | question | 3 \
         services | 6 services | 12 services |\n|---|---|---|---|---|\n",
    );
    for (constraint, question, counts) in named {
        let cells: Vec<String> = counts.iter().map(|(count, seeds)| of(*count, *seeds)).collect();
        text.push_str(&format!(
            "| `{constraint}` | [{question}](reference/questions.md#{question}) | {} |\n",
            cells.join(" | ")
        ));
    }
    text
}

/// Begins the last part.
const NOT_PLANTED_HEAD: &str = "\n## What is not in here\n";

fn not_planted() -> String {
    let is_planted = |id: &str| FAULTS.iter().any(|fault| fault.finding == id);
    let ids = PITFALLS.iter().map(|pitfall| pitfall.id);
    let missing: Vec<String> = ids.filter(|id| !is_planted(id) && !COUNTED.contains(id)).map(linked).collect();
    let counted: Vec<String> = COUNTED.iter().map(|id| linked(id)).collect();
    let mut text = format!(
        "{NOT_PLANTED_HEAD}\nThese say what is there, without an estimate that could err: {}. They may be true of \
         an\norganisation in which nothing was planted, and are left out of its false alarms.\n\nClean organisations have \
         no snapshots. That what looks back on snapshots is silent there shows little; its weak size does,\nwhich has \
         four of them.\n",
        counted.join(", ")
    );
    if !missing.is_empty() {
        text.push_str(&format!(
            "\nNo fault is planted for {}:\nthey are read from the files of repositories, and made-up organisations have \
             none. That none of them is raised in a clean one\nsays nothing of their false alarms either.\n",
            missing.join(", ")
        ));
    }
    text
}

fn of(count: u64, seeds: u64) -> String {
    let percent = |share: f64| format!("{:.0}", share * 100.0);
    let interval = wilson_interval(count, seeds)
        .map(|interval| format!(" ({}–{} %)", percent(interval.low), percent(interval.high)))
        .unwrap_or_default();
    format!("{count} of {seeds}{interval}")
}

fn linked(finding: &str) -> String {
    if PITFALLS.iter().any(|pitfall| pitfall.id == finding) {
        format!("[{finding}](reference/pitfalls.md#{finding})")
    } else {
        format!("`{finding}`")
    }
}
