//! What writing did.

/// What a write did to the facts of one kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Facts that were not there.
    pub new: u64,
    /// Facts that were there and now say something else.
    pub changed: u64,
    /// Facts that were there as they are.
    pub unchanged: u64,
    /// Facts that are gone; only where a source's facts are replaced as a whole.
    pub removed: u64,
}

impl Counts {
    /// Whether the store now holds something else than before.
    pub const fn is_changed(&self) -> bool {
        self.new + self.changed + self.removed > 0
    }

    pub(crate) fn add(&mut self, effect: Effect) {
        match effect {
            Effect::New => self.new += 1,
            Effect::Changed => self.changed += 1,
            Effect::Unchanged => self.unchanged += 1,
        }
    }
}

/// What writing one fact did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Effect {
    New,
    Changed,
    Unchanged,
}

/// What a write did, by kind of fact.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Written {
    /// Declarations.
    pub declarations: Counts,
    /// Deployments.
    pub deployments: Counts,
    /// Incidents.
    pub incidents: Counts,
    /// Pipeline runs.
    pub pipeline_runs: Counts,
    /// Reviews.
    pub reviews: Counts,
}

impl Written {
    /// Whether the store now holds something else than before.
    pub const fn is_changed(&self) -> bool {
        self.declarations.is_changed()
            || self.deployments.is_changed()
            || self.incidents.is_changed()
            || self.pipeline_runs.is_changed()
            || self.reviews.is_changed()
    }
}
