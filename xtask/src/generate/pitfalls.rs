//! The page of the pitfalls.

use truelevel_engine::pitfalls::PITFALLS;
use truelevel_model::registry::{body, title};

use super::words;

pub(super) fn page() -> String {
    let mut text = words::heading(
        "Pitfalls",
        "the declarations of the pitfalls",
        "Ways in which a measured assessment fools its owner. Each is raised only where the data decides, with what it \
         moves\nand what was done about it.",
    );
    for pitfall in PITFALLS {
        text.push_str(&format!("\n## {}\n\n**{}**\n\n{}\n", pitfall.id, title(pitfall.docs), body(pitfall.docs)));
    }
    text
}
