//! Services.

use truelevel_model::facts::Facts;
use truelevel_model::{RepositoryId, ServiceId, ServiceRecord, declare};

use super::field::fields;
use super::forms::Text;
use super::layout::Layout;
use super::record::{Fault, Record};
use super::shared::{OBSERVED_AT, SOURCE};
use super::writing::{Row, Rows};

declare! {
    /// Services
    ///
    /// A record for each service, with its team and repository. Identity is `source` and `service`. What
    /// `truelevel.toml` says of a service goes before it.
    pub static SERVICES: Layout = { id: "services", fields: FIELDS, recognised_by: &[], read: read, rows: rows };
}

fields! {
    /// The service.
    SERVICE: Required<Text<ServiceId>> = "service";
    /// The team that owns it.
    TEAM: Optional<Text> = "team";
    /// The repository where its code lives, by the name that the workspace gives it.
    REPOSITORY: Optional<Text<RepositoryId>> = "repository";
    + SOURCE, OBSERVED_AT
}

fn read(record: &Record<'_>, facts: &mut Facts) -> Result<(), Fault> {
    facts.services.push(ServiceRecord {
        source: record.source(&SOURCE)?,
        service: SERVICE.of(record)?,
        team: TEAM.given(record)?,
        repository: REPOSITORY.given(record)?,
        observed_at: record.observed_at()?,
    });
    Ok(())
}

fn rows(facts: &Facts) -> Rows<'_> {
    Box::new(facts.services.iter().map(row))
}

fn row(service: &ServiceRecord) -> Row {
    let mut row = Row::new();
    SERVICE.put(&mut row, &service.service);
    TEAM.put(&mut row, service.team.as_ref());
    REPOSITORY.put(&mut row, service.repository.as_ref());
    SOURCE.put(&mut row, &service.source);
    OBSERVED_AT.put(&mut row, &service.observed_at);
    row
}
