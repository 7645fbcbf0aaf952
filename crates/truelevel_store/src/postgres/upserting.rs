//! Many rows in one statement: what costs here is the way to the server and back.

use std::collections::HashMap;

use postgres::types::{ToSql, Type};

use super::Connection;
use crate::failure::Failure;
use crate::sql::{Value, Values};
use crate::upsert::{Spelling, Stays, Table};
use crate::written::Effect;

/// Rows per statement: enough that the way costs nothing beside them, few enough to hold them twice.
pub(super) const ROWS: usize = 5000;

pub(crate) fn upsert<'v>(
    connection: &Connection,
    table: &Table,
    stays: Stays,
    mut rows: impl Iterator<Item = Result<Values<'v>, Failure>>,
) -> Result<Vec<Effect>, Failure> {
    let mut effects = Vec::new();
    let mut statement = None;
    loop {
        let batch: Vec<Values<'v>> = rows.by_ref().take(ROWS).collect::<Result<_, _>>()?;
        if batch.is_empty() {
            return Ok(effects);
        }
        let (sql, width) = match &statement {
            Some(known) => known,
            None => statement.insert(statement_for(connection, table, stays)?),
        };
        let first = effects.len();
        effects.resize(first + batch.len(), Effect::Unchanged);
        for round in rounds(batch, table.identity.len()) {
            write(connection, sql, *width, round, &mut effects[first..])?;
        }
    }
}

/// The rows of one statement, each with its place among those that were given.
type Round<'v> = Vec<(usize, Values<'v>)>;

/// A statement sees a fact once; one that is given several times is written in as many rounds, in their order.
fn rounds<'v>(rows: Vec<Values<'v>>, identity: usize) -> Vec<Round<'v>> {
    let mut seen: HashMap<Values<'v>, usize> = HashMap::new();
    let mut rounds: Vec<Round<'v>> = Vec::new();
    for (place, row) in rows.into_iter().enumerate() {
        let round = seen.entry(row[..identity].to_vec()).or_default();
        match rounds.get_mut(*round) {
            Some(rows) => rows.push((place, row)),
            None => rounds.push(vec![(place, row)]),
        }
        *round += 1;
    }
    rounds
}

fn write(
    connection: &Connection,
    sql: &str,
    width: usize,
    round: Round<'_>,
    effects: &mut [Effect],
) -> Result<(), Failure> {
    let (places, rows): (Vec<usize>, Vec<Values<'_>>) = round.into_iter().unzip();
    let columns = by_column(&rows, width);
    let columns: Vec<&(dyn ToSql + Sync)> = columns.iter().map(|column| column as _).collect();
    let session = &mut *connection.session.borrow_mut();
    let statement = session.prepare(sql)?;
    let told = session.client.query_one(&statement, &columns)?;
    for (column, effect) in [Effect::New, Effect::Changed, Effect::Older].into_iter().enumerate() {
        for number in told.try_get::<_, Vec<i64>>(column)? {
            // They are counted from 1.
            effects[places[number as usize - 1]] = effect;
        }
    }
    Ok(())
}

/// The same values, column by column.
pub(super) fn by_column<'r, 'v>(rows: &'r [Values<'v>], width: usize) -> Vec<Vec<&'r Value<'v>>> {
    (0..width).map(|column| rows.iter().map(|row| &row[column]).collect()).collect()
}

/// The statement, and how many columns it takes. It first tells, of each fact that is given, whether it is stored and
/// whether that says something else; no other writer can come in between.
fn statement_for(connection: &Connection, table: &Table, stays: Stays) -> Result<(String, usize), Failure> {
    let columns: Vec<&str> = table.columns().collect();
    let types = connection.types(table.name, &columns)?;
    let (name, all) = (table.name, columns.join(", "));
    let arrays = each((1..).zip(&types), ", ", |(place, kind)| format!("?{place}::{kind}[]"));
    let join = each(table.identity, " AND ", |column| {
        format!("{} = {}", key(table, &format!("stored.{column}")), key(table, &format!("given.{column}")))
    });
    let keys = each(table.identity, ", ", |column| key(table, column));
    let update = each(table.values, ", ", |column| format!("{column} = excluded.{column}"));
    let Merged { columns: merged, is_changed, is_older, is_written } = Merged::new(table, &types, stays);
    let sql = format!(
        "WITH given ({all}, place) AS (SELECT * FROM unnest({arrays}) WITH ORDINALITY),
         told AS MATERIALIZED (
             SELECT given.place, {merged}, stored.ctid IS NULL AS is_new, stored.ctid IS NOT NULL AND {is_changed} AS is_changed,
                    stored.ctid IS NOT NULL AND {is_older} AS is_older, stored.ctid IS NULL OR {is_written} AS is_written
             FROM given LEFT JOIN {name} AS stored ON {join}
         ),
         written AS (
             INSERT INTO {name} ({all}) SELECT {all} FROM told WHERE is_written
             ON CONFLICT ({keys}) DO UPDATE SET {update}
         )
         SELECT coalesce(array_agg(place) FILTER (WHERE is_new), '{{}}'),
                coalesce(array_agg(place) FILTER (WHERE is_changed), '{{}}'),
                coalesce(array_agg(place) FILTER (WHERE is_older), '{{}}') FROM told"
    );
    Ok((sql, columns.len()))
}

/// What is to stand in the table after a write.
struct Merged {
    columns: String,
    is_changed: String,
    is_older: String,
    is_written: String,
}

impl Merged {
    fn new(table: &Table, types: &[Type], stays: Stays) -> Self {
        let is_newer = "stored.observed_at <= given.observed_at";
        let is_observed = stays != Stays::WrittenLater;
        // When it was observed is no difference by itself.
        let compared = &table.values[..table.values.len() - usize::from(is_observed)];
        let mut new: Vec<String> = match stays {
            Stays::Joined(rules) => {
                let types = &types[table.identity.len()..];
                let joined = compared.iter().zip(types).zip(rules).map(|((column, kind), rule)| {
                    let (stored, given) = (format!("stored.{column}"), format!("given.{column}"));
                    let spelling = Spelling { nothing: nothing(kind), smaller: "least", is_newer };
                    let joined = rule.sql(&stored, &given, &spelling);
                    format!("CASE WHEN stored.ctid IS NULL THEN {given} ELSE {joined} END")
                });
                joined.collect()
            }
            Stays::ObservedLater | Stays::WrittenLater => {
                compared.iter().map(|column| format!("given.{column}")).collect()
            }
        };
        let stored = each(compared, ", ", |column| format!("stored.{column}"));
        let differs = format!("ROW({stored}) IS DISTINCT FROM ROW({})", new.join(", "));
        let (is_changed, is_older) = match stays {
            Stays::ObservedLater => (format!("({differs} AND {is_newer})"), format!("({differs} AND NOT {is_newer})")),
            Stays::WrittenLater | Stays::Joined(_) => (format!("({differs})"), "false".to_owned()),
        };
        let is_written = if is_observed {
            new.push("greatest(stored.observed_at, given.observed_at)".to_owned());
            format!("{is_changed} OR stored.observed_at < given.observed_at")
        } else {
            is_changed.clone()
        };
        let keys = table.identity.iter().map(|column| format!("given.{column}"));
        let values = table.values.iter().zip(new).map(|(column, new)| format!("{new} AS {column}"));
        Self { columns: keys.chain(values).collect::<Vec<_>>().join(", "), is_changed, is_older, is_written }
    }
}

/// How a column of the identity is compared, in the table's unique index as well.
fn key(table: &Table, column: &str) -> String {
    let is_optional = table.optional.is_some_and(|optional| column.ends_with(optional));
    if is_optional { format!("coalesce({column}, 0)") } else { column.to_owned() }
}

/// The values of a type that say nothing.
fn nothing(kind: &Type) -> &'static str {
    match *kind {
        Type::TEXT => "'', '[]'",
        Type::BYTEA => "''",
        _ => "NULL",
    }
}

fn each<T>(items: impl IntoIterator<Item = T>, between: &str, write: impl Fn(T) -> String) -> String {
    items.into_iter().map(write).collect::<Vec<_>>().join(between)
}
