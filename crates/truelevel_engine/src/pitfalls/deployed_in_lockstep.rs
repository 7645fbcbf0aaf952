//! Services that cannot deploy alone.

use truelevel_model::Unit;
use truelevel_report::numbers::{count, value};

use super::{Found, PitfallKind, Seen};

truelevel_model::declare! {
    /// Deployed in lockstep
    ///
    /// Raised when services with six or more deployments leave within ten minutes of each other for at least half of what each
    /// of them deploys, and more often than in any of 199 copies of their past in which each deployment is moved at random by up
    /// to four hours: busy hours and days stay, and only the minutes are lost. Groups are what hangs together by such pairs, without those that leave with less than half of the
    /// others.
    ///
    /// What it means: whoever deploys a group changes several services at once, so that their frequencies count one release
    /// several times. Where they have to leave together, none of them goes out more often than the group does; where one hand
    /// brings the same update to all of them, nothing holds them. The data does not tell these apart. The same version or commit in all of them
    /// points to one code base; one weekday points to a release train. From the share of services in
    /// `catalog/constraint.toml` (`[lockstep]`) on, the architecture is named as a constraint beside the first one.
    ///
    /// What it cannot tell apart: services that leave together, and services that all leave in the same hour of the same day.
    /// What it cannot see: services that wait for each other by hours, and a service that follows another one in less than
    /// half of its deployments.
    ///
    /// **Source**: MinHash (Broder 1997) finds the pairs without comparing all; interval jitter (Amarasingham and others 2012)
    /// stands for chance, with a fixed seed.
    pub static DEPLOYED_IN_LOCKSTEP: PitfallKind = {
        id: "deployed_in_lockstep",
        find: find,
    };
}

fn find(seen: &Seen<'_>) -> Option<Found> {
    let architecture = seen.architecture?;
    let largest = architecture.groups.first()?;
    let evidence = architecture.groups.iter().map(|group| {
        format!(
            "{}: {} together, {} by chance",
            group.services.join(", "),
            value(Unit::Ratio, group.together_ratio),
            value(Unit::Ratio, group.by_chance_ratio)
        )
    });
    Some(Found {
        finding: format!(
            "{} of {} deploy within minutes of each other, in {}",
            architecture.services_in_lockstep,
            count(architecture.services_asked, "service"),
            count(architecture.groups_found, "group")
        ),
        effect: Some(format!(
            "the largest group left {} and counts {}",
            count(largest.departures, "time"),
            count(largest.deployments, "deployment")
        )),
        response: "each service keeps its own frequency, and the groups stand on the page of the architecture".into(),
        services: architecture.groups.iter().flat_map(|group| group.services.clone()).collect(),
        evidence: evidence.collect(),
    })
}
