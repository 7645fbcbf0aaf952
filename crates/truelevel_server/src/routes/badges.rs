//! `/badges/NAME.svg` and `/badges/NAME.json`, for a README: the level or a key, of everything or of what the query names.

use std::sync::Arc;

use axum::extract::{Extension, Path, State as Shared};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::Response;
use serde_json::json;
use truelevel_model::{Band, Measurement};
use truelevel_report::numbers;

use crate::callers::Caller;
use crate::content::Content;
use crate::measuring::Answer;
use crate::problem::Problem;
use crate::scope::{Asked, Scope};
use crate::state::State;

/// Where they are.
pub(crate) const ROOT: &str = "/badges/";

/// By level, from 1, and by band; white text on them can be read.
const COLOURS: [&str; 5] = ["#9c3013", "#8a4b00", "#5f6b00", "#2f7042", "#0b5c70"];
const UNKNOWN: &str = "#5d6a74";

/// What a badge says.
struct Badge {
    label: String,
    says: String,
    colour: &'static str,
}

pub(super) async fn show(
    Shared(state): Shared<Arc<State>>,
    Extension(caller): Extension<Caller>,
    Path(file): Path<String>,
    asked: Asked,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let nothing =
        || Problem::new(StatusCode::NOT_FOUND, "there are `level` and the ids of metrics, as `.svg` and `.json`");
    let (name, form) = file.rsplit_once('.').ok_or_else(nothing)?;
    let scope = state.scope(&caller, &asked)?;
    // One service and one team stand in the whole answer.
    let whole = Scope { service: None, team: None, ..scope.clone() };
    let badge = badge(&*state.board.answer(&whole).await?, &scope, name)?.ok_or_else(nothing)?;
    let content = match form {
        "svg" => Content::new("image/svg+xml", picture(&badge)),
        // What shields.io reads from an endpoint.
        "json" => {
            let Badge { label, says, colour } = badge;
            let text = json!({ "schemaVersion": 1, "label": label, "message": says, "color": colour });
            Content::new("application/json", text.to_string())
        }
        _ => return Err(nothing()),
    };
    let mut response = content.respond(&headers);
    // A README stands on a page of somebody else.
    let policy = HeaderName::from_static("cross-origin-resource-policy");
    response.headers_mut().insert(policy, HeaderValue::from_static("cross-origin"));
    Ok(response)
}

fn badge(answer: &Answer, scope: &Scope, name: &str) -> Result<Option<Badge>, Problem> {
    let assessment = &answer.assessment;
    let unknown = |what: &str| Problem::new(StatusCode::NOT_FOUND, format!("there is no such {what}"));
    let (level, measured): (_, Option<&Measurement>) = match (&scope.service, &scope.team) {
        (Some(name_of), _) => {
            let found = assessment.each_service().find(|service| service.service == *name_of);
            let found = found.ok_or_else(|| unknown("service"))?;
            (found.level, found.metrics.get(name))
        }
        (None, Some(team)) => {
            let found = assessment.teams.iter().find(|found| found.team == *team).ok_or_else(|| unknown("team"))?;
            (found.level, found.metrics.get(name).map(|spread| &spread.measurement))
        }
        (None, None) => (assessment.level, assessment.metrics.get(name).map(|spread| &spread.measurement)),
    };
    if name == "level" {
        let says = match level.possible > level.proven {
            true => format!("{} (up to {})", level.proven, level.possible),
            false => level.proven.to_string(),
        };
        let colour = COLOURS[usize::from(level.proven.clamp(1, 5)) - 1];
        return Ok(Some(Badge { label: "delivery level".to_owned(), says, colour }));
    }
    Ok(measured.map(|measured| {
        let colour = match measured.band {
            Some(Band::Elite) => COLOURS[4],
            Some(Band::High) => COLOURS[3],
            Some(Band::Medium) => COLOURS[1],
            Some(Band::Low) => COLOURS[0],
            None => UNKNOWN,
        };
        Badge { label: answer.reference.title(name).to_lowercase(), says: numbers::short(measured), colour }
    }))
}

/// Two boxes, a label and a value. Widths are those of the letters, nearly.
fn picture(badge: &Badge) -> String {
    let escaped =
        |text: &str| text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;");
    let (label, says, colour) = (escaped(&badge.label), escaped(&badge.says), badge.colour);
    let width_of = |text: &str| text.chars().count() * 7 + 12;
    let (left, right) = (width_of(&badge.label), width_of(&badge.says));
    let (whole, middle_left, middle_right) = (left + right, left / 2, left + right / 2);
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{whole}\" height=\"20\" role=\"img\" \
         aria-label=\"{label}: {says}\"><title>{label}: {says}</title>\
         <rect width=\"{left}\" height=\"20\" fill=\"#3d4348\"/>\
         <rect x=\"{left}\" width=\"{right}\" height=\"20\" fill=\"{colour}\"/>\
         <g fill=\"#fff\" font-family=\"Verdana,DejaVu Sans,sans-serif\" font-size=\"11\" text-anchor=\"middle\">\
         <text x=\"{middle_left}\" y=\"14\">{label}</text><text x=\"{middle_right}\" y=\"14\">{says}</text></g></svg>"
    )
}
