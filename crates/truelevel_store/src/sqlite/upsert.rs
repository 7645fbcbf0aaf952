//! Writing a fact so that it is known whether it was new, changed or the same.

use rusqlite::{CachedStatement, Connection};

use super::columns::Values;
use super::failure::Failure;
use crate::written::Effect;

/// Puts a fact in if it is new, else changes it if it differs.
pub(crate) struct Upsert<'c> {
    insert: CachedStatement<'c>,
    update: CachedStatement<'c>,
    confirm: Option<CachedStatement<'c>>,
}

/// Which of two facts with one identity stays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stays {
    /// The one observed later; of two observed together, the one written later. The table's last value column is
    /// `observed_at`.
    ObservedLater,
    /// The one written later.
    WrittenLater,
}

impl<'c> Upsert<'c> {
    /// For a table whose rows are told apart by `identity`; `values` are its other columns.
    pub(crate) fn prepare(
        connection: &'c Connection,
        table: &str,
        identity: &[&str],
        values: &[&str],
        stays: Stays,
    ) -> Result<Self, Failure> {
        let places = |columns: &[&str], first: usize| {
            (first..first + columns.len()).map(|place| format!("?{place}")).collect::<Vec<_>>().join(", ")
        };
        let same: Vec<_> = identity.iter().enumerate().map(|(at, column)| format!("{column} IS ?{}", at + 1)).collect();
        let same = same.join(" AND ");
        let (keys, rest) = (identity.join(", "), values.join(", "));
        let (key_places, rest_places) = (places(identity, 1), places(values, identity.len() + 1));
        let insert =
            format!("INSERT INTO {table} ({keys}, {rest}) VALUES ({key_places}, {rest_places}) ON CONFLICT DO NOTHING");
        let is_observed = stays == Stays::ObservedLater;
        let last = identity.len() + values.len();
        // When it was observed is no difference by itself.
        let compared = if is_observed { &values[..values.len() - 1] } else { values };
        let (columns, new) = (compared.join(", "), places(compared, identity.len() + 1));
        let not_older = if is_observed { format!(" AND observed_at <= ?{last}") } else { String::new() };
        let update = format!(
            "UPDATE {table} SET ({rest}) = ({rest_places}) WHERE {same} AND ({columns}) IS NOT ({new}){not_older}"
        );
        let confirm = is_observed
            .then(|| {
                // Every value is named, because all are bound.
                let unchanged = format!("({columns}) IS ({new})");
                let sql = format!(
                    "UPDATE {table} SET observed_at = ?{last} WHERE {same} AND {unchanged} AND observed_at < ?{last}"
                );
                connection.prepare_cached(&sql)
            })
            .transpose()?;
        Ok(Self { insert: connection.prepare_cached(&insert)?, update: connection.prepare_cached(&update)?, confirm })
    }

    /// Writes one row: the identity's values, then the others.
    pub(crate) fn write(&mut self, row: Values<'_>) -> Result<Effect, Failure> {
        if self.insert.execute(row)? > 0 {
            return Ok(Effect::New);
        }
        if self.update.execute(row)? > 0 {
            return Ok(Effect::Changed);
        }
        if let Some(confirm) = &mut self.confirm {
            confirm.execute(row)?;
        }
        Ok(Effect::Unchanged)
    }
}
