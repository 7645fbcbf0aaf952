//! What is asked about: the window, the as-of, a team, a service or a stored assessment. It stands in every address.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::str::FromStr;

use axum::extract::{FromRequestParts, Query};
use axum::http::StatusCode;
use axum::http::request::Parts;
use truelevel_engine::config::LONGEST_WINDOW_DAYS;
use truelevel_model::{Time, printable};
use truelevel_report::html;

use crate::problem::Problem;

/// The query of an address. A form sends every field, also empty ones: these say nothing.
#[derive(Debug, Default)]
pub(crate) struct Asked(BTreeMap<String, String>);

impl Asked {
    /// The value of a name.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(|text| text.trim()).filter(|text| !text.is_empty())
    }

    /// The value of a name, read.
    pub(crate) fn read<T: FromStr>(&self, name: &str) -> Result<Option<T>, Problem> {
        let read = |text: &str| {
            text.parse().map_err(|_| {
                Problem::new(
                    StatusCode::BAD_REQUEST,
                    format!("`{name}` is {}, and that is no value for it", printable(text)),
                )
            })
        };
        self.text(name).map(read).transpose()
    }

    /// Names and values, in the order of names.
    pub(crate) fn pairs(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }
}

impl<S: Sync> FromRequestParts<S> for Asked {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        // A query that is none asks for nothing.
        Ok(Self(Query::try_from_uri(&parts.uri).map(|Query(pairs)| pairs).unwrap_or_default()))
    }
}

/// What is asked about; everything in the workspace up to now unless said otherwise.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Scope {
    /// The length of the window, where it is not the workspace's.
    pub(crate) window_days: Option<u32>,
    /// The as-of, where it is not now.
    pub(crate) as_of: Option<Time>,
    /// Only the services of this team.
    pub(crate) team: Option<String>,
    /// Only this service.
    pub(crate) service: Option<String>,
    /// The stored assessment of this number; nothing else is then asked for.
    pub(crate) snapshot: Option<u64>,
}

impl Scope {
    /// Reads it from a query.
    pub(crate) fn read(asked: &Asked, usual_window_days: u32) -> Result<Self, Problem> {
        let window_days: Option<u32> = asked.read("window")?;
        if window_days.is_some_and(|days| !(1..=LONGEST_WINDOW_DAYS).contains(&days)) {
            let detail = format!("a window may have 1 to {LONGEST_WINDOW_DAYS} days");
            return Err(Problem::new(StatusCode::BAD_REQUEST, detail));
        }
        let as_of = asked.text("as_of").map(Time::parse).transpose();
        let as_of = as_of.map_err(|error| Problem::new(StatusCode::BAD_REQUEST, format!("`as_of`: {error}")))?;
        let snapshot = asked.read::<u32>("snapshot")?.map(u64::from);
        if snapshot.is_some() {
            return Ok(Self { snapshot, ..Self::default() });
        }
        Ok(Self {
            window_days: window_days.filter(|days| *days != usual_window_days),
            as_of,
            team: asked.text("team").map(str::to_owned),
            service: asked.text("service").map(str::to_owned),
            snapshot: None,
        })
    }

    /// Whether it is everything, up to now.
    pub(crate) fn is_whole(&self) -> bool {
        *self == Self::default()
    }

    /// The same in the words of links.
    pub(crate) fn query(&self) -> html::Query {
        html::Query {
            window: self.window_days,
            as_of: self.as_of.map(|time| time.to_string()),
            team: self.team.clone(),
            service: self.service.clone(),
            snapshot: self.snapshot,
        }
    }
}
