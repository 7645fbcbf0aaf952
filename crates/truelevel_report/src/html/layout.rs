//! What stands around the sections: head, navigation, state.

use askama::Template;
use truelevel_model::Time;
use truelevel_model::assessment::Assessment;

use super::choice::{Choice, choice};
use super::{Links, Page, Section, rendered};
use crate::words;

/// What a server's page says about its own freshness.
#[derive(Clone, Debug, Default)]
pub struct Live {
    /// The path, from the server's root, of the event stream that tells of new answers.
    pub events: Option<String>,
    /// When what is shown was measured; absent while there is nothing to show.
    pub measured_at: Option<Time>,
    /// What is being computed or went wrong meanwhile, in a sentence.
    pub status: String,
    /// Whether readers say who they are.
    pub has_account: bool,
    /// Whether there are other pages to go to while this one has nothing to show.
    pub has_pages: bool,
    /// The teams that may be chosen, where what is shown is one of them.
    pub teams: Vec<String>,
}

#[derive(Template)]
#[template(path = "layout.html")]
struct Layout<'a> {
    title: String,
    /// The content security policy of a one-file report; a server sends its own.
    policy: Option<&'a str>,
    /// The stylesheet, or where it is.
    style: &'a str,
    script: &'a str,
    icon: String,
    home: String,
    workspace: &'a str,
    when: String,
    choice: Option<Choice>,
    /// What is said on every page where nothing of the window is known, and where to look instead.
    silence: Option<Silence>,
    /// When it was measured: for programs and for people.
    measured: Option<(String, String)>,
    status: &'a str,
    events: Option<String>,
    /// Where readers see who they are.
    account: Option<String>,
    groups: Vec<Group>,
    sections: &'a [Section],
    foot: String,
}

/// Nothing of the window is known.
struct Silence {
    says: String,
    /// The page for the time that is known; a report has none.
    link: Option<String>,
}

fn silence(links: &Links, assessment: &Assessment) -> Option<Silence> {
    let newest = words::ends_before_window(assessment)?;
    let start = words::day(assessment.as_of.minus_days(assessment.window_days));
    Some(Silence {
        says: format!(
            "Nothing of this window is known: it begins on {start}, and the newest thing that anything tells of is from {}. \
             What stands here without a value is not zero.",
            words::day(newest)
        ),
        link: match links {
            Links::OneFile => None,
            Links::Server { from, .. } => Some(links.with(from, &[("as_of", newest.to_string())])),
        },
    })
}

struct Group {
    name: &'static str,
    entries: Vec<Entry>,
}

struct Entry {
    title: String,
    link: String,
    is_here: bool,
}

/// A one-file report of sections, with the policy that allows its own style and script and nothing else.
pub(super) fn one_file(
    assessment: &Assessment,
    sections: &[Section],
    policy: &str,
    (style, script): (&str, &str),
) -> String {
    let has = |page: &Page| sections.iter().any(|section| section.page == *page);
    let layout = Layout {
        title: assessment.workspace.clone(),
        policy: Some(policy),
        style,
        script,
        icon: "data:,".to_owned(),
        home: Links::OneFile.to(&Page::Overview),
        workspace: &assessment.workspace,
        when: words::period(assessment),
        choice: None,
        silence: silence(&Links::OneFile, assessment),
        measured: None,
        status: "",
        events: None,
        account: None,
        groups: groups(&Links::OneFile, has, None),
        sections,
        foot: format!("Truelevel {}. {}", assessment.program_version, CREED),
    };
    rendered(&layout)
}

/// A page of a server. `own` is what else its address says.
pub(super) fn served(
    links: &Links,
    assessment: Option<&Assessment>,
    section: Section,
    own: &[(&'static str, String)],
    live: &Live,
) -> String {
    let file = |path: &str| links.file(path).unwrap_or_default();
    let versioned = |name: &str| file(&crate::assets::versioned(name));
    let (style, script) = (versioned("truelevel.css"), versioned("truelevel.js"));
    let here = section.page.clone();
    let choice = choice(links, assessment, own, &live.teams);
    let layout = Layout {
        title: section.title.clone(),
        policy: None,
        style: &style,
        script: &script,
        icon: versioned("icon.svg"),
        home: links.to(&Page::Overview),
        workspace: assessment.map_or("", |assessment| assessment.workspace.as_str()),
        // Where no window can be chosen, the page is about others than the newest, or about none.
        when: assessment.filter(|_| choice.is_some()).map(words::period).unwrap_or_default(),
        choice,
        silence: assessment.and_then(|assessment| silence(links, assessment)),
        measured: live.measured_at.map(|time| (time.to_string(), words::moment(time))),
        status: &live.status,
        events: live.events.as_ref().and_then(|path| links.file(path)),
        account: live.has_account.then(|| links.to(&Page::Account)),
        groups: if assessment.is_some() || live.has_pages { groups(links, |_| true, Some(&here)) } else { Vec::new() },
        sections: &[section],
        foot: CREED.to_owned(),
    };
    rendered(&layout)
}

const CREED: &str =
    "Outcomes, not intentions. The lowest stage is the level. Unknown is not no, and missing is never zero.";

const GROUPS: [(&str, &[Page]); 4] = [
    ("Where we stand", &[Page::Overview, Page::Services, Page::Teams, Page::Delivery, Page::Maturity]),
    ("What to do", &[Page::Decision, Page::Plan]),
    ("What shapes it", &[Page::Platform, Page::Ai, Page::Architecture]),
    ("How sure", &[Page::Pitfalls, Page::Coverage, Page::Definitions]),
];
const OVER_TIME: (&str, &[Page]) = ("Over time", &[Page::Declare, Page::Snapshots]);

fn groups(links: &Links, has: impl Fn(&Page) -> bool, here: Option<&Page>) -> Vec<Group> {
    let entry = |page: &Page| Entry {
        title: page.title(),
        link: links.to(page),
        is_here: here.is_some_and(|here| here == page || parent(here).as_ref() == Some(page)),
    };
    GROUPS
        .iter()
        .chain(std::iter::once(&OVER_TIME))
        .map(|(name, pages)| Group { name, entries: pages.iter().filter(|page| has(page)).map(entry).collect() })
        .filter(|group| !group.entries.is_empty())
        .collect()
}

/// The page of the navigation under which a page stands.
fn parent(page: &Page) -> Option<Page> {
    match page {
        Page::Service(_) => Some(Page::Services),
        Page::Team(_) => Some(Page::Teams),
        Page::Metric(_) => Some(Page::Delivery),
        Page::Definition(_) => Some(Page::Definitions),
        Page::Compare => Some(Page::Snapshots),
        _ => None,
    }
}
