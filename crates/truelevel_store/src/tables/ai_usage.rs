//! How many people used assistants.

use truelevel_model::SourceId;
use truelevel_model::facts::AiUsage;

use crate::columns::{name, time};
use crate::failure::Failure;
use crate::sql::{Connection, row};
use crate::tables::names::{self, Names};

use crate::upsert::{Stays, Table};
use crate::written::Effect;

const TABLE: Table = Table {
    name: "ai_usage",
    identity: &["source", "assistant", "team", "day"],
    values: &["people_active", "people_engaged", "observed_at"],
    optional: None,
};

pub(crate) fn write<'f>(
    connection: &Connection,
    names: &mut Names,
    usage: impl Iterator<Item = &'f AiUsage>,
) -> Result<Vec<Effect>, Failure> {
    let rows = usage.map(|usage| {
        Ok(row![
            names.key(connection, &usage.source)?,
            &usage.assistant,
            usage.team.as_deref().unwrap_or_default(),
            usage.day.millis(),
            usage.people_active,
            usage.people_engaged,
            usage.observed_at.millis(),
        ])
    });
    connection.upsert(&TABLE, Stays::ObservedLater, rows)
}

pub(crate) fn read(connection: &Connection) -> Result<Vec<AiUsage>, Failure> {
    let sources = names::by_key::<SourceId>(connection)?;
    let mut usage: Vec<AiUsage> = connection.all(
        "SELECT source, assistant, team, day, people_active, people_engaged, observed_at FROM ai_usage",
        &[],
        |row| {
            Ok(AiUsage {
                source: name(row, 0, &sources)?,
                assistant: row.get(1)?,
                team: row.get::<Option<String>>(2)?.filter(|team| !team.is_empty()),
                day: time(row, 3)?,
                people_active: row.get(4)?,
                people_engaged: row.get(5)?,
                observed_at: time(row, 6)?,
            })
        },
    )?;
    usage.sort_by(|a, b| order(a).cmp(&order(b)));
    Ok(usage)
}

fn order(usage: &AiUsage) -> impl Ord + use<'_> {
    (&usage.assistant, &usage.team, usage.day, &usage.source)
}
