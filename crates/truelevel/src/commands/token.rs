//! `token`: who may call the server.

use truelevel_engine::access::Access;
use truelevel_engine::{EngineError, Workspace};
use truelevel_model::events::Scope;
use truelevel_model::printable;

use crate::args::{Token, TokenAction, TokenScope};
use crate::{exit, output};

pub(crate) fn run(args: Token) -> Result<u8, EngineError> {
    match args.action {
        TokenAction::Create { name, scope, expires, paths } => {
            let scope = match scope {
                TokenScope::Ingest => Scope::Ingest,
                TokenScope::Read => Scope::Read,
                TokenScope::Admin => Scope::Admin,
            };
            let token = Access::open(&Workspace::open(&paths)?)?.create_token(&name, scope, expires, &super::by())?;
            eprintln!("truelevel: keep this token safe, it is not shown again");
            output::print(&format!("{token}\n"))?;
        }
        TokenAction::List { paths } => {
            for token in Access::open(&Workspace::open(&paths)?)?.tokens()? {
                let state = match (token.revoked_at, token.expires_at) {
                    (Some(at), _) => format!("revoked {at}"),
                    (None, Some(at)) if at <= super::now() => format!("expired {at}"),
                    (None, Some(at)) => format!("expires {at}"),
                    (None, None) => "valid".to_owned(),
                };
                let (name, scope) = (printable(&token.name), token.scope.as_str());
                let used = token.used_at.map_or("never used".to_owned(), |at| format!("last used {at}"));
                output::print(&format!("{name:<24} {scope:<7} made {}, {used}, {state}\n", token.created_at))?;
            }
        }
        TokenAction::Revoke { name, paths } => {
            Access::open(&Workspace::open(&paths)?)?.revoke_token(&name, &super::by())?;
        }
    }
    Ok(exit::DONE)
}
