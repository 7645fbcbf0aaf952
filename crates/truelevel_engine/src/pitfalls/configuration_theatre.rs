//! What stands in files and is switched off.

use std::collections::BTreeSet;

use truelevel_model::{Evidence, Locator};
use truelevel_report::numbers::count;

use super::{Found, PitfallKind, Seen};
use crate::collect::CollectedRepository;
use crate::matching::Service;
use crate::measure::Detected;

truelevel_model::declare! {
    /// Configuration theatre
    ///
    /// Raised when a practice stands in the files of a repository and is switched off, and nothing else there does it: a job or
    /// step that never runs (`if: false`, `when: never`), checks whose failure fails nothing (`|| true`,
    /// `continue-on-error`, `allow_failure`), objects that are suspended, skip their analysis, or only watch (`dryrun`,
    /// `Audit`). Who reads the file by its names takes it for done.
    ///
    /// What it cannot see: what is switched off on a server, as a disabled workflow is; values that are given when a chart is
    /// installed; and objectives or alerts of which nothing is known but their file.
    pub static CONFIGURATION_THEATRE: PitfallKind = {
        id: "configuration_theatre",
        find: find,
    };
}

/// A practice that stands in a repository's files and is switched off.
#[derive(Debug)]
pub(crate) struct SwitchedOff {
    practice: &'static str,
    /// The first place, as `path:line in repository`.
    place: String,
    services: BTreeSet<String>,
}

impl SwitchedOff {
    /// What is switched off in the repositories of services, by practice and place.
    pub(crate) fn among(
        repositories: &[CollectedRepository],
        detected: &[Detected],
        services: &[&Service],
    ) -> Vec<Self> {
        let mut all = Vec::new();
        for (place, (repository, detected)) in repositories.iter().zip(detected).enumerate() {
            if detected.switched_off.is_empty() {
                continue;
            }
            let of_it = services.iter().filter(|service| service.places().any(|its| its == place));
            let services: BTreeSet<String> = of_it.map(|service| service.id.as_str().to_owned()).collect();
            if services.is_empty() {
                continue;
            }
            for (practice, evidence) in &detected.switched_off {
                let place = format!("{} in {}", located(evidence), repository.id);
                all.push(Self { practice, place, services: services.clone() });
            }
        }
        all.sort_by(|a, b| (a.practice, &a.place).cmp(&(b.practice, &b.place)));
        all
    }
}

fn located(evidence: &[Evidence]) -> String {
    let place = evidence.iter().find_map(|found| match &found.locator {
        Locator::File { path, line: 0, .. } => Some(path.clone()),
        Locator::File { path, line, .. } => Some(format!("{path}:{line}")),
        Locator::Facts { .. } | Locator::Elsewhere { .. } => None,
    });
    place.unwrap_or_default()
}

fn find(seen: &Seen<'_>) -> Option<Found> {
    let practices: BTreeSet<&str> = seen.switched_off.iter().map(|off| off.practice).collect();
    let services: BTreeSet<&String> = seen.switched_off.iter().flat_map(|off| &off.services).collect();
    let named: Vec<&str> = practices.iter().copied().collect();
    (!practices.is_empty()).then(|| Found {
        finding: format!(
            "{} in files and {} switched off: {}",
            if practices.len() == 1 {
                "1 practice stands".to_owned()
            } else {
                format!("{} practices stand", practices.len())
            },
            if practices.len() == 1 { "is" } else { "are" },
            named.join(", ")
        ),
        effect: Some(format!(
            "read by its names it would count as declared {} in {}",
            if seen.switched_off.len() == 1 { "once".to_owned() } else { format!("{} times", seen.switched_off.len()) },
            count(services.len() as u64, "service")
        )),
        response: "what is switched off counts as absent".into(),
        services: services.into_iter().cloned().collect(),
        evidence: seen.switched_off.iter().map(|off| format!("{}: {}", off.practice, off.place)).collect(),
    })
}
