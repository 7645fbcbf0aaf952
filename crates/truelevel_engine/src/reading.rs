//! Reading the store on all cores.

use rayon::prelude::*;
use truelevel_model::Deployment;
use truelevel_store::{Store, StoreError};

use crate::{EngineError, Workspace};

/// Reads what `items` name, a share of them on each core, and answers in their order.
pub(crate) fn in_shares<T: Sync, R: Send>(
    workspace: &Workspace,
    items: &[T],
    read: impl Fn(&dyn Store, &[T]) -> Result<Vec<R>, StoreError> + Sync,
) -> Result<Vec<R>, EngineError> {
    // A store in memory has one way in.
    if !workspace.is_kept() {
        return Ok(read(workspace.store.as_ref(), items)?);
    }
    let share = items.len().div_ceil(rayon::current_num_threads()).max(1);
    let shares: Vec<(Box<dyn Store>, &[T])> =
        items.chunks(share).map(|items| Ok((workspace.store.reader()?, items))).collect::<Result<_, StoreError>>()?;
    let parts: Vec<Vec<R>> =
        shares.into_par_iter().map(|(store, items)| read(store.as_ref(), items)).collect::<Result<_, _>>()?;
    Ok(parts.into_iter().flatten().collect())
}

/// Reads two things side by side.
pub(crate) fn both<A: Send, B: Send>(
    workspace: &Workspace,
    one: impl FnOnce(&dyn Store) -> Result<A, StoreError> + Send,
    other: impl FnOnce(&dyn Store) -> Result<B, StoreError> + Send,
) -> Result<(A, B), StoreError> {
    // A store in memory has one way in.
    if !workspace.is_kept() {
        return Ok((one(workspace.store.as_ref())?, other(workspace.store.as_ref())?));
    }
    let (first, second) = (workspace.store.reader()?, workspace.store.reader()?);
    let (one, other) = rayon::join(move || one(first.as_ref()), move || other(second.as_ref()));
    Ok((one?, other?))
}

/// The deployments of each service that has any, by service.
pub(crate) fn deployments(workspace: &Workspace) -> Result<Vec<Vec<Deployment>>, EngineError> {
    let services = workspace.store.services()?;
    let mut deployments = in_shares(workspace, &services, |store, services| store.deployments_of(services))?;
    deployments.retain(|deployments| !deployments.is_empty());
    Ok(deployments)
}
