//! Row by row: a statement that is prepared costs next to nothing here.

use rusqlite::{CachedStatement, params_from_iter};

use crate::failure::Failure;
use crate::sql::{Value, Values};
use crate::sqlite::Connection;
use crate::upsert::{Spelling, Stays, Table};
use crate::written::Effect;

struct Statements<'c> {
    insert: CachedStatement<'c>,
    update: CachedStatement<'c>,
    confirm: Option<CachedStatement<'c>>,
    is_older: Option<CachedStatement<'c>>,
}

pub(crate) fn upsert<'v>(
    connection: &Connection,
    table: &Table,
    stays: Stays,
    rows: impl Iterator<Item = Result<Values<'v>, Failure>>,
) -> Result<Vec<Effect>, Failure> {
    let mut rows = rows.peekable();
    if rows.peek().is_none() {
        return Ok(Vec::new());
    }
    let mut statements = Statements::prepare(connection, table, stays)?;
    rows.map(|row| statements.write(&row?)).collect()
}

impl<'c> Statements<'c> {
    fn prepare(connection: &'c Connection, table: &Table, stays: Stays) -> Result<Self, Failure> {
        let Table { name, identity, values, .. } = table;
        let places = |columns: &[&str], first: usize| {
            (first..first + columns.len()).map(|place| format!("?{place}")).collect::<Vec<_>>().join(", ")
        };
        let same: Vec<_> = identity.iter().enumerate().map(|(at, column)| format!("{column} IS ?{}", at + 1)).collect();
        let same = same.join(" AND ");
        let (keys, rest) = (identity.join(", "), values.join(", "));
        let (key_places, rest_places) = (places(identity, 1), places(values, identity.len() + 1));
        let insert =
            format!("INSERT INTO {name} ({keys}, {rest}) VALUES ({key_places}, {rest_places}) ON CONFLICT DO NOTHING");
        let is_observed = stays != Stays::WrittenLater;
        let last = identity.len() + values.len();
        // When it was observed is no difference by itself.
        let compared = if is_observed { &values[..values.len() - 1] } else { values };
        let columns = compared.join(", ");
        let new = match stays {
            Stays::Joined(rules) => {
                let is_newer = format!("observed_at <= ?{last}");
                let spelling = Spelling { nothing: "'', '[]', x''", smaller: "min", is_newer: &is_newer };
                let joined =
                    compared.iter().zip(rules).enumerate().map(|(at, (column, rule))| {
                        rule.sql(column, &format!("?{}", identity.len() + 1 + at), &spelling)
                    });
                joined.collect::<Vec<_>>().join(", ")
            }
            Stays::ObservedLater | Stays::WrittenLater => places(compared, identity.len() + 1),
        };
        let update = match stays {
            Stays::Joined(_) => format!(
                "UPDATE {name} SET ({columns}, observed_at) = ({new}, max(observed_at, ?{last})) \
                 WHERE {same} AND ({columns}) IS NOT ({new})"
            ),
            Stays::ObservedLater => format!(
                "UPDATE {name} SET ({rest}) = ({rest_places}) \
                 WHERE {same} AND ({columns}) IS NOT ({new}) AND observed_at <= ?{last}"
            ),
            Stays::WrittenLater => {
                format!("UPDATE {name} SET ({rest}) = ({rest_places}) WHERE {same} AND ({columns}) IS NOT ({new})")
            }
        };
        // Every value is named, because all are bound.
        let confirm = is_observed.then(|| {
            format!(
                "UPDATE {name} SET observed_at = ?{last} WHERE {same} AND ({columns}) IS ({new}) AND observed_at < ?{last}"
            )
        });
        let is_older = (stays == Stays::ObservedLater).then(|| {
            format!("SELECT 1 FROM {name} WHERE {same} AND ({columns}) IS NOT ({new}) AND observed_at > ?{last}")
        });
        Ok(Self {
            insert: connection.prepare(&insert)?,
            update: connection.prepare(&update)?,
            confirm: confirm.map(|sql| connection.prepare(&sql)).transpose()?,
            is_older: is_older.map(|sql| connection.prepare(&sql)).transpose()?,
        })
    }

    /// Writes one row: the identity's values, then the others.
    fn write(&mut self, row: &[Value<'_>]) -> Result<Effect, Failure> {
        if self.insert.execute(params_from_iter(row))? > 0 {
            return Ok(Effect::New);
        }
        if self.update.execute(params_from_iter(row))? > 0 {
            return Ok(Effect::Changed);
        }
        if let Some(confirm) = &mut self.confirm {
            confirm.execute(params_from_iter(row))?;
        }
        let is_older = self.is_older.as_mut().map(|sql| sql.exists(params_from_iter(row))).transpose()?;
        Ok(if is_older == Some(true) { Effect::Older } else { Effect::Unchanged })
    }
}
