//! Sleuth's deploy registration (<https://help.sleuth.io/sleuth-api/deploy-registration>), as JSON or as a form: only
//! the host changes.

use truelevel_model::events::Reading;
use truelevel_model::facts::DeploymentOutcome;

use super::payload::missing;
use super::shared::told;
use super::signatures::Scheme;
use super::{Event, Names, Sender, shared};
use crate::deployment_repository::UNNAMED_ENVIRONMENT;

pub(super) static SENDER: Sender = Sender {
    id: "sleuth",
    title: "Sleuth deploy registration",
    schemes: &[Scheme::Bearer, Scheme::Field { name: "api_key" }],
    // `acme/shop/register_deploy`.
    kind: |delivery| match delivery.path.split('/').collect::<Vec<_>>().as_slice() {
        [_, deployment, "register_deploy" | "register-deploy"] if !deployment.is_empty() => {
            Ok((*deployment).to_owned())
        }
        _ => Err("no such address; there is `ORGANISATION/DEPLOYMENT/register_deploy`".to_owned()),
    },
    delivery: |_| None,
    read,
};

fn read(event: &Event<'_>, names: &Names) -> Result<Reading, String> {
    let body = event.payload;
    let commit = body.need_text("sha")?;
    let at = body.time("date")?.unwrap_or(event.received_at);
    let environment = body.text("environment").unwrap_or(UNNAMED_ENVIRONMENT);
    Ok(told(shared::deployment(
        &SENDER,
        format!("{} {environment} {commit} {at}", event.kind),
        names.service_titled(&[event.kind]).ok_or_else(|| missing("deployment"))?,
        (environment, commit),
        (DeploymentOutcome::Succeeded, at),
    )))
}
