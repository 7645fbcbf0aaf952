//! Who of several processes does what only one should do.

use truelevel_model::Time;

use crate::failure::Failure;
use crate::sql::{Connection, values};

pub(crate) fn take(connection: &Connection, name: &str, holder: &str, now: Time, until: Time) -> Result<bool, Failure> {
    let sql = "INSERT INTO lease (name, holder, expires_at) VALUES (?1, ?2, ?3)
               ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, expires_at = excluded.expires_at
               WHERE lease.holder = excluded.holder OR lease.expires_at <= ?4";
    Ok(connection.execute(sql, &values![name, holder, until.millis(), now.millis()])? > 0)
}
