//! Teams beside each other that are not alike.

use std::collections::BTreeMap;

use truelevel_metrics::statistics::median;
use truelevel_report::numbers::{count, digits};

use super::{Found, PitfallKind, Seen};

truelevel_model::declare! {
    /// Unlike teams compared
    ///
    /// Raised when teams stand beside each other of which one ships ten times as many changes as another, as the median over
    /// the services of each, at least ten in the window; or of which one is measured by deployments and another by release
    /// tags alone. Then a lead says as much of what they are as of how they work.
    ///
    /// What it cannot see: how critical a service is, how old, how regulated, and what it does. No source tells.
    pub static UNLIKE_TEAMS_COMPARED: PitfallKind = {
        id: "unlike_teams_compared",
        find: find,
    };
}

/// A team that ships so many times as much is of another kind.
const UNLIKE: f64 = 10.0;
/// Of fewer changes nobody can say how much a service ships.
const FEWEST: u64 = 10;

/// What a team is, as far as data tells.
#[derive(Default)]
struct Team {
    /// Changes that each active service shipped.
    shipped: Vec<f64>,
    /// How many of its services are measured by release tags, and how many by deployments.
    by_tags: u64,
    by_deployments: u64,
}

fn find(seen: &Seen<'_>) -> Option<Found> {
    let mut teams: BTreeMap<&str, Team> = BTreeMap::new();
    for (service, trace) in seen.traced().filter(|(service, _)| service.is_active) {
        let Some(team) = &service.team else { continue };
        let team = teams.entry(team).or_default();
        let kind = if service.deployment_data.is_proxy() { &mut team.by_tags } else { &mut team.by_deployments };
        *kind += 1;
        if trace.shipped >= FEWEST {
            team.shipped.push(trace.shipped as f64);
        }
    }
    let sizes = teams.iter().filter_map(|(name, team)| Some((*name, median(&team.shipped)?)));
    let sizes: Vec<(&str, f64)> = sizes.collect();
    let smallest = sizes.iter().copied().min_by(|a, b| a.1.total_cmp(&b.1));
    let largest = sizes.iter().copied().max_by(|a, b| a.1.total_cmp(&b.1));
    let unlike = smallest.zip(largest).filter(|(smallest, largest)| largest.1 >= UNLIKE * smallest.1);
    let only = |is_it: fn(&Team) -> bool| -> Vec<&str> {
        teams.iter().filter(|(_, team)| is_it(team)).map(|(name, _)| *name).collect()
    };
    let by_tags = only(|team| team.by_tags > 0 && team.by_deployments == 0);
    let by_deployments = only(|team| team.by_deployments > 0 && team.by_tags == 0);
    let are_two_kinds = !by_tags.is_empty() && !by_deployments.is_empty();
    let (mut findings, mut evidence) = (Vec::new(), Vec::new());
    if let Some(((small, few), (large, many))) = unlike {
        findings.push(format!(
            "a service of {large} ships {} times as many changes as one of {small}",
            digits((many / few).floor())
        ));
        evidence.extend(sizes.iter().map(|(name, shipped)| format!("{name}: {} changes a service", digits(*shipped))));
    }
    if are_two_kinds {
        let teams = count(by_tags.len() as u64, "team");
        let verb = if by_tags.len() == 1 { "is" } else { "are" };
        findings.push(format!("{teams} {verb} measured by release tags alone, and others by deployments"));
        evidence.extend(by_tags.iter().map(|name| format!("{name}: release tags")));
    }
    (!findings.is_empty()).then(|| Found {
        finding: findings.join(", and "),
        effect: Some("the spread of every key over teams is in part a spread of what they are".into()),
        response: "teams are listed by name and not ranked; compare a team with itself over time".into(),
        evidence,
        ..Found::default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pitfalls::Trace;
    use crate::pitfalls::tests::{check, named};
    use truelevel_model::assessment::{Pitfall, ServiceResult};
    use truelevel_model::deployment_data::DeploymentData;

    fn planted(teams: &[(&str, u64, DeploymentData)]) -> Option<Pitfall> {
        let service = |(place, (team, _, data)): (usize, &(&str, u64, DeploymentData))| ServiceResult {
            team: Some((*team).to_owned()),
            deployment_data: *data,
            ..named(&format!("s{place}"))
        };
        let traces = teams.iter().map(|(_, shipped, _)| Trace { shipped: *shipped, ..Trace::default() }).collect();
        check(&UNLIKE_TEAMS_COMPARED, teams.iter().enumerate().map(service).collect(), traces)
    }

    #[test]
    fn teams_that_ship_ten_times_as_much_are_unlike() {
        let told = DeploymentData::Reported;
        let found =
            planted(&[("small", 10, told), ("small", 14, told), ("large", 120, told), ("large", 124, told)]).unwrap();
        assert_eq!(found.finding, "a service of large ships 10 times as many changes as one of small");
        assert_eq!(found.evidence, ["large: 122 changes a service", "small: 12 changes a service"]);
        assert!(planted(&[("a", 10, told), ("b", 99, told)]).is_none());
        assert!(planted(&[("a", 1, told), ("b", 99, told)]).is_none(), "too few to tell");
        assert!(planted(&[("a", 10, told), ("a", 500, told)]).is_none(), "one team is beside nobody");
    }

    #[test]
    fn teams_that_are_measured_by_other_things_are_unlike() {
        let (told, tags) = (DeploymentData::Reported, DeploymentData::ReleaseTags);
        let found = planted(&[("a", 20, told), ("b", 20, tags)]).unwrap();
        assert_eq!(found.finding, "1 team is measured by release tags alone, and others by deployments");
        assert!(planted(&[("a", 20, told), ("b", 20, tags), ("b", 20, told)]).is_none());
        assert!(planted(&[("a", 20, tags), ("b", 20, tags)]).is_none());
    }
}
