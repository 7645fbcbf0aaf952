//! Reaching the server: what an address says, and whether the server is one that will do.

use postgres::config::{Host, SslMode};
use postgres::{Client, Config, NoTls};
use truelevel_model::printable;

use crate::StoreError;
use crate::failure::Failure;

/// The oldest version that will do, as the server counts: null is a value like others in a unique index from here on.
const OLDEST: i32 = 150_000;

/// Every acknowledged write is on the disk, whoever waits for a lock is told in the end, and times are in UTC.
const SETTINGS: &str = "SET synchronous_commit = on; SET lock_timeout = '10s'; SET TIME ZONE 'UTC'";

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
        config.application_name("truelevel").connect_timeout(std::time::Duration::from_secs(10));
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
