//! Names that many facts share, each stored once and pointed to by a number.

use std::collections::HashMap;

use rusqlite::{Connection, OptionalExtension};
use truelevel_model::{EnvironmentId, RepositoryId, ServiceId, SourceId};

use super::failure::Failure;

/// A name with a table of its own.
pub(crate) trait Named: Sized + Clone {
    const SELECT: &'static str;
    const INSERT: &'static str;
    const ALL: &'static str;

    fn named(name: String) -> Self;
    fn name(&self) -> &str;
    fn keys(names: &mut Names) -> &mut HashMap<String, i64>;
}

macro_rules! named {
    ($id:ident, $table:literal, $field:ident) => {
        impl Named for $id {
            const SELECT: &'static str = concat!("SELECT key FROM ", $table, " WHERE name = ?1");
            const INSERT: &'static str = concat!("INSERT INTO ", $table, " (name) VALUES (?1)");
            const ALL: &'static str = concat!("SELECT key, name FROM ", $table, " ORDER BY name");

            fn named(name: String) -> Self {
                Self::new(name)
            }

            fn name(&self) -> &str {
                self.as_str()
            }

            fn keys(names: &mut Names) -> &mut HashMap<String, i64> {
                &mut names.$field
            }
        }
    };
}

named!(EnvironmentId, "environment", environments);
named!(RepositoryId, "repository", repositories);
named!(ServiceId, "service", services);
named!(SourceId, "source", sources);

/// The keys that one transaction has used. It must not outlive its transaction, whose end may take keys back.
#[derive(Default)]
pub(crate) struct Names {
    environments: HashMap<String, i64>,
    repositories: HashMap<String, i64>,
    services: HashMap<String, i64>,
    sources: HashMap<String, i64>,
}

impl Names {
    /// The name's key, which is made when the name is new.
    pub(crate) fn key<N: Named>(&mut self, connection: &Connection, id: &N) -> Result<i64, Failure> {
        if let Some(key) = N::keys(self).get(id.name()) {
            return Ok(*key);
        }
        let key = match find(connection, id)? {
            Some(key) => key,
            None => {
                connection.prepare_cached(N::INSERT)?.execute([id.name()])?;
                connection.last_insert_rowid()
            }
        };
        N::keys(self).insert(id.name().to_owned(), key);
        Ok(key)
    }
}

/// The name's key, if the store knows the name.
pub(crate) fn find<N: Named>(connection: &Connection, id: &N) -> Result<Option<i64>, Failure> {
    Ok(connection.prepare_cached(N::SELECT)?.query_row([id.name()], |row| row.get(0)).optional()?)
}

/// All names with their keys, by name.
pub(crate) fn all<N: Named>(connection: &Connection) -> Result<Vec<(i64, N)>, Failure> {
    let mut statement = connection.prepare_cached(N::ALL)?;
    let rows = statement.query_map([], |row| Ok((row.get(0)?, N::named(row.get(1)?))))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// All names by key.
pub(crate) fn by_key<N: Named>(connection: &Connection) -> Result<HashMap<i64, N>, Failure> {
    Ok(all(connection)?.into_iter().collect())
}

pub(crate) fn services_in_use(connection: &Connection) -> Result<Vec<ServiceId>, Failure> {
    let mut statement = connection.prepare_cached(
        "SELECT service.name FROM service
         WHERE EXISTS (SELECT 1 FROM deployment WHERE deployment.service = service.key)
            OR EXISTS (SELECT 1 FROM service_record WHERE service_record.service = service.key)
            OR EXISTS (SELECT 1 FROM declaration WHERE coalesce(declaration.service, 0) = service.key)
         UNION SELECT json_each.value FROM incident, json_each(incident.services)
         ORDER BY 1",
    )?;
    let rows = statement.query_map([], |row| Ok(ServiceId::named(row.get(0)?)))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

pub(crate) fn repositories_in_use(connection: &Connection) -> Result<Vec<RepositoryId>, Failure> {
    let mut statement = connection.prepare_cached(
        "SELECT name FROM repository
         WHERE EXISTS (SELECT 1 FROM change WHERE change.repository = repository.key)
         ORDER BY name",
    )?;
    let rows = statement.query_map([], |row| Ok(RepositoryId::named(row.get(0)?)))?;
    Ok(rows.collect::<Result<_, _>>()?)
}
