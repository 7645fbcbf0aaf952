//! The page of the ordered questions.

use truelevel_assess::Catalog;

use super::words;

pub(super) fn page(catalog: &Catalog) -> String {
    let mut text = words::heading(
        "Questions",
        "`catalog/constraint.toml`",
        "Asked in this order: the first one that is not answered yes is where to act. An answer that the data does not \
         decide\nis unknown, and then the missing data is the constraint.",
    );
    for (number, question) in (1..).zip(&catalog.questions) {
        text.push_str(&format!(
            "\n## {}\n\n**{number}. {}**\n\n- Yes when: {}\n- When no: {}\n- Then: {}\n- To answer it, connect: {}\n",
            question.id,
            question.text,
            words::requirement(&question.requirement),
            question.constraint,
            question.action,
            question.connect.join("; "),
        ));
    }
    text
}
