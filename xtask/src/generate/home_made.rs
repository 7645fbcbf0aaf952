//! The page of the home-made commodities.

use truelevel_model::registry::{body, title};
use truelevel_practices::home_made::COMMODITIES;

use super::words;

pub(super) fn page() -> String {
    let mut text = words::heading(
        "Home-made commodities",
        "the declarations of the commodities",
        "What everybody can buy or adopt, and what shows in a repository that it was built instead. The plan lists what is \
         found,\nwith its places. That nothing is found says nothing.",
    );
    for commodity in COMMODITIES {
        text.push_str(&format!(
            "\n## {}\n\n**{}**\n\n{}\n\n- In its place: {}\n",
            commodity.id,
            title(commodity.docs),
            body(commodity.docs),
            commodity.instead
        ));
    }
    text
}
