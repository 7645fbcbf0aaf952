//! The page of what can be imported, and a JSON Schema for each kind.

use serde_json::{Map, Value, json};
use truelevel_model::registry::{body, title};
use truelevel_sources::import::{Field, LAYOUTS, Layout, TABLES};

use super::{Page, words};

pub(super) fn page() -> String {
    let mut text = words::heading(
        "Import",
        "the declarations of what can be imported",
        "`truelevel import` reads records of these kinds, as JSON Lines (an object a line) or CSV (with a header). How to\n\
         use it is in the [guide](../guide/importing.md).\n\n\
         - **Times** are RFC 3339 with their zone. `--time-zone` says in which zone times without one were written.\n\
         - **Lists** are JSON lists; in a cell of CSV also values with `;` between them.\n\
         - **Columns** come in any order; `Finished At` and `finished-at` are `finished_at`. Fields that are not listed here\n\
         \x20 are named once and left aside. An empty cell and `null` are a missing value.\n\
         - **Kind**: a record may say its own in a field `kind`.",
    );
    for layout in LAYOUTS {
        text.push_str(&format!(
            "\n## {id}\n\n**{title}**\n\n{body}\n\nSchema: [`{id}.schema.json`](../schema/import/{id}.schema.json)\n\n\
             | field | value | meaning |\n|---|---|---|\n",
            id = layout.id,
            title = title(layout.docs),
            body = body(layout.docs),
        ));
        text.extend(layout.fields.iter().map(|field| row(*field)));
    }
    for table in TABLES {
        let product = match table.id {
            id if id.starts_with("devlake") => "Apache DevLake",
            id if id.starts_with("fourkeys") => "Four Keys",
            _ => "GitHub",
        };
        let columns: Vec<_> = table.recognised_by.iter().map(|name| format!("`{name}`")).collect();
        text.push_str(&format!(
            "\n## {id}\n\n**{product}: {title}**\n\n{body}\n\nRecognised by the columns {columns}.\n\n\
             | column | value | becomes |\n|---|---|---|\n",
            id = table.id,
            title = title(table.docs),
            body = body(table.docs),
            columns = columns.join(", "),
        ));
        text.extend(table.fields.iter().map(|field| row(*field)));
    }
    text
}

fn row(field: &dyn Field) -> String {
    let required = if field.is_required() { ", **required**" } else { "" };
    let docs = field.docs().split_whitespace().collect::<Vec<_>>().join(" ");
    format!("| `{}` | {}{required} | {docs} |\n", field.name(), field.words())
}

/// A schema for the records of each kind.
pub(super) fn schemas() -> Result<Vec<Page>, String> {
    let page = |layout: &&Layout| {
        let text = serde_json::to_string_pretty(&schema(layout)).map_err(|error| error.to_string())?;
        Ok(Page { path: format!("docs/schema/import/{}.schema.json", layout.id), text: text + "\n" })
    };
    LAYOUTS.iter().map(page).collect()
}

fn schema(layout: &Layout) -> Value {
    let mut properties = Map::new();
    properties.insert("kind".into(), json!({"type": "string", "description": format!("`{}`", layout.id)}));
    for field in layout.fields {
        let docs = field.docs().split_whitespace().collect::<Vec<_>>().join(" ");
        let mut schema = field.schema();
        if !field.is_required() {
            schema = json!({"anyOf": [schema, {"type": "null"}]});
        }
        if let Value::Object(schema) = &mut schema {
            schema.insert("description".into(), docs.into());
        }
        properties.insert(field.name().into(), schema);
    }
    let required: Vec<_> = layout.fields.iter().filter(|field| field.is_required()).map(|field| field.name()).collect();
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": format!("truelevel/import/{}/v1", layout.id),
        "title": title(layout.docs),
        "description": body(layout.docs).split_whitespace().collect::<Vec<_>>().join(" "),
        "type": "object",
        "properties": properties,
        "required": required,
    })
}
