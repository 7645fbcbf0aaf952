//! Where a test keeps its facts: every promise is kept in both databases.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use postgres::NoTls;
use postgres::types::Type;
use rusqlite::types::Value;
use tempfile::{TempDir, tempdir};
use truelevel_model::Time;
use truelevel_store::SqlStore;

use crate::cluster::Cluster;

/// A test of each promise on SQLite; on PostgreSQL one test goes through the list, with one cluster.
macro_rules! promises {
    ($($promise:ident),* $(,)?) => {
        mod on_sqlite {
            $(#[test]
            fn $promise() {
                super::$promise(&$crate::places::Place::sqlite());
            })*
        }

        pub(crate) const PROMISES: &[$crate::places::Promise] =
            &[$((concat!(module_path!(), "::", stringify!($promise)), $promise)),*];
    };
}
pub(crate) use promises;

/// A promise with its name.
pub(crate) type Promise = (&'static str, fn(&Place));

/// A row as text, column by column.
pub(crate) type ShownRow = Vec<(String, String)>;

pub(crate) enum Place {
    Sqlite(TempDir),
    Postgres { cluster: Arc<Cluster>, schema: String },
}

impl Place {
    pub(crate) fn sqlite() -> Self {
        Self::Sqlite(tempdir().unwrap())
    }

    pub(crate) fn postgres(cluster: &Arc<Cluster>) -> Self {
        static SCHEMAS: AtomicU32 = AtomicU32::new(0);
        let schema = format!("test_{}", SCHEMAS.fetch_add(1, Ordering::Relaxed));
        let mut client = postgres::Client::connect(&cluster.url("public"), NoTls).unwrap();
        client.batch_execute(&format!("CREATE SCHEMA {schema}")).unwrap();
        Self::Postgres { cluster: Arc::clone(cluster), schema }
    }

    pub(crate) fn is_postgres(&self) -> bool {
        matches!(self, Self::Postgres { .. })
    }

    /// The store of this place, however often it is opened.
    pub(crate) fn store(&self) -> SqlStore {
        match self {
            Self::Sqlite(folder) => SqlStore::in_file(folder.path().join("store.db")).unwrap(),
            Self::Postgres { cluster, schema } => SqlStore::on_server(&cluster.url(schema)).unwrap(),
        }
    }

    /// A new store that nobody else opens.
    pub(crate) fn fresh(&self) -> SqlStore {
        match self {
            Self::Sqlite(_) => SqlStore::in_memory().unwrap(),
            Self::Postgres { cluster, .. } => Self::postgres(cluster).store(),
        }
    }

    /// Another place in the same database, to begin anew in.
    pub(crate) fn another(&self) -> Self {
        match self {
            Self::Sqlite(_) => Self::sqlite(),
            Self::Postgres { cluster, .. } => Self::postgres(cluster),
        }
    }

    /// The names of its tables, without the database's own.
    pub(crate) fn tables(&self) -> Vec<String> {
        let sql = if self.is_postgres() {
            "SELECT tablename FROM pg_tables WHERE schemaname = current_schema() AND tablename <> 'truelevel'"
        } else {
            "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
        };
        self.query(sql).into_iter().map(|row| row[0].1.clone()).collect()
    }

    /// What takes the guard off snapshots.
    pub(crate) fn unguarded(&self) -> String {
        if self.is_postgres() {
            return "DROP TRIGGER snapshot_is_never_changed ON snapshot".to_owned();
        }
        "DROP TRIGGER snapshot_is_never_changed; DROP TRIGGER snapshot_is_never_deleted".to_owned()
    }

    /// Runs statements beside the product.
    pub(crate) fn execute(&self, sql: &str) -> Result<(), String> {
        match self {
            Self::Sqlite(_) => self.file().execute_batch(sql).map_err(|error| error.to_string()),
            Self::Postgres { .. } => {
                let sql = sql.replace("x'", "'\\x");
                self.client().batch_execute(&sql).map_err(|error| error.as_db_error().unwrap().to_string())
            }
        }
    }

    /// What a query answers, in the spelling of the embedded store.
    pub(crate) fn query(&self, sql: &str) -> Vec<ShownRow> {
        match self {
            Self::Sqlite(_) => {
                let connection = self.file();
                let mut statement = connection.prepare(sql).unwrap();
                let columns: Vec<String> = statement.column_names().map(str::to_owned).collect();
                let shown = |row: &rusqlite::Row<'_>| {
                    let values = columns.iter().enumerate();
                    values.map(|(at, column)| Ok((column.clone(), of_sqlite(row.get(at)?)))).collect()
                };
                statement.query_map([], shown).unwrap().map(Result::unwrap).collect()
            }
            Self::Postgres { .. } => {
                let rows = self.client().query(sql, &[]).unwrap();
                let shown = |row: &postgres::Row| {
                    let columns = row.columns().iter().enumerate();
                    columns.map(|(at, column)| (column.name().to_owned(), of_postgres(row, at))).collect()
                };
                rows.iter().map(shown).collect()
            }
        }
    }

    fn file(&self) -> rusqlite::Connection {
        let Self::Sqlite(folder) = self else { panic!("this is not SQLite") };
        rusqlite::Connection::open(folder.path().join("store.db")).unwrap()
    }

    pub(crate) fn client(&self) -> postgres::Client {
        let Self::Postgres { cluster, schema } = self else { panic!("this is not PostgreSQL") };
        postgres::Client::connect(&cluster.url(schema), NoTls).unwrap()
    }
}

fn of_sqlite(value: Value) -> String {
    match value {
        Value::Null => "-".to_owned(),
        Value::Integer(number) => number.to_string(),
        Value::Real(number) => number.to_string(),
        Value::Text(text) => text,
        Value::Blob(_) => panic!("a view shows no bytes"),
    }
}

fn of_postgres(row: &postgres::Row, column: usize) -> String {
    let shown = match *row.columns()[column].type_() {
        Type::BOOL => row.get::<_, Option<bool>>(column).map(|flag| u8::from(flag).to_string()),
        Type::INT4 => row.get::<_, Option<i32>>(column).map(|number| number.to_string()),
        Type::INT8 => row.get::<_, Option<i64>>(column).map(|number| number.to_string()),
        Type::FLOAT8 => row.get::<_, Option<f64>>(column).map(|number| number.to_string()),
        Type::TIMESTAMPTZ => row.get::<_, Option<std::time::SystemTime>>(column).map(|time| {
            let since = time.duration_since(std::time::UNIX_EPOCH).unwrap();
            let time = Time::from_millis(since.as_millis() as i64);
            // The embedded store shows milliseconds always.
            let text = time.to_string();
            if text.contains('.') { text } else { text.replace('Z', ".000Z") }
        }),
        Type::NAME | Type::TEXT => row.get::<_, Option<String>>(column),
        ref other => panic!("a view shows no {other}"),
    };
    shown.unwrap_or_else(|| "-".to_owned())
}
