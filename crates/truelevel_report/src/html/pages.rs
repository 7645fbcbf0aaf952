//! Every page of a server that an assessment fills.

use super::{
    Filter, Live, Page, Section, Site, ai, architecture, delivery, layout, maturity, overview, planning, platform,
    service, services, teams, trust,
};

/// The page, as a whole HTML document; `None` when there is no such service, team, metric or definition, or when the
/// page needs more than an assessment ([`super::declare`], [`super::snapshots`], [`super::compare`]).
///
/// The links of `site` must stand on the same page.
pub fn page(site: &Site<'_>, page: &Page, filter: &Filter, live: &Live) -> Option<String> {
    let own = if *page == Page::Services { filter.pairs() } else { Vec::new() };
    Some(layout::served(&site.links, Some(site.assessment), section(site, page, filter)?, &own, live))
}

fn section(site: &Site<'_>, page: &Page, filter: &Filter) -> Option<Section> {
    Some(match page {
        Page::Overview => overview::section(site),
        Page::Services => services::section(site, filter),
        Page::Service(name) => service::section(site, site.service(name)?),
        Page::Teams => teams::section(site),
        Page::Team(name) => teams::team(site, name)?,
        Page::Delivery => delivery::section(site),
        Page::Metric(id) => delivery::metric(site, id)?,
        Page::Maturity => maturity::section(site),
        Page::Decision => planning::decision(site),
        Page::Plan => planning::plan(site),
        Page::Platform => platform::section(site),
        Page::Ai => ai::section(site),
        Page::Architecture => architecture::section(site),
        Page::Pitfalls => trust::pitfalls(site),
        Page::Coverage => trust::coverage(site),
        Page::Definitions => trust::definitions(site, |_| true),
        Page::Definition(id) => trust::definition(site, id)?,
        Page::Declare | Page::Snapshots | Page::Compare | Page::Account | Page::Audit | Page::Nowhere(_) => {
            return None;
        }
    })
}
