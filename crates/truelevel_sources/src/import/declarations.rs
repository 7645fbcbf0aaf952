//! Declarations.

use truelevel_model::facts::Facts;
use truelevel_model::{Declaration, ServiceId, declare};

use super::field::fields;
use super::forms::{Instant, StageId, Text, Whole};
use super::layout::Layout;
use super::record::{Fault, Record};
use super::writing::{Row, Rows};

declare! {
    /// Declarations
    ///
    /// A record for each level that a team says it has reached: its self-assessment, to be put beside what is measured.
    /// Identity is `service`, `stage`, `declared_by` and `declared_at`.
    pub static DECLARATIONS: Layout = { id: "declarations", fields: FIELDS, recognised_by: &[], read: read, rows: rows };
}

fields! {
    /// The service; everything in the workspace when missing.
    SERVICE: Optional<Text<ServiceId>> = "service";
    /// What it is about: `build`, `test`, `deploy`, `observe`, `recover`, `platform` or `security`.
    STAGE: Required<StageId> = "stage";
    /// The level, 1 to 5.
    LEVEL: Required<Whole<u8>> = "level";
    /// When it was said.
    DECLARED_AT: Required<Instant> = "declared_at";
    /// The team or role that says so; never a person's name.
    DECLARED_BY: Required<Text> = "declared_by";
    /// Why.
    REASON: Optional<Text> = "reason";
}

fn read(record: &Record<'_>, facts: &mut Facts) -> Result<(), Fault> {
    let level = LEVEL.of(record)?;
    if !(1..=5).contains(&level) {
        return Err(LEVEL.fault(format!("{level} is no level; allowed are 1 to 5")));
    }
    facts.declarations.push(Declaration {
        service: SERVICE.given(record)?,
        stage: STAGE.of(record)?,
        level,
        declared_at: DECLARED_AT.of(record)?,
        declared_by: DECLARED_BY.of(record)?,
        reason: REASON.given(record)?.unwrap_or_default(),
    });
    Ok(())
}

fn rows(facts: &Facts) -> Rows<'_> {
    Box::new(facts.declarations.iter().map(row))
}

fn row(declaration: &Declaration) -> Row {
    let mut row = Row::new();
    SERVICE.put(&mut row, declaration.service.as_ref());
    STAGE.put(&mut row, &declaration.stage);
    LEVEL.put(&mut row, &declaration.level);
    DECLARED_AT.put(&mut row, &declaration.declared_at);
    DECLARED_BY.put(&mut row, &declaration.declared_by);
    REASON.put(&mut row, &declaration.reason);
    row
}
