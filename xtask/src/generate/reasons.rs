//! The page of the reason codes.

use truelevel_model::Reason;
use truelevel_model::registry::{body, title};

use super::words;

pub(super) fn page() -> String {
    let mut text = words::heading(
        "Reasons",
        "the declarations of the reason codes",
        "Whatever is left out of a number is counted under one of these codes.",
    );
    for reason in Reason::ALL {
        text.push_str(&format!("\n## {reason}\n\n**{}**\n\n{}\n", title(reason.docs()), body(reason.docs())));
    }
    text
}
