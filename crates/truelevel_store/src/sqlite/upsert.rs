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
    /// A part of each, column by column; there is a rule for every value but the last, which is `observed_at`.
    Joined(&'static [Joining]),
}

/// What becomes of a column when two observations of one fact are joined, whichever comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Joining {
    /// What was observed later.
    Later,
    /// What was observed later, unless it says nothing; an empty list says nothing.
    LaterIfSaid,
    /// The smaller one: the first time that something happened.
    Earliest,
}

impl Joining {
    /// The joined value of a column with what is bound at a place.
    fn sql(self, column: &str, place: usize, is_newer: &str) -> String {
        match self {
            Self::Later => format!("CASE WHEN {is_newer} THEN ?{place} ELSE {column} END"),
            Self::LaterIfSaid => format!(
                "CASE WHEN ?{place} IN ('', '[]', x'') THEN {column} WHEN {column} IN ('', '[]', x'') THEN ?{place} \
                 WHEN {is_newer} THEN coalesce(?{place}, {column}) ELSE coalesce({column}, ?{place}) END"
            ),
            Self::Earliest => format!("coalesce(min({column}, ?{place}), {column}, ?{place})"),
        }
    }
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
        let is_observed = stays != Stays::WrittenLater;
        let last = identity.len() + values.len();
        // When it was observed is no difference by itself.
        let compared = if is_observed { &values[..values.len() - 1] } else { values };
        let columns = compared.join(", ");
        let new = match stays {
            Stays::Joined(rules) => {
                let is_newer = format!("observed_at <= ?{last}");
                let joined = compared.iter().zip(rules).enumerate();
                let joined = joined.map(|(at, (column, rule))| rule.sql(column, identity.len() + 1 + at, &is_newer));
                joined.collect::<Vec<_>>().join(", ")
            }
            Stays::ObservedLater | Stays::WrittenLater => places(compared, identity.len() + 1),
        };
        let update = match stays {
            Stays::Joined(_) => format!(
                "UPDATE {table} SET ({columns}, observed_at) = ({new}, max(observed_at, ?{last})) \
                 WHERE {same} AND ({columns}) IS NOT ({new})"
            ),
            Stays::ObservedLater => format!(
                "UPDATE {table} SET ({rest}) = ({rest_places}) \
                 WHERE {same} AND ({columns}) IS NOT ({new}) AND observed_at <= ?{last}"
            ),
            Stays::WrittenLater => {
                format!("UPDATE {table} SET ({rest}) = ({rest_places}) WHERE {same} AND ({columns}) IS NOT ({new})")
            }
        };
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
