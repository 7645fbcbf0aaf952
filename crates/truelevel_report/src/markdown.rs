//! The assessment as Markdown, for pull requests and wikis.

use std::fmt::Write;

use truelevel_model::assessment::{Assessment, EvidenceResult, GateOutcome};
use truelevel_model::decision::HomeMade;
use truelevel_model::{printable, taken_from};

use crate::{ai as signs, numbers, platform as said, words};

/// The whole assessment.
pub fn render(assessment: &Assessment) -> String {
    let mut text = String::new();
    let level = assessment.level;
    let _ = writeln!(text, "# {}\n", escaped(&assessment.workspace));
    let _ = writeln!(text, "{}.\n", words::capitalised(&words::window(assessment)));
    let _ = writeln!(
        text,
        "**Level {} · {}**, possible {}{}. The lowest stage is the level: {}.\n",
        level.proven,
        words::level_name(level.proven),
        level.possible,
        level.with_exemptions.map(|level| format!(", with exemptions {level}")).unwrap_or_default(),
        assessment.limiting_stages.join(", ")
    );
    stages(&mut text, assessment);
    belief(&mut text, assessment);
    keys(&mut text, assessment);
    constraint(&mut text, assessment);
    architecture(&mut text, assessment);
    next(&mut text, assessment);
    home_made(&mut text, &assessment.roadmap.home_made);
    platform(&mut text, assessment);
    ai(&mut text, assessment);
    services(&mut text, assessment);
    gates(&mut text, assessment);
    left_out(&mut text, assessment);
    text
}

fn stages(text: &mut String, assessment: &Assessment) {
    let _ = writeln!(text, "## Stages\n\n| stage | proven | possible | held by |\n|---|---|---|---|");
    for stage in assessment.stages.iter().chain(&assessment.lanes) {
        let _ =
            writeln!(text, "| {} | {} | {} | {} |", stage.stage, stage.proven, stage.possible, escaped(&stage.held_by));
    }
}

fn belief(text: &mut String, assessment: &Assessment) {
    let stages = assessment.stages.iter().chain(&assessment.lanes);
    let said: Vec<_> = stages.filter_map(|stage| Some((stage, stage.declared?))).collect();
    if said.is_empty() {
        return;
    }
    let _ = writeln!(text, "\n## Belief and evidence\n\n| stage | declared | possible | proven |\n|---|---|---|---|");
    for (stage, declared) in said {
        let _ = writeln!(text, "| {} | {declared} | {} | {} |", stage.stage, stage.possible, stage.proven);
    }
    let _ = writeln!(text);
    for gap in &assessment.belief_gaps {
        let _ = writeln!(text, "1. {}", escaped(&words::belief_gap(gap)));
    }
}

fn keys(text: &mut String, assessment: &Assessment) {
    let _ = writeln!(
        text,
        "\n## Delivery\n\n{}{}\n\n| key | value | 95 % interval | sample | band | note |\n|---|---|---|---|---|---|",
        words::sentence(&words::delivery(assessment)),
        words::ask_of_what_is_known(assessment).map(|advice| format!(" {advice}")).unwrap_or_default(),
    );
    for (id, name) in words::KEYS {
        let Some(spread) = assessment.metric(id) else { continue };
        let measured = &spread.measurement;
        let proxy = if measured.is_proxy { "proxy: releases, not deployments. " } else { "" };
        let _ = writeln!(
            text,
            "| {name} | {} | {} | {} | {} | {proxy}{} |",
            numbers::headline(measured),
            numbers::interval(measured).unwrap_or_else(|| "none".into()),
            words::sample(spread),
            numbers::bands(spread).unwrap_or_else(|| "none".into()),
            escaped(measured.note.as_deref().unwrap_or_default())
        );
    }
    let _ = writeln!(text, "\n{}.", words::capitalised(&words::edition(assessment)));
    for sentence in crate::trends::sentences(assessment) {
        let _ = writeln!(text, "\n{sentence}");
    }
}

fn constraint(text: &mut String, assessment: &Assessment) {
    let constraint = &assessment.first_constraint;
    let _ = writeln!(text, "\n## First constraint\n\n**{}**\n\n{}\n", constraint.statement, constraint.action);
    for (number, result) in constraint.chain.iter().enumerate() {
        let _ = writeln!(text, "{}. {} **{}**", number + 1, result.text, result.answer.as_str());
        for reason in crate::decision::reasons(result) {
            let _ = writeln!(text, "   - {}", escaped(&reason));
        }
    }
    let below = crate::decision::below(constraint, assessment.architecture.as_ref());
    if !below.is_empty() {
        let _ = writeln!(text);
    }
    for sentence in below {
        let _ = writeln!(text, "- {}", prose(&sentence));
    }
}

fn architecture(text: &mut String, assessment: &Assessment) {
    let Some(architecture) = &assessment.architecture else { return };
    let _ = writeln!(text, "\n## Services that deploy together\n");
    for sentence in crate::decision::lockstep(architecture) {
        let _ = writeln!(text, "- {}", escaped(&sentence));
    }
}

fn next(text: &mut String, assessment: &Assessment) {
    let _ = writeln!(text, "\n## Next\n\nPhase: {}.\n", assessment.roadmap.phase);
    if let Some(first) = crate::decision::tell_first(&assessment.roadmap.next) {
        let _ = writeln!(text, "{first}\n");
    }
    for (number, action) in assessment.roadmap.next.iter().enumerate() {
        let _ = writeln!(
            text,
            "{}. {} (`{}`, {} level {}, {}, {})",
            number + 1,
            prose(&action.action),
            action.gate,
            action.stage,
            action.level,
            action.outcome.as_str(),
            action.effort
        );
        for note in crate::decision::notes(action, &str::to_owned) {
            let _ = writeln!(text, "   {}", prose(&note));
        }
    }
}

/// What was built and can be had ready; nothing where none is found.
pub(crate) fn home_made(text: &mut String, all: &[HomeMade]) {
    if all.is_empty() {
        return;
    }
    let _ = writeln!(text, "\n## Home-made commodities\n\n{}\n", crate::decision::HOME_MADE);
    for found in all {
        let _ = writeln!(text, "- {}", escaped(&crate::decision::home_made(found)));
    }
}

fn platform(text: &mut String, assessment: &Assessment) {
    let Some(found) = &assessment.platform else { return };
    let _ = writeln!(text, "\n## Platform\n\n{}: {}.", said::taken(found), said::adoption(&found.adoption));
    for note in &found.notes {
        let _ = writeln!(text, "\n{}", escaped(note));
    }
    for path in &found.paths {
        let _ = writeln!(text, "\n### {}\n", escaped(&said::path_title(path)));
        for line in said::path(path) {
            let _ = writeln!(text, "- {}", escaped(&line));
        }
    }
    let _ = writeln!(text, "\n### On and off the path, teams, and what kind of platform it is\n");
    let outcomes = found.outcomes.iter().map(said::contrast);
    for line in outcomes.chain(found.spread.iter().map(said::spread)).chain(found.profiles.iter().map(said::profile)) {
        let _ = writeln!(text, "- {line}");
    }
    for context in &found.context {
        let _ = writeln!(text, "\n{} ({})", context.finding, context.source);
    }
}

fn ai(text: &mut String, assessment: &Assessment) {
    let Some(found) = &assessment.ai else { return };
    let _ = writeln!(text, "\n## AI\n\n{}\n", signs::share(found));
    let study = found.event_study.iter();
    let outcomes = study.clone().flat_map(|study| &study.outcomes).map(signs::outcome);
    let usage = found.usage.iter().map(signs::usage);
    let lines = usage.chain(found.dose.iter().map(signs::dose)).chain(study.map(signs::study)).chain(outcomes);
    let sensitivity = found.sensitivity.iter().map(signs::sensitivity);
    for line in lines.chain(sensitivity).chain(found.blind_spots.iter().cloned()) {
        let _ = writeln!(text, "- {line}");
    }
    for context in &found.context {
        let _ = writeln!(text, "\n{} ({})", context.finding, context.source);
    }
}

fn services(text: &mut String, assessment: &Assessment) {
    let _ = writeln!(
        text,
        "\n## Services\n\n| service | proven | possible | deployments | frequency | lead time | from |\n|---|---|---|---|---|---|---|"
    );
    for service in &assessment.services {
        let metric = |id: &str| service.metrics.get(id).map_or_else(|| "no value".to_owned(), numbers::headline);
        let _ = writeln!(
            text,
            "| {} | {} | {} | {} | {} | {} | {} |",
            escaped(&service.service),
            service.level.proven,
            service.level.possible,
            service.metrics.get("deployment_frequency").map_or(0, |frequency| frequency.n),
            metric("deployment_frequency"),
            metric("change_lead_time"),
            service.deployment_data.describe()
        );
    }
}

fn gates(text: &mut String, assessment: &Assessment) {
    let _ = writeln!(text, "\n## Gates\n");
    for stage in assessment.stages.iter().chain(&assessment.lanes) {
        let _ = writeln!(text, "### {}\n", words::capitalised(&stage.stage));
        for gate in &stage.gates {
            let intention = if gate.is_intention { ", an intention" } else { "" };
            let _ = writeln!(
                text,
                "- **{}**{intention}, level {}: {} ({})",
                gate.outcome.as_str().replace('_', " "),
                gate.level,
                escaped(&gate.statement),
                escaped(&words::because(gate))
            );
            if gate.outcome == GateOutcome::Met || gate.is_intention {
                for evidence in gate.evidence.iter().take(3) {
                    let _ = writeln!(text, "  - {}", located(evidence));
                }
            }
        }
        let _ = writeln!(text);
    }
}

fn located(evidence: &EvidenceResult) -> String {
    let place = match (&evidence.path, evidence.line) {
        (Some(path), Some(line)) => format!("{path}:{line}"),
        (Some(path), None) => path.clone(),
        (None, _) => return escaped(&evidence.text),
    };
    let place = match &evidence.url {
        Some(url) => format!("[{}]({url})", escaped(&place)),
        None => escaped(&place),
    };
    let text = if evidence.text.is_empty() { String::new() } else { format!(": {}", code(&evidence.text)) };
    let taken = taken_from(evidence.repository.as_deref().unwrap_or_default(), evidence.named_as.as_deref());
    format!("{place}{text}{}", escaped(&taken))
}

fn left_out(text: &mut String, assessment: &Assessment) {
    let _ = writeln!(text, "## Left out\n\n| code | count | meaning |\n|---|---|---|");
    for (code, excluded) in &assessment.exclusions {
        let _ = writeln!(text, "| `{code}` | {} | {} |", excluded.count, excluded.meaning);
    }
    let exemptions = words::exemptions(assessment);
    if !exemptions.is_empty() {
        let _ = writeln!(text, "\n## Exemptions\n\nThey never change what is proven.\n");
    }
    for exemption in exemptions {
        let _ = writeln!(text, "- {}", escaped(&exemption));
    }
    if !assessment.pitfalls.is_empty() || !assessment.coverage.warnings.is_empty() {
        let _ = writeln!(text, "\n## To know\n");
    }
    for pitfall in &assessment.pitfalls {
        let _ = writeln!(text, "- {}.", escaped(&words::pitfall(pitfall)));
    }
    for warning in &assessment.coverage.warnings {
        let _ = writeln!(text, "- {}", escaped(warning));
    }
}

/// Text from outside, so that it can neither format nor break a table. What stands between single back-ticks stays code,
/// in which nothing formats.
pub(crate) fn escaped(text: &str) -> String {
    let text = printable(text);
    let parts: Vec<&str> = text.split('`').collect();
    let is_paired = parts.len() % 2 == 1 && parts.iter().skip(1).step_by(2).all(|code| !code.trim().is_empty());
    if !is_paired {
        return plain(&text);
    }
    let part = |(place, part): (usize, &&str)| {
        if place % 2 == 1 { format!("`{}`", part.replace('|', "\\|")) } else { plain(part) }
    };
    parts.iter().enumerate().map(part).collect()
}

fn plain(text: &str) -> String {
    let mut result = String::new();
    for c in text.chars() {
        if matches!(c, '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '|' | '#' | '!') {
            result.push('\\');
        }
        result.push(c);
    }
    result
}

/// A sentence of ours, in which what stands between back-ticks stays code; what comes from outside cannot format it.
pub(crate) fn prose(text: &str) -> String {
    let parts: Vec<&str> = text.split('`').collect();
    if parts.len().is_multiple_of(2) {
        return escaped(text);
    }
    let part = |(place, part): (usize, &&str)| {
        if place.is_multiple_of(2) { escaped(part) } else { format!("`{}`", printable(part)) }
    };
    parts.iter().enumerate().map(part).collect()
}

/// Text as code, whatever back-ticks it holds.
fn code(text: &str) -> String {
    let text = printable(text);
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest + 1);
    let space = if longest > 0 { " " } else { "" };
    format!("{fence}{space}{text}{space}{fence}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_from_outside_cannot_format_or_break_a_table() {
        assert_eq!(escaped("a|b *c* <i>\n"), "a\\|b \\*c\\* \\<i\\>\\\\n");
        assert_eq!(code("a`b"), "`` a`b ``");
        assert_eq!(escaped("a_b: `c_d|e` <i>"), "a\\_b: `c_d\\|e` \\<i\\>");
        assert_eq!(escaped("`a_b` ` *c*"), "\\`a\\_b\\` \\` \\*c\\*");
        assert_eq!(escaped("``*a*"), "\\`\\`\\*a\\*");
    }
}
