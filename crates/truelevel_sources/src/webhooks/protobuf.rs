//! Protobuf bodies as the JSON that means the same (<https://protobuf.dev/programming-guides/encoding/>): the fields of
//! OTLP's traces that are read here, under the names of OTLP/JSON. Other fields are passed over.

use serde_json::{Map, Value};

use super::payload::MOST_VALUES;

/// How a field is written down.
enum Form {
    Message(&'static [Field]),
    Text,
    /// Bytes, as the hexadecimal digits that OTLP/JSON has for ids.
    Hex,
    Bool,
    /// A signed number, as digits: JSON's numbers have no 64 bits.
    Int,
    /// An enumeration's number.
    Enum,
    /// Eight bytes, as digits.
    Fixed,
}

/// A field: its number, name, form, and whether there may be several.
struct Field(u64, &'static str, Form, bool);

/// `ExportTraceServiceRequest`; numbers as in `opentelemetry/proto`.
const REQUEST: &[Field] = &[Field(1, "resourceSpans", Form::Message(RESOURCE_SPANS), true)];
const RESOURCE_SPANS: &[Field] = &[
    Field(1, "resource", Form::Message(&[Field(1, "attributes", Form::Message(ATTRIBUTE), true)]), false),
    Field(2, "scopeSpans", Form::Message(&[Field(2, "spans", Form::Message(SPAN), true)]), true),
];
const SPAN: &[Field] = &[
    Field(1, "traceId", Form::Hex, false),
    Field(2, "spanId", Form::Hex, false),
    Field(4, "parentSpanId", Form::Hex, false),
    Field(5, "name", Form::Text, false),
    Field(6, "kind", Form::Enum, false),
    Field(7, "startTimeUnixNano", Form::Fixed, false),
    Field(8, "endTimeUnixNano", Form::Fixed, false),
    Field(9, "attributes", Form::Message(ATTRIBUTE), true),
];
const ATTRIBUTE: &[Field] = &[
    Field(1, "key", Form::Text, false),
    Field(
        2,
        "value",
        Form::Message(&[
            Field(1, "stringValue", Form::Text, false),
            Field(2, "boolValue", Form::Bool, false),
            Field(3, "intValue", Form::Int, false),
        ]),
        false,
    ),
];

/// Reads a request to export traces.
pub(super) fn traces(body: &[u8]) -> Result<Value, String> {
    let mut reader = Reader { left: MOST_VALUES };
    let read = reader.message(body, REQUEST).map(Value::Object);
    read.ok_or_else(|| match reader.left {
        0 => format!("the body holds more than {MOST_VALUES} values; send it in parts"),
        _ => "the body is not protobuf as its header says".to_owned(),
    })
}

/// What stands behind a field's number.
enum Wire<'a> {
    Number(u64),
    Eight(u64),
    Bytes(&'a [u8]),
    Four,
}

struct Reader {
    /// So many values more are read.
    left: usize,
}

impl Reader {
    fn message(&mut self, mut rest: &[u8], fields: &[Field]) -> Option<Map<String, Value>> {
        let mut object = Map::new();
        while !rest.is_empty() {
            let (number, wire) = next(&mut rest)?;
            let Some(Field(_, name, form, is_list)) = fields.iter().find(|field| field.0 == number) else { continue };
            self.left = self.left.checked_sub(1)?;
            let value = self.value(&wire, form)?;
            if *is_list {
                let list = object.entry(*name).or_insert_with(|| Value::Array(Vec::new()));
                list.as_array_mut()?.push(value);
            } else {
                object.insert((*name).to_owned(), value);
            }
        }
        Some(object)
    }

    fn value(&mut self, wire: &Wire<'_>, form: &Form) -> Option<Value> {
        Some(match (form, wire) {
            (Form::Message(fields), Wire::Bytes(bytes)) => self.message(bytes, fields)?.into(),
            (Form::Text, Wire::Bytes(bytes)) => std::str::from_utf8(bytes).ok()?.into(),
            (Form::Hex, Wire::Bytes(bytes)) => {
                bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>().into()
            }
            (Form::Bool, Wire::Number(number)) => (*number != 0).into(),
            (Form::Int, Wire::Number(number)) => number.cast_signed().to_string().into(),
            (Form::Enum, Wire::Number(number)) => (*number).into(),
            (Form::Fixed, Wire::Eight(number)) => number.to_string().into(),
            _ => return None,
        })
    }
}

fn next<'a>(rest: &mut &'a [u8]) -> Option<(u64, Wire<'a>)> {
    let tag = varint(rest)?;
    let wire = match tag & 7 {
        0 => Wire::Number(varint(rest)?),
        1 => Wire::Eight(u64::from_le_bytes(bytes(rest, 8)?.try_into().ok()?)),
        2 => {
            let length = usize::try_from(varint(rest)?).ok()?;
            Wire::Bytes(bytes(rest, length)?)
        }
        5 => {
            bytes(rest, 4)?;
            Wire::Four
        }
        _ => return None,
    };
    Some((tag >> 3, wire))
}

fn bytes<'a>(rest: &mut &'a [u8], count: usize) -> Option<&'a [u8]> {
    let (taken, left) = rest.split_at_checked(count)?;
    *rest = left;
    Some(taken)
}

fn varint(rest: &mut &[u8]) -> Option<u64> {
    let mut number = 0;
    for shift in (0..64).step_by(7) {
        let byte = bytes(rest, 1)?[0];
        number |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(number);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_cut_short_or_no_protobuf_is_refused() {
        let whole = include_bytes!("../../../../fixtures/otlp/python_sdk.bin");
        assert!(traces(whole).is_ok() && traces(b"").is_ok());
        for length in 1..whole.len() {
            assert!(traces(&whole[..length]).is_err(), "{length}");
        }
        assert!(traces(b"{\"resourceSpans\":[]}").is_err() && traces(&[0x80; 12]).is_err());
    }

    #[test]
    fn more_values_than_are_read_are_refused() {
        // Resources that say nothing, in two bytes each.
        let resources = |count: usize| [0x0a, 0x00].repeat(count);
        assert!(traces(&resources(MOST_VALUES)).is_ok());
        assert!(traces(&resources(MOST_VALUES + 1)).unwrap_err().contains("send it in parts"));
    }
}
