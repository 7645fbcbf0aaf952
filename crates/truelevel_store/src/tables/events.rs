//! Events as they came, and what became of them.

use truelevel_model::events::{EventState, RawEvent, Reading, Resolution, StoredEvent};
use truelevel_model::facts::Facts;
use truelevel_model::{Incident, Time, Word, printable};

use crate::columns::{time, word};
use crate::failure::Failure;
use crate::sql::{Connection, values};
use crate::tables::names::Names;

use crate::tables::{
    ai_usage, declarations, deployments, evidence, gate_answers, incident_links, incidents, pipeline_runs, reviews,
    service_records,
};
use crate::upsert::Stays;
use crate::{EventQuery, Receipt, Verdict, Written};

pub(crate) fn receive(
    connection: &Connection,
    names: &mut Names,
    raw: &RawEvent,
    reading: &Reading,
) -> Result<Receipt, Failure> {
    if repeats(connection, raw)? {
        return Ok(Receipt::Duplicate);
    }
    let missing = missing_start(connection, reading)?;
    let (state, reason) = told(reading, missing);
    let inserted = connection.execute(
        "INSERT INTO event (sender, delivery, kind, body, received_at, state, reason)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT DO NOTHING",
        &values![
            &raw.sender,
            &raw.delivery,
            &raw.kind,
            raw.body.as_slice(),
            raw.received_at.millis(),
            state.word(),
            reason.as_deref(),
        ],
    )?;
    if inserted == 0 {
        return Ok(Receipt::Duplicate);
    }
    Ok(Receipt::Kept(Verdict { is_changed: join(connection, names, reading)?, state, reason }))
}

/// Whether the same delivery is here under another id.
fn repeats(connection: &Connection, raw: &RawEvent) -> Result<bool, Failure> {
    for id in &raw.repeats {
        let sql = "SELECT 1 FROM event WHERE sender = ?1 AND delivery = ?2";
        if connection.one(sql, &values![&raw.sender, id], |_| Ok(()))?.is_some() {
            return Ok(true);
        }
    }
    Ok(false)
}

pub(crate) fn settle(
    connection: &Connection,
    names: &mut Names,
    key: i64,
    reading: &Reading,
) -> Result<Verdict, Failure> {
    let (state, reason) = told(reading, missing_start(connection, reading)?);
    let update = "UPDATE event SET state = ?2, reason = ?3 WHERE key = ?1";
    connection.execute(update, &values![key, state.word(), reason.as_deref()])?;
    Ok(Verdict { is_changed: join(connection, names, reading)?, state, reason })
}

/// The first incident that is to end and of which nothing is known.
fn missing_start<'r>(connection: &Connection, reading: &'r Reading) -> Result<Option<&'r Resolution>, Failure> {
    for resolution in &reading.resolutions {
        let is_own = |incident: &Incident| incident.source == resolution.source && incident.id == resolution.incident;
        if reading.facts.incidents.iter().any(is_own) {
            continue;
        }
        let sql = "SELECT id FROM incident WHERE source = (SELECT key FROM source WHERE name = ?1) AND id = ?2";
        let known = connection.one(sql, &values![resolution.source.as_str(), &resolution.incident], |_| Ok(()))?;
        if known.is_none() {
            return Ok(Some(resolution));
        }
    }
    Ok(None)
}

fn told(reading: &Reading, missing: Option<&Resolution>) -> (EventState, Option<String>) {
    match missing {
        None => (reading.state(), reading.reason()),
        Some(resolution) => {
            let waits = format!("the start of incident {} was not told yet", printable(&resolution.incident));
            let reason = reading.reason().map_or(waits.clone(), |reason| format!("{reason}; {waits}"));
            (EventState::Quarantined, Some(reason))
        }
    }
}

/// Joins what was read with what is known. Answers whether that changed anything.
fn join(connection: &Connection, names: &mut Names, reading: &Reading) -> Result<bool, Failure> {
    let mut is_changed = join_facts(connection, names, &reading.facts)?.is_changed();
    let end = "UPDATE incident SET resolved_at = ?3, observed_at = ?3
               WHERE source = (SELECT key FROM source WHERE name = ?1) AND id = ?2
                 AND observed_at <= ?3 AND started_at <= ?3 AND resolved_at IS DISTINCT FROM ?3";
    for Resolution { source, incident, resolved_at } in &reading.resolutions {
        is_changed |= connection.execute(end, &values![source.as_str(), incident, resolved_at.millis()])? > 0;
    }
    Ok(is_changed)
}

fn join_facts(connection: &Connection, names: &mut Names, facts: &Facts) -> Result<Written, Failure> {
    let Facts {
        deployments,
        reviews,
        pipeline_runs,
        incidents,
        declarations,
        gate_answers,
        services,
        incident_links,
        evidence,
        ai_usage,
    } = facts;
    Ok(Written {
        ai_usage: ai_usage::write(connection, names, ai_usage)?,
        declarations: declarations::write(connection, names, declarations)?,
        deployments: deployments::write(connection, names, deployments, Stays::Joined(deployments::JOINING))?,
        evidence: evidence::write(connection, names, evidence, Stays::ObservedLater)?,
        gate_answers: gate_answers::write(connection, names, gate_answers)?,
        incident_links: incident_links::write(connection, names, incident_links)?,
        incidents: incidents::write(connection, names, incidents, Stays::Joined(incidents::JOINING))?,
        pipeline_runs: pipeline_runs::write(connection, names, pipeline_runs)?,
        reviews: reviews::write(connection, names, reviews, Stays::Joined(reviews::JOINING))?,
        services: service_records::write(connection, names, services, Stays::Joined(service_records::JOINING))?,
    })
}

pub(crate) fn read(connection: &Connection, query: &EventQuery) -> Result<Vec<StoredEvent>, Failure> {
    let limit = i64::try_from(query.limit).unwrap_or(i64::MAX);
    connection.all(
        "SELECT key, sender, delivery, kind, body, received_at, state, reason FROM event
         WHERE key > ?1 AND state = coalesce(?2, state) AND sender = coalesce(?3, sender) ORDER BY key LIMIT ?4",
        &values![query.after, query.state.map(Word::word), query.sender.as_deref(), limit],
        |row| {
            Ok(StoredEvent {
                key: row.get(0)?,
                raw: RawEvent {
                    sender: row.get(1)?,
                    delivery: row.get(2)?,
                    repeats: Vec::new(),
                    kind: row.get(3)?,
                    body: row.get(4)?,
                    received_at: time(row, 5)?,
                },
                state: word(row, 6)?,
                reason: row.get(7)?,
            })
        },
    )
}

/// The key of the newest event that became facts; zero when there is none.
pub(crate) fn last(connection: &Connection) -> Result<i64, Failure> {
    let last: Option<i64> =
        connection.one("SELECT max(key) FROM event WHERE state = 'normalised'", &[], |row| row.get(0))?.flatten();
    Ok(last.unwrap_or_default())
}

pub(crate) fn count(connection: &Connection) -> Result<Vec<(String, EventState, u64)>, Failure> {
    let sql = "SELECT sender, state, count(*) FROM event GROUP BY sender, state ORDER BY sender, state";
    connection.all(sql, &[], |row| Ok((row.get(0)?, word(row, 1)?, row.get::<i64>(2)?.unsigned_abs())))
}

pub(crate) fn quarantined(connection: &Connection) -> Result<Vec<(String, u64)>, Failure> {
    let sql = "SELECT sender, count(*) FROM event WHERE state = 'quarantined' GROUP BY sender ORDER BY sender";
    connection.all(sql, &[], |row| Ok((row.get(0)?, row.get::<i64>(1)?.unsigned_abs())))
}

pub(crate) fn expire(connection: &Connection, received_before: Time) -> Result<u64, Failure> {
    let delete = "DELETE FROM event WHERE received_at < ?1 AND state <> 'quarantined'";
    connection.execute(delete, &values![received_before.millis()])
}
