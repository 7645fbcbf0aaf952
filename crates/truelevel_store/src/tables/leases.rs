//! Who of several processes does what only one should do.

use truelevel_model::Time;

use crate::failure::Failure;
use crate::sql::{Connection, values};

/// A lease that ends later than twice the time for which it is asked now was taken by a clock that has been set back
/// since: it holds nobody up.
pub(crate) fn take(connection: &Connection, name: &str, holder: &str, now: Time, until: Time) -> Result<bool, Failure> {
    let sql = "INSERT INTO lease (name, holder, expires_at) VALUES (?1, ?2, ?3)
               ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, expires_at = excluded.expires_at
               WHERE lease.holder = excluded.holder OR lease.expires_at <= ?4 OR lease.expires_at > ?5";
    let latest = until.plus(until.since(now));
    Ok(connection.execute(sql, &values![name, holder, until.millis(), now.millis(), latest.millis()])? > 0)
}
