//! What teams answer to single gates.

use rusqlite::{Connection, params};
use truelevel_model::{GateAnswer, ServiceId, Word};

use super::columns::{optional_name, time, word};
use super::failure::Failure;
use super::names::{self, Names};
use super::upsert::{Stays, Upsert};
use crate::Counts;

const IDENTITY: &[&str] = &["service", "gate", "declared_by", "declared_at"];
const VALUES: &[&str] = &["answer", "reason"];

pub(crate) fn write(connection: &Connection, names: &mut Names, answers: &[GateAnswer]) -> Result<Counts, Failure> {
    let mut counts = Counts::default();
    let mut upsert = Upsert::prepare(connection, "gate_answer", IDENTITY, VALUES, Stays::WrittenLater)?;
    for answer in answers {
        let service = answer.service.as_ref().map(|service| names.key(connection, service)).transpose()?;
        counts.add(upsert.write(params![
            service,
            answer.gate,
            answer.declared_by,
            answer.declared_at.millis(),
            answer.answer.word(),
            answer.reason,
        ])?);
    }
    Ok(counts)
}

pub(crate) fn read(connection: &Connection) -> Result<Vec<GateAnswer>, Failure> {
    let services = names::by_key::<ServiceId>(connection)?;
    let mut statement =
        connection.prepare_cached("SELECT service, gate, declared_by, declared_at, answer, reason FROM gate_answer")?;
    let mut rows = statement.query([])?;
    let mut answers: Vec<GateAnswer> = Vec::new();
    while let Some(row) = rows.next()? {
        answers.push(GateAnswer {
            service: optional_name(row, 0, &services)?,
            gate: row.get(1)?,
            declared_by: row.get(2)?,
            declared_at: time(row, 3)?,
            answer: word(row, 4)?,
            reason: row.get(5)?,
        });
    }
    answers.sort_by(|a, b| order(a).cmp(&order(b)));
    Ok(answers)
}

fn order(answer: &GateAnswer) -> impl Ord + use<'_> {
    (answer.declared_at, &answer.service, &answer.gate, &answer.declared_by)
}
