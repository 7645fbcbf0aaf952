//! Values as PostgreSQL takes and gives them.

use std::borrow::Cow;
use std::error::Error;

use postgres::Row;
use postgres::types::private::BytesMut;
use postgres::types::{IsNull, ToSql, Type, to_sql_checked};

use crate::failure::Failure;
use crate::sql::Value;

/// A column of a row.
pub(crate) fn value(row: &Row, column: usize) -> Result<Value<'_>, Failure> {
    let kind = row.columns()[column].type_();
    let value = match *kind {
        Type::INT8 => row.try_get::<_, Option<i64>>(column)?.map(Value::Integer),
        Type::TEXT => row.try_get::<_, Option<&str>>(column)?.map(unescape).map(Value::Text),
        Type::BYTEA => row.try_get::<_, Option<&[u8]>>(column)?.map(|bytes| Value::Bytes(Cow::Borrowed(bytes))),
        _ => return Err(Failure::Damaged(format!("column {column} is of the type {kind}"))),
    };
    Ok(value.unwrap_or(Value::Null))
}

impl ToSql for Value<'_> {
    fn to_sql(&self, kind: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        match self {
            Self::Null => Ok(IsNull::Yes),
            Self::Integer(number) => number.to_sql(kind, out),
            Self::Text(text) => escape(text).as_ref().to_sql(kind, out),
            Self::Bytes(bytes) => bytes.as_ref().to_sql(kind, out),
        }
    }

    fn accepts(kind: &Type) -> bool {
        matches!(*kind, Type::INT8 | Type::TEXT | Type::BYTEA)
    }

    to_sql_checked!();
}

/// Announces a replaced character: the control character that stands for a substitute.
const ESCAPE: char = '\u{1a}';

/// A text of PostgreSQL holds no NUL. What a source gives is kept as it came all the same.
fn escape(text: &str) -> Cow<'_, str> {
    if !text.contains(['\0', ESCAPE]) {
        return Cow::Borrowed(text);
    }
    Cow::Owned(text.replace(ESCAPE, "\u{1a}\u{1a}").replace('\0', "\u{1a}0"))
}

/// What [`escape`] was given.
fn unescape(text: &str) -> Cow<'_, str> {
    if !text.contains(ESCAPE) {
        return Cow::Borrowed(text);
    }
    let mut plain = String::with_capacity(text.len());
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        plain.push(match character {
            ESCAPE => characters.next().map_or(ESCAPE, |next| if next == '0' { '\0' } else { next }),
            other => other,
        });
    }
    Cow::Owned(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_text_comes_back_as_it_was() {
        for text in ["", "plain", "\0", "a\0b\u{1a}c", "\u{1a}0", "\u{1a}\u{1a}\0", "\u{1a}"] {
            let stored = escape(text);
            assert!(!stored.contains('\0'));
            assert_eq!(unescape(&stored), text, "{stored:?}");
        }
    }
}
