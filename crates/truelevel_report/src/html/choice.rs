//! What a server's page is about, and the form that asks for something else: window, as-of and team.

use truelevel_model::assessment::Assessment;

use super::{Links, Page, Query};
use crate::words;

/// Windows that are offered, in days.
const WINDOWS: [u32; 5] = [14, 30, 90, 180, 365];

/// What the form offers, and what narrows the page.
pub(super) struct Choice {
    pub(super) action: String,
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

/// The choice on a server's page; a report has none.
pub(super) fn choice(links: &Links, assessment: Option<&Assessment>) -> Option<Choice> {
    let Links::Server { from, query } = links else { return None };
    let assessment = assessment?;
    let without = |change: &dyn Fn(&mut Query)| {
        let mut query = query.clone();
        change(&mut query);
        Links::server(from.clone(), query).to(from)
    };
    let mut narrowed = Vec::new();
    let mut narrow = |says: &str, name: Option<String>, link: String| {
        narrowed.extend(name.map(|name| Narrowed { says: says.to_owned(), name, link }));
    };
    narrow("Snapshot", query.snapshot.map(|number| number.to_string()), without(&|query| query.snapshot = None));
    narrow("Team", query.team.clone(), without(&|query| query.team = None));
    narrow("Service", query.service.clone(), without(&|query| query.service = None));
    narrow("As of", query.as_of.clone(), without(&|query| query.as_of = None));
    let mut windows: Vec<u32> = WINDOWS.to_vec();
    windows.push(assessment.window_days);
    windows.sort_unstable();
    windows.dedup();
    let teams = words::teams(assessment);
    Some(Choice {
        action: Links::server(from.clone(), Query::default()).to(from),
        windows: windows.into_iter().map(|days| (days, days == assessment.window_days)).collect(),
        as_of: query.as_of.as_ref().and_then(|time| time.get(..10)).unwrap_or_default().to_owned(),
        teams: teams.into_iter().map(|team| (team.clone(), query.team.as_ref() == Some(&team))).collect(),
        narrowed,
    })
    .filter(|_| !matches!(from, Page::Declare | Page::Snapshots | Page::Compare))
}
