//! Sleuth's registration of deploys and of custom incidents (<https://help.sleuth.io/sleuth-api>), as JSON or as a form:
//! only the host changes.

use truelevel_model::Incident;
use truelevel_model::events::{Reading, Resolution};
use truelevel_model::facts::DeploymentOutcome;

use super::payload::missing;
use super::shared::{told, unknown};
use super::signatures::Scheme;
use super::{Event, Names, Sender, observed, shared};
use crate::deployment_repository::UNNAMED_ENVIRONMENT;

pub(super) static SENDER: Sender = Sender {
    id: "sleuth",
    title: "Sleuth registration",
    schemes: &[
        Scheme::Bearer,
        Scheme::ApiKey,
        Scheme::Field { name: "api_key" },
        Scheme::Query { name: "api_key" },
        Scheme::Address { behind: "/register_impact/" },
    ],
    // `acme/shop/register_deploy`, `acme/shop/register_manual_deploy`, `impact/7/register_impact`, and, with the secret
    // behind it, `acme/shop/production/pager/register_impact`.
    kind: |delivery| match delivery.path.split('/').collect::<Vec<_>>().as_slice() {
        [_, deployment, "register_deploy" | "register-deploy"] if !deployment.is_empty() => {
            Ok((*deployment).to_owned())
        }
        [_, project, MANUAL] => Ok(format!("{project}/{MANUAL}")),
        ["impact", number, "register_impact"] => Ok(format!("impact/{number}")),
        [_, project, environment, source, "register_impact", ..] => Ok(format!("{project}/{environment}/{source}")),
        _ => Err("no such address; there is `ORGANISATION/DEPLOYMENT/register_deploy`".to_owned()),
    },
    delivery: |_| None,
    read,
};

const MANUAL: &str = "register_manual_deploy";

fn read(event: &Event<'_>, names: &Names) -> Result<Reading, String> {
    match event.kind.split('/').collect::<Vec<_>>().as_slice() {
        [deployment] => deploy(event, deployment, names),
        [project, environment, source] => impact(event, [project, environment, source], names),
        [_, MANUAL] => Ok(Reading::ignored("a change that was made by hand: it names no version")),
        _ => Ok(Reading::ignored("a value of a metric")),
    }
}

fn deploy(event: &Event<'_>, deployment: &str, names: &Names) -> Result<Reading, String> {
    let body = event.payload;
    let commit = body.need_text("sha")?;
    let at = body.time("date")?.unwrap_or(event.received_at);
    let environment = body.text("environment").unwrap_or(UNNAMED_ENVIRONMENT);
    Ok(told(shared::deployment(
        &SENDER,
        format!("{deployment} {environment} {commit} {at}"),
        names.service_titled(&[deployment]).ok_or_else(|| missing("deployment"))?,
        (environment, commit),
        (DeploymentOutcome::Succeeded, at),
    )))
}

/// An incident of a project, or of the service that its source is known as.
fn impact(event: &Event<'_>, of: [&str; 3], names: &Names) -> Result<Reading, String> {
    let body = event.payload;
    let [project, environment, source] = of;
    let id = format!("{project}/{environment}/{source} {}", body.need_id("id")?);
    let at = body.time("date")?.unwrap_or(event.received_at);
    match body.need_text("type")? {
        "triggered" => {
            let resolved_at = body.time("ended_date")?;
            let services = names.service_titled(&[project, source]).into_iter().collect();
            Ok(told(Incident {
                resolved_at,
                observed_at: observed(resolved_at.unwrap_or(at), resolved_at.is_some()),
                ..shared::incident(&SENDER, id, services, at)
            }))
        }
        "resolved" => {
            let end = Resolution { source: SENDER.id.into(), incident: id, resolved_at: at };
            Ok(Reading { resolutions: vec![end], ..Reading::default() })
        }
        other => Err(unknown("type", other)),
    }
}
