//! Records written down, so that reading them gives the same facts.

use serde_json::{Map, Value};
use truelevel_model::facts::Facts;

use super::Format;

/// A record: its values by field.
pub type Row = Map<String, Value>;

/// Records, one after the other.
pub type Rows<'f> = Box<dyn Iterator<Item = Row> + 'f>;

/// What tables of other products give: they are only read.
pub(super) fn no_rows(_: &Facts) -> Rows<'_> {
    Box::new(std::iter::empty())
}

/// What stands above the records, with the end of its line; JSON Lines have nothing there.
pub fn header(columns: &[&str], format: Format) -> String {
    match format {
        Format::JsonLines => String::new(),
        Format::Csv => columns.join(",") + "\n",
    }
}

/// A record as a line, with its end. `kind` is what it is; it is written where records say so themselves.
pub fn line(kind: &str, columns: &[&str], row: Row, format: Format) -> String {
    match format {
        Format::JsonLines => {
            let mut record = Row::new();
            record.insert("kind".to_owned(), kind.into());
            record.extend(row);
            Value::Object(record).to_string() + "\n"
        }
        Format::Csv => {
            let cells: Vec<String> =
                columns.iter().map(|column| row.get(*column).map(cell).unwrap_or_default()).collect();
            cells.join(",") + "\n"
        }
    }
}

fn cell(value: &Value) -> String {
    let text = match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Array(values) => list(values).unwrap_or_else(|| value.to_string()),
        other => other.to_string(),
    };
    if text.contains([',', '"', '\n', '\r']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text }
}

/// The values with `;` between them, unless one of them would then be read as something else.
fn list(values: &[Value]) -> Option<String> {
    let texts: Option<Vec<&str>> = values.iter().map(Value::as_str).collect();
    let is_plain =
        |text: &&str| !text.contains(';') && text.trim() == *text && !text.starts_with('[') && !text.is_empty();
    texts.filter(|texts| texts.iter().all(is_plain)).map(|texts| texts.join(";"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_cell_is_quoted_only_where_it_must_be() {
        let check = |value: Value, expected: &str| assert_eq!(cell(&value), expected, "{value}");
        check(json!(null), "");
        check(json!("a b"), "a b");
        check(json!("say \"a, b\""), "\"say \"\"a, b\"\"\"");
        check(json!(1.5), "1.5");
        check(json!(["a", "b"]), "a;b");
        check(json!(["a;b", "c"]), "\"[\"\"a;b\"\",\"\"c\"\"]\"");
        check(json!({"a": "b"}), "\"{\"\"a\"\":\"\"b\"\"}\"");
    }
}
