//! How the choices of facts are spelled, wherever they are written: in the store, in files, on pages.

use crate::Grade;
use crate::assessment::Answer;
use crate::events::{EventState, Scope};
use crate::facts::{DeploymentOutcome, DeploymentStrategy, Initiator, RunOutcome};

/// A choice with a spelling.
pub trait Word: Copy + 'static {
    /// All choices.
    const ALL: &'static [Self];

    /// The spelling, in snake case.
    fn word(self) -> &'static str;

    /// The choice that is spelled so.
    fn from_word(word: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|choice| choice.word() == word)
    }
}

impl Word for DeploymentOutcome {
    const ALL: &'static [Self] = &[Self::Succeeded, Self::Failed, Self::Cancelled, Self::InProgress];

    fn word(self) -> &'static str {
        match self {
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
            Self::InProgress => "in_progress",
        }
    }
}

impl Word for Answer {
    const ALL: &'static [Self] = &[Self::Yes, Self::No, Self::Unknown];

    fn word(self) -> &'static str {
        self.as_str()
    }
}

impl Word for DeploymentStrategy {
    const ALL: &'static [Self] = &[Self::AllAtOnce, Self::Rolling, Self::BlueGreen, Self::Canary];

    fn word(self) -> &'static str {
        match self {
            Self::AllAtOnce => "all_at_once",
            Self::Rolling => "rolling",
            Self::BlueGreen => "blue_green",
            Self::Canary => "canary",
        }
    }
}

impl Word for Initiator {
    const ALL: &'static [Self] = &[Self::Automation, Self::Person, Self::Schedule];

    fn word(self) -> &'static str {
        match self {
            Self::Automation => "automation",
            Self::Person => "person",
            Self::Schedule => "schedule",
        }
    }
}

impl Word for RunOutcome {
    const ALL: &'static [Self] = &[Self::Succeeded, Self::Failed, Self::Cancelled, Self::Skipped, Self::InProgress];

    fn word(self) -> &'static str {
        match self {
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
            Self::Skipped => "skipped",
            Self::InProgress => "in_progress",
        }
    }
}

impl Word for Grade {
    const ALL: &'static [Self] = &[Self::Declared, Self::Exercised, Self::Effective];

    fn word(self) -> &'static str {
        self.as_str()
    }
}

impl Word for EventState {
    const ALL: &'static [Self] = Self::ALL;

    fn word(self) -> &'static str {
        self.as_str()
    }
}

impl Word for Scope {
    const ALL: &'static [Self] = Self::ALL;

    fn word(self) -> &'static str {
        self.as_str()
    }
}
