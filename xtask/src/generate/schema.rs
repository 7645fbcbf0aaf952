//! The JSON Schemas of what `--format json` writes.

use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde_json::{Value, json};

/// The schema of a document that names its contract in the field `schema`.
pub(super) fn text<Document: JsonSchema>(contract: &str) -> Result<String, String> {
    // What is always written is required: the schema is a promise to those who read the documents.
    let generator = SchemaSettings::draft2020_12().for_serialize().into_generator();
    let mut schema = generator.into_root_schema_for::<Document>();
    schema.insert("$id".into(), json!(contract));
    schema.insert("title".into(), json!(contract));
    let name = schema.pointer_mut("/properties/schema").and_then(Value::as_object_mut);
    name.ok_or("a document says which schema it follows")?.insert("const".into(), json!(contract));
    let mut text = serde_json::to_string_pretty(&schema).map_err(|error| error.to_string())?;
    text.push('\n');
    Ok(text)
}

#[cfg(test)]
mod tests {
    use truelevel_model::assessment::{Assessment, SCHEMA};

    use super::*;

    #[test]
    fn the_schema_requires_what_is_always_written_and_names_itself() {
        let schema: Value = serde_json::from_str(&text::<Assessment>(SCHEMA).unwrap()).unwrap();
        assert_eq!(schema["$id"], "truelevel/assessment/v1");
        assert_eq!(schema["properties"]["schema"]["const"], "truelevel/assessment/v1");
        let required = |part: &Value| part["required"].as_array().unwrap().clone();
        assert!(required(&schema).contains(&json!("first_constraint")));
        assert!(required(&schema["$defs"]["LevelRange"]).contains(&json!("declared")));
        assert!(!required(&schema["$defs"]["Measurement"]).contains(&json!("note")), "written only when there is one");
    }
}
