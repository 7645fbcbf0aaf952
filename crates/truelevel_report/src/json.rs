//! The JSON contract: the assessment as it is.

use truelevel_model::assessment::Assessment;

/// The assessment as indented JSON with a final line break. The same assessment gives the same bytes.
pub fn render(assessment: &Assessment) -> String {
    let mut text = serde_json::to_string_pretty(assessment)
        .expect("an assessment holds only text keys and finite numbers, which JSON can write");
    text.push('\n');
    text
}
