//! Writing a fact so that it is known whether it was new, changed or the same.

use rusqlite::{CachedStatement, Connection};

use super::columns::Values;
use super::failure::Failure;
use crate::written::Effect;

/// Two statements for one table: put the fact in if it is new, else change it if it differs.
pub(crate) struct Upsert<'c> {
    insert: CachedStatement<'c>,
    update: CachedStatement<'c>,
}

impl<'c> Upsert<'c> {
    /// For a table whose rows are told apart by `identity`; `values` are its other columns.
    pub(crate) fn prepare(
        connection: &'c Connection,
        table: &str,
        identity: &[&str],
        values: &[&str],
    ) -> Result<Self, Failure> {
        let places = |columns: &[&str], first: usize| {
            (first..first + columns.len()).map(|place| format!("?{place}")).collect::<Vec<_>>().join(", ")
        };
        let same: Vec<_> = identity.iter().enumerate().map(|(at, column)| format!("{column} IS ?{}", at + 1)).collect();
        let (keys, rest) = (identity.join(", "), values.join(", "));
        let (key_places, rest_places) = (places(identity, 1), places(values, identity.len() + 1));
        let insert =
            format!("INSERT INTO {table} ({keys}, {rest}) VALUES ({key_places}, {rest_places}) ON CONFLICT DO NOTHING");
        let update = format!(
            "UPDATE {table} SET ({rest}) = ({rest_places})
             WHERE {} AND ({rest}) IS NOT ({rest_places})",
            same.join(" AND ")
        );
        Ok(Self { insert: connection.prepare_cached(&insert)?, update: connection.prepare_cached(&update)? })
    }

    /// Writes one row: the identity's values, then the others.
    pub(crate) fn write(&mut self, row: Values<'_>) -> Result<Effect, Failure> {
        Ok(if self.insert.execute(row)? > 0 {
            Effect::New
        } else if self.update.execute(row)? > 0 {
            Effect::Changed
        } else {
            Effect::Unchanged
        })
    }
}
