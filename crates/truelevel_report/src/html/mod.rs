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
mod listing;
mod markdown;
mod maturity;
mod notes;
mod overview;
mod pages;
mod paper;
mod parts;
mod planning;
mod platform;
mod report;
mod server;
mod service;
mod services;
mod standing;
mod teams;
mod trust;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::OnceLock;

use askama::Template;
use truelevel_model::Time;
use truelevel_model::assessment::{Assessment, ServiceResult};
use truelevel_model::course::{Course, Courses};

pub use account::{Account, AuditRow, account, audit, signed_out};
pub use downloads::{Download, download};
pub use layout::Live;
pub use links::{Links, Page, Query};
pub use pages::page;
pub use report::report;
pub use server::{
    ComparedValue, Comparison, Connection, Problem, SnapshotRow, compare, compare_download, declare, first_run,
    is_of_snapshots, problem, snapshots, snapshots_download, waiting,
};
pub use services::Filter;

use crate::charts::{Scale, escaped};
use crate::reference::Reference;
use crate::words;

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
    /// In a report the axes that services share, by key; drawn from all of them, once.
    axes: OnceLock<BTreeMap<&'static str, Scale>>,
}

impl<'a> Site<'a> {
    /// The pages of an answer.
    pub fn new(assessment: &'a Assessment, courses: &'a Courses, reference: &'a Reference, links: Links) -> Self {
        Self { assessment, courses, reference, links, axes: OnceLock::new() }
    }
}

impl Site<'_> {
    /// When the newest thing happened that is known of, where that was before the window began: nothing that is asked of
    /// the window is then known, and none of it is zero.
    fn ends_before_window(&self) -> Option<Time> {
        words::ends_before_window(self.assessment)
    }

    /// What a service without a deployment in the window is marked with.
    fn idle_tag(&self, service: &ServiceResult) -> Option<&'static str> {
        let tag = if self.ends_before_window().is_some() { "not known" } else { "not deployed" };
        (!service.is_active).then_some(tag)
    }

    /// The services that the numbers of the whole stand on: those that did something in the window, or all where none did.
    fn judged(&self) -> impl Iterator<Item = &ServiceResult> {
        let is_any_active = self.assessment.each_service().any(|service| service.is_active);
        self.assessment.each_service().filter(move |service| service.is_active || !is_any_active)
    }

    fn service(&self, name: &str) -> Option<&ServiceResult> {
        self.assessment.each_service().find(|service| service.service == name)
    }

    /// How a service went; that of the only one where none is named.
    fn course(&self, service: Option<&ServiceResult>) -> Option<&Course> {
        let only = || self.assessment.each_service().next().filter(|_| self.assessment.services.len() == 1);
        self.courses.services.get(&service.or_else(only)?.service).map(|course| &**course)
    }

    /// Whether services are too many to stand whole in one file.
    fn is_brief(&self) -> bool {
        self.links.is_one_file() && self.assessment.services.len() > SHOWN_WHOLE
    }

    /// Where a metric is explained, where it was measured.
    fn explained(&self, metric: &str) -> Option<String> {
        self.assessment.metric(metric).map(|_| self.to(&Page::Metric(metric.to_owned())))
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
