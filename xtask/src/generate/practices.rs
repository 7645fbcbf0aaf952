//! The page of the practices.

use truelevel_assess::Catalog;
use truelevel_assess::conditions::Subject;
use truelevel_model::registry::{body, title};
use truelevel_practices::{PRACTICES, Practice};

use super::words;

pub(super) fn page(catalog: &Catalog) -> String {
    let mut text = words::heading(
        "Practices",
        "the practices' declarations",
        "What a team does, as far as it can be detected. A practice is *declared* when the files of a repository say \
         so,\n*exercised* when it ran in the window on the production path, and *effective* when outcomes show that it \
         worked.",
    );
    for practice in PRACTICES {
        let proof = practice.in_facts.map_or_else(
            || "files declare it".to_owned(),
            |in_facts| format!("files declare it, delivery facts can prove it: {}", in_facts.shown_by),
        );
        text.push_str(&format!(
            "\n## {id}\n\n**{title}**\n\nSubject: {subject} · {proof}\n\n{body}\n{decides}",
            id = practice.id,
            title = title(practice.docs),
            subject = subject(practice),
            body = body(practice.docs),
            decides = words::decides(
                catalog,
                |subject| matches!(subject, Subject::Practice { practice: asked, .. } if asked == practice.id)
            ),
        ));
    }
    text
}

fn subject(practice: &Practice) -> &'static str {
    if practice.subject == "ai" { "AI" } else { practice.subject }
}
