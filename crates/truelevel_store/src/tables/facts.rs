//! Facts of every kind, each written to its table.

use truelevel_model::facts::Facts;

use crate::Written;
use crate::failure::Failure;
use crate::sql::Connection;
use crate::tables::names::Names;
use crate::tables::{
    ai_usage, declarations, deployments, evidence, gate_answers, incident_links, incidents, pipeline_runs, reviews,
    service_records,
};
use crate::upsert::{Joining, Stays};

/// What becomes of a deployment, incident, review or service that is there already; other facts are always replaced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Meeting {
    /// What was observed later replaces it.
    Replaced,
    /// What was told before and what is told now are joined.
    Joined,
}

/// Writes several facts together, one kind after the other and each kind in the order given. Answers what that did to
/// those of each.
pub(crate) fn write(
    connection: &Connection,
    names: &mut Names,
    all: &[&Facts],
    meeting: Meeting,
) -> Result<Vec<Written>, Failure> {
    let mut written = vec![Written::default(); all.len()];
    macro_rules! kind {
        ($kind:ident, $write:path $(, $stays:expr)?) => {
            let facts = all.iter().flat_map(|facts| &facts.$kind);
            let mut effects = $write(connection, names, facts $(, $stays)?)?.into_iter();
            for (written, facts) in written.iter_mut().zip(all) {
                effects.by_ref().take(facts.$kind.len()).for_each(|effect| written.$kind.add(effect));
            }
        };
    }
    let stays = |joining: &'static [Joining]| match meeting {
        Meeting::Replaced => Stays::ObservedLater,
        Meeting::Joined => Stays::Joined(joining),
    };
    kind!(ai_usage, ai_usage::write);
    kind!(declarations, declarations::write);
    kind!(deployments, deployments::write, stays(deployments::JOINING));
    kind!(evidence, evidence::write, Stays::ObservedLater);
    kind!(gate_answers, gate_answers::write);
    kind!(incident_links, incident_links::write);
    kind!(incidents, incidents::write, stays(incidents::JOINING));
    kind!(pipeline_runs, pipeline_runs::write);
    kind!(reviews, reviews::write, stays(reviews::JOINING));
    kind!(services, service_records::write, stays(service_records::JOINING));
    Ok(written)
}
