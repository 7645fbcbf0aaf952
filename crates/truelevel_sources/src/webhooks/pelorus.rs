//! Pelorus' webhook exporter
//! (<https://pelorus.readthedocs.io/en/latest/GettingStarted/configuration/ExporterWebhook/>): only the host changes.

use truelevel_model::events::{Reading, Resolution};
use truelevel_model::facts::DeploymentOutcome;

use super::payload::missing;
use super::shared::{told, unknown};
use super::signatures::Scheme;
use super::{Event, Names, Sender, kind_header, shared};

pub(super) static SENDER: Sender = Sender {
    id: "pelorus",
    title: "Pelorus webhook exporter",
    schemes: &[Scheme::BodyHmac { header: "x-hub-signature-256", prefix: "sha256=" }],
    kind: |delivery| kind_header(delivery, "x-pelorus-event"),
    delivery: |_| None,
    read,
};

fn read(event: &Event<'_>, names: &Names) -> Result<Reading, String> {
    let body = event.payload;
    let app = body.need_text("app")?;
    let service = names.service_titled(&[app]).ok_or_else(|| missing("app"))?;
    let at = body.need_time("timestamp")?;
    match event.kind {
        "deploytime" => {
            let (namespace, image) = (body.need_text("namespace")?, body.need_text("image_sha")?);
            let id = format!("{namespace}/{app} {image} {at}");
            Ok(told(shared::deployment(&SENDER, id, service, (namespace, image), (DeploymentOutcome::Succeeded, at))))
        }
        "committime" => Ok(Reading::ignored("commits are read from the repository itself")),
        "failure" => {
            let id = format!("{app} {}", body.need_id("failure_id")?);
            match body.need_text("failure_event")? {
                "created" => Ok(told(shared::incident(&SENDER, id, vec![service], at))),
                "resolved" => {
                    let end = Resolution { source: SENDER.id.into(), incident: id, resolved_at: at };
                    Ok(Reading { resolutions: vec![end], ..Reading::default() })
                }
                other => Err(unknown("failure_event", other)),
            }
        }
        other => Err(unknown("x-pelorus-event", other)),
    }
}
