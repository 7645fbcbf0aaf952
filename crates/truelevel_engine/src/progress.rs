//! What a run tells while it works.

/// Receives what a run is doing. Calls come from several threads, and often.
pub trait Talk: Sync {
    /// A step begins or advances: what, how far, and how far it goes where that is known.
    fn progress(&self, what: &str, done: u64, total: Option<u64>);
}

/// Says nothing.
#[derive(Debug)]
pub struct Silent;

impl Talk for Silent {
    fn progress(&self, _what: &str, _done: u64, _total: Option<u64>) {}
}
