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
    /// Facts that say something else than is known and were observed earlier, so that what is known stays.
    pub older: u64,
    /// Facts that are gone; only where a source's facts are replaced as a whole.
    pub removed: u64,
}

impl Counts {
    /// Whether the store now holds something else than before.
    pub const fn is_changed(&self) -> bool {
        self.new + self.changed + self.removed > 0
    }

    pub(crate) fn of(effects: Vec<Effect>) -> Self {
        let mut counts = Self::default();
        effects.into_iter().for_each(|effect| counts.add(effect));
        counts
    }

    pub(crate) fn add(&mut self, effect: Effect) {
        match effect {
            Effect::New => self.new += 1,
            Effect::Changed => self.changed += 1,
            Effect::Unchanged => self.unchanged += 1,
            Effect::Older => self.older += 1,
        }
    }
}

/// What writing one fact did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Effect {
    New,
    Changed,
    Unchanged,
    Older,
}

/// What a write did, by kind of fact.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Written {
    /// Days on which people used assistants.
    pub ai_usage: Counts,
    /// Declarations.
    pub declarations: Counts,
    /// Deployments.
    pub deployments: Counts,
    /// Evidence.
    pub evidence: Counts,
    /// Answers to gates.
    pub gate_answers: Counts,
    /// Links of incidents.
    pub incident_links: Counts,
    /// Incidents.
    pub incidents: Counts,
    /// Pipeline runs.
    pub pipeline_runs: Counts,
    /// Reviews.
    pub reviews: Counts,
    /// Services.
    pub services: Counts,
}

impl Written {
    /// Whether the store now holds something else than before.
    pub fn is_changed(&self) -> bool {
        self.by_kind().iter().any(|(_, counts)| counts.is_changed())
    }

    /// The counts by the kind's name in the plural.
    pub const fn by_kind(&self) -> [(&'static str, Counts); 10] {
        [
            ("days of AI usage", self.ai_usage),
            ("declarations", self.declarations),
            ("deployments", self.deployments),
            ("evidence", self.evidence),
            ("answers to gates", self.gate_answers),
            ("incident links", self.incident_links),
            ("incidents", self.incidents),
            ("pipeline runs", self.pipeline_runs),
            ("reviews", self.reviews),
            ("services", self.services),
        ]
    }
}
