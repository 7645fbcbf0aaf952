//! Any sender that signs as Standard Webhooks says (<https://www.standardwebhooks.com>) and has no file of its own: its
//! events carry a record in our words, as `{"type": "deployment.finished", "data": {…}}`.

use truelevel_model::events::Reading;

use super::signatures::Scheme;
use super::{Event, Names, Sender, api};
use crate::import::{Fault, Layout, layout_named};

pub(super) static SENDER: Sender = Sender {
    id: "standard_webhooks",
    title: "Standard Webhooks",
    schemes: &[Scheme::Standard],
    kind: |delivery| delivery.payload.need_text("type").map(str::to_owned),
    delivery: |delivery| {
        let header = |name: &str| delivery.headers.get(name).cloned();
        header("webhook-id").or_else(|| header("svix-id")).map(Into::into)
    },
    read,
};

fn read(event: &Event<'_>, _: &Names) -> Result<Reading, String> {
    // `deployment.finished` tells of one of the `deployments`.
    let subject = event.kind.split('.').next().unwrap_or_default();
    let is_sent = |layout: &&Layout| api::KINDS.iter().any(|kind| kind.replace('-', "_") == layout.id);
    let Some(layout) = layout_named(subject).filter(is_sent) else {
        return Ok(Reading::ignored("its type begins with none of `deployment`, `incident`, `pipeline_run`, `review`"));
    };
    let record = event.payload.need_part("data")?;
    let mut reading = Reading::default();
    let in_words = |Fault { field, reason }: Fault| match field {
        Some(field) => format!("`data.{field}`: {reason}"),
        None => format!("`data`: {reason}"),
    };
    api::add(SENDER.id, layout, record.0, event.received_at, &mut reading.facts).map_err(in_words)?;
    Ok(reading)
}
