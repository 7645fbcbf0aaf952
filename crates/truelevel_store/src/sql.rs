//! A connection to either database, and the values that go in and out. SQL beside it holds for both; where they differ,
//! the database has a function of its own.

use std::borrow::Cow;

use crate::failure::Failure;
use crate::tables::names::Names;
use crate::upsert::{Stays, Table};
use crate::written::Effect;
use crate::{StoreError, postgres, sqlite};

/// A value to bind, or a column of a row. Neither database is given another type.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Value<'v> {
    Null,
    Integer(i64),
    Text(Cow<'v, str>),
    Bytes(Cow<'v, [u8]>),
}

/// The values of a row.
pub(crate) type Values<'v> = Vec<Value<'v>>;

/// What a column of given rows holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Integer,
    Text,
    Bytes,
}

/// Values to bind, each of its own type.
macro_rules! values {
    ($($value:expr),* $(,)?) => { [$($crate::sql::Value::from($value)),*] };
}

/// The values of a row that is to be kept.
macro_rules! row {
    ($($value:expr),* $(,)?) => { Vec::from($crate::sql::values![$($value),*]) };
}
pub(crate) use {row, values};

/// Where facts are kept. Statements number what is bound: `?1`.
pub(crate) enum Connection {
    Sqlite(sqlite::Connection),
    Postgres(Box<postgres::Connection>),
}

/// A row that was read.
#[derive(Clone, Copy)]
pub(crate) enum Row<'r> {
    Sqlite(&'r rusqlite::Row<'r>),
    Postgres(&'r ::postgres::Row),
}

impl Connection {
    /// The place for people, without anything secret.
    pub(crate) fn place(&self) -> &str {
        match self {
            Self::Sqlite(connection) => connection.place(),
            Self::Postgres(connection) => connection.place(),
        }
    }

    /// Another connection to the same place.
    pub(crate) fn again(&self) -> Result<Self, Failure> {
        match self {
            Self::Sqlite(connection) => connection.again().map(Self::Sqlite),
            Self::Postgres(connection) => connection.again().map(Box::new).map(Self::Postgres),
        }
    }

    /// Reads in one transaction, so that all statements see the same store.
    pub(crate) fn read<T>(
        &self,
        doing: &'static str,
        body: impl FnOnce(&Self) -> Result<T, Failure>,
    ) -> Result<T, StoreError> {
        self.within(doing, false, body)
    }

    /// Writes in one transaction, one writer at a time.
    pub(crate) fn change<T>(
        &self,
        doing: &'static str,
        body: impl FnOnce(&Self, &mut Names) -> Result<T, Failure>,
    ) -> Result<T, StoreError> {
        self.within(doing, true, |connection| body(connection, &mut Names::default()))
    }

    fn within<T>(
        &self,
        doing: &'static str,
        is_change: bool,
        body: impl FnOnce(&Self) -> Result<T, Failure>,
    ) -> Result<T, StoreError> {
        let run = || {
            self.begin(is_change)?;
            let answer = body(self).and_then(|answer| self.statements("COMMIT").map(|()| answer));
            if answer.is_err() {
                // Nothing is open any more where the connection or the transaction is gone.
                let _ = self.statements("ROLLBACK");
            }
            answer
        };
        run().map_err(|failure: Failure| failure.into_error(self.place(), doing))
    }

    fn begin(&self, is_change: bool) -> Result<(), Failure> {
        match self {
            // Immediate: a transaction that first reads and then wants to write is refused, not made to wait.
            Self::Sqlite(connection) => connection.statements(if is_change { "BEGIN IMMEDIATE" } else { "BEGIN" }),
            Self::Postgres(connection) => connection.begin(is_change),
        }
    }

    /// Runs statements without values.
    pub(crate) fn statements(&self, sql: &str) -> Result<(), Failure> {
        match self {
            Self::Sqlite(connection) => connection.statements(sql),
            Self::Postgres(connection) => connection.statements(sql),
        }
    }

    /// Runs a statement; answers how many rows it touched.
    pub(crate) fn execute(&self, sql: &str, values: &[Value<'_>]) -> Result<u64, Failure> {
        match self {
            Self::Sqlite(connection) => connection.execute(sql, values),
            Self::Postgres(connection) => connection.execute(sql, values),
        }
    }

    /// Reads rows, one after the other.
    pub(crate) fn each(
        &self,
        sql: &str,
        values: &[Value<'_>],
        mut read: impl FnMut(Row<'_>) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        match self {
            Self::Sqlite(connection) => connection.each(sql, values, |row| read(Row::Sqlite(row))),
            Self::Postgres(connection) => connection.each(sql, values, |row| read(Row::Postgres(row))),
        }
    }

    /// Reads all rows.
    pub(crate) fn all<T>(
        &self,
        sql: &str,
        values: &[Value<'_>],
        mut read: impl FnMut(Row<'_>) -> Result<T, Failure>,
    ) -> Result<Vec<T>, Failure> {
        let mut all = Vec::new();
        self.each(sql, values, |row| {
            all.push(read(row)?);
            Ok(())
        })?;
        Ok(all)
    }

    /// Reads the only row, if there is one.
    pub(crate) fn one<T>(
        &self,
        sql: &str,
        values: &[Value<'_>],
        read: impl FnMut(Row<'_>) -> Result<T, Failure>,
    ) -> Result<Option<T>, Failure> {
        Ok(self.all(sql, values, read)?.pop())
    }

    /// The names of a table's columns.
    pub(crate) fn columns(&self, table: &str) -> Result<Vec<String>, Failure> {
        match self {
            Self::Sqlite(connection) => connection.columns(table),
            Self::Postgres(connection) => connection.columns(table),
        }
    }

    /// Numbers new rows after those that were put in with their keys.
    pub(crate) fn go_on_counting(&self, tables: &[&str]) -> Result<(), Failure> {
        match self {
            Self::Sqlite(_) => Ok(()), // It counts from the highest key by itself.
            Self::Postgres(connection) => tables.iter().try_for_each(|table| connection.go_on_counting(table)),
        }
    }

    /// Puts in rows that are not there yet.
    pub(crate) fn insert<'v>(
        &self,
        table: &str,
        columns: &[&str],
        rows: impl IntoIterator<Item = Values<'v>>,
    ) -> Result<u64, Failure> {
        match self {
            Self::Sqlite(connection) => connection.insert(table, columns, rows),
            Self::Postgres(connection) => connection.insert(table, columns, rows),
        }
    }

    /// Runs a statement that reads `given`, a table of these rows that is there for it alone. It may be run once for all
    /// of them or once for each, whichever is quicker, and must say the same either way.
    pub(crate) fn with_given(
        &self,
        columns: &[(&str, Kind)],
        rows: &[Values<'_>],
        sql: &str,
        mut read: impl FnMut(Row<'_>) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        match self {
            Self::Sqlite(connection) => connection.with_given(columns, rows, sql, |row| read(Row::Sqlite(row))),
            Self::Postgres(connection) => connection.with_given(columns, rows, sql, |row| read(Row::Postgres(row))),
        }
    }

    /// Puts in each fact that is new, and changes each that differs. Answers what that did, in the order of the rows.
    pub(crate) fn upsert<'v>(
        &self,
        table: &Table,
        stays: Stays,
        rows: impl Iterator<Item = Result<Values<'v>, Failure>>,
    ) -> Result<Vec<Effect>, Failure> {
        match self {
            Self::Sqlite(connection) => sqlite::upsert(connection, table, stays, rows),
            Self::Postgres(connection) => postgres::upsert(connection, table, stays, rows),
        }
    }
}

impl Value<'_> {
    /// The value, of its own.
    pub(crate) fn into_owned(self) -> Value<'static> {
        match self {
            Self::Null => Value::Null,
            Self::Integer(number) => Value::Integer(number),
            Self::Text(text) => Value::Text(Cow::Owned(text.into_owned())),
            Self::Bytes(bytes) => Value::Bytes(Cow::Owned(bytes.into_owned())),
        }
    }
}

impl<'r> Row<'r> {
    /// A column, by its place from 0.
    pub(crate) fn value(self, column: usize) -> Result<Value<'r>, Failure> {
        match self {
            Self::Sqlite(row) => sqlite::value(row, column),
            Self::Postgres(row) => postgres::value(row, column),
        }
    }

    /// A column as what it stands for.
    pub(crate) fn get<T: Column>(self, column: usize) -> Result<T, Failure> {
        T::read(self.value(column)?).ok_or_else(|| Failure::Damaged(format!("column {column} holds what it may not")))
    }
}

/// What a column can stand for.
pub(crate) trait Column: Sized {
    fn read(value: Value<'_>) -> Option<Self>;
}

impl Column for i64 {
    fn read(value: Value<'_>) -> Option<Self> {
        if let Value::Integer(number) = value { Some(number) } else { None }
    }
}

macro_rules! whole_numbers {
    ($($number:ident),*) => { $(
        impl Column for $number {
            fn read(value: Value<'_>) -> Option<Self> {
                i64::read(value)?.try_into().ok()
            }
        }

        impl From<$number> for Value<'_> {
            fn from(number: $number) -> Self {
                Self::Integer(number.into())
            }
        }
    )* };
}
whole_numbers!(u8, u16, u32);

impl Column for bool {
    fn read(value: Value<'_>) -> Option<Self> {
        i64::read(value).map(|number| number != 0)
    }
}

impl Column for String {
    fn read(value: Value<'_>) -> Option<Self> {
        if let Value::Text(text) = value { Some(text.into_owned()) } else { None }
    }
}

impl Column for Vec<u8> {
    fn read(value: Value<'_>) -> Option<Self> {
        if let Value::Bytes(bytes) = value { Some(bytes.into_owned()) } else { None }
    }
}

impl<const LENGTH: usize> Column for [u8; LENGTH] {
    fn read(value: Value<'_>) -> Option<Self> {
        if let Value::Bytes(bytes) = value { bytes.as_ref().try_into().ok() } else { None }
    }
}

impl<T: Column> Column for Option<T> {
    fn read(value: Value<'_>) -> Option<Self> {
        if value == Value::Null { Some(None) } else { T::read(value).map(Some) }
    }
}

impl From<i64> for Value<'_> {
    fn from(number: i64) -> Self {
        Self::Integer(number)
    }
}

impl From<bool> for Value<'_> {
    fn from(flag: bool) -> Self {
        Self::Integer(flag.into())
    }
}

impl<'v> From<&'v str> for Value<'v> {
    fn from(text: &'v str) -> Self {
        Self::Text(Cow::Borrowed(text))
    }
}

impl<'v> From<&'v String> for Value<'v> {
    fn from(text: &'v String) -> Self {
        Self::Text(Cow::Borrowed(text))
    }
}

impl From<String> for Value<'_> {
    fn from(text: String) -> Self {
        Self::Text(Cow::Owned(text))
    }
}

impl<'v> From<&'v [u8]> for Value<'v> {
    fn from(bytes: &'v [u8]) -> Self {
        Self::Bytes(Cow::Borrowed(bytes))
    }
}

impl<'v, const LENGTH: usize> From<&'v [u8; LENGTH]> for Value<'v> {
    fn from(bytes: &'v [u8; LENGTH]) -> Self {
        Self::Bytes(Cow::Borrowed(bytes))
    }
}

impl From<Vec<u8>> for Value<'_> {
    fn from(bytes: Vec<u8>) -> Self {
        Self::Bytes(Cow::Owned(bytes))
    }
}

impl<'v, T> From<Option<T>> for Value<'v>
where
    Value<'v>: From<T>,
{
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Self::from)
    }
}
