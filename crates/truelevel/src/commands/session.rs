//! `session`: who is signed in.

use truelevel_engine::access::{self, Access};
use truelevel_engine::{EngineError, Workspace};
use truelevel_model::{Word, printable};

use crate::args::{Session, SessionAction};
use crate::{exit, output};

pub(crate) fn run(args: &Session) -> Result<u8, EngineError> {
    match &args.action {
        SessionAction::List { paths } => {
            let workspace = Workspace::open(paths)?;
            let idle_minutes = workspace.config.sign_in.as_ref().map_or(u32::MAX, |config| config.idle_minutes);
            for session in Access::open(&workspace)?.sessions()? {
                let person = &session.person;
                let state = match session.ended_at {
                    Some(at) => format!("ended {at}"),
                    None if session.is_valid(super::now(), idle_minutes) => format!("until {}", session.expires_at),
                    None => "expired".to_owned(),
                };
                let teams = person.teams.as_ref().map_or(String::new(), |teams| format!(" of {}", teams.join(", ")));
                output::print(&format!(
                    "{} {:<6} {}{}, signed in {}, last used {}, {state}\n",
                    session.name(),
                    person.role.word(),
                    access::described(person),
                    printable(&teams),
                    session.created_at,
                    session.used_at,
                ))?;
            }
        }
        SessionAction::Revoke { of, paths } => {
            let ended = Access::open(&Workspace::open(paths)?)?.end_sessions(of, &super::by())?;
            eprintln!("truelevel: ended {ended}");
        }
    }
    Ok(exit::DONE)
}
