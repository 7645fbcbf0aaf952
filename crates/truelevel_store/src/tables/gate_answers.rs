//! What teams answer to single gates.

use truelevel_model::{GateAnswer, ServiceId, Word};

use crate::columns::{optional_name, time, word};
use crate::failure::Failure;
use crate::sql::{Connection, row};
use crate::tables::names::{self, Names};

use crate::upsert::{Stays, Table};
use crate::written::Effect;

const TABLE: Table = Table {
    name: "gate_answer",
    identity: &["service", "gate", "declared_by", "declared_at"],
    values: &["answer", "reason"],
    optional: Some("service"),
};

pub(crate) fn write<'f>(
    connection: &Connection,
    names: &mut Names,
    answers: impl Iterator<Item = &'f GateAnswer>,
) -> Result<Vec<Effect>, Failure> {
    let rows = answers.map(|answer| {
        let service = answer.service.as_ref().map(|service| names.key(connection, service)).transpose()?;
        Ok(row![
            service,
            &answer.gate,
            &answer.declared_by,
            answer.declared_at.millis(),
            answer.answer.word(),
            &answer.reason,
        ])
    });
    connection.upsert(&TABLE, Stays::WrittenLater, rows)
}

pub(crate) fn read(connection: &Connection) -> Result<Vec<GateAnswer>, Failure> {
    let services = names::by_key::<ServiceId>(connection)?;
    let mut answers: Vec<GateAnswer> = connection.all(
        "SELECT service, gate, declared_by, declared_at, answer, reason FROM gate_answer",
        &[],
        |row| {
            Ok(GateAnswer {
                service: optional_name(row, 0, &services)?,
                gate: row.get(1)?,
                declared_by: row.get(2)?,
                declared_at: time(row, 3)?,
                answer: word(row, 4)?,
                reason: row.get(5)?,
            })
        },
    )?;
    answers.sort_by(|a, b| order(a).cmp(&order(b)));
    Ok(answers)
}

fn order(answer: &GateAnswer) -> impl Ord + use<'_> {
    (answer.declared_at, &answer.service, &answer.gate, &answer.declared_by)
}
