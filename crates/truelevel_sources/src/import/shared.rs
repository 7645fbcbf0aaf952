//! Fields that most layouts have.

use truelevel_model::{SourceId, Time};

use super::field::Optional;
use super::forms::{Instant, Text};
use super::record::{Fault, Record};

/// The source of facts that name none, in imports that name none.
const DEFAULT_SOURCE: &str = "import";

/// The source of a fact.
pub(super) const SOURCE: Optional<Text<SourceId>> =
    Optional::new("source", "Where it was observed. Without it, what `--source` says, else `import`.");

/// When a fact was observed.
pub(super) const OBSERVED_AT: Optional<Instant> = Optional::new(
    "observed_at",
    "When the source said so; of two records with one identity the later one stays. Without it, the latest time of the \
     record, else that of the import.",
);

impl Record<'_> {
    /// The source that a field names, else that of the import.
    pub(super) fn source(&self, field: &Optional<Text<SourceId>>) -> Result<SourceId, Fault> {
        Ok(field.given(self)?.unwrap_or_else(|| self.default_source(DEFAULT_SOURCE)))
    }

    /// When the record was observed. All its other times must have been read.
    pub(super) fn observed_at(&self) -> Result<Time, Fault> {
        Ok(OBSERVED_AT.given(self)?.unwrap_or_else(|| self.latest()))
    }
}
