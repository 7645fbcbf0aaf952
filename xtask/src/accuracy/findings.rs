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
    CONSTRAINTS, COUNTED, FALSE_ALARMS_ALLOWED, FAULTS, Fault, GROUNDS, findings, first_constraint, held_back,
};
use truelevel_engine::config::FILE_NAME;
use truelevel_engine::demo::{Constraint, GOLDEN_PATH, Plan};
use truelevel_engine::pitfalls::PITFALLS;
use truelevel_metrics::statistics::wilson_interval;
use truelevel_model::assessment::Answer;

use super::repositories::{self, PLANTED};
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
    let subjects = Subject::all();
    if let Some(unknown) = named_findings.iter().find(|id| subjects.iter().all(|subject| subject.finding != **id)) {
        return Err(Failure::Usage(format!("`{unknown}` is no number of seeds, and no fault is planted for it")));
    }
    let path = root().join("docs/accuracy-of-findings.md");
    let text = if named_findings.is_empty() { whole(seeds)? } else { again(&path, seeds, named_findings)? };
    std::fs::write(&path, text)
        .map_err(|error| Failure::Failed(format!("{} cannot be written: {error}", path.display())))
}

/// What is planted at three sizes: a fault of facts, or one of repositories.
#[derive(Clone, Copy)]
struct Subject {
    finding: &'static str,
    what: &'static str,
    ground: &'static str,
    sizes: [f64; 3],
    unit: &'static str,
    /// What is claimed of the organisation of a seed in which so much of it is planted.
    claimed: Claimed,
}

#[derive(Clone, Copy)]
enum Claimed {
    OfFacts(&'static Fault),
    OfFiles(&'static repositories::Planted),
}

impl Subject {
    /// All of them, by finding.
    fn all() -> Vec<Self> {
        let facts = FAULTS.iter().map(|fault| Self {
            finding: fault.finding,
            what: fault.what,
            ground: fault.ground,
            sizes: fault.sizes,
            unit: fault.unit,
            claimed: Claimed::OfFacts(fault),
        });
        let files = PLANTED.iter().map(|planted| Self {
            finding: planted.finding,
            what: planted.what,
            ground: repositories::GROUND,
            sizes: planted.sizes,
            unit: planted.unit,
            claimed: Claimed::OfFiles(planted),
        });
        let mut all: Vec<Self> = facts.chain(files).collect();
        all.sort_by_key(|subject| subject.finding);
        all
    }

    fn claimed(self, seed: u64, size: f64) -> Result<BTreeSet<String>, Box<dyn Error>> {
        match self.claimed {
            Claimed::OfFacts(fault) => claimed(&fault.planted(seed, size).ok_or("its ground is missing")?),
            Claimed::OfFiles(planted) => repositories::claimed(seed, Some((planted, size))),
        }
    }

    /// In how many organisations of how many it is found, at each size.
    fn found(self, seeds: u64) -> Result<[(u64, u64); 3], Failure> {
        eprintln!("{}", self.finding);
        let seeds = seeds.div_ceil(4);
        let [weak, middling, strong] = self.sizes.map(|size| {
            let all = raised((1..=seeds).map(|seed| self.claimed(seed, size)))?;
            Ok::<_, Failure>((all.get(self.finding).copied().unwrap_or(0), seeds))
        });
        Ok([weak?, middling?, strong?])
    }
}

/// The page, everything asked for.
fn whole(seeds: u64) -> Result<String, Failure> {
    let mut clean = Vec::new();
    for ground in GROUNDS {
        eprintln!("{} clean organisations: {}", seeds, ground.name);
        clean.push((ground.name, raised((1..=seeds).map(|seed| claimed(&ground.clean(seed))))?));
    }
    eprintln!("{seeds} clean organisations: {}", repositories::GROUND);
    clean.push((repositories::GROUND, raised((1..=seeds).map(|seed| repositories::claimed(seed, None)))?));
    let mut planted = Vec::new();
    for subject in Subject::all() {
        planted.push((subject, subject.found(seeds)?));
    }
    eprintln!("two at once");
    let pairs = beside_others()?;
    eprintln!("constraints");
    let named = CONSTRAINTS.iter().map(|planted| named(planted, seeds.div_ceil(4))).collect::<Result<Vec<_>, _>>()?;
    Ok(format!(
        "{INTRODUCTION}{}{}{}{}{}",
        false_alarms(&clean, seeds),
        power(&planted),
        combined(&pairs),
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
    for subject in Subject::all() {
        let begins = format!("| {} |", linked(subject.finding));
        if findings.iter().any(|id| id == subject.finding) {
            new.push_str(&row(subject, &subject.found(seeds)?));
        } else if let Some(old) = rows.lines().find(|row| row.starts_with(&begins)) {
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
fn raised(
    organisations: impl Iterator<Item = Result<BTreeSet<String>, Box<dyn Error>>>,
) -> Result<BTreeMap<String, u64>, Failure> {
    let mut raised = BTreeMap::new();
    for found in organisations {
        let mut found = found.map_err(|error| Failure::Failed(error.to_string()))?;
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

/// Of each fault: beside how many others of its ground it is found, and beside which it is not.
type Beside = (&'static str, u64, Vec<&'static str>);

/// Every two faults of a ground, planted strong in one organisation.
fn beside_others() -> Result<Vec<Beside>, Failure> {
    let mut all: Vec<Beside> = FAULTS.iter().map(|fault| (fault.finding, 0, Vec::new())).collect();
    let mut count = |place: usize, other: &Fault, claims: &BTreeSet<String>| {
        let (finding, found, hidden) = &mut all[place];
        if claims.contains(*finding) { *found += 1 } else { hidden.push(other.finding) }
    };
    for (one, fault) in FAULTS.iter().enumerate() {
        for (other, beside) in FAULTS.iter().enumerate().skip(one + 1) {
            // A pair has a seed of its own.
            let seed = (one * FAULTS.len() + other) as u64;
            let Some(plan) = fault.planted_beside(beside, seed) else { continue };
            let claims = claimed(&plan).map_err(|error| Failure::Failed(error.to_string()))?;
            count(one, beside, &claims);
            count(other, fault, &claims);
        }
    }
    all.retain(|(_, found, hidden)| *found > 0 || !hidden.is_empty());
    Ok(all)
}

fn combined(pairs: &[Beside]) -> String {
    let mut text = String::from(
        "\n## Two at once\n\nEvery two strong faults that stand on the same ground, planted in one organisation: in how many of \
         these each is found\nall the same, and beside which it is not. Where one fault takes away what the other is seen by, \
         as deployments that are\nput off to one weekday do of a freeze, the other is hidden in truth.\n\n\
         | finding | found | not found beside |\n|---|---|---|\n",
    );
    for (finding, found, hidden) in pairs {
        let names: Vec<String> = hidden.iter().map(|id| linked(id)).collect();
        let names = if names.is_empty() { "–".to_owned() } else { names.join(", ") };
        text.push_str(&format!("| {} | {} | {names} |\n", linked(finding), of(*found, found + hidden.len() as u64)));
    }
    text
}

fn false_alarms(clean: &[(&str, BTreeMap<String, u64>)], seeds: u64) -> String {
    let mut text = format!(
        "\n## False alarms\n\nOrganisations of {seeds} in which nothing was planted and the finding was raised all the \
         same, with Wilson's 95 % interval.\nWhat may be raised in at most {:.0} of a hundred and was raised in more than \
         that allows for, to the lower end of the interval,\nis marked. What is not listed was raised in none: 0 of \
         {seeds}, at most {:.1} %.\n\n| organisation | services | weeks | deployments of a service on a working day | \
         median lead time |\n|---|---|---|---|---|\n",
        FALSE_ALARMS_ALLOWED * 100.0,
        wilson_interval(0, seeds).map_or(100.0, |interval| interval.high * 100.0),
    );
    for ground in GROUNDS {
        text.push_str(&format!(
            "| {} | {} | {} | {} | {} h |\n",
            ground.name, ground.services, ground.weeks, ground.per_working_day, ground.lead_time_hours
        ));
    }
    text.push_str(&repositories::described());
    let names: Vec<&str> = clean.iter().map(|(ground, _)| *ground).collect();
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

fn power(planted: &[(Subject, [(u64, u64); 3])]) -> String {
    let mut text = format!(
        "\n## What is found\n\nOne fault each, planted at three sizes in an organisation that is clean otherwise: the share \
         of organisations in which it was found.\nWeak ones lie below what the finding is declared to speak of, so that \
         little of them should be found.\n\n{POWER_HEAD}"
    );
    planted.iter().for_each(|(subject, found)| text.push_str(&row(*subject, found)));
    text
}

fn row(subject: Subject, found: &[(u64, u64); 3]) -> String {
    let cells: Vec<String> = subject
        .sizes
        .iter()
        .zip(found)
        .map(|(size, (count, seeds))| {
            format!("{}: {}", format!("{size} {}", subject.unit).trim_end(), of(*count, *seeds))
        })
        .collect();
    format!("| {} | {} | {} | {} |\n", linked(subject.finding), subject.what, subject.ground, cells.join(" | "))
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
    let subjects = Subject::all();
    let is_planted = |id: &str| subjects.iter().any(|subject| subject.finding == id);
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
        text.push_str(&format!("\nNo fault is planted for {}.\n", missing.join(", ")));
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
