//! The part of a configuration that is about who people are and what they may do.

use std::path::{Path, PathBuf};

use serde::Deserialize;
use toml::Spanned;
use truelevel_model::access::Role;

use super::serving::secret_place;
use super::{ConfigError, Reader, SecretPlace};

/// Whoever proves who they are.
const EVERYBODY: &str = "*";
const DEFAULT_SESSION_HOURS: u32 = 12;
const DEFAULT_IDLE_MINUTES: u32 = 60;
const LONGEST_SESSION_HOURS: u32 = 30 * 24;

/// How people sign in: by OpenID Connect.
#[derive(Clone, Debug)]
pub struct SignInConfig {
    /// The provider's address, exactly as it calls itself.
    pub issuer: String,
    /// What the provider calls this server.
    pub client_id: String,
    /// Where the secret is that proves this server to the provider; without one, only the code's verifier does.
    pub client_secret: Option<SecretPlace>,
    /// Where browsers reach this server, without a slash at the end.
    pub address: String,
    /// What is asked of the provider beside `openid`.
    pub scopes: Vec<String>,
    /// The claim whose values decide the role.
    pub role_claim: Option<String>,
    /// Values of the role claim, each with the role that it gives; the highest counts.
    pub roles: Vec<(String, Role)>,
    /// The claim that names the teams whose services a person sees. Admins see all.
    pub team_claim: Option<String>,
    /// A session ends after this long.
    pub session_hours: u32,
    /// And earlier when it is not used for this long.
    pub idle_minutes: u32,
    /// File, line and column, for what goes wrong later.
    pub place: String,
}

impl SignInConfig {
    /// The role that values of the role claim give; none when they do not open the door.
    pub fn role(&self, values: &[String]) -> Option<Role> {
        let fits = |value: &String| value == EVERYBODY || values.contains(value);
        self.roles.iter().filter(|(value, _)| fits(value)).map(|(_, role)| *role).max()
    }

    /// The name in the address under which browsers ask.
    pub fn host(&self) -> String {
        host(&self.address).unwrap_or_default().to_lowercase()
    }

    /// Whether browsers come over TLS.
    pub fn is_secure(&self) -> bool {
        self.address.starts_with("https://")
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SignInTable {
    issuer: Spanned<String>,
    client_id: Spanned<String>,
    client_secret_env: Option<String>,
    client_secret_file: Option<PathBuf>,
    address: Spanned<String>,
    scopes: Option<Vec<String>>,
    role_claim: Option<String>,
    admins: Option<Spanned<Vec<String>>>,
    editors: Option<Spanned<Vec<String>>>,
    viewers: Option<Spanned<Vec<String>>>,
    team_claim: Option<String>,
    session_hours: Option<Spanned<u32>>,
    idle_minutes: Option<Spanned<u32>>,
}

impl Reader<'_> {
    pub(super) fn check_sign_in(&self, table: SignInTable, folder: &Path) -> Result<SignInConfig, ConfigError> {
        let at = table.issuer.span().start;
        let issuer = self.check_address("issuer", &table.issuer)?;
        let address = self.check_address("address", &table.address)?.trim_end_matches('/').to_owned();
        if table.client_id.get_ref().is_empty() {
            return Err(self.invalid(
                table.client_id.span().start,
                "`client_id` is empty; write the one that the provider gave".to_owned(),
            ));
        }
        let secret = (table.client_secret_env, table.client_secret_file);
        let client_secret = if secret == (None, None) {
            None
        } else {
            let place = secret_place(secret.0, secret.1, folder);
            let message = "`client_secret_env` and `client_secret_file` exclude each other; keep one of them";
            Some(place.ok_or_else(|| self.invalid(at, message.to_owned()))?)
        };
        let mut roles = Vec::new();
        let named = [(table.admins, Role::Admin), (table.editors, Role::Editor), (table.viewers, Role::Viewer)];
        for (values, role) in named {
            let values = match values {
                Some(values) => values,
                None if role == Role::Viewer => Spanned::new(at..at, vec![EVERYBODY.to_owned()]),
                None => continue,
            };
            let names_some = values.get_ref().iter().any(|value| value != EVERYBODY);
            if names_some && table.role_claim.is_none() {
                let message = "these are values of a claim; say of which one by `role_claim`";
                return Err(self.invalid(values.span().start, message.to_owned()));
            }
            roles.extend(values.into_inner().into_iter().map(|value| (value, role)));
        }
        let usual_scopes = || vec!["profile".to_owned(), "email".to_owned()];
        Ok(SignInConfig {
            issuer,
            client_id: table.client_id.into_inner(),
            client_secret,
            address,
            scopes: table.scopes.unwrap_or_else(usual_scopes),
            role_claim: table.role_claim,
            roles,
            team_claim: table.team_claim,
            session_hours: self.check_span(
                "session_hours",
                table.session_hours,
                DEFAULT_SESSION_HOURS,
                LONGEST_SESSION_HOURS,
            )?,
            idle_minutes: self.check_span(
                "idle_minutes",
                table.idle_minutes,
                DEFAULT_IDLE_MINUTES,
                LONGEST_SESSION_HOURS * 60,
            )?,
            place: self.place(at),
        })
    }

    fn check_span(&self, name: &str, given: Option<Spanned<u32>>, usual: u32, most: u32) -> Result<u32, ConfigError> {
        match given {
            None => Ok(usual),
            Some(given) if (1..=most).contains(given.get_ref()) => Ok(given.into_inner()),
            Some(given) => Err(self.invalid(given.span().start, format!("`{name}` is 1 to {most}"))),
        }
    }

    /// An address to which secrets may be sent.
    fn check_address(&self, name: &str, address: &Spanned<String>) -> Result<String, ConfigError> {
        let text = address.get_ref();
        let is_fit = match host(text) {
            Some(_) if text.starts_with("https://") => true,
            Some(host) => ["localhost", "127.0.0.1", "[::1]"].contains(&host),
            None => false,
        };
        if is_fit {
            return Ok(text.clone());
        }
        let message =
            format!("`{name}` begins with https://, or with http:// on this machine, and has no query: `{text}`");
        Err(self.invalid(address.span().start, message))
    }
}

/// The host of an `http` or `https` address without its port.
fn host(address: &str) -> Option<&str> {
    let rest = address.strip_prefix("https://").or_else(|| address.strip_prefix("http://"))?;
    if rest.bytes().any(|byte| b"?#@\\".contains(&byte) || !byte.is_ascii_graphic()) {
        return None;
    }
    let authority = rest.split('/').next().unwrap_or_default();
    let host = match authority.rsplit_once(':') {
        Some((host, port)) if port.parse::<u16>().is_ok() => host,
        _ => authority,
    };
    let is_host = !host.is_empty() && (host.starts_with('[') == host.contains(':'));
    is_host.then_some(host)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;

    const LEAST: &str = "[sign_in]\nissuer = \"https://login.example.org\"\nclient_id = \"truelevel\"\naddress = \"https://truelevel.example.org:8443/\"\n";

    fn parse(text: &str) -> Result<SignInConfig, String> {
        let parsed = Config::parse(Path::new("truelevel.toml"), text).map_err(|error| error.to_string())?;
        Ok(parsed.sign_in.expect("a table"))
    }

    #[test]
    fn what_is_not_said_is_strict_or_usual() {
        let config = parse(LEAST).unwrap();
        assert_eq!((config.session_hours, config.idle_minutes), (12, 60));
        assert_eq!(
            (config.address.as_str(), config.host().as_str()),
            ("https://truelevel.example.org:8443", "truelevel.example.org")
        );
        assert_eq!((config.role(&[]), config.is_secure()), (Some(Role::Viewer), true));
        assert!(config.client_secret.is_none() && config.team_claim.is_none());
    }

    #[test]
    fn the_highest_role_that_a_value_gives_counts() {
        let text =
            format!("{LEAST}role_claim = \"groups\"\nadmins = [\"ops\"]\neditors = [\"dev\"]\nviewers = [\"all\"]\n");
        let config = parse(&text).unwrap();
        let check = |values: &[&str], role| {
            let values: Vec<String> = values.iter().map(|value| (*value).to_owned()).collect();
            assert_eq!(config.role(&values), role, "{values:?}");
        };
        check(&["dev", "ops", "all"], Some(Role::Admin));
        check(&["dev"], Some(Role::Editor));
        check(&["all", "other"], Some(Role::Viewer));
        check(&["other", "*"], None);
        check(&[], None);
    }

    #[test]
    fn a_mistake_is_named_with_its_line() {
        let check = |from: &str, to: &str, expected: &str| {
            assert!(LEAST.contains(from), "{from}");
            let told = parse(&LEAST.replace(from, to)).unwrap_err();
            assert!(told.contains(expected), "{told}");
        };
        check("https://login", "http://login", "truelevel.toml:2:10: `issuer` begins with https://");
        check("login.example.org\"", "login.example.org?a=b\"", ":2:10: `issuer` begins");
        check("https://truelevel", "ftp://truelevel", ":4:11: `address` begins");
        check("\"truelevel\"", "\"\"", ":3:13: `client_id` is empty");
        check("client_id", "admins = [\"a\"]\nclient_id", ":3:10: these are values of a claim");
        check("client_id", "idle_minutes = 0\nclient_id", ":3:16: `idle_minutes` is 1 to");
        check("client_id = \"truelevel\"\n", "", "missing field `client_id`");
        check("client_id", "secret = \"a\"\nclient_id", "unknown field `secret`");
    }
}
