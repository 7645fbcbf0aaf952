//! Reviews.

use truelevel_model::facts::Facts;
use truelevel_model::{RepositoryId, Review, declare};

use super::field::fields;
use super::forms::{Commit, Flag, Instant, List, Text, Whole};
use super::layout::Layout;
use super::record::{Fault, Record};
use super::shared::{OBSERVED_AT, SOURCE};
use super::times::refuse_backwards;
use super::writing::{Row, Rows};

declare! {
    /// Reviews
    ///
    /// A record for each pull or merge request. Identity is `source`, `repository` and `number`. Who wrote or reviewed
    /// it is not asked for.
    pub static REVIEWS: Layout = { id: "reviews", fields: FIELDS, recognised_by: &[], read: read, rows: rows };
}

fields! {
    /// The repository, by the name that the workspace gives it.
    REPOSITORY: Required<Text<RepositoryId>> = "repository";
    /// Its number there.
    NUMBER: Required<Whole> = "number";
    /// When it was opened.
    OPENED_AT: Required<Instant> = "opened_at";
    /// When its first original commit was written.
    FIRST_COMMIT_AT: Optional<Instant> = "first_commit_at";
    /// When somebody else first answered.
    FIRST_RESPONSE_AT: Optional<Instant> = "first_response_at";
    /// When it was approved.
    APPROVED_AT: Optional<Instant> = "approved_at";
    /// When it was merged. Empty while it is open, and when it was closed without.
    MERGED_AT: Optional<Instant> = "merged_at";
    /// The commit that the merge made.
    MERGE_COMMIT: Optional<Commit> = "merge_commit";
    /// Its commits as they were before merging.
    COMMITS: Optional<List<Commit>> = "commits";
    /// Whether an automation account opened it; `false` when missing.
    IS_AUTOMATION: Optional<Flag> = "is_automation";
    /// Lines added and removed together.
    LINES_CHANGED: Optional<Whole> = "lines_changed";
    /// Its labels.
    LABELS: Optional<List<Text>> = "labels";
    + SOURCE, OBSERVED_AT
}

fn read(record: &Record<'_>, facts: &mut Facts) -> Result<(), Fault> {
    let (opened_at, merged_at) = (OPENED_AT.of(record)?, MERGED_AT.given(record)?);
    if let Some(merged_at) = merged_at {
        refuse_backwards(Some(opened_at), merged_at).map_err(|reason| MERGED_AT.fault(reason))?;
    }
    let first_commit_at = FIRST_COMMIT_AT.given(record)?;
    let (first_response_at, approved_at) = (FIRST_RESPONSE_AT.given(record)?, APPROVED_AT.given(record)?);
    facts.reviews.push(Review {
        source: record.source(&SOURCE)?,
        repository: REPOSITORY.of(record)?,
        number: NUMBER.of(record)?,
        opened_at,
        first_commit_at,
        first_response_at,
        approved_at,
        merged_at,
        merge_commit: MERGE_COMMIT.given(record)?,
        is_automation: IS_AUTOMATION.given(record)?.unwrap_or(false),
        lines_changed: LINES_CHANGED.given(record)?,
        labels: LABELS.given(record)?.unwrap_or_default(),
        commits: COMMITS.given(record)?.unwrap_or_default(),
        observed_at: record.observed_at()?,
    });
    Ok(())
}

fn rows(facts: &Facts) -> Rows<'_> {
    Box::new(facts.reviews.iter().map(row))
}

fn row(review: &Review) -> Row {
    let mut row = Row::new();
    REPOSITORY.put(&mut row, &review.repository);
    NUMBER.put(&mut row, &review.number);
    OPENED_AT.put(&mut row, &review.opened_at);
    FIRST_COMMIT_AT.put(&mut row, review.first_commit_at.as_ref());
    FIRST_RESPONSE_AT.put(&mut row, review.first_response_at.as_ref());
    APPROVED_AT.put(&mut row, review.approved_at.as_ref());
    MERGED_AT.put(&mut row, review.merged_at.as_ref());
    MERGE_COMMIT.put(&mut row, review.merge_commit.as_ref());
    COMMITS.put(&mut row, &review.commits);
    IS_AUTOMATION.put(&mut row, &review.is_automation);
    LINES_CHANGED.put(&mut row, review.lines_changed.as_ref());
    LABELS.put(&mut row, &review.labels);
    SOURCE.put(&mut row, &review.source);
    OBSERVED_AT.put(&mut row, &review.observed_at);
    row
}
