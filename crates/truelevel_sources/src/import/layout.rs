//! Layouts: what the records of a file are.

use serde_json::{Map, Value};
use truelevel_model::facts::Facts;

use super::field::Field;
use super::record::{Fault, Reading, Record, Values};
use super::writing::Rows;

/// What the records of a file are: a kind of fact with its fields.
pub struct Layout {
    /// Its name, in snake case and in the plural.
    pub id: &'static str,
    /// Title and meaning.
    pub docs: &'static str,
    /// Its fields, in the order of documentation and exports.
    pub fields: &'static [&'static dyn Field],
    /// The fields by which a table of another product is recognised; none for our own words.
    pub recognised_by: &'static [&'static str],
    /// Adds a record to the facts.
    pub(super) read: fn(&Record<'_>, &mut Facts) -> Result<(), Fault>,
    /// The records that give these facts when they are read; none for tables of other products.
    pub(super) rows: fn(&Facts) -> Rows<'_>,
}

impl Layout {
    pub(super) const fn record<'a>(&self, values: Values<'a>, reading: &'a Reading) -> Record<'a> {
        Record::new(values, reading, !self.recognised_by.is_empty())
    }

    /// Adds a record to the facts, or says which field is wrong.
    pub fn read_json(&self, record: &Map<String, Value>, reading: &Reading, facts: &mut Facts) -> Result<(), Fault> {
        (self.read)(&self.record(Values::Json(record), reading), facts)
    }

    /// The records that give these facts when they are read.
    pub fn rows<'f>(&self, facts: &'f Facts) -> Rows<'f> {
        (self.rows)(facts)
    }

    /// The field of a name.
    pub fn field(&self, name: &str) -> Option<&'static dyn Field> {
        self.fields.iter().copied().find(|field| field.name() == name)
    }
}

impl std::fmt::Debug for Layout {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.id)
    }
}
