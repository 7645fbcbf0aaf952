//! How the metrics went week by week, from the facts there are: trends exist on the first day.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use rayon::prelude::*;
use truelevel_metrics::Metric;
use truelevel_metrics::ai::{self, weeks::AiWeek};
use truelevel_metrics::environments::KEYS;
use truelevel_metrics::service::ServiceData;
use truelevel_metrics::trends::trend;
use truelevel_metrics::weekly::{Series, WEEKLY, weekly};
use truelevel_model::calendar::Week;
use truelevel_model::trend::Trend;
use truelevel_model::{Time, Window};

use crate::activity::Windows;
use crate::assess::Prepared;
use crate::measure::Measuring;
use crate::pitfalls::Halves;

/// How many whole ISO weeks a trend looks back.
pub const WEEKS: usize = 26;

/// What one service did week by week.
#[derive(Default)]
pub(crate) struct ServiceWeeks {
    /// A series for each of [`WEEKLY`].
    pub(crate) series: Vec<Series>,
    /// What it shipped, with the signs of AI in it.
    pub(crate) ai: Vec<AiWeek>,
    /// Measured when first asked for, and kept: the next answer asks again, and little has changed by then.
    halves: OnceLock<(usize, Vec<Halves>)>,
}

impl ServiceWeeks {
    /// `data` is prepared for any window that ends at the as-of.
    pub(crate) fn of(data: ServiceData<'_>, weeks: &[Week]) -> Self {
        let Some(first) = weeks.first() else { return Self::default() };
        let window = Window { start: first.window().start, ..data.window };
        let data = data.over(window);
        let ai = ai::weeks::weeks(&data, weeks);
        Self { ai, ..Self::of_series(weekly(data, weeks)) }
    }

    /// `series` for each of [`WEEKLY`], and nothing of AI.
    pub(crate) fn of_series(series: Vec<Series>) -> Self {
        Self { series, ..Self::default() }
    }

    /// DORA's keys in the last `weeks` and in as many before them: for one window, the same number each time.
    pub(crate) fn halves(&self, weeks: usize) -> &[Halves] {
        let (of_weeks, halves) = self.halves.get_or_init(|| (weeks, Halves::of_keys(&self.series, weeks)));
        debug_assert_eq!(*of_weeks, weeks, "weeks are measured again for another window");
        halves
    }

    /// The weeks of one metric.
    pub(crate) fn series(&self, metric: &str) -> Option<&Series> {
        let place = WEEKLY.iter().position(|weekly| weekly.id == metric)?;
        self.series.get(place)
    }

    /// How DORA's keys of this service went, by metric id.
    pub(crate) fn trends_of_keys(&self) -> BTreeMap<String, Trend> {
        let keys = WEEKLY.iter().zip(&self.series).filter(|(metric, _)| KEYS.iter().any(|key| key.id == metric.id));
        keys.map(|(metric, series)| (metric.id.to_owned(), trend(metric, &[series]))).collect()
    }
}

impl Prepared {
    /// The trends of one service, by metric id; none of a service that is not there.
    pub fn service_trends(&self, service: &str) -> BTreeMap<String, Trend> {
        let (windows, weeks) = (self.windows(), self.weeks());
        let measuring = self.measuring(&windows);
        let asked_for = self.services.iter().filter(|known| known.id.as_str() == service);
        let of_services: Vec<ServiceWeeks> =
            asked_for.map(|service| measuring.prepare(service, |data| ServiceWeeks::of(data, &weeks))).collect();
        trends(&of_services.iter().collect::<Vec<_>>())
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

/// The trends over services, by metric id.
pub(crate) fn trends(services: &[&ServiceWeeks]) -> BTreeMap<String, Trend> {
    let of_metric = |(place, metric): (usize, &&'static Metric)| {
        let series: Vec<&Series> = services.iter().filter_map(|service| service.series.get(place)).collect();
        (metric.id.to_owned(), trend(metric, &series))
    };
    WEEKLY.par_iter().enumerate().map(of_metric).collect()
}
