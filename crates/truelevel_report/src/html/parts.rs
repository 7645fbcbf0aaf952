//! Pieces that several pages are made of.

use askama::Template;
use truelevel_model::Measurement;
use truelevel_model::assessment::{
    Answer, AnswerServices, GateOutcome, LevelRange, MetricSpread, ServiceResult, TeamResult,
};

use super::{Page, Site, courses, figures, rendered};
use crate::charts::Chart;
use crate::{numbers, words};

/// Where a report has the values of all services in one table.
pub(super) const ALL_VALUES: &str = "all-values";

/// Where a report has the gates of all services in one table.
pub(super) const ALL_GATES: &str = "all-gates";

/// A chart with its title, finding, table and downloads.
#[derive(Template)]
#[template(path = "figure.html")]
struct Figure<'a> {
    chart: &'a Chart,
    svg: String,
    csv_link: Option<String>,
    svg_link: Option<String>,
    shows_title: bool,
    /// Where the table stands, if not here.
    table_link: Option<String>,
}

/// The named chart as a figure; empty when there is nothing to draw.
pub(super) fn figure(site: &Site<'_>, service: Option<&ServiceResult>, name: &str) -> String {
    figures::named(site, service, name).map(|chart| drawn(site, &chart, name, true)).unwrap_or_default()
}

/// The same under a heading that says the title already.
pub(super) fn untitled_figure(site: &Site<'_>, service: Option<&ServiceResult>, name: &str) -> String {
    figures::named(site, service, name).map(|chart| drawn(site, &chart, name, false)).unwrap_or_default()
}

/// The picture alone, for a service in a one-file report: its numbers stand beside it.
pub(super) fn service_figure(site: &Site<'_>, service: &ServiceResult, name: &str) -> String {
    if site.links.is_one_file() {
        let has_text_beside = name.starts_with("metric-");
        let drawn = |chart: Chart| if has_text_beside { chart.silent_svg() } else { chart.plain_svg() };
        figures::named(site, Some(service), name).map(drawn).unwrap_or_default()
    } else {
        untitled_figure(site, Some(service), name)
    }
}

/// The stages of a team; on a server the file of the same name asked for the team holds them, too.
pub(super) fn team_stages(site: &Site<'_>, team: &TeamResult) -> String {
    let chart = figures::waterline(&team.stages, &[], None);
    if site.links.is_one_file() { chart.plain_svg() } else { drawn(site, &chart, "stages", false) }
}

/// A metric's course in the size of a word; empty when nothing is known of it.
pub(super) fn sparkline(site: &Site<'_>, service: Option<&ServiceResult>, id: &str) -> String {
    courses::sparkline(site, service, id).map(|chart| chart.plain_svg()).unwrap_or_default()
}

pub(super) fn drawn(site: &Site<'_>, chart: &Chart, name: &str, shows_title: bool) -> String {
    // What is taken away has room.
    let name = &name.replacen("small-", "trend-", 1);
    rendered(&Figure {
        chart,
        // In a report the table stands with the picture and says what a pointer would.
        svg: if site.links.is_one_file() { chart.plain_svg() } else { chart.svg() },
        csv_link: site.links.download(&format!("{name}.csv")),
        svg_link: site.links.download(&format!("{name}.svg")),
        shows_title,
        table_link: (site.links.is_one_file() && name.starts_with("spread-")).then(|| format!("#{ALL_VALUES}")),
    })
}

/// A verdict: a class for its colour, a sign, and a word, so that no colour stands alone.
#[derive(Clone, Copy, Debug)]
pub(super) struct Verdict {
    pub(super) class: &'static str,
    pub(super) sign: &'static str,
    pub(super) word: &'static str,
}

pub(super) const fn gate_verdict(outcome: GateOutcome, is_intention: bool) -> Verdict {
    match (outcome, is_intention) {
        (GateOutcome::Met, _) => Verdict { class: "yes", sign: "✓", word: "met" },
        (GateOutcome::Unmet, true) => Verdict { class: "no", sign: "✕", word: "intended only" },
        (GateOutcome::Unmet, false) => Verdict { class: "no", sign: "✕", word: "not met" },
        (GateOutcome::Unknown, true) => Verdict { class: "unknown", sign: "?", word: "declared, unproven" },
        (GateOutcome::Unknown, false) => Verdict { class: "unknown", sign: "?", word: "cannot tell" },
        (GateOutcome::NotApplicable, _) => Verdict { class: "none", sign: "–", word: "does not apply" },
    }
}

pub(super) const fn answer_verdict(answer: Answer) -> Verdict {
    match answer {
        Answer::Yes => Verdict { class: "yes", sign: "✓", word: "yes" },
        Answer::No => Verdict { class: "no", sign: "✕", word: "no" },
        Answer::Unknown => Verdict { class: "unknown", sign: "?", word: "cannot tell" },
    }
}

/// A metric as a card or a row shows it.
#[derive(Clone, Debug)]
pub(super) struct Shown {
    pub(super) name: String,
    pub(super) link: String,
    /// The value in words; `cannot tell` without one.
    pub(super) value: String,
    pub(super) is_known: bool,
    /// Interval, sample: short facts beside the value.
    pub(super) facts: Vec<String>,
    /// Its bands, or how many respondents have a worse answer.
    pub(super) bands: Option<String>,
    pub(super) note: Option<String>,
    pub(super) figure: String,
    /// Its course in the size of a word.
    pub(super) sparkline: String,
}

/// A metric over all services.
pub(super) fn shown_spread(site: &Site<'_>, id: &str) -> Option<Shown> {
    let spread = site.assessment.metric(id)?;
    let figure =
        if is_shared_bound(spread) { String::new() } else { untitled_figure(site, None, &format!("metric-{id}")) };
    Some(Shown { figure, ..shown_together(site, id, spread) })
}

/// Lower bounds of several services bound nothing together.
fn is_shared_bound(spread: &MetricSpread) -> bool {
    spread.measurement.is_lower_bound && spread.services > 1
}

/// A metric over several services, without a picture.
pub(super) fn shown_together(site: &Site<'_>, id: &str, spread: &MetricSpread) -> Shown {
    let measured = &spread.measurement;
    let mut shown = shown(site, id, measured);
    if is_shared_bound(spread) {
        shown.is_known = false;
        shown.value = "cannot tell".to_owned();
        shown.facts = words::known_failures(spread).into_iter().collect();
    } else if shown.is_known {
        shown.facts.push(words::sample(spread));
    }
    shown.bands = numbers::bands(spread).map(|bands| match (measured.percentile, spread.services) {
        (Some(_), _) => words::sentence(&bands),
        (None, 1) => format!("Band: {bands}"),
        (None, _) => format!("Services by band: {bands}"),
    });
    shown
}

/// A metric of one service.
pub(super) fn shown_of_service(site: &Site<'_>, service: &ServiceResult, id: &str) -> Option<Shown> {
    let measured = service.metrics.get(id)?;
    let mut shown = shown(site, id, measured);
    if shown.is_known {
        let open = if measured.censored > 0 {
            format!(", {} still open", numbers::digits(measured.censored as f64))
        } else {
            String::new()
        };
        shown.facts.push(format!("{}{open}", numbers::count(measured.n, "observation")));
    }
    shown.bands = numbers::percentiles(measured).or_else(|| Some(format!("band {}", numbers::band(measured)?)));
    Some(shown)
}

fn shown(site: &Site<'_>, id: &str, measured: &Measurement) -> Shown {
    let is_known = measured.value.is_some() || measured.at_least.is_some();
    let proxy = measured.is_proxy.then(|| "stands on releases, not deployments".to_owned());
    let notes: Vec<String> = proxy.into_iter().chain(measured.note.clone()).collect();
    Shown {
        name: site.reference.title(id),
        link: site.to(&Page::Metric(id.to_owned())),
        value: if is_known { numbers::headline(measured) } else { "cannot tell".to_owned() },
        is_known,
        facts: numbers::interval(measured)
            .filter(|_| is_known)
            .map(|interval| format!("95 %: {interval}"))
            .into_iter()
            .collect(),
        bands: None,
        note: (!notes.is_empty()).then(|| notes.join("; ")),
        figure: String::new(),
        sparkline: String::new(),
    }
}

/// A level as one number, or as the two between which it lies.
pub(super) fn level_range(level: LevelRange) -> String {
    if level.possible > level.proven {
        format!("{}–{}", level.proven, level.possible)
    } else {
        level.proven.to_string()
    }
}

/// The colours of a bar's parts.
const SHARES: [&str; 3] = ["share-yes", "share-no", "share-unknown"];

/// How services answer a question, as a bar.
pub(super) fn answers_bar(services: &AnswerServices) -> String {
    let [yes, no, unknown] = ANSWERS;
    share_bar([(yes, services.yes), (no, services.no), (unknown, services.unknown)])
}

/// What the parts of a question's bar are called.
pub(super) const ANSWERS: [&str; 3] = ["yes", "no", "cannot tell"];

/// What the colours of bars stand for.
pub(super) fn share_key(words: [&str; 3]) -> String {
    let part = |(class, word): (&&str, &str)| {
        format!(
            "<li><svg class=\"mark\" aria-hidden=\"true\" width=\"20\" height=\"8\"><rect class=\"{class}\" width=\"20\" \
             height=\"8\"/></svg><span>{word}</span></li>"
        )
    };
    let parts: String = SHARES.iter().zip(words).map(part).collect();
    format!("<ul class=\"legend\">{parts}</ul>")
}

/// Between the parts of a bar, in percent of its width.
const GAP: f64 = 0.5;

/// How many met, unmet and unknown: a bar of a line's height.
///
/// The parts are what is so, what is not, and what cannot be told, each with its name.
pub(super) fn share_bar(parts: [(&str, u64); 3]) -> String {
    let total: u64 = parts.iter().map(|(_, count)| count).sum();
    if total == 0 {
        return String::new();
    }
    let label: Vec<String> = parts.iter().map(|(word, count)| format!("{count} {word}")).collect();
    let mut before = 0.0;
    let mut bars = String::new();
    for (class, (_, count)) in SHARES.iter().zip(parts).filter(|(_, (_, count))| *count > 0) {
        let width = count as f64 / total as f64 * 100.0;
        let drawn = (width - GAP).max(GAP);
        bars += &format!("<rect class=\"{class}\" x=\"{before:.2}%\" width=\"{drawn:.2}%\" height=\"8\"/>");
        before += width;
    }
    format!(
        "<svg class=\"share\" role=\"img\" aria-label=\"{}\" width=\"100%\" height=\"8\">{bars}</svg>",
        label.join(", ")
    )
}
