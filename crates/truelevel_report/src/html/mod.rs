//! Pages: the dashboard of a server and the one-file report are the same sections under two layouts.
//!
//! A page is made from an assessment, the reference behind its words, and the way links are written. Templates escape
//! everything, and so does what writes pictures; definitions are Markdown, in which markup is text.

mod account;
mod ai;
mod architecture;
mod choice;
mod courses;
mod delivery;
mod downloads;
mod evidence;
mod figures;
mod layout;
mod lean;
pub mod links;
mod markdown;
mod maturity;
mod notes;
mod overview;
mod pages;
mod parts;
mod planning;
mod platform;
mod report;
mod server;
mod service;
mod services;
mod teams;
mod trust;

use std::fmt;

use askama::Template;
use truelevel_model::assessment::{Assessment, ServiceResult};
use truelevel_model::course::{Course, Courses};

pub use account::{Account, AuditRow, account, audit, signed_out};
pub use downloads::{Download, download};
pub use layout::Live;
pub use links::{Links, Page, Query};
pub use pages::page;
pub use report::report;
pub use server::{
    ComparedValue, Comparison, Connection, Problem, SnapshotRow, compare, declare, first_run, problem, snapshots,
    waiting,
};
pub use services::Filter;

use crate::charts::escaped;
use crate::reference::Reference;

/// Services that a report shows whole; of more it names each one's gates without reasons and evidence, so that it can
/// still be mailed.
const SHOWN_WHOLE: usize = 12;

/// What pages are made from.
#[derive(Clone, Debug)]
pub struct Site<'a> {
    /// The answer.
    pub assessment: &'a Assessment,
    /// How everything went, where that is known.
    pub courses: &'a Courses,
    /// What its words mean.
    pub reference: &'a Reference,
    /// How addresses are written.
    pub links: Links,
}

impl Site<'_> {
    fn service(&self, name: &str) -> Option<&ServiceResult> {
        self.assessment.services.iter().find(|service| service.service == name)
    }

    /// How a service went; that of the only one where none is named.
    fn course(&self, service: Option<&ServiceResult>) -> Option<&Course> {
        let only = || self.assessment.services.first().filter(|_| self.assessment.services.len() == 1);
        self.courses.services.get(&service.or_else(only)?.service)
    }

    /// Whether services are too many to stand whole in one file.
    fn is_brief(&self) -> bool {
        self.links.is_one_file() && self.assessment.services.len() > SHOWN_WHOLE
    }

    fn to(&self, page: &Page) -> String {
        self.links.to(page)
    }

    /// The level of a section's heading: a report has its own title above all pages.
    fn heading(&self) -> u8 {
        if self.links.is_one_file() { 3 } else { 2 }
    }
}

/// A section of a page: what stands between header and footer.
#[derive(Clone, Debug)]
struct Section {
    page: Page,
    title: String,
    lead: String,
    html: String,
}

fn rendered(template: &impl Template) -> String {
    template.render().expect("a string takes everything that is written to it")
}

/// How templates write text that is not theirs: nothing in it is markup, and what could reorder or hide other text is
/// written out.
#[derive(Clone, Copy)]
struct Escaper;

impl askama::filters::Escaper for Escaper {
    fn write_escaped_str<W: fmt::Write>(&self, mut dest: W, text: &str) -> fmt::Result {
        dest.write_str(&escaped(text))
    }
}

#[cfg(test)]
mod tests;
