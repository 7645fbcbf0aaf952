//! What the words of an assessment mean: definitions, band edges, phases. Filled by whoever knows the catalog.

use std::collections::BTreeMap;

use truelevel_model::BandRules;

/// Everything that pages explain.
#[derive(Clone, Debug, Default)]
pub struct Reference {
    /// Metrics, practices, gates, questions and reason codes, by id.
    pub definitions: BTreeMap<String, Definition>,
    /// The band edges of the assessment's benchmark edition.
    pub bands: BandRules,
    /// The phases of the plan, first to last.
    pub phases: Vec<Phase>,
}

/// What an id means.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Definition {
    /// What it is: metric, practice, gate, question or reason code.
    pub kind: String,
    /// Its name.
    pub title: String,
    /// Its definition, as Markdown.
    pub body: String,
}

/// A phase of the plan.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Phase {
    /// Its id.
    pub id: String,
    /// Its name.
    pub title: String,
    /// The level it begins at.
    pub from_level: u8,
    /// The level it leads to.
    pub to_level: u8,
    /// What most of the money goes into.
    pub dominant_cost: String,
    /// What such an investment looks like.
    pub typical_shape: String,
    /// What happens when it is given too little.
    pub risk_if_underfunded: String,
}

impl Reference {
    /// The name of an id; the id itself, in words, when nothing is known of it.
    pub fn title(&self, id: &str) -> String {
        self.definitions.get(id).map_or_else(|| id.replace('_', " "), |definition| definition.title.clone())
    }
}
