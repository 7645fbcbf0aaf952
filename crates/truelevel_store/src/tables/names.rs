//! Names that many facts share, each stored once and pointed to by a number.

use std::collections::{BTreeSet, HashMap};

use truelevel_model::{EnvironmentId, RepositoryId, ServiceId, SourceId};

use crate::columns::list;
use crate::failure::Failure;
use crate::sql::{Connection, Kind, Values, row, values};

/// A name with a table of its own.
pub(crate) trait Named: Sized + Clone {
    const SELECT: &'static str;
    const SELECT_GIVEN: &'static str;
    const INSERT: &'static str;
    const INSERT_GIVEN: &'static str;
    const ALL: &'static str;

    fn named(name: String) -> Self;
    fn name(&self) -> &str;
    fn keys(names: &mut Names) -> &mut HashMap<String, i64>;
}

macro_rules! named {
    ($id:ident, $table:literal, $field:ident) => {
        impl Named for $id {
            const SELECT: &'static str = concat!("SELECT key FROM ", $table, " WHERE name = ?1");
            const SELECT_GIVEN: &'static str =
                concat!("SELECT ", $table, ".name, key FROM given JOIN ", $table, " ON ", $table, ".name = given.name");
            const INSERT: &'static str = concat!("INSERT INTO ", $table, " (name) VALUES (?1) RETURNING key");
            const INSERT_GIVEN: &'static str =
                concat!("INSERT INTO ", $table, " (name) SELECT name FROM given RETURNING name, key");
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
    /// Looks many keys up at once, and makes those of new names.
    pub(crate) fn learn<'n, N: Named + 'n>(
        &mut self,
        connection: &Connection,
        ids: impl Iterator<Item = &'n N>,
    ) -> Result<(), Failure> {
        let keys = N::keys(self);
        let mut unknown: BTreeSet<&str> = ids.map(N::name).filter(|name| !keys.contains_key(*name)).collect();
        for sql in [N::SELECT_GIVEN, N::INSERT_GIVEN] {
            let rows: Vec<Values<'_>> = unknown.iter().map(|name| row![*name]).collect();
            connection.with_given(&[("name", Kind::Text)], &rows, sql, |row| {
                let name: String = row.get(0)?;
                unknown.remove(name.as_str());
                keys.insert(name, row.get(1)?);
                Ok(())
            })?;
        }
        Ok(())
    }

    /// The name's key, which is made when the name is new.
    pub(crate) fn key<N: Named>(&mut self, connection: &Connection, id: &N) -> Result<i64, Failure> {
        if let Some(key) = N::keys(self).get(id.name()) {
            return Ok(*key);
        }
        let key = match find(connection, id)? {
            Some(key) => key,
            None => connection
                .one(N::INSERT, &values![id.name()], |row| row.get(0))?
                .ok_or_else(|| Failure::Damaged("a new name has no key".to_owned()))?,
        };
        N::keys(self).insert(id.name().to_owned(), key);
        Ok(key)
    }
}

/// The name's key, if the store knows the name.
pub(crate) fn find<N: Named>(connection: &Connection, id: &N) -> Result<Option<i64>, Failure> {
    connection.one(N::SELECT, &values![id.name()], |row| row.get(0))
}

/// All names with their keys, by name.
pub(crate) fn all<N: Named>(connection: &Connection) -> Result<Vec<(i64, N)>, Failure> {
    connection.all(N::ALL, &[], |row| Ok((row.get(0)?, N::named(row.get(1)?))))
}

/// All names by key.
pub(crate) fn by_key<N: Named>(connection: &Connection) -> Result<HashMap<i64, N>, Failure> {
    Ok(all(connection)?.into_iter().collect())
}

pub(crate) fn services_in_use(connection: &Connection) -> Result<Vec<ServiceId>, Failure> {
    let sql = "SELECT service.name FROM service
               WHERE EXISTS (SELECT 1 FROM deployment WHERE deployment.service = service.key)
                  OR EXISTS (SELECT 1 FROM service_record WHERE service_record.service = service.key)
                  OR EXISTS (SELECT 1 FROM declaration WHERE coalesce(declaration.service, 0) = service.key)";
    let mut services: BTreeSet<String> = connection.all(sql, &[], |row| row.get(0))?.into_iter().collect();
    let of_incidents = connection.all("SELECT DISTINCT services FROM incident", &[], |row| list(row, 0))?;
    services.extend(of_incidents.into_iter().flatten());
    Ok(services.into_iter().map(ServiceId::named).collect())
}

pub(crate) fn repositories_in_use(connection: &Connection) -> Result<Vec<RepositoryId>, Failure> {
    let sql = "SELECT name FROM repository
               WHERE EXISTS (SELECT 1 FROM change WHERE change.repository = repository.key)
               ORDER BY name";
    connection.all(sql, &[], |row| Ok(RepositoryId::named(row.get(0)?)))
}
