//! The part of a configuration that is about receiving events and answering on the network.

use std::path::{Path, PathBuf};

use serde::Deserialize;
use toml::Spanned;
use truelevel_sources::webhooks;

use super::{ConfigError, Reader};

/// How long normalised events are kept unless said otherwise.
const DEFAULT_KEEP_DAYS: u32 = 90;

/// How events are understood and kept.
#[derive(Debug)]
pub struct EventsConfig {
    /// Labels that make an issue an incident, in lower case.
    pub incident_labels: Vec<String>,
    /// Labels of an alert that name its service.
    pub service_labels: Vec<String>,
    /// How many days an event is kept after it was understood.
    pub keep_days: u32,
}

impl Default for EventsConfig {
    fn default() -> Self {
        Self { incident_labels: vec!["incident".to_owned()], service_labels: Vec::new(), keep_days: DEFAULT_KEEP_DAYS }
    }
}

/// How the server may be reached.
#[derive(Debug, Default)]
pub struct ServeConfig {
    /// Names under which a proxy is asked for the server.
    pub hosts: Vec<String>,
    /// Whether reading asks for a token.
    pub require_tokens: bool,
}

/// A sender of webhooks and where its secret is.
#[derive(Debug)]
pub struct WebhookConfig {
    /// The sender's id.
    pub sender: String,
    /// Where its secret is.
    pub secret: SecretPlace,
}

/// Where a secret is. Secrets themselves never stand in a configuration.
#[derive(Debug)]
pub enum SecretPlace {
    /// An environment variable.
    Variable(String),
    /// A file; white space at its end does not belong to the secret.
    File(PathBuf),
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
pub(super) struct EventsTable {
    incident_labels: Option<Vec<String>>,
    #[serde(default)]
    service_labels: Vec<String>,
    keep_days: Option<Spanned<u32>>,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
pub(super) struct ServeTable {
    #[serde(default)]
    hosts: Vec<String>,
    #[serde(default)]
    require_tokens: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WebhookTable {
    sender: Spanned<String>,
    secret_env: Option<String>,
    secret_file: Option<PathBuf>,
}

impl From<ServeTable> for ServeConfig {
    fn from(table: ServeTable) -> Self {
        Self {
            hosts: table.hosts.iter().map(|host| host.to_lowercase()).collect(),
            require_tokens: table.require_tokens,
        }
    }
}

impl Reader<'_> {
    pub(super) fn check_events(&self, table: EventsTable) -> Result<EventsConfig, ConfigError> {
        let usual = EventsConfig::default();
        let labels = table.incident_labels.unwrap_or(usual.incident_labels);
        let keep_days = match table.keep_days {
            Some(days) if *days.get_ref() == 0 => {
                return Err(self.invalid(days.span().start, "events are kept for at least 1 day".to_owned()));
            }
            days => days.map_or(usual.keep_days, Spanned::into_inner),
        };
        Ok(EventsConfig {
            incident_labels: labels.iter().map(|label| label.to_lowercase()).collect(),
            service_labels: table.service_labels,
            keep_days,
        })
    }

    pub(super) fn check_webhook(&self, table: WebhookTable, folder: &Path) -> Result<WebhookConfig, ConfigError> {
        let at = table.sender.span().start;
        let sender = table.sender.into_inner();
        if webhooks::sender(&sender).is_none() {
            let known: Vec<_> = webhooks::SENDERS.iter().map(|sender| sender.id).collect();
            return Err(self.invalid(at, format!("there is no sender `{sender}`; known: {}", known.join(", "))));
        }
        let secret = match (table.secret_env, table.secret_file) {
            (Some(variable), None) => SecretPlace::Variable(variable),
            (None, Some(file)) => SecretPlace::File(folder.join(file)),
            _ => {
                let message =
                    "a sender needs either `secret_env`, the name of an environment variable, or `secret_file`";
                return Err(self.invalid(at, message.to_owned()));
            }
        };
        Ok(WebhookConfig { sender, secret })
    }
}
