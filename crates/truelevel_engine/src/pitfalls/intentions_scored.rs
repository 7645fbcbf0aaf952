//! Intentions scored as practice.

use super::{Found, PitfallKind, Seen};

truelevel_model::declare! {
    /// Intentions scored as practice
    ///
    /// Raised when a gate's practice is declared in files and nothing shows it running.
    pub static INTENTIONS_SCORED: PitfallKind = {
        id: "intentions_scored",
        find: find,
    };
}

/// So many are named in the finding.
const NAMED: usize = 3;

fn find(seen: &Seen<'_>) -> Option<Found> {
    let declared: Vec<(&str, &str)> = seen
        .stages
        .iter()
        .flat_map(|stage| stage.gates.iter().map(|gate| (stage.stage.as_str(), gate)))
        .filter(|(_, gate)| gate.is_intention)
        .map(|(stage, gate)| (stage, gate.gate.as_str()))
        .collect();
    let (possible, proven) = (seen.level.possible, seen.level.proven);
    let named: Vec<String> = declared.iter().take(NAMED).map(|(stage, gate)| format!("{gate} ({stage})")).collect();
    let more = declared.len().saturating_sub(NAMED);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    (!declared.is_empty()).then(|| Found {
        finding: format!(
            "{} running: {}{more}",
            match declared.len() {
                1 => "1 gate is declared in files, and nothing known shows it".to_owned(),
                n => format!("{n} gates are declared in files, and nothing known shows them"),
            },
            named.join(", ")
        ),
        effect: (possible > proven).then(|| format!("part of the way from level {proven} to level {possible}")),
        response: if declared.len() == 1 {
            "it is listed as an intention and raises only the possible level".into()
        } else {
            "they are listed as intentions and raise only the possible level".into()
        },
        evidence: declared.iter().map(|(_, gate)| place(seen, gate)).collect(),
        ..Found::default()
    })
}

/// Where a gate's practice is declared: the first place that is known of.
fn place(seen: &Seen<'_>, gate: &str) -> String {
    let gates = seen.services.iter().flat_map(|service| &service.stages).flat_map(|stage| &stage.gates);
    let evidence =
        gates.filter(|result| result.gate == gate && result.is_intention).flat_map(|result| &result.evidence);
    let place = evidence.filter_map(|proof| {
        let (repository, path) = (proof.repository.as_ref()?, proof.path.as_ref()?);
        let line = proof.line.map(|line| format!(":{line}")).unwrap_or_default();
        Some(format!("{gate}: {path}{line} in {repository}"))
    });
    place.into_iter().next().unwrap_or_else(|| gate.to_owned())
}
