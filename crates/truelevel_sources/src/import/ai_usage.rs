//! How many people used assistants.

use truelevel_model::declare;
use truelevel_model::facts::{AiUsage, Facts};

use super::field::fields;
use super::forms::{Day, Text, Whole};
use super::layout::Layout;
use super::record::{Fault, Record};
use super::shared::{OBSERVED_AT, SOURCE};
use super::writing::{Row, Rows};

declare! {
    /// Usage of assistants
    ///
    /// A record for each assistant, team and day: how many people used it, as its vendor counts them. Never which people:
    /// no field takes a name. Identity is `source`, `assistant`, `team` and `day`.
    pub static AI_USAGE: Layout = { id: "ai_usage", fields: FIELDS, recognised_by: &[], read: read, rows: rows };
}

fields! {
    /// The assistant, such as `github_copilot`.
    ASSISTANT: Required<Text> = "assistant";
    /// The team; everybody whom the vendor counts when missing.
    TEAM: Optional<Text> = "team";
    /// The day.
    DAY: Required<Day> = "day";
    /// People whose assistant was running.
    PEOPLE_ACTIVE: Required<Whole<u32>> = "people_active";
    /// Those of them who took something of it, or asked it something.
    PEOPLE_ENGAGED: Optional<Whole<u32>> = "people_engaged";
    + SOURCE, OBSERVED_AT
}

fn read(record: &Record<'_>, facts: &mut Facts) -> Result<(), Fault> {
    let (active, engaged) = (PEOPLE_ACTIVE.of(record)?, PEOPLE_ENGAGED.given(record)?);
    if engaged.is_some_and(|engaged| engaged > active) {
        return Err(PEOPLE_ENGAGED.fault("more people than were active".to_owned()));
    }
    facts.ai_usage.push(AiUsage {
        source: record.source(&SOURCE)?,
        assistant: ASSISTANT.of(record)?,
        team: TEAM.given(record)?,
        day: DAY.of(record)?,
        people_active: active,
        people_engaged: engaged,
        observed_at: record.observed_at()?,
    });
    Ok(())
}

fn rows(facts: &Facts) -> Rows<'_> {
    Box::new(facts.ai_usage.iter().map(row))
}

fn row(usage: &AiUsage) -> Row {
    let mut row = Row::new();
    ASSISTANT.put(&mut row, &usage.assistant);
    TEAM.put(&mut row, usage.team.as_ref());
    DAY.put(&mut row, &usage.day);
    PEOPLE_ACTIVE.put(&mut row, &usage.people_active);
    PEOPLE_ENGAGED.put(&mut row, usage.people_engaged.as_ref());
    SOURCE.put(&mut row, &usage.source);
    OBSERVED_AT.put(&mut row, &usage.observed_at);
    row
}
