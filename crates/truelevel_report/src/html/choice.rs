//! What a server's page is about, and the form that asks for something else: window, as-of and team.

use truelevel_model::assessment::Assessment;

use super::{Links, Page, Query};
use crate::words;

/// Windows that are offered, in days.
const WINDOWS: [u32; 5] = [14, 30, 90, 180, 365];

/// What the form offers, and what narrows the page.
pub(super) struct Choice {
    pub(super) action: String,
    /// What else the address says, which the form carries on.
    pub(super) kept: Vec<(&'static str, String)>,
    /// The address that shows the same at any later time.
    pub(super) pinned: String,
    /// Days, and whether they are shown now.
    pub(super) windows: Vec<(u32, bool)>,
    /// The day; empty for now.
    pub(super) as_of: String,
    /// Teams, and whether one is shown now.
    pub(super) teams: Vec<(String, bool)>,
    pub(super) narrowed: Vec<Narrowed>,
}

/// Something that is asked for beyond the whole workspace now, and the address without it.
pub(super) struct Narrowed {
    pub(super) says: String,
    pub(super) name: String,
    pub(super) link: String,
}

/// The choice on a server's page; a report has none. `own` is what the address says beside the query, and `teams` those
/// that may be chosen where the assessment holds one of them alone.
pub(super) fn choice(
    links: &Links,
    assessment: Option<&Assessment>,
    own: &[(&'static str, String)],
    teams: &[String],
) -> Option<Choice> {
    let Links::Server { from, query } = links else { return None };
    let assessment = assessment?;
    let without = |change: &dyn Fn(&mut Query)| {
        let mut query = query.clone();
        change(&mut query);
        Links::server(from.clone(), query).with(from, own)
    };
    let mut narrowed = Vec::new();
    let mut narrow = |says: &str, name: Option<String>, link: String| {
        narrowed.extend(name.map(|name| Narrowed { says: says.to_owned(), name, link }));
    };
    narrow("Snapshot", query.snapshot.map(|number| number.to_string()), without(&|query| query.snapshot = None));
    narrow("Team", query.team.clone(), without(&|query| query.team = None));
    narrow("Service", query.service.clone(), without(&|query| query.service = None));
    let as_of = query.as_of.as_ref().map(|_| words::moment(assessment.as_of));
    narrow("As of", as_of, without(&|query| query.as_of = None));
    let mut windows: Vec<u32> = WINDOWS.to_vec();
    windows.push(assessment.window_days);
    windows.sort_unstable();
    windows.dedup();
    let teams = if teams.is_empty() { words::teams(assessment) } else { teams.to_vec() };
    let service = query.service.clone().map(|service| ("service", service));
    let window = ("window", assessment.window_days.to_string());
    let pinned = match query.snapshot {
        Some(_) => links.with(from, own),
        None => {
            let pinned = [window, ("as_of", assessment.as_of.to_string())].into_iter();
            links.with(from, &pinned.chain(own.iter().cloned()).collect::<Vec<_>>())
        }
    };
    Some(Choice {
        kept: service.into_iter().chain(own.iter().cloned()).collect(),
        pinned,
        action: Links::server(from.clone(), Query::default()).to(from),
        windows: windows.into_iter().map(|days| (days, days == assessment.window_days)).collect(),
        as_of: query.as_of.as_ref().and_then(|time| time.get(..10)).unwrap_or_default().to_owned(),
        teams: teams.into_iter().map(|team| (team.clone(), query.team.as_ref() == Some(&team))).collect(),
        narrowed,
    })
    .filter(|_| !matches!(from, Page::Declare | Page::Snapshots | Page::Compare))
}
