//! The JSON Schema of an assessment, as `assess --format json` writes it.

use schemars::generate::SchemaSettings;
use serde_json::{Value, json};
use truelevel_model::assessment::{Assessment, SCHEMA};

pub(super) fn text() -> Result<String, String> {
    // What is always written is required: the schema is a promise to those who read assessments.
    let generator = SchemaSettings::draft2020_12().for_serialize().into_generator();
    let mut schema = generator.into_root_schema_for::<Assessment>();
    schema.insert("$id".into(), json!(SCHEMA));
    schema.insert("title".into(), json!(SCHEMA));
    let name = schema.pointer_mut("/properties/schema").and_then(Value::as_object_mut);
    name.ok_or("an assessment says which schema it follows")?.insert("const".into(), json!(SCHEMA));
    let mut text = serde_json::to_string_pretty(&schema).map_err(|error| error.to_string())?;
    text.push('\n');
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_schema_requires_what_is_always_written_and_names_itself() {
        let schema: Value = serde_json::from_str(&text().unwrap()).unwrap();
        assert_eq!(schema["$id"], "truelevel/assessment/v1");
        assert_eq!(schema["properties"]["schema"]["const"], "truelevel/assessment/v1");
        let required = |part: &Value| part["required"].as_array().unwrap().clone();
        assert!(required(&schema).contains(&json!("first_constraint")));
        assert!(required(&schema["$defs"]["LevelRange"]).contains(&json!("declared")));
        assert!(!required(&schema["$defs"]["Measurement"]).contains(&json!("note")), "written only when there is one");
    }
}
