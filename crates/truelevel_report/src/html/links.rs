//! Where pages are: fragments of one file, or paths of a server below any prefix. Nothing else writes an address.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// What stays as it is in a path segment or a query value (RFC 3986, unreserved).
const KEPT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// A page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Page {
    /// The level, the waterline, the constraint, the keys, what is next.
    Overview,
    /// All services.
    Services,
    /// One service, by name.
    Service(String),
    /// All teams.
    Teams,
    /// One team, by name.
    Team(String),
    /// All metrics.
    Delivery,
    /// One metric, by id.
    Metric(String),
    /// Stages, gates and evidence.
    Maturity,
    /// The ordered questions.
    Decision,
    /// Phases and actions.
    Plan,
    /// Golden paths.
    Platform,
    /// Adoption of AI beside throughput and stability.
    Ai,
    /// Services that cannot deploy alone.
    Architecture,
    /// How the numbers may mislead.
    Pitfalls,
    /// What was looked at, and what was left out.
    Coverage,
    /// All definitions.
    Definitions,
    /// One definition, by id.
    Definition(String),
    /// The self-assessment.
    Declare,
    /// Stored assessments.
    Snapshots,
    /// Two stored assessments side by side.
    Compare,
    /// Who the reader is.
    Account,
    /// Who changed what.
    Audit,
    /// An address where nothing is, without the leading slash.
    Nowhere(String),
}

impl Page {
    /// The path on a server, without the leading slash; what comes from outside is encoded.
    pub fn path(&self) -> String {
        let below = |folder: &str, name: &str| format!("{folder}/{}", encoded(name));
        match self {
            Self::Overview => String::new(),
            Self::Services => "services".to_owned(),
            Self::Service(name) => below("services", name),
            Self::Teams => "teams".to_owned(),
            Self::Team(name) => below("teams", name),
            Self::Delivery => "delivery".to_owned(),
            Self::Metric(id) => below("delivery", id),
            Self::Maturity => "maturity".to_owned(),
            Self::Decision => "decision".to_owned(),
            Self::Plan => "plan".to_owned(),
            Self::Platform => "platform".to_owned(),
            Self::Ai => "ai".to_owned(),
            Self::Architecture => "architecture".to_owned(),
            Self::Pitfalls => "pitfalls".to_owned(),
            Self::Coverage => "coverage".to_owned(),
            Self::Definitions => "definitions".to_owned(),
            Self::Definition(id) => below("definitions", id),
            Self::Declare => "declare".to_owned(),
            Self::Snapshots => "snapshots".to_owned(),
            Self::Compare => "compare".to_owned(),
            Self::Account => "account".to_owned(),
            Self::Audit => "audit".to_owned(),
            Self::Nowhere(path) => path.clone(),
        }
    }

    /// The id of the page's section in a one-file report.
    pub fn fragment(&self) -> String {
        match self {
            Self::Overview => "overview".to_owned(),
            Self::Nowhere(_) => "nowhere".to_owned(),
            Self::Service(name) => format!("service-{}", word(name)),
            Self::Team(name) => format!("team-{}", word(name)),
            Self::Metric(id) => format!("metric-{}", word(id)),
            Self::Definition(id) => format!("define-{}", word(id)),
            other => other.path(),
        }
    }

    /// What the page is called.
    pub fn title(&self) -> String {
        match self {
            Self::Service(name) | Self::Team(name) | Self::Metric(name) | Self::Definition(name) => name.clone(),
            Self::Overview => "Overview".to_owned(),
            Self::Services => "Services".to_owned(),
            Self::Teams => "Teams".to_owned(),
            Self::Delivery => "Delivery".to_owned(),
            Self::Maturity => "Maturity".to_owned(),
            Self::Decision => "Decision".to_owned(),
            Self::Plan => "Plan".to_owned(),
            Self::Platform => "Platform".to_owned(),
            Self::Ai => "AI".to_owned(),
            Self::Architecture => "Architecture".to_owned(),
            Self::Pitfalls => "Pitfalls".to_owned(),
            Self::Coverage => "Coverage".to_owned(),
            Self::Definitions => "Definitions".to_owned(),
            Self::Declare => "Self-assessment".to_owned(),
            Self::Snapshots => "Snapshots".to_owned(),
            Self::Compare => "Comparison".to_owned(),
            Self::Account => "You".to_owned(),
            Self::Audit => "Audit log".to_owned(),
            Self::Nowhere(_) => "Nothing here".to_owned(),
        }
    }
}

/// What a page is about, kept from page to page.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Query {
    /// The length of the window in days, where another than the default was asked for.
    pub window: Option<u32>,
    /// The as-of, where another than now was asked for.
    pub as_of: Option<String>,
    /// Only this team.
    pub team: Option<String>,
    /// Only this service.
    pub service: Option<String>,
    /// The stored assessment that is shown, by number, where it is not the newest answer.
    pub snapshot: Option<u64>,
}

impl Query {
    /// As names and values of an address.
    pub fn pairs(&self) -> Vec<(&'static str, String)> {
        let mut pairs = Vec::new();
        pairs.extend(self.window.map(|days| ("window", days.to_string())));
        pairs.extend(self.as_of.clone().map(|time| ("as_of", time)));
        pairs.extend(self.team.clone().map(|team| ("team", team)));
        pairs.extend(self.service.clone().map(|service| ("service", service)));
        pairs.extend(self.snapshot.map(|number| ("snapshot", number.to_string())));
        pairs
    }
}

/// How addresses are written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Links {
    /// Everything is in one file.
    OneFile,
    /// Pages of a server, relative to the page that they stand on.
    Server {
        /// The page that the links stand on.
        from: Page,
        /// What they keep.
        query: Query,
    },
}

impl Links {
    /// Links on a page of a server.
    pub const fn server(from: Page, query: Query) -> Self {
        Self::Server { from, query }
    }

    /// Whether everything is in one file.
    pub const fn is_one_file(&self) -> bool {
        matches!(self, Self::OneFile)
    }

    /// The address of a page.
    pub fn to(&self, page: &Page) -> String {
        self.with(page, &[])
    }

    /// The address of a page with further query parameters; a one-file report has none.
    pub fn with(&self, page: &Page, more: &[(&str, String)]) -> String {
        match self {
            Self::OneFile => format!("#{}", page.fragment()),
            Self::Server { query, .. } => {
                let kept = query.pairs().into_iter().filter(|(name, _)| !more.iter().any(|(new, _)| new == name));
                let pairs: Vec<String> = kept
                    .chain(more.iter().cloned())
                    .map(|(name, value)| format!("{name}={}", encoded(&value)))
                    .collect();
                let mark = if pairs.is_empty() { "" } else { "?" };
                format!("{}{}{mark}{}", self.root(), page.path(), pairs.join("&"))
            }
        }
    }

    /// The address of a file of the server: `truelevel.css`, `services.csv`. A one-file report has none.
    pub fn file(&self, path: &str) -> Option<String> {
        match self {
            Self::OneFile => None,
            Self::Server { .. } => Some(format!("{}{path}", self.root())),
        }
    }

    /// The address of a page's table as CSV or picture as SVG; `name` is `TABLE.csv` or `CHART.svg`.
    pub fn download(&self, name: &str) -> Option<String> {
        self.download_with(name, &[])
    }

    /// The same with further query parameters.
    pub(super) fn download_with(&self, name: &str, more: &[(&'static str, String)]) -> Option<String> {
        match self {
            Self::OneFile => None,
            Self::Server { from, query } => {
                let (stem, extension) = name.rsplit_once('.').unwrap_or((name, ""));
                let mut pairs = query.pairs();
                pairs.extend_from_slice(more);
                match from {
                    Page::Service(service) => {
                        pairs.retain(|(name, _)| *name != "service");
                        pairs.push(("service", service.clone()));
                    }
                    Page::Team(team) => {
                        pairs.retain(|(name, _)| *name != "team");
                        pairs.push(("team", team.clone()));
                    }
                    _ => {}
                }
                let pairs: Vec<String> =
                    pairs.iter().map(|(name, value)| format!("{name}={}", encoded(value))).collect();
                let mark = if pairs.is_empty() { "" } else { "?" };
                Some(format!("{}download/{}.{extension}{mark}{}", self.root(), encoded(stem), pairs.join("&")))
            }
        }
    }

    /// The way up to the server's root from the page that the links stand on.
    fn root(&self) -> String {
        match self {
            Self::OneFile => String::new(),
            Self::Server { from, .. } => match from.path().matches('/').count() {
                0 => "./".to_owned(),
                depth => "../".repeat(depth),
            },
        }
    }
}

/// A text as a segment of a path or a value of a query.
pub fn encoded(text: &str) -> String {
    utf8_percent_encode(text, KEPT).to_string()
}

/// A name as part of an id: letters, digits, `-`, `.` and `_` stay, everything else becomes `~` and its code.
fn word(name: &str) -> String {
    let kept = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_');
    name.chars().map(|c| if kept(c) { c.to_string() } else { format!("~{:x}.", u32::from(c)) }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_file_has_fragments_that_need_no_encoding() {
        let check = |page: Page, expected: &str| assert_eq!(Links::OneFile.to(&page), expected);
        check(Page::Overview, "#overview");
        check(Page::Service("a/b <c>".into()), "#service-a~2f.b~20.~3c.c~3e.");
        check(Page::Metric("change_lead_time".into()), "#metric-change_lead_time");
    }

    #[test]
    fn a_server_has_relative_paths_that_keep_what_was_asked_for() {
        let query = Query { window: Some(30), team: Some("a&b".into()), ..Query::default() };
        let from = |page| Links::server(page, query.clone());
        let check = |links: Links, page: Page, expected: &str| assert_eq!(links.to(&page), expected);
        check(from(Page::Overview), Page::Services, "./services?window=30&team=a%26b");
        check(from(Page::Service("x".into())), Page::Service("a/b".into()), "../services/a%2Fb?window=30&team=a%26b");
        check(from(Page::Service("x".into())), Page::Overview, "../?window=30&team=a%26b");
        let wider = from(Page::Services).with(&Page::Services, &[("window", "90".into()), ("sort", "name".into())]);
        assert_eq!(wider, "./services?team=a%26b&window=90&sort=name");
        assert_eq!(from(Page::Metric("x".into())).file("truelevel.css").as_deref(), Some("../truelevel.css"));
        assert_eq!(
            Links::server(Page::Service("a b".into()), Query::default()).download("stages.svg").as_deref(),
            Some("../download/stages.svg?service=a%20b")
        );
    }
}
