//! Reaching the server: what an address says, and whether the server is one that will do.

use std::time::Duration;

use postgres::config::{Host, SslMode};
use postgres::{Client, Config, NoTls};
use truelevel_model::printable;

use crate::StoreError;
use crate::failure::Failure;

/// The oldest version that will do, as the server counts: null is a value like others in a unique index from here on.
const OLDEST: i32 = 150_000;

/// Every acknowledged write is on the disk, whoever waits for a lock is told in the end, and times are in UTC.
const SETTINGS: &str = "SET synchronous_commit = on; SET lock_timeout = '10s'; SET TIME ZONE 'UTC'";

/// A server that is not heard of for longer is given up, so that another one can be asked: the system's own patience is
/// two hours with who says nothing, and a quarter of an hour with who does not take what was sent.
const SILENCE: Duration = Duration::from_secs(30);

/// Where a server is, and who asks.
#[derive(Clone)]
pub(crate) struct Address {
    config: Config,
    place: String,
}

impl Address {
    pub(crate) fn parse(address: &str) -> Result<Self, StoreError> {
        let refuse = |reason: &str| StoreError::Unsupported { place: ANONYMOUS.to_owned(), reason: reason.to_owned() };
        if address.contains("sslmode=verify") {
            return Err(refuse(NO_TLS));
        }
        let mut config: Config = address.parse().map_err(|_| refuse(UNREADABLE))?;
        let place = shown(&config);
        if config.get_ssl_mode() == SslMode::Require {
            return Err(StoreError::Unsupported { place, reason: NO_TLS.to_owned() });
        }
        if config.get_password().is_none()
            && let Ok(password) = std::env::var("PGPASSWORD")
        {
            config.password(password);
        }
        config.application_name("truelevel").connect_timeout(Duration::from_secs(10));
        be_impatient(&mut config);
        Ok(Self { config, place })
    }

    /// The server and database, without user and password.
    pub(crate) fn place(&self) -> &str {
        &self.place
    }

    pub(crate) fn connect(&self) -> Result<Client, Failure> {
        let mut client = self.config.connect(NoTls)?;
        let told = client.query_one(
            "SELECT current_setting('server_version_num')::int4, current_setting('server_version'),
                    current_setting('server_encoding'), current_schema() IS NOT NULL",
            &[],
        )?;
        let (version, encoding): (i32, &str) = (told.try_get(0)?, told.try_get(2)?);
        if version < OLDEST {
            let version: &str = told.try_get(1)?;
            return Err(Failure::Unsupported(format!("it is PostgreSQL {version}, and 15 or newer is needed")));
        }
        if encoding != "UTF8" {
            let reason = format!("the database keeps texts as {encoding}; make one with `createdb --encoding=UTF8`");
            return Err(Failure::Unsupported(reason));
        }
        if !told.try_get::<_, bool>(3)? {
            let reason = "no schema of the search path is there; make one with CREATE SCHEMA".to_owned();
            return Err(Failure::Unsupported(reason));
        }
        client.batch_execute(SETTINGS)?;
        Ok(client)
    }
}

/// Gives a silent server up after [`SILENCE`], unless the address says otherwise.
fn be_impatient(config: &mut Config) {
    let usual = Config::new();
    if config.get_tcp_user_timeout().is_none() {
        config.tcp_user_timeout(SILENCE);
    }
    if config.get_keepalives_idle() == usual.get_keepalives_idle() {
        config.keepalives_idle(SILENCE / 2);
    }
    if config.get_keepalives_interval().is_none() {
        config.keepalives_interval(SILENCE / 6);
    }
    if config.get_keepalives_retries().is_none() {
        config.keepalives_retries(3);
    }
}

const ANONYMOUS: &str = "the PostgreSQL store";
const UNREADABLE: &str = "its address cannot be read; write it as postgres://user@host:5432/database, with special \
                          characters of the password as %40";
const NO_TLS: &str = "connections are not encrypted; use a local socket or a private network with sslmode=disable, or \
                      a proxy on this machine that speaks TLS to the server";

/// The server and database for people. A password with an `@` that was not written as `%40` must not show as a host.
fn shown(config: &Config) -> String {
    let hosts: Vec<String> = config
        .get_hosts()
        .iter()
        .map(|host| match host {
            Host::Tcp(name) => name.clone(),
            Host::Unix(folder) => folder.display().to_string(),
        })
        .collect();
    let (hosts, database) = (hosts.join(","), config.get_dbname().unwrap_or_default());
    if hosts.contains(['@', ':']) && !hosts.starts_with('/') {
        return ANONYMOUS.to_owned();
    }
    let port = config.get_ports().first().map(|port| format!(":{port}")).unwrap_or_default();
    printable(&format!("postgres://{hosts}{port}/{database}")).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_silent_server_is_given_up_unless_the_address_is_more_patient() {
        let check = |address: &str, expected: [u64; 3]| {
            let config = Address::parse(address).unwrap().config;
            let patience = config.get_tcp_user_timeout().copied().into_iter();
            let patience = patience.chain([config.get_keepalives_idle()]).chain(config.get_keepalives_interval());
            assert_eq!(patience.map(|time| time.as_secs()).collect::<Vec<_>>(), expected, "{address}");
        };
        check("postgres://db/facts", [30, 15, 5]);
        check("postgres://db/facts?tcp_user_timeout=90&keepalives_idle=60", [90, 60, 5]);
    }

    #[test]
    fn no_password_is_shown_wherever_it_stands() {
        let check = |address: &str, expected: &str| {
            let told = match Address::parse(address) {
                Ok(address) => address.place().to_owned(),
                Err(error) => error.to_string(),
            };
            assert!(!told.contains("s3cret"), "{told}");
            assert!(told.contains(expected), "{told}");
        };
        check("postgres://me:s3cret@db:5433/facts", "postgres://db:5433/facts");
        check("host=/run/pg user=me password=s3cret dbname=facts", "postgres:///run/pg/facts");
        check("postgres://me:s3cret@s3cret@db/facts", "the PostgreSQL store");
        check("postgres://me:s3cret@db:s3cret/facts", "cannot be read");
        check("postgres://me:s3cret@db/facts?sslmode=require", "not encrypted");
        check("postgres://me:s3cret@db/facts?sslmode=verify-full", "not encrypted");
    }
}
