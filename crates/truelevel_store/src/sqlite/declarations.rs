//! What teams say of themselves.

use rusqlite::{Connection, params};
use truelevel_model::{Declaration, ServiceId};

use super::columns::{optional_name, time};
use super::failure::Failure;
use super::names::{self, Names};
use super::upsert::{Stays, Upsert};
use crate::Counts;

const IDENTITY: &[&str] = &["service", "stage", "declared_by", "declared_at"];
const VALUES: &[&str] = &["level", "reason"];

pub(crate) fn write(
    connection: &Connection,
    names: &mut Names,
    declarations: &[Declaration],
) -> Result<Counts, Failure> {
    let mut counts = Counts::default();
    let mut upsert = Upsert::prepare(connection, "declaration", IDENTITY, VALUES, Stays::WrittenLater)?;
    for declaration in declarations {
        let service = declaration.service.as_ref().map(|service| names.key(connection, service)).transpose()?;
        counts.add(upsert.write(params![
            service,
            declaration.stage,
            declaration.declared_by,
            declaration.declared_at.millis(),
            declaration.level,
            declaration.reason,
        ])?);
    }
    Ok(counts)
}

pub(crate) fn read(connection: &Connection) -> Result<Vec<Declaration>, Failure> {
    let services = names::by_key::<ServiceId>(connection)?;
    let mut statement =
        connection.prepare_cached("SELECT service, stage, declared_by, declared_at, level, reason FROM declaration")?;
    let mut rows = statement.query([])?;
    let mut declarations: Vec<Declaration> = Vec::new();
    while let Some(row) = rows.next()? {
        declarations.push(Declaration {
            service: optional_name(row, 0, &services)?,
            stage: row.get(1)?,
            level: row.get(4)?,
            declared_at: time(row, 3)?,
            declared_by: row.get(2)?,
            reason: row.get(5)?,
        });
    }
    declarations.sort_by(|a, b| order(a).cmp(&order(b)));
    Ok(declarations)
}

fn order(declaration: &Declaration) -> impl Ord + use<'_> {
    (declaration.declared_at, &declaration.service, &declaration.stage, &declaration.declared_by)
}
