//! The golden paths that a workspace declares.

use serde::Deserialize;
use toml::Spanned;
use toml::value::Datetime;
use truelevel_model::{Span, Time};

use super::{ConfigError, Reader};

/// A golden path.
#[derive(Clone, Debug, PartialEq)]
pub struct GoldenPathConfig {
    /// Its name.
    pub name: String,
    /// What files and pipelines name when they use it, without a version.
    pub what: Vec<String>,
    /// The team or role that answers for it.
    pub owner: Option<String>,
    /// The start of the day from which it is asked of everybody.
    pub mandated_on: Option<Time>,
    /// Who is excused.
    pub exceptions: Vec<ExceptionConfig>,
}

/// Somebody answers for a service not being on the path.
#[derive(Clone, Debug, PartialEq)]
pub struct ExceptionConfig {
    /// The service.
    pub service: String,
    /// Who answers for it.
    pub owner: String,
    /// Why.
    pub reason: String,
    /// The last day, as written.
    pub expires: String,
    /// The end of that day.
    pub ends_at: Time,
    /// How often it was renewed.
    pub renewals: u64,
    /// Where it stands, for a sentence about it.
    pub place: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct GoldenPathTable {
    pub(super) name: Spanned<String>,
    what: Spanned<What>,
    owner: Option<String>,
    mandated_on: Option<Spanned<Datetime>>,
    #[serde(default, alias = "exceptions")]
    exception: Vec<ExceptionTable>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum What {
    One(String),
    Several(Vec<String>),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ExceptionTable {
    service: Spanned<String>,
    owner: Spanned<String>,
    reason: Spanned<String>,
    expires: Spanned<Datetime>,
    #[serde(default)]
    renewals: u64,
}

/// A day without its last millisecond is its start.
const A_DAY_BUT_A_MILLISECOND: Span = Span::from_millis(-86_399_999);

impl Reader<'_> {
    pub(super) fn check_golden_path(&self, table: GoldenPathTable) -> Result<GoldenPathConfig, ConfigError> {
        let at = table.what.span().start;
        let what = match table.what.into_inner() {
            What::One(what) => vec![what],
            What::Several(what) => what,
        };
        if what.is_empty() || what.iter().any(|what| what.trim().is_empty()) {
            let message = "a golden path needs what files and pipelines name when they use it, such as \
                           `platform/workflows/.github/workflows/deploy.yml`";
            return Err(self.invalid(at, message.to_owned()));
        }
        let mandated_on = table.mandated_on.map(|on| self.day(&on)).transpose()?;
        let exceptions = table.exception.into_iter().map(|table| self.check_path_exception(table));
        Ok(GoldenPathConfig {
            name: table.name.into_inner(),
            // The version says how far behind a service is, not which path it is on.
            what: what.iter().map(|what| what.split('@').next().unwrap_or(what).trim().to_owned()).collect(),
            owner: table.owner,
            mandated_on: mandated_on.map(|(_, end)| end.plus(A_DAY_BUT_A_MILLISECOND)),
            exceptions: exceptions.collect::<Result<_, _>>()?,
        })
    }

    fn check_path_exception(&self, table: ExceptionTable) -> Result<ExceptionConfig, ConfigError> {
        self.said("an owner: a team or role that answers for it", &table.owner)?;
        self.said("a reason", &table.reason)?;
        let place = self.place(table.service.span().start);
        let (expires, ends_at) = self.day(&table.expires)?;
        Ok(ExceptionConfig {
            service: table.service.into_inner(),
            owner: table.owner.into_inner(),
            reason: table.reason.into_inner(),
            expires,
            ends_at,
            renewals: table.renewals,
            place,
        })
    }

    /// A day as written, and its last instant.
    fn day(&self, written: &Spanned<Datetime>) -> Result<(String, Time), ConfigError> {
        let at = written.span().start;
        let no_day = || self.invalid(at, "it needs a day, as 2026-12-31".to_owned());
        let day = written.get_ref().date.ok_or_else(no_day)?.to_string();
        let end = Time::parse(&day).map_err(|error| self.invalid(at, error.to_string()))?;
        Ok((day, end))
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use crate::config::Config;

    fn check(text: &str, expected: &str) {
        let error = Config::parse(Path::new("truelevel.toml"), text).unwrap_err().to_string();
        assert!(error.starts_with(expected), "{error}\nshould begin with\n{expected}");
    }

    #[test]
    fn a_golden_path_reads_with_its_exceptions() {
        let text = "[[golden_path]]\nname = \"deploy\"\nwhat = \"org/ci@v2\"\nmandated_on = 2026-03-01\n\
                    [[golden_path.exception]]\nservice = \"web\"\nowner = \"front\"\nreason = \"old\"\nexpires = 2026-12-31\n";
        let config = Config::parse(Path::new("truelevel.toml"), text).unwrap();
        let path = &config.golden_paths[0];
        assert_eq!(path.what, ["org/ci"]);
        assert_eq!(path.mandated_on.unwrap().to_string(), "2026-03-01T00:00:00Z");
        assert_eq!((path.exceptions[0].expires.as_str(), path.exceptions[0].renewals), ("2026-12-31", 0));
    }

    #[test]
    fn an_exception_needs_an_owner_a_reason_and_an_end() {
        let exception = |rest: &str| {
            format!("[[golden_path]]\nname = \"a\"\nwhat = \"b\"\n[[golden_path.exception]]\nservice = \"web\"\n{rest}")
        };
        check(&exception("reason = \"x\"\nexpires = 2026-12-31\n"), "truelevel.toml:4:1: missing field `owner`");
        check(
            &exception("owner = \" \"\nreason = \"x\"\nexpires = 2026-12-31\n"),
            "truelevel.toml:6:9: it needs an owner",
        );
        check(&exception("owner = \"a\"\nreason = \"x\"\nexpires = 12:00:00\n"), "truelevel.toml:8:11: it needs a day");
        check("[[golden_path]]\nname = \"a\"\nwhat = []\n", "truelevel.toml:3:8: a golden path needs what");
    }
}
