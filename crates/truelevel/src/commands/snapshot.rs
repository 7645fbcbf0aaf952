//! `snapshot`: keeps an assessment, so that what comes later can be compared with it.

use truelevel_engine::access::Access;
use truelevel_engine::{EngineError, Workspace, snapshots};
use truelevel_model::access::AuditAction;
use truelevel_model::snapshot::SnapshotHead;

use crate::args::{ExplainFormat, Snapshot};
use crate::progress::Progress;
use crate::{exit, output};

pub(crate) fn run(args: &Snapshot) -> Result<u8, EngineError> {
    let mut workspace = Workspace::open(&args.paths)?;
    if args.verify {
        return verify(&workspace);
    }
    let made = if args.list {
        snapshots::list(&workspace)?
    } else if let Some(weeks) = args.backfill {
        let progress = Progress::new();
        let filled = snapshots::backfill(&mut workspace, weeks, args.as_of, super::now(), &progress)?;
        drop(progress);
        for (names, why) in
            [(&filled.there, "have a snapshot already"), (&filled.unknown, "lie before everything known")]
        {
            if !names.is_empty() {
                eprintln!("truelevel: weeks that {why}: {}", names.join(", "));
            }
        }
        record(&workspace, &filled.added)?;
        filled.added
    } else {
        let progress = Progress::new();
        let taken = vec![snapshots::take(&mut workspace, args.as_of, super::now(), &progress)?];
        record(&workspace, &taken)?;
        taken
    };
    output::print(&match args.format {
        ExplainFormat::Text => made.iter().map(line).collect(),
        ExplainFormat::Json => serde_json::to_string_pretty(&made).unwrap_or_default() + "\n",
    })?;
    Ok(exit::DONE)
}

fn record(workspace: &Workspace, taken: &[SnapshotHead]) -> Result<(), EngineError> {
    let mut access = Access::open(workspace)?;
    for head in taken {
        let what = format!("{}, as of {}", head.number, head.as_of);
        access.record(&super::by(), AuditAction::SnapshotTaken, what)?;
    }
    Ok(())
}

fn verify(workspace: &Workspace) -> Result<u8, EngineError> {
    let heads = snapshots::list(workspace)?;
    if let Some(broken) = snapshots::verify(workspace)? {
        eprintln!("truelevel: the chain breaks at snapshot {}: {}", broken.number, broken.reason);
        return Ok(exit::BROKEN);
    }
    let last = heads.last().map(|head| format!(", the last is {}", head.hash)).unwrap_or_default();
    let count = truelevel_report::numbers::count(heads.len() as u64, "snapshot");
    output::print(&format!("{count}, each as it was written{last}\n"))?;
    Ok(exit::DONE)
}

fn line(head: &SnapshotHead) -> String {
    let filled = if head.is_backfilled { "  filled in later" } else { "" };
    format!(
        "{:>5}  as of {:<24}  {}{filled}\n",
        head.number,
        head.as_of.to_string(),
        &head.hash[..12.min(head.hash.len())]
    )
}
