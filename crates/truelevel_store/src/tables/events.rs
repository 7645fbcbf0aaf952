//! Events as they came, and what became of them.

use std::collections::HashSet;

use truelevel_model::events::{EventState, RawEvent, Reading, Resolution, StoredEvent};
use truelevel_model::facts::Facts;
use truelevel_model::{Time, Word, printable};

use crate::columns::{time, word};
use crate::failure::Failure;
use crate::sql::{Connection, Kind, Values, row, values};
use crate::tables::facts::{self, Meeting};
use crate::tables::names::Names;
use crate::{EventQuery, Receipt, Verdict};

/// Keeps events that arrived together, in their order.
pub(crate) fn receive(
    connection: &Connection,
    names: &mut Names,
    events: &[(RawEvent, Reading)],
) -> Result<Vec<Receipt>, Failure> {
    let new = new_ones(connection, events)?;
    let readings: Vec<&Reading> = new.iter().map(|place| &events[*place].1).collect();
    let verdicts = join(connection, names, &readings)?;
    let kept = (0_i64..).zip(&new).zip(&verdicts).map(|((order, place), Verdict { state, reason, .. })| {
        let raw = &events[*place].0;
        row![
            order,
            &raw.sender,
            &raw.delivery,
            &raw.kind,
            raw.body.as_slice(),
            raw.received_at.millis(),
            state.word(),
            reason.as_deref(),
        ]
    });
    let columns = [
        ("place", Kind::Integer),
        ("sender", Kind::Text),
        ("delivery", Kind::Text),
        ("kind", Kind::Text),
        ("body", Kind::Bytes),
        ("received_at", Kind::Integer),
        ("state", Kind::Text),
        ("reason", Kind::Text),
    ];
    let insert = "INSERT INTO event (sender, delivery, kind, body, received_at, state, reason)
                  SELECT sender, delivery, kind, body, received_at, state, reason FROM given ORDER BY place";
    connection.with_given(&columns, &kept.collect::<Vec<Values<'_>>>(), insert, |_| Ok(()))?;
    let mut receipts = vec![Receipt::Duplicate; events.len()];
    for (place, verdict) in new.into_iter().zip(verdicts) {
        receipts[place] = Receipt::Kept(verdict);
    }
    Ok(receipts)
}

/// The places of the events that are not kept yet, under their own id or another one.
fn new_ones(connection: &Connection, events: &[(RawEvent, Reading)]) -> Result<Vec<usize>, Failure> {
    let asked: Vec<Values<'_>> = (0_i64..)
        .zip(events)
        .flat_map(|(place, (raw, _))| ids(raw).map(move |id| row![place, &raw.sender, id]))
        .collect();
    let columns = [("place", Kind::Integer), ("sender", Kind::Text), ("delivery", Kind::Text)];
    let find = "SELECT place FROM given JOIN event ON event.sender = given.sender AND event.delivery = given.delivery";
    let mut known: HashSet<i64> = HashSet::new();
    connection.with_given(&columns, &asked, find, |row| {
        known.insert(row.get(0)?);
        Ok(())
    })?;
    let (mut taken, mut new) = (HashSet::new(), Vec::new());
    for (place, (raw, _)) in events.iter().enumerate() {
        let is_taken = ids(raw).any(|id| taken.contains(&(&raw.sender, id)));
        if !is_taken && !known.contains(&(place as i64)) {
            taken.insert((&raw.sender, &raw.delivery));
            new.push(place);
        }
    }
    Ok(new)
}

/// The ids under which a delivery may be kept.
fn ids(raw: &RawEvent) -> impl Iterator<Item = &String> {
    std::iter::once(&raw.delivery).chain(&raw.repeats)
}

/// Notes what kept events say when they are read anew, by key.
pub(crate) fn settle(
    connection: &Connection,
    names: &mut Names,
    events: &[(i64, Reading)],
) -> Result<Vec<Verdict>, Failure> {
    let readings: Vec<&Reading> = events.iter().map(|(_, reading)| reading).collect();
    let verdicts = join(connection, names, &readings)?;
    let told = events.iter().zip(&verdicts);
    let told = told.map(|((key, _), Verdict { state, reason, .. })| row![*key, state.word(), reason.as_deref()]);
    let columns = [("key", Kind::Integer), ("state", Kind::Text), ("reason", Kind::Text)];
    let update = "UPDATE event SET state = given.state, reason = given.reason FROM given WHERE event.key = given.key";
    connection.with_given(&columns, &told.collect::<Vec<Values<'_>>>(), update, |_| Ok(()))?;
    Ok(verdicts)
}

/// Joins what was read with what is known, as if one reading came after the other. Many are written together up to one
/// that ends an incident, since what comes after an end may begin the incident anew.
fn join(connection: &Connection, names: &mut Names, readings: &[&Reading]) -> Result<Vec<Verdict>, Failure> {
    let mut verdicts = Vec::new();
    for together in readings.split_inclusive(|reading| !reading.resolutions.is_empty()) {
        let facts: Vec<&Facts> = together.iter().map(|reading| &reading.facts).collect();
        let written = facts::write(connection, names, &facts, Meeting::Joined)?;
        for (reading, written) in together.iter().zip(written) {
            let (state, reason) = (reading.state(), reading.reason());
            let verdict = Verdict { is_changed: written.is_changed(), state, reason };
            verdicts.push(end_incidents(connection, &reading.resolutions, verdict)?);
        }
    }
    Ok(verdicts)
}

/// Ends incidents. A reading whose incident nobody told of waits for it.
fn end_incidents(
    connection: &Connection,
    resolutions: &[Resolution],
    mut verdict: Verdict,
) -> Result<Verdict, Failure> {
    let find = "SELECT 1 FROM incident WHERE source = (SELECT key FROM source WHERE name = ?1) AND id = ?2";
    let end = "UPDATE incident SET resolved_at = ?3, observed_at = ?3
               WHERE source = (SELECT key FROM source WHERE name = ?1) AND id = ?2
                 AND observed_at <= ?3 AND started_at <= ?3 AND resolved_at IS DISTINCT FROM ?3";
    let mut missing = None;
    for Resolution { source, incident, resolved_at } in resolutions {
        let is_ended = connection.execute(end, &values![source.as_str(), incident, resolved_at.millis()])? > 0;
        verdict.is_changed |= is_ended;
        if missing.is_none()
            && !is_ended
            && connection.one(find, &values![source.as_str(), incident], |_| Ok(()))?.is_none()
        {
            missing = Some(incident);
        }
    }
    if let Some(incident) = missing {
        let waits = format!("the start of incident {} was not told yet", printable(incident));
        verdict.reason = Some(verdict.reason.map_or(waits.clone(), |reason| format!("{reason}; {waits}")));
        verdict.state = EventState::Quarantined;
    }
    Ok(verdict)
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
