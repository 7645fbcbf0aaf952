//! Pages about readers and what they changed: who one is, the audit log, the way out.

use askama::Template;
use truelevel_model::Time;

use super::layout::Live;
use super::{Links, Page, Query, Section, layout, rendered};
use crate::words;

/// Who a reader is.
#[derive(Clone, Debug)]
pub struct Account {
    /// The reader, as the audit log tells it.
    pub who: String,
    /// The role: `viewer`, `editor`, `admin`.
    pub role: String,
    /// The teams whose services are shown; all of them when absent.
    pub teams: Option<Vec<String>>,
    /// What the server checks when the form that signs out comes back; absent where nobody signed in.
    pub form_key: Option<String>,
    /// Whether the audit log may be read.
    pub is_admin: bool,
}

/// A line of the audit log.
#[derive(Clone, Debug)]
pub struct AuditRow {
    /// Its number.
    pub number: i64,
    /// When.
    pub at: Time,
    /// Who.
    pub who: String,
    /// What was done, in words.
    pub action: String,
    /// To what.
    pub what: String,
}

#[derive(Template)]
#[template(path = "pages/account.html")]
struct ShownAccount<'a> {
    account: &'a Account,
    teams: Vec<(String, String)>,
    sign_out: String,
    audit: String,
    home: String,
}

#[derive(Template)]
#[template(path = "pages/audit.html")]
struct Audit<'a> {
    rows: Vec<(&'a AuditRow, String)>,
    older: Option<String>,
    home: String,
}

#[derive(Template)]
#[template(path = "pages/signed_out.html")]
struct SignedOut {
    home: String,
}

/// Who the reader is, and the way out.
pub fn account(links: &Links, account: &Account) -> String {
    let of = |team: &String| (team.clone(), links.with(&Page::Overview, &[("team", team.clone())]));
    let html = rendered(&ShownAccount {
        account,
        teams: account.teams.iter().flatten().map(of).collect(),
        sign_out: links.file("sign-out").unwrap_or_default(),
        audit: links.to(&Page::Audit),
        home: links.to(&Page::Overview),
    });
    page(links, Page::Account, "What this server knows of you.", html)
}

/// The audit log, newest first; `has_more` says whether older lines follow.
pub fn audit(links: &Links, rows: &[AuditRow], has_more: bool) -> String {
    let last = rows.last().filter(|_| has_more);
    let html = rendered(&Audit {
        rows: rows.iter().map(|row| (row, words::moment(row.at))).collect(),
        older: last.map(|row| links.with(&Page::Audit, &[("before", row.number.to_string())])),
        home: links.to(&Page::Overview),
    });
    page(links, Page::Audit, "Who changed what. Lines are only added.", html)
}

/// What stands where somebody has signed out.
pub fn signed_out(links: &Links) -> String {
    let at = Page::Nowhere("signed-out".to_owned());
    let html = rendered(&SignedOut { home: Links::server(at.clone(), Query::default()).to(&Page::Overview) });
    let section = Section { page: at, title: "Signed out".to_owned(), lead: String::new(), html };
    layout::served(links, None, section, &[], &Live::default())
}

fn page(links: &Links, page: Page, lead: &str, html: String) -> String {
    let section = Section { title: page.title(), page, lead: lead.to_owned(), html };
    layout::served(links, None, section, &[], &Live::default())
}
