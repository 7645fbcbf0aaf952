//! The OpenAPI document (3.1), made from the operations that are served.

use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};
use truelevel_engine::import::layout_named;
use truelevel_engine::intake::records;

use crate::routes::api::{Form, OPERATIONS, Operation, ROOT, Reads, SCOPE};

/// What `/api/v1/openapi.json` answers.
pub fn openapi() -> String {
    let settings = SchemaSettings::draft2020_12().with(|settings| {
        settings.definitions_path = "/components/schemas".into();
        settings.meta_schema = None;
    });
    let mut generator = settings.for_serialize().into_generator();
    let mut paths = Map::new();
    for operation in OPERATIONS {
        let schema = (operation.schema)(&mut generator);
        paths.insert(format!("{ROOT}{}", operation.path), json!({ "get": described(operation, &json!(schema)) }));
    }
    for kind in records::KINDS {
        paths.insert(format!("{ROOT}/{kind}"), json!({ "post": ingest(kind) }));
    }
    paths.sort_keys();
    let mut schemas: Map<String, Value> = generator.take_definitions(true);
    schemas.insert(
        "Problem".into(),
        json!({
            "description": "Why a request was not answered as asked (RFC 9457).",
            "type": "object",
            "required": ["type", "title", "status", "detail"],
            "properties": {
                "type": { "type": "string" },
                "title": { "type": "string" },
                "status": { "type": "integer" },
                "detail": { "type": "string" },
            },
        }),
    );
    schemas.sort_keys();
    let document = json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Truelevel",
            "version": "1",
            "license": { "name": "Apache-2.0", "identifier": "Apache-2.0" },
            "description": "What the dashboard shows, for programs. Answers carry an ETag; a first answer is waited for up to \
                30 seconds, and after that the status is 503 with Retry-After.",
        },
        "security": [{}, { "token": [] }],
        "paths": paths,
        "components": {
            "securitySchemes": { "token": { "type": "http", "scheme": "bearer" } },
            "schemas": schemas,
        },
    });
    let mut text = serde_json::to_string_pretty(&document).expect("a document of texts and numbers can be written");
    text.push('\n');
    text
}

fn described(operation: &Operation, schema: &Value) -> Value {
    let named = operation.path.split_once('{').and_then(|(_, name)| name.strip_suffix('}'));
    let in_path = named.map(|name| parameter(name, "path", Form::Text, "Its name or id."));
    let scope = if matches!(operation.reads, Reads::Answer(_)) { SCOPE } else { &[] };
    let in_query =
        operation.query.iter().chain(scope).map(|(name, form, means)| parameter(name, "query", *form, means));
    let mut content = json!({ "application/json": { "schema": schema } });
    if operation.table.is_some() {
        content["text/csv"] = json!({ "schema": { "type": "string" } });
    }
    let problem = json!({ "application/problem+json": { "schema": { "$ref": "#/components/schemas/Problem" } } });
    let id: Vec<&str> = operation.path.split(['/', '{', '}']).filter(|part| !part.is_empty()).collect();
    let security = if matches!(operation.reads, Reads::Admin(_)) {
        json!([{ "token": [] }])
    } else {
        json!([{}, { "token": [] }])
    };
    json!({
        "operationId": id.join("_"),
        "summary": operation.summary,
        "security": security,
        "parameters": in_path.into_iter().chain(in_query).collect::<Vec<Value>>(),
        "responses": {
            "200": { "description": "The answer.", "content": content },
            "304": { "description": "The answer is what `If-None-Match` names." },
            "default": { "description": "What stands against it.", "content": problem },
        },
    })
}

/// Records come in the words of import files, which a reference page lists.
fn ingest(kind: &str) -> Value {
    let layout = layout_named(kind).expect("a kind that can be sent can be imported");
    let properties =
        layout.fields.iter().map(|field| (field.name().to_owned(), json!({ "description": field.docs() })));
    let required = layout.fields.iter().filter(|field| field.is_required()).map(|field| field.name());
    let record = json!({
        "type": "object",
        "properties": properties.collect::<Map<String, Value>>(),
        "required": required.collect::<Vec<_>>(),
    });
    let rejected = json!({
        "type": "array",
        "items": {
            "type": "object",
            "properties": {
                "record": { "type": "integer", "description": "Its place, from 1." },
                "field": { "type": ["string", "null"] },
                "reason": { "type": "string" },
            },
        },
    });
    let answer = json!({
        "type": "object",
        "required": ["delivery", "state", "accepted", "rejected", "rejected_count", "unknown_fields"],
        "properties": {
            "delivery": { "type": "string" },
            "state": { "enum": ["kept", "duplicate"] },
            "accepted": { "type": "integer" },
            "rejected": rejected,
            "rejected_count": { "type": "integer" },
            "unknown_fields": { "type": "array", "items": { "type": "string" } },
        },
    });
    let answer = json!({ "application/json": { "schema": answer } });
    let problem = json!({ "application/problem+json": { "schema": { "$ref": "#/components/schemas/Problem" } } });
    let key = "The sender's own name for the delivery: a second one of that name changes nothing.";
    json!({
        "operationId": format!("send_{}", kind.replace('-', "_")),
        "summary": "Records of one kind: one, an array, or one a line. What is wrong is named, and the rest is kept.",
        "security": [{ "token": [] }],
        "parameters": [parameter("Idempotency-Key", "header", Form::Text, key)],
        "requestBody": {
            "required": true,
            "content": {
                "application/json": { "schema": { "anyOf": [record.clone(), { "type": "array", "items": record }] } },
                "application/x-ndjson": { "schema": { "type": "string" } },
            },
        },
        "responses": {
            "202": { "description": "Kept, on the disk.", "content": answer.clone() },
            "200": { "description": "This delivery was here already.", "content": answer },
            "422": { "description": "No record could be taken; `rejected` names them.", "content": problem.clone() },
            "default": { "description": "What stands against it.", "content": problem },
        },
    })
}

fn parameter(name: &str, place: &str, form: Form, means: &str) -> Value {
    let schema = match form {
        Form::Text => json!({ "type": "string" }),
        Form::Moment => {
            json!({ "type": "string", "anyOf": [{ "format": "date-time" }, { "format": "date" }, { "maxLength": 0 }] })
        }
        Form::Whole(least, most) => json!({ "type": "integer", "minimum": least, "maximum": most }),
    };
    json!({ "name": name, "in": place, "required": place == "path", "description": means, "schema": schema })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_reference_leads_somewhere_and_every_operation_has_a_name_of_its_own() {
        let text = openapi();
        let document: Value = serde_json::from_str(&text).unwrap();
        for name in text.split("#/components/schemas/").skip(1).filter_map(|rest| rest.split('"').next()) {
            assert!(document["components"]["schemas"][name].is_object(), "{name}");
        }
        let paths = document["paths"].as_object().unwrap();
        let ids: BTreeSet<&str> = paths.values().filter_map(|path| path["get"]["operationId"].as_str()).collect();
        assert_eq!((ids.len(), paths.len()), (OPERATIONS.len(), OPERATIONS.len() + records::KINDS.len()));
    }
}
