//! What teams say of themselves.

use truelevel_model::{Declaration, ServiceId};

use crate::columns::{optional_name, time};
use crate::failure::Failure;
use crate::sql::{Connection, row};
use crate::tables::names::{self, Names};

use crate::upsert::{Stays, Table};
use crate::written::Effect;

const TABLE: Table = Table {
    name: "declaration",
    identity: &["service", "stage", "declared_by", "declared_at"],
    values: &["level", "reason"],
    optional: Some("service"),
};

pub(crate) fn write<'f>(
    connection: &Connection,
    names: &mut Names,
    declarations: impl Iterator<Item = &'f Declaration>,
) -> Result<Vec<Effect>, Failure> {
    let rows = declarations.map(|declaration| {
        let service = declaration.service.as_ref().map(|service| names.key(connection, service)).transpose()?;
        Ok(row![
            service,
            &declaration.stage,
            &declaration.declared_by,
            declaration.declared_at.millis(),
            declaration.level,
            &declaration.reason,
        ])
    });
    connection.upsert(&TABLE, Stays::WrittenLater, rows)
}

pub(crate) fn read(connection: &Connection) -> Result<Vec<Declaration>, Failure> {
    let services = names::by_key::<ServiceId>(connection)?;
    let mut declarations: Vec<Declaration> = connection.all(
        "SELECT service, stage, declared_by, declared_at, level, reason FROM declaration",
        &[],
        |row| {
            Ok(Declaration {
                service: optional_name(row, 0, &services)?,
                stage: row.get(1)?,
                level: row.get(4)?,
                declared_at: time(row, 3)?,
                declared_by: row.get(2)?,
                reason: row.get(5)?,
            })
        },
    )?;
    declarations.sort_by(|a, b| order(a).cmp(&order(b)));
    Ok(declarations)
}

fn order(declaration: &Declaration) -> impl Ord + use<'_> {
    (declaration.declared_at, &declaration.service, &declaration.stage, &declaration.declared_by)
}
