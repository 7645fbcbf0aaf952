//! The shared database: a schema of a PostgreSQL server.

mod migrations;
mod opening;
mod trouble;
mod upserting;
mod values;

use std::cell::RefCell;
use std::collections::HashMap;
use std::ops::{Deref, DerefMut};

use postgres::binary_copy::BinaryCopyInWriter;
use postgres::fallible_iterator::FallibleIterator;
use postgres::types::{ToSql, Type};
use postgres::{Client, Row, Statement};

use crate::StoreError;
use crate::failure::Failure;
use crate::sql::{Kind, Value, Values};
use opening::Address;
pub(crate) use trouble::{Trouble, trouble};
pub(crate) use upserting::upsert;
pub(crate) use values::value;

/// A connection to a schema. It is made again when the server went away in between.
pub(crate) struct Connection {
    address: Address,
    session: RefCell<Session>,
}

struct Session {
    client: OwnClient,
    /// Each statement is planned once.
    statements: HashMap<String, Statement>,
}

impl Connection {
    pub(crate) fn open(address: &str) -> Result<Self, StoreError> {
        let address = Address::parse(address)?;
        match Self::to(address.clone()) {
            Ok(connection) => Ok(connection),
            Err(failure) => Err(failure.into_error(address.place(), "open the store")),
        }
    }

    fn to(address: Address) -> Result<Self, Failure> {
        let mut client = address.connect()?;
        migrations::apply(&mut client, migrations::MIGRATIONS)?;
        Ok(Self { address, session: RefCell::new(Session::new(client)) })
    }

    pub(crate) fn place(&self) -> &str {
        self.address.place()
    }

    pub(crate) fn again(&self) -> Result<Self, Failure> {
        Self::to(self.address.clone())
    }

    /// Begins to read what is there now, or to write as the only one: what writers do to each other is the same as in
    /// the embedded store, and keys of events grow in the order in which they can be seen.
    pub(crate) fn begin(&self, is_change: bool) -> Result<(), Failure> {
        let sql = if is_change {
            format!("BEGIN; {}", migrations::LOCK)
        } else {
            "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY".to_owned()
        };
        match self.statements(&sql) {
            // Nothing was asked of the server yet, so that a new connection is as good as the old one.
            Err(_) if self.session.borrow().client.is_closed() => {
                *self.session.borrow_mut() = Session::new(self.address.connect()?);
                self.statements(&sql)
            }
            answer => answer,
        }
    }

    pub(crate) fn statements(&self, sql: &str) -> Result<(), Failure> {
        Ok(self.session.borrow_mut().client.batch_execute(sql)?)
    }

    pub(crate) fn execute(&self, sql: &str, values: &[Value<'_>]) -> Result<u64, Failure> {
        let values: Vec<&(dyn ToSql + Sync)> = values.iter().map(|value| value as _).collect();
        self.session.borrow_mut().execute(sql, &values)
    }

    pub(crate) fn each(
        &self,
        sql: &str,
        values: &[Value<'_>],
        mut read: impl FnMut(&Row) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        let session = &mut *self.session.borrow_mut();
        let statement = session.prepare(sql)?;
        let mut rows = session.client.query_raw(&statement, values)?;
        while let Some(row) = rows.next()? {
            read(&row)?;
        }
        Ok(())
    }

    pub(crate) fn columns(&self, table: &str) -> Result<Vec<String>, Failure> {
        let statement = self.session.borrow_mut().prepare(&format!("SELECT * FROM {table}"))?;
        Ok(statement.columns().iter().map(|column| column.name().to_owned()).collect())
    }

    /// Numbers new rows after those that are there, where a table numbers its rows.
    pub(crate) fn go_on_counting(&self, table: &str) -> Result<(), Failure> {
        if !self.columns(table)?.iter().any(|column| column == "key") {
            return Ok(());
        }
        let sql = format!("SELECT setval(pg_get_serial_sequence('{table}', 'key'), max(key)) FROM {table}");
        Ok(self.session.borrow_mut().client.batch_execute(&sql)?)
    }

    pub(crate) fn insert<'v>(
        &self,
        table: &str,
        columns: &[&str],
        rows: impl IntoIterator<Item = Values<'v>>,
    ) -> Result<u64, Failure> {
        let types = self.types(table, columns)?;
        let session = &mut *self.session.borrow_mut();
        let writer =
            session.client.copy_in(&format!("COPY {table} ({}) FROM STDIN (FORMAT binary)", columns.join(", ")))?;
        let mut writer = BinaryCopyInWriter::new(writer, &types);
        for row in rows {
            writer.write_raw(&row)?;
        }
        Ok(writer.finish()?)
    }

    pub(crate) fn with_given(
        &self,
        columns: &[(&str, Kind)],
        rows: &[Values<'_>],
        sql: &str,
        mut read: impl FnMut(&Row) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        let names: Vec<&str> = columns.iter().map(|(name, _)| *name).collect();
        let arrays = (1..).zip(columns).map(|(place, (_, kind))| format!("?{place}::{}[]", kind_name(*kind)));
        let arrays = arrays.collect::<Vec<_>>().join(", ");
        let sql = format!("WITH given ({}) AS (SELECT * FROM unnest({arrays})) {sql}", names.join(", "));
        let session = &mut *self.session.borrow_mut();
        for rows in rows.chunks(upserting::ROWS) {
            let statement = session.prepare(&sql)?;
            let mut found = session.client.query_raw(&statement, upserting::by_column(rows, columns.len()))?;
            while let Some(row) = found.next()? {
                read(&row)?;
            }
        }
        Ok(())
    }

    /// The types of a table's columns.
    fn types(&self, table: &str, columns: &[&str]) -> Result<Vec<Type>, Failure> {
        let statement = self.session.borrow_mut().prepare(&format!("SELECT {} FROM {table}", columns.join(", ")))?;
        Ok(statement.columns().iter().map(|column| column.type_().clone()).collect())
    }
}

fn kind_name(kind: Kind) -> &'static str {
    match kind {
        Kind::Integer => "bigint",
        Kind::Text => "text",
        Kind::Bytes => "bytea",
    }
}

/// A client that may be dropped anywhere: it brings a small runtime along, which must not end inside of another one.
struct OwnClient(Option<Client>);

impl Deref for OwnClient {
    type Target = Client;

    fn deref(&self) -> &Client {
        self.0.as_ref().expect("it is there until it is dropped")
    }
}

impl DerefMut for OwnClient {
    fn deref_mut(&mut self) -> &mut Client {
        self.0.as_mut().expect("it is there until it is dropped")
    }
}

impl Drop for OwnClient {
    fn drop(&mut self) {
        let client = self.0.take();
        let _ = std::thread::spawn(move || drop(client)).join();
    }
}

impl Session {
    fn new(client: Client) -> Self {
        Self { client: OwnClient(Some(client)), statements: HashMap::new() }
    }

    fn execute(&mut self, sql: &str, values: &[&(dyn ToSql + Sync)]) -> Result<u64, Failure> {
        let statement = self.prepare(sql)?;
        Ok(self.client.execute(&statement, values)?)
    }

    fn prepare(&mut self, sql: &str) -> Result<Statement, Failure> {
        if let Some(statement) = self.statements.get(sql) {
            return Ok(statement.clone());
        }
        // No statement of ours has another question mark.
        let statement = self.client.prepare(&sql.replace('?', "$"))?;
        self.statements.insert(sql.to_owned(), statement.clone());
        Ok(statement)
    }
}
