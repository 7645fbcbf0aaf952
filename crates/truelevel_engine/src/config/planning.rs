//! The part of a configuration that is about the plan: initiatives, and what a day of work costs.

use serde::Deserialize;
use toml::Spanned;
use toml::value::Datetime;
use truelevel_assess::Catalog;
use truelevel_assess::catalog::Effort;
use truelevel_model::Time;

use super::{ConfigError, Reader};

/// A chosen set of gates, with somebody who answers for it.
#[derive(Clone, Debug)]
pub struct Initiative {
    /// Its name.
    pub name: String,
    /// The team or role that answers for it.
    pub owner: String,
    /// The day on which it is to be done, as written.
    pub due: String,
    /// The end of that day.
    pub due_at: Time,
    /// Its gates.
    pub gates: Vec<String>,
}

/// What work costs.
#[derive(Clone, Debug)]
pub struct CostRates {
    /// The currency, as written.
    pub currency: String,
    /// What a day of work costs.
    pub per_day: f64,
    days: DaysTable,
}

impl CostRates {
    /// The days of work that an effort stands for, for one service.
    pub const fn days(&self, effort: Effort) -> f64 {
        match effort {
            Effort::Hours => self.days.hours,
            Effort::Days => self.days.days,
            Effort::Weeks => self.days.weeks,
            Effort::Months => self.days.months,
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct InitiativeTable {
    name: Spanned<String>,
    owner: Spanned<String>,
    due: Spanned<Datetime>,
    gates: Spanned<Vec<Spanned<String>>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CostTable {
    currency: Spanned<String>,
    per_day: Spanned<f64>,
    days: Spanned<DaysTable>,
}

/// Days of work by effort, for one service.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct DaysTable {
    hours: f64,
    days: f64,
    weeks: f64,
    months: f64,
}

impl Reader<'_> {
    /// `own` are the ids of the workspace's own gates.
    pub(super) fn check_initiatives(
        &self,
        tables: Vec<InitiativeTable>,
        own: &[String],
    ) -> Result<Vec<Initiative>, ConfigError> {
        self.distinct("initiative", tables.iter().map(|table| &table.name))?;
        let catalog = Catalog::embedded().map_err(|error| self.invalid(0, error.to_string()))?;
        let check = |table: InitiativeTable| {
            if table.owner.get_ref().trim().is_empty() {
                let message = "it needs an owner: a team or role that answers for it".to_owned();
                return Err(self.invalid(table.owner.span().start, message));
            }
            let at = table.due.span().start;
            let no_day = || self.invalid(at, "it needs a day on which it is to be done, as 2026-12-31".to_owned());
            let due = table.due.get_ref().date.ok_or_else(no_day)?.to_string();
            let due_at = Time::parse(&due).map_err(|error| self.invalid(at, error.to_string()))?;
            if table.gates.get_ref().is_empty() {
                return Err(self.invalid(table.gates.span().start, "it needs at least one gate".to_owned()));
            }
            let is_unknown =
                |gate: &&Spanned<String>| catalog.gate(gate.get_ref()).is_none() && !own.contains(gate.get_ref());
            if let Some(unknown) = table.gates.get_ref().iter().find(is_unknown) {
                let message = format!("there is no gate `{}`; `truelevel explain` lists them", unknown.get_ref());
                return Err(self.invalid(unknown.span().start, message));
            }
            Ok(Initiative {
                name: table.name.into_inner(),
                owner: table.owner.into_inner(),
                due,
                due_at,
                gates: table.gates.into_inner().into_iter().map(Spanned::into_inner).collect(),
            })
        };
        tables.into_iter().map(check).collect()
    }

    pub(super) fn check_cost(&self, table: Option<CostTable>) -> Result<Option<CostRates>, ConfigError> {
        let Some(table) = table else { return Ok(None) };
        let days = *table.days.get_ref();
        let is_amount = |amount: f64| amount.is_finite() && amount > 0.0;
        if !is_amount(*table.per_day.get_ref()) {
            return Err(self.invalid(table.per_day.span().start, "a day of work costs more than nothing".to_owned()));
        }
        if ![days.hours, days.days, days.weeks, days.months].into_iter().all(is_amount) {
            return Err(self.invalid(table.days.span().start, "every effort takes more than nothing".to_owned()));
        }
        Ok(Some(CostRates { currency: table.currency.into_inner(), per_day: table.per_day.into_inner(), days }))
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
    fn an_initiative_needs_an_owner_a_day_and_gates_that_exist() {
        let with = |owner: &str, due: &str, gates: &str| {
            format!("[[initiative]]\nname = \"a\"\nowner = \"{owner}\"\ndue = {due}\ngates = [{gates}]\n")
        };
        let gate = "\"pipeline_runs_tests\"";
        assert_eq!(Config::parse(Path::new("x"), &with("core", "2026-12-31", gate)).unwrap().initiatives.len(), 1);
        check(&with(" ", "2026-12-31", gate), "truelevel.toml:3:9: it needs an owner");
        check(&with("core", "10:00:00", gate), "truelevel.toml:4:7: it needs a day");
        check(&with("core", "2026-12-31", ""), "truelevel.toml:5:9: it needs at least one gate");
        check(&with("core", "2026-12-31", "\"nothing\""), "truelevel.toml:5:10: there is no gate `nothing`");
    }

    #[test]
    fn rates_are_amounts() {
        let with = |per_day: &str, hours: &str| {
            format!(
                "[cost]\ncurrency = \"EUR\"\nper_day = {per_day}\ndays = {{ hours = {hours}, days = 3, weeks = 15, months = 60 }}\n"
            )
        };
        assert!(Config::parse(Path::new("x"), &with("800.0", "0.5")).unwrap().cost.is_some());
        check(&with("0.0", "0.5"), "truelevel.toml:3:11: a day of work");
        check(&with("800.0", "-1"), "truelevel.toml:4:8: every effort");
    }
}
