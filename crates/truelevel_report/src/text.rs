//! The page for a terminal: what a busy person needs, in the order in which they ask.

use std::fmt::Write;

use anstyle::{AnsiColor, Effects};
use truelevel_model::assessment::{Answer, Assessment, GateOutcome, Level, ServiceResult, StageResult};
use truelevel_model::deployment_data::DeploymentData;
use truelevel_model::printable;

use crate::{numbers, words};

/// How a page is written.
#[derive(Clone, Copy, Debug)]
pub struct Style {
    /// Colours and emphasis.
    pub has_colour: bool,
    /// Columns, at least 40.
    pub width: usize,
}

impl Default for Style {
    fn default() -> Self {
        Self { has_colour: false, width: 100 }
    }
}

/// How many services the table of the page shows.
const SERVICES_SHOWN: usize = 12;
/// How many actions the page shows.
const ACTIONS_SHOWN: usize = 3;
/// How many intentions the page shows.
const INTENTIONS_SHOWN: usize = 6;
/// How many warnings the page shows.
const WARNINGS_SHOWN: usize = 6;

/// The page.
pub fn render(assessment: &Assessment, style: Style) -> String {
    let mut page = Page { text: String::new(), style };
    page.head(assessment);
    page.waterline(assessment);
    page.belief(assessment);
    page.keys(assessment);
    page.constraint(assessment);
    page.architecture(assessment);
    page.next(assessment);
    page.home_made(assessment);
    page.intentions(assessment);
    page.platform(assessment);
    page.ai(assessment);
    page.services(assessment);
    page.left_out(assessment);
    page.text
}

/// Markdown of the definitions for a terminal: paragraphs broken at words, emphasis as colour allows.
pub fn plain(markdown: &str, style: Style) -> String {
    let mut page = Page { text: String::new(), style };
    for paragraph in markdown.split("\n\n") {
        let is_list = paragraph.trim_start().starts_with("- ");
        let joined =
            if is_list { paragraph.to_owned() } else { paragraph.split_whitespace().collect::<Vec<_>>().join(" ") };
        for line in joined.lines() {
            let parts = line.split("**").enumerate();
            let shown: String =
                parts.map(|(at, part)| if at % 2 == 1 { page.bold(part) } else { part.to_owned() }).collect();
            page.paragraph(0, &shown);
        }
        page.line("");
    }
    page.text
}

struct Page {
    text: String,
    style: Style,
}

impl Page {
    fn paint(&self, text: &str, style: anstyle::Style) -> String {
        if self.style.has_colour { format!("{style}{text}{style:#}") } else { text.to_owned() }
    }

    fn bold(&self, text: &str) -> String {
        self.paint(text, anstyle::Style::new().effects(Effects::BOLD))
    }

    fn dim(&self, text: &str) -> String {
        self.paint(text, anstyle::Style::new().effects(Effects::DIMMED))
    }

    fn coloured(&self, text: &str, colour: AnsiColor) -> String {
        self.paint(text, colour.on_default())
    }

    fn line(&mut self, text: &str) {
        let _ = writeln!(self.text, "{}", text.trim_end());
    }

    fn heading(&mut self, text: &str) {
        let heading = self.bold(text);
        self.line("");
        self.line(&heading);
    }

    /// Text broken at words, every line indented.
    fn paragraph(&mut self, indent: usize, text: &str) {
        for line in wrapped(text, self.style.width.max(40) - indent) {
            self.line(&format!("{:indent$}{line}", ""));
        }
    }

    fn head(&mut self, assessment: &Assessment) {
        let name = self.bold(&printable(&assessment.workspace));
        let window = self.dim(&words::window(assessment));
        self.line(&format!("{name}  {window}"));
        self.line("");
        let level = assessment.level;
        let headline = format!("Level {} · {}", level.proven, words::level_name(level.proven));
        let headline = self.bold(&headline);
        let possible = if level.possible > level.proven {
            format!("   could be up to {} if what cannot be told were true", level.possible)
        } else {
            String::new()
        };
        self.line(&format!("{headline}{possible}"));
        if let Some(declared) = level.declared {
            self.line(&format!("Declared: {declared}"));
        }
        if let Some(with_exemptions) = level.with_exemptions {
            self.paragraph(0, &format!("With exemptions: {with_exemptions}. They never change what is proven."));
        }
        self.paragraph(0, &format!("The lowest stage is the level: {}.", assessment.limiting_stages.join(", ")));
    }

    fn waterline(&mut self, assessment: &Assessment) {
        self.heading("Stages");
        let rule = self.dim("             1     2     3     4     5");
        self.line(&rule);
        for stage in assessment.stages.iter().chain(&assessment.lanes) {
            let is_lane = assessment.lanes.iter().any(|lane| lane.stage == stage.stage);
            let bar = self.bar(stage);
            let name = if is_lane { self.dim(&format!("{:<10}", stage.stage)) } else { format!("{:<10}", stage.stage) };
            let room = self.style.width.max(40).saturating_sub(44);
            let why = if room >= 30 { shortened(&stage.held_by, room) } else { String::new() };
            let why = self.dim(&why);
            self.line(&format!("  {name} {bar}  {why}"));
        }
        let legend =
            self.dim("  █ proven   ░ possible   · not reached   (platform and security stand beside the stages)");
        self.line(&legend);
    }

    /// What is said beside what is shown, where anything is said.
    fn belief(&mut self, assessment: &Assessment) {
        let said: Vec<&StageResult> =
            assessment.stages.iter().chain(&assessment.lanes).filter(|stage| stage.declared.is_some()).collect();
        if said.is_empty() {
            return;
        }
        self.heading("Belief and evidence");
        let rule = self.dim("             declared   possible   proven");
        self.line(&rule);
        for stage in said {
            let declared = stage.declared.unwrap_or_default();
            self.line(&format!("  {:<10} {declared:<10} {:<10} {}", stage.stage, stage.possible, stage.proven));
        }
        for (number, gap) in assessment.belief_gaps.iter().enumerate() {
            self.paragraph(2, &format!("{}. {}.", number + 1, words::belief_gap(gap).trim_end_matches('.')));
        }
    }

    fn bar(&self, stage: &StageResult) -> String {
        (1..=5)
            .map(|level: Level| match level {
                level if level <= stage.proven => self.coloured("█████ ", AnsiColor::Green),
                level if level <= stage.possible => self.coloured("░░░░░ ", AnsiColor::Yellow),
                _ => self.dim("····· "),
            })
            .collect()
    }

    fn keys(&mut self, assessment: &Assessment) {
        self.heading("Delivery");
        self.paragraph(2, &words::delivery(assessment));
        if let Some(advice) = words::ask_of_what_is_known(assessment) {
            self.paragraph(2, &advice);
        }
        for (id, name) in words::KEYS {
            let Some(spread) = assessment.metric(id) else { continue };
            let measured = &spread.measurement;
            let is_shared_bound = measured.is_lower_bound && spread.services > 1;
            let value = if is_shared_bound { "cannot tell".to_owned() } else { numbers::headline(measured) };
            let value = if measured.value.is_some() || measured.at_least.is_some() {
                self.bold(&format!("{value:<18}"))
            } else {
                format!("{value:<18}")
            };
            let mut parts: Vec<String> = Vec::new();
            if let Some(interval) = numbers::interval(measured) {
                parts.push(format!("95 %: {interval}"));
            }
            if is_shared_bound {
                parts.extend(words::known_failures(spread));
            } else if measured.value.is_some() || measured.at_least.is_some() {
                parts.push(words::sample(spread));
            }
            parts.extend(numbers::bands(spread));
            if measured.is_proxy {
                parts.push("proxy: releases, not deployments".to_owned());
            }
            if let Some(note) = &measured.note {
                parts.push(note.clone());
            }
            let lines = wrapped(&parts.join("; "), self.style.width.max(60) - 44);
            let mut lines = lines.into_iter();
            self.line(&format!("  {name:<22} {value} {}", lines.next().unwrap_or_default()));
            for line in lines {
                self.line(&format!("{:44}{line}", ""));
            }
        }
        for sentence in crate::trends::sentences(assessment) {
            self.paragraph(2, &format!("~ {sentence}"));
        }
        let edition = self.dim(&format!("  {}; intervals: 95 %", words::edition(assessment)));
        self.line(&edition);
    }

    fn constraint(&mut self, assessment: &Assessment) {
        self.heading("First constraint");
        let constraint = &assessment.first_constraint;
        let statement = self.bold(&constraint.statement);
        self.paragraph(2, &statement);
        self.paragraph(2, &format!("→ {}", constraint.action));
        for (number, result) in constraint.chain.iter().enumerate() {
            let answer = match result.answer {
                Answer::Yes => self.coloured("yes    ", AnsiColor::Green),
                Answer::No => self.coloured("no     ", AnsiColor::Red),
                Answer::Unknown => self.coloured("unknown", AnsiColor::Yellow),
            };
            self.line(&format!("  {} {answer} {}", number + 1, result.text));
            if result.answer != Answer::Yes {
                for why in crate::decision::reasons(result).iter().map(|why| printable(why)) {
                    for line in wrapped(&why, self.style.width.max(60) - 12) {
                        let line = self.dim(&format!("            {line}"));
                        self.line(&line);
                    }
                }
            }
            if constraint.question.as_deref() == Some(result.question.as_str()) {
                if let Some(services) = &result.services
                    && !services.deciding.is_empty()
                {
                    let named: Vec<_> = services.deciding.iter().map(|name| printable(name)).collect();
                    self.paragraph(12, &format!("Furthest from a yes: {}.", named.join(", ")));
                }
                let rest = constraint.chain.len() - number - 1;
                if rest > 0 {
                    let rest = self.dim(&format!(
                        "            {} after it: to be asked when this one is yes",
                        numbers::count(rest as u64, "question")
                    ));
                    self.line(&rest);
                }
                break;
            }
        }
        for sentence in crate::decision::below(constraint, assessment.architecture.as_ref()) {
            self.paragraph(2, &printable(&sentence));
        }
    }

    /// Services that deploy together, where any do.
    fn architecture(&mut self, assessment: &Assessment) {
        const NAMED: usize = 4;
        let Some(architecture) = assessment.architecture.as_ref().filter(|found| !found.groups.is_empty()) else {
            return;
        };
        self.heading("Services that deploy together");
        for sentence in crate::decision::lockstep(architecture).iter().take(NAMED) {
            self.paragraph(2, &printable(sentence));
        }
        let more = architecture.groups_found.saturating_sub(NAMED as u64 - 1);
        if more > 0 {
            let more = self.dim(&format!("  {}: `--format json`", numbers::count(more, "more group")));
            self.line(&more);
        }
    }

    fn next(&mut self, assessment: &Assessment) {
        self.heading(&format!("Next (phase: {})", assessment.roadmap.phase));
        if assessment.roadmap.next.is_empty() {
            self.line("  no open gate");
        }
        let shown = &assessment.roadmap.next[..assessment.roadmap.next.len().min(ACTIONS_SHOWN)];
        if let Some(first) = crate::decision::tell_first(shown) {
            self.paragraph(2, &first);
        }
        for (number, action) in shown.iter().enumerate() {
            let what = match action.outcome {
                GateOutcome::Unknown => "to prove",
                _ => "missing",
            };
            let services = if assessment.services.len() > 1 {
                format!(", {}", numbers::count(action.services, "service"))
            } else {
                String::new()
            };
            let head = self.bold(&format!("{}, level {}", action.stage, action.level));
            let rest = self.dim(&format!("{what}, {}{services}, `truelevel explain {}`", action.effort, action.gate));
            self.line(&format!("  {}. {head}  {rest}", number + 1));
            self.paragraph(5, &action.action);
            for note in crate::decision::notes(action, &str::to_owned) {
                let note = self.dim(&note);
                self.paragraph(5, &note);
            }
        }
    }

    /// What was built and can be had ready, where any is found.
    fn home_made(&mut self, assessment: &Assessment) {
        const NAMED: usize = 5;
        let all = &assessment.roadmap.home_made;
        if all.is_empty() {
            return;
        }
        self.heading("Home-made commodities");
        self.paragraph(2, crate::decision::HOME_MADE);
        for found in all.iter().take(NAMED) {
            self.paragraph(2, &printable(&crate::decision::home_made(found)));
        }
        let more = all.len().saturating_sub(NAMED);
        if more > 0 {
            let more = self.dim(&format!("  and {more} more: `--format json`"));
            self.line(&more);
        }
    }

    /// What files declare and nothing shows at work, from the lowest level up, with what would prove it.
    fn intentions(&mut self, assessment: &Assessment) {
        let all = assessment.stages.iter().chain(&assessment.lanes);
        let gates = all.flat_map(|stage| stage.gates.iter().map(move |gate| (stage, gate)));
        let mut found: Vec<_> = gates.filter(|(_, gate)| gate.is_intention).collect();
        if found.is_empty() {
            return;
        }
        found.sort_by_key(|(_, gate)| gate.level);
        self.heading("Declared, and not shown to run");
        for (stage, gate) in found.iter().take(INTENTIONS_SHOWN) {
            let head = self.bold(&format!("{}, level {}", stage.stage, gate.level));
            self.paragraph(2, &format!("{head}  {}", gate.statement));
            if let Some(by) = &gate.provable_by {
                let by = self.dim(&format!("proven by {}", printable(by)));
                self.paragraph(5, &by);
            }
        }
        let more = found.len().saturating_sub(INTENTIONS_SHOWN);
        if more > 0 {
            let more = self.dim(&format!("  and {}: `--format markdown`", numbers::count(more as u64, "more gate")));
            self.line(&more);
        }
    }

    fn platform(&mut self, assessment: &Assessment) {
        let Some(platform) = &assessment.platform else { return };
        self.heading("Platform");
        for line in crate::platform::short(platform) {
            self.paragraph(2, &line);
        }
    }

    fn ai(&mut self, assessment: &Assessment) {
        let Some(ai) = assessment.ai.as_ref().filter(|ai| ai.signed > 0 || !ai.usage.is_empty()) else { return };
        self.heading("AI");
        for line in crate::ai::short(ai) {
            self.paragraph(2, &line);
        }
    }

    fn services(&mut self, assessment: &Assessment) {
        if assessment.services.len() < 2 {
            return;
        }
        self.heading("Services");
        let rule = self
            .dim(&format!("  {:<28} level  {:>14}  {:>14}  {}", "", "deployments", "lead time", "deployments from"));
        self.line(&rule);
        let mut shown: Vec<&ServiceResult> = assessment.each_service().collect();
        let deployments =
            |service: &ServiceResult| service.metrics.get("deployment_frequency").map_or(0, |frequency| frequency.n);
        let has_lead_time =
            |service: &ServiceResult| service.metrics.get("change_lead_time").is_some_and(|lead_time| lead_time.n > 0);
        shown.sort_by_key(|service| {
            (!has_lead_time(service), std::cmp::Reverse(deployments(service)), service.service.clone())
        });
        for service in shown.iter().take(SERVICES_SHOWN) {
            let metric = |id: &str| service.metrics.get(id);
            let frequency = metric("deployment_frequency").filter(|frequency| frequency.value.is_some());
            let frequency = frequency.map_or_else(|| "–".to_owned(), numbers::headline);
            let lead_time = metric("change_lead_time")
                .filter(|lead_time| lead_time.value.is_some() || lead_time.at_least.is_some());
            let lead_time = lead_time.map_or_else(|| "–".to_owned(), numbers::headline);
            let level = if service.level.possible > service.level.proven {
                format!("{}–{}", service.level.proven, service.level.possible)
            } else {
                service.level.proven.to_string()
            };
            let name = shortened(&printable(&service.service), 28);
            let from = service.deployment_data.describe();
            self.line(&format!("  {name:<28} {level:<5}  {frequency:>14}  {lead_time:>14}  {from}"));
        }
        let more = assessment.services.len().saturating_sub(SERVICES_SHOWN);
        if more > 0 {
            let more =
                self.dim(&format!("  and {more} more: `--format json` has all of them, `--service NAME` shows one"));
            self.line(&more);
        }
    }

    /// Which deployed services found their repository, and which repositories no deployed service, where there are several
    /// of either.
    fn matches(&mut self, assessment: &Assessment) {
        const NAMED: usize = 8;
        if assessment.coverage.repositories.len() < 2 {
            return;
        }
        let (deployed, others): (Vec<&ServiceResult>, Vec<&ServiceResult>) =
            assessment.each_service().partition(|service| {
                matches!(service.deployment_data, DeploymentData::Reported | DeploymentData::DeploymentRepository)
            });
        if deployed.is_empty() {
            return;
        }
        let of = |service: &&ServiceResult| {
            let repository = service.repositories.first()?;
            let (service, repository) = (printable(&service.service), printable(repository));
            Some(if service == repository { service.into_owned() } else { format!("{service} in {repository}") })
        };
        let matched: Vec<String> = deployed.iter().filter_map(of).collect();
        let alone = others.iter().filter_map(|service| service.repositories.first());
        let alone: Vec<String> = alone.map(|repository| printable(repository).into_owned()).collect();
        for (what, names) in [("Matched to their repositories", matched), ("No deployed service belongs to", alone)] {
            let more = names.len().saturating_sub(NAMED);
            let more = if more > 0 { format!(" and {more} more") } else { String::new() };
            if !names.is_empty() {
                self.paragraph(2, &format!("{what}: {}{more}.", names[..names.len().min(NAMED)].join(", ")));
            }
        }
    }

    fn left_out(&mut self, assessment: &Assessment) {
        self.heading("What was left out, and what to know");
        for (code, excluded) in &assessment.exclusions {
            let count = numbers::digits(excluded.count as f64);
            let code = self.dim(&format!("`truelevel explain {code}`"));
            self.line(&format!("  {count:>7}  {}  {code}", excluded.meaning));
        }
        let coverage = &assessment.coverage;
        if coverage.versions_asked > 0 && coverage.versions_resolved < coverage.versions_asked {
            self.paragraph(
                2,
                &format!(
                    "{} of {} deployed versions of services with a repository lead to a commit.",
                    numbers::digits(coverage.versions_resolved as f64),
                    numbers::digits(coverage.versions_asked as f64)
                ),
            );
        }
        self.matches(assessment);
        let without = &coverage.services_without_repository;
        if !without.is_empty() {
            let named: Vec<_> = without.iter().take(6).map(|name| printable(name)).collect();
            let more = if without.len() > named.len() {
                format!(" and {} more", without.len() - named.len())
            } else {
                String::new()
            };
            self.paragraph(
                2,
                &format!(
                    "No repository was given for {}{more}: their changes and practices are not known.",
                    named.join(", ")
                ),
            );
        }
        for exemption in words::exemptions(assessment) {
            self.paragraph(2, &format!("! {}.", printable(&exemption)));
        }
        for pitfall in &assessment.pitfalls {
            self.paragraph(2, &format!("! {}.", words::pitfall(pitfall)));
        }
        for warning in coverage.warnings.iter().take(WARNINGS_SHOWN) {
            self.paragraph(2, &format!("! {}", printable(warning)));
        }
        let more = coverage.warnings.len().saturating_sub(WARNINGS_SHOWN);
        if more > 0 {
            let more = self.dim(&format!("  {more} more warnings are in `--format json`"));
            self.line(&more);
        }
    }
}

/// Breaks text at spaces. Words longer than the width stand alone.
fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split(' ') {
        match lines.last_mut() {
            Some(line) if visible_width(line) + 1 + visible_width(word) <= width => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

/// Characters that take a column: escape sequences of our own take none.
fn visible_width(text: &str) -> usize {
    let mut is_in_escape = false;
    text.chars()
        .filter(|c| {
            let starts = *c == '\u{1b}';
            let counts = !is_in_escape && !starts;
            is_in_escape = starts || (is_in_escape && *c != 'm');
            counts
        })
        .count()
}

fn shortened(text: &str, width: usize) -> String {
    if text.chars().count() <= width {
        return text.to_owned();
    }
    let cut: String = text.chars().take(width.saturating_sub(1)).collect();
    format!("{}…", cut.trim_end())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_breaks_at_words_and_our_own_escapes_take_no_room() {
        assert_eq!(wrapped("one two three", 7), ["one two", "three"]);
        assert_eq!(visible_width("\u{1b}[1mab\u{1b}[0m"), 2);
        assert_eq!(shortened("a long name", 7), "a long…");
    }
}
