//! The part of a configuration that is about receiving events and answering on the network.

use std::path::{Path, PathBuf};

use serde::Deserialize;
use toml::Spanned;
use truelevel_model::printable;
use truelevel_sources::webhooks;

use super::{ConfigError, Network, Reader};

/// How long normalised events are kept unless said otherwise.
const DEFAULT_KEEP_DAYS: u32 = 90;
/// Deliveries of one address or sender in a second unless said otherwise: more than one machine takes.
const DEFAULT_EVENTS_PER_SECOND: u32 = 10_000;

/// How long a client may take to send unless said otherwise, in seconds.
const DEFAULT_CLIENT_TIMEOUT_SECONDS: u32 = 20;

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
#[derive(Debug)]
pub struct ServeConfig {
    /// Names under which a proxy is asked for the server.
    pub hosts: Vec<String>,
    /// Whether reading asks for a token.
    pub require_tokens: bool,
    /// Proxies that are believed when they say for whom they ask.
    pub trusted_proxies: Vec<Network>,
    /// Whether these proxies sign people in: nobody else is then answered, and whoever comes through one may read.
    pub proxies_sign_in: bool,
    /// Whether badges ask for nothing, where reading does: who shows one on a page of its own has no token for it.
    pub public_badges: bool,
    /// Deliveries that one address, and one sender from wherever, may send in a second.
    pub events_per_second: u32,
    /// How long a client may take to send the headers of a request, or to ask for something at all, and how long its body.
    pub client_timeout_seconds: u32,
    /// What TLS is spoken with, where no proxy does.
    pub tls: Option<TlsFiles>,
}

impl Default for ServeConfig {
    fn default() -> Self {
        Self {
            hosts: Vec::new(),
            require_tokens: false,
            trusted_proxies: Vec::new(),
            proxies_sign_in: false,
            public_badges: false,
            events_per_second: DEFAULT_EVENTS_PER_SECOND,
            client_timeout_seconds: DEFAULT_CLIENT_TIMEOUT_SECONDS,
            tls: None,
        }
    }
}

/// Files of PEM blocks.
#[derive(Clone, Debug)]
pub struct TlsFiles {
    /// The certificate and those that vouch for it.
    pub certificate: PathBuf,
    /// Its private key.
    pub key: PathBuf,
    /// File, line and column, for what goes wrong later.
    pub place: String,
}

/// A sender of webhooks and where its secret is.
#[derive(Debug)]
pub struct WebhookConfig {
    /// The sender's id.
    pub sender: String,
    /// Where its secret is.
    pub secret: SecretPlace,
    /// File, line and column, for what goes wrong later.
    pub place: String,
}

/// Where a secret is. Secrets themselves never stand in a configuration.
#[derive(Clone, Debug)]
pub enum SecretPlace {
    /// An environment variable.
    Variable(String),
    /// A file; white space at its end does not belong to the secret.
    File(PathBuf),
}

impl SecretPlace {
    /// Reads the secret; `variable` looks up an environment variable. Answers why there is none, never what it is.
    pub fn read(&self, variable: &dyn Fn(&str) -> Option<String>) -> Result<Vec<u8>, String> {
        let (found, shown) = match self {
            Self::Variable(name) => {
                let shown = format!("the environment variable {}", printable(name));
                (variable(name).ok_or_else(|| format!("{shown} is not set"))?.into_bytes(), shown)
            }
            Self::File(path) => {
                let shown = printable(&path.display().to_string()).into_owned();
                (std::fs::read(path).map_err(|error| format!("{shown}: {error}"))?, shown)
            }
        };
        let secret = found.trim_ascii_end();
        if secret.is_empty() { Err(format!("{shown} is empty")) } else { Ok(secret.to_vec()) }
    }
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
    #[serde(default)]
    trusted_proxies: Vec<Spanned<String>>,
    proxies_sign_in: Option<Spanned<bool>>,
    #[serde(default)]
    public_badges: bool,
    events_per_second: Option<Spanned<u32>>,
    client_timeout_seconds: Option<Spanned<u32>>,
    tls_certificate_file: Option<Spanned<PathBuf>>,
    tls_key_file: Option<Spanned<PathBuf>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WebhookTable {
    sender: Spanned<String>,
    secret_env: Option<String>,
    secret_file: Option<PathBuf>,
}

/// Where a secret is, when exactly one place is named.
pub(super) fn secret_place(variable: Option<String>, file: Option<PathBuf>, folder: &Path) -> Option<SecretPlace> {
    match (variable, file) {
        (Some(variable), None) => Some(SecretPlace::Variable(variable)),
        (None, Some(file)) => Some(SecretPlace::File(folder.join(file))),
        _ => None,
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

    pub(super) fn check_serve(&self, table: ServeTable, folder: &Path) -> Result<ServeConfig, ConfigError> {
        let networks = table
            .trusted_proxies
            .iter()
            .map(|text| text.get_ref().parse::<Network>().map_err(|message| self.invalid(text.span().start, message)));
        let trusted_proxies = networks.collect::<Result<Vec<_>, _>>()?;
        if let Some(signs_in) = table.proxies_sign_in.as_ref().filter(|signs_in| *signs_in.get_ref())
            && trusted_proxies.is_empty()
        {
            let message = "`proxies_sign_in` means the proxies in `trusted_proxies`, and there is none";
            return Err(self.invalid(signs_in.span().start, message.to_owned()));
        }
        let bounds = [
            ("events_per_second", &table.events_per_second),
            ("client_timeout_seconds", &table.client_timeout_seconds),
        ];
        for (name, bound) in bounds {
            if let Some(none) = bound.as_ref().filter(|bound| *bound.get_ref() == 0) {
                return Err(self.invalid(none.span().start, format!("`{name}` is 1 or more")));
            }
        }
        let tls = match (table.tls_certificate_file, table.tls_key_file) {
            (Some(certificate), Some(key)) => Some(TlsFiles {
                place: self.place(certificate.span().start),
                certificate: folder.join(certificate.into_inner()),
                key: folder.join(key.into_inner()),
            }),
            (None, None) => None,
            (Some(one), None) | (None, Some(one)) => {
                let message = "TLS needs `tls_certificate_file` and `tls_key_file`";
                return Err(self.invalid(one.span().start, message.to_owned()));
            }
        };
        Ok(ServeConfig {
            hosts: table.hosts.iter().map(|host| host.to_lowercase()).collect(),
            require_tokens: table.require_tokens,
            trusted_proxies,
            proxies_sign_in: table.proxies_sign_in.is_some_and(Spanned::into_inner),
            public_badges: table.public_badges,
            events_per_second: table.events_per_second.map_or(DEFAULT_EVENTS_PER_SECOND, Spanned::into_inner),
            client_timeout_seconds: table
                .client_timeout_seconds
                .map_or(DEFAULT_CLIENT_TIMEOUT_SECONDS, Spanned::into_inner),
            tls,
        })
    }

    pub(super) fn check_webhook(&self, table: WebhookTable, folder: &Path) -> Result<WebhookConfig, ConfigError> {
        let at = table.sender.span().start;
        let sender = table.sender.into_inner();
        if webhooks::sender(&sender).is_none() {
            let known: Vec<_> = webhooks::SENDERS.iter().map(|sender| sender.id).collect();
            return Err(self.invalid(at, format!("there is no sender `{sender}`; known: {}", known.join(", "))));
        }
        let secret = secret_place(table.secret_env, table.secret_file, folder).ok_or_else(|| {
            let message = "a sender needs either `secret_env`, the name of an environment variable, or `secret_file`";
            self.invalid(at, message.to_owned())
        })?;
        Ok(WebhookConfig { sender, secret, place: self.place(at) })
    }
}
