//! The plan as a page, as tables, and as issues in the forms that forges take in.

use std::fmt::Write;

use serde::Serialize;
use truelevel_model::plan::{Item, Plan};

use crate::markdown::{escaped, home_made, prose};
use crate::table::Table;
use crate::{decision, numbers};

/// The label that all issues carry.
const LABEL: &str = "truelevel";

/// Markdown, for wikis and terminals.
pub fn markdown(plan: &Plan) -> String {
    let mut text = format!("# Plan: {}\n\nAs of {}.\n\n", escaped(&plan.workspace), plan.as_of.date());
    let _ = writeln!(text, "**{}**\n\n{}\n", prose(&plan.constraint), prose(&plan.advice));
    phases(&mut text, plan);
    let _ = writeln!(text, "\n## Actions\n");
    if plan.items.is_empty() {
        let _ = writeln!(text, "No gate is open.");
    }
    for (number, item) in (1..).zip(&plan.items) {
        let _ = writeln!(
            text,
            "{number}. **{}** {} (`{}`, {}, {})",
            title(item),
            prose(&item.action.action),
            item.action.gate,
            item.action.effort,
            numbers::count(item.action.services, "service")
        );
        for note in decision::notes(&item.action, &str::to_owned).iter().chain(&initiative(item)) {
            let _ = writeln!(text, "   {}", prose(note));
        }
    }
    home_made(&mut text, &plan.home_made);
    initiatives(&mut text, plan);
    cost(&mut text, plan);
    text
}

fn phases(text: &mut String, plan: &Plan) {
    let _ = writeln!(
        text,
        "## Phases\n\n| phase | levels | state | mostly costs | usual shape | if starved |\n|---|---|---|---|---|---|"
    );
    for phase in &plan.phases {
        let _ = writeln!(
            text,
            "| {} | {} to {} | {} | {} | {} | {} |",
            phase.title,
            phase.from_level,
            phase.to_level,
            decision::phase(phase),
            phase.dominant_cost,
            phase.typical_shape,
            phase.risk_if_underfunded
        );
    }
    let _ = writeln!(
        text,
        "\nA phase starts when every gate of the one before has held in four weekly snapshots; {} of the last four weeks \
         have one.",
        plan.weekly_snapshots
    );
    for phase in &plan.phases {
        if let Some(waiting) = decision::settling(phase) {
            let _ = writeln!(text, "\n{}: {waiting}", phase.title);
        }
    }
}

fn initiatives(text: &mut String, plan: &Plan) {
    if plan.initiatives.is_empty() {
        return;
    }
    let _ = writeln!(
        text,
        "\n## Initiatives\n\n| initiative | owner | due | met | open | weeks |\n|---|---|---|---|---|---|"
    );
    for initiative in &plan.initiatives {
        let past: Vec<String> = initiative.past.iter().map(|(_, met)| met.to_string()).collect();
        let overdue = if initiative.is_overdue { ", overdue" } else { "" };
        let _ = writeln!(
            text,
            "| {} | {} | {}{overdue} | {} of {} | {} | {} |",
            escaped(&initiative.name),
            escaped(&initiative.owner),
            initiative.due,
            initiative.gates.len() - initiative.open.len(),
            initiative.gates.len(),
            initiative.open.join(", "),
            if past.is_empty() { "no snapshot".to_owned() } else { past.join(" ") }
        );
    }
}

fn cost(text: &mut String, plan: &Plan) {
    let Some(cost) = &plan.cost else { return };
    let _ = writeln!(
        text,
        "\n## Cost by your rates\n\n{}. Nothing is shared between services: what a platform does once for all is less.\n\n\
         | phase | days of work | {} |\n|---|---|---|",
        escaped(&cost.formula),
        escaped(&cost.currency)
    );
    for (phase, days, amount) in &cost.phases {
        let _ = writeln!(text, "| {phase} | {} | {} |", numbers::digits(*days), numbers::digits(*amount));
    }
}

/// All of it as a table, a row for each action.
pub fn csv(plan: &Plan) -> String {
    let mut table = Table::new([
        "order",
        "gate",
        "stage",
        "level",
        "outcome",
        "action",
        "effort",
        "services",
        "waits_for",
        "supply",
        "metric",
        "direction",
        "leading",
        "remeasure_on",
        "initiative",
        "due",
    ]);
    for (number, item) in (1..).zip(&plan.items) {
        let action = &item.action;
        let expected = |of: fn(&truelevel_model::assessment::Expected) -> &String| {
            action.expected.as_ref().map(|expected| of(expected).clone()).unwrap_or_default()
        };
        table.push([
            number.to_string(),
            action.gate.clone(),
            action.stage.clone(),
            action.level.to_string(),
            action.outcome.as_str().to_owned(),
            action.action.clone(),
            action.effort.clone(),
            action.services.to_string(),
            action.waits_for.join(" "),
            action.supply.clone(),
            expected(|it| &it.metric),
            expected(|it| &it.direction),
            expected(|it| &it.leading),
            expected(|it| &it.remeasure_on),
            item.initiative.clone().unwrap_or_default(),
            item.due.clone().unwrap_or_default(),
        ]);
    }
    table.csv()
}

/// What GitHub takes for a new issue.
#[derive(Serialize)]
struct GithubIssue {
    title: String,
    body: String,
    labels: [String; 3],
}

/// A JSON array of what GitHub's `POST /repos/OWNER/REPO/issues` takes, one object for each issue. GitHub takes in no file
/// of issues; its own command line sends each of these with `gh api --input -`. A milestone is a number of the repository,
/// so none is given.
pub fn github_issues(plan: &Plan) -> String {
    let issue = |item: &Item| {
        let action = &item.action;
        let labels = [LABEL.to_owned(), format!("stage:{}", action.stage), format!("level:{}", action.level)];
        GithubIssue { title: title(item), body: body(item), labels }
    };
    let issues: Vec<GithubIssue> = plan.items.iter().map(issue).collect();
    serde_json::to_string_pretty(&issues).unwrap_or_default() + "\n"
}

/// The CSV that GitLab's import of issues takes: `title`, `description` and `due_date`, which is the initiative's or else the
/// day to measure again. Labels are set by a quick action
/// in the description, as GitLab's documentation has it; a milestone must exist before, so none is given.
pub fn gitlab_csv(plan: &Plan) -> String {
    let mut table = Table::new(["title", "description", "due_date"]);
    for item in &plan.items {
        let action = &item.action;
        let again = action.expected.as_ref().map(|expected| &expected.remeasure_on).filter(|_| item.due.is_none());
        let due = item.due.as_ref().or(again).cloned();
        let why_due = again.map(|day| format!("\n- Due on {day}, the day to measure again")).unwrap_or_default();
        let labels = format!("\n\n/label ~\"{LABEL}\" ~\"stage:{}\" ~\"level:{}\"", action.stage, action.level);
        table.push([title(item), body(item) + &why_due + &labels, due.unwrap_or_default()]);
    }
    table.csv()
}

fn title(item: &Item) -> String {
    format!("{}, level {}: {}", item.action.stage, item.action.level, item.statement.trim_end_matches('.'))
}

fn initiative(item: &Item) -> Option<String> {
    Some(format!("Part of {}, due on {}.", item.initiative.as_ref()?, item.due.as_deref().unwrap_or("no day")))
}

fn body(item: &Item) -> String {
    let action = &item.action;
    let mut lines = vec![prose(&action.action), String::new()];
    lines.push(format!("- Gate: `{}` ({})", action.gate, action.outcome.as_str().replace('_', " ")));
    lines.push(format!("- Here: {}", escaped(&item.because)));
    lines.push(format!("- Effort: {} for one team; {}", action.effort, numbers::count(action.services, "service")));
    lines.extend(
        decision::notes(action, &str::to_owned)
            .iter()
            .chain(&initiative(item))
            .map(|note| format!("- {}", prose(note))),
    );
    // What comes from outside must not begin a line: a forge would take a slash there for a command.
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use truelevel_model::Time;
    use truelevel_model::assessment::{Action, Expected, GateOutcome};
    use truelevel_model::decision::HomeMade;

    fn plan() -> Plan {
        let action = Action {
            gate: "pipeline_runs_tests".into(),
            stage: "test".into(),
            level: 2,
            action: "Add a test step.".into(),
            outcome: GateOutcome::Unmet,
            effort: "days".into(),
            services: 3,
            waits_for: vec!["build_is_scripted_and_run_by_ci".into()],
            supply: "commodity".into(),
            expected: Some(Expected {
                metric: "change_fail_rate".into(),
                direction: "down".into(),
                leading: "flake_rate".into(),
                remeasure_on: "2026-09-18".into(),
            }),
        };
        let item = Item {
            action,
            statement: "There are tests, \"real\" ones.".into(),
            because: "of 3 services,\n/close all".into(),
            initiative: Some("Green".into()),
            due: None,
        };
        Plan {
            workspace: "Shop".into(),
            as_of: Time::parse("2026-08-21T17:00:00Z").unwrap(),
            constraint: "c".into(),
            advice: "a".into(),
            phases: Vec::new(),
            weekly_snapshots: 0,
            items: vec![item],
            home_made: vec![built()],
            initiatives: Vec::new(),
            cost: None,
        }
    }

    #[test]
    fn issues_say_what_to_do_why_and_when_to_look_again() {
        let issues: Value = serde_json::from_str(&github_issues(&plan())).unwrap();
        assert_eq!(issues[0]["title"], "test, level 2: There are tests, \"real\" ones");
        assert_eq!(issues[0]["labels"], json!(["truelevel", "stage:test", "level:2"]));
        let body = issues[0]["body"].as_str().unwrap();
        assert!(body.contains("After build\\_is") && body.contains("2026-09-18"), "{body}");
    }

    #[test]
    fn gitlab_gets_its_three_columns_and_no_command_but_the_label() {
        let csv = gitlab_csv(&plan());
        assert!(
            csv.starts_with("title,description,due_date\r\n\"test, level 2: There are tests, \"\"real\"\" ones\",\"")
        );
        assert!(
            csv.ends_with("\n/label ~\"\"truelevel\"\" ~\"\"stage:test\"\" ~\"\"level:2\"\"\",2026-09-18\r\n"),
            "{csv}"
        );
        assert_eq!(csv.matches("\n/").count(), 1, "what stands in a reason is no command");
    }

    fn built() -> HomeMade {
        let place = serde_json::from_value(json!({
            "practice": "flag_store", "grade": "declared", "repository": "shop", "path": "db/schema.rb", "line": 6,
            "text": "create_table \"feature_flags\"",
        }));
        HomeMade {
            commodity: "flag_store".into(),
            title: "A flag store of one's own".into(),
            instead: "a flag service".into(),
            repository: "shop".into(),
            places: vec![place.unwrap()],
        }
    }

    #[test]
    fn what_is_home_made_stands_in_the_plan_with_its_place() {
        let page = markdown(&plan());
        let sentence = "- A flag store of one's own, in shop (db/schema.rb:6). In its place: a flag service.\n";
        assert!(page.contains(sentence), "{page}");
    }

    #[test]
    fn the_page_and_the_table_hold_the_same_actions() {
        assert!(markdown(&plan()).contains("1. **test, level 2"));
        assert_eq!(csv(&plan()).lines().count(), 2);
    }
}
