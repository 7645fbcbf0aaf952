//! `audit`: who changed what.

use serde_json::json;
use truelevel_engine::access::{Access, AuditQuery};
use truelevel_engine::{EngineError, Workspace};
use truelevel_model::{Word, printable};

use crate::args::{Audit, ExplainFormat};
use crate::{exit, output};

pub(crate) fn run(args: &Audit) -> Result<u8, EngineError> {
    let access = Access::open(&Workspace::open(&args.paths)?)?;
    let entries = access.audit(&AuditQuery { limit: args.limit, ..AuditQuery::default() })?;
    for (number, entry) in &entries {
        let line = match args.format {
            ExplainFormat::Text => {
                let action = entry.action.word().replace('_', " ");
                format!("{} {:<18} {}, by {}", entry.at, action, printable(&entry.what), printable(&entry.who))
            }
            ExplainFormat::Json => {
                let (at, action) = (entry.at.to_string(), entry.action.word());
                json!({ "number": number, "at": at, "who": entry.who, "action": action, "what": entry.what })
                    .to_string()
            }
        };
        output::print(&format!("{line}\n"))?;
    }
    if entries.len() == args.limit {
        eprintln!("truelevel: there may be more; `--limit` shows them");
    }
    Ok(exit::DONE)
}
