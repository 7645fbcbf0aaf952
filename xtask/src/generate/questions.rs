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
    let veto = &catalog.veto;
    let bounds = veto.bounds.iter().map(|(metric, bound)| format!("`{metric}` {} {}", bound.words(), bound.text));
    text.push_str(&format!(
        "\n## Stability first\n\nAdvice on {} is withheld, and `{}` comes first, while this is sure of more than one in five \
         services, or of\nthe deployments of all of them together: {}.\n\n## Common causes\n\nA gate that is unmet at the lowest \
         stage of {:.0} % of the services, of three or more, is named as a common cause.\n\n## Architecture\n\nWhere {:.0} % of the services or more deploy in groups \
         (`truelevel explain deployed_in_lockstep`), the architecture is named as a constraint beside the first one.\n",
        veto.withholds.iter().map(|id| format!("`{id}`")).collect::<Vec<_>>().join(" and "),
        veto.question,
        bounds.collect::<Vec<_>>().join(", or "),
        catalog.common_cause_share * 100.0,
        catalog.lockstep_share * 100.0
    ));
    text
}
