//! What changed between two assessments, as text, Markdown and JSON.

use std::fmt::Write;

use truelevel_model::assessment::{GateOutcome, LevelRange};
use truelevel_model::comparison::{
    ChangeVerdict, ComparedSide, Comparison, ContrastKind, Correction, GateChange, MetricChange,
};
use truelevel_model::{Unit, printable};

use crate::{numbers, words};

/// A page for a terminal.
pub fn text(comparison: &Comparison) -> String {
    let mut page = format!("{}: what changed\n", printable(&comparison.workspace));
    for (heading, lines) in sections(comparison) {
        let _ = writeln!(page, "\n{heading}");
        for line in lines {
            let _ = writeln!(page, "  {line}");
        }
    }
    page
}

/// For pull requests and wikis.
pub fn markdown(comparison: &Comparison) -> String {
    let escaped = crate::markdown::escaped;
    let mut page = format!("# {}: what changed\n", escaped(&comparison.workspace));
    for (heading, lines) in sections(comparison) {
        let _ = writeln!(page, "\n## {heading}\n");
        for line in lines {
            let _ = writeln!(page, "- {}", escaped(&line));
        }
    }
    page
}

/// The contract `truelevel/comparison/v1`.
pub fn json(comparison: &Comparison) -> String {
    let mut text = serde_json::to_string_pretty(comparison)
        .expect("a comparison holds only text keys and finite numbers, which JSON can write");
    text.push('\n');
    text
}

fn sections(comparison: &Comparison) -> Vec<(&'static str, Vec<String>)> {
    let mut sides =
        vec![format!("before: {}", side(&comparison.before)), format!("after: {}", side(&comparison.after))];
    if comparison.overlap_days > 0.0 {
        sides.push(format!(
            "both windows share {} days, so that a difference shows late: intervals are too wide rather than too narrow",
            numbers::digits(comparison.overlap_days)
        ));
    }
    let Correction { comparisons, comparisons_of_services, false_discovery_rate, .. } = &comparison.correction;
    if comparisons + comparisons_of_services > 0 {
        sides.push(format!(
            "{comparisons} metrics of the whole and {comparisons_of_services} keys of services were compared; a change \
             is called one only where it stands among so many (Benjamini and Hochberg 1995, false discoveries at most {} %)",
            numbers::digits(false_discovery_rate * 100.0)
        ));
    }
    let basis = comparison
        .basis
        .iter()
        .map(|change| format!("{}: {} → {}; {}", change.what, change.before, change.after, change.so));
    let stages =
        comparison.stages.iter().map(|change| format!("{}: {}", change.stage, levels(change.before, change.after)));
    let questions = comparison
        .questions
        .iter()
        .map(|change| format!("{} {} → {}", change.text, change.before.as_str(), change.after.as_str()));
    let sections = [
        ("Compared", sides),
        ("What else changed", basis.collect()),
        ("Level", vec![levels(comparison.level.before, comparison.level.after)]),
        ("Stages", stages.collect()),
        ("Gates", comparison.gates.iter().map(gate).collect()),
        ("Questions", questions.collect()),
        ("Metrics", metrics(&comparison.metrics)),
        ("Services", services(comparison)),
    ];
    sections.into_iter().filter(|(_, lines)| !lines.is_empty()).collect()
}

fn side(side: &ComparedSide) -> String {
    let snapshot = side.snapshot.map(|number| format!(", snapshot {number}")).unwrap_or_default();
    let filled = if side.is_backfilled { ", filled in later" } else { "" };
    format!("as of {}, {} days, edition {}{snapshot}{filled}", side.as_of, side.window_days, side.edition)
}

fn levels(before: LevelRange, after: LevelRange) -> String {
    if before.proven == after.proven {
        let possible = if before.possible == after.possible {
            String::new()
        } else {
            format!(", possible {} → {}", before.possible, after.possible)
        };
        return format!("{} as before{possible}", after.proven);
    }
    format!("{} → {}", before.proven, after.proven)
}

fn gate(change: &GateChange) -> String {
    let outcome = |outcome: Option<GateOutcome>| outcome.map_or("not there", GateOutcome::as_str).replace('_', " ");
    format!(
        "{}: {} → {} ({}) {}",
        change.stage,
        outcome(change.before),
        outcome(change.after),
        change.gate,
        change.statement
    )
}

fn metrics(changes: &[MetricChange]) -> Vec<String> {
    let is_key = |change: &&MetricChange| words::KEYS.iter().any(|(id, _)| *id == change.metric);
    let find = |id: &str| changes.iter().find(|change| change.metric == id);
    let keys = words::KEYS.iter().filter_map(|(id, _)| find(id)).map(metric);
    let moved = changes.iter().filter(|change| !is_key(change) && change.verdict.is_change()).map(metric);
    let mut lines: Vec<String> = keys.chain(moved).collect();
    let rest = changes.iter().filter(|change| !is_key(change) && !change.verdict.is_change()).count();
    if rest > 0 {
        lines.push(format!("{} without a change that is shown", numbers::count(rest as u64, "further metric")));
    }
    lines
}

fn metric(change: &MetricChange) -> String {
    let known = words::KEYS.iter().find(|(id, _)| *id == change.metric);
    let name = known.map_or_else(|| change.metric.replace('_', " "), |(_, name)| (*name).to_owned());
    let value = |value: Option<f64>| value.map_or("no value".to_owned(), |value| numbers::value(change.unit, value));
    let note = change.note.as_deref().unwrap_or("too little data");
    let verdict = match change.verdict {
        ChangeVerdict::Better => "better, and more than noise".to_owned(),
        ChangeVerdict::Worse => "worse, and more than noise".to_owned(),
        ChangeVerdict::Moved => "more than noise".to_owned(),
        ChangeVerdict::NoChangeShown => match &change.note {
            Some(note) => format!("no change is shown: {note}"),
            None => "no change is shown".to_owned(),
        },
        ChangeVerdict::CannotTell => format!("cannot tell: {note}"),
        ChangeVerdict::NotComparable => format!("not comparable: {note}"),
    };
    let contrast = contrast(change).map(|contrast| format!(", {contrast}")).unwrap_or_default();
    let within = within(change).map(|within| format!("; {within}")).unwrap_or_default();
    format!("{name}: {} → {}{contrast}{within}; {verdict}", value(change.before), value(change.after))
}

/// Why a comparison says what it says: the contrast with its interval, or what stands against comparing.
pub fn because(change: &MetricChange) -> String {
    let parts = [contrast(change), change.note.clone()];
    words::sentence(&parts.into_iter().flatten().collect::<Vec<_>>().join("; "))
}

fn within(change: &MetricChange) -> Option<String> {
    let within = change.within_services.as_ref()?;
    let of = |value| amount(change, value);
    let range = within.low.zip(within.high).map(|(low, high)| format!(" (95 %: {} to {})", of(low), of(high)));
    let services = numbers::count(within.services, "service");
    Some(format!("within {services} {}{}", of(within.estimate), range.unwrap_or_default()))
}

fn amount(change: &MetricChange, value: f64) -> String {
    match (change.contrast, change.unit) {
        (Some(ContrastKind::Ratio), _) => format!("×{}", numbers::digits(value)),
        (_, Unit::Ratio) => format!("{}{} points", sign(value), numbers::digits(value.abs() * 100.0)),
        (_, unit) => format!("{}{}", sign(value), numbers::value(unit, value.abs())),
    }
}

fn contrast(change: &MetricChange) -> Option<String> {
    let of = |value: f64| amount(change, value);
    let end = |end: Option<f64>, open: &str| end.map_or(open.to_owned(), of);
    let range = format!("95 %: {} to {}", end(change.low, "any less"), end(change.high, "any more"));
    change.contrast?;
    Some(match change.estimate {
        Some(estimate) => format!("{} ({range})", of(estimate)),
        None => range,
    })
}

fn sign(number: f64) -> &'static str {
    if number < 0.0 { "−" } else { "+" }
}

fn services(comparison: &Comparison) -> Vec<String> {
    let mut lines = Vec::new();
    for (what, names) in [("new", &comparison.services_added), ("gone", &comparison.services_removed)] {
        if !names.is_empty() {
            let names: Vec<_> = names.iter().map(|name| printable(name)).collect();
            lines.push(format!("{what}: {}", names.join(", ")));
        }
    }
    for service in &comparison.services {
        let level = (service.level.before != service.level.after)
            .then(|| format!("level {}", levels(service.level.before, service.level.after)));
        let parts: Vec<String> = level.into_iter().chain(service.metrics.iter().map(metric)).collect();
        lines.push(format!("{}: {}", printable(&service.service), parts.join("; ")));
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_metric_is_said_with_its_contrast_its_interval_and_its_verdict() {
        let mut change = MetricChange {
            metric: "change_lead_time".into(),
            unit: Unit::Seconds,
            before: Some(108_000.0),
            after: Some(72_000.0),
            contrast: Some(ContrastKind::Ratio),
            estimate: Some(2.0 / 3.0),
            low: Some(0.5),
            high: Some(0.9),
            p: Some(0.007),
            within_services: None,
            verdict: ChangeVerdict::Better,
            note: None,
        };
        assert_eq!(
            metric(&change),
            "Change lead time: 30 h → 20 h, ×0.67 (95 %: ×0.50 to ×0.90); better, and more than noise"
        );
        change = MetricChange {
            metric: "change_fail_rate".into(),
            unit: Unit::Ratio,
            before: Some(0.3),
            after: Some(0.1),
            contrast: Some(ContrastKind::Difference),
            estimate: Some(-0.2),
            low: Some(-0.31),
            high: Some(0.05),
            verdict: ChangeVerdict::NoChangeShown,
            ..change
        };
        assert_eq!(
            metric(&change),
            "Change fail rate: 30 % → 10 %, −20 points (95 %: −31 points to +5 points); no change is shown"
        );
        change = MetricChange {
            after: None,
            contrast: None,
            verdict: ChangeVerdict::CannotTell,
            note: Some("one of them has no value".into()),
            ..change
        };
        assert_eq!(metric(&change), "Change fail rate: 30 % → no value; cannot tell: one of them has no value");
    }
}
