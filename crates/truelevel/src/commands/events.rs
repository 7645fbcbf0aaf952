//! `events`: what senders delivered, and why something of it was not understood.

use truelevel_engine::intake::{EventQuery, Intake};
use truelevel_engine::{EngineError, Workspace};
use truelevel_model::events::EventState;
use truelevel_model::printable;

use crate::args::{EventFilter, Events, WhichEvents};
use crate::{exit, output};

pub(crate) fn run(args: &Events) -> Result<u8, EngineError> {
    let intake = Intake::open(&Workspace::open(&args.which.paths)?)?;
    for (sender, state, count) in intake.counts()? {
        output::print(&format!("{:<14} {:<12} {count}\n", printable(&sender), state.as_str()))?;
    }
    let events = intake.events(&EventQuery { limit: args.limit, ..query(&args.which) })?;
    for event in &events {
        let raw = &event.raw;
        let reason = event.reason.as_deref().map(|reason| format!("\n    {}", printable(reason))).unwrap_or_default();
        output::print(&format!(
            "\n{} {} {} {}, {}{reason}\n",
            raw.received_at,
            printable(&raw.sender),
            printable(&raw.kind),
            printable(&raw.delivery),
            event.state.as_str()
        ))?;
    }
    if events.len() == args.limit {
        eprintln!("truelevel: there may be more; `--limit` shows them");
    }
    Ok(exit::DONE)
}

pub(super) fn query(which: &WhichEvents) -> EventQuery {
    let state = match which.state {
        EventFilter::Quarantined => Some(EventState::Quarantined),
        EventFilter::Normalised => Some(EventState::Normalised),
        EventFilter::Ignored => Some(EventState::Ignored),
        EventFilter::All => None,
    };
    EventQuery { state, sender: which.sender.clone(), ..EventQuery::default() }
}
