//! Values that one pipeline file gives another, by name.

use truelevel_documents::Node;

/// Bytes that values may bring into one pipeline, in all; those beyond are left.
pub(super) const LIMIT_BYTES: usize = 1 << 20;

/// Values by the names that placeholders use.
pub(super) type Values = Vec<(String, Node)>;

/// What a name stands for.
pub(super) fn value_of<'v>(values: &'v Values, name: &str) -> Option<&'v Node> {
    values.iter().find(|(known, _)| known == name).map(|(_, value)| value)
}
