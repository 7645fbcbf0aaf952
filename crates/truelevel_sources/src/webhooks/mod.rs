//! Webhooks: what other systems deliver of their own accord.
//!
//! A sender is a file here and a line in [`SENDERS`]. All of it is pure: headers, a body and the time of receipt come
//! in, facts or a reason come out. Nothing here answers a request, keeps an event or looks at a clock.

mod alertmanager;
pub mod api;
mod argocd;
mod azure_devops;
mod bitbucket;
mod buildkite;
mod cdevents;
mod circleci;
mod datadog;
mod devlake;
mod flagger;
mod flux;
mod github;
mod gitlab;
mod incident_io;
mod jenkins;
mod jira;
mod linearb;
mod names;
mod otlp;
mod pagerduty;
mod payload;
mod pelorus;
mod plausible;
mod protobuf;
mod servicenow;
mod shared;
pub mod signatures;
mod sleuth;
mod standard_webhooks;
mod statuspage;

use std::collections::BTreeMap;

use serde_json::Value;
use sha2::{Digest, Sha256};
use truelevel_model::Time;
use truelevel_model::events::{RawEvent, Reading};

pub use names::Names;
use payload::Payload;
use signatures::{Denied, Proof, Scheme, Secret};

/// Headers of a delivery, names in lower case.
pub type Headers = BTreeMap<String, String>;

/// A system that delivers events.
pub struct Sender {
    /// Its id, in addresses and as the source of facts.
    pub id: &'static str,
    /// Its name, for people.
    pub title: &'static str,
    /// How it can prove that a delivery is its own; any one is enough.
    pub schemes: &'static [Scheme],
    /// What a delivery is about, in the sender's words; a fault when that cannot be told.
    kind: fn(&Delivery<'_>) -> Result<String, String>,
    /// The sender's own id of a delivery, where it has one.
    delivery: fn(&Delivery<'_>) -> Option<DeliveryId>,
    /// What an event says.
    read: fn(&Event<'_>, &Names) -> Result<Reading, String>,
}

/// A sender's own id of a delivery.
struct DeliveryId {
    id: String,
    /// Others that the same delivery would have had when it came earlier.
    repeats: Vec<String>,
}

impl From<String> for DeliveryId {
    fn from(id: String) -> Self {
        Self { id, repeats: Vec::new() }
    }
}

/// All senders, by id.
pub static SENDERS: &[&Sender] = &[
    &alertmanager::SENDER,
    &argocd::SENDER,
    &azure_devops::SENDER,
    &bitbucket::SENDER,
    &buildkite::SENDER,
    &cdevents::SENDER,
    &circleci::SENDER,
    &datadog::SENDER,
    &devlake::SENDER,
    &flagger::SENDER,
    &flux::SENDER,
    &github::SENDER,
    &gitlab::SENDER,
    &incident_io::SENDER,
    &jenkins::SENDER,
    &jira::SENDER,
    &linearb::SENDER,
    &otlp::SENDER,
    &pagerduty::SENDER,
    &pelorus::SENDER,
    &servicenow::SENDER,
    &sleuth::SENDER,
    &standard_webhooks::SENDER,
    &statuspage::SENDER,
];

/// A delivery as it arrives.
pub struct Delivery<'a> {
    /// Its headers.
    pub headers: &'a Headers,
    /// What stands behind the sender's address, such as `connections/1/deployments`.
    pub path: &'a str,
    /// The body, read.
    pub payload: Payload<'a>,
    /// When it arrived.
    pub received_at: Time,
}

/// A kept event, read again.
struct Event<'a> {
    kind: &'a str,
    payload: Payload<'a>,
    received_at: Time,
}

/// Finds a sender.
pub fn sender(id: &str) -> Option<&'static Sender> {
    SENDERS.iter().copied().find(|sender| sender.id == id)
}

impl Sender {
    /// Whether the delivery is this sender's own. Takes the body as it was transmitted.
    pub fn verify(&self, proof: Proof<'_>, secrets: &[Secret], now: Time) -> Result<(), Denied> {
        signatures::verify(self.schemes, proof, secrets, now)
    }

    /// Takes a delivery in; a fault when it is malformed, so that nothing of it is worth keeping.
    pub fn take(&self, headers: &Headers, path: &str, body: &[u8], received_at: Time) -> Result<RawEvent, String> {
        let mut value = payload::value(headers, body)?;
        let is_cleaned = self.take_secrets_out(&mut value);
        let delivery = Delivery { headers, path, payload: Payload(&value), received_at };
        let kind = (self.kind)(&delivery)?;
        let own_id = (self.delivery)(&delivery).filter(|own| !own.id.is_empty() && own.id.len() <= LONGEST_ID);
        let body = if is_cleaned || payload::is_translated(headers, body) {
            value.to_string().into_bytes()
        } else {
            body.to_vec()
        };
        let DeliveryId { id, repeats } = own_id.unwrap_or_else(|| fingerprint(&[kind.as_bytes(), &body]).into());
        Ok(RawEvent { sender: self.id.to_owned(), delivery: id, repeats, kind, body, received_at })
    }

    /// Takes secrets that stand in the body out of it; whether there were any.
    fn take_secrets_out(&self, value: &mut Value) -> bool {
        let fields = self.schemes.iter().filter_map(|scheme| match scheme {
            Scheme::Field { name } => Some(*name),
            _ => None,
        });
        let Value::Object(object) = value else { return false };
        fields.filter_map(|name| object.remove(name)).count() > 0
    }
}

/// Longer ids are taken for something else.
const LONGEST_ID: usize = 512;

/// Reads what an event says. The same event and names give the same facts, however often and in whatever order.
pub fn read(raw: &RawEvent, names: &Names) -> Reading {
    read_again(raw, names, raw.received_at)
}

/// Reads what a kept event says, later on: what lay ahead of the clock by which it was received may have come since.
pub fn read_again(raw: &RawEvent, names: &Names, now: Time) -> Reading {
    let sender = sender(&raw.sender);
    if sender.is_none() && raw.sender != api::SENDER {
        return Reading::problem(format!("there is no sender `{}`", truelevel_model::printable(&raw.sender)));
    }
    let value: Value = match raw.body.as_slice() {
        [] => Value::Null,
        body => match serde_json::from_slice(body) {
            Ok(value) => value,
            Err(error) => return Reading::problem(format!("the body is not JSON: {error}")),
        },
    };
    let reading = match sender {
        Some(sender) => {
            (sender.read)(&Event { kind: &raw.kind, payload: Payload(&value), received_at: raw.received_at }, names)
        }
        None => api::read(&raw.kind, &value, raw.received_at),
    };
    let mut reading = reading.unwrap_or_else(Reading::problem);
    plausible::keep_plausible(&mut reading, raw.received_at.max(now));
    reading
}

/// A hash that stands for what was delivered, where the sender gives it no id.
fn fingerprint(parts: &[&[u8]]) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part);
    }
    let digest = hash.finalize();
    digest.iter().fold("sha256:".to_owned(), |text, byte| format!("{text}{byte:02x}"))
}

/// A header that a sender always sends, as the kind of its events.
fn kind_header(delivery: &Delivery<'_>, name: &str) -> Result<String, String> {
    delivery.headers.get(name).cloned().ok_or_else(|| format!("the header `{name}` is missing"))
}

/// When something was observed. Clocks of senders count whole seconds: of two things that happened in one, the end is
/// the later.
fn observed(time: Time, is_end: bool) -> Time {
    if is_end { Time::from_millis(time.millis().saturating_add(1)) } else { time }
}

#[cfg(test)]
mod tests;
