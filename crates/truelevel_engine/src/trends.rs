//! How the metrics went week by week, from the facts there are: trends exist on the first day.

use std::collections::BTreeMap;

use rayon::prelude::*;
use truelevel_metrics::ai::{self, weeks::AiWeek};
use truelevel_metrics::trends::trend;
use truelevel_metrics::weekly::{Series, WEEKLY, weekly};
use truelevel_model::calendar::Week;
use truelevel_model::trend::Trend;
use truelevel_model::{Time, Window};

use crate::activity::Windows;
use crate::assess::Prepared;
use crate::matching::Service;
use crate::measure::Measuring;

/// How many whole ISO weeks a trend looks back.
pub const WEEKS: usize = 26;

/// What services did week by week.
#[derive(Default)]
pub(crate) struct OverWeeks {
    /// The trends over the services, by metric id.
    pub(crate) trends: BTreeMap<String, Trend>,
    /// What each service shipped, with the signs of AI in it.
    pub(crate) ai: BTreeMap<String, Vec<AiWeek>>,
}

impl Prepared {
    /// The trends of one service, by metric id; none of a service that is not there.
    pub fn service_trends(&self, service: &str) -> BTreeMap<String, Trend> {
        self.over_weeks(&self.windows(), |known| known == service).trends
    }

    /// What the services that are asked for did week by week.
    pub(crate) fn over_weeks(&self, windows: &Windows<'_>, is_asked_for: impl Fn(&str) -> bool + Sync) -> OverWeeks {
        let weeks = self.weeks();
        let Some(measuring) = self.measuring_weeks(windows, &weeks) else { return OverWeeks::default() };
        let services: Vec<&Service> =
            self.services.iter().filter(|service| is_asked_for(service.id.as_str())).collect();
        let of = |service: &&Service| {
            measuring.prepare(service, |data| {
                let signs = ai::weeks::weeks(&data, &weeks);
                (weekly(data, &weeks), signs)
            })
        };
        let (series, signs): (Vec<Vec<Series>>, Vec<Vec<AiWeek>>) = services.par_iter().map(of).unzip();
        let trends = WEEKLY.iter().enumerate().map(|(place, metric)| {
            let of_metric: Vec<&Series> = series.iter().filter_map(|series| series.get(place)).collect();
            (metric.id.to_owned(), trend(metric, &of_metric))
        });
        let names = services.iter().map(|service| service.id.as_str().to_owned());
        OverWeeks { trends: trends.collect(), ai: names.zip(signs).collect() }
    }

    pub(crate) fn weeks(&self) -> Vec<Week> {
        self.calendar.weeks_up_to(self.window.end, WEEKS)
    }

    /// What is measured when the weeks are: from the first of them to the as-of.
    pub(crate) fn measuring_weeks<'a>(&'a self, windows: &'a Windows<'_>, weeks: &[Week]) -> Option<Measuring<'a>> {
        let start = Time::from_millis(weeks.first()?.start.millis() - 1);
        let days = self.window.end.since(start).days().ceil() as u32;
        Some(Measuring { window: Window { start, end: self.window.end, days }, ..self.measuring(windows) })
    }
}
